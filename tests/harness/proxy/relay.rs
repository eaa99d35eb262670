//! Carries messages between clients and the server, and strikes where it was told to.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinSet;

use super::session::{Received, Session};
use super::wire::{read_tagged, read_untagged};
use super::{Moment, Shared, Upstream, cut};

/// Serves clients until the proxy is dropped, whose task this is.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
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
