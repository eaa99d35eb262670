//! Tells what a look brought to light as events: intents settled, drift, conflicts, milestones.

use serde_json::{Value, json};
use streamkeeper_core::condition::{Condition, ConditionStatus, ConditionType};
use streamkeeper_core::drift::describe;
use streamkeeper_core::event::{Event, EventReason, EventType};
use streamkeeper_core::plan::{Remark, WaitReason};
use streamkeeper_core::record::Resolution;

use super::record::Found;

fn event(
    event_type: EventType,
    reason: EventReason,
    object: impl Into<String>,
    message: impl Into<String>,
    details: Value,
) -> Event {
    Event {
        event_type,
        reason,
        object: object.into(),
        message: message.into(),
        details,
    }
}

fn normal(reason: EventReason, object: &str, message: impl Into<String>) -> Event {
    event(EventType::Normal, reason, object, message, Value::Null)
}

/// Everything worth an event that a look brought to light.
pub(crate) fn events(found: &Found<'_>, conditions: &[Condition]) -> Vec<Event> {
    let mut events = settled(found);
    events.extend(troubles(found));
    events.extend(remarks(found));
    events.extend(found.plan.cluster_configs.iter().map(|config| {
        let object = format!("cluster/{}", config.cluster);
        let message = format!("configuration rendered for s3://{}", config.bucket);
        normal(EventReason::ClusterConfigRendered, &object, message)
    }));
    events.extend(drift(found));
    events.extend(milestones(found, conditions));
    events
}

fn settled(found: &Found<'_>) -> Vec<Event> {
    found
        .settled
        .iter()
        .map(|(intent, outcome)| {
            let object = intent.action.object().to_string();
            let message = format!("{}: {}", intent.action, outcome.as_str());
            let details = json!({"intent": intent.id});
            event(
                EventType::Normal,
                EventReason::OutcomeResolved,
                object,
                message,
                details,
            )
        })
        .collect()
}

/// Waits that somebody should hear of once, not at every look.
fn troubles(found: &Found<'_>) -> Vec<Event> {
    let known = &found.pass.candidate.row.plan;
    found
        .plan
        .waiting
        .iter()
        .filter_map(|waiting| Some((waiting, trouble(waiting.reason)?)))
        .filter(|(waiting, _)| {
            !known.iter().any(|row| {
                row.waiting_for.as_deref() == Some(&waiting.reason.to_string())
                    && row.reason == waiting.message
            })
        })
        .map(|(waiting, reason)| {
            let (object, message) = (waiting.object.clone(), waiting.message.clone());
            event(EventType::Warning, reason, object, message, Value::Null)
        })
        .collect()
}

/// Facts that somebody should hear of once, not at every look.
fn remarks(found: &Found<'_>) -> Vec<Event> {
    let known = &found.pass.candidate.row.plan;
    let is_new = |remark: &&Remark| !known.iter().any(|row| row.reason == remark.message);
    let remarks = found.plan.remarks.iter().filter(is_new);
    remarks
        .map(|remark| {
            let (object, message) = (remark.object.clone(), remark.message.clone());
            event(
                remark.event_type,
                remark.reason,
                object,
                message,
                Value::Null,
            )
        })
        .collect()
}

fn trouble(reason: WaitReason) -> Option<EventReason> {
    match reason {
        WaitReason::Conflict => Some(EventReason::Conflict),
        WaitReason::AwsReportsErrors => Some(EventReason::AwsReportsErrors),
        WaitReason::PlanRefused => Some(EventReason::PlanRefused),
        WaitReason::ImageMissing => Some(EventReason::ImageMissing),
        WaitReason::BudgetExceeded => Some(EventReason::BudgetExceeded),
        WaitReason::FleetStarting
        | WaitReason::FleetStopping
        | WaitReason::WaitingForSessions
        | WaitReason::OutsideWindow
        | WaitReason::DisruptionForbidden
        | WaitReason::EarlierStep
        | WaitReason::HomeBucketMissing
        | WaitReason::ImagePending
        | WaitReason::NotObserved
        | WaitReason::OutcomeUnknown
        | WaitReason::JustChanged
        | WaitReason::BackingOff
        | WaitReason::WaitingForFleet
        | WaitReason::FleetInUse
        | WaitReason::WrongFleetRef
        | WaitReason::ObserveOnly
        | WaitReason::ReplacementNeeded
        | WaitReason::CallRefused
        | WaitReason::PolicyRefused
        | WaitReason::NoCredentials
        | WaitReason::WrongAccount
        | WaitReason::UnknownField
        | WaitReason::InvalidSpec
        | WaitReason::BucketMissing
        | WaitReason::Panicked => None,
    }
}

