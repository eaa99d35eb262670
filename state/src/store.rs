//! Holds the pool, and the two ways to begin a transaction.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool, Postgres, Transaction};

use crate::error::StoreError;
use crate::leases::Lease;

/// Longest statement; what takes longer holds up its environment, and is tried again.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest wait for a lock; only a user's open transaction makes us wait at all.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest silence inside a transaction: a stopped daemon must not hold a scope's lock for longer
/// than that, because a takeover waits for it.
const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);

/// How to connect.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Shown in `pg_stat_activity`.
    pub application_name: String,
    /// Most connections at a time, without the one that listens.
    pub max_connections: u32,
    /// Longest wait for a connection.
    pub acquire_timeout: Duration,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            application_name: "streamkeeper".to_owned(),
            max_connections: 8,
            acquire_timeout: Duration::from_secs(10),
        }
    }
}

/// The PostgreSQL handle. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
}

impl Store {
    /// Connects.
    ///
    /// # Errors
    ///
    /// Fails when the URL is not one or the server does not answer within the acquire time-out.
    pub async fn connect(url: &str, options: &ConnectOptions) -> Result<Self, StoreError> {
        let failed = |error| StoreError::database("connect to PostgreSQL", error);
        let connect: PgConnectOptions = url.parse().map_err(failed)?;
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            .after_connect(|connection, _| Box::pin(set_session(connection)))
            .connect_with(connect.application_name(&options.application_name))
            .await
            .map_err(failed)?;
        Ok(Self { pool })
    }

    /// Connects to a server that is there, or says at once why it is not.
    ///
    /// A pool tries a server that refuses again and again, in case it comes up, and says in the end
    /// that it timed out: right for a daemon, and no answer to a person.
    ///
    /// # Errors
    ///
    /// As [`Store::connect`], with the reason.
    pub async fn connect_now(url: &str, options: &ConnectOptions) -> Result<Self, StoreError> {
        let failed = |error| StoreError::database("connect to PostgreSQL", error);
        let connect: PgConnectOptions = url.parse().map_err(failed)?;
        let attempt = PgConnection::connect_with(&connect);
        let connection = tokio::time::timeout(options.acquire_timeout, attempt)
            .await
            .map_err(|_| failed(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))?
            .map_err(failed)?;
        // It has shown what it was made for.
        drop(connection.close().await);
        Self::connect(url, options).await
    }

    /// The pool, for tests and for what needs a connection of its own.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Asks the server for a sign of life.
    ///
    /// # Errors
    ///
    /// Fails when it gives none.
    #[expect(clippy::disallowed_methods, reason = "says nothing about the schema")]
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1")
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(|error| StoreError::database("reach PostgreSQL", error))
    }

    /// Runs a statement as a user in psql would, for the demo.
    ///
    /// # Errors
    ///
    /// Fails when PostgreSQL refuses it.
    #[expect(clippy::disallowed_methods, reason = "the statement is the caller's")]
    pub async fn execute_as_user(&self, statement: &'static str) -> Result<(), StoreError> {
        sqlx::query(statement)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(|error| StoreError::database("run the statement", error))
    }

    /// Begins a transaction that nobody fences: what users do.
    pub(crate) async fn begin(
        &self,
        operation: &str,
    ) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.pool
            .begin()
            .await
            .map_err(|error| StoreError::database(operation, error))
    }

    /// Begins a transaction that commits only if the lease is still ours.
    pub(crate) async fn begin_fenced(
        &self,
        lease: &Lease,
        operation: &str,
    ) -> Result<Transaction<'static, Postgres>, StoreError> {
        let mut transaction = self.begin(operation).await?;
        crate::leases::fence(&mut transaction, lease, operation).await?;
        Ok(transaction)
    }
}

/// Sets what every session of ours has.
///
/// `SELECT set_config` rather than the start-up packet's `options`, which poolers and proxies
/// between us and the server refuse. Notices go to people in psql, not to our log.
#[expect(clippy::disallowed_methods, reason = "says nothing about the schema")]
async fn set_session(connection: &mut sqlx::PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "SELECT set_config('statement_timeout', $1, false), \
                set_config('lock_timeout', $2, false), \
                set_config('idle_in_transaction_session_timeout', $3, false), \
                set_config('client_min_messages', 'warning', false)",
    )
    .bind(STATEMENT_TIMEOUT.as_millis().to_string())
    .bind(LOCK_TIMEOUT.as_millis().to_string())
    .bind(IDLE_IN_TRANSACTION_TIMEOUT.as_millis().to_string())
    .execute(connection)
    .await
    .map(drop)
}
