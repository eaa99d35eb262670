//! Windows on the days on which clocks are set, in zones of every kind, and by brute force.

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use super::{Day, TimeOfDay, TimeZone};
use crate::check::is_inside;
use crate::environment::Timestamp;
use crate::spec::DisruptionWindow;

fn window(days: &[&str], start: &str, end: &str, zone: &str) -> DisruptionWindow {
    let window = json!({"days": days, "start": start, "end": end, "timeZone": zone});
    serde_json::from_value(window).unwrap()
}

fn at(moment: &str) -> Timestamp {
    moment.parse().unwrap()
}

/// Asserts that a window that is closed at the first moment opens at the second.
#[track_caller]
fn opens(window: &DisruptionWindow, now: &str, opening: &str) {
    assert!(!window.is_open(at(now)), "{window} is open at {now}");
    assert_eq!(window.next_opening(at(now)), Some(at(opening)), "{window}");
}

/// Asserts that a window is open from the first moment to the second, and not around them.
#[track_caller]
fn is_open_from_to(window: &DisruptionWindow, from: &str, to: &str) {
    let second = TimeDelta::seconds(1);
    let (from, to) = (at(from), at(to));
    assert!(!window.is_open(from - second), "{window} is open too early");
    assert!(window.is_open(from), "{window} opens too late");
    assert!(window.is_open(from + (to - from) / 2), "{window} is shut");
    assert!(window.is_open(to - second), "{window} closes too early");
    assert!(!window.is_open(to), "{window} closes too late");
}

#[test]
fn a_window_past_midnight_belongs_to_the_day_on_which_it_opens() {
    let nights = window(&["SATURDAY", "SUNDAY"], "22:00", "04:00", "Europe/Berlin");
    is_open_from_to(&nights, "2026-11-28T21:00:00Z", "2026-11-29T03:00:00Z");
    is_open_from_to(&nights, "2026-11-29T21:00:00Z", "2026-11-30T03:00:00Z");
    opens(&nights, "2026-11-30T03:00:00Z", "2026-12-05T21:00:00Z");
    assert_eq!(
        nights.local(at("2026-12-05T21:00:00Z")),
        "2026-12-05T22:00:00+01:00"
    );
    assert_eq!(
        nights.to_string(),
        "SATURDAY, SUNDAY 22:00-04:00 Europe/Berlin"
    );
}

#[test]
fn a_window_that_ends_when_it_starts_is_a_whole_day() {
    let day = window(&["SATURDAY"], "00:00", "00:00", "UTC");
    is_open_from_to(&day, "2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z");
    let shifted = window(&["SATURDAY"], "06:00", "06:00", "UTC");
    is_open_from_to(&shifted, "2026-11-28T06:00:00Z", "2026-11-29T06:00:00Z");
}

#[test]
fn an_open_window_opens_now() {
    let night = window(&["SATURDAY"], "22:00", "04:00", "UTC");
    let now = at("2026-11-28T23:30:17Z");
    assert_eq!(night.next_opening(now), Some(now));
}

#[test]
fn an_hour_that_a_day_does_not_have_does_not_open() {
    for (zone, day_before, next) in [
        (
            "Europe/Berlin",
            "2026-03-28T12:00:00Z",
            "2026-04-05T00:00:00Z",
        ),
        (
            "America/New_York",
            "2026-03-07T12:00:00Z",
            "2026-03-15T06:00:00Z",
        ),
    ] {
        let hour = window(&["SUNDAY"], "02:00", "03:00", zone);
        opens(&hour, day_before, next);
    }
    // Half an hour is missing here, and there the hour from a quarter to three on.
    let half = window(&["SUNDAY"], "02:00", "02:30", "Australia/Lord_Howe");
    opens(&half, "2026-10-03T00:00:00Z", "2026-10-10T15:00:00Z");
    let quarter = window(&["SUNDAY"], "02:45", "03:45", "Pacific/Chatham");
    opens(&quarter, "2026-09-26T00:00:00Z", "2026-10-03T13:00:00Z");
    // Samoa had no 30 December 2011.
    let friday = window(&["FRIDAY"], "00:00", "00:00", "Pacific/Apia");
    opens(&friday, "2011-12-27T00:00:00Z", "2012-01-05T10:00:00Z");
}

#[test]
fn a_window_that_begins_in_a_gap_opens_when_the_gap_ends() {
    for (zone, start, from, to) in [
        (
            "Europe/Berlin",
            "02:30",
            "2026-03-29T01:00:00Z",
            "2026-03-29T03:00:00Z",
        ),
        (
            "America/New_York",
            "02:30",
            "2026-03-08T07:00:00Z",
            "2026-03-08T09:00:00Z",
        ),
        (
            "Australia/Lord_Howe",
            "02:15",
            "2026-10-03T15:30:00Z",
            "2026-10-03T18:00:00Z",
        ),
        (
            "Pacific/Chatham",
            "03:00",
            "2026-09-26T14:00:00Z",
            "2026-09-26T15:15:00Z",
        ),
    ] {
        let window = window(&["SUNDAY"], start, "05:00", zone);
        is_open_from_to(&window, from, to);
        let before = at(from) - TimeDelta::hours(9);
        assert_eq!(window.next_opening(before), Some(at(from)), "{zone}");
    }
}

