//! Tells when a weekly window is open, by the clocks of its time zone.
//!
//! A moment is inside when what the clocks of the place show at that moment is inside. Every moment
//! shows one time, so this holds on the days on which clocks are set, too:
//!
//! ```text
//!   02:00-03:00 on the day that has no such hour    does not open
//!   02:30-05:00 on that day                         opens at 03:00, when the gap ends
//!   02:00-03:00 on the day that has it twice        opens twice, or is two hours long
//! ```

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{
    DateTime, Datelike, MappedLocalTime, NaiveDateTime, NaiveTime, Offset, TimeDelta,
    TimeZone as _, Timelike, Weekday,
};
use chrono_tz::Tz;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::environment::Timestamp;
use crate::spec::DisruptionWindow;

/// How far ahead an opening is looked for: a weekly window that a gap swallows once opens within
/// two weeks.
const HORIZON: TimeDelta = TimeDelta::days(15);

/// Clocks are not set twice within so long, so looking at both ends finds every time they are.
const PROBE: TimeDelta = TimeDelta::hours(6);

impl DisruptionWindow {
    /// Whether a moment is inside.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let shown = self.shown(at);
        let time = TimeOfDay::of(shown.time());
        let today = Day::of(shown.weekday());
        if self.start < self.end {
            return self.days.contains(&today) && self.start <= time && time < self.end;
        }
        let yesterday = Day::of(shown.weekday().pred());
        (self.days.contains(&today) && self.start <= time)
            || (self.days.contains(&yesterday) && time < self.end)
    }

    /// The first moment from `now` on that is inside, to the second; the same one for every `now`
    /// until then. `None` where there is none within two weeks.
    #[must_use]
    pub fn next_opening(&self, now: Timestamp) -> Option<Timestamp> {
        if self.is_open(now) {
            return Some(now);
        }
        let mut candidates = self.starts(now);
        candidates.extend(self.clock_changes(now));
        candidates
            .into_iter()
            .find(|candidate| *candidate > now && self.is_open(*candidate))
    }

    /// A moment as the clocks of the place show it, with their distance from UTC.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> String {
        at.with_timezone(&self.time_zone.0)
            .format("%Y-%m-%dT%H:%M:%S%:z")
            .to_string()
    }

    /// What the clocks of the place show.
    pub(crate) fn shown(&self, at: Timestamp) -> NaiveDateTime {
        at.with_timezone(&self.time_zone.0).naive_local()
    }

    /// Moments at which the clocks show the start on one of the days.
    fn starts(&self, now: Timestamp) -> BTreeSet<Timestamp> {
        let today = self.shown(now).date();
        let last = self.shown(now + HORIZON).date();
        today
            .iter_days()
            .take_while(|date| *date <= last)
            .filter(|date| self.days.contains(&Day::of(date.weekday())))
            .flat_map(|date| {
                let local = date.and_time(self.start.time());
                match self.time_zone.0.from_local_datetime(&local) {
                    MappedLocalTime::Single(at) => vec![at],
                    MappedLocalTime::Ambiguous(first, second) => vec![first, second],
                    MappedLocalTime::None => Vec::new(),
                }
            })
            .map(|at| at.to_utc())
            .collect()
    }

    /// Moments at which the clocks of the place are set.
    fn clock_changes(&self, now: Timestamp) -> Vec<Timestamp> {
        let mut changes = Vec::new();
        let mut from = now;
        while from < now + HORIZON {
            let mut before = from;
            let mut after = from + PROBE;
            from = after;
            let old = self.distance(before);
            if old == self.distance(after) {
                continue;
            }
            while after - before > TimeDelta::seconds(1) {
                let middle = before + (after - before) / 2;
                if self.distance(middle) == old {
                    before = middle;
                } else {
                    after = middle;
                }
            }
            let whole = DateTime::from_timestamp(after.timestamp(), 0);
            changes.extend(whole);
        }
        changes
    }

    /// Seconds between the clocks of the place and UTC.
    fn distance(&self, at: Timestamp) -> i32 {
        let offset = self.time_zone.0.offset_from_utc_datetime(&at.naive_utc());
        offset.fix().local_minus_utc()
    }
}

impl fmt::Display for DisruptionWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<&str> = self.days.iter().map(|day| day.as_str()).collect();
        let Self {
            start,
            end,
            time_zone,
            ..
        } = self;
        write!(f, "{} {start}-{end} {time_zone}", days.join(", "))
    }
}

/// A day of the week.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "days need no words")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Day {
    const fn of(day: Weekday) -> Self {
        match day {
            Weekday::Mon => Self::Monday,
            Weekday::Tue => Self::Tuesday,
            Weekday::Wed => Self::Wednesday,
            Weekday::Thu => Self::Thursday,
            Weekday::Fri => Self::Friday,
            Weekday::Sat => Self::Saturday,
            Weekday::Sun => Self::Sunday,
        }
    }

    /// The day as rows name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "MONDAY",
            Self::Tuesday => "TUESDAY",
            Self::Wednesday => "WEDNESDAY",
            Self::Thursday => "THURSDAY",
            Self::Friday => "FRIDAY",
            Self::Saturday => "SATURDAY",
            Self::Sunday => "SUNDAY",
        }
    }
}

/// A time of day to the minute, written `22:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay {
    hour: u32,
    minute: u32,
}

impl TimeOfDay {
    fn of(time: NaiveTime) -> Self {
        Self {
            hour: time.hour(),
            minute: time.minute(),
        }
    }

    fn time(self) -> NaiveTime {
        NaiveTime::from_hms_opt(self.hour, self.minute, 0).expect("it was a time of day before")
    }

    /// Minutes since midnight.
    pub(crate) const fn minutes(self) -> u32 {
        self.hour * 60 + self.minute
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = text.len() == 5;
        let parsed = NaiveTime::parse_from_str(text, "%H:%M").ok();
        parsed
            .filter(|_| shape)
            .map(Self::of)
            .ok_or_else(|| format!("{text:?} is not a time of day such as 22:00"))
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse(deserializer)
    }
}

impl JsonSchema for TimeOfDay {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TimeOfDay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"})
    }
}

/// A place's clocks: a name of the IANA time zone database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeZone(Tz);

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl FromStr for TimeZone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .map(Self)
            .map_err(|_| format!("{text:?} is not a name of the IANA time zone database"))
    }
}

impl Serialize for TimeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse(deserializer)
    }
}

impl JsonSchema for TimeZone {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TimeZone".into()
    }

    // All names, so that PostgreSQL refuses what the daemon could not read.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = chrono_tz::TZ_VARIANTS
            .iter()
            .map(|zone| zone.name())
            .collect();
        json_schema!({"type": "string", "enum": names})
    }
}

fn parse<'de, D: Deserializer<'de>, T: FromStr<Err = String>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
pub(crate) mod tests;
