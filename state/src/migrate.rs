//! Brings the schema up to date, and says whether it is.

use serde::Serialize;
use sqlx::migrate::Migrator;

use crate::error::StoreError;
use crate::store::Store;

/// Every migration, embedded.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// What `migrate` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MigrateReport {
    /// Migrations that were applied, oldest first, such as `20261124100000 create schema`.
    pub applied: Vec<String>,
    /// Whether the stored JSON Schema of `spec` was replaced.
    pub spec_schema_changed: bool,
}

/// How the database's schema compares with ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum SchemaStatus {
    /// There is none.
    Missing,
    /// Migrations are pending.
    Behind {
        /// Their versions, oldest first.
        pending: Vec<i64>,
    },
    /// It is ours.
    Current,
    /// A newer version migrated it.
    Ahead,
}

impl Store {
    /// Brings the schema up to date.
    ///
    /// # Errors
    ///
    /// Fails on a server older than 14, on a database that is not UTF8, and when a migration fails;
    /// each migration is all or nothing.
    pub async fn migrate(&self) -> Result<MigrateReport, StoreError> {
        Err(StoreError::Unsupported("not there yet".to_owned()))
    }

    /// How the database's schema compares with ours.
    ///
    /// # Errors
    ///
    /// Fails when the database cannot be asked.
    pub async fn schema_status(&self) -> Result<SchemaStatus, StoreError> {
        Err(StoreError::Unsupported("not there yet".to_owned()))
    }
}
