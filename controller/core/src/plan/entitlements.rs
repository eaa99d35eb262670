//! Plans the entitlements of a stack, keyed by name.
//!
//! An entitlement carries no tag: it is a part of its stack and follows that one's ownership. Those
//! that the row never listed are not ours.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::WaitReason;
use super::draft::{Draft, Ownership};
use crate::access::{Entitlements, ObservedEntitlement};
use crate::action::{AccessCall, Action, EntitlementSettings, ObjectRef};
use crate::observed::Observed;
use crate::spec::{EntitlementSpec, Field};

const DESCRIPTION: &str = "description";
const VISIBILITY: &str = "appVisibility";
const ATTRIBUTES: &str = "attributes";
const APPLICATIONS: &str = "applications";
const LEAVES: [&str; 4] = [DESCRIPTION, VISIBILITY, ATTRIBUTES, APPLICATIONS];

/// The path of one of an entitlement's fields, as in `ignore`.
fn path(name: &str, leaf: &str) -> String {
    format!("entitlements.{name}.{leaf}")
}

/// The entitlement and the field of a path.
pub(super) fn parts(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("entitlements.")?.rsplit_once('.')
}

/// Names of entitlements that are managed.
pub(super) fn managed<'a>(paths: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    let names = paths.filter_map(|path| Some(parts(path)?.0.to_owned()));
    names.collect()
}

/// Plans the entitlements of an environment that is not being deleted.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let input = draft.input;
    let wanted = &input.environment.spec.entitlements;
    let managed = managed(input.managed.keys());
    let Some(stack) = input.environment.stack_name() else {
        return;
    };
    let object = ObjectRef::stack(stack);
    if (wanted.is_empty() && managed.is_empty()) || !draft.ours.contains(&object) {
        return;
    }
    let nothing = Entitlements::new();
    let has = match &input.observed.access.entitlements {
        // A stack that does not exist has no entitlements to read.
        _ if input.observed.stack.is_absent() => &nothing,
        Some(Observed::Present(has)) => has,
        Some(Observed::Absent | Observed::Unknown(_)) | None => {
            unseen(draft, &object, &managed);
            return;
        }
    };
    let resets = resets(draft, &object);
    for want in wanted {
        match has.get(&want.name) {
            None => create(draft, &object, want),
            Some(has) => converge(draft, &object, want, has, resets),
        }
    }
    let listed = |name: &String| wanted.iter().any(|want| want.name == *name);
    for name in managed.iter().filter(|name| !listed(name)) {
        leave_out(draft, &object, name, has.get(name), resets);
    }
}

/// Whether what is managed and left out goes back: the stack was ours before this look.
fn resets(draft: &Draft<'_>, object: &ObjectRef) -> bool {
    let stack = draft.input.observed.stack.present();
    stack.is_none_or(|stack| {
        let ownership: Ownership = draft.ownership(object, &stack.tags);
        draft.resets(object, &ownership)
    })
}

/// What the row says of an entitlement, by the last part of each path.
fn fields(want: &EntitlementSpec) -> BTreeMap<&'static str, Value> {
    let mut fields = BTreeMap::from([
        (VISIBILITY, json!(want.app_visibility)),
        (ATTRIBUTES, json!(want.attribute_set())),
    ]);
    match &want.description {
        Field::Omitted => None,
        Field::Null => fields.insert(DESCRIPTION, Value::Null),
        Field::Value(text) => fields.insert(DESCRIPTION, json!(text)),
    };
    if let Some(applications) = &want.applications {
        fields.insert(APPLICATIONS, json!(set(applications)));
    }
    fields
}

fn set(applications: &[String]) -> BTreeSet<&str> {
    applications.iter().map(String::as_str).collect()
}

