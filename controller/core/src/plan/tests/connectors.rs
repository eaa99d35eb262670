//! Connectors are a whole set, and AWS removes one only when it is named.

use serde_json::{Value, json};

use super::harness::{Case, check, stack};
use super::world::World;
use super::world::aws::HOME_BUCKET;
use crate::observed::Observed;

fn row(connectors: Value) -> Value {
    json!({"stack": {"storageConnectors": connectors}})
}

fn case(desired: Value, observed: Value) -> Case {
    let mut case = Case::new(&row(desired));
    case.observed.stack = Observed::Present(stack(json!({"storageConnectors": observed})));
    case
}

#[test]
fn a_connector_that_is_not_listed_is_removed_by_name() {
    let case = case(
        json!([{"connectorType": "HOMEFOLDERS"}]),
        json!([
            {"connectorType": "GOOGLE_DRIVE", "domains": ["a.example"]},
            {"connectorType": "HOMEFOLDERS", "resourceIdentifier": HOME_BUCKET}
        ]),
    );
    let plan = case.plan();
    assert_eq!(plan.steps.len(), 1);
    let rendered = super::harness::render(&plan);
    let first = rendered.lines().next().unwrap();
    assert_eq!(
        first,
        "do UpdateStack stack/cfd minus STORAGE_CONNECTOR_GOOGLE_DRIVE"
    );
}

#[test]
fn one_comes_and_another_goes_in_one_call() {
    let mut world = World::converged(&row(json!([
        {"connectorType": "HOMEFOLDERS"},
        {"connectorType": "ONE_DRIVE", "domains": ["a.example"]}
    ])));
    world.edit(&row(json!([
        {"connectorType": "GOOGLE_DRIVE", "domains": ["b.example"]},
        {"connectorType": "HOMEFOLDERS"}
    ])));
    assert_eq!(world.converge(), 1);
    let connectors = world.aws.stacks["cfd"].settings.storage_connectors.clone();
    let kinds: Vec<String> = connectors
        .into_iter()
        .flatten()
        .map(|connector| connector.connector_type)
        .collect();
    assert_eq!(kinds, ["GOOGLE_DRIVE", "HOMEFOLDERS"]);
}

#[test]
fn what_aws_fills_in_is_no_difference() {
    for identifier in [
        HOME_BUCKET.to_owned(),
        format!("arn:aws:s3:::{HOME_BUCKET}"),
    ] {
        let observed = json!([{"connectorType": "HOMEFOLDERS", "resourceIdentifier": identifier}]);
        check(
            &case(json!([{"connectorType": "HOMEFOLDERS"}]), observed),
            "",
        );
    }
}

#[test]
fn an_identifier_is_the_same_with_and_without_its_arn() {
    let arn = format!("arn:aws:s3:::{HOME_BUCKET}");
    for (desired, observed) in [(HOME_BUCKET, arn.as_str()), (arn.as_str(), HOME_BUCKET)] {
        let connector = |identifier: &str| json!([{"connectorType": "HOMEFOLDERS", "resourceIdentifier": identifier}]);
        check(&case(connector(desired), connector(observed)), "");
    }
}

#[test]
fn domains_are_a_set_and_their_order_means_nothing() {
    let connector = |domains: Value| json!([{"connectorType": "ONE_DRIVE", "domains": domains}]);
    let desired = connector(json!(["b.example", "a.example"]));
    let observed = connector(json!(["a.example", "b.example"]));
    check(&case(desired, observed), "");
}

#[test]
fn domains_that_are_left_out_go() {
    let mut world = World::converged(&row(json!([
        {"connectorType": "ONE_DRIVE", "domains": ["a.example", "b.example"]}
    ])));
    world.edit(&row(json!([{"connectorType": "ONE_DRIVE"}])));
    world.converge();
    let connectors = world.aws.stacks["cfd"].settings.storage_connectors.clone();
    assert_eq!(connectors.unwrap()[0].domains, None);
}

#[test]
fn null_removes_all_and_so_does_leaving_out() {
    let both = json!([
        {"connectorType": "GOOGLE_DRIVE", "domains": ["a.example"]},
        {"connectorType": "HOMEFOLDERS"}
    ]);
    for next in [row(Value::Null), json!({"stack": {}})] {
        let mut world = World::converged(&row(both.clone()));
        world.edit(&next);
        world.converge();
        assert_eq!(world.aws.stacks["cfd"].settings.storage_connectors, None);
    }
}

#[test]
fn a_connector_somebody_added_is_drift_and_goes() {
    let mut world = World::converged(&row(json!([{"connectorType": "HOMEFOLDERS"}])));
    let stack = world.aws.stacks.get_mut("cfd").unwrap();
    stack
        .settings
        .storage_connectors
        .get_or_insert_default()
        .push(crate::settings::StorageConnector {
            connector_type: "GOOGLE_DRIVE".to_owned(),
            ..crate::settings::StorageConnector::default()
        });
    assert_eq!(world.pass().drift.new[0].path, "stack.storageConnectors");
    world.converge();
    assert_eq!(world.calls.len(), 2);
}

#[test]
fn connectors_nobody_asked_for_stay_when_the_row_says_nothing() {
    let mut case = Case::new(&json!({"stack": {}}));
    let observed = json!({"storageConnectors": [{"connectorType": "HOMEFOLDERS"}]});
    case.observed.stack = Observed::Present(stack(observed));
    check(&case, "");
}
