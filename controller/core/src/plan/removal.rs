//! Takes fleets and stacks away, in the order AWS takes it: of a row that goes, that names them no
//! longer, or that asks for what only a new fleet can be.
//!
//! ```text
//!   replaced:   Disassociate ─► StopFleet ─► DeleteFleet ─► (absent) CreateFleet ─► StartFleet
//!   left out:   Disassociate ─► StopFleet ─► DeleteFleet ─► (absent, twice) no longer ours
//! ```
//!
//! Right before `DeleteFleet` its scalable target is deregistered, if it has one.
//!
//! Nothing is remembered of how far it got: each step follows from what is there.

use std::collections::BTreeSet;

use super::disruption::{self, Permit};
use super::draft::{Draft, Ownership};
use super::{Step, WaitReason, access, applications, association, power, scaling, theme};
use crate::action::{Action, ObjectKind, ObjectRef};
use crate::environment::Mode;
use crate::observed::{FleetState, Observed, ObservedFleet, ObservedStack, ObservedTags};

/// What people are told when the row leaves an object out, or names another, without permission.
const NOT_ALLOWED: &str = "would delete it, which fleet.disruption.allowReplacement does not \
     allow: name it again and allow it, or delete the environment";

/// Plans what becomes of an object that the row no longer names. It is ours, and the only one of
/// its kind that this look covers.
pub(super) fn leave(draft: &mut Draft<'_>, object: &ObjectRef) {
    draft.tags.incomplete = true;
    let environment = draft.input.environment;
    let named = match object.kind {
        ObjectKind::Fleet => environment.fleet_name(),
        ObjectKind::Stack => environment.stack_name(),
        ObjectKind::Bucket | ObjectKind::User => None,
    };
    let why = named.map_or_else(
        || format!("the row no longer has a {}", object.kind.as_str()),
        |name| format!("the row names {}/{name} instead", object.kind.as_str()),
    );
    if !disruption::in_force(draft).allow_replacement {
        let message = format!("{why}; that {NOT_ALLOWED}");
        draft.wait(object, WaitReason::ReplacementNeeded, message);
        return;
    }
    match object.kind {
        ObjectKind::Fleet => leave_fleet(draft, object, &why),
        ObjectKind::Stack => leave_stack(draft, object, &why),
        ObjectKind::Bucket | ObjectKind::User => {}
    }
}

fn leave_fleet(draft: &mut Draft<'_>, object: &ObjectRef, why: &str) {
    match &draft.input.observed.fleet {
        Observed::Unknown(unseen) => {
            not_seen(draft, object, unseen);
        }
        Observed::Absent => {
            scaling::say_what_is_left(draft, object);
            forget(draft, object);
        }
        Observed::Present(fleet) => match is_ours(draft, object, &fleet.tags) {
            Some(true) if !moves_first(draft, object) => {
                take_fleet(draft, object, fleet, why, false);
            }
            Some(true) | None => {}
            Some(false) => forget(draft, object),
        },
    }
}

fn leave_stack(draft: &mut Draft<'_>, object: &ObjectRef, why: &str) {
    match &draft.input.observed.stack {
        Observed::Unknown(unseen) => {
            not_seen(draft, object, unseen);
        }
        Observed::Absent => forget(draft, object),
        Observed::Present(stack) => match is_ours(draft, object, &stack.tags) {
            Some(true) => take_stack(draft, object, stack, why),
            None => {}
            Some(false) => forget(draft, object),
        },
    }
}

/// Whether an object that is there is still ours, or a namesake by now; `None` if it has to be
/// looked at first.
fn is_ours(draft: &mut Draft<'_>, object: &ObjectRef, tags: &ObservedTags) -> Option<bool> {
    match draft.ownership(object, tags) {
        Ownership::Ours => Some(true),
        Ownership::Foreign(_) | Ownership::Adoptable => Some(false),
        Ownership::Unknown(why) => {
            not_seen(draft, object, &format!("its tags: {why}"));
            None
        }
    }
}

/// Whether our stack takes another environment's fleet first: people then have one all the time.
fn moves_first(draft: &mut Draft<'_>, object: &ObjectRef) -> bool {
    let input = draft.input;
    let stacks = input.observed.fleet_stacks.present();
    let has_ours = stacks.is_some_and(|stacks| {
        let stack = input.environment.stack_name();
        stack.is_some_and(|stack| stacks.contains(stack))
    });
    let Some(other) = input.environment.fleet_ref().filter(|_| has_ours) else {
        return false;
    };
    if draft.ignores(association::PATH) {
        return false;
    }
    let message = format!("its stack takes the fleet of environment {other} first");
    draft.wait(object, WaitReason::WaitingForFleet, message);
    true
}

