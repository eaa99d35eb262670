//! Plans: everything that will be done for one environment, in order, and why the rest is not.
//!
//! [`plan`] is pure and total. It leaves no choice to whoever applies the plan, it explains
//! inaction, and it names what it has to know before it can say more ([`Plan::needs`]).
//!
//! # Invariants
//!
//! - Unknown creates nothing and deletes nothing: it only makes the plan wait, and ask.
//! - A change that needs no stop never waits behind one that does.
//! - A conflict on one object makes every step of the environment wait.
//! - Nothing is taken away on the word of an answer that may be from before our own last change.

pub mod access;
mod agents;
mod applications;
mod association;
mod bucket;
mod clusters;
mod deletion;
pub(crate) mod diff;
mod disruption;
mod draft;
mod entitlements;
mod fleet;
mod image;
mod input;
mod order;
mod power;
mod removal;
mod scaling;
mod settle;
mod stack;
mod tags;
#[cfg(test)]
pub(crate) mod tests;
mod theme;
mod user_settings;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::diff::is_ignored;
use self::draft::Draft;
pub use self::draft::{ENVIRONMENT_TAG, UID_TAG, involved};
pub use self::input::{CallFailure, ObservedEnvironment, PlanInput, looked_at};
pub use self::settle::settle;
use crate::action::{Action, ObjectRef};
use crate::cloud::ObserveRequest;
use crate::cluster::ClusterConfig;
use crate::environment::Timestamp;
use crate::event::{EventReason, EventType};

/// Paths an environment manages, each with the desired value that was last seen to hold.
///
/// `None` means managed (an intent was committed) but not yet seen to hold. A difference on a path
/// whose value is equal to the desired one is drift: it held, nobody changed the row, and it holds
/// no longer.
pub type ManagedPaths = BTreeMap<String, Option<Value>>;

/// Everything that will be done for one environment, in order, and why the rest is not.
#[must_use = "a plan that nobody reads changes nothing"]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// What to do, in order. A step with `waiting_for` is not done in this pass.
    pub steps: Vec<Step>,
    /// Why nothing, or not everything, happens.
    pub waiting: Vec<Waiting>,
    /// What people should know of, though nothing is to be done.
    pub remarks: Vec<Remark>,
    /// Every field that differs.
    pub differences: Vec<Difference>,
    /// Configurations of clusters that differ from what is stored.
    pub cluster_configs: Vec<ClusterConfig>,
    /// Clusters whose stored configuration goes: the row names them no more, or contradicts itself.
    pub cluster_configs_removed: BTreeSet<String>,
    /// Managed paths that were seen to hold, with the desired value.
    pub holds: BTreeMap<String, Value>,
    /// Managed paths that are managed no longer: left out and seen to be reset, given to somebody
    /// else by `ignore`, or of an object that was only watched.
    pub released: BTreeSet<String>,
    /// How many compared fields did not differ.
    pub unchanged: usize,
    /// What has to be looked at, by name, before the plan can say more. Empty in the steady state.
    pub needs: ObserveRequest,
    /// Objects known to be without us: absent, or without our tag. No longer owned.
    pub disowned: BTreeSet<String>,
    /// Fleets whose start was owed and was seen.
    pub debts_paid: BTreeSet<String>,
    /// Whether the environment's row is on its way out and nothing it owns is left.
    pub finished: bool,
    /// When time alone lets it go on, where that is known.
    pub look_again_at: Option<Timestamp>,
}

/// Plans one environment.
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let environment = order::ordered(input.environment);
    let input = PlanInput {
        environment: &environment,
        ..*input
    };
    let mut draft = Draft::new(&input);
    if environment.is_deleting() {
        deletion::plan(&mut draft);
    } else {
        fleet::plan(&mut draft);
        stack::plan(&mut draft);
        tags::conclude(&mut draft);
        association::plan(&mut draft);
        access::plan(&mut draft);
        bucket::plan(&mut draft);
        clusters::plan(&mut draft);
    }
    draft.finish()
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The call.
    pub action: Action,
    /// Why, for people: the fields that differ, or the rule.
    pub reason: String,
    /// Paths that become managed with this step's intent.
    pub manages: BTreeSet<String>,
    /// What AWS takes and never returns, with the values that the call sends, by paths that are
    /// among those it manages. From the intent on it is not known what they hold, and AWS's own
    /// success makes it these values.
    pub sends: BTreeMap<String, Value>,
    /// Why it is not done in this pass, if it is not.
    pub waiting_for: Option<WaitReason>,
    /// Whether this step's intent opens the debt to start the fleet again.
    pub opens_debt: bool,
}

/// Why something is not done now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// What it is about, such as `fleet/cfd`.
    pub object: String,
    /// Why.
    pub reason: WaitReason,
    /// For people.
    pub message: String,
}

