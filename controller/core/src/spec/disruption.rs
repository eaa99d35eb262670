//! Describes what may be done to the people on a fleet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What may be done to the people on a fleet for a change that needs it stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Disruption {
    /// When a running fleet may be stopped.
    #[serde(default)]
    pub policy: DisruptionPolicy,
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
