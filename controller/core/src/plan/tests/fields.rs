//! Every field of the tables through its whole life: set, changed, unset, left out, drifted; with
//! every other field untouched and rest at the end of each.

use serde_json::{Value, json};

use super::harness::{LEFT_OUT, small, with};
use super::world::World;
use crate::fields::{
    Change, FLEET, FieldRule, Reset, STACK, USER_SETTING_DEFAULTS, ignore_pattern,
};
use crate::plan::diff;
use crate::record::Resolution;
use crate::settings::{FleetSettings, StackSettings};

/// A field's values: one, another, and one that somebody else sets.
struct Sample {
    path: &'static str,
    values: [Value; 3],
    /// What has to be in the row beside it.
    beside: Value,
}

fn sample(path: &'static str, one: Value, another: Value, theirs: Value) -> Sample {
    Sample {
        path,
        values: [one, another, theirs],
        beside: json!({}),
    }
}

fn fleet_samples() -> Vec<Sample> {
    let role = |name: &str| json!(format!("arn:aws:iam::123456789012:role/{name}"));
    let groups = Sample {
        beside: json!({"vpcConfig": {"subnetIds": ["subnet-n"]}}),
        ..sample(
            "vpcConfig.securityGroupIds",
            json!(["sg-1"]),
            json!(["sg-2", "sg-3"]),
            json!(["sg-9"]),
        )
    };
    vec![
        sample(
            "instanceType",
            json!("stream.standard.large"),
            json!("stream.standard.xlarge"),
            json!("stream.memory.large"),
        ),
        sample(
            "fleetType",
            json!("ON_DEMAND"),
            json!("ON_DEMAND"),
            json!("ALWAYS_ON"),
        ),
        sample(
            "computeCapacity.desiredInstances",
            json!(2),
            json!(0),
            json!(9),
        ),
        sample(
            "computeCapacity.desiredSessions",
            json!(2),
            json!(0),
            json!(9),
        ),
        sample(
            "maxUserDurationInSeconds",
            json!(345_600),
            json!(600),
            json!(1200),
        ),
        sample(
            "disconnectTimeoutInSeconds",
            json!(60),
            json!(120),
            json!(180),
        ),
        sample(
            "idleDisconnectTimeoutInSeconds",
            json!(60),
            json!(120),
            json!(180),
        ),
        sample("displayName", json!("CFD"), json!("Flows"), json!("theirs")),
        sample("description", json!("CFD"), json!("Flows"), json!("theirs")),
        sample(
            "enableDefaultInternetAccess",
            json!(true),
            json!(false),
            json!(true),
        ),
        sample("iamRoleArn", role("a"), role("b"), role("theirs")),
        sample(
            "streamView",
            json!("DESKTOP"),
            json!("APP"),
            json!("DESKTOP"),
        ),
        sample(
            "vpcConfig.subnetIds",
            json!(["subnet-a"]),
            json!(["subnet-b", "subnet-c"]),
            json!(["subnet-z"]),
        ),
        groups,
    ]
}

fn stack_samples() -> Vec<Sample> {
    let group = |name: &str| json!({"enabled": true, "settingsGroup": name});
    let drive = |domain: &str| json!([{"connectorType": "ONE_DRIVE", "domains": [domain]}]);
    vec![
        sample("displayName", json!("CFD"), json!("Flows"), json!("theirs")),
        sample("description", json!("CFD"), json!("Flows"), json!("theirs")),
        sample(
            "redirectURL",
            json!("https://a.example/"),
            json!("https://b.example/"),
            json!("https://theirs.example/"),
        ),
        sample(
            "feedbackURL",
            json!("https://a.example/"),
            json!("https://b.example/"),
            json!("https://theirs.example/"),
        ),
        sample(
            "storageConnectors",
            drive("a.example"),
            drive("b.example"),
            drive("theirs.example"),
        ),
        sample(
            "applicationSettings",
            group("a"),
            group("b"),
            group("theirs"),
        ),
    ]
}

/// Every row of a table with its sample.
fn samples(object: &str) -> Vec<(&'static FieldRule, Sample)> {
    let (rules, samples) = match object {
        "fleet" => (FLEET, fleet_samples()),
        _ => (STACK, stack_samples()),
    };
    let paths: Vec<&str> = rules.iter().map(|rule| rule.path).collect();
    let sampled: Vec<&str> = samples.iter().map(|sample| sample.path).collect();
    assert_eq!(paths, sampled, "every field has a sample");
    rules.iter().zip(samples).collect()
}

