//! Runs one server in a private folder, under a supervisor that outlives nobody.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::account::{self, Account};
use super::locate::Programs;
use super::{PostgresError, PrivatePostgresOptions, variable};

/// The role that owns everything on the private server; `supervise.sh` names it too.  A role
/// `streamkeeper` would have our schema on its search path, and hide names that lack it.
pub(super) const SUPERUSER: &str = "postgres";

const SUPERVISOR: &str = include_str!("supervise.sh");

/// How often the server is asked whether it is ready: short beside the half second a start takes.
const POLL: Duration = Duration::from_millis(10);

/// An immediate shutdown takes milliseconds; PostgreSQL itself kills what resists after 5 s.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// A free port may be taken between our look and the server's; nobody loses that race this often.
const PORTS_TO_TRY: u32 = 5;

/// So much of the server's log belongs into an error message.
const LOG_LINES: usize = 15;

/// Settings that trade durability for speed, which throwaway data never misses.
const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    // A socket would need a folder with a short path and rules of its own; TCP is always there.
    ("unix_socket_directories", ""),
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("wal_level", "minimal"),
    // It may live in memory; the default lets the log alone grow to a gigabyte.
    ("max_wal_size", "256MB"),
    ("max_wal_senders", "0"),
    ("shared_buffers", "32MB"),
    ("jit", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("logging_collector", "off"),
    ("log_destination", "stderr"),
];

/// A running server; dropping it stops it.
#[derive(Debug)]
pub(super) struct Server {
    folder: PathBuf,
    port: u16,
    password: String,
    supervisor: Child,
    /// The end of the pipe that keeps the server alive.
    lifeline: Option<ChildStdin>,
}

