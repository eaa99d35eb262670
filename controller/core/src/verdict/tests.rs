//! What people see of a plan: conditions, and the lines of `streamkeeper.plan(name)`.

use serde_json::json;

use super::{conditions, contested, paused, plan_rows, stalled};
use crate::condition::{Condition, ConditionStatus, ConditionType};
use crate::environment::Mode;
use crate::observed::{FleetState, Observed};
use crate::plan::tests::harness::{Case, fleet, minute, small, stack, tags, with};
use crate::plan::tests::world::World;
use crate::plan::{Plan, PlanRow, WaitReason};

/// One line per condition that is not at rest.
fn told(conditions: &[Condition]) -> Vec<String> {
    conditions
        .iter()
        .filter(|condition| {
            !matches!(
                condition.reason.as_str(),
                "NotPaused" | "NoConflict" | "Progressing" | "Idle" | "NoDifferences"
            )
        })
        .map(|condition| {
            format!(
                "{} {} {}: {}",
                condition.condition_type.as_str(),
                condition.status.as_str(),
                condition.reason,
                condition.message
            )
        })
        .collect()
}

fn of(case: &Case) -> Vec<String> {
    told(&conditions(&case.environment, &case.plan(), &[]))
}

/// Everything is there and as the row asks.
fn at_rest() -> Case {
    let mut case = Case::new(&small());
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    case.observed.stack = Observed::Present(stack(json!({})));
    case.observed.stack_fleets = Observed::Present(["cfd".to_owned()].into());
    case.owned = ["fleet/cfd", "stack/cfd"].map(str::to_owned).into();
    case
}

#[test]
fn at_rest_everything_is_ready_and_nothing_else_is_said() {
    assert_eq!(of(&at_rest()), ["Ready True Converged: everything matches"]);
}

#[test]
fn every_condition_is_there_each_time_but_the_one_the_shell_knows() {
    let types: Vec<ConditionType> = conditions(&at_rest().environment, &Plan::default(), &[])
        .into_iter()
        .map(|condition| condition.condition_type)
        .collect();
    let all: Vec<ConditionType> = ConditionType::ALL
        .into_iter()
        .filter(|condition| *condition != ConditionType::Contested)
        .collect();
    assert_eq!(types, all);
}

#[test]
fn work_to_do_is_converging() {
    let case = Case::new(&small());
    assert_eq!(
        of(&case),
        [
            "Ready False Converging: 4 steps to do",
            "Reconciling True Converging: 4 steps to do",
            "Synced False Differences: fleet, stack, association"
        ]
    );
}

#[test]
fn waiting_for_aws_is_reconciling_and_not_stalled() {
    let mut case = at_rest();
    case.observed.fleet = Observed::Present(fleet(FleetState::Starting, json!({})));
    assert_eq!(
        of(&case),
        [
            "Ready False FleetStarting: fleet/cfd: the fleet is STARTING",
            "Reconciling True FleetStarting: fleet/cfd: the fleet is STARTING",
            "Synced False Differences: fleet.state"
        ]
    );
}

#[test]
fn a_conflict_is_stalled_and_says_with_whom() {
    let mut case = at_rest();
    let mut theirs = stack(json!({}));
    theirs.tags = tags(&[
        ("streamkeeper:uid", "theirs"),
        ("streamkeeper:environment", "theirs"),
    ]);
    case.observed.stack = Observed::Present(theirs);
    let said = "stack/cfd: stack/cfd carries streamkeeper:uid=theirs: it belongs to another \
                environment (theirs)";
    assert_eq!(
        of(&case),
        [
            format!("Ready False Conflict: {said}"),
            format!("Stalled True Conflict: {said}"),
            format!("Conflict True Conflict: {said}")
        ]
    );
}

#[test]
fn what_could_not_be_read_is_unknown_and_not_false() {
    let mut case = at_rest();
    case.observed.fleet = Observed::Unknown("AccessDenied".to_owned());
    assert_eq!(
        of(&case),
        [
            "Ready Unknown NotObserved: fleet/cfd: AccessDenied",
            "Reconciling True NotObserved: fleet/cfd: AccessDenied",
            "Synced Unknown NotObserved: not everything could be read"
        ]
    );
}

#[test]
fn observing_says_how_much_differs() {
    let spec = with(small(), &[("/stack/displayName", json!("CFD"))]);
    let mut case = at_rest();
    case.environment.spec = serde_json::from_value(spec).unwrap();
    case.environment.mode = Mode::Observe;
    assert_eq!(
        of(&case),
        [
            "Ready False ObserveOnly: 1 field differs; mode is observe",
            "Synced False Differences: stack.displayName"
        ]
    );
}

#[test]
fn a_row_that_goes_says_what_it_waits_for() {
    let mut case = at_rest();
    case.environment.deletion_requested_at = Some(minute(0));
    case.observed.fleet_stacks = Observed::Present(["cfd".to_owned()].into());
    case.observed
        .sessions
        .insert("cfd".to_owned(), Observed::Present(1));
    let told = of(&case);
    assert_eq!(
        told[0],
        "Ready False Deleting: the environment is being deleted; fleet/cfd: 1 session on the \
         fleet; it is stopped when none is left"
    );
}

