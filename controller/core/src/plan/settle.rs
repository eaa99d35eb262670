//! Finds out by looking what became of calls whose answer was lost.
//!
//! A look by name decides; nobody guesses and nobody is asked. Which way it decides matters for
//! the record only: what to do next is planned from what was seen, as always.

mod access;

use std::collections::BTreeMap;

use serde_json::Value;

use super::diff;
use super::draft::UID_TAG;
use crate::action::{Action, ObjectKind};
use crate::environment::Environment;
use crate::fields::{FLEET, FieldRule, STACK};
use crate::observed::{FleetState, Observed, ObservedFleet, ObservedStack, ObservedTags, Scaling};
use crate::plan::ObservedEnvironment;
use crate::policy;
use crate::record::{OpenIntent, Outcome};

/// Splits intents into those this look settles, and those it does not.
#[must_use]
pub fn settle(
    environment: &Environment,
    intents: &[OpenIntent],
    observed: &ObservedEnvironment,
) -> (Vec<(OpenIntent, Outcome)>, Vec<OpenIntent>) {
    let mut settled = Vec::new();
    let mut open = Vec::new();
    for intent in intents {
        match outcome(environment, &intent.action, observed) {
            Some(true) => settled.push((intent.clone(), Outcome::Ok)),
            Some(false) => settled.push((intent.clone(), Outcome::Refused)),
            None => open.push(intent.clone()),
        }
    }
    (settled, open)
}

/// Whether the effect of a call is there; `None` while that is not known.
fn outcome(
    environment: &Environment,
    action: &Action,
    observed: &ObservedEnvironment,
) -> Option<bool> {
    match action {
        Action::CreateFleet { .. } => fleet(observed, |fleet| owned(environment, &fleet.tags)),
        Action::CreateStack { .. } => stack(observed, |stack| owned(environment, &stack.tags)),
        Action::StartFleet { .. } => fleet(observed, |fleet| {
            Some(matches!(
                fleet.state,
                FleetState::Starting | FleetState::Running
            ))
        }),
        Action::StopFleet { .. } => fleet(observed, |fleet| {
            Some(matches!(
                fleet.state,
                FleetState::Stopping | FleetState::Stopped
            ))
        }),
        Action::DrainSessionInstance {
            fleet, instance, ..
        } => drained(observed, fleet, instance),
        Action::DeleteFleet { .. } => {
            fleet(observed, |_| Some(false)).map(|_| observed.fleet.is_absent())
        }
        Action::DeregisterScalableTarget { .. } => match &observed.scaling {
            Observed::Absent => Some(true),
            // Who may not see it never will, and nothing that is done depends on it.
            Observed::Present(Scaling::Target { .. } | Scaling::Hidden) => Some(false),
            Observed::Unknown(_) => None,
        },
        Action::DeleteStack { .. } => {
            stack(observed, |_| Some(false)).map(|_| observed.stack.is_absent())
        }
        Action::UpdateFleet { set, delete, .. } => fleet(observed, |fleet| {
            let sent = serde_json::to_value(set).ok()?;
            let has = serde_json::to_value(&fleet.settings).ok()?;
            Some(contains(&has, &sent) && lacks(&has, FLEET, delete))
        }),
        Action::UpdateStack { set, delete, .. } => stack(observed, |stack| {
            let sent = serde_json::to_value(set).ok()?;
            let has = serde_json::to_value(&stack.settings).ok()?;
            Some(contains(&has, &sent) && lacks(&has, STACK, delete))
        }),
        Action::AssociateFleet { fleet, .. } => associated(observed, fleet),
        Action::DisassociateFleet { fleet, .. } => associated(observed, fleet).map(|there| !there),
        Action::TagResource { object, tags, .. } => {
            let has = tags_of(observed, object.kind)?;
            Some(tags.iter().all(|(key, value)| has.get(key) == Some(value)))
        }
        Action::UntagResource { object, keys, .. } => {
            let has = tags_of(observed, object.kind)?;
            Some(keys.iter().all(|key| !has.contains_key(key)))
        }
        Action::PutBucketPolicy {
            bucket, document, ..
        } => {
            let policy = policy_of(observed, bucket)?;
            Some(policy.is_some_and(|policy| policy::equivalent(policy, document)))
        }
        Action::DeleteBucketPolicy { bucket, .. } => Some(policy_of(observed, bucket)?.is_none()),
        Action::Access(call) => access::outcome(call, observed),
    }
}

