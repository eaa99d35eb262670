//! Plans how an environment goes: what is ours and nothing else, in the order AWS takes it.
//!
//! ```text
//!   delete:  Disassociate ─► StopFleet ─► (STOPPED) ─► DeleteFleet
//!   users off it ────────┴─► DeleteStack      our policy statements
//!   retain:  our tags off fleet and stack
//!   forget:  nothing
//! ```
//!
//! Buckets, objects and clusters are never touched. Deletion waits for people as every other
//! disruption does.

use std::collections::BTreeSet;

use super::disruption::{self, Permit};
use super::draft::{Draft, ENVIRONMENT_TAG, Ownership, UID_TAG};
use super::{Step, WaitReason, access, association, bucket, power};
use crate::action::{Action, ObjectKind, ObjectRef};
use crate::environment::{DeletionPolicy, Mode};
use crate::observed::{FleetState, Observed, ObservedFleet, ObservedStack, ObservedTags};

/// Plans the end of an environment.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let environment = draft.input.environment;
    if environment.mode == Mode::Observe || environment.deletion_policy == DeletionPolicy::Forget {
        disown_all(draft);
        draft.plan.finished = true;
        return;
    }
    let owned: Vec<ObjectRef> = objects(draft);
    let mut done = true;
    for object in &owned {
        done &= match object.kind {
            ObjectKind::Fleet => fleet_goes(draft, object),
            ObjectKind::Stack => stack_goes(draft, object),
            ObjectKind::Bucket | ObjectKind::User => true,
        };
    }
    if environment.deletion_policy == DeletionPolicy::Delete {
        done &= statements_go(draft);
    }
    if done {
        disown_all(draft);
        draft.plan.finished = true;
    }
}

/// What may have to go: what the row names, where we own anything at all, and what we own.
fn objects(draft: &Draft<'_>) -> Vec<ObjectRef> {
    let input = draft.input;
    let mut objects: BTreeSet<ObjectRef> = BTreeSet::new();
    for (kind, word, name) in [
        (ObjectKind::Stack, "stack/", input.environment.stack_name()),
        (ObjectKind::Fleet, "fleet/", input.environment.fleet_name()),
    ] {
        let owned = input
            .owned
            .iter()
            .find_map(|object| object.strip_prefix(word));
        // A row that never got as far as an intent owns nothing under its name.
        if let Some(name) = owned.or(name).filter(|_| owned.is_some()) {
            objects.insert(ObjectRef {
                kind,
                name: name.to_owned(),
            });
        }
    }
    objects.into_iter().collect()
}

fn disown_all(draft: &mut Draft<'_>) {
    draft.plan.disowned = draft.input.owned.clone();
}

fn fleet_goes(draft: &mut Draft<'_>, object: &ObjectRef) -> bool {
    match &draft.input.observed.fleet {
        Observed::Absent => {
            draft.plan.disowned.insert(object.to_string());
            true
        }
        Observed::Unknown(why) => not_seen(draft, object, why),
        Observed::Present(fleet) => {
            match settle_ownership(draft, object, &fleet.arn, &fleet.tags) {
                Some(done) => done,
                None => {
                    delete_fleet(draft, object, fleet);
                    false
                }
            }
        }
    }
}

fn stack_goes(draft: &mut Draft<'_>, object: &ObjectRef) -> bool {
    match &draft.input.observed.stack {
        Observed::Absent => {
            draft.plan.disowned.insert(object.to_string());
            true
        }
        Observed::Unknown(why) => not_seen(draft, object, why),
        Observed::Present(stack) => {
            match settle_ownership(draft, object, &stack.arn, &stack.tags) {
                Some(done) => done,
                None => {
                    delete_stack(draft, object, stack);
                    false
                }
            }
        }
    }
}

fn not_seen(draft: &mut Draft<'_>, object: &ObjectRef, why: &str) -> bool {
    draft.need(object);
    draft.wait(object, WaitReason::NotObserved, why);
    false
}

/// Decides what is not a deletion: somebody else's object, unknown tags, and `retain`.
fn settle_ownership(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    arn: &str,
    tags: &ObservedTags,
) -> Option<bool> {
    match draft.ownership(object, tags) {
        Ownership::Unknown(why) => Some(not_seen(draft, object, &format!("its tags: {why}"))),
        // A namesake, read by name: what was ours is gone.
        Ownership::Foreign(_) | Ownership::Adoptable => {
            draft.plan.disowned.insert(object.to_string());
            Some(true)
        }
        Ownership::Ours => {
            if draft.input.environment.deletion_policy == DeletionPolicy::Retain {
                let keys = vec![ENVIRONMENT_TAG.to_owned(), UID_TAG.to_owned()];
                let action = Action::UntagResource {
                    object: object.clone(),
                    arn: arn.to_owned(),
                    keys,
                };
                draft.step(action, "the row is deleted and its objects are retained");
                return Some(false);
            }
            None
        }
    }
}

const WHY: &str = "the row is deleted";

