//! Walks a plan in order: last look, intent, one call, outcome.
//!
//! ```text
//!   step ─► lease long enough? ─► last look ─► budget ─► INTENT committed ─► one AWS call ─► outcome
//! ```
//!
//! No choice is made here but to stop: a step whose object failed earlier in the same pass is left
//! for the next one.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use streamkeeper_core::action::{AccessCall, Action, ObjectRef};
use streamkeeper_core::cloud::{ApplyError, Cloud, ErrorClass, ItemRefusal};
use streamkeeper_core::event::{Event, EventReason, EventType};
use streamkeeper_core::last_look;
use streamkeeper_core::plan::{ObservedEnvironment, Plan, Step, UID_TAG, involved};
use streamkeeper_core::record::Outcome;
use streamkeeper_state::{Budget, NewIntent, SettledIntent, StoreError};

use super::pass::Pass;
use super::shared::Shared;
use super::story::log_event;

/// One step that was tried.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) action: Action,
    /// Items that AWS refused, of a call that it answers item by item.
    pub(crate) result: Result<Vec<ItemRefusal>, Failed>,
}

/// Why a step was not done.
#[derive(Debug)]
pub(crate) enum Failed {
    /// AWS said no, or nobody knows.
    Call(ApplyError),
    /// The last look showed something else than the plan was made for.
    LastLook(String),
    /// Too many deletions and stops in this hour.
    Budget,
}

/// Applies the steps of a plan that do not wait.
pub(crate) async fn apply<C: Cloud>(
    shared: &Arc<Shared<C>>,
    pass: &Pass,
    plan: &Plan,
) -> Result<Vec<Applied>, (Vec<Applied>, StoreError)> {
    let mut applied = Vec::new();
    let mut held: BTreeSet<ObjectRef> = BTreeSet::new();
    for step in plan.steps.iter().filter(|step| step.waiting_for.is_none()) {
        let objects = involved(&step.action);
        if objects.iter().any(|object| held.contains(object)) {
            held.extend(objects);
            continue;
        }
        if shared.draining.is_cancelled()
            || shared.lease.remaining() <= shared.settings.call_timeout
        {
            break;
        }
        let result = match one(shared, pass, step).await {
            Ok(result) => result,
            Err(error) => return Err((applied, error)),
        };
        if is_open(&result) {
            held.extend(objects);
        }
        let is_whole = result.as_ref().is_ok_and(Vec::is_empty);
        let outcome = if is_whole { "ok" } else { "failed" };
        shared.metrics.action(step.action.operation(), outcome);
        applied.push(Applied {
            action: step.action.clone(),
            result,
        });
    }
    Ok(applied)
}

/// Whether it is not known what became of a call, or of a part of it, or it failed altogether: its
/// objects are left alone until the next look. Items that were refused hold up nothing else.
fn is_open(result: &Result<Vec<ItemRefusal>, Failed>) -> bool {
    match result {
        Ok(refused) => refused.iter().any(|one| !one.class.is_definite()),
        Err(_) => true,
    }
}

