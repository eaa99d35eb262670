//! Follows one session closely enough to know when the server has committed something.

use std::collections::BTreeMap;

use super::wire::Message;

/// What one session is at.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Prepared statements by name.
    statements: BTreeMap<String, String>,
    /// Bound portals, with their SQL.
    portals: BTreeMap<String, String>,
    /// The SQL of the transaction under way, oldest first.
    transaction: Vec<String>,
    /// Whether a `BEGIN` is open.
    in_block: bool,
    /// Whether a statement outside a block wrote, so that the next "ready" tells of its commit.
    wrote: bool,
    /// Messages that may not reach the client before it is known whether that commits.
    held: Vec<Message>,
}

/// What a message from the server means.
#[derive(Debug)]
pub(super) enum Received {
    /// These go on to the client.
    Forward(Vec<Message>),
    /// The server has committed the statements; these tell the client.
    Committed(Vec<String>, Vec<Message>),
}

impl Session {
    /// Notes a message from the client; says whether it is the request to commit.
    pub(super) fn sent(&mut self, message: &Message) -> bool {
        match message.tag {
            Some(b'Q') => {
                let [sql] = message.texts();
                let commits = sql.trim().eq_ignore_ascii_case("COMMIT");
                self.transaction.push(sql);
                commits
            }
            Some(b'P') => {
                let [name, sql] = message.texts();
                self.statements.insert(name, sql);
                false
            }
            Some(b'B') => {
                let [portal, statement] = message.texts();
                let sql = self.statements.get(&statement).cloned().unwrap_or_default();
                self.portals.insert(portal, sql);
                false
            }
            Some(b'E') => {
                let [portal] = message.texts();
                self.transaction.extend(self.portals.get(&portal).cloned());
                false
            }
            Some(_) | None => false,
        }
    }

    /// Judges a message from the server.
    pub(super) fn received(&mut self, message: Message) -> Received {
        match message.tag {
            Some(b'C') => self.completed(message),
            Some(b'E') => {
                self.wrote = false;
                self.release(message)
            }
            Some(b'Z') => self.ready(message),
            Some(_) | None if self.wrote => {
                self.held.push(message);
                Received::Forward(Vec::new())
            }
            Some(_) | None => Received::Forward(vec![message]),
        }
    }

    /// A statement has ended, and its tag says what it did.
    fn completed(&mut self, message: Message) -> Received {
        let [tag] = message.texts();
        match tag.as_str() {
            "BEGIN" | "START TRANSACTION" => self.in_block = true,
            "ROLLBACK" => {
                self.in_block = false;
                self.wrote = false;
            }
            "COMMIT" => {
                self.in_block = false;
                self.wrote = false;
                return self.committed(message);
            }
            _ if !self.in_block && writes(&tag, self.transaction.last()) => {
                // Its commit comes with the next "ready", and may still fail: a deferred constraint.
                self.wrote = true;
            }
            _ => {}
        }
        if self.wrote {
            self.held.push(message);
            Received::Forward(Vec::new())
        } else {
            self.release(message)
        }
    }

    /// The server waits for the next command, and says whether a transaction is open.
    fn ready(&mut self, message: Message) -> Received {
        let idle = message.body() == b"I";
        self.in_block = !idle;
        let received = if self.wrote && idle {
            self.committed(message)
        } else {
            self.release(message)
        };
        self.wrote = false;
        if idle {
            self.transaction.clear();
        }
        received
    }

    fn committed(&mut self, message: Message) -> Received {
        let statements = std::mem::take(&mut self.transaction);
        let mut held = std::mem::take(&mut self.held);
        held.push(message);
        Received::Committed(statements, held)
    }

    fn release(&mut self, message: Message) -> Received {
        let mut held = std::mem::take(&mut self.held);
        held.push(message);
        Received::Forward(held)
    }
}

/// Whether a completed statement wrote: its tag counts rows or names an object. A query that
/// writes by a `WITH` shows only in its text; one that calls a writing function does not show.
fn writes(tag: &str, sql: Option<&String>) -> bool {
    let (verb, count) = (
        tag.split(' ').next().unwrap_or_default(),
        tag.rsplit(' ').next().unwrap_or_default(),
    );
    match verb {
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" => count != "0",
        "CREATE" | "ALTER" | "DROP" | "TRUNCATE" | "COMMENT" | "GRANT" | "REVOKE" => true,
        "SELECT" => sql.is_some_and(|sql| {
            ["INSERT INTO", "UPDATE ", "DELETE FROM"]
                .iter()
                .any(|word| sql.contains(word) && sql.contains("WITH"))
        }),
        _ => false,
    }
}
