//! One pass over one environment, once it has been looked at: settle, plan, check, apply, record.
//!
//! Infallible: whatever goes wrong becomes part of the outcome.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use streamkeeper_core::check::check;
use streamkeeper_core::cloud::Cloud;
use streamkeeper_core::condition::{Condition, ConditionStatus, ConditionType};
use streamkeeper_core::drift::{DriftChanges, describe, drift};
use streamkeeper_core::environment::Timestamp;
use streamkeeper_core::event::{Event, EventReason, EventType};
use streamkeeper_core::plan::{
    CallFailure, ObservedEnvironment, Plan, PlanInput, WaitReason, Waiting, plan, settle,
};
use streamkeeper_core::record::{OpenIntent, Outcome, PassRecord, Resolution};
use streamkeeper_core::verdict;
use streamkeeper_state::StoreError;

use super::apply::{Applied, OVER_BUDGET, apply, within_budget};
use super::look::Candidate;
use super::shared::Shared;

/// Everything a pass needs, owned, so that passes of different environments can run side by side.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) candidate: Candidate,
    pub(crate) observed: ObservedEnvironment,
    /// Our own ARN, as STS says it.
    pub(crate) caller_arn: Arc<str>,
    pub(crate) failures: BTreeMap<String, CallFailure>,
    pub(crate) contested: Vec<String>,
    /// When the look began, by the database's clock.
    pub(crate) looked_at: Timestamp,
    /// Whether the look was this environment's own, and not a sweep's.
    pub(crate) own_look: bool,
    /// How many environments the scope has, for the budget.
    pub(crate) scope_environments: i64,
    /// How many looks before this one found that the row may go.
    pub(crate) finished_looks: u32,
}

/// What came of a pass.
#[derive(Debug, Default)]
pub(crate) struct PassOutcome {
    /// The plan, for what to do next.
    pub(crate) plan: Plan,
    /// What was done.
    pub(crate) applied: Vec<Applied>,
    /// Whether the row went.
    pub(crate) gone: bool,
    /// What could not be written, if anything.
    pub(crate) failed: Option<StoreError>,
    /// Paths whose repair was seen.
    pub(crate) repaired: Vec<String>,
}

impl Pass {
    /// Plans, with intents settled by this look.
    pub(crate) fn plan(&self, now: Timestamp) -> (Plan, Vec<(OpenIntent, Outcome)>) {
        let row = &self.candidate.row;
        let (settled, open) = settle(
            &self.candidate.environment,
            &row.open_intents,
            &self.observed,
        );
        let input = self.input(&open, now);
        let mut plan = plan(&input);
        let notes = check(&input, &plan);
        if !notes.is_empty() {
            let words: Vec<String> = notes.iter().map(ToString::to_string).collect();
            hold_all(
                &mut plan,
                WaitReason::PlanRefused,
                &row.name,
                &words.join("; "),
            );
        }
        (plan, settled)
    }

    /// Whether the row of a finished plan may go: one negative look is no proof, two are, and what
    /// was never owned needs none.
    fn may_go(&self) -> bool {
        self.finished_looks >= 1 || self.candidate.row.owned.is_empty()
    }

    fn input<'a>(&'a self, intents: &'a [OpenIntent], now: Timestamp) -> PlanInput<'a> {
        let row = &self.candidate.row;
        PlanInput {
            environment: &self.candidate.environment,
            managed: &row.managed,
            owned: &row.owned,
            intents,
            debts: &row.debts,
            failures: &self.failures,
            observed: &self.observed,
            caller_arn: &self.caller_arn,
            now,
        }
    }
}

/// Makes every step of a plan wait, and says why.
pub(crate) fn hold_all(plan: &mut Plan, reason: WaitReason, object: &str, message: &str) {
    for step in &mut plan.steps {
        step.waiting_for.get_or_insert(reason);
    }
    plan.finished = false;
    plan.waiting.insert(
        0,
        Waiting {
            object: object.to_owned(),
            reason,
            message: message.to_owned(),
        },
    );
}

