//! Describes what may be done to the people on a fleet.

use std::collections::BTreeSet;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::field::value_or_missing;
use super::schema;
use crate::window::{Day, TimeOfDay, TimeZone};

/// What may be done to the people on a fleet for a change that needs it stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Disruption {
    /// When a running fleet may be stopped.
    #[serde(default)]
    pub policy: DisruptionPolicy,
    /// The only hours of the week in which it may be stopped.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "DisruptionWindow")]
    pub window: Option<DisruptionWindow>,
    /// Whether instances of a multi-session fleet take nobody else while people on them are waited
    /// for. It cannot be taken back: such an instance is replaced when its last session ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drain: bool,
    /// Whether fleet and stack may be deleted for what AWS cannot change on them, and when the row
    /// leaves them out or names others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_replacement: bool,
}

impl Disruption {
    /// Whether this is the default, which is not written out.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// When a running fleet may be stopped for a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DisruptionPolicy {
    /// When no session is left on any of its stacks; a disconnected session counts.
    #[default]
    WhenIdle,
    /// Whoever is on it: their sessions end.
    Always,
    /// Not at all: what needs a stop waits until somebody else stops the fleet.
    Never,
}

/// Hours that come every week, by the clocks of one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DisruptionWindow {
    /// The days on which it opens.
    #[schemars(schema_with = "days")]
    pub days: BTreeSet<Day>,
    /// When it opens, as `22:00`.
    pub start: TimeOfDay,
    /// When it closes: on the next day where this is not after `start`.
    pub end: TimeOfDay,
    /// Whose clocks: a name of the IANA time zone database, such as `Europe/Berlin`.
    pub time_zone: TimeZone,
}

fn days(generator: &mut SchemaGenerator) -> Schema {
    schema::list_of(&generator.subschema_for::<Day>(), 1, 7)
}
