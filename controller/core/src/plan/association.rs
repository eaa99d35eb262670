//! Plans the association of fleet and stack.
//!
//! The fleet is the row's own, or that of the environment which `fleetRef` names. Only making an
//! association needs that fleet: what holds is compared by name, whoever looks after the fleet.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::draft::{Draft, Ownership, UID_TAG};
use super::{WaitReason, disruption};
use crate::action::{Action, ObjectRef};
use crate::neighbours::{FleetReference, ReferredFleet};
use crate::observed::{Observed, ObservedTags};

/// The path of the association, as in `ignore`.
pub(super) const PATH: &str = "association";

const WHY: &str = "the row has both a fleet and a stack";

/// The fleet that the stack should have.
#[derive(Debug, Clone, Copy)]
enum Wanted<'a> {
    /// Our own.
    Own(&'a str),
    /// That of another environment.
    Referred(&'a ReferredFleet),
}

impl<'a> Wanted<'a> {
    fn name(self) -> &'a str {
        match self {
            Self::Own(fleet) => fleet,
            Self::Referred(referred) => &referred.fleet,
        }
    }
}

/// Plans the association: desired when the row has both sides.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let input = draft.input;
    let Some(stack) = input.environment.stack_name() else {
        return;
    };
    let object = ObjectRef::stack(stack);
    if draft.ignores(PATH) || !draft.ours.contains(&object) {
        return;
    }
    let own = input.environment.fleet_name();
    let wanted = match (own, &input.neighbours.reference) {
        (Some(fleet), _) if draft.ours.contains(&ObjectRef::fleet(fleet)) => Wanted::Own(fleet),
        (Some(_), _) => return,
        (None, FleetReference::Fleet(referred)) => Wanted::Referred(referred),
        (None, FleetReference::Missing(why)) => {
            return draft.wait(&object, WaitReason::WaitingForFleet, why);
        }
        (None, FleetReference::Wrong(why)) => {
            return draft.wait(&object, WaitReason::WrongFleetRef, why);
        }
        (None, FleetReference::None) => return give_back(draft, &object),
    };
    converge(draft, &object, wanted);
}

fn converge(draft: &mut Draft<'_>, object: &ObjectRef, wanted: Wanted<'_>) {
    let input = draft.input;
    let (fleet, stack) = (wanted.name(), &object.name);
    let fleet_is_absent = match wanted {
        Wanted::Own(_) => input.observed.fleet.is_absent(),
        Wanted::Referred(referred) => referred.observed.is_absent(),
    };
    let is_new = input.observed.stack.is_absent() || fleet_is_absent;
    let fleets = match seen(draft) {
        Some(fleets) => fleets,
        // Associations cost one call each, so most looks go without: what held is believed until
        // its turn comes. It does not outlive its fleet.
        None if !is_new && draft.held(PATH, &json!(fleet)) => return,
        None => return ask(draft, object),
    };
    if fleets.len() == 1 && fleets.contains(fleet) && !is_new {
        draft.holds(PATH, json!(fleet));
        return;
    }
    draft.differs(object, PATH, json!(fleet), json!(fleets));
    let missing = match wanted {
        Wanted::Own(_) => None,
        Wanted::Referred(_) if fleets.contains(fleet) && !is_new => None,
        Wanted::Referred(referred) => not_ready(draft, object, referred),
    };
    // A stack takes one fleet: another one has to go first, and not before there is a better one.
    for other in fleets.iter().filter(|other| *other != fleet) {
        replace(draft, other, stack, missing);
    }
    if fleets.contains(fleet) && !is_new {
        return;
    }
    let action = Action::AssociateFleet {
        fleet: fleet.to_owned(),
        stack: stack.to_owned(),
    };
    let why = match wanted {
        Wanted::Own(_) => WHY.to_owned(),
        Wanted::Referred(referred) => {
            format!("fleetRef names environment {}", referred.environment)
        }
    };
    let earlier = (!fleets.is_empty()).then_some(WaitReason::EarlierStep);
    let step = draft.step(action, why);
    step.manages.insert(PATH.to_owned());
    step.waiting_for = missing.or(earlier);
}

/// The fleets of our stack; `None` when they were not read.
fn seen(draft: &Draft<'_>) -> Option<BTreeSet<String>> {
    let observed = draft.input.observed;
    match &observed.stack_fleets {
        // A stack that does not exist has no association to read.
        _ if observed.stack.is_absent() => Some(BTreeSet::new()),
        Observed::Present(fleets) => Some(fleets.clone()),
        Observed::Absent | Observed::Unknown(_) => None,
    }
}

fn ask(draft: &mut Draft<'_>, object: &ObjectRef) {
    let needs = &mut draft.plan.needs.associations_of_stacks;
    needs.insert(object.name.clone());
    let message = "its association is not known";
    draft.wait(object, WaitReason::NotObserved, message);
}

