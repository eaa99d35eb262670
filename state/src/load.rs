//! Loads a scope in a constant number of queries, whatever the number of its environments.
//!
//! JSON travels as text and is read row by row: a number or a depth that Rust cannot hold is then
//! one row's fault, and not the whole query's.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::{Postgres, Transaction};
use streamkeeper_core::condition::{Condition, ConditionStatus, ConditionType};
use streamkeeper_core::environment::Timestamp;
use streamkeeper_core::plan::ManagedPaths;
use streamkeeper_core::record::{OpenDrift, OpenIntent};
use uuid::Uuid;

use crate::environments::{EnvironmentRow, ScopeSnapshot, StoredCondition};
use crate::error::StoreError;
use crate::store::Store;
use crate::sweeps::{AssociationRun, last_run};

type Snapshot = Transaction<'static, Postgres>;

impl Store {
    /// Everything stored about a scope, in a constant number of queries.
    ///
    /// # Errors
    ///
    /// Fails when the database does; never because of what a row holds.
    pub async fn load_scope(&self, scope_id: i64) -> Result<ScopeSnapshot, StoreError> {
        let operation = format!("load scope {scope_id}");
        let failed = |error| StoreError::database(operation.as_str(), error);
        let mut snapshot = self.begin_snapshot(&operation).await?;
        let scope = sqlx::query!(
            r#"SELECT
                   clock_timestamp() AS "db_now!",
                   (
                       SELECT association_runs::text
                       FROM streamkeeper.scope_leases
                       WHERE scope_id = $1
                   ) AS association_runs"#,
            scope_id
        )
        .fetch_one(&mut *snapshot)
        .await
        .map_err(failed)?;
        let runs = parse_runs(scope.association_runs.as_deref());
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT
                   environments.name,
                   environments.uid,
                   environments.region,
                   environments.account_id,
                   environments.spec::text AS "spec!",
                   environments.labels::text AS "labels!",
                   environments.mode,
                   environments.paused,
                   environments.deletion_policy,
                   environments.generation,
                   environments.deletion_requested_at,
                   environments.created_at,
                   environments.updated_at,
                   state.observed_generation AS "observed_generation?",
                   state.fleet_state AS "fleet_state?",
                   state.verified_at AS "verified_at?",
                   state.associations_verified_at AS "associations_verified_at?",
                   state.follows_sweep AS "follows_sweep?",
                   state.reconcile_requested_at AS "reconcile_requested_at?",
                   state.approved_generation AS "approved_generation?",
                   state.plan::text AS "plan?",
                   managed_paths.paths::text AS "managed?"
               FROM streamkeeper.scope_fences AS scope
               JOIN streamkeeper.environments
                   ON environments.region = scope.region
                  AND CASE
                          WHEN scope.account_id IS NOT NULL
                          THEN environments.account_id = scope.account_id
                          ELSE environments.account_id IS NULL
                               OR environments.account_id = scope.pinned_account
                      END
               LEFT JOIN streamkeeper.environment_state AS state
                   ON state.uid = environments.uid
               LEFT JOIN streamkeeper.managed_paths
                   ON managed_paths.uid = environments.uid
               WHERE scope.id = $1
                 AND streamkeeper.scope_of(scope.region, scope.account_id) = scope.id
               ORDER BY environments.name COLLATE "C""#,
            scope_id
        )
        .fetch_all(&mut *snapshot)
        .await
        .map_err(failed)?;
        let environments = complete(&mut snapshot, rows, &runs).await.map_err(failed)?;
        snapshot.commit().await.map_err(failed)?;
        Ok(ScopeSnapshot {
            db_now: scope.db_now,
            environments,
        })
    }

    /// Everything stored about one environment; `None` when there is no such row.
    ///
    /// # Errors
    ///
    /// Fails when the database does; never because of what the row holds.
    pub async fn load_environment(&self, name: &str) -> Result<Option<EnvironmentRow>, StoreError> {
        let operation = format!("load environment \"{name}\"");
        let failed = |error| StoreError::database(operation.as_str(), error);
        let mut snapshot = self.begin_snapshot(&operation).await?;
        let runs = sqlx::query_scalar!(
            r#"SELECT association_runs::text AS "association_runs!"
               FROM streamkeeper.scope_leases
               JOIN streamkeeper.environments
                   ON streamkeeper.scope_of(environments.region, environments.account_id) = scope_id
               WHERE environments.name = $1"#,
            name
        )
        .fetch_optional(&mut *snapshot)
        .await
        .map_err(failed)?;
        let runs = parse_runs(runs.as_deref());
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT
                   environments.name,
                   environments.uid,
                   environments.region,
                   environments.account_id,
                   environments.spec::text AS "spec!",
                   environments.labels::text AS "labels!",
                   environments.mode,
                   environments.paused,
                   environments.deletion_policy,
                   environments.generation,
                   environments.deletion_requested_at,
                   environments.created_at,
                   environments.updated_at,
                   state.observed_generation AS "observed_generation?",
                   state.fleet_state AS "fleet_state?",
                   state.verified_at AS "verified_at?",
                   state.associations_verified_at AS "associations_verified_at?",
                   state.follows_sweep AS "follows_sweep?",
                   state.reconcile_requested_at AS "reconcile_requested_at?",
                   state.approved_generation AS "approved_generation?",
                   state.plan::text AS "plan?",
                   managed_paths.paths::text AS "managed?"
               FROM streamkeeper.environments
               LEFT JOIN streamkeeper.environment_state AS state
                   ON state.uid = environments.uid
               LEFT JOIN streamkeeper.managed_paths
                   ON managed_paths.uid = environments.uid
               WHERE environments.name = $1"#,
            name
        )
        .fetch_all(&mut *snapshot)
        .await
        .map_err(failed)?;
        let mut environments = complete(&mut snapshot, rows, &runs).await.map_err(failed)?;
        snapshot.commit().await.map_err(failed)?;
        Ok(environments.pop())
    }

    /// Begins a transaction whose statements all see the same moment.
    async fn begin_snapshot(&self, operation: &str) -> Result<Snapshot, StoreError> {
        self.pool()
            .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await
            .map_err(|error| StoreError::database(operation, error))
    }
}

