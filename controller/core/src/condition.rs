//! Names what holds now, in kstatus's vocabulary.

use serde::{Deserialize, Serialize};

/// One condition of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Which.
    pub condition_type: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, in `PascalCase`, to be searched for and alerted on.
    pub reason: String,
    /// For people.
    pub message: String,
}

/// Which condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ConditionType {
    /// Everything matches.
    Ready,
    /// In progress or waiting.
    Reconciling,
    /// Needs a human.
    Stalled,
    /// No differences.
    Synced,
    /// Neither looked at nor touched.
    Paused,
    /// Somebody else owns an object of that name.
    Conflict,
    /// Somebody else keeps writing the same path.
    Contested,
}

impl ConditionType {
    /// Every condition, in the order they are shown.
    pub const ALL: [Self; 7] = [
        Self::Ready,
        Self::Reconciling,
        Self::Stalled,
        Self::Synced,
        Self::Paused,
        Self::Conflict,
        Self::Contested,
    ];

    /// The condition's name in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::Synced => "Synced",
            Self::Paused => "Paused",
            Self::Conflict => "Conflict",
            Self::Contested => "Contested",
        }
    }
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Nobody knows.
    Unknown,
}

impl ConditionStatus {
    /// The status's name in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}
