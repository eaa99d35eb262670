//! Plans the stack: create, adopt, update in place.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::diff::{self, Terms, Wanted};
use super::draft::Draft;
use super::{WaitReason, fleet, looked_at, removal, tags, user_settings};
use crate::action::{Action, ObjectRef};
use crate::advice;
use crate::fields::STACK;
use crate::observed::{Observed, ObservedStack};
use crate::settings::StackSettings;
use crate::spec::StackSpec;

/// The path of the stack itself, which holds while it is there.
const STACK_PATH: &str = "stack";

/// Plans the stack of an environment that is not being deleted.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let input = draft.input;
    let named = input.environment.stack_name();
    let looked_at = looked_at(input.owned, "stack/", named);
    let spec = input.environment.spec.stack.as_ref();
    let (Some(name), Some(spec)) = (named.filter(|name| looked_at == Some(*name)), spec) else {
        if let Some(left) = looked_at {
            removal::leave(draft, &ObjectRef::stack(left));
        }
        return;
    };
    let object = ObjectRef::stack(name);
    match &input.observed.stack {
        Observed::Unknown(why) => {
            draft.tags.incomplete = true;
            draft.need(&object);
            draft.wait(&object, WaitReason::NotObserved, why);
        }
        Observed::Absent => {
            draft.ours.insert(object);
            create(draft, name, spec);
        }
        Observed::Present(stack) => {
            let ownership = draft.ownership(&object, &stack.tags);
            if draft.may_converge(&object, &ownership) {
                tags::plan(draft, &object, &stack.arn, &stack.tags, &ownership);
                let resets = draft.resets(&object, &ownership);
                converge(draft, spec, stack, resets);
            }
        }
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
            .map(|setting| user_settings::path(&setting.action));
        manages.extend(paths.filter(|path| !draft.ignores(path)));
    }
    manages.extend(tags::paths(draft));
    let reason = tags::missing(draft, &object, STACK_PATH);
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

fn converge(draft: &mut Draft<'_>, spec: &StackSpec, stack: &ObservedStack, resets: bool) {
    let object = ObjectRef::stack(&stack.name);
    let terms = Terms {
        managed: draft.input.managed,
        ignore: &draft.input.environment.spec.ignore,
        resets,
        is_elastic: false,
    };
    let desired = tree(spec);
    let observed =
        serde_json::to_value(&stack.settings).expect("settings are plain data with string keys");
    let mut compared = diff::compare("stack", STACK, &desired, &observed, terms);
    let user_settings = user_settings::compare(spec, stack, terms, &mut compared);
    draft
        .plan
        .holds
        .insert(STACK_PATH.to_owned(), json!(stack.name));
    draft.plan.unchanged += compared.unchanged;
    draft.plan.holds.extend(compared.holds);
    draft.plan.released.extend(compared.released);
    if !stack.errors.is_empty() {
        let words: Vec<String> = stack
            .errors
            .iter()
            .map(|issue| issue.with_advice(advice::STACK_ERRORS))
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

fn tree(spec: &StackSpec) -> Value {
    serde_json::to_value(spec).expect("a spec is plain data with string keys")
}

fn settings_from(tree: Value) -> StackSettings {
    serde_json::from_value(tree).expect("every path in the table is a member of the settings")
}
