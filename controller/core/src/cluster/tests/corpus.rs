//! Every kind of configuration, written down for the real package to judge.
//!
//! `tests/judged/run.sh` sets `JUDGED_DIR`; without it the cases are rendered and nothing else.

use serde_json::{Value, json};

use super::{BUCKET, rendered_in};

const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// Configurations of the user's own, by name.
fn own() -> Vec<(&'static str, Option<Value>)> {
    let mut whole = super::own::whole();
    whole["Imds"] = json!({"ImdsSupport": "v2.0"});
    let mut roles = whole.clone();
    roles["HeadNode"]["Iam"] = json!({"InstanceRole": "arn:aws:iam::123456789012:role/own"});
    roles["Scheduling"]["SlurmQueues"][1]["Iam"] =
        json!({"InstanceProfile": "arn:aws:iam::123456789012:instance-profile/own"});
    let mut null = whole.clone();
    null["Scheduling"]["SlurmQueues"][0]["Iam"] = Value::Null;
    let mut words = whole.clone();
    words["HeadNode"]["Ssh"]["KeyName"] = json!("yes");
    words["Tags"] = json!([
        {"Key": "a", "Value": "*"}, {"Key": "b", "Value": "0x1f"}, {"Key": "c", "Value": "a: b #c"},
        {"Key": "d", "Value": "1e5"}, {"Key": "e", "Value": "\u{85}\u{2028}\u{feff}\u{7f}🙂"}
    ]);
    words["SharedStorage"] = json!([{
        "MountDir": "/shared", "Name": "on", "StorageType": "Ebs",
        "EbsSettings": {"Size": 40, "Encrypted": true}
    }]);
    vec![
        ("none", None),
        ("empty", Some(json!({}))),
        (
            "login",
            Some(json!({"LoginNodes": {"Pools": [{"Name": "login"}]}})),
        ),
        (
            "part",
            Some(
                json!({"Image": {"Os": "rocky9"}, "Scheduling": {"SlurmQueues": [
                    {"Name": "a"}, {"Name": "b", "ComputeResources": [{"InstanceType": "c5.large"}]}
                ]}}),
            ),
        ),
        ("whole", Some(whole)),
        ("roles", Some(roles)),
        ("null", Some(null)),
        ("words", Some(words)),
    ]
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the judge is another program")]
fn every_configuration_is_rendered_for_the_judge() {
    let directory = std::env::var_os("JUDGED_DIR").map(std::path::PathBuf::from);
    let mut written = 0;
    for access in ["READ_ONLY", "READ_WRITE"] {
        for (who, users) in [
            ("all", json!(null)),
            ("one", json!(["anna"])),
            ("three", json!(["anna", "bert@example.com", "a,b"])),
        ] {
            for (key_name, key) in [("plain", None), ("kms", Some(KEY))] {
                for (own_name, own) in own() {
                    let mut spec = json!({"name": "cfd", "access": access});
                    if !users.is_null() {
                        spec["users"] = users.clone();
                    }
                    if let Some(own) = &own {
                        spec["config"] = own.clone();
                    }
                    let name = format!("{}-{who}-{key_name}-{own_name}", access.to_lowercase());
                    let made = rendered_in("eu-west-1", key, spec.clone()).expect(&name);
                    assert_eq!(
                        made.config.contains("Missing"),
                        ["none", "empty", "login", "part"].contains(&own_name),
                        "{name}"
                    );
                    written += 1;
                    let Some(directory) = &directory else {
                        continue;
                    };
                    let case = json!({
                        "spec": spec, "bucket": BUCKET, "config": made.config,
                        "version2": made.version2, "policies": made.policies
                    });
                    std::fs::write(directory.join(format!("{name}.json")), case.to_string())
                        .unwrap();
                }
            }
        }
    }
    assert_eq!(written, 96);
}
