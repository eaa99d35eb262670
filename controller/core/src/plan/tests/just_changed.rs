//! What we changed a moment ago is not taken away on the word of an answer that may be from before.

use serde_json::{Value, json};

use super::harness::{Case, LEFT_OUT, check, fleet, minute, small, with};
use crate::observed::{FleetState, Observed};

/// A running fleet without a stack, and a change of its description.
fn stopping(more: &[(&str, Value)]) -> Case {
    let mut changes = vec![
        ("/stack", json!(LEFT_OUT)),
        ("/fleet/description", json!("for CFD")),
    ];
    changes.extend_from_slice(more);
    let mut case = Case::new(&with(small(), &changes));
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    case.owned.insert("fleet/cfd".to_owned());
    case.now = minute(5);
    case
}

#[test]
fn a_stop_waits_until_the_answers_have_caught_up() {
    let mut case = stopping(&[]);
    case.unsteady.insert("fleet/cfd".to_owned(), minute(6));
    check(
        &case,
        r#"
        hold StopFleet fleet/cfd, owing a start (JustChanged)
        hold UpdateFleet fleet/cfd {"description":"for CFD"} (EarlierStep)
        hold StartFleet fleet/cfd (EarlierStep)
        why fleet/cfd JustChanged
        diff fleet/cfd fleet.description: null -> "for CFD"
        "#,
    );
    case.now = minute(6);
    check(
        &case,
        r#"
        do StopFleet fleet/cfd, owing a start
        hold UpdateFleet fleet/cfd {"description":"for CFD"} (EarlierStep)
        hold StartFleet fleet/cfd (EarlierStep)
        diff fleet/cfd fleet.description: null -> "for CFD"
        "#,
    );
}

#[test]
fn what_takes_nothing_away_and_other_objects_do_not_wait() {
    let mut case = stopping(&[("/fleet/displayName", json!("CFD"))]);
    case.unsteady.insert("fleet/cfd".to_owned(), minute(6));
    let plan = case.plan();
    assert_eq!(plan.steps[0].action.operation(), "UpdateFleet");
    assert_eq!(plan.steps[0].waiting_for, None);

    let mut case = stopping(&[]);
    case.unsteady.insert("fleet/other".to_owned(), minute(6));
    case.unsteady.insert("stack/cfd".to_owned(), minute(6));
    assert_eq!(case.plan().steps[0].waiting_for, None);
}
