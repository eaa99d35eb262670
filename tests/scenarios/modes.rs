//! `mode`, `paused` and `deletion_policy` hold for every kind of object, and change hands anywhere.

mod switching;
mod watching;

use serde_json::{Value, json};
use streamkeeper_tests::World;

use crate::converge::blog;

/// The blog's environment with a tag and a setting of each side of its own.
fn spec() -> Value {
    let mut spec = blog();
    spec["tags"] = json!({"team": "cfd"});
    spec["fleet"]["displayName"] = json!("CFD");
    spec["stack"]["displayName"] = json!("CFD");
    spec
}

/// That environment, running and quiet, in a world that was used before.
async fn converged(world: World) -> World {
    let mut world = world.again(streamkeeper_tests::brisk()).await;
    world.insert("cfd", &spec()).await;
    world.settle().await;
    world
}

async fn set(world: &World, what: &str) {
    let statement = format!("UPDATE streamkeeper.environments SET {what} WHERE name = 'cfd'");
    world.sql(&statement).await;
}

const DELETE: &str = "DELETE FROM streamkeeper.environments WHERE name = 'cfd'";

/// Another administrator breaks one of every kind: fleet, power, stack, association, tag, policy.
fn break_everything(world: &World) {
    let (fleet, stack) = (world.fleet("cfd"), world.stack("cfd"));
    let pair = json!({"FleetName": "cfd", "StackName": "cfd"});
    world.admin("UpdateFleet", json!({"Name": "cfd", "DisplayName": "x"}));
    world.admin("StopFleet", json!({"Name": "cfd"}));
    world.admin("UpdateStack", json!({"Name": "cfd", "DisplayName": "x"}));
    world.admin("DisassociateFleet", pair);
    for thing in [fleet, stack] {
        let theirs = json!({"ResourceArn": thing["Arn"], "Tags": {"team": "theirs"}});
        world.admin("TagResource", theirs);
    }
    let bucket = world.home_bucket();
    let mut policy = world.policy(&bucket);
    let statements = policy["Statement"].as_array_mut().unwrap();
    statements.retain(|one| one["Sid"] == "PreventAccidentalDeletionOfBucket");
    let policy = policy.to_string();
    world.admin(
        "PutBucketPolicy",
        json!({"Bucket": bucket, "Policy": policy}),
    );
}

/// The paths that [`break_everything`] leaves different, each once.
const BROKEN: [&str; 6] = [
    "association",
    "buckets.home.DenyInsecureTransport",
    "fleet.displayName",
    "fleet.state",
    "stack.displayName",
    "tags.team",
];

/// The paths of the ledger that ended in a certain way, each once and in order.
async fn drifted(world: &World, resolution: &str) -> Vec<String> {
    let query = format!(
        "SELECT DISTINCT path FROM streamkeeper.drift
         WHERE coalesce(resolution, 'open') = '{resolution}' ORDER BY path"
    );
    world.lines(&query).await
}
