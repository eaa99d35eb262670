//! Application Auto Scaling has a fleet in hand: nobody fights over its capacity.

use std::time::Duration;

use serde_json::{Value, json};
use streamkeeper_simulator::{Config, Fault, Matcher};
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

#[tokio::test]
async fn a_deleted_fleet_takes_its_target_along_where_that_is_allowed() {
    for allowed in [true, false] {
        let mut world = World::with(Config {
            deletion_deregisters: allowed,
            ..brisk()
        })
        .await;
        world.insert("cfd", &blog()).await;
        world.settle().await;
        world.admin("RegisterScalableTarget", target(1, 10));
        world
            .sql("DELETE FROM streamkeeper.environments WHERE name = 'cfd'")
            .await;
        world.settle().await;
        assert!(!world.exists("cfd").await, "the row does not stay for it");
        assert!(world.fleet("cfd").is_null());
        let left = world.events("ScalableTargetLeft").await;
        assert_eq!(left.len(), usize::from(!allowed), "{left:?}");
        world.assert_quiet().await;
    }
}
