//! Power state is desired state.

use serde_json::{Value, json};

use super::harness::{Case, LEFT_OUT, check, fleet, small, with};
use super::world::World;
use crate::observed::{AwsIssue, FleetState, Observed};

fn row(state: &str) -> Value {
    let changes = [("/stack", json!(LEFT_OUT)), ("/fleet/state", json!(state))];
    with(small(), &changes)
}

fn case(desired: &str, state: FleetState) -> Case {
    let mut case = Case::new(&row(desired));
    case.observed.fleet = Observed::Present(fleet(state, json!({})));
    case.owned.insert("fleet/cfd".to_owned());
    case
}

#[test]
fn every_state_has_its_way_to_running() {
    check(&case("RUNNING", FleetState::Running), "");
    check(
        &case("RUNNING", FleetState::Starting),
        r#"
        why fleet/cfd FleetStarting
        diff fleet/cfd fleet.state: "STARTING" -> "RUNNING"
        "#,
    );
    check(
        &case("RUNNING", FleetState::Stopped),
        r#"
        do StartFleet fleet/cfd
        diff fleet/cfd fleet.state: "STOPPED" -> "RUNNING"
        "#,
    );
    check(
        &case("RUNNING", FleetState::Stopping),
        r#"
        hold StartFleet fleet/cfd (FleetStopping)
        why fleet/cfd FleetStopping
        diff fleet/cfd fleet.state: "STOPPING" -> "RUNNING"
        "#,
    );
}

#[test]
fn every_state_has_its_way_to_stopped() {
    check(&case("STOPPED", FleetState::Stopped), "");
    check(
        &case("STOPPED", FleetState::Running),
        r#"
        do StopFleet fleet/cfd
        diff fleet/cfd fleet.state: "RUNNING" -> "STOPPED"
        "#,
    );
    check(
        &case("STOPPED", FleetState::Starting),
        r#"
        why fleet/cfd FleetStarting
        diff fleet/cfd fleet.state: "STARTING" -> "STOPPED"
        "#,
    );
    check(
        &case("STOPPED", FleetState::Stopping),
        r#"
        why fleet/cfd FleetStopping
        diff fleet/cfd fleet.state: "STOPPING" -> "STOPPED"
        "#,
    );
}

#[test]
fn a_stop_that_the_row_asks_for_waits_for_people_too() {
    let mut case = case("STOPPED", FleetState::Running);
    case.observed
        .sessions
        .insert("cfd".to_owned(), Observed::Present(1));
    check(
        &case,
        r#"
        hold StopFleet fleet/cfd (WaitingForSessions)
        why fleet/cfd WaitingForSessions
        diff fleet/cfd fleet.state: "RUNNING" -> "STOPPED"
        "#,
    );
}

#[test]
fn a_fleet_that_fails_to_start_is_stopped_without_waiting_for_it() {
    let mut case = case("STOPPED", FleetState::Starting);
    let mut observed = fleet(FleetState::Starting, json!({}));
    observed.errors.push(AwsIssue {
        code: "IMAGE_NOT_FOUND".to_owned(),
        message: "no image".to_owned(),
    });
    case.observed.fleet = Observed::Present(observed);
    check(
        &case,
        r#"
        do StopFleet fleet/cfd
        why fleet/cfd AwsReportsErrors
        diff fleet/cfd fleet.state: "STARTING" -> "STOPPED"
        "#,
    );
}

#[test]
fn a_fleet_somebody_stopped_is_drift_and_runs_again() {
    let mut world = World::converged(&row("RUNNING"));
    world.aws.fleets.get_mut("cfd").unwrap().state = FleetState::Stopped;
    let pass = world.pass();
    assert_eq!(pass.drift.new[0].path, "fleet.state");
    world.converge();
    assert_eq!(world.operations().last(), Some(&"StartFleet"));
}

#[test]
fn a_fleet_somebody_started_is_drift_and_stands_still_again() {
    let mut world = World::converged(&row("STOPPED"));
    world.aws.fleets.get_mut("cfd").unwrap().state = FleetState::Running;
    assert_eq!(world.pass().drift.new[0].path, "fleet.state");
    world.converge();
    assert_eq!(world.aws.fleets["cfd"].state, FleetState::Stopped);
}

#[test]
fn an_ignored_state_is_left_alone_but_for_what_is_owed() {
    let mut case = case("RUNNING", FleetState::Stopped);
    case.environment.spec.ignore = vec!["fleet.state".to_owned()];
    check(&case, "");
    case.debts.insert("cfd".to_owned());
    check(&case, "do StartFleet fleet/cfd");
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    check(&case, "paid cfd");
}

#[test]
fn a_new_fleet_is_started_once_even_if_its_state_is_ignored() {
    let mut spec = row("RUNNING");
    spec["ignore"] = json!(["fleet.state"]);
    let mut world = World::converged(&spec);
    assert_eq!(world.operations(), ["CreateFleet", "StartFleet"]);
    world.aws.fleets.get_mut("cfd").unwrap().state = FleetState::Stopped;
    world.converge();
    assert_eq!(world.calls.len(), 2);
}

#[test]
fn a_debt_is_gone_with_the_wish_for_a_running_fleet() {
    let mut case = case("STOPPED", FleetState::Stopped);
    case.debts.insert("cfd".to_owned());
    check(&case, "paid cfd");
}
