//! Delays by class, and what must not disturb them.

use chrono::DateTime;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

use super::*;

const CLASSES: [ErrorClass; 9] = [
    ErrorClass::Throttled,
    ErrorClass::NotReady,
    ErrorClass::Gone,
    ErrorClass::AlreadyThere,
    ErrorClass::Limit,
    ErrorClass::Denied,
    ErrorClass::Invalid,
    ErrorClass::Unknown,
    ErrorClass::Unexpected,
];

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn seconds(class: ErrorClass, jitter: f64, attempts: std::ops::RangeInclusive<u32>) -> Vec<i64> {
    attempts
        .map(|attempt| delay(attempt, class, jitter).num_seconds())
        .collect()
}

#[test]
fn what_passes_by_itself_doubles_to_a_minute() {
    for class in [ErrorClass::Throttled, ErrorClass::NotReady] {
        assert_eq!(seconds(class, 0.0, 1..=9), [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }
}

#[test]
fn what_may_pass_doubles_to_ten_minutes() {
    for class in [
        ErrorClass::Gone,
        ErrorClass::AlreadyThere,
        ErrorClass::Unknown,
    ] {
        let expected = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600];
        assert_eq!(seconds(class, 0.0, 1..=12), expected);
    }
}

#[test]
fn an_unexpected_error_is_never_retried_tightly() {
    assert_eq!(
        seconds(ErrorClass::Unexpected, 0.0, 1..=5),
        [60, 120, 240, 480, 600]
    );
    assert!(delay(1, ErrorClass::Unexpected, 0.999) >= TimeDelta::seconds(30));
}

#[test]
fn what_needs_a_person_waits_ten_minutes_each_time() {
    for class in [ErrorClass::Limit, ErrorClass::Denied, ErrorClass::Invalid] {
        assert_eq!(seconds(class, 0.0, 1..=3), [600; 3]);
        assert_eq!(seconds(class, 0.5, 1..=3), [570; 3]);
    }
}

#[test]
fn jitter_takes_up_to_half_of_a_doubling_wait() {
    assert_eq!(delay(5, ErrorClass::Throttled, 0.0), TimeDelta::seconds(16));
    assert_eq!(delay(5, ErrorClass::Throttled, 0.5), TimeDelta::seconds(12));
    assert_eq!(delay(5, ErrorClass::Throttled, 1.0), TimeDelta::seconds(8));
}

#[test]
fn a_jitter_outside_its_range_does_no_harm() {
    for jitter in [-1.0, 2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let delay = delay(5, ErrorClass::Throttled, jitter);
        assert!(
            TimeDelta::seconds(8) <= delay && delay <= TimeDelta::seconds(16),
            "{jitter}"
        );
    }
}

#[test]
fn each_failure_in_a_row_waits_longer_and_the_first_after_success_begins_anew() {
    let first = Backoff::after_failure(None, ErrorClass::Throttled, at(0), 0.0);
    assert_eq!(
        first,
        Backoff {
            attempt: 1,
            not_before: at(1)
        }
    );
    let second = Backoff::after_failure(Some(&first), ErrorClass::Throttled, at(1), 0.0);
    assert_eq!(
        second,
        Backoff {
            attempt: 2,
            not_before: at(3)
        }
    );
    // A success is the caller's forgetting: there is no previous any more.
    assert_eq!(
        Backoff::after_failure(None, ErrorClass::Throttled, at(3), 0.0).attempt,
        1
    );
}

#[test]
fn a_wait_is_over_at_its_very_end_and_not_before() {
    let backoff = Backoff {
        attempt: 3,
        not_before: at(4),
    };
    assert!(!backoff.is_due(at(0)));
    assert!(!backoff.is_due(at(4) - TimeDelta::nanoseconds(1)));
    assert!(backoff.is_due(at(4)));
    assert!(backoff.is_due(at(5)));
}

#[test]
fn a_failure_before_the_wait_was_over_neither_counts_nor_hastens() {
    let waiting = Backoff {
        attempt: 6,
        not_before: at(32),
    };
    let early = Backoff::after_failure(Some(&waiting), ErrorClass::Throttled, at(31), 0.0);
    assert_eq!(
        early,
        Backoff {
            attempt: 6,
            not_before: at(63)
        }
    );
    // One of another class, whose wait ends earlier, leaves the first one's end.
    let waiting = Backoff {
        attempt: 1,
        not_before: at(600),
    };
    let early = Backoff::after_failure(Some(&waiting), ErrorClass::Throttled, at(10), 0.0);
    assert_eq!(early, waiting);
}

#[test]
fn a_clock_set_back_does_not_prolong_a_wait() {
    let backoff = Backoff::after_failure(None, ErrorClass::Denied, at(0), 0.0);
    for (set_back, due) in [(0, false), (1, true), (3_600, true), (86_400, true)] {
        assert_eq!(backoff.is_due(at(-set_back)), due, "{set_back} s");
    }
    let far = Backoff {
        attempt: 4,
        not_before: at(31_536_000),
    };
    let next = Backoff::after_failure(Some(&far), ErrorClass::Throttled, at(0), 0.0);
    assert_eq!(
        next,
        Backoff {
            attempt: 5,
            not_before: at(16)
        }
    );
}

#[test]
fn extremes_do_not_overflow() {
    let last = Backoff {
        attempt: u32::MAX,
        not_before: Timestamp::MIN_UTC,
    };
    let next = Backoff::after_failure(Some(&last), ErrorClass::Unknown, Timestamp::MAX_UTC, 0.0);
    assert_eq!(
        next,
        Backoff {
            attempt: u32::MAX,
            not_before: Timestamp::MAX_UTC
        }
    );
    assert!(last.is_due(Timestamp::MAX_UTC));
    assert_eq!(delay(0, ErrorClass::Throttled, 0.0), TimeDelta::seconds(1));
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(20_260_923), ..ProptestConfig::default() })]

    #[test]
    fn noise_during_a_wait_changes_no_attempt(
        class in select(&CLASSES[..]),
        jitters in proptest::collection::vec(0.0..1.0_f64, 1..12),
        mut noise in proptest::collection::vec(0..3_600_000_i64, 0..200),
    ) {
        noise.sort_unstable();
        // The call is made at the first wake that finds it due, and fails every time.
        let attempts = |noise: &[i64]| {
            let mut wakes = noise.iter().map(|wake| at(0) + TimeDelta::milliseconds(*wake)).peekable();
            let mut made = vec![at(0)];
            let mut state = Backoff::after_failure(None, class, at(0), jitters[0]);
            for jitter in &jitters[1..] {
                let now = loop {
                    let own = state.not_before;
                    let wake = wakes.next_if(|wake| *wake < own).unwrap_or(own);
                    if state.is_due(wake) {
                        break wake;
                    }
                };
                made.push(now);
                state = Backoff::after_failure(Some(&state), class, now, *jitter);
            }
            made
        };
        prop_assert_eq!(attempts(&noise), attempts(&[]));
    }

    #[test]
    fn every_wait_is_bounded_and_grows_with_the_attempt(
        class in select(&CLASSES[..]), attempt in 1..u32::MAX, jitter in 0.0..1.0_f64,
    ) {
        let wait = delay(attempt, class, jitter);
        prop_assert!(TimeDelta::milliseconds(500) <= wait && wait <= LONGEST_DELAY);
        prop_assert!(wait <= delay(attempt, class, 0.0));
        prop_assert!(delay(attempt, class, jitter) <= delay(attempt + 1, class, jitter));
    }
}
