//! Holds what every pass of a scope uses.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use streamkeeper_core::environment::Scope;
use streamkeeper_state::Store;
use tokio_util::sync::CancellationToken;

use super::delta;
use crate::clock::Clock;
use crate::lease::HeldLease;
use crate::metrics::Metrics;

/// What every pass of a scope uses.
#[derive(Debug)]
pub(crate) struct Shared<C> {
    pub(crate) store: Store,
    pub(crate) cloud: C,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lease: HeldLease,
    pub(crate) scope: Scope,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) draining: CancellationToken,
    pub(crate) settings: Settings,
}

/// How a keeper keeps time.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The whole scope is looked at this often.
    pub sweep_interval: Duration,
    /// How often something in flight is looked at.
    pub transition_interval: Duration,
    /// Longest mutating call, time-outs included; no call begins when the lease has less left.
    pub call_timeout: Duration,
}

/// So many transition intervals AWS's answers may lag: a minute by default, the least that other
/// tools allow AppStream to catch up with itself.
const LAG: i32 = 4;

impl Settings {
    /// How long after a change AWS's answers may be from before it. Until then nothing is taken
    /// away, and nothing is taken for gone, on their word.
    pub(crate) fn lag(&self) -> TimeDelta {
        delta(self.transition_interval) * LAG
    }
}
