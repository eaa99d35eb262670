//! One pass over one environment, once it has been looked at: settle, plan, check, apply, record.
//!
//! Infallible: whatever goes wrong becomes part of the outcome.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use streamkeeper_core::check::check;
use streamkeeper_core::cloud::Cloud;
use streamkeeper_core::drift::drift;
use streamkeeper_core::environment::{DeletionPolicy, Mode, Timestamp};
use streamkeeper_core::neighbours::Neighbours;
use streamkeeper_core::plan::{
    CallFailure, ObservedEnvironment, Plan, PlanInput, WaitReason, Waiting, plan, settle,
};
use streamkeeper_core::record::{OpenIntent, Outcome};
use streamkeeper_state::StoreError;

use super::apply::{Applied, OVER_BUDGET, apply, within_budget};
use super::contest::Fights;
use super::look::Candidate;
use super::record::Found;
use super::shared::Shared;
use super::story::log_event;

/// Everything a pass needs, owned, so that passes of different environments can run side by side.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) candidate: Candidate,
    pub(crate) observed: ObservedEnvironment,
    pub(crate) neighbours: Neighbours,
    /// Our own ARN, as STS says it.
    pub(crate) caller_arn: Arc<str>,
    pub(crate) failures: BTreeMap<String, CallFailure>,
    /// Objects that were changed lately, and until when AWS's answers may be from before.
    pub(crate) unsteady: BTreeMap<String, Timestamp>,
    /// Whether the look brought back everything that is read in turns.
    pub(crate) is_covered: bool,
    pub(crate) fights: Fights,
    /// When the look began, by the database's clock.
    pub(crate) looked_at: Timestamp,
    /// Whether the look was this environment's own, and not a sweep's.
    pub(crate) own_look: bool,
    /// How many environments the scope has, for the budget.
    pub(crate) scope_environments: i64,
    /// Owned objects that earlier looks did not find, and since when.
    pub(crate) missed: BTreeMap<String, Timestamp>,
    /// How long AWS's answers may be from before the last change.
    pub(crate) lag: TimeDelta,
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

    /// What is no longer owned: one negative look is no proof, two are that are further apart than
    /// AWS's answers lag. What nobody looked at needs none.
    pub(crate) fn let_go(&self, plan: &Plan, now: Timestamp) -> BTreeSet<String> {
        let environment = &self.candidate.environment;
        let unseen = environment.mode == Mode::Observe
            || environment.deletion_policy == DeletionPolicy::Forget;
        let is_proven = |object: &&String| {
            let first = self.missed.get(*object);
            unseen || first.is_some_and(|first| now >= *first + self.lag)
        };
        let owned = plan.disowned.intersection(&self.candidate.row.owned);
        owned.filter(is_proven).cloned().collect()
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
            unsteady: &self.unsteady,
            observed: &self.observed,
            cluster_configs: &row.cluster_configs,
            neighbours: &self.neighbours,
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
pub(crate) async fn run<C: Cloud>(shared: Arc<Shared<C>>, pass: Pass) -> PassOutcome {
    let now = shared.clock.now();
    let (mut plan, settled) = pass.plan(now);
    pass.fights.hold(&mut plan);
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
    let changes = drift(
        &pass.candidate.environment,
        &pass.candidate.row.open_drift,
        &plan,
    );
    let contested: Vec<String> = pass.fights.contested.iter().cloned().collect();
    let found = Found {
        pass: &pass,
        plan: &plan,
        settled: &settled,
        changes: &changes,
        contested: &contested,
        let_go: &pass.let_go(&plan, now),
    };
    let row_goes = found.row_goes();
    let record = found.record(now);
    let mut outcome = PassOutcome {
        plan,
        ..PassOutcome::default()
    };
    // What was seen is written before anything is done: a crash then loses no drift.
    if let Some(record) = record {
        for event in &record.events {
            log_event(&record.environment, event);
        }
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
        if row_goes {
            finish(&shared, &pass, &mut outcome).await;
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

/// Lets the row go.
async fn finish<C: Cloud>(shared: &Shared<C>, pass: &Pass, outcome: &mut PassOutcome) {
    let row = &pass.candidate.row;
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

/// Every call a plan asks for, by its key, or by those of its items.
pub(crate) fn planned(plan: &Plan) -> BTreeSet<String> {
    let keys = plan.steps.iter().flat_map(|step| step.action.keys());
    keys.map(|(key, _)| key).collect()
}
