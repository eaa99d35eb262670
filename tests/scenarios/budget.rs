//! What takes things away is rationed by the hour, until somebody says that it is meant.

use serde_json::json;
use streamkeeper_simulator::{Config, Quotas};
use streamkeeper_tests::World;

/// The budget of a scope with fewer than fifty environments.
const BUDGET: usize = 10;
const ENVIRONMENTS: usize = 14;

/// Environments that are a stack each, all converged.
async fn many() -> World {
    let mut world = World::with(Config {
        quotas: Quotas::unlimited(),
        ..Config::default()
    })
    .await;
    for number in 0..ENVIRONMENTS {
        world
            .insert(&format!("e{number}"), &json!({"stack": {}}))
            .await;
    }
    world.settle().await;
    world
}

fn deletions(world: &World) -> usize {
    let changes = world.changes();
    let deleted = changes.iter().filter(|change| change.starts_with("Delete"));
    deleted.count()
}

async fn stalled(world: &World) -> Vec<String> {
    world
        .lines(
            "SELECT environment FROM streamkeeper.conditions
             WHERE type = 'Stalled' AND status = 'True' AND reason = 'BudgetExceeded'
             ORDER BY environment",
        )
        .await
}

#[tokio::test]
async fn a_mass_deletion_stops_at_the_budget_and_goes_on_with_the_hour() {
    let mut world = many().await;
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    assert_eq!(deletions(&world), BUDGET);
    assert_eq!(stalled(&world).await.len(), ENVIRONMENTS - BUDGET);
    world.assert_quiet().await;

    // The hour is the database's, which no test turns.
    world
        .sql("UPDATE streamkeeper.intents SET created_at = created_at - interval '1 hour'")
        .await;
    world.settle().await;
    assert_eq!(deletions(&world), ENVIRONMENTS);
    let left = world
        .lines("SELECT name FROM streamkeeper.environments")
        .await;
    assert_eq!(left, Vec::<String>::new());
    world.assert_quiet().await;
}

#[tokio::test]
async fn what_was_approved_goes_and_the_rest_waits() {
    let mut world = many().await;
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    let held = stalled(&world).await;
    let approved = &held[0];
    world
        .sql(&format!("SELECT streamkeeper.approve('{approved}')"))
        .await;
    world.settle().await;
    assert!(!world.exists(approved).await);
    assert_eq!(stalled(&world).await, held[1..]);
    world.assert_quiet().await;
}

#[tokio::test]
async fn what_takes_nothing_away_needs_no_budget() {
    let mut world = many().await;
    world
        .sql("DELETE FROM streamkeeper.environments WHERE name <> 'e0'")
        .await;
    world.settle().await;
    assert_eq!(deletions(&world), BUDGET);
    world
        .sql(
            "UPDATE streamkeeper.environments
             SET spec = jsonb_set(spec, '{stack,description}', '\"still ours\"')",
        )
        .await;
    world.settle().await;
    assert_eq!(world.stack("e0")["Description"], "still ours");
    assert_eq!(deletions(&world), BUDGET);
    world.assert_quiet().await;
}