fn delete_fleet(draft: &mut Draft<'_>, object: &ObjectRef, fleet: &ObservedFleet) {
    let Observed::Present(stacks) = &draft.input.observed.fleet_stacks else {
        let needs = &mut draft.plan.needs.associations_of_fleets;
        needs.insert(fleet.name.clone());
        let message = "its associations are not known";
        draft.wait(object, WaitReason::NotObserved, message);
        return;
    };
    if association::serves_referrers(draft, object, stacks) {
        return;
    }
    let ours = our_stack(draft);
    if ours.is_none() && !stacks.is_empty() && draft.input.observed.stack.is_unknown() {
        draft.wait(object, WaitReason::NotObserved, "its stack is not known");
        return;
    }
    let foreign: Vec<&str> = stacks
        .iter()
        .map(String::as_str)
        .filter(|stack| Some(*stack) != ours.as_deref())
        .collect();
    if !foreign.is_empty() {
        let message = format!(
            "the fleet also serves {}, which this row does not own; take it off there first",
            foreign.join(", ")
        );
        draft.wait(object, WaitReason::Conflict, message);
        return;
    }
    let stacks: Vec<String> = stacks.iter().cloned().collect();
    let Some(permit) = permit(draft, object, &fleet.name) else {
        return;
    };
    let delete = Action::DeleteFleet {
        name: fleet.name.clone(),
    };
    let runs = matches!(fleet.state, FleetState::Running | FleetState::Starting);
    if runs && permit.cuts_off > 0 {
        // AWS may refuse to part what people stream from; the stop ends their sessions.
        power::stop(draft, &fleet.name, WHY, false);
        for stack in &stacks {
            part(draft, &fleet.name, stack, &permit).waiting_for = Some(WaitReason::EarlierStep);
        }
        draft.later(delete, WHY, WaitReason::EarlierStep);
        return;
    }
    for stack in &stacks {
        part(draft, &fleet.name, stack, &permit);
    }
    match &fleet.state {
        FleetState::Stopped => {
            draft.step(delete, WHY).waiting_for = permit.hold.map(|(reason, _)| reason);
        }
        FleetState::Running | FleetState::Starting => {
            let waiting = power::stop(draft, &fleet.name, WHY, false);
            draft.later(delete, WHY, waiting);
        }
        FleetState::Stopping | FleetState::Other(_) => {
            let message = format!("the fleet is {}", fleet.state.as_str());
            draft.wait(object, WaitReason::FleetStopping, message);
            draft.later(delete, WHY, WaitReason::FleetStopping);
        }
    }
}

fn delete_stack(draft: &mut Draft<'_>, object: &ObjectRef, stack: &ObservedStack) {
    let Observed::Present(fleets) = &draft.input.observed.stack_fleets else {
        draft
            .plan
            .needs
            .associations_of_stacks
            .insert(stack.name.clone());
        draft.wait(
            object,
            WaitReason::NotObserved,
            "its associations are not known",
        );
        return;
    };
    for fleet in fleets {
        let is_planned = draft.plan.steps.iter().any(|step| {
            matches!(&step.action, Action::DisassociateFleet { fleet: of, stack: from, .. }
                if of == fleet && *from == stack.name)
        });
        if is_planned {
            continue;
        }
        let Some(permit) = permit(draft, object, fleet) else {
            return;
        };
        part(draft, fleet, &stack.name, &permit);
    }
    let held = draft.plan.steps.iter().find_map(|step| {
        let Action::DisassociateFleet { stack: other, .. } = &step.action else {
            return None;
        };
        step.waiting_for.filter(|_| *other == stack.name)
    });
    let parting = draft.plan.steps.len();
    if !access::leave(draft, &stack.name) {
        return;
    }
    for step in &mut draft.plan.steps[parting..] {
        step.waiting_for = step.waiting_for.or(held);
    }
    draft
        .step(
            Action::DeleteStack {
                name: stack.name.clone(),
            },
            WHY,
        )
        .waiting_for = held;
}

/// Our stack, if it is there and ours: a fleet is taken off no other.
fn our_stack(draft: &Draft<'_>) -> Option<String> {
    let stack = draft.input.observed.stack.present()?;
    let object = ObjectRef::stack(&stack.name);
    let ownership = draft.ownership(&object, &stack.tags);
    (ownership == Ownership::Ours).then(|| stack.name.clone())
}

/// Whether the people on a fleet may be interrupted; `None` if it has to be looked at first.
fn permit(draft: &mut Draft<'_>, object: &ObjectRef, fleet: &str) -> Option<Permit> {
    let permit = disruption::permit(draft, fleet);
    if let Some((reason, message)) = &permit.hold {
        draft.wait(object, *reason, message);
        if *reason == WaitReason::NotObserved {
            return None;
        }
    }
    Some(permit)
}

/// Takes a fleet off a stack.
fn part<'a>(draft: &'a mut Draft<'_>, fleet: &str, stack: &str, permit: &Permit) -> &'a mut Step {
    let action = Action::DisassociateFleet {
        fleet: fleet.to_owned(),
        stack: stack.to_owned(),
        only_when_idle: permit.only_when_idle,
    };
    let step = draft.step(action, WHY);
    step.waiting_for = permit.hold.as_ref().map(|(reason, _)| *reason);
    step
}

/// Takes our statements off every bucket the row names or used to name.
fn statements_go(draft: &mut Draft<'_>) -> bool {
    let owns_one = draft
        .input
        .owned
        .iter()
        .any(|object| object.starts_with("bucket/"));
    !owns_one || bucket::remove_all(draft)
}