/// Runs a pass to its end.
pub(crate) async fn run<C: Cloud>(shared: Arc<Shared<C>>, mut pass: Pass) -> PassOutcome {
    let now = shared.clock.now();
    let (mut plan, settled) = pass.plan(now);
    let contested = std::mem::take(&mut pass.contested);
    if !contested.is_empty() {
        hold_contested(&mut plan, &contested);
    }
    if plan
        .steps
        .iter()
        .any(|step| step.waiting_for.is_none() && step.action.is_disruptive())
    {
        match within_budget(&shared, &pass).await {
            Ok(true) => {}
            Ok(false) => hold_disruptive(&mut plan, &pass.candidate.row.name),
            Err(error) => {
                return PassOutcome {
                    failed: Some(error),
                    ..PassOutcome::default()
                };
            }
        }
    }
    let events = events_before(&pass, &plan, &settled);
    let changes = drift(
        &pass.candidate.environment,
        &pass.candidate.row.open_drift,
        &plan,
        &pass.observed,
    );
    let record = record(&pass, &plan, &settled, &changes, events, &contested, now);
    let mut outcome = PassOutcome {
        plan,
        ..PassOutcome::default()
    };
    outcome.repaired = changes
        .closed
        .iter()
        .filter(|(_, how)| *how == Resolution::Repaired)
        .map(|(one, _)| one.path.clone())
        .collect();
    // What was seen is written before anything is done: a crash then loses no drift.
    if let Some(record) = record {
        announce(&record);
        if let Err(error) = shared
            .store
            .record_pass(shared.lease.fence(), &record)
            .await
        {
            outcome.failed = Some(error);
            return outcome;
        }
    }
    if outcome.plan.finished {
        let row = &pass.candidate.row;
        if pass.may_go() {
            match shared
                .store
                .finalize(shared.lease.fence(), &row.name, row.uid)
                .await
            {
                Ok(gone) => {
                    if gone {
                        tracing::info!(environment.name = row.name, "{} is gone", row.name);
                    }
                    outcome.gone = gone;
                }
                Err(error) => outcome.failed = Some(error),
            }
        }
        return outcome;
    }
    match apply(&shared, &pass, &outcome.plan).await {
        Ok(applied) => outcome.applied = applied,
        Err((applied, error)) => {
            outcome.applied = applied;
            outcome.failed = Some(error);
        }
    }
    outcome
}

/// Over the budget only what takes something away waits.
fn hold_disruptive(plan: &mut Plan, name: &str) {
    for step in plan
        .steps
        .iter_mut()
        .filter(|step| step.action.is_disruptive())
    {
        step.waiting_for.get_or_insert(WaitReason::BudgetExceeded);
    }
    plan.waiting.insert(
        0,
        Waiting {
            object: format!("environment/{name}"),
            reason: WaitReason::BudgetExceeded,
            message: OVER_BUDGET.to_owned(),
        },
    );
}

/// A fight is not won by speed: slow down and say so.
fn hold_contested(plan: &mut Plan, contested: &[String]) {
    for step in &mut plan.steps {
        let fights = plan.differences.iter().any(|difference| {
            contested.contains(&difference.path) && difference.object == step.action.object()
        });
        if fights {
            step.waiting_for.get_or_insert(WaitReason::BackingOff);
        }
    }
}

fn event(
    event_type: EventType,
    reason: EventReason,
    object: impl Into<String>,
    message: impl Into<String>,
    details: Value,
) -> Event {
    Event {
        event_type,
        reason,
        object: object.into(),
        message: message.into(),
        details,
    }
}

