//! Decides what to look at: one walk for many, reads by name for few, and no call too many.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use streamkeeper_core::access::AccessRequest;
use streamkeeper_core::cloud::ObserveRequest;
use streamkeeper_core::environment::{Environment, Timestamp};
use streamkeeper_core::neighbours::{FleetReference, Neighbours};
use streamkeeper_core::observed::{Inventory, Observed, ObservedWorld};
use streamkeeper_core::plan::{ManagedPaths, access, looked_at};
use streamkeeper_state::EnvironmentRow;

/// Up to this many environments are read by name, more by a walk. Reading one by name costs four
/// calls (fleet, stack and their tags); a walk costs a page per few dozen objects and one for tags.
pub(crate) const BY_NAME: usize = 16;

/// At least this many associations are verified in a sweep.
const ASSOCIATIONS_PER_SWEEP: usize = 20;
/// Each association is verified at least this often.
const ASSOCIATION_AGE: TimeDelta = TimeDelta::minutes(10);

/// Fewer missing objects than this are taken for what they are.
const SUSPICIOUS_FROM: usize = 5;

/// A row that was parsed.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) row: EnvironmentRow,
    pub(crate) environment: Environment,
    pub(crate) neighbours: Neighbours,
}

impl Candidate {
    /// The fleet to look at: the row's, or first the one that an edit of the row left behind.
    pub(crate) fn fleet(&self) -> Option<&str> {
        self.one(self.environment.fleet_name(), "fleet/")
    }

    /// The stack to look at.
    pub(crate) fn stack(&self) -> Option<&str> {
        self.one(self.environment.stack_name(), "stack/")
    }

    /// Whether its stack should have a fleet, whoever's.
    fn is_associated(&self) -> bool {
        self.environment.fleet_name().is_some() || self.environment.fleet_ref().is_some()
    }

    /// The fleet of another environment that its stack uses.
    pub(crate) fn referred(&self) -> Option<&str> {
        match &self.neighbours.reference {
            FleetReference::Fleet(referred) => Some(&referred.fleet),
            FleetReference::None | FleetReference::Missing(_) | FleetReference::Wrong(_) => None,
        }
    }

    /// Its neighbours, with what a look saw of the fleet it refers to.
    pub(crate) fn neighbours_in(&self, world: &ObservedWorld) -> Neighbours {
        let mut neighbours = self.neighbours.clone();
        if let FleetReference::Fleet(referred) = &mut neighbours.reference {
            referred.observed = world.fleets.get(&referred.fleet);
        }
        neighbours
    }

    /// Everything there is to read of who may use what.
    pub(crate) fn access(&self) -> AccessRequest {
        access::whole(
            &self.environment,
            self.row.managed.keys(),
            self.fleet(),
            self.stack(),
        )
    }

    /// Whether a look brought back everything that is read in turns.
    pub(crate) fn is_covered_by(&self, world: &ObservedWorld) -> bool {
        let is_read = |stack: &str| {
            let fleets = world.associations.get(stack);
            fleets.is_some_and(|found| !found.is_unknown())
        };
        let access = self.access();
        // Without a stack there is nothing that is read in turns, applications of fleets apart.
        let is_stack_read = match self.stack() {
            Some(stack) => is_read(stack),
            None => !access.is_empty(),
        };
        is_stack_read && world.access.answers(&access)
    }

    fn one<'a>(&'a self, named: Option<&'a str>, word: &str) -> Option<&'a str> {
        looked_at(&self.row.owned, word, named)
    }
}

/// Whether somebody wants a row looked at, and it was not since.
pub(crate) fn is_asked_for(row: &EnvironmentRow) -> bool {
    let asked = row.reconcile_requested_at;
    asked.is_some_and(|asked| row.verified_at.is_none_or(|seen| seen < asked))
}

