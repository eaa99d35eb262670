//! Compares where two worlds ended.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::harness::sid;
use super::super::world::World;
use super::super::world::aws::Aws;
use super::generate::Pair;
use crate::fields::{Compare, FLEET, FieldRule, Reset, STACK};
use crate::observed::ObservedTags;
use crate::plan::agents;
use crate::plan::diff::{Wanted, is_ignored, wanted};
use crate::spec::GRANT_SID_PREFIX;

/// Asserts that a world which came from `a` has what a fresh `b` has, wherever the row manages it.
pub(super) fn assert_same_where_managed(world: &World, fresh: &World, pair: &Pair) {
    for (object, rules) in [("fleet", FLEET), ("stack", STACK)] {
        let (Some(found), Some(expected)) =
            (settings(&world.aws, object), settings(&fresh.aws, object))
        else {
            assert_eq!(settings(&world.aws, object), settings(&fresh.aws, object));
            continue;
        };
        for rule in rules {
            let path = format!("{object}.{}", rule.path);
            let managed = is_managed(&pair.b, object, rule) || is_reset(&pair.a, object, rule);
            if managed && !is_ignored(&pair.ignore, &path) {
                let (found, expected) = (value(&found, rule), value(&expected, rule));
                assert_same(rule, &pair.b[object], &found, &expected);
            }
        }
    }
    if !is_ignored(&pair.ignore, "fleet.state") {
        let state = |world: &World| Some(world.aws.fleets.get("cfd")?.state.clone());
        assert_eq!(state(world), state(fresh));
    }
    if !is_ignored(&pair.ignore, "image") {
        let image = |world: &World| world.aws.fleets.get("cfd")?.settings.image_arn.clone();
        assert_eq!(image(world), image(fresh));
    }
    // Without both sides the row asks for no association.
    let both = pair.b.get("fleet").is_some() && pair.b.get("stack").is_some();
    if both && !is_ignored(&pair.ignore, "association") {
        assert_eq!(world.aws.associations, fresh.aws.associations);
    }
    users(world, fresh, pair);
    entitlements(world, fresh, pair);
    theme(world, fresh, pair);
    user_settings(world, fresh, pair);
    tags(world, fresh, pair);
    statements(world, fresh, pair);
}

/// Whoever a row lists, or once listed: on the stack alike, and allowed to sign in alike while
/// they are listed. No account ever goes.
fn users(world: &World, fresh: &World, pair: &Pair) {
    let listed = |spec: &Value| -> BTreeSet<String> {
        let users = spec["users"].as_array().into_iter().flatten();
        let names = users.filter_map(|user| user["userName"].as_str());
        names.map(str::to_owned).collect()
    };
    let asks = listed(&pair.b);
    for name in listed(&pair.a).union(&asks) {
        if !is_ignored(&pair.ignore, &format!("users.{name}.association")) {
            let pair = ("cfd".to_owned(), name.clone());
            let on_stack = |world: &World| world.aws.access.stack_users.contains(&pair);
            assert_eq!(on_stack(world), on_stack(fresh), "{name}");
        }
        if asks.contains(name) && !is_ignored(&pair.ignore, &format!("users.{name}.enabled")) {
            let enabled = |world: &World| Some(world.aws.access.users.get(name)?.enabled);
            assert_eq!(enabled(world), enabled(fresh), "{name}");
        }
    }
}

/// Whatever a row lists, or once listed, field by field; applications of fleets as well.
fn entitlements(world: &World, fresh: &World, pair: &Pair) {
    let listed = |spec: &Value, name: &str, leaf: &str| {
        let all = spec["entitlements"].as_array().into_iter().flatten();
        let mut of_name = all.filter(|one| one["name"] == json!(name));
        of_name.any(|one| one.get(leaf).is_some())
    };
    for name in ["viewers", "viewers.all"] {
        let key = ("cfd".to_owned(), name.to_owned());
        let of = |world: &World, leaf: &str| {
            let has = world.aws.access.entitlements.get(&key)?;
            Some(match leaf {
                "description" => json!(has.description),
                "appVisibility" => json!(has.app_visibility),
                "attributes" => json!(has.attributes),
                _ => json!(has.applications),
            })
        };
        for leaf in ["appVisibility", "attributes", "description", "applications"] {
            let path = format!("entitlements.{name}.{leaf}");
            let asked = listed(&pair.a, name, leaf) || listed(&pair.b, name, leaf);
            if asked && !is_ignored(&pair.ignore, &path) {
                assert_eq!(of(world, leaf), of(fresh, leaf), "{path}");
            }
        }
    }
    let names = |spec: &Value| spec["fleet"].get("applications").is_some();
    let asked = names(&pair.a) || names(&pair.b);
    if asked && !is_ignored(&pair.ignore, "fleet.applications") {
        let of = |world: &World| world.aws.access.applications.clone();
        assert_eq!(of(world), of(fresh));
    }
}

