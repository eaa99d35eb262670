//! Keeps `docs/reference/fields.md` equal to the schema and the tables.

mod takes;

use std::path::Path;

use serde_json::Value;

use self::takes::{escaped, members, rules_between_keys};
use super::{Change, Compare, FLEET, FieldRule, LEFT_OUT, Reset, STACK, USER_SETTING_DEFAULTS};
use crate::spec::schema::spec_schema;

const INTRODUCTION: &str = "# Fields of fleets and stacks

This page is generated from the JSON Schema and from the tables that the planner walks; \
`UPDATE_DOCS=1 cargo test -p streamkeeper-core reference` writes it anew.

A field that is left out is not managed, `null` means it must be unset, a value means it must be \
equal; [sql.md](../sql.md#who-owns-a-field) has the whole of it.
Names are the API's with the first letter lowered; lists are sets, and their order means nothing.
What the schema does not say, AWS does: its refusal is a condition and an event of the environment.

";

fn reference() -> String {
    let schema = spec_schema();
    let mut text = INTRODUCTION.to_owned();
    for (object, definition, rules) in
        [("fleet", "FleetSpec", FLEET), ("stack", "StackSpec", STACK)]
    {
        text.extend([format!("## `{object}`\n\n")]);
        write_members(&mut text, object, definition, &schema);
        write_behaviour(&mut text, object, rules);
        if object == "stack" {
            write_user_settings(&mut text);
        }
    }
    write_left_out(&mut text);
    text
}

fn write_members(text: &mut String, object: &str, definition: &str, schema: &Value) {
    let defs = &schema["$defs"];
    text.push_str("| field | takes | |\n|---|---|---|\n");
    for member in members(&defs[definition], defs, object) {
        text.extend([format!(
            "| `{}` | {} | {} |\n",
            member.path, member.takes, member.description
        )]);
    }
    text.push('\n');
    let rules = rules_between_keys(&defs[definition], defs, object);
    if !rules.is_empty() {
        text.push_str("What depends on each other:\n\n");
        for rule in rules {
            text.extend([format!("- {rule}\n")]);
        }
        text.push('\n');
    }
}

fn write_behaviour(text: &mut String, object: &str, rules: &[FieldRule]) {
    let is_fleet = object == "fleet";
    text.extend([format!("### How fields of a {object} change\n\n")]);
    text.push_str("| field | a change needs |");
    if is_fleet {
        text.push_str(" on an Elastic fleet |");
    }
    text.push_str(
        " left out again | `null` | compared | AWS returns it | known from |\n|---|---|---|",
    );
    if is_fleet {
        text.push_str("---|");
    }
    text.push_str("---|---|---|---|\n");
    for rule in rules {
        text.extend([format!(
            "| `{object}.{}` | {} |",
            rule.path,
            needs(rule.change)
        )]);
        if is_fleet {
            text.extend([format!(" {} |", needs(rule.elastic))]);
        }
        text.extend([format!(
            " {} | {} | {} | {} | {} |\n",
            left_out_again(rule),
            removed(rule),
            compared(rule.compare),
            escaped(rule.returned),
            rule.source
        )]);
    }
    text.push('\n');
    for rule in rules.iter().filter(|rule| !rule.together.is_empty()) {
        let others: Vec<String> = rule
            .together
            .iter()
            .map(|path| format!("`{path}`"))
            .collect();
        text.extend([format!(
            "- A change of `{object}.{}` takes one of {} with it, in one call.\n",
            rule.path,
            others.join(", ")
        )]);
    }
    if is_fleet {
        text.push_str(
            "- The `image` changes in place where the operating system stays the same: AWS refuses \
             another one, so name the `platform` beside it. On an Elastic fleet it needs a stop.\n",
        );
    }
    if is_fleet {
        text.push('\n');
    }
}

const fn needs(change: Option<Change>) -> &'static str {
    match change {
        Some(Change::InPlace) => "nothing: in place",
        Some(Change::NeedsStoppedFleet) => "a stopped fleet",
        Some(Change::NeedsReplacement) => "a new fleet",
        None => "AWS has none there",
    }
}

fn left_out_again(rule: &FieldRule) -> String {
    // What the row has to say while it has a fleet of the kind.
    match rule.path {
        "instanceType" => return "required".to_owned(),
        "maxConcurrentSessions" => return "required on an Elastic fleet".to_owned(),
        _ => {}
    }
    match rule.reset {
        Reset::Default(default) | Reset::DeleteToDefault(_, default) => format!("`{}`", default()),
        Reset::EmptyString | Reset::Delete(_) => "unset".to_owned(),
        Reset::Unmanage => "unmanaged: stays as it is".to_owned(),
    }
}

fn removed(rule: &FieldRule) -> String {
    match rule.reset {
        Reset::Default(_) => "no: it always has a value".to_owned(),
        Reset::EmptyString => "an empty text is sent".to_owned(),
        Reset::Delete(name) | Reset::DeleteToDefault(name, _) => format!("`{name}` is deleted"),
        Reset::Unmanage => "no: AWS has no way".to_owned(),
    }
}

const fn compared(compare: Compare) -> &'static str {
    match compare {
        Compare::Exact => "as it is",
        Compare::Set => "as a set",
        Compare::Connectors => {
            "by `connectorType`; domains as whole sets, identifiers where the row has one"
        }
        Compare::Subset => "by the keys the row has",
        Compare::Whole => "whole; lists inside as sets",
        Compare::AgentAccess => {
            "by action, where one that is not listed is disabled; no uploads unless the row says so; \
             the rest by the keys the row has"
        }
    }
}

fn write_user_settings(text: &mut String) {
    text.push_str(
        "`stack.userSettings` is keyed by action: an action that is not listed is not ours. AWS \
         always returns the full list and adds to it, so the full list goes out, with ours laid over \
         it. An action that is left out again goes back to its default:\n\n| action | default |\n|---|---|\n",
    );
    for (action, permission) in USER_SETTING_DEFAULTS {
        text.extend([format!("| `{action}` | `{permission}` |\n")]);
    }
    text.push('\n');
}

fn write_left_out(text: &mut String) {
    text.push_str(
        "## What the API has beside these\n\n| member | where it is, or why not |\n|---|---|\n",
    );
    for left_out in LEFT_OUT {
        text.extend([format!("| `{}` | {} |\n", left_out.member, left_out.reason)]);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the test, not of the program"
)]
#[test]
fn the_reference_has_every_field() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/fields.md");
    let text = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/reference/fields.md is out of date; write it anew with \
         UPDATE_DOCS=1 cargo test -p streamkeeper-core reference"
    );
}
