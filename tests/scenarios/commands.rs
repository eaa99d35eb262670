//! Proves what the command line promises: words, exit codes, and what it does to rows.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod cluster_config;
mod comparing;
mod deleting;
mod documents;
mod entering;
mod exporting;
mod failing;
mod following;
mod imaging;
mod importing;
mod permitting;
mod reading;
mod waiting;
mod walkthrough;

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use sqlx::AssertSqlSafe;
use streamkeeper_core::condition::{Condition, ConditionStatus, ConditionType};
use streamkeeper_core::plan::PlanRow;
use streamkeeper_core::record::PassRecord;
use streamkeeper_state::{ConnectOptions, Lease, Store};
use streamkeeper_tests::{Daemon, TestDatabase};
use uuid::Uuid;

/// Longer than any test runs.
const HOUR: Duration = Duration::from_secs(3600);

/// The environment that most tests apply.
const CFD: &str = "
apiVersion: streamkeeper.dev/v1
kind: Environment
metadata:
  name: cfd
  labels: {team: aero, stage: prod}
region: eu-west-1
spec:
  image: {name: pcluster-2026-11}
  fleet:
    instanceType: stream.standard.medium
    computeCapacity: {desiredInstances: 2}
    maxUserDurationInSeconds: 345600
    description: null
    displayName: 'no'
  stack:
    storageConnectors: [{connectorType: HOMEFOLDERS}]
";

/// A second one, with little in it.
const CRASH: &str = "
apiVersion: streamkeeper.dev/v1
kind: Environment
metadata: {name: crash, labels: {team: crash}}
region: eu-west-1
mode: observe
spec: {stack: {}}
";

/// A database and the program over it.
struct Desk {
    database: TestDatabase,
}

impl Desk {
    async fn create() -> Self {
        Self {
            database: TestDatabase::create().await,
        }
    }

    /// With both environments.
    async fn furnished() -> Self {
        let desk = Self::create().await;
        desk.apply(&format!("{CFD}---\n{CRASH}")).succeeds();
        desk
    }

    /// The program, with this database in its variable.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = bare_command(args);
        command.env("DATABASE_URL", &self.database.url);
        command
    }

    fn run(&self, args: &[&str]) -> Answer {
        Answer::of(self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    /// Applies documents from stdin.
    fn apply(&self, documents: &str) -> Answer {
        self.pipe(&["apply", "-f", "-"], documents)
    }

    fn pipe(&self, args: &[&str], input: &str) -> Answer {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        Answer::of(child.wait_with_output().unwrap())
    }

    async fn execute(&self, sql: &str) {
        sqlx::query(AssertSqlSafe(sql.to_owned()))
            .execute(&self.database.pool)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) {sql}")))
            .fetch_one(&self.database.pool)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Becomes the daemon of the only scope.
    async fn keeper(&self) -> (Store, Lease) {
        let store = Store::connect(&self.database.url, &ConnectOptions::default())
            .await
            .unwrap();
        store.ensure_scopes().await.unwrap();
        let scopes = store.list_scopes().await.unwrap();
        assert_eq!(scopes.len(), 1, "{scopes:?}");
        let lease = store.acquire_lease(scopes[0].id, "us", HOUR).await.unwrap();
        (store, lease.expect("nobody holds the scope"))
    }

    /// A record of a pass that changes nothing yet.
    async fn record(&self, name: &str, generation: i64) -> PassRecord {
        let uid: Uuid =
            sqlx::query_scalar("SELECT uid FROM streamkeeper.environments WHERE name = $1")
                .bind(name)
                .fetch_one(&self.database.pool)
                .await
                .unwrap();
        PassRecord::empty(uid, name.to_owned(), generation)
    }
}

/// The program without any variable that it reads.
fn bare_command(args: &[&str]) -> Command {
    Daemon::command(args)
}

/// What a command answered.
#[derive(Debug)]
struct Answer {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Answer {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What it printed, when it succeeded without a remark.
    #[track_caller]
    fn succeeds(self) -> String {
        assert_eq!(
            (self.code, self.stderr.as_str()),
            (Some(0), ""),
            "{}",
            self.stdout
        );
        self.stdout
    }

    /// What it said, when it printed nothing and ended with this code.
    #[track_caller]
    fn fails(self, code: i32) -> String {
        assert_eq!(
            (self.code, self.stdout.as_str()),
            (Some(code), ""),
            "{}",
            self.stderr
        );
        self.stderr
    }
}

fn ready(status: ConditionStatus) -> Condition {
    Condition {
        condition_type: ConditionType::Ready,
        status,
        reason: "InProgress".to_owned(),
        message: "the fleet is starting".to_owned(),
    }
}

fn step() -> PlanRow {
    PlanRow {
        position: 1,
        action: "StartFleet".to_owned(),
        object: "fleet/cfd".to_owned(),
        reason: "fleet.state".to_owned(),
        waiting_for: None,
        since: chrono::DateTime::UNIX_EPOCH,
        disruptive: false,
    }
}