/// The theme, its pictures too, if a row says anything of it, field by field.
fn theme(world: &World, fresh: &World, pair: &Pair) {
    let says = |spec: &Value| spec["stack"].get("theme").is_some();
    if !(says(&pair.a) || says(&pair.b)) || is_ignored(&pair.ignore, "stack.theme") {
        return;
    }
    let of = |world: &World| world.aws.access.themes.get("cfd").cloned();
    let (Some(found), Some(expected)) = (of(world), of(fresh)) else {
        assert_eq!(of(world), of(fresh));
        return;
    };
    assert_eq!(found.theme_styling, expected.theme_styling);
    assert_eq!(found.organization_logo_url, expected.organization_logo_url);
    assert_eq!(found.favicon_url, expected.favicon_url);
    // What neither row says is nobody's.
    let names = |leaf: &str| {
        let specs = [&pair.a, &pair.b].into_iter();
        let mut themes = specs.map(|spec| &spec["stack"]["theme"]);
        let is_named = themes.any(|theme| theme.get(leaf).is_some());
        is_named && !is_ignored(&pair.ignore, &format!("stack.theme.{leaf}"))
    };
    if names("titleText") {
        assert_eq!(found.title_text, expected.title_text);
    }
    if names("footerLinks") {
        assert_eq!(found.footer_links, expected.footer_links);
    }
    if names("state") {
        assert_eq!(found.state, expected.state);
    }
}

fn user_settings(world: &World, fresh: &World, pair: &Pair) {
    let settings = || {
        let specs = [&pair.a, &pair.b].into_iter();
        specs.flat_map(|spec| {
            spec["stack"]["userSettings"]
                .as_array()
                .into_iter()
                .flatten()
        })
    };
    let actions: BTreeSet<&str> = settings()
        .filter_map(|one| one["action"].as_str())
        .collect();
    for action in actions {
        if is_ignored(&pair.ignore, &format!("stack.userSettings.{action}")) {
            continue;
        }
        let limited = settings()
            .any(|one| one["action"] == json!(action) && one.get("maximumLength").is_some());
        let (found, expected) = (setting(&world.aws, action), setting(&fresh.aws, action));
        if limited {
            assert_eq!(found, expected, "{action}");
        } else {
            // A limit that neither row names is somebody else's.
            let permission = |setting: Option<(String, i32)>| setting.map(|(word, _)| word);
            assert_eq!(permission(found), permission(expected), "{action}");
        }
    }
}

fn tags(world: &World, fresh: &World, pair: &Pair) {
    for key in ["team", "cost"] {
        let asked = [&pair.a, &pair.b]
            .iter()
            .any(|spec| spec["tags"].get(key).is_some());
        if asked && !is_ignored(&pair.ignore, &format!("tags.{key}")) {
            assert_eq!(tag(&world.aws, key), tag(&fresh.aws, key), "{key}");
        }
    }
}

fn statements(world: &World, fresh: &World, pair: &Pair) {
    let words = [
        ("home", super::super::world::aws::HOME_BUCKET),
        ("shared-data", "shared-data"),
        ("empty-data", "empty-data"),
    ];
    for (word, bucket) in words {
        for user_sid in ["A", "B"] {
            if !is_ignored(&pair.ignore, &format!("buckets.{word}.{user_sid}")) {
                let found = statement(&world.aws, bucket, user_sid);
                assert_eq!(
                    found,
                    statement(&fresh.aws, bucket, user_sid),
                    "{word} {user_sid}"
                );
            }
        }
        if !is_ignored(&pair.ignore, &format!("buckets.{word}.{GRANT_SID_PREFIX}")) {
            let found = of_grants(&world.aws, bucket);
            assert_eq!(found, of_grants(&fresh.aws, bucket), "{word}");
        }
    }
}

