//! Plans tags: our two that prove ownership, and the row's own in three-way.
//!
//! A tag is one field of the environment and stands on several objects: it holds when it holds on
//! all of them, and is released when it is gone from all of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::draft::{Draft, ENVIRONMENT_TAG, Ownership, UID_TAG, is_proof};
use super::{Difference, WaitReason};
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
        .filter(|key| !draft.ignores(&path(key)))
        .map(|key| path(key))
        .collect()
}

fn path(key: &str) -> String {
    format!("tags.{key}")
}

/// Records that an object is not there, and says why it is made.
pub(super) fn missing(draft: &mut Draft<'_>, object: &ObjectRef, path: &str) -> String {
    let desired = json!(object.name);
    let is_drift = draft.held(path, &desired);
    draft.plan.differences.push(Difference {
        object: object.clone(),
        path: path.to_owned(),
        desired,
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
pub(super) fn plan(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    arn: &str,
    observed: &ObservedTags,
    ownership: &Ownership,
) {
    let Some(has) = observed.tags() else { return };
    let environment = draft.input.environment;
    let adopts = *ownership == Ownership::Adoptable;
    if adopts && environment.mode == Mode::Observe {
        // Tagging happens when somebody says `enforce`; until then it is not a difference.
        draft.tags.incomplete = true;
        return;
    }
    let set: BTreeMap<String, String> = desired(environment)
        .into_iter()
        .filter(|(key, value)| has.get(key) != Some(value) && !draft.ignores(&path(key)))
        .collect();
    let left_out = left_out(draft);
    let resets = draft.resets(object, ownership);
    let unset: Vec<String> = left_out
        .iter()
        .filter(|key| resets && has.contains_key(*key))
        .cloned()
        .collect();
    if matches!(observed, ObservedTags::Listed(_)) && !(set.is_empty() && left_out.is_empty()) {
        // The Tagging API lags: what differs there may be our own last write.
        draft.tags.incomplete = true;
        draft.need(object);
        let message = "its tags were only listed, and differ";
        draft.wait(object, WaitReason::NotObserved, message);
        return;
    }
    let mut seen = has.clone();
    if !resets {
        seen.retain(|key, _| !left_out.contains(key));
    }
    draft.tags.of.push(seen);

    let mut words = Vec::new();
    for (key, value) in &set {
        let (path, found) = (path(key), json!(has.get(key)));
        words.push(format!(
            "{path}: {} -> {}",
            brief(&found),
            brief(&json!(value))
        ));
        draft.differs(object, &path, json!(value), found);
    }
    for key in &unset {
        draft.differs(object, &path(key), Value::Null, json!(has.get(key)));
    }
    draft.plan.unchanged += desired(environment).len() - set.len();
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

/// Tags that are managed and that the row no longer asks for.
fn left_out(draft: &Draft<'_>) -> BTreeSet<String> {
    draft
        .input
        .managed
        .keys()
        .filter_map(|path| path.strip_prefix("tags."))
        .filter(|key| !draft.input.environment.spec.tags.contains_key(*key))
        .filter(|key| !is_proof(key) && !draft.ignores(&path(key)))
        .map(str::to_owned)
        .collect()
}

/// Says which tags hold and which are gone, once every object was seen.
pub(super) fn conclude(draft: &mut Draft<'_>) {
    if draft.tags.incomplete {
        return;
    }
    let gone: Vec<String> = left_out(draft)
        .into_iter()
        .filter(|key| draft.tags.of.iter().all(|tags| !tags.contains_key(key)))
        .map(|key| path(&key))
        .collect();
    draft.plan.released.extend(gone);
    if draft.tags.of.is_empty() {
        return;
    }
    for (key, value) in desired(draft.input.environment) {
        let everywhere = draft
            .tags
            .of
            .iter()
            .all(|tags| tags.get(&key) == Some(&value));
        if everywhere && !draft.ignores(&path(&key)) {
            draft.plan.holds.insert(path(&key), json!(value));
        }
    }
}
