//! What is not written, and what somebody else wrote and nobody touches.

use serde_json::{Value, json};
use streamkeeper_tests::World;

use super::{GUEST, SHARED, grant, on, statements, with_bucket, writes};
use crate::converge::blog;
use crate::lifecycle::CONVERGED;

fn statement(sid: &str, more: Value) -> Value {
    let mut statement = json!({
        "Sid": sid, "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::{bucket}/*"
    });
    for (key, value) in more.as_object().unwrap() {
        statement[key] = value.clone();
    }
    statement
}

fn asking(statement: Value) -> Value {
    on(SHARED, json!({"statements": [statement]}))
}

#[tokio::test]
async fn a_plainly_public_statement_is_refused_at_the_row_with_its_sid() {
    let world = with_bucket().await;
    let spec = asking(statement("Open", json!({})));
    let refusal = world
        .refusal(&format!(
            "INSERT INTO streamkeeper.environments (name, region, spec)
             VALUES ('cfd', 'eu-west-1', '{spec}')"
        ))
        .await;
    assert!(
        refusal.contains(
            "spec.buckets[0].statements[0].Principal: statement \"Open\" allows everybody (\"*\") \
             without a Condition: that makes the bucket public"
        ),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_statement_that_is_public_in_effect_is_refused_before_the_write() {
    let mut world = with_bucket().await;
    let condition = json!({"Condition": {"Bool": {"aws:SecureTransport": "true"}}});
    world
        .insert("cfd", &asking(statement("Open", condition)))
        .await;
    world.settle().await;
    let stalled = world.condition("cfd", "Stalled").await;
    assert_eq!(
        stalled,
        "True PolicyRefused: bucket/cluster-data: statement Open: it allows everybody without a \
         condition that narrows it to an account, an organisation, a network or a principal; name \
         the account in Principal and narrow it with aws:PrincipalArn"
    );
    assert_eq!(writes(&world), 0);
    world.assert_quiet().await;

    let narrowed = json!({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}});
    let spec = asking(statement("Open", narrowed));
    world
        .sql(&format!(
            "UPDATE streamkeeper.environments SET spec = '{spec}'"
        ))
        .await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_statement_that_shuts_out_whom_the_row_lets_in_is_refused() {
    let deny = statement(
        "NoWrites",
        json!({
            "Effect": "Deny", "Action": "s3:PutObject",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}}
        }),
    );
    for (grants, clusters, who) in [
        (json!([grant(GUEST, "READ_WRITE", None)]), json!([]), GUEST),
        (
            json!([]),
            json!([{"name": "c", "access": "READ_WRITE", "bucket": SHARED}]),
            "the nodes of clusters",
        ),
    ] {
        let mut world = with_bucket().await;
        let mut spec = asking(deny.clone());
        spec["buckets"][0]["grants"] = grants;
        spec["clusters"] = clusters;
        world.insert("cfd", &spec).await;
        world.settle().await;
        let stalled = world.condition("cfd", "Stalled").await;
        let begins = "True PolicyRefused: bucket/cluster-data: statement NoWrites: it denies or may \
                      deny s3:putobject to ";
        assert!(stalled.starts_with(&format!("{begins}{who}")), "{stalled}");
        assert_eq!(writes(&world), 0);
        world.assert_quiet().await;
    }
}

#[tokio::test]
async fn more_than_twenty_kilobytes_are_refused_whole_and_fewer_grants_are_written() {
    let mut world = with_bucket().await;
    let grants: Vec<Value> = (0..50)
        .map(|number| grant(GUEST, "READ_WRITE", Some(&format!("projects/{number}"))))
        .collect();
    let spec = |grants: &[Value]| on(SHARED, json!({"grants": grants}));
    world.insert("cfd", &spec(&grants)).await;
    world.settle().await;
    let stalled = world.condition("cfd", "Stalled").await;
    assert!(
        stalled.starts_with(
            "True PolicyRefused: bucket/cluster-data: the bucket's policy would have "
        ),
        "{stalled}"
    );
    assert!(stalled.ends_with(" bytes, and S3 takes 20480"), "{stalled}");
    assert_eq!(writes(&world), 0);
    world.assert_quiet().await;

    let fewer = spec(&grants[..10]);
    world
        .sql(&format!(
            "UPDATE streamkeeper.environments SET spec = '{fewer}'"
        ))
        .await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(statements(&world, SHARED).len(), 30);
    assert_eq!(writes(&world), 1);
    world.assert_quiet().await;
}

/// AWS's template, as AppStream's administration guide prints it.
fn restrict(world: &World, bucket: &str) {
    let account = world.simulator.caller_of("").account;
    let mut policy = world.policy(bucket);
    policy["Statement"].as_array_mut().unwrap().push(json!({
        "Sid": "RestrictedAccess",
        "Effect": "Deny",
        "NotPrincipal": {"AWS": [
            format!("arn:aws:iam::{account}:role/service-role/AmazonAppStreamServiceAccess"),
            format!("arn:aws:sts::{account}:assumed-role/AmazonAppStreamServiceAccess/PhotonSession"),
            format!("arn:aws:iam::{account}:user/administrator")
        ]},
        "Action": "s3:*",
        "Resource": format!("arn:aws:s3:::{bucket}")
    }));
    let input = json!({"Bucket": bucket, "Policy": policy.to_string()});
    world.admin("PutBucketPolicy", input);
}

#[tokio::test]
async fn awss_template_is_named_with_what_it_does_to_clusters_and_stays() {
    let mut world = World::brisk().await;
    let mut spec = blog();
    // Whether the row names the bucket or not: its clusters reach it.
    spec.as_object_mut().unwrap().remove("buckets");
    world.insert("cfd", &spec).await;
    world.settle().await;
    assert_eq!(world.events("AccessBlocked").await, Vec::<String>::new());
    let bucket = world.home_bucket();
    restrict(&world, &bucket);
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    let events = world.events("AccessBlocked").await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(
        events[0].contains(
            "statement RestrictedAccess (AWS's template for restricting administrators) denies or \
             may deny s3:listbucket to the nodes of clusters"
        ),
        "{events:?}"
    );
    let said = world
        .lines("SELECT object FROM streamkeeper.plan('cfd') WHERE reason LIKE '%RestrictedAccess%'")
        .await;
    assert_eq!(said, [format!("bucket/{bucket}")]);
    assert_eq!(writes(&world), 0, "it is somebody else's");
    world.assert_quiet().await;
}
