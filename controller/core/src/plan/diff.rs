//! Compares desired, managed and observed, field by field, from the tables in [`crate::fields`].
//!
//! ```text
//!   row says        managed   AWS has            result
//!   value           -         equal              holds
//!   value           -         different          set
//!   null            -         something          reset
//!   left out        yes       default, nothing   released
//!   left out        yes       something else     reset
//!   left out        no        anything           nothing: it is not ours
//! ```
//!
//! What was only watched (`observe`, or before an adoption) is not ours to reset: left out, it is
//! released as it is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{ManagedPaths, agents};
use crate::fields::{Change, Compare, FieldRule, Reset};

/// What the row says of one path.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wanted {
    /// Nothing: it is not managed, or no longer.
    Omitted,
    /// It must be unset.
    Unset,
    /// It must be equal to this.
    Value(Value),
}

/// How a difference is put right.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fix {
    /// Send this value.
    Set(Value),
    /// Name this in `AttributesToDelete`.
    Delete(Vec<String>),
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FieldChange {
    /// The member's path, below `fleet` or `stack`.
    pub(super) member: String,
    /// The full path, as in `ignore`.
    pub(super) path: String,
    pub(super) change: Change,
    pub(super) desired: Value,
    pub(super) observed: Value,
    pub(super) fixes: Vec<Fix>,
}

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Compared {
    pub(super) changes: Vec<FieldChange>,
    pub(super) holds: BTreeMap<String, Value>,
    pub(super) released: BTreeSet<String>,
    pub(super) unchanged: usize,
}

/// What a comparison depends on beside the two sides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    /// Paths managed so far.
    pub(super) managed: &'a ManagedPaths,
    /// Paths that somebody else owns.
    pub(super) ignore: &'a [String],
    /// Whether what is managed and left out goes back: the object was ours before this look.
    pub(super) resets: bool,
    /// Whether the object is an Elastic fleet, which takes other changes while it runs.
    pub(super) is_elastic: bool,
}

/// Compares every field of a table.
pub(super) fn compare(
    object: &str,
    rules: &[FieldRule],
    desired: &Value,
    observed: &Value,
    terms: Terms<'_>,
) -> Compared {
    let mut compared = Compared::default();
    for rule in rules {
        let path = format!("{object}.{}", rule.path);
        if is_ignored(terms.ignore, &path) {
            continue;
        }
        let has = present(at(observed, rule.path));
        let default = rule.reset.default().unwrap_or(Value::Null);
        let is_back = || has.is_none_or(|value| equal(rule.compare, &default, value));
        match wanted(desired, rule.path) {
            Wanted::Value(value) => {
                // What AWS does not return is as it is by default.
                if equal(rule.compare, &value, has.unwrap_or(&default)) {
                    compared.unchanged += 1;
                    compared.holds.insert(path, value);
                } else {
                    let fixes = set(rule, &value, has);
                    let change = change(rule, terms, path, &value, has, fixes);
                    compared.changes.push(change);
                }
            }
            Wanted::Unset => {
                if is_back() {
                    compared.unchanged += 1;
                    compared.holds.insert(path, Value::Null);
                } else {
                    let fixes = reset(rule).into_iter().collect();
                    let change = change(rule, terms, path, &Value::Null, has, fixes);
                    compared.changes.push(change);
                }
            }
            Wanted::Omitted if terms.managed.contains_key(&path) => {
                match reset(rule).filter(|_| terms.resets) {
                    Some(fix) if !is_back() => {
                        let change = change(rule, terms, path, &default, has, vec![fix]);
                        compared.changes.push(change);
                    }
                    Some(_) | None => {
                        compared.released.insert(path);
                    }
                }
            }
            Wanted::Omitted => {}
        }
    }
    join(object, rules, &mut compared.changes);
    compared
}

