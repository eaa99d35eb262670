//! Where a `fleetRef` leads.

use serde_json::{Value, json};

use super::{FleetReference, Named, follow};
use crate::environment::{Environment, Mode};
use crate::plan::tests::harness::{environment, minute, small};

fn named(name: &str, spec: &Value) -> Environment {
    Environment {
        name: name.to_owned(),
        ..environment(spec)
    }
}

/// The environment `viewers`, whose stack uses the fleet of `cfd`.
fn viewers() -> Environment {
    named("viewers", &json!({"fleetRef": "cfd", "stack": {}}))
}

/// What is said, after whether waiting may mend it.
fn said(reference: &FleetReference) -> String {
    match reference {
        FleetReference::None => "none".to_owned(),
        FleetReference::Fleet(referred) => format!(
            "fleet {} of {}{}{}",
            referred.fleet,
            referred.environment,
            if referred.is_leaving { ", leaving" } else { "" },
            referred
                .idle
                .map(|why| format!(", {why}"))
                .unwrap_or_default(),
        ),
        FleetReference::Missing(why) => format!("missing: {why}"),
        FleetReference::Wrong(why) => format!("wrong: {why}"),
    }
}

#[test]
fn a_row_without_a_reference_refers_to_nothing() {
    let reference = follow(&environment(&small()), Named::Nothing);
    assert_eq!(reference, FleetReference::None);
}

#[test]
fn a_reference_leads_to_the_fleet_by_its_own_name() {
    let cfd = environment(&small());
    let reference = follow(&viewers(), Named::Environment(&cfd));
    assert_eq!(said(&reference), "fleet cfd of cfd");
    let mut spec = small();
    spec["fleet"]["name"] = json!("cfd-2026");
    let reference = follow(&viewers(), Named::Environment(&environment(&spec)));
    assert_eq!(said(&reference), "fleet cfd-2026 of cfd");
    let FleetReference::Fleet(referred) = reference else {
        unreachable!("it was just said")
    };
    assert_eq!(referred.uid, cfd.uid);
    assert!(referred.observed.is_unknown());
}

#[test]
fn the_owners_standing_goes_with_the_reference() {
    let mut cfd = environment(&small());
    cfd.mode = Mode::Observe;
    let of = |cfd: &Environment| said(&follow(&viewers(), Named::Environment(cfd)));
    assert_eq!(of(&cfd), "fleet cfd of cfd, its mode is observe");
    cfd.paused = true;
    assert_eq!(of(&cfd), "fleet cfd of cfd, it is paused");
    cfd.deletion_requested_at = Some(minute(0));
    assert_eq!(of(&cfd), "fleet cfd of cfd, leaving, it is paused");
}

#[test]
fn what_may_still_come_is_waited_for() {
    let cases = [
        (Named::Nothing, "missing: there is no environment \"cfd\""),
        (
            Named::Unreadable,
            "missing: environment \"cfd\" cannot be read",
        ),
    ];
    for (named, expected) in cases {
        assert_eq!(said(&follow(&viewers(), named)), expected);
    }
}

#[test]
fn what_no_waiting_can_mend_is_wrong() {
    let itself = named("cfd", &json!({"fleetRef": "cfd", "stack": {}}));
    let chain = named("cfd", &json!({"fleetRef": "fem", "stack": {}}));
    let cycle = named("cfd", &json!({"fleetRef": "viewers", "stack": {}}));
    let stack_only = named("cfd", &json!({"stack": {}}));
    let cases = [
        (
            &itself,
            Named::Environment(&itself),
            "wrong: fleetRef names the environment itself",
        ),
        (
            &viewers(),
            Named::Environment(&chain),
            "wrong: environment \"cfd\" has no fleet of its own: it refers to \"fem\"; name that one",
        ),
        (
            &viewers(),
            Named::Environment(&cycle),
            "wrong: environment \"cfd\" refers back to this one",
        ),
        (
            &viewers(),
            Named::Environment(&stack_only),
            "wrong: environment \"cfd\" does not declare a fleet",
        ),
        (
            &viewers(),
            Named::Elsewhere("123456789012/eu-north-1"),
            "wrong: environment \"cfd\" lives in 123456789012/eu-north-1",
        ),
    ];
    for (environment, named, expected) in cases {
        let said = said(&follow(environment, named));
        assert!(said.starts_with(expected), "{said}");
    }
}
