//! Laws of planning on generated rows, accidents and gaps, with a fixed seed.
//!
//! Seed and count can be chosen, and each law prints its own:
//!
//! ```text
//! LAWS_SEED=7 LAWS_CASES=5000 cargo test -p streamkeeper-core laws -- --nocapture
//! ```
//!
//! What such a run finds goes into `laws/saved.rs`.
//!
//! Every plan of every pass goes through the checker, and the world refuses every call that AWS
//! would refuse: a case that comes to its end has proven more than its last assertion.

mod accident;
mod compare;
mod generate;
mod imported;
mod people;
mod replacement;
mod saved;

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use self::accident::{Accident, accident};
use self::compare::{assert_same_where_managed, assert_untouched_elsewhere};
use self::generate::{Pair, pair, shuffled};
use super::harness::{render, sid};
use super::world::aws::{Aws, HOME_BUCKET};
use super::world::{Blind, ENOUGH, Fault, World, is_quiet};
use crate::action::{Action, ObjectKind};
use crate::environment::Mode;
use crate::generated;
use crate::plan::Plan;
use crate::spec::Adoption;

/// Each run is alike; another seed is another few hundred cases.
const SEED: u64 = 20_261_124;

fn config(cases: u32) -> ProptestConfig {
    generated::config(SEED, cases)
}

/// An account that others use as well: home folders are there, a bucket has a policy.
fn account(pair: &Pair) -> Aws {
    let mut aws = Aws {
        unknowns: pair.unknowns,
        ..Aws::default()
    };
    aws.make_home_bucket();
    let foreign = serde_json::json!({"Version": "2012-10-17", "Statement": [foreign_statement()]});
    aws.buckets.insert("shared-data".to_owned(), Some(foreign));
    aws.buckets.insert("empty-data".to_owned(), None);
    aws
}

fn foreign_statement() -> Value {
    serde_json::json!({
        "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::shared-data", "arn:aws:s3:::shared-data/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}
    })
}

/// Statements that are not ours, in their order.
fn theirs(policy: Option<&Value>) -> Vec<Value> {
    let statements = policy.and_then(|policy| policy["Statement"].as_array());
    statements
        .into_iter()
        .flatten()
        .filter(|one| {
            !one["Sid"]
                .as_str()
                .unwrap_or_default()
                .starts_with(&sid(""))
        })
        .cloned()
        .collect()
}

fn begin(pair: &Pair, spec: &Value) -> World {
    let mut world = World::new(spec);
    world.aws = account(pair);
    world.walks = pair.walks;
    world
}

/// Lets accidents happen, and the Tagging API hear of them.
fn strike(world: &mut World, accidents: &[Accident]) {
    for accident in accidents {
        (accident.strike)(&mut world.aws);
    }
    world.aws.index_tags();
    world.reads_association = true;
}

/// What must hold of the calls of any run in which nobody asked for a deletion.
fn nothing_was_taken_away(world: &World) {
    for call in &world.calls {
        let ends_something = matches!(
            call,
            Action::DeleteFleet { .. }
                | Action::DeregisterScalableTarget { .. }
                | Action::DeleteStack { .. }
        );
        assert!(!ends_something, "{call}");
        if let Action::DisassociateFleet { fleet, .. } = call {
            assert_ne!(Some(fleet.as_str()), world.environment.fleet_name());
        }
    }
    let policy = world.aws.buckets["shared-data"].as_ref().unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    assert!(statements.contains(&foreign_statement()), "{policy}");
    let home = world.aws.buckets[HOME_BUCKET].as_ref().unwrap();
    let protection = &home["Statement"][0]["Sid"];
    assert_eq!(protection, "PreventAccidentalDeletionOfBucket");
}

