use streamkeeper_core::condition::ConditionStatus::{False, True};
use streamkeeper_state::StoreError;
use uuid::Uuid;

use super::{World, event, ready, record};

#[tokio::test]
async fn last_transition_moves_on_a_change_of_status_alone() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let mut seen = Vec::new();
    for condition in [
        ready(False, "the fleet is starting"),
        ready(False, "the fleet is still starting"),
        ready(True, "everything matches"),
        ready(True, "everything matches"),
    ] {
        let mut pass = record("cfd", uid);
        pass.conditions.push(condition);
        world.store.record_pass(&lease, &pass).await.unwrap();
        let stored = world.store.conditions("cfd").await.unwrap();
        assert_eq!(stored.len(), 1);
        seen.push((stored[0].message.clone(), stored[0].last_transition_at));
    }
    assert_eq!(seen[0].1, seen[1].1, "a new message is no transition");
    assert_eq!(seen[1].0, "the fleet is still starting");
    assert!(seen[1].1 < seen[2].1, "another status is one");
    assert_eq!(seen[2].1, seen[3].1, "the same again is none");
}

#[tokio::test]
async fn a_pass_that_says_nothing_new_writes_nothing() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let pass = record("cfd", uid);
    world.store.record_pass(&lease, &pass).await.unwrap();
    let observed = world.store.status(&Default::default()).await.unwrap()[0].observed_generation;
    assert_eq!(observed, Some(1), "the first one notes the generation");

    let before = world.row_versions().await;
    world.store.record_pass(&lease, &pass).await.unwrap();
    assert_eq!(world.row_versions().await, before);
}

#[tokio::test]
async fn a_pass_is_written_wholly_or_not_at_all() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let before = world.row_versions().await;
    let mut pass = record("cfd", uid);
    pass.conditions.push(ready(True, "everything matches"));
    pass.managed_set
        .push(("fleet.state".to_owned(), "RUNNING".into()));
    pass.events.push(event("started"));
    // No reason of an event may look like this, so the last statement of the pass fails.
    world
        .execute(
            "ALTER TABLE streamkeeper.events
             ADD CONSTRAINT refuse CHECK (message <> 'started')",
        )
        .await;
    assert!(world.store.record_pass(&lease, &pass).await.is_err());
    assert_eq!(world.row_versions().await, before);
}

#[tokio::test]
async fn a_pass_of_an_environment_that_is_gone_is_a_conflict() {
    let world = World::create().await;
    world.insert("cfd").await;
    let lease = world.lease().await;
    let mut pass = record("cfd", Uuid::new_v4());
    pass.conditions.push(ready(True, "everything matches"));
    let result = world.store.record_pass(&lease, &pass).await;
    assert!(matches!(result, Err(StoreError::Conflict(_))), "{result:?}");
}
