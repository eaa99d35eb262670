use std::collections::{BTreeMap, BTreeSet};

use streamkeeper_state::{AssociationRange, Lease, StatusRow, SweepRecord};

use super::{World, record};

async fn sweep(world: &World, lease: &Lease, verified: &[&str]) {
    let scope = world.store.load_scope(lease.scope_id).await.unwrap();
    let names = scope.environments.iter().map(|row| row.name.as_str());
    let verified: BTreeSet<&str> = verified.iter().copied().collect();
    let sweep = SweepRecord {
        started_at: scope.db_now,
        calls: BTreeMap::from([
            ("DescribeFleets".to_owned(), 2),
            ("DescribeStacks".to_owned(), 1),
        ]),
        associations_verified: AssociationRange::cover(names, &verified),
        clusters_seen_at: None,
    };
    world.store.record_sweep(lease, &sweep).await.unwrap();
}

async fn status(world: &World) -> BTreeMap<String, StatusRow> {
    world
        .store
        .status(&Default::default())
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.name.clone(), row))
        .collect()
}

#[tokio::test]
async fn a_sweep_writes_one_row_whatever_the_number_of_environments() {
    let world = World::create().await;
    for name in ["a", "b", "c", "d"] {
        world.insert(name).await;
    }
    let lease = world.lease().await;
    let before = world.row_versions().await;
    sweep(&world, &lease, &["a", "b"]).await;
    let after = world.row_versions().await;
    let new: Vec<_> = after.difference(&before).collect();
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(new[0].starts_with("scope_leases "), "{new:?}");
    assert_eq!(before.difference(&after).count(), 1);
}

#[tokio::test]
async fn a_sweep_verifies_those_that_follow_it() {
    let world = World::create().await;
    let follows = world.insert("follows").await;
    world.insert("does-not").await;
    let lease = world.lease().await;
    let mut pass = record("follows", follows);
    pass.follows_sweep = Some(true);
    world.store.record_pass(&lease, &pass).await.unwrap();
    assert_eq!(
        status(&world).await["follows"].last_verified_at,
        None,
        "not swept yet"
    );

    sweep(&world, &lease, &[]).await;
    let asked = world.store.reconcile_now("follows").await.unwrap();
    let seen = status(&world).await;
    assert!(
        seen["follows"]
            .last_verified_at
            .is_some_and(|at| at < asked)
    );
    assert_eq!(seen["does-not"].last_verified_at, None);

    sweep(&world, &lease, &[]).await;
    assert!(
        status(&world).await["follows"]
            .last_verified_at
            .is_some_and(|at| at >= asked)
    );
}

#[tokio::test]
async fn a_row_that_is_younger_than_the_sweep_was_not_in_it() {
    let world = World::create().await;
    let older = world.insert("m-older").await;
    let lease = world.lease().await;
    sweep(&world, &lease, &["m-older"]).await;
    let younger = world.insert("m-a-younger").await;
    for (name, uid) in [("m-older", older), ("m-a-younger", younger)] {
        let mut pass = record(name, uid);
        pass.follows_sweep = Some(true);
        world.store.record_pass(&lease, &pass).await.unwrap();
    }
    let seen = status(&world).await;
    assert!(seen["m-older"].last_verified_at.is_some());
    assert_eq!(seen["m-a-younger"].last_verified_at, None);
}

#[tokio::test]
async fn associations_are_noted_by_runs_of_names() {
    let world = World::create().await;
    for name in ["B", "a", "c", "d", "e"] {
        world.insert(name).await;
    }
    let lease = world.lease().await;
    sweep(&world, &lease, &["B", "a"]).await;
    sweep(&world, &lease, &["d"]).await;
    sweep(&world, &lease, &["a"]).await;
    world.insert("c-new").await;
    world.insert("B-new").await;

    let seen = status(&world).await;
    let at = |name: &str| seen[name].associations_verified_at;
    assert!(at("a") > at("d") && at("d") > at("B"), "{seen:?}");
    assert!(at("B").is_some());
    assert_eq!(
        (at("c"), at("e"), at("c-new"), at("B-new")),
        (None, None, None, None)
    );
    // The store, which the keeper asks, and the view, which people ask, say the same.
    for row in world
        .store
        .load_scope(lease.scope_id)
        .await
        .unwrap()
        .environments
    {
        assert_eq!(row.associations_verified_at, at(&row.name), "{}", row.name);
    }
}

#[tokio::test]
async fn calls_add_up() {
    let world = World::create().await;
    world.insert("cfd").await;
    let lease = world.lease().await;
    sweep(&world, &lease, &[]).await;
    sweep(&world, &lease, &[]).await;
    let calls = world
        .text("SELECT calls_total || ' ' || calls || ' ' || sweeps FROM streamkeeper.scopes")
        .await;
    let expected = r#"6 {"DescribeFleets": 4, "DescribeStacks": 2} 2"#;
    assert_eq!(calls.as_deref(), Some(expected));
}

#[test]
fn runs_cover_exactly_the_verified_names() {
    let names = ["e", "a", "c", "b", "d"];
    let verified = BTreeSet::from(["a", "b", "d", "x"]);
    let runs: Vec<_> = AssociationRange::cover(names, &verified)
        .into_iter()
        .map(|run| (run.first, run.last))
        .collect();
    assert_eq!(
        runs,
        [
            ("a".to_owned(), "b".to_owned()),
            ("d".to_owned(), "d".to_owned())
        ]
    );
}
