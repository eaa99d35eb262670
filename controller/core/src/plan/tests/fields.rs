//! Every field of the tables through its whole life: set, changed, unset, left out, drifted; with
//! every other field untouched and rest at the end of each.
//!
//! The tests walk the tables, on a fleet of each kind and on a stack, in a world that shows
//! defaults and in one that does not: a new row is covered by its values in `samples.rs`, and fails
//! without them.

mod samples;

use serde_json::{Value, json};

use self::samples::{Kind, Sample, samples};
use super::harness::LEFT_OUT;
use super::world::World;
use super::world::aws::Unknowns;
use crate::fields::{
    Change, FLEET, FieldRule, Reset, STACK, USER_SETTING_DEFAULTS, ignore_pattern,
};
use crate::plan::diff;
use crate::record::Resolution;
use crate::settings::{FleetSettings, StackSettings};

/// A world that has converged to a row.
#[track_caller]
fn converged(row: &Value, shows_defaults: bool) -> World {
    let mut world = World::new(row);
    world.aws.unknowns = Unknowns {
        shows_defaults,
        ..Unknowns::default()
    };
    world.converge();
    world
}

fn settings(world: &World) -> Value {
    json!({
        "fleet": world.aws.fleets["cfd"].settings,
        "stack": world.aws.stacks["cfd"].settings
    })
}

/// What AWS has; what it does not show is as it is by default.
fn found(world: &World, sample: &Sample) -> Option<Value> {
    let shown = diff::at(&settings(world), &sample.path()).cloned();
    shown.or_else(|| sample.rule.reset.default())
}

/// Both sides' settings without a field, and without those that go with it.
fn elsewhere(world: &World, sample: &Sample) -> Value {
    let mut all = settings(world);
    let object = sample.kind.object();
    for path in std::iter::once(&sample.rule.path).chain(sample.rule.together) {
        diff::put(&mut all, &format!("{object}.{path}"), Value::Null);
    }
    without_nothing(&all)
}

/// Without what is null or empty: an object comes and goes with its only member.
fn without_nothing(value: &Value) -> Value {
    let Value::Object(members) = value else {
        return value.clone();
    };
    let members = members
        .iter()
        .map(|(key, value)| (key.clone(), without_nothing(value)));
    Value::Object(
        members
            .filter(|(_, value)| !value.is_null() && *value != json!({}))
            .collect(),
    )
}

/// Sets a field as somebody else would.
fn set_by_hand(world: &mut World, sample: &Sample, value: &Value) {
    fn put<T: serde::Serialize + serde::de::DeserializeOwned>(
        settings: &mut T,
        path: &str,
        value: &Value,
    ) {
        let mut tree = json!(settings);
        diff::put(&mut tree, path, value.clone());
        *settings = serde_json::from_value(tree).unwrap();
    }
    let path = sample.rule.path;
    match sample.kind {
        Kind::Fleet | Kind::ElasticFleet => {
            let fleet = world.aws.fleets.get_mut("cfd").unwrap();
            put(&mut fleet.settings, path, value);
        }
        Kind::Stack => {
            let stack = world.aws.stacks.get_mut("cfd").unwrap();
            put(&mut stack.settings, path, value);
        }
    }
}

/// Walks a field from row to row and compares it, and everything else, after each.
fn life(sample: &Sample, shows_defaults: bool) {
    let [one, another, _] = &sample.values;
    let begin = if sample.is_required() {
        sample.set(another)
    } else {
        sample.left_out()
    };
    let mut world = converged(&begin, shows_defaults);
    let before = elsewhere(&world, sample);
    // Where nobody ever set it.
    let fresh = found(&world, sample);
    let mut step = |spec: &Value, expected: Option<&Value>| {
        world.edit(spec);
        world.converge();
        let path = sample.path();
        assert_eq!(found(&world, sample).as_ref(), expected, "{path}: {spec}");
        assert_eq!(
            elsewhere(&world, sample),
            before,
            "{path} touches a neighbour"
        );
        world.managed.contains_key(&path)
    };
    assert!(step(&sample.set(one), Some(one)));
    assert!(step(&sample.set(another), Some(another)));
    if let Some(unset) = sample.unset() {
        assert!(step(&unset, fresh.as_ref()));
        assert!(step(&sample.set(one), Some(one)));
    }
    if !sample.is_required() {
        step(&sample.set(one), Some(one));
        let expected = match sample.rule.reset {
            Reset::Unmanage => Some(one),
            Reset::Default(_)
            | Reset::EmptyString
            | Reset::Delete(_)
            | Reset::DeleteToDefault(..) => fresh.as_ref(),
        };
        assert!(!step(&sample.left_out(), expected), "it is still managed");
    }
}

