//! One environment that cannot be helped costs its neighbours nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use streamkeeper_simulator::{Config, Face, Fault, Matcher, Quotas};
use streamkeeper_tests::{World, brisk};

use crate::lifecycle::CONVERGED;

const NEIGHBOURS: usize = 20;

const LONG: Duration = Duration::from_secs(6 * 3600);

/// How often a call that fails for ever is made in that time, at the most: its backoff ends at ten
/// minutes, and jitter takes up to a half of it.
const MOST_TRIES: usize = 6 * 60 / 5;

/// Longer than any backoff.
const LONGER: Duration = Duration::from_secs(11 * 60);

fn tries(world: &World) -> usize {
    let calls = world.tried();
    let poison = calls.iter().filter(|call| call.target == "stack/poison");
    poison.count()
}

async fn world() -> World {
    World::with(Config {
        quotas: Quotas::unlimited(),
        ..brisk()
    })
    .await
}

async fn insert_neighbours(world: &World) {
    for number in 0..NEIGHBOURS {
        let spec = json!({
            "image": {"name": "pcluster-2026-11"},
            "fleet": {"instanceType": "stream.standard.medium",
                      "computeCapacity": {"desiredInstances": 1}},
            "stack": {}
        });
        world.insert(&format!("n{number}"), &spec).await;
    }
}

/// When each neighbour was first ready, counted from the insertion in seconds of the world's clock.
async fn times_to_ready(world: &mut World) -> BTreeMap<String, i64> {
    let start = world.simulator.clock().now();
    let mut ready = BTreeMap::new();
    while ready.len() < NEIGHBOURS {
        world.next_round().await;
        let after = (world.simulator.clock().now() - start).num_seconds();
        assert!(after < 3600, "{}", world.report().await);
        let names = world
            .lines("SELECT name FROM streamkeeper.status WHERE ready = 'True' AND name LIKE 'n%'")
            .await;
        for name in names {
            ready.entry(name).or_insert(after);
        }
    }
    ready
}

#[tokio::test]
async fn a_row_that_is_always_refused_slows_no_other() {
    let mut alone = world().await;
    insert_neighbours(&alone).await;
    let expected = times_to_ready(&mut alone).await;

    let mut world = world().await;
    world
        .insert("poison", &json!({"stack": {"description": "refused"}}))
        .await;
    let refused = Fault::refuse("InvalidParameterCombinationException", "no such thing");
    world.simulator.faults().add(
        Matcher::operation("CreateStack").target("poison").always(),
        refused,
    );
    insert_neighbours(&world).await;
    assert_eq!(times_to_ready(&mut world).await, expected);

    // It says what is wrong, and tries again now and then.
    let stalled = world.condition("poison", "Stalled").await;
    assert!(stalled.starts_with("True CallRefused: "), "{stalled}");
    assert!(stalled.contains("no such thing"), "{stalled}");
    let before = tries(&world);
    world.run_for(LONG).await;
    let more = tries(&world) - before;
    assert!(
        (1..=MOST_TRIES).contains(&more),
        "{more} calls in six hours"
    );
    world.simulator.faults().clear();
    world.run_for(LONGER).await;
    assert_eq!(world.ready("poison").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_row_whose_pass_panics_slows_no_other_and_is_said() {
    let mut alone = world().await;
    insert_neighbours(&alone).await;
    let expected = times_to_ready(&mut alone).await;

    let mut world = world().await;
    world.insert("poison", &json!({"stack": {}})).await;
    world.panic_at("poison");
    insert_neighbours(&world).await;
    assert_eq!(times_to_ready(&mut world).await, expected);
    let stalled = world.condition("poison", "Stalled").await;
    assert!(stalled.starts_with("True Panicked: "), "{stalled}");
}

#[tokio::test]
async fn a_row_whose_calls_never_answer_is_waited_for_once_a_try() {
    let mut world = world().await;
    world.insert("poison", &json!({"stack": {}})).await;
    world.simulator.faults().add(
        Matcher::operation("CreateStack").target("poison").always(),
        Fault::LostBefore(Face::Timeout),
    );
    insert_neighbours(&world).await;
    world.settle_but_for("poison").await;
    // Nobody knows whether it was executed, so it is looked for, and not there: each try is one
    // time-out, and tries become rare.
    let before = tries(&world);
    world.run_for(LONG).await;
    let more = tries(&world) - before;
    assert!(
        (1..=MOST_TRIES).contains(&more),
        "{more} calls in six hours"
    );
    world.simulator.faults().clear();
    world.run_for(LONGER).await;
    assert_eq!(world.ready("poison").await, CONVERGED);
    world.assert_quiet().await;
}
