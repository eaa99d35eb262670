//! What two environments share is used by one and ended by none of them alone.

use serde_json::json;
use uuid::Uuid;

use super::{broken, leaving};
use crate::action::Action;
use crate::neighbours::{FleetReference, ReferredFleet, Referrer};
use crate::observed::{FleetState, Observed, ObservedFleet, ObservedTags};
use crate::plan::UID_TAG;
use crate::plan::tests::harness::{Case, fleet, stack, tags};

const OWNER: Uuid = Uuid::from_u128(7);

fn associate(fleet: &str) -> Vec<Action> {
    vec![Action::AssociateFleet {
        fleet: fleet.to_owned(),
        stack: "cfd".to_owned(),
    }]
}

/// Our stack has no fleet, and refers to one with these tags.
fn referring(tags: ObservedTags, is_leaving: bool) -> Case {
    let mut case = Case::new(&json!({"fleetRef": "lab", "stack": {}}));
    case.observed.stack = Observed::Present(stack(json!({})));
    case.owned = ["stack/cfd".to_owned()].into();
    case.neighbours.reference = FleetReference::Fleet(Box::new(ReferredFleet {
        environment: "lab".to_owned(),
        uid: OWNER,
        fleet: "shared".to_owned(),
        idle: None,
        is_leaving,
        observed: Observed::Present(ObservedFleet {
            tags,
            ..fleet(FleetState::Running, json!({}))
        }),
    }));
    case
}

fn proof() -> ObservedTags {
    tags(&[(UID_TAG, &OWNER.hyphenated().to_string())])
}

#[test]
fn a_fleet_is_lent_with_its_owners_uid_on_it() {
    let nothing: [&str; 0] = [];
    assert_eq!(
        broken(&referring(proof(), false), associate("shared")),
        nothing
    );
    let rule = ["another environment's fleet is used only with that environment's uid on it"];
    for tags in [
        tags(&[]),
        tags(&[(UID_TAG, "another")]),
        ObservedTags::Unknown("denied".to_owned()),
    ] {
        assert_eq!(broken(&referring(tags, false), associate("shared")), rule);
    }
}

#[test]
fn a_fleet_that_is_about_to_go_is_not_lent() {
    assert_eq!(
        broken(&referring(proof(), true), associate("shared")),
        ["no stack gets a fleet that is about to go"]
    );
}

#[test]
fn a_fleet_nobody_refers_to_is_not_lent() {
    let rules = broken(&referring(proof(), false), associate("other"));
    assert!(
        rules.contains(&"an environment touches only its own objects"),
        "{rules:?}"
    );
}

#[test]
fn a_fleet_others_refer_to_is_not_deleted() {
    let mut case = leaving();
    case.observed.fleet = Observed::Present(fleet(FleetState::Stopped, json!({})));
    case.observed.fleet_stacks = Observed::Present([].into());
    let delete = || {
        vec![Action::DeleteFleet {
            name: "cfd".to_owned(),
        }]
    };
    let nothing: [&str; 0] = [];
    assert_eq!(broken(&case, delete()), nothing);
    case.neighbours.referrers.push(Referrer {
        environment: "viewers".to_owned(),
        uid: Uuid::from_u128(8),
        stack: "viewers".to_owned(),
        is_leaving: false,
    });
    assert_eq!(
        broken(&case, delete()),
        ["no fleet is deleted while other environments refer to it"]
    );
}
