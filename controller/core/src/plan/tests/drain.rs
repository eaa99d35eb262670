//! While people hold up a stop, instances of a multi-session fleet take nobody else: where the row
//! says so, once each, and not too many in one pass.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::harness::{Case, LEFT_OUT, check, fleet, minute, render, small, with};
use super::world::{Fault, World, is_quiet};
use crate::action::Action;
use crate::cloud::ErrorClass;
use crate::observed::{FleetState, Observed, OccupiedInstance};
use crate::plan::{CallFailure, WaitReason, settle};
use crate::record::Outcome;

/// A multi-session fleet alone, with a change that needs a stop.
fn row(disruption: &Value) -> Value {
    with(
        small(),
        &[
            ("/stack", json!(LEFT_OUT)),
            ("/fleet/computeCapacity", json!({"desiredSessions": 8})),
            ("/fleet/maxSessionsPerInstance", json!(2)),
            ("/fleet/disruption", disruption.clone()),
            ("/fleet/description", json!("for CFD")),
        ],
    )
}

fn drains() -> Value {
    json!({"drain": true})
}

/// The fleet runs, with people on these instances.
fn with_people(row: &Value, instances: &[(&str, Option<bool>)]) -> Case {
    let mut case = Case::new(row);
    let settings = json!({"maxSessionsPerInstance": 2, "computeCapacity": {"desiredSessions": 8}});
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, settings));
    case.owned.insert("fleet/cfd".to_owned());
    let people = u32::try_from(instances.len()).unwrap();
    case.observed
        .sessions
        .insert("cfd".to_owned(), Observed::Present(people));
    let instances = instances
        .iter()
        .map(|(id, drains)| ((*id).to_owned(), instance(id, *drains)));
    let instances = Observed::Present(instances.collect());
    case.observed.instances.insert("cfd".to_owned(), instances);
    case
}

fn instance(id: &str, is_draining: Option<bool>) -> OccupiedInstance {
    OccupiedInstance {
        session: format!("session-on-{id}"),
        is_draining,
    }
}

fn drain(id: &str) -> Action {
    Action::DrainSessionInstance {
        fleet: "cfd".to_owned(),
        instance: id.to_owned(),
        session: instance(id, None).session,
    }
}

/// The instances that a plan drains.
fn drained(case: &Case) -> Vec<String> {
    let mut instances = Vec::new();
    for step in case.plan().steps {
        if let Action::DrainSessionInstance { instance, .. } = step.action
            && step.waiting_for.is_none()
        {
            instances.push(instance);
        }
    }
    instances
}

/// What is said of the people who are waited for.
fn says(case: &Case) -> String {
    let waiting = case.plan().waiting;
    let mut of_people = waiting
        .iter()
        .filter(|one| one.reason == WaitReason::WaitingForSessions);
    let message = of_people.next().map(|one| one.message.clone());
    message.unwrap_or_else(|| panic!("{waiting:?}"))
}

const PEOPLE: &str = "2 sessions on the fleet; it is stopped when none is left";

#[test]
fn instances_that_people_are_on_take_nobody_else_while_a_stop_waits() {
    let mut case = with_people(
        &row(&drains()),
        &[("i-1", Some(false)), ("i-2", Some(false))],
    );
    check(
        &case,
        r#"
        do DrainSessionInstance fleet/cfd i-1
        do DrainSessionInstance fleet/cfd i-2
        hold StopFleet fleet/cfd, owing a start (WaitingForSessions)
        hold UpdateFleet fleet/cfd {"description":"for CFD"} (WaitingForSessions)
        hold StartFleet fleet/cfd (EarlierStep)
        why fleet/cfd WaitingForSessions
        diff fleet/cfd fleet.description: null -> "for CFD"
        "#,
    );
    assert_eq!(case.plan().steps[0].action, drain("i-1"));
    assert_eq!(says(&case), PEOPLE);
    // Once is enough.
    case = with_people(
        &row(&drains()),
        &[("i-1", Some(true)), ("i-2", Some(false))],
    );
    assert_eq!(drained(&case), ["i-2"]);
    assert_eq!(
        says(&case),
        format!("{PEOPLE}; of 2 instances with people 1 take nobody else")
    );
}

