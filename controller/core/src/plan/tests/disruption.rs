//! People are interrupted as the row says: when nobody is there, in any case, or never.

use serde_json::{Value, json};

use super::harness::{Case, LEFT_OUT, check, fleet, minute, small, stack, with};
use super::world::{ENOUGH, World};
use crate::observed::{FleetState, Observed};
use crate::plan::WaitReason;

fn alone(changes: &[(&str, Value)]) -> Value {
    with(with(small(), &[("/stack", json!(LEFT_OUT))]), changes)
}

fn policy(policy: &str) -> (&'static str, Value) {
    ("/fleet/disruption", json!({"policy": policy}))
}

const CHANGE: (&str, &str) = ("/fleet/description", "for CFD");

fn change() -> (&'static str, Value) {
    (CHANGE.0, json!(CHANGE.1))
}

fn running(changes: &[(&str, Value)]) -> Case {
    let mut case = Case::new(&alone(changes));
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    case.owned.insert("fleet/cfd".to_owned());
    case
}

#[test]
fn always_stops_although_people_are_there() {
    let mut case = running(&[change(), policy("Always")]);
    case.observed
        .sessions
        .insert("cfd".to_owned(), Observed::Present(2));
    check(
        &case,
        r#"
        do StopFleet fleet/cfd whoever is on it, owing a start
        hold UpdateFleet fleet/cfd {"description":"for CFD"} (EarlierStep)
        hold StartFleet fleet/cfd (EarlierStep)
        diff fleet/cfd fleet.description: null -> "for CFD"
        "#,
    );
    // It has to be told how many they were.
    case.observed.sessions.clear();
    check(
        &case,
        r#"
        hold StopFleet fleet/cfd whoever is on it, owing a start (NotObserved)
        hold UpdateFleet fleet/cfd {"description":"for CFD"} (NotObserved)
        hold StartFleet fleet/cfd (EarlierStep)
        why fleet/cfd NotObserved
        diff fleet/cfd fleet.description: null -> "for CFD"
        ask sessions cfd
        "#,
    );
}

#[test]
fn never_stops_for_nothing_and_needs_nobodys_sessions() {
    let mut case = running(&[
        change(),
        policy("Never"),
        ("/fleet/displayName", json!("CFD")),
    ]);
    case.observed.sessions.clear();
    check(
        &case,
        r#"
        do UpdateFleet fleet/cfd {"displayName":"CFD"}
        hold StopFleet fleet/cfd, owing a start (DisruptionForbidden)
        hold UpdateFleet fleet/cfd {"description":"for CFD"} (DisruptionForbidden)
        hold StartFleet fleet/cfd (EarlierStep)
        why fleet/cfd DisruptionForbidden
        diff fleet/cfd fleet.displayName: null -> "CFD"
        diff fleet/cfd fleet.description: null -> "for CFD"
        "#,
    );
    check(
        &running(&[policy("Never"), ("/fleet/state", json!("STOPPED"))]),
        r#"
        hold StopFleet fleet/cfd (DisruptionForbidden)
        why fleet/cfd DisruptionForbidden
        diff fleet/cfd fleet.state: "RUNNING" -> "STOPPED"
        "#,
    );
}

/// Saturdays from two to four in the afternoon, by Berlin's clocks.
fn window() -> Value {
    json!({"days": ["SATURDAY"], "start": "14:00", "end": "16:00", "timeZone": "Europe/Berlin"})
}

