//! Checks bucket policies as S3 does and hands them back as S3 does: equal, but not the same.
//!
//! S3 keeps no text. Lists of one element come back as the element, lists of several in another
//! order, an account's number as its root ARN, and a principal that was deleted as its unique id.
//! A document with such an id in it can no longer be written, whoever's statement it is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::seeded;
use crate::call::ServiceError;
use crate::model::iam::Principals;

/// S3's limit on the size of a bucket policy.
const MOST_BYTES: usize = 20 * 1024;

const STATEMENT_KEYS: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// Actions on objects, which need a resource below the bucket.
const OBJECT_ACTIONS: &[&str] = &[
    "s3:getobject",
    "s3:getobjectversion",
    "s3:getobjectacl",
    "s3:getobjecttagging",
    "s3:putobject",
    "s3:putobjectacl",
    "s3:putobjecttagging",
    "s3:deleteobject",
    "s3:deleteobjectversion",
    "s3:restoreobject",
    "s3:abortmultipartupload",
    "s3:listmultipartuploadparts",
];
/// Actions on the bucket, which need the bucket itself.
const BUCKET_ACTIONS: &[&str] = &[
    "s3:listbucket",
    "s3:listbucketversions",
    "s3:listbucketmultipartuploads",
    "s3:getbucketlocation",
    "s3:getbucketpolicy",
    "s3:putbucketpolicy",
    "s3:deletebucketpolicy",
    "s3:getbucketacl",
    "s3:putbucketacl",
    "s3:deletebucket",
];

/// The policy that AppStream puts on the buckets it makes, word for word.
pub(crate) fn prevent_accidental_deletion(bucket: &str) -> Value {
    json!({
        "Version": "2008-10-17",
        "Statement": [{
            "Sid": "PreventAccidentalDeletionOfBucket",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:DeleteBucket",
            "Resource": format!("arn:aws:s3:::{bucket}"),
        }],
    })
}

fn malformed(message: impl Into<String>) -> ServiceError {
    ServiceError::new("MalformedPolicy", message)
}

/// A policy's document, if S3 would take it.
pub(crate) fn parse(
    text: &str,
    bucket: &str,
    principals: &Principals,
) -> Result<Value, ServiceError> {
    if text.len() > MOST_BYTES {
        return Err(ServiceError::new(
            "PolicyTooLarge",
            "Policy exceeds the maximum allowed document size.",
        ));
    }
    let document = serde_json::from_str::<Map<String, Value>>(text)
        .map_err(|_| malformed("Policies must be valid JSON and the first byte must be '{'"))?;
    for key in document.keys() {
        if !["Version", "Id", "Statement"].contains(&key.as_str()) {
            return Err(malformed(format!("Unknown field {key}")));
        }
    }
    let version = document.get("Version").and_then(Value::as_str);
    if !matches!(version, None | Some("2008-10-17" | "2012-10-17")) {
        return Err(malformed("The policy must contain a valid version string"));
    }
    let statements = statements(&document)?;
    let mut sids = BTreeSet::new();
    for statement in &statements {
        check_statement(statement, bucket, principals)?;
        if let Some(sid) = statement.get("Sid").and_then(Value::as_str)
            && !sids.insert(sid.to_owned())
        {
            return Err(malformed(
                "Statement IDs (SID) in a single policy must be unique.",
            ));
        }
    }
    let mut document = document;
    document.insert("Statement".to_owned(), json!(statements));
    Ok(Value::Object(document))
}

fn statements(document: &Map<String, Value>) -> Result<Vec<Value>, ServiceError> {
    match document.get("Statement") {
        None => Err(malformed("Missing required field Statement")),
        Some(Value::Object(statement)) => Ok(vec![Value::Object(statement.clone())]),
        Some(Value::Array(statements)) if !statements.is_empty() => Ok(statements.clone()),
        Some(_) => Err(malformed("Could not parse the policy: Statement is empty!")),
    }
}