#[test]
fn a_stop_that_the_row_asks_for_drains_too_and_no_other_moment_does() {
    let stopped = with(row(&drains()), &[("/fleet/state", json!("STOPPED"))]);
    let people = [("i-1", Some(false))];
    assert_eq!(drained(&with_people(&stopped, &people)), ["i-1"]);
    let settled = with(row(&drains()), &[("/fleet/description", json!(LEFT_OUT))]);
    let case = with_people(&settled, &people);
    assert!(is_quiet(&case.plan()), "{}", render(&case.plan()));
}

#[test]
fn only_a_row_that_says_so_drains_and_only_where_people_are_waited_for() {
    // The tests' first moment is a Friday.
    let closed = json!({"days": ["SUNDAY"], "start": "01:00", "end": "02:00", "timeZone": "UTC"});
    for (disruption, expected) in [
        (drains(), 1),
        (json!({}), 0),
        (json!({"drain": false}), 0),
        (json!({"drain": true, "policy": "Always"}), 0),
        (json!({"drain": true, "policy": "Never"}), 0),
        (json!({"drain": true, "window": closed}), 0),
    ] {
        let case = with_people(&row(&disruption), &[("i-1", Some(false))]);
        assert_eq!(drained(&case).len(), expected, "{disruption}");
    }
    let mut nobody = with_people(&row(&drains()), &[]);
    assert_eq!(drained(&nobody).len(), 0);
    nobody.observed.instances.clear();
    nobody.observed.sessions.clear();
    assert_eq!(drained(&nobody).len(), 0);
}

#[test]
fn what_drains_stays_told_when_the_row_no_longer_says_so() {
    let case = with_people(
        &row(&json!({})),
        &[("i-1", Some(true)), ("i-2", Some(false))],
    );
    assert!(says(&case).ends_with("of 2 instances with people 1 take nobody else"));
}

#[test]
fn where_nothing_can_be_drained_it_is_said_why() {
    let mut case = with_people(&row(&drains()), &[("i-1", None), ("i-2", None)]);
    assert_eq!(drained(&case).len(), 0);
    assert_eq!(
        says(&case),
        format!("{PEOPLE}; AWS does not say which instances can be drained")
    );
    // A session that AWS names no instance of is a person all the same.
    let none = Observed::Present(BTreeMap::new());
    case.observed.instances.insert("cfd".to_owned(), none);
    assert_eq!(drained(&case).len(), 0);
    assert!(says(&case).starts_with(PEOPLE));

    let alone = with(
        row(&drains()),
        &[
            ("/fleet/maxSessionsPerInstance", json!(LEFT_OUT)),
            ("/fleet/computeCapacity", json!(LEFT_OUT)),
        ],
    );
    for (most, state) in [
        (json!(null), FleetState::Running),
        (json!(1), FleetState::Running),
    ] {
        let mut case = with_people(&alone, &[("i-1", Some(false)), ("i-2", Some(false))]);
        let settings = json!({"maxSessionsPerInstance": most});
        case.observed.fleet = Observed::Present(fleet(state, settings));
        assert_eq!(drained(&case).len(), 0, "{most}");
        assert_eq!(
            says(&case),
            format!("{PEOPLE}; fleet.disruption.drain is for running multi-session fleets")
        );
    }
}

#[test]
fn a_pass_drains_ten_instances_and_the_next_the_rest() {
    let names: Vec<String> = (10..35).map(|number| format!("i-{number}")).collect();
    let mut instances: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), Some(false)))
        .collect();
    let row = row(&drains());
    assert_eq!(drained(&with_people(&row, &instances)), names[..10]);
    for done in &mut instances[..10] {
        done.1 = Some(true);
    }
    assert_eq!(drained(&with_people(&row, &instances)), names[10..20]);
}

#[test]
fn a_refused_drain_is_told_and_nobody_has_to_come_for_it() {
    for (class, held, retried) in [
        (ErrorClass::Denied, WaitReason::CallRefused, true),
        (ErrorClass::Gone, WaitReason::CallRefused, true),
        (ErrorClass::NotReady, WaitReason::BackingOff, true),
    ] {
        let mut case = with_people(
            &row(&drains()),
            &[("i-1", Some(false)), ("i-2", Some(false))],
        );
        let failure = CallFailure {
            class,
            message: "AccessDeniedException: no".to_owned(),
            not_before: minute(5),
            attempt: 9,
        };
        case.failures.insert(drain("i-1").key(), failure);
        let plan = case.plan();
        assert_eq!(plan.steps[0].waiting_for, Some(held));
        assert_eq!(drained(&case), ["i-2"], "{class:?}");
        assert!(plan.waiting.iter().all(|one| !one.reason.needs_human()));
        let is_said = says(&case).ends_with("; draining is refused: AccessDeniedException: no");
        assert_eq!(is_said, held == WaitReason::CallRefused, "{class:?}");
        // A session that ended is no other call: it is told by its instance.
        let instances = case.observed.instances.get_mut("cfd").unwrap();
        let Observed::Present(instances) = instances else {
            unreachable!("it was seen")
        };
        instances.get_mut("i-1").unwrap().session = "another".to_owned();
        assert_eq!(drained(&case), ["i-2"], "{class:?}");
        case.now = minute(5);
        assert_eq!(drained(&case).len() == 2, retried, "{class:?}");
    }
}

