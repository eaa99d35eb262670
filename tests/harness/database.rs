//! Gives each test a freshly migrated PostgreSQL database of its own.
//!
//! ```text
//!   process ── one server: DATABASE_URL, else a private one
//!      │          └── template: migrated once, nobody connected
//!      └── TestDatabase::create ── CREATE DATABASE … TEMPLATE (tens of milliseconds)
//! ```
//!
//! # Invariants
//!
//! * On a server that is not ours nothing is touched but databases named `streamkeeper_test_…`.
//! * The names of a process begin with its run; the run's connection is open while it lives.  So
//!   a later run knows what a killed one left behind, and drops it.

use std::path::{Path, PathBuf};
use std::sync::mpsc as blocking;
use std::time::Duration;

use anyhow::{Context, Result};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor, Row};
use streamkeeper_controller::postgres::{Authentication, PrivatePostgres, PrivatePostgresOptions};
use streamkeeper_state::{ConnectOptions, Store};
use tokio::sync::{OnceCell, mpsc, oneshot};
use uuid::Uuid;

/// All databases of the harness, on whatever server.
const PREFIX: &str = "streamkeeper_test_";

/// Tests of one process run side by side, each with a pool or two and a daemon.
const MAX_CONNECTIONS: u16 = 300;

/// One connection for the test, one for what it compares with, and some for tasks.
const POOL_SIZE: u32 = 5;

/// A server that does not drop a database in this time has a fault of its own to show.
const DROP_DEADLINE: Duration = Duration::from_secs(30);

/// Creating and dropping databases is the server's work: more at once take no less time.
const ADMIN_CONNECTIONS: u32 = 4;

/// The least free memory, in KiB, for keeping the private server's data there: a few hundred
/// databases of 8 MB, and its log.
const MEMORY_KIB: u64 = 3 << 20;

static SERVER: OnceCell<TestServer> = OnceCell::const_new();

/// A migrated, empty database that belongs to one test; dropped at its end.
#[derive(Debug)]
pub struct TestDatabase {
    /// How to reach it, with the password where there is one.
    pub url: String,
    /// Connections to it, opened when they are needed.
    pub pool: PgPool,
    name: String,
    server: &'static TestServer,
}

impl TestDatabase {
    /// Creates a database with all of our migrations applied.
    ///
    /// # Panics
    ///
    /// Panics with the whole reason when there is no server or it refuses.
    pub async fn create() -> Self {
        let server = TestServer::get().await;
        Self::named(server, &server.template)
            .await
            .unwrap_or_else(|error| panic!("failed to create a test database: {error:#}"))
    }

    /// Creates a database without any of our objects, for tests of `migrate` itself.
    ///
    /// # Panics
    ///
    /// As [`TestDatabase::create`].
    pub async fn create_empty() -> Self {
        let server = TestServer::get().await;
        Self::named(server, "template0")
            .await
            .unwrap_or_else(|error| panic!("failed to create an empty database: {error:#}"))
    }

    async fn named(server: &'static TestServer, template: &str) -> Result<Self> {
        let name = server.new_name();
        server.create(&name, template).await?;
        let options = server.options.clone().database(&name);
        let pool = PgPoolOptions::new()
            .max_connections(POOL_SIZE)
            .connect_lazy_with(options.clone());
        Ok(Self {
            url: options.to_url_lossy().into(),
            pool,
            name,
            server,
        })
    }

    /// The database's name on its server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // Connections that are left, a killed daemon's too, are cut by FORCE.
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let (reply, done) = blocking::channel();
        let statement = Statement {
            sql,
            reply: Reply::Blocking(reply),
        };
        // Other work of this runtime may wait meanwhile; the statement runs on a thread of its own.
        if self.server.statements.send(statement).is_ok() {
            match done.recv_timeout(DROP_DEADLINE) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => eprintln!("failed to drop {}: {error:#}", self.name),
                Err(error) => eprintln!("failed to drop {}: {error}", self.name),
            }
        }
    }
}

/// The server of this process and the connection that creates and drops databases on it.
#[derive(Debug)]
struct TestServer {
    /// How to reach it, but for the database.
    options: PgConnectOptions,
    /// Marks the databases and the connection of this process.
    run: String,
    template: String,
    /// Unbounded, because a test has at most one statement under way.
    statements: mpsc::UnboundedSender<Statement>,
}

#[derive(Debug)]
struct Statement {
    sql: String,
    reply: Reply,
}

#[derive(Debug)]
enum Reply {
    Async(oneshot::Sender<Result<()>>),
    Blocking(blocking::Sender<Result<()>>),
}

