//! Brings policies into a canonical form, in which equal meaning is equality.
//!
//! # Rules
//!
//! | element | rule |
//! |---|---|
//! | any list | a scalar is a list of one; order and repetition mean nothing |
//! | `Version` | left out is `2008-10-17`, as AWS documents |
//! | `Statement` | an object is a list of one |
//! | `Sid` | exact; an empty one is none |
//! | `Effect` | `Allow` or `Deny`, exact |
//! | `Principal` | `"*"` is `{"AWS": "*"}`; an account id is the ARN of its root |
//! | `Not…` | another thing than its positive twin, and than leaving both out |
//! | `Action` | case means nothing |
//! | `Resource` | exact |
//! | `Condition` | case of operators and keys means nothing; values are strings; empty is none |
//!
//! A statement with a key, a type or a combination that is not in IAM's grammar has no canonical
//! form: it equals only a statement that is the same JSON. A misspelt `Conditions` must never pass
//! for a statement without one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::names::Names;
use super::numbers;

/// What AWS assumes when a policy names no version.
pub(super) const IMPLIED_VERSION: &str = "2008-10-17";

const ELEMENTS: [&str; 9] = [
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

const PRINCIPAL_KINDS: [&str; 4] = ["AWS", "CanonicalUser", "Federated", "Service"];

/// Whether two whole policies mean the same in the partition `aws`, no unique id being proven.
#[must_use]
pub fn equivalent(a: &Value, b: &Value) -> bool {
    equivalent_with(a, b, Names::default())
}

/// Whether two whole policies mean the same, given what names stand for where they are.
#[must_use]
pub fn equivalent_with(a: &Value, b: &Value, names: Names<'_>) -> bool {
    a == b
        || match (read_document(a, names), read_document(b, names)) {
            (Some(a), Some(b)) => a == b,
            (None, _) | (_, None) => false,
        }
}

/// Whether two statements mean the same in the partition `aws` and have the same `Sid`, no unique
/// id being proven.
#[must_use]
pub fn statements_equivalent(a: &Value, b: &Value) -> bool {
    statements_equivalent_with(a, b, Names::default())
}

/// Whether two statements mean the same and have the same `Sid`, given what names stand for.
#[must_use]
pub fn statements_equivalent_with(a: &Value, b: &Value, names: Names<'_>) -> bool {
    a == b
        || match (read_statement(a, names), read_statement(b, names)) {
            (Some(a), Some(b)) => a == b,
            (None, _) | (_, None) => false,
        }
}

#[derive(Debug, PartialEq, Eq)]
struct Document {
    version: String,
    id: Option<String>,
    statements: BTreeSet<Form>,
}

/// A statement in canonical form, or one that has none, as its own JSON with sorted keys.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Canonical(Box<Statement>),
    Opaque(String),
}

/// A statement in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Statement {
    pub(super) sid: Option<String>,
    pub(super) allows: bool,
    pub(super) principal: Selection<Principals>,
    pub(super) action: Selection<BTreeSet<String>>,
    pub(super) resource: Selection<BTreeSet<String>>,
    pub(super) condition: Conditions,
}

/// Names by kind (`AWS`, `Service`, …). A kind without names is not the same as no kind.
pub(super) type Principals = BTreeMap<String, BTreeSet<String>>;

/// Values by key, by operator; operators and keys in lower case.
pub(super) type Conditions = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// What an element and its `Not` twin say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Selection<T> {
    /// Neither is there.
    Unsaid,
    /// These.
    Only(T),
    /// All but these: the `Not` form.
    AllBut(T),
}

fn read_document(document: &Value, names: Names<'_>) -> Option<Document> {
    let object = document.as_object()?;
    if object
        .keys()
        .any(|key| !matches!(key.as_str(), "Version" | "Id" | "Statement"))
    {
        return None;
    }
    let version = match object.get("Version") {
        None => IMPLIED_VERSION.to_owned(),
        Some(version) => version.as_str()?.to_owned(),
    };
    let id = match object.get("Id") {
        None => None,
        Some(id) => Some(id.as_str()?.to_owned()),
    };
    let statements = match object.get("Statement")? {
        Value::Array(statements) => statements.iter().map(|s| form(s, names)).collect(),
        single @ Value::Object(_) => BTreeSet::from([form(single, names)]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    };
    Some(Document {
        version,
        id,
        statements,
    })
}

fn form(statement: &Value, names: Names<'_>) -> Form {
    read_statement(statement, names).map_or_else(
        || Form::Opaque(sorted_json(statement)),
        |statement| Form::Canonical(Box::new(statement)),
    )
}

/// Reads a statement; `None` when it is not one by IAM's grammar.
pub(super) fn read_statement(statement: &Value, names: Names<'_>) -> Option<Statement> {
    let object = statement.as_object()?;
    if object.keys().any(|key| !ELEMENTS.contains(&key.as_str())) {
        return None;
    }
    let sid = match object.get("Sid") {
        None => None,
        Some(sid) => Some(sid.as_str()?.to_owned()).filter(|sid| !sid.is_empty()),
    };
    let allows = match object.get("Effect")?.as_str()? {
        "Allow" => true,
        "Deny" => false,
        _ => return None,
    };
    let resource = selection(object, "Resource", "NotResource", strings)?;
    let partition = partition_of(&resource, names);
    Some(Statement {
        sid,
        allows,
        principal: selection(object, "Principal", "NotPrincipal", |value| {
            principals(value, partition, names)
        })?,
        action: selection(object, "Action", "NotAction", |value| {
            let actions = strings(value)?;
            Some(actions.iter().map(|a| a.to_ascii_lowercase()).collect())
        })?,
        condition: match object.get("Condition") {
            None => Conditions::new(),
            Some(condition) => conditions(condition)?,
        },
        resource,
    })
}

fn selection<T>(
    object: &Map<String, Value>,
    only: &str,
    all_but: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Option<Selection<T>> {
    match (object.get(only), object.get(all_but)) {
        (None, None) => Some(Selection::Unsaid),
        (Some(value), None) => read(value).map(Selection::Only),
        (None, Some(value)) => read(value).map(Selection::AllBut),
        (Some(_), Some(_)) => None,
    }
}

fn strings(value: &Value) -> Option<BTreeSet<String>> {
    items(value)
        .iter()
        .map(|item| item.as_str().map(str::to_owned))
        .collect()
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            std::slice::from_ref(value)
        }
    }
}

