//! The association is desired when both sides are there; a stack takes one fleet.

use std::collections::BTreeSet;

use serde_json::json;

use super::harness::{Case, LEFT_OUT, check, fleet, small, stack, with};
use super::world::World;
use crate::observed::{FleetState, Observed};

fn case(fleets: Observed<BTreeSet<String>>) -> Case {
    let mut case = Case::new(&small());
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    case.observed.stack = Observed::Present(stack(json!({})));
    case.observed.stack_fleets = fleets;
    case
}

fn fleets(names: &[&str]) -> Observed<BTreeSet<String>> {
    Observed::Present(names.iter().map(|name| (*name).to_owned()).collect())
}

fn unknown<T>() -> Observed<T> {
    Observed::Unknown("not looked at".to_owned())
}

#[test]
fn the_right_fleet_alone_holds() {
    let case = case(fleets(&["cfd"]));
    check(&case, "");
    assert_eq!(case.plan().holds["association"], json!("cfd"));
}

#[test]
fn a_stack_without_its_fleet_is_associated() {
    check(
        &case(fleets(&[])),
        r#"
        do AssociateFleet fleet/cfd stack/cfd
        diff stack/cfd association: [] -> "cfd"
        "#,
    );
}

#[test]
fn another_fleet_is_taken_off_first_when_nobody_is_on_it() {
    let mut case = case(fleets(&["other"]));
    case.observed
        .sessions
        .insert("other".to_owned(), Observed::Present(0));
    check(
        &case,
        r#"
        do DisassociateFleet fleet/other stack/cfd
        hold AssociateFleet fleet/cfd stack/cfd (EarlierStep)
        diff stack/cfd association: ["other"] -> "cfd"
        "#,
    );
    case.observed
        .sessions
        .insert("other".to_owned(), Observed::Present(3));
    check(
        &case,
        r#"
        hold DisassociateFleet fleet/other stack/cfd (WaitingForSessions)
        hold AssociateFleet fleet/cfd stack/cfd (EarlierStep)
        why stack/cfd WaitingForSessions
        diff stack/cfd association: ["other"] -> "cfd"
        "#,
    );
    case.observed.sessions.clear();
    check(
        &case,
        r#"
        hold DisassociateFleet fleet/other stack/cfd (NotObserved)
        hold AssociateFleet fleet/cfd stack/cfd (EarlierStep)
        why stack/cfd NotObserved
        diff stack/cfd association: ["other"] -> "cfd"
        ask sessions other
        "#,
    );
}

#[test]
fn a_second_fleet_beside_the_right_one_is_taken_off() {
    let mut case = case(fleets(&["cfd", "other"]));
    case.observed
        .sessions
        .insert("other".to_owned(), Observed::Present(0));
    check(
        &case,
        r#"
        do DisassociateFleet fleet/other stack/cfd
        diff stack/cfd association: ["cfd","other"] -> "cfd"
        "#,
    );
}

#[test]
fn what_held_is_believed_until_its_turn_comes() {
    let mut case = case(unknown());
    case.held("association", json!("cfd"));
    check(&case, "");
    assert!(!case.plan().holds.contains_key("association"));
}

#[test]
fn what_never_held_is_asked_for() {
    check(
        &case(unknown()),
        r"
        why stack/cfd NotObserved
        ask fleets of stacks cfd
        ",
    );
}

#[test]
fn an_association_does_not_outlive_its_fleet() {
    let mut case = case(unknown());
    case.held("association", json!("cfd"));
    case.held("fleet", json!("cfd"));
    case.observed.fleet = Observed::Absent;
    check(
        &case,
        r#"
        do CreateFleet fleet/cfd {"imageName":"pcluster-2026-11","instanceType":"stream.standard.medium"} tags ours
        do StartFleet fleet/cfd
        why stack/cfd NotObserved
        drift fleet/cfd fleet: null -> "cfd"
        ask fleets of stacks cfd
        "#,
    );
}

#[test]
fn a_new_fleet_does_not_push_another_one_off_its_stack() {
    let mut case = case(fleets(&["other"]));
    case.observed.fleet = Observed::Absent;
    case.observed
        .sessions
        .insert("other".to_owned(), Observed::Present(0));
    let plan = case.plan();
    let text = super::harness::render(&plan);
    assert!(text.contains("do DisassociateFleet fleet/other stack/cfd"));
    assert!(text.contains("hold AssociateFleet fleet/cfd stack/cfd (EarlierStep)"));
}

#[test]
fn an_association_somebody_removed_is_drift_and_comes_back() {
    for walks in [false, true] {
        let mut world = World::converged(&small());
        world.walks = walks;
        world.reads_association = true;
        world.aws.associations.clear();
        assert_eq!(world.pass().drift.new[0].path, "association");
        world.converge();
        assert!(!world.aws.associations.is_empty());
        assert_eq!(world.operations().last(), Some(&"AssociateFleet"));
    }
}

#[test]
fn an_ignored_association_is_somebody_elses() {
    let mut spec = small();
    spec["ignore"] = json!(["association"]);
    let world = World::converged(&spec);
    assert!(world.aws.associations.is_empty());
}

#[test]
fn a_fleet_left_out_takes_nothing_with_it() {
    let mut world = World::converged(&small());
    world.edit(&with(
        small(),
        &[("/fleet", json!(LEFT_OUT)), ("/image", json!(LEFT_OUT))],
    ));
    let plan = world.pass().plan;
    assert!(plan.steps.is_empty());
    let reasons: Vec<String> = plan
        .waiting
        .iter()
        .map(|one| one.reason.to_string())
        .collect();
    assert_eq!(reasons, ["ReplacementNeeded"]);
    assert!(!world.aws.associations.is_empty());
}
