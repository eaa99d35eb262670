//! Holds what one pass leaves behind: the whole of it is written in one fenced transaction.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::action::Action;
use crate::cluster::ClusterConfig;
use crate::condition::Condition;
use crate::environment::Timestamp;
use crate::event::Event;
use crate::plan::PlanRow;

/// What came of a mutating call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// AWS answered with success, or a later look saw the effect.
    Ok,
    /// A definite no, or a later look saw no effect.
    Refused,
    /// Nobody knows yet: a later look decides.
    Unknown,
}

impl Outcome {
    /// The outcome's name in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// An intent whose outcome is not settled: none was recorded, or it is unknown.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenIntent {
    /// The intent's id.
    pub id: i64,
    /// The call.
    pub action: Action,
    /// When it was committed, by the database's clock.
    pub created_at: Timestamp,
}

/// How an open drift ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Streamkeeper put it right.
    Repaired,
    /// The row was changed to what AWS has, or no longer asks.
    Accepted,
    /// It went away while Streamkeeper only observed.
    ObservedOnly,
    /// The path was added to `ignore`.
    Ignored,
}

impl Resolution {
    /// The resolution's name in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Repaired => "repaired",
            Self::Accepted => "accepted",
            Self::ObservedOnly => "observed_only",
            Self::Ignored => "ignored",
        }
    }
}

/// A drift that is open, or opens with this pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenDrift {
    /// The object, such as `fleet/cfd`.
    pub object: String,
    /// The path, as in `ignore`.
    pub path: String,
    /// What the row asks.
    pub desired: Value,
    /// What AWS has.
    pub observed: Value,
}

/// What one pass leaves behind. Only what differs from what is stored is in it.
#[derive(Debug, Clone, PartialEq)]
pub struct PassRecord {
    /// The environment.
    pub uid: Uuid,
    /// Its name, for the rows that outlive it.
    pub environment: String,
    /// The generation that was planned.
    pub generation: i64,
    /// Conditions that changed in status, reason, message or generation.
    pub conditions: Vec<Condition>,
    /// What happened.
    pub events: Vec<Event>,
    /// Drift that opened, or whose observed value changed.
    pub drift_opened: Vec<OpenDrift>,
    /// Drift that ended: object, path, how.
    pub drift_closed: Vec<(String, String, Resolution)>,
    /// Managed paths that were seen to hold, with the value.
    pub managed_set: Vec<(String, Value)>,
    /// Managed paths whose reset was seen.
    pub managed_removed: Vec<String>,
    /// Objects that were seen without us, such as `fleet/cfd`: no longer owned.
    pub released: Vec<String>,
    /// Intents that a look settled.
    pub intents_settled: Vec<(i64, Outcome)>,
    /// Debts that are paid: fleet names whose start was seen.
    pub debts_paid: Vec<String>,
    /// The plan as users see it, when it changed.
    pub plan: Option<Vec<PlanRow>>,
    /// The fleet's state as AWS calls it, when it changed; `Some(None)` when there is no fleet.
    pub fleet_state: Option<Option<String>>,
    /// Configurations of clusters that changed.
    pub cluster_configs: Vec<ClusterConfig>,
    /// Clusters whose configuration goes.
    pub cluster_configs_removed: Vec<String>,
    /// When it was looked at, by the database's clock, if this look was its own.
    pub verified_at: Option<Timestamp>,
    /// When its association was read, by the database's clock, if this pass read it.
    pub associations_verified_at: Option<Timestamp>,
    /// Whether the scope's sweep speaks for it: false while anything about it is unknown.
    pub follows_sweep: Option<bool>,
}

impl PassRecord {
    /// A record that changes nothing.
    #[must_use]
    pub fn empty(uid: Uuid, environment: String, generation: i64) -> Self {
        Self {
            uid,
            environment,
            generation,
            conditions: Vec::new(),
            events: Vec::new(),
            drift_opened: Vec::new(),
            drift_closed: Vec::new(),
            managed_set: Vec::new(),
            managed_removed: Vec::new(),
            released: Vec::new(),
            intents_settled: Vec::new(),
            debts_paid: Vec::new(),
            plan: None,
            fleet_state: None,
            cluster_configs: Vec::new(),
            cluster_configs_removed: Vec::new(),
            verified_at: None,
            associations_verified_at: None,
            follows_sweep: None,
        }
    }
}
