//! A row can go without its fleet and stack: retained, forgotten, or only ever observed.

use serde_json::json;
use streamkeeper_tests::World;

use super::converged;
use crate::converge::blog;

const DELETE: &str = "DELETE FROM streamkeeper.environments WHERE name = 'cfd'";

#[tokio::test]
async fn what_is_retained_loses_our_tags_and_nothing_else() {
    let mut world = World::brisk().await;
    let mut spec = blog();
    spec["tags"] = json!({"team": "cfd"});
    world.insert("cfd", &spec).await;
    world.settle().await;
    let before = world.changes().len();
    world
        .sql("UPDATE streamkeeper.environments SET deletion_policy = 'retain'")
        .await;
    world.settle().await;
    world.sql(DELETE).await;
    world.settle().await;

    assert!(!world.exists("cfd").await);
    let mut changes = world.changes()[before..].to_vec();
    changes.sort();
    assert_eq!(
        changes,
        ["UntagResource fleet/cfd", "UntagResource stack/cfd"]
    );
    for thing in [world.fleet("cfd"), world.stack("cfd")] {
        let tags: Vec<(String, String)> = world.tags(&thing).into_iter().collect();
        assert_eq!(tags, [("team".to_owned(), "cfd".to_owned())]);
    }
    assert_eq!(world.fleet("cfd")["State"], "RUNNING");
    assert_eq!(world.fleets_of("cfd"), json!(["cfd"]));
    world.assert_quiet().await;
}

#[tokio::test]
async fn what_was_retained_can_be_taken_over_by_another_row() {
    let mut world = converged().await;
    world
        .sql("UPDATE streamkeeper.environments SET deletion_policy = 'retain'")
        .await;
    world.sql(DELETE).await;
    world.settle().await;
    let mut spec = blog();
    spec["adoption"] = json!("IfUnowned");
    world.insert("cfd", &spec).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, super::CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn what_is_forgotten_is_left_without_a_call() {
    let mut world = converged().await;
    world
        .sql("UPDATE streamkeeper.environments SET deletion_policy = 'forget'")
        .await;
    world.settle().await;
    let before = world.tried().len();
    world.sql(DELETE).await;
    world.settle().await;

    assert!(!world.exists("cfd").await);
    assert_eq!(world.tried().len(), before);
    assert_eq!(world.fleet("cfd")["State"], "RUNNING");
    // Its tags are still there and nobody's: said once, never cleaned up.
    assert_eq!(world.events("Orphan").await.len(), 2);
    world.assert_quiet().await;
}

#[tokio::test]
async fn an_observed_environment_is_let_go_without_a_call() {
    let mut world = World::brisk().await;
    world.admin("CreateStack", json!({"Name": "cfd"}));
    world
        .sql(
            "INSERT INTO streamkeeper.environments (name, region, mode, spec)
             VALUES ('cfd', 'eu-west-1', 'observe',
                     '{\"stack\": {\"description\": \"ours\"}, \"adoption\": \"IfUnowned\"}')",
        )
        .await;
    world.settle().await;
    let ready = world.ready("cfd").await;
    assert_eq!(ready, "False ObserveOnly: 1 field differs; mode is observe");
    world.sql(DELETE).await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert_eq!(world.tried(), []);
    assert!(!world.stack("cfd").is_null());
    world.assert_quiet().await;
}

#[tokio::test]
async fn an_environment_that_was_enforced_and_is_observed_now_deletes_nothing() {
    let mut world = converged().await;
    world
        .sql("UPDATE streamkeeper.environments SET mode = 'observe'")
        .await;
    world.settle().await;
    let before = world.tried().len();
    world.sql(DELETE).await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert_eq!(world.tried().len(), before);
    assert!(!world.fleet("cfd").is_null());
    world.assert_quiet().await;
}
