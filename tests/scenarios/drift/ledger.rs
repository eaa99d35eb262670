//! How a drift ends is written down: repaired, accepted, ignored, or only observed.

use std::time::Duration;

use serde_json::json;
use streamkeeper_simulator::SessionSeed;
use streamkeeper_tests::REGION;

use super::{change_stopped_fleet, converged};
use crate::lifecycle::CONVERGED;

#[tokio::test]
async fn observe_mode_reports_a_drift_and_repairs_nothing() {
    let mut world = converged().await;
    world
        .sql("UPDATE streamkeeper.environments SET mode = 'observe'")
        .await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    let before = world.tried().len();
    world.admin(
        "UpdateStack",
        json!({"Name": "cfd", "Description": "theirs"}),
    );
    world.settle().await;
    assert_eq!(world.drift().await, ["stack/cfd stack.description open"]);
    let ready = world.ready("cfd").await;
    assert_eq!(ready, "False ObserveOnly: 1 field differs; mode is observe");
    assert!(world.condition("cfd", "Synced").await.starts_with("False"));
    world.assert_quiet().await;

    world.admin(
        "UpdateStack",
        json!({"Name": "cfd", "Description": "for cfd"}),
    );
    world.settle().await;
    assert_eq!(
        world.drift().await,
        ["stack/cfd stack.description observed_only"]
    );
    assert_eq!(world.tried().len(), before);
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_row_changed_to_what_aws_has_accepts_the_drift() {
    let mut world = converged().await;
    world
        .sql("UPDATE streamkeeper.environments SET mode = 'observe'")
        .await;
    world.admin(
        "UpdateStack",
        json!({"Name": "cfd", "Description": "theirs"}),
    );
    world.settle().await;
    assert_eq!(world.drift().await, ["stack/cfd stack.description open"]);
    let before = world.tried().len();
    world
        .sql(
            "UPDATE streamkeeper.environments
             SET mode = 'enforce', spec['stack']['description'] = '\"theirs\"'",
        )
        .await;
    world.settle().await;
    assert_eq!(
        world.drift().await,
        ["stack/cfd stack.description accepted"]
    );
    assert_eq!(world.tried().len(), before, "nothing was left to do");
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_row_changed_to_a_third_value_accepts_the_drift_and_sets_the_value() {
    let mut world = converged().await;
    world
        .sql("UPDATE streamkeeper.environments SET mode = 'observe'")
        .await;
    world.admin(
        "UpdateStack",
        json!({"Name": "cfd", "Description": "theirs"}),
    );
    world.settle().await;
    world
        .sql(
            "UPDATE streamkeeper.environments
             SET mode = 'enforce', spec['stack']['description'] = '\"another\"'",
        )
        .await;
    world.settle().await;
    assert_eq!(
        world.drift().await,
        ["stack/cfd stack.description accepted"]
    );
    assert_eq!(world.stack("cfd")["Description"], "another");
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_path_that_is_ignored_from_now_on_ends_its_drift() {
    let mut world = converged().await;
    world
        .sql("UPDATE streamkeeper.environments SET mode = 'observe'")
        .await;
    world.admin(
        "UpdateStack",
        json!({"Name": "cfd", "Description": "theirs"}),
    );
    world.settle().await;
    world
        .sql(
            "UPDATE streamkeeper.environments
             SET mode = 'enforce', spec['ignore'] = '[\"stack.description\"]'",
        )
        .await;
    world.settle().await;
    assert_eq!(world.drift().await, ["stack/cfd stack.description ignored"]);
    assert_eq!(world.stack("cfd")["Description"], "theirs");
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_drift_that_waits_for_people_is_one_open_row_until_it_is_repaired() {
    let mut world = converged().await;
    change_stopped_fleet(&world, &json!({"Description": "theirs"}));
    world
        .simulator
        .set_sessions(REGION, "cfd", "cfd", &[SessionSeed::active("ada")]);
    world.run_for(Duration::from_secs(600)).await;
    assert_eq!(world.drift().await, ["fleet/cfd fleet.description open"]);
    let detected = world.events("DriftDetected").await;
    assert_eq!(detected.len(), 1, "{detected:?}");
    assert!(!detected[0].contains('×'), "{detected:?}");
    assert!(
        world
            .ready("cfd")
            .await
            .starts_with("False WaitingForSessions")
    );

    world.simulator.set_sessions(REGION, "cfd", "cfd", &[]);
    world.settle().await;
    assert_eq!(
        world.drift().await,
        ["fleet/cfd fleet.description repaired"]
    );
    assert_eq!(world.simulator.sessions_cut(), 0);
    world.assert_quiet().await;
}

#[tokio::test]
async fn the_same_drift_twice_is_two_rows_and_one_event() {
    let mut world = converged().await;
    for _ in 0..2 {
        world.admin(
            "UpdateStack",
            json!({"Name": "cfd", "Description": "theirs"}),
        );
        world.settle().await;
    }
    let row = "stack/cfd stack.description repaired";
    assert_eq!(world.drift().await, [row, row]);
    let detected = world.events("DriftDetected").await;
    assert_eq!(detected.len(), 1);
    assert!(detected[0].ends_with("×2"), "{detected:?}");
    world.assert_quiet().await;
}

#[tokio::test]
async fn drift_of_a_row_that_goes_is_closed() {
    let mut world = converged().await;
    world
        .sql("UPDATE streamkeeper.environments SET mode = 'observe'")
        .await;
    world.admin(
        "UpdateStack",
        json!({"Name": "cfd", "Description": "theirs"}),
    );
    world.settle().await;
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    assert_eq!(
        world.drift().await,
        ["stack/cfd stack.description accepted"]
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_paused_environment_drifts_unseen_until_it_is_resumed() {
    let mut world = converged().await;
    world
        .sql("UPDATE streamkeeper.environments SET paused = true")
        .await;
    world.settle().await;
    world.admin(
        "UpdateStack",
        json!({"Name": "cfd", "Description": "theirs"}),
    );
    let before = world.tried().len();
    world.run_for(Duration::from_secs(300)).await;
    assert_eq!(world.drift().await, Vec::<String>::new());
    assert!(world.ready("cfd").await.starts_with("Unknown Paused"));
    assert_eq!(world.tried().len(), before);
    world.assert_quiet().await;

    world
        .sql("UPDATE streamkeeper.environments SET paused = false")
        .await;
    world.settle().await;
    assert_eq!(
        world.drift().await,
        ["stack/cfd stack.description repaired"]
    );
    world.assert_quiet().await;
}
