//! What another uid is on is never touched; what nobody owns is taken over only where the row
//! says so; and one conflict stops the whole environment.

use serde_json::{Value, json};

use super::harness::{Case, check, fleet, nothing, small, stack, tags, uid, with};
use super::world::World;
use crate::environment::Mode;
use crate::observed::{FleetState, Observed, ObservedTags};
use crate::plan::WaitReason;

fn adopting(changes: &[(&str, Value)]) -> Value {
    let mut spec = with(small(), changes);
    spec["adoption"] = json!("IfUnowned");
    spec
}

/// Both are there with these tags.
fn both(spec: &Value, on_the_fleet: ObservedTags, on_the_stack: ObservedTags) -> Case {
    let mut case = Case::new(spec);
    let mut fleet = fleet(FleetState::Running, json!({}));
    fleet.tags = on_the_fleet;
    let mut stack = stack(json!({}));
    stack.tags = on_the_stack;
    case.observed.fleet = Observed::Present(fleet);
    case.observed.stack = Observed::Present(stack);
    case
}

fn theirs() -> ObservedTags {
    tags(&[
        ("streamkeeper:uid", "11111111-2222-3333-4444-555555555555"),
        ("streamkeeper:environment", "theirs"),
    ])
}

fn ours() -> ObservedTags {
    ObservedTags::Known(super::harness::our_tags())
}

#[test]
fn an_object_of_another_uid_is_a_conflict_whatever_the_row_says() {
    for spec in [small(), adopting(&[])] {
        let plan = both(&spec, ours(), theirs()).plan();
        let conflict = &plan.waiting[0];
        assert_eq!(conflict.object, "stack/cfd");
        assert_eq!(conflict.reason, WaitReason::Conflict);
        assert!(
            conflict.message.contains("(theirs)"),
            "{}",
            conflict.message
        );
        assert!(plan.steps.iter().all(|step| step.waiting_for.is_some()));
    }
}

#[test]
fn a_conflict_on_the_stack_holds_up_the_fleet() {
    let spec = with(small(), &[("/fleet/displayName", json!("CFD"))]);
    check(
        &both(&spec, ours(), theirs()),
        r#"
        hold UpdateFleet fleet/cfd {"displayName":"CFD"} (Conflict)
        why stack/cfd Conflict
        diff fleet/cfd fleet.displayName: null -> "CFD"
        "#,
    );
}

#[test]
fn an_object_that_nobody_owns_is_a_conflict_unless_the_row_allows() {
    check(&both(&small(), tags(&[]), ours()), "why fleet/cfd Conflict");
}

#[test]
fn a_take_over_tags_first_and_then_converges() {
    let spec = adopting(&[("/fleet/displayName", json!("CFD"))]);
    let mut case = both(&spec, tags(&[("team", "old")]), tags(&[]));
    case.observed.stack_fleets = nothing().stack_fleets;
    check(
        &case,
        r#"
        do TagResource fleet/cfd ours
        do UpdateFleet fleet/cfd {"displayName":"CFD"}
        do TagResource stack/cfd ours
        do AssociateFleet fleet/cfd stack/cfd
        diff fleet/cfd tags.streamkeeper:environment: null -> "cfd"
        diff fleet/cfd tags.streamkeeper:uid: null -> "01234567-89ab-cdef-0123-456789abcdef"
        diff fleet/cfd fleet.displayName: null -> "CFD"
        diff stack/cfd tags.streamkeeper:environment: null -> "cfd"
        diff stack/cfd tags.streamkeeper:uid: null -> "01234567-89ab-cdef-0123-456789abcdef"
        diff stack/cfd association: [] -> "cfd"
        "#,
    );
}

#[test]
fn what_was_taken_over_keeps_what_the_row_does_not_name() {
    let mut world = World::converged(&small());
    let fleet = world.aws.fleets.get_mut("cfd").unwrap();
    fleet.settings.description = Some("made by hand".to_owned());
    fleet.tags = tags(&[("team", "old")]);
    world.aws.stacks.get_mut("cfd").unwrap().tags = tags(&[]);
    let mut adopter = World::new(&adopting(&[]));
    adopter.aws = world.aws.clone();
    adopter.converge();
    assert_eq!(adopter.operations(), ["TagResource", "TagResource"]);
    let fleet = &adopter.aws.fleets["cfd"];
    assert_eq!(fleet.settings.description.as_deref(), Some("made by hand"));
    let tags = fleet.tags.tags().unwrap();
    assert_eq!(tags["team"], "old");
    assert_eq!(tags["streamkeeper:uid"], uid().hyphenated().to_string());
}