/// Whether an instance takes nobody else. One that nobody is on any more is not told apart from one
/// that was replaced: nothing that is done depends on it.
fn drained(observed: &ObservedEnvironment, fleet: &str, instance: &str) -> Option<bool> {
    if observed.fleet.is_absent() {
        return Some(false);
    }
    let instance = observed.instances_of(fleet)?.get(instance);
    Some(instance.is_some_and(|instance| instance.is_draining == Some(true)))
}

fn fleet(
    observed: &ObservedEnvironment,
    judge: impl Fn(&ObservedFleet) -> Option<bool>,
) -> Option<bool> {
    match &observed.fleet {
        Observed::Present(fleet) => judge(fleet),
        Observed::Absent => Some(false),
        Observed::Unknown(_) => None,
    }
}

fn stack(
    observed: &ObservedEnvironment,
    judge: impl Fn(&ObservedStack) -> Option<bool>,
) -> Option<bool> {
    match &observed.stack {
        Observed::Present(stack) => judge(stack),
        Observed::Absent => Some(false),
        Observed::Unknown(_) => None,
    }
}

/// Whether an object is the one we made. Tags in bulk lag: they prove that it is, never that it is
/// not.
fn owned(environment: &Environment, tags: &ObservedTags) -> Option<bool> {
    let is_ours = tags.tags()?.get(UID_TAG) == Some(&environment.uid_tag());
    (is_ours || matches!(tags, ObservedTags::Known(_))).then_some(is_ours)
}

fn associated(observed: &ObservedEnvironment, fleet: &str) -> Option<bool> {
    if observed.stack.is_absent() {
        return Some(false);
    }
    observed
        .stack_fleets
        .present()
        .map(|fleets| fleets.contains(fleet))
}

/// Tags as they were read for the object; those of an object that is gone are none.
fn tags_of(observed: &ObservedEnvironment, kind: ObjectKind) -> Option<BTreeMap<String, String>> {
    let tags = match kind {
        ObjectKind::Fleet => match &observed.fleet {
            Observed::Present(fleet) => &fleet.tags,
            Observed::Absent => return Some(BTreeMap::new()),
            Observed::Unknown(_) => return None,
        },
        ObjectKind::Stack => match &observed.stack {
            Observed::Present(stack) => &stack.tags,
            Observed::Absent => return Some(BTreeMap::new()),
            Observed::Unknown(_) => return None,
        },
        ObjectKind::Bucket | ObjectKind::User => return None,
    };
    match tags {
        ObservedTags::Known(tags) => Some(tags.clone()),
        ObservedTags::Listed(_) | ObservedTags::Unknown(_) => None,
    }
}

fn policy_of<'a>(observed: &'a ObservedEnvironment, bucket: &str) -> Option<Option<&'a Value>> {
    let mut seen = None;
    for (asked, found) in &observed.buckets {
        match found {
            Observed::Present(found) if found.name == bucket => {
                return Some(found.policy.as_ref());
            }
            Observed::Absent if asked == bucket => seen = Some(None),
            Observed::Present(_) | Observed::Absent | Observed::Unknown(_) => {}
        }
    }
    seen
}

/// Whether nothing is left of what was to be removed.
fn lacks(has: &Value, rules: &[FieldRule], delete: &[String]) -> bool {
    delete.iter().all(|attribute| {
        let rule = rules
            .iter()
            .find(|rule| rule.reset.attribute() == Some(attribute));
        let kind = attribute.strip_prefix("STORAGE_CONNECTOR_");
        match (rule, kind) {
            (Some(rule), _) => {
                let left = diff::at(has, rule.path);
                left.is_none() || left == rule.reset.default().as_ref()
            }
            (None, Some(kind)) => {
                let connectors = has.get("storageConnectors").and_then(Value::as_array);
                let mut connectors = connectors.into_iter().flatten();
                connectors.all(|connector| connector["connectorType"] != kind)
            }
            (None, None) => true,
        }
    })
}

/// Whether everything that was sent is there. An empty string or list was sent to clear a
/// member.
fn contains(has: &Value, sent: &Value) -> bool {
    match (sent, has) {
        (Value::Object(sent), Value::Object(has)) => sent
            .iter()
            .all(|(key, value)| contains(has.get(key).unwrap_or(&Value::Null), value)),
        (Value::Array(sent), Value::Array(has)) => sent
            .iter()
            .all(|one| has.iter().any(|other| contains(other, one))),
        (Value::String(text), Value::Null) if text.is_empty() => true,
        (Value::Array(list), Value::Null) if list.is_empty() => true,
        (sent, has) => sent == has,
    }
}