/// Says why our stack cannot get the fleet of another environment now: that fleet has to be there,
/// to carry its environment's uid, and to stay.
fn not_ready(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    referred: &ReferredFleet,
) -> Option<WaitReason> {
    let ReferredFleet {
        environment,
        uid,
        fleet,
        idle,
        is_leaving,
        observed,
    } = referred;
    let because = idle.map(|why| format!(": {why}")).unwrap_or_default();
    let whose = match observed {
        _ if *is_leaving => {
            let why = format!("environment {environment} is being deleted, and its fleet with it");
            return Some(hold(draft, object, WaitReason::WaitingForFleet, why));
        }
        Observed::Absent => {
            let why = format!("environment {environment} has no fleet yet{because}");
            return Some(hold(draft, object, WaitReason::WaitingForFleet, why));
        }
        Observed::Unknown(why) => Ownership::Unknown(why.clone()),
        Observed::Present(fleet) => whose(&fleet.tags, &uid.hyphenated().to_string()),
    };
    let why = match whose {
        Ownership::Ours => return None,
        Ownership::Adoptable => {
            format!("environment {environment} has not taken over fleet/{fleet} yet{because}")
        }
        Ownership::Foreign(uid) => {
            format!("fleet/{fleet} carries {uid}: it is not that of environment {environment}")
        }
        Ownership::Unknown(why) => {
            draft.plan.needs.fleets.insert(fleet.clone());
            let why = format!("fleet/{fleet} of environment {environment}: {why}");
            return Some(hold(draft, object, WaitReason::NotObserved, why));
        }
    };
    Some(hold(draft, object, WaitReason::WaitingForFleet, why))
}

fn hold(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    reason: WaitReason,
    message: String,
) -> WaitReason {
    draft.wait(object, reason, message);
    reason
}

/// Whose a fleet with these tags is, from the side of the environment with that uid.
fn whose(tags: &ObservedTags, uid: &str) -> Ownership {
    let (found, is_known) = match tags {
        ObservedTags::Known(tags) => (tags.get(UID_TAG), true),
        ObservedTags::Listed(tags) => (tags.get(UID_TAG), false),
        ObservedTags::Unknown(why) => return Ownership::Unknown(format!("its tags: {why}")),
    };
    match found {
        Some(found) if found == uid => Ownership::Ours,
        // The Tagging API lags: what is not there is believed only when it was read by name.
        Some(_) | None if !is_known => {
            Ownership::Unknown("its tags: only listed, without that uid".to_owned())
        }
        Some(found) => Ownership::Foreign(format!("{UID_TAG}={found}")),
        None => Ownership::Adoptable,
    }
}

/// The row asks for no fleet any more: the association goes back to none. With a fleet of our own
/// that the row left out goes, if at all, its association.
fn give_back(draft: &mut Draft<'_>, object: &ObjectRef) {
    let input = draft.input;
    let keeps_fleet = input.owned.iter().any(|owned| owned.starts_with("fleet/"));
    if keeps_fleet || !input.managed.contains_key(PATH) {
        return;
    }
    let fleets = match seen(draft) {
        // What was only watched is not ours to reset.
        _ if !input.owned.contains(&object.to_string()) => BTreeSet::new(),
        Some(fleets) => fleets,
        None => return ask(draft, object),
    };
    if fleets.is_empty() {
        draft.plan.released.insert(PATH.to_owned());
        return;
    }
    draft.differs(object, PATH, Value::Null, json!(fleets));
    for fleet in &fleets {
        replace(draft, fleet, &object.name, None);
    }
}

/// Takes another fleet off our stack, when those who stream from it may be interrupted and nothing
/// else is missing.
fn replace(draft: &mut Draft<'_>, other: &str, stack: &str, missing: Option<WaitReason>) {
    let action = |only_when_idle| Action::DisassociateFleet {
        fleet: other.to_owned(),
        stack: stack.to_owned(),
        only_when_idle,
    };
    let is_planned = draft.plan.steps.iter().any(|step| {
        matches!(&step.action, Action::DisassociateFleet { fleet, stack: from, .. }
            if fleet == other && from == stack)
    });
    if is_planned {
        return;
    }
    let why = format!("the stack has fleet {other}, which the row does not ask for");
    if let Some(missing) = missing {
        draft.later(action(true), why, missing);
        return;
    }
    let permit = disruption::permit(draft, other);
    let step = draft.step(action(permit.only_when_idle), why);
    step.waiting_for = permit.hold.as_ref().map(|(reason, _)| *reason);
    if let Some((reason, message)) = permit.hold {
        draft.wait(ObjectRef::stack(stack), reason, message);
    }
}

/// Whether stacks of other environments keep the fleet, which then stays with us; says which.
///
/// A row that refers to it keeps it even before its stack has it, unless that row is leaving too.
pub(super) fn serves_referrers(
    draft: &mut Draft<'_>,
    fleet: &ObjectRef,
    stacks: &BTreeSet<String>,
) -> bool {
    let referrers: Vec<&str> = draft
        .input
        .neighbours
        .referrers
        .iter()
        .filter(|referrer| !referrer.is_leaving || stacks.contains(&referrer.stack))
        .map(|referrer| referrer.environment.as_str())
        .collect();
    if referrers.is_empty() {
        return false;
    }
    let message = format!(
        "its fleet is used through the fleetRef of {}; delete those too, or give them another fleet",
        referrers.join(", ")
    );
    draft.wait(fleet, WaitReason::FleetInUse, message);
    true
}
