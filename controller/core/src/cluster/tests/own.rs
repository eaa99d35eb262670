//! What becomes of the user's own configuration.

use serde_json::{Value, json};

use super::{BUCKET, rendered, rendered_in};
use crate::cluster::yaml;

const ROLE: &str = "arn:aws:iam::123456789012:role/own";

/// The lists that only grow.
fn is_ours(path: &str) -> bool {
    path.ends_with("S3Access") || path.ends_with("AdditionalIamPolicies") || path == ".Tags"
}

/// A configuration with every kind of node, and with lists that are added to.
pub(super) fn whole() -> Value {
    json!({
        "Region": "eu-west-1",
        "Image": {"Os": "alinux2023"},
        "HeadNode": {
            "InstanceType": "c5.large",
            "Networking": {"SubnetId": "subnet-0123456789abcdef0"},
            "Ssh": {"KeyName": "no"},
            "Iam": {
                "S3Access": [{"BucketName": "elsewhere", "KeyName": "*"}],
                "AdditionalIamPolicies": [{"Policy": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"}],
            }
        },
        "LoginNodes": {"Pools": [{
            "Name": "login", "InstanceType": "c5.large", "Count": 1,
            "Networking": {"SubnetIds": ["subnet-0123456789abcdef0"]}
        }]},
        "Scheduling": {
            "Scheduler": "slurm",
            "SlurmQueues": [queue("a"), queue("b")]
        },
        "Tags": [{"Key": "project", "Value": "12:30:00"}]
    })
}

pub(super) fn queue(name: &str) -> Value {
    json!({
        "Name": name,
        "ComputeResources": [{"Name": "one", "InstanceType": "c5.large", "SpotPrice": 0.25}],
        "CapacityType": "SPOT",
        "Networking": {"SubnetIds": ["subnet-0123456789abcdef0"]}
    })
}

fn read(config: &str) -> Value {
    serde_saphyr::from_str(config).unwrap()
}

/// Whether everything of one value is in another.
fn contains(all: &Value, part: &Value, path: &str) {
    match (all, part) {
        (Value::Object(all), Value::Object(part)) => {
            for (key, part) in part {
                contains(&all[key], part, &format!("{path}.{key}"));
            }
        }
        (Value::Array(all), Value::Array(part)) => {
            assert!(all.len() == part.len() || is_ours(path), "{path}");
            for (all, part) in all.iter().zip(part) {
                contains(all, part, path);
            }
        }
        _ => assert_eq!(all, part, "{path}"),
    }
}

#[test]
fn nothing_of_the_users_own_is_lost_and_every_kind_of_node_gets_its_part() {
    let own = whole();
    let made =
        rendered(json!({"name": "cfd", "access": "READ_WRITE", "users": ["anna"], "config": own}));
    let config = read(&made.config);
    contains(&config, &own, "");
    let head = &config["HeadNode"]["Iam"];
    assert_eq!(head["S3Access"].as_array().unwrap().len(), 2);
    assert_eq!(head["AdditionalIamPolicies"].as_array().unwrap().len(), 2);
    for queue in config["Scheduling"]["SlurmQueues"].as_array().unwrap() {
        assert_eq!(queue["Iam"]["S3Access"][0], head["S3Access"][1]);
    }
    let pool = &config["LoginNodes"]["Pools"][0]["Iam"];
    assert!(pool.get("S3Access").is_none());
    let policy = pool["AdditionalIamPolicies"][0]["Policy"].as_str().unwrap();
    let name = policy.rsplit_once('/').unwrap().1;
    let statements = made.policies[name]["Statement"].as_array().unwrap();
    let sids: Vec<&str> = statements
        .iter()
        .map(|one| one["Sid"].as_str().unwrap())
        .collect();
    assert_eq!(sids, ["Locate", "List", "Objects"]);
    assert!(!made.config.contains("Missing"), "{}", made.config);
}

#[test]
fn merging_what_was_merged_changes_nothing() {
    for users in [json!(["anna"]), json!(["anna", "bert"])] {
        let spec = |config: Value| json!({"name": "c", "access": "READ_WRITE", "users": users, "config": config});
        let once = rendered(spec(whole())).config;
        assert_eq!(rendered(spec(read(&once))).config, once);
    }
}

#[test]
fn a_role_of_the_users_own_is_left_alone_and_named() {
    for key in ["InstanceRole", "InstanceProfile"] {
        let mut own = whole();
        own["HeadNode"]["Iam"] = json!({key: ROLE});
        own["LoginNodes"]["Pools"][0]["Iam"] = json!({key: ROLE});
        let made = rendered(json!({"name": "cfd", "access": "READ_ONLY", "config": own}));
        let config = read(&made.config);
        assert_eq!(config["HeadNode"]["Iam"], json!({key: ROLE}));
        assert_eq!(config["LoginNodes"]["Pools"][0]["Iam"], json!({key: ROLE}));
        let name = "parallelcluster-cfd.cfd.instead-of-s3access";
        let note = format!(
            "# HeadNode brings its own {key}, {ROLE}: attach arn:aws:iam::123456789012:policy/{name} to its role"
        );
        assert!(made.config.contains(&note), "{}", made.config);
        assert!(made.policies.contains_key(name));
    }
}

#[test]
fn what_contradicts_the_row_is_refused_with_its_place() {
    let entry = |bucket: &str, key: Option<&str>, writes: bool| {
        let mut entry = json!({"BucketName": bucket, "EnableWriteAccess": writes});
        if let Some(key) = key {
            entry["KeyName"] = json!(key);
        }
        json!({"HeadNode": {"Iam": {"S3Access": [entry]}}})
    };
    let s3 = "config.HeadNode.Iam.S3Access[0]";
    let cases = [
        ("READ_ONLY", None, entry(BUCKET, None, true), s3),
        (
            "READ_ONLY",
            None,
            entry("appstream2-*-abc*g", Some("*"), true),
            s3,
        ),
        ("READ_WRITE", Some("anna"), entry("*", None, false), s3),
        (
            "READ_WRITE",
            Some("anna"),
            entry(BUCKET, Some("user/*"), true),
            s3,
        ),
        (
            "READ_ONLY",
            None,
            json!({"HeadNode": []}),
            "config.HeadNode",
        ),
        (
            "READ_ONLY",
            None,
            json!({"HeadNode": {"Iam": "x"}}),
            "config.HeadNode.Iam",
        ),
        (
            "READ_ONLY",
            None,
            json!({"Scheduling": {"SlurmQueues": {}}}),
            "config.Scheduling.SlurmQueues",
        ),
        (
            "READ_ONLY",
            None,
            json!({"Scheduling": {"SlurmQueues": [1]}}),
            "config.Scheduling.SlurmQueues[0]",
        ),
        (
            "READ_ONLY",
            None,
            json!({"LoginNodes": {"Pools": 1}}),
            "config.LoginNodes.Pools",
        ),
        ("READ_ONLY", None, json!({"Tags": {}}), "config.Tags"),
        (
            "READ_ONLY",
            None,
            json!({"Tags": [{"Key": "streamkeeper:environment", "Value": "other"}]}),
            "config.Tags",
        ),
    ];
    for (access, user, config, path) in cases {
        let mut spec = json!({"name": "cfd", "access": access, "config": config});
        if let Some(user) = user {
            spec["users"] = json!([user]);
        }
        let refused = rendered_in("eu-west-1", None, spec).expect_err(path);
        assert_eq!(refused.path, path);
    }
}

#[test]
fn an_entry_of_the_users_own_that_the_row_allows_stays_and_is_warned_of() {
    let broad = json!({"HeadNode": {"Iam": {"S3Access": [
        {"BucketName": BUCKET, "EnableWriteAccess": true}
    ]}}});
    let config = rendered(json!({"name": "cfd", "access": "READ_WRITE", "config": broad})).config;
    assert!(
        config.contains("config.HeadNode.Iam.S3Access[0] is your own"),
        "{config}"
    );
    let other = json!({"HeadNode": {"Iam": {"S3Access": [
        {"BucketName": "appstream2-*-gfedcba", "EnableWriteAccess": true}
    ]}}});
    let config = rendered(json!({"name": "cfd", "access": "READ_ONLY", "config": other})).config;
    assert!(!config.contains("is your own"), "{config}");
}

#[test]
fn a_cluster_elsewhere_keeps_its_region_and_is_told_the_price() {
    let config =
        rendered(json!({"name": "cfd", "access": "READ_ONLY", "config": {"Region": "eu-west-3"}}))
            .config;
    assert!(config.contains("\nRegion: eu-west-3\n"));
    assert!(config.contains("# The bucket is in eu-west-1"));
}

#[test]
fn nothing_gets_out_of_a_comment() {
    let own = json!({"HeadNode": {"Iam": {"InstanceRole": "arn\nTags: []\u{85}\u{2028}x"}}});
    let spec =
        json!({"name": "cfd", "access": "READ_ONLY", "users": ["a\nRegion: x"], "config": own});
    let config = rendered(spec).config;
    assert_eq!(read(&config)["Region"], "eu-west-1");
    let comments = config.lines().take_while(|line| line.starts_with('#'));
    assert!(comments.count() >= 4, "{config}");
    assert!(!config.contains(['\u{85}', '\u{2028}']));
}

mod writing {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::yaml;

    /// Strings that YAML takes for something else, and any others.
    fn text() -> impl Strategy<Value = String> {
        const ODD: &[&str] = &[
            "",
            " ",
            "*",
            "no",
            "Yes",
            "~",
            "null",
            "1",
            "0x1f",
            "1_000",
            "12:30:00",
            "1e5",
            "-",
            "- a",
            "a: b",
            "a #b",
            "#",
            "&a",
            "!a",
            "%",
            "@",
            "`",
            "{",
            "[",
            "|",
            ">",
            "a:",
            "=",
            "<<",
            ".5",
            "2026-11-28",
            "arn:aws:iam::1:role/x",
            "\u{7f}",
            "\u{85}",
            "\u{feff}",
            "\u{2028}",
            "ä",
            "🙂",
        ];
        prop_oneof![
            proptest::sample::select(ODD).prop_map(str::to_owned),
            any::<String>()
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e30..1e30_f64).prop_map(Value::from),
            (-1e-30..1e-30_f64).prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::vec((text(), inner), 0..5)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_the_same(value in value()) {
            let mut top = Map::new();
            top.insert("top".to_owned(), value);
            let document = yaml::document(&top);
            let back: Value = serde_saphyr::from_str(&document).unwrap();
            prop_assert_eq!(back, Value::Object(top), "{}", document);
        }
    }
}
