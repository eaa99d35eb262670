//! Roles and users that S3 shows by their unique id.

use serde_json::{Value, json};

use super::harness::sid;
use super::world::{Blind, World, is_quiet};
use crate::plan::WaitReason;

const BUCKET: &str = "shared-data";
const ROLE: &str = "arn:aws:iam::123456789012:role/nodes";
const ID: &str = "AROANODESNODESNODES1";
const PATH: &str = "buckets.shared-data.Nodes";

fn spec(principal: &str, action: &str) -> Value {
    let statement = json!({
        "Sid": "Nodes", "Effect": "Allow", "Principal": {"AWS": principal},
        "Action": action, "Resource": "arn:aws:s3:::{bucket}/*"
    });
    json!({"stack": {}, "buckets": [{"bucket": BUCKET, "statements": [statement]}]})
}

/// A world in which our statement was written, and S3 shows it with a principal of its own choice.
fn shown_as(principal: &str) -> World {
    let mut world = World::new(&spec(ROLE, "s3:GetObject"));
    world.aws.buckets.insert(BUCKET.to_owned(), None);
    world.aws.principals.insert(ROLE.to_owned(), ID.to_owned());
    world.converge();
    show(&mut world, principal);
    world
}

fn show(world: &mut World, principal: &str) {
    let policy = world.aws.buckets.get_mut(BUCKET).unwrap().as_mut().unwrap();
    policy["Statement"][0]["Principal"]["AWS"] = json!(principal);
}

fn shown(world: &World) -> Value {
    let policy = world.aws.buckets[BUCKET].as_ref().unwrap();
    policy["Statement"][0]["Principal"]["AWS"].clone()
}

/// Neither right nor wrong: nothing is written, nothing is called drift, and it is said why.
#[track_caller]
fn assert_undecided(world: &mut World, why: &str) {
    for _ in 0..3 {
        assert_eq!(world.pass().made, 0);
    }
    let plan = world.plan();
    assert!(plan.differences.is_empty(), "{:?}", plan.differences);
    assert!(!plan.holds.contains_key(PATH));
    assert!(world.managed.contains_key(PATH), "it stays managed");
    let [waiting] = &plan.waiting[..] else {
        panic!("{:?}", plan.waiting);
    };
    assert_eq!(waiting.reason, WaitReason::NotObserved);
    assert!(waiting.message.contains(why), "{}", waiting.message);
}

#[test]
fn an_id_that_iam_proves_is_what_the_row_names() {
    let mut world = shown_as(ID);
    assert!(is_quiet(&world.plan()), "{:?}", world.plan());
    assert_eq!(world.converge(), 0);
    assert_eq!(shown(&world), json!(ID), "S3's own words stay");
}

#[test]
fn a_row_that_names_the_id_is_content_with_the_arn() {
    let mut world = shown_as(ROLE);
    world.edit(&spec(ID, "s3:GetObject"));
    assert!(is_quiet(&world.plan()), "{:?}", world.plan());
}

#[test]
fn the_id_of_a_role_that_was_made_anew_is_rewritten_once() {
    let mut world = shown_as("AROAOFTHEFIRSTNODES1");
    assert_eq!(world.converge(), 1);
    assert_eq!(shown(&world), json!(ROLE));
}

#[test]
fn a_role_that_is_gone_is_a_difference() {
    let mut world = shown_as(ID);
    world.aws.principals.clear();
    let plan = world.plan();
    assert_eq!(plan.differences.len(), 1, "{plan:?}");
    assert_eq!(plan.steps[0].action.operation(), "PutBucketPolicy");
}

#[test]
fn an_id_that_iam_does_not_tell_of_is_left_as_it_is() {
    let mut world = shown_as(ID);
    world.blind = Blind {
        principals: true,
        ..Blind::default()
    };
    assert_undecided(
        &mut world,
        "whether that is arn:aws:iam::123456789012:role/nodes is not known: denied",
    );
    world.blind = Blind::default();
    assert!(is_quiet(&world.plan()), "{:?}", world.plan());
}

#[test]
fn of_another_account_nobody_can_be_asked() {
    const THERE: &str = "arn:aws:iam::999988887777:role/nodes";
    let mut world = shown_as(ROLE);
    world.edit(&spec(THERE, "s3:GetObject"));
    world.converge();
    show(&mut world, ID);
    assert_undecided(&mut world, "of another account");
    assert!(world.plan().needs.principals.is_empty());
}

#[test]
fn what_differs_in_something_else_too_is_written_without_asking() {
    let mut world = shown_as(ID);
    world.blind = Blind {
        principals: true,
        ..Blind::default()
    };
    world.edit(&spec(ROLE, "s3:PutObject"));
    assert_eq!(world.pass().made, 1);
    assert_eq!(shown(&world), json!(ROLE));
    assert!(is_quiet(&world.plan()), "{:?}", world.plan());
}

#[test]
fn iam_is_not_asked_while_nothing_depends_on_it() {
    let world = shown_as(ROLE);
    assert!(world.plan().needs.principals.is_empty());
    let policy = world.aws.buckets[BUCKET].as_ref().unwrap();
    assert_eq!(policy["Statement"][0]["Sid"], sid("Nodes"));
}
