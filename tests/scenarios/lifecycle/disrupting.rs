//! People are interrupted when the row says so, and then it is told how many.

use std::time::Duration;

use chrono::DurationRound as _;
use serde_json::json;
use streamkeeper_simulator::SessionSeed;
use streamkeeper_tests::{REGION, World};

use super::{CONVERGED, converged};

/// The blog's environment with two people on it, and a change that needs a stop.
async fn with_people(policy: &str) -> World {
    let world = converged().await;
    let people = [SessionSeed::active("ada"), SessionSeed::disconnected("bob")];
    world.simulator.set_sessions(REGION, "cfd", "cfd", &people);
    world
        .sql(&format!(
            r#"UPDATE streamkeeper.environments
               SET spec = jsonb_set(jsonb_set(spec, '{{fleet,description}}', '"new"'),
                                    '{{fleet,disruption}}', '{{"policy": "{policy}"}}')"#
        ))
        .await;
    world
}

#[tokio::test]
async fn always_cuts_people_off_and_says_how_many() {
    let mut world = with_people("Always").await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(world.fleet("cfd")["Description"], "new");
    assert_eq!(world.fleet("cfd")["State"], "RUNNING");
    assert_eq!(world.simulator.sessions_cut(), 2);
    assert_eq!(
        world.events("Stopped").await,
        ["fleet/cfd: StopFleet: for a change that needs a stopped fleet; it cut off 2 sessions"]
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn never_waits_for_somebody_to_stop_the_fleet_and_then_follows() {
    let mut world = with_people("Never").await;
    world.simulator.set_sessions(REGION, "cfd", "cfd", &[]);
    let before = world.changes().len();
    world.run_for(Duration::from_secs(3600)).await;
    assert_eq!(world.changes()[before..], Vec::<String>::new());
    let stalled = world.condition("cfd", "Stalled").await;
    assert!(
        stalled.starts_with("True DisruptionForbidden: fleet/cfd"),
        "{stalled}"
    );
    world.assert_quiet().await;

    world.admin("StopFleet", json!({"Name": "cfd"}));
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(
        world.changes()[before..],
        ["UpdateFleet fleet/cfd", "StartFleet fleet/cfd"]
    );
    assert_eq!(world.fleet("cfd")["Description"], "new");
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_row_that_goes_takes_people_off_when_it_says_so() {
    let mut world = with_people("Always").await;
    world.settle().await;
    let people = [SessionSeed::active("ada")];
    world.simulator.set_sessions(REGION, "cfd", "cfd", &people);
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert_eq!(world.simulator.sessions_cut(), 3);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_change_waits_for_its_window_and_is_made_in_it() {
    let mut world = converged().await;
    // A window that opens in a day and a half, for an hour.
    let opening = world.simulator.clock().now() + chrono::TimeDelta::hours(36);
    let opening = opening
        .duration_trunc(chrono::TimeDelta::minutes(1))
        .unwrap();
    let clock = |at: chrono::DateTime<chrono::Utc>| at.format("%H:%M").to_string();
    let window = json!({
        "days": [opening.format("%A").to_string().to_uppercase()],
        "start": clock(opening), "end": clock(opening + chrono::TimeDelta::hours(1)),
        "timeZone": "UTC"
    });
    world
        .sql(&format!(
            r#"UPDATE streamkeeper.environments
               SET spec = jsonb_set(jsonb_set(spec, '{{fleet,description}}', '"new"'),
                                    '{{fleet,disruption}}', '{{"window": {window}}}')"#
        ))
        .await;
    let before = world.changes().len();
    world.run_for(Duration::from_secs(3600)).await;
    let waiting = world.condition("cfd", "Reconciling").await;
    let when = opening
        .format("opens at %Y-%m-%dT%H:%M:%S+00:00")
        .to_string();
    assert!(
        waiting.starts_with("True OutsideWindow") && waiting.ends_with(&when),
        "{waiting}"
    );
    // It says so once, and nothing else is written until then.
    world.assert_quiet().await;
    assert_eq!(world.changes()[before..], Vec::<String>::new());

    let left = opening - world.simulator.clock().now();
    world
        .simulator
        .clock()
        .advance(left.to_std().unwrap() - Duration::from_secs(30));
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(world.fleet("cfd")["Description"], "new");
    let stop = world
        .tried()
        .into_iter()
        .find(|entry| entry.operation == "StopFleet")
        .expect("the fleet was stopped");
    let late = stop.at - opening;
    assert!(
        (0..60).contains(&late.num_seconds()),
        "stopped {late} after the window opened"
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn since_when_people_are_waited_for_is_said_once() {
    let mut world = with_people("WhenIdle").await;
    let began = world.simulator.clock().now();
    world.run_for(Duration::from_secs(600)).await;
    let since = began.format("%Y-%m-%dT%H:%M:%SZ");
    assert_eq!(
        world.condition("cfd", "Reconciling").await,
        format!(
            "True WaitingForSessions: fleet/cfd: 2 sessions on the fleet; it is stopped when none \
             is left (waiting since {since})"
        )
    );
    // An hour later nobody has written it again.
    let written = "SELECT xmin::text FROM streamkeeper.conditions ORDER BY type";
    let before = world.lines(written).await;
    world.run_for(Duration::from_secs(3600)).await;
    assert_eq!(world.lines(written).await, before);

    let one = [SessionSeed::active("ada")];
    world.simulator.set_sessions(REGION, "cfd", "cfd", &one);
    world.run_for(Duration::from_secs(120)).await;
    let waiting = world.condition("cfd", "Reconciling").await;
    assert!(
        waiting.contains("1 session ") && waiting.ends_with(&format!("since {since})")),
        "{waiting}"
    );
    world.simulator.set_sessions(REGION, "cfd", "cfd", &[]);
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}
