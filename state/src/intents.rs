//! Writes down a mutating call before it is made, and what came of it.

use std::collections::BTreeSet;
use std::time::Duration;

use streamkeeper_core::action::Action;
use streamkeeper_core::event::Event;
use streamkeeper_core::record::Outcome;
use uuid::Uuid;

use crate::error::StoreError;
use crate::leases::Lease;
use crate::store::Store;

/// A call that is about to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewIntent<'a> {
    /// The environment.
    pub uid: Uuid,
    /// Its name.
    pub environment: &'a str,
    /// The generation that was planned.
    pub generation: i64,
    /// Whether the plan was for a row on its way out.
    pub deleting: bool,
    /// The call.
    pub action: &'a Action,
    /// Paths that become managed.
    pub manages: &'a BTreeSet<String>,
    /// The fleet that must be started again after this call.
    pub debt: Option<&'a str>,
}

/// What came of a call.
#[derive(Debug, Clone, Copy)]
pub struct SettledIntent<'a> {
    /// The intent.
    pub id: i64,
    /// What came of it; `Unknown` keeps it open.
    pub outcome: Outcome,
    /// AWS's words, if it refused or did not answer.
    pub error: Option<&'a str>,
    /// The environment.
    pub uid: Uuid,
    /// Its name.
    pub environment: &'a str,
    /// The generation that was planned.
    pub generation: i64,
    /// What happened.
    pub events: &'a [Event],
}

impl Store {
    /// Commits an intent, durably; its id.
    ///
    /// In the same transaction the managed paths grow, the object becomes owned and the debt is
    /// opened, so that a crash after the call finds all three.
    ///
    /// # Errors
    ///
    /// Fails with [`StoreError::Conflict`] when the row is not what was planned any more: gone,
    /// changed, paused, or its deletion requested or taken back.
    pub async fn commit_intent(
        &self,
        lease: &Lease,
        intent: &NewIntent<'_>,
    ) -> Result<i64, StoreError> {
        Err(StoreError::Unsupported(format!(
            "not there yet: {lease:?} {intent:?}"
        )))
    }

    /// Records what came of an intent, with its events.
    ///
    /// # Errors
    ///
    /// Fails with [`StoreError::Conflict`] when the intent is already settled.
    pub async fn settle_intent(
        &self,
        lease: &Lease,
        settled: &SettledIntent<'_>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Unsupported(format!(
            "not there yet: {lease:?} {settled:?}"
        )))
    }

    /// How many stops and deletions the scope saw within the window before now.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn count_destructive(
        &self,
        scope_id: i64,
        window: Duration,
    ) -> Result<i64, StoreError> {
        Err(StoreError::Unsupported(format!(
            "not there yet: {scope_id} {window:?}"
        )))
    }
}