/// The smallest row with a field at a value, `null`, or left out.
fn row(object: &str, sample: &Sample, value: Option<&Value>) -> Value {
    let mut spec = small();
    for (key, beside) in sample.beside.as_object().unwrap() {
        spec[object][key] = beside.clone();
    }
    if let Some(value) = value {
        diff::put(
            &mut spec,
            &format!("{object}.{}", sample.path),
            value.clone(),
        );
    }
    spec
}

/// Both sides' settings, with one path taken out.
fn elsewhere(world: &World, object: &str, path: &str) -> Value {
    let mut all = json!({
        "fleet": world.aws.fleets["cfd"].settings,
        "stack": world.aws.stacks["cfd"].settings
    });
    diff::put(&mut all, &format!("{object}.{path}"), Value::Null);
    all
}

fn found(world: &World, object: &str, path: &str) -> Option<Value> {
    let settings = match object {
        "fleet" => json!(world.aws.fleets["cfd"].settings),
        _ => json!(world.aws.stacks["cfd"].settings),
    };
    diff::at(&settings, path).cloned()
}

/// Sets a field as somebody else would.
fn set_by_hand(world: &mut World, object: &str, path: &str, value: &Value) {
    if object == "fleet" {
        let settings = &mut world.aws.fleets.get_mut("cfd").unwrap().settings;
        let mut tree = json!(settings);
        diff::put(&mut tree, path, value.clone());
        *settings = serde_json::from_value(tree).unwrap();
    } else {
        let settings = &mut world.aws.stacks.get_mut("cfd").unwrap().settings;
        let mut tree = json!(settings);
        diff::put(&mut tree, path, value.clone());
        *settings = serde_json::from_value(tree).unwrap();
    }
}

/// What a field is when nobody sets it.
fn default(rule: &FieldRule) -> Option<Value> {
    match rule.reset {
        Reset::Default(default) => Some(default()),
        Reset::EmptyString | Reset::Delete(_) | Reset::Unmanage => None,
    }
}

fn is_required(rule: &FieldRule) -> bool {
    rule.path == "instanceType" || rule.path == "vpcConfig.subnetIds"
}

/// Walks a field from row to row and compares it, and everything else, after each.
fn life(object: &str, rule: &FieldRule, sample: &Sample) {
    let begin = row(
        object,
        sample,
        (rule.path == "instanceType").then_some(&sample.values[1]),
    );
    let mut world = World::converged(&begin);
    let before = elsewhere(&world, object, rule.path);
    let mut step = |spec: &Value, expected: Option<Value>| {
        world.edit(spec);
        world.converge();
        assert_eq!(found(&world, object, rule.path), expected, "{spec}");
        if !rule.path.contains('.') {
            let now = elsewhere(&world, object, rule.path);
            assert_eq!(now, before, "{} touches a neighbour", rule.path);
        }
    };
    let [one, another, _] = &sample.values;
    step(&row(object, sample, Some(one)), Some(one.clone()));
    step(&row(object, sample, Some(another)), Some(another.clone()));
    if matches!(rule.reset, Reset::EmptyString | Reset::Delete(_)) && !is_required(rule) {
        step(&row(object, sample, Some(&Value::Null)), None);
        step(&row(object, sample, Some(one)), Some(one.clone()));
    }
    if rule.path == "vpcConfig.subnetIds" {
        let unset = with(small(), &[("/fleet/vpcConfig", Value::Null)]);
        step(&unset, None);
        step(&row(object, sample, Some(one)), Some(one.clone()));
    }
    if rule.path != "instanceType" {
        let left = found(&world, object, rule.path);
        let expected = if matches!(rule.reset, Reset::Unmanage) {
            left
        } else {
            default(rule)
        };
        world.edit(&row(object, sample, None));
        world.converge();
        assert_eq!(found(&world, object, rule.path), expected);
        let path = format!("{object}.{}", rule.path);
        assert!(
            !world.managed.contains_key(&path),
            "{path} is still managed"
        );
    }
}

#[test]
fn every_fleet_field_is_set_changed_unset_and_left_out_alone() {
    for (rule, sample) in samples("fleet") {
        life("fleet", rule, &sample);
    }
}

#[test]
fn every_stack_field_is_set_changed_unset_and_left_out_alone() {
    for (rule, sample) in samples("stack") {
        life("stack", rule, &sample);
    }
}

