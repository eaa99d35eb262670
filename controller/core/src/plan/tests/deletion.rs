//! An environment goes in the order AWS takes it, waits for people, and leaves alone what it does
//! not own.

use serde_json::json;

use super::harness::{Case, LEFT_OUT, blog, check, fleet, minute, small, stack, tags, with};
use super::world::World;
use crate::action::Action;
use crate::observed::{FleetState, Observed};
use crate::plan::WaitReason;

/// The blog, complete, and asked to go.
fn leaving(state: FleetState) -> Case {
    let mut case = Case::new(&small());
    case.environment.deletion_requested_at = Some(minute(0));
    case.owned
        .extend(["fleet/cfd".to_owned(), "stack/cfd".to_owned()]);
    case.observed.fleet = Observed::Present(fleet(state, json!({})));
    case.observed.stack = Observed::Present(stack(json!({})));
    case.observed.fleet_stacks = Observed::Present(["cfd".to_owned()].into());
    case.observed.stack_fleets = Observed::Present(["cfd".to_owned()].into());
    case
}

#[test]
fn the_order_is_disassociate_stop_delete() {
    check(
        &leaving(FleetState::Running),
        r"
        do DisassociateFleet fleet/cfd stack/cfd
        do StopFleet fleet/cfd
        hold DeleteFleet fleet/cfd (EarlierStep)
        do DeleteStack stack/cfd
        ",
    );
    check(
        &leaving(FleetState::Stopped),
        r"
        do DisassociateFleet fleet/cfd stack/cfd
        do DeleteFleet fleet/cfd
        do DeleteStack stack/cfd
        ",
    );
    check(
        &leaving(FleetState::Stopping),
        r"
        do DisassociateFleet fleet/cfd stack/cfd
        hold DeleteFleet fleet/cfd (FleetStopping)
        do DeleteStack stack/cfd
        why fleet/cfd FleetStopping
        ",
    );
}

#[test]
fn the_blog_goes_and_its_row_goes_last() {
    let mut world = World::converged(&blog());
    let before = world.calls.len();
    world.delete();
    world.converge();
    assert_eq!(
        world.operations()[before..],
        [
            "DisassociateFleet",
            "StopFleet",
            "DeleteStack",
            "DeleteFleet"
        ]
    );
    assert!(world.gone);
    assert!(world.aws.home.is_some(), "buckets stay");
}

#[test]
fn deletion_waits_for_people_and_says_how_many() {
    let mut case = leaving(FleetState::Running);
    case.observed
        .sessions
        .insert("cfd".to_owned(), Observed::Present(2));
    check(
        &case,
        r"
        hold DisassociateFleet fleet/cfd stack/cfd (WaitingForSessions)
        hold StopFleet fleet/cfd (WaitingForSessions)
        hold DeleteFleet fleet/cfd (WaitingForSessions)
        hold DeleteStack stack/cfd (WaitingForSessions)
        why fleet/cfd WaitingForSessions
        ",
    );
    assert!(case.plan().waiting[0].message.starts_with("2 sessions"));
}

#[test]
fn sessions_and_associations_are_asked_for_before_anything_is_taken() {
    let mut case = leaving(FleetState::Running);
    case.observed.fleet_stacks = Observed::Unknown("not looked at".to_owned());
    case.observed.stack_fleets = Observed::Unknown("not looked at".to_owned());
    check(
        &case,
        r"
        why fleet/cfd NotObserved
        why stack/cfd NotObserved
        ask fleets of stacks cfd
        ask stacks of fleets cfd
        ",
    );
    let mut case = leaving(FleetState::Running);
    case.observed.sessions.clear();
    check(
        &case,
        r"
        why fleet/cfd NotObserved
        why stack/cfd NotObserved
        ask sessions cfd
        ",
    );
}

#[test]
fn a_fleet_that_serves_somebody_elses_stack_stays_until_it_is_free() {
    let mut case = leaving(FleetState::Running);
    let stacks = ["cfd".to_owned(), "theirs".to_owned()];
    case.observed.fleet_stacks = Observed::Present(stacks.into());
    let plan = case.plan();
    assert!(
        plan.steps
            .iter()
            .all(|step| step.waiting_for == Some(WaitReason::Conflict))
    );
    assert!(plan.waiting[0].message.contains("also serves theirs"));
}

