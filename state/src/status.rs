//! Reads what the command line and the page show.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use streamkeeper_core::environment::Timestamp;
use streamkeeper_core::plan::PlanRow;
use uuid::Uuid;

use crate::environments::EnvironmentRow;
use crate::error::StoreError;
use crate::store::Store;

/// Which environments are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusFilter {
    /// These names; empty means all.
    pub names: Vec<String>,
    /// Those that carry all of these labels.
    pub labels: BTreeMap<String, String>,
}

/// One row of the view `status`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the view's own columns, commented there")]
pub struct StatusRow {
    pub name: String,
    pub region: String,
    pub account_id: Option<String>,
    pub ready: String,
    pub reason: Option<String>,
    pub message: Option<String>,
    pub generation: i64,
    pub observed_generation: Option<i64>,
    pub fleet_state: Option<String>,
    pub drift_count: i64,
    pub last_verified_at: Option<Timestamp>,
    pub associations_verified_at: Option<Timestamp>,
    /// Seconds since the row was inserted.
    pub age_s: i64,
}

/// One row of `conditions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the table's own columns, commented there")]
pub struct ConditionRow {
    pub environment: String,
    #[serde(rename = "type")]
    pub condition_type: String,
    pub status: String,
    pub reason: String,
    pub message: String,
    pub observed_generation: i64,
    pub last_transition_at: Timestamp,
}

/// One row of `events`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the table's own columns, commented there")]
pub struct EventRow {
    pub id: i64,
    pub environment: Option<String>,
    pub uid: Option<Uuid>,
    #[serde(rename = "type")]
    pub event_type: String,
    pub reason: String,
    pub object: String,
    pub message: String,
    pub count: i64,
    pub first_seen_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub generation: Option<i64>,
    pub details: Value,
    pub change_id: i64,
}

/// One row of `drift`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the table's own columns, commented there")]
pub struct DriftRow {
    pub id: i64,
    pub environment: String,
    pub uid: Uuid,
    pub object: String,
    pub path: String,
    pub desired: Value,
    pub observed: Value,
    pub first_seen_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub resolution: Option<String>,
    pub actor: Option<String>,
}

/// One row of `revisions`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the table's own columns, commented there")]
pub struct RevisionRow {
    pub id: i64,
    pub environment: String,
    pub uid: Uuid,
    pub generation: i64,
    pub spec: Value,
    pub changed_by: String,
    pub changed_at: Timestamp,
}

/// Which events are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this environment's name; `None` means all.
    pub environment: Option<String>,
    /// Changed after this `change_id`, oldest first; `None` means the newest, oldest first.
    pub after_change_id: Option<i64>,
    /// At most so many.
    pub limit: i64,
}

/// Everything about one environment.
#[derive(Debug, Clone)]
pub struct EnvironmentDetails {
    /// Its line of `status`.
    pub status: StatusRow,
    /// Its row and what is stored about it.
    pub row: EnvironmentRow,
}

impl Store {
    /// The lines of `status`, by name.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn status(&self, filter: &StatusFilter) -> Result<Vec<StatusRow>, StoreError> {
        Err(StoreError::Unsupported(format!(
            "not there yet: {filter:?}"
        )))
    }

    /// Everything about one environment; `None` when there is no such row.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn environment(&self, name: &str) -> Result<Option<EnvironmentDetails>, StoreError> {
        Err(StoreError::Unsupported(format!("not there yet: {name}")))
    }

    /// An environment's conditions, in the order they are shown.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn conditions(&self, name: &str) -> Result<Vec<ConditionRow>, StoreError> {
        Err(StoreError::Unsupported(format!("not there yet: {name}")))
    }

    /// Events, oldest change first.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<EventRow>, StoreError> {
        Err(StoreError::Unsupported(format!(
            "not there yet: {filter:?}"
        )))
    }

    /// An environment's drift, newest first.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn drift(&self, name: &str, open_only: bool) -> Result<Vec<DriftRow>, StoreError> {
        Err(StoreError::Unsupported(format!(
            "not there yet: {name} {open_only}"
        )))
    }

    /// An environment's last plan.
    ///
    /// # Errors
    ///
    /// Fails with [`StoreError::NotFound`] when there is no such row.
    pub async fn plan(&self, name: &str) -> Result<Vec<PlanRow>, StoreError> {
        Err(StoreError::Unsupported(format!("not there yet: {name}")))
    }

    /// An environment's revisions, newest first.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn revisions(&self, name: &str) -> Result<Vec<RevisionRow>, StoreError> {
        Err(StoreError::Unsupported(format!("not there yet: {name}")))
    }
}