/// A fact that changes nothing of what is done, and that somebody should hear of once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What it is about, such as `fleet/cfd`.
    pub object: String,
    /// How the event is called.
    pub reason: EventReason,
    /// Whether somebody may want to do something.
    pub event_type: EventType,
    /// For people; the same as long as the fact is.
    pub message: String,
}

/// Why something is not done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum WaitReason {
    /// The fleet is starting.
    FleetStarting,
    /// The fleet is stopping.
    FleetStopping,
    /// People are on the fleet and the change needs it stopped.
    WaitingForSessions,
    /// The row forbids to interrupt anybody now; the message says from when on it is allowed.
    OutsideWindow,
    /// The row forbids to interrupt anybody.
    DisruptionForbidden,
    /// An earlier step has to be seen done first.
    EarlierStep,
    /// AWS creates the home bucket after a stack first enables home folders.
    HomeBucketMissing,
    /// The image is being made.
    ImagePending,
    /// Something could not be read.
    NotObserved,
    /// An earlier call's outcome is not known yet.
    OutcomeUnknown,
    /// We changed it a moment ago: AWS's answer may be from before, and takes nothing away.
    JustChanged,
    /// A failed call is tried again later.
    BackingOff,
    /// The environment's mode is `observe`.
    ObserveOnly,
    /// The environment that `fleetRef` names has no fleet to associate, or not yet.
    WaitingForFleet,
    /// Other environments' stacks use the fleet that is to go.
    FleetInUse,
    /// `fleetRef` names what can never serve.
    WrongFleetRef,
    /// Another environment or an earlier row still owns it, or a tag of somebody else is on it.
    Conflict,
    /// The image of the row's recipe does not exist, or came to nothing.
    ImageMissing,
    /// The change needs a new fleet.
    ReplacementNeeded,
    /// AWS refused the call, and will until the row or the account changes.
    CallRefused,
    /// AWS reports errors on the fleet or the stack.
    AwsReportsErrors,
    /// The policy would be refused by a guard rail.
    PolicyRefused,
    /// Too many deletions and stops in this hour.
    BudgetExceeded,
    /// The plan breaks an invariant.
    PlanRefused,
    /// There are no credentials for that account.
    NoCredentials,
    /// The credentials belong to another account.
    WrongAccount,
    /// The row names a field this version does not know.
    UnknownField,
    /// The row cannot be read.
    InvalidSpec,
    /// A bucket the row names does not exist.
    BucketMissing,
    /// The pass panicked.
    Panicked,
}

impl WaitReason {
    /// Whether a human is needed, as opposed to time.
    #[must_use]
    pub const fn needs_human(self) -> bool {
        match self {
            Self::FleetStarting
            | Self::FleetStopping
            | Self::WaitingForSessions
            | Self::OutsideWindow
            | Self::EarlierStep
            | Self::HomeBucketMissing
            | Self::ImagePending
            | Self::NotObserved
            | Self::OutcomeUnknown
            | Self::JustChanged
            | Self::BackingOff
            | Self::WaitingForFleet
            | Self::FleetInUse
            | Self::ObserveOnly => false,
            Self::DisruptionForbidden
            | Self::WrongFleetRef
            | Self::Conflict
            | Self::ImageMissing
            | Self::ReplacementNeeded
            | Self::CallRefused
            | Self::AwsReportsErrors
            | Self::PolicyRefused
            | Self::BudgetExceeded
            | Self::PlanRefused
            | Self::NoCredentials
            | Self::WrongAccount
            | Self::UnknownField
            | Self::InvalidSpec
            | Self::BucketMissing
            | Self::Panicked => true,
        }
    }

    /// Whether AWS is working on it, so that it is worth looking again soon.
    #[must_use]
    pub const fn is_in_flight(self) -> bool {
        matches!(
            self,
            Self::FleetStarting
                | Self::FleetStopping
                | Self::HomeBucketMissing
                | Self::EarlierStep
                | Self::OutcomeUnknown
                | Self::JustChanged
        )
    }
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The object, such as `fleet/cfd`.
    pub object: ObjectRef,
    /// The path, as in `ignore`.
    pub path: String,
    /// What the row asks; `null` when it must be unset.
    pub desired: Value,
    /// What AWS has; `null` when it has nothing.
    pub observed: Value,
    /// Whether it held before and nobody changed the row.
    pub is_drift: bool,
}

/// One line of a plan as users see it: `streamkeeper.plan(name)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRow {
    /// From 1.
    pub position: i32,
    /// The AWS operation, or `-` for a wait or a remark without a step.
    pub action: String,
    /// The object, such as `fleet/cfd`.
    pub object: String,
    /// Why.
    pub reason: String,
    /// What it waits for, if it waits.
    pub waiting_for: Option<String>,
    /// Since when it waits, or has been planned.
    pub since: Timestamp,
    /// Whether it can interrupt people.
    pub disruptive: bool,
}
