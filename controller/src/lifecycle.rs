//! Starts and stops: a first signal drains, a second one or a deadline aborts.
//!
//! # Guarantees
//!
//! - After the first signal no new pass and no new AWS call begins; the call under way finishes and
//!   its outcome is recorded.
//! - Every long-lived task is awaited. One that ends before anybody asked ends the process with a
//!   failure: a supervisor starts it again, and a pass is idempotent.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a drain may take: an AWS call's time-out (10 s) and a record (5 s), and half as much
/// again. It fits into Kubernetes' default grace period of 30 s.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(22);

/// The daemon's two tokens and its tasks.
#[derive(Debug, Clone)]
pub struct Lifecycle {
    drain: CancellationToken,
    abort: CancellationToken,
    tasks: TaskTracker,
    failed: Arc<AtomicBool>,
}

impl Lifecycle {
    /// A life that has just begun.
    #[must_use]
    pub fn new() -> Self {
        let abort = CancellationToken::new();
        Self {
            drain: abort.child_token(),
            abort,
            tasks: TaskTracker::new(),
            failed: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Cancelled when nothing new may begin.
    #[must_use]
    pub const fn draining(&self) -> &CancellationToken {
        &self.drain
    }

    /// Asks everything to end.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Runs a long-lived task; if it ends or panics before a drain, the process ends.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where tasks are spawned and tracked"
    )]
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let life = self.clone();
        self.tasks.spawn(async move {
            let abort = life.abort.clone();
            let inner = tokio::spawn(async move {
                tokio::select! {
                    () = abort.cancelled() => {}
                    () = task => {}
                }
            });
            let result = inner.await;
            if !life.drain.is_cancelled() {
                let panicked = result.is_err();
                tracing::error!(task = name, panicked, "a task ended before anybody asked");
                life.failed.store(true, Ordering::SeqCst);
                life.drain();
            }
        });
    }

    /// Runs a task that may end whenever it is done, as a keeper that gave its scope back.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where tasks are spawned and tracked"
    )]
    pub fn spawn_finite<F>(&self, task: F) -> tokio::task::JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let abort = self.abort.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = abort.cancelled() => {}
                () = task => {}
            }
        })
    }

    /// Waits for a signal or a failed task, then for the tasks; whether all went well.
    ///
    /// # Errors
    ///
    /// Fails when signals cannot be listened for.
    pub async fn run(&self) -> std::io::Result<bool> {
        let mut signals = Signals::listen()?;
        tokio::select! {
            name = signals.next() => {
                tracing::info!(signal = name, "stopping: the call under way finishes first");
                self.drain();
            }
            () = self.drain.cancelled() => {}
        }
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => {}
            name = signals.next() => {
                tracing::warn!(signal = name, "stopping at once");
                self.failed.store(true, Ordering::SeqCst);
            }
            () = tokio::time::sleep(DRAIN_TIMEOUT) => {
                tracing::warn!("stopping at once: the drain took too long");
                self.failed.store(true, Ordering::SeqCst);
            }
        }
        self.abort.cancel();
        self.tasks.wait().await;
        Ok(!self.failed.load(Ordering::SeqCst))
    }

    /// Drains and waits, without listening for signals: for a daemon inside another program.
    pub async fn stop(&self) {
        self.drain();
        self.tasks.close();
        if tokio::time::timeout(DRAIN_TIMEOUT, self.tasks.wait())
            .await
            .is_err()
        {
            self.abort.cancel();
            self.tasks.wait().await;
        }
    }
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self::new()
    }
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        // Both arms are cancel-safe: a signal that is not taken now is taken next time.
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
