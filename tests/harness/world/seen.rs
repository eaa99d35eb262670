//! Shows what a world came to: AWS as it is, the tables as users read them, and the journal.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row};
use streamkeeper_simulator::{Call, JournalEntry};

use super::{REGION, World};

/// What must be the same at the end of two runs, whatever happened on the way: everything that
/// people or the next pass read, without times and ids, and without the record of the way itself.
const ENDS: [&str; 9] = [
    "SELECT name, mode, paused, deletion_policy, generation, spec FROM streamkeeper.environments",
    "SELECT uid, generation, spec FROM streamkeeper.revisions",
    "SELECT environment, type, status, reason, message FROM streamkeeper.conditions",
    "SELECT object, path, desired, observed, resolution FROM streamkeeper.drift",
    "SELECT uid, paths FROM streamkeeper.managed_paths",
    "SELECT uid, object FROM streamkeeper.owned_objects",
    "SELECT uid, fleet FROM streamkeeper.debts",
    "SELECT uid, observed_generation, fleet_state, follows_sweep, plan
     FROM streamkeeper.environment_state",
    "SELECT environment, operation, object FROM streamkeeper.intents WHERE settled_at IS NULL",
];

/// What a run came to, by part: `AWS`, and what was asked of PostgreSQL.
pub type End = BTreeMap<String, String>;

impl World {
    /// A fleet as AWS describes it; `Null` when there is none.
    #[must_use]
    pub fn fleet(&self, name: &str) -> Value {
        self.described("DescribeFleets", "Fleets", name)
    }

    /// A stack as AWS describes it; `Null` when there is none.
    #[must_use]
    pub fn stack(&self, name: &str) -> Value {
        self.described("DescribeStacks", "Stacks", name)
    }

    fn described(&self, operation: &str, items: &str, name: &str) -> Value {
        let call =
            Call::appstream(REGION, operation, json!({"Names": [name]})).by(self.admin_role());
        self.simulator
            .call(&call)
            .map_or(Value::Null, |answer| answer[items][0].clone())
    }

    /// The tags of a fleet or stack.
    ///
    /// # Panics
    ///
    /// Panics when there is no such thing.
    #[must_use]
    pub fn tags(&self, thing: &Value) -> BTreeMap<String, String> {
        let answer = self.admin("ListTagsForResource", json!({"ResourceArn": thing["Arn"]}));
        serde_json::from_value(answer["Tags"].clone()).expect("tags are strings")
    }

    /// The fleets a stack is associated with.
    #[must_use]
    pub fn fleets_of(&self, stack: &str) -> Value {
        self.admin("ListAssociatedFleets", json!({"StackName": stack}))["Names"].clone()
    }

    /// The home bucket's real name.
    ///
    /// # Panics
    ///
    /// Panics when AWS has made none.
    #[must_use]
    pub fn home_bucket(&self) -> String {
        let answer = self.admin("ListBuckets", json!({"Prefix": "appstream2-36fb080bb8-"}));
        answer["Buckets"][0]["Name"]
            .as_str()
            .expect("AWS made a home bucket")
            .to_owned()
    }

    /// A bucket's policy.
    ///
    /// # Panics
    ///
    /// Panics when the bucket has none.
    #[must_use]
    pub fn policy(&self, bucket: &str) -> Value {
        let answer = self.admin("GetBucketPolicy", json!({"Bucket": bucket}));
        let text = answer["Policy"].as_str().expect("the bucket has a policy");
        serde_json::from_str(text).expect("a policy is JSON")
    }

    /// The Sids of a bucket's policy, without our prefix.
    #[must_use]
    pub fn sids(&self, bucket: &str) -> Vec<String> {
        let policy = self.policy(bucket);
        let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
        let sid = |statement: &Value| {
            let sid = statement["Sid"].as_str().unwrap_or_default();
            let ours = sid
                .strip_prefix("Streamkeeper")
                .and_then(|rest| rest.get(16..));
            ours.map_or_else(|| sid.to_owned(), |ours| format!("our {ours}"))
        };
        statements.iter().map(sid).collect()
    }

    /// The mutating calls of the daemon's that AWS executed, as `operation target`.
    #[must_use]
    pub fn changes(&self) -> Vec<String> {
        let ours = self.tried().into_iter().filter(JournalEntry::changed);
        ours.map(|entry| format!("{} {}", entry.operation, entry.target))
            .collect()
    }

    /// The mutating calls of the daemon's, executed or not.
    #[must_use]
    pub fn tried(&self) -> Vec<JournalEntry> {
        let journal = self.simulator.journal().into_iter();
        journal
            .filter(|entry| entry.mutating && entry.caller == self.daemon_arn())
            .collect()
    }

    /// The drift ledger as `object path resolution`, in order of opening.
    ///
    /// # Panics
    ///
    /// Panics when the database fails.
    pub async fn drift(&self) -> Vec<String> {
        self.lines(
            "SELECT object || ' ' || path || ' ' || coalesce(resolution, 'open')
             FROM streamkeeper.drift ORDER BY id",
        )
        .await
    }

    /// The events of one reason as `object: message`, with ` ×count` from the second time on.
    ///
    /// # Panics
    ///
    /// Panics when the database fails.
    pub async fn events(&self, reason: &str) -> Vec<String> {
        self.lines(&format!(
            "SELECT object || ': ' || message || CASE WHEN count > 1 THEN ' ×' || count ELSE '' END
             FROM streamkeeper.events WHERE reason = '{reason}' ORDER BY id"
        ))
        .await
    }

