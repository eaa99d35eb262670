//! Turns a plan into what people see: conditions and the lines of `streamkeeper.plan(name)`.

use crate::condition::{Condition, ConditionStatus, ConditionType};
use crate::environment::{Environment, Mode, Timestamp};
use crate::plan::{Plan, PlanRow, WaitReason, Waiting};

use ConditionStatus::{False, True, Unknown};

/// The action of a plan's line that is a wait without a step.
const NO_STEP: &str = "-";

/// Conditions of an environment after a pass. `rows` are the plan's lines ([`plan_rows`]), which
/// know since when something waits.
#[must_use]
pub fn conditions(environment: &Environment, plan: &Plan, rows: &[PlanRow]) -> Vec<Condition> {
    let waiting: Vec<Waiting> = plan
        .waiting
        .iter()
        .map(|waiting| dated(waiting, rows))
        .collect();
    let waits = Waits::of(&waiting);
    [
        (ConditionType::Ready, ready(environment, plan, &waits)),
        (ConditionType::Reconciling, reconciling(plan, &waits)),
        (ConditionType::Stalled, held(waits.stalled, "Progressing")),
        (ConditionType::Synced, synced(plan, &waits)),
        (
            ConditionType::Paused,
            (False, "NotPaused".to_owned(), String::new()),
        ),
        (ConditionType::Conflict, held(waits.conflict, "NoConflict")),
    ]
    .into_iter()
    .map(|(condition_type, (status, reason, message))| Condition {
        condition_type,
        status,
        reason,
        message,
    })
    .collect()
}

/// Status, reason and message of a condition.
type Verdict = (ConditionStatus, String, String);

/// The first wait of each kind.
struct Waits<'a> {
    /// For a human.
    stalled: Option<&'a Waiting>,
    /// For time.
    waiting: Option<&'a Waiting>,
    /// For somebody else's object to go.
    conflict: Option<&'a Waiting>,
    /// For a look that brings something back.
    unseen: Option<&'a Waiting>,
}

impl<'a> Waits<'a> {
    fn of(waiting: &'a [Waiting]) -> Self {
        let first =
            |is: fn(WaitReason) -> bool| waiting.iter().find(move |waiting| is(waiting.reason));
        Self {
            stalled: first(WaitReason::needs_human),
            waiting: first(|reason| !reason.needs_human()),
            conflict: first(|reason| reason == WaitReason::Conflict),
            unseen: first(|reason| reason == WaitReason::NotObserved),
        }
    }
}

fn ready(environment: &Environment, plan: &Plan, waits: &Waits<'_>) -> Verdict {
    if environment.is_deleting() {
        let message = waits.stalled.or(waits.waiting).map_or_else(
            || "the environment is being deleted".to_owned(),
            |waiting| format!("the environment is being deleted; {}", says(waiting)),
        );
        (False, "Deleting".to_owned(), message)
    } else if let Some(waiting) = waits.stalled {
        (False, waiting.reason.to_string(), says(waiting))
    } else if let Some(waiting) = waits.unseen {
        (Unknown, waiting.reason.to_string(), says(waiting))
    } else if let Some(waiting) = waits.waiting {
        (False, waiting.reason.to_string(), says(waiting))
    } else if environment.mode == Mode::Observe && !plan.differences.is_empty() {
        let count = plan.differences.len();
        let fields = if count == 1 {
            "field differs"
        } else {
            "fields differ"
        };
        let message = format!("{count} {fields}; mode is observe");
        (False, "ObserveOnly".to_owned(), message)
    } else if plan.steps.is_empty() && plan.differences.is_empty() {
        let message = "everything matches".to_owned();
        (True, "Converged".to_owned(), message)
    } else {
        (False, "Converging".to_owned(), to_do(plan))
    }
}

fn reconciling(plan: &Plan, waits: &Waits<'_>) -> Verdict {
    match waits.waiting {
        Some(waiting) if waiting.reason != WaitReason::ObserveOnly => {
            (True, waiting.reason.to_string(), says(waiting))
        }
        Some(_) | None if actionable(plan) > 0 => (True, "Converging".to_owned(), to_do(plan)),
        Some(_) | None => (False, "Idle".to_owned(), String::new()),
    }
}

fn synced(plan: &Plan, waits: &Waits<'_>) -> Verdict {
    if waits.unseen.is_some() && plan.differences.is_empty() {
        let message = "not everything could be read".to_owned();
        (Unknown, "NotObserved".to_owned(), message)
    } else if plan.differences.is_empty() {
        (True, "NoDifferences".to_owned(), String::new())
    } else {
        let paths: Vec<&str> = plan
            .differences
            .iter()
            .map(|difference| difference.path.as_str())
            .collect();
        (False, "Differences".to_owned(), paths.join(", "))
    }
}

