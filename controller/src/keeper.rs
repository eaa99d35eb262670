//! Keeps one scope (an account and a region) while it holds the scope's lease.
//!
//! A **round** is one turn of the loop:
//!
//! ```text
//!   load rows ─► who is due? ─► look ─► plan ─► look at what the plans need ─► plan again
//!        ▲                                                                        │
//!        └── next wake ◄── record the sweep ◄── passes: record, apply, one each ◄─┘
//! ```
//!
//! # Guarantees
//!
//! - Never two passes of one environment at once: a round awaits all its passes.
//! - Why a round runs reaches nothing but the log and the metrics. Hints shorten delay, they never
//!   change a decision.
//! - A quiet sweep writes one row.
//!
//! # What is deliberately absent
//!
//! A queue. Who is due follows from rows, memory and time; a lost NOTIFY costs a sweep interval.

mod apply;
mod clusters;
mod contest;
mod learn;
mod look;
mod memory;
mod neighbours;
mod orphans;
mod pass;
mod record;
mod shared;
mod story;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use chrono::TimeDelta;
use streamkeeper_core::cloud::{Cloud, ObserveRequest};
use streamkeeper_core::environment::{Scope, Timestamp};
use streamkeeper_core::observed::ObservedWorld;
use streamkeeper_core::plan::{ObservedEnvironment, WaitReason};
use streamkeeper_core::record::PassRecord;
use streamkeeper_core::verdict;
use streamkeeper_state::{
    AssociationRange, EnvironmentRow, ScopeSnapshot, SpecFault, Store, StoreError, SweepRecord,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::look::Candidate;
use self::memory::Memory;
use self::neighbours::Neighbourhood;
use self::pass::Pass;
pub use self::shared::Settings;
use self::shared::Shared;
use crate::clock::Clock;
use crate::lease::HeldLease;
use crate::metrics::Metrics;

/// How many times a round looks again at what the plans of the last look asked for. A plan asks in
/// at most four steps: of a fleet that is replaced the image of the new one, then associations and
/// tags, then sessions, then what scales it; or a bucket, and then who is behind a unique id.
const REFINEMENTS: usize = 4;

/// Passes of different environments that run side by side: enough to hide the latency of an AWS
/// call, few enough that a scope's rate limit is not met by a burst.
const SIDE_BY_SIDE: usize = 8;

/// What a keeper is made of.
#[derive(Debug)]
pub struct Parts<C> {
    /// The store.
    pub store: Store,
    /// The scope's cloud.
    pub cloud: C,
    /// Time and chance.
    pub clock: Arc<dyn Clock>,
    /// The scope's lease.
    pub lease: HeldLease,
    /// The scope, resolved.
    pub scope: Scope,
    /// Our own ARN, as STS says it.
    pub caller_arn: String,
    /// Why nothing may be touched in this scope, if so.
    pub refused: Option<(WaitReason, String)>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Cancelled when nothing new may begin.
    pub draining: CancellationToken,
    /// How it keeps time.
    pub settings: Settings,
}

/// Keeps one scope.
#[derive(Debug)]
pub struct Keeper<C> {
    shared: Arc<Shared<C>>,
    caller_arn: Arc<str>,
    refused: Option<(WaitReason, String)>,
    memory: Memory,
    /// What was stored at the last round; only what changed since is read again.
    snapshot: Option<ScopeSnapshot>,
    next_sweep: Timestamp,
    /// Sweeps since it came to life.
    sweeps: u64,
}

/// What a round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// When the next round is due, if nothing wakes the keeper earlier.
    pub next_wake: Timestamp,
    /// How many environments were looked at.
    pub looked_at: usize,
    /// How many mutating calls were tried.
    pub acted: usize,
    /// Whether it was a sweep.
    pub swept: bool,
}

impl<C: Cloud + std::fmt::Debug> Keeper<C> {
    /// A keeper whose first round is a sweep.
    #[must_use]
    pub fn new(parts: Parts<C>) -> Self {
        let Parts {
            store,
            cloud,
            clock,
            lease,
            scope,
            caller_arn,
            refused,
            metrics,
            draining,
            settings,
        } = parts;
        let next_sweep = clock.now();
        let shared = Shared {
            store,
            cloud,
            clock,
            lease,
            scope,
            metrics,
            draining,
            settings,
        };
        Self {
            shared: Arc::new(shared),
            caller_arn: caller_arn.into(),
            refused,
            memory: Memory::default(),
            snapshot: None,
            next_sweep,
            sweeps: 0,
        }
    }

