//! Brings the schema up to date, and says whether it is.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use sqlx::Connection;
use sqlx::PgConnection;
use sqlx::migrate::{MigrateError, Migrator};
use streamkeeper_core::spec::schema::spec_schema;

use crate::error::StoreError;
use crate::store::Store;

/// Every migration, embedded.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// Oldest server we support: `xid8`, subscripted jsonb and `SQL` function bodies.
const MIN_SERVER_VERSION: i32 = 140_000;

/// Longest wait for another migrator or for a table that is in use, before we say so.
const LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// The advisory lock of whoever migrates: the letters of "stkeeper".
const MIGRATE_LOCK: i64 = 0x7374_6b65_6570_6572;

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
        /// Their versions, oldest first; empty when only the JSON Schema of `spec` is missing.
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
    /// Fails on a server older than 14, on a database that is not UTF8, on one that a newer version
    /// migrated, and when a migration fails; each migration is all or nothing.
    pub async fn migrate(&self) -> Result<MigrateReport, StoreError> {
        // A connection of its own, closed afterwards: a failed run leaves the advisory lock behind,
        // and migrations may take longer than our statements may.
        let options = self.pool().connect_options();
        let mut connection = PgConnection::connect_with(&options)
            .await
            .map_err(|error| StoreError::database("connect to PostgreSQL", error))?;
        let report = migrate(&mut connection).await;
        // What matters was committed or failed already.
        drop(connection.close().await);
        report
    }

    /// How the database's schema compares with ours.
    ///
    /// # Errors
    ///
    /// Fails when the database cannot be asked.
    pub async fn schema_status(&self) -> Result<SchemaStatus, StoreError> {
        let mut connection = self
            .pool()
            .acquire()
            .await
            .map_err(|error| StoreError::database("look at the schema", error))?;
        let Some(applied) = applied_versions(&mut connection).await? else {
            return Ok(SchemaStatus::Missing);
        };
        let ours: BTreeSet<i64> = MIGRATOR.iter().map(|migration| migration.version).collect();
        let pending: Vec<i64> = ours.difference(&applied).copied().collect();
        if !pending.is_empty() {
            return Ok(SchemaStatus::Behind { pending });
        }
        if applied.difference(&ours).next().is_some() {
            return Ok(SchemaStatus::Ahead);
        }
        // Which version's JSON Schema is stored does not matter: during an upgrade two versions run
        // side by side, and rows are judged by the one that was stored last.
        if has_spec_schema(&mut connection).await? {
            Ok(SchemaStatus::Current)
        } else {
            Ok(SchemaStatus::Behind { pending })
        }
    }
}

async fn migrate(connection: &mut PgConnection) -> Result<MigrateReport, StoreError> {
    let failed = |error| StoreError::database("prepare the database for migrations", error);
    check_server(connection).await?;
    sqlx::query!(
        "SELECT set_config('lock_timeout', $1, false) AS a,
                set_config('client_min_messages', 'warning', false) AS b",
        LOCK_TIMEOUT.as_millis().to_string()
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    // The migrator has a lock of its own, but takes it after the schema has to be there.
    sqlx::query!("SELECT pg_advisory_lock($1)", MIGRATE_LOCK)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    let before = applied_versions(connection).await?.unwrap_or_default();
    // Asked first, because CREATE SCHEMA IF NOT EXISTS needs the right to create even if it exists.
    let has_schema =
        sqlx::query_scalar!(r#"SELECT to_regnamespace('streamkeeper') IS NOT NULL AS "exists!""#)
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
    if !has_schema {
        sqlx::query!("CREATE SCHEMA streamkeeper")
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    MIGRATOR
        .run(&mut *connection)
        .await
        .map_err(migration_error)?;
    let after = applied_versions(connection).await?.unwrap_or_default();
    let applied = MIGRATOR
        .iter()
        .filter(|migration| {
            after.contains(&migration.version) && !before.contains(&migration.version)
        })
        .map(|migration| format!("{} {}", migration.version, migration.description))
        .collect();
    let spec_schema_changed = store_spec_schema(connection).await?;
    Ok(MigrateReport {
        applied,
        spec_schema_changed,
    })
}

async fn check_server(connection: &mut PgConnection) -> Result<(), StoreError> {
    let server = sqlx::query!(
        r#"SELECT
               current_setting('server_version_num')::integer AS "version_num!",
               current_setting('server_version') AS "version!",
               current_setting('server_encoding') AS "encoding!",
               current_database()::text AS "database!""#
    )
    .fetch_one(connection)
    .await
    .map_err(|error| StoreError::database("ask for the server's version", error))?;
    if server.version_num < MIN_SERVER_VERSION {
        return Err(StoreError::Unsupported(format!(
            "PostgreSQL {} is too old: 14 or newer is needed",
            server.version
        )));
    }
    if server.encoding != "UTF8" {
        return Err(StoreError::Unsupported(format!(
            "database \"{}\" is encoded in {}: UTF8 is needed \
             (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0)",
            server.database, server.encoding
        )));
    }
    Ok(())
}

/// The versions in the migrations table; `None` when there is no such table.
async fn applied_versions(
    connection: &mut PgConnection,
) -> Result<Option<BTreeSet<i64>>, StoreError> {
    let failed = |error| StoreError::database("read which migrations are applied", error);
    let has_table = sqlx::query_scalar!(
        r#"SELECT to_regclass('streamkeeper._sqlx_migrations') IS NOT NULL AS "exists!""#
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    if !has_table {
        return Ok(None);
    }
    let versions = sqlx::query_scalar!(
        "SELECT version
         FROM streamkeeper._sqlx_migrations
         WHERE success"
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    Ok(Some(versions.into_iter().collect()))
}

async fn has_spec_schema(connection: &mut PgConnection) -> Result<bool, StoreError> {
    sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM streamkeeper.spec_schema) AS "exists!""#)
        .fetch_one(connection)
        .await
        .map_err(|error| StoreError::database("look for the JSON Schema of spec", error))
}

/// Stores the JSON Schema that rows are checked against; whether it was another one.
async fn store_spec_schema(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let stored = sqlx::query!(
        "INSERT INTO streamkeeper.spec_schema AS stored (id, schema, version)
         VALUES (1, $1, $2)
         ON CONFLICT (id) DO UPDATE
         SET schema = excluded.schema,
             version = excluded.version,
             stored_at = clock_timestamp()
         WHERE stored.schema IS DISTINCT FROM excluded.schema",
        spec_schema(),
        env!("CARGO_PKG_VERSION")
    )
    .execute(connection)
    .await
    .map_err(|error| StoreError::database("store the JSON Schema of spec", error))?;
    Ok(stored.rows_affected() == 1)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "sqlx's own enum, which may grow in any release"
)]
fn migration_error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(source) => StoreError::database("run the migrations", source),
        MigrateError::ExecuteMigration(source, version) => {
            StoreError::database(format!("run migration {version}"), source)
        }
        MigrateError::VersionMissing(version) => StoreError::Unsupported(format!(
            "the database is newer than this program: it has migration {version}"
        )),
        MigrateError::VersionMismatch(version) => StoreError::Unsupported(format!(
            "migration {version} was applied to this database in another wording"
        )),
        other => StoreError::Unsupported(format!("the migrations cannot be run: {other}")),
    }
}
