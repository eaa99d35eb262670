//! Plans tags: our two that prove ownership, and the row's own in three-way.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Difference;
use super::draft::{Draft, ENVIRONMENT_TAG, UID_TAG};
use crate::action::{Action, ObjectRef};
use crate::environment::{Environment, Mode};
use crate::observed::ObservedTags;
use crate::words::brief;

/// Every tag that what an environment owns should carry.
pub(super) fn desired(environment: &Environment) -> BTreeMap<String, String> {
    let mut tags = environment.spec.tags.clone();
    tags.insert(ENVIRONMENT_TAG.to_owned(), environment.name.clone());
    tags.insert(UID_TAG.to_owned(), environment.uid_tag());
    tags
}

/// Paths that become managed when an object is created with its tags.
pub(super) fn paths(draft: &Draft<'_>) -> Vec<String> {
    let tags = &draft.input.environment.spec.tags;
    tags.keys()
        .map(|key| path(key))
        .filter(|path| !draft.ignores(path))
        .collect()
}

fn path(key: &str) -> String {
    format!("tags.{key}")
}

/// Records that an object is not there, and says why it is made.
pub(super) fn missing(draft: &mut Draft<'_>, object: &ObjectRef, path: &str) -> String {
    let is_drift = draft.input.owned.contains(&object.to_string());
    draft.plan.differences.push(Difference {
        object: object.clone(),
        path: path.to_owned(),
        desired: json!(object.name),
        observed: Value::Null,
        is_drift,
    });
    if is_drift {
        format!("{object} is gone, and nobody changed the row")
    } else {
        format!("the row asks for {object}, and there is none")
    }
}

/// Plans the tags of an object that is ours or may be taken over.
pub(super) fn plan(draft: &mut Draft<'_>, object: &ObjectRef, arn: &str, observed: &ObservedTags) {
    let Some(has) = observed.tags() else { return };
    let environment = draft.input.environment;
    if !has.contains_key(UID_TAG) && environment.mode == Mode::Observe {
        // Tagging happens when somebody says `enforce`; until then it is not a difference.
        return;
    }
    let mut set = BTreeMap::new();
    let mut words = Vec::new();
    for (key, value) in desired(environment) {
        let path = path(&key);
        if draft.ignores(&path) {
            continue;
        }
        let found = has.get(&key);
        if found == Some(&value) {
            hold(draft, path, &value);
        } else {
            words.push(format!(
                "{path}: {} -> {}",
                brief(&json!(found)),
                brief(&json!(value))
            ));
            unhold(draft, &path);
            draft.differs(object, &path, json!(value), json!(found));
            set.insert(key, value);
        }
    }
    let mut unset = Vec::new();
    for managed in draft.input.managed.keys() {
        let Some(key) = managed.strip_prefix("tags.") else {
            continue;
        };
        if environment.spec.tags.contains_key(key) || key == UID_TAG || key == ENVIRONMENT_TAG {
            continue;
        }
        if let Some(found) = has.get(key) {
            draft.plan.released.remove(managed);
            draft.differs(object, managed, Value::Null, json!(found));
            unset.push(key.to_owned());
        } else if !differs_elsewhere(draft, managed) {
            draft.plan.released.insert(managed.clone());
        }
    }
    if (!set.is_empty() || !unset.is_empty()) && matches!(observed, ObservedTags::Listed(_)) {
        // The Tagging API lags: a difference there may be our own last write.
        draft.need(object);
    }
    let adopts = !has.contains_key(UID_TAG);
    if !set.is_empty() {
        let manages = set.keys().map(|key| path(key)).collect();
        let reason = if adopts {
            format!("take over {object}")
        } else {
            words.join(", ")
        };
        let action = Action::TagResource {
            object: object.clone(),
            arn: arn.to_owned(),
            tags: set,
        };
        draft.step(action, reason).manages = manages;
    }
    if !unset.is_empty() {
        let reason = format!("the row no longer asks for {}", unset.join(", "));
        let action = Action::UntagResource {
            object: object.clone(),
            arn: arn.to_owned(),
            keys: unset,
        };
        draft.step(action, reason);
    }
}

/// A tag holds only if it holds on every object of the environment.
fn hold(draft: &mut Draft<'_>, path: String, value: &str) {
    if differs_elsewhere(draft, &path) {
        draft.plan.unchanged += 1;
    } else {
        draft.holds(path, json!(value));
    }
}

fn unhold(draft: &mut Draft<'_>, path: &str) {
    draft.plan.holds.remove(path);
}

fn differs_elsewhere(draft: &Draft<'_>, path: &str) -> bool {
    draft
        .plan
        .differences
        .iter()
        .any(|difference| difference.path == path)
}