#[test]
fn outside_of_the_window_nobody_is_even_counted() {
    let disruption = json!({"policy": "Always", "window": window()});
    let mut case = running(&[change(), ("/fleet/disruption", disruption)]);
    case.observed.sessions.clear();
    check(
        &case,
        r#"
        hold StopFleet fleet/cfd whoever is on it, owing a start (OutsideWindow)
        hold UpdateFleet fleet/cfd {"description":"for CFD"} (OutsideWindow)
        hold StartFleet fleet/cfd (EarlierStep)
        why fleet/cfd OutsideWindow
        diff fleet/cfd fleet.description: null -> "for CFD"
        "#,
    );
    // A Friday, nine in the morning.
    assert_eq!(case.now.to_rfc3339(), "2027-01-15T08:00:00+00:00");
    let opening = "2027-01-16T13:00:00Z".parse().unwrap();
    let plan = case.plan();
    assert_eq!(plan.look_again_at, Some(opening));
    assert_eq!(
        plan.waiting[0].message,
        "the window (SATURDAY 14:00-16:00 Europe/Berlin) opens at 2027-01-16T14:00:00+01:00"
    );
    // The message stays until then, so that nothing is written at each look.
    case.now = opening - chrono::TimeDelta::seconds(1);
    assert_eq!(case.plan().waiting, plan.waiting);
    case.now = opening;
    case.observed
        .sessions
        .insert("cfd".to_owned(), Observed::Present(2));
    check(
        &case,
        r#"
        do StopFleet fleet/cfd whoever is on it, owing a start
        hold UpdateFleet fleet/cfd {"description":"for CFD"} (EarlierStep)
        hold StartFleet fleet/cfd (EarlierStep)
        diff fleet/cfd fleet.description: null -> "for CFD"
        "#,
    );
}

#[test]
fn a_window_lets_nobody_be_cut_off_whom_the_policy_protects() {
    let mut case = running(&[change(), ("/fleet/disruption", json!({"window": window()}))]);
    case.now = "2027-01-16T13:00:00Z".parse().unwrap();
    case.observed
        .sessions
        .insert("cfd".to_owned(), Observed::Present(1));
    let reasons = |case: &Case| {
        let waiting = case.plan().waiting;
        waiting.iter().map(|one| one.reason).collect::<Vec<_>>()
    };
    assert_eq!(reasons(&case), [WaitReason::WaitingForSessions]);
    case.now = "2027-01-16T15:00:00Z".parse().unwrap();
    assert_eq!(reasons(&case), [WaitReason::OutsideWindow]);
}

#[test]
fn what_began_in_the_window_ends_after_it() {
    let row = |changes: &[(&str, Value)]| {
        let disruption = json!({"window": window()});
        let spec = alone(&[("/fleet/disruption", disruption)]);
        with(spec, changes)
    };
    let mut world = World::converged(&row(&[]));
    world.edit(&row(&[change()]));
    // A pass takes a minute: the stop is the last thing that happens in the window.
    world.now = "2027-01-16T14:59:00Z".parse().unwrap();
    world.converge();
    assert_eq!(
        world.operations()[2..],
        ["StopFleet", "UpdateFleet", "StartFleet"]
    );
}

#[test]
fn what_never_holds_back_follows_when_somebody_stops_the_fleet() {
    let mut world = World::converged(&alone(&[policy("Never")]));
    world.edit(&alone(&[policy("Never"), change()]));
    for _ in 0..4 {
        assert_eq!(world.pass().made, 0);
    }
    world.aws.fleets.get_mut("cfd").unwrap().state = FleetState::Stopped;
    world.converge();
    assert_eq!(world.operations()[2..], ["UpdateFleet", "StartFleet"]);
    let fleet = &world.aws.fleets["cfd"];
    assert_eq!(fleet.settings.description.as_deref(), Some(CHANGE.1));
    assert_eq!(fleet.state, FleetState::Running);
}

#[test]
fn somebody_who_owns_the_state_and_stops_the_fleet_starts_it_too() {
    let row = |changes: &[(&str, Value)]| {
        let mut spec = alone(&[policy("Never")]);
        spec["ignore"] = json!(["fleet.state"]);
        with(spec, changes)
    };
    let mut world = World::converged(&row(&[]));
    world.edit(&row(&[change()]));
    world.pass();
    world.aws.fleets.get_mut("cfd").unwrap().state = FleetState::Stopped;
    world.converge();
    assert_eq!(world.operations()[2..], ["UpdateFleet"]);
    assert_eq!(world.aws.fleets["cfd"].state, FleetState::Stopped);
}

