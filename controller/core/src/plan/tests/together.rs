//! What AWS takes in one call only goes out in one, and what a kind of fleet takes while it runs
//! depends on the kind.

use serde_json::{Value, json};

use super::harness::{small, with};
use super::world::World;
use crate::action::Action;

fn fleet(members: &Value) -> Value {
    let mut row = small();
    let fleet = row["fleet"].as_object_mut().unwrap();
    fleet.extend(members.as_object().unwrap().clone());
    row
}

fn elastic(members: &Value) -> Value {
    let mut row = fleet(&json!({
        "fleetType": "ELASTIC", "maxConcurrentSessions": 9,
        "vpcConfig": {"subnetIds": ["subnet-m", "subnet-n"]}
    }));
    let fleet = row["fleet"].as_object_mut().unwrap();
    fleet.extend(members.as_object().unwrap().clone());
    row
}

/// The operations that lead from one row to another, and what the updates among them send.
fn between(before: &Value, after: &Value) -> (Vec<&'static str>, Vec<Value>) {
    let mut world = World::converged(before);
    world.calls.clear();
    world.edit(after);
    world.converge();
    let mut updates = Vec::new();
    for call in &world.calls {
        if let Action::UpdateFleet { set, .. } = call {
            updates.push(json!(set));
        }
    }
    (world.operations(), updates)
}

const THROUGH_A_STOP: [&str; 3] = ["StopFleet", "UpdateFleet", "StartFleet"];

#[test]
fn instances_become_sessions_in_one_call() {
    let before = fleet(&json!({"computeCapacity": {"desiredInstances": 1}}));
    let several = json!({"computeCapacity": {"desiredSessions": 4}, "maxSessionsPerInstance": 2});
    let (operations, sent) = between(&before, &fleet(&several));
    assert_eq!(operations, THROUGH_A_STOP);
    assert_eq!(sent, [several]);
}

#[test]
fn an_image_goes_with_its_platform_through_a_stop() {
    let before = fleet(&json!({"platform": "WINDOWS_SERVER_2022"}));
    let mut after = fleet(&json!({"platform": "RHEL8"}));
    after["image"] = json!({"name": "rhel"});
    let (operations, sent) = between(&before, &after);
    assert_eq!(operations, THROUGH_A_STOP);
    assert_eq!(sent, [json!({"imageName": "rhel", "platform": "RHEL8"})]);
}

#[test]
fn an_image_of_the_same_platform_needs_no_stop() {
    let before = fleet(&json!({"platform": "WINDOWS_SERVER_2022"}));
    let after = with(before.clone(), &[("/image/name", json!("next"))]);
    let (operations, _) = between(&before, &after);
    assert_eq!(operations, ["UpdateFleet"]);
}

#[test]
fn what_an_elastic_fleet_takes_while_it_runs_needs_no_stop() {
    let script = json!({"s3Bucket": "scripts", "s3Key": "cfd.zip"});
    let members = json!({
        "maxConcurrentSessions": 5, "sessionScriptS3Location": script,
        "usbDeviceFilterStrings": ["x"], "displayName": "CFD"
    });
    let (operations, sent) = between(&elastic(&json!({})), &elastic(&members));
    assert_eq!(operations, ["UpdateFleet"]);
    assert_eq!(sent, std::slice::from_ref(&members));
    // And taken back again.
    let (operations, _) = between(&elastic(&members), &elastic(&json!({})));
    assert_eq!(operations, ["UpdateFleet"]);
}

#[test]
fn the_same_members_of_another_fleet_need_one() {
    let (operations, _) = between(
        &fleet(&json!({})),
        &fleet(&json!({"usbDeviceFilterStrings": ["x"]})),
    );
    assert_eq!(operations, THROUGH_A_STOP);
}

#[test]
fn an_elastic_fleet_changes_its_image_through_a_stop() {
    let before = elastic(&json!({}));
    let after = with(before.clone(), &[("/image/name", json!("next"))]);
    let (operations, _) = between(&before, &after);
    assert_eq!(operations, THROUGH_A_STOP);
}

#[test]
fn an_elastic_fleet_without_an_image_is_made_and_lets_go_of_one() {
    let mut without = elastic(&json!({}));
    without.as_object_mut().unwrap().remove("image");
    World::converged(&without);
    let mut world = World::converged(&elastic(&json!({})));
    assert!(world.managed.contains_key("image"));
    world.calls.clear();
    world.edit(&without);
    world.converge();
    assert!(world.calls.is_empty());
    assert!(!world.managed.contains_key("image"));
}