fn check_statement(
    statement: &Value,
    bucket: &str,
    principals: &Principals,
) -> Result<(), ServiceError> {
    let members = statement
        .as_object()
        .ok_or_else(|| malformed("Statement must be an object"))?;
    for key in members.keys() {
        if !STATEMENT_KEYS.contains(&key.as_str()) {
            return Err(malformed(format!("Unknown field {key}")));
        }
    }
    if !matches!(
        members.get("Effect").and_then(Value::as_str),
        Some("Allow" | "Deny")
    ) {
        return Err(malformed("Invalid effect: must be Allow or Deny"));
    }
    let principal = either(members, "Principal", "NotPrincipal")?;
    check_principal(principal, principals)?;
    let actions = strings(either(members, "Action", "NotAction")?);
    if actions.is_empty() || !actions.iter().all(|action| is_s3_action(action)) {
        return Err(malformed("Policy has invalid action"));
    }
    let resources = strings(either(members, "Resource", "NotResource")?);
    if resources.is_empty() || !resources.iter().all(|resource| is_within(resource, bucket)) {
        return Err(malformed("Policy has invalid resource"));
    }
    if members.contains_key("Action") && members.contains_key("Resource") {
        check_applies(&actions, &resources)?;
    }
    match members.get("Condition") {
        None => Ok(()),
        Some(Value::Object(operators)) if operators.values().all(Value::is_object) => Ok(()),
        Some(_) => Err(malformed("Conditions must be an object of objects")),
    }
}

fn either<'a>(
    members: &'a Map<String, Value>,
    one: &str,
    other: &str,
) -> Result<&'a Value, ServiceError> {
    match (members.get(one), members.get(other)) {
        (Some(value), None) | (None, Some(value)) => Ok(value),
        (None, None) => Err(malformed(format!("Missing required field {one}"))),
        (Some(_), Some(_)) => Err(malformed(format!(
            "Statement cannot have both {one} and {other}"
        ))),
    }
}

