//! A call that failed waits for its time, holds up what needs it and nothing else, and is no
//! reason to keep people off a fleet.

use serde_json::{Value, json};

use super::harness::{Case, LEFT_OUT, check, fleet, minute, small, stack, with};
use crate::action::Action;
use crate::cloud::ErrorClass;
use crate::observed::{FleetState, Observed};
use crate::plan::{CallFailure, WaitReason};

/// Remembers that a call failed; it may be made again in ten minutes.
pub(super) fn fail(case: &mut Case, action: &Action, class: ErrorClass) {
    let failure = CallFailure {
        class,
        attempt: 1,
        message: "AWS's own words".to_owned(),
        not_before: minute(10),
    };
    case.failures.insert(action.key(), failure);
}

fn alone(changes: &[(&str, Value)]) -> Case {
    let mut case = Case::new(&with(
        with(small(), &[("/stack", json!(LEFT_OUT))]),
        changes,
    ));
    case.owned.insert("fleet/cfd".to_owned());
    case
}

/// The call that a plan would make for a change.
fn planned(case: &Case, operation: &str) -> Action {
    let plan = case.plan();
    let step = plan
        .steps
        .iter()
        .find(|step| step.action.operation() == operation);
    step.unwrap_or_else(|| panic!("{operation} is not planned: {plan:?}"))
        .action
        .clone()
}

#[test]
fn the_class_says_whether_time_or_a_human_is_waited_for() {
    let mut case = Case::new(&json!({"stack": {}}));
    let create = planned(&case, "CreateStack");
    for (class, reason) in [
        (ErrorClass::Throttled, WaitReason::BackingOff),
        (ErrorClass::NotReady, WaitReason::BackingOff),
        (ErrorClass::Gone, WaitReason::BackingOff),
        (ErrorClass::AlreadyThere, WaitReason::BackingOff),
        (ErrorClass::Unknown, WaitReason::BackingOff),
        (ErrorClass::Limit, WaitReason::CallRefused),
        (ErrorClass::Denied, WaitReason::CallRefused),
        (ErrorClass::Invalid, WaitReason::CallRefused),
        (ErrorClass::Unexpected, WaitReason::CallRefused),
    ] {
        fail(&mut case, &create, class);
        let plan = case.plan();
        assert_eq!(plan.steps[0].waiting_for, Some(reason), "{class:?}");
        assert_eq!(plan.waiting[0].message, "AWS's own words");
    }
}

#[test]
fn a_failed_call_is_made_again_when_its_time_has_come() {
    let mut case = Case::new(&json!({"stack": {}}));
    let create = planned(&case, "CreateStack");
    fail(&mut case, &create, ErrorClass::Throttled);
    case.now = minute(9);
    assert!(case.plan().steps[0].waiting_for.is_some());
    case.now = minute(10);
    assert!(case.plan().steps[0].waiting_for.is_none());
}

#[test]
fn what_needs_a_creation_that_failed_waits_and_the_rest_does_not() {
    let mut case = Case::new(&small());
    let create = planned(&case, "CreateFleet");
    fail(&mut case, &create, ErrorClass::Limit);
    check(
        &case,
        r#"
        hold CreateFleet fleet/cfd {"imageName":"pcluster-2026-11","instanceType":"stream.standard.medium"} tags ours (CallRefused)
        hold StartFleet fleet/cfd (EarlierStep)
        do CreateStack stack/cfd {} tags ours
        hold AssociateFleet fleet/cfd stack/cfd (EarlierStep)
        why fleet/cfd CallRefused
        diff fleet/cfd fleet: null -> "cfd"
        diff stack/cfd stack: null -> "cfd"
        diff stack/cfd association: [] -> "cfd"
        "#,
    );
}

#[test]
fn a_tag_that_is_refused_holds_up_nothing() {
    let mut case = Case::new(&json!({"stack": {"displayName": "CFD"}, "tags": {"team": "cfd"}}));
    case.observed.stack = Observed::Present(stack(json!({})));
    let tag = planned(&case, "TagResource");
    fail(&mut case, &tag, ErrorClass::Denied);
    check(
        &case,
        r#"
        hold TagResource stack/cfd team=cfd (CallRefused)
        do UpdateStack stack/cfd {"displayName":"CFD"}
        why stack/cfd CallRefused
        diff stack/cfd tags.team: null -> "cfd"
        diff stack/cfd stack.displayName: null -> "CFD"
        "#,
    );
}

#[test]
fn another_change_of_the_same_object_is_another_call() {
    let mut case = Case::new(&json!({"stack": {"displayName": "CFD"}}));
    case.observed.stack = Observed::Present(stack(json!({})));
    let update = planned(&case, "UpdateStack");
    fail(&mut case, &update, ErrorClass::Invalid);
    assert!(case.plan().steps[0].waiting_for.is_some());
    let edited = json!({"stack": {"displayName": "Flows"}});
    case.environment.spec = serde_json::from_value(edited).unwrap();
    assert!(case.plan().steps[0].waiting_for.is_none());
}

fn stopped(class: ErrorClass) -> Case {
    let mut case = alone(&[("/fleet/description", json!("for CFD"))]);
    case.observed.fleet = Observed::Present(fleet(FleetState::Stopped, json!({})));
    case.debts.insert("cfd".to_owned());
    let update = planned(&case, "UpdateFleet");
    fail(&mut case, &update, class);
    case
}