#[test]
fn never_keeps_a_deleted_row_until_the_fleet_stands_still() {
    let mut world = World::converged(&with(small(), &[policy("Never")]));
    let before = world.calls.len();
    world.delete();
    for _ in 0..4 {
        let plan = world.pass().plan;
        let reasons = plan.waiting.iter().map(|waiting| waiting.reason);
        assert!(
            reasons
                .into_iter()
                .all(|reason| reason == WaitReason::DisruptionForbidden)
        );
    }
    assert_eq!(world.calls.len(), before);
    world.aws.fleets.get_mut("cfd").unwrap().state = FleetState::Stopped;
    world.converge();
    assert!(world.gone);
    assert!(!world.operations()[before..].contains(&"StopFleet"));
}

#[test]
fn a_deletion_that_waits_for_nobody_ends_their_sessions_before_it_parts_anything() {
    let mut case = Case::new(&with(small(), &[policy("Always")]));
    case.environment.deletion_requested_at = Some(minute(0));
    case.owned
        .extend(["fleet/cfd".to_owned(), "stack/cfd".to_owned()]);
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    case.observed.stack = Observed::Present(stack(json!({})));
    case.observed.fleet_stacks = Observed::Present(["cfd".to_owned()].into());
    case.observed.stack_fleets = Observed::Present(["cfd".to_owned()].into());
    case.observed
        .sessions
        .insert("cfd".to_owned(), Observed::Present(2));
    check(
        &case,
        r"
        do StopFleet fleet/cfd whoever is on it
        hold DisassociateFleet fleet/cfd stack/cfd whoever is on it (EarlierStep)
        hold DeleteFleet fleet/cfd (EarlierStep)
        hold DeleteStack stack/cfd (EarlierStep)
        ",
    );
}

#[test]
fn another_fleet_is_taken_off_our_stack_as_the_row_allows() {
    let mut world = World::converged(&with(small(), &[policy("Never")]));
    let pair = |fleet: &str| (fleet.to_owned(), "cfd".to_owned());
    world.aws.associations = [pair("other")].into();
    world.aws.sessions.insert("other".to_owned(), 1);
    for (is_allowed, word) in [(false, "Never"), (false, "WhenIdle"), (true, "Always")] {
        world.edit(&with(small(), &[policy(word)]));
        for _ in 0..3 {
            world.reads_association = true;
            world.pass();
        }
        let is_ours = world.aws.associations.contains(&pair("cfd"));
        assert_eq!(is_ours, is_allowed, "{word}");
    }
}

#[test]
fn a_policy_that_changes_in_the_middle_leaves_no_fleet_stopped() {
    for middle in ["Never", "Always", "WhenIdle"] {
        for stopped_for in 1..4 {
            let mut world = World::converged(&alone(&[]));
            world.edit(&alone(&[change()]));
            for _ in 0..stopped_for {
                world.pass();
            }
            world.edit(&alone(&[policy(middle), change()]));
            world.converge();
            let fleet = &world.aws.fleets["cfd"];
            assert_eq!(fleet.state, FleetState::Running, "{middle}");
            assert_eq!(fleet.settings.description.as_deref(), Some(CHANGE.1));
            assert!(world.debts.is_empty());
        }
    }
}

#[test]
fn a_change_that_arrives_while_the_fleet_is_stopped_costs_no_second_stop() {
    let role = || ("/fleet/iamRoleArn", json!("arn:aws:iam::1:role/a"));
    for arrival in [FleetState::Stopping, FleetState::Stopped] {
        let mut world = World::converged(&alone(&[]));
        world.edit(&alone(&[change()]));
        world.pass();
        world.aws.fleets.get_mut("cfd").unwrap().state = arrival;
        world.edit(&alone(&[change(), role()]));
        world.converge();
        assert_eq!(
            world.operations()[2..],
            ["StopFleet", "UpdateFleet", "StartFleet"]
        );
    }
}

#[test]
fn a_row_that_asks_for_a_stopped_fleet_in_the_middle_ends_with_one() {
    for passes in 1..ENOUGH / 4 {
        let mut world = World::converged(&alone(&[]));
        world.edit(&alone(&[change()]));
        for _ in 0..passes {
            world.pass();
        }
        world.edit(&alone(&[change(), ("/fleet/state", json!("STOPPED"))]));
        world.converge();
        assert_eq!(world.aws.fleets["cfd"].state, FleetState::Stopped);
        assert!(world.debts.is_empty());
    }
}