#[test]
fn what_was_only_watched_is_not_reset_by_the_take_over() {
    // `import` brings rows in like this: observe, and adopt when somebody says enforce.
    let all = [
        ("/fleet/description", json!("made by hand")),
        ("/stack/displayName", json!("made by hand")),
        ("/tags", json!({"team": "old"})),
        (
            "/stack/userSettings",
            json!([{"action": "FILE_UPLOAD", "permission": "DISABLED"}]),
        ),
    ];
    let mut by_hand = World::converged(&with(small(), &all));
    for tags in [
        &mut by_hand.aws.fleets.get_mut("cfd").unwrap().tags,
        &mut by_hand.aws.stacks.get_mut("cfd").unwrap().tags,
    ] {
        *tags = super::harness::tags(&[("team", "old")]);
    }
    let mut world = World::new(&adopting(&all));
    world.aws = by_hand.aws.clone();
    world.environment.mode = Mode::Observe;
    for _ in 0..3 {
        assert_eq!(world.pass().made, 0);
    }
    assert!(world.managed.contains_key("fleet.description"));
    world.edit(&adopting(&[]));
    world.environment.mode = Mode::Enforce;
    world.converge();
    assert_eq!(world.operations(), ["TagResource", "TagResource"]);
    assert!(!world.managed.contains_key("fleet.description"));
    assert!(!world.managed.contains_key("tags.team"));
    let settings = &world.aws.fleets["cfd"].settings;
    assert_eq!(settings.description.as_deref(), Some("made by hand"));
}

#[test]
fn watching_what_nobody_owns_reports_its_fields_and_not_its_tags() {
    let spec = adopting(&[("/fleet/displayName", json!("CFD"))]);
    let mut case = both(&spec, tags(&[]), tags(&[]));
    case.environment.mode = Mode::Observe;
    case.observed.stack_fleets = Observed::Present([String::from("cfd")].into());
    check(
        &case,
        r#"
        hold UpdateFleet fleet/cfd {"displayName":"CFD"} (ObserveOnly)
        diff fleet/cfd fleet.displayName: null -> "CFD"
        "#,
    );
}

#[test]
fn tags_that_were_only_listed_decide_no_conflict_and_no_take_over() {
    let listed = |tags: &ObservedTags| ObservedTags::Listed(tags.tags().unwrap().clone());
    for (spec, found) in [
        (small(), theirs()),
        (small(), tags(&[])),
        (adopting(&[]), tags(&[("team", "old")])),
    ] {
        check(
            &both(&spec, listed(&found), ours()),
            r"
            why fleet/cfd NotObserved
            ask fleets cfd
            ",
        );
    }
}

#[test]
fn tags_that_cannot_be_read_stop_what_depends_on_them() {
    let spec = with(small(), &[("/stack/displayName", json!("CFD"))]);
    let unknown = ObservedTags::Unknown("denied".to_owned());
    check(
        &both(&spec, unknown, ours()),
        r#"
        do UpdateStack stack/cfd {"displayName":"CFD"}
        why fleet/cfd NotObserved
        diff stack/cfd stack.displayName: null -> "CFD"
        ask fleets cfd
        "#,
    );
}

#[test]
fn a_row_inserted_again_under_its_name_is_another_one() {
    let old = World::converged(&small());
    let mut new = World::new(&small());
    new.environment.uid = uuid::Uuid::from_u128(7);
    new.aws = old.aws.clone();
    let plan = new.pass().plan;
    assert_eq!(plan.waiting.len(), 2);
    assert!(
        plan.waiting
            .iter()
            .all(|waiting| waiting.reason == WaitReason::Conflict)
    );
    assert!(new.calls.is_empty());
}

#[test]
fn what_was_ours_and_lost_its_tags_is_reset_when_it_is_taken_over_again() {
    let described = adopting(&[
        ("/fleet/displayName", json!("ours")),
        ("/tags", json!({"team": "cfd"})),
    ]);
    let mut world = World::converged(&described);
    world.aws.fleets.get_mut("cfd").unwrap().tags = tags(&[("team", "cfd")]);
    world.edit(&adopting(&[]));
    world.converge();
    let fleet = &world.aws.fleets["cfd"];
    assert_eq!(fleet.settings.display_name, None);
    assert_eq!(fleet.tags, ours());
}
