//! Checks what a plan does with fleets that two environments share.

use crate::action::Action;
use crate::neighbours::FleetReference;
use crate::observed::ObservedTags;
use crate::plan::PlanInput;

/// Whether a fleet is the one that the row's `fleetRef` leads to, and not our own.
pub(super) fn referred(input: &PlanInput<'_>, fleet: &str) -> bool {
    let own = input.environment.spec.fleet.is_some();
    match &input.neighbours.reference {
        FleetReference::Fleet(referred) => !own && referred.fleet == fleet,
        FleetReference::None | FleetReference::Missing(_) | FleetReference::Wrong(_) => false,
    }
}

/// Another environment's fleet is associated only while it is that environment's, and stays.
pub(super) fn lent(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let Action::AssociateFleet { fleet, .. } = action else {
        return None;
    };
    let FleetReference::Fleet(referred) = &input.neighbours.reference else {
        return None;
    };
    if input.environment.spec.fleet.is_some() || referred.fleet != *fleet {
        return None;
    }
    if referred.is_leaving {
        return Some("no stack gets a fleet that is about to go");
    }
    let uid = referred.uid.hyphenated().to_string();
    let is_its = referred.observed.present().is_some_and(|fleet| {
        let (ObservedTags::Known(tags) | ObservedTags::Listed(tags)) = &fleet.tags else {
            return false;
        };
        tags.get("streamkeeper:uid") == Some(&uid)
    });
    (!is_its)
        .then_some("another environment's fleet is used only with that environment's uid on it")
}

/// A fleet that others refer to stays with its row.
pub(super) fn deserted(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let deletes = matches!(action, Action::DeleteFleet { .. });
    let mut referrers = input.neighbours.referrers.iter();
    (deletes && referrers.any(|referrer| !referrer.is_leaving))
        .then_some("no fleet is deleted while other environments refer to it")
}
