use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use streamkeeper_core::record::Outcome;
use streamkeeper_state::{EnvironmentRow, NewIntent, SettledIntent, StoreError};

use super::{HOUR, NOTHING, World, create_stack, event, intent, record, stop};

async fn load(world: &World) -> EnvironmentRow {
    world
        .store
        .load_environment("cfd")
        .await
        .unwrap()
        .expect("the row is there")
}

#[tokio::test]
async fn an_intent_brings_its_paths_its_object_and_its_debt() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let mut pass = record("cfd", uid);
    pass.managed_set = vec![
        ("stack.description".to_owned(), json!("as it was")),
        ("stack.redirectURL".to_owned(), Value::Null),
    ];
    world.store.record_pass(&lease, &pass).await.unwrap();

    let action = create_stack();
    let manages = BTreeSet::from([
        "stack.description".to_owned(),
        "stack.displayName".to_owned(),
    ]);
    let new = NewIntent {
        debt: Some("cfd"),
        budget: None,
        ..intent(uid, &action, &manages)
    };
    let id = world.store.commit_intent(&lease, &new).await.unwrap();

    let row = load(&world).await;
    let managed: Vec<_> = row.managed.into_iter().collect();
    assert_eq!(
        managed,
        [
            ("stack.description".to_owned(), Some(json!("as it was"))),
            ("stack.displayName".to_owned(), None),
            ("stack.redirectURL".to_owned(), Some(Value::Null)),
        ]
    );
    assert_eq!(row.owned, BTreeSet::from(["stack/cfd".to_owned()]));
    assert_eq!(row.debts, BTreeSet::from(["cfd".to_owned()]));
    assert_eq!(row.open_intents.len(), 1);
    assert_eq!(row.open_intents[0].id, id);
    assert_eq!(row.open_intents[0].action, action);

    let mut pass = record("cfd", uid);
    pass.managed_removed = vec!["stack.redirectURL".to_owned()];
    pass.debts_paid = vec!["cfd".to_owned()];
    pass.intents_settled = vec![(id, Outcome::Ok)];
    world.store.record_pass(&lease, &pass).await.unwrap();
    let row = load(&world).await;
    assert_eq!(row.managed.len(), 2);
    assert!(row.debts.is_empty());
    assert!(row.open_intents.is_empty());
    assert_eq!(
        row.owned.len(),
        1,
        "it is ours until it was seen without us"
    );
}

#[tokio::test]
async fn what_no_answer_tells_holds_when_aws_took_it_and_not_from_the_intent_on_until_then() {
    const LOGO: &str = "stack.theme.organizationLogoS3Location";
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let mut pass = record("cfd", uid);
    pass.managed_set = vec![(LOGO.to_owned(), json!("a"))];
    world.store.record_pass(&lease, &pass).await.unwrap();
    let held = async || load(&world).await.managed[LOGO].clone();
    assert_eq!(held().await, Some(json!("a")));

    let action = create_stack();
    let manages = BTreeSet::from([LOGO.to_owned()]);
    let sends = BTreeMap::from([(LOGO.to_owned(), json!("b"))]);
    let new = NewIntent {
        sends: &sends,
        ..intent(uid, &action, &manages)
    };
    for (outcome, holds) in [
        (Outcome::Refused, None),
        (Outcome::Unknown, None),
        (Outcome::Ok, Some(json!("b"))),
    ] {
        let id = world.store.commit_intent(&lease, &new).await.unwrap();
        assert_eq!(held().await, None, "{outcome:?}");
        let settled = SettledIntent {
            id,
            outcome,
            sends: &sends,
            error: None,
            uid,
            environment: "cfd",
            generation: 1,
            events: &[],
        };
        world.store.settle_intent(&lease, &settled).await.unwrap();
        assert_eq!(held().await, holds, "{outcome:?}");
    }
    let other = NewIntent {
        sends: NOTHING,
        ..new
    };
    world.store.commit_intent(&lease, &other).await.unwrap();
    assert_eq!(
        held().await,
        Some(json!("b")),
        "an intent that sends it not"
    );
}

#[tokio::test]
async fn an_intent_for_a_row_that_changed_meanwhile_is_a_conflict() {
    let action = stop();
    let manages = BTreeSet::new();
    for (change, deleting, says) in [
        (
            "SET spec['fleet']['description'] = '\"new\"'",
            false,
            "was changed",
        ),
        ("SET mode = 'observe'", false, "was changed"),
        ("SET paused = true", false, "was paused"),
    ] {
        let world = World::create().await;
        let uid = world.insert("cfd").await;
        let lease = world.lease().await;
        world
            .execute(&format!("UPDATE streamkeeper.environments {change}"))
            .await;
        assert_conflict(
            &world,
            &lease,
            &NewIntent {
                deleting,
                ..intent(uid, &action, &manages)
            },
            says,
        )
        .await;
    }
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let deleting = NewIntent {
        deleting: true,
        ..intent(uid, &action, &manages)
    };
    assert_conflict(&world, &lease, &deleting, "had its deletion taken back").await;
    world.execute("DELETE FROM streamkeeper.environments").await;
    assert_conflict(
        &world,
        &lease,
        &intent(uid, &action, &manages),
        "was asked to be deleted",
    )
    .await;
    world.store.commit_intent(&lease, &deleting).await.unwrap();
}

