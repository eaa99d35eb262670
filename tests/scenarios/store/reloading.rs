use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use streamkeeper_core::condition::ConditionStatus::{False, True};
use streamkeeper_core::record::{Outcome, PassRecord};
use streamkeeper_state::{
    AssociationRange, EnvironmentRow, Lease, RowVersion, ScopeSnapshot, SettledIntent, SweepRecord,
};
use uuid::Uuid;

use super::{NOTHING, World, create_stack, drift, event, intent, ready, record};

/// Reloads, and compares with what a keeper without a memory would load.
async fn reload(world: &World, lease: &Lease, earlier: ScopeSnapshot) -> ScopeSnapshot {
    let reloaded = world
        .store
        .reload_scope(lease.scope_id, earlier)
        .await
        .unwrap();
    let anew = world.store.load_scope(lease.scope_id).await.unwrap();
    assert_eq!(
        format!("{:#?}", reloaded.environments),
        format!("{:#?}", anew.environments)
    );
    reloaded
}

fn version(snapshot: &ScopeSnapshot, uid: Uuid) -> RowVersion {
    let row = snapshot.environments.iter().find(|row| row.uid == uid);
    row.map(|row: &EnvironmentRow| row.version).unwrap()
}

#[tokio::test]
async fn a_reload_sees_intents_and_their_outcomes() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let seen = world.store.load_scope(lease.scope_id).await.unwrap();
    let action = create_stack();
    let manages = BTreeSet::from(["stack.description".to_owned()]);
    let id = world
        .store
        .commit_intent(&lease, &intent(uid, &action, &manages))
        .await
        .unwrap();
    let seen = reload(&world, &lease, seen).await;
    assert_eq!(seen.environments[0].open_intents.len(), 1);

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
    let seen = reload(&world, &lease, seen).await;
    assert!(seen.environments[0].open_intents.is_empty());
}

#[tokio::test]
async fn a_reload_sees_each_part_of_a_pass() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let mut seen = world.store.load_scope(lease.scope_id).await.unwrap();
    // Each of these alone, because each is in a table of its own.
    let parts: [fn(&mut PassRecord); 6] = [
        |pass| pass.conditions.push(ready(False, "the fleet is starting")),
        |pass| {
            pass.managed_set
                .push(("stack.description".to_owned(), json!("x")))
        },
        |pass| {
            pass.drift_opened
                .push(drift("fleet.state", json!("STOPPED")))
        },
        |pass| pass.conditions.push(ready(True, "everything matches")),
        |pass| pass.released.push("stack/cfd".to_owned()),
        |pass| pass.debts_paid.push("cfd".to_owned()),
    ];
    for part in parts {
        let before = version(&seen, uid);
        let mut pass = record("cfd", uid);
        part(&mut pass);
        world.store.record_pass(&lease, &pass).await.unwrap();
        seen = reload(&world, &lease, seen).await;
        assert_ne!(version(&seen, uid), before);
    }
}

#[tokio::test]
async fn a_reload_sees_what_users_do() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let quiet = world.insert("quiet").await;
    let lease = world.lease().await;
    let store = &world.store;
    let mut seen = store.load_scope(lease.scope_id).await.unwrap();
    let untouched = version(&seen, quiet);
    world
        .execute("UPDATE streamkeeper.environments SET paused = true WHERE name = 'cfd'")
        .await;
    seen = reload(&world, &lease, seen).await;
    store.reconcile_now("cfd").await.unwrap();
    seen = reload(&world, &lease, seen).await;
    store.approve("cfd").await.unwrap();
    seen = reload(&world, &lease, seen).await;
    let sweep = SweepRecord {
        started_at: seen.db_now,
        calls: BTreeMap::new(),
        associations_verified: AssociationRange::cover(["quiet"], &BTreeSet::from(["quiet"])),
        clusters_seen_at: None,
    };
    store.record_sweep(&lease, &sweep).await.unwrap();
    seen = reload(&world, &lease, seen).await;
    assert_eq!(
        version(&seen, quiet),
        untouched,
        "nobody did anything to it"
    );

    let added = world.insert("added").await;
    seen = reload(&world, &lease, seen).await;
    assert_eq!(seen.environments[0].uid, added);
    store.set_paused(&["cfd".to_owned()], false).await.unwrap();
    store.request_delete(&["cfd".to_owned()]).await.unwrap();
    seen = reload(&world, &lease, seen).await;
    assert!(store.finalize(&lease, "cfd", uid).await.unwrap());
    seen = reload(&world, &lease, seen).await;
    let names: Vec<_> = seen
        .environments
        .iter()
        .map(|row| row.name.as_str())
        .collect();
    assert_eq!(names, ["added", "quiet"]);
}

#[tokio::test]
async fn a_reload_reads_no_more_than_what_changed() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let other = world.insert("other").await;
    let lease = world.lease().await;
    for (name, uid) in [("cfd", uid), ("other", other)] {
        let mut pass = record(name, uid);
        pass.conditions.push(ready(False, "as recorded"));
        pass.events.push(event("started"));
        world.store.record_pass(&lease, &pass).await.unwrap();
    }
    let seen = world.store.load_scope(lease.scope_id).await.unwrap();
    // Behind the store's back, so that only what is read again shows it.
    world
        .execute("UPDATE streamkeeper.conditions SET message = 'behind its back'")
        .await;
    world.store.reconcile_now("other").await.unwrap();
    let seen = world
        .store
        .reload_scope(lease.scope_id, seen)
        .await
        .unwrap();
    let messages: Vec<_> = seen
        .environments
        .iter()
        .map(|row| row.conditions[0].condition.message.as_str())
        .collect();
    assert_eq!(messages, ["as recorded", "behind its back"]);
}
