//! While people on a multi-session fleet hold up a stop, nobody else comes to their instances: where
//! the row says so, and without cutting anybody off.

use std::time::Duration;

use serde_json::{Value, json};
use streamkeeper_simulator::{Face, Fault, Matcher, SessionSeed};
use streamkeeper_tests::{Death, REGION, World};

use super::CONVERGED;
use crate::converge::blog;

/// The blog's environment with two people to an instance.
fn spec(disruption: &Value) -> Value {
    let mut spec = blog();
    spec["fleet"]["computeCapacity"] = json!({"desiredSessions": 8});
    spec["fleet"]["maxSessionsPerInstance"] = json!(2);
    spec["fleet"]["disruption"] = disruption.clone();
    spec
}

/// Three people on two instances, and then a change that needs a stop.
async fn with_people(disruption: &Value) -> World {
    let mut world = World::brisk().await;
    world.insert("cfd", &spec(disruption)).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    let people = [
        SessionSeed::active("ada").on("i-1"),
        SessionSeed::disconnected("bob").on("i-1"),
        SessionSeed::active("cy").on("i-2"),
    ];
    world.simulator.set_sessions(REGION, "cfd", "cfd", &people);
    world
        .sql("UPDATE streamkeeper.environments SET spec['fleet']['description'] = '\"new\"'")
        .await;
    world
}

/// How many drains AWS was asked for, refused and lost ones included.
fn asked(world: &World) -> usize {
    let tried = world.tried();
    let drains = tried
        .iter()
        .filter(|entry| entry.operation == "DrainSessionInstance");
    drains.count()
}

/// How many instances of the fleet are draining.
fn draining(world: &World) -> Value {
    world.fleet("cfd")["ComputeCapacityStatus"]["Draining"].clone()
}

/// Everybody leaves; the change is made, nobody was cut off, and another pass changes nothing.
async fn ends_when_everybody_left(mut world: World) {
    let before = world.changes().len();
    world.simulator.set_sessions(REGION, "cfd", "cfd", &[]);
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(
        world.changes()[before..],
        [
            "StopFleet fleet/cfd",
            "UpdateFleet fleet/cfd",
            "StartFleet fleet/cfd"
        ]
    );
    assert_eq!(world.fleet("cfd")["Description"], "new");
    assert_eq!(world.fleet("cfd")["State"], "RUNNING");
    assert_eq!(world.simulator.sessions_cut(), 0);
    world.assert_quiet().await;
}

#[tokio::test]
async fn instances_drain_once_each_and_the_fleet_stops_when_the_last_person_left() {
    let mut world = with_people(&json!({"drain": true})).await;
    world.run_for(Duration::from_secs(600)).await;
    assert_eq!(asked(&world), 2, "{:?}", world.changes());
    assert_eq!(draining(&world), 2);
    let waiting = world.condition("cfd", "Reconciling").await;
    let expected = "True WaitingForSessions: fleet/cfd: 3 sessions on the fleet; it is stopped \
                    when none is left; of 2 instances with people 2 take nobody else";
    assert!(waiting.starts_with(expected), "{waiting}");
    assert_eq!(
        world.condition("cfd", "Stalled").await,
        "False Progressing: "
    );
    let told = world.events("DrainRequested").await;
    assert!(
        told.len() == 2 && told[0].contains("instance i-1 ") && told[1].contains("instance i-2 "),
        "{told:?}"
    );
    // An hour later nobody was told again, and nothing was written again.
    let written = "SELECT xmin::text FROM streamkeeper.conditions ORDER BY type";
    let before = world.lines(written).await;
    world.run_for(Duration::from_secs(3600)).await;
    assert_eq!(world.lines(written).await, before);
    assert_eq!(asked(&world), 2);

    let bob = [SessionSeed::active("bob").on("i-1")];
    world.simulator.set_sessions(REGION, "cfd", "cfd", &bob);
    world.run_for(Duration::from_secs(600)).await;
    assert_eq!(asked(&world), 2, "i-1 drains already");
    let waiting = world.condition("cfd", "Reconciling").await;
    assert!(
        waiting.contains("1 session on the fleet")
            && waiting.contains("of 1 instances with people 1 take nobody else"),
        "{waiting}"
    );
    ends_when_everybody_left(world).await;
}

#[tokio::test]
async fn a_row_that_does_not_say_so_drains_nothing() {
    for disruption in [json!({}), json!({"drain": false})] {
        let mut world = with_people(&disruption).await;
        world.run_for(Duration::from_secs(600)).await;
        assert_eq!(asked(&world), 0);
        assert_eq!(draining(&world), 0);
        ends_when_everybody_left(world).await;
    }
}

#[tokio::test]
async fn a_change_that_is_taken_back_leaves_instances_draining_and_nothing_to_do() {
    let mut world = with_people(&json!({"drain": true})).await;
    world.run_for(Duration::from_secs(600)).await;
    world
        .sql(
            "UPDATE streamkeeper.environments
             SET spec = jsonb_set(spec #- '{fleet,description}', '{fleet,disruption}', '{}')",
        )
        .await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(draining(&world), 2, "nothing takes that back");
    assert_eq!(asked(&world), 2);
    assert_eq!(world.fleet("cfd")["State"], "RUNNING");
    world.assert_quiet().await;
}

#[tokio::test]
async fn who_may_not_drain_waits_as_before_and_says_so() {
    let mut world = with_people(&json!({"drain": true})).await;
    let denied = Fault::refuse("AccessDeniedException", "not authorized");
    let matcher = Matcher::operation("DrainSessionInstance").always();
    world.simulator.faults().add(matcher, denied);
    world.run_for(Duration::from_secs(600)).await;
    assert_eq!(draining(&world), 0);
    // Each of two instances is tried a few times in ten minutes, not at every look.
    assert!((2..20).contains(&asked(&world)), "{}", asked(&world));
    let waiting = world.condition("cfd", "Reconciling").await;
    assert!(
        waiting.starts_with("True WaitingForSessions")
            && waiting.contains("draining is refused: AccessDeniedException: not authorized"),
        "{waiting}"
    );
    assert_eq!(
        world.condition("cfd", "Stalled").await,
        "False Progressing: "
    );
    ends_when_everybody_left(world).await;
}

#[tokio::test]
async fn a_drain_whose_answer_is_lost_is_settled_and_made_if_it_was_not() {
    for face in Face::ALL {
        for fault in [Fault::LostBefore(face), Fault::LostAfter(face)] {
            let mut world = with_people(&json!({"drain": true})).await;
            let matcher = Matcher::operation("DrainSessionInstance");
            world.simulator.faults().add(matcher, fault.clone());
            world.run_for(Duration::from_secs(600)).await;
            assert!(world.is_spent(), "{fault:?}");
            assert_eq!(draining(&world), 2, "{fault:?}");
            assert_eq!(world.events("OutcomeResolved").await.len(), 1);
            ends_when_everybody_left(world).await;
        }
    }
}

#[tokio::test]
async fn a_daemon_that_dies_at_a_drain_finds_out_what_became_of_it() {
    for death in [Death::BeforeCall, Death::AfterCall] {
        let mut world = with_people(&json!({"drain": true})).await;
        world.kill_at_call(1, death);
        world.run_for(Duration::from_secs(600)).await;
        assert!(world.is_spent(), "{death:?}");
        assert_eq!(draining(&world), 2, "{death:?}");
        ends_when_everybody_left(world).await;
    }
}
