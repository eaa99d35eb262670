//! What calls nothing: `observe`, `forget`; and what calls only to let go: `retain`.

use serde_json::{Value, json};

use super::harness::{small, with};
use super::world::World;
use crate::environment::{DeletionPolicy, Mode};
use crate::observed::FleetState;
use crate::plan::WaitReason;

fn drifted() -> World {
    let spec = with(small(), &[("/stack/displayName", json!("CFD"))]);
    let mut world = World::converged(&spec);
    world.aws.fleets.get_mut("cfd").unwrap().state = FleetState::Stopped;
    world
        .aws
        .stacks
        .get_mut("cfd")
        .unwrap()
        .settings
        .display_name = None;
    world.aws.associations.clear();
    world
}

#[test]
fn observing_reports_every_difference_and_calls_nothing() {
    let mut world = drifted();
    world.environment.mode = Mode::Observe;
    let calls = world.calls.len();
    let plan = world.pass().plan;
    let paths: Vec<&str> = plan
        .differences
        .iter()
        .map(|one| one.path.as_str())
        .collect();
    assert_eq!(paths, ["fleet.state", "stack.displayName", "association"]);
    let held = |reason| reason == Some(WaitReason::ObserveOnly);
    assert!(plan.steps.iter().all(|step| held(step.waiting_for)));
    assert_eq!(plan.steps.len(), 3);
    assert_eq!(world.calls.len(), calls);
    assert_eq!(world.open_drift.len(), 3);
}

#[test]
fn enforcing_repairs_what_was_only_observed() {
    let mut world = drifted();
    world.environment.mode = Mode::Observe;
    world.pass();
    world.environment.mode = Mode::Enforce;
    world.converge();
    assert_eq!(world.aws.fleets["cfd"].state, FleetState::Running);
}

#[test]
fn deleting_an_observed_row_calls_nothing_and_the_row_goes() {
    let mut world = drifted();
    world.environment.mode = Mode::Observe;
    let (calls, aws) = (world.calls.len(), world.aws.clone());
    world.delete();
    world.converge();
    assert!(world.gone);
    assert_eq!(world.calls.len(), calls);
    assert_eq!(world.aws.stacks, aws.stacks);
}

#[test]
fn forgetting_calls_nothing_even_if_nothing_can_be_read() {
    let mut world = drifted();
    world.environment.deletion_policy = DeletionPolicy::Forget;
    world.blind.fleets = true;
    world.blind.stacks = true;
    let calls = world.calls.len();
    world.delete();
    world.converge();
    assert!(world.gone);
    assert_eq!(world.calls.len(), calls);
}

#[test]
fn retaining_takes_off_our_tags_and_nothing_else() {
    let statement = json!({
        "Sid": "A", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:role/n"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::{bucket}/*"
    });
    let changes = [
        ("/tags", json!({"team": "cfd"})),
        (
            "/buckets",
            json!([{"bucket": "shared-data", "statements": [statement]}]),
        ),
    ];
    let mut world = World::new(&with(small(), &changes));
    world.aws.buckets.insert("shared-data".to_owned(), None);
    world.converge();
    let calls = world.calls.len();
    world.environment.deletion_policy = DeletionPolicy::Retain;
    world.delete();
    world.converge();
    assert!(world.gone);
    assert_eq!(
        world.operations()[calls..],
        ["UntagResource", "UntagResource"]
    );
    let fleet = &world.aws.fleets["cfd"];
    assert_eq!(fleet.state, FleetState::Running);
    let tags: Vec<&String> = fleet.tags.tags().unwrap().keys().collect();
    assert_eq!(tags, ["team"]);
    assert!(!world.aws.associations.is_empty());
    let policy = world.aws.buckets["shared-data"]
        .as_ref()
        .map(Value::to_string);
    assert!(policy.unwrap().contains("Streamkeeper0123456789abcdefA"));
}

#[test]
fn an_open_intent_keeps_even_a_forgotten_row() {
    let mut world = World::new(&small());
    world.faults = vec![super::world::Fault::Lost];
    world.pass();
    world.environment.deletion_policy = DeletionPolicy::Forget;
    world.blind.fleets = true;
    world.delete();
    world.pass();
    assert!(!world.gone);
    world.blind.fleets = false;
    world.converge();
    assert!(world.gone);
}