/// The first look of a round.
pub(crate) fn first(due: &[Candidate], sweep: Option<TimeDelta>, now: Timestamp) -> ObserveRequest {
    let mut request = ObserveRequest {
        now,
        ..ObserveRequest::default()
    };
    request.walk = sweep.is_some() || due.len() > BY_NAME;
    for candidate in due {
        // What held is believed until its turn comes; what was seen to differ is not.
        let open = &candidate.row.open_drift;
        if open.iter().any(|drift| drift.path == "association") {
            let stack = candidate.stack().map(str::to_owned);
            request.associations_of_stacks.extend(stack);
        }
        request.buckets.extend(
            candidate
                .environment
                .spec
                .buckets
                .iter()
                .map(|bucket| bucket.bucket.clone()),
        );
        request
            .buckets
            .extend(managed_buckets(&candidate.row.managed));
        let clusters = candidate.environment.spec.clusters.iter();
        request
            .buckets
            .extend(clusters.map(|cluster| cluster.bucket_word().to_owned()));
        // What differed is looked at until it does not, and what somebody asks for at once; the
        // user pool at every sweep.
        let whole = candidate.access();
        let differs = open.iter().any(|drift| access::concerns(&drift.path));
        if differs || is_asked_for(&candidate.row) {
            request.access.add(&whole);
        } else if sweep.is_some() {
            request.access.users |= whole.users;
        }
        if !request.walk {
            request.fleets.extend(candidate.fleet().map(str::to_owned));
            request.stacks.extend(candidate.stack().map(str::to_owned));
            if candidate.is_associated() {
                request
                    .fleets
                    .extend(candidate.referred().map(str::to_owned));
                let stack = candidate.stack().map(str::to_owned);
                request.associations_of_stacks.extend(stack);
            }
        }
    }
    if let Some(interval) = sweep {
        for candidate in rotating(due, interval) {
            let stack = candidate.stack().map(str::to_owned);
            request.associations_of_stacks.extend(stack);
            request.access.add(&candidate.access());
        }
    }
    request
}

fn managed_buckets(managed: &ManagedPaths) -> BTreeSet<String> {
    managed
        .keys()
        .filter_map(|path| path.strip_prefix("buckets.")?.rsplit_once('.'))
        .map(|(bucket, _)| bucket.to_owned())
        .collect()
}

/// The environments whose associations' turn it is: those that were verified longest ago.
fn rotating(due: &[Candidate], interval: TimeDelta) -> Vec<&Candidate> {
    let mut candidates: Vec<&Candidate> = due
        .iter()
        .filter(|candidate| {
            let has_stack = candidate.environment.stack_name().is_some();
            (has_stack && candidate.is_associated()) || !candidate.access().is_empty()
        })
        .collect();
    candidates.sort_by_key(|candidate| {
        let verified = candidate.row.associations_verified_at;
        (verified, candidate.row.name.as_str())
    });
    let sweeps = (ASSOCIATION_AGE.num_milliseconds() / interval.num_milliseconds().max(1)).max(1);
    let share = candidates
        .len()
        .div_ceil(usize::try_from(sweeps).unwrap_or(1));
    candidates
        .into_iter()
        .take(share.max(ASSOCIATIONS_PER_SWEEP))
        .collect()
}

/// Lays a later look over an earlier one.
pub(crate) fn merge(world: &mut ObservedWorld, later: ObservedWorld) {
    lay_over(&mut world.fleets, later.fleets);
    lay_over(&mut world.stacks, later.stacks);
    world.associations.extend(later.associations);
    world.fleet_stacks.extend(later.fleet_stacks);
    world.buckets.extend(later.buckets);
    world.sessions.extend(later.sessions);
    world.instances.extend(later.instances);
    world.access.merge(later.access);
    world.scaling.extend(later.scaling);
    world.clusters.merge(later.clusters);
    world.principals.extend(later.principals);
    world.images.extend(later.images);
    for (operation, calls) in later.calls {
        *world.calls.entry(operation).or_default() += calls;
    }
}