#[test]
fn an_hour_that_a_day_has_twice_is_two_hours_long() {
    for (zone, start, end, from, to) in [
        (
            "Europe/Berlin",
            "02:00",
            "03:00",
            "2026-10-25T00:00:00Z",
            "2026-10-25T02:00:00Z",
        ),
        (
            "America/New_York",
            "01:00",
            "02:00",
            "2026-11-01T05:00:00Z",
            "2026-11-01T07:00:00Z",
        ),
        (
            "Australia/Lord_Howe",
            "01:30",
            "02:00",
            "2026-04-04T14:30:00Z",
            "2026-04-04T15:30:00Z",
        ),
    ] {
        let window = window(&["SUNDAY"], start, end, zone);
        is_open_from_to(&window, from, to);
    }
}

#[test]
fn half_of_an_hour_that_a_day_has_twice_opens_twice() {
    let half = window(&["SUNDAY"], "02:00", "02:30", "Europe/Berlin");
    is_open_from_to(&half, "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z");
    is_open_from_to(&half, "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z");
    opens(&half, "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z");
    // Here it is the clocks alone that open it again: nobody's start is at two.
    let before = window(&["SUNDAY"], "01:30", "02:30", "Europe/Berlin");
    is_open_from_to(&before, "2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z");
    opens(&before, "2026-10-25T00:31:00Z", "2026-10-25T01:00:00Z");
}

#[test]
fn zones_that_set_no_clocks_have_their_half_hours() {
    let kolkata = window(&["SATURDAY"], "22:00", "04:00", "Asia/Kolkata");
    is_open_from_to(&kolkata, "2026-11-28T16:30:00Z", "2026-11-28T22:30:00Z");
    let kathmandu = window(&["MONDAY"], "00:00", "00:45", "Asia/Kathmandu");
    is_open_from_to(&kathmandu, "2026-11-29T18:15:00Z", "2026-11-29T19:00:00Z");
}

#[test]
fn what_is_not_a_time_or_a_zone_is_not_read() {
    for time in ["24:00", "7:00", "07:60", "07:00:00", "", "x"] {
        assert!(time.parse::<TimeOfDay>().is_err(), "{time}");
    }
    for zone in ["Europe/Berln", "europe/berlin", "CEST", "+01:00", ""] {
        assert!(zone.parse::<TimeZone>().is_err(), "{zone}");
    }
    let time: TimeOfDay = "07:05".parse().unwrap();
    assert_eq!(json!(time), json!("07:05"));
    let zone: TimeZone = "Asia/Kolkata".parse().unwrap();
    assert_eq!(json!(zone), json!("Asia/Kolkata"));
}

const ZONES: [&str; 12] = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
];

const DAYS: [&str; 7] = [
    "MONDAY",
    "TUESDAY",
    "WEDNESDAY",
    "THURSDAY",
    "FRIDAY",
    "SATURDAY",
    "SUNDAY",
];

/// Any window.
pub(crate) fn any_window() -> impl Strategy<Value = Value> {
    let time = || (0..24_u32, select(vec![0, 1, 15, 30, 45, 59]));
    let of = |(hour, minute): (u32, u32)| format!("{hour:02}:{minute:02}");
    (
        subsequence(DAYS.to_vec(), 1..=7),
        time(),
        time(),
        select(ZONES.to_vec()),
    )
        .prop_map(move |(days, start, end, zone)| {
            json!({"days": days, "start": of(start), "end": of(end), "timeZone": zone})
        })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        rng_seed: RngSeed::Fixed(20_261_125),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_moment_is_inside_when_what_the_clocks_show_is(
        window in any_window(), moment in 1_500_000_000..2_000_000_000_i64,
    ) {
        let window: DisruptionWindow = serde_json::from_value(window).unwrap();
        let moment = chrono::DateTime::from_timestamp(moment, 0).unwrap();
        // The checker tells it in another way.
        prop_assert_eq!(window.is_open(moment), is_inside(&window, moment));
    }

    #[test]
    fn until_the_next_opening_it_is_shut_and_the_opening_stays_the_same(
        window in any_window(), moment in 1_500_000_000..2_000_000_000_i64, part in 0..1000_i32,
    ) {
        let window: DisruptionWindow = serde_json::from_value(window).unwrap();
        let now = chrono::DateTime::from_timestamp(moment, 0).unwrap();
        let opening = window.next_opening(now).unwrap();
        prop_assert!(opening >= now);
        prop_assert!(window.is_open(opening));
        if opening > now {
            prop_assert!(!window.is_open(opening - TimeDelta::seconds(1)));
            let between = now + (opening - now) * part / 1000;
            prop_assert!(!window.is_open(between));
            prop_assert_eq!(window.next_opening(between), Some(opening));
        }
    }
}

#[test]
fn every_zone_that_is_offered_is_read() {
    let schema = crate::spec::schema::spec_schema();
    let names = schema["$defs"]["TimeZone"]["enum"].as_array().unwrap();
    assert!(names.len() > 400, "{}", names.len());
    for name in names {
        assert!(
            serde_json::from_value::<TimeZone>(name.clone()).is_ok(),
            "{name}"
        );
    }
    for day in DAYS {
        let read: Day = serde_json::from_value(json!(day)).unwrap();
        assert_eq!(read.as_str(), day);
    }
}
