use streamkeeper_state::{EventFilter, Orphan};
use streamkeeper_tests::{DEADLINE, wait_until};
use uuid::Uuid;

use super::{World, event, record};

async fn happen(world: &World, lease: &streamkeeper_state::Lease, uid: Uuid, messages: &[&str]) {
    let mut pass = record("cfd", uid);
    pass.events = messages.iter().map(|message| event(message)).collect();
    world.store.record_pass(lease, &pass).await.unwrap();
}

fn all() -> EventFilter {
    EventFilter {
        limit: 100,
        ..EventFilter::default()
    }
}

#[tokio::test]
async fn a_repeat_raises_the_count() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    happen(&world, &lease, uid, &["started"]).await;
    let first = world.store.events(&all()).await.unwrap().remove(0);
    assert_eq!((first.count, first.generation), (1, Some(1)));

    happen(
        &world,
        &lease,
        uid,
        &["started", "another thing", "started"],
    )
    .await;
    let events = world.store.events(&all()).await.unwrap();
    let counts: Vec<_> = events
        .iter()
        .map(|row| (row.message.as_str(), row.count))
        .collect();
    assert_eq!(counts, [("another thing", 1), ("started", 3)]);
    assert_eq!(events[1].id, first.id);
    assert_eq!(events[1].first_seen_at, first.first_seen_at);
    assert!(events[1].last_seen_at > first.last_seen_at);
    assert!(events[1].change_id > first.change_id);
}

#[tokio::test]
async fn repeats_of_two_writers_at_once_count_in_one_row() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let writers: Vec<_> = (0..6)
        .map(|_| {
            let (store, lease) = (world.store.clone(), lease.clone());
            tokio::spawn(async move {
                let mut pass = record("cfd", uid);
                pass.events.push(event("started"));
                store.record_pass(&lease, &pass).await.unwrap();
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let events = world.store.events(&all()).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].count, 6);
}

#[tokio::test]
async fn after_an_hour_of_silence_it_is_another_event() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    happen(&world, &lease, uid, &["started"]).await;
    world
        .execute("UPDATE streamkeeper.events SET last_seen_at = last_seen_at - interval '61 min'")
        .await;
    happen(&world, &lease, uid, &["started"]).await;
    happen(&world, &lease, uid, &["started"]).await;
    let counts: Vec<_> = world
        .store
        .events(&all())
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.count)
        .collect();
    assert_eq!(counts, [1, 2]);
}

#[tokio::test]
async fn following_shows_each_change_once_and_in_order() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    happen(&world, &lease, uid, &["one", "two"]).await;
    let mut after = 0;
    let mut seen = Vec::new();
    for expected in [2, 1] {
        wait_until("the changes are shown", DEADLINE, || async {
            let filter = EventFilter {
                after_change_id: Some(after),
                ..all()
            };
            world.store.events(&filter).await.unwrap().len() == expected
        })
        .await;
        let filter = EventFilter {
            after_change_id: Some(after),
            environment: Some("cfd".to_owned()),
            ..all()
        };
        for row in world.store.events(&filter).await.unwrap() {
            after = row.change_id;
            seen.push((row.message, row.count));
        }
        happen(&world, &lease, uid, &["one"]).await;
    }
    assert_eq!(
        seen,
        [
            ("one".to_owned(), 1),
            ("two".to_owned(), 1),
            ("one".to_owned(), 2)
        ]
    );
}

#[tokio::test]
async fn a_follower_stays_behind_a_change_under_way() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let mut early = world.database.pool.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO streamkeeper.events (environment, type, reason, object, message)
         VALUES ('cfd', 'Normal', 'Started', 'fleet/cfd', 'early')",
    )
    .execute(&mut *early)
    .await
    .unwrap();
    happen(&world, &lease, uid, &["late"]).await;
    let follow = EventFilter {
        after_change_id: Some(0),
        ..all()
    };
    assert_eq!(world.store.events(&follow).await.unwrap(), []);
    early.commit().await.unwrap();
    wait_until("both are shown", DEADLINE, || async {
        world.store.events(&follow).await.unwrap().len() == 2
    })
    .await;
    let messages: Vec<_> = world
        .store
        .events(&follow)
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.message)
        .collect();
    assert_eq!(messages, ["early", "late"]);
}

#[tokio::test]
async fn an_orphan_is_an_event_without_a_row_and_counts_too() {
    let world = World::create().await;
    world.insert("cfd").await;
    let lease = world.lease().await;
    let orphan = Orphan {
        environment: Some("long-gone".to_owned()),
        uid: Some(Uuid::new_v4()),
        event: event("its tag is on fleet/long-gone"),
    };
    let nameless = Orphan {
        environment: None,
        uid: None,
        event: event("its tag is on fleet/x"),
    };
    for _ in 0..2 {
        world
            .store
            .record_orphans(&lease, &[orphan.clone(), nameless.clone()])
            .await
            .unwrap();
    }
    let events = world.store.events(&all()).await.unwrap();
    let seen: Vec<_> = events
        .iter()
        .map(|row| (row.environment.as_deref(), row.uid, row.count))
        .collect();
    assert_eq!(seen, [(Some("long-gone"), orphan.uid, 2), (None, None, 2)]);
}

#[tokio::test]
async fn old_events_go_in_batches() {
    let world = World::create().await;
    world
        .execute(
            "INSERT INTO streamkeeper.events
                 (environment, type, reason, object, message, last_seen_at)
             SELECT 'cfd', 'Normal', 'Started', 'fleet/cfd', 'old ' || n,
                    clock_timestamp() - interval '31 days'
             FROM generate_series(1, 5) AS n",
        )
        .await;
    world
        .execute(
            "INSERT INTO streamkeeper.events (environment, type, reason, object, message)
             VALUES ('cfd', 'Normal', 'Started', 'fleet/cfd', 'new')",
        )
        .await;
    let month = std::time::Duration::from_secs(30 * 86_400);
    let mut pruned = Vec::new();
    for _ in 0..3 {
        pruned.push(world.store.prune_events(month, 3).await.unwrap());
    }
    assert_eq!(pruned, [3, 2, 0]);
    assert_eq!(world.store.events(&all()).await.unwrap()[0].message, "new");
}
