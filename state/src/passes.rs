//! Records what a pass leaves behind, all of it in one fenced transaction.

use streamkeeper_core::event::Event;
use streamkeeper_core::record::PassRecord;
use uuid::Uuid;

use crate::error::StoreError;
use crate::leases::Lease;
use crate::store::Store;

/// An ownership tag of a row that does not exist.
#[derive(Debug, Clone, PartialEq)]
pub struct Orphan {
    /// The name in the tag, if there is one.
    pub environment: Option<String>,
    /// The uid in the tag, if it is one.
    pub uid: Option<Uuid>,
    /// What to say.
    pub event: Event,
}

impl Store {
    /// Records a pass.
    ///
    /// # Guarantees
    ///
    /// All of it is written, or nothing. A record that says nothing new writes nothing.
    ///
    /// # Errors
    ///
    /// Fails with [`StoreError::Conflict`] when the environment is gone.
    pub async fn record_pass(&self, lease: &Lease, record: &PassRecord) -> Result<(), StoreError> {
        Err(StoreError::Unsupported(format!(
            "not there yet: {lease:?} {record:?}"
        )))
    }

    /// Records orphans: events without a row.
    ///
    /// # Errors
    ///
    /// Fails when the lease is lost or the database fails.
    pub async fn record_orphans(
        &self,
        lease: &Lease,
        orphans: &[Orphan],
    ) -> Result<(), StoreError> {
        Err(StoreError::Unsupported(format!(
            "not there yet: {lease:?} {orphans:?}"
        )))
    }

    /// Lets a row go whose deletion was asked for; whether it went.
    ///
    /// It is the user's own DELETE: the row stays while anything owned or any open intent refers to
    /// it. Under `forget`, and in mode `observe`, what is still noted as owned is given up first.
    ///
    /// # Errors
    ///
    /// Fails when the lease is lost or the database fails.
    pub async fn finalize(&self, lease: &Lease, name: &str, uid: Uuid) -> Result<bool, StoreError> {
        Err(StoreError::Unsupported(format!(
            "not there yet: {lease:?} {name} {uid}"
        )))
    }
}