#[test]
fn every_field_is_set_changed_unset_and_left_out_alone() {
    for sample in samples() {
        for shows_defaults in [false, true] {
            life(&sample, shows_defaults);
        }
    }
}

#[test]
fn drift_of_every_field_is_found_named_and_repaired() {
    for sample in samples() {
        let [_, asked, theirs] = &sample.values;
        let mut world = converged(&sample.set(asked), false);
        let before = elsewhere(&world, &sample);
        set_by_hand(&mut world, &sample, theirs);
        let pass = world.pass();
        let path = sample.path();
        let new: Vec<&str> = pass.drift.new.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(new, [path.as_str()]);
        if sample.rule.change == Some(Change::NeedsReplacement) {
            assert!(pass.plan.steps.is_empty(), "{path} cannot change");
            continue;
        }
        let mut closed = Vec::new();
        while !world.open_drift.is_empty() {
            closed.extend(world.pass().drift.closed);
        }
        assert_eq!(closed[0].1, Resolution::Repaired, "{path}");
        world.converge();
        let now = found(&world, &sample).unwrap();
        assert!(as_asked(&sample, asked, &now), "{path}: {now}");
        assert_eq!(elsewhere(&world, &sample), before, "{path}");
    }
}

/// Whether AWS has what was asked: of agents' permissions, also with more that are disabled.
fn as_asked(sample: &Sample, asked: &Value, has: &Value) -> bool {
    let terms = diff::Terms {
        managed: &crate::plan::ManagedPaths::new(),
        ignore: &[],
        resets: false,
        is_elastic: false,
    };
    let tree = |value: &Value| {
        let mut tree = json!({});
        diff::put(&mut tree, sample.rule.path, value.clone());
        tree
    };
    let rules = std::slice::from_ref(sample.rule);
    let compared = diff::compare(sample.kind.object(), rules, &tree(asked), &tree(has), terms);
    compared.changes.is_empty() && compared.unchanged == 1
}

#[test]
fn drift_of_a_field_that_must_be_unset_is_repaired() {
    let mut unset = 0;
    for sample in samples() {
        let Some(row) = sample.unset() else { continue };
        // A multi-session fleet by hand needs sessions by hand.
        if sample.rule.path == "maxSessionsPerInstance" {
            continue;
        }
        unset += 1;
        let mut world = converged(&row, false);
        let before = found(&world, &sample);
        set_by_hand(&mut world, &sample, &sample.values[2]);
        let drift = world.pass().drift.new;
        assert!(!drift.is_empty(), "{}", sample.rule.path);
        world.converge();
        assert_eq!(found(&world, &sample), before);
    }
    assert!(unset > 20, "{unset}");
}

#[test]
fn a_field_nobody_asked_for_is_whatever_somebody_makes_of_it() {
    for sample in samples() {
        if sample.is_required() {
            continue;
        }
        let mut world = converged(&sample.left_out(), false);
        set_by_hand(&mut world, &sample, &sample.values[2]);
        world.quiet();
    }
}

#[test]
fn only_what_aws_takes_on_a_running_fleet_is_changed_on_one() {
    let in_place = |change: fn(&FieldRule) -> Option<Change>| -> Vec<&str> {
        let rules = FLEET.iter();
        rules
            .filter(|rule| change(rule) == Some(Change::InPlace))
            .map(|rule| rule.path)
            .collect()
    };
    // UpdateFleet's documentation, for ALWAYS_ON and ON_DEMAND, and for ELASTIC.
    assert_eq!(
        in_place(|rule| rule.change),
        [
            "computeCapacity.desiredInstances",
            "computeCapacity.desiredSessions",
            "disconnectTimeoutInSeconds",
            "idleDisconnectTimeoutInSeconds",
            "displayName"
        ]
    );
    assert_eq!(
        in_place(|rule| rule.elastic),
        [
            "disconnectTimeoutInSeconds",
            "idleDisconnectTimeoutInSeconds",
            "displayName",
            "maxConcurrentSessions",
            "usbDeviceFilterStrings",
            "sessionScriptS3Location"
        ]
    );
    assert!(
        STACK
            .iter()
            .all(|rule| rule.change == Some(Change::InPlace))
    );
}

#[test]
fn every_row_says_how_aws_returns_it_and_who_says_so() {
    for rule in FLEET.iter().chain(STACK) {
        assert!(
            !rule.returned.is_empty() && !rule.source.is_empty(),
            "{}",
            rule.path
        );
    }
}

