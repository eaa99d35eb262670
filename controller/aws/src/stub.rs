//! Plays a server that fails in the ways networks do, for tests of what we make of it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A listener on a free port that plays one part for every connection.
pub(crate) struct Stub {
    pub(crate) url: String,
    requests: Arc<AtomicUsize>,
}

impl Stub {
    /// Reads each request to its end, counts it, and lets `answer` have the connection.
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    pub(crate) async fn new<F>(answer: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                read_request(&mut stream).await;
                seen.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(stream));
            }
        });
        Self { url, requests }
    }

    /// Answers everything with these bytes and closes.
    pub(crate) async fn answering(bytes: &'static str) -> Self {
        Self::new(move |mut stream| async move {
            stream.write_all(bytes.as_bytes()).await.unwrap();
        })
        .await
    }

    /// Reads everything and closes without a word.
    pub(crate) async fn hanging_up() -> Self {
        Self::new(|stream| async move { drop(stream) }).await
    }

    /// Reads everything and never answers.
    pub(crate) async fn silent() -> Self {
        Self::new(|stream| async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
        .await
    }

    /// How many requests arrived.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Reads one request to its end, or to the connection's.
pub(crate) async fn read_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !is_complete(&request) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
    }
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some(head) = text.find("\r\n\r\n") else {
        return false;
    };
    let length = text[..head]
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |length| length.trim().parse().unwrap());
    // Of the bytes, not of the lossy text.
    let body = request
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map_or(0, |head| request.len() - head - 4);
    body >= length
}
