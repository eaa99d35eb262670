//! A change that needs a stopped fleet waits for people, and owes a start.

use serde_json::{Value, json};

use super::harness::{Case, LEFT_OUT, check, environment, fleet, small, with};
use super::world::{ENOUGH, World, is_quiet};
use crate::action::Action;
use crate::observed::{AwsIssue, FleetState, Observed};

fn alone(changes: &[(&str, Value)]) -> Value {
    with(with(small(), &[("/stack", json!(LEFT_OUT))]), changes)
}

fn running(changes: &[(&str, Value)]) -> Case {
    let mut case = Case::new(&alone(changes));
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    case.owned.insert("fleet/cfd".to_owned());
    case
}

#[test]
fn a_running_fleet_is_stopped_updated_and_started() {
    check(
        &running(&[("/fleet/description", json!("for CFD"))]),
        r#"
        do StopFleet fleet/cfd, owing a start
        hold UpdateFleet fleet/cfd {"description":"for CFD"} (EarlierStep)
        hold StartFleet fleet/cfd (EarlierStep)
        diff fleet/cfd fleet.description: null -> "for CFD"
        "#,
    );
    let mut world = World::converged(&alone(&[]));
    world.edit(&alone(&[("/fleet/description", json!("for CFD"))]));
    world.converge();
    assert_eq!(
        world.operations()[2..],
        ["StopFleet", "UpdateFleet", "StartFleet"]
    );
    assert!(world.debts.is_empty());
}

#[test]
fn a_change_in_place_does_not_wait_for_one_that_needs_a_stop() {
    let mut case = running(&[
        ("/fleet/description", json!("for CFD")),
        ("/fleet/displayName", json!("CFD")),
    ]);
    case.observed
        .sessions
        .insert("cfd".to_owned(), Observed::Present(2));
    check(
        &case,
        r#"
        do UpdateFleet fleet/cfd {"displayName":"CFD"}
        hold StopFleet fleet/cfd, owing a start (WaitingForSessions)
        hold UpdateFleet fleet/cfd {"description":"for CFD"} (WaitingForSessions)
        hold StartFleet fleet/cfd (EarlierStep)
        why fleet/cfd WaitingForSessions
        diff fleet/cfd fleet.displayName: null -> "CFD"
        diff fleet/cfd fleet.description: null -> "for CFD"
        "#,
    );
}

#[test]
fn sessions_that_are_not_known_are_asked_for_and_stop_nothing() {
    let mut case = running(&[("/fleet/description", json!("for CFD"))]);
    case.observed.sessions.clear();
    check(
        &case,
        r#"
        hold StopFleet fleet/cfd, owing a start (NotObserved)
        hold UpdateFleet fleet/cfd {"description":"for CFD"} (NotObserved)
        hold StartFleet fleet/cfd (EarlierStep)
        why fleet/cfd NotObserved
        diff fleet/cfd fleet.description: null -> "for CFD"
        ask sessions cfd
        "#,
    );
}

#[test]
fn the_change_is_made_when_the_last_session_has_ended() {
    let mut world = World::converged(&alone(&[]));
    world.aws.sessions.insert("cfd".to_owned(), 1);
    world.edit(&alone(&[(
        "/fleet/iamRoleArn",
        json!("arn:aws:iam::1:role/a"),
    )]));
    for _ in 0..4 {
        assert_eq!(world.pass().made, 0);
    }
    world.aws.sessions.clear();
    world.converge();
    let role = &world.aws.fleets["cfd"].settings.iam_role_arn;
    assert_eq!(role.as_deref(), Some("arn:aws:iam::1:role/a"));
}

#[test]
fn a_stopped_fleet_takes_everything_in_one_call_and_starts_in_the_same_pass() {
    let mut case = running(&[
        ("/fleet/description", json!("for CFD")),
        ("/fleet/displayName", json!("CFD")),
    ]);
    case.observed.fleet = Observed::Present(fleet(FleetState::Stopped, json!({})));
    case.debts.insert("cfd".to_owned());
    check(
        &case,
        r#"
        do UpdateFleet fleet/cfd {"description":"for CFD","displayName":"CFD"}
        do StartFleet fleet/cfd
        diff fleet/cfd fleet.displayName: null -> "CFD"
        diff fleet/cfd fleet.description: null -> "for CFD"
        "#,
    );
}

#[test]
fn what_was_stopped_for_a_wish_that_was_taken_back_runs_again() {
    let mut world = World::converged(&alone(&[]));
    world.edit(&alone(&[("/fleet/description", json!("for CFD"))]));
    world.pass();
    assert_eq!(world.operations().last(), Some(&"StopFleet"));
    world.edit(&alone(&[]));
    world.converge();
    assert_eq!(world.operations().last(), Some(&"StartFleet"));
    assert_eq!(world.aws.fleets["cfd"].state, FleetState::Running);
}