/// A row of `environments` with what there is exactly one of.
struct Row {
    name: String,
    uid: Uuid,
    region: String,
    account_id: Option<String>,
    spec: String,
    labels: String,
    mode: String,
    paused: bool,
    deletion_policy: String,
    generation: i64,
    deletion_requested_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    observed_generation: Option<i64>,
    fleet_state: Option<String>,
    verified_at: Option<Timestamp>,
    associations_verified_at: Option<Timestamp>,
    follows_sweep: Option<bool>,
    reconcile_requested_at: Option<Timestamp>,
    approved_generation: Option<i64>,
    plan: Option<String>,
    managed: Option<String>,
}

impl Row {
    fn into_environment(self, runs: &[AssociationRun]) -> EnvironmentRow {
        let mut faults = Vec::new();
        let spec = read(&self.spec, "spec", &mut faults).unwrap_or(Value::Null);
        let managed = self
            .managed
            .and_then(|paths| read(&paths, "managed_paths.paths", &mut faults))
            .map(unwrap_managed)
            .unwrap_or_default();
        EnvironmentRow {
            associations_verified_at: last_run(runs, &self.name, self.created_at)
                .max(self.associations_verified_at),
            name: self.name,
            uid: self.uid,
            region: self.region,
            account_id: self.account_id,
            spec,
            // Neither decides what is done, so neither is a fault.
            labels: serde_json::from_str(&self.labels).unwrap_or_default(),
            plan: self
                .plan
                .and_then(|plan| serde_json::from_str(&plan).ok())
                .unwrap_or_default(),
            mode: self.mode,
            paused: self.paused,
            deletion_policy: self.deletion_policy,
            generation: self.generation,
            deletion_requested_at: self.deletion_requested_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
            conditions: Vec::new(),
            managed,
            owned: BTreeSet::new(),
            open_intents: Vec::new(),
            debts: BTreeSet::new(),
            open_drift: Vec::new(),
            observed_generation: self.observed_generation,
            fleet_state: self.fleet_state,
            verified_at: self.verified_at,
            follows_sweep: self.follows_sweep.unwrap_or(false),
            reconcile_requested_at: self.reconcile_requested_at,
            approved_generation: self.approved_generation,
            faults,
        }
    }
}

/// Reads JSON; what cannot be read becomes a fault.
fn read<T: DeserializeOwned>(json: &str, column: &str, faults: &mut Vec<String>) -> Option<T> {
    match serde_json::from_str(json) {
        Ok(value) => Some(value),
        Err(error) => {
            faults.push(format!("{column} cannot be read: {error}"));
            None
        }
    }
}

/// `[value]` was seen to hold, `[]` not yet.
fn unwrap_managed(paths: BTreeMap<String, Vec<Value>>) -> ManagedPaths {
    paths
        .into_iter()
        .map(|(path, mut held)| (path, held.pop()))
        .collect()
}

fn parse_runs(runs: Option<&str>) -> Vec<AssociationRun> {
    runs.and_then(|runs| serde_json::from_str(runs).ok())
        .unwrap_or_default()
}

/// Adds what there may be several of: one query each, for all environments at once.
async fn complete(
    snapshot: &mut Snapshot,
    rows: Vec<Row>,
    runs: &[AssociationRun],
) -> Result<Vec<EnvironmentRow>, sqlx::Error> {
    let uids: Vec<Uuid> = rows.iter().map(|row| row.uid).collect();
    let mut environments: Vec<EnvironmentRow> = rows
        .into_iter()
        .map(|row| row.into_environment(runs))
        .collect();
    let index: BTreeMap<Uuid, usize> = uids
        .iter()
        .enumerate()
        .map(|(position, uid)| (*uid, position))
        .collect();
    let mut by_uid = ByUid {
        environments: &mut environments,
        index,
    };
    load_conditions(snapshot, &uids, &mut by_uid).await?;
    load_owned(snapshot, &uids, &mut by_uid).await?;
    load_open_intents(snapshot, &uids, &mut by_uid).await?;
    load_debts(snapshot, &uids, &mut by_uid).await?;
    load_open_drift(snapshot, &uids, &mut by_uid).await?;
    Ok(environments)
}

