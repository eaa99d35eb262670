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
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use self::session::{Received, Session};
use self::wire::{read_tagged, read_untagged};

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
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
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

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let cuts = shared.line.borrow().cuts;
            shared.ledger().connections += 1;
            // Ends of both kinds, either side's and ours, close both sides; the reason is known.
            tokio::select! {
                _ended = serve(client, &shared) => {}
                _cut = shared.until_cut(cuts) => {}
            }
            shared.ledger().connections -= 1;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Serves one client until either side ends or a fault strikes.
async fn serve(client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    match &shared.upstream {
        Upstream::Tcp(host, port) => {
            shared.until_flowing().await?;
            let server = TcpStream::connect((host.as_str(), *port)).await?;
            server.set_nodelay(true)?;
            let (from_server, to_server) = server.into_split();
            relay(from_client, to_client, from_server, to_server, shared).await
        }
        Upstream::Socket(path) => {
            shared.until_flowing().await?;
            let (from_server, to_server) = UnixStream::connect(path).await?.into_split();
            relay(from_client, to_client, from_server, to_server, shared).await
        }
    }
}

async fn relay(
    from_client: impl AsyncRead + Unpin,
    mut to_client: impl AsyncWrite + Unpin,
    from_server: impl AsyncRead + Unpin,
    mut to_server: impl AsyncWrite + Unpin,
    shared: &Shared,
) -> io::Result<()> {
    let mut from_client = BufReader::new(from_client);
    loop {
        let Some(first) = read_untagged(&mut from_client).await? else {
            return Ok(());
        };
        shared.until_flowing().await?;
        if !first.asks_for_encryption() {
            to_server.write_all(&first.bytes).await?;
            break;
        }
        to_client.write_all(b"N").await?;
    }
    let session = Mutex::new(Session::default());
    tokio::select! {
        ended = upwards(from_client, to_server, &session, shared) => ended,
        ended = downwards(BufReader::new(from_server), to_client, &session, shared) => ended,
    }
}

async fn upwards(
    mut from_client: impl AsyncRead + Unpin,
    mut to_server: impl AsyncWrite + Unpin,
    session: &Mutex<Session>,
    shared: &Shared,
) -> io::Result<()> {
    while let Some(message) = read_tagged(&mut from_client).await? {
        shared.until_flowing().await?;
        let requests = lock(session).sent(&message);
        if requests && let Some(fault) = shared.requested() {
            shared.strike(fault);
            return Err(cut());
        }
        to_server.write_all(&message.bytes).await?;
    }
    Ok(())
}

async fn downwards(
    mut from_server: impl AsyncRead + Unpin,
    mut to_client: impl AsyncWrite + Unpin,
    session: &Mutex<Session>,
    shared: &Shared,
) -> io::Result<()> {
    let mut due = None;
    while let Some(message) = read_tagged(&mut from_server).await? {
        let received = lock(session).received(message);
        let (struck, messages) = match received {
            Received::Forward(messages) => (None, messages),
            Received::Committed(statements, messages) => (shared.committed(statements), messages),
        };
        match struck {
            Some((Moment::Heard, fault)) => due = Some(fault),
            Some((Moment::Before | Moment::Unheard, fault)) => {
                shared.strike(fault);
                return Err(cut());
            }
            None => {}
        }
        shared.until_flowing().await?;
        for message in &messages {
            to_client.write_all(&message.bytes).await?;
        }
        // Clients wait for "ready" after "COMMIT" before they believe it.
        let is_told = messages.last().is_some_and(|last| last.tag == Some(b'Z'));
        if is_told && let Some(fault) = due.take() {
            to_client.flush().await?;
            shared.strike(fault);
            return Err(cut());
        }
    }
    Ok(())
}

fn lock(session: &Mutex<Session>) -> MutexGuard<'_, Session> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}
