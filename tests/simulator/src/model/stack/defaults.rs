//! Completes and merges what a stack's members are made of: AWS returns full lists.

use serde_json::{Value, json};

use crate::call::ServiceError;
use crate::model::errors;
use crate::model::settings::Settings;

/// What every action is when nobody says otherwise, in the order AWS returns them. The last two
/// came in 2024 and 2026, and every controller that compared whole lists saw drift on every stack.
const USER_SETTINGS: &[(&str, &str)] = &[
    ("CLIPBOARD_COPY_FROM_LOCAL_DEVICE", "ENABLED"),
    ("CLIPBOARD_COPY_TO_LOCAL_DEVICE", "ENABLED"),
    ("FILE_UPLOAD", "ENABLED"),
    ("FILE_DOWNLOAD", "ENABLED"),
    ("PRINTING_TO_LOCAL_DEVICE", "ENABLED"),
    ("DOMAIN_PASSWORD_SIGNIN", "ENABLED"),
    ("DOMAIN_SMART_CARD_SIGNIN", "DISABLED"),
    ("AUTO_TIME_ZONE_REDIRECTION", "DISABLED"),
    ("SMART_CARD_REDIRECTION", "DISABLED"),
];

/// The longest clipboard content, and what an unset length means.
const MAXIMUM_LENGTH: i64 = 20_971_520;

/// The full list of user settings with nothing changed.
pub(super) fn user_settings() -> Value {
    USER_SETTINGS
        .iter()
        .map(|(action, permission)| json!({"Action": action, "Permission": permission}))
        .collect()
}

/// The full list with what was sent laid over it; of two settings of one action the last counts.
pub(super) fn overlaid(base: &Value, sent: &Value) -> Result<Value, ServiceError> {
    let sent = sent.as_array().map(Vec::as_slice).unwrap_or_default();
    for setting in sent {
        check_maximum_length(setting)?;
    }
    let base = base.as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(base
        .iter()
        .map(|stored| {
            sent.iter()
                .rev()
                .find(|setting| setting.get("Action") == stored.get("Action"))
                .unwrap_or(stored)
                .clone()
        })
        .collect())
}

fn is_clipboard(setting: &Value) -> bool {
    setting
        .get("Action")
        .and_then(Value::as_str)
        .is_some_and(|action| action.starts_with("CLIPBOARD_"))
}

fn is_enabled(setting: &Value) -> bool {
    setting.get("Permission") == Some(&json!("ENABLED"))
}

fn check_maximum_length(setting: &Value) -> Result<(), ServiceError> {
    let Some(length) = setting.get("MaximumLength").and_then(Value::as_i64) else {
        return Ok(());
    };
    if !is_clipboard(setting) {
        return Err(errors::combination(
            "MaximumLength can be specified for the clipboard actions only.",
        ));
    }
    if !is_enabled(setting) {
        return Err(errors::combination(
            "MaximumLength cannot be specified when the permission is DISABLED.",
        ));
    }
    if !(1..=MAXIMUM_LENGTH).contains(&length) {
        return Err(errors::out_of_range(
            "MaximumLength",
            "between 1 and 20971520",
        ));
    }
    Ok(())
}

/// Shows the length that an enabled clipboard has though nobody set it.
pub(super) fn echo_maximum_length(document: &mut Settings) {
    let settings = document
        .get_mut("UserSettings")
        .and_then(Value::as_array_mut);
    for setting in settings.into_iter().flatten() {
        if is_clipboard(setting) && is_enabled(setting) && setting.get("MaximumLength").is_none() {
            setting["MaximumLength"] = json!(MAXIMUM_LENGTH);
        }
    }
}

/// The connectors with those that were sent put in by type. Leaving one out does not remove it;
/// that takes `STORAGE_CONNECTOR_<TYPE>` in `AttributesToDelete`.
pub(super) fn connected(stored: Option<&Value>, sent: &Value) -> Result<Value, ServiceError> {
    let sent = sent.as_array().map(Vec::as_slice).unwrap_or_default();
    let kind = |connector: &Value| connector.get("ConnectorType").cloned();
    for (index, connector) in sent.iter().enumerate() {
        check_connector(connector)?;
        if sent[..index]
            .iter()
            .any(|other| kind(other) == kind(connector))
        {
            return Err(errors::combination(
                "A connector type can be specified only once.",
            ));
        }
    }
    let stored = stored.and_then(Value::as_array).map(Vec::as_slice);
    let kept = stored
        .unwrap_or_default()
        .iter()
        .filter(|connector| sent.iter().all(|other| kind(other) != kind(connector)));
    Ok(kept.chain(sent).cloned().collect())
}

fn check_connector(connector: &Value) -> Result<(), ServiceError> {
    let kind = connector.get("ConnectorType").and_then(Value::as_str);
    let has = |member: &str| {
        let list = connector.get(member).and_then(Value::as_array);
        list.is_some_and(|list| !list.is_empty())
    };
    if has("DomainsRequireAdminConsent") && kind != Some("ONE_DRIVE") {
        return Err(errors::combination(
            "DomainsRequireAdminConsent can be specified for ONE_DRIVE only.",
        ));
    }
    if has("Domains") && kind == Some(super::HOMEFOLDERS) {
        return Err(errors::combination(
            "Domains cannot be specified for HOMEFOLDERS.",
        ));
    }
    Ok(())
}