#[test]
fn a_start_waits_for_an_update_that_passes_in_a_moment() {
    for class in [
        ErrorClass::Throttled,
        ErrorClass::NotReady,
        ErrorClass::Unknown,
    ] {
        check(
            &stopped(class),
            r#"
            hold UpdateFleet fleet/cfd {"description":"for CFD"} (BackingOff)
            hold StartFleet fleet/cfd (EarlierStep)
            why fleet/cfd BackingOff
            diff fleet/cfd fleet.description: null -> "for CFD"
            "#,
        );
    }
}

#[test]
fn people_do_not_wait_for_an_update_that_aws_refuses() {
    for class in [ErrorClass::Invalid, ErrorClass::Denied, ErrorClass::Limit] {
        check(
            &stopped(class),
            r#"
            hold UpdateFleet fleet/cfd {"description":"for CFD"} (CallRefused)
            do StartFleet fleet/cfd
            why fleet/cfd CallRefused
            diff fleet/cfd fleet.description: null -> "for CFD"
            "#,
        );
    }
}

#[test]
fn a_fleet_is_not_stopped_over_and_over_for_a_change_that_aws_refuses() {
    let mut case = alone(&[("/fleet/description", json!("for CFD"))]);
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    let update = planned(&case, "UpdateFleet");
    let stops = |case: &Case| case.plan().steps[0].waiting_for.is_none();
    for (class, soon, later) in [
        (ErrorClass::Invalid, false, false),
        (ErrorClass::Denied, false, true),
        (ErrorClass::Gone, false, true),
        (ErrorClass::Limit, false, true),
        (ErrorClass::NotReady, true, true),
    ] {
        fail(&mut case, &update, class);
        case.now = minute(5);
        assert!(!stops(&case), "{class:?}");
        case.now = minute(11);
        assert_eq!(stops(&case), soon, "{class:?}");
        case.now = minute(71);
        assert_eq!(stops(&case), later, "{class:?}");
    }
    fail(&mut case, &update, ErrorClass::Invalid);
    check(
        &case,
        r#"
        hold StopFleet fleet/cfd, owing a start (CallRefused)
        hold UpdateFleet fleet/cfd {"description":"for CFD"} (CallRefused)
        hold StartFleet fleet/cfd (EarlierStep)
        why fleet/cfd CallRefused
        diff fleet/cfd fleet.description: null -> "for CFD"
        "#,
    );
}

#[test]
fn a_refused_change_does_not_keep_a_fleet_running_that_is_to_stand_still() {
    let mut case = alone(&[
        ("/fleet/description", json!("for CFD")),
        ("/fleet/state", json!("STOPPED")),
    ]);
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    let update = planned(&case, "UpdateFleet");
    fail(&mut case, &update, ErrorClass::Invalid);
    let plan = case.plan();
    assert_eq!(plan.steps[0].action.operation(), "StopFleet");
    assert_eq!(plan.steps[0].waiting_for, None);
}

#[test]
fn what_is_refused_in_place_goes_with_the_stop_because_some_go_together_only() {
    let mut case = alone(&[
        ("/image/name", json!("graphics-2026-11")),
        ("/fleet/instanceType", json!("stream.graphics.g5.xlarge")),
    ]);
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    let image = planned(&case, "UpdateFleet");
    fail(&mut case, &image, ErrorClass::Invalid);
    check(
        &case,
        r#"
        hold UpdateFleet fleet/cfd {"imageName":"graphics-2026-11"} (CallRefused)
        do StopFleet fleet/cfd, owing a start
        hold UpdateFleet fleet/cfd {"imageName":"graphics-2026-11","instanceType":"stream.graphics.g5.xlarge"} (EarlierStep)
        hold StartFleet fleet/cfd (EarlierStep)
        why fleet/cfd CallRefused
        diff fleet/cfd image: "pcluster-2026-11" -> "graphics-2026-11"
        diff fleet/cfd fleet.instanceType: "stream.standard.medium" -> "stream.graphics.g5.xlarge"
        "#,
    );
}

#[test]
fn a_step_that_waits_already_keeps_its_reason() {
    let mut case = alone(&[("/fleet/displayName", json!("CFD"))]);
    case.observed.fleet = Observed::Present(fleet(FleetState::Starting, json!({})));
    let update = planned(&case, "UpdateFleet");
    fail(&mut case, &update, ErrorClass::Denied);
    check(
        &case,
        r#"
        hold UpdateFleet fleet/cfd {"displayName":"CFD"} (FleetStarting)
        why fleet/cfd FleetStarting
        diff fleet/cfd fleet.displayName: null -> "CFD"
        diff fleet/cfd fleet.state: "STARTING" -> "RUNNING"
        "#,
    );
}

#[test]
fn what_stays_missing_needs_a_human_and_what_was_just_made_needs_time() {
    for class in [ErrorClass::Gone, ErrorClass::AlreadyThere] {
        for (attempt, reason) in [
            (1, WaitReason::BackingOff),
            (3, WaitReason::BackingOff),
            (4, WaitReason::CallRefused),
            (40, WaitReason::CallRefused),
        ] {
            let mut case = alone(&[]);
            case.owned.clear();
            let create = planned(&case, "CreateFleet");
            fail(&mut case, &create, class);
            case.failures.get_mut(&create.key()).unwrap().attempt = attempt;
            let plan = case.plan();
            assert_eq!(
                plan.steps[0].waiting_for,
                Some(reason),
                "{class:?} {attempt}"
            );
            assert_eq!(plan.waiting[0].reason, reason);
        }
    }
}
