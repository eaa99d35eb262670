//! A fleet that Application Auto Scaling has in hand is not fought over.

use serde_json::{Value, json};

use super::failures_and_backoff::fail;
use super::harness::{Case, LEFT_OUT, expect, fleet, minute, render, small, with};
use super::world::World;
use crate::action::Action;
use crate::check;
use crate::cloud::ErrorClass;
use crate::condition::{ConditionStatus, ConditionType};
use crate::environment::DeletionPolicy;
use crate::event::{EventReason, EventType};
use crate::observed::{FleetState, Observed, ObservedTags, Scaling};
use crate::plan::{Plan, WaitReason, settle};
use crate::record::Outcome;
use crate::verdict;

const BETWEEN: Scaling = Scaling::Target { min: 1, max: 10 };

fn of(instances: i32) -> Value {
    let capacity = json!({"desiredInstances": instances});
    let changes = [
        ("/stack", json!(LEFT_OUT)),
        ("/fleet/computeCapacity", capacity),
    ];
    with(small(), &changes)
}

fn set(world: &mut World, instances: i32) {
    let settings = &mut world.aws.fleets.get_mut("cfd").unwrap().settings;
    let capacity = settings.compute_capacity.as_mut().unwrap();
    capacity.desired_instances = Some(instances);
}

fn capacity(world: &World) -> Option<i32> {
    let settings = &world.aws.fleets["cfd"].settings;
    settings.compute_capacity.as_ref()?.desired_instances
}

/// A fleet made with two instances that was scaled to five.
fn scaled(what: Scaling) -> World {
    let mut world = World::converged(&of(2));
    world.aws.scaling.insert("cfd".to_owned(), what);
    set(&mut world, 5);
    world
}

#[test]
fn what_scaling_set_is_no_difference_and_no_drift() {
    let mut world = scaled(BETWEEN);
    let plan = world.plan();
    assert!(plan.differences.is_empty(), "{}", render(&plan));
    let conditions = verdict::conditions(&world.environment, &plan, &[]);
    let ready = conditions
        .iter()
        .find(|one| one.condition_type == ConditionType::Ready);
    assert_eq!(ready.unwrap().status, ConditionStatus::True);
    assert_eq!(world.pass().made, 0);
    world.quiet();
    assert!(world.open_drift.is_empty());
    assert_eq!(capacity(&world), Some(5));
}

#[test]
fn people_are_told_once_that_the_row_counts_at_creation_only() {
    let world = scaled(BETWEEN);
    let [remark] = &world.plan().remarks[..] else {
        panic!("{}", render(&world.plan()));
    };
    assert_eq!(
        (remark.event_type, remark.reason),
        (EventType::Normal, EventReason::CapacityScaled)
    );
    assert!(remark.message.contains("between 1 and 10; the row's 2 is"));
    // The same words whatever it is scaled to, so that one event says it.
    let mut other = scaled(BETWEEN);
    set(&mut other, 7);
    assert_eq!(other.plan().remarks, world.plan().remarks);
    let rows = verdict::plan_rows(&world.plan(), &[], world.now);
    assert_eq!((rows.len(), &*rows[0].action), (1, "-"));
    assert_eq!(rows[0].waiting_for, None);
}

#[test]
fn a_number_outside_of_the_bounds_is_not_fought_for_either() {
    let mut world = scaled(BETWEEN);
    world.edit(&of(50));
    let plan = world.plan();
    let said = &plan.remarks[0].message;
    assert!(said.contains("the row's 50 is outside of that"), "{said}");
    assert_eq!(world.pass().made, 0);
    world.quiet();
    assert_eq!(capacity(&world), Some(5));
}

