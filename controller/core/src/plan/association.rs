//! Plans the association of fleet and stack.

use std::collections::BTreeSet;

use serde_json::json;

use super::draft::Draft;
use super::{WaitReason, disruption};
use crate::action::{Action, ObjectRef};
use crate::observed::Observed;

/// The path of the association, as in `ignore`.
pub(super) const PATH: &str = "association";

const WHY: &str = "the row has both a fleet and a stack";

/// Plans the association: desired when the row has both sides.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let input = draft.input;
    let (Some(fleet), Some(stack)) = (
        input.environment.fleet_name(),
        input.environment.stack_name(),
    ) else {
        return;
    };
    let object = ObjectRef::stack(stack);
    let both_are_ours = [&ObjectRef::fleet(fleet), &object]
        .into_iter()
        .all(|side| draft.ours.contains(side));
    if draft.ignores(PATH) || !both_are_ours {
        return;
    }
    let is_new = input.observed.stack.is_absent() || input.observed.fleet.is_absent();
    let fleets = match &input.observed.stack_fleets {
        // A stack that does not exist has no association to read.
        _ if input.observed.stack.is_absent() => BTreeSet::new(),
        Observed::Present(fleets) => fleets.clone(),
        Observed::Absent | Observed::Unknown(_) => {
            // Associations cost one call each, so most looks go without: what held is believed
            // until its turn comes. It does not outlive its fleet.
            if is_new || !draft.held(PATH, &json!(fleet)) {
                let needs = &mut draft.plan.needs.associations_of_stacks;
                needs.insert(stack.to_owned());
                let message = "its association is not known";
                draft.wait(&object, WaitReason::NotObserved, message);
            }
            return;
        }
    };
    if fleets.len() == 1 && fleets.contains(fleet) && !is_new {
        draft.holds(PATH, json!(fleet));
        return;
    }
    draft.differs(&object, PATH, json!(fleet), json!(fleets));
    // A stack takes one fleet: another one has to go first.
    for other in fleets.iter().filter(|other| *other != fleet) {
        replace(draft, other, stack);
    }
    if fleets.contains(fleet) && !is_new {
        return;
    }
    let action = Action::AssociateFleet {
        fleet: fleet.to_owned(),
        stack: stack.to_owned(),
    };
    let step = draft.step(action, WHY);
    step.manages.insert(PATH.to_owned());
    step.waiting_for = (!fleets.is_empty()).then_some(WaitReason::EarlierStep);
}

/// Takes another fleet off our stack, when those who stream from it may be interrupted.
fn replace(draft: &mut Draft<'_>, other: &str, stack: &str) {
    let permit = disruption::permit(draft, other);
    let action = Action::DisassociateFleet {
        fleet: other.to_owned(),
        stack: stack.to_owned(),
        only_when_idle: permit.only_when_idle,
    };
    let why = format!("the stack has fleet {other}, which the row does not ask for");
    let step = draft.step(action, why);
    step.waiting_for = permit.hold.as_ref().map(|(reason, _)| *reason);
    if let Some((reason, message)) = permit.hold {
        draft.wait(ObjectRef::stack(stack), reason, message);
    }
}
