//! A tag is one field of the environment and stands on each of its objects.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::harness::{Case, LEFT_OUT, check, fleet, our_tags, small, stack, with};
use super::world::{Blind, World};
use crate::observed::{FleetState, Observed, ObservedTags};

fn row(tags: Value) -> Value {
    with(small(), &[("/tags", tags)])
}

fn tags_of(world: &World) -> [BTreeMap<String, String>; 2] {
    let of = |tags: &ObservedTags| {
        let mut tags = tags.tags().unwrap().clone();
        tags.retain(|key, _| !key.starts_with("streamkeeper:"));
        tags
    };
    [
        of(&world.aws.fleets["cfd"].tags),
        of(&world.aws.stacks["cfd"].tags),
    ]
}

fn known(world: &mut World, change: impl Fn(&mut BTreeMap<String, String>)) {
    for tags in [
        &mut world.aws.fleets.get_mut("cfd").unwrap().tags,
        &mut world.aws.stacks.get_mut("cfd").unwrap().tags,
    ] {
        let ObservedTags::Known(tags) = tags else {
            panic!("{tags:?}")
        };
        change(tags);
    }
}

fn map(value: Value) -> BTreeMap<String, String> {
    serde_json::from_value(value).unwrap()
}

#[test]
fn tags_come_change_and_go_on_every_object() {
    let mut world = World::converged(&small());
    for tags in [
        json!({"team": "cfd"}),
        json!({"team": "flows", "cost": "42"}),
        json!({"cost": "42"}),
        json!({}),
    ] {
        world.edit(&row(tags.clone()));
        world.converge();
        let expected = map(tags.clone());
        assert_eq!(tags_of(&world), [expected.clone(), expected], "{tags}");
    }
    assert!(!world.managed.contains_key("tags.team"));
}

#[test]
fn a_tag_nobody_listed_is_not_ours() {
    let mut world = World::converged(&row(json!({"team": "cfd"})));
    known(&mut world, |tags| {
        tags.insert("theirs".to_owned(), "1".to_owned());
    });
    world.quiet();
    world.edit(&small());
    world.converge();
    let expected = map(json!({"theirs": "1"}));
    assert_eq!(tags_of(&world), [expected.clone(), expected]);
}

#[test]
fn a_tag_somebody_changed_is_drift_on_the_object_it_is_on() {
    let mut world = World::converged(&row(json!({"team": "cfd"})));
    let stack = world.aws.stacks.get_mut("cfd").unwrap();
    let ObservedTags::Known(tags) = &mut stack.tags else {
        panic!("{stack:?}")
    };
    tags.insert("team".to_owned(), "theirs".to_owned());
    let pass = world.pass();
    let found: Vec<(&str, &str)> = pass
        .drift
        .new
        .iter()
        .map(|drift| (drift.object.as_str(), drift.path.as_str()))
        .collect();
    assert_eq!(found, [("stack/cfd", "tags.team")]);
    world.converge();
    assert_eq!(tags_of(&world)[1], map(json!({"team": "cfd"})));
}

#[test]
fn a_tag_is_not_forgotten_while_an_object_that_carries_it_is_out_of_sight() {
    let mut world = World::converged(&row(json!({"team": "cfd"})));
    world.edit(&small());
    world.blind = Blind {
        stacks: true,
        ..Blind::default()
    };
    for _ in 0..3 {
        world.pass();
    }
    assert_eq!(tags_of(&world)[0], map(json!({})));
    assert!(world.managed.contains_key("tags.team"));
    world.blind = Blind::default();
    world.converge();
    assert_eq!(tags_of(&world)[1], map(json!({})));
    assert!(!world.managed.contains_key("tags.team"));
}

#[test]
fn tags_that_were_only_listed_and_differ_are_asked_for_by_name() {
    let mut case = Case::new(&row(json!({"team": "cfd"})));
    let mut observed = fleet(FleetState::Running, json!({}));
    observed.tags = ObservedTags::Listed(our_tags());
    case.observed.fleet = Observed::Present(observed);
    let mut observed = stack(json!({}));
    let mut tags = our_tags();
    tags.insert("team".to_owned(), "cfd".to_owned());
    observed.tags = ObservedTags::Listed(tags);
    case.observed.stack = Observed::Present(observed);
    case.held("association", json!("cfd"));
    case.observed.stack_fleets = Observed::Unknown("not looked at".to_owned());
    check(
        &case,
        r"
        why fleet/cfd NotObserved
        ask fleets cfd
        ",
    );
    assert!(!case.plan().holds.contains_key("tags.team"));
}

#[test]
fn an_ignored_tag_is_set_at_creation_and_never_again() {
    let mut spec = row(json!({"team": "cfd"}));
    spec["ignore"] = json!(["tags.team"]);
    let mut world = World::converged(&spec);
    assert_eq!(tags_of(&world)[0], map(json!({"team": "cfd"})));
    known(&mut world, |tags| {
        tags.insert("team".to_owned(), "theirs".to_owned());
    });
    world.quiet();
    spec["tags"] = json!({});
    world.edit(&spec);
    world.converge();
    assert_eq!(tags_of(&world)[0], map(json!({"team": "theirs"})));
}

#[test]
fn nobody_else_owns_the_tags_that_prove_ownership() {
    let mut spec = small();
    spec["ignore"] = json!(["tags"]);
    let mut world = World::converged(&spec);
    known(&mut world, |tags| {
        tags.insert("streamkeeper:environment".to_owned(), "theirs".to_owned());
    });
    world.converge();
    let tags = world.aws.fleets["cfd"].tags.tags().unwrap().clone();
    assert_eq!(tags, our_tags());
}

#[test]
fn a_tag_is_not_forgotten_while_an_object_left_out_of_the_row_carries_it() {
    let stack_alone = json!({"stack": {}});
    let fleet_alone = with(small(), &[("/stack", json!(LEFT_OUT))]);
    for (left, stays) in [(stack_alone, 0), (fleet_alone, 1)] {
        let mut world = World::converged(&row(json!({"team": "cfd"})));
        world.edit(&left);
        for _ in 0..3 {
            world.pass();
        }
        assert_eq!(tags_of(&world)[1 - stays], map(json!({})));
        assert!(world.managed.contains_key("tags.team"));
        world.edit(&small());
        world.converge();
        assert_eq!(tags_of(&world)[stays], map(json!({})));
    }
}

#[test]
fn a_tag_holds_only_when_it_holds_on_every_object() {
    let mut world = World::converged(&small());
    let fleet = world.aws.fleets.get_mut("cfd").unwrap();
    let ObservedTags::Known(tags) = &mut fleet.tags else {
        panic!("{fleet:?}")
    };
    tags.insert("team".to_owned(), "cfd".to_owned());
    world.edit(&row(json!({"team": "cfd"})));
    assert!(!world.plan().holds.contains_key("tags.team"));
    world.converge();
    assert!(world.plan().holds.contains_key("tags.team"));
}

#[test]
fn a_tag_is_not_forgotten_while_an_object_under_another_name_carries_it() {
    for side in ["fleet", "stack"] {
        let mut world = World::converged(&row(json!({"team": "cfd"})));
        let name = format!("/{side}/name");
        world.edit(&with(small(), &[(name.as_str(), json!("renamed"))]));
        for _ in 0..3 {
            world.pass();
        }
        assert!(world.managed.contains_key("tags.team"), "{side}");
    }
}
