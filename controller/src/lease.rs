//! Holds a lease: renews it, and knows by its own clock how long it may still be relied on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use streamkeeper_state::{Lease, Store};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A lease together with the moment until which its holder may rely on it.
///
/// The deadline is counted from before the renewal was sent, by a clock that nobody can set, so it
/// is never later than what the database granted.
#[derive(Debug, Clone)]
pub struct HeldLease {
    lease: Lease,
    deadline: Arc<watch::Sender<Instant>>,
    lost: CancellationToken,
}

impl HeldLease {
    /// A lease that was acquired by a call sent at `asked_at`.
    #[must_use]
    pub fn new(lease: Lease, asked_at: Instant, duration: Duration) -> Self {
        let (deadline, _) = watch::channel(asked_at + duration);
        Self {
            lease,
            deadline: Arc::new(deadline),
            lost: CancellationToken::new(),
        }
    }

    /// What fences every write.
    #[must_use]
    pub const fn fence(&self) -> &Lease {
        &self.lease
    }

    /// How long the lease may still be relied on.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        if self.lost.is_cancelled() {
            return Duration::ZERO;
        }
        self.deadline.borrow().saturating_duration_since(now())
    }

    /// Cancelled when the lease is lost.
    #[must_use]
    pub const fn lost(&self) -> &CancellationToken {
        &self.lost
    }

    /// Gives up on the lease without telling the database.
    pub fn give_up(&self) {
        self.lost.cancel();
    }

    /// Renews the lease until it is lost or `stop` is cancelled.
    ///
    /// A renewal every third of the duration leaves two more tries before it runs out.
    pub async fn renew(&self, store: &Store, duration: Duration, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.lost.cancelled() => return,
                () = tokio::time::sleep(duration / 3) => {}
            }
            let asked_at = now();
            let renewal = store.renew_lease(&self.lease, duration);
            match tokio::time::timeout(duration / 3, renewal).await {
                Ok(Ok(true)) => {
                    self.deadline.send_replace(asked_at + duration);
                }
                Ok(Ok(false)) => {
                    tracing::warn!(scope.id = self.lease.scope_id, "the lease is lost");
                    self.lost.cancel();
                    return;
                }
                Ok(Err(error)) => tracing::debug!(
                    scope.id = self.lease.scope_id,
                    error = %crate::telemetry::Chain(&error),
                    "the lease could not be renewed"
                ),
                Err(_) => {
                    tracing::debug!(
                        scope.id = self.lease.scope_id,
                        "renewing the lease took too long"
                    );
                }
            }
            if self.remaining().is_zero() {
                tracing::warn!(
                    scope.id = self.lease.scope_id,
                    "the lease ran out unrenewed"
                );
                self.lost.cancel();
                return;
            }
        }
    }
}

/// The monotonic clock; deadlines of leases rest on nothing else.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a lease's deadline must not move with the wall clock"
)]
pub fn now() -> Instant {
    Instant::now()
}
