//! Marks statements as an environment's own, by their `Sid`.
//!
//! A `Sid` is the only place in a statement that carries a name and has no effect. Ours are
//! `Streamkeeper`, the first 16 hex digits of the environment's uid, and the user's own `Sid`: the
//! uid and not the name, so that a row that was deleted and inserted again does not inherit the
//! first one's statements. 64 bits keep environments of one bucket apart; 28 characters leave the
//! user the 64 that the row allows.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::spec::{BucketSpec, Effect, OneOrMany, PolicyStatement};

const PREFIX: &str = "Streamkeeper";

/// How many hex digits of the uid are in a `Sid`.
const UID_DIGITS: usize = 16;

/// Stands for the bucket's name in a `Resource`, because nobody knows a home bucket's beforehand.
const BUCKET_PLACEHOLDER: &str = "{bucket}";

/// What every `Sid` of this environment begins with.
#[must_use]
pub fn owned_prefix(uid: Uuid) -> String {
    let digits = uid.simple().to_string();
    format!("{PREFIX}{}", &digits[..UID_DIGITS])
}

/// The `Sid` in the bucket's policy of a statement with the user's `Sid`.
#[must_use]
pub fn owned_sid(uid: Uuid, user_sid: &str) -> String {
    format!("{}{user_sid}", owned_prefix(uid))
}

/// The user's part of a `Sid` that is this environment's, or `None` when it is not.
#[must_use]
pub fn owned_user_sid(uid: Uuid, sid: &str) -> Option<&str> {
    sid.strip_prefix(&owned_prefix(uid))
        .filter(|user_sid| !user_sid.is_empty())
}

/// Whether a `Sid` is any environment's, not necessarily one whose row is still there.
#[must_use]
pub fn is_streamkeeper_sid(sid: &str) -> bool {
    sid.strip_prefix(PREFIX).is_some_and(|rest| {
        let bytes = rest.as_bytes();
        bytes.len() > UID_DIGITS
            && bytes[..UID_DIGITS]
                .iter()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// The statements of a policy that are not this environment's: those of AppStream, of people and
/// of other environments. Empty when there is no policy or it has no statements.
#[must_use]
pub fn foreign_statements(uid: Uuid, policy: Option<&Value>) -> Vec<&Value> {
    policy
        .and_then(statements)
        .unwrap_or_default()
        .iter()
        .filter(|statement| user_sid_of(uid, statement).is_none())
        .collect()
}

/// The statements a row asks for on a bucket, as S3 will see them.
#[must_use]
pub fn desired_statements(uid: Uuid, bucket_name: &str, spec: &BucketSpec) -> Vec<Value> {
    spec.statements
        .iter()
        .map(|statement| desired_statement(uid, bucket_name, statement))
        .collect()
}

fn desired_statement(uid: Uuid, bucket_name: &str, statement: &PolicyStatement) -> Value {
    // Taken apart by hand, so that a new element cannot be forgotten here.
    let PolicyStatement {
        sid,
        effect,
        principal,
        not_principal,
        action,
        not_action,
        resource,
        not_resource,
        condition,
    } = statement;
    let effect = match effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    };
    let mut object = Map::new();
    object.insert("Sid".to_owned(), Value::from(owned_sid(uid, sid)));
    object.insert("Effect".to_owned(), Value::from(effect));
    let as_is = |text: &str| text.to_owned();
    let with_bucket = |text: &str| text.replace(BUCKET_PLACEHOLDER, bucket_name);
    let rest = [
        ("Principal", principal.clone()),
        ("NotPrincipal", not_principal.clone()),
        ("Action", action.as_ref().map(|some| list(some, as_is))),
        (
            "NotAction",
            not_action.as_ref().map(|some| list(some, as_is)),
        ),
        (
            "Resource",
            resource.as_ref().map(|some| list(some, with_bucket)),
        ),
        (
            "NotResource",
            not_resource.as_ref().map(|some| list(some, with_bucket)),
        ),
        ("Condition", condition.clone().map(Value::Object)),
    ];
    for (element, value) in rest {
        if let Some(value) = value {
            object.insert(element.to_owned(), value);
        }
    }
    Value::Object(object)
}

fn list(texts: &OneOrMany, each: impl Fn(&str) -> String) -> Value {
    match texts {
        OneOrMany::One(text) => Value::from(each(text)),
        OneOrMany::Many(texts) => texts.iter().map(|text| each(text)).collect(),
    }
}

/// A policy's statements, whether one or a list; `None` when it has none or they are something else.
pub(super) fn statements(policy: &Value) -> Option<&[Value]> {
    match policy.get("Statement")? {
        Value::Array(statements) => Some(statements),
        single @ Value::Object(_) => Some(std::slice::from_ref(single)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// The user's part of a statement's `Sid`, if the statement is this environment's.
pub(super) fn user_sid_of(uid: Uuid, statement: &Value) -> Option<&str> {
    owned_user_sid(uid, statement.get("Sid")?.as_str()?)
}

#[cfg(test)]
mod tests;