impl Server {
    /// Starts a server of these programs and returns once it accepts connections.
    pub(super) async fn start(
        programs: &Programs,
        options: &PrivatePostgresOptions,
    ) -> Result<Self, PostgresError> {
        let account = account::choose(&programs.folder).await?;
        let mut attempt = 1;
        loop {
            let mut server = Self::spawn(programs, account.as_ref(), options)?;
            match server.until_ready(options.start_deadline).await {
                Ok(()) => return Ok(server),
                Err(PostgresError::Ended { log })
                    if attempt < PORTS_TO_TRY && log.contains("Address already in use") =>
                {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn spawn(
        programs: &Programs,
        account: Option<&Account>,
        options: &PrivatePostgresOptions,
    ) -> Result<Self, PostgresError> {
        let folder = private_folder(account, options.parent.as_deref())?;
        let made = Folder(Some(folder.clone()));
        let password = Uuid::new_v4().simple().to_string();
        let supervisor = folder.join("supervise.sh");
        for (path, text) in [
            (folder.join("password"), &*password),
            (supervisor.clone(), SUPERVISOR),
        ] {
            write_private(&path, text, account)
                .map_err(|source| failed(&format!("write {}", path.display()), source))?;
        }
        let port = free_port().map_err(|source| failed("find a free port", source))?;

        let mut command = Command::new("/bin/sh");
        command
            .arg(supervisor)
            .arg(&folder)
            .arg(&programs.folder)
            .arg(options.authentication.method())
            .args(["-c", &format!("port={port}")])
            .args([
                "-c",
                &format!("max_connections={}", options.max_connections),
            ]);
        let own = options
            .settings
            .iter()
            .map(|(name, value)| (&**name, &**value));
        for (name, value) in SETTINGS.iter().copied().chain(own) {
            command.args(["-c", &format!("{name}={value}")]);
        }
        // Ours would be read by the server: PGPORT, PGOPTIONS, LANG and their like.
        command.env_clear();
        for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            if let Some(value) = variable(name) {
                command.env(name, value);
            }
        }
        command
            .env("LC_ALL", "C")
            .env("HOME", &folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C goes to the terminal's foreground group; the server ends when we do.
            .process_group(0);
        if let Some(account) = account {
            command.uid(account.uid).gid(account.gid);
        }
        let mut supervisor = command
            .spawn()
            .map_err(|source| failed("start the server's supervisor, /bin/sh", source))?;
        let lifeline = supervisor.stdin.take();
        made.keep();
        Ok(Self {
            folder,
            port,
            password,
            supervisor,
            lifeline,
        })
    }

    async fn until_ready(&mut self, deadline: Duration) -> Result<(), PostgresError> {
        let started = stopwatch();
        loop {
            if self.has_ended() {
                return Err(PostgresError::Ended {
                    log: self.log_end(),
                });
            }
            if self.says_ready() {
                return Ok(());
            }
            let waited = started.elapsed();
            if waited > deadline {
                return Err(PostgresError::NotReady {
                    waited,
                    log: self.log_end(),
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Whether the postmaster wrote that it is ready.  Asking the port instead could ask a
    /// stranger who took it first.
    fn says_ready(&self) -> bool {
        fs::read_to_string(self.folder.join("data/postmaster.pid")).is_ok_and(|text| {
            text.lines()
                .nth(7)
                .is_some_and(|line| line.trim() == "ready")
        })
    }

    fn has_ended(&mut self) -> bool {
        self.folder.join("exited").exists()
            || self
                .supervisor
                .try_wait()
                .is_ok_and(|status| status.is_some())
    }

    fn log_end(&self) -> String {
        let log = fs::read(self.folder.join("server.log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stops the server without blocking the runtime.
    pub(super) async fn stop(mut self) {
        drop(self.lifeline.take());
        let started = stopwatch();
        while started.elapsed() < STOP_DEADLINE && !self.is_gone() {
            tokio::time::sleep(POLL).await;
        }
    }

    fn is_gone(&mut self) -> bool {
        // An error means that somebody else waited for it: gone all the same.
        !matches!(self.supervisor.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let started = stopwatch();
        while !self.is_gone() {
            if started.elapsed() > STOP_DEADLINE {
                tracing::warn!(folder = %self.folder.display(), "private PostgreSQL did not stop");
                return;
            }
            std::thread::sleep(POLL);
        }
        // The supervisor removes it; this is for one that was killed.
        if let Err(error) = fs::remove_dir_all(&self.folder)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(folder = %self.folder.display(), %error, "folder stays behind");
        }
    }
}

/// Removes a folder again unless it is kept.
struct Folder(Option<PathBuf>);

impl Folder {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            // Best effort on an error path that reports its own, earlier reason.
            drop(fs::remove_dir_all(folder));
        }
    }
}

/// Makes a folder that only the server's account may enter, in a place that account reaches.
fn private_folder(
    account: Option<&Account>,
    wanted: Option<&Path>,
) -> Result<PathBuf, PostgresError> {
    let mut parents: Vec<PathBuf> = wanted.map(Path::to_owned).into_iter().collect();
    parents.push(std::env::temp_dir());
    if account.is_some() {
        // root's own TMPDIR may be closed to the account.
        parents.extend(["/tmp", "/var/tmp"].map(PathBuf::from));
    }
    let mut tried = Vec::new();
    for parent in parents {
        if account.is_some() && !open_to_all(&parent) {
            tried.push(format!("{} (closed to other accounts)", parent.display()));
            continue;
        }
        let folder = parent.join(format!("streamkeeper-postgres-{}", Uuid::new_v4().simple()));
        let made = fs::DirBuilder::new().mode(0o700).create(&folder);
        match made.and_then(|()| give(&folder, account)) {
            Ok(()) => return Ok(folder),
            Err(error) => tried.push(format!("{} ({error})", parent.display())),
        }
    }
    Err(PostgresError::NoFolder {
        tried: tried.join(", "),
    })
}

/// Whether every account may pass through a folder and all folders above it.
fn open_to_all(folder: &Path) -> bool {
    folder.canonicalize().is_ok_and(|folder| {
        folder.ancestors().all(|folder| {
            fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
        })
    })
}

fn give(path: &Path, account: Option<&Account>) -> io::Result<()> {
    match account {
        Some(account) => chown(path, Some(account.uid), Some(account.gid)),
        None => Ok(()),
    }
}

fn write_private(path: &Path, text: &str, account: Option<&Account>) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    give(path, account)
}

/// A port that nobody listens on just now.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a process starts and stops in real time, in tests with a paused clock too"
)]
fn stopwatch() -> Instant {
    Instant::now()
}

fn failed(operation: &str, source: io::Error) -> PostgresError {
    PostgresError::Io {
        operation: operation.to_owned(),
        source,
    }
}