#[test]
fn paused_claims_nothing() {
    assert_eq!(
        told(&paused()),
        [
            "Ready Unknown Paused: the environment is paused",
            "Reconciling False Paused: ",
            "Synced Unknown Paused: nobody looks while it is paused",
            "Paused True Paused: neither looked at nor touched"
        ]
    );
}

#[test]
fn what_cannot_be_planned_is_stalled() {
    let told = told(&stalled(WaitReason::WrongAccount, "the account is another"));
    assert_eq!(told[0], "Ready False WrongAccount: the account is another");
    assert_eq!(told[2], "Stalled True WrongAccount: the account is another");
    assert_eq!(
        told[3],
        "Synced Unknown WrongAccount: the account is another"
    );
}

#[test]
fn a_fight_is_said_and_over_when_it_is_over() {
    assert_eq!(contested(&[]).status, ConditionStatus::False);
    let fight = contested(&["fleet.state".to_owned()]);
    assert_eq!(fight.status, ConditionStatus::True);
    assert!(
        fight.message.starts_with("fleet.state: "),
        "{}",
        fight.message
    );
}

#[test]
fn a_plan_is_told_line_by_line_steps_first() {
    let mut case = at_rest();
    let spec = with(small(), &[("/fleet/description", json!("for CFD"))]);
    case.environment.spec = serde_json::from_value(spec).unwrap();
    case.observed
        .sessions
        .insert("cfd".to_owned(), Observed::Present(2));
    let rows = plan_rows(&case.plan(), &[], minute(5));
    let told: Vec<String> = rows
        .iter()
        .map(|row| {
            let waits = row.waiting_for.as_deref().unwrap_or("nothing");
            let disruptive = if row.disruptive { " disruptive" } else { "" };
            format!(
                "{} {} {} for {waits}{disruptive}",
                row.position, row.action, row.object
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "1 StopFleet fleet/cfd for WaitingForSessions disruptive",
            "2 UpdateFleet fleet/cfd for WaitingForSessions",
            "3 StartFleet fleet/cfd for EarlierStep",
            "4 - fleet/cfd for WaitingForSessions"
        ]
    );
    assert_eq!(rows[1].reason, r#"fleet.description: nothing -> "for CFD""#);
}

#[test]
fn a_line_that_stood_there_keeps_since_when() {
    let mut world = World::converged(&small());
    world.aws.sessions.insert("cfd".to_owned(), 1);
    world.edit(&with(small(), &[("/fleet/description", json!("for CFD"))]));
    let first = plan_rows(&world.plan(), &[], minute(1));
    let second = plan_rows(&world.plan(), &first, minute(2));
    assert_eq!(second, first);
    world.aws.sessions.clear();
    let third = plan_rows(&world.plan(), &second, minute(3));
    assert_eq!(third[0].waiting_for, None);
    assert_eq!(third[0].since, minute(3), "it no longer waits for people");
    assert_eq!(third[2].since, minute(1), "the start waits as before");
}

#[test]
fn what_drifted_is_called_so() {
    let spec = with(small(), &[("/stack/displayName", json!("CFD"))]);
    let mut world = World::converged(&spec);
    let stack = world.aws.stacks.get_mut("cfd").unwrap();
    stack.settings.display_name = Some("theirs".to_owned());
    let rows = plan_rows(&world.plan(), &[], minute(0));
    assert_eq!(
        rows[0].reason,
        r#"drift of stack.displayName: "theirs" -> "CFD""#
    );
}

#[test]
fn how_long_people_are_waited_for_is_said_and_changes_with_their_number_only() {
    let spec = with(small(), &[("/fleet/description", json!("for CFD"))]);
    let mut case = at_rest();
    case.environment = crate::plan::tests::harness::environment(&spec);
    let reconciling = |case: &Case, rows: &[PlanRow]| {
        let conditions = conditions(&case.environment, &case.plan(), rows);
        let of = |one: &&Condition| one.condition_type == ConditionType::Reconciling;
        conditions.iter().find(of).unwrap().message.clone()
    };
    let mut rows: Vec<PlanRow> = Vec::new();
    for (at, sessions, words) in [
        (0, 2, "fleet/cfd: 2 sessions on the fleet"),
        (90, 2, "fleet/cfd: 2 sessions on the fleet"),
        (600, 1, "fleet/cfd: 1 session on the fleet"),
    ] {
        let people = Observed::Present(sessions);
        case.observed.sessions.insert("cfd".to_owned(), people);
        rows = plan_rows(&case.plan(), &rows, minute(at));
        assert_eq!(
            reconciling(&case, &rows),
            format!(
                "{words}; it is stopped when none is left (waiting since 2027-01-15T08:00:00Z)"
            )
        );
    }
    case.observed
        .sessions
        .insert("cfd".to_owned(), Observed::Present(0));
    rows = plan_rows(&case.plan(), &rows, minute(700));
    case.observed
        .sessions
        .insert("cfd".to_owned(), Observed::Present(1));
    rows = plan_rows(&case.plan(), &rows, minute(800));
    assert!(reconciling(&case, &rows).ends_with("since 2027-01-15T21:20:00Z)"));
}