fn drift(found: &Found<'_>) -> Vec<Event> {
    let mut events = Vec::new();
    for opened in &found.changes.new {
        let (object, details) = (opened.object.clone(), json!(opened));
        let reason = EventReason::DriftDetected;
        events.push(event(
            EventType::Warning,
            reason,
            object,
            describe(opened),
            details,
        ));
    }
    for (closed, how) in &found.changes.closed {
        let message = format!("{}: {}", closed.path, how.as_str());
        let details = json!({"path": closed.path, "resolution": how.as_str()});
        let reason = match how {
            Resolution::Repaired => EventReason::DriftRepaired,
            Resolution::Accepted | Resolution::ObservedOnly | Resolution::Ignored => {
                EventReason::DriftClosed
            }
        };
        events.push(event(
            EventType::Normal,
            reason,
            closed.object.clone(),
            message,
            details,
        ));
    }
    events
}

/// What an environment comes to: contested, on its way out, gone, Ready.
fn milestones(found: &Found<'_>, conditions: &[Condition]) -> Vec<Event> {
    let row = &found.pass.candidate.row;
    let object = format!("environment/{}", row.name);
    let before = |which, status| {
        row.conditions.iter().any(|stored| {
            stored.condition.condition_type == which && stored.condition.status == status
        })
    };
    let mut events = Vec::new();
    if !found.contested.is_empty() && !before(ConditionType::Contested, ConditionStatus::True) {
        let message = format!("{}: repaired again and again", found.contested.join(", "));
        let details = json!({"paths": found.contested});
        let reason = EventReason::Contested;
        events.push(event(
            EventType::Warning,
            reason,
            object.clone(),
            message,
            details,
        ));
    }
    let was_deleting = row.conditions.iter().any(|stored| {
        stored.condition.condition_type == ConditionType::Ready
            && stored.condition.reason == "Deleting"
    });
    if found.pass.candidate.environment.is_deleting() && !was_deleting {
        let message = "somebody asked for the row to go";
        events.push(normal(EventReason::DeletionRequested, &object, message));
    }
    if found.row_goes() {
        let message = "nothing it owns is left; the row goes";
        events.push(normal(EventReason::Finalized, &object, message));
    }
    let is_ready = conditions.iter().any(|one| {
        one.condition_type == ConditionType::Ready && one.status == ConditionStatus::True
    });
    if is_ready && !before(ConditionType::Ready, ConditionStatus::True) {
        let message = format!("everything matches (generation {})", row.generation);
        events.push(normal(EventReason::Ready, &object, message));
    }
    events
}

/// Says why an environment is not even looked at.
pub(crate) fn unseen_event(name: &str, ready: &Condition) -> Event {
    let (event_type, reason) = match ready.reason.as_str() {
        "Paused" => (EventType::Normal, EventReason::Paused),
        "Panicked" => (EventType::Warning, EventReason::Panicked),
        "NoCredentials" | "WrongAccount" => (EventType::Warning, EventReason::WrongAccount),
        _ => (EventType::Warning, EventReason::InvalidSpec),
    };
    let object = format!("environment/{name}");
    event(
        event_type,
        reason,
        object,
        ready.message.clone(),
        Value::Null,
    )
}

/// Writes an event to the log as well: one line per thing that changed.
pub(crate) fn log_event(environment: &str, event: &Event) {
    let reason = event.reason.as_str();
    let (object, message) = (&event.object, &event.message);
    match event.event_type {
        EventType::Normal => {
            tracing::info!(
                environment.name = environment,
                object,
                reason,
                "{reason} {object}: {message}"
            );
        }
        EventType::Warning => {
            tracing::warn!(
                environment.name = environment,
                object,
                reason,
                "{reason} {object}: {message}"
            );
        }
    }
}
