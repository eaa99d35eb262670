//! Tells the simulator's time: virtual, set by hand, or real time at a chosen speed.
//!
//! Virtual time makes a fifteen-minute fleet start take no time in a test and the same time in
//! every run. Real time serves the HTTP front, where the client's clock cannot be set; sped up, a
//! demo shows minutes in seconds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// Where virtual time starts unless the configuration says otherwise: a fixed moment, so that two
/// runs agree on every timestamp.
const VIRTUAL_START_SECONDS: i64 = 1_793_491_200;

/// The simulator's clock. Clones share it.
#[derive(Debug, Clone)]
pub struct SimClock {
    reading: Arc<Mutex<Reading>>,
}

#[derive(Debug)]
enum Reading {
    Virtual(DateTime<Utc>),
    Real {
        start: DateTime<Utc>,
        since: Instant,
        scale: f64,
    },
}

impl SimClock {
    /// A clock that moves only by [`set`](Self::set) and [`advance`](Self::advance).
    #[must_use]
    pub fn virtual_from(start: Option<DateTime<Utc>>) -> Self {
        let start = start.unwrap_or_else(|| {
            DateTime::from_timestamp(VIRTUAL_START_SECONDS, 0)
                .expect("a constant within chrono's range")
        });
        Self::with(Reading::Virtual(start))
    }

    /// A clock that runs `scale` times as fast as the wall's.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    pub fn real(start: Option<DateTime<Utc>>, scale: f64) -> Self {
        Self::with(Reading::Real {
            start: start.unwrap_or_else(Utc::now),
            since: Instant::now(),
            scale,
        })
    }

    fn with(reading: Reading) -> Self {
        Self {
            reading: Arc::new(Mutex::new(reading)),
        }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.lock().now()
    }

    /// Moves the time to a moment; a clock in real time goes on from there.
    pub fn set(&self, to: DateTime<Utc>) {
        self.lock().move_to(to);
    }

    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        let mut reading = self.lock();
        let to = after(reading.now(), by);
        reading.move_to(to);
    }

    /// Whether time stands still unless somebody moves it.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        matches!(*self.lock(), Reading::Virtual(_))
    }

    fn lock(&self) -> MutexGuard<'_, Reading> {
        // A reading is valid after every single statement, so a panic elsewhere spoils nothing.
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading {
    fn now(&self) -> DateTime<Utc> {
        match self {
            Self::Virtual(now) => *now,
            Self::Real {
                start,
                since,
                scale,
            } => after(*start, since.elapsed().mul_f64(*scale)),
        }
    }

    fn move_to(&mut self, to: DateTime<Utc>) {
        match self {
            Self::Virtual(now) => *now = to,
            Self::Real { start, since, .. } => {
                *start = to;
                *since = Instant::now();
            }
        }
    }
}

/// A moment later, or the last one that can be told.
pub(crate) fn after(moment: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by)
        .ok()
        .and_then(|by| moment.checked_add_signed(by))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// A moment earlier, or the first one that can be told.
pub(crate) fn before(moment: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by)
        .ok()
        .and_then(|by| moment.checked_sub_signed(by))
        .unwrap_or(DateTime::<Utc>::MIN_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_time_stands_still_until_it_is_moved() {
        let clock = SimClock::virtual_from(None);
        let start = clock.now();
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.now() - start, TimeDelta::seconds(90));
        clock.set(start);
        assert_eq!(clock.now(), start);
    }

    #[test]
    fn real_time_can_be_moved_and_goes_on_from_there() {
        let clock = SimClock::real(None, 1.0);
        let start = clock.now();
        clock.advance(Duration::from_secs(3600));
        assert!(clock.now() - start >= TimeDelta::seconds(3600));
        assert!(!clock.is_virtual());
    }

    #[test]
    fn a_clone_shows_the_same_time() {
        let clock = SimClock::virtual_from(None);
        let other = clock.clone();
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.now(), other.now());
    }
}