async fn one<C: Cloud>(
    shared: &Arc<Shared<C>>,
    pass: &Pass,
    step: &Step,
) -> Result<Result<Vec<ItemRefusal>, Failed>, StoreError> {
    let row = &pass.candidate.row;
    let cut_off = match look(shared, pass, &step.action).await {
        Ok(cut_off) => cut_off,
        Err(why) => {
            tracing::debug!(
                environment.name = row.name,
                action = %step.action,
                "not done: {why}"
            );
            return Ok(Err(Failed::LastLook(why)));
        }
    };
    let fleet = step.action.object().name;
    let intent = NewIntent {
        uid: row.uid,
        environment: &row.name,
        generation: row.generation,
        deleting: pass.candidate.environment.is_deleting(),
        action: &step.action,
        manages: &step.manages,
        sends: &step.sends,
        debt: step.opens_debt.then_some(fleet.as_str()),
        budget: budget(pass).filter(|_| step.action.is_disruptive()),
    };
    let committed = shared
        .store
        .commit_intent(shared.lease.fence(), &intent)
        .await;
    let id = match committed {
        Err(StoreError::OverBudget { .. }) => return Ok(Err(Failed::Budget)),
        committed => committed?,
    };
    let result = if shared.lease.remaining() <= shared.settings.call_timeout {
        // The commit took so long that the call might outlive the lease: it is not made.
        Err(ApplyError {
            class: ErrorClass::NotReady,
            code: "LeaseTooShort".to_owned(),
            message: "the lease would not outlast the call".to_owned(),
            request_id: None,
        })
    } else {
        let applied = shared.cloud.apply(&step.action).await;
        applied.map(|applied| applied.refused)
    };
    let (outcome, events) = verdict(step, cut_off, &result);
    let error = words(&result);
    for event in &events {
        log_event(&row.name, event);
    }
    let settled = SettledIntent {
        id,
        outcome,
        sends: &step.sends,
        error: error.as_deref(),
        uid: row.uid,
        environment: &row.name,
        generation: row.generation,
        events: &events,
    };
    shared
        .store
        .settle_intent(shared.lease.fence(), &settled)
        .await?;
    Ok(result.map_err(Failed::Call))
}

/// The last look before a call that takes something away; how many people it will cut off.
async fn look<C: Cloud>(
    shared: &Arc<Shared<C>>,
    pass: &Pass,
    action: &Action,
) -> Result<u32, String> {
    let Some(request) = last_look::request(action, shared.clock.now()) else {
        return Ok(0);
    };
    let world = shared.cloud.observe(&request).await;
    shared.metrics.reads(&world.calls);
    let candidate = &pass.candidate;
    let observed = ObservedEnvironment::of(&world, candidate.fleet(), candidate.stack());
    last_look::verify(action, &candidate.environment, &observed)?;
    Ok(last_look::cut_off(action, &observed))
}

/// What people are told when the budget is used up.
pub(crate) const OVER_BUDGET: &str = "too many deletions and stops in this scope within an hour; \
     look whether they are meant, then SELECT streamkeeper.approve(name)";

/// At most max(10, 20 %) deletions and stops per scope and hour; no bound when this generation was
/// approved by a human.
fn budget(pass: &Pass) -> Option<Budget> {
    let row = &pass.candidate.row;
    (row.approved_generation != Some(row.generation)).then(|| Budget {
        window: BUDGET_WINDOW,
        at_most: (pass.scope_environments / 5).max(10),
    })
}

/// Whether something may be taken away; the intent decides, and this says it beforehand.
pub(crate) async fn within_budget<C: Cloud>(
    shared: &Arc<Shared<C>>,
    pass: &Pass,
) -> Result<bool, StoreError> {
    let Some(Budget { window, at_most }) = budget(pass) else {
        return Ok(true);
    };
    let scope = shared.lease.fence().scope_id;
    Ok(shared.store.count_destructive(scope, window).await? < at_most)
}

/// The window of the budget: an hour is long enough for a human to notice.
const BUDGET_WINDOW: std::time::Duration = std::time::Duration::from_secs(3600);

/// AWS's words, if it refused a call or a part of it, or did not answer.
fn words(result: &Result<Vec<ItemRefusal>, ApplyError>) -> Option<String> {
    match result {
        Ok(refused) if refused.is_empty() => None,
        Ok(refused) => {
            let items = refused.iter();
            let items = items.map(|refusal| format!("{}: {refusal}", refusal.item));
            Some(items.collect::<Vec<_>>().join("; "))
        }
        Err(error) => Some(error.to_string()),
    }
}