/// What a look brought to light.
fn events_before(pass: &Pass, plan: &Plan, settled: &[(OpenIntent, Outcome)]) -> Vec<Event> {
    let mut events = Vec::new();
    for (intent, outcome) in settled {
        let message = format!("{}: {}", intent.action, outcome.as_str());
        events.push(event(
            EventType::Normal,
            EventReason::OutcomeResolved,
            intent.action.object().to_string(),
            message,
            json!({"intent": intent.id}),
        ));
    }
    for waiting in &plan.waiting {
        let reason = match waiting.reason {
            WaitReason::Conflict => EventReason::Conflict,
            WaitReason::AwsReportsErrors => EventReason::AwsReportsErrors,
            WaitReason::PlanRefused => EventReason::PlanRefused,
            WaitReason::BudgetExceeded => EventReason::BudgetExceeded,
            WaitReason::FleetStarting
            | WaitReason::FleetStopping
            | WaitReason::WaitingForSessions
            | WaitReason::EarlierStep
            | WaitReason::HomeBucketMissing
            | WaitReason::NotObserved
            | WaitReason::OutcomeUnknown
            | WaitReason::BackingOff
            | WaitReason::ObserveOnly
            | WaitReason::ReplacementNeeded
            | WaitReason::CallRefused
            | WaitReason::PolicyRefused
            | WaitReason::NoCredentials
            | WaitReason::WrongAccount
            | WaitReason::UnknownField
            | WaitReason::InvalidSpec
            | WaitReason::BucketMissing
            | WaitReason::Panicked => continue,
        };
        let known = pass.candidate.row.plan.iter().any(|row| {
            row.waiting_for.as_deref() == Some(&waiting.reason.to_string())
                && row.reason == waiting.message
        });
        if !known {
            let message = waiting.message.clone();
            let object = waiting.object.clone();
            events.push(event(
                EventType::Warning,
                reason,
                object,
                message,
                Value::Null,
            ));
        }
    }
    events
}

/// Everything that differs from what is stored; `None` when nothing does.
fn record(
    pass: &Pass,
    plan: &Plan,
    settled: &[(OpenIntent, Outcome)],
    changes: &DriftChanges,
    mut events: Vec<Event>,
    contested: &[String],
    now: Timestamp,
) -> Option<PassRecord> {
    let row = &pass.candidate.row;
    let mut record = PassRecord::empty(row.uid, row.name.clone(), row.generation);
    let mut conditions = verdict::conditions(&pass.candidate.environment, plan);
    conditions.push(verdict::contested(contested));
    let was_ready = is_ready(row.conditions.iter().map(|stored| &stored.condition));
    let is_now_ready = is_ready(conditions.iter());
    record.conditions = conditions
        .into_iter()
        .filter(|condition| {
            !row.conditions.iter().any(|stored| {
                stored.condition == *condition && stored.observed_generation == row.generation
            })
        })
        .collect();
    for opened in &changes.new {
        let message = describe(opened);
        let details = json!(opened);
        let object = opened.object.clone();
        let reason = EventReason::DriftDetected;
        events.push(event(EventType::Warning, reason, object, message, details));
    }
    for (closed, how) in &changes.closed {
        let message = format!("{}: {}", closed.path, how.as_str());
        let details = json!({"path": closed.path, "resolution": how.as_str()});
        let object = closed.object.clone();
        let reason = match how {
            Resolution::Repaired => EventReason::DriftRepaired,
            Resolution::Accepted | Resolution::ObservedOnly | Resolution::Ignored => {
                EventReason::DriftClosed
            }
        };
        events.push(event(EventType::Normal, reason, object, message, details));
    }
    let environment = format!("environment/{}", row.name);
    let condition_holds = |which| {
        row.conditions.iter().any(|stored| {
            stored.condition.condition_type == which
                && stored.condition.status == ConditionStatus::True
        })
    };
    if !contested.is_empty() && !condition_holds(ConditionType::Contested) {
        let message = format!("{}: repaired again and again", contested.join(", "));
        events.push(event(
            EventType::Warning,
            EventReason::Contested,
            environment.clone(),
            message,
            json!({"paths": contested}),
        ));
    }
    let said = |reason: &str| {
        row.conditions.iter().any(|stored| {
            stored.condition.condition_type == ConditionType::Ready
                && stored.condition.reason == reason
        })
    };
    if pass.candidate.environment.is_deleting() && !said("Deleting") {
        events.push(event(
            EventType::Normal,
            EventReason::DeletionRequested,
            environment.clone(),
            "somebody asked for the row to go",
            Value::Null,
        ));
    }
    if plan.finished && pass.may_go() {
        events.push(event(
            EventType::Normal,
            EventReason::Finalized,
            environment.clone(),
            "nothing it owns is left; the row goes",
            Value::Null,
        ));
    }
    if !was_ready && is_now_ready {
        let message = format!("everything matches (generation {})", row.generation);
        events.push(event(
            EventType::Normal,
            EventReason::Ready,
            environment,
            message,
            Value::Null,
        ));
    }
    record.events = events;
    record.drift_opened.clone_from(&changes.opened);
    record.drift_closed = changes
        .closed
        .iter()
        .map(|(one, how)| (one.object.clone(), one.path.clone(), *how))
        .collect();
    record.managed_set = plan
        .holds
        .iter()
        .filter(|(path, value)| row.managed.get(*path) != Some(&Some((*value).clone())))
        .map(|(path, value)| (path.clone(), value.clone()))
        .collect();
    record.managed_removed = plan
        .released
        .iter()
        .filter(|path| row.managed.contains_key(*path))
        .cloned()
        .collect();
    // While an intent is open the object it is about may still become ours.
    if row.open_intents.len() == settled.len() {
        record.released = plan.disowned.intersection(&row.owned).cloned().collect();
    }
    record.intents_settled = settled
        .iter()
        .map(|(intent, outcome)| (intent.id, *outcome))
        .collect();
    record.debts_paid = plan.debts_paid.iter().cloned().collect();
    let rows = verdict::plan_rows(plan, &row.plan, now);
    if rows != row.plan {
        record.plan = Some(rows);
    }
    let fleet_state = pass
        .observed
        .fleet
        .present()
        .map(|fleet| fleet.state.as_str().to_owned());
    if !pass.observed.fleet.is_unknown() && fleet_state != row.fleet_state {
        record.fleet_state = Some(fleet_state);
    }
    let seen = !plan
        .waiting
        .iter()
        .any(|waiting| waiting.reason == WaitReason::NotObserved);
    if seen != row.follows_sweep {
        record.follows_sweep = Some(seen);
    }
    if pass.own_look && !pass.observed.stack_fleets.is_unknown() && row.owned.len() > 1 {
        record.associations_verified_at = Some(pass.looked_at);
    }
    let asked = row.reconcile_requested_at.is_some_and(|asked| {
        row.verified_at.is_none_or(|verified| verified < asked) && asked <= pass.looked_at
    });
    let empty = PassRecord::empty(row.uid, row.name.clone(), row.generation);
    let nothing_new = record == empty && row.observed_generation == Some(row.generation);
    if seen && ((pass.own_look && !nothing_new) || asked) {
        record.verified_at = Some(pass.looked_at);
    }
    (!nothing_new || record.verified_at.is_some()).then_some(record)
}

