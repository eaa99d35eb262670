//! Several environments on one bucket: each keeps its own statements and no one else's.

use serde_json::{Value, json};
use streamkeeper_tests::World;

use crate::converge::blog;
use crate::lifecycle::CONVERGED;

/// A stack alone, with one statement on the home bucket.
fn with_statement(sid: &str) -> Value {
    json!({
        "stack": {"storageConnectors": [{"connectorType": "HOMEFOLDERS"}]},
        "buckets": [{
            "bucket": "home",
            "statements": [{
                "Sid": sid,
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111122223333:role/nodes"},
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::{bucket}/*"
            }]
        }]
    })
}

async fn two() -> (World, String) {
    let mut world = World::brisk().await;
    world.insert("cfd", &blog()).await;
    world.insert("fem", &with_statement("NodesRead")).await;
    world.settle().await;
    let bucket = world.home_bucket();
    for name in ["cfd", "fem"] {
        assert_eq!(world.ready(name).await, CONVERGED, "{name}");
    }
    (world, bucket)
}

fn sorted(mut sids: Vec<String>) -> Vec<String> {
    sids.sort();
    sids
}

const ALL: [&str; 3] = [
    "PreventAccidentalDeletionOfBucket",
    "our DenyInsecureTransport",
    "our NodesRead",
];

#[tokio::test]
async fn two_environments_keep_their_statements_on_one_bucket() {
    let (mut world, bucket) = two().await;
    assert_eq!(sorted(world.sids(&bucket)), ALL);
    assert_eq!(world.drift().await, Vec::<String>::new());
    world.assert_quiet().await;
}

#[tokio::test]
async fn one_repairs_its_own_statement_and_leaves_the_others() {
    let (mut world, bucket) = two().await;
    let mut policy = world.policy(&bucket);
    let statements = policy["Statement"].as_array_mut().unwrap();
    statements.retain(|statement| !statement["Sid"].as_str().unwrap().ends_with("NodesRead"));
    world.admin(
        "PutBucketPolicy",
        json!({"Bucket": bucket, "Policy": policy.to_string()}),
    );
    world.settle().await;
    assert_eq!(sorted(world.sids(&bucket)), ALL);
    let repaired = world
        .lines("SELECT environment || ' ' || path || ' ' || resolution FROM streamkeeper.drift")
        .await;
    assert_eq!(repaired, ["fem buckets.home.NodesRead repaired"]);
    world.assert_quiet().await;
}

#[tokio::test]
async fn the_deletion_of_one_leaves_the_statements_of_the_other() {
    let (mut world, bucket) = two().await;
    world
        .sql("DELETE FROM streamkeeper.environments WHERE name = 'cfd'")
        .await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert_eq!(
        sorted(world.sids(&bucket)),
        ["PreventAccidentalDeletionOfBucket", "our NodesRead"]
    );
    assert_eq!(world.ready("fem").await, CONVERGED);
    assert_eq!(world.drift().await, Vec::<String>::new());
    world.assert_quiet().await;
}

#[tokio::test]
async fn both_changed_at_once_end_up_with_both_changes() {
    let (mut world, bucket) = two().await;
    world
        .sql(
            "UPDATE streamkeeper.environments
             SET spec = jsonb_set(spec, '{buckets,0,statements,0,Action}', '\"s3:PutObject\"')",
        )
        .await;
    world.settle().await;
    let policy = world.policy(&bucket);
    let actions: Vec<&Value> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|statement| statement["Sid"] != "PreventAccidentalDeletionOfBucket")
        .map(|statement| &statement["Action"])
        .collect();
    assert_eq!(actions, ["s3:PutObject", "s3:PutObject"]);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_strangers_statement_stays_through_everything() {
    let (mut world, bucket) = two().await;
    let mut policy = world.policy(&bucket);
    policy["Statement"].as_array_mut().unwrap().push(json!({
        "Sid": "Backup",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:role/backup"},
        "Action": "s3:GetObject",
        "Resource": format!("arn:aws:s3:::{bucket}/*")
    }));
    world.admin(
        "PutBucketPolicy",
        json!({"Bucket": bucket, "Policy": policy.to_string()}),
    );
    world.settle().await;
    assert_eq!(
        world.drift().await,
        Vec::<String>::new(),
        "it is nobody's business"
    );
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    assert_eq!(
        sorted(world.sids(&bucket)),
        ["Backup", "PreventAccidentalDeletionOfBucket"]
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_bucket_without_any_policy_has_none_afterwards() {
    let mut world = World::brisk().await;
    world
        .simulator
        .add_bucket(streamkeeper_tests::REGION, "cluster-data");
    let mut spec = with_statement("NodesRead");
    spec["stack"] = json!({});
    spec["buckets"][0]["bucket"] = json!("cluster-data");
    world.insert("fem", &spec).await;
    world.settle().await;
    assert_eq!(world.sids("cluster-data"), ["our NodesRead"]);
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    assert!(!world.exists("fem").await);
    let last = world
        .changes()
        .into_iter()
        .rfind(|change| change.contains("bucket/"));
    assert_eq!(
        last.as_deref(),
        Some("DeleteBucketPolicy bucket/cluster-data")
    );
    world.assert_quiet().await;
}
