//! Holds what AWS said, and keeps "not there" apart from "not seen".
//!
//! # Invariants
//!
//! - [`Observed::Absent`] is knowledge: AWS answered "not found" when asked for that very name.
//! - A list that does not contain a name proves nothing; [`Inventory::get`] then says Unknown.
//! - Unknown creates nothing and deletes nothing.

mod bucket;
mod instance;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::bucket::{BucketEncryption, ObjectOwnership, ObservedBucket};
pub use self::instance::OccupiedInstance;
use crate::access::AccessWorld;
use crate::advice::{self, Advice};
use crate::environment::Timestamp;
use crate::seen_clusters::ClusterWorld;
use crate::settings::{FleetSettings, StackSettings};

/// What we know of one thing in the cloud. Absence is knowledge; silence is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observed<T> {
    /// It is there, and looks like this.
    Present(T),
    /// It is not there: AWS said so when asked for it by name.
    Absent,
    /// We do not know, and why.
    Unknown(String),
}

impl<T> Observed<T> {
    /// The thing, if it is known to be there.
    pub const fn present(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// Whether it is known not to be there.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether we know neither.
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}

/// Everything one look at a scope brought back.
#[derive(Debug, Clone, Default)]
pub struct ObservedWorld {
    /// When the look began, by the caller's clock.
    pub observed_at: Timestamp,
    /// Fleets by name.
    pub fleets: Inventory<ObservedFleet>,
    /// Stacks by name.
    pub stacks: Inventory<ObservedStack>,
    /// Fleets associated with a stack, by stack name, for the stacks that were asked for.
    pub associations: BTreeMap<String, Observed<BTreeSet<String>>>,
    /// Stacks associated with a fleet, by fleet name, for the fleets that were asked for.
    pub fleet_stacks: BTreeMap<String, Observed<BTreeSet<String>>>,
    /// Buckets by `home` or name, for those that were asked for.
    pub buckets: BTreeMap<String, Observed<ObservedBucket>>,
    /// Sessions that are not EXPIRED, by fleet name, over every stack associated with it.
    pub sessions: BTreeMap<String, Observed<u32>>,
    /// Instances that those sessions are on, by fleet name and by their id. A session that AWS
    /// names no instance of is on none.
    pub instances: BTreeMap<String, Observed<BTreeMap<String, OccupiedInstance>>>,
    /// Who may use what.
    pub access: AccessWorld,
    /// What scales a fleet, by fleet name, for those that were asked for.
    pub scaling: BTreeMap<String, Observed<Scaling>>,
    /// ParallelCluster clusters.
    pub clusters: ClusterWorld,
    /// Unique ids of roles and users, by ARN, for those that were asked for.
    pub principals: BTreeMap<String, Observed<String>>,
    /// Images by name, for those that were asked for.
    pub images: BTreeMap<String, Observed<ObservedImage>>,
    /// AWS read calls this look took, by operation.
    pub calls: BTreeMap<String, u64>,
}

/// An image, as far as it matters to whoever wants a fleet on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedImage {
    /// Its state, in AWS's word: `AVAILABLE`, `PENDING`, `FAILED`, …
    pub state: String,
    /// Why it is in that state, in AWS's words.
    pub reason: Option<String>,
}

/// Things of one kind by name, from a walk over the list, from reads by name, or both.
#[derive(Debug, Clone)]
pub struct Inventory<T> {
    /// What was listed or read by name.
    pub items: BTreeMap<String, Observed<T>>,
    /// Why a name that is not in `items` is unknown: the walk's failure, or that it was not asked.
    pub otherwise: String,
    /// Whether a walk over the whole list finished.
    pub walked: bool,
}

impl<T> Default for Inventory<T> {
    fn default() -> Self {
        Self {
            items: BTreeMap::new(),
            otherwise: "not looked at".to_owned(),
            walked: false,
        }
    }
}

impl<T: Clone> Inventory<T> {
    /// What is known of one name.
    #[must_use]
    pub fn get(&self, name: &str) -> Observed<T> {
        self.items
            .get(name)
            .cloned()
            .unwrap_or_else(|| Observed::Unknown(self.otherwise.clone()))
    }
}

/// A fleet as AWS described it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedFleet {
    /// Its name.
    pub name: String,
    /// Its ARN, which is made of its name: a namesake has the same.
    pub arn: String,
    /// Its power state.
    pub state: FleetState,
    /// When it was created, if AWS said; never compare it exactly.
    pub created_at: Option<Timestamp>,
    /// Its settings.
    pub settings: FleetSettings,
    /// What AWS complains about; can be there in any state.
    pub errors: Vec<AwsIssue>,
    /// Its tags, without AWS's own.
    pub tags: ObservedTags,
}

/// A stack as AWS described it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedStack {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// When it was created, if AWS said.
    pub created_at: Option<Timestamp>,
    /// Its settings.
    pub settings: StackSettings,
    /// What AWS complains about.
    pub errors: Vec<AwsIssue>,
    /// Its tags, without AWS's own.
    pub tags: ObservedTags,
}

/// Tags, or why they are not known. Absence in the Tagging API never means "untagged".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ObservedTags {
    /// Read for this very ARN.
    Known(BTreeMap<String, String>),
    /// Listed in bulk by the Tagging API, which lags: good enough while everything matches.
    Listed(BTreeMap<String, String>),
    /// Not known, and why.
    Unknown(String),
}

impl ObservedTags {
    /// The tags, from whichever source.
    #[must_use]
    pub const fn tags(&self) -> Option<&BTreeMap<String, String>> {
        match self {
            Self::Known(tags) | Self::Listed(tags) => Some(tags),
            Self::Unknown(_) => None,
        }
    }
}

/// What Application Auto Scaling has of a fleet, when asked for that very fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scaling {
    /// A scalable target: it keeps the desired capacity between these two numbers of instances.
    Target {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// We may not ask, which time does not change.
    Hidden,
}

/// A fleet's power state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FleetState {
    /// On its way up.
    Starting,
    /// Up.
    Running,
    /// On its way down.
    Stopping,
    /// Down.
    Stopped,
    /// A state AWS added since.
    #[serde(untagged)]
    Other(String),
}

impl FleetState {
    /// AWS's own word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
            Self::Other(state) => state,
        }
    }

    /// Reads AWS's word; an unknown one is kept.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "STARTING" => Self::Starting,
            "RUNNING" => Self::Running,
            "STOPPING" => Self::Stopping,
            "STOPPED" => Self::Stopped,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// One entry of `FleetErrors` or `StackErrors`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwsIssue {
    /// AWS's code.
    pub code: String,
    /// AWS's words.
    pub message: String,
}

impl AwsIssue {
    /// AWS's code and words, and what to do about them by a table.
    #[must_use]
    pub fn with_advice(&self, table: &[Advice]) -> String {
        let words = format!("{}: {}", self.code, self.message);
        advice::with_advice(words, table, &self.code)
    }
}