#[test]
fn a_row_that_goes_drains_before_it_waits_to_part_anything() {
    let spec = with(row(&drains()), &[("/stack", json!({}))]);
    let mut case = with_people(&spec, &[("i-1", Some(false))]);
    case.environment.deletion_requested_at = Some(minute(0));
    case.observed.fleet_stacks = Observed::Present(["cfd".to_owned()].into());
    case.observed.stack = Observed::Present(super::harness::stack(json!({})));
    case.observed.stack_fleets = Observed::Present(["cfd".to_owned()].into());
    case.owned.insert("stack/cfd".to_owned());
    check(
        &case,
        r"
        do DrainSessionInstance fleet/cfd i-1
        hold DisassociateFleet fleet/cfd stack/cfd (WaitingForSessions)
        hold StopFleet fleet/cfd (WaitingForSessions)
        hold DeleteFleet fleet/cfd (WaitingForSessions)
        hold DeleteStack stack/cfd (WaitingForSessions)
        why fleet/cfd WaitingForSessions
        ",
    );
}

#[test]
fn a_lost_drain_is_found_out_by_looking_who_is_on_the_fleet() {
    for (seen, outcome) in [
        (vec![("i-1", Some(true))], Some(Outcome::Ok)),
        (vec![("i-1", Some(false))], Some(Outcome::Refused)),
        (vec![("i-1", None)], Some(Outcome::Refused)),
        (vec![("i-2", Some(true))], Some(Outcome::Refused)),
        (vec![], Some(Outcome::Refused)),
    ] {
        assert_eq!(settled(&with_people(&row(&drains()), &seen)), outcome);
    }
    let mut case = with_people(&row(&drains()), &[]);
    case.observed.instances.clear();
    assert_eq!(settled(&case), None);
    case.open(drain("i-1"));
    let plan = case.plan();
    assert!(plan.needs.sessions.contains("cfd"), "{}", render(&plan));
    assert!(plan.steps.iter().all(|step| step.waiting_for.is_some()));
    case.observed.fleet = Observed::Absent;
    case.intents.clear();
    assert_eq!(settled(&case), Some(Outcome::Refused));
}

/// What a look makes of a drain whose answer was lost.
fn settled(case: &Case) -> Option<Outcome> {
    let mut case = case.clone();
    case.open(drain("i-1"));
    let (settled, _) = settle(&case.environment, &case.intents, &case.observed);
    settled.first().map(|(_, outcome)| *outcome)
}

#[test]
fn the_wait_ends_with_the_last_session_whatever_becomes_of_the_calls() {
    for faults in [
        vec![],
        vec![Fault::AnswerLost],
        vec![Fault::Lost],
        vec![Fault::Lost, Fault::AnswerLost, Fault::Lost],
    ] {
        let before = with(row(&drains()), &[("/fleet/description", json!(LEFT_OUT))]);
        let mut world = World::converged(&before);
        world.aws.sessions.insert("cfd".to_owned(), 3);
        world.faults = faults.clone();
        world.edit(&row(&drains()));
        for _ in 0..8 {
            world.pass();
        }
        assert_eq!(world.aws.draining.len(), 2, "{faults:?}");
        let made = world.operations().len();
        world.pass();
        assert_eq!(world.operations().len(), made, "nothing is told twice");
        world.aws.sessions.insert("cfd".to_owned(), 1);
        world.pass();
        assert_eq!(world.operations().len(), made, "somebody is left");
        world.aws.sessions.clear();
        world.converge();
        let after = &world.operations()[made..];
        assert_eq!(after, ["StopFleet", "UpdateFleet", "StartFleet"]);
    }
}
