//! Left out is not managed, `null` must be unset, a value must be equal; and what was managed and
//! is left out goes back to AWS's default.

use serde_json::{Value, json};

use super::harness::{Case, LEFT_OUT, check, fleet, small, with};
use super::world::World;
use crate::observed::{FleetState, Observed};

fn alone(changes: &[(&str, Value)]) -> Value {
    with(with(small(), &[("/stack", json!(LEFT_OUT))]), changes)
}

fn described(case: &mut Case, description: &str) {
    let settings = json!({"description": description});
    case.observed.fleet = Observed::Present(fleet(FleetState::Stopped, settings));
    case.environment.spec.ignore = vec!["fleet.state".to_owned()];
    case.owned.insert("fleet/cfd".to_owned());
}

#[test]
fn left_out_and_never_managed_is_nobodys_business() {
    let mut case = Case::new(&alone(&[]));
    described(&mut case, "theirs");
    check(&case, "");
}

#[test]
fn null_unsets_what_anybody_set() {
    let mut case = Case::new(&alone(&[("/fleet/description", Value::Null)]));
    described(&mut case, "theirs");
    check(
        &case,
        r#"
        do UpdateFleet fleet/cfd {"description":""}
        diff fleet/cfd fleet.description: "theirs" -> null
        "#,
    );
}

#[test]
fn left_out_and_managed_goes_back_to_the_default() {
    let mut case = Case::new(&alone(&[]));
    described(&mut case, "ours");
    case.held("fleet.description", json!("ours"));
    case.held("fleet.maxUserDurationInSeconds", json!(600));
    check(
        &case,
        r#"
        do UpdateFleet fleet/cfd {"description":""}
        diff fleet/cfd fleet.description: "ours" -> null
        release fleet.maxUserDurationInSeconds
        "#,
    );
}

#[test]
fn managed_from_the_intent_on_even_if_it_was_never_seen_to_hold() {
    let mut world = World::new(&alone(&[("/fleet/description", json!("ours"))]));
    world.pass();
    assert_eq!(world.managed.get("fleet.description"), Some(&None));
    world.edit(&alone(&[]));
    world.converge();
    assert_eq!(world.aws.fleets["cfd"].settings.description, None);
    assert!(!world.managed.contains_key("fleet.description"));
}

#[test]
fn a_reset_is_remembered_until_it_was_seen() {
    let mut world = World::converged(&alone(&[("/fleet/displayName", json!("ours"))]));
    world.edit(&alone(&[]));
    let pass = world.pass();
    assert_eq!(pass.made, 1);
    assert!(world.managed.contains_key("fleet.displayName"));
    world.pass();
    assert!(!world.managed.contains_key("fleet.displayName"));
}

#[test]
fn what_already_matched_is_managed_as_well() {
    let mut world = World::converged(&alone(&[]));
    let fleet = world.aws.fleets.get_mut("cfd").unwrap();
    fleet.settings.display_name = Some("CFD".to_owned());
    world.edit(&alone(&[("/fleet/displayName", json!("CFD"))]));
    assert_eq!(world.converge(), 0);
    world.edit(&alone(&[]));
    assert_eq!(world.converge(), 1);
    assert_eq!(world.aws.fleets["cfd"].settings.display_name, None);
}

#[test]
fn what_has_no_default_becomes_unmanaged_and_stays_as_it_is() {
    let capacity = json!({"desiredInstances": 5});
    let mut world = World::converged(&alone(&[("/fleet/computeCapacity", capacity)]));
    world.edit(&alone(&[]));
    assert_eq!(world.converge(), 0);
    assert!(
        !world
            .managed
            .contains_key("fleet.computeCapacity.desiredInstances")
    );
    let settings = &world.aws.fleets["cfd"].settings;
    let capacity = settings.compute_capacity.as_ref().unwrap();
    assert_eq!(capacity.desired_instances, Some(5));
}

#[test]
fn a_network_that_is_left_out_goes_with_its_groups() {
    let network = json!({"subnetIds": ["subnet-a"], "securityGroupIds": ["sg-1"]});
    for next in [json!(LEFT_OUT), Value::Null] {
        let mut world = World::converged(&alone(&[("/fleet/vpcConfig", network.clone())]));
        world.edit(&with(
            alone(&[("/fleet/vpcConfig", network.clone())]),
            &[("/fleet/vpcConfig", next)],
        ));
        world.converge();
        assert_eq!(world.aws.fleets["cfd"].settings.vpc_config, None);
    }
}

#[test]
fn another_order_of_the_same_values_is_the_same_wish() {
    let network = |subnets: Value| json!({"subnetIds": subnets});
    let mut world = World::converged(&alone(&[(
        "/fleet/vpcConfig",
        network(json!(["subnet-b", "subnet-a"])),
    )]));
    let managed = world.managed.clone();
    world.edit(&alone(&[(
        "/fleet/vpcConfig",
        network(json!(["subnet-a", "subnet-b", "subnet-a"])),
    )]));
    assert_eq!(world.converge(), 0);
    assert_eq!(world.managed, managed);
}

#[test]
fn no_list_of_the_row_has_an_order_that_reaches_the_plan() {
    let statement = |sid: &str| {
        json!({
            "Sid": sid, "Effect": "Allow", "Action": "s3:GetObject",
            "Principal": {"AWS": "arn:aws:iam::123456789012:role/n"},
            "Resource": "arn:aws:s3:::{bucket}/*"
        })
    };
    let ordered = json!({
        "image": {"name": "pcluster-2026-11"},
        "fleet": {
            "instanceType": "stream.standard.medium",
            "vpcConfig": {"subnetIds": ["a", "b"], "securityGroupIds": ["a", "b"]}
        },
        "stack": {
            "storageConnectors": [
                {"connectorType": "HOMEFOLDERS"},
                {"connectorType": "ONE_DRIVE", "domains": ["a.example", "b.example"]}
            ],
            "userSettings": [
                {"action": "FILE_DOWNLOAD", "permission": "DISABLED"},
                {"action": "FILE_UPLOAD", "permission": "DISABLED"}
            ]
        },
        "buckets": [
            {"bucket": "data-a", "statements": [statement("A"), statement("B")]},
            {"bucket": "data-b"}
        ]
    });
    let plan = |spec: &Value| {
        let mut case = Case::new(spec);
        let bucket = |name: &str| super::harness::bucket(name, json!([]));
        case.observed.buckets = ["data-a", "data-b"]
            .map(|name| (name.to_owned(), bucket(name)))
            .into();
        case.plan()
    };
    let lists = [
        "/fleet/vpcConfig/subnetIds",
        "/fleet/vpcConfig/securityGroupIds",
        "/stack/storageConnectors",
        "/stack/storageConnectors/1/domains",
        "/stack/userSettings",
        "/buckets",
        "/buckets/0/statements",
    ];
    for list in lists {
        let mut reversed = ordered.clone();
        let items = reversed.pointer_mut(list).unwrap().as_array_mut().unwrap();
        items.reverse();
        assert_eq!(plan(&reversed), plan(&ordered), "{list}");
    }
}
