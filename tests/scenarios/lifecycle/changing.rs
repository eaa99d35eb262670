//! What may change changes, what may not is refused where it was asked.

use serde_json::{Value, json};
use streamkeeper_simulator::ImageSeed;
use streamkeeper_tests::{World, brisk};

use super::{CONVERGED, converged};
use crate::converge::blog;

#[tokio::test]
async fn a_fleet_that_should_be_stopped_is_never_started() {
    let mut world = World::brisk().await;
    let mut spec = blog();
    spec["fleet"]["state"] = json!("STOPPED");
    world.insert("cfd", &spec).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(world.fleet("cfd")["State"], "STOPPED");
    assert!(!world.changes().contains(&"StartFleet fleet/cfd".to_owned()));

    // A change that needs a stop has its stop already, and does not end it.
    world
        .sql("UPDATE streamkeeper.environments SET spec['fleet']['description'] = '\"x\"'")
        .await;
    let before = world.changes().len();
    world.settle().await;
    assert_eq!(world.changes()[before..], ["UpdateFleet fleet/cfd"]);
    world.assert_quiet().await;
}

#[tokio::test]
async fn another_operating_system_comes_with_its_image_through_one_stop() {
    let mut config = brisk();
    config.images.push(ImageSeed {
        platform: "UBUNTU_PRO_2404".to_owned(),
        ..ImageSeed::private("ubuntu")
    });
    let mut world = World::with(config).await;
    let mut spec = blog();
    spec["fleet"]["platform"] = json!("WINDOWS_SERVER_2019");
    world.insert("cfd", &spec).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    let before = world.changes().len();
    world
        .sql(
            "UPDATE streamkeeper.environments
             SET spec['fleet']['platform'] = '\"UBUNTU_PRO_2404\"',
                 spec['image']['name'] = '\"ubuntu\"'",
        )
        .await;
    world.settle().await;
    assert_eq!(
        world.changes()[before..],
        [
            "StopFleet fleet/cfd",
            "UpdateFleet fleet/cfd",
            "StartFleet fleet/cfd"
        ]
    );
    let fleet = world.fleet("cfd");
    assert_eq!(fleet["Platform"], "UBUNTU_PRO_2404");
    assert_eq!(fleet["ImageName"], "ubuntu");
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn account_and_region_are_refused_and_the_row_goes_on() {
    let mut world = converged().await;
    for edit in [
        "region = 'eu-central-1'",
        "account_id = '444455556666'",
        "uid = gen_random_uuid()",
    ] {
        let refusal = world
            .refusal(&format!("UPDATE streamkeeper.environments SET {edit}"))
            .await;
        assert!(
            refusal.contains("cannot be changed") || refusal.contains("immutable"),
            "{refusal}"
        );
    }
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn an_edit_that_is_refused_leaves_no_trace() {
    let mut world = converged().await;
    let before = world.end().await;
    let refusal = world
        .refusal("UPDATE streamkeeper.environments SET spec['fleet']['maxUserDurationInSeconds'] = '999999'")
        .await;
    assert!(
        refusal.contains("spec.fleet.maxUserDurationInSeconds"),
        "{refusal}"
    );
    world.settle().await;
    assert_eq!(before, world.end().await);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_wrong_image_is_said_and_the_right_one_afterwards_converges() {
    let mut world = converged().await;
    world
        .sql("UPDATE streamkeeper.environments SET spec['image']['name'] = '\"no-such-image\"'")
        .await;
    world.run_for(std::time::Duration::from_secs(180)).await;
    let ready = world.ready("cfd").await;
    assert!(
        ready.starts_with("False ") && ready.contains("no-such-image"),
        "{ready}"
    );
    assert_eq!(world.events("CallRefused").await.len(), 1);
    assert_eq!(
        world.fleet("cfd")["State"],
        "RUNNING",
        "what runs goes on running"
    );

    world
        .sql("UPDATE streamkeeper.environments SET spec['image']['name'] = '\"pcluster-2026-11\"'")
        .await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(
        world.condition("cfd", "Stalled").await,
        "False Progressing: "
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_fleet_type_cannot_change_and_the_rest_does_not_wait_for_it() {
    let mut world = World::brisk().await;
    let mut spec = blog();
    spec["fleet"]["fleetType"] = json!("ON_DEMAND");
    world.insert("cfd", &spec).await;
    world.settle().await;
    world
        .sql(
            "UPDATE streamkeeper.environments
                SET spec = jsonb_set(jsonb_set(spec, '{fleet,fleetType}', '\"ALWAYS_ON\"'),
                                     '{fleet,displayName}', '\"CFD\"')",
        )
        .await;
    world.settle().await;
    let ready = world.ready("cfd").await;
    assert!(ready.starts_with("False ReplacementNeeded"), "{ready}");
    assert_eq!(world.fleet("cfd")["DisplayName"], "CFD");
    assert_eq!(world.fleet("cfd")["FleetType"], "ON_DEMAND");
    world.assert_quiet().await;
}

#[tokio::test]
async fn leaving_out_the_fleet_deletes_nothing() {
    let mut world = converged().await;
    world
        .sql("UPDATE streamkeeper.environments SET spec = spec - 'fleet' - 'image'")
        .await;
    let before = world.tried().len();
    world.settle().await;
    let ready = world.ready("cfd").await;
    assert!(
        ready.starts_with("False ReplacementNeeded: fleet/cfd"),
        "{ready}"
    );
    assert_eq!(world.tried().len(), before);

    sqlx::query("UPDATE streamkeeper.environments SET spec = $1")
        .bind(blog())
        .execute(&world.database.pool)
        .await
        .unwrap();
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_row_of_two_edits_within_a_moment_ends_at_the_second() {
    let mut world = converged().await;
    for name in ["first", "second"] {
        world
            .sql(&format!(
                "UPDATE streamkeeper.environments SET spec['fleet']['displayName'] = '\"{name}\"'"
            ))
            .await;
    }
    world.settle().await;
    assert_eq!(world.fleet("cfd")["DisplayName"], "second");
    let observed: Vec<String> = world
        .lines("SELECT generation || ' ' || observed_generation FROM streamkeeper.status")
        .await;
    assert_eq!(observed, ["3 3"]);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_fleet_alone_and_a_stack_alone_are_environments_too() {
    let mut world = World::brisk().await;
    let mut fleet: Value = blog();
    fleet
        .as_object_mut()
        .unwrap()
        .retain(|key, _| ["image", "fleet"].contains(&key.as_str()));
    world.insert("fleet-only", &fleet).await;
    world
        .insert("stack-only", &json!({"stack": {"displayName": "CFD"}}))
        .await;
    world.settle().await;
    assert_eq!(world.ready("fleet-only").await, CONVERGED);
    assert_eq!(world.ready("stack-only").await, CONVERGED);
    world.assert_quiet().await;
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    assert!(world.fleet("fleet-only").is_null() && world.stack("stack-only").is_null());
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_row_paused_on_its_way_wakes_nobody_before_the_next_sweep() {
    let mut world = World::brisk().await;
    world.insert("cfd", &blog()).await;
    world.next_round().await;
    world
        .sql("UPDATE streamkeeper.environments SET paused = true")
        .await;
    let round = world.round().await;
    let now = world.simulator.clock().now();
    assert!(round.next_wake > now, "it would wake at once, and again");
    world.assert_quiet().await;
    world
        .sql("UPDATE streamkeeper.environments SET paused = false")
        .await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}