#[test]
fn every_path_of_the_tables_is_a_member_of_the_settings() {
    for sample in samples() {
        for value in &sample.values {
            let mut tree = json!({});
            diff::put(&mut tree, sample.rule.path, value.clone());
            let settings = match sample.kind {
                Kind::Fleet | Kind::ElasticFleet => {
                    json!(serde_json::from_value::<FleetSettings>(tree).unwrap())
                }
                Kind::Stack => json!(serde_json::from_value::<StackSettings>(tree).unwrap()),
            };
            assert_eq!(diff::at(&settings, sample.rule.path), Some(value));
        }
    }
}

#[test]
fn every_default_and_every_empty_value_is_a_member_of_the_settings() {
    for (object, rules) in [("fleet", FLEET), ("stack", STACK)] {
        for rule in rules {
            let value = match rule.reset {
                Reset::Default(default) | Reset::DeleteToDefault(_, default) => default(),
                Reset::EmptyString => json!(""),
                Reset::Delete(_) | Reset::Unmanage => continue,
            };
            let mut tree = json!({});
            diff::put(&mut tree, rule.path, value);
            let parses = match object {
                "fleet" => serde_json::from_value::<FleetSettings>(tree).is_ok(),
                _ => serde_json::from_value::<StackSettings>(tree).is_ok(),
            };
            assert!(parses, "{object}.{}", rule.path);
        }
    }
}

#[test]
fn every_field_of_the_settings_is_in_the_tables() {
    // Destructured, so that a new member breaks the build here.
    let FleetSettings {
        image_name: _,
        image_arn: _,
        instance_type: _,
        fleet_type: _,
        compute_capacity: _,
        max_user_duration_in_seconds: _,
        disconnect_timeout_in_seconds: _,
        idle_disconnect_timeout_in_seconds: _,
        display_name: _,
        description: _,
        enable_default_internet_access: _,
        iam_role_arn: _,
        stream_view: _,
        vpc_config: _,
        platform: _,
        domain_join_info: _,
        max_concurrent_sessions: _,
        max_sessions_per_instance: _,
        usb_device_filter_strings: _,
        session_script_s3_location: _,
        root_volume_config: _,
        disable_imdsv1: _,
    } = FleetSettings::default();
    let StackSettings {
        display_name: _,
        description: _,
        redirect_url: _,
        feedback_url: _,
        storage_connectors: _,
        user_settings: _,
        application_settings: _,
        access_endpoints: _,
        embed_host_domains: _,
        streaming_experience_settings: _,
        content_redirection: _,
        agent_access_config: _,
        storage_connector_authentication: _,
    } = StackSettings::default();
    let members = |rules: &[FieldRule]| {
        let tops = rules.iter().map(|rule| rule.path.split('.').next());
        tops.collect::<std::collections::BTreeSet<_>>().len()
    };
    assert_eq!(members(FLEET), 22 - 2, "the image is apart");
    assert_eq!(members(STACK), 13 - 1, "user settings are keyed and apart");
}

#[test]
fn ignore_takes_every_path_that_a_difference_can_have() {
    let pattern = regex::Regex::new(&ignore_pattern()).unwrap();
    let mut paths: Vec<String> = [
        "image",
        "association",
        "fleet.state",
        "fleet.vpcConfig",
        "fleet.computeCapacity",
        "stack.userSettings",
        "tags",
        "tags.team",
        "tags.cost centre: 42",
        "buckets",
        "buckets.home",
        "buckets.home.Nodes",
        "buckets.my.bucket.name.Nodes",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    for (object, rules) in [("fleet", FLEET), ("stack", STACK)] {
        paths.extend(rules.iter().map(|rule| format!("{object}.{}", rule.path)));
    }
    let actions = USER_SETTING_DEFAULTS.iter();
    paths.extend(actions.map(|(action, _)| format!("stack.userSettings.{action}")));
    for path in paths {
        assert!(pattern.is_match(&path), "{path}");
    }
}

#[test]
fn ignore_refuses_what_nothing_is_compared_at() {
    let pattern = regex::Regex::new(&ignore_pattern()).unwrap();
    for path in [
        "",
        "fleet",
        "stack",
        "Image",
        "fleet.desription",
        "fleet.name",
        "fleet.disruption",
        "fleet.description.",
        "fleet.vpcConfig.subnets",
        "fleetXdescription",
        "stack.userSettings.file_upload",
        "stack.storageConnectors.HOMEFOLDERS",
        "tags.",
        "tagsteam",
        "bucket.home.Nodes",
        "xfleet.description",
        "clusters",
        LEFT_OUT,
    ] {
        assert!(!pattern.is_match(path), "{path}");
    }
}
