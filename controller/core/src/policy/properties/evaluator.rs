//! Decides requests by a policy, slowly and by nothing but IAM's documented rules.
//!
//! It shares no line with the canonical form: it reads the policy as it is written, on every
//! request. So it can say whether two policies that are called equivalent decide alike.
//!
//! Sources: IAM user guide, the pages on policy evaluation logic, on each policy element, on
//! condition operators and on multivalued context keys.

use std::collections::BTreeMap;

use serde_json::Value;

/// What a policy says about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Allow,
    Deny,
    /// Nothing applies.
    Silent,
    /// S3 would not take the policy.
    NoPolicy,
}

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// The account, or none for a service or a stranger.
    pub(super) account: Option<&'static str>,
    /// Every name the caller has: ARN, unique id, service.
    pub(super) names: Vec<(&'static str, &'static str)>,
    pub(super) action: &'static str,
    pub(super) resource: &'static str,
    /// Context keys in lower case, with their values.
    pub(super) context: BTreeMap<String, Vec<String>>,
}

pub(super) fn decide(policy: &Value, request: &Request) -> Decision {
    match try_decide(policy, request) {
        Some(decision) => decision,
        None => Decision::NoPolicy,
    }
}

fn try_decide(policy: &Value, request: &Request) -> Option<Decision> {
    let keys: Vec<&String> = policy.as_object()?.keys().collect();
    if !keys
        .iter()
        .all(|key| ["Version", "Id", "Statement"].contains(&key.as_str()))
    {
        return None;
    }
    let variables = match policy.get("Version").map(Value::as_str) {
        None | Some(Some("2008-10-17")) => false,
        Some(Some("2012-10-17")) => true,
        Some(_) => return None,
    };
    let mut decision = Decision::Silent;
    for statement in list(policy.get("Statement")?) {
        let applies = applies(statement, request, variables)?;
        match statement.get("Effect")?.as_str()? {
            "Deny" if applies => decision = Decision::Deny,
            "Allow" if applies && decision != Decision::Deny => decision = Decision::Allow,
            "Allow" | "Deny" => {}
            _ => return None,
        }
    }
    Some(decision)
}

fn list(value: &Value) -> Vec<&Value> {
    value
        .as_array()
        .map_or_else(|| vec![value], |items| items.iter().collect())
}

fn applies(statement: &Value, request: &Request, variables: bool) -> Option<bool> {
    for key in statement.as_object()?.keys() {
        let known = [
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
        if !known.contains(&key.as_str()) {
            return None;
        }
    }
    let who = either(statement, "Principal", |value| is_named(value, request))?;
    let what = either(statement, "Action", |value| {
        any_text(value, |text| {
            like(&text.to_lowercase(), &request.action.to_lowercase())
        })
    })?;
    let on = either(statement, "Resource", |value| {
        any_text(value, |text| {
            like(&replaced(text, request, variables), request.resource)
        })
    })?;
    let mut holds = true;
    if let Some(condition) = statement.get("Condition") {
        for (operator, keys) in condition.as_object()? {
            for (key, values) in keys.as_object()? {
                holds &= condition_holds(operator, key, values, request, variables)?;
            }
        }
    }
    Some(who && what && on && holds)
}

/// The element or its `Not` twin; S3 wants one of them.
fn either(statement: &Value, name: &str, has: impl Fn(&Value) -> Option<bool>) -> Option<bool> {
    match (statement.get(name), statement.get(format!("Not{name}"))) {
        (Some(value), None) => has(value),
        (None, Some(value)) => Some(!has(value)?),
        _ => None,
    }
}

fn any_text(value: &Value, holds: impl Fn(&str) -> bool) -> Option<bool> {
    let mut any = false;
    for item in list(value) {
        any |= holds(item.as_str()?);
    }
    Some(any)
}

fn is_named(value: &Value, request: &Request) -> Option<bool> {
    if value.as_str() == Some("*") {
        return Some(true);
    }
    let mut named = false;
    for (kind, names) in value.as_object()? {
        if !["AWS", "Service", "Federated", "CanonicalUser"].contains(&kind.as_str()) {
            return None;
        }
        named |= any_text(names, |name| {
            let own = request.names.contains(&(kind.as_str(), name));
            let whole_account = request.account.is_some_and(|account| {
                kind == "AWS" && (name == account || name == format!("arn:aws:iam::{account}:root"))
            });
            own || whole_account || (kind == "AWS" && name == "*")
        })?;
    }
    Some(named)
}

/// Whether a pattern with `*` and `?` matches a whole text.
fn like(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            like(&pattern[1..], text)
                || text
                    .chars()
                    .next()
                    .is_some_and(|c| like(pattern, &text[c.len_utf8()..]))
        }
        (Some(p), Some(t)) if p == '?' || p == t => {
            like(&pattern[p.len_utf8()..], &text[t.len_utf8()..])
        }
        _ => false,
    }
}

/// The text with the one variable of these tests replaced, where the version replaces any.
fn replaced(text: &str, request: &Request, variables: bool) -> String {
    match request.context.get("aws:username") {
        Some(user) if variables => text.replace("${aws:username}", &user[0]),
        _ => text.to_owned(),
    }
}

fn condition_holds(
    operator: &str,
    key: &str,
    values: &Value,
    request: &Request,
    variables: bool,
) -> Option<bool> {
    let operator = operator.to_lowercase();
    let (operator, if_exists) = match operator.strip_suffix("ifexists") {
        Some(operator) => (operator, true),
        None => (operator.as_str(), false),
    };
    let (set, operator) = match operator.split_once(':') {
        Some((set, operator)) => (Some(set), operator),
        None => (None, operator),
    };
    let mut wanted = Vec::new();
    for value in list(values) {
        wanted.push(match value {
            Value::String(text) => replaced(text, request, variables),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        });
    }
    let (test, negated) = test_of(operator)?;
    let matches = |found: &String| wanted.iter().any(|wanted| test(wanted, found)) != negated;
    let Some(found) = request.context.get(&key.to_lowercase()) else {
        return Some(match set {
            Some("forallvalues") => true,
            Some("foranyvalue") => if_exists,
            None => negated || if_exists,
            Some(_) => return None,
        });
    };
    Some(match set {
        Some("forallvalues") => found.iter().all(matches),
        Some("foranyvalue") | None => found.iter().any(matches),
        Some(_) => return None,
    })
}

type Test = fn(&str, &str) -> bool;

fn test_of(operator: &str) -> Option<(Test, bool)> {
    Some(match operator {
        "stringequals" => (|wanted, found| wanted == found, false),
        "stringnotequals" => (|wanted, found| wanted == found, true),
        "stringlike" | "arnlike" | "arnequals" => (like, false),
        "stringnotlike" | "arnnotlike" => (like, true),
        "bool" => (|wanted, found| wanted.eq_ignore_ascii_case(found), false),
        "numericequals" => (|wanted, found| numbers(wanted, found, |w, f| f == w), false),
        "numericlessthan" => (|wanted, found| numbers(wanted, found, |w, f| f < w), false),
        "numericgreaterthan" => (|wanted, found| numbers(wanted, found, |w, f| f > w), false),
        _ => return None,
    })
}

fn numbers(wanted: &str, found: &str, holds: fn(f64, f64) -> bool) -> bool {
    match (wanted.parse(), found.parse()) {
        (Ok(wanted), Ok(found)) => holds(wanted, found),
        _ => false,
    }
}
