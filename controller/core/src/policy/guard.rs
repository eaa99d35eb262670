//! Refuses a bucket policy that must not be written, whoever asked for it.
//!
//! A policy is judged as a whole and finished document, next to the one it replaces, by rules that
//! share nothing with the merge that made it. Two kinds:
//!
//! - **What the write changes** is judged for what it does: nobody unnamed is let in, nobody who
//!   must get in is locked out, nothing outside the bucket is spoken of. A statement that stands in
//!   the bucket in the same words is not judged again: the write does not change what it does.
//! - **What the write must not change** is compared: every statement of others, in its order, and
//!   the document's header.
//!
//! When in doubt a rule refuses, and its message says how to write the statement so that there is
//! no doubt.

mod context;
mod denial;
mod evaluate;
mod lockout;
mod principal;
mod public;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};
use uuid::Uuid;

pub use self::context::{GuardContext, is_home_bucket};
pub use self::denial::{Denial, denials};
use super::canonical::{Selection, Statement, read_statement};
use super::ownership::{foreign_statements, owned_user_sid, statements};
use super::variables::{self, CURRENT_VERSION};

/// The most S3 takes: 20 KB.
pub const MAX_POLICY_BYTES: usize = 20 * 1024;

/// The statement AppStream puts on its buckets, without which a bucket full of people's files can
/// be deleted by mistake.
const PREVENT_DELETION: &str = "PreventAccidentalDeletionOfBucket";

/// Why a policy is not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The statement: the user's `Sid` when it is ours, its own otherwise; `None` when the whole
    /// document is meant, or a statement that has none.
    pub sid: Option<String>,
    /// The rule.
    pub rule: Rule,
    /// What is wrong and how to put it right, for people.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sid {
            Some(sid) => write!(f, "statement {sid}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// A rule that a bucket policy must keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// It is a policy by IAM's grammar.
    Readable,
    /// It fits into S3's limit.
    Size,
    /// AppStream's own protection of the bucket stays.
    PreventAccidentalDeletion,
    /// Everybody else's statements stay as they are.
    ForeignStatements,
    /// `Version` and `Id` stay as they are.
    Header,
    /// Statements are about this bucket.
    Resource,
    /// Policy variables are used only where they are replaced.
    Variables,
    /// Nobody is let in who is not named.
    Public,
    /// We, the account, AppStream, the clusters and whoever a grant names are not locked out.
    LockOut,
}

/// Everything that is wrong with writing `after` over `before`; nothing when it may be written.
#[must_use]
pub fn guard(before: Option<&Value>, after: &Value, context: &GuardContext) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let Some(changed) = changed_statements(before, after, &mut refusals) else {
        return refusals;
    };
    size(after, &mut refusals);
    foreign(before, after, context.uid, &mut refusals);
    header(before, after, &mut refusals);
    let variables_work = variables::work_in(after);
    for statement in changed {
        let sid = display_sid(context.uid, statement);
        let mut refuse = |rule, message| {
            refusals.push(Refusal {
                sid: sid.clone(),
                rule,
                message,
            });
        };
        match read_statement(statement, context.names()).filter(is_complete) {
            None => refuse(
                Rule::Readable,
                "it is not a bucket policy statement by IAM's grammar".to_owned(),
            ),
            Some(statement) => {
                judge(&statement, variables_work, context)
                    .into_iter()
                    .for_each(|(rule, message)| refuse(rule, message));
            }
        }
    }
    refusals
}

/// What is wrong with one statement.
fn judge(
    statement: &Statement,
    variables_work: bool,
    context: &GuardContext,
) -> Vec<(Rule, String)> {
    let mut faults = Vec::new();
    if let Some(resource) = outside(statement, context) {
        let message = format!(
            "the resource {resource} is not in the bucket {}",
            context.bucket
        );
        faults.push((Rule::Resource, message));
    }
    if !variables_work && variables::are_in(statement) {
        faults.push((Rule::Variables, variables::taken_literally()));
    }
    if statement.allows {
        if let Some(message) = public::fault(statement) {
            faults.push((Rule::Public, message));
        }
    } else {
        let locked_out = lockout::faults(statement, context);
        faults.extend(
            locked_out
                .into_iter()
                .map(|message| (Rule::LockOut, message)),
        );
    }
    faults
}