#[test]
fn our_own_stop_is_no_drift() {
    let mut world = World::converged(&alone(&[]));
    world.edit(&alone(&[("/fleet/description", json!("for CFD"))]));
    for _ in 0..ENOUGH {
        let pass = world.pass();
        assert!(pass.drift.new.is_empty(), "{:?}", pass.drift);
        if is_quiet(&pass.plan) {
            return;
        }
    }
    panic!("did not converge");
}

#[test]
fn a_fleet_that_is_to_stand_still_is_owed_no_start() {
    let case = running(&[
        ("/fleet/description", json!("for CFD")),
        ("/fleet/state", json!("STOPPED")),
    ]);
    check(
        &case,
        r#"
        do StopFleet fleet/cfd
        hold UpdateFleet fleet/cfd {"description":"for CFD"} (EarlierStep)
        diff fleet/cfd fleet.description: null -> "for CFD"
        diff fleet/cfd fleet.state: "RUNNING" -> "STOPPED"
        "#,
    );
    assert!(case.plan().steps[0].manages.contains("fleet.state"));
}

#[test]
fn a_fleet_that_cannot_come_up_is_stopped_to_be_mended() {
    let mut case = running(&[("/fleet/iamRoleArn", json!("arn:aws:iam::1:role/good"))]);
    let bad = json!({"iamRoleArn": "arn:aws:iam::1:role/bad"});
    let mut observed = fleet(FleetState::Starting, bad);
    observed.errors.push(AwsIssue {
        code: "IAM_SERVICE_ROLE_IS_MISSING".to_owned(),
        message: "the role is missing".to_owned(),
    });
    case.observed.fleet = Observed::Present(observed);
    check(
        &case,
        r#"
        do StopFleet fleet/cfd, owing a start
        hold UpdateFleet fleet/cfd {"iamRoleArn":"arn:aws:iam::1:role/good"} (EarlierStep)
        hold StartFleet fleet/cfd (EarlierStep)
        why fleet/cfd AwsReportsErrors
        diff fleet/cfd fleet.iamRoleArn: "arn:aws:iam::1:role/bad" -> "arn:aws:iam::1:role/good"
        diff fleet/cfd fleet.state: "STARTING" -> "RUNNING"
        "#,
    );
}

#[test]
fn the_network_goes_out_whole_with_the_half_that_does_not_change() {
    let subnets = json!({"subnetIds": ["subnet-b", "subnet-a"]});
    let mut case = running(&[("/fleet/vpcConfig", subnets)]);
    let observed = json!({"vpcConfig": {
        "subnetIds": ["subnet-z"], "securityGroupIds": ["sg-theirs"]
    }});
    case.observed.fleet = Observed::Present(fleet(FleetState::Stopped, observed));
    let plan = case.plan();
    let Action::UpdateFleet { set, delete, .. } = &plan.steps[0].action else {
        panic!("{:?}", plan.steps)
    };
    assert_eq!(
        json!(set.vpc_config),
        json!({"subnetIds": ["subnet-a", "subnet-b"], "securityGroupIds": ["sg-theirs"]})
    );
    assert!(delete.is_empty());
}

#[test]
fn groups_that_are_left_out_go_though_subnets_change_in_the_same_call() {
    let network = json!({"subnetIds": ["subnet-a"], "securityGroupIds": ["sg-1"]});
    let mut world = World::converged(&alone(&[("/fleet/vpcConfig", network)]));
    let network = json!({"subnetIds": ["subnet-b"]});
    world.edit(&alone(&[("/fleet/vpcConfig", network.clone())]));
    world.converge();
    let found = &world.aws.fleets["cfd"].settings.vpc_config;
    assert_eq!(json!(found), network);
}

#[test]
fn an_ignored_half_of_the_network_stays_as_it_is() {
    let row = |group: &str| {
        let network = json!({"subnetIds": ["subnet-a"], "securityGroupIds": [group]});
        let mut spec = alone(&[("/fleet/vpcConfig", network)]);
        spec["ignore"] = json!(["fleet.vpcConfig.subnetIds"]);
        spec
    };
    let mut world = World::converged(&row("sg-1"));
    let fleet = world.aws.fleets.get_mut("cfd").unwrap();
    let network = fleet.settings.vpc_config.as_mut().unwrap();
    network.subnet_ids = Some(vec!["subnet-theirs".to_owned()]);
    world.edit(&row("sg-2"));
    world.converge();
    assert_eq!(
        json!(world.aws.fleets["cfd"].settings.vpc_config),
        json!({"subnetIds": ["subnet-theirs"], "securityGroupIds": ["sg-2"]})
    );
    assert!(environment(&row("sg-2")).spec.fleet.is_some());
}