/// The partition an account id in this statement belongs to: that of its resources if they say
/// one, else the bucket's.
fn partition_of<'a>(resource: &'a Selection<BTreeSet<String>>, names: Names<'a>) -> &'a str {
    let (Selection::Only(arns) | Selection::AllBut(arns)) = resource else {
        return names.partition;
    };
    let mut partitions = arns
        .iter()
        .filter_map(|arn| arn.strip_prefix("arn:")?.split(':').next());
    let Some(first) = partitions.next() else {
        return names.partition;
    };
    // A statement cannot span partitions; if it claims to, no resource decides.
    if partitions.all(|partition| partition == first) {
        first
    } else {
        names.partition
    }
}

fn principals(value: &Value, partition: &str, names: Names<'_>) -> Option<Principals> {
    match value {
        Value::String(everybody) if everybody == "*" => Some(Principals::from([(
            "AWS".to_owned(),
            BTreeSet::from(["*".to_owned()]),
        )])),
        Value::Object(kinds) => kinds
            .iter()
            .map(|(kind, listed)| {
                if !PRINCIPAL_KINDS.contains(&kind.as_str()) {
                    return None;
                }
                let mut listed = strings(listed)?;
                if kind == "AWS" {
                    listed = listed
                        .iter()
                        .map(|name| aws_principal(name, partition, names))
                        .collect();
                }
                Some((kind.clone(), listed))
            })
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    }
}

fn aws_principal(name: &str, partition: &str, names: Names<'_>) -> String {
    if is_account_id(name) {
        format!("arn:{partition}:iam::{name}:root")
    } else {
        names.identities.resolve(name).to_owned()
    }
}

pub(super) fn is_account_id(name: &str) -> bool {
    name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn conditions(value: &Value) -> Option<Conditions> {
    let mut conditions = Conditions::new();
    for (operator, keys) in value.as_object()? {
        let operator = operator.to_ascii_lowercase();
        let numeric = base_operator(&operator).starts_with("numeric");
        let mut read = BTreeMap::new();
        for (key, values) in keys.as_object()? {
            let values = items(values)
                .iter()
                .map(|value| condition_value(value, numeric))
                .collect::<Option<BTreeSet<_>>>()?;
            // Two spellings of one key are ambiguous, and AWS does not say which one counts.
            if read.insert(condition_key(key), values).is_some() {
                return None;
            }
        }
        if conditions.insert(operator, read).is_some() {
            return None;
        }
    }
    Some(conditions)
}

/// The operator without `ForAllValues:`, `ForAnyValue:` and `IfExists`; expects lower case.
pub(super) fn base_operator(operator: &str) -> &str {
    let operator = operator
        .strip_prefix("forallvalues:")
        .or_else(|| operator.strip_prefix("foranyvalue:"))
        .unwrap_or(operator);
    operator.strip_suffix("ifexists").unwrap_or(operator)
}

/// A condition key in lower case. IAM documents that for key names, and for the tag keys in `aws:`
/// keys; an object's tags in S3 differ by case, so those keep it.
fn condition_key(key: &str) -> String {
    let lower = key.to_ascii_lowercase();
    match key.split_once('/') {
        Some((_, tag)) if lower.starts_with("s3:") => {
            format!("{}{tag}", &lower[..lower.len() - tag.len()])
        }
        Some(_) | None => lower,
    }
}

fn condition_value(value: &Value, numeric: bool) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => numbers::text(number)?,
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    // Under a string operator `1.0` and `1` are two strings; under a numeric one they are one number.
    Some(if numeric {
        numbers::plain_decimal(&text).unwrap_or(text)
    } else {
        text
    })
}

/// JSON text with sorted keys, so that it depends on the value alone.
fn sorted_json(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let sorted: BTreeMap<_, _> = object.iter().collect();
            let members: Vec<String> = sorted
                .iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), sorted_json(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(sorted_json).collect();
            format!("[{}]", items.join(","))
        }
        // The one pair of numbers that JSON compares as equal and writes differently.
        Value::Number(number) if number.as_f64() == Some(0.0) && number.is_f64() => {
            "0.0".to_owned()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests;