#[tokio::test]
async fn an_intent_for_a_namesake_is_a_conflict() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    world.execute("DELETE FROM streamkeeper.environments").await;
    assert!(world.store.finalize(&lease, "cfd", uid).await.unwrap());
    world.insert("cfd").await;
    let (action, manages) = (stop(), BTreeSet::new());
    assert_conflict(&world, &lease, &intent(uid, &action, &manages), "is gone").await;
}

async fn assert_conflict(
    world: &World,
    lease: &streamkeeper_state::Lease,
    new: &NewIntent<'_>,
    says: &str,
) {
    let before = world.row_versions().await;
    match world.store.commit_intent(lease, new).await {
        Err(StoreError::Conflict(message)) => assert!(message.contains(says), "{message}"),
        other => panic!("expected a conflict that {says}, got {other:?}"),
    }
    assert_eq!(world.row_versions().await, before);
}

#[tokio::test]
async fn an_unknown_outcome_stays_open_and_a_known_one_is_final() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let action = stop();
    let id = world
        .store
        .commit_intent(&lease, &intent(uid, &action, &BTreeSet::new()))
        .await
        .unwrap();
    let happened = [event("stopped")];
    let settle = |outcome, error| SettledIntent {
        id,
        sends: NOTHING,
        outcome,
        error,
        uid,
        environment: "cfd",
        generation: 1,
        events: &happened,
    };
    let store = &world.store;
    store
        .settle_intent(
            &lease,
            &settle(Outcome::Unknown, Some("Timeout: no answer")),
        )
        .await
        .unwrap();
    assert_eq!(load(&world).await.open_intents.len(), 1);
    store
        .settle_intent(&lease, &settle(Outcome::Ok, None))
        .await
        .unwrap();
    assert!(load(&world).await.open_intents.is_empty());
    let error = world.text("SELECT error FROM streamkeeper.intents").await;
    assert_eq!(
        error.as_deref(),
        Some("Timeout: no answer"),
        "what was said stays"
    );

    let again = store
        .settle_intent(&lease, &settle(Outcome::Refused, None))
        .await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    let count = world
        .text("SELECT sum(count)::text FROM streamkeeper.events")
        .await;
    assert_eq!(count.as_deref(), Some("2"), "and its event was not counted");
}

#[tokio::test]
async fn stops_and_deletions_are_counted_within_the_window() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let (stop, create) = (stop(), create_stack());
    let none = BTreeSet::new();
    let mut ids = Vec::new();
    for action in [&stop, &create, &stop, &stop] {
        ids.push(
            world
                .store
                .commit_intent(&lease, &intent(uid, action, &none))
                .await
                .unwrap(),
        );
    }
    let mut pass = record("cfd", uid);
    pass.intents_settled = vec![(ids[0], Outcome::Refused), (ids[2], Outcome::Unknown)];
    world.store.record_pass(&lease, &pass).await.unwrap();
    let count = world
        .store
        .count_destructive(lease.scope_id, HOUR)
        .await
        .unwrap();
    assert_eq!(
        count, 2,
        "a create is none, and a refused stop did not happen"
    );

    world
        .execute("UPDATE streamkeeper.intents SET created_at = created_at - interval '2 hours'")
        .await;
    assert_eq!(
        world
            .store
            .count_destructive(lease.scope_id, HOUR)
            .await
            .unwrap(),
        0
    );
}

#[tokio::test]
async fn an_intent_is_durable_even_where_commits_are_not() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    world
        .execute(&format!(
            "ALTER DATABASE {} SET synchronous_commit = off",
            world.database.name()
        ))
        .await;
    // The setting as the transaction that writes an intent has it.
    world
        .execute(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 NEW.error := current_setting('synchronous_commit');
                 RETURN NEW;
             END $$",
        )
        .await;
    world
        .execute("CREATE TRIGGER note BEFORE INSERT ON streamkeeper.intents FOR EACH ROW EXECUTE FUNCTION note()")
        .await;
    let fresh = streamkeeper_state::Store::connect(&world.database.url, &Default::default())
        .await
        .unwrap();
    let action = stop();
    fresh
        .commit_intent(&lease, &intent(uid, &action, &BTreeSet::new()))
        .await
        .unwrap();
    let setting = world.text("SELECT error FROM streamkeeper.intents").await;
    assert_eq!(setting.as_deref(), Some("on"));
}

#[tokio::test]
async fn old_intents_go_and_open_ones_stay() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let (action, none) = (stop(), BTreeSet::new());
    let mut ids = Vec::new();
    for _ in 0..3 {
        let new = intent(uid, &action, &none);
        ids.push(world.store.commit_intent(&lease, &new).await.unwrap());
    }
    let mut pass = record("cfd", uid);
    pass.intents_settled = vec![(ids[0], Outcome::Ok), (ids[1], Outcome::Unknown)];
    world.store.record_pass(&lease, &pass).await.unwrap();
    world
        .execute(
            "UPDATE streamkeeper.intents
             SET created_at = created_at - interval '2 hours',
                 settled_at = settled_at - interval '2 hours'",
        )
        .await;
    assert_eq!(world.store.prune_intents(2 * HOUR, 10).await.unwrap(), 1);
    let left: Vec<_> = load(&world)
        .await
        .open_intents
        .iter()
        .map(|open| open.id)
        .collect();
    assert_eq!(left, ids[1..]);
    assert_eq!(world.count("FROM streamkeeper.intents").await, 2);
}
