//! Application Auto Scaling has a fleet in hand: nobody fights over its capacity.

use std::time::Duration;

use serde_json::{Value, json};
use streamkeeper_simulator::{Config, Face, Fault, Matcher};
use streamkeeper_tests::{REGION, World, brisk};

use super::{CONVERGED, converged};
use crate::converge::blog;

/// Ten sweeps.
const A_WHILE: Duration = Duration::from_secs(600);

fn target(min: i64, max: i64) -> Value {
    json!({
        "ServiceNamespace": "appstream",
        "ResourceId": "fleet/cfd",
        "ScalableDimension": "appstream:fleet:DesiredCapacity",
        "MinCapacity": min,
        "MaxCapacity": max,
    })
}

/// The blog's environment of two instances, scaled to seven.
async fn scaled() -> World {
    let world = converged().await;
    world.admin("RegisterScalableTarget", target(1, 10));
    assert!(world.simulator.scale_fleet(REGION, "cfd", 7));
    world
}

fn desired(world: &World) -> i64 {
    let status = &world.fleet("cfd")["ComputeCapacityStatus"];
    status["Desired"].as_i64().unwrap()
}

#[tokio::test]
async fn a_scaled_fleet_is_ready_and_its_capacity_is_nobodys_drift() {
    let mut world = scaled().await;
    let before = world.changes().len();
    world.run_for(A_WHILE).await;
    for instances in [3, 9, 1] {
        assert!(world.simulator.scale_fleet(REGION, "cfd", instances));
        world.run_for(A_WHILE).await;
        assert_eq!(desired(&world), instances);
    }
    assert_eq!(world.changes()[before..], [] as [String; 0]);
    assert_eq!(world.drift().await, Vec::<String>::new());
    assert_eq!(world.ready("cfd").await, CONVERGED);
    let said = world.events("CapacityScaled").await;
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(!said[0].contains('×'), "{said:?}");
    world.assert_quiet().await;
}

