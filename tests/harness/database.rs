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
//!   a later run knows what an earlier one left behind, its template above all, and drops it.

use std::path::{Path, PathBuf};
use std::sync::mpsc as blocking;
use std::time::Duration;

use anyhow::{Context, Result};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use streamkeeper_controller::postgres::{Authentication, PrivatePostgres, PrivatePostgresOptions};
use streamkeeper_state::scratch::{self, create_database, drop_abandoned, drop_database};
use streamkeeper_state::{ConnectOptions, Store, StoreError};
use tokio::sync::{OnceCell, mpsc, oneshot};
use uuid::Uuid;

/// All databases of the harness, on whatever server.
const PREFIX: &str = "streamkeeper_test_";

/// Tests of one process run side by side, each with a pool or two and a daemon.
const MAX_CONNECTIONS: u16 = 300;

/// One connection for the test, one for what it compares with, and some for tasks.
const POOL_SIZE: u32 = 5;

/// Creating and dropping databases is the server's work: more at once take no less time.
const ADMIN_CONNECTIONS: u32 = 4;

/// The least free memory, in KiB, for keeping the private server's data there: a few hundred
/// databases of 8 MB, and its log.
const MEMORY_KIB: u64 = 3 << 20;

/// Ten times what a server on a slow disk takes.  What is not dropped by then is dropped later.
const DROP_PATIENCE: Duration = Duration::from_millis(500);

static SERVER: OnceCell<TestServer> = OnceCell::const_new();

/// A migrated, empty database that belongs to one test; its end begins when this is dropped.
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
        let url = scratch::url(&server.url, &name);
        let options: PgConnectOptions = url.parse().context("parse the database's URL")?;
        let pool = PgPoolOptions::new()
            .max_connections(POOL_SIZE)
            .connect_lazy_with(options);
        Ok(Self {
            url,
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
        // Connections that are left, a killed daemon's too, are cut.
        let (done, waiting) = blocking::channel();
        let errand = Errand::Drop {
            name: self.name.clone(),
            _done: done,
        };
        // Not for long: dropping a database waits for whoever is just logging in anywhere on the
        // server, and that may be another task of the very runtime that waits here.
        if self.server.errands.send(errand).is_ok() {
            let _in_time = waiting.recv_timeout(DROP_PATIENCE);
        }
    }
}

/// The server of this process and the connection that creates and drops databases on it.
#[derive(Debug)]
struct TestServer {
    /// How to reach it, and some database on it.
    url: String,
    /// Marks the databases and the connection of this process.
    run: String,
    template: String,
    /// Unbounded, because a test has at most one under way.
    errands: mpsc::UnboundedSender<Errand>,
}

/// What the server's thread is asked to do.
#[derive(Debug)]
enum Errand {
    Create {
        name: String,
        template: String,
        reply: oneshot::Sender<Result<(), StoreError>>,
    },
    Drop {
        name: String,
        /// Closes when it is done.
        _done: blocking::Sender<()>,
    },
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
        ready.await.context("hear from the server's thread")?
    }

    fn new_name(&self) -> String {
        let unique = Uuid::new_v4().simple().to_string();
        format!("{PREFIX}{}_{}", self.run, &unique[..12])
    }

    async fn create(&self, name: &str, template: &str) -> Result<()> {
        let (reply, done) = oneshot::channel();
        let errand = Errand::Create {
            name: name.to_owned(),
            template: template.to_owned(),
            reply,
        };
        self.errands
            .send(errand)
            .ok()
            .context("reach the server's thread")?;
        Ok(done.await.context("hear from the server's thread")??)
    }
}

/// Finds or starts the server, says how to reach it and runs errands until the process ends.
async fn own_server(started: oneshot::Sender<Result<TestServer>>) {
    let run = Uuid::new_v4().simple().to_string()[..8].to_owned();
    let mut private = None;
    let connected = async {
        let url = server_url(&mut private).await?;
        let options: PgConnectOptions = url.parse().context("parse the server's URL")?;
        // One of them stays open: it shows other runs that this one lives.
        let admin = PgPoolOptions::new()
            .max_connections(ADMIN_CONNECTIONS)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.application_name(&format!("{PREFIX}{run}")))
            .await
            .context("connect to the test server")?;
        let mut connection = admin.acquire().await?;
        drop_abandoned(&mut connection, PREFIX).await?;
        let template = format!("{PREFIX}{run}_template");
        create_database(&mut connection, &template, "template0").await?;
        drop(connection);
        migrate(&scratch::url(&url, &template))
            .await
            .context("migrate the template database")?;
        let (errands, queue) = mpsc::unbounded_channel();
        let server = TestServer {
            url,
            run,
            template,
            errands,
        };
        anyhow::Ok((server, admin, queue))
    };
    let (server, admin, mut queue) = match connected.await {
        Ok(connected) => connected,
        Err(error) => {
            drop(started.send(Err(error)));
            return;
        }
    };
    if started.send(Ok(server)).is_err() {
        return;
    }
    while let Some(errand) = queue.recv().await {
        // Side by side: a test that drops its database does not wait for ten that begin.
        tokio::spawn(run_errand(admin.clone(), errand));
    }
    drop(private);
}

async fn run_errand(admin: PgPool, errand: Errand) {
    let mut connection = admin.acquire().await;
    let connection = connection
        .as_mut()
        .expect("four connections that never end serve errands of seconds");
    match errand {
        Errand::Create {
            name,
            template,
            reply,
        } => {
            let created = create_database(connection, &name, &template).await;
            if reply.send(created).is_err() {
                // The test ended while it waited, so nobody else will.
                drop(drop_database(connection, &name).await);
            }
        }
        Errand::Drop { name, _done } => {
            if let Err(error) = drop_database(connection, &name).await {
                eprintln!("{:#}", anyhow::Error::new(error));
            }
        }
    }
}

async fn server_url(private: &mut Option<PrivatePostgres>) -> Result<String> {
    if let Ok(url) = std::env::var("DATABASE_URL") {
        return Ok(url);
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
    Ok(private.insert(server).url("postgres"))
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

async fn migrate(url: &str) -> Result<()> {
    let store = Store::connect(url, &ConnectOptions::default()).await?;
    store.migrate().await?;
    // A template that somebody is connected to cannot be cloned.
    store.close().await;
    Ok(())
}

#[cfg(test)]
mod tests;
