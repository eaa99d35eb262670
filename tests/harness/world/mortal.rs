//! Puts a hand between the keeper and its cloud: it can die at a call, and a time-out takes time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use streamkeeper_core::action::Action;
use streamkeeper_core::cloud::{Applied, ApplyError, Cloud, Identity, ObserveRequest};
use streamkeeper_core::observed::ObservedWorld;
use streamkeeper_simulator::{SimClock, SimulatedCloud};
use tokio::sync::Notify;

/// When a daemon dies, relative to a mutating call. Its intent is committed and open either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// The call is never made.
    BeforeCall,
    /// The call is made and its answer never read.
    AfterCall,
}

/// The hand, kept by the world over all lives of its daemon.
#[derive(Debug, Clone, Default)]
pub(super) struct Hand(Arc<Held>);

#[derive(Debug, Default)]
struct Held {
    calls: AtomicU64,
    deaths: Mutex<Vec<(u64, Death)>>,
    panics: Mutex<BTreeSet<String>>,
    dead: Notify,
}

impl Hand {
    /// Lets the daemon die at the n-th mutating call from now on, counted from 1.
    pub(super) fn kill_at(&self, nth: u64, death: Death) {
        let number = self.0.calls.load(Ordering::SeqCst) + nth;
        lock(&self.0.deaths).push((number, death));
    }

    /// Kills the daemon now.
    pub(super) fn kill(&self) {
        self.0.dead.notify_one();
    }

    /// Resolves once for each death.
    pub(super) async fn died(&self) {
        self.0.dead.notified().await;
    }

    /// Whether every planned death was died.
    pub(super) fn is_spent(&self) -> bool {
        lock(&self.0.deaths).is_empty()
    }

    /// Lets every mutating call about an object of that name panic.
    pub(super) fn panic_at(&self, name: &str) {
        lock(&self.0.panics).insert(name.to_owned());
    }

    fn begin(&self, action: &Action) -> Option<Death> {
        let name = action.object().name;
        let panics = lock(&self.0.panics).contains(&name);
        assert!(!panics, "a test asked for a panic at {action}");
        let number = self.0.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let mut deaths = lock(&self.0.deaths);
        let position = deaths.iter().position(|(at, _)| *at == number)?;
        Some(deaths.swap_remove(position).1)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The simulated AWS of a daemon that can die.
#[derive(Debug)]
pub(super) struct MortalCloud {
    pub(super) inner: SimulatedCloud,
    pub(super) hand: Hand,
    pub(super) clock: SimClock,
    /// How long a call without an answer takes.
    pub(super) call_timeout: Duration,
}

impl Cloud for MortalCloud {
    async fn identity(&self) -> Result<Identity, ApplyError> {
        self.inner.identity().await
    }

    async fn observe(&self, request: &ObserveRequest) -> ObservedWorld {
        self.inner.observe(request).await
    }

    async fn apply(&self, action: &Action) -> Result<Applied, ApplyError> {
        let death = self.hand.begin(action);
        if death == Some(Death::BeforeCall) {
            self.hand.kill();
            std::future::pending::<()>().await;
        }
        let applied = self.inner.apply(action).await;
        if death == Some(Death::AfterCall) {
            self.hand.kill();
            std::future::pending::<()>().await;
        }
        if applied.as_ref().is_err_and(|error| error.code == "Timeout") {
            self.clock.advance(self.call_timeout);
        }
        applied
    }
}
