//! Drift opens when a value that held holds no longer and nobody changed the row, and closes only
//! by what was seen.

use serde_json::{Value, json};

use super::harness::{small, tags, with};
use super::world::{Pass, World};
use crate::drift::describe;
use crate::environment::Mode;
use crate::observed::ObservedTags;
use crate::record::{OpenDrift, Resolution};

fn named(name: &str) -> Value {
    with(small(), &[("/stack/displayName", json!(name))])
}

fn rename(world: &mut World, name: &str) {
    let stack = world.aws.stacks.get_mut("cfd").unwrap();
    stack.settings.display_name = Some(name.to_owned());
}

fn closed(pass: &Pass) -> Vec<(&str, Resolution)> {
    let closed = pass.drift.closed.iter();
    closed
        .map(|(drift, how)| (drift.path.as_str(), *how))
        .collect()
}

#[test]
fn a_difference_before_it_ever_held_is_no_drift() {
    let mut world = World::new(&named("CFD"));
    for _ in 0..5 {
        assert!(world.pass().drift.new.is_empty());
    }
}

#[test]
fn an_edit_is_no_drift() {
    let mut world = World::converged(&named("CFD"));
    world.edit(&named("Flows"));
    assert!(world.pass().drift.new.is_empty());
}

#[test]
fn somebody_elses_hand_is_drift_once_and_closes_as_repaired() {
    let mut world = World::converged(&named("CFD"));
    rename(&mut world, "theirs");
    let pass = world.pass();
    assert_eq!(pass.drift.new.len(), 1);
    assert_eq!(pass.drift.opened, pass.drift.new);
    let pass = world.pass();
    assert!(pass.drift.new.is_empty());
    assert_eq!(closed(&pass), [("stack.displayName", Resolution::Repaired)]);
}

#[test]
fn another_value_of_an_open_drift_is_written_down_and_is_not_new() {
    let mut world = World::converged(&named("CFD"));
    world.environment.mode = Mode::Observe;
    rename(&mut world, "theirs");
    world.pass();
    let pass = world.pass();
    assert!(
        pass.drift.opened.is_empty(),
        "the same is not written again"
    );
    rename(&mut world, "anothers");
    let pass = world.pass();
    assert!(pass.drift.new.is_empty());
    assert_eq!(pass.drift.opened[0].observed, json!("anothers"));
}

#[test]
fn what_went_away_while_observing_was_only_observed() {
    let mut world = World::converged(&named("CFD"));
    world.environment.mode = Mode::Observe;
    rename(&mut world, "theirs");
    world.pass();
    rename(&mut world, "CFD");
    let pass = world.pass();
    assert_eq!(
        closed(&pass),
        [("stack.displayName", Resolution::ObservedOnly)]
    );
}

#[test]
fn a_row_that_asks_otherwise_now_has_accepted_it() {
    for next in [named("theirs"), named("third"), small()] {
        let mut world = World::converged(&named("CFD"));
        world.environment.mode = Mode::Observe;
        rename(&mut world, "theirs");
        world.pass();
        world.environment.mode = Mode::Enforce;
        world.edit(&next);
        let pass = world.pass();
        assert_eq!(
            closed(&pass),
            [("stack.displayName", Resolution::Accepted)],
            "{next}"
        );
        world.converge();
    }
}

#[test]
fn a_path_that_is_ignored_now_closes_as_ignored() {
    let mut world = World::converged(&named("CFD"));
    world.environment.mode = Mode::Observe;
    rename(&mut world, "theirs");
    world.pass();
    let mut spec = named("CFD");
    spec["ignore"] = json!(["stack.displayName"]);
    world.edit(&spec);
    let pass = world.pass();
    assert_eq!(closed(&pass), [("stack.displayName", Resolution::Ignored)]);
}

#[test]
fn a_stack_that_is_gone_is_one_drift_and_closes_when_it_is_back() {
    let mut world = World::converged(&named("CFD"));
    world.aws.associations.clear();
    world.aws.stacks.clear();
    let pass = world.pass();
    let paths: Vec<&str> = pass.drift.new.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["stack", "association"]);
    let pass = world.pass();
    assert_eq!(
        closed(&pass),
        [
            ("stack", Resolution::Repaired),
            ("association", Resolution::Repaired)
        ]
    );
}

