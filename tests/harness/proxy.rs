//! Stands between a daemon and PostgreSQL, counts commits and breaks things at the right moment.
//!
//! ```text
//!   client ──► PostgresProxy ──► server        COMMIT    ✗ Moment::Before   never arrives
//!          ◄──               ◄──               "COMMIT"  ✗ Moment::Unheard  done, answer not seen
//!                                                        ✓ Moment::Heard    done and seen
//! ```
//!
//! A commit is the server's acknowledgement of a `COMMIT`, or of a writing statement outside a
//! transaction block. They are numbered from 1 over all connections, in the order in which the
//! server's answers arrive.
//!
//! # What is deliberately absent
//!
//! TLS: the proxy refuses it, and clients that insist do not connect.

mod relay;
mod session;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Something that the server committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Counted from 1.
    pub number: usize,
    /// The transaction's statements, oldest first, with `BEGIN` and `COMMIT` where there were any.
    pub statements: Vec<String>,
}

impl Commit {
    /// Whether one of its statements contains the text.
    #[must_use]
    pub fn mentions(&self, text: &str) -> bool {
        self.statements.iter().any(|sql| sql.contains(text))
    }
}

/// When a fault strikes, relative to a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// The client has sent `COMMIT`, and the server never gets it: it will roll back. Only a
    /// `COMMIT` can be caught so early, so these are numbered by themselves.
    Before,
    /// The server has committed, and the client does not know.
    Unheard,
    /// The client has been told.
    Heard,
}

/// What happens at that moment.
pub enum Fault {
    /// The connection is cut on both sides.
    Cut,
    /// All connections are cut, and new ones too, until [`PostgresProxy::restore`].
    GoDown,
    /// This is called, and then the connection is cut: [`crate::Daemon::killer`], for example.
    Call(Box<dyn FnOnce() + Send>),
}

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Cut => "Cut",
            Self::GoDown => "GoDown",
            Self::Call(_) => "Call",
        })
    }
}

/// A proxy in front of one server; dropping it cuts everything.
#[derive(Debug)]
pub struct PostgresProxy {
    url: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What all connections of a proxy share.
struct Shared {
    upstream: Upstream,
    line: watch::Sender<Line>,
    ledger: Mutex<Ledger>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Shared")
            .field("upstream", &self.upstream)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum Upstream {
    Tcp(String, u16),
    Socket(PathBuf),
}

/// The state of the line between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line {
    flow: Flow,
    /// Raised to cut the connections there are.
    cuts: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Up,
    Stalled,
    Down,
}

type Uncounted = Box<dyn Fn(&Commit) -> bool + Send>;

#[derive(Default)]
struct Ledger {
    commits: Vec<Commit>,
    requests: usize,
    faults: Vec<(usize, Moment, Fault)>,
    uncounted: Option<Uncounted>,
    connections: usize,
}

impl PostgresProxy {
    /// Listens on a free port of the loopback interface, in front of the server of that URL.
    ///
    /// # Panics
    ///
    /// Panics when the URL is not one or no port can be had.
    pub async fn start(database_url: &str) -> Self {
        let options: PgConnectOptions = database_url.parse().expect("a database URL");
        let upstream = match options.get_socket() {
            Some(folder) => {
                Upstream::Socket(folder.join(format!(".s.PGSQL.{}", options.get_port())))
            }
            None => Upstream::Tcp(options.get_host().to_owned(), options.get_port()),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port");
        let port = listener
            .local_addr()
            .expect("the port that was bound")
            .port();
        let mut url = options.to_url_lossy();
        url.set_host(Some("127.0.0.1"))
            .expect("an address is a host");
        url.set_port(Some(port)).expect("this scheme has ports");
        url.set_query(Some("sslmode=disable"));
        let (line, _) = watch::channel(Line {
            flow: Flow::Up,
            cuts: 0,
        });
        let shared = Arc::new(Shared {
            upstream,
            line,
            ledger: Mutex::default(),
        });
        let accepting = tokio::spawn(relay::accept(listener, Arc::clone(&shared)));
        Self {
            url: url.into(),
            shared,
            accepting,
        }
    }

    /// How clients reach the same database through the proxy.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The commits so far.
    #[must_use]
    pub fn commits(&self) -> Vec<Commit> {
        self.shared.ledger().commits.clone()
    }

    /// How many `COMMIT`s clients have asked for so far.
    #[must_use]
    pub fn commit_requests(&self) -> usize {
        self.shared.ledger().requests
    }

    /// How many clients are connected.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.ledger().connections
    }

