use std::collections::BTreeMap;

use serde_json::json;
use streamkeeper_state::{ApplyOutcome, Declaration, DeletionOutcome, StoreError};

use super::{World, spec};

fn declared(name: &str) -> Declaration {
    Declaration {
        name: name.to_owned(),
        region: "eu-west-1".to_owned(),
        account_id: None,
        spec: spec(),
        labels: None,
        mode: None,
        paused: None,
        deletion_policy: None,
    }
}

async fn outcomes(world: &World, declarations: &[Declaration]) -> Vec<(ApplyOutcome, i64)> {
    world
        .store
        .apply(declarations)
        .await
        .unwrap()
        .into_iter()
        .map(|applied| (applied.outcome, applied.generation))
        .collect()
}

#[tokio::test]
async fn apply_creates_configures_and_leaves_alone() {
    use ApplyOutcome::{Configured, Created, Unchanged};
    let world = World::create().await;
    let mut cfd = declared("cfd");
    assert_eq!(
        outcomes(&world, &[cfd.clone(), declared("a")]).await,
        [(Created, 1), (Created, 1)],
        "in the order of the file"
    );
    let before = world.row_versions().await;
    assert_eq!(outcomes(&world, &[cfd.clone()]).await, [(Unchanged, 1)]);
    assert_eq!(world.row_versions().await, before);

    cfd.labels = Some(BTreeMap::from([("team".to_owned(), "aero".to_owned())]));
    assert_eq!(outcomes(&world, &[cfd.clone()]).await, [(Configured, 1)]);
    cfd.spec["fleet"]["description"] = json!("new");
    cfd.mode = Some("observe".to_owned());
    assert_eq!(outcomes(&world, &[cfd.clone()]).await, [(Configured, 2)]);

    // What a file leaves out stays: a pause above all.
    world
        .store
        .set_paused(&["cfd".to_owned()], true)
        .await
        .unwrap();
    cfd.mode = None;
    cfd.labels = None;
    assert_eq!(outcomes(&world, &[cfd.clone()]).await, [(Unchanged, 2)]);
    let row = world.store.load_environment("cfd").await.unwrap().unwrap();
    assert!(row.paused);
    assert_eq!((row.mode.as_str(), row.labels.len()), ("observe", 1));
}

#[tokio::test]
async fn apply_is_all_or_nothing_and_prints_every_fault() {
    let world = World::create().await;
    let mut bad = declared("bad");
    bad.spec["fleet"]["instanceTyp"] = json!("x");
    bad.spec["fleet"]["maxUserDurationInSeconds"] = json!(999_999);
    let error = world
        .store
        .apply(&[declared("good"), bad])
        .await
        .unwrap_err();
    assert_eq!(world.count("FROM streamkeeper.environments").await, 0);

    assert_eq!(error.to_string(), "failed to apply environment \"bad\"");
    let refusal = error.refusal().expect("PostgreSQL refused it");
    assert_eq!(refusal.code, "23514");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("instanceTyp"), "{source}");
    assert!(source.contains("\nDETAIL:  "), "{source}");
    assert!(source.contains("999999"), "{source}");
    assert!(source.contains("\nHINT:  "), "{source}");
}

#[tokio::test]
async fn apply_refuses_a_move_and_a_row_that_is_being_deleted() {
    let world = World::create().await;
    outcomes(&world, &[declared("cfd")]).await;
    let mut moved = declared("cfd");
    moved.region = "us-east-1".to_owned();
    let error = world.store.apply(&[moved]).await.unwrap_err();
    assert!(
        error.refusal().unwrap().message.contains("region"),
        "{error:?}"
    );

    world
        .store
        .request_delete(&["cfd".to_owned()])
        .await
        .unwrap();
    match world.store.apply(&[declared("cfd")]).await {
        Err(StoreError::Conflict(message)) => {
            assert!(
                message.contains("is being deleted; wait --for=delete"),
                "{message}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_deletion_is_requested_once_and_then_the_row_may_go() {
    use DeletionOutcome::{AlreadyRequested, Gone, NotFound, Requested};
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    world
        .execute(&format!(
            "INSERT INTO streamkeeper.owned_objects (uid, object) VALUES ('{uid}', 'fleet/cfd')"
        ))
        .await;
    let names = ["cfd".to_owned(), "none".to_owned()];
    for expected in [Requested, AlreadyRequested] {
        let outcomes = world.store.request_delete(&names).await.unwrap();
        assert_eq!(
            outcomes,
            [("cfd".to_owned(), expected), ("none".to_owned(), NotFound)]
        );
    }
    world
        .execute("DELETE FROM streamkeeper.owned_objects")
        .await;
    let outcomes = world.store.request_delete(&names[..1]).await.unwrap();
    assert_eq!(outcomes, [("cfd".to_owned(), Gone)]);
}

#[tokio::test]
async fn requests_for_a_name_that_does_not_exist_say_so() {
    let world = World::create().await;
    let store = &world.store;
    let missing = |result: Result<(), StoreError>| match result {
        Err(StoreError::NotFound(name)) => assert_eq!(name, "none"),
        other => panic!("{other:?}"),
    };
    missing(store.reconcile_now("none").await.map(drop));
    missing(store.approve("none").await.map(drop));
    missing(store.plan("none").await.map(drop));
    assert!(store.environment("none").await.unwrap().is_none());
    for call in ["plan('none')", "reconcile_now('none')", "approve('none')"] {
        let error = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT streamkeeper.{call}")))
            .execute(&world.database.pool)
            .await
            .expect_err(call);
        assert!(
            error
                .to_string()
                .contains("environment \"none\" does not exist"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_request_is_noted_for_the_keeper() {
    let world = World::create().await;
    world.insert("cfd").await;
    let asked = world.store.reconcile_now("cfd").await.unwrap();
    assert_eq!(world.store.approve("cfd").await.unwrap(), 1);
    let row = world.store.load_environment("cfd").await.unwrap().unwrap();
    assert_eq!(row.reconcile_requested_at, Some(asked));
    assert_eq!(row.approved_generation, Some(1));
    assert_eq!(row.generation, 1);
}
