//! Proves what the store promises: one writer per scope, all of a pass or nothing, quiet when quiet.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod conditions;
mod declarations;
mod drift;
mod events;
mod fencing;
mod finalizing;
mod importing;
mod intents;
mod leases;
mod loading;
mod migrating;
mod notifications;
mod reading;
mod reloading;
mod sweeps;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use streamkeeper_core::action::Action;
use streamkeeper_core::condition::{Condition, ConditionStatus, ConditionType};
use streamkeeper_core::event::{Event, EventReason, EventType};
use streamkeeper_core::record::{OpenDrift, PassRecord};
use streamkeeper_state::{ConnectOptions, Lease, NewIntent, Store};
use streamkeeper_tests::TestDatabase;
use uuid::Uuid;

/// Longer than any test runs.
const HOUR: Duration = Duration::from_secs(3600);

/// A database with the store on it.
struct World {
    database: TestDatabase,
    store: Store,
}

impl World {
    async fn create() -> Self {
        let database = TestDatabase::create().await;
        let store = Store::connect(&database.url, &ConnectOptions::default())
            .await
            .expect("the test's own database can be connected to");
        Self { database, store }
    }

    /// Inserts an environment of the daemon's own account.
    async fn insert(&self, name: &str) -> Uuid {
        sqlx::query_scalar(
            "INSERT INTO streamkeeper.environments (name, region, spec)
             VALUES ($1, 'eu-west-1', $2)
             RETURNING uid",
        )
        .bind(name)
        .bind(spec())
        .fetch_one(&self.database.pool)
        .await
        .unwrap()
    }

    /// Takes over the scope of the environments inserted so far, which is the only one.
    async fn lease(&self) -> Lease {
        let scope_id = self.scope().await;
        self.store
            .acquire_lease(scope_id, "us", HOUR)
            .await
            .unwrap()
            .expect("nobody holds the scope")
    }

    async fn scope(&self) -> i64 {
        self.store.ensure_scopes().await.unwrap();
        let scopes = self.store.list_scopes().await.unwrap();
        assert_eq!(scopes.len(), 1, "{scopes:?}");
        scopes[0].id
    }

    async fn execute(&self, sql: &str) {
        sqlx::query(AssertSqlSafe(sql.to_owned()))
            .execute(&self.database.pool)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// One number from the database.
    async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) {sql}")))
            .fetch_one(&self.database.pool)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    async fn text(&self, sql: &str) -> Option<String> {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
            .fetch_one(&self.database.pool)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Every row version there is, of every table: whatever is written shows here.
    async fn row_versions(&self) -> BTreeSet<String> {
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'streamkeeper'",
        )
        .fetch_all(&self.database.pool)
        .await
        .unwrap();
        let mut versions = BTreeSet::new();
        for table in tables {
            let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
                "SELECT format('{table} %s %s', ctid, xmin) FROM streamkeeper.{table}"
            )))
            .fetch_all(&self.database.pool)
            .await
            .unwrap();
            versions.extend(rows);
        }
        versions
    }

    /// Ends the lease without waiting for it.
    async fn expire_lease(&self) {
        self.execute(
            "UPDATE streamkeeper.scope_leases SET expires_at = clock_timestamp() - interval '1 s'",
        )
        .await;
    }
}

/// The smallest environment with a fleet and a stack.
fn spec() -> Value {
    json!({"image": {"name": "i"}, "fleet": {"instanceType": "stream.standard.medium"}, "stack": {}})
}

fn record(name: &str, uid: Uuid) -> PassRecord {
    PassRecord::empty(uid, name.to_owned(), 1)
}

fn ready(status: ConditionStatus, message: &str) -> Condition {
    Condition {
        condition_type: ConditionType::Ready,
        status,
        reason: "InProgress".to_owned(),
        message: message.to_owned(),
    }
}

fn event(message: &str) -> Event {
    Event {
        event_type: EventType::Normal,
        reason: EventReason::Started,
        object: "fleet/cfd".to_owned(),
        message: message.to_owned(),
        details: json!({"requestId": "r-1"}),
    }
}

fn drift(path: &str, observed: Value) -> OpenDrift {
    OpenDrift {
        object: "fleet/cfd".to_owned(),
        path: path.to_owned(),
        desired: json!("RUNNING"),
        observed,
    }
}

fn stop() -> Action {
    Action::StopFleet {
        name: "cfd".to_owned(),
        only_when_idle: true,
    }
}

fn create_stack() -> Action {
    Action::CreateStack {
        name: "cfd".to_owned(),
        settings: serde_json::from_value(json!({})).expect("every setting is optional"),
        tags: std::collections::BTreeMap::new(),
    }
}

/// What an intent sends that AWS never returns: mostly nothing.
const NOTHING: &BTreeMap<String, Value> = &BTreeMap::new();

fn intent<'a>(uid: Uuid, action: &'a Action, manages: &'a BTreeSet<String>) -> NewIntent<'a> {
    NewIntent {
        uid,
        environment: "cfd",
        generation: 1,
        deleting: false,
        action,
        manages,
        sends: NOTHING,
        debt: None,
        budget: None,
    }
}
