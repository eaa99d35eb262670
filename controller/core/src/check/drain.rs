//! Checks that room is taken from nobody but where the row says so and people are waited for.

use super::going::said;
use crate::action::Action;
use crate::observed::{FleetState, Observed};
use crate::plan::{Plan, PlanInput, WaitReason};

/// An instance takes nobody else only while its people hold up a stop, and only once.
pub(super) fn may_be_drained(
    input: &PlanInput<'_>,
    plan: &Plan,
    action: &Action,
) -> Option<&'static str> {
    let Action::DrainSessionInstance {
        fleet,
        instance,
        session,
    } = action
    else {
        return None;
    };
    if said(input)["drain"] != true {
        return Some("nothing is drained that the row does not allow to be drained");
    }
    let seen = input.observed.fleet.present();
    let is_shared = seen.is_some_and(|seen| {
        let most = seen.settings.max_sessions_per_instance;
        seen.name == *fleet && seen.state == FleetState::Running && most > Some(1)
    });
    if !is_shared {
        return Some("only instances of a running multi-session fleet are drained");
    }
    let instances = input.observed.instances.get(fleet);
    let instances = instances.and_then(Observed::present);
    let seen = instances.and_then(|instances| instances.get(instance));
    if !seen.is_some_and(|seen| seen.session == *session && seen.is_draining == Some(false)) {
        return Some("an instance is drained only when it was seen to take others");
    }
    let waits = plan.steps.iter().any(|step| {
        step.waiting_for == Some(WaitReason::WaitingForSessions)
            && matches!(&step.action, Action::StopFleet { name, .. } if name == fleet)
    });
    (!waits).then_some("instances are drained only while a stop waits for people")
}