/// What held is believed until its turn comes.
fn unseen(draft: &mut Draft<'_>, object: &ObjectRef, managed: &BTreeSet<String>) {
    let input = draft.input;
    let wanted = &input.environment.spec.entitlements;
    let (asked, why) = match &input.observed.access.entitlements {
        Some(Observed::Unknown(why)) => (true, why.as_str()),
        Some(Observed::Absent | Observed::Present(_)) => (true, "its entitlements are not known"),
        None => (false, "its entitlements are not known"),
    };
    let known: BTreeMap<String, Value> = wanted
        .iter()
        .flat_map(|want| {
            let fields = fields(want).into_iter();
            fields.map(|(leaf, value)| (path(&want.name, leaf), value))
        })
        .filter(|(path, _)| !draft.ignores(path))
        .collect();
    let believed = known.iter().all(|(path, value)| draft.held(path, value))
        && (input.managed.keys())
            .filter(|path| parts(path).is_some() && !draft.ignores(path))
            .all(|path| known.contains_key(path));
    if asked || !believed {
        let names = wanted.iter().map(|want| want.name.clone());
        let names = names.chain(managed.iter().cloned()).collect();
        let needs = &mut draft.plan.needs.access.entitlements;
        needs.insert(object.name.clone(), names);
        draft.wait(object, WaitReason::NotObserved, why);
    }
}

fn create(draft: &mut Draft<'_>, object: &ObjectRef, want: &EntitlementSpec) {
    if LEAVES
        .iter()
        .all(|leaf| draft.ignores(&path(&want.name, leaf)))
    {
        return;
    }
    let fields = fields(want);
    let visibility = path(&want.name, VISIBILITY);
    if !draft.ignores(&visibility) {
        let desired = json!(want.app_visibility);
        draft.differs(object, &visibility, desired, Value::Null);
    }
    let call = AccessCall::CreateEntitlement {
        stack: object.name.clone(),
        name: want.name.clone(),
        settings: EntitlementSettings {
            description: want.description.value().cloned(),
            app_visibility: Some(want.app_visibility.as_str().to_owned()),
            attributes: Some(want.attribute_set()),
        },
    };
    let manages = fields
        .keys()
        .filter(|leaf| **leaf != APPLICATIONS)
        .map(|leaf| path(&want.name, leaf))
        .filter(|path| !draft.ignores(path))
        .collect();
    let why = "the row lists it and the stack does not have it";
    draft.step(Action::Access(call), why).manages = manages;
    // Ignored or not: what somebody else owns is used at creation.
    if let Some(applications) = &want.applications {
        entitle(
            draft,
            object,
            &want.name,
            &set(applications),
            &BTreeSet::new(),
        );
    }
}

fn converge(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    want: &EntitlementSpec,
    has: &ObservedEntitlement,
    resets: bool,
) {
    let mut set = EntitlementSettings::default();
    let mut manages = BTreeSet::new();
    let mut wanted = fields(want);
    let applications = wanted.remove(APPLICATIONS);
    release(draft, want, &mut wanted, resets);
    let observed = BTreeMap::from([
        (DESCRIPTION, json!(has.description)),
        (VISIBILITY, json!(has.app_visibility)),
        (ATTRIBUTES, json!(has.attributes)),
    ]);
    for (leaf, desired) in wanted {
        let path = path(&want.name, leaf);
        if draft.ignores(&path) {
            continue;
        }
        if observed.get(leaf) == Some(&desired) {
            hold(draft, want, leaf, path, desired);
            continue;
        }
        let seen = observed.get(leaf).cloned().unwrap_or_default();
        draft.differs(object, &path, desired, seen);
        manages.insert(path);
        match leaf {
            // An empty text clears it.
            DESCRIPTION => {
                let text = want.description.value().cloned();
                set.description = Some(text.unwrap_or_default());
            }
            VISIBILITY => set.app_visibility = Some(want.app_visibility.as_str().to_owned()),
            ATTRIBUTES => set.attributes = Some(want.attribute_set()),
            _ => {}
        }
    }
    if !manages.is_empty() {
        let words: Vec<&str> = manages.iter().map(String::as_str).collect();
        let why = format!("{} differ", words.join(", "));
        let call = AccessCall::UpdateEntitlement {
            stack: object.name.clone(),
            name: want.name.clone(),
            set,
        };
        draft.step(Action::Access(call), why).manages = manages;
    }
    applications_of(draft, object, want, has, applications.is_some(), resets);
}

/// A path that holds; one that was left out and is as AWS leaves it is managed no longer.
fn hold(draft: &mut Draft<'_>, want: &EntitlementSpec, leaf: &str, path: String, value: Value) {
    if leaf == DESCRIPTION && want.description.is_omitted() {
        draft.plan.released.insert(path);
    } else {
        draft.holds(path, value);
    }
}