/// The statements that are in `after` and not, in the same words, in `before`; `None` when one of
/// the documents is no policy.
fn changed_statements<'a>(
    before: Option<&Value>,
    after: &'a Value,
    refusals: &mut Vec<Refusal>,
) -> Option<Vec<&'a Value>> {
    let mut unreadable = |which: &str| {
        refusals.push(Refusal {
            sid: None,
            rule: Rule::Readable,
            message: format!("the bucket's {which} is not a policy document"),
        });
    };
    let old = match before {
        None => &[][..],
        Some(before) => match before.as_object() {
            Some(object) if !object.contains_key("Statement") => &[],
            Some(_) if statements(before).is_some() => statements(before)?,
            Some(_) | None => {
                unreadable("present policy");
                return None;
            }
        },
    };
    let Some(new) = statements(after).filter(|new| !new.is_empty()) else {
        unreadable("next policy");
        return None;
    };
    Some(
        new.iter()
            .filter(|statement| !old.contains(statement))
            .collect(),
    )
}

/// Whether a statement says who, what and on what.
fn is_complete(statement: &Statement) -> bool {
    fn says<T>(selection: &Selection<T>, is_empty: impl Fn(&T) -> bool) -> bool {
        match selection {
            Selection::Unsaid => false,
            Selection::Only(some) | Selection::AllBut(some) => !is_empty(some),
        }
    }
    says(&statement.principal, |kinds| {
        kinds.values().all(BTreeSet::is_empty)
    }) && says(&statement.action, BTreeSet::is_empty)
        && says(&statement.resource, BTreeSet::is_empty)
}

fn size(after: &Value, refusals: &mut Vec<Refusal>) {
    let bytes = after.to_string().len();
    if bytes > MAX_POLICY_BYTES {
        refusals.push(Refusal {
            sid: None,
            rule: Rule::Size,
            message: format!(
                "the bucket's policy would have {bytes} bytes, and S3 takes {MAX_POLICY_BYTES}"
            ),
        });
    }
}

/// Every statement that is not this environment's must be there as before, and no other.
fn foreign(before: Option<&Value>, after: &Value, uid: Uuid, refusals: &mut Vec<Refusal>) {
    let old = foreign_statements(uid, before);
    let new = foreign_statements(uid, Some(after));
    if old == new {
        return;
    }
    let count =
        |list: &[&Value], statement: &Value| list.iter().filter(|one| **one == statement).count();
    let mut refuse = |statement: &Value, rule, message: &str| {
        let refusal = Refusal {
            sid: display_sid(uid, statement),
            rule,
            message: message.to_owned(),
        };
        // A statement that is there twice is reported once.
        if !refusals.contains(&refusal) {
            refusals.push(refusal);
        }
    };
    let mut kept_and_no_other = true;
    for statement in &old {
        if count(&old, statement) > count(&new, statement) {
            kept_and_no_other = false;
            let (rule, message) = if statement.get("Sid") == Some(&Value::from(PREVENT_DELETION)) {
                (
                    Rule::PreventAccidentalDeletion,
                    "AppStream's protection of the bucket would be lost or changed",
                )
            } else {
                (
                    Rule::ForeignStatements,
                    "it is not this environment's, and would be lost or changed",
                )
            };
            refuse(statement, rule, message);
        }
    }
    for statement in &new {
        if count(&new, statement) > count(&old, statement) {
            kept_and_no_other = false;
            refuse(
                statement,
                Rule::ForeignStatements,
                "it is not this environment's, and would be added",
            );
        }
    }
    if kept_and_no_other {
        refusals.push(Refusal {
            sid: None,
            rule: Rule::ForeignStatements,
            message: "statements that are not this environment's would change places".to_owned(),
        });
    }
}

fn header(before: Option<&Value>, after: &Value, refusals: &mut Vec<Refusal>) {
    let of = |policy: &Value| -> Map<String, Value> {
        policy
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| *key != "Statement")
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    let expected = before.map_or_else(
        || Map::from_iter([("Version".to_owned(), Value::from(CURRENT_VERSION))]),
        of,
    );
    if of(after) != expected {
        refusals.push(Refusal {
            sid: None,
            rule: Rule::Header,
            message: "the policy's Version or Id would change".to_owned(),
        });
    }
}

/// A resource that is neither the bucket nor in it.
fn outside<'a>(statement: &'a Statement, context: &GuardContext) -> Option<&'a str> {
    let (Selection::Only(resources) | Selection::AllBut(resources)) = &statement.resource else {
        return None;
    };
    let bucket = context.bucket_arn();
    resources.iter().map(String::as_str).find(|resource| {
        !resource
            .strip_prefix(&bucket)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '*']))
    })
}

fn display_sid(uid: Uuid, statement: &Value) -> Option<String> {
    let sid = statement.get("Sid")?.as_str()?;
    Some(owned_user_sid(uid, sid).unwrap_or(sid).to_owned())
}

#[cfg(test)]
mod tests;
