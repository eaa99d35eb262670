//! Plans the fleet's power state: what the row asks, what a change needs, what is owed.
//!
//! Whoever stops a fleet for a change owes it a start. The debt is a row, so that it outlives a
//! crash, and the end of the wish that opened it.

use chrono::TimeDelta;
use serde_json::json;

use super::draft::Draft;
use super::{CallFailure, Step, WaitReason, disruption};
use crate::action::{Action, ObjectRef};
use crate::cloud::ErrorClass;
use crate::environment::Timestamp;
use crate::observed::{FleetState, ObservedFleet};
use crate::spec::PowerState;

/// The path of the fleet's power state, as in `ignore`.
pub(super) const STATE: &str = "fleet.state";

/// How long after a refused change may be tried again the fleet is stopped for it again. A start
/// takes up to 25 minutes (AppStream's administration guide): sooner, a fleet whose change is
/// refused over and over would be down most of the time.
const STOP_AGAIN: TimeDelta = TimeDelta::hours(1);

const ASKED: &str = "the row asks for a running fleet";

/// Plans the start of a fleet that this plan creates.
pub(super) fn of_a_new_fleet(draft: &mut Draft<'_>, name: &str) {
    let Some(fleet) = &draft.input.environment.spec.fleet else {
        return;
    };
    if fleet.state != PowerState::Running {
        return;
    }
    if draft.ignores(STATE)
        && let Some(create) = draft.plan.steps.last_mut()
    {
        // Whoever owns the state gets a running fleet, once, as the row says.
        create.opens_debt = true;
    }
    start(draft, name, ASKED);
}

/// Plans a stop for a change; says what the change waits for.
pub(super) fn stop_for_a_change(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    change: &Action,
) -> WaitReason {
    const WHY: &str = "for a change that needs a stopped fleet";
    let owes_start = owes_start(draft);
    let failure = draft.input.failures.get(&change.key());
    let refused = failure.filter(|failure| owes_start && is_refused(failure, draft.input.now));
    if let Some(refused) = refused {
        let message = format!(
            "{}; the fleet is not stopped for it again soon, unless the row changes",
            refused.message
        );
        let reason = WaitReason::CallRefused;
        let action = stop_action(&object.name, true);
        draft.later(action, WHY, reason).opens_debt = true;
        draft.wait(object, reason, message);
        return reason;
    }
    stop(draft, &object.name, WHY, owes_start)
}

/// Whether whoever stops the fleet owes it a start.
pub(super) fn owes_start(draft: &Draft<'_>) -> bool {
    desired(draft) != Some(PowerState::Stopped)
}

/// Why a call is not worth a stop now, if AWS refused it lately.
pub(super) fn refused(draft: &Draft<'_>, action: &Action) -> Option<String> {
    let failure = draft.input.failures.get(&action.key());
    failure
        .filter(|failure| is_refused(failure, draft.input.now))
        .map(|failure| failure.message.clone())
}

/// Whether a change was refused so lately that a stop for it would only keep people off.
fn is_refused(failure: &CallFailure, now: Timestamp) -> bool {
    match failure.class {
        ErrorClass::Invalid => true,
        ErrorClass::Gone
        | ErrorClass::AlreadyThere
        | ErrorClass::Limit
        | ErrorClass::Denied
        | ErrorClass::Unexpected => now < failure.not_before + STOP_AGAIN,
        ErrorClass::Throttled | ErrorClass::NotReady | ErrorClass::Unknown => {
            now < failure.not_before
        }
    }
}

/// Plans a stop under the disruption policy; says what steps behind it wait for.
pub(super) fn stop(draft: &mut Draft<'_>, name: &str, why: &str, owes_start: bool) -> WaitReason {
    let permit = disruption::permit(draft, name);
    disruption::drain(draft, name, &permit);
    let action = stop_action(name, permit.only_when_idle);
    let waiting = permit.hold.as_ref().map(|(reason, _)| *reason);
    let step = draft.step(action, why);
    step.opens_debt = owes_start;
    step.waiting_for = waiting;
    if let Some((reason, message)) = permit.hold {
        draft.wait(ObjectRef::fleet(name), reason, message);
    }
    waiting.unwrap_or(WaitReason::EarlierStep)
}

fn stop_action(name: &str, only_when_idle: bool) -> Action {
    Action::StopFleet {
        name: name.to_owned(),
        only_when_idle,
    }
}

fn start(draft: &mut Draft<'_>, name: &str, why: &str) {
    let manages = !draft.ignores(STATE);
    let action = Action::StartFleet {
        name: name.to_owned(),
    };
    let step = draft.step(action, why);
    if manages {
        step.manages.insert(STATE.to_owned());
    }
}

