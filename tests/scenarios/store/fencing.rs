use std::collections::{BTreeMap, BTreeSet};

use streamkeeper_core::record::Outcome;
use streamkeeper_state::{Lease, Orphan, SettledIntent, StoreError, SweepRecord};
use streamkeeper_tests::{DEADLINE, wait_until};
use uuid::Uuid;

use super::{HOUR, NOTHING, World, create_stack, event, intent, record};

/// Tries every write there is.
async fn write_everything(
    world: &World,
    lease: &Lease,
    uid: Uuid,
    open: i64,
) -> Vec<(&'static str, Result<(), StoreError>)> {
    let store = &world.store;
    let action = create_stack();
    let manages = BTreeSet::from(["stack.description".to_owned()]);
    let mut pass = record("cfd", uid);
    pass.events.push(event("started"));
    let sweep = SweepRecord {
        started_at: chrono::DateTime::UNIX_EPOCH,
        calls: BTreeMap::new(),
        associations_verified: Vec::new(),
        clusters_seen_at: None,
    };
    let settled = SettledIntent {
        id: open,
        sends: NOTHING,
        outcome: Outcome::Ok,
        error: None,
        uid,
        environment: "cfd",
        generation: 1,
        events: &[],
    };
    let orphan = Orphan {
        environment: None,
        uid: None,
        event: event("orphan"),
    };
    vec![
        (
            "commit_intent",
            store
                .commit_intent(lease, &intent(uid, &action, &manages))
                .await
                .map(drop),
        ),
        ("settle_intent", store.settle_intent(lease, &settled).await),
        ("record_pass", store.record_pass(lease, &pass).await),
        (
            "an empty record_pass",
            store.record_pass(lease, &record("cfd", uid)).await,
        ),
        ("record_sweep", store.record_sweep(lease, &sweep).await),
        (
            "record_orphans",
            store.record_orphans(lease, &[orphan]).await,
        ),
        (
            "finalize",
            store.finalize(lease, "cfd", uid).await.map(drop),
        ),
    ]
}

async fn assert_everything_is_fenced(world: &World, lease: &Lease, uid: Uuid, open: i64) {
    let before = world.row_versions().await;
    for (write, result) in write_everything(world, lease, uid, open).await {
        match result {
            Err(StoreError::LeaseLost { epoch, .. }) => assert_eq!(epoch, lease.epoch, "{write}"),
            other => panic!("{write} was let through: {other:?}"),
        }
    }
    assert_eq!(world.row_versions().await, before);
}

/// An environment that is marked for deletion, with an open intent.
async fn marked_environment(world: &World) -> (Uuid, Lease, i64) {
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let action = create_stack();
    let open = world
        .store
        .commit_intent(&lease, &intent(uid, &action, &BTreeSet::new()))
        .await
        .unwrap();
    world.execute("DELETE FROM streamkeeper.environments").await;
    (uid, lease, open)
}

#[tokio::test]
async fn an_earlier_epoch_writes_nothing() {
    let world = World::create().await;
    let (uid, lease, open) = marked_environment(&world).await;
    world.expire_lease().await;
    let taken = world
        .store
        .acquire_lease(lease.scope_id, "them", HOUR)
        .await
        .unwrap();
    assert!(taken.is_some());
    assert_everything_is_fenced(&world, &lease, uid, open).await;
}

#[tokio::test]
async fn an_earlier_life_of_the_same_holder_writes_nothing() {
    let world = World::create().await;
    let (uid, lease, open) = marked_environment(&world).await;
    world.store.release_lease(&lease).await.unwrap();
    assert!(world.lease().await.epoch > lease.epoch);
    assert_everything_is_fenced(&world, &lease, uid, open).await;
}

#[tokio::test]
async fn an_expired_lease_writes_nothing_though_nobody_took_it() {
    let world = World::create().await;
    let (uid, lease, open) = marked_environment(&world).await;
    world.expire_lease().await;
    assert_everything_is_fenced(&world, &lease, uid, open).await;
}

#[tokio::test]
async fn a_released_lease_writes_nothing() {
    let world = World::create().await;
    let (uid, lease, open) = marked_environment(&world).await;
    world.store.release_lease(&lease).await.unwrap();
    assert_everything_is_fenced(&world, &lease, uid, open).await;
}

#[tokio::test]
async fn a_takeover_waits_for_what_the_earlier_holder_has_begun() {
    let world = World::create().await;
    world.insert("cfd").await;
    let lease = world.lease().await;
    let mut fenced = world.database.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM streamkeeper.scope_fences FOR SHARE")
        .execute(&mut *fenced)
        .await
        .unwrap();
    world.expire_lease().await;

    let store = world.store.clone();
    let takeover =
        tokio::spawn(async move { store.acquire_lease(lease.scope_id, "them", HOUR).await });
    wait_for_lock(&world, "%FOR UPDATE%").await;
    assert!(!takeover.is_finished());
    fenced.commit().await.unwrap();
    assert_eq!(
        takeover.await.unwrap().unwrap().map(|lease| lease.epoch),
        Some(2)
    );
}

#[tokio::test]
async fn what_begins_during_a_takeover_is_fenced_when_it_commits() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let mut takeover = world.database.pool.begin().await.unwrap();
    sqlx::query("UPDATE streamkeeper.scope_fences SET epoch = epoch + 1")
        .execute(&mut *takeover)
        .await
        .unwrap();

    let store = world.store.clone();
    let mut pass = record("cfd", uid);
    pass.events.push(event("started"));
    let write = tokio::spawn(async move { store.record_pass(&lease, &pass).await });
    wait_for_lock(&world, "%FOR SHARE%").await;
    takeover.commit().await.unwrap();
    let result = write.await.unwrap();
    assert!(
        matches!(result, Err(StoreError::LeaseLost { .. })),
        "{result:?}"
    );
    assert_eq!(world.count("FROM streamkeeper.events").await, 0);
}

async fn wait_for_lock(world: &World, statement: &str) {
    wait_until("the statement waits for a lock", DEADLINE, || async {
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*)
             FROM pg_stat_activity
             WHERE datname = current_database()
               AND wait_event_type = 'Lock'
               AND query LIKE $1",
        )
        .bind(statement)
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
        waiting == 1
    })
    .await;
}
