//! Somebody changes the mode while a fleet is stopped, updated and started: each end is right.

use std::collections::BTreeSet;
use std::time::Duration;

use streamkeeper_tests::World;

use super::{DELETE, converged, set};
use crate::lifecycle::CONVERGED;

/// Longer than AWS takes to stop or start a fleet here.
const A_WHILE: Duration = Duration::from_secs(180);

/// More rounds than a stop, an update and a start take, the last look included.
const ROUNDS: usize = 9;

/// What needs a stopped fleet.
const NEEDS_A_STOP: &str = "spec['fleet']['description'] = '\"changed\"'";

/// Runs a change that needs a stop for so many rounds.
async fn under_way(world: World, rounds: usize) -> World {
    let mut world = converged(world).await;
    set(&world, NEEDS_A_STOP).await;
    for _ in 0..rounds {
        world.next_round().await;
    }
    world
}

async fn assert_ends_well(world: &mut World, context: &str) {
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED, "{context}");
    let fleet = world.fleet("cfd");
    assert_eq!(fleet["State"], "RUNNING", "{context}");
    assert_eq!(fleet["Description"], "changed", "{context}");
    let debts = "SELECT fleet FROM streamkeeper.debts";
    assert_eq!(world.lines(debts).await, [] as [String; 0], "{context}");
    world.assert_quiet().await;
}

/// Switches over after each round and back again, and demands the same end as without.
async fn there_and_back(there: &str, back: &str) {
    let mut world = World::brisk().await;
    let mut states = BTreeSet::new();
    for rounds in 0..ROUNDS {
        let context = format!("{there} after {rounds} rounds");
        world = under_way(world, rounds).await;
        let state = world.fleet("cfd")["State"].as_str().unwrap().to_owned();
        states.insert(state);
        set(&world, there).await;
        let before = world.tried().len();
        world.run_for(A_WHILE).await;
        assert_eq!(
            world.tried().len(),
            before,
            "{context}: {:?}",
            world.changes()
        );
        set(&world, back).await;
        assert_ends_well(&mut world, &context).await;
        let stops = world.changes();
        let stops = stops.iter().filter(|call| call.starts_with("StopFleet"));
        assert_eq!(stops.count(), 1, "{context}: one stop is enough");
    }
    let all = ["RUNNING", "STARTING", "STOPPED", "STOPPING"];
    assert!(states.iter().eq(all), "the switch came in {states:?} only");
}

#[tokio::test]
async fn observing_in_the_middle_of_a_change_calls_nothing_and_enforcing_ends_it() {
    there_and_back("mode = 'observe'", "mode = 'enforce'").await;
}

#[tokio::test]
async fn pausing_in_the_middle_of_a_change_calls_nothing_and_resuming_ends_it() {
    there_and_back("paused = true", "paused = false").await;
}

#[tokio::test]
async fn a_change_that_is_taken_back_in_the_middle_leaves_the_fleet_running() {
    let mut world = World::brisk().await;
    for rounds in 0..ROUNDS {
        world = under_way(world, rounds).await;
        set(&world, "spec = spec #- '{fleet,description}'").await;
        world.settle().await;
        let fleet = world.fleet("cfd");
        assert_eq!(fleet["State"], "RUNNING", "after {rounds} rounds");
        assert_eq!(world.ready("cfd").await, CONVERGED, "after {rounds} rounds");
        let description = fleet["Description"].as_str().unwrap_or_default();
        assert_eq!(description, "", "after {rounds} rounds");
        world.assert_quiet().await;
    }
}

#[tokio::test]
async fn a_deletion_in_the_middle_of_a_change_leaves_nothing() {
    let mut world = World::brisk().await;
    for (rounds, policy) in (0..ROUNDS).zip(["delete", "retain", "forget"].iter().cycle()) {
        let context = format!("{policy} after {rounds} rounds");
        world = under_way(world, rounds).await;
        set(&world, &format!("deletion_policy = '{policy}'")).await;
        world.sql(DELETE).await;
        world.settle().await;
        assert!(!world.exists("cfd").await, "{context}");
        assert_eq!(
            world.fleet("cfd").is_null(),
            *policy == "delete",
            "{context}"
        );
        let left = "SELECT object FROM streamkeeper.owned_objects
                    UNION ALL SELECT fleet FROM streamkeeper.debts";
        assert_eq!(world.lines(left).await, [] as [String; 0], "{context}");
        world.assert_quiet().await;
    }
}
