//! Plans the association of fleet and stack.

use serde_json::json;

use super::draft::Draft;
use super::{WaitReason, fleet};
use crate::action::{Action, ObjectRef};
use crate::observed::Observed;

/// The path of the association, as in `ignore`.
pub(super) const PATH: &str = "association";

/// Plans the association: desired when the row has both sides.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let input = draft.input;
    let (Some(fleet), Some(stack)) = (
        input.environment.fleet_name(),
        input.environment.stack_name(),
    ) else {
        return;
    };
    if draft.ignores(PATH) {
        return;
    }
    let object = ObjectRef::stack(stack);
    let both_known = !input.observed.fleet.is_unknown() && !input.observed.stack.is_unknown();
    if !both_known {
        return;
    }
    let is_new = input.observed.stack.is_absent() || input.observed.fleet.is_absent();
    match &input.observed.stack_fleets {
        // A stack that does not exist, or whose fleet does not, has no association to read.
        _ if is_new => associate(draft, fleet, stack, json!([])),
        Observed::Present(fleets) if fleets.contains(fleet) && fleets.len() == 1 => {
            draft.holds(PATH, json!(fleet));
        }
        Observed::Present(fleets) => {
            let observed = json!(fleets);
            // A stack takes one fleet: another one has to go first.
            let others: Vec<&String> = fleets.iter().filter(|other| *other != fleet).collect();
            for other in &others {
                replace(draft, other, stack);
            }
            if fleets.contains(fleet) {
                draft.differs(&object, PATH, json!(fleet), observed);
            } else if others.is_empty() {
                associate(draft, fleet, stack, observed);
            } else {
                draft.differs(&object, PATH, json!(fleet), observed);
                draft.later(
                    Action::AssociateFleet {
                        fleet: fleet.to_owned(),
                        stack: stack.to_owned(),
                    },
                    "the row has both a fleet and a stack",
                    WaitReason::EarlierStep,
                );
            }
        }
        Observed::Absent | Observed::Unknown(_) => {
            // Associations cost one call each, so most looks go without: what held is believed
            // until its turn comes.
            if !draft.held(PATH, &json!(fleet)) {
                draft
                    .plan
                    .needs
                    .associations_of_stacks
                    .insert(stack.to_owned());
                draft.wait(
                    &object,
                    WaitReason::NotObserved,
                    "its association is not known",
                );
            }
        }
    }
}

fn associate(draft: &mut Draft<'_>, fleet: &str, stack: &str, observed: serde_json::Value) {
    let object = ObjectRef::stack(stack);
    draft.differs(&object, PATH, json!(fleet), observed);
    draft
        .step(
            Action::AssociateFleet {
                fleet: fleet.to_owned(),
                stack: stack.to_owned(),
            },
            "the row has both a fleet and a stack",
        )
        .manages
        .insert(PATH.to_owned());
}

/// Takes another fleet off our stack, when nobody streams from it.
fn replace(draft: &mut Draft<'_>, other: &str, stack: &str) {
    let object = ObjectRef::stack(stack);
    let action = Action::DisassociateFleet {
        fleet: other.to_owned(),
        stack: stack.to_owned(),
    };
    let why = format!("the stack has fleet {other}, which the row does not ask for");
    match draft.input.observed.sessions_on(other) {
        Observed::Present(0) => {
            draft.step(action, why);
        }
        Observed::Present(sessions) => {
            draft.later(action, why, WaitReason::WaitingForSessions);
            let message = fleet::sessions_message(sessions);
            draft.wait(&object, WaitReason::WaitingForSessions, message);
        }
        Observed::Absent | Observed::Unknown(_) => {
            draft.plan.needs.sessions.insert(other.to_owned());
            draft.later(action, why, WaitReason::NotObserved);
            let message = format!("the sessions of fleet {other} are not known");
            draft.wait(&object, WaitReason::NotObserved, message);
        }
    }
}