/// Asserts that nothing changed which neither row ever named.
pub(super) fn assert_untouched_elsewhere(world: &World, before: &Aws, pair: &Pair) {
    let stranger = "stranger@example.com";
    let is_there = |aws: &Aws| {
        let on_stack = (aws.access.stack_users.iter()).any(|(_, user)| user == stranger);
        (aws.access.users.get(stranger).cloned(), on_stack)
    };
    assert_eq!(is_there(&world.aws), is_there(before));
    let mut stacks = [&pair.a, &pair.b].into_iter().map(|spec| &spec["stack"]);
    if stacks.all(|stack| stack.get("theme").is_none()) {
        assert_eq!(world.aws.access.themes, before.access.themes);
    }
    for name in before.access.users.keys() {
        assert!(
            world.aws.access.users.contains_key(name),
            "{name} lost their account"
        );
    }
    for (object, rules) in [("fleet", FLEET), ("stack", STACK)] {
        let (Some(found), Some(expected)) =
            (settings(&world.aws, object), settings(before, object))
        else {
            continue;
        };
        for rule in rules {
            let path = format!("{object}.{}", rule.path);
            let specs = [&pair.a, &pair.b];
            let named = specs.iter().any(|spec| is_managed(spec, object, rule))
                // Of instances and sessions the fleet has one.
                || (rule.path.starts_with("computeCapacity")
                    && specs.iter().any(|spec| spec[object].get("computeCapacity").is_some()));
            // Subnets and security groups come and go with the network.
            let network = rule.path.starts_with("vpcConfig")
                && (found["vpcConfig"].is_null() || expected["vpcConfig"].is_null());
            if (!named || is_ignored(&pair.ignore, &path)) && !network {
                let (found, expected) = (value(&found, rule), value(&expected, rule));
                assert_eq!(found, expected, "{path}");
            }
        }
    }
    let theirs = |aws: &Aws| tag(aws, "theirs");
    assert_eq!(theirs(&world.aws), theirs(before));
    for action in [
        "PRINTING_TO_LOCAL_DEVICE",
        "CLIPBOARD_COPY_FROM_LOCAL_DEVICE",
    ] {
        assert_eq!(
            setting(&world.aws, action),
            setting(before, action),
            "{action}"
        );
    }
}

fn is_managed(spec: &Value, object: &str, rule: &FieldRule) -> bool {
    wanted(&spec[object], rule.path) != Wanted::Omitted
}

/// Whether a path that was managed goes back to a default once it is left out.
fn is_reset(spec: &Value, object: &str, rule: &FieldRule) -> bool {
    is_managed(spec, object, rule) && !matches!(rule.reset, Reset::Unmanage)
}

fn settings(aws: &Aws, object: &str) -> Option<Value> {
    match object {
        "fleet" => aws.fleets.get("cfd").map(|fleet| json!(fleet.settings)),
        _ => aws
            .stacks
            .get("cfd")
            .map(|stack| json!(aws.shown(stack).settings)),
    }
}

/// A value in one form: lists are sets, and what is not shown is as it is by default.
fn value(settings: &Value, rule: &FieldRule) -> Value {
    let found = rule
        .path
        .split('.')
        .try_fold(settings, |node, key| node.get(key));
    found.map_or_else(|| rule.reset.default().unwrap_or_default(), sorted)
}

/// Asserts that two values mean the same to the row. Of agents' access the row's own members count,
/// and an action that is not listed is one that is disabled.
fn assert_same(rule: &FieldRule, spec: &Value, found: &Value, expected: &Value) {
    match (rule.compare, wanted(spec, rule.path)) {
        (Compare::AgentAccess, Wanted::Value(wanted)) => {
            for has in [found, expected] {
                assert!(agents::agree(&wanted, has), "{wanted}: {has}");
            }
        }
        (_, Wanted::Value(_) | Wanted::Unset | Wanted::Omitted) => {
            assert_eq!(found, expected, "{}", rule.path);
        }
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(sorted).collect();
            items.sort_by_key(Value::to_string);
            json!(items)
        }
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), sorted(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Permission and length; a length nobody set is the longest.
fn setting(aws: &Aws, action: &str) -> Option<(String, i32)> {
    let settings = aws.stacks.get("cfd")?.settings.user_settings.as_ref()?;
    let found = settings.iter().find(|setting| setting.action == action)?;
    let length = found.maximum_length.unwrap_or(20_971_520);
    Some((found.permission.clone(), length))
}

fn tag(aws: &Aws, key: &str) -> Vec<Option<String>> {
    let fleets = aws.fleets.get("cfd").map(|fleet| &fleet.tags);
    let stacks = aws.stacks.get("cfd").map(|stack| &stack.tags);
    [fleets, stacks]
        .into_iter()
        .flatten()
        .map(|tags: &ObservedTags| tags.tags().and_then(|tags| tags.get(key)).cloned())
        .collect()
}

/// What grants have become on a bucket, by `Sid`.
fn of_grants(aws: &Aws, bucket: &str) -> BTreeMap<String, Value> {
    let policy = aws.buckets.get(bucket).and_then(Option::as_ref);
    let statements = policy.and_then(|policy| policy["Statement"].as_array());
    let prefix = sid(GRANT_SID_PREFIX);
    let ours = statements.into_iter().flatten().filter_map(|statement| {
        let sid = statement["Sid"].as_str()?;
        let is_ours = sid.starts_with(&prefix);
        is_ours.then(|| (sid.to_owned(), sorted(statement)))
    });
    ours.collect()
}

fn statement(aws: &Aws, bucket: &str, user_sid: &str) -> Option<Value> {
    let policy = aws.buckets.get(bucket)?.as_ref()?;
    let statements = policy["Statement"].as_array()?;
    let found = statements
        .iter()
        .find(|one| one["Sid"] == json!(sid(user_sid)));
    found.map(sorted)
}
