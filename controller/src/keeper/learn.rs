//! Learns from a pass: when to look again, what to hold off, what to count.

use chrono::TimeDelta;
use streamkeeper_core::advice;
use streamkeeper_core::cloud::{Cloud, ErrorClass, ItemRefusal};
use streamkeeper_core::environment::Timestamp;
use streamkeeper_core::plan::{Plan, WaitReason, involved};
use streamkeeper_state::{EnvironmentRow, StoreError};

use super::apply::{self, Failed};
use super::pass::{self, PassOutcome};
use super::{Keeper, delta};

impl<C: Cloud + std::fmt::Debug> Keeper<C> {
    /// Remembers what a pass came to; gives back an error that ends the round.
    pub(super) fn learn(
        &mut self,
        row: &EnvironmentRow,
        outcome: PassOutcome,
    ) -> Option<StoreError> {
        let now = self.shared.clock.now();
        let transition = delta(self.shared.settings.transition_interval);
        let lag = self.shared.settings.lag();
        let PassOutcome {
            plan,
            applied,
            gone,
            failed,
        } = outcome;
        let remembered = self.memory.of(row.uid);
        remembered.miss(&plan.disowned, now);
        remembered.keep_only(&pass::planned(&plan));
        remembered.unsteady.retain(|_, until| now < *until);
        let mut outcome = "unchanged";
        for step in &applied {
            outcome = "changed";
            if step.result.as_ref().is_ok_and(Vec::is_empty) {
                remembered.contests.repaired(&plan, &step.action, now);
                let until = now + lag;
                let objects = involved(&step.action).into_iter();
                remembered
                    .unsteady
                    .extend(objects.map(|object| (object.to_string(), until)));
            }
            for (key, item) in step.action.keys() {
                let jitter = self.shared.clock.jitter();
                let (class, message) = lesson(&step.result, item);
                remembered.hold_off(key, class, message, now, jitter);
            }
        }
        if !applied.is_empty() {
            remembered.look_at(now);
        } else if plan.finished && !gone {
            let proven = remembered.missed.values().max().map(|first| *first + lag);
            let proven = proven.filter(|proven| *proven > now);
            remembered.look_at(proven.unwrap_or(now + transition));
        } else if let Some(next) = next_check(&plan, now, transition) {
            remembered.look_at(next);
        }
        if let Some(next) = plan.look_again_at.filter(|next| *next > now) {
            remembered.look_at(next);
        }
        if let Some(retry) = remembered.next_retry(now) {
            remembered.look_at(retry);
        }
        if let Some(next) = remembered.contests.next(now) {
            remembered.look_at(next);
        }
        match failed {
            // The row changed or went under our hands: the next look sees it as it is.
            Some(StoreError::Conflict { .. }) => {
                remembered.look_at(now);
                outcome = "conflict";
                self.shared.metrics.pass(outcome);
                None
            }
            Some(error) => {
                remembered.look_at(now);
                self.shared.metrics.pass("failed");
                Some(error)
            }
            None => {
                self.shared.metrics.pass(outcome);
                None
            }
        }
    }
}

/// What to remember of a call, or of one item of it.
fn lesson(result: &Result<Vec<ItemRefusal>, Failed>, item: Option<&str>) -> (ErrorClass, String) {
    match result {
        Ok(refused) => refused
            .iter()
            .find(|refusal| Some(refusal.item.as_str()) == item)
            .map_or_else(
                || {
                    let message = "done, but AWS does not show it yet";
                    (ErrorClass::NotReady, message.to_owned())
                },
                |refusal| (refusal.class, refusal.to_string()),
            ),
        Err(Failed::Call(error)) => {
            let words = error.to_string();
            let message = advice::with_advice(words, advice::REFUSALS, &error.code);
            (error.class, message)
        }
        Err(Failed::LastLook(why)) => (ErrorClass::NotReady, why.clone()),
        Err(Failed::Budget) => (ErrorClass::NotReady, apply::OVER_BUDGET.to_owned()),
    }
}

/// When to look again at what is in flight, or could not be seen. A fleet on its way of which AWS
/// reports errors may never arrive: for that one the sweeps are enough.
fn next_check(plan: &Plan, now: Timestamp, transition: TimeDelta) -> Option<Timestamp> {
    let is_in_trouble = |object: &str| {
        let mut waiting = plan.waiting.iter();
        waiting.any(|one| one.reason == WaitReason::AwsReportsErrors && one.object == object)
    };
    let soon = plan.waiting.iter().any(|waiting| {
        let reason = waiting.reason;
        let moves = matches!(
            reason,
            WaitReason::FleetStarting | WaitReason::FleetStopping
        );
        let is_worth_it = reason.is_in_flight()
            || matches!(
                reason,
                WaitReason::NotObserved | WaitReason::WaitingForSessions
            );
        is_worth_it && !(moves && is_in_trouble(&waiting.object))
    });
    soon.then_some(now + transition)
}
