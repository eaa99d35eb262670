//! What somebody else owns is used at creation, and then neither compared nor changed nor kept in
//! mind.

use serde_json::{Value, json};

use super::harness::{LEFT_OUT, small, with};
use super::world::World;

fn alone(changes: &[(&str, Value)]) -> Value {
    with(with(small(), &[("/stack", json!(LEFT_OUT))]), changes)
}

#[test]
fn an_ignored_capacity_is_used_at_creation_only() {
    let mut spec = alone(&[("/fleet/computeCapacity", json!({"desiredInstances": 2}))]);
    spec["ignore"] = json!(["fleet.computeCapacity"]);
    let mut world = World::converged(&spec);
    let capacity = |world: &World| {
        let settings = &world.aws.fleets["cfd"].settings;
        settings
            .compute_capacity
            .as_ref()
            .unwrap()
            .desired_instances
    };
    assert_eq!(capacity(&world), Some(2));
    let settings = &mut world.aws.fleets.get_mut("cfd").unwrap().settings;
    settings
        .compute_capacity
        .as_mut()
        .unwrap()
        .desired_instances = Some(9);
    world.quiet();
    let edited = with(
        spec,
        &[("/fleet/computeCapacity", json!({"desiredInstances": 3}))],
    );
    world.edit(&with(edited, &[("/fleet/displayName", json!("CFD"))]));
    world.converge();
    assert_eq!(capacity(&world), Some(9));
}

#[test]
fn a_path_above_covers_all_below() {
    let network = json!({"subnetIds": ["subnet-a"], "securityGroupIds": ["sg-1"]});
    let mut spec = alone(&[("/fleet/vpcConfig", network)]);
    spec["ignore"] = json!(["fleet.vpcConfig"]);
    let mut world = World::converged(&spec);
    world.aws.fleets.get_mut("cfd").unwrap().settings.vpc_config = None;
    world.quiet();
}

#[test]
fn a_path_is_not_covered_by_the_beginning_of_its_name() {
    let mut spec = json!({"stack": {"displayName": "CFD"}});
    spec["ignore"] = json!(["stack.userSettings.FILE_UPLOAD"]);
    let mut world = World::converged(&spec);
    world.edit(&{
        let mut spec = spec.clone();
        spec["stack"]["userSettings"] = json!([
            {"action": "FILE_UPLOAD", "permission": "DISABLED"},
            {"action": "FILE_DOWNLOAD", "permission": "DISABLED"}
        ]);
        spec
    });
    world.converge();
    let settings = world.aws.stacks["cfd"]
        .settings
        .user_settings
        .clone()
        .unwrap();
    assert_eq!(settings[2].permission, "ENABLED");
    assert_eq!(settings[3].permission, "DISABLED");
}

#[test]
fn what_is_ignored_is_managed_no_longer() {
    let described = alone(&[("/fleet/description", json!("ours"))]);
    let mut world = World::converged(&described);
    let mut ignoring = alone(&[]);
    ignoring["ignore"] = json!(["fleet.description"]);
    world.edit(&ignoring);
    world.converge();
    let settings = &mut world.aws.fleets.get_mut("cfd").unwrap().settings;
    settings.description = Some("theirs".to_owned());
    // Nobody asks for it any more, and it is not ours to reset.
    world.edit(&alone(&[]));
    world.converge();
    let settings = &world.aws.fleets["cfd"].settings;
    assert_eq!(settings.description.as_deref(), Some("theirs"));
}

#[test]
fn an_ignored_image_is_somebody_elses() {
    let mut spec = alone(&[]);
    spec["ignore"] = json!(["image"]);
    let mut world = World::converged(&spec);
    let settings = &mut world.aws.fleets.get_mut("cfd").unwrap().settings;
    settings.image_name = Some("updated".to_owned());
    world.quiet();
}

#[test]
fn taking_a_path_out_of_ignore_makes_it_equal_again_and_is_no_drift() {
    let mut spec = alone(&[("/fleet/displayName", json!("ours"))]);
    spec["ignore"] = json!(["fleet.displayName"]);
    let mut world = World::converged(&spec);
    let settings = &mut world.aws.fleets.get_mut("cfd").unwrap().settings;
    settings.display_name = Some("theirs".to_owned());
    world.edit(&alone(&[("/fleet/displayName", json!("ours"))]));
    let pass = world.pass();
    assert!(pass.drift.new.is_empty());
    world.converge();
    let settings = &world.aws.fleets["cfd"].settings;
    assert_eq!(settings.display_name.as_deref(), Some("ours"));
}
