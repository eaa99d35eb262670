//! Tags that nobody's row explains, and tags that somebody took off.

use std::time::Duration;

use serde_json::json;
use streamkeeper_tests::World;

use crate::converge::blog;
use crate::lifecycle::{CONVERGED, converged};

#[tokio::test]
async fn our_tag_without_a_row_is_said_once_and_never_deleted() {
    let mut world = converged().await;
    world.admin(
        "CreateStack",
        json!({"Name": "lost", "Tags": {
            "streamkeeper:uid": "00000000-0000-4000-8000-000000000001",
            "streamkeeper:environment": "lost"
        }}),
    );
    let before = world.tried().len();
    world.run_for(Duration::from_secs(600)).await;
    let orphans = world.events("Orphan").await;
    assert_eq!(orphans.len(), 1, "{orphans:?}");
    assert!(
        orphans[0].starts_with("stack/lost: ") && !orphans[0].contains('×'),
        "{orphans:?}"
    );
    assert_eq!(world.tried().len(), before);
    assert!(!world.stack("lost").is_null());
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_tag_that_is_no_uid_is_an_orphan_too() {
    let mut world = converged().await;
    world.admin(
        "CreateStack",
        json!({"Name": "odd", "Tags": {"streamkeeper:uid": "me"}}),
    );
    world.run_for(Duration::from_secs(180)).await;
    assert_eq!(world.events("Orphan").await.len(), 1);
    world.assert_quiet().await;
}

#[tokio::test]
async fn without_our_tag_nothing_of_the_environment_is_touched() {
    let mut world = converged().await;
    let arn = world.fleet("cfd")["Arn"].clone();
    world.admin(
        "UntagResource",
        json!({"ResourceArn": arn, "TagKeys": ["streamkeeper:uid"]}),
    );
    // Something to repair beside it.
    world.admin(
        "UpdateStack",
        json!({"Name": "cfd", "DeleteStorageConnectors": false,
        "StorageConnectors": [], "AttributesToDelete": ["STORAGE_CONNECTORS"]}),
    );
    let before = world.tried().len();
    world.run_for(Duration::from_secs(600)).await;
    let conflict = world.condition("cfd", "Conflict").await;
    assert!(
        conflict.starts_with("True Conflict: fleet/cfd"),
        "{conflict}"
    );
    assert_eq!(
        world.tried().len(),
        before,
        "{:?}",
        &world.tried()[before..]
    );
    world.assert_quiet().await;

    // Given back, it goes on as if nothing had been.
    let uid = world.uid("cfd").await;
    world.admin(
        "TagResource",
        json!({"ResourceArn": arn, "Tags": {"streamkeeper:uid": uid}}),
    );
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_tag_that_was_taken_off_is_put_back_where_adoption_is_allowed() {
    let mut world = World::brisk().await;
    let mut spec = blog();
    spec["adoption"] = json!("IfUnowned");
    world.insert("cfd", &spec).await;
    world.settle().await;
    let arn = world.fleet("cfd")["Arn"].clone();
    world.admin(
        "UntagResource",
        json!({"ResourceArn": arn,
        "TagKeys": ["streamkeeper:uid", "streamkeeper:environment"]}),
    );
    world.run_for(Duration::from_secs(180)).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(
        world.tags(&world.fleet("cfd"))["streamkeeper:uid"],
        world.uid("cfd").await
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_fleet_whose_tag_was_taken_off_outlives_its_row() {
    let mut world = converged().await;
    let arn = world.fleet("cfd")["Arn"].clone();
    world.admin(
        "UntagResource",
        json!({"ResourceArn": arn,
        "TagKeys": ["streamkeeper:uid", "streamkeeper:environment"]}),
    );
    world.run_for(Duration::from_secs(120)).await;
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.run_for(Duration::from_secs(300)).await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert!(
        !world.fleet("cfd").is_null(),
        "what we cannot prove ours is not deleted"
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn another_environments_tag_on_our_fleet_stops_us() {
    let mut world = converged().await;
    let arn = world.fleet("cfd")["Arn"].clone();
    let theirs = "00000000-0000-4000-8000-000000000001";
    world.admin(
        "TagResource",
        json!({"ResourceArn": arn, "Tags": {"streamkeeper:uid": theirs}}),
    );
    world.admin("StopFleet", json!({"Name": "cfd"}));
    let before = world.tried().len();
    world.run_for(Duration::from_secs(600)).await;
    let conflict = world.condition("cfd", "Conflict").await;
    assert!(
        conflict.starts_with("True Conflict") && conflict.contains(theirs),
        "{conflict}"
    );
    assert_eq!(world.tried().len(), before);
    world.assert_quiet().await;
}

#[tokio::test]
async fn two_rows_that_name_one_fleet_are_refused() {
    let world = converged().await;
    let refusal = world
        .refusal(
            "INSERT INTO streamkeeper.environments (name, region, spec)
             SELECT 'other', region, jsonb_set(spec, '{fleet,name}', '\"cfd\"')
             FROM streamkeeper.environments",
        )
        .await;
    assert!(refusal.contains("cfd"), "{refusal}");
}
