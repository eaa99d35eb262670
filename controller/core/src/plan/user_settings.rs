//! Compares a stack's user settings by action.
//!
//! AWS always returns the full list, and adds actions: those that a row does not list are not ours.
//! Whether an update merges or replaces the list is not established, so the complete list goes out:
//! what AWS has, with ours laid over it.

use serde_json::{Value, json};

use super::diff::{self, Compared, FieldChange, Terms};
use crate::fields::{Change, USER_SETTING_DEFAULTS};
use crate::observed::ObservedStack;
use crate::settings::UserSetting;
use crate::spec::{Permission, StackSpec, UserSettingSpec};

const PREFIX: &str = "stack.userSettings.";

/// The length of an enabled clipboard that nobody limits, by AWS's model.
const UNLIMITED: i32 = 20_971_520;

/// The path of one action's setting, as in `ignore`.
pub(super) fn path(action: &str) -> String {
    format!("{PREFIX}{action}")
}

/// Compares what the row lists, and what it listed before; the list to send, if any differs.
pub(super) fn compare(
    spec: &StackSpec,
    stack: &ObservedStack,
    terms: Terms<'_>,
    compared: &mut Compared,
) -> Option<Vec<UserSetting>> {
    let desired = spec.user_settings.as_deref().unwrap_or_default();
    let mut list = stack.settings.user_settings.clone().unwrap_or_default();
    let before = compared.changes.len();
    for want in desired {
        listed(want, terms, &mut list, compared);
    }
    for path in terms.managed.keys() {
        let Some(action) = path.strip_prefix(PREFIX) else {
            continue;
        };
        let is_listed = desired.iter().any(|want| want.action == action);
        if !is_listed && !diff::is_ignored(terms.ignore, path) {
            left_out(action, terms, &mut list, compared);
        }
    }
    (compared.changes.len() > before).then_some(list)
}

/// An action that the row lists.
fn listed(
    want: &UserSettingSpec,
    terms: Terms<'_>,
    list: &mut Vec<UserSetting>,
    compared: &mut Compared,
) {
    let path = path(&want.action);
    if diff::is_ignored(terms.ignore, &path) {
        return;
    }
    let has = list.iter().find(|setting| setting.action == want.action);
    let same_permission = has.is_some_and(|has| has.permission == permission(want));
    let limit = has.and_then(limit_of);
    let same_length = match want.maximum_length {
        Some(length) => limit.unwrap_or(UNLIMITED) == length,
        // A limit that we set goes when the row no longer names it; somebody else's stays.
        None => limit.is_none() || !(terms.resets && limited_by_us(terms, &path)),
    };
    if same_permission && same_length {
        compared.unchanged += 1;
        compared.holds.insert(path, setting_value(want));
        return;
    }
    let observed = has.map_or(Value::Null, observed_value);
    let length = want
        .maximum_length
        .or_else(|| limit.filter(|_| same_permission).map(|_| UNLIMITED));
    compared
        .changes
        .push(keyed(path, setting_value(want), observed));
    lay_over(list, &want.action, permission(want), length);
}

/// An action that the row listed before: it goes back to what AWS has by default.
fn left_out(action: &str, terms: Terms<'_>, list: &mut Vec<UserSetting>, compared: &mut Compared) {
    let path = path(action);
    let default = USER_SETTING_DEFAULTS
        .iter()
        .find(|(known, _)| *known == action);
    let has = list.iter().find(|setting| setting.action == action);
    if let (Some((_, default)), Some(has), true) = (default, has, terms.resets) {
        let limited = limit_of(has).is_some() && limited_by_us(terms, &path);
        if has.permission != *default || limited {
            let length = (limited && has.permission == *default).then_some(UNLIMITED);
            let (desired, observed) = (json!({"permission": default}), observed_value(has));
            compared.changes.push(keyed(path, desired, observed));
            lay_over(list, action, default, length);
            return;
        }
    }
    compared.released.insert(path);
}

/// The limit of an enabled clipboard, if it has one that anybody would notice.
fn limit_of(setting: &UserSetting) -> Option<i32> {
    setting.maximum_length.filter(|length| *length != UNLIMITED)
}

/// Whether the value that last held had a length, or none has held since we set it.
fn limited_by_us(terms: Terms<'_>, path: &str) -> bool {
    match terms.managed.get(path) {
        Some(Some(held)) => held.get("maximumLength").is_some(),
        Some(None) => true,
        None => false,
    }
}

fn keyed(path: String, desired: Value, observed: Value) -> FieldChange {
    FieldChange {
        member: String::new(),
        path,
        change: Change::InPlace,
        desired,
        observed,
        fixes: Vec::new(),
    }
}

fn lay_over(
    list: &mut Vec<UserSetting>,
    action: &str,
    permission: &str,
    maximum_length: Option<i32>,
) {
    let setting = UserSetting {
        action: action.to_owned(),
        permission: permission.to_owned(),
        // AWS forbids a length on a disabled action, and gives an enabled one its own.
        maximum_length,
    };
    match list.iter_mut().find(|other| other.action == action) {
        Some(other) => *other = setting,
        None => list.push(setting),
    }
}

fn permission(want: &UserSettingSpec) -> &'static str {
    match want.permission {
        Permission::Enabled => "ENABLED",
        Permission::Disabled => "DISABLED",
    }
}

fn setting_value(want: &UserSettingSpec) -> Value {
    let mut value = json!({"permission": permission(want)});
    if let Some(maximum) = want.maximum_length {
        value["maximumLength"] = json!(maximum);
    }
    value
}

fn observed_value(has: &UserSetting) -> Value {
    let mut value = json!({"permission": has.permission});
    if let Some(maximum) = has.maximum_length {
        value["maximumLength"] = json!(maximum);
    }
    value
}
