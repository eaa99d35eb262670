//! Compares what a stack lets agents do.
//!
//! An update leaves members alone that it does not send, and whether AWS completes or replaces the
//! list of permissions is not documented. An action that is not listed is therefore the same as one
//! that is disabled, and what has to be disabled is sent as such. Screenshots of people's desktops
//! are not uploaded unless the row says so.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::diff::{covers, elements};

const SETTINGS: &str = "settings";
const ACTION: &str = "agentAction";
const UPLOADS: &str = "screenshotsUploadEnabled";

/// Whether AWS has what the row says.
pub(super) fn agree(desired: &Value, observed: &Value) -> bool {
    let uploads = |config: &Value| config.get(UPLOADS) == Some(&Value::Bool(true));
    let mut rest = desired.clone();
    if let Value::Object(rest) = &mut rest {
        rest.remove(SETTINGS);
        rest.remove(UPLOADS);
    }
    allowed(desired) == allowed(observed)
        && uploads(desired) == uploads(observed)
        && covers(&rest, observed)
}

/// What to send: what AWS has enabled and the row does not list is disabled by name.
pub(super) fn to_send(desired: &Value, observed: &Value) -> Value {
    let mut sent = desired.clone();
    if observed.is_null() {
        return sent;
    }
    sent[UPLOADS] = json!(desired.get(UPLOADS) == Some(&Value::Bool(true)));
    let listed: BTreeSet<&str> = settings(desired).iter().filter_map(action).collect();
    if let Some(settings) = sent.get_mut(SETTINGS).and_then(Value::as_array_mut) {
        for action in allowed(observed).difference(&listed) {
            settings.push(json!({ACTION: action, "permission": "DISABLED"}));
        }
    }
    sent
}

fn settings(config: &Value) -> &[Value] {
    config.get(SETTINGS).map_or(&[], elements)
}

fn action(setting: &Value) -> Option<&str> {
    setting.get(ACTION)?.as_str()
}

/// The actions that are enabled.
fn allowed(config: &Value) -> BTreeSet<&str> {
    settings(config)
        .iter()
        .filter(|setting| setting.get("permission") == Some(&json!("ENABLED")))
        .filter_map(action)
        .collect()
}