    /// A condition as `True Reason: message`; empty when there is none.
    ///
    /// # Panics
    ///
    /// Panics when the database fails.
    pub async fn condition(&self, environment: &str, condition: &str) -> String {
        self.lines(&format!(
            "SELECT status || ' ' || reason || ': ' || message FROM streamkeeper.conditions
             WHERE environment = '{environment}' AND type = '{condition}'"
        ))
        .await
        .pop()
        .unwrap_or_default()
    }

    /// The environment's Ready condition as `True Converged: message`.
    ///
    /// # Panics
    ///
    /// Panics when there is no such environment.
    pub async fn ready(&self, name: &str) -> String {
        let row =
            sqlx::query("SELECT ready, reason, message FROM streamkeeper.status WHERE name = $1")
                .bind(name)
                .fetch_one(&self.database.pool)
                .await
                .unwrap_or_else(|error| panic!("the status of {name}: {error:?}"));
        let column = |index: usize| row.get::<Option<String>, _>(index).unwrap_or_default();
        format!("{} {}: {}", column(0), column(1), column(2))
    }

    /// Whether there is a row of that name.
    ///
    /// # Panics
    ///
    /// Panics when the database fails.
    pub async fn exists(&self, name: &str) -> bool {
        let query = format!("SELECT name FROM streamkeeper.environments WHERE name = '{name}'");
        !self.lines(&query).await.is_empty()
    }

    /// An environment's identity.
    ///
    /// # Panics
    ///
    /// Panics when there is no such environment.
    pub async fn uid(&self, name: &str) -> String {
        let query =
            format!("SELECT uid::text FROM streamkeeper.environments WHERE name = '{name}'");
        self.lines(&query)
            .await
            .pop()
            .expect("there is a row of that name")
    }

    /// The first column of every row of a query, as text.
    ///
    /// # Panics
    ///
    /// Panics when PostgreSQL refuses it.
    pub async fn lines(&self, query: &str) -> Vec<String> {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
            .fetch_all(&self.database.pool)
            .await
            .unwrap_or_else(|error| panic!("{query}: {error:?}"))
    }

    /// AWS and the tables at the end of a run, comparable with another run's: no times, no ids,
    /// and identities numbered in the order in which their rows were inserted.
    ///
    /// # Panics
    ///
    /// Panics when the database fails.
    pub async fn end(&self) -> End {
        let mut end = BTreeMap::new();
        let aws = serde_json::to_string_pretty(&self.simulator.snapshot()).expect("it is JSON");
        end.insert("AWS".to_owned(), aws);
        let of =
            |query| format!("SELECT $part${query}$part$, row_to_json(t)::text FROM ({query}) AS t");
        let queries: Vec<String> = ENDS.into_iter().map(of).collect();
        let lines: Vec<(String, String)> =
            sqlx::query_as(AssertSqlSafe(queries.join(" UNION ALL ")))
                .fetch_all(&self.database.pool)
                .await
                .unwrap_or_else(|error| panic!("reading the end: {error:?}"));
        for (part, line) in lines {
            let text: &mut String = end.entry(part).or_default();
            text.push_str(&without_times(&line));
            text.push('\n');
        }
        let uids = self
            .lines(
                "SELECT uid::text FROM streamkeeper.revisions GROUP BY uid ORDER BY min(changed_at)",
            )
            .await;
        for (number, uid) in uids.iter().enumerate() {
            let digits: String = uid.chars().filter(|digit| *digit != '-').take(16).collect();
            for text in end.values_mut() {
                *text = text
                    .replace(uid.as_str(), &format!("<uid {number}>"))
                    .replace(&digits, &format!("<uid {number}>"));
            }
        }
        // What was sorted by a random identity is sorted anew.
        for (_, text) in end.iter_mut().filter(|(part, _)| *part != "AWS") {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            *text = lines.join("\n");
        }
        end
    }
}

/// The lines that one end has and another has not, for the message of a test that compares them.
#[must_use]
pub fn differences(expected: &End, actual: &End) -> Vec<String> {
    let mut differences = Vec::new();
    let parts: BTreeSet<&String> = expected.keys().chain(actual.keys()).collect();
    for part in parts {
        let expected = expected.get(part).map_or("", String::as_str);
        let actual = actual.get(part).map_or("", String::as_str);
        let lacks = expected
            .lines()
            .filter(|line| !actual.lines().any(|other| other == *line));
        let has = actual
            .lines()
            .filter(|line| !expected.lines().any(|other| other == *line));
        let lines: Vec<String> = lacks
            .map(|line| format!("- {line}"))
            .chain(has.map(|line| format!("+ {line}")))
            .collect();
        if !lines.is_empty() {
            differences.push(format!("{part}:\n{}", lines.join("\n")));
        }
    }
    differences
}

/// A plan's line without since when it stands there.
fn without_times(line: &str) -> String {
    let mut row: Value = serde_json::from_str(line).expect("row_to_json makes JSON");
    if let Some(Value::Array(steps)) = row.get_mut("plan") {
        for step in steps {
            step["since"] = Value::Null;
        }
    }
    row.to_string()
}