/// How many steps are done in this pass.
fn actionable(plan: &Plan) -> usize {
    plan.steps
        .iter()
        .filter(|step| step.waiting_for.is_none())
        .count()
}

fn to_do(plan: &Plan) -> String {
    match actionable(plan) {
        1 => "1 step to do".to_owned(),
        steps => format!("{steps} steps to do"),
    }
}

/// Conditions of a paused environment: nobody looks, so nothing is claimed.
#[must_use]
pub fn paused() -> Vec<Condition> {
    let condition = |condition_type, status, message: &str| Condition {
        condition_type,
        status,
        reason: "Paused".to_owned(),
        message: message.to_owned(),
    };
    vec![
        condition(ConditionType::Ready, Unknown, "the environment is paused"),
        condition(ConditionType::Reconciling, False, ""),
        condition(
            ConditionType::Synced,
            Unknown,
            "nobody looks while it is paused",
        ),
        condition(ConditionType::Paused, True, "neither looked at nor touched"),
    ]
}

/// Whether somebody else keeps writing what we write.
#[must_use]
pub fn contested(paths: &[String]) -> Condition {
    let (status, reason, message) = if paths.is_empty() {
        (False, "NotContested".to_owned(), String::new())
    } else {
        let message = format!(
            "{}: repaired more than ten times in ten minutes; somebody else writes it too. Find \
             out who, or add the path to ignore",
            paths.join(", ")
        );
        (True, "RepairedTooOften".to_owned(), message)
    };
    Condition {
        condition_type: ConditionType::Contested,
        status,
        reason,
        message,
    }
}

/// Conditions of an environment that cannot even be planned.
#[must_use]
pub fn stalled(reason: WaitReason, message: &str) -> Vec<Condition> {
    let condition = |condition_type, status| Condition {
        condition_type,
        status,
        reason: reason.to_string(),
        message: message.to_owned(),
    };
    vec![
        condition(ConditionType::Ready, False),
        condition(ConditionType::Reconciling, False),
        condition(ConditionType::Stalled, True),
        condition(ConditionType::Synced, Unknown),
    ]
}

/// The plan as users see it. A line that stood there before keeps its `since`.
#[must_use]
pub fn plan_rows(plan: &Plan, previous: &[PlanRow], now: Timestamp) -> Vec<PlanRow> {
    let mut rows: Vec<PlanRow> = plan
        .steps
        .iter()
        .map(|step| PlanRow {
            position: 0,
            action: step.action.operation().to_owned(),
            object: step.action.object().to_string(),
            reason: step.reason.clone(),
            waiting_for: step.waiting_for.map(|reason| reason.to_string()),
            since: now,
            disruptive: step.action.is_disruptive(),
        })
        .collect();
    rows.extend(plan.waiting.iter().map(|waiting| PlanRow {
        position: 0,
        action: NO_STEP.to_owned(),
        object: waiting.object.clone(),
        reason: waiting.message.clone(),
        waiting_for: Some(waiting.reason.to_string()),
        since: now,
        disruptive: false,
    }));
    rows.extend(plan.remarks.iter().map(|remark| PlanRow {
        position: 0,
        action: "-".to_owned(),
        object: remark.object.clone(),
        reason: remark.message.clone(),
        waiting_for: None,
        since: now,
        disruptive: false,
    }));
    for (position, row) in (1..).zip(&mut rows) {
        row.position = position;
        let before = previous.iter().find(|old| {
            old.action == row.action
                && old.object == row.object
                && old.waiting_for == row.waiting_for
        });
        if let Some(before) = before {
            row.since = before.since;
        }
    }
    rows
}

fn held(waiting: Option<&Waiting>, otherwise: &str) -> Verdict {
    waiting.map_or_else(
        || (False, otherwise.to_owned(), String::new()),
        |waiting| (True, waiting.reason.to_string(), says(waiting)),
    )
}

/// A wait for people with since when it lasts: it may be days, and somebody may want to ask them. A
/// line keeps its `since`, so the message changes with the number of people only.
fn dated(waiting: &Waiting, rows: &[PlanRow]) -> Waiting {
    let mut waiting = waiting.clone();
    if waiting.reason != WaitReason::WaitingForSessions {
        return waiting;
    }
    let reason = waiting.reason.to_string();
    let row = rows.iter().find(|row| {
        row.action == NO_STEP
            && row.object == waiting.object
            && row.waiting_for.as_deref() == Some(&reason)
    });
    if let Some(row) = row {
        let since = row.since.format("%Y-%m-%dT%H:%M:%SZ");
        waiting.message = format!("{} (waiting since {since})", waiting.message);
    }
    waiting
}

fn says(waiting: &Waiting) -> String {
    format!("{}: {}", waiting.object, waiting.message)
}

#[cfg(test)]
mod tests;
