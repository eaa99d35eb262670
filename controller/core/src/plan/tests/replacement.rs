//! What only a new fleet can have makes one, where the row allows it; what the row leaves out goes.

use serde_json::{Value, json};

use super::failures_and_backoff::fail;
use super::harness::{Case, LEFT_OUT, check, fleet, small, stack, with};
use super::world::{Fault, World, is_quiet};
use crate::action::Action;
use crate::cloud::ErrorClass;
use crate::observed::{FleetState, Observed};
use crate::plan::WaitReason;

const TYPE: &str = "/fleet/fleetType";

fn allowed() -> Value {
    let disruption = json!({"allowReplacement": true});
    with(
        small(),
        &[
            (TYPE, json!("ON_DEMAND")),
            ("/fleet/disruption", disruption),
        ],
    )
}

fn replaced() -> Value {
    with(allowed(), &[(TYPE, json!("ALWAYS_ON"))])
}

/// Everything is there, and the row asks for another type.
fn case() -> Case {
    let mut case = Case::new(&replaced());
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    case.observed.stack = Observed::Present(stack(json!({})));
    case.observed.fleet_stacks = Observed::Present(["cfd".to_owned()].into());
    case.observed.stack_fleets = Observed::Present(["cfd".to_owned()].into());
    case.owned = ["fleet/cfd", "stack/cfd"].map(str::to_owned).into();
    case
}

const DIFFERENCE: &str = r#"diff fleet/cfd fleet.fleetType: "ON_DEMAND" -> "ALWAYS_ON""#;

#[test]
fn a_fleet_is_parted_stopped_and_deleted_to_be_made_anew() {
    check(
        &case(),
        &format!(
            "do DisassociateFleet fleet/cfd stack/cfd
            do StopFleet fleet/cfd, owing a start
            hold DeleteFleet fleet/cfd (EarlierStep)
            {DIFFERENCE}"
        ),
    );
    let mut world = World::converged(&allowed());
    let before = world.calls.len();
    world.edit(&replaced());
    world.converge();
    assert_eq!(
        world.operations()[before..],
        [
            "DisassociateFleet",
            "StopFleet",
            "DeleteFleet",
            "CreateFleet",
            "StartFleet",
            "AssociateFleet"
        ]
    );
    let fleet = &world.aws.fleets["cfd"];
    assert_eq!(fleet.settings.fleet_type.as_deref(), Some("ALWAYS_ON"));
    assert_eq!(fleet.state, FleetState::Running);
    assert!(world.debts.is_empty());
}

#[test]
fn a_replacement_is_no_drift() {
    let mut world = World::converged(&allowed());
    world.edit(&replaced());
    loop {
        world.reads_association = true;
        let pass = world.pass();
        assert!(pass.drift.new.is_empty(), "{:?}", pass.drift);
        if is_quiet(&pass.plan) {
            break;
        }
    }
    world.quiet();
}

#[test]
fn people_hold_a_replacement_back_and_nothing_that_needs_no_stop() {
    let mut case = case();
    let spec = with(replaced(), &[("/fleet/displayName", json!("CFD"))]);
    case.environment = super::harness::environment(&spec);
    case.observed
        .sessions
        .insert("cfd".to_owned(), Observed::Present(1));
    check(
        &case,
        &format!(
            r#"do UpdateFleet fleet/cfd {{"displayName":"CFD"}}
            hold DisassociateFleet fleet/cfd stack/cfd (WaitingForSessions)
            hold StopFleet fleet/cfd, owing a start (WaitingForSessions)
            hold DeleteFleet fleet/cfd (WaitingForSessions)
            why fleet/cfd WaitingForSessions
            {DIFFERENCE}
            diff fleet/cfd fleet.displayName: null -> "CFD""#
        ),
    );
}

#[test]
fn a_strangers_stack_on_the_fleet_is_a_conflict() {
    let mut case = case();
    case.observed.fleet_stacks = Observed::Present(["cfd", "theirs"].map(str::to_owned).into());
    check(&case, &format!("why fleet/cfd Conflict\n{DIFFERENCE}"));
}

