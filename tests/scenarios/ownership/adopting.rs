//! What exists is taken over only where the row allows it and nobody else owns it.

use serde_json::json;
use streamkeeper_tests::World;

use super::{all_tags, made_by_hand};
use crate::converge::blog;
use crate::lifecycle::CONVERGED;

#[tokio::test]
async fn what_exists_is_a_conflict_and_not_one_call_is_made() {
    let mut world = World::brisk().await;
    made_by_hand(&world, "cfd");
    let before = world.simulator.snapshot();
    world.insert("cfd", &blog()).await;
    world.settle().await;
    let conflict = world.condition("cfd", "Conflict").await;
    assert!(
        conflict.starts_with("True Conflict: fleet/cfd"),
        "{conflict}"
    );
    assert!(
        conflict.contains("IfUnowned"),
        "it says what to do: {conflict}"
    );
    assert!(world.ready("cfd").await.starts_with("False Conflict"));
    assert!(
        world
            .condition("cfd", "Stalled")
            .await
            .starts_with("True Conflict")
    );
    assert_eq!(world.tried(), []);
    assert_eq!(world.simulator.snapshot(), before);
    assert_eq!(world.events("Conflict").await.len(), 2, "fleet and stack");
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_conflict_on_the_stack_alone_stops_the_fleet_too() {
    let mut world = World::brisk().await;
    world.admin("CreateStack", json!({"Name": "cfd"}));
    world.insert("cfd", &blog()).await;
    world.settle().await;
    assert!(
        world
            .condition("cfd", "Conflict")
            .await
            .starts_with("True Conflict: stack/cfd")
    );
    assert_eq!(world.tried(), []);
    world.assert_quiet().await;

    // Once the stranger has gone there is nothing in the way.
    world.admin("DeleteStack", json!({"Name": "cfd"}));
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(
        world.condition("cfd", "Conflict").await,
        "False NoConflict: "
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn what_nobody_owns_is_taken_over_tagged_first() {
    let mut world = World::brisk().await;
    made_by_hand(&world, "cfd");
    let mut spec = blog();
    spec["adoption"] = json!("IfUnowned");
    world.insert("cfd", &spec).await;
    world.settle().await;

    assert_eq!(world.ready("cfd").await, CONVERGED);
    let changes = world.changes();
    for kind in ["fleet", "stack"] {
        let about: Vec<&String> = changes
            .iter()
            .filter(|change| change.contains(&format!("{kind}/cfd")))
            .collect();
        assert_eq!(*about[0], format!("TagResource {kind}/cfd"), "{changes:#?}");
    }
    let created: Vec<&String> = changes
        .iter()
        .filter(|change| change.starts_with("Create"))
        .collect();
    assert_eq!(created, Vec::<&String>::new());
    assert_eq!(world.events("Adopted").await.len(), 2);
    let uid = world.uid("cfd").await;
    for tags in all_tags(&world, "cfd").as_array().unwrap() {
        assert_eq!(tags["streamkeeper:uid"], uid);
        assert_eq!(tags["streamkeeper:environment"], "cfd");
    }
    assert_eq!(
        world.tags(&world.fleet("cfd"))["made-by"],
        "hand",
        "their tags stay"
    );
    assert_eq!(world.fleet("cfd")["MaxUserDurationInSeconds"], 345_600);
    assert_eq!(world.fleet("cfd")["ComputeCapacityStatus"]["Desired"], 2);
    assert_eq!(world.fleet("cfd")["State"], "RUNNING");
    assert_eq!(
        world.stack("cfd")["Description"],
        "by hand",
        "what is left out is not managed"
    );
    assert_eq!(
        world.drift().await,
        Vec::<String>::new(),
        "taking over is no drift"
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_conflict_ends_with_the_edit_that_allows_adoption() {
    let mut world = World::brisk().await;
    made_by_hand(&world, "cfd");
    world.insert("cfd", &blog()).await;
    world.settle().await;
    world
        .sql("UPDATE streamkeeper.environments SET spec['adoption'] = '\"IfUnowned\"'")
        .await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(
        world.condition("cfd", "Conflict").await,
        "False NoConflict: "
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn what_another_uid_owns_is_a_conflict_even_when_adoption_is_allowed() {
    for adoption in ["Never", "IfUnowned"] {
        let mut world = World::brisk().await;
        let theirs = "00000000-0000-4000-8000-000000000001";
        world.admin(
            "CreateStack",
            json!({"Name": "cfd", "Tags": {"streamkeeper:uid": theirs, "streamkeeper:environment": "x"}}),
        );
        let mut spec = blog();
        spec["adoption"] = json!(adoption);
        world.insert("cfd", &spec).await;
        world.settle().await;
        let conflict = world.condition("cfd", "Conflict").await;
        assert!(
            conflict.starts_with("True Conflict") && conflict.contains(theirs),
            "{conflict}"
        );
        assert_eq!(world.tried(), [], "{adoption}");
        world.assert_quiet().await;
    }
}

#[tokio::test]
async fn what_was_taken_over_goes_with_its_row() {
    let mut world = World::brisk().await;
    made_by_hand(&world, "cfd");
    let mut spec = blog();
    spec["adoption"] = json!("IfUnowned");
    world.insert("cfd", &spec).await;
    world.settle().await;
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert!(world.fleet("cfd").is_null() && world.stack("cfd").is_null());
    world.assert_quiet().await;
}

#[tokio::test]
async fn deleting_a_row_in_conflict_touches_nothing() {
    let mut world = World::brisk().await;
    made_by_hand(&world, "cfd");
    world.insert("cfd", &blog()).await;
    world.settle().await;
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert_eq!(world.tried(), []);
    assert!(!world.fleet("cfd").is_null() && !world.stack("cfd").is_null());
    world.assert_quiet().await;
}

#[tokio::test]
async fn an_observed_row_reports_what_it_would_take_over_and_touches_nothing() {
    let mut world = World::brisk().await;
    made_by_hand(&world, "cfd");
    let mut spec = blog();
    spec["adoption"] = json!("IfUnowned");
    world.insert("cfd", &spec).await;
    world
        .sql("UPDATE streamkeeper.environments SET mode = 'observe'")
        .await;
    world.settle().await;
    let ready = world.ready("cfd").await;
    assert!(ready.starts_with("False ObserveOnly"), "{ready}");
    assert_eq!(world.tried(), []);
    world.assert_quiet().await;

    world
        .sql("UPDATE streamkeeper.environments SET mode = 'enforce'")
        .await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}
