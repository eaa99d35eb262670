//! Does what users do to their rows: apply, delete, pause, ask for a look.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use streamkeeper_core::environment::Timestamp;

use crate::error::StoreError;
use crate::store::Store;

/// One declared environment, as in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// The row's name.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Its account; `None` is the daemon's own.
    pub account_id: Option<String>,
    /// What it should be.
    pub spec: Value,
    /// The user's own labels; `None` leaves them as they are.
    pub labels: Option<BTreeMap<String, String>>,
    /// `enforce` or `observe`; `None` leaves it as it is.
    pub mode: Option<String>,
    /// Whether it is paused; `None` leaves it as it is.
    pub paused: Option<bool>,
    /// `delete`, `retain` or `forget`; `None` leaves it as it is.
    pub deletion_policy: Option<String>,
}

/// What `apply` did to one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// The row's name.
    pub name: String,
    /// What happened to it.
    pub outcome: ApplyOutcome,
    /// Its generation now.
    pub generation: i64,
}

/// What `apply` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplyOutcome {
    /// The row was inserted.
    Created,
    /// The row was changed.
    Configured,
    /// The row was already like that.
    Unchanged,
}

impl ApplyOutcome {
    /// The word kubectl uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
        }
    }
}

/// What became of a request to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletionOutcome {
    /// The request was noted; the row goes once everything it owns has gone.
    Requested,
    /// It had been requested before.
    AlreadyRequested,
    /// There was nothing to wait for: the row is gone.
    Gone,
    /// There is no such row.
    NotFound,
}

impl Store {
    /// Inserts or updates rows, all of them or none.
    ///
    /// # Errors
    ///
    /// Fails with PostgreSQL's own words when it refuses a row, and with
    /// [`StoreError::Conflict`] when a row is being deleted.
    pub async fn apply(&self, declarations: &[Declaration]) -> Result<Vec<Applied>, StoreError> {
        Err(StoreError::Unsupported(format!(
            "not there yet: {declarations:?}"
        )))
    }

    /// Asks for rows to be deleted, all of them or none; what became of each.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn request_delete(
        &self,
        names: &[String],
    ) -> Result<Vec<(String, DeletionOutcome)>, StoreError> {
        Err(StoreError::Unsupported(format!("not there yet: {names:?}")))
    }

    /// Pauses or resumes rows; the names of those that exist.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn set_paused(
        &self,
        names: &[String],
        paused: bool,
    ) -> Result<Vec<String>, StoreError> {
        Err(StoreError::Unsupported(format!(
            "not there yet: {names:?} {paused}"
        )))
    }

    /// Asks for a look; it is done once `last_verified_at` is not before what is returned.
    ///
    /// # Errors
    ///
    /// Fails with [`StoreError::NotFound`] when there is no such row.
    pub async fn reconcile_now(&self, name: &str) -> Result<Timestamp, StoreError> {
        Err(StoreError::Unsupported(format!("not there yet: {name}")))
    }

    /// Approves the row's present generation beyond the budget; that generation.
    ///
    /// # Errors
    ///
    /// Fails with [`StoreError::NotFound`] when there is no such row.
    pub async fn approve(&self, name: &str) -> Result<i64, StoreError> {
        Err(StoreError::Unsupported(format!("not there yet: {name}")))
    }
}
