//! Plans the stack: create, adopt, update in place.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::diff::{self, Compared, FieldChange, Fix, Wanted};
use super::draft::{Draft, Ownership};
use super::{WaitReason, fleet, tags};
use crate::action::{Action, ObjectRef};
use crate::fields::{Change, STACK, USER_SETTING_DEFAULTS};
use crate::observed::{Observed, ObservedStack};
use crate::settings::{StackSettings, UserSetting};
use crate::spec::{StackSpec, UserSettingSpec};

const USER_SETTINGS: &str = "stack.userSettings";

/// Plans the stack of an environment that is not being deleted.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let input = draft.input;
    let (Some(name), Some(spec)) = (
        input.environment.stack_name(),
        input.environment.spec.stack.as_ref(),
    ) else {
        for object in input
            .owned
            .iter()
            .filter(|object| object.starts_with("stack/"))
        {
            draft.wait(
                object,
                WaitReason::ReplacementNeeded,
                "the row no longer has a stack; leaving it out would delete it, which is not \
                 allowed yet: put it back, or delete the environment",
            );
        }
        return;
    };
    let object = ObjectRef::stack(name);
    if let Some(left) = draft.owned_otherwise(&object) {
        draft.wait(
            &left,
            WaitReason::ReplacementNeeded,
            super::draft::LEFT_BEHIND,
        );
        return;
    }
    match &input.observed.stack {
        Observed::Unknown(why) => {
            draft.need(&object);
            draft.wait(&object, WaitReason::NotObserved, why);
        }
        Observed::Absent => create(draft, name, spec),
        Observed::Present(stack) => match draft.ownership(&object, &stack.tags) {
            Ownership::Foreign(message) => draft.wait(&object, WaitReason::Conflict, message),
            Ownership::Unknown(why) => {
                draft.need(&object);
                draft.wait(&object, WaitReason::NotObserved, format!("its tags: {why}"));
            }
            Ownership::Adoptable | Ownership::Ours => {
                tags::plan(draft, &object, &stack.arn, &stack.tags);
                converge(draft, spec, stack);
            }
        },
    }
}

fn create(draft: &mut Draft<'_>, name: &str, spec: &StackSpec) {
    let object = ObjectRef::stack(name);
    let desired = tree(spec);
    let mut members = json!({});
    let mut manages = BTreeSet::new();
    for rule in STACK {
        let path = format!("stack.{}", rule.path);
        let wanted = diff::wanted(&desired, rule.path);
        if wanted != Wanted::Omitted && !draft.ignores(&path) {
            manages.insert(path);
        }
        if let Wanted::Value(value) = wanted {
            diff::put(&mut members, rule.path, value);
        }
    }
    if let Some(settings) = &spec.user_settings {
        diff::put(&mut members, "userSettings", json!(settings));
        let paths = settings
            .iter()
            .map(|setting| format!("{USER_SETTINGS}.{}", setting.action));
        manages.extend(paths.filter(|path| !draft.ignores(path)));
    }
    manages.extend(tags::paths(draft));
    let reason = tags::missing(draft, &object, "stack");
    let tags = tags::desired(draft.input.environment);
    draft
        .step(
            Action::CreateStack {
                name: name.to_owned(),
                settings: settings_from(members),
                tags,
            },
            reason,
        )
        .manages = manages;
}

fn converge(draft: &mut Draft<'_>, spec: &StackSpec, stack: &ObservedStack) {
    let object = ObjectRef::stack(&stack.name);
    let environment = draft.input.environment;
    let desired = tree(spec);
    let observed =
        serde_json::to_value(&stack.settings).expect("settings are plain data with string keys");
    let mut compared = diff::compare(
        "stack",
        STACK,
        &desired,
        &observed,
        draft.input.managed,
        &environment.spec.ignore,
    );
    let user_settings = compare_user_settings(draft, spec, stack, &mut compared);
    draft.plan.unchanged += compared.unchanged;
    draft.plan.holds.extend(compared.holds);
    draft.plan.released.extend(compared.released);
    if !stack.errors.is_empty() {
        let words: Vec<String> = stack
            .errors
            .iter()
            .map(|issue| format!("{}: {}", issue.code, issue.message))
            .collect();
        draft.wait(&object, WaitReason::AwsReportsErrors, words.join("; "));
    }
    if compared.changes.is_empty() {
        return;
    }
    let reason = draft.describe(&object, &compared.changes);
    let (mut members, delete) = fleet::assemble(&desired, &observed, &compared.changes);
    if let Some(settings) = user_settings {
        diff::put(&mut members, "userSettings", json!(settings));
    }
    let manages = compared
        .changes
        .iter()
        .map(|change| change.path.clone())
        .collect();
    let action = Action::UpdateStack {
        name: stack.name.clone(),
        set: settings_from(members),
        delete,
    };
    draft.step(action, reason).manages = manages;
}