fn lay_over<T>(inventory: &mut Inventory<T>, later: Inventory<T>) {
    inventory.items.extend(later.items);
}

/// Whether so much of what we own is missing from a walk that the walk is not to be believed:
/// other credentials, another account, a list that came back empty. More than half, and five at
/// least: an administrator who really deletes that many by hand sees it said, and stops the
/// daemon or lets the rows go.
pub(crate) fn suspicious(rows: &[Candidate], world: &ObservedWorld) -> Option<String> {
    let (mut known, mut missing) = (0_usize, 0_usize);
    for candidate in rows
        .iter()
        .filter(|candidate| !candidate.environment.is_deleting())
    {
        for object in &candidate.row.owned {
            // What is only claimed by an intent was perhaps never made: a quota or a throttled hour
            // would look like a loss, and nothing would ever be created again.
            if !was_seen(&candidate.row.managed, object) {
                continue;
            }
            let seen = if let Some(name) = object.strip_prefix("fleet/") {
                world.fleets.walked.then(|| listed(&world.fleets, name))
            } else if let Some(name) = object.strip_prefix("stack/") {
                world.stacks.walked.then(|| listed(&world.stacks, name))
            } else {
                None
            };
            if let Some(seen) = seen {
                known += 1;
                missing += usize::from(!seen);
            }
        }
    }
    (missing >= SUSPICIOUS_FROM && missing * 2 > known).then(|| {
        format!("{missing} of {known} known fleets and stacks are missing at once: not believed")
    })
}

/// Whether an owned fleet or stack was ever seen to be there.
fn was_seen(managed: &ManagedPaths, object: &str) -> bool {
    let held = object.split_once('/').and_then(|(kind, name)| {
        let name_held = managed.get(kind)?.as_ref()?;
        Some(name_held == name)
    });
    held.unwrap_or(false)
}

fn listed<T>(inventory: &Inventory<T>, name: &str) -> bool {
    matches!(inventory.items.get(name), Some(Observed::Present(_)))
}

/// Makes everything that was not seen Unknown, for a stated reason, and asks no further.
pub(crate) fn distrust(world: &mut ObservedWorld, reason: &str) {
    for inventory in [&mut world.fleets.otherwise, &mut world.stacks.otherwise] {
        reason.clone_into(inventory);
    }
    world.fleets.items.retain(|_, found| !found.is_absent());
    world.stacks.items.retain(|_, found| !found.is_absent());
    world.clusters.listed = None;
}

/// Whether a request asks for anything.
pub(crate) fn is_empty(request: &ObserveRequest) -> bool {
    !request.walk
        && request.fleets.is_empty()
        && request.stacks.is_empty()
        && request.associations_of_stacks.is_empty()
        && request.associations_of_fleets.is_empty()
        && request.buckets.is_empty()
        && request.sessions.is_empty()
        && request.access.is_empty()
        && request.scaling.is_empty()
        && request.clusters.is_empty()
        && request.principals.is_empty()
        && request.images.is_empty()
}

/// Adds what one request asks to another.
pub(crate) fn add(request: &mut ObserveRequest, more: &ObserveRequest) {
    request.fleets.extend(more.fleets.iter().cloned());
    request.stacks.extend(more.stacks.iter().cloned());
    request
        .associations_of_stacks
        .extend(more.associations_of_stacks.iter().cloned());
    request
        .associations_of_fleets
        .extend(more.associations_of_fleets.iter().cloned());
    request.buckets.extend(more.buckets.iter().cloned());
    request.sessions.extend(more.sessions.iter().cloned());
    request.access.add(&more.access);
    request.scaling.extend(more.scaling.iter().cloned());
    request.clusters.add(&more.clusters);
    request.principals.extend(more.principals.iter().cloned());
    request.images.extend(more.images.iter().cloned());
}