#[test]
fn a_fleet_is_ours_before_it_is_replaced() {
    let mut case = case();
    let spec = with(replaced(), &[("/adoption", json!("IfUnowned"))]);
    case.environment = super::harness::environment(&spec);
    case.owned.remove("fleet/cfd");
    let mut found = fleet(FleetState::Stopped, json!({}));
    found.tags = super::harness::tags(&[]);
    case.observed.fleet = Observed::Present(found);
    let plan = case.plan();
    let acts = plan.steps.iter().filter(|step| step.waiting_for.is_none());
    let acts: Vec<&str> = acts.map(|step| step.action.operation()).collect();
    assert!(!acts.contains(&"DeleteFleet"), "{acts:?}");
    assert!(acts.contains(&"TagResource"), "{acts:?}");
}

#[test]
fn every_lost_call_of_a_replacement_is_found_out() {
    for fault in [Fault::Lost, Fault::AnswerLost] {
        for at in 0..6 {
            let mut world = World::converged(&allowed());
            world.edit(&replaced());
            // Last first: so many calls go well, and then one does not.
            world.faults = std::iter::once(fault)
                .chain(std::iter::repeat_n(Fault::None, at))
                .collect();
            world.converge();
            let fleet = &world.aws.fleets["cfd"];
            assert_eq!(fleet.settings.fleet_type.as_deref(), Some("ALWAYS_ON"));
            assert_eq!(fleet.state, FleetState::Running, "{fault:?} at {at}");
            assert!(world.debts.is_empty() && world.intents.is_empty());
        }
    }
}

#[test]
fn a_row_that_is_changed_back_in_the_middle_ends_as_it_began() {
    for passes in 0..10 {
        let mut world = World::converged(&allowed());
        world.edit(&replaced());
        for _ in 0..passes {
            world.pass();
        }
        world.edit(&allowed());
        world.converge();
        let fleet = &world.aws.fleets["cfd"];
        assert_eq!(fleet.settings.fleet_type.as_deref(), Some("ON_DEMAND"));
        assert_eq!(fleet.state, FleetState::Running, "after {passes} passes");
        assert_eq!(world.aws.associations.len(), 1);
        assert!(world.debts.is_empty());
    }
}

#[test]
fn a_permission_that_is_withdrawn_in_the_middle_leaves_a_running_fleet() {
    for passes in 0..10 {
        let mut world = World::converged(&allowed());
        world.edit(&replaced());
        for _ in 0..passes {
            world.pass();
        }
        world.edit(&with(replaced(), &[("/fleet/disruption", json!(LEFT_OUT))]));
        for _ in 0..12 {
            world.pass();
        }
        let fleet = &world.aws.fleets["cfd"];
        assert_eq!(fleet.state, FleetState::Running, "after {passes} passes");
        assert_eq!(world.aws.associations.len(), 1, "after {passes} passes");
        assert!(world.debts.is_empty());
        let plan = world.plan();
        let waits = plan.waiting.iter().map(|one| one.reason);
        let is_new = fleet.settings.fleet_type.as_deref() == Some("ALWAYS_ON");
        let expected = (!is_new).then_some(WaitReason::ReplacementNeeded);
        assert_eq!(waits.collect::<Vec<_>>(), Vec::from_iter(expected));
    }
}

#[test]
fn a_fleet_that_may_not_be_deleted_is_started_again() {
    let delete = Action::DeleteFleet {
        name: "cfd".to_owned(),
    };
    let mut case = case();
    case.observed.stack_fleets = Observed::Present([].into());
    case.observed.fleet_stacks = Observed::Present([].into());
    case.observed.fleet = Observed::Present(fleet(FleetState::Stopped, json!({})));
    case.debts.insert("cfd".to_owned());
    fail(&mut case, &delete, ErrorClass::Denied);
    check(
        &case,
        &format!(
            r#"hold DeleteFleet fleet/cfd (CallRefused)
            do StartFleet fleet/cfd
            do AssociateFleet fleet/cfd stack/cfd
            why fleet/cfd CallRefused
            {DIFFERENCE}
            diff stack/cfd association: [] -> "cfd""#
        ),
    );
    // And it is not stopped for the same refusal.
    case.debts.clear();
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    case.observed.stack_fleets = Observed::Present(["cfd".to_owned()].into());
    check(
        &case,
        &format!(
            "hold DeleteFleet fleet/cfd (CallRefused)
            why fleet/cfd CallRefused
            {DIFFERENCE}"
        ),
    );
}