/// What AWS takes in one call only waits for the one that needs most.
fn join(object: &str, rules: &[FieldRule], changes: &mut [FieldChange]) {
    for rule in rules.iter().filter(|rule| !rule.together.is_empty()) {
        let path = format!("{object}.{}", rule.path);
        let Some(leader) = changes.iter().find(|change| change.path == path) else {
            continue;
        };
        let needs = leader.change;
        for follower in changes.iter_mut() {
            if rule.together.contains(&follower.member.as_str()) {
                follower.change = needs;
            }
        }
    }
}

fn change(
    rule: &FieldRule,
    terms: Terms<'_>,
    path: String,
    desired: &Value,
    observed: Option<&Value>,
    fixes: Vec<Fix>,
) -> FieldChange {
    FieldChange {
        member: rule.path.to_owned(),
        path,
        change: rule.change_on(terms.is_elastic),
        desired: desired.clone(),
        observed: observed.cloned().unwrap_or(Value::Null),
        fixes,
    }
}

fn reset(rule: &FieldRule) -> Option<Fix> {
    match rule.reset {
        Reset::Default(default) => Some(Fix::Set(default())),
        Reset::EmptyString => Some(Fix::Set(Value::from(""))),
        Reset::Delete(attribute) | Reset::DeleteToDefault(attribute, _) => {
            Some(Fix::Delete(vec![attribute.to_owned()]))
        }
        Reset::Unmanage => None,
    }
}

fn set(rule: &FieldRule, desired: &Value, observed: Option<&Value>) -> Vec<Fix> {
    match rule.compare {
        Compare::Exact | Compare::Set | Compare::Subset => vec![Fix::Set(desired.clone())],
        Compare::Connectors => connect(desired, observed),
        Compare::Whole => {
            let mut whole = desired.clone();
            empty_lists(&mut whole, observed.unwrap_or(&Value::Null));
            vec![Fix::Set(whole)]
        }
        Compare::AgentAccess => {
            let observed = observed.unwrap_or(&Value::Null);
            vec![Fix::Set(agents::to_send(desired, observed))]
        }
    }
}

/// Leaving a connector out of `UpdateStack` does not remove it: it has to be named.
fn connect(desired: &Value, observed: Option<&Value>) -> Vec<Fix> {
    let mut fixes = Vec::new();
    let keep = connector_types(desired);
    let gone: Vec<String> = observed
        .map(connector_types)
        .unwrap_or_default()
        .into_iter()
        .filter(|kind| !keep.contains(kind))
        .map(|kind| format!("STORAGE_CONNECTOR_{kind}"))
        .collect();
    if !gone.is_empty() {
        fixes.push(Fix::Delete(gone));
    }
    let only_removals = observed.is_some_and(|observed| {
        elements(desired)
            .iter()
            .all(|one| elements(observed).iter().any(|other| connects(one, other)))
    });
    if !only_removals {
        fixes.push(Fix::Set(desired.clone()));
    }
    fixes
}

/// Sends a list empty that has to go: whether AWS keeps one that is not sent is not established.
fn empty_lists(whole: &mut Value, observed: &Value) {
    let (Value::Object(whole), Value::Object(observed)) = (whole, observed) else {
        return;
    };
    for (key, has) in observed {
        match whole.get_mut(key) {
            Some(inner) => empty_lists(inner, has),
            None if has.is_array() => {
                whole.insert(key.clone(), Value::Array(Vec::new()));
            }
            None => {}
        }
    }
}

/// Whether a path, or one above it, is in the row's `ignore`.
pub(crate) fn is_ignored(ignore: &[String], path: &str) -> bool {
    ignore.iter().any(|ignored| is_at_or_above(ignored, path))
}

/// Whether an ignored path is a path or lies above it. Names of users and entitlements have dots:
/// `users.ada@example.com` is not above a field of `ada@example.com.au`.
fn is_at_or_above(ignored: &str, path: &str) -> bool {
    let Some(rest) = path.strip_prefix(ignored) else {
        return false;
    };
    if rest.is_empty() {
        return true;
    }
    let is_above = rest.starts_with('.');
    let names_one = ["users.", "entitlements."]
        .iter()
        .any(|word| ignored.starts_with(word));
    is_above && !(names_one && rest[1..].contains('.'))
}

