//! Entitlements and applications: keyed by name and a whole set, and parts of a stack or fleet.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::harness::{Case, LEFT_OUT, check, fleet, stack, with};
use super::world::World;
use crate::access::{Entitlements, ObservedEntitlement};
use crate::action::Action;
use crate::observed::{FleetState, Observed};
use crate::spec::EntitlementAttribute;

fn row() -> Value {
    json!({"stack": {}, "entitlements": [{
        "name": "viewers", "description": "for viewers", "appVisibility": "ASSOCIATED",
        "attributes": [{"name": "title", "value": "PhD"}, {"name": "roles", "value": "cfd"}],
        "applications": ["putty", "paraview"]
    }]})
}

fn texts(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn attribute(name: &str, value: &str) -> EntitlementAttribute {
    EntitlementAttribute {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

/// What the row asks.
fn viewers() -> ObservedEntitlement {
    ObservedEntitlement {
        description: Some("for viewers".to_owned()),
        app_visibility: "ASSOCIATED".to_owned(),
        attributes: BTreeSet::from([attribute("roles", "cfd"), attribute("title", "PhD")]),
        applications: texts(&["paraview", "putty"]),
    }
}

fn case(spec: &Value, entitlements: &[(&str, ObservedEntitlement)]) -> Case {
    let mut case = Case::new(spec);
    case.observed.stack = Observed::Present(stack(json!({})));
    case.owned.insert("stack/cfd".to_owned());
    let entitlements = entitlements.iter();
    let entitlements: Entitlements = entitlements
        .map(|(name, entitlement)| ((*name).to_owned(), entitlement.clone()))
        .collect();
    case.observed.access.entitlements = Some(Observed::Present(entitlements));
    case
}

fn held(case: &mut Case) {
    let attributes = json!(viewers().attributes);
    for (leaf, value) in [
        ("appVisibility", json!("ASSOCIATED")),
        ("applications", json!(["paraview", "putty"])),
        ("attributes", attributes),
        ("description", json!("for viewers")),
    ] {
        case.held(&format!("entitlements.viewers.{leaf}"), value);
    }
}

#[test]
fn what_is_not_there_is_made_with_its_applications() {
    check(
        &case(&row(), &[]),
        r#"
        do CreateEntitlement stack/cfd viewers
        do AssociateApplicationToEntitlement stack/cfd viewers paraview
        do AssociateApplicationToEntitlement stack/cfd viewers putty
        diff stack/cfd entitlements.viewers.appVisibility: null -> "ASSOCIATED"
        "#,
    );
}

#[test]
fn what_is_as_the_row_says_holds_and_what_it_never_named_is_not_touched() {
    let all = [("viewers", viewers()), ("theirs", viewers())];
    check(&case(&row(), &all), "");
}

#[test]
fn every_field_that_differs_is_put_right() {
    let has = ObservedEntitlement {
        description: None,
        app_visibility: "ALL".to_owned(),
        attributes: BTreeSet::from([attribute("roles", "all")]),
        applications: texts(&["paraview", "firefox"]),
    };
    check(
        &case(&row(), &[("viewers", has)]),
        r#"
        do UpdateEntitlement stack/cfd viewers
        do AssociateApplicationToEntitlement stack/cfd viewers putty
        do DisassociateApplicationFromEntitlement stack/cfd viewers firefox
        diff stack/cfd entitlements.viewers.appVisibility: "ALL" -> "ASSOCIATED"
        diff stack/cfd entitlements.viewers.attributes: [{"name":"roles","value":"all"}] -> [{"name":"roles","value":"cfd"},{"name":"title","value":"PhD"}]
        diff stack/cfd entitlements.viewers.description: null -> "for viewers"
        diff stack/cfd entitlements.viewers.applications: ["firefox","paraview"] -> ["paraview","putty"]
        "#,
    );
}

#[test]
fn what_is_left_out_of_an_entitlement_goes_back_to_nothing() {
    let spec = with(
        row(),
        &[
            ("/entitlements/0/description", json!(LEFT_OUT)),
            ("/entitlements/0/applications", json!(LEFT_OUT)),
        ],
    );
    let mut case = case(&spec, &[("viewers", viewers())]);
    check(&case, "");
    held(&mut case);
    check(
        &case,
        r#"
        do UpdateEntitlement stack/cfd viewers
        do DisassociateApplicationFromEntitlement stack/cfd viewers paraview
        do DisassociateApplicationFromEntitlement stack/cfd viewers putty
        diff stack/cfd entitlements.viewers.description: "for viewers" -> null
        diff stack/cfd entitlements.viewers.applications: ["paraview","putty"] -> []
        "#,
    );
}

#[test]
fn what_is_left_out_altogether_is_deleted_if_it_was_ours() {
    let mut case = case(&json!({"stack": {}}), &[("viewers", viewers())]);
    check(&case, "");
    held(&mut case);
    check(
        &case,
        r#"
        do DeleteEntitlement stack/cfd viewers
        diff stack/cfd entitlements.viewers.appVisibility: "ASSOCIATED" -> null
        "#,
    );
    case.observed.access.entitlements = Some(Observed::Present(Entitlements::new()));
    check(
        &case,
        r"
        release entitlements.viewers.appVisibility
        release entitlements.viewers.applications
        release entitlements.viewers.attributes
        release entitlements.viewers.description
        ",
    );
}

#[test]
fn a_list_that_failed_makes_and_deletes_nothing() {
    let mut case = case(&json!({"stack": {}}), &[]);
    held(&mut case);
    case.observed.access.entitlements = Some(Observed::Unknown("denied".to_owned()));
    let nothing = r"
        why stack/cfd NotObserved
        ask entitlements of stacks cfd
    ";
    check(&case, nothing);
    case.environment = super::harness::environment(&row());
    check(&case, nothing);
    // Out of its turn, what held is believed.
    case.observed.access.entitlements = None;
    check(&case, "");
}

#[test]
fn a_row_that_goes_deletes_its_entitlements_before_its_stack() {
    let mut world = World::converged(&row());
    let theirs = ("cfd".to_owned(), "theirs".to_owned());
    world.aws.access.entitlements.insert(theirs, viewers());
    let before = world.calls.len();
    world.delete();
    world.converge();
    assert!(world.gone);
    let calls: Vec<String> = world.calls[before..]
        .iter()
        .map(Action::to_string)
        .collect();
    let expected = [
        "DeleteEntitlement stack/cfd viewers",
        "DeleteStack stack/cfd",
    ];
    assert_eq!(calls, expected);
}

const APPLICATION: &str = "arn:aws:appstream:eu-west-1:123456789012:application/";

fn elastic(applications: Value) -> Value {
    json!({
        "image": {"name": "pcluster-2026-11"},
        "fleet": {
            "instanceType": "stream.standard.small", "fleetType": "ELASTIC",
            "maxConcurrentSessions": 2, "vpcConfig": {"subnetIds": ["subnet-a", "subnet-b"]},
            "applications": applications
        }
    })
}

#[test]
fn an_elastic_fleet_has_exactly_the_applications_of_the_row() {
    let arn = |name: &str| format!("{APPLICATION}{name}");
    let mut case = Case::new(&elastic(json!([arn("paraview"), arn("putty")])));
    let settings = json!({
        "fleetType": "ELASTIC", "instanceType": "stream.standard.small",
        "maxConcurrentSessions": 2, "vpcConfig": {"subnetIds": ["subnet-a", "subnet-b"]}
    });
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, settings));
    case.owned.insert("fleet/cfd".to_owned());
    let there = BTreeSet::from([arn("putty"), arn("firefox")]);
    case.observed.access.applications = Some(Observed::Present(there));
    let plan = case.plan();
    let calls: Vec<String> = plan
        .steps
        .iter()
        .map(|one| one.action.to_string())
        .collect();
    assert_eq!(
        calls,
        [
            format!("AssociateApplicationFleet fleet/cfd {}", arn("paraview")),
            format!("DisassociateApplicationFleet fleet/cfd {}", arn("firefox")),
        ]
    );
    assert_eq!(plan.differences[0].path, "fleet.applications");

    case.observed.access.applications = None;
    check(
        &case,
        r"
        why fleet/cfd NotObserved
        ask applications of fleets cfd
        ",
    );
    case.held("fleet.applications", json!([arn("paraview"), arn("putty")]));
    check(&case, "");
}

#[test]
fn applications_that_are_left_out_are_taken_off_and_then_nobodys() {
    let list = json!([format!("{APPLICATION}paraview")]);
    let mut world = World::converged(&elastic(list.clone()));
    assert_eq!(world.aws.access.applications.len(), 1);
    let mut without = elastic(list);
    without["fleet"]
        .as_object_mut()
        .unwrap()
        .remove("applications");
    world.edit(&without);
    world.converge();
    assert!(world.aws.access.applications.is_empty());
    assert!(!world.managed.contains_key("fleet.applications"));
}
