//! Throttled for hours, it slows down, starves nobody, and comes back without a burst.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use streamkeeper_simulator::{Config, Quotas, Rate, Rates};
use streamkeeper_tests::{World, brisk};

use crate::lifecycle::CONVERGED;

const ENVIRONMENTS: usize = 60;

/// Stacks that may be created in a second; sixty take ten minutes.
const PER_SECOND: f64 = 0.1;

async fn throttled() -> World {
    let per_operation = BTreeMap::from([("CreateStack".to_owned(), Rate::per_second(PER_SECOND))]);
    let world = World::with(Config {
        quotas: Quotas::unlimited(),
        rates: Rates {
            default: None,
            per_operation,
        },
        ..brisk()
    })
    .await;
    for number in 0..ENVIRONMENTS {
        world
            .insert(&format!("e{number}"), &json!({"stack": {}}))
            .await;
    }
    world
}

fn calls(world: &World, operation: &str) -> (usize, usize) {
    let tried = world.tried();
    let ours: Vec<_> = tried
        .iter()
        .filter(|call| call.operation == operation)
        .collect();
    (
        ours.len(),
        ours.iter().filter(|call| call.changed()).count(),
    )
}

#[tokio::test]
async fn throttled_creations_are_all_made_and_none_is_starved() {
    let mut world = throttled().await;
    let start = world.simulator.clock().now();
    let give_up = start + TimeDelta::hours(4);
    while calls(&world, "CreateStack").1 < ENVIRONMENTS {
        world.next_round().await;
        let now = world.simulator.clock().now();
        assert!(now < give_up, "{}", world.report().await);
    }
    // A wait ends at a minute, of which jitter takes up to a half; the first six are shorter.
    let (tried, made) = calls(&world, "CreateStack");
    assert_eq!(made, ENVIRONMENTS);
    let took = world.simulator.clock().now() - start;
    let most = usize::try_from(took.num_minutes()).unwrap() * 2 + 6;
    assert!(tried <= most * ENVIRONMENTS, "{tried} calls in {took}");
    world.settle().await;
    world.assert_quiet().await;
}

#[tokio::test]
async fn wakes_for_nothing_do_not_disturb_a_backoff() {
    let mut calm = failing().await;
    calm.run_for(Duration::from_secs(1800)).await;
    let mut noisy = failing().await;
    let end = noisy.simulator.clock().now() + Duration::from_secs(1800);
    while noisy.simulator.clock().now() < end {
        noisy.sql("SELECT streamkeeper.reconcile_now('cfd')").await;
        noisy.round().await;
        noisy.simulator.clock().advance(Duration::from_secs(1));
    }
    let (quiet, disturbed) = (
        calls(&calm, "CreateStack").0,
        calls(&noisy, "CreateStack").0,
    );
    assert!(quiet > 5, "{quiet}");
    assert!(
        disturbed.abs_diff(quiet) <= 1,
        "{disturbed} calls with noise, {quiet} without"
    );
}

/// An environment whose creation is throttled for ever.
async fn failing() -> World {
    let world = World::brisk().await;
    world.insert("cfd", &json!({"stack": {}})).await;
    world.simulator.faults().add(
        streamkeeper_simulator::Matcher::operation("CreateStack").always(),
        streamkeeper_simulator::Fault::refuse("ThrottlingException", "Rate exceeded"),
    );
    world
}

#[tokio::test]
async fn an_edit_made_in_a_storm_does_not_wait_behind_it() {
    let mut world = throttled().await;
    world.next_round().await;
    // Another operation than the throttled one: only our own queue could hold it up.
    world
        .insert(
            "edited",
            &json!({"image": {"name": "pcluster-2026-11"},
        "fleet": {"instanceType": "stream.standard.medium",
                  "computeCapacity": {"desiredInstances": 1}}}),
        )
        .await;
    let (before, _) = calls(&world, "CreateFleet");
    assert_eq!(before, 0);
    world.round().await;
    assert_eq!(calls(&world, "CreateFleet"), (1, 1));
    world.run_for(Duration::from_secs(3600)).await;
    world.settle().await;
    assert_eq!(world.ready("edited").await, CONVERGED);
    world.assert_quiet().await;
}
