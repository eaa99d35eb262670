//! Loads what there is exactly one of: a row, its state and its managed paths.
//!
//! JSON travels as text and is read row by row: a number or a depth that Rust cannot hold is then
//! one row's fault, and not the whole query's.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::Value;
use streamkeeper_core::environment::Timestamp;
use streamkeeper_core::plan::ManagedPaths;
use uuid::Uuid;

use super::Snapshot;
use crate::environments::{EnvironmentRow, RowVersion};
use crate::sweeps::AssociationRun;

/// Loads rows by identity, in the byte order of their names.
pub(super) async fn load_rows(
    snapshot: &mut Snapshot,
    uids: &[Uuid],
) -> Result<Vec<EnvironmentRow>, sqlx::Error> {
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
                   managed_paths.paths::text AS "managed?",
                   environments.xmin::text::bigint AS "row_version!",
                   state.xmin::text::bigint AS "state_version?"
               FROM streamkeeper.environments
               LEFT JOIN streamkeeper.environment_state AS state
                   ON state.uid = environments.uid
               LEFT JOIN streamkeeper.managed_paths
                   ON managed_paths.uid = environments.uid
               WHERE environments.uid = ANY($1)
               ORDER BY environments.name COLLATE "C""#,
        uids
    )
    .fetch_all(&mut **snapshot)
    .await?;
    Ok(rows.into_iter().map(Row::into_environment).collect())
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
    row_version: i64,
    state_version: Option<i64>,
}

impl Row {
    fn into_environment(self) -> EnvironmentRow {
        let mut faults = Vec::new();
        let spec = read(&self.spec, "spec", &mut faults).unwrap_or(Value::Null);
        let managed = self
            .managed
            .and_then(|paths| read(&paths, "managed_paths.paths", &mut faults))
            .map(unwrap_managed)
            .unwrap_or_default();
        EnvironmentRow {
            version: RowVersion {
                row: self.row_version,
                state: self.state_version,
            },
            own_associations_verified_at: self.associations_verified_at,
            // Of the scope's runs the caller knows.
            associations_verified_at: None,
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
            cluster_configs: BTreeMap::new(),
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
pub(super) fn read<T: DeserializeOwned>(
    json: &str,
    column: &str,
    faults: &mut Vec<String>,
) -> Option<T> {
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

pub(super) fn parse_runs(runs: Option<&str>) -> Vec<AssociationRun> {
    runs.and_then(|runs| serde_json::from_str(runs).ok())
        .unwrap_or_default()
}