fn without(what: &str) -> Value {
    let mut spec = allowed();
    let keys = spec.as_object_mut().unwrap();
    keys.remove(what);
    if what == "fleet" {
        keys.remove("image");
    }
    spec
}

#[test]
fn a_fleet_that_the_row_leaves_out_goes_and_the_stack_stays() {
    let mut world = World::converged(&allowed());
    let before = world.calls.len();
    world.edit(&without("fleet"));
    world.converge();
    assert_eq!(
        world.operations()[before..],
        ["DisassociateFleet", "StopFleet", "DeleteFleet"]
    );
    assert!(world.aws.fleets.is_empty());
    assert_eq!(world.aws.stacks.len(), 1);
    assert_eq!(world.owned, ["stack/cfd".to_owned()].into());
    let left = world.managed.keys().find(|path| path.starts_with("fleet"));
    assert_eq!(left, None);
    // Put back, it is made as for the first time.
    world.edit(&allowed());
    let pass = world.pass();
    assert!(pass.drift.new.is_empty(), "{:?}", pass.drift);
    world.converge();
}

#[test]
fn a_stack_that_the_row_leaves_out_goes_and_the_fleet_runs_on() {
    let mut world = World::converged(&allowed());
    let before = world.calls.len();
    world.edit(&without("stack"));
    world.converge();
    assert_eq!(
        world.operations()[before..],
        ["DisassociateFleet", "DeleteStack"]
    );
    assert_eq!(world.owned, ["fleet/cfd".to_owned()].into());
    assert_eq!(world.aws.fleets["cfd"].state, FleetState::Running);
}

#[test]
fn what_is_renamed_goes_before_its_namesake_comes() {
    for (pointer, object) in [("/fleet/name", "fleet/new"), ("/stack/name", "stack/new")] {
        let users = json!([{"userName": "ada@example.com"}]);
        let entitlements = json!([{
            "name": "viewers", "appVisibility": "ALL",
            "attributes": [{"name": "roles", "value": "viewer"}]
        }]);
        let changes = [("/users", users), ("/entitlements", entitlements)];
        let row = with(allowed(), &changes);
        let mut world = World::converged(&row);
        world.edit(&with(row, &[(pointer, json!("new"))]));
        loop {
            let pass = world.pass();
            assert!(pass.drift.new.is_empty(), "{object}: {:?}", pass.drift);
            if is_quiet(&pass.plan) {
                break;
            }
        }
        world.quiet();
        assert!(world.owned.contains(object), "{:?}", world.owned);
        assert_eq!(world.owned.len(), 2);
        assert_eq!((world.aws.fleets.len(), world.aws.stacks.len()), (1, 1));
        assert_eq!(world.aws.associations.len(), 1);
        let fleet = world.aws.fleets.values().next().unwrap();
        assert_eq!(fleet.state, FleetState::Running);
    }
}

#[test]
fn one_look_that_does_not_find_what_was_left_out_is_no_proof() {
    let mut world = World::converged(&allowed());
    world.edit(&without("fleet"));
    let hidden = world.aws.fleets.remove("cfd").unwrap();
    world.pass();
    assert!(world.owned.contains("fleet/cfd"));
    world.aws.fleets.insert("cfd".to_owned(), hidden);
    world.converge();
    assert!(world.aws.fleets.is_empty());
    assert!(!world.owned.contains("fleet/cfd"));
}

#[test]
fn what_the_row_said_last_counts_when_its_fleet_is_left_out() {
    let never = json!({"allowReplacement": true, "policy": "Never"});
    let mut world = World::converged(&with(allowed(), &[("/fleet/disruption", never)]));
    let before = world.calls.len();
    world.edit(&without("fleet"));
    for _ in 0..4 {
        let plan = world.pass().plan;
        assert_eq!(plan.waiting[0].reason, WaitReason::DisruptionForbidden);
    }
    assert_eq!(world.calls.len(), before);

    let mut world = World::converged(&with(allowed(), &[("/fleet/disruption", json!({}))]));
    world.edit(&without("fleet"));
    let plan = world.pass().plan;
    assert_eq!(plan.waiting[0].reason, WaitReason::ReplacementNeeded);
    assert!(plan.steps.is_empty());
}
