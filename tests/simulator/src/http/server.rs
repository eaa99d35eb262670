//! Accepts connections, and mistreats them where a fault says so.
//!
//! # Invariants
//!
//! - Nothing waits for ever: a withheld answer ends when the client goes away, when the server
//!   stops, or after [`WITHHOLD_LIMIT`].
//! - A dropped [`Server`] takes its listener and its connections with it.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::dispatch::Front;
use crate::Simulator;

/// Longest time an answer is withheld. Far beyond any client's time-out, so that it is always the
/// client that gives up; it only keeps a forgotten connection from living for ever.
const WITHHOLD_LIMIT: Duration = Duration::from_secs(600);

/// How long a stopping server waits for requests that are being answered.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// Pause after a failed `accept`, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Reply {
    /// It is answered.
    Answer(Response<Full<Bytes>>),
    /// It is never answered, and the connection stays open.
    Withhold,
    /// The connection is torn down (RST).
    Reset,
}

/// A listening simulator. Dropping it closes the listener and every connection.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Serves the simulator at `addr`; port 0 takes any free port.
///
/// # Errors
///
/// Fails when the address cannot be bound.
pub async fn serve(simulator: Simulator, addr: SocketAddr) -> io::Result<Server> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(accept(listener, Arc::new(Front::new(simulator)), stopped));
    Ok(Server { addr, stop, tasks })
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What clients set as `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops accepting, lets requests that are being answered finish, and closes every connection.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "nothing else to wait for when the system has no descriptors left"
)]
async fn accept(listener: TcpListener, front: Arc<Front>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let for_connections = stopped.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let stopped = for_connections.clone();
                    connections.spawn(converse(stream, Arc::clone(&front), stopped));
                }
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = stop_of(&mut stopped) => break,
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    // What is left after that is aborted by dropping the set.
    let _ = tokio::time::timeout(DRAIN_LIMIT, drained).await;
}

async fn converse(stream: TcpStream, front: Arc<Front>, stopped: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(Notify::new());
    let service = service_fn(|request| {
        answer(
            Arc::clone(&front),
            request,
            Arc::clone(&reset),
            stopped.clone(),
        )
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let mut stopping = stopped.clone();
    let mut draining = false;
    loop {
        tokio::select! {
            _ = &mut connection => return,
            () = reset.notified() => break,
            () = stop_of(&mut stopping), if !draining => {
                std::pin::Pin::new(&mut connection).graceful_shutdown();
                draining = true;
            }
        }
    }
    // Closing with zero linger sends RST instead of FIN: the client sees "connection reset".
    let stream = connection.into_parts().io.into_inner();
    let _ = stream.set_zero_linger();
}

async fn answer(
    front: Arc<Front>,
    request: Request<Incoming>,
    reset: Arc<Notify>,
    mut stopped: watch::Receiver<bool>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    match front.answer(request).await {
        Reply::Answer(response) => Ok(response),
        Reply::Withhold => {
            let _ = tokio::time::timeout(WITHHOLD_LIMIT, stop_of(&mut stopped)).await;
            tear_down(&reset).await
        }
        Reply::Reset => tear_down(&reset).await,
    }
}

/// Ends when the server stops, or is gone.
async fn stop_of(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Asks the connection's task to close the socket; that drops this future.
fn tear_down<T>(reset: &Notify) -> impl Future<Output = T> {
    reset.notify_one();
    pending()
}
