//! Another writer of the same policy comes between our reads and our write.

use serde_json::{Value, json};
use streamkeeper_simulator::{Call, Caller, Simulator};
use streamkeeper_tests::{Intrusion, REGION, World};

use super::{GUEST, SHARED, grant, on, with_bucket, writes};
use crate::lifecycle::CONVERGED;

fn theirs() -> Value {
    json!({
        "Sid": "Backup", "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:role/backup"},
        "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{SHARED}/*")
    })
}

/// Puts a policy of their statement alone, whatever is there.
fn put_theirs(simulator: &Simulator) {
    let policy = json!({"Version": "2012-10-17", "Statement": [theirs()]});
    let input = json!({"Bucket": SHARED, "Policy": policy.to_string()});
    let call = Call::s3(REGION, "PutBucketPolicy", input);
    let grace = Caller::role(&simulator.caller_of("").account, "Admin", "grace");
    simulator.call(&call.by(grace)).unwrap();
}

async fn asking() -> World {
    let world = with_bucket().await;
    let asked = json!({"grants": [grant(GUEST, "READ_ONLY", None)]});
    world.insert("cfd", &on(SHARED, asked)).await;
    world
}

fn sids(world: &World) -> (usize, usize) {
    let sids = world.sids(SHARED);
    let ours = sids.iter().filter(|sid| sid.starts_with("our ")).count();
    (ours, sids.len() - ours)
}

#[tokio::test]
async fn who_writes_before_our_last_look_is_seen_and_kept() {
    let mut world = asking().await;
    let simulator = world.simulator.clone();
    world.intrude(Intrusion::BeforeLastLook, move || put_theirs(&simulator));
    world.settle().await;
    assert!(world.is_spent());
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(sids(&world), (2, 1), "both are there");
    assert_eq!(
        writes(&world),
        1,
        "nothing was written over what was not seen"
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn who_writes_over_ours_keeps_theirs_and_gets_ours_back() {
    let mut world = asking().await;
    world.settle().await;
    // They read before we wrote, so theirs lacks ours.
    put_theirs(&world.simulator);
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(sids(&world), (2, 1));
    assert_eq!(writes(&world), 2);
    world.assert_quiet().await;
}

// S3 has no write that fails when the policy is another than the one that was read. What is lost is
// the other's, in that moment alone; the guide says so, and ours is whole.
#[tokio::test]
async fn who_writes_between_our_last_look_and_our_write_is_lost_and_may_write_again() {
    let mut world = asking().await;
    let simulator = world.simulator.clone();
    world.intrude(Intrusion::BeforeWrite, move || put_theirs(&simulator));
    world.settle().await;
    assert!(world.is_spent());
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(sids(&world), (2, 0));
    let mut policy = world.policy(SHARED);
    policy["Statement"].as_array_mut().unwrap().push(theirs());
    world.admin(
        "PutBucketPolicy",
        json!({"Bucket": SHARED, "Policy": policy.to_string()}),
    );
    world.settle().await;
    assert_eq!(sids(&world), (2, 1));
    assert_eq!(
        writes(&world),
        1,
        "what stands beside ours is nobody's business"
    );
    world.assert_quiet().await;
}