#[test]
fn an_unrelated_update_leaves_the_capacity_out() {
    let mut world = scaled(BETWEEN);
    world.edit(&with(of(3), &[("/fleet/displayName", json!("CFD"))]));
    world.converge();
    let updates: Vec<_> = world
        .calls
        .iter()
        .filter_map(|call| {
            let Action::UpdateFleet { set, .. } = call else {
                return None;
            };
            Some(set)
        })
        .collect();
    assert_eq!(updates.len(), 1);
    assert_eq!(updates[0].compute_capacity, None);
    assert_eq!(updates[0].display_name.as_deref(), Some("CFD"));
    assert_eq!(capacity(&world), Some(5));
}

#[test]
fn without_a_target_or_the_right_to_see_one_the_row_is_what_counts() {
    let mut world = scaled(Scaling::Hidden);
    world.converge();
    assert_eq!(capacity(&world), Some(2));

    let mut world = scaled(BETWEEN);
    world.converge();
    world.aws.scaling.clear();
    world.converge();
    assert_eq!(capacity(&world), Some(2), "the target was deregistered");
}

#[test]
fn while_nobody_knows_who_scales_it_the_capacity_alone_waits() {
    let mut world = scaled(BETWEEN);
    world.blind.scaling = true;
    world.edit(&with(of(3), &[("/fleet/displayName", json!("CFD"))]));
    let plan = world.plan();
    let reasons: Vec<_> = plan.waiting.iter().map(|one| one.reason).collect();
    assert_eq!(reasons, [WaitReason::NotObserved]);
    assert_eq!(plan.steps.len(), 1, "{}", render(&plan));
    world.pass();
    assert_eq!(capacity(&world), Some(5));
}

#[test]
fn a_capacity_that_holds_asks_nobody_who_scales_it() {
    let world = World::converged(&of(2));
    assert!(world.plan().needs.scaling.is_empty());
    let mut ignored = of(2);
    ignored["ignore"] = json!(["fleet.computeCapacity"]);
    let mut world = World::converged(&ignored);
    set(&mut world, 5);
    let plan = world.plan();
    assert!(plan.needs.scaling.is_empty() && plan.remarks.is_empty());
}

/// Stopped, free and ours, of a row that is deleted, with a target unless something else is said.
fn going() -> Case {
    let mut case = Case::new(&of(2));
    case.environment.deletion_requested_at = Some(minute(0));
    case.observed.fleet = Observed::Present(fleet(FleetState::Stopped, json!({})));
    case.observed.fleet_stacks = Observed::Present([].into());
    case.observed.scaling = Observed::Present(BETWEEN);
    case.owned.insert("fleet/cfd".to_owned());
    case
}

fn deregister() -> Action {
    Action::DeregisterScalableTarget {
        fleet: "cfd".to_owned(),
    }
}

#[test]
fn a_fleet_that_goes_is_scaled_no_more_where_that_is_known_and_allowed() {
    let goes = "do DeleteFleet fleet/cfd";
    for (scaling, plan) in [
        (Observed::Absent, goes),
        (Observed::Present(Scaling::Hidden), goes),
        (
            Observed::Present(BETWEEN),
            "do DeregisterScalableTarget fleet/cfd
            do DeleteFleet fleet/cfd",
        ),
        (
            Observed::Unknown("throttled".to_owned()),
            "hold DeleteFleet fleet/cfd (NotObserved)
            why fleet/cfd NotObserved
            ask what scales cfd",
        ),
    ] {
        let mut case = going();
        case.observed.scaling = scaling;
        expect(&case.plan(), plan);
    }
}

#[test]
fn a_refusal_keeps_no_fleet_and_what_passes_is_waited_for() {
    let refused = "hold DeregisterScalableTarget fleet/cfd (CallRefused)
        do DeleteFleet fleet/cfd";
    let passes = "hold DeregisterScalableTarget fleet/cfd (BackingOff)
        hold DeleteFleet fleet/cfd (EarlierStep)
        why fleet/cfd BackingOff";
    for (class, plan) in [
        (ErrorClass::Denied, refused),
        (ErrorClass::Invalid, refused),
        (ErrorClass::Limit, refused),
        (ErrorClass::Unexpected, refused),
        (ErrorClass::Gone, refused),
        (ErrorClass::Throttled, passes),
        (ErrorClass::NotReady, passes),
        (ErrorClass::Unknown, passes),
    ] {
        let mut case = going();
        fail(&mut case, &deregister(), class);
        expect(&case.plan(), plan);
        // What was refused is not tried again either while the row is the same.
        case.now = minute(20);
        let again = case.plan().steps[0].waiting_for;
        let expected = (plan == refused).then_some(WaitReason::CallRefused);
        assert_eq!(again, expected, "{class:?}");
    }
}