/// Plans the power state, once what needs a stop has been planned.
pub(super) fn plan(draft: &mut Draft<'_>, fleet: &ObservedFleet) {
    let owes_start = draft.input.debts.contains(&fleet.name);
    let desired = desired(draft);
    let stops = stop_step(draft, &fleet.name).is_some();
    let runs = fleet.state == FleetState::Running;
    if owes_start && (runs && !stops || desired == Some(PowerState::Stopped)) {
        draft.plan.debts_paid.insert(fleet.name.clone());
    }
    match desired {
        Some(PowerState::Running) => {
            if runs && !stops {
                draft.holds(STATE, json!("RUNNING"));
            } else if !runs && !owes_start {
                let object = ObjectRef::fleet(&fleet.name);
                let observed = json!(fleet.state.as_str());
                draft.differs(&object, STATE, json!("RUNNING"), observed);
            }
            keep_running(draft, fleet, owes_start, stops);
        }
        Some(PowerState::Stopped) => keep_stopped(draft, fleet),
        // Somebody else owns the state: only what we owe is ours to do.
        None if owes_start || stops => keep_running(draft, fleet, owes_start, stops),
        None => {}
    }
}

fn keep_running(draft: &mut Draft<'_>, fleet: &ObservedFleet, owes_start: bool, stops: bool) {
    let why = if owes_start {
        "Streamkeeper stopped or made it, and owes it a start"
    } else {
        ASKED
    };
    match &fleet.state {
        FleetState::Running if !stops => {}
        FleetState::Starting if !stops => {
            wait_for_state(draft, fleet);
        }
        FleetState::Stopped => start(draft, &fleet.name, why),
        FleetState::Running | FleetState::Starting => {
            start_later(draft, fleet, why, WaitReason::EarlierStep);
        }
        FleetState::Stopping | FleetState::Other(_) => {
            let reason = wait_for_state(draft, fleet);
            start_later(draft, fleet, why, reason);
        }
    }
}

fn start_later(draft: &mut Draft<'_>, fleet: &ObservedFleet, why: &str, reason: WaitReason) {
    let name = fleet.name.clone();
    draft.later(Action::StartFleet { name }, why, reason);
}

fn keep_stopped(draft: &mut Draft<'_>, fleet: &ObservedFleet) {
    if fleet.state == FleetState::Stopped {
        draft.holds(STATE, json!("STOPPED"));
        return;
    }
    let object = ObjectRef::fleet(&fleet.name);
    let observed = json!(fleet.state.as_str());
    draft.differs(&object, STATE, json!("STOPPED"), observed);
    let stops = stop_step(draft, &fleet.name).is_some();
    // A fleet that AWS complains about may never come up: it is not waited for.
    let may_stop = match &fleet.state {
        FleetState::Running => true,
        FleetState::Starting => !fleet.errors.is_empty(),
        FleetState::Stopping | FleetState::Stopped | FleetState::Other(_) => false,
    };
    if !stops && may_stop {
        let why = "the row asks for a stopped fleet";
        stop(draft, &fleet.name, why, false);
    } else if !stops {
        wait_for_state(draft, fleet);
    }
    if let Some(step) = stop_step(draft, &fleet.name) {
        step.manages.insert(STATE.to_owned());
    }
}

/// The planned stop, if there is one.
fn stop_step<'a>(draft: &'a mut Draft<'_>, fleet: &str) -> Option<&'a mut Step> {
    draft
        .plan
        .steps
        .iter_mut()
        .find(|step| matches!(&step.action, Action::StopFleet { name, .. } if name == fleet))
}

/// Says that AWS has to finish what it does with the fleet first.
pub(super) fn wait_for_state(draft: &mut Draft<'_>, fleet: &ObservedFleet) -> WaitReason {
    let object = ObjectRef::fleet(&fleet.name);
    let reason = match &fleet.state {
        FleetState::Starting => WaitReason::FleetStarting,
        FleetState::Stopping | FleetState::Running | FleetState::Stopped | FleetState::Other(_) => {
            WaitReason::FleetStopping
        }
    };
    let message = format!("the fleet is {}", fleet.state.as_str());
    draft.wait(object, reason, message);
    reason
}

/// The desired power state; `None` when somebody else owns it.
fn desired(draft: &Draft<'_>) -> Option<PowerState> {
    let fleet = draft.input.environment.spec.fleet.as_ref()?;
    (!draft.ignores(STATE)).then_some(fleet.state)
}
