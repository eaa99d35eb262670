//! Deletion takes what is ours, in the order AWS takes it, and nobody's data.

use std::time::Duration;

use serde_json::json;
use streamkeeper_simulator::SessionSeed;
use streamkeeper_tests::{REGION, World};

use super::{CONVERGED, converged};
use crate::converge::blog;

const DELETE: &str = "DELETE FROM streamkeeper.environments WHERE name = 'cfd'";

#[tokio::test]
async fn a_deleted_row_takes_its_fleet_its_stack_and_its_statements_along() {
    let mut world = converged().await;
    let bucket = world.home_bucket();
    let before = world.changes().len();
    world.sql(DELETE).await;
    assert!(world.exists("cfd").await, "a DELETE is a request");
    world.settle().await;

    assert!(!world.exists("cfd").await);
    assert_eq!(
        world.changes()[before..],
        [
            "DisassociateFleet stack/cfd,fleet/cfd".to_owned(),
            "StopFleet fleet/cfd".to_owned(),
            "DeleteStack stack/cfd".to_owned(),
            format!("PutBucketPolicy bucket/{bucket}"),
            "DeleteFleet fleet/cfd".to_owned(),
        ]
    );
    assert!(world.fleet("cfd").is_null() && world.stack("cfd").is_null());
    assert_eq!(world.sids(&bucket), ["PreventAccidentalDeletionOfBucket"]);
    let left = world
        .lines("SELECT object FROM streamkeeper.owned_objects")
        .await;
    assert_eq!(left, Vec::<String>::new());
    world.assert_quiet().await;
}

#[tokio::test]
async fn what_people_read_about_an_environment_outlives_it() {
    let mut world = converged().await;
    world.sql(DELETE).await;
    world.settle().await;
    let revisions = world
        .lines("SELECT environment FROM streamkeeper.revisions")
        .await;
    assert_eq!(revisions, ["cfd"]);
    assert_eq!(world.events("Deleted").await.len(), 2);
    let conditions = world
        .lines("SELECT type FROM streamkeeper.conditions")
        .await;
    assert_eq!(conditions, Vec::<String>::new());
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_namesake_of_a_deleted_environment_is_another_environment() {
    let mut world = converged().await;
    let first = world.uid("cfd").await;
    world.sql(DELETE).await;
    let refusal = world
        .refusal("INSERT INTO streamkeeper.environments (name, region, spec) SELECT name, region, spec FROM streamkeeper.environments")
        .await;
    assert!(refusal.contains("is being deleted"), "{refusal}");
    world.settle().await;

    let before = world.changes().len();
    world.insert("cfd", &blog()).await;
    world.settle().await;
    let second = world.uid("cfd").await;
    assert_ne!(first, second);
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(world.tags(&world.fleet("cfd"))["streamkeeper:uid"], second);
    let destructive: Vec<String> = world.changes()[before..]
        .iter()
        .filter(|change| {
            ["Delete", "Stop", "Disassociate", "Untag"]
                .iter()
                .any(|verb| change.starts_with(verb))
        })
        .cloned()
        .collect();
    assert_eq!(destructive, Vec::<String>::new());
    world.assert_quiet().await;
}

#[tokio::test]
async fn deletion_waits_until_nobody_is_on_the_fleet() {
    let mut world = converged().await;
    world
        .simulator
        .set_sessions(REGION, "cfd", "cfd", &[SessionSeed::disconnected("ada")]);
    let before = world.changes().len();
    world.sql(DELETE).await;
    world.run_for(Duration::from_secs(300)).await;

    let waited: Vec<String> = world.changes()[before..].to_vec();
    assert!(
        waited
            .iter()
            .all(|change| change.starts_with("PutBucketPolicy")),
        "a person is on the fleet: {waited:?}"
    );
    let ready = world.ready("cfd").await;
    assert!(
        ready.starts_with("False Deleting") && ready.contains("1 session"),
        "{ready}"
    );

    world.simulator.set_sessions(REGION, "cfd", "cfd", &[]);
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert_eq!(world.simulator.sessions_cut(), 0);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_deletion_that_is_taken_back_builds_again_what_is_gone() {
    let mut world = converged().await;
    let uid = world.uid("cfd").await;
    world.sql(DELETE).await;
    for _ in 0..3 {
        world.next_round().await;
    }
    assert!(world.stack("cfd").is_null(), "the deletion was under way");
    world
        .sql("UPDATE streamkeeper.environments SET deletion_requested_at = NULL")
        .await;
    world.settle().await;

    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(world.uid("cfd").await, uid);
    assert_eq!(world.fleet("cfd")["State"], "RUNNING");
    assert_eq!(world.fleets_of("cfd"), json!(["cfd"]));
    assert!(
        world
            .sids(&world.home_bucket())
            .contains(&"our DenyInsecureTransport".to_owned())
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_row_that_never_got_anywhere_goes_at_once() {
    let mut world = World::brisk().await;
    world.insert("cfd", &blog()).await;
    world.sql(DELETE).await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert_eq!(world.changes(), Vec::<String>::new());
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_row_whose_first_call_was_refused_goes() {
    let mut world = World::brisk().await;
    let mut wrong = blog();
    wrong["image"]["name"] = json!("no-such-image");
    world.insert("cfd", &wrong).await;
    world.run_for(Duration::from_secs(120)).await;
    world.sql(DELETE).await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert!(world.stack("cfd").is_null());
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_paused_deletion_waits_and_says_so() {
    let mut world = converged().await;
    world
        .sql("UPDATE streamkeeper.environments SET paused = true")
        .await;
    world.sql(DELETE).await;
    let before = world.changes().len();
    world.run_for(Duration::from_secs(300)).await;
    assert_eq!(world.changes().len(), before);
    assert!(world.exists("cfd").await);
    assert!(
        world
            .condition("cfd", "Paused")
            .await
            .starts_with("True Paused")
    );
    world.assert_quiet().await;

    world
        .sql("UPDATE streamkeeper.environments SET paused = false")
        .await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_fleet_that_serves_a_strangers_stack_is_not_deleted() {
    let mut world = converged().await;
    world.admin("CreateStack", json!({"Name": "theirs"}));
    world.admin(
        "AssociateFleet",
        json!({"FleetName": "cfd", "StackName": "theirs"}),
    );
    let before = world.changes().len();
    world.sql(DELETE).await;
    world.run_for(Duration::from_secs(300)).await;
    assert_eq!(world.changes()[before..], Vec::<String>::new());
    let ready = world.ready("cfd").await;
    assert!(
        ready.starts_with("False Deleting") && ready.contains("theirs"),
        "{ready}"
    );
    world.assert_quiet().await;

    world.admin(
        "DisassociateFleet",
        json!({"FleetName": "cfd", "StackName": "theirs"}),
    );
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert!(!world.stack("theirs").is_null());
    world.assert_quiet().await;
}