    /// The account it keeps.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.shared.scope.account
    }

    /// Takes note of who we are now, as STS says, and whether that may touch this scope.
    pub fn identify(&mut self, caller_arn: &str, refused: Option<(WaitReason, String)>) {
        self.caller_arn = caller_arn.into();
        self.refused = refused;
    }

    /// Runs one round.
    ///
    /// # Errors
    ///
    /// Fails when the database does or the lease is lost; nothing is half done, and the next round
    /// begins from what is stored.
    pub async fn round(&mut self) -> Result<Round, StoreError> {
        let now = self.shared.clock.now();
        let scope = self.shared.lease.fence().scope_id;
        let snapshot = match self.snapshot.take() {
            Some(earlier) => self.shared.store.reload_scope(scope, earlier).await?,
            None => self.shared.store.load_scope(scope).await?,
        };
        let uids: BTreeSet<_> = snapshot.environments.iter().map(|row| row.uid).collect();
        self.memory.keep_only(&uids);
        let sweep = now >= self.next_sweep;
        let scope_environments = i64::try_from(snapshot.environments.len()).unwrap_or(i64::MAX);
        let account = self.shared.scope.account.clone();
        let rows = &snapshot.environments;
        let neighbourhood = self.neighbourhood(rows, &account).await?;
        let due = self.due(rows, &neighbourhood, sweep, now).await?;
        let mut round = Round {
            next_wake: self.next_sweep,
            looked_at: due.len(),
            acted: 0,
            swept: sweep,
        };
        if !due.is_empty() || (sweep && self.refused.is_none()) {
            let interval = self.sweep_interval();
            let Some(mut world) = self.unless_over(&due, sweep.then_some(interval), now).await
            else {
                return Ok(round);
            };
            let names: Vec<&str> = snapshot
                .environments
                .iter()
                .map(|row| row.name.as_str())
                .collect();
            let mut record = sweep
                .then(|| sweep_record(&world, snapshot.db_now, &due, &names))
                .flatten();
            if sweep {
                orphans::report(&self.shared, &mut self.memory, &world, &uids).await?;
            }
            let looked = Looked {
                world: &world,
                at: snapshot.db_now,
                sweep,
                scope_environments,
            };
            round.acted = self.passes(due, &looked).await?;
            if let Some(record) = &mut record {
                let rows = &snapshot.environments;
                let seen = self.note_clusters(&mut world, rows).await?;
                record.clusters_seen_at = seen.then_some(snapshot.db_now);
                record.calls.clone_from(&world.calls);
                self.shared
                    .store
                    .record_sweep(self.shared.lease.fence(), record)
                    .await?;
            }
        }
        if sweep {
            // A tenth of jitter either way, so that scopes do not sweep in step for ever.
            let jitter = (self.shared.clock.jitter() - 0.5) / 5.0;
            self.sweeps += 1;
            self.next_sweep = now + scaled(self.sweep_interval(), 1.0 + jitter);
        }
        self.snapshot = Some(snapshot);
        round.next_wake = self
            .memory
            .next_check()
            .map_or(self.next_sweep, |check| check.min(self.next_sweep));
        Ok(round)
    }

    fn sweep_interval(&self) -> TimeDelta {
        delta(self.shared.settings.sweep_interval)
    }

    /// Rows whose turn it is, parsed. What cannot be looked at at all is recorded here.
    async fn due(
        &mut self,
        rows: &[EnvironmentRow],
        neighbourhood: &Neighbourhood<'_>,
        sweep: bool,
        now: Timestamp,
    ) -> Result<Vec<Candidate>, StoreError> {
        let mut due = Vec::new();
        for row in rows {
            if row.paused {
                self.memory.rest(row.uid);
                self.conclude(row, verdict::paused()).await?;
                continue;
            }
            if let Some((reason, message)) = &self.refused {
                self.memory.rest(row.uid);
                self.conclude(row, verdict::stalled(*reason, message))
                    .await?;
                continue;
            }
            let environment = match row.desired(&self.shared.scope.account) {
                Ok(environment) => environment,
                Err(fault) => {
                    self.memory.rest(row.uid);
                    let reason = match fault {
                        SpecFault::UnknownField { .. } => WaitReason::UnknownField,
                        SpecFault::Invalid { .. } => WaitReason::InvalidSpec,
                    };
                    let conditions = verdict::stalled(reason, &fault.to_string());
                    self.conclude(row, conditions).await?;
                    continue;
                }
            };
            let neighbours = neighbourhood.of_environment(&environment);
            let remembered = self.memory.of(row.uid);
            let changed = remembered.seen != Some(row.updated_at)
                || remembered.neighbours != neighbours
                || row.observed_generation != Some(row.generation);
            let asked = look::is_asked_for(row);
            let checks = remembered.next_check.is_some_and(|check| check <= now);
            if sweep || changed || asked || checks {
                remembered.begin(row.generation, row.updated_at);
                remembered.neighbours.clone_from(&neighbours);
                due.push(Candidate {
                    row: row.clone(),
                    environment,
                    neighbours,
                });
            }
        }
        Ok(due)
    }

    /// Records the conditions of an environment nobody looks at, if they are new.
    async fn conclude(
        &self,
        row: &EnvironmentRow,
        conditions: Vec<streamkeeper_core::condition::Condition>,
    ) -> Result<(), StoreError> {
        let mut record = PassRecord::empty(row.uid, row.name.clone(), row.generation);
        record.conditions = conditions
            .into_iter()
            .filter(|condition| {
                !row.conditions
                    .iter()
                    .any(|stored| stored.condition == *condition)
            })
            .collect();
        if row.follows_sweep {
            record.follows_sweep = Some(false);
        }
        let planned = row.observed_generation == Some(row.generation);
        if record.conditions.is_empty() && record.follows_sweep.is_none() && planned {
            return Ok(());
        }
        // The first condition is Ready: its reason is the one to tell.
        if let Some(condition) = record.conditions.first() {
            let event = story::unseen_event(&row.name, condition);
            story::log_event(&row.name, &event);
            record.events.push(event);
        }
        match self
            .shared
            .store
            .record_pass(self.shared.lease.fence(), &record)
            .await
        {
            Err(StoreError::Conflict { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Looks; `None` when it was asked to stop or lost the lease meanwhile. A look changes nothing,
    /// so it is let go of instead of holding up a stop for as long as AWS does not answer.
    async fn unless_over(
        &mut self,
        due: &[Candidate],
        sweep: Option<TimeDelta>,
        now: Timestamp,
    ) -> Option<ObservedWorld> {
        let draining = self.shared.draining.clone();
        let lost = self.shared.lease.lost().clone();
        tokio::select! {
            () = draining.cancelled() => None,
            () = lost.cancelled() => None,
            world = self.look(due, sweep, now) => Some(world),
        }
    }

    /// Looks, plans, and looks again at what the plans need, a few times at most.
    async fn look(
        &mut self,
        due: &[Candidate],
        sweep: Option<TimeDelta>,
        now: Timestamp,
    ) -> ObservedWorld {
        let mut request = look::first(due, sweep, now);
        request.clusters.list = sweep.is_some() && self.lists_clusters();
        let mut world = ObservedWorld::default();
        let mut asked = ObserveRequest::default();
        for refinement in 0..=REFINEMENTS {
            let seen = self.shared.cloud.observe(&request).await;
            self.shared.metrics.reads(&seen.calls);
            if refinement == 0 {
                world = seen;
                if request.walk
                    && let Some(reason) = look::suspicious(due, &world)
                {
                    tracing::warn!(scope = %self.shared.scope, "{reason}");
                    look::distrust(&mut world, &reason);
                    return world;
                }
            } else {
                look::merge(&mut world, seen);
            }
            look::add(&mut asked, &request);
            let mut needs = ObserveRequest {
                now,
                ..ObserveRequest::default()
            };
            for candidate in due {
                let needed = self.needs(candidate, &world, now);
                look::add(&mut needs, &needed);
            }
            // What was asked by name once in this round is not asked again.
            needs.fleets.retain(|name| !asked.fleets.contains(name));
            needs.stacks.retain(|name| !asked.stacks.contains(name));
            let know = &asked.associations_of_stacks;
            needs
                .associations_of_stacks
                .retain(|name| !know.contains(name));
            let know = &asked.associations_of_fleets;
            needs
                .associations_of_fleets
                .retain(|name| !know.contains(name));
            needs.buckets.retain(|name| !asked.buckets.contains(name));
            needs.sessions.retain(|name| !asked.sessions.contains(name));
            needs.access.subtract(&asked.access);
            needs.scaling.retain(|name| !asked.scaling.contains(name));
            needs
                .principals
                .retain(|arn| !asked.principals.contains(arn));
            if look::is_empty(&needs) {
                break;
            }
            request = needs;
        }
        world
    }

    /// What the plan of one environment has to know.
    fn needs(
        &mut self,
        candidate: &Candidate,
        world: &ObservedWorld,
        now: Timestamp,
    ) -> ObserveRequest {
        let pass = self.prepare(candidate, world, now, true, 0);
        // Planning is pure: a panic leaves nothing behind, and the pass will report it.
        std::panic::catch_unwind(AssertUnwindSafe(|| pass.plan(now).0.needs)).unwrap_or_default()
    }

    fn prepare(
        &mut self,
        candidate: &Candidate,
        world: &ObservedWorld,
        looked_at: Timestamp,
        own_look: bool,
        scope_environments: i64,
    ) -> Pass {
        let now = self.shared.clock.now();
        let remembered = self.memory.of(candidate.row.uid);
        Pass {
            observed: ObservedEnvironment::of(world, candidate.fleet(), candidate.stack()),
            neighbours: candidate.neighbours_in(world),
            candidate: candidate.clone(),
            caller_arn: Arc::clone(&self.caller_arn),
            failures: remembered.failures(now),
            unsteady: remembered.unsteady.clone(),
            is_covered: candidate.is_covered_by(world),
            fights: remembered.contests.at(now),
            looked_at,
            own_look,
            scope_environments,
            missed: remembered.missed.clone(),
            lag: self.shared.settings.lag(),
        }
    }

    /// Runs the passes of a round, a few side by side; how many calls were tried.
    async fn passes(
        &mut self,
        due: Vec<Candidate>,
        looked: &Looked<'_>,
    ) -> Result<usize, StoreError> {
        let mut running = JoinSet::new();
        let mut rows = BTreeMap::new();
        let mut acted = 0;
        let mut failed = None;
        let mut woken = BTreeSet::new();
        let mut waiting = due.into_iter();
        loop {
            while running.len() < SIDE_BY_SIDE && failed.is_none() {
                let Some(candidate) = waiting.next() else {
                    break;
                };
                let pass = self.prepare(
                    &candidate,
                    looked.world,
                    looked.at,
                    !looked.sweep,
                    looked.scope_environments,
                );
                let handle = running.spawn(pass::run(Arc::clone(&self.shared), pass));
                let partners = neighbours::partners(&candidate.neighbours);
                rows.insert(handle.id(), (candidate.row, partners));
            }
            let Some(joined) = running.join_next_with_id().await else {
                break;
            };
            match joined {
                Ok((id, outcome)) => {
                    let Some((row, partners)) = rows.remove(&id) else {
                        continue;
                    };
                    acted += outcome.applied.len();
                    if outcome.gone || !outcome.applied.is_empty() {
                        woken.extend(partners);
                    }
                    if let Some(error) = self.learn(&row, outcome) {
                        failed.get_or_insert(error);
                    }
                }
                Err(error) => {
                    let Some((row, _)) = rows.remove(&error.id()) else {
                        continue;
                    };
                    self.panicked(&row, error).await?;
                }
            }
        }
        // What one has done may be what another waits for.
        let now = self.shared.clock.now();
        for uid in woken {
            self.memory.of(uid).look_at(now);
        }
        failed.map_or(Ok(acted), Err)
    }

    /// A panic inside a pass is that environment's trouble alone.
    async fn panicked(
        &mut self,
        row: &EnvironmentRow,
        error: tokio::task::JoinError,
    ) -> Result<(), StoreError> {
        let message = match error.try_into_panic() {
            Ok(panic) => panic_message(panic.as_ref()),
            Err(_) => "the pass was cancelled".to_owned(),
        };
        tracing::error!(environment.name = row.name, "a pass panicked: {message}");
        self.shared.metrics.pass("panicked");
        self.conclude(row, verdict::stalled(WaitReason::Panicked, &message))
            .await
    }
}

/// What the passes of a round share.
struct Looked<'a> {
    world: &'a ObservedWorld,
    at: Timestamp,
    sweep: bool,
    scope_environments: i64,
}

/// A sweep's record: only a look that walked both lists to their end speaks for anybody.
fn sweep_record(
    world: &ObservedWorld,
    started_at: Timestamp,
    due: &[Candidate],
    names: &[&str],
) -> Option<SweepRecord> {
    if !world.fleets.walked || !world.stacks.walked {
        return None;
    }
    let verified: BTreeSet<&str> = due
        .iter()
        .filter(|candidate| candidate.is_covered_by(world))
        .map(|candidate| candidate.row.name.as_str())
        .collect();
    Some(SweepRecord {
        started_at,
        calls: world.calls.clone(),
        clusters_seen_at: None,
        associations_verified: AssociationRange::cover(names.iter().copied(), &verified),
    })
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}

fn delta(duration: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

fn scaled(delta: TimeDelta, factor: f64) -> TimeDelta {
    let seconds = delta.as_seconds_f64() * factor;
    std::time::Duration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|duration| TimeDelta::from_std(duration).ok())
        .unwrap_or(delta)
}