/// Compares user settings by action. Whether AWS merges or replaces the list is not established,
/// so the complete list goes out: what AWS has, with ours laid over it.
fn compare_user_settings(
    draft: &Draft<'_>,
    spec: &StackSpec,
    stack: &ObservedStack,
    compared: &mut Compared,
) -> Option<Vec<UserSetting>> {
    let mut list = stack.settings.user_settings.clone().unwrap_or_default();
    let desired = spec.user_settings.as_deref().unwrap_or_default();
    let mut changed = false;
    for want in desired {
        let path = format!("{USER_SETTINGS}.{}", want.action);
        if draft.ignores(&path) {
            continue;
        }
        let value = setting_value(want);
        let has = list.iter().find(|setting| setting.action == want.action);
        if has.is_some_and(|has| matches(want, has)) {
            compared.unchanged += 1;
            compared.holds.insert(path, value);
            continue;
        }
        let observed = has.map_or(Value::Null, observed_value);
        compared.changes.push(keyed(path, value, observed));
        lay_over(
            &mut list,
            &want.action,
            permission(want),
            want.maximum_length,
        );
        changed = true;
    }
    for path in draft.input.managed.keys() {
        let Some(action) = path.strip_prefix("stack.userSettings.") else {
            continue;
        };
        if desired.iter().any(|want| want.action == action) || draft.ignores(path) {
            continue;
        }
        let default = USER_SETTING_DEFAULTS
            .iter()
            .find(|(known, _)| *known == action);
        let has = list.iter().find(|setting| setting.action == action);
        match (default, has) {
            (Some((_, default)), Some(has)) if has.permission != *default => {
                let observed = observed_value(has);
                let desired = json!({"permission": default});
                compared
                    .changes
                    .push(keyed(path.clone(), desired, observed));
                lay_over(&mut list, action, default, None);
                changed = true;
            }
            (Some(_) | None, Some(_) | None) => {
                compared.released.insert(path.clone());
            }
        }
    }
    changed.then_some(list)
}

fn keyed(path: String, desired: Value, observed: Value) -> FieldChange {
    FieldChange {
        member: String::new(),
        path,
        change: Change::InPlace,
        desired,
        observed,
        fixes: Vec::<Fix>::new(),
    }
}

fn lay_over(list: &mut Vec<UserSetting>, action: &str, permission: &str, maximum: Option<i32>) {
    let setting = match list.iter_mut().find(|setting| setting.action == action) {
        Some(setting) => setting,
        None => {
            list.push(UserSetting {
                action: action.to_owned(),
                ..UserSetting::default()
            });
            list.last_mut().expect("a setting was just pushed")
        }
    };
    permission.clone_into(&mut setting.permission);
    // AWS forbids a length on a disabled action, and gives an enabled one its own.
    setting.maximum_length = maximum;
}

fn permission(want: &UserSettingSpec) -> &'static str {
    match want.permission {
        crate::spec::Permission::Enabled => "ENABLED",
        crate::spec::Permission::Disabled => "DISABLED",
    }
}

fn matches(want: &UserSettingSpec, has: &UserSetting) -> bool {
    has.permission == permission(want)
        && want
            .maximum_length
            .is_none_or(|maximum| has.maximum_length == Some(maximum))
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

fn tree(spec: &StackSpec) -> Value {
    serde_json::to_value(spec).expect("a spec is plain data with string keys")
}

fn settings_from(tree: Value) -> StackSettings {
    serde_json::from_value(tree).expect("every path in the table is a member of the settings")
}
