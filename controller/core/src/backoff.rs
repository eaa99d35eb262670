//! Delays the next attempt of a call that failed.
//!
//! What failed and what is done next decide the pace ([`ErrorClass`]), not who woke us: a wake is
//! no argument of anything here. Controllers in which every premature wake counts as another
//! failure end up waiting a quarter of an hour for a fault that lasted a second.
//!
//! ```text
//!   call failed ─► after_failure(previous, class, now, jitter) ─► Backoff { attempt, not_before }
//!   any wake    ─► is_due(now)?  no: nothing changes, ask again at not_before
//! ```
//!
//! # Invariants
//!
//! - Asking changes nothing: 100 wakes during a wait leave the attempts where they would have been.
//! - A failure while the wait was not over (somebody tried by hand) neither raises the attempt nor
//!   brings the next one forward.
//! - No wait is longer than [`LONGEST_DELAY`], even when the clock was set back meanwhile.

use chrono::TimeDelta;

use crate::cloud::ErrorClass;
use crate::environment::Timestamp;

/// The longest wait, and the only one of errors that time alone does not cure: a person who has
/// raised a quota or mended a role sees the effect within the time of a coffee, while a thousand
/// broken environments cost less than two calls a second. Editing the row tries at once.
pub const LONGEST_DELAY: TimeDelta = TimeDelta::minutes(10);

/// The first wait of what may pass by itself: AWS's own clients begin at a second, and the state
/// changes we wait for take several.
const FIRST_DELAY: TimeDelta = TimeDelta::seconds(1);

/// The longest wait of what does pass by itself: a fleet takes minutes to start or stop, and a
/// minute's delay after that goes unnoticed. Longer would also starve whoever was throttled most
/// often; how many calls a throttled scope makes is limited by its token buckets, not by this.
const PASSING_DELAY: TimeDelta = TimeDelta::minutes(1);

/// The first wait after an error we do not know. Nothing says that trying again helps, so trying
/// again within seconds is never right.
const UNEXPECTED_DELAY: TimeDelta = TimeDelta::minutes(1);

/// Jitter takes up to a half of a doubling wait, in percent. Environments that failed together,
/// as they do under throttling, spread over a whole interval, and none comes back at once.
const DOUBLING_SPREAD: i64 = 50;

/// Jitter takes up to a tenth of a constant wait, in percent: enough to break step.
const CONSTANT_SPREAD: i64 = 10;

/// Where one failing call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// How many attempts failed in a row; from 1.
    pub attempt: u32,
    /// When the next attempt may be made.
    pub not_before: Timestamp,
}

impl Backoff {
    /// Where a call stands after it failed at `now`. `jitter` is a random number in [0, 1).
    #[must_use]
    pub fn after_failure(
        previous: Option<&Self>,
        class: ErrorClass,
        now: Timestamp,
        jitter: f64,
    ) -> Self {
        let waiting = previous.filter(|previous| !previous.is_due(now));
        let attempt = match (previous, waiting) {
            (None, _) => 1,
            (Some(previous), None) => previous.attempt.saturating_add(1),
            (Some(_), Some(waiting)) => waiting.attempt,
        };
        let next = now
            .checked_add_signed(delay(attempt, class, jitter))
            .unwrap_or(now);
        Self {
            attempt,
            not_before: waiting.map_or(next, |waiting| waiting.not_before.max(next)),
        }
    }

    /// Whether the next attempt may be made.
    ///
    /// A wait that would be longer than any we ask for is over: the clock was set back.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let remaining = self.not_before.signed_duration_since(now);
        remaining <= TimeDelta::zero() || remaining > LONGEST_DELAY
    }
}

/// How long to wait after the `attempt`-th failure in a row. `jitter` is a random number in [0, 1);
/// it only ever shortens the wait.
#[must_use]
pub fn delay(attempt: u32, class: ErrorClass, jitter: f64) -> TimeDelta {
    match class {
        ErrorClass::Throttled | ErrorClass::NotReady => {
            doubling(attempt, FIRST_DELAY, PASSING_DELAY, jitter)
        }
        // What is missing or in the way may go, and an outage may end, but nobody knows when.
        ErrorClass::Gone | ErrorClass::AlreadyThere | ErrorClass::Unknown => {
            doubling(attempt, FIRST_DELAY, LONGEST_DELAY, jitter)
        }
        ErrorClass::Unexpected => doubling(attempt, UNEXPECTED_DELAY, LONGEST_DELAY, jitter),
        ErrorClass::Limit | ErrorClass::Denied | ErrorClass::Invalid => {
            shortened(LONGEST_DELAY, CONSTANT_SPREAD, jitter)
        }
    }
}

fn doubling(attempt: u32, first: TimeDelta, longest: TimeDelta, jitter: f64) -> TimeDelta {
    // 2^10 seconds are above every bound here, so more doublings change nothing.
    let doublings = attempt.saturating_sub(1).min(10);
    let whole = (first * (1 << doublings)).min(longest);
    shortened(whole, DOUBLING_SPREAD, jitter)
}

/// A wait less up to `spread` percent of it.
fn shortened(whole: TimeDelta, spread: i64, jitter: f64) -> TimeDelta {
    // Thousandths are fine enough, and a jitter outside its range does no harm.
    let thousandths = (jitter.clamp(0.0, 1.0) * 1000.0) as i64;
    whole - TimeDelta::milliseconds(whole.num_milliseconds() * spread * thousandths / 100_000)
}

#[cfg(test)]
mod tests;
