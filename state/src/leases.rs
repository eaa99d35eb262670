//! Scopes and who may write for them: leases, epochs, fencing.

use std::time::Duration;

use serde::Serialize;
use sqlx::{Postgres, Transaction};

use crate::error::StoreError;
use crate::store::Store;

/// An account and a region, and who holds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeRow {
    /// The scope's id.
    pub id: i64,
    /// The account as declared in the rows; `None` is the daemon's own.
    pub account_id: Option<String>,
    /// The account that was pinned for a scope of the daemon's own.
    pub pinned_account: Option<String>,
    /// The region.
    pub region: String,
    /// Raised by every takeover.
    pub epoch: i64,
    /// Who holds it, if the lease has not expired.
    pub holder: Option<String>,
    /// How long the lease still runs, by the database's clock.
    pub expires_in: Option<Duration>,
    /// How many environments it has.
    pub environments: i64,
}

/// The right to write for a scope, as long as it is renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The scope.
    pub scope_id: i64,
    /// Who holds it.
    pub holder: String,
    /// The fencing number.
    pub epoch: i64,
}

impl Store {
    /// Makes a scope of each account and region that has an environment; how many are new.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn ensure_scopes(&self) -> Result<u64, StoreError> {
        Err(StoreError::Unsupported("not there yet".to_owned()))
    }

    /// Every scope, by account and region.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn list_scopes(&self) -> Result<Vec<ScopeRow>, StoreError> {
        Err(StoreError::Unsupported("not there yet".to_owned()))
    }

    /// Pins the account of a scope of the daemon's own; the first one wins, and is returned.
    ///
    /// # Errors
    ///
    /// Fails when the scope does not exist or the database fails.
    pub async fn pin_account(&self, scope_id: i64, account: &str) -> Result<String, StoreError> {
        Err(StoreError::Unsupported(format!(
            "not there yet: {scope_id} {account}"
        )))
    }

    /// Takes a scope over, if nobody holds it.
    ///
    /// # Guarantees
    ///
    /// The epoch is higher than every earlier holder's, also than our own earlier one.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn acquire_lease(
        &self,
        scope_id: i64,
        holder: &str,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        Err(StoreError::Unsupported(format!(
            "not there yet: {scope_id} {holder} {duration:?}"
        )))
    }

    /// Prolongs a lease; false when it is not ours any more or has expired.
    ///
    /// # Assumptions
    ///
    /// The holder counts its own deadline from before this call was sent.
    ///
    /// # Errors
    ///
    /// Fails when the database does; the lease may or may not have been prolonged.
    pub async fn renew_lease(&self, lease: &Lease, duration: Duration) -> Result<bool, StoreError> {
        Err(StoreError::Unsupported(format!(
            "not there yet: {lease:?} {duration:?}"
        )))
    }

    /// Gives a lease back; nothing happens when it is not ours any more.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        Err(StoreError::Unsupported(format!("not there yet: {lease:?}")))
    }
}

/// Locks the scope's row with the lease's epoch and checks the expiry.
pub(crate) async fn fence(
    _transaction: &mut Transaction<'static, Postgres>,
    lease: &Lease,
    _operation: &str,
) -> Result<(), StoreError> {
    Err(StoreError::LeaseLost {
        scope_id: lease.scope_id,
        epoch: lease.epoch,
    })
}