#[test]
fn a_fleet_that_does_not_go_yet_is_scaled_on() {
    let mut case = going();
    let delete = Action::DeleteFleet {
        name: "cfd".to_owned(),
    };
    fail(&mut case, &delete, ErrorClass::NotReady);
    expect(
        &case.plan(),
        "hold DeregisterScalableTarget fleet/cfd (BackingOff)
        hold DeleteFleet fleet/cfd (BackingOff)
        why fleet/cfd BackingOff",
    );
    let mut case = going();
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    case.observed
        .sessions
        .insert("cfd".to_owned(), Observed::Present(0));
    expect(
        &case.plan(),
        "do StopFleet fleet/cfd
        hold DeleteFleet fleet/cfd (EarlierStep)",
    );
    for policy in [DeletionPolicy::Retain, DeletionPolicy::Forget] {
        let mut case = going();
        case.environment.deletion_policy = policy;
        let steps = case.plan().steps;
        assert!(steps.iter().all(|step| step.action != deregister()));
    }
}

#[test]
fn whoever_replaces_a_fleet_reads_that_scaling_has_to_be_registered_again() {
    let replaced = json!({"policy": "WhenIdle", "allowReplacement": true});
    let spec = with(of(2), &[("/fleet/disruption", replaced)]);
    let mut world = World::converged(&spec);
    world.aws.scaling.insert("cfd".to_owned(), BETWEEN);
    world.edit(&with(spec, &[("/fleet/fleetType", json!("ALWAYS_ON"))]));
    let before = world.calls.len();
    let mut said = None;
    for _ in 0..10 {
        let plan = world.plan();
        let step = plan.steps.iter().find(|step| step.action == deregister());
        said = said.or(step.map(|step| step.reason.clone()));
        world.pass();
    }
    let said = said.unwrap();
    assert!(
        said.ends_with("register it again for the new fleet"),
        "{said}"
    );
    world.converge();
    assert_eq!(
        world.operations()[before..],
        [
            "StopFleet",
            "DeregisterScalableTarget",
            "DeleteFleet",
            "CreateFleet",
            "StartFleet"
        ]
    );
    assert!(world.aws.scaling.is_empty());
}

#[test]
fn a_fleet_that_the_row_leaves_out_takes_its_target_along() {
    let replaced = json!({"policy": "WhenIdle", "allowReplacement": true});
    let spec = with(small(), &[("/fleet/disruption", replaced)]);
    let mut world = World::converged(&spec);
    world.aws.scaling.insert("cfd".to_owned(), BETWEEN);
    let left_out = json!(LEFT_OUT);
    let fleetless = [("/fleet", left_out.clone()), ("/image", left_out)];
    world.edit(&with(spec, &fleetless));
    world.converge();
    assert!(world.aws.scaling.is_empty() && world.aws.fleets.is_empty());
    let [.., last, deletes] = &world.operations()[..] else {
        panic!("{:?}", world.operations());
    };
    assert_eq!(
        [*last, *deletes],
        ["DeregisterScalableTarget", "DeleteFleet"]
    );
}

