//! What is only watched is said and not touched; what is paused is neither.

use std::time::Duration;

use serde_json::json;
use streamkeeper_tests::World;

use super::{BROKEN, DELETE, break_everything, converged, drifted, set};
use crate::lifecycle::CONVERGED;

/// Ten sweeps.
const A_WHILE: Duration = Duration::from_secs(600);

#[tokio::test]
async fn observing_reports_one_of_every_kind_and_enforcing_repairs_them_all() {
    let mut world = converged(World::brisk().await).await;
    set(&world, "mode = 'observe'").await;
    world.settle().await;
    break_everything(&world);
    let before = world.tried().len();
    world.run_for(A_WHILE).await;
    assert_eq!(drifted(&world, "open").await, BROKEN);
    assert_eq!(world.tried().len(), before, "{:?}", world.changes());
    let ready = world.ready("cfd").await;
    assert!(ready.starts_with("False ObserveOnly"), "{ready}");
    world.assert_quiet().await;

    set(&world, "mode = 'enforce'").await;
    world.settle().await;
    assert_eq!(drifted(&world, "repaired").await, BROKEN);
    assert_eq!(drifted(&world, "open").await, [] as [String; 0]);
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn what_was_never_enforced_is_created_by_nothing_but_enforcing() {
    let mut world = World::brisk().await;
    let insert = format!(
        "INSERT INTO streamkeeper.environments (name, region, mode, spec)
         VALUES ('cfd', '{}', 'observe', '{}')",
        streamkeeper_tests::REGION,
        super::spec()
    );
    world.sql(&insert).await;
    world.run_for(A_WHILE).await;
    assert_eq!(world.tried().len(), 0);
    assert!(world.fleet("cfd").is_null() && world.stack("cfd").is_null());
    world.assert_quiet().await;
    set(&world, "mode = 'enforce'").await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn paused_is_neither_looked_at_nor_touched_and_a_deletion_waits() {
    let mut world = converged(World::brisk().await).await;
    set(&world, "paused = true").await;
    world.settle().await;
    break_everything(&world);
    world.sql(DELETE).await;
    let seq = world.simulator.journal().last().unwrap().seq;
    world.run_for(A_WHILE).await;
    assert!(world.exists("cfd").await, "the deletion waits too");
    // A sweep lists what there is in the scope; nothing is asked about this environment.
    for entry in world.simulator.journal_since(seq) {
        let lists = ["DescribeFleets", "DescribeStacks", "GetResources"];
        assert!(
            lists.contains(&&*entry.operation) && entry.target.is_empty(),
            "{} {}",
            entry.operation,
            entry.target
        );
    }
    assert_eq!(drifted(&world, "open").await, [] as [String; 0]);
    world.assert_quiet().await;

    set(&world, "paused = false").await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert!(world.fleet("cfd").is_null() && world.stack("cfd").is_null());
    world.assert_quiet().await;
}

#[tokio::test]
async fn each_deletion_policy_leaves_of_every_kind_what_it_says() {
    let mut world = World::brisk().await;
    for (policy, things, associated, tagged, statement) in [
        ("delete", false, false, false, false),
        ("retain", true, true, false, true),
        ("forget", true, true, true, true),
    ] {
        world = converged(world).await;
        let bucket = world.home_bucket();
        let uid = world.uid("cfd").await;
        set(&world, &format!("deletion_policy = '{policy}'")).await;
        world.sql(DELETE).await;
        world.settle().await;
        assert!(!world.exists("cfd").await, "{policy}");

        let (fleet, stack) = (world.fleet("cfd"), world.stack("cfd"));
        for thing in [&fleet, &stack] {
            assert_eq!(!thing.is_null(), things, "{policy}: {thing}");
            if things {
                let tags = world.tags(thing);
                assert_eq!(
                    tags.get("streamkeeper:uid") == Some(&uid),
                    tagged,
                    "{policy}"
                );
                let environment = tags.contains_key("streamkeeper:environment");
                assert_eq!(environment, tagged, "{policy}");
                assert_eq!(tags["team"], "cfd", "{policy}: the user's own tag");
            }
        }
        if things {
            assert_eq!(fleet["State"], "RUNNING", "{policy}");
            let fleets = world.fleets_of("cfd");
            assert_eq!(fleets == json!(["cfd"]), associated, "{policy}");
        }
        let sids = world.sids(&bucket);
        let ours = sids.contains(&"our DenyInsecureTransport".to_owned());
        assert_eq!(ours, statement, "{policy}: {sids:?}");
        let kept = "PreventAccidentalDeletionOfBucket".to_owned();
        assert!(sids.contains(&kept), "{policy}: {sids:?}");
        world.assert_quiet().await;
    }
}
