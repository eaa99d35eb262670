//! Merges what an update sends into what is stored.
//!
//! Settings are JSON documents under AWS's member names, so that a member AWS adds needs a row in a
//! table and no code.

use serde_json::{Map, Value};

/// Stored settings, by member.
pub(crate) type Settings = Map<String, Value>;

/// How a sent value meets a stored one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Merge {
    /// It takes its place.
    Replace,
    /// It takes its place; an empty string clears it.
    EmptyClears,
    /// Its members take their places; those left out stay.
    ByMember,
}

/// Stores a sent value.
pub(crate) fn merge(settings: &mut Settings, member: &str, value: &Value, how: Merge) {
    match (how, settings.get_mut(member), value) {
        (Merge::EmptyClears, _, Value::String(text)) if text.is_empty() => {
            settings.remove(member);
        }
        (Merge::ByMember, Some(Value::Object(stored)), Value::Object(sent)) => {
            for (name, value) in sent {
                stored.insert(name.clone(), value.clone());
            }
        }
        _ => {
            settings.insert(member.to_owned(), value.clone());
        }
    }
}

/// Removes a member, or a member of a member: `VpcConfig.SecurityGroupIds`.
pub(crate) fn remove(settings: &mut Settings, path: &str) {
    match path.split_once('.') {
        None => {
            settings.remove(path);
        }
        Some((outer, inner)) => {
            if let Some(Value::Object(members)) = settings.get_mut(outer) {
                remove(members, inner);
            }
        }
    }
}

/// Drops lists and structures with nothing in them: AWS returns them as if they were not set.
pub(crate) fn drop_empty(settings: &mut Settings) {
    settings.retain(|_, value| match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => {
            members.retain(|_, value| value.as_array().is_none_or(|items| !items.is_empty()));
            !members.is_empty()
        }
        Value::String(text) => !text.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    });
}

/// An integer setting.
pub(crate) fn integer(settings: &Settings, member: &str) -> Option<i64> {
    settings.get(member).and_then(Value::as_i64)
}

/// A string setting.
pub(crate) fn text<'a>(settings: &'a Settings, member: &str) -> Option<&'a str> {
    settings.get(member).and_then(Value::as_str)
}
