//! Words what a JSON Schema takes.

use serde_json::Value;

/// A key of an object, or of one below it.
pub(super) struct Member {
    pub(super) path: String,
    pub(super) takes: String,
    pub(super) description: String,
}

/// A rule, or what its `$ref` points to.
fn resolved<'a>(rule: &'a Value, defs: &'a Value) -> &'a Value {
    match rule["$ref"].as_str() {
        Some(name) => &defs[name.trim_start_matches("#/$defs/")],
        None => rule,
    }
}

/// The ways to be right, `null` among them.
fn branches<'a>(rule: &'a Value, defs: &'a Value) -> Vec<&'a Value> {
    let rule = resolved(rule, defs);
    match rule["anyOf"].as_array() {
        Some(any) => any
            .iter()
            .flat_map(|branch| branches(branch, defs))
            .collect(),
        None => vec![rule],
    }
}

/// Every key of an object and of the objects below it, in order.
pub(super) fn members(rule: &Value, defs: &Value, path: &str) -> Vec<Member> {
    let mut found = Vec::new();
    let rule = resolved(rule, defs);
    let is_required = |key: &str| {
        let required = rule["required"].as_array();
        required.is_some_and(|required| required.iter().any(|one| one == key))
    };
    for (key, child) in rule["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        let mut takes = takes(child, defs);
        if is_required(key) {
            takes.push_str("; required");
        }
        let description = child["description"]
            .as_str()
            .or_else(|| resolved(child, defs)["description"].as_str());
        found.push(Member {
            path: path.clone(),
            takes,
            description: escaped(&description.unwrap_or_default().replace('\n', " ")),
        });
        for branch in branches(child, defs) {
            found.extend(members(branch, defs, &path));
            if branch["items"].is_object() {
                found.extend(members(&branch["items"], defs, &format!("{path}[]")));
            }
        }
    }
    found
}

/// What a rule takes, in words.
fn takes(rule: &Value, defs: &Value) -> String {
    let words: Vec<String> = branches(rule, defs)
        .into_iter()
        .map(|branch| one(branch, defs))
        .collect();
    words.join(" or ")
}

fn one(rule: &Value, defs: &Value) -> String {
    if let Some(constant) = rule.get("const") {
        return format!("`{constant}`");
    }
    let choices = |values: Vec<&Value>| {
        let words: Vec<String> = values
            .into_iter()
            .map(|value| format!("`{}`", value.as_str().unwrap_or_default()))
            .collect();
        words.join(", ")
    };
    if let Some(branches) = rule["oneOf"].as_array() {
        return choices(branches.iter().map(|branch| &branch["const"]).collect());
    }
    if let Some(values) = rule["enum"].as_array() {
        // Six hundred names of time zones are no help to anybody.
        if values.len() > 100 {
            return format!("one of {} names", values.len());
        }
        return choices(values.iter().collect());
    }
    if let Some(types) = rule["type"].as_array() {
        let words: Vec<String> = types
            .iter()
            .map(|kind| {
                let mut alone = rule.clone();
                alone["type"] = kind.clone();
                one(&alone, defs)
            })
            .collect();
        return words.join(" or ");
    }
    match rule["type"].as_str() {
        Some("null") => "`null`".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("integer") => format!("a whole number{}", bounds(rule, "minimum", "maximum", "")),
        Some("string") => text(rule),
        Some("array") => format!(
            "a list{} of: {}",
            bounds(rule, "minItems", "maxItems", ""),
            takes(&rule["items"], defs)
        ),
        Some("object") => "an object".to_owned(),
        other => unreachable!("no such type in the subset: {other:?}"),
    }
}

fn text(rule: &Value) -> String {
    let length = bounds(rule, "minLength", "maxLength", " characters");
    let pattern = rule["pattern"]
        .as_str()
        .map(|pattern| format!(", matching `{}`", escaped(pattern)));
    format!("text{length}{}", pattern.unwrap_or_default())
}

fn bounds(rule: &Value, minimum: &str, maximum: &str, unit: &str) -> String {
    let most = rule[maximum]
        .as_i64()
        .filter(|most| *most != i64::from(i32::MAX));
    match (rule[minimum].as_i64(), most) {
        (Some(least), Some(most)) => format!(", {least} to {most}{unit}"),
        (Some(least), None) => format!(", at least {least}{unit}"),
        (None, Some(most)) => format!(", at most {most}{unit}"),
        (None, None) => String::new(),
    }
}

/// Rules between the keys of an object, and of the objects below it.
pub(super) fn rules_between_keys(rule: &Value, defs: &Value, path: &str) -> Vec<String> {
    let rule = resolved(rule, defs);
    let mut found = own_rules(rule, path);
    for (key, child) in rule["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        for branch in branches(child, defs) {
            found.extend(rules_between_keys(branch, defs, &path));
            if branch["items"].is_object() {
                found.extend(rules_between_keys(
                    &branch["items"],
                    defs,
                    &format!("{path}[]"),
                ));
            }
            if let Some(unique) = branch["x-uniqueBy"].as_str() {
                found.push(format!("`{path}`: each `{unique}` once"));
            }
        }
    }
    found
}

fn own_rules(rule: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (keyword, words) in [
        ("x-atLeastOneOf", "at least one of"),
        ("x-exactlyOneOf", "exactly one of"),
    ] {
        for group in rule[keyword].as_array().into_iter().flatten() {
            found.push(format!("`{path}`: {words} {}", listed(group)));
        }
    }
    for (key, needed) in rule["x-requires"].as_object().into_iter().flatten() {
        found.push(format!("`{path}.{key}` needs {}", listed(needed)));
    }
    for (keyword, verb, verdict) in [
        ("x-requiresWhen", "requires", "needs"),
        ("x-forbidsWhen", "forbids", "excludes"),
    ] {
        for condition in rule[keyword].as_array().into_iter().flatten() {
            let key = condition["key"].as_str().unwrap_or_default();
            let value = condition.get("equals").map(|value| {
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                format!(" `{value}`")
            });
            let value = value.unwrap_or_default();
            let others = listed(&condition[verb]);
            found.push(format!("`{path}.{key}`{value} {verdict} {others}"));
        }
    }
    found
}

fn listed(names: &Value) -> String {
    let names = names.as_array().into_iter().flatten();
    let words: Vec<String> = names
        .map(|name| format!("`{}`", name.as_str().unwrap_or_default()))
        .collect();
    words.join(", ")
}

/// Text that may stand in a cell of a table.
pub(super) fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
