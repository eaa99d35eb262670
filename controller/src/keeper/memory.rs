//! Remembers between passes what is not worth a row: when to look again, and what failed lately.
//!
//! Losing it costs a few extra calls after a restart, never a wrong one: what must survive a crash
//! (intents, debts, managed paths) is in the database.

use std::collections::{BTreeMap, BTreeSet};

use streamkeeper_core::backoff::Backoff;
use streamkeeper_core::cloud::ErrorClass;
use streamkeeper_core::environment::Timestamp;
use streamkeeper_core::neighbours::Neighbours;
use streamkeeper_core::plan::CallFailure;
use uuid::Uuid;

use super::contest::Contests;

/// What is remembered of one environment.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    /// The row's version that was last looked at: its `updated_at`.
    pub(crate) seen: Option<Timestamp>,
    /// Its neighbours when it was last looked at.
    pub(crate) neighbours: Neighbours,
    /// When to look again, if before the next sweep.
    pub(crate) next_check: Option<Timestamp>,
    /// Calls, or items of calls, that failed or whose effect AWS does not show yet, by their keys.
    failures: BTreeMap<String, Failure>,
    /// The generation the failures belong to.
    generation: i64,
    /// Owned objects that were not there, or not ours, in each look since this time.
    pub(crate) missed: BTreeMap<String, Timestamp>,
    /// What was repaired, and when.
    pub(crate) contests: Contests,
    /// Objects that were changed lately, and until when AWS's answers may be from before.
    pub(crate) unsteady: BTreeMap<String, Timestamp>,
}

#[derive(Debug)]
struct Failure {
    backoff: Backoff,
    class: ErrorClass,
    message: String,
}

impl Remembered {
    /// Forgets failures when the row changed: a new wish deserves a new try.
    pub(crate) fn begin(&mut self, generation: i64, updated_at: Timestamp) {
        if self.generation != generation {
            self.failures.clear();
            self.contests.begin();
            self.generation = generation;
        }
        self.seen = Some(updated_at);
        self.next_check = None;
    }

    /// The failures, as the planner takes them: also those that hold back nothing any more, because
    /// a fleet is not stopped again soon for a change that was refused.
    pub(crate) fn failures(&self, now: Timestamp) -> BTreeMap<String, CallFailure> {
        self.failures
            .iter()
            .map(|(action, failure)| {
                let not_before = failure.backoff.not_before;
                let is_due = failure.backoff.is_due(now);
                let failure = CallFailure {
                    class: failure.class,
                    message: failure.message.clone(),
                    attempt: failure.backoff.attempt,
                    not_before: if is_due {
                        not_before.min(now)
                    } else {
                        not_before
                    },
                };
                (action.clone(), failure)
            })
            .collect()
    }

    /// Remembers that a call failed, or was made and may have to be made again.
    pub(crate) fn hold_off(
        &mut self,
        key: String,
        class: ErrorClass,
        message: String,
        now: Timestamp,
        jitter: f64,
    ) {
        let before = self.failures.get(&key).map(|failure| &failure.backoff);
        let backoff = Backoff::after_failure(before, class, now, jitter);
        self.failures.insert(
            key,
            Failure {
                backoff,
                class,
                message,
            },
        );
    }

    /// Remembers since when what a look no longer found to be ours is missed.
    pub(crate) fn miss(&mut self, disowned: &BTreeSet<String>, now: Timestamp) {
        self.missed.retain(|object, _| disowned.contains(object));
        for object in disowned {
            self.missed.entry(object.clone()).or_insert(now);
        }
    }

    /// Forgets failures of calls that no plan asks for any more.
    pub(crate) fn keep_only(&mut self, planned: &BTreeSet<String>) {
        self.failures.retain(|action, _| planned.contains(action));
    }

    /// The earliest time after `now` at which a failed call may be made again. A time that has
    /// passed is no reason to look: the step waits for something else by now.
    pub(crate) fn next_retry(&self, now: Timestamp) -> Option<Timestamp> {
        self.failures
            .values()
            .map(|failure| failure.backoff.not_before)
            .filter(|not_before| *not_before > now)
            .min()
    }

    /// Brings the next look forward.
    pub(crate) fn look_at(&mut self, when: Timestamp) {
        self.next_check = Some(self.next_check.map_or(when, |before| before.min(when)));
    }
}

/// What a keeper remembers of its scope.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    environments: BTreeMap<Uuid, Remembered>,
    /// ARNs of orphans that were reported.
    pub(crate) orphans: BTreeSet<String>,
    /// Why clusters may not be seen, as it was last reported.
    pub(crate) clusters_denied: Option<String>,
}

impl Memory {
    /// What is remembered of one environment.
    pub(crate) fn of(&mut self, uid: Uuid) -> &mut Remembered {
        self.environments.entry(uid).or_default()
    }

    /// Asks for no further look at an environment that nobody looks at.
    pub(crate) fn rest(&mut self, uid: Uuid) {
        if let Some(remembered) = self.environments.get_mut(&uid) {
            remembered.next_check = None;
        }
    }

    /// Forgets environments that are no more.
    pub(crate) fn keep_only(&mut self, uids: &BTreeSet<Uuid>) {
        self.environments.retain(|uid, _| uids.contains(uid));
    }

    /// The earliest time at which anything has to be looked at again.
    pub(crate) fn next_check(&self) -> Option<Timestamp> {
        self.environments
            .values()
            .filter_map(|remembered| remembered.next_check)
            .min()
    }
}