fn is_ready<'a>(mut conditions: impl Iterator<Item = &'a Condition>) -> bool {
    conditions.any(|one| {
        one.condition_type == ConditionType::Ready && one.status == ConditionStatus::True
    })
}

/// Says why an environment is not even looked at.
pub(crate) fn unseen_event(name: &str, ready: &Condition) -> Event {
    let (event_type, reason) = match ready.reason.as_str() {
        "Paused" => (EventType::Normal, EventReason::Paused),
        "Panicked" => (EventType::Warning, EventReason::Panicked),
        "NoCredentials" | "WrongAccount" => (EventType::Warning, EventReason::WrongAccount),
        _ => (EventType::Warning, EventReason::InvalidSpec),
    };
    let object = format!("environment/{name}");
    event(
        event_type,
        reason,
        object,
        ready.message.clone(),
        Value::Null,
    )
}

/// One line per thing that changed.
fn announce(record: &PassRecord) {
    for event in &record.events {
        log_event(&record.environment, event);
    }
}

/// Writes an event to the log as well.
pub(crate) fn log_event(environment: &str, event: &Event) {
    let reason = event.reason.as_str();
    let (object, message) = (&event.object, &event.message);
    match event.event_type {
        EventType::Normal => {
            tracing::info!(
                environment.name = environment,
                object,
                reason,
                "{reason} {object}: {message}"
            );
        }
        EventType::Warning => {
            tracing::warn!(
                environment.name = environment,
                object,
                reason,
                "{reason} {object}: {message}"
            );
        }
    }
}

/// Every call a plan asks for, by its key.
pub(crate) fn planned(plan: &Plan) -> BTreeSet<String> {
    plan.steps.iter().map(|step| step.action.key()).collect()
}
