//! A row becomes true and stays true.

use serde_json::{Value, json};
use streamkeeper_simulator::{Config, HomeBucketNaming, SessionSeed};
use streamkeeper_tests::{REGION, World};

/// The blog's environment, with a statement on the home bucket.
pub(crate) fn blog() -> Value {
    json!({
        "image": {"name": "pcluster-2026-11"},
        "fleet": {
            "instanceType": "stream.standard.medium",
            "computeCapacity": {"desiredInstances": 2},
            "maxUserDurationInSeconds": 345_600,
            "enableDefaultInternetAccess": true
        },
        "stack": {"storageConnectors": [{"connectorType": "HOMEFOLDERS"}]},
        "buckets": [{
            "bucket": "home",
            "statements": [{
                "Sid": "DenyInsecureTransport",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": ["arn:aws:s3:::{bucket}", "arn:aws:s3:::{bucket}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}
            }]
        }],
        "clusters": [{"name": "cfd", "access": "READ_WRITE"}]
    })
}

#[tokio::test]
async fn the_blogs_environment_comes_into_being() {
    let mut world = World::new().await;
    world.insert("cfd", &blog()).await;
    world.settle().await;
    assert_eq!(
        world.ready("cfd").await,
        "True Converged: everything matches"
    );
    world.assert_quiet().await;
    let bucket = world.home_bucket();
    assert_eq!(
        world.changes(),
        [
            "CreateFleet fleet/cfd".to_owned(),
            "StartFleet fleet/cfd".to_owned(),
            "CreateStack stack/cfd".to_owned(),
            "AssociateFleet stack/cfd,fleet/cfd".to_owned(),
            format!("PutBucketPolicy bucket/{bucket}"),
        ]
    );
}

#[tokio::test]
async fn the_home_bucket_is_found_in_both_namings() {
    for naming in [HomeBucketNaming::V1, HomeBucketNaming::V2] {
        let mut world = World::with(Config {
            naming,
            ..Config::default()
        })
        .await;
        world.insert("cfd", &blog()).await;
        world.settle().await;
        assert_eq!(
            world.ready("cfd").await,
            "True Converged: everything matches",
            "{naming:?}"
        );
        let policy = world.policy(&world.home_bucket());
        let sids: Vec<&str> = policy["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .map(|statement| statement["Sid"].as_str().unwrap())
            .collect();
        assert_eq!(sids.len(), 2, "{sids:?}");
        assert_eq!(sids[0], "PreventAccidentalDeletionOfBucket");
        assert!(sids[1].ends_with("DenyInsecureTransport"), "{sids:?}");
        world.assert_quiet().await;
    }
}

#[tokio::test]
async fn a_change_that_needs_a_stop_stops_once_updates_and_starts_again() {
    let mut world = World::new().await;
    world.insert("cfd", &blog()).await;
    world.settle().await;
    let before = world.changes().len();
    world
        .sql(
            "UPDATE streamkeeper.environments
                SET spec = jsonb_set(jsonb_set(jsonb_set(spec,
                    '{fleet,description}', '\"for cfd\"'),
                    '{fleet,maxUserDurationInSeconds}', '7200'),
                    '{fleet,displayName}', '\"CFD\"')",
        )
        .await;
    world.settle().await;
    assert_eq!(
        world.changes()[before..],
        [
            // What needs no stop does not wait for one.
            "UpdateFleet fleet/cfd",
            "StopFleet fleet/cfd",
            "UpdateFleet fleet/cfd",
            "StartFleet fleet/cfd",
        ]
    );
    let fleet = world.fleet("cfd");
    assert_eq!(fleet["Description"], "for cfd");
    assert_eq!(fleet["DisplayName"], "CFD");
    assert_eq!(fleet["MaxUserDurationInSeconds"], 7200);
    assert_eq!(fleet["State"], "RUNNING");
    assert_eq!(
        world
            .value::<i64>("SELECT count(*) FROM streamkeeper.drift")
            .await,
        0
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn nobody_is_interrupted_for_a_change() {
    let mut world = World::new().await;
    world.insert("cfd", &blog()).await;
    world.settle().await;
    let sessions = [
        SessionSeed::active("ada"),
        SessionSeed::disconnected("grace"),
    ];
    world
        .simulator
        .set_sessions(REGION, "cfd", "cfd", &sessions);
    let before = world.changes().len();
    world
        .sql("UPDATE streamkeeper.environments SET spec['fleet']['description'] = '\"x\"'")
        .await;
    for _ in 0..8 {
        world.next_round().await;
    }
    assert_eq!(world.changes().len(), before, "{:?}", world.changes());
    let ready = world.ready("cfd").await;
    assert!(
        ready.starts_with("False WaitingForSessions: fleet/cfd: 2 sessions"),
        "{ready}"
    );

    world
        .simulator
        .set_sessions(REGION, "cfd", "cfd", &[SessionSeed::expired("ada")]);
    world.settle().await;
    assert_eq!(world.fleet("cfd")["Description"], "x");
    assert_eq!(world.simulator.sessions_cut(), 0);
    world.assert_quiet().await;
}

#[tokio::test]
async fn power_state_is_desired_state() {
    let mut world = World::new().await;
    world.insert("cfd", &blog()).await;
    world.settle().await;
    world
        .sql("UPDATE streamkeeper.environments SET spec['fleet']['state'] = '\"STOPPED\"'")
        .await;
    world.settle().await;
    assert_eq!(world.fleet("cfd")["State"], "STOPPED");
    assert_eq!(
        world.ready("cfd").await,
        "True Converged: everything matches"
    );
    world.admin("StartFleet", json!({"Name": "cfd"}));
    world.settle().await;
    assert_eq!(world.fleet("cfd")["State"], "STOPPED");
    assert_eq!(world.drift().await, ["fleet/cfd fleet.state repaired"]);
    world.assert_quiet().await;
}

#[tokio::test]
async fn what_is_left_out_again_goes_back_to_the_default() {
    let mut world = World::new().await;
    world.insert("cfd", &blog()).await;
    world.settle().await;
    world
        .sql(
            "UPDATE streamkeeper.environments
                SET spec = spec #- '{fleet,maxUserDurationInSeconds}' #- '{buckets}'",
        )
        .await;
    world.settle().await;
    assert_eq!(world.fleet("cfd")["MaxUserDurationInSeconds"], 57_600);
    let policy = world.policy(&world.home_bucket());
    assert_eq!(
        policy["Statement"].as_array().map(Vec::len),
        Some(1),
        "{policy}"
    );
    // It is nobody's now: a change from outside is not drift.
    world.admin(
        "UpdateFleet",
        json!({"Name": "cfd", "DisconnectTimeoutInSeconds": 60}),
    );
    world.settle().await;
    assert_eq!(world.drift().await, Vec::<String>::new());
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_wrong_row_does_not_disturb_the_one_beside_it() {
    let mut world = World::new().await;
    world.insert("cfd", &blog()).await;
    let mut wrong = blog();
    wrong["image"]["name"] = json!("no-such-image");
    world.insert("other", &wrong).await;
    world.settle_but_for("other").await;
    assert_eq!(
        world.ready("cfd").await,
        "True Converged: everything matches"
    );
    let ready = world.ready("other").await;
    assert!(ready.contains("no-such-image"), "{ready}");
}
