use std::time::Duration;

use streamkeeper_state::Lease;

use super::{HOUR, World};

#[tokio::test]
async fn of_many_claimants_one_gets_the_lease() {
    let world = World::create().await;
    world.insert("cfd").await;
    let scope_id = world.scope().await;
    let claims: Vec<_> = (0..6)
        .map(|number| {
            let store = world.store.clone();
            tokio::spawn(async move {
                store
                    .acquire_lease(scope_id, &format!("claimant {number}"), HOUR)
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut winners = Vec::new();
    for claim in claims {
        winners.extend(claim.await.unwrap());
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(winners[0].epoch, 1);
    let scope = &world.store.list_scopes().await.unwrap()[0];
    assert_eq!(scope.holder.as_ref(), Some(&winners[0].holder));
    assert_eq!(scope.epoch, 1);
}

#[tokio::test]
async fn every_takeover_raises_the_epoch() {
    let world = World::create().await;
    world.insert("cfd").await;
    let scope_id = world.scope().await;
    let store = &world.store;

    let first = store.acquire_lease(scope_id, "a", HOUR).await.unwrap();
    assert_eq!(first.as_ref().map(|lease| lease.epoch), Some(1));
    // Not even for the same holder, while it runs: it may be another life of that holder.
    assert_eq!(
        store.acquire_lease(scope_id, "a", HOUR).await.unwrap(),
        None
    );

    world.expire_lease().await;
    let second = store.acquire_lease(scope_id, "b", HOUR).await.unwrap();
    assert_eq!(second.as_ref().map(|lease| lease.epoch), Some(2));

    store.release_lease(&second.unwrap()).await.unwrap();
    let third = store.acquire_lease(scope_id, "b", HOUR).await.unwrap();
    assert_eq!(third.map(|lease| lease.epoch), Some(3));
}

#[tokio::test]
async fn a_lease_is_renewed_until_it_has_expired_or_changed_hands() {
    let world = World::create().await;
    world.insert("cfd").await;
    let lease = world.lease().await;
    let store = &world.store;

    assert!(
        store
            .renew_lease(&lease, Duration::from_secs(30))
            .await
            .unwrap()
    );
    let left = store.list_scopes().await.unwrap()[0].expires_in.unwrap();
    assert!(left <= Duration::from_secs(30), "{left:?}");
    assert!(left > Duration::from_secs(20), "{left:?}");

    world.expire_lease().await;
    assert!(!store.renew_lease(&lease, HOUR).await.unwrap());
    assert_eq!(store.list_scopes().await.unwrap()[0].holder, None);

    let other = store
        .acquire_lease(lease.scope_id, "them", HOUR)
        .await
        .unwrap();
    assert!(!store.renew_lease(&lease, HOUR).await.unwrap());
    // Nor can it be given back by whoever does not hold it.
    store.release_lease(&lease).await.unwrap();
    let holder = store.list_scopes().await.unwrap()[0].holder.clone();
    assert_eq!(holder, other.map(|lease| lease.holder));
}

#[tokio::test]
async fn a_scope_is_made_for_each_account_and_region_once() {
    let world = World::create().await;
    world.insert("own").await;
    world.insert("own-too").await;
    world
        .execute(
            "INSERT INTO streamkeeper.environments (name, region, account_id, spec)
             SELECT 'other', 'us-east-1', '111122223333', spec
             FROM streamkeeper.environments WHERE name = 'own'",
        )
        .await;
    assert_eq!(world.store.ensure_scopes().await.unwrap(), 2);
    assert_eq!(world.store.ensure_scopes().await.unwrap(), 0);
    let scopes: Vec<_> = world
        .store
        .list_scopes()
        .await
        .unwrap()
        .into_iter()
        .map(|scope| (scope.region, scope.account_id, scope.environments))
        .collect();
    let account = Some("111122223333".to_owned());
    assert_eq!(
        scopes,
        [
            ("eu-west-1".to_owned(), None, 2),
            ("us-east-1".to_owned(), account, 1)
        ]
    );
}

#[tokio::test]
async fn the_first_pinned_account_stays() {
    let world = World::create().await;
    world.insert("cfd").await;
    let scope_id = world.scope().await;
    let store = &world.store;
    assert_eq!(
        store.pin_account(scope_id, "111122223333").await.unwrap(),
        "111122223333"
    );
    assert_eq!(
        store.pin_account(scope_id, "999999999999").await.unwrap(),
        "111122223333"
    );
    let pinned = world
        .text("SELECT streamkeeper.pinned_account('eu-west-1')")
        .await;
    assert_eq!(pinned.as_deref(), Some("111122223333"));
    assert_eq!(
        world
            .text("SELECT streamkeeper.pinned_account('us-east-1')")
            .await,
        None
    );
}

#[tokio::test]
async fn rows_that_name_the_pinned_account_join_the_scope_of_those_that_name_none() {
    let world = World::create().await;
    world.insert("implicit").await;
    world
        .execute(
            "INSERT INTO streamkeeper.environments (name, region, account_id, spec)
             SELECT 'explicit', region, '111122223333', spec FROM streamkeeper.environments",
        )
        .await;
    let store = &world.store;
    store.ensure_scopes().await.unwrap();
    let scopes = store.list_scopes().await.unwrap();
    let (own, declared) = (scopes[0].id, scopes[1].id);
    let lease: Lease = store
        .acquire_lease(declared, "them", HOUR)
        .await
        .unwrap()
        .expect("nobody holds it");

    store.pin_account(own, "111122223333").await.unwrap();

    assert!(
        !store.renew_lease(&lease, HOUR).await.unwrap(),
        "it is one with the other"
    );
    assert_eq!(
        store.acquire_lease(declared, "them", HOUR).await.unwrap(),
        None
    );
    let left: Vec<_> = store.list_scopes().await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].id, left[0].environments), (own, 2));
    assert_eq!(store.ensure_scopes().await.unwrap(), 0);
    let names: Vec<_> = store
        .load_scope(own)
        .await
        .unwrap()
        .environments
        .into_iter()
        .map(|row| row.name)
        .collect();
    assert_eq!(names, ["explicit", "implicit"]);
    assert!(
        store
            .load_scope(declared)
            .await
            .unwrap()
            .environments
            .is_empty()
    );
}
