//! Somebody who undoes every repair is answered slowly, named as a fight, and floods nothing.

use std::time::Duration;

use serde_json::json;
use streamkeeper_tests::World;

use super::converged;
use crate::lifecycle::CONVERGED;

/// An hour in which somebody writes a description of their own: at once after each of our calls,
/// or only once we have seen our repair hold. How many repairs were made.
async fn fight(world: &mut World, at_once: bool) -> usize {
    let clock = world.simulator.clock().clone();
    let end = clock.now() + Duration::from_secs(3600);
    let before = world.changes().len();
    world.admin(
        "UpdateStack",
        json!({"Name": "cfd", "Description": "theirs"}),
    );
    let mut seen = before;
    while clock.now() < end {
        world.next_round().await;
        let changes = world.changes().len();
        let reverts = if at_once {
            changes > seen
        } else {
            world.stack("cfd")["Description"] == "for cfd"
                && world
                    .drift()
                    .await
                    .iter()
                    .all(|line| !line.ends_with("open"))
        };
        seen = changes;
        if reverts {
            world.admin(
                "UpdateStack",
                json!({"Name": "cfd", "Description": "theirs"}),
            );
        }
    }
    world.changes().len() - before
}

async fn assert_bounded(world: &mut World, repairs: usize) {
    // Eleven within ten minutes, and then one every two.
    assert!((11..=40).contains(&repairs), "{repairs} repairs in an hour");
    let contested = world.condition("cfd", "Contested").await;
    assert!(
        contested.starts_with("True RepairedTooOften: stack.description"),
        "{contested}\n{}",
        world.report().await
    );
    let events: i64 = world
        .value("SELECT count(*) FROM streamkeeper.events")
        .await;
    assert!(events < 40, "{events} rows of events");

    // The other one gives up: it is repaired once more, and the fight is over.
    world.run_for(Duration::from_secs(1200)).await;
    world.settle().await;
    assert_eq!(world.stack("cfd")["Description"], "for cfd");
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(
        world.condition("cfd", "Contested").await,
        "False NotContested: "
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn whoever_undoes_each_repair_at_once_is_answered_slowly() {
    let mut world = converged().await;
    let repairs = fight(&mut world, true).await;
    assert_bounded(&mut world, repairs).await;
}

#[tokio::test]
async fn whoever_undoes_each_repair_once_it_was_seen_is_answered_slowly() {
    let mut world = converged().await;
    let repairs = fight(&mut world, false).await;
    assert_bounded(&mut world, repairs).await;
}

#[tokio::test]
async fn a_fight_over_one_path_holds_up_no_other() {
    let mut world = converged().await;
    fight(&mut world, true).await;
    assert!(
        world
            .condition("cfd", "Contested")
            .await
            .starts_with("True")
    );
    world
        .sql("UPDATE streamkeeper.environments SET spec['fleet']['displayName'] = '\"new\"'")
        .await;
    world.run_for(Duration::from_secs(180)).await;
    assert_eq!(world.fleet("cfd")["DisplayName"], "new");
}
