//! Writes YAML that ParallelCluster's loader reads back as the same values.
//!
//! The loader is `PyYAML`, which knows YAML 1.1: `no` is false there, `12:30` is a number and `*` an
//! alias. So a string is bare only if it cannot be anything else.

use std::fmt::Write;

use serde_json::{Map, Value};

/// Keys in the order in which ParallelCluster's guide shows them; all others follow by name. A
/// row's JSON keeps no order.
const ORDER: [&str; 16] = [
    "Region",
    "Image",
    "HeadNode",
    "LoginNodes",
    "Scheduling",
    "Name",
    "Key",
    "InstanceType",
    "Scheduler",
    "BucketName",
    "KeyName",
    "Networking",
    "SharedStorage",
    "SlurmQueues",
    "Iam",
    "Tags",
];

/// Words that YAML 1.1 takes for something else than a string.
const RESERVED: [&str; 14] = [
    "null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan", ".inf", ".nan", "~",
];

/// A document whose top is a mapping.
pub(super) fn document(top: &Map<String, Value>) -> String {
    let mut out = String::new();
    mapping(&mut out, top, 0);
    out
}

/// Entries of a mapping, each on a line of its own, the first where the cursor is.
fn mapping(out: &mut String, map: &Map<String, Value>, indent: usize) {
    let mut keys: Vec<&String> = map.keys().collect();
    keys.sort_by_key(|key| {
        let place = ORDER.iter().position(|known| known == key);
        (place.unwrap_or(ORDER.len()), *key)
    });
    for (index, key) in keys.into_iter().enumerate() {
        if index > 0 {
            margin(out, indent);
        }
        out.push_str(&scalar(key));
        out.push(':');
        nested(out, &map[key], indent);
    }
}

/// A value after `key:`.
fn nested(out: &mut String, value: &Value, indent: usize) {
    if is_block(value) {
        out.push('\n');
        margin(out, indent + 2);
    } else {
        out.push(' ');
    }
    block(out, value, indent + 2);
}

/// Items of a list, each with its dash, the first where the cursor is.
fn sequence(out: &mut String, items: &[Value], indent: usize) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            margin(out, indent);
        }
        out.push_str("- ");
        block(out, item, indent + 2);
    }
}

/// A value where the cursor is, its further lines indented, and the last line's end.
fn block(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => mapping(out, map, indent),
        Value::Array(items) if !items.is_empty() => sequence(out, items, indent),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => leaf(out, value),
    }
}

/// Whether a value takes lines of its own.
fn is_block(value: &Value) -> bool {
    let entries = value.as_object().map(Map::len);
    entries.or(value.as_array().map(Vec::len)).unwrap_or(0) > 0
}

fn margin(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// What fits on the rest of the line, and the line's end.
fn leaf(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&float(&number.to_string())),
        Value::String(text) => out.push_str(&scalar(text)),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
    }
    out.push('\n');
}

/// A number with the point and the sign without which YAML 1.1 takes an exponent for text.
fn float(number: &str) -> String {
    let Some((mantissa, exponent)) = number.split_once(['e', 'E']) else {
        return number.to_owned();
    };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['-', '+']) {
        ""
    } else {
        "+"
    };
    format!("{mantissa}{point}e{sign}{exponent}")
}

/// A string, bare if it can be nothing else.
pub(super) fn scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

fn is_plain(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let inner = |c: char| c.is_ascii_alphanumeric() || "_-./@+".contains(c);
    // A colon is plain inside a word, as in an ARN.
    starts
        && text.chars().all(|c| inner(c) || c == ':')
        && !text.ends_with(':')
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str())
}

/// A string in double quotes, all of it printable ASCII or what YAML 1.1 takes as it is.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            // Line breaks and marks that a reader would fold, drop or refuse.
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => escape(&mut out, c),
            '\u{a0}'..='\u{10ffff}' => out.push(c),
            _ => escape(&mut out, c),
        }
    }
    out.push('"');
    out
}

fn escape(out: &mut String, c: char) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\u{:04x}", u32::from(c));
}