fn acts(plan: &Plan) -> Vec<String> {
    plan.steps
        .iter()
        .filter(|step| step.waiting_for.is_none())
        .map(|step| step.action.to_string())
        .collect()
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn any_row_converges_from_any_other_through_any_accident(
        pair in pair(), accidents in vec(accident(), 0..4),
    ) {
        let mut world = begin(&pair, &pair.a);
        world.converge();
        strike(&mut world, &accidents);
        let before = world.aws.clone();
        world.edit(&pair.b);
        world.converge();
        nothing_was_taken_away(&world);

        let mut fresh = begin(&pair, &pair.b);
        fresh.converge();
        assert_same_where_managed(&world, &fresh, &pair);
        if !accidents.iter().any(Accident::removes_an_object) {
            assert_untouched_elsewhere(&world, &before, &pair);
        }
    }

    #[test]
    fn a_row_edited_before_it_converged_ends_where_a_fresh_one_does(
        pair in pair(), passes in 0..6_usize,
    ) {
        let mut world = begin(&pair, &pair.a);
        for _ in 0..passes {
            world.pass();
        }
        world.edit(&pair.b);
        world.converge();
        let mut fresh = begin(&pair, &pair.b);
        fresh.converge();
        assert_same_where_managed(&world, &fresh, &pair);
    }

    #[test]
    fn any_lost_call_or_answer_is_found_out(
        pair in pair(),
        faults in vec(prop_oneof![
            3 => Just(Fault::None), 1 => Just(Fault::Lost), 1 => Just(Fault::AnswerLost),
        ], 0..12),
    ) {
        let mut world = begin(&pair, &pair.a);
        world.faults = faults;
        world.converge();
        world.edit(&pair.b);
        world.converge();
        prop_assert!(world.intents.is_empty());
        nothing_was_taken_away(&world);
        let mut fresh = begin(&pair, &pair.b);
        fresh.converge();
        assert_same_where_managed(&world, &fresh, &pair);
    }

    #[test]
    fn the_order_of_what_comes_in_changes_no_byte(
        pair in pair(), accidents in vec(accident(), 0..3), seed: u64,
    ) {
        let mut world = begin(&pair, &pair.a);
        world.converge();
        strike(&mut world, &accidents);
        world.edit(&pair.b);
        let plan = world.plan();
        world.edit(&shuffled(&pair.b, seed));
        prop_assert_eq!(&plan, &world.plan());
    }

    #[test]
    fn what_is_not_known_is_neither_made_nor_ended(
        pair in pair(), accidents in vec(accident(), 0..3), blind in 0..8_usize, settled: bool,
        deleting: bool,
    ) {
        let mut world = begin(&pair, &pair.a);
        if settled {
            world.converge();
            strike(&mut world, &accidents);
            world.edit(&pair.b);
        }
        if deleting {
            world.delete();
        }
        world.blind = Blind::each()[blind].clone();
        let plan = world.plan();
        for step in plan.steps.iter().filter(|step| step.waiting_for.is_none()) {
            assert_known(&world, &step.action);
        }
        prop_assert!(!(deleting && plan.finished && !world.owned.is_empty()
            && depends(&world)), "{}", render(&plan));
        world.blind = Blind::default();
        world.converge();
    }

    #[test]
    fn observing_never_acts(pair in pair(), accidents in vec(accident(), 0..4)) {
        let mut world = begin(&pair, &pair.a);
        world.converge();
        strike(&mut world, &accidents);
        world.environment.mode = Mode::Observe;
        world.edit(&pair.b);
        let calls = world.calls.len();
        for _ in 0..4 {
            let plan = world.pass().plan;
            prop_assert!(acts(&plan).is_empty(), "{}", render(&plan));
        }
        prop_assert_eq!(world.calls.len(), calls);
        world.environment.mode = Mode::Enforce;
        world.converge();
    }

    #[test]
    fn a_conflict_on_one_object_stops_every_call(
        pair in pair(), on_the_fleet: bool, other_uid: bool,
    ) {
        let mut owner = begin(&pair, &pair.a);
        owner.converge();
        let tags = if other_uid {
            super::harness::tags(&[("streamkeeper:uid", "somebody else's")])
        } else {
            super::harness::tags(&[])
        };
        let fleet = owner.aws.fleets.values_mut().next();
        let stack = owner.aws.stacks.values_mut().next();
        match (fleet, stack) {
            (Some(fleet), _) if on_the_fleet => fleet.tags = tags,
            (_, Some(stack)) => stack.tags = tags,
            (Some(fleet), None) => fleet.tags = tags,
            (None, None) => unreachable!("a row has a fleet or a stack"),
        }
        owner.environment.spec.adoption = Adoption::Never;
        owner.aws.tick();
        owner.edit(&pair.b);
        owner.environment.spec.adoption = Adoption::Never;
        let plan = owner.plan();
        prop_assert!(acts(&plan).is_empty(), "{}", render(&plan));
        prop_assert!(plan.waiting.iter().any(|one| one.reason == crate::plan::WaitReason::Conflict));
    }

    #[test]
    fn what_is_imported_is_as_its_rows_say_until_they_enforce(
        pair in pair(), accidents in vec(accident(), 0..4),
    ) {
        let mut by_hand = begin(&pair, &pair.a);
        by_hand.converge();
        strike(&mut by_hand, &accidents);
        for _ in 0..2 {
            by_hand.aws.tick();
        }
        let rows = imported::rows(&by_hand.aws);
        let objects = by_hand.aws.fleets.len() + by_hand.aws.stacks.len();
        prop_assert_eq!(rows.iter().map(|row| row.objects.len()).sum::<usize>(), objects);
        for row in rows {
            let mut world = imported::watching(&row, &by_hand.aws);
            world.walks = pair.walks;
            world.converge();
            prop_assert!(world.calls.is_empty());
            world.environment.mode = Mode::Enforce;
            world.environment.generation += 1;
            world.converge();
            let others: Vec<_> = world
                .operations()
                .into_iter()
                .filter(|operation| *operation != "TagResource")
                .collect();
            prop_assert!(others.is_empty(), "{others:?}");
        }
    }

    #[test]
    fn people_on_the_fleet_hold_up_nothing_but_a_stop(pair in pair(), people in 1..5_u32) {
        let mut world = begin(&pair, &pair.a);
        world.converge();
        for fleet in world.aws.fleets.keys() {
            world.aws.sessions.insert(fleet.clone(), people);
        }
        world.edit(&pair.b);
        let calls = world.calls.len();
        let mut last = Plan::default();
        for _ in 0..ENOUGH {
            last = world.pass().plan;
            if acts(&last).is_empty() {
                break;
            }
        }
        prop_assert!(acts(&last).is_empty(), "{}", render(&last));
        let stopped = world.calls[calls..].iter().any(|call| matches!(call, Action::StopFleet { .. }));
        prop_assert!(!stopped);
        // What is left waits for the stop and for nothing else.
        if !is_quiet(&last) {
            let stops = last.steps.iter().any(|step| matches!(step.action, Action::StopFleet { .. }));
            prop_assert!(stops, "{}", render(&last));
            let kinds: BTreeSet<_> = last.steps.iter().map(|step| step.action.operation()).collect();
            let kinds: Vec<_> = kinds.into_iter().collect();
            let of_the_stop = ["StartFleet", "StopFleet", "UpdateFleet"];
            prop_assert!(kinds.iter().all(|kind| of_the_stop.contains(kind)), "{}", render(&last));
        }
        world.aws.sessions.clear();
        world.converge();
    }

    #[test]
    fn a_deleted_row_leaves_what_is_not_its_own(
        pair in pair(), accidents in vec(accident(), 0..3), converged: bool,
        faults in vec(prop_oneof![
            3 => Just(Fault::None), 1 => Just(Fault::Lost), 1 => Just(Fault::AnswerLost),
        ], 0..6),
    ) {
        let mut world = begin(&pair, &pair.a);
        if converged {
            world.converge();
            strike(&mut world, &accidents);
        } else {
            world.pass();
        }
        world.edit(&pair.b);
        world.pass();
        let before = world.aws.clone();
        world.faults = faults;
        world.delete();
        world.converge();
        prop_assert!(world.gone);
        prop_assert!(!world.aws.fleets.contains_key("cfd"));
        prop_assert!(!world.aws.stacks.contains_key("cfd"));
        for (bucket, policy) in &world.aws.buckets {
            let text = policy.as_ref().map(Value::to_string).unwrap_or_default();
            prop_assert!(!text.contains(&sid("")), "{bucket}: {text}");
        }
        for (bucket, policy) in &world.aws.buckets {
            prop_assert_eq!(theirs(policy.as_ref()), theirs(before.buckets[bucket].as_ref()));
        }
    }
}

