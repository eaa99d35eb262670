use std::collections::BTreeSet;

use serde_json::json;
use streamkeeper_core::record::Outcome;
use streamkeeper_state::{Lease, SettledIntent};
use uuid::Uuid;

use super::{NOTHING, World, create_stack, drift, event, intent, record, stop};

/// An environment that owns a stack, and whose deletion was asked for.
async fn owning(world: &World) -> (Uuid, Lease) {
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let action = create_stack();
    let id = world
        .store
        .commit_intent(&lease, &intent(uid, &action, &BTreeSet::new()))
        .await
        .unwrap();
    let settled = SettledIntent {
        id,
        sends: NOTHING,
        outcome: Outcome::Ok,
        error: None,
        uid,
        environment: "cfd",
        generation: 1,
        events: &[],
    };
    world.store.settle_intent(&lease, &settled).await.unwrap();
    world.execute("DELETE FROM streamkeeper.environments").await;
    (uid, lease)
}

#[tokio::test]
async fn a_row_stays_while_it_owns_anything() {
    let world = World::create().await;
    let (uid, lease) = owning(&world).await;
    assert!(!world.store.finalize(&lease, "cfd", uid).await.unwrap());
    assert_eq!(world.count("FROM streamkeeper.environments").await, 1);

    let mut pass = record("cfd", uid);
    pass.released.push("stack/cfd".to_owned());
    world.store.record_pass(&lease, &pass).await.unwrap();
    assert!(world.store.finalize(&lease, "cfd", uid).await.unwrap());
    assert_eq!(world.count("FROM streamkeeper.environments").await, 0);
}

#[tokio::test]
async fn a_row_stays_while_an_intent_is_open() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let action = stop();
    let id = world
        .store
        .commit_intent(&lease, &intent(uid, &action, &BTreeSet::new()))
        .await
        .unwrap();
    world.execute("DELETE FROM streamkeeper.environments").await;
    for outcome in [None, Some(Outcome::Unknown)] {
        let mut pass = record("cfd", uid);
        pass.intents_settled
            .extend(outcome.map(|outcome| (id, outcome)));
        world.store.record_pass(&lease, &pass).await.unwrap();
        assert!(
            !world.store.finalize(&lease, "cfd", uid).await.unwrap(),
            "{outcome:?}"
        );
    }
    let mut pass = record("cfd", uid);
    pass.intents_settled.push((id, Outcome::Refused));
    world.store.record_pass(&lease, &pass).await.unwrap();
    assert!(world.store.finalize(&lease, "cfd", uid).await.unwrap());
}

#[tokio::test]
async fn nothing_but_a_requested_deletion_is_finalized() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    assert!(!world.store.finalize(&lease, "cfd", uid).await.unwrap());
    let marked = world
        .count("FROM streamkeeper.environments WHERE deletion_requested_at IS NOT NULL")
        .await;
    assert_eq!(marked, 0, "it is not even marked");

    world.execute("DELETE FROM streamkeeper.environments").await;
    assert!(
        !world
            .store
            .finalize(&lease, "cfd", Uuid::new_v4())
            .await
            .unwrap()
    );
    world
        .execute("UPDATE streamkeeper.environments SET paused = true")
        .await;
    assert!(!world.store.finalize(&lease, "cfd", uid).await.unwrap());
    world
        .execute("UPDATE streamkeeper.environments SET paused = false")
        .await;
    assert!(world.store.finalize(&lease, "cfd", uid).await.unwrap());
}

#[tokio::test]
async fn what_is_forgotten_or_only_observed_is_given_up() {
    for change in ["deletion_policy = 'forget'", "mode = 'observe'"] {
        let world = World::create().await;
        let (uid, lease) = owning(&world).await;
        world
            .execute(&format!("UPDATE streamkeeper.environments SET {change}"))
            .await;
        assert!(
            world.store.finalize(&lease, "cfd", uid).await.unwrap(),
            "{change}"
        );
    }
}

#[tokio::test]
async fn history_outlives_the_row_and_the_rest_goes_with_it() {
    let world = World::create().await;
    let (uid, lease) = owning(&world).await;
    let mut pass = record("cfd", uid);
    pass.released.push("stack/cfd".to_owned());
    pass.drift_opened
        .push(drift("fleet.state", json!("STOPPED")));
    pass.managed_set
        .push(("fleet.state".to_owned(), json!("RUNNING")));
    pass.events.push(event("started"));
    world.store.record_pass(&lease, &pass).await.unwrap();
    assert!(world.store.finalize(&lease, "cfd", uid).await.unwrap());
    for table in ["events", "drift", "revisions", "intents"] {
        let kept = world
            .count(&format!("FROM streamkeeper.{table} WHERE uid = '{uid}'"))
            .await;
        assert_eq!(kept, 1, "{table}");
    }
    for table in [
        "conditions",
        "environment_state",
        "managed_paths",
        "owned_objects",
        "debts",
    ] {
        assert_eq!(
            world.count(&format!("FROM streamkeeper.{table}")).await,
            0,
            "{table}"
        );
    }
    let drift = world.store.drift("cfd", false).await.unwrap();
    assert_eq!(drift[0].resolution.as_deref(), Some("accepted"));
}

#[tokio::test]
async fn a_row_that_owns_something_does_not_go_even_past_the_trigger() {
    let world = World::create().await;
    owning(&world).await;
    world
        .execute("ALTER TABLE streamkeeper.environments DISABLE TRIGGER guard_delete")
        .await;
    let deleted = sqlx::query("DELETE FROM streamkeeper.environments")
        .execute(&world.database.pool)
        .await;
    let error = deleted.expect_err("the foreign key holds");
    assert!(error.to_string().contains("owned_objects"), "{error}");
}