#[test]
fn a_target_that_outlives_its_fleet_is_said() {
    let mut case = going();
    case.observed.fleet = Observed::Absent;
    let mut left_out = going();
    left_out.environment.deletion_requested_at = None;
    left_out.environment.spec.fleet = None;
    left_out.held("fleet.disruption", json!({"allowReplacement": true}));
    left_out.observed.fleet = Observed::Absent;
    for case in [&mut case, &mut left_out] {
        let plan = case.plan();
        let [said] = &plan.remarks[..] else {
            panic!("{}", render(&plan));
        };
        assert_eq!(said.reason, EventReason::ScalableTargetLeft);
        assert_eq!(said.event_type, EventType::Warning);
        assert!(said.message.contains("--resource-id fleet/cfd "));
        case.observed.scaling = Observed::Unknown("not looked at".to_owned());
        let plan = case.plan();
        assert!(plan.needs.scaling.contains("cfd") && plan.remarks.is_empty());
    }
    assert!(case.plan().finished, "the row does not stay for it");
    case.environment.deletion_policy = DeletionPolicy::Retain;
    assert!(case.plan().needs.scaling.is_empty());
}

#[test]
fn a_deregistering_whose_answer_was_lost_is_found_out_by_looking() {
    let mut case = going();
    case.open(deregister());
    let plan = case.plan();
    assert!(plan.needs.scaling.contains("cfd"));
    let acts = plan.steps.iter().filter(|step| step.waiting_for.is_none());
    assert_eq!(acts.count(), 0, "{}", render(&plan));
    for (scaling, outcome) in [
        (Observed::Absent, Some(Outcome::Ok)),
        (Observed::Present(BETWEEN), Some(Outcome::Refused)),
        (Observed::Present(Scaling::Hidden), Some(Outcome::Refused)),
        (Observed::Unknown("throttled".to_owned()), None),
    ] {
        case.observed.scaling = scaling;
        let (settled, _) = settle(&case.environment, &case.intents, &case.observed);
        let found = settled.first().map(|(_, outcome)| *outcome);
        assert_eq!(found, outcome);
    }
}

#[test]
fn the_checker_lets_a_target_go_only_right_before_its_fleet() {
    let alone = "a scalable target is deregistered only right before its fleet is deleted";
    let unseen = "only a scalable target that was seen is deregistered";
    let rules = |case: &Case, plan: &Plan| {
        let notes = check::check(&case.input(), plan);
        notes.into_iter().map(|note| note.rule).collect::<Vec<_>>()
    };
    let mut case = going();
    let mut plan = case.plan();
    assert_eq!(rules(&case, &plan), [""; 0]);
    for scaling in [
        Observed::Absent,
        Observed::Present(Scaling::Hidden),
        Observed::Unknown("throttled".to_owned()),
    ] {
        case.observed.scaling = scaling;
        assert_eq!(rules(&case, &plan), [unseen]);
    }
    case.observed.scaling = Observed::Present(BETWEEN);
    plan.steps[1].waiting_for = Some(WaitReason::JustChanged);
    assert_eq!(rules(&case, &plan), [alone]);
    plan.steps.truncate(1);
    assert_eq!(rules(&case, &plan), [alone]);
    let theirs = [("streamkeeper:uid".to_owned(), "another".to_owned())];
    let mut fleet = fleet(FleetState::Stopped, json!({}));
    fleet.tags = ObservedTags::Known(theirs.into());
    case.observed.fleet = Observed::Present(fleet);
    let foreign = "what carries another uid is never touched";
    assert_eq!(rules(&case, &plan), [foreign, alone]);
}

#[test]
fn the_checker_refuses_a_capacity_that_others_may_set() {
    let mut case = Case::new(&of(3));
    let settings = json!({"computeCapacity": {"desiredInstances": 2}});
    let running = FleetState::Running;
    case.observed.fleet = Observed::Present(fleet(running, settings));
    case.owned.insert("fleet/cfd".to_owned());
    let plan = case.plan();
    assert_eq!(plan.steps.len(), 1, "{}", render(&plan));
    for scaling in [
        Observed::Present(BETWEEN),
        Observed::Unknown("throttled".to_owned()),
    ] {
        case.observed.scaling = scaling;
        let notes = check::check(&case.input(), &plan);
        assert_eq!(notes.len(), 1, "{notes:?}");
    }
}