/// Whether anything that cannot be read is ours.
fn depends(world: &World) -> bool {
    let owns = |word: &str| world.owned.iter().any(|object| object.starts_with(word));
    (world.blind.fleets && owns("fleet/"))
        || (world.blind.stacks && owns("stack/"))
        || (world.blind.buckets && owns("bucket/"))
}

/// Asserts that nothing a call depends on is unknown.
fn assert_known(world: &World, action: &Action) {
    let blind = &world.blind;
    let fleet = blind.fleets
        || (blind.tags
            && !world.aws.fleets.is_empty()
            && !matches!(action, Action::CreateFleet { .. }));
    let stack = blind.stacks
        || (blind.tags
            && !world.aws.stacks.is_empty()
            && !matches!(action, Action::CreateStack { .. }));
    let unknown = match action {
        Action::CreateFleet { .. } | Action::UpdateFleet { .. } | Action::StartFleet { .. } => {
            fleet
        }
        Action::StopFleet { .. } | Action::DrainSessionInstance { .. } => fleet || blind.sessions,
        Action::DeleteFleet { .. } | Action::DeregisterScalableTarget { .. } => {
            fleet || blind.sessions || blind.associations || blind.scaling
        }
        Action::CreateStack { .. } | Action::UpdateStack { .. } => stack,
        Action::DeleteStack { .. } => stack || blind.associations,
        Action::AssociateFleet { .. } => {
            let both_are_there = !world.aws.fleets.is_empty() && !world.aws.stacks.is_empty();
            blind.fleets || blind.stacks || (blind.associations && both_are_there)
        }
        Action::DisassociateFleet { .. } => stack || blind.sessions || blind.associations,
        Action::TagResource { .. } | Action::UntagResource { .. } => blind.tags,
        Action::PutBucketPolicy { .. } | Action::DeleteBucketPolicy { .. } => blind.buckets,
        Action::Access(call) => {
            // What hangs on an object that is about to be made needs no look.
            let (of_unknown, is_new) = match call.object().kind {
                ObjectKind::Fleet => (fleet, world.aws.fleets.is_empty()),
                ObjectKind::Stack => (stack, world.aws.stacks.is_empty()),
                ObjectKind::Bucket | ObjectKind::User => (false, false),
            };
            of_unknown || (blind.access && !is_new)
        }
    };
    assert!(!unknown, "{action} while {blind:?}");
}