    /// Leaves commits out of the count from now on: the renewal of leases, whose number depends on
    /// time, for example.
    pub fn leave_out(&self, uncounted: impl Fn(&Commit) -> bool + Send + 'static) {
        self.shared.ledger().uncounted = Some(Box::new(uncounted));
    }

    /// Arms a fault for the commit of that number, counted from the proxy's start.
    ///
    /// # Panics
    ///
    /// Panics when that commit is past: the fault would never strike.
    pub fn at_commit(&self, number: usize, moment: Moment, fault: Fault) {
        let mut ledger = self.shared.ledger();
        let past = match moment {
            Moment::Before => ledger.requests,
            Moment::Unheard | Moment::Heard => ledger.commits.len(),
        };
        assert!(number > past, "commit {number} is past: there were {past}");
        ledger.faults.push((number, moment, fault));
    }

    /// Whether every fault that was armed has struck.
    #[must_use]
    pub fn has_struck(&self) -> bool {
        self.shared.ledger().faults.is_empty()
    }

    /// Cuts the connections there are; new ones are served.
    pub fn cut(&self) {
        self.shared.line.send_modify(|line| line.cuts += 1);
    }

    /// Cuts all connections, and new ones as soon as they come.
    pub fn go_down(&self) {
        self.shared.set_flow(Flow::Down);
    }

    /// Keeps all connections open, new ones too, and lets nothing through in either direction.
    pub fn stall(&self) {
        self.shared.set_flow(Flow::Stalled);
    }

    /// Ends what [`PostgresProxy::go_down`] or [`PostgresProxy::stall`] began.
    pub fn restore(&self) {
        self.shared.set_flow(Flow::Up);
    }
}

impl Drop for PostgresProxy {
    fn drop(&mut self) {
        // The connections' tasks belong to it.
        self.accepting.abort();
    }
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // A panicking predicate of one test leaves nothing half done here.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_flow(&self, flow: Flow) {
        self.line.send_modify(|line| line.flow = flow);
    }

    /// Enters a commit; returns the fault that waits for it.
    fn committed(&self, statements: Vec<String>) -> Option<(Moment, Fault)> {
        let mut ledger = self.ledger();
        let number = ledger.commits.len() + 1;
        let commit = Commit { number, statements };
        if ledger
            .uncounted
            .as_ref()
            .is_some_and(|uncounted| uncounted(&commit))
        {
            return None;
        }
        ledger.commits.push(commit);
        ledger.take(number, |moment| moment != Moment::Before)
    }

    /// Enters a request to commit; returns the fault that waits for it.
    fn requested(&self) -> Option<Fault> {
        let mut ledger = self.ledger();
        ledger.requests += 1;
        let number = ledger.requests;
        ledger
            .take(number, |moment| moment == Moment::Before)
            .map(|(_, fault)| fault)
    }

    fn strike(&self, fault: Fault) {
        match fault {
            Fault::Cut => {}
            Fault::GoDown => self.set_flow(Flow::Down),
            Fault::Call(call) => call(),
        }
    }

    /// Waits while the line is stalled.
    async fn until_flowing(&self) -> io::Result<()> {
        let mut line = self.line.subscribe();
        let flows = line.wait_for(|line| line.flow != Flow::Stalled).await;
        match flows.map(|line| line.flow) {
            Ok(Flow::Up) => Ok(()),
            Ok(Flow::Stalled | Flow::Down) | Err(_) => Err(cut()),
        }
    }

    /// Waits until the connection is to be cut.
    async fn until_cut(&self, cuts: u64) -> io::Error {
        let mut line = self.line.subscribe();
        // An error means that the proxy is gone.
        drop(
            line.wait_for(|line| line.flow == Flow::Down || line.cuts > cuts)
                .await,
        );
        cut()
    }
}

impl Ledger {
    fn take(&mut self, number: usize, wanted: impl Fn(Moment) -> bool) -> Option<(Moment, Fault)> {
        let position = self
            .faults
            .iter()
            .position(|(at, moment, _)| *at == number && wanted(*moment))?;
        let (_, moment, fault) = self.faults.swap_remove(position);
        Some((moment, fault))
    }
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "cut by the proxy")
}