/// What was left out is gone. What was managed of it is released by the first look that says so,
/// and the object by the second: one negative look is no proof.
fn forget(draft: &mut Draft<'_>, object: &ObjectRef) {
    let below = format!("{}.", object.kind.as_str());
    let environment = draft.input.environment;
    // A fleet that takes its place is managed by the same paths.
    let is_left_out = match object.kind {
        ObjectKind::Fleet => environment.spec.fleet.is_none(),
        ObjectKind::Stack => environment.spec.stack.is_none(),
        ObjectKind::Bucket | ObjectKind::User => false,
    };
    let goes = |path: &str| {
        goes_with(object.kind, path)
            || is_left_out && path.starts_with(&below) && path != disruption::PATH
            || is_left_out && path == "image" && object.kind == ObjectKind::Fleet
    };
    let managed = draft.input.managed.keys();
    let released: BTreeSet<String> = managed.filter(|path| goes(path)).cloned().collect();
    if released.is_empty() {
        draft.plan.disowned.insert(object.to_string());
        if object.kind == ObjectKind::Fleet {
            draft
                .plan
                .debts_paid
                .extend(draft.input.debts.get(&object.name).cloned());
        }
    } else {
        draft.plan.released.extend(released);
    }
    draft.wait(
        object,
        WaitReason::EarlierStep,
        "it is gone, which one more look has to say",
    );
}

/// Whether what is managed at a path ends with an object, and what takes its place gets it anew.
fn goes_with(kind: ObjectKind, path: &str) -> bool {
    let is_its = match kind {
        ObjectKind::Fleet => path == power::STATE || path == applications::PATH,
        ObjectKind::Stack => {
            path.starts_with("entitlements.")
                || theme::concerns(path)
                || path.starts_with("users.") && path.ends_with(".association")
        }
        ObjectKind::Bucket | ObjectKind::User => false,
    };
    is_its || path == kind.as_str() || path == association::PATH
}

/// Plans the replacement of our fleet by one that AWS makes anew, with the same name.
pub(super) fn replace_fleet(draft: &mut Draft<'_>, fleet: &ObservedFleet, why: &str) {
    let object = ObjectRef::fleet(&fleet.name);
    draft.ours.remove(&object);
    if draft.input.environment.mode == Mode::Enforce {
        // That they end is our doing, and no drift.
        for path in draft.input.managed.keys() {
            if goes_with(object.kind, path) {
                draft.plan.holds.remove(path);
                draft.plan.released.insert(path.clone());
            }
        }
        draft.plan.holds.remove(object.kind.as_str());
    }
    // Should the row be changed back, the fleet runs again.
    let owes_start = power::owes_start(draft);
    take_fleet(draft, &object, fleet, why, owes_start);
}

/// Asks for an object that was not seen, and waits.
pub(super) fn not_seen(draft: &mut Draft<'_>, object: &ObjectRef, why: &str) -> bool {
    draft.need(object);
    draft.wait(object, WaitReason::NotObserved, why);
    false
}

/// Takes a fleet of ours off its stacks, stops it and deletes it.
pub(super) fn take_fleet(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    fleet: &ObservedFleet,
    why: &str,
    owes_start: bool,
) {
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
        power::stop(draft, &fleet.name, why, owes_start);
        for stack in &stacks {
            part(draft, &fleet.name, stack, why, &permit).waiting_for =
                Some(WaitReason::EarlierStep);
        }
        draft.later(delete, why, WaitReason::EarlierStep);
        return;
    }
    disruption::drain(draft, &fleet.name, &permit);
    for stack in &stacks {
        part(draft, &fleet.name, stack, why, &permit);
    }
    match &fleet.state {
        FleetState::Stopped => {
            let held = permit.hold.map(|(reason, _)| reason);
            let held = held.or_else(|| scaling::deregister(draft, object, why));
            draft.step(delete, why).waiting_for = held;
        }
        FleetState::Running | FleetState::Starting => {
            let waiting = power::stop(draft, &fleet.name, why, owes_start);
            draft.later(delete, why, waiting);
        }
        FleetState::Stopping | FleetState::Other(_) => {
            let message = format!("the fleet is {}", fleet.state.as_str());
            draft.wait(object, WaitReason::FleetStopping, message);
            draft.later(delete, why, WaitReason::FleetStopping);
        }
    }
}

/// Takes the fleets off a stack of ours and deletes it.
pub(super) fn take_stack(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    stack: &ObservedStack,
    why: &str,
) {
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
        part(draft, fleet, &stack.name, why, &permit);
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
            why,
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
fn part<'a>(
    draft: &'a mut Draft<'_>,
    fleet: &str,
    stack: &str,
    why: &str,
    permit: &Permit,
) -> &'a mut Step {
    let action = Action::DisassociateFleet {
        fleet: fleet.to_owned(),
        stack: stack.to_owned(),
        only_when_idle: permit.only_when_idle,
    };
    let step = draft.step(action, why);
    step.waiting_for = permit.hold.as_ref().map(|(reason, _)| *reason);
    step
}
