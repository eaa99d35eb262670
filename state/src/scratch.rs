//! Creates databases that go away again, for the demo and for tests.
//!
//! # Invariants
//!
//! - Nothing is touched but databases of the caller's prefix that the same role owns.
//! - A session whose `application_name` begins the database's name stays open while its creator
//!   lives. So whoever comes next knows what a killed one left behind, and drops it.

use std::fmt;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use uuid::Uuid;

use crate::error::StoreError;

/// Dropping an idle database takes milliseconds; nobody waits longer than this on the way out.
const DROP_TIMEOUT: Duration = Duration::from_secs(10);

/// An empty UTF8 database of our own on somebody's server.
///
/// [`ScratchDatabase::drop_now`] drops it and says whether that worked; dropping the value drops
/// the database as well as it can.
pub struct ScratchDatabase {
    name: String,
    url: String,
    server: PgConnectOptions,
    /// Shows others that we live. `None` once the database is gone.
    session: Option<PgConnection>,
}

impl fmt::Debug for ScratchDatabase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The rest knows a password.
        formatter
            .debug_struct("ScratchDatabase")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl ScratchDatabase {
    /// Creates a database whose name is the prefix and something random.
    ///
    /// What killed runs left under the same prefix is dropped first.
    ///
    /// # Errors
    ///
    /// Fails when the server does not answer or the role may not create databases.
    ///
    /// # Panics
    ///
    /// Panics when the prefix is not made of lower-case letters, digits and underscores.
    pub async fn create(server_url: &str, prefix: &str) -> Result<Self, StoreError> {
        let server: PgConnectOptions = server_url
            .parse()
            .map_err(|error| StoreError::database("read the database URL", error))?;
        let name = format!("{prefix}{}", &Uuid::new_v4().simple().to_string()[..8]);
        let mut session = server
            .clone()
            .application_name(&name)
            .connect()
            .await
            .map_err(|error| StoreError::database("connect to PostgreSQL", error))?;
        drop_abandoned(&mut session, prefix).await?;
        create_database(&mut session, &name, "template0").await?;
        Ok(Self {
            url: url(server_url, &name),
            name,
            server,
            session: Some(session),
        })
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How to reach it, with the password where there is one.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Drops the database, whoever is still connected to it.
    ///
    /// # Errors
    ///
    /// Fails when the server does not do it in time; the next run with this prefix will.
    pub async fn drop_now(mut self) -> Result<(), StoreError> {
        // A session that idled for hours may have been cut; a new one decides.
        drop(self.session.take());
        drop_on(&self.server, &self.name).await
    }

    /// Leaves the database to the end of its server.
    pub fn leave(mut self) {
        drop(self.session.take());
    }
}

impl Drop for ScratchDatabase {
    fn drop(&mut self) {
        if self.session.take().is_none() {
            return;
        }
        let (server, name) = (self.server.clone(), self.name.clone());
        // The session belongs to a runtime that may be ending; this is one of its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            if let Ok(runtime) = runtime
                && let Err(error) = runtime.block_on(drop_on(&server, &name))
            {
                tracing::warn!(database = name, %error, "the next run drops this database");
            }
        });
        drop(dropping.join());
    }
}

/// The URL of another database on the same server.
///
/// Nothing else in it changes, so that psql reads it as well as we do.
#[must_use]
pub fn url(server_url: &str, database: &str) -> String {
    let (base, query) = server_url.split_once('?').unwrap_or((server_url, ""));
    let authority = base.find("://").map_or(0, |scheme| scheme + 3);
    let server = base[authority..]
        .find('/')
        .map_or(base, |path| &base[..authority + path]);
    // The database may be named there instead, and then wins.
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("dbname="))
        .collect();
    let mark = if kept.is_empty() { "" } else { "?" };
    format!("{server}/{database}{mark}{}", kept.join("&"))
}

async fn drop_on(server: &PgConnectOptions, name: &str) -> Result<(), StoreError> {
    let operation = || format!("drop database {name}");
    let work = async {
        let mut connection = server.connect().await?;
        execute(&mut connection, drop_statement(name)).await?;
        connection.close().await
    };
    tokio::time::timeout(DROP_TIMEOUT, work)
        .await
        .unwrap_or(Err(sqlx::Error::PoolTimedOut))
        .map_err(|error| StoreError::database(operation(), error))
}

/// Creates a UTF8 database in the C locale as a copy of a template.
///
/// # Errors
///
/// Fails when the role may not, when the name is taken or when somebody uses the template.
pub async fn create_database(
    connection: &mut PgConnection,
    name: &str,
    template: &str,
) -> Result<(), StoreError> {
    let sql = format!(
        "CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
        plain(name),
        plain(template),
    );
    execute(connection, sql)
        .await
        .map_err(|error| StoreError::database(format!("create database {name}"), error))
}

/// Drops a database, whoever is connected to it, if it exists.
///
/// # Errors
///
/// Fails when the role may not.
pub async fn drop_database(connection: &mut PgConnection, name: &str) -> Result<(), StoreError> {
    execute(connection, drop_statement(name))
        .await
        .map_err(|error| StoreError::database(format!("drop database {name}"), error))
}

/// Drops the databases of a prefix whose creators are gone.
///
/// # Errors
///
/// Fails when the server does not answer.
pub async fn drop_abandoned(connection: &mut PgConnection, prefix: &str) -> Result<(), StoreError> {
    // Sessions of other roles hide their names from us, hence only what our own role owns.
    let abandoned = sqlx::query_scalar!(
        r#"
        SELECT abandoned.datname::text AS "name!"
          FROM pg_database AS abandoned
         WHERE starts_with(abandoned.datname, $1)
           AND pg_get_userbyid(abandoned.datdba) = current_user
           AND NOT EXISTS (
               SELECT
                 FROM pg_stat_activity AS creator
                WHERE starts_with(creator.application_name, $1)
                  AND starts_with(abandoned.datname, creator.application_name))
        "#,
        plain(prefix),
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(|error| StoreError::database("look for abandoned databases", error))?;
    for name in abandoned {
        drop_database(connection, &name).await?;
    }
    Ok(())
}

fn drop_statement(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", plain(name))
}

#[expect(
    clippy::disallowed_methods,
    reason = "databases are created by statements without parameters"
)]
async fn execute(connection: &mut PgConnection, sql: String) -> Result<(), sqlx::Error> {
    // Statements on databases take no parameters; `plain` keeps the names harmless.
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .map(drop)
}

/// The name itself, which needs no quotes.
fn plain(name: &str) -> &str {
    assert!(
        name.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
        "{name:?} is not a plain database name"
    );
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_another_database_changes_nothing_else() {
        for (server, database) in [
            (
                "postgres://me:p%40ss@db:6432/postgres",
                "postgres://me:p%40ss@db:6432/mine",
            ),
            ("postgresql://db", "postgresql://db/mine"),
            (
                "postgres://me@db/prod?sslmode=verify-full&sslrootcert=/etc/ca.pem",
                "postgres://me@db/mine?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            ),
            (
                "postgres:///postgres?host=/var/run/postgresql&user=me&dbname=prod",
                "postgres:///mine?host=/var/run/postgresql&user=me",
            ),
            ("postgres://me@db/prod?dbname=prod", "postgres://me@db/mine"),
        ] {
            assert_eq!(url(server, "mine"), database);
        }
    }
}
