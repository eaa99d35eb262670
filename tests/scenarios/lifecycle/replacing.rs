//! What only a new fleet can have makes one; what the row leaves out goes; and no crash leaves
//! anybody without a fleet.

use std::time::Duration;

use serde_json::{Value, json};
use streamkeeper_simulator::SessionSeed;
use streamkeeper_tests::{Death, REGION, World};

use super::CONVERGED;
use crate::converge::blog;

/// The blog's environment, with a type and the permission to change it.
fn spec(fleet_type: &str) -> Value {
    let mut spec = blog();
    spec["fleet"]["fleetType"] = json!(fleet_type);
    spec["fleet"]["disruption"] = json!({"allowReplacement": true});
    spec
}

async fn edit(world: &World, spec: &Value) {
    sqlx::query("UPDATE streamkeeper.environments SET spec = $1")
        .bind(spec)
        .execute(&world.database.pool)
        .await
        .unwrap();
}

async fn on_demand(world: World) -> World {
    let mut world = world;
    world.insert("cfd", &spec("ON_DEMAND")).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world
}

/// The calls of a replacement, in their order.
const REPLACEMENT: [&str; 6] = [
    "DisassociateFleet stack/cfd,fleet/cfd",
    "StopFleet fleet/cfd",
    "DeleteFleet fleet/cfd",
    "CreateFleet fleet/cfd",
    "StartFleet fleet/cfd",
    "AssociateFleet stack/cfd,fleet/cfd",
];

#[tokio::test]
async fn another_type_makes_a_new_fleet_when_nobody_is_on_it() {
    let mut world = on_demand(World::brisk().await).await;
    let people = [SessionSeed::active("ada")];
    world.simulator.set_sessions(REGION, "cfd", "cfd", &people);
    let before = world.changes().len();
    edit(&world, &spec("ALWAYS_ON")).await;
    world.run_for(Duration::from_secs(600)).await;
    assert_eq!(world.changes()[before..], Vec::<String>::new());
    let ready = world.ready("cfd").await;
    assert!(ready.starts_with("False WaitingForSessions"), "{ready}");

    world.simulator.set_sessions(REGION, "cfd", "cfd", &[]);
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(world.changes()[before..], REPLACEMENT);
    let fleet = world.fleet("cfd");
    assert_eq!(fleet["FleetType"], "ALWAYS_ON");
    assert_eq!(fleet["State"], "RUNNING");
    assert_eq!(world.fleets_of("cfd"), json!(["cfd"]));
    assert_eq!(world.drift().await, Vec::<String>::new());
    assert_eq!(world.simulator.sessions_cut(), 0);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_daemon_that_dies_at_any_call_of_a_replacement_ends_it() {
    let mut world = World::brisk().await;
    for death in [Death::BeforeCall, Death::AfterCall] {
        for nth in 1..=REPLACEMENT.len() as u64 {
            world = on_demand(world.again(streamkeeper_tests::brisk()).await).await;
            edit(&world, &spec("ALWAYS_ON")).await;
            world.kill_at_call(nth, death);
            world.settle().await;
            assert!(world.is_spent(), "{death:?} at call {nth}");
            assert_eq!(world.ready("cfd").await, CONVERGED, "{death:?} at {nth}");
            assert_eq!(world.fleet("cfd")["FleetType"], "ALWAYS_ON");
            assert_eq!(world.fleet("cfd")["State"], "RUNNING");
            assert_eq!(world.fleets_of("cfd"), json!(["cfd"]));
        }
    }
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_fleet_that_is_left_out_goes_and_the_stack_stays_and_it_may_come_back() {
    let mut world = on_demand(World::brisk().await).await;
    let mut without = spec("ON_DEMAND");
    let keys = without.as_object_mut().unwrap();
    keys.remove("fleet");
    keys.remove("image");
    let before = world.changes().len();
    edit(&world, &without).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(world.changes()[before..], REPLACEMENT[..3]);
    assert!(world.fleet("cfd").is_null());
    assert!(!world.stack("cfd").is_null());
    let owned = world
        .lines("SELECT object FROM streamkeeper.owned_objects WHERE object NOT LIKE 'bucket/%'")
        .await;
    assert_eq!(owned, ["stack/cfd"]);
    world.assert_quiet().await;

    edit(&world, &spec("ON_DEMAND")).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(world.fleets_of("cfd"), json!(["cfd"]));
    assert_eq!(world.drift().await, Vec::<String>::new());
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_stack_that_is_left_out_goes_and_the_fleet_runs_on() {
    let mut world = on_demand(World::brisk().await).await;
    let mut without = spec("ON_DEMAND");
    without.as_object_mut().unwrap().remove("stack");
    without["buckets"] = json!([]);
    edit(&world, &without).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert!(world.stack("cfd").is_null());
    assert_eq!(world.fleet("cfd")["State"], "RUNNING");
    world.assert_quiet().await;
}

#[tokio::test]
async fn replacements_count_in_the_budget() {
    let mut world = World::brisk().await;
    let row = |fleet_type: &str| {
        let mut spec = spec(fleet_type);
        let keys = spec.as_object_mut().unwrap();
        keys.retain(|key, _| ["image", "fleet"].contains(&key.as_str()));
        spec
    };
    for number in 0..8 {
        world
            .insert(&format!("cfd{number}"), &row("ON_DEMAND"))
            .await;
    }
    world.settle().await;
    edit(&world, &row("ALWAYS_ON")).await;
    world.run_for(Duration::from_secs(900)).await;
    let taken = |verb: &str| {
        let calls = world.changes();
        calls.iter().filter(|call| call.starts_with(verb)).count()
    };
    assert_eq!(taken("StopFleet") + taken("DeleteFleet"), 10);
    let stalled = world
        .lines(
            "SELECT environment FROM streamkeeper.conditions
             WHERE type = 'Stalled' AND reason = 'BudgetExceeded'",
        )
        .await;
    assert!(!stalled.is_empty());
    world
        .sql("SELECT streamkeeper.approve(name) FROM streamkeeper.environments")
        .await;
    world.settle().await;
    let open = world
        .value::<i64>("SELECT count(*) FROM streamkeeper.status WHERE ready <> 'True'")
        .await;
    assert_eq!(open, 0);
    world.assert_quiet().await;
}
