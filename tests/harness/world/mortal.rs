//! Puts a hand between the keeper and its cloud: it can die at a call, and a time-out takes time.

use std::collections::BTreeSet;
use std::fmt;
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

/// When somebody else comes between our reads and our write of a bucket's policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intrusion {
    /// After the look that the plan was made of, before the last look.
    BeforeLastLook,
    /// After the last look, before the write.
    BeforeWrite,
}

/// What an intruder does, once.
struct Deed(Intrusion, Box<dyn FnOnce() + Send>);

impl fmt::Debug for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Deed").field(&self.0).finish_non_exhaustive()
    }
}

/// The hand, kept by the world over all lives of its daemon.
#[derive(Debug, Clone, Default)]
pub(super) struct Hand(Arc<Held>);

#[derive(Debug, Default)]
struct Held {
    calls: AtomicU64,
    deaths: Mutex<Vec<(u64, Death)>>,
    panics: Mutex<BTreeSet<String>>,
    deeds: Mutex<Vec<Deed>>,
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
        lock(&self.0.deaths).is_empty() && lock(&self.0.deeds).is_empty()
    }

    /// Lets every mutating call about an object of that name panic.
    pub(super) fn panic_at(&self, name: &str) {
        lock(&self.0.panics).insert(name.to_owned());
    }

    /// Lets somebody do something, once, the next time that it comes to that.
    pub(super) fn intrude(&self, when: Intrusion, deed: impl FnOnce() + Send + 'static) {
        lock(&self.0.deeds).push(Deed(when, Box::new(deed)));
    }

    fn let_in(&self, when: Intrusion) {
        let mut deeds = lock(&self.0.deeds);
        let position = deeds.iter().position(|deed| deed.0 == when);
        let deed = position.map(|position| deeds.swap_remove(position));
        drop(deeds);
        if let Some(Deed(_, deed)) = deed {
            deed();
        }
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
        let names_buckets = !request.buckets.is_empty();
        if names_buckets && !request.walk && request.stacks.is_empty() {
            self.hand.let_in(Intrusion::BeforeLastLook);
        }
        self.inner.observe(request).await
    }

    async fn apply(&self, action: &Action) -> Result<Applied, ApplyError> {
        let death = self.hand.begin(action);
        if matches!(action, Action::PutBucketPolicy { .. }) {
            self.hand.let_in(Intrusion::BeforeWrite);
        }
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
