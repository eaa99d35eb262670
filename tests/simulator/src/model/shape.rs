//! Checks inputs against AWS's own model, in AWS's own words, and keeps what it knows.
//!
//! The limits are data ([`members`]), taken from the service model that the SDKs are generated
//! from. Whatever a member's value breaks is reported in one `ValidationException`, as AWS's
//! services do before they look at anything else; a value of the wrong type is a
//! `SerializationException`. Members that are not in the tables are dropped, nulls with them.

pub(crate) mod cloudformation;
pub(crate) mod members;
pub(crate) mod scaling;

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::call::{Service, ServiceError};

/// A member of an input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A string of so many characters that matches the pattern.
    Text(usize, usize, Option<&'static str>),
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// A whole number within bounds.
    Integer(i64, i64),
    /// True or false.
    Boolean,
    /// So many elements of a kind.
    List(&'static Kind, usize, usize),
    /// So many pairs of key and value.
    Map(&'static Kind, &'static Kind, usize, usize),
    /// Members of its own.
    Structure(&'static [Member]),
}

/// A member that may be left out.
pub(crate) const fn optional(name: &'static str, kind: Kind) -> Member {
    Member {
        name,
        kind,
        required: false,
    }
}

/// A member that may not be left out.
pub(crate) const fn required(name: &'static str, kind: Kind) -> Member {
    Member {
        name,
        kind,
        required: true,
    }
}

/// Input members in groups, because several operations share some of them.
pub(crate) type Input = &'static [&'static [Member]];

/// The input's known members, if all of them are as they must be.
pub(crate) fn accept(
    service: Service,
    input: Input,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, ServiceError> {
    let mut check = Check::default();
    let mut accepted = Map::new();
    for group in input {
        check.members(group, given, "", &mut accepted);
    }
    check.verdict(service).map(|()| accepted)
}

/// The tables as a document, for comparing them with the SDKs' model.
pub(crate) fn describe(input: Input) -> Value {
    let members = input.iter().flat_map(|group| group.iter());
    Value::Object(
        members
            .map(|member| (member.name.to_owned(), describe_member(member)))
            .collect(),
    )
}

fn describe_member(member: &Member) -> Value {
    let mut document = describe_kind(&member.kind);
    document["required"] = json!(member.required);
    document
}

fn describe_kind(kind: &Kind) -> Value {
    match kind {
        Kind::Text(min, max, pattern) => {
            json!({"type": "string", "min": min, "max": max, "pattern": pattern})
        }
        Kind::Choice(values) => json!({"type": "string", "enum": values}),
        Kind::Integer(min, max) => json!({"type": "integer", "min": min, "max": max}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::List(element, min, max) => {
            json!({"type": "list", "min": min, "max": max, "member": describe_kind(element)})
        }
        Kind::Map(key, value, min, max) => json!({
            "type": "map",
            "min": min,
            "max": max,
            "key": describe_kind(key),
            "value": describe_kind(value),
        }),
        Kind::Structure(members) => json!({
            "type": "structure",
            "members": members
                .iter()
                .map(|member| (member.name.to_owned(), describe_member(member)))
                .collect::<Map<_, _>>(),
        }),
    }
}

/// What is wrong so far.
#[derive(Debug, Default)]
struct Check {
    violations: Vec<String>,
    mistyped: Option<String>,
}

impl Check {
    fn verdict(self, service: Service) -> Result<(), ServiceError> {
        if let Some(message) = self.mistyped {
            return Err(ServiceError::new("SerializationException", message));
        }
        let count = self.violations.len();
        if count == 0 {
            return Ok(());
        }
        let code = match service {
            Service::Tagging => "InvalidParameterException",
            Service::S3 => "InvalidArgument",
            Service::CloudFormation | Service::Iam => "ValidationError",
            Service::AppStream | Service::AutoScaling | Service::Sts => "ValidationException",
        };
        let plural = if count == 1 { "error" } else { "errors" };
        let list = self.violations.join("; ");
        Err(ServiceError::new(
            code,
            format!("{count} validation {plural} detected: {list}"),
        ))
    }

    fn members(
        &mut self,
        members: &[Member],
        given: &Map<String, Value>,
        path: &str,
        accepted: &mut Map<String, Value>,
    ) {
        for member in members {
            let path = format!("{path}{}", lowered(member.name));
            match given.get(member.name) {
                None | Some(Value::Null) => {
                    if member.required {
                        self.violations.push(format!(
                            "Value null at '{path}' failed to satisfy constraint: \
                             Member must not be null"
                        ));
                    }
                }
                Some(value) => {
                    let value = self.value(&member.kind, value, &path);
                    accepted.insert(member.name.to_owned(), value);
                }
            }
        }
    }

    fn value(&mut self, kind: &Kind, value: &Value, path: &str) -> Value {
        match (kind, value) {
            (Kind::Text(min, max, pattern), Value::String(text)) => {
                self.length(text, path, text.chars().count(), *min, *max);
                self.pattern(text, path, *pattern);
            }
            (Kind::Choice(values), Value::String(text)) => {
                if !values.contains(&text.as_str()) {
                    let set = values.join(", ");
                    self.break_at(path, text, &format!("satisfy enum value set: [{set}]"));
                }
            }
            (Kind::Integer(min, max), Value::Number(number)) => match number.as_i64() {
                Some(number) => self.bounds(number, path, *min, *max),
                None => self.mistype("NUMBER_VALUE", "an Integer"),
            },
            (Kind::Boolean, Value::Bool(_)) => {}
            (Kind::List(element, min, max), Value::Array(items)) => {
                self.length(&shown(value), path, items.len(), *min, *max);
                return items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| {
                        self.value(element, item, &format!("{path}.{}.member", index + 1))
                    })
                    .collect();
            }
            (Kind::Map(key, element, min, max), Value::Object(pairs)) => {
                self.length(&shown(value), path, pairs.len(), *min, *max);
                for (name, item) in pairs {
                    self.value(key, &json!(name), &format!("{path}.key"));
                    self.value(element, item, &format!("{path}.{name}.member"));
                }
            }
            (Kind::Structure(members), Value::Object(given)) => {
                let mut accepted = Map::new();
                self.members(members, given, &format!("{path}."), &mut accepted);
                return Value::Object(accepted);
            }
            (kind, value) => self.mistype(token_of(value), wanted(kind)),
        }
        value.clone()
    }

    fn length(&mut self, text: &str, path: &str, length: usize, min: usize, max: usize) {
        if length < min {
            let rule = format!("have length greater than or equal to {min}");
            self.break_at(path, text, &rule);
        }
        if length > max {
            let rule = format!("have length less than or equal to {max}");
            self.break_at(path, text, &rule);
        }
    }

    fn bounds(&mut self, number: i64, path: &str, min: i64, max: i64) {
        if number < min {
            let rule = format!("have value greater than or equal to {min}");
            self.break_at(path, &number.to_string(), &rule);
        }
        if number > max {
            let rule = format!("have value less than or equal to {max}");
            self.break_at(path, &number.to_string(), &rule);
        }
    }

    fn pattern(&mut self, text: &str, path: &str, pattern: Option<&'static str>) {
        let Some(pattern) = pattern else { return };
        if !matches_whole(pattern, text) {
            let rule = format!("satisfy regular expression pattern: {pattern}");
            self.break_at(path, text, &rule);
        }
    }

    fn break_at(&mut self, path: &str, value: &str, rule: &str) {
        self.violations.push(format!(
            "Value '{value}' at '{path}' failed to satisfy constraint: Member must {rule}"
        ));
    }

    fn mistype(&mut self, token: &str, wanted: &str) {
        self.mistyped
            .get_or_insert_with(|| format!("{token} can not be converted to {wanted}"));
    }
}

/// Whether the whole text matches. What is beyond the regex engine is written out here.
fn matches_whole(pattern: &'static str, text: &str) -> bool {
    static COMPILED: LazyLock<Mutex<BTreeMap<&'static str, Regex>>> = LazyLock::new(Mutex::default);
    if pattern == members::TAG_KEY_PATTERN && text.starts_with("aws:") {
        return false;
    }
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    compiled
        .entry(pattern)
        .or_insert_with(|| {
            let engine = pattern
                .replace("(?!aws:)", "")
                .replace("(?<!\\.)$", "[^.]$")
                // AWS writes what is beyond the first plane in two halves.
                .replace("\\uD800\\uDC00-\\uDBFF\\uDFFF", "\\x{10000}-\\x{10FFFF}");
            Regex::new(&format!("^(?:{engine})$")).expect("the tables hold valid patterns")
        })
        .is_match(text)
}

/// AWS's messages spell members with a lower-case first letter.
fn lowered(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

/// A value in the way AWS's messages print collections: no quotes.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("{name}={}", shown(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

const fn token_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    }
}

const fn wanted(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text(..) | Kind::Choice(_) => "a String",
        Kind::Integer(..) => "an Integer",
        Kind::Boolean => "a Boolean",
        Kind::List(..) => "a List",
        Kind::Map(..) => "a Map",
        Kind::Structure(_) => "a Structure",
    }
}

#[cfg(test)]
mod tests;