impl TestServer {
    async fn get() -> &'static Self {
        SERVER
            .get_or_init(|| async {
                Self::start()
                    .await
                    .unwrap_or_else(|error| panic!("failed to start a test server: {error:#}"))
            })
            .await
    }

    /// Starts the thread that owns the server, whose runtime outlives every test's.
    async fn start() -> Result<Self> {
        let (started, ready) = oneshot::channel();
        std::thread::Builder::new()
            .name("test-postgres".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime needs no more than file descriptors");
                runtime.block_on(own_server(started));
            })
            .context("spawn the server's thread")?;
        let (options, run, statements) = ready.await.context("hear from the server's thread")??;
        let mut server = Self {
            options,
            template: String::new(),
            run,
            statements,
        };
        server.template = server.build_template().await?;
        Ok(server)
    }

    async fn build_template(&self) -> Result<String> {
        let name = self.new_name();
        self.create(&name, "template0").await?;
        let url = self.options.clone().database(&name).to_url_lossy();
        migrate(url.as_str())
            .await
            .context("migrate the template database")?;
        Ok(name)
    }

    fn new_name(&self) -> String {
        let unique = Uuid::new_v4().simple().to_string();
        format!("{PREFIX}{}_{}", self.run, &unique[..12])
    }

    async fn create(&self, name: &str, template: &str) -> Result<()> {
        // template0 may be cloned in any locale; a copy of it has the same one.
        self.execute(format!(
            "CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        ))
        .await
    }

    async fn execute(&self, sql: String) -> Result<()> {
        let (reply, done) = oneshot::channel();
        let statement = Statement {
            sql,
            reply: Reply::Async(reply),
        };
        self.statements
            .send(statement)
            .context("reach the server's thread")?;
        done.await.context("hear from the server's thread")?
    }
}

type Started = Result<(PgConnectOptions, String, mpsc::UnboundedSender<Statement>)>;

/// Finds or starts the server, says how to reach it and runs statements until the process ends.
async fn own_server(started: oneshot::Sender<Started>) {
    let run = Uuid::new_v4().simple().to_string()[..8].to_owned();
    let mut private = None;
    let connected = async {
        let options = server_options(&mut private).await?;
        // One of them stays open: it shows other runs that this one lives.
        let admin = PgPoolOptions::new()
            .max_connections(ADMIN_CONNECTIONS)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone().application_name(&format!("{PREFIX}{run}")))
            .await
            .context("connect to the test server")?;
        drop_leftovers(&admin).await?;
        anyhow::Ok((options, admin))
    };
    let (options, admin) = match connected.await {
        Ok(connected) => connected,
        Err(error) => {
            drop(started.send(Err(error)));
            return;
        }
    };
    let (statements, mut queue) = mpsc::unbounded_channel::<Statement>();
    if started.send(Ok((options, run, statements))).is_err() {
        return;
    }
    while let Some(Statement { sql, reply }) = queue.recv().await {
        let admin = admin.clone();
        // Side by side: a test that drops its database does not wait for ten that begin.
        tokio::spawn(async move {
            let result = admin
                .execute(AssertSqlSafe(sql.clone()))
                .await
                .map(|_done| ())
                .with_context(|| format!("execute {sql}"));
            // Nobody listens when the test ended first; its database is dropped by its Drop.
            match reply {
                Reply::Async(reply) => drop(reply.send(result)),
                Reply::Blocking(reply) => drop(reply.send(result)),
            }
        });
    }
    drop(private);
}

async fn server_options(private: &mut Option<PrivatePostgres>) -> Result<PgConnectOptions> {
    if let Ok(url) = std::env::var("DATABASE_URL") {
        return url.parse().context("parse DATABASE_URL");
    }
    let options = PrivatePostgresOptions {
        max_connections: MAX_CONNECTIONS,
        authentication: Authentication::Password,
        parent: memory().await,
        ..PrivatePostgresOptions::default()
    };
    let server = PrivatePostgres::start(options).await.map_err(|error| {
        let hint = error.hint();
        anyhow::Error::new(error).context(format!("start a private PostgreSQL (hint: {hint})"))
    })?;
    private
        .insert(server)
        .url("postgres")
        .parse()
        .context("parse the private server's URL")
}

/// A folder in memory with enough room: creating a database there is ten times as fast.
async fn memory() -> Option<PathBuf> {
    let folder = Path::new("/dev/shm");
    let df = tokio::process::Command::new("df")
        .arg("-Pk")
        .arg(folder)
        .output()
        .await
        .ok()?;
    let text = String::from_utf8(df.stdout).ok()?;
    let free: u64 = text
        .lines()
        .nth(1)?
        .split_whitespace()
        .nth(3)?
        .parse()
        .ok()?;
    (free >= MEMORY_KIB).then(|| folder.to_owned())
}

/// Drops what killed runs left: databases of ours whose run has no connection any more.
async fn drop_leftovers(connection: &PgPool) -> Result<()> {
    let leftovers = connection
        .fetch_all(AssertSqlSafe(format!(
            "SELECT leftover.datname::text
               FROM pg_database AS leftover
              WHERE starts_with(leftover.datname, '{PREFIX}')
                AND leftover.datdba = current_user::regrole
                AND NOT EXISTS (
                    SELECT
                      FROM pg_stat_activity AS run
                     WHERE starts_with(run.application_name, '{PREFIX}')
                       AND starts_with(leftover.datname, run.application_name))"
        )))
        .await
        .context("look for test databases that were left behind")?;
    for row in leftovers {
        let name: String = row.try_get(0).context("read a database's name")?;
        // Another process may be at it too.
        connection
            .execute(AssertSqlSafe(format!(
                "DROP DATABASE IF EXISTS {name} WITH (FORCE)"
            )))
            .await
            .with_context(|| format!("drop {name}, left behind by a killed run"))?;
    }
    Ok(())
}

async fn migrate(url: &str) -> Result<()> {
    let store = Store::connect(url, &ConnectOptions::default()).await?;
    store.migrate().await?;
    // A template that somebody is connected to cannot be cloned.
    store.close().await;
    Ok(())
}

#[cfg(test)]
mod tests;
