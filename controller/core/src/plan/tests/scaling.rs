//! A fleet that Application Auto Scaling has in hand is not fought over.

use serde_json::{Value, json};

use super::harness::{LEFT_OUT, render, small, with};
use super::world::World;
use crate::action::Action;
use crate::check;
use crate::condition::{ConditionStatus, ConditionType};
use crate::event::{EventReason, EventType};
use crate::observed::{Observed, Scaling};
use crate::plan::WaitReason;
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

#[test]
fn a_target_that_outlives_its_fleet_is_said() {
    let mut world = scaled(BETWEEN);
    world.pass();
    world.delete();
    let mut said = Vec::new();
    for _ in 0..20 {
        said = world.plan().remarks;
        if !said.is_empty() && world.aws.fleets.is_empty() {
            break;
        }
        world.pass();
    }
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].reason, EventReason::ScalableTargetLeft);
    assert_eq!(said[0].event_type, EventType::Warning);
    assert!(said[0].message.contains("--resource-id fleet/cfd "));
    world.pass();
    assert!(world.gone, "the row does not stay for it");
}

#[test]
fn the_checker_refuses_a_capacity_that_others_may_set() {
    let mut case = super::harness::Case::new(&of(3));
    let settings = json!({"computeCapacity": {"desiredInstances": 2}});
    let running = crate::observed::FleetState::Running;
    case.observed.fleet = Observed::Present(super::harness::fleet(running, settings));
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
