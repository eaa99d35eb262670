//! Grants come, change and go; what they cannot do is said.

use serde_json::{Value, json};
use streamkeeper_tests::World;

use super::{GUEST, SHARED, grant, on, statements, with_bucket, writes};
use crate::lifecycle::CONVERGED;

async fn plan(world: &World, environment: &str) -> Vec<String> {
    let query = format!(
        "SELECT object || ' ' || reason FROM streamkeeper.plan('{environment}') ORDER BY position"
    );
    world.lines(&query).await
}

async fn granted(name: &str, more: Value) -> World {
    let mut world = with_bucket().await;
    world.insert(name, &on(SHARED, more)).await;
    world.settle().await;
    assert_eq!(world.ready(name).await, CONVERGED);
    world
}

#[tokio::test]
async fn a_grant_comes_is_widened_in_place_and_goes() {
    let mut world = granted(
        "cfd",
        json!({"grants": [grant(GUEST, "READ_ONLY", Some("a"))]}),
    )
    .await;
    assert_eq!(
        statements(&world, SHARED),
        [
            "List: s3:ListBucket",
            "Location: s3:GetBucketLocation",
            "Objects: s3:GetObject",
        ]
    );
    let before = world.sids(SHARED);
    world
        .sql(
            "UPDATE streamkeeper.environments
             SET spec = jsonb_set(spec, '{buckets,0,grants,0,access}', '\"READ_WRITE\"')",
        )
        .await;
    world.settle().await;
    let mut after = world.sids(SHARED);
    after.sort();
    let mut sorted = before;
    sorted.sort();
    assert_eq!(after, sorted, "the same statements, one of them wider");
    assert!(statements(&world, SHARED)[2].contains("s3:PutObject"));
    assert_eq!(
        world.drift().await,
        Vec::<String>::new(),
        "the row changed, not AWS"
    );
    world.assert_quiet().await;
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert_eq!(
        world.changes().pop().as_deref(),
        Some("DeleteBucketPolicy bucket/cluster-data"),
        "{:?}",
        world.changes()
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn environments_that_grant_the_same_on_one_bucket_keep_their_own() {
    let asked = json!({"grants": [grant(GUEST, "READ_ONLY", None)]});
    let mut world = granted("cfd", asked.clone()).await;
    world.insert("fem", &on(SHARED, asked)).await;
    world.settle().await;
    assert_eq!(world.ready("fem").await, CONVERGED);
    assert_eq!(statements(&world, SHARED).len(), 4);
    world
        .sql("DELETE FROM streamkeeper.environments WHERE name = 'cfd'")
        .await;
    world.settle().await;
    assert_eq!(statements(&world, SHARED).len(), 2, "the other's stay");
    assert_eq!(world.ready("fem").await, CONVERGED);
    assert_eq!(world.drift().await, Vec::<String>::new());
    world.assert_quiet().await;
}

#[tokio::test]
async fn the_buckets_own_account_is_told_that_nothing_is_needed() {
    let mut world = with_bucket().await;
    let own = world.simulator.caller_of("").account;
    let role = format!("arn:aws:iam::{own}:role/nodes");
    let asked = json!({"grants": [grant(&role, "READ_WRITE", None)]});
    world.insert("cfd", &on(SHARED, asked)).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(writes(&world), 0);
    let message = format!(
        "the grant to {role} needs no statement: it is of the bucket's own account, whose IAM \
         policies alone decide"
    );
    assert_eq!(
        plan(&world, "cfd").await,
        [format!("bucket/{SHARED} {message}")]
    );
    assert_eq!(world.events("GrantNotNeeded").await.len(), 1);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_key_and_an_ownership_that_stand_in_the_way_are_said_and_go_away() {
    let mut world = with_bucket().await;
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";
    let encrypt = |world: &World, default: Value| {
        let rules = json!({"Rules": [{"ApplyServerSideEncryptionByDefault": default}]});
        let input = json!({"Bucket": SHARED, "ServerSideEncryptionConfiguration": rules});
        world.admin("PutBucketEncryption", input);
    };
    encrypt(
        &world,
        json!({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}),
    );
    world.admin("DeleteBucketOwnershipControls", json!({"Bucket": SHARED}));
    let asked = json!({"grants": [grant(GUEST, "READ_WRITE", None)]});
    world.insert("cfd", &on(SHARED, asked)).await;
    world.settle().await;
    assert_eq!(
        world.ready("cfd").await,
        CONVERGED,
        "the row's part is done"
    );
    let said = plan(&world, "cfd").await;
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].contains("kms:Decrypt and kms:GenerateDataKey"),
        "{said:?}"
    );
    assert!(said[0].contains(key), "{said:?}");
    assert!(said[1].contains("BucketOwnerEnforced"), "{said:?}");
    assert_eq!(world.events("GrantNotEnough").await.len(), 2);
    world.assert_quiet().await;

    encrypt(&world, json!({"SSEAlgorithm": "AES256"}));
    let rules = json!({"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]});
    let input = json!({"Bucket": SHARED, "OwnershipControls": rules});
    world.admin("PutBucketOwnershipControls", input);
    world.settle().await;
    assert_eq!(plan(&world, "cfd").await, Vec::<String>::new());
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_bucket_that_appears_later_gets_its_grants_then() {
    let mut world = World::brisk().await;
    let asked = json!({"grants": [grant(GUEST, "READ_ONLY", None)]});
    world.insert("cfd", &on("home", asked)).await;
    world.settle().await;
    assert_eq!(
        world.ready("cfd").await,
        "False BucketMissing: bucket/home: there is no home bucket in this region; enable \
         HOMEFOLDERS on a stack"
    );
    world
        .sql(
            "UPDATE streamkeeper.environments SET spec['stack'] =
             '{\"storageConnectors\": [{\"connectorType\": \"HOMEFOLDERS\"}]}'",
        )
        .await;
    world.next_round().await;
    world.next_round().await;
    assert_eq!(
        world.ready("cfd").await,
        "False HomeBucketMissing: bucket/home: AWS creates the home bucket soon after a stack first \
         enables home folders"
    );
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    let bucket = world.home_bucket();
    assert_eq!(
        statements(&world, &bucket),
        [
            "List: s3:GetBucketLocation s3:ListBucket",
            "Objects: s3:GetObject",
            "PreventAccidentalDeletionOfBucket: s3:DeleteBucket",
        ]
    );
    world.assert_quiet().await;
}
