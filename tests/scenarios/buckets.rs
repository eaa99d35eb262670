//! Who may reach a bucket: grants, what keeps them from working, and what must not be written.

mod grants;
mod refusals;
mod writers;

use serde_json::{Value, json};
use streamkeeper_tests::{REGION, World};

/// The nodes of all clusters of another account.
const GUEST: &str = "arn:aws:iam::210987654321:role/parallelcluster/*";

/// A bucket of the account's own.
const SHARED: &str = "cluster-data";

/// A stack without home folders, and what is asked of a bucket.
fn on(bucket: &str, mut more: Value) -> Value {
    more["bucket"] = json!(bucket);
    json!({"stack": {}, "buckets": [more]})
}

fn grant(principal: &str, access: &str, prefix: Option<&str>) -> Value {
    let mut grant = json!({"principal": principal, "access": access});
    if let Some(prefix) = prefix {
        grant["prefix"] = json!(prefix);
    }
    grant
}

async fn with_bucket() -> World {
    let world = World::brisk().await;
    world.simulator.add_bucket(REGION, SHARED);
    world
}

/// The statements of a policy, sorted, each as `Sid's end: actions`.
fn statements(world: &World, bucket: &str) -> Vec<String> {
    let policy = world.policy(bucket);
    let mut lines: Vec<String> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .map(|statement| {
            let sid = statement["Sid"].as_str().unwrap();
            let (_, sid) = sid
                .split_once("SkGrant")
                .map_or(("", sid), |(_, rest)| rest.split_at(16));
            // S3 keeps no order.
            let actions = &statement["Action"];
            let mut actions = match actions.as_array() {
                Some(actions) => actions.iter().filter_map(Value::as_str).collect(),
                None => vec![actions.as_str().unwrap()],
            };
            actions.sort_unstable();
            format!("{sid}: {}", actions.join(" "))
        })
        .collect();
    lines.sort();
    lines
}

/// How often the daemon wrote a bucket's policy.
fn writes(world: &World) -> usize {
    let changes = world.changes();
    let writes = changes
        .iter()
        .filter(|change| change.contains("BucketPolicy"));
    writes.count()
}