/// The strings of a value that may be one or a list; nothing when it is neither.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => {
            let texts: Vec<_> = items.iter().filter_map(Value::as_str).collect();
            if texts.len() == items.len() {
                texts
            } else {
                Vec::new()
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

fn check_principal(principal: &Value, principals: &Principals) -> Result<(), ServiceError> {
    let invalid = || malformed("Invalid principal in policy");
    if principal.as_str() == Some("*") {
        return Ok(());
    }
    let kinds = principal.as_object().ok_or_else(invalid)?;
    for (kind, value) in kinds {
        let named = strings(value);
        let is_valid = |name: &&str| match kind.as_str() {
            "AWS" => is_aws_principal(name) && !principals.is_gone(name),
            "Service" => name.contains(".amazonaws.com"),
            "Federated" | "CanonicalUser" => true,
            _ => false,
        };
        if named.is_empty() || !named.iter().all(is_valid) {
            return Err(invalid());
        }
    }
    Ok(())
}

/// An account, its root, a user, a role or a session; no wildcards within, no unique ids.
fn is_aws_principal(name: &str) -> bool {
    if name == "*" || is_account(name) {
        return true;
    }
    let parts: Vec<&str> = name.splitn(6, ':').collect();
    let [arn, partition, service, "", account, resource] = parts[..] else {
        return false;
    };
    let kinds: &[&str] = match service {
        "iam" => &["root", "user/", "role/"],
        "sts" => &["assumed-role/", "federated-user/"],
        _ => return false,
    };
    arn == "arn"
        && partition.starts_with("aws")
        && is_account(account)
        && !resource.contains('*')
        && kinds.iter().any(|kind| resource.starts_with(kind))
}

fn is_account(name: &str) -> bool {
    name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_s3_action(action: &str) -> bool {
    action == "*" || action.to_ascii_lowercase().starts_with("s3:")
}

/// Whether a resource is the bucket or something in it.
fn is_within(resource: &str, bucket: &str) -> bool {
    let rest = resource
        .strip_prefix("arn:aws:s3:::")
        .and_then(|rest| rest.strip_prefix(bucket));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn check_applies(actions: &[&str], resources: &[&str]) -> Result<(), ServiceError> {
    let is_object = |resource: &&str| resource.trim_start_matches("arn:aws:s3:::").contains('/');
    let has_object = resources.iter().any(is_object);
    let has_bucket = !resources.iter().all(is_object);
    for action in actions {
        let action = action.to_ascii_lowercase();
        let is_idle = (OBJECT_ACTIONS.contains(&action.as_str()) && !has_object)
            || (BUCKET_ACTIONS.contains(&action.as_str()) && !has_bucket);
        if is_idle {
            return Err(malformed(
                "Action does not apply to any resource(s) in statement",
            ));
        }
    }
    Ok(())
}

/// Whether a policy allows something to everybody without any condition.
pub(crate) fn is_public(document: &Value) -> bool {
    let statements = document.get("Statement").and_then(Value::as_array);
    statements.into_iter().flatten().any(|statement| {
        let everybody = statement.get("Principal").is_some_and(|principal| {
            principal.as_str() == Some("*")
                || principal
                    .get("AWS")
                    .is_some_and(|names| strings(names).contains(&"*"))
        });
        everybody
            && statement.get("Effect") == Some(&json!("Allow"))
            && statement.get("Condition").is_none()
    })
}

/// Whether a policy keeps everybody from deleting the bucket.
pub(crate) fn denies_deletion(document: &Value) -> bool {
    let statements = document.get("Statement").and_then(Value::as_array);
    statements.into_iter().flatten().any(|statement| {
        statement.get("Effect") == Some(&json!("Deny"))
            && statement.get("Principal") == Some(&json!("*"))
            && statement
                .get("Action")
                .is_some_and(|action| strings(action).contains(&"s3:DeleteBucket"))
    })
}

/// A document as S3 keeps it.
pub(crate) fn normalised(mut document: Value, seed: u64) -> Value {
    let statements = document.get_mut("Statement").and_then(Value::as_array_mut);
    for statement in statements.into_iter().flatten() {
        for member in ["Principal", "NotPrincipal"] {
            let kinds = statement.get_mut(member).and_then(Value::as_object_mut);
            for names in kinds.into_iter().flat_map(Map::values_mut) {
                map_strings(names, &root_of_account);
                reorder(names, seed);
            }
        }
        for member in ["Action", "NotAction", "Resource", "NotResource"] {
            if let Some(value) = statement.get_mut(member) {
                reorder(value, seed);
            }
        }
        let operators = statement
            .get_mut("Condition")
            .and_then(Value::as_object_mut);
        for keys in operators.into_iter().flat_map(Map::values_mut) {
            for value in keys.as_object_mut().into_iter().flat_map(Map::values_mut) {
                as_strings(value);
                reorder(value, seed);
            }
        }
    }
    document
}

fn root_of_account(name: &str) -> Option<String> {
    is_account(name).then(|| format!("arn:aws:iam::{name}:root"))
}

/// Collapses a list of one, and puts a longer one into an order that means nothing.
fn reorder(value: &mut Value, seed: u64) {
    let Value::Array(items) = value else { return };
    if let [only] = &items[..] {
        *value = only.clone();
        return;
    }
    seeded::shuffle(seed, items, Value::to_string);
}

/// Condition values are strings, whatever was sent.
fn as_strings(value: &mut Value) {
    match value {
        Value::Bool(_) | Value::Number(_) => *value = json!(value.to_string()),
        Value::Array(items) => items.iter_mut().for_each(as_strings),
        Value::Null | Value::String(_) | Value::Object(_) => {}
    }
}

fn map_strings(value: &mut Value, change: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(changed) = change(text) {
                *text = changed;
            }
        }
        Value::Array(items) => {
            for item in items {
                map_strings(item, change);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
    }
}

/// A kept document as it is read: principals that S3 cannot resolve show as their unique ids.
pub(crate) fn shown(document: &Value, principals: &Principals, seed: u64) -> Value {
    with_ids(document, &principals.shown_by_id(seed))
}

/// A document with ARNs replaced by unique ids.
pub(crate) fn with_ids(document: &Value, ids: &BTreeMap<&str, String>) -> Value {
    let mut document = document.clone();
    let statements = document.get_mut("Statement").and_then(Value::as_array_mut);
    for statement in statements.into_iter().flatten() {
        for member in ["Principal", "NotPrincipal"] {
            let kinds = statement.get_mut(member).and_then(Value::as_object_mut);
            for names in kinds.into_iter().flat_map(Map::values_mut) {
                map_strings(names, &|name| ids.get(name).cloned());
            }
        }
    }
    document
}
