//! One scope's trouble stays its own: the others converge, and health says what is true.

use streamkeeper_simulator::{Caller, Face, Fault, Matcher};
use streamkeeper_tests::{DEADLINE, REGION, wait_until};

use super::{AN_HOUR, AWAY, HOME, Stage};
use crate::daemon::{address, get};

const OTHER_REGION: &str = "us-east-1";

/// Rows of two accounts in two regions.
async fn insert_four(stage: &Stage) {
    stage.insert("near", REGION, None).await;
    stage.insert("near-west", OTHER_REGION, None).await;
    stage.insert("far", REGION, Some(AWAY)).await;
    stage.insert("far-west", OTHER_REGION, Some(AWAY)).await;
}

/// Every call of the account away in the first region, but the one that says who we are.
fn in_trouble() -> Matcher {
    let session = Caller::role(AWAY, "streamkeeper", &format!("streamkeeper-{REGION}"));
    Matcher::any()
        .always()
        .caller(&session.arn)
        .region(REGION)
        .nth(2)
}

/// Whether everything but that scope is as it should be.
const OTHERS_ARE_READY: &str = "
    SELECT count(*) FILTER (WHERE name <> 'far' AND ready = 'True') = 3
       AND bool_and(ready <> 'True') FILTER (WHERE name = 'far')
    FROM streamkeeper.status";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scope_whose_answers_never_come_slows_no_other() {
    let stage = Stage::set(AN_HOUR).await;
    let faults = stage.simulator.faults();
    let fault = faults.add(in_trouble(), Fault::LostBefore(Face::Timeout));
    let daemon = stage.start_with_roles();
    let address = address(&daemon).await;
    insert_four(&stage).await;
    stage.until(OTHERS_ARE_READY).await;
    assert_eq!(get(address, "/healthz").await.0, 200);
    assert_eq!(get(address, "/readyz").await, (200, "ready\n".to_owned()));

    // While that scope still hangs, a new row elsewhere is served, and the lease is held.
    stage.insert("later", REGION, None).await;
    stage
        .until(
            "SELECT bool_or(ready = 'True') FILTER (WHERE name = 'later')
                AND bool_and(ready <> 'True') FILTER (WHERE name = 'far')
             FROM streamkeeper.status",
        )
        .await;
    assert!(
        stage
            .says("SELECT count(*) = 4 FROM streamkeeper.scopes WHERE holder IS NOT NULL")
            .await
    );
    let west = stage.count(AWAY, "CreateFleet");
    assert_eq!(west, 1, "the fleet in {OTHER_REGION} and no other");

    assert!(faults.remove(fault));
    stage
        .until("SELECT count(*) = 5 FROM streamkeeper.status WHERE ready = 'True'")
        .await;
    assert_eq!(stage.count(AWAY, "CreateFleet"), 2);
    assert_eq!(stage.count(HOME, "CreateFleet"), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scope_whose_answers_never_come_holds_up_no_stop() {
    let stage = Stage::set(AN_HOUR).await;
    let hanging = Fault::LostBefore(Face::Timeout);
    stage.simulator.faults().add(in_trouble(), hanging);
    let daemon = stage.start_with_roles();
    stage.insert("far", REGION, Some(AWAY)).await;
    wait_until("a look hangs", DEADLINE, async || {
        stage.count(AWAY, "DescribeFleets") > 0
    })
    .await;
    daemon.terminate();
    let status = daemon.wait(DEADLINE).await;
    // Failure is what a stop that took too long ends with.
    assert!(status.success(), "{status}: {}", daemon.log().join("\n"));
    assert!(
        stage
            .says("SELECT count(*) = 0 FROM streamkeeper.scopes WHERE holder IS NOT NULL")
            .await,
        "the lease was given back"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scope_that_is_throttled_or_denied_slows_no_other() {
    for (code, message) in [
        ("ThrottlingException", "Rate exceeded"),
        ("AccessDeniedException", "You are not authorized"),
        ("ExpiredTokenException", "The security token is expired"),
    ] {
        let stage = Stage::set(AN_HOUR).await;
        let refused = Fault::refuse(code, message);
        let faults = stage.simulator.faults();
        faults.add(in_trouble(), refused);
        let _daemon = stage.start_with_roles();
        insert_four(&stage).await;
        stage.until(OTHERS_ARE_READY).await;
        assert_eq!(stage.count(AWAY, "CreateFleet"), 1, "{code}");
        assert_eq!(stage.count(HOME, "CreateFleet"), 2, "{code}");
        faults.clear();
        stage
            .until("SELECT count(*) = 4 FROM streamkeeper.status WHERE ready = 'True'")
            .await;
    }
}