fn with_statement(action: &str) -> Value {
    let statement = json!({
        "Sid": "Nodes", "Effect": "Allow", "Action": action,
        "Principal": {"AWS": "arn:aws:iam::123456789012:role/n"},
        "Resource": "arn:aws:s3:::{bucket}/*"
    });
    json!({"stack": {}, "buckets": [{"bucket": "shared-data", "statements": [statement]}]})
}

fn rewrite(world: &mut World, action: &str) {
    let policy = world.aws.buckets.get_mut("shared-data").unwrap();
    policy.as_mut().unwrap()["Statement"][0]["Action"] = json!(action);
}

fn bucket_world() -> World {
    let mut world = World::new(&with_statement("s3:GetObject"));
    world.aws.buckets.insert("shared-data".to_owned(), None);
    world.converge();
    world
}

#[test]
fn a_statement_closes_as_repaired_or_accepted_like_any_field() {
    let mut world = bucket_world();
    rewrite(&mut world, "s3:PutObject");
    let pass = world.pass();
    assert_eq!(pass.drift.new[0].path, "buckets.shared-data.Nodes");
    let pass = world.pass();
    assert_eq!(
        closed(&pass),
        [("buckets.shared-data.Nodes", Resolution::Repaired)]
    );

    rewrite(&mut world, "s3:PutObject");
    world.environment.mode = Mode::Observe;
    world.pass();
    world.environment.mode = Mode::Enforce;
    world.edit(&with_statement("s3:PutObject"));
    let pass = world.pass();
    assert_eq!(
        closed(&pass),
        [("buckets.shared-data.Nodes", Resolution::Accepted)]
    );
}

#[test]
fn drift_is_described_in_one_line() {
    let mut world = bucket_world();
    rewrite(&mut world, "s3:PutObject");
    let pass = world.pass();
    assert_eq!(
        describe(&pass.drift.new[0]),
        r#"buckets.shared-data.Nodes: Action "s3:GetObject" -> "s3:PutObject""#
    );
    let gone = OpenDrift {
        object: "fleet/cfd".to_owned(),
        path: "fleet.description".to_owned(),
        desired: json!("x".repeat(200)),
        observed: Value::Null,
    };
    let line = describe(&gone);
    assert!(line.starts_with("fleet.description: \"xxx"), "{line}");
    assert!(line.ends_with("… -> nothing"), "{line}");
    assert!(line.chars().count() < 100);
}

#[test]
fn a_row_that_goes_takes_its_drift_along() {
    let mut world = World::converged(&named("CFD"));
    world.environment.mode = Mode::Observe;
    rename(&mut world, "theirs");
    world.pass();
    world.delete();
    let pass = world.pass();
    assert_eq!(closed(&pass), [("stack.displayName", Resolution::Accepted)]);
}

fn set_tag(tags: &mut ObservedTags, value: &str) {
    let ObservedTags::Known(tags) = tags else {
        panic!("{tags:?}")
    };
    tags.insert("team".to_owned(), value.to_owned());
}

#[test]
fn a_tag_that_still_differs_on_one_object_is_not_accepted_on_the_other() {
    let mut world = World::converged(&with(small(), &[("/tags", json!({"team": "cfd"}))]));
    world.environment.mode = Mode::Observe;
    set_tag(&mut world.aws.fleets.get_mut("cfd").unwrap().tags, "theirs");
    set_tag(&mut world.aws.stacks.get_mut("cfd").unwrap().tags, "theirs");
    world.pass();
    assert_eq!(world.open_drift.len(), 2);
    set_tag(&mut world.aws.fleets.get_mut("cfd").unwrap().tags, "cfd");
    assert_eq!(closed(&world.pass()), []);
    set_tag(&mut world.aws.stacks.get_mut("cfd").unwrap().tags, "cfd");
    let seen = ("tags.team", Resolution::ObservedOnly);
    assert_eq!(closed(&world.pass()), [seen, seen]);
}

#[test]
fn a_namesake_of_somebody_else_brings_back_nothing() {
    let mut world = World::converged(&named("CFD"));
    world.environment.mode = Mode::Observe;
    let mut theirs = world.aws.stacks["cfd"].clone();
    theirs.tags = tags(&[("streamkeeper:uid", "theirs")]);
    world.aws.associations.clear();
    world.aws.stacks.clear();
    world.pass();
    world.aws.stacks.insert("cfd".to_owned(), theirs);
    assert_eq!(closed(&world.pass()), []);
}