#[test]
fn a_stack_of_our_name_that_is_not_ours_is_somebody_elses() {
    let mut case = leaving(FleetState::Running);
    let mut theirs = stack(json!({}));
    theirs.tags = tags(&[("streamkeeper:uid", "theirs")]);
    case.observed.stack = Observed::Present(theirs);
    check(
        &case,
        r"
        why fleet/cfd Conflict
        disown stack/cfd
        ",
    );
}

#[test]
fn an_object_of_ours_that_was_made_anew_by_somebody_is_left_alone() {
    for found in [tags(&[("streamkeeper:uid", "theirs")]), tags(&[])] {
        let mut case = leaving(FleetState::Running);
        let mut theirs = fleet(FleetState::Running, json!({}));
        theirs.tags = found;
        case.observed.fleet = Observed::Present(theirs);
        case.observed.stack = Observed::Absent;
        check(
            &case,
            r"
            disown fleet/cfd
            disown stack/cfd
            finished
            ",
        );
    }
}

#[test]
fn a_row_that_never_came_to_an_intent_goes_at_once() {
    let mut case = Case::new(&small());
    case.environment.deletion_requested_at = Some(minute(0));
    // Somebody else's, of the same name.
    let mut theirs = fleet(FleetState::Running, json!({}));
    theirs.tags = tags(&[]);
    case.observed.fleet = Observed::Present(theirs);
    check(&case, "finished");
}

#[test]
fn an_open_intent_keeps_the_row() {
    let mut case = Case::new(&small());
    case.environment.deletion_requested_at = Some(minute(0));
    case.open(Action::CreateStack {
        name: "cfd".to_owned(),
        settings: crate::settings::StackSettings::default(),
        tags: super::harness::our_tags(),
    });
    assert!(!case.plan().finished);
}

#[test]
fn deletion_finds_what_a_row_owns_though_it_no_longer_names_it() {
    let mut world = World::converged(&small());
    world.edit(&with(
        small(),
        &[("/fleet", json!(LEFT_OUT)), ("/image", json!(LEFT_OUT))],
    ));
    world.delete();
    world.converge();
    assert!(world.gone);
    assert!(world.aws.fleets.is_empty());
}

#[test]
fn a_request_taken_back_builds_again_what_is_gone() {
    let mut world = World::converged(&small());
    world.delete();
    world.pass();
    world.environment.deletion_requested_at = None;
    world.converge();
    assert_eq!(world.aws.fleets["cfd"].state, FleetState::Running);
    assert!(!world.aws.associations.is_empty());
}

#[test]
fn what_waits_behind_a_disassociation_that_failed_waits_with_it() {
    let mut case = leaving(FleetState::Stopped);
    let action = Action::DisassociateFleet {
        fleet: "cfd".to_owned(),
        stack: "cfd".to_owned(),
        only_when_idle: true,
    };
    super::failures_and_backoff::fail(&mut case, &action, crate::cloud::ErrorClass::NotReady);
    check(
        &case,
        r"
        hold DisassociateFleet fleet/cfd stack/cfd (BackingOff)
        hold DeleteFleet fleet/cfd (EarlierStep)
        hold DeleteStack stack/cfd (EarlierStep)
        why stack/cfd BackingOff
        ",
    );
}

#[test]
fn a_second_fleet_of_our_stack_is_taken_off_as_well() {
    let mut case = leaving(FleetState::Stopped);
    let fleets = ["cfd".to_owned(), "other".to_owned()];
    case.observed.stack_fleets = Observed::Present(fleets.into());
    case.observed
        .sessions
        .insert("other".to_owned(), Observed::Present(0));
    check(
        &case,
        r"
        do DisassociateFleet fleet/cfd stack/cfd
        do DeleteFleet fleet/cfd
        do DisassociateFleet fleet/other stack/cfd
        do DeleteStack stack/cfd
        ",
    );
    case.observed
        .sessions
        .insert("other".to_owned(), Observed::Present(1));
    check(
        &case,
        r"
        do DisassociateFleet fleet/cfd stack/cfd
        do DeleteFleet fleet/cfd
        hold DisassociateFleet fleet/other stack/cfd (WaitingForSessions)
        hold DeleteStack stack/cfd (WaitingForSessions)
        why stack/cfd WaitingForSessions
        ",
    );
}

#[test]
fn a_stack_that_cannot_be_seen_is_waited_for_and_is_no_conflict() {
    let mut case = leaving(FleetState::Stopped);
    case.observed.stack = Observed::Unknown("denied".to_owned());
    check(
        &case,
        r"
        why fleet/cfd NotObserved
        why stack/cfd NotObserved
        ask stacks cfd
        ask fleets of stacks cfd
        ",
    );
}
