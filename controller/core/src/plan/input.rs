//! Gathers what a plan is made of.

use std::collections::{BTreeMap, BTreeSet};

use super::ManagedPaths;
use crate::access::ObservedAccess;
use crate::cloud::ErrorClass;
use crate::cluster::StoredConfig;
use crate::environment::{Environment, Timestamp};
use crate::neighbours::Neighbours;
use crate::observed::{
    Observed, ObservedBucket, ObservedFleet, ObservedImage, ObservedStack, ObservedWorld,
    OccupiedInstance, Scaling,
};
use crate::record::OpenIntent;

/// Everything a plan depends on. Why the pass runs is not among it.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// What the row asks.
    pub environment: &'a Environment,
    /// Paths managed so far.
    pub managed: &'a ManagedPaths,
    /// Objects that are ours, at least in part, such as `fleet/cfd`.
    pub owned: &'a BTreeSet<String>,
    /// Calls whose outcome no look has settled yet.
    pub intents: &'a [OpenIntent],
    /// Fleets we stopped and must start again.
    pub debts: &'a BTreeSet<String>,
    /// Calls that failed lately, by [`crate::action::Action::key`].
    pub failures: &'a BTreeMap<String, CallFailure>,
    /// Objects we changed a moment ago, such as `fleet/cfd`, and until when what AWS says of them
    /// may be from before.
    pub unsteady: &'a BTreeMap<String, Timestamp>,
    /// What AWS said.
    pub observed: &'a ObservedEnvironment,
    /// Configurations of clusters as they are stored, by cluster.
    pub cluster_configs: &'a BTreeMap<String, StoredConfig>,
    /// Environments that this one refers to, or that refer to it.
    pub neighbours: &'a Neighbours,
    /// The caller's ARN, for the guard that keeps it from locking itself out.
    pub caller_arn: &'a str,
    /// The time, for comparing with `not_before`.
    pub now: Timestamp,
}

/// A call that failed and is not tried again before a given time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFailure {
    /// What we do next.
    pub class: ErrorClass,
    /// AWS's code and words.
    pub message: String,
    /// When it may be tried again.
    pub not_before: Timestamp,
    /// How often in a row it failed, from 1.
    pub attempt: u32,
}

/// What one look says of one environment.
#[derive(Debug, Clone)]
pub struct ObservedEnvironment {
    /// Its fleet.
    pub fleet: Observed<ObservedFleet>,
    /// Its stack.
    pub stack: Observed<ObservedStack>,
    /// Fleets associated with its stack.
    pub stack_fleets: Observed<BTreeSet<String>>,
    /// Stacks associated with its fleet.
    pub fleet_stacks: Observed<BTreeSet<String>>,
    /// Sessions that are not EXPIRED, by fleet.
    pub sessions: BTreeMap<String, Observed<u32>>,
    /// Instances that those sessions are on, by fleet and by their id.
    pub instances: BTreeMap<String, Observed<BTreeMap<String, OccupiedInstance>>>,
    /// What scales its fleet.
    pub scaling: Observed<Scaling>,
    /// Unique ids of roles and users, by ARN.
    pub principals: BTreeMap<String, Observed<String>>,
    /// Buckets by `home` or name.
    pub buckets: BTreeMap<String, Observed<ObservedBucket>>,
    /// Images by name.
    pub images: BTreeMap<String, Observed<ObservedImage>>,
    /// Who may use what.
    pub access: ObservedAccess,
}

const NOT_ASKED: &str = "not looked at";

impl ObservedEnvironment {
    /// Picks one environment's part out of a look at its scope.
    #[must_use]
    pub fn of(world: &ObservedWorld, fleet: Option<&str>, stack: Option<&str>) -> Self {
        let unknown = || Observed::Unknown(NOT_ASKED.to_owned());
        Self {
            fleet: fleet.map_or(Observed::Absent, |name| world.fleets.get(name)),
            stack: stack.map_or(Observed::Absent, |name| world.stacks.get(name)),
            stack_fleets: stack
                .and_then(|name| world.associations.get(name).cloned())
                .unwrap_or_else(unknown),
            fleet_stacks: fleet
                .and_then(|name| world.fleet_stacks.get(name).cloned())
                .unwrap_or_else(unknown),
            sessions: world.sessions.clone(),
            instances: world.instances.clone(),
            scaling: fleet
                .and_then(|name| world.scaling.get(name).cloned())
                .unwrap_or_else(|| Observed::Unknown(NOT_ASKED.to_owned())),
            principals: world.principals.clone(),
            buckets: world.buckets.clone(),
            images: world.images.clone(),
            access: ObservedAccess::of(&world.access, fleet, stack),
        }
    }

    /// An image by its name.
    #[must_use]
    pub fn image(&self, name: &str) -> Observed<ObservedImage> {
        self.images
            .get(name)
            .cloned()
            .unwrap_or_else(|| Observed::Unknown(NOT_ASKED.to_owned()))
    }

    /// Sessions on one fleet.
    #[must_use]
    pub fn sessions_on(&self, fleet: &str) -> Observed<u32> {
        self.sessions
            .get(fleet)
            .cloned()
            .unwrap_or_else(|| Observed::Unknown(NOT_ASKED.to_owned()))
    }

    /// Instances of one fleet with people on them, where they were seen.
    #[must_use]
    pub fn instances_of(&self, fleet: &str) -> Option<&BTreeMap<String, OccupiedInstance>> {
        self.instances.get(fleet)?.present()
    }
}

/// The fleet (`fleet/`) or stack (`stack/`) of an environment that a look covers: one that it owns
/// and the row does not name any more, because that has to go first; otherwise the one it names.
#[must_use]
pub fn looked_at<'a>(
    owned: &'a BTreeSet<String>,
    word: &str,
    named: Option<&'a str>,
) -> Option<&'a str> {
    let mut owned = owned.iter().filter_map(|object| object.strip_prefix(word));
    owned.find(|name| Some(*name) != named).or(named)
}
