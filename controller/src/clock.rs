//! Tells the time and throws the dice: the only place that reads a clock or a source of chance.

use std::time::Instant;

use chrono::{TimeDelta, Utc};
use streamkeeper_core::environment::Timestamp;

/// Time and chance, as parameters.
pub trait Clock: std::fmt::Debug + Send + Sync + 'static {
    /// The time. Never goes backwards.
    fn now(&self) -> Timestamp;

    /// A number in `[0, 1)` that differs between daemons and between calls.
    fn jitter(&self) -> f64;
}

/// The machine's clock at the start, counted on by its monotonic clock: somebody setting the
/// machine's time moves no deadline.
#[derive(Debug)]
pub struct SystemClock {
    started_at: Timestamp,
    started: Instant,
}

impl SystemClock {
    /// Starts counting.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    pub fn new() -> Self {
        Self {
            started_at: Utc::now(),
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let elapsed = TimeDelta::from_std(self.started.elapsed()).unwrap_or(TimeDelta::MAX);
        self.started_at
            .checked_add_signed(elapsed)
            .unwrap_or(self.started_at)
    }

    fn jitter(&self) -> f64 {
        let [a, b, c, d, ..] = *uuid::Uuid::new_v4().as_bytes();
        f64::from(u32::from_be_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
    }
}
