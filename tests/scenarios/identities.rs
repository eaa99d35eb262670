//! Roles and users that S3 shows by their unique id: asked about, and rewritten only when dead.

use std::time::Duration;

use serde_json::{Value, json};
use streamkeeper_simulator::{Fault, Matcher, Service};
use streamkeeper_tests::World;

const ROLE: &str = "arn:aws:iam::111122223333:role/team/nodes";

/// Long enough for many looks at everything.
const SWEEPS: Duration = Duration::from_secs(30 * 60);

/// A stack whose row lets a role read the home bucket.
async fn world() -> (World, String) {
    let mut world = World::new().await;
    let statement = json!({
        "Sid": "Nodes", "Effect": "Allow", "Principal": {"AWS": ROLE},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::{bucket}/*"
    });
    let spec = json!({
        "stack": {"storageConnectors": [{"connectorType": "HOMEFOLDERS"}]},
        "buckets": [{"bucket": "home", "statements": [statement]}]
    });
    world.insert("cfd", &spec).await;
    world.settle().await;
    let bucket = world.home_bucket();
    (world, bucket)
}

/// The principal of our statement, as S3 shows it.
fn principal(world: &World, bucket: &str) -> String {
    let policy = world.policy(bucket);
    let statements = policy["Statement"].as_array().expect("a list");
    let ours = statements.iter().find(|one| {
        one["Sid"]
            .as_str()
            .is_some_and(|sid| sid.ends_with("Nodes"))
    });
    let names: &Value = &ours.expect("it is there")["Principal"]["AWS"];
    let name = names.as_str().or_else(|| names[0].as_str());
    name.expect("a name").to_owned()
}

#[tokio::test]
async fn a_role_that_s3_shows_by_its_id_for_a_while_is_no_drift() {
    let (mut world, bucket) = world().await;
    let before = world.changes().len();
    world.simulator.leave_principal_unresolved(ROLE, true);
    assert!(principal(&world, &bucket).starts_with("AROA"));
    world.run_for(SWEEPS).await;
    world.simulator.leave_principal_unresolved(ROLE, false);
    world.run_for(SWEEPS).await;
    assert_eq!(world.changes().len(), before, "{:?}", world.changes());
    assert!(world.drift().await.is_empty());
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_role_that_was_made_anew_is_written_once() {
    let (mut world, bucket) = world().await;
    let before = world.changes().len();
    world.simulator.retire_principal(ROLE);
    world.simulator.make_principal_anew(ROLE);
    let dead = principal(&world, &bucket);
    assert!(dead.starts_with("AROA"), "{dead}");
    world.run_for(SWEEPS).await;
    assert_eq!(principal(&world, &bucket), ROLE);
    assert_eq!(world.changes().len(), before + 1, "{:?}", world.changes());
    world.assert_quiet().await;
}

#[tokio::test]
async fn without_the_permission_nothing_is_written_and_it_is_said_why() {
    let (mut world, bucket) = world().await;
    let before = world.changes().len();
    world.simulator.leave_principal_unresolved(ROLE, true);
    let denied = Matcher::any().service(Service::Iam).always();
    let fault = world
        .simulator
        .faults()
        .add(denied, Fault::refuse("AccessDenied", "words"));
    world.run_for(SWEEPS).await;
    assert_eq!(world.changes().len(), before, "{:?}", world.changes());
    let ready = world.ready("cfd").await;
    assert!(
        ready.contains("GetRole") && ready.contains("AccessDenied"),
        "{ready}"
    );
    world.simulator.faults().remove(fault);
    world.run_for(SWEEPS).await;
    assert!(principal(&world, &bucket).starts_with("AROA"));
    world.assert_quiet().await;
}