#[tokio::test]
async fn an_edit_of_something_else_does_not_set_the_capacity_back() {
    let mut world = scaled().await;
    world
        .sql("UPDATE streamkeeper.environments SET spec['fleet']['displayName'] = '\"CFD\"'")
        .await;
    world.settle().await;
    assert_eq!(world.fleet("cfd")["DisplayName"], "CFD");
    // One that needs a stop and a start as well.
    world
        .sql("UPDATE streamkeeper.environments SET spec['fleet']['description'] = '\"x\"'")
        .await;
    world.settle().await;
    assert_eq!(world.fleet("cfd")["Description"], "x");
    assert_eq!(world.fleet("cfd")["State"], "RUNNING");
    assert_eq!(desired(&world), 7);
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn without_its_target_the_row_counts_again() {
    let mut world = scaled().await;
    world.run_for(A_WHILE).await;
    let mut gone = target(1, 10);
    let members = gone.as_object_mut().unwrap();
    members.retain(|member, _| !member.ends_with("Capacity"));
    world.admin("DeregisterScalableTarget", gone);
    world.settle().await;
    assert_eq!(desired(&world), 2);
    world.assert_quiet().await;
}

#[tokio::test]
async fn who_may_not_see_targets_keeps_the_row_s_capacity() {
    let mut world = converged().await;
    let denied = Fault::refuse("AccessDeniedException", "not authorized");
    let matcher = Matcher::operation("DescribeScalableTargets").always();
    world.simulator.faults().add(matcher, denied);
    let capacity = json!({"DesiredInstances": 5});
    let input = json!({"Name": "cfd", "ComputeCapacity": capacity});
    world.admin("UpdateFleet", input);
    world.settle().await;
    assert_eq!(desired(&world), 2);
    assert_eq!(world.drift().await.len(), 1);
    world.assert_quiet().await;
}

#[tokio::test]
async fn while_targets_cannot_be_read_the_capacity_is_left_alone() {
    let mut world = scaled().await;
    let throttled = Fault::refuse("ThrottlingException", "Rate exceeded");
    let matcher = Matcher::operation("DescribeScalableTargets").always();
    let fault = world.simulator.faults().add(matcher, throttled);
    world.run_for(A_WHILE).await;
    assert_eq!(desired(&world), 7);
    let ready = world.ready("cfd").await;
    assert!(ready.starts_with("Unknown NotObserved"), "{ready}");
    assert!(world.simulator.faults().remove(fault));
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(desired(&world), 7);
    world.assert_quiet().await;
}

const DELETE: &str = "DELETE FROM streamkeeper.environments WHERE name = 'cfd'";

/// The last two changes of a deletion.
const GOES: [&str; 2] = [
    "DeregisterScalableTarget fleet/cfd",
    "DeleteFleet fleet/cfd",
];

/// The blog's environment with a target, where AWS itself deregisters nothing.
async fn registered() -> World {
    let mut world = World::with(Config {
        deletion_deregisters: false,
        ..brisk()
    })
    .await;
    world.insert("cfd", &blog()).await;
    world.settle().await;
    world.admin("RegisterScalableTarget", target(1, 10));
    world
}

fn is_registered(world: &World) -> bool {
    let input = json!({"ServiceNamespace": "appstream"});
    let targets = world.admin("DescribeScalableTargets", input);
    !targets["ScalableTargets"].as_array().unwrap().is_empty()
}

#[tokio::test]
async fn a_deleted_fleet_is_scaled_no_more() {
    let mut world = registered().await;
    world.sql(DELETE).await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    let changes = world.changes();
    assert_eq!(changes[changes.len() - 2..], GOES);
    assert!(!is_registered(&world));
    assert_eq!(world.events("Deregistered").await.len(), 1);
    assert_eq!(world.events("ScalableTargetLeft").await, [""; 0]);
    world.assert_quiet().await;
}

#[tokio::test]
async fn who_may_not_deregister_deletes_all_the_same_and_says_what_is_left() {
    let mut world = registered().await;
    let denied = Fault::refuse("AccessDeniedException", "not authorized");
    let matcher = Matcher::operation("DeregisterScalableTarget").always();
    world.simulator.faults().add(matcher, denied);
    world.sql(DELETE).await;
    world.settle().await;
    assert!(!world.exists("cfd").await, "the row does not stay for it");
    assert!(world.fleet("cfd").is_null());
    assert_eq!(world.events("CallRefused").await.len(), 1);
    assert_eq!(world.events("ScalableTargetLeft").await.len(), 1);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_deregistering_whose_answer_is_lost_is_settled_and_made_if_it_was_not() {
    for face in Face::ALL {
        for fault in [Fault::LostBefore(face), Fault::LostAfter(face)] {
            let mut world = registered().await;
            let matcher = Matcher::operation("DeregisterScalableTarget");
            world.simulator.faults().add(matcher, fault.clone());
            world.sql(DELETE).await;
            world.settle().await;
            assert!(world.is_spent(), "{fault:?}");
            assert!(!world.exists("cfd").await && !is_registered(&world));
            assert!(world.fleet("cfd").is_null());
            assert_eq!(world.events("OutcomeResolved").await.len(), 1);
            assert_eq!(world.events("ScalableTargetLeft").await, [""; 0]);
            world.assert_quiet().await;
        }
    }
}

#[tokio::test]
async fn who_may_not_see_targets_leaves_them_to_aws() {
    let mut world = registered().await;
    let denied = Fault::refuse("AccessDeniedException", "not authorized");
    let matcher = Matcher::operation("DescribeScalableTargets").always();
    let fault = world.simulator.faults().add(matcher, denied);
    let before = world.changes().len();
    world.sql(DELETE).await;
    world.settle().await;
    assert!(!world.exists("cfd").await && world.fleet("cfd").is_null());
    assert!(!world.changes()[before..].contains(&GOES[0].to_owned()));
    assert!(world.simulator.faults().remove(fault));
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_retained_fleet_keeps_its_target() {
    let mut world = registered().await;
    world
        .sql("UPDATE streamkeeper.environments SET deletion_policy = 'retain'")
        .await;
    world.settle().await;
    world.sql(DELETE).await;
    world.settle().await;
    assert!(!world.exists("cfd").await && !world.fleet("cfd").is_null());
    assert!(is_registered(&world));
    world.assert_quiet().await;
}
