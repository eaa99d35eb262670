use std::collections::BTreeSet;

use serde_json::json;
use streamkeeper_core::condition::ConditionStatus::True;
use streamkeeper_core::environment::{DeletionPolicy, Mode};
use streamkeeper_core::plan::PlanRow;
use streamkeeper_state::SpecFault;

use super::{World, drift, event, intent, ready, record, stop};

#[tokio::test]
async fn what_a_pass_recorded_is_loaded_again() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    world.insert("other").await;
    let lease = world.lease().await;
    let now = world.store.load_scope(lease.scope_id).await.unwrap().db_now;
    let action = stop();
    let id = world
        .store
        .commit_intent(&lease, &intent(uid, &action, &BTreeSet::new()))
        .await
        .unwrap();
    let plan = vec![PlanRow {
        position: 1,
        action: "StartFleet".to_owned(),
        object: "fleet/cfd".to_owned(),
        reason: "fleet.state".to_owned(),
        waiting_for: Some("FleetStopping".to_owned()),
        since: now,
        disruptive: false,
    }];
    let mut pass = record("cfd", uid);
    pass.conditions.push(ready(True, "everything matches"));
    pass.drift_opened
        .push(drift("fleet.state", json!("STOPPED")));
    pass.plan = Some(plan.clone());
    pass.fleet_state = Some(Some("STOPPING".to_owned()));
    pass.verified_at = Some(now);
    pass.associations_verified_at = Some(now);
    pass.follows_sweep = Some(true);
    pass.events.push(event("stopped"));
    world.store.record_pass(&lease, &pass).await.unwrap();

    let mut scope = world.store.load_scope(lease.scope_id).await.unwrap();
    assert!(scope.db_now > now);
    let row = scope.environments.remove(0);
    assert_eq!(row.name, "cfd");
    assert_eq!(row.conditions.len(), 1);
    assert_eq!(
        row.conditions[0].condition,
        ready(True, "everything matches")
    );
    assert_eq!(row.conditions[0].observed_generation, 1);
    assert_eq!(row.open_drift, [drift("fleet.state", json!("STOPPED"))]);
    assert_eq!(row.open_intents[0].id, id);
    assert_eq!(row.plan, plan);
    assert_eq!(row.fleet_state.as_deref(), Some("STOPPING"));
    assert_eq!(
        (row.verified_at, row.associations_verified_at),
        (Some(now), Some(now))
    );
    assert!(row.follows_sweep);
    assert_eq!(row.observed_generation, Some(1));
    assert_eq!(world.store.plan("cfd").await.unwrap(), plan);

    let desired = row.desired("111122223333").unwrap();
    assert_eq!(desired.scope.to_string(), "111122223333/eu-west-1");
    assert_eq!(
        (desired.mode, desired.deletion_policy),
        (Mode::Enforce, DeletionPolicy::Delete)
    );
    assert_eq!(desired.fleet_name(), Some("cfd"));

    let bare = scope.environments.remove(0);
    assert_eq!(bare.name, "other");
    assert!(
        bare.conditions.is_empty() && bare.plan.is_empty() && bare.observed_generation.is_none()
    );

    // A pass that says nothing of them leaves them.
    let mut quiet = record("cfd", uid);
    quiet.fleet_state = Some(None);
    world.store.record_pass(&lease, &quiet).await.unwrap();
    let row = world.store.load_environment("cfd").await.unwrap().unwrap();
    assert_eq!(
        (row.plan.len(), row.fleet_state, row.follows_sweep),
        (1, None, true)
    );
}

#[tokio::test]
async fn one_unreadable_row_does_not_stop_the_load() {
    let world = World::create().await;
    world.insert("good").await;
    let broken = world.insert("broken").await;
    let lease = world.lease().await;
    let action = stop();
    world
        .store
        .commit_intent(&lease, &intent(broken, &action, &BTreeSet::new()))
        .await
        .unwrap();
    let deep = format!("{}1{}", "[".repeat(300), "]".repeat(300));
    for (spec, says) in [
        ("{\"fleet\": 1e999}".to_owned(), "spec cannot be read"),
        (format!("{{\"fleet\": {deep}}}"), "spec cannot be read"),
        (
            "{\"fleet\": {\"instanceType\": 7}}".to_owned(),
            "spec.fleet.instanceType",
        ),
        ("{\"fleet\": \"none\"}".to_owned(), "spec.fleet"),
    ] {
        // As an older version, or a superuser past the triggers, may have left it.
        world
            .execute("ALTER TABLE streamkeeper.environments DISABLE TRIGGER USER")
            .await;
        world
            .execute(&format!(
                "UPDATE streamkeeper.environments SET spec = '{spec}' WHERE name = 'broken'"
            ))
            .await;
        let rows = world
            .store
            .load_scope(lease.scope_id)
            .await
            .unwrap()
            .environments;
        assert_eq!(rows.len(), 2);
        match rows[0].desired("111122223333") {
            Err(SpecFault::Invalid { message }) => assert!(message.contains(says), "{message}"),
            other => panic!("{says}: {other:?}"),
        }
        assert!(rows[1].desired("111122223333").is_ok());
    }
}

#[tokio::test]
async fn a_field_of_a_newer_version_is_named() {
    let world = World::create().await;
    world.insert("cfd").await;
    world
        .execute("ALTER TABLE streamkeeper.environments DISABLE TRIGGER USER")
        .await;
    for (path, value, unknown) in [
        ("{colour}", "1", "spec.colour"),
        ("{fleet,colour}", "\"red\"", "spec.fleet.colour"),
        (
            "{stack,storageConnectors}",
            "[{\"connectorType\": \"HOMEFOLDERS\", \"x\": 1}]",
            "spec.stack.storageConnectors[0].x",
        ),
    ] {
        world
            .execute(&format!(
                "UPDATE streamkeeper.environments SET spec = jsonb_set(spec, '{path}', '{value}')"
            ))
            .await;
        let row = world.store.load_environment("cfd").await.unwrap().unwrap();
        let fault = SpecFault::UnknownField {
            path: unknown.to_owned(),
        };
        assert_eq!(row.desired("111122223333"), Err(fault));
        world
            .execute(&format!(
                "UPDATE streamkeeper.environments SET spec = spec #- '{path}'"
            ))
            .await;
    }
}

#[tokio::test]
async fn an_open_intent_that_cannot_be_read_makes_the_row_untouchable() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let action = stop();
    world
        .store
        .commit_intent(&lease, &intent(uid, &action, &BTreeSet::new()))
        .await
        .unwrap();
    world
        .execute("UPDATE streamkeeper.intents SET action = '{\"action\": \"MoveFleet\"}'")
        .await;
    let row = world.store.load_environment("cfd").await.unwrap().unwrap();
    assert!(row.open_intents.is_empty());
    let fault = row
        .desired("111122223333")
        .expect_err("its call cannot be judged");
    assert!(fault.to_string().contains("intent"), "{fault}");
}

#[tokio::test]
async fn a_quiet_reload_writes_nothing() {
    let world = World::create().await;
    world.insert("cfd").await;
    let lease = world.lease().await;
    let before = world.row_versions().await;
    world.store.ensure_scopes().await.unwrap();
    world.store.list_scopes().await.unwrap();
    world.store.load_scope(lease.scope_id).await.unwrap();
    world.store.load_environment("cfd").await.unwrap();
    world.store.status(&Default::default()).await.unwrap();
    world.store.schema_status().await.unwrap();
    world.store.ping().await.unwrap();
    assert_eq!(world.row_versions().await, before);
}
