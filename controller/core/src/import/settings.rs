//! Says as a row would what AWS returned, from the tables of [`crate::fields`].

use serde::Serialize;
use serde_json::{Value, json};

use crate::fields::{Compare, FLEET, FieldRule, STACK, USER_SETTING_DEFAULTS};
use crate::observed::{FleetState, ObservedFleet, ObservedStack};
use crate::plan::diff::{at, present, put};
use crate::settings::FleetSettings;

/// A fleet as `spec.fleet` says it, its name apart.
pub(super) fn fleet(fleet: &ObservedFleet) -> Value {
    let is_elastic = fleet.settings.fleet_type.as_deref() == Some("ELASTIC");
    // AWS returns a capacity for each fleet, also where there is none to set.
    let has = |rule: &&FieldRule| {
        let change = if is_elastic {
            rule.elastic
        } else {
            rule.change
        };
        change.is_some()
    };
    let mut tree = members(FLEET.iter().filter(has), &fleet.settings);
    let state = match &fleet.state {
        FleetState::Stopped | FleetState::Stopping => "STOPPED",
        // A state that AWS added since is none that a row asks for; running is the default.
        FleetState::Running | FleetState::Starting | FleetState::Other(_) => "RUNNING",
    };
    tree["state"] = json!(state);
    tree
}

/// A stack as `spec.stack` says it, its name apart; and the user settings that a row cannot say,
/// because AWS has added them since.
pub(super) fn stack(stack: &ObservedStack) -> (Value, Vec<String>) {
    let mut tree = members(STACK, &stack.settings);
    let is_known = |action: &str| {
        USER_SETTING_DEFAULTS
            .iter()
            .any(|(known, _)| *known == action)
    };
    let (known, unknown): (Vec<_>, Vec<_>) = stack
        .settings
        .user_settings
        .iter()
        .flatten()
        .partition(|setting| is_known(&setting.action));
    if !known.is_empty() {
        tree["userSettings"] = json!(known);
    }
    let unknown = unknown
        .into_iter()
        .map(|setting| setting.action.clone())
        .collect();
    (tree, unknown)
}

/// `spec.image`: by name where it is the account's own, else by ARN, because a name alone does not
/// find what others share.
pub(super) fn image(settings: &FleetSettings, account: &str) -> Option<Value> {
    let arn = settings.image_arn.as_deref();
    let owner = arn.and_then(|arn| arn.split(':').nth(4));
    match (&settings.image_name, arn) {
        (Some(name), _) if owner.is_none_or(|owner| owner == account) => {
            Some(json!({"name": name}))
        }
        (_, Some(arn)) => Some(json!({"arn": arn})),
        (Some(name), None) => Some(json!({"name": name})),
        (None, None) => None,
    }
}

/// The members of a table that AWS returned.
fn members<'a>(rules: impl IntoIterator<Item = &'a FieldRule>, settings: &impl Serialize) -> Value {
    let settings = serde_json::to_value(settings).expect("settings are plain data");
    let mut tree = json!({});
    for rule in rules {
        let mut value = at(&settings, rule.path).cloned().unwrap_or_default();
        strip(&mut value);
        leave_to_aws(rule.compare, &mut value);
        if let Some(value) = present(Some(&value)) {
            put(&mut tree, rule.path, value.clone());
        }
    }
    tree
}

/// Takes out what is empty, which AWS returns or leaves out as it likes.
fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(strip);
            members.retain(|_, member| present(Some(member)).is_some());
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Takes out what AWS filled in by itself.
fn leave_to_aws(compare: Compare, value: &mut Value) {
    match compare {
        Compare::Connectors => {
            for connector in value.as_array_mut().into_iter().flatten() {
                // The home bucket is the account's own, whatever it is called.
                if connector["connectorType"] == "HOMEFOLDERS"
                    && let Some(connector) = connector.as_object_mut()
                {
                    connector.remove("resourceIdentifier");
                }
            }
        }
        Compare::Exact | Compare::Set | Compare::Subset | Compare::Whole | Compare::AgentAccess => {
        }
    }
}