/// A description that was managed and is left out is unset, if the stack was ours before this look.
fn release(
    draft: &mut Draft<'_>,
    want: &EntitlementSpec,
    wanted: &mut BTreeMap<&'static str, Value>,
    resets: bool,
) {
    let path = path(&want.name, DESCRIPTION);
    let is_managed = draft.input.managed.contains_key(&path);
    if !is_managed || wanted.contains_key(DESCRIPTION) || draft.ignores(&path) {
        return;
    }
    if resets {
        wanted.insert(DESCRIPTION, Value::Null);
    } else {
        draft.plan.released.insert(path);
    }
}

/// The applications, as a whole set: a new entitlement has none, so one that is left out goes back
/// to none.
fn applications_of(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    want: &EntitlementSpec,
    has: &ObservedEntitlement,
    is_listed: bool,
    resets: bool,
) {
    let path = path(&want.name, APPLICATIONS);
    let is_managed = draft.input.managed.contains_key(&path);
    if draft.ignores(&path) || !(is_listed || is_managed) {
        return;
    }
    if !is_listed && !resets {
        draft.plan.released.insert(path);
        return;
    }
    let there: BTreeSet<&str> = has.applications.iter().map(String::as_str).collect();
    let wanted = set(want.applications.as_deref().unwrap_or_default());
    if there != wanted {
        draft.differs(object, &path, json!(wanted), json!(there));
        entitle(draft, object, &want.name, &wanted, &there);
    } else if is_listed {
        draft.holds(path, json!(wanted));
    } else {
        draft.plan.released.insert(path);
    }
}

/// One call for each application that is missing or too many.
fn entitle(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    name: &str,
    wanted: &BTreeSet<&str>,
    there: &BTreeSet<&str>,
) {
    let path = path(name, APPLICATIONS);
    let is_ignored = draft.ignores(&path);
    let parts = |application: &str| {
        let stack = object.name.clone();
        (stack, name.to_owned(), application.to_owned())
    };
    let mut calls = Vec::new();
    for missing in wanted.difference(there) {
        let (stack, entitlement, application) = parts(missing);
        calls.push(AccessCall::AssociateApplicationToEntitlement {
            stack,
            entitlement,
            application,
        });
    }
    for extra in there.difference(wanted) {
        let (stack, entitlement, application) = parts(extra);
        calls.push(AccessCall::DisassociateApplicationFromEntitlement {
            stack,
            entitlement,
            application,
        });
    }
    for call in calls {
        let why = "the row says which applications it is for";
        let step = draft.step(Action::Access(call), why);
        if !is_ignored {
            step.manages.insert(path.clone());
        }
    }
}

/// An entitlement that the row listed before, and no longer does.
fn leave_out(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    name: &str,
    has: Option<&ObservedEntitlement>,
    resets: bool,
) {
    let mut paths = LEAVES.map(|leaf| path(name, leaf)).into_iter();
    if paths.all(|path| draft.ignores(&path)) {
        return;
    }
    match has.filter(|_| resets) {
        Some(has) => {
            let path = path(name, VISIBILITY);
            draft.differs(object, &path, Value::Null, json!(has.app_visibility));
            delete(draft, object, name, "the row no longer lists it");
        }
        None => {
            let paths = LEAVES.map(|leaf| path(name, leaf)).into_iter();
            let managed = paths.filter(|path| draft.input.managed.contains_key(path));
            draft.plan.released.extend(managed);
        }
    }
}

fn delete(draft: &mut Draft<'_>, object: &ObjectRef, name: &str, why: &str) {
    let call = AccessCall::DeleteEntitlement {
        stack: object.name.clone(),
        name: name.to_owned(),
    };
    draft.step(Action::Access(call), why);
}

/// Deletes the entitlements that are ours on a stack that goes; whether it is known which are
/// there. Whether `DeleteStack` takes them with it is not documented.
pub(super) fn leave(draft: &mut Draft<'_>, stack: &str) -> bool {
    let managed = managed(draft.input.managed.keys());
    if managed.is_empty() {
        return true;
    }
    let object = ObjectRef::stack(stack);
    let Some(Observed::Present(has)) = &draft.input.observed.access.entitlements else {
        let needs = &mut draft.plan.needs.access.entitlements;
        needs.insert(stack.to_owned(), managed);
        let why = "its entitlements are not known";
        draft.wait(&object, WaitReason::NotObserved, why);
        return false;
    };
    for name in managed.iter().filter(|name| has.contains_key(*name)) {
        delete(draft, &object, name, "the row is deleted");
    }
    true
}