#[test]
fn drift_of_every_field_is_found_named_and_repaired() {
    for object in ["fleet", "stack"] {
        for (rule, sample) in samples(object) {
            let [_, asked, theirs] = &sample.values;
            let mut world = World::converged(&row(object, &sample, Some(asked)));
            let before = elsewhere(&world, object, rule.path);
            set_by_hand(&mut world, object, rule.path, theirs);
            let pass = world.pass();
            let path = format!("{object}.{}", rule.path);
            let new: Vec<&str> = pass.drift.new.iter().map(|one| one.path.as_str()).collect();
            assert_eq!(new, [path.as_str()]);
            if rule.change == Change::NeedsReplacement {
                assert!(pass.plan.steps.is_empty(), "{path} cannot change");
                continue;
            }
            let mut closed = Vec::new();
            while !world.open_drift.is_empty() {
                closed.extend(world.pass().drift.closed);
            }
            assert_eq!(closed[0].1, Resolution::Repaired, "{path}");
            world.converge();
            assert_eq!(found(&world, object, rule.path).as_ref(), Some(asked));
            assert_eq!(elsewhere(&world, object, rule.path), before, "{path}");
        }
    }
}

#[test]
fn drift_of_a_field_that_must_be_unset_is_repaired() {
    for object in ["fleet", "stack"] {
        for (rule, sample) in samples(object) {
            if !matches!(rule.reset, Reset::EmptyString | Reset::Delete(_)) || is_required(rule) {
                continue;
            }
            let mut world = World::converged(&row(object, &sample, Some(&Value::Null)));
            set_by_hand(&mut world, object, rule.path, &sample.values[2]);
            assert_eq!(world.pass().drift.new.len(), 1, "{}", rule.path);
            world.converge();
            assert_eq!(found(&world, object, rule.path), None);
        }
    }
}

#[test]
fn a_field_nobody_asked_for_is_whatever_somebody_makes_of_it() {
    for object in ["fleet", "stack"] {
        for (rule, sample) in samples(object) {
            if rule.path == "instanceType" {
                continue;
            }
            let mut world = World::converged(&row(object, &sample, None));
            set_by_hand(&mut world, object, rule.path, &sample.values[2]);
            world.quiet();
        }
    }
}

#[test]
fn only_what_aws_takes_on_a_running_fleet_is_changed_on_one() {
    // UpdateFleet's documentation, for ALWAYS_ON and ON_DEMAND.
    let in_place: Vec<&str> = FLEET
        .iter()
        .filter(|rule| rule.change == Change::InPlace)
        .map(|rule| rule.path)
        .collect();
    assert_eq!(
        in_place,
        [
            "computeCapacity.desiredInstances",
            "computeCapacity.desiredSessions",
            "disconnectTimeoutInSeconds",
            "idleDisconnectTimeoutInSeconds",
            "displayName"
        ]
    );
    assert!(STACK.iter().all(|rule| rule.change == Change::InPlace));
}

#[test]
fn every_path_of_the_tables_is_a_member_of_the_settings() {
    for (rule, sample) in samples("fleet") {
        for value in sample.values {
            let mut tree = json!({});
            diff::put(&mut tree, rule.path, value.clone());
            let settings: FleetSettings = serde_json::from_value(tree).unwrap();
            assert_eq!(diff::at(&json!(settings), rule.path), Some(&value));
        }
    }
    for (rule, sample) in samples("stack") {
        for value in sample.values {
            let mut tree = json!({});
            diff::put(&mut tree, rule.path, value.clone());
            let settings: StackSettings = serde_json::from_value(tree).unwrap();
            assert_eq!(
                diff::at(&json!(settings), rule.path).map(Value::to_string),
                Some(json!(value).to_string())
            );
        }
    }
}

#[test]
fn every_default_and_every_empty_value_is_a_member_of_the_settings() {
    for (object, rules) in [("fleet", FLEET), ("stack", STACK)] {
        for rule in rules {
            let value = match rule.reset {
                Reset::Default(default) => default(),
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
    let all = json!({
        "imageName": "n", "imageArn": "a", "instanceType": "i", "fleetType": "ON_DEMAND",
        "computeCapacity": {"desiredInstances": 1, "desiredSessions": 1},
        "maxUserDurationInSeconds": 1, "disconnectTimeoutInSeconds": 1,
        "idleDisconnectTimeoutInSeconds": 1, "displayName": "d", "description": "d",
        "enableDefaultInternetAccess": true, "iamRoleArn": "r", "streamView": "APP",
        "vpcConfig": {"subnetIds": ["s"], "securityGroupIds": ["g"]}
    });
    let settings: FleetSettings = serde_json::from_value(all.clone()).unwrap();
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
    } = &settings;
    for key in all.as_object().unwrap().keys() {
        let in_table = FLEET
            .iter()
            .any(|rule| rule.path == key || rule.path.starts_with(&format!("{key}.")));
        let image = key == "imageName" || key == "imageArn";
        assert!(in_table || image, "{key}");
    }
    let StackSettings {
        display_name: _,
        description: _,
        redirect_url: _,
        feedback_url: _,
        storage_connectors: _,
        user_settings: _,
        application_settings: _,
    } = StackSettings::default();
    assert_eq!(STACK.len() + 1, 7, "user settings are keyed and apart");
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
