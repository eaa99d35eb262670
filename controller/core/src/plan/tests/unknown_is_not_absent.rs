//! What could not be read is neither made nor ended, and nobody else waits for it.

use serde_json::json;

use super::harness::{Case, blog, check, fleet, small, stack, with};
use super::world::{Blind, World};
use crate::observed::{FleetState, Observed};

fn denied<T>() -> Observed<T> {
    Observed::Unknown("denied".to_owned())
}

#[test]
fn an_unknown_fleet_is_not_created_and_its_stack_is() {
    let mut case = Case::new(&small());
    case.observed.fleet = denied();
    check(
        &case,
        r#"
        do CreateStack stack/cfd {} tags ours
        why fleet/cfd NotObserved
        diff stack/cfd stack: null -> "cfd"
        ask fleets cfd
        "#,
    );
}

#[test]
fn an_unknown_stack_is_not_created_and_its_fleet_is() {
    let mut case = Case::new(&small());
    case.observed.stack = denied();
    check(
        &case,
        r#"
        do CreateFleet fleet/cfd {"imageName":"pcluster-2026-11","instanceType":"stream.standard.medium"} tags ours
        do StartFleet fleet/cfd
        why stack/cfd NotObserved
        diff fleet/cfd fleet: null -> "cfd"
        ask stacks cfd
        ask fleets of stacks cfd
        "#,
    );
}

#[test]
fn a_bucket_that_cannot_be_read_is_not_written() {
    let statement = json!({
        "Sid": "A", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:role/n"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::{bucket}/*"
    });
    let mut case = Case::new(&json!({
        "stack": {}, "buckets": [{"bucket": "shared-data", "statements": [statement]}]
    }));
    case.observed.stack = Observed::Present(stack(json!({})));
    check(
        &case,
        r"
        why bucket/shared-data NotObserved
        ask buckets shared-data
        ",
    );
    case.observed
        .buckets
        .insert("shared-data".to_owned(), denied());
    check(&case, "why bucket/shared-data NotObserved");
}

#[test]
fn an_unknown_part_leaves_the_other_parts_their_repairs() {
    let spec = with(small(), &[("/stack/displayName", json!("CFD"))]);
    let mut world = World::converged(&spec);
    world.blind = Blind {
        fleets: true,
        ..Blind::default()
    };
    let stack = world.aws.stacks.get_mut("cfd").unwrap();
    stack.settings.display_name = None;
    world.pass();
    let stack = &world.aws.stacks["cfd"];
    assert_eq!(stack.settings.display_name.as_deref(), Some("CFD"));
}

#[test]
fn a_deletion_waits_for_what_it_cannot_see() {
    for blind in Blind::each() {
        let users = json!([{"userName": "ada@example.com"}]);
        let mut world = World::converged(&with(blog(), &[("/users", users)]));
        world.delete();
        world.blind = blind.clone();
        for _ in 0..3 {
            world.pass();
        }
        // No policy and no image keeps a fleet, and nobody here is shown by a unique id.
        let untouched = !blind.buckets && !blind.access && !blind.principals && !blind.images;
        assert_eq!(untouched, world.aws.fleets.contains_key("cfd"), "{blind:?}");
        if blind.access {
            assert!(world.aws.stacks.contains_key("cfd"), "{blind:?}");
        }
        world.blind = Blind::default();
        world.converge();
        assert!(world.gone, "{blind:?}");
    }
}

#[test]
fn what_is_asked_for_is_enough_to_go_on() {
    // A walk brings no association, no sessions, and tags that may be missing.
    let mut world = World::new(&with(small(), &[("/tags", json!({"team": "cfd"}))]));
    world.walks = true;
    world.converge();
    world.edit(&with(small(), &[("/fleet/description", json!("for CFD"))]));
    world.converge();
    world.delete();
    world.converge();
    assert!(world.gone);
}

#[test]
fn drift_that_was_not_looked_at_stays_open() {
    let spec = with(small(), &[("/stack/displayName", json!("CFD"))]);
    let mut world = World::converged(&spec);
    world.environment.mode = crate::environment::Mode::Observe;
    world
        .aws
        .stacks
        .get_mut("cfd")
        .unwrap()
        .settings
        .display_name = None;
    world.pass();
    assert_eq!(world.open_drift.len(), 1);
    world.blind = Blind {
        stacks: true,
        ..Blind::default()
    };
    world.pass();
    assert_eq!(world.open_drift.len(), 1);
}

#[test]
fn a_known_fleet_beside_an_unknown_stack_is_still_its_own() {
    let mut case = Case::new(&with(small(), &[("/fleet/displayName", json!("CFD"))]));
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    case.observed.stack = denied();
    check(
        &case,
        r#"
        do UpdateFleet fleet/cfd {"displayName":"CFD"}
        why stack/cfd NotObserved
        diff fleet/cfd fleet.displayName: null -> "CFD"
        ask stacks cfd
        ask fleets of stacks cfd
        "#,
    );
}
