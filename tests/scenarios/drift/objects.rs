//! Fleets, stacks, associations, tags, statements and power, taken away or changed as a whole.

use std::time::Duration;

use serde_json::json;
use streamkeeper_simulator::SessionSeed;
use streamkeeper_tests::{REGION, World};

use super::{converged, full, still};
use crate::lifecycle::CONVERGED;

/// Demands that everything is as it was, and that exactly this drifted.
async fn assert_repaired(world: &mut World, drift: &[&str], before: &serde_json::Value) {
    world.settle().await;
    let mut found = world.drift().await;
    found.sort();
    assert_eq!(found, drift);
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(&state(world), before);
    world.assert_quiet().await;
}

fn state(world: &World) -> serde_json::Value {
    let (fleet, stack) = (world.fleet("cfd"), world.stack("cfd"));
    let tags = json!([world.tags(&fleet), world.tags(&stack)]);
    let mut sids = world.sids(&world.home_bucket());
    sids.sort();
    let mut both = [still(fleet), stack];
    for thing in &mut both {
        thing.as_object_mut().unwrap().remove("CreatedTime");
    }
    json!({"things": both, "tags": tags, "fleets": world.fleets_of("cfd"), "sids": sids})
}

fn delete_fleet(world: &World) {
    world.admin(
        "DisassociateFleet",
        json!({"FleetName": "cfd", "StackName": "cfd"}),
    );
    world.admin("StopFleet", json!({"Name": "cfd"}));
    world.simulator.clock().advance(Duration::from_secs(25));
    world.admin("DeleteFleet", json!({"Name": "cfd"}));
}

#[tokio::test]
async fn a_fleet_that_was_stopped_is_started() {
    let mut world = converged().await;
    let before = state(&world);
    world.admin("StopFleet", json!({"Name": "cfd"}));
    assert_repaired(&mut world, &["fleet/cfd fleet.state repaired"], &before).await;
}

#[tokio::test]
async fn a_fleet_that_was_deleted_is_made_again() {
    let mut world = converged().await;
    let before = state(&world);
    delete_fleet(&world);
    // The new one does not run yet either, when it is first seen.
    let drift = [
        "fleet/cfd fleet repaired",
        "fleet/cfd fleet.state repaired",
        "stack/cfd association repaired",
    ];
    assert_repaired(&mut world, &drift, &before).await;
    let created = world
        .changes()
        .iter()
        .filter(|change| change.starts_with("CreateFleet"))
        .count();
    assert_eq!(created, 2);
}

#[tokio::test]
async fn a_stack_that_was_deleted_is_made_again() {
    let mut world = converged().await;
    let before = state(&world);
    world.admin(
        "DisassociateFleet",
        json!({"FleetName": "cfd", "StackName": "cfd"}),
    );
    world.admin("DeleteStack", json!({"Name": "cfd"}));
    let drift = ["stack/cfd association repaired", "stack/cfd stack repaired"];
    assert_repaired(&mut world, &drift, &before).await;
}

#[tokio::test]
async fn everything_deleted_is_made_again() {
    let mut world = converged().await;
    let before = state(&world);
    delete_fleet(&world);
    world.admin("DeleteStack", json!({"Name": "cfd"}));
    let drift = [
        "fleet/cfd fleet repaired",
        "fleet/cfd fleet.state repaired",
        "stack/cfd association repaired",
        "stack/cfd stack repaired",
    ];
    assert_repaired(&mut world, &drift, &before).await;
}

#[tokio::test]
async fn an_association_that_was_removed_is_made_again() {
    let mut world = converged().await;
    let before = state(&world);
    world.admin(
        "DisassociateFleet",
        json!({"FleetName": "cfd", "StackName": "cfd"}),
    );
    assert_repaired(&mut world, &["stack/cfd association repaired"], &before).await;
}

#[tokio::test]
async fn another_fleet_on_our_stack_is_taken_off_once_it_is_idle() {
    let mut world = converged().await;
    let before = state(&world);
    world.admin(
        "DisassociateFleet",
        json!({"FleetName": "cfd", "StackName": "cfd"}),
    );
    world.admin(
        "CreateFleet",
        json!({"Name": "theirs", "ImageName": "pcluster-2026-11",
               "InstanceType": "stream.standard.medium",
               "ComputeCapacity": {"DesiredInstances": 1}}),
    );
    world.admin("StartFleet", json!({"Name": "theirs"}));
    world.admin(
        "AssociateFleet",
        json!({"FleetName": "theirs", "StackName": "cfd"}),
    );
    world
        .simulator
        .set_sessions(REGION, "cfd", "theirs", &[SessionSeed::active("ada")]);
    world.run_for(Duration::from_secs(300)).await;
    assert_eq!(
        world.fleets_of("cfd"),
        json!(["theirs"]),
        "a person is on it"
    );
    let ready = world.ready("cfd").await;
    assert!(
        ready.starts_with("False WaitingForSessions: stack/cfd"),
        "{ready}"
    );

    world.simulator.set_sessions(REGION, "cfd", "theirs", &[]);
    assert_repaired(&mut world, &["stack/cfd association repaired"], &before).await;
    assert!(!world.fleet("theirs").is_null(), "it is not ours to delete");
}