/// Finds an environment by its identity.
struct ByUid<'a> {
    environments: &'a mut [EnvironmentRow],
    index: BTreeMap<Uuid, usize>,
}

impl ByUid<'_> {
    fn get(&mut self, uid: Uuid) -> Option<&mut EnvironmentRow> {
        let position = *self.index.get(&uid)?;
        self.environments.get_mut(position)
    }
}

async fn load_conditions(
    snapshot: &mut Snapshot,
    uids: &[Uuid],
    by_uid: &mut ByUid<'_>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT uid, type, status, reason, message, observed_generation, last_transition_at
         FROM streamkeeper.conditions
         WHERE uid = ANY($1)",
        uids
    )
    .fetch_all(&mut **snapshot)
    .await?;
    for row in rows {
        // A type or a status of a newer version decides nothing here and is not ours to change.
        let Some(condition_type) = parse_condition_type(&row.r#type) else {
            continue;
        };
        let Some(status) = parse_condition_status(&row.status) else {
            continue;
        };
        if let Some(environment) = by_uid.get(row.uid) {
            environment.conditions.push(StoredCondition {
                condition: Condition {
                    condition_type,
                    status,
                    reason: row.reason,
                    message: row.message,
                },
                observed_generation: row.observed_generation,
                last_transition_at: row.last_transition_at,
            });
        }
    }
    for environment in by_uid.environments.iter_mut() {
        environment
            .conditions
            .sort_by_key(|stored| stored.condition.condition_type);
    }
    Ok(())
}

async fn load_owned(
    snapshot: &mut Snapshot,
    uids: &[Uuid],
    by_uid: &mut ByUid<'_>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT uid, object
         FROM streamkeeper.owned_objects
         WHERE uid = ANY($1)",
        uids
    )
    .fetch_all(&mut **snapshot)
    .await?;
    for row in rows {
        if let Some(environment) = by_uid.get(row.uid) {
            environment.owned.insert(row.object);
        }
    }
    Ok(())
}

async fn load_open_intents(
    snapshot: &mut Snapshot,
    uids: &[Uuid],
    by_uid: &mut ByUid<'_>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT id, uid, action::text AS "action!", created_at
           FROM streamkeeper.intents
           WHERE uid = ANY($1)
             AND settled_at IS NULL
           ORDER BY id"#,
        uids
    )
    .fetch_all(&mut **snapshot)
    .await?;
    for row in rows {
        let Some(environment) = by_uid.get(row.uid) else {
            continue;
        };
        let column = format!("the action of intent {}", row.id);
        if let Some(action) = read(&row.action, &column, &mut environment.faults) {
            environment.open_intents.push(OpenIntent {
                id: row.id,
                action,
                created_at: row.created_at,
            });
        }
    }
    Ok(())
}

async fn load_debts(
    snapshot: &mut Snapshot,
    uids: &[Uuid],
    by_uid: &mut ByUid<'_>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT uid, fleet
         FROM streamkeeper.debts
         WHERE uid = ANY($1)",
        uids
    )
    .fetch_all(&mut **snapshot)
    .await?;
    for row in rows {
        if let Some(environment) = by_uid.get(row.uid) {
            environment.debts.insert(row.fleet);
        }
    }
    Ok(())
}

async fn load_open_drift(
    snapshot: &mut Snapshot,
    uids: &[Uuid],
    by_uid: &mut ByUid<'_>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT uid, object, path, desired::text AS "desired!", observed::text AS "observed!"
           FROM streamkeeper.drift
           WHERE uid = ANY($1)
             AND resolved_at IS NULL
           ORDER BY object, path"#,
        uids
    )
    .fetch_all(&mut **snapshot)
    .await?;
    for row in rows {
        if let Some(environment) = by_uid.get(row.uid) {
            // A value that cannot be read differs from whatever is observed, and is written anew.
            environment.open_drift.push(OpenDrift {
                object: row.object,
                path: row.path,
                desired: serde_json::from_str(&row.desired).unwrap_or(Value::Null),
                observed: serde_json::from_str(&row.observed).unwrap_or(Value::Null),
            });
        }
    }
    Ok(())
}

fn parse_condition_type(name: &str) -> Option<ConditionType> {
    ConditionType::ALL
        .into_iter()
        .find(|condition_type| condition_type.as_str() == name)
}

fn parse_condition_status(name: &str) -> Option<ConditionStatus> {
    [
        ConditionStatus::True,
        ConditionStatus::False,
        ConditionStatus::Unknown,
    ]
    .into_iter()
    .find(|status| status.as_str() == name)
}