/// What a call came to, and the events that say so. A call of which a part was refused did not
/// succeed: what became of the rest is said, and the next look decides about all of it.
fn verdict(
    step: &Step,
    cut_off: u32,
    result: &Result<Vec<ItemRefusal>, ApplyError>,
) -> (Outcome, Vec<Event>) {
    let action = &step.action;
    match result {
        Ok(refused) => {
            let items = action.keys().len();
            let mut events = Vec::new();
            if refused.len() < items {
                events.push(success(step, cut_off));
            }
            events.extend(refused.iter().map(|refusal| refusal_event(action, refusal)));
            let unknown = |refusal: &ItemRefusal| !refusal.class.is_definite();
            let outcome = match refused.as_slice() {
                [] => Outcome::Ok,
                some if some.iter().any(unknown) => Outcome::Unknown,
                _ => Outcome::Refused,
            };
            (outcome, events)
        }
        Err(error) => {
            let (outcome, reason) = if error.class.is_definite() {
                (Outcome::Refused, EventReason::CallRefused)
            } else {
                (Outcome::Unknown, EventReason::OutcomeUnknown)
            };
            let event = Event {
                event_type: EventType::Warning,
                reason,
                object: action.object().to_string(),
                message: format!("{}: {error}", action.operation()),
                details: json!({"code": error.code, "class": error.class, "request_id": error.request_id}),
            };
            (outcome, vec![event])
        }
    }
}

/// What people are told of a call that was made.
fn success(step: &Step, cut_off: u32) -> Event {
    let action = &step.action;
    let mut details = json!({"action": action});
    if cut_off > 0 {
        details["cut_off"] = json!(cut_off);
    }
    let cut = match cut_off {
        0 => String::new(),
        1 => "; it cut off 1 session".to_owned(),
        many => format!("; it cut off {many} sessions"),
    };
    let message = format!("{}: {}{cut}", action.operation(), step.reason);
    Event {
        event_type: EventType::Normal,
        reason: done(action),
        object: action.object().to_string(),
        message,
        details,
    }
}

/// One item that AWS refused: the items are users.
fn refusal_event(action: &Action, refusal: &ItemRefusal) -> Event {
    Event {
        event_type: EventType::Warning,
        reason: EventReason::CallRefused,
        object: ObjectRef::user(&refusal.item).to_string(),
        message: format!("{} {}: {refusal}", action.operation(), action.object()),
        details: json!({"code": refusal.code, "class": refusal.class}),
    }
}

fn done(action: &Action) -> EventReason {
    match action {
        Action::CreateFleet { .. } | Action::CreateStack { .. } => EventReason::Created,
        Action::UpdateFleet { .. } | Action::UpdateStack { .. } => EventReason::Updated,
        Action::StartFleet { .. } => EventReason::Started,
        Action::StopFleet { .. } => EventReason::Stopped,
        Action::DrainSessionInstance { .. } => EventReason::DrainRequested,
        Action::DeleteFleet { .. } | Action::DeleteStack { .. } => EventReason::Deleted,
        Action::DeregisterScalableTarget { .. } => EventReason::Deregistered,
        Action::AssociateFleet { .. } => EventReason::Associated,
        Action::DisassociateFleet { .. } => EventReason::Disassociated,
        Action::TagResource { tags, .. } if tags.contains_key(UID_TAG) => EventReason::Adopted,
        Action::TagResource { .. } => EventReason::Tagged,
        Action::UntagResource { .. } => EventReason::Untagged,
        Action::PutBucketPolicy { .. } | Action::DeleteBucketPolicy { .. } => {
            EventReason::PolicyWritten
        }
        Action::Access(call) => granted(call),
    }
}

fn granted(call: &AccessCall) -> EventReason {
    match call {
        AccessCall::CreateUser { .. }
        | AccessCall::CreateEntitlement { .. }
        | AccessCall::CreateThemeForStack { .. } => EventReason::Created,
        AccessCall::EnableUser { .. }
        | AccessCall::DisableUser { .. }
        | AccessCall::UpdateEntitlement { .. }
        | AccessCall::UpdateThemeForStack { .. } => EventReason::Updated,
        AccessCall::DeleteEntitlement { .. } | AccessCall::DeleteThemeForStack { .. } => {
            EventReason::Deleted
        }
        AccessCall::BatchAssociateUserStack { .. }
        | AccessCall::AssociateApplicationToEntitlement { .. }
        | AccessCall::AssociateApplicationFleet { .. } => EventReason::Associated,
        AccessCall::BatchDisassociateUserStack { .. }
        | AccessCall::DisassociateApplicationFromEntitlement { .. }
        | AccessCall::DisassociateApplicationFleet { .. } => EventReason::Disassociated,
    }
}