#[tokio::test]
async fn tags_that_were_taken_off_or_changed_are_put_back() {
    let mut world = converged().await;
    let before = state(&world);
    let (fleet, stack) = (
        world.fleet("cfd")["Arn"].clone(),
        world.stack("cfd")["Arn"].clone(),
    );
    world.admin(
        "UntagResource",
        json!({"ResourceArn": fleet, "TagKeys": ["team"]}),
    );
    world.admin(
        "TagResource",
        json!({"ResourceArn": stack, "Tags": {"team": "theirs"}}),
    );
    // The tagging API lags by a few seconds.
    world.run_for(Duration::from_secs(70)).await;
    let drift = [
        "fleet/cfd tags.team repaired",
        "stack/cfd tags.team repaired",
    ];
    assert_repaired(&mut world, &drift, &before).await;
}

#[tokio::test]
async fn tags_of_others_stay() {
    let mut world = converged().await;
    let arn = world.fleet("cfd")["Arn"].clone();
    world.admin(
        "TagResource",
        json!({"ResourceArn": arn, "Tags": {"cost-center": "7"}}),
    );
    world.run_for(Duration::from_secs(130)).await;
    assert_eq!(world.drift().await, Vec::<String>::new());
    assert_eq!(world.tags(&world.fleet("cfd"))["cost-center"], "7");
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_statement_that_was_removed_or_edited_is_put_back() {
    let mut world = converged().await;
    let before = state(&world);
    let bucket = world.home_bucket();
    let policy = world.policy(&bucket);

    let mut without = policy.clone();
    without["Statement"]
        .as_array_mut()
        .unwrap()
        .retain(|statement| statement["Sid"] == "PreventAccidentalDeletionOfBucket");
    world.admin(
        "PutBucketPolicy",
        json!({"Bucket": bucket, "Policy": without.to_string()}),
    );
    world.settle().await;
    assert_eq!(
        world.policy(&bucket)["Statement"].as_array().map(Vec::len),
        Some(2)
    );

    let mut edited = policy.clone();
    let statements = edited["Statement"].as_array_mut().unwrap();
    let ours = statements
        .iter_mut()
        .find(|one| one["Sid"] != "PreventAccidentalDeletionOfBucket");
    ours.unwrap()["Action"] = json!("s3:GetObject");
    world.admin(
        "PutBucketPolicy",
        json!({"Bucket": bucket, "Policy": edited.to_string()}),
    );
    let path = "buckets.home.DenyInsecureTransport repaired";
    let line = format!("bucket/{bucket} {path}");
    assert_repaired(&mut world, &[&line, &line], &before).await;
}

#[tokio::test]
async fn a_policy_that_was_deleted_comes_back_with_what_is_ours() {
    let mut world = converged().await;
    let bucket = world.home_bucket();
    world.admin("DeleteBucketPolicy", json!({"Bucket": bucket}));
    world.settle().await;
    // AWS's own statement was not ours to write; whoever removed it removed it.
    assert_eq!(world.sids(&bucket), ["our DenyInsecureTransport"]);
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_policy_that_says_the_same_in_other_words_is_no_drift() {
    let mut world = converged().await;
    let bucket = world.home_bucket();
    let mut policy = world.policy(&bucket);
    let statements = policy["Statement"].as_array_mut().unwrap();
    statements.reverse();
    for statement in statements {
        if statement["Sid"] != "PreventAccidentalDeletionOfBucket" {
            statement["Principal"] = json!({"AWS": "*"});
            statement["Action"] = json!(["s3:*"]);
        }
    }
    world.admin(
        "PutBucketPolicy",
        json!({"Bucket": bucket, "Policy": policy.to_string()}),
    );
    let before = world.tried().len();
    world.settle().await;
    assert_eq!(world.drift().await, Vec::<String>::new());
    assert_eq!(world.tried().len(), before);
    world.assert_quiet().await;
}

#[tokio::test]
async fn thirty_environments_that_drift_at_once_are_all_put_right() {
    let mut world = World::brisk().await;
    let mut spec = full();
    spec.as_object_mut()
        .unwrap()
        .retain(|key, _| key == "stack");
    for number in 0..30 {
        world.insert(&format!("cfd-{number}"), &spec).await;
    }
    // The account's quota of stacks is ten by default.
    world.run_for(Duration::from_secs(60)).await;
    let converged: Vec<String> = world
        .lines("SELECT name FROM streamkeeper.status WHERE ready = 'True'")
        .await;
    for name in &converged {
        world.admin(
            "UpdateStack",
            json!({"Name": name, "Description": "theirs"}),
        );
    }
    let before = world.changes().len();
    world.run_for(Duration::from_secs(90)).await;
    let repairs = world.changes()[before..]
        .iter()
        .filter(|change| change.starts_with("UpdateStack"))
        .count();
    assert_eq!(repairs, converged.len());
    let drift = world.drift().await;
    assert_eq!(drift.len(), converged.len());
    assert!(
        drift
            .iter()
            .all(|line| line.ends_with("stack.description repaired")),
        "{drift:?}"
    );
}