/// What the row says of a path: `null` above it counts for all below.
pub(super) fn wanted(tree: &Value, path: &str) -> Wanted {
    let mut node = tree;
    for key in path.split('.') {
        match node.get(key) {
            None => return Wanted::Omitted,
            Some(Value::Null) => return Wanted::Unset,
            Some(next) => node = next,
        }
    }
    Wanted::Value(node.clone())
}

/// The node at a path.
pub(crate) fn at<'a>(tree: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(tree, |node, key| node.get(key))
}

/// Empty is the same as not there: AWS returns either.
pub(crate) fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => true,
    })
}

/// Puts a value at a path, making the objects above it.
pub(crate) fn put(tree: &mut Value, path: &str, value: Value) {
    let mut node = tree;
    for key in path.split('.') {
        if !node.is_object() {
            *node = Value::Object(Map::new());
        }
        node = match node {
            Value::Object(map) => map.entry(key).or_insert(Value::Null),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => unreachable!("it was just made an object"),
        };
    }
    *node = value;
}

fn equal(compare: Compare, desired: &Value, observed: &Value) -> bool {
    match compare {
        Compare::Exact => desired == observed,
        Compare::Set => set_of(desired) == set_of(observed),
        Compare::Subset => covers(desired, observed),
        Compare::Whole => same(desired, observed),
        Compare::AgentAccess => agents::agree(desired, observed),
        Compare::Connectors => {
            connector_types(desired) == connector_types(observed)
                && elements(desired)
                    .iter()
                    .all(|one| elements(observed).iter().any(|other| connects(one, other)))
        }
    }
}

/// Whether two connectors are the same. Domains are whole sets: none named means none. The
/// identifier counts only where the row names it, because AWS fills in that of home folders.
fn connects(desired: &Value, observed: &Value) -> bool {
    let domains = |connector: &Value| {
        ["domains", "domainsRequireAdminConsent"]
            .map(|key| connector.get(key).map(set_of).unwrap_or_default())
    };
    let identifier = |connector: &Value| {
        let named = connector.get("resourceIdentifier")?.as_str()?;
        Some(bucket_name(named).to_owned())
    };
    desired.get("connectorType") == observed.get("connectorType")
        && domains(desired) == domains(observed)
        && identifier(desired).is_none_or(|named| identifier(observed) == Some(named))
}

/// A bucket's name, also of its ARN: AWS's model says ARN, its answers show the name.
fn bucket_name(identifier: &str) -> &str {
    identifier
        .strip_prefix("arn:")
        .and_then(|rest| rest.split_once(":s3:::"))
        .map_or(identifier, |(_, name)| name)
}

/// Whether two objects are the same, empty and not there being the same; lists inside are sets.
fn same(desired: &Value, observed: &Value) -> bool {
    match (desired, observed) {
        (Value::Object(desired), Value::Object(observed)) => {
            let keys: BTreeSet<&String> = desired.keys().chain(observed.keys()).collect();
            keys.into_iter().all(|key| {
                match (present(desired.get(key)), present(observed.get(key))) {
                    (Some(one), Some(other)) => same(one, other),
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                }
            })
        }
        (Value::Array(_), Value::Array(_)) => set_of(desired) == set_of(observed),
        (desired, observed) => desired == observed,
    }
}

/// Whether `observed` has everything that `desired` says; lists inside are sets.
pub(super) fn covers(desired: &Value, observed: &Value) -> bool {
    match (desired, observed) {
        (Value::Object(desired), Value::Object(observed)) => desired
            .iter()
            .all(|(key, value)| observed.get(key).is_some_and(|other| covers(value, other))),
        (Value::Array(_), Value::Array(_)) => set_of(desired) == set_of(observed),
        (desired, observed) => desired == observed,
    }
}

fn set_of(value: &Value) -> BTreeSet<String> {
    elements(value).iter().map(Value::to_string).collect()
}

pub(super) fn elements(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn connector_types(value: &Value) -> BTreeSet<String> {
    elements(value)
        .iter()
        .filter_map(|connector| connector.get("connectorType")?.as_str().map(str::to_owned))
        .collect()
}
