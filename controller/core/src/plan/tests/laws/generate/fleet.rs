//! Generates fleets.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::{nullable, object, optional};

pub(super) fn image() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"name": "pcluster-2026-11"}),
        json!({"name": "pcluster-2026-12"}),
        json!({"arn": "arn:aws:appstream:eu-west-1:123456789012:image/pcluster-2026-11"}),
    ])
}

/// Both kinds of fleet have the fields of the other as well, as far as AWS takes them.
pub(super) fn fleet(fleet_type: Option<&'static str>) -> impl Strategy<Value = Value> {
    let parts = (
        texts(),
        times(),
        instances(),
        capacity(),
        network(),
        1..4_i32,
        applications(),
    );
    parts.prop_map(
        move |(texts, times, instances, capacity, network, concurrent, applications)| {
            let mut fields = vec![("fleetType", fleet_type.map(Value::from))];
            fields.extend(texts);
            fields.extend(times);
            fields.extend(instances);
            fields.push(("vpcConfig", network));
            fields.extend(capacity);
            let mut fleet = object(fields);
            if fleet_type == Some("ELASTIC") {
                become_elastic(&mut fleet, concurrent, applications);
            }
            fleet
        },
    )
}

fn applications() -> impl Strategy<Value = Option<Value>> {
    let arn = |name: &str| format!("arn:aws:appstream:eu-west-1:123456789012:application/{name}");
    let (a, b) = (arn("paraview"), arn("putty"));
    optional(&[json!([]), json!([a]), json!([b, a])])
}

/// An Elastic fleet has neither capacity nor domain, and needs sessions and a network.
fn become_elastic(fleet: &mut Value, concurrent: i32, applications: Option<Value>) {
    let members = fleet.as_object_mut().unwrap();
    for other in [
        "computeCapacity",
        "maxSessionsPerInstance",
        "domainJoinInfo",
    ] {
        members.remove(other);
    }
    members.insert("maxConcurrentSessions".to_owned(), json!(concurrent));
    if let Some(applications) = applications {
        members.insert("applications".to_owned(), applications);
    }
    let network = members.get("vpcConfig").and_then(Value::as_object);
    if network.is_none() {
        let subnets = json!({"subnetIds": ["subnet-a", "subnet-b"]});
        members.insert("vpcConfig".to_owned(), subnets);
    }
}

/// Instances become sessions, or the other way round, only where both rows say the capacity and
/// nobody else owns it.
pub(super) fn agree_on_sessions(a: &mut Value, b: &mut Value, ignore: &[String]) {
    let owned = ignore.iter().any(|path| path == "fleet.computeCapacity");
    if owned {
        for spec in [&mut *a, &mut *b] {
            if let Some(fleet) = spec.get_mut("fleet").and_then(Value::as_object_mut)
                && fleet.remove("maxSessionsPerInstance").is_some()
            {
                let capacity = json!({"desiredInstances": 1});
                fleet.insert("computeCapacity".to_owned(), capacity);
            }
        }
    }
    let multi = |spec: &Value| spec["fleet"]["maxSessionsPerInstance"].is_number();
    if multi(a) && !multi(b) && b["fleet"].get("computeCapacity").is_none() {
        b["fleet"]["computeCapacity"] = json!({"desiredInstances": 1});
    }
}

type Fields = Vec<(&'static str, Option<Value>)>;

fn texts() -> impl Strategy<Value = Fields> {
    let parts = (
        nullable(&[json!("CFD"), json!("Flows")]),
        nullable(&[json!("for the CFD group"), json!("for all")]),
        nullable(&[
            json!("arn:aws:iam::123456789012:role/a"),
            json!("arn:aws:iam::123456789012:role/b"),
        ]),
        nullable(&[
            json!({"directoryName": "corp.example"}),
            json!({"directoryName": "corp.example", "organizationalUnitDistinguishedName": "OU=a"}),
        ]),
        nullable(&[
            json!({"s3Bucket": "scripts", "s3Key": "a.zip"}),
            json!({"s3Bucket": "scripts", "s3Key": "b.zip"}),
        ]),
        nullable(&[
            json!(["HID,1,0,3,0,0,1,0"]),
            json!(["HID,2,0,3,0,0,1,0", "HID,1,0,3,0,0,1,0"]),
        ]),
    );
    parts.prop_map(|(display, description, role, directory, script, filters)| {
        vec![
            ("displayName", display),
            ("description", description),
            ("iamRoleArn", role),
            ("domainJoinInfo", directory),
            ("sessionScriptS3Location", script),
            ("usbDeviceFilterStrings", filters),
        ]
    })
}

fn times() -> impl Strategy<Value = Fields> {
    let parts = (
        optional(&[json!(600), json!(57_600), json!(345_600)]),
        optional(&[json!(60), json!(900)]),
        optional(&[json!(0), json!(900)]),
    );
    parts.prop_map(|(longest, disconnect, idle)| {
        vec![
            ("maxUserDurationInSeconds", longest),
            ("disconnectTimeoutInSeconds", disconnect),
            ("idleDisconnectTimeoutInSeconds", idle),
        ]
    })
}

fn instances() -> impl Strategy<Value = Fields> {
    let parts = (
        select(vec!["stream.standard.medium", "stream.standard.large"]),
        optional(&[json!(true), json!(false)]),
        optional(&[json!("APP"), json!("DESKTOP")]),
        optional(&[json!("STOPPED"), json!("RUNNING")]),
        optional(&[json!("WINDOWS_SERVER_2019"), json!("AMAZON_LINUX2")]),
        nullable(&[
            json!({"volumeSizeInGb": 200}),
            json!({"volumeSizeInGb": 300}),
        ]),
        optional(&[json!(true), json!(false)]),
    );
    parts.prop_map(
        |(instance, internet, view, state, platform, volume, imds)| {
            vec![
                ("instanceType", Some(json!(instance))),
                ("enableDefaultInternetAccess", internet),
                ("streamView", view),
                ("state", state),
                ("platform", platform),
                ("rootVolumeConfig", volume),
                ("disableIMDSV1", imds),
            ]
        },
    )
}

/// Instances, or sessions on instances that take several.
fn capacity() -> impl Strategy<Value = Fields> {
    let single = (option::of(0..3_i32), any::<bool>()).prop_map(|(count, says_so)| {
        let capacity = count.map(|count| json!({"desiredInstances": count}));
        let null = (says_so && count.is_some()).then_some(Value::Null);
        vec![
            ("computeCapacity", capacity),
            ("maxSessionsPerInstance", null),
        ]
    });
    let multi = (0..6_i32, 2..4_i32).prop_map(|(count, each)| {
        vec![
            ("computeCapacity", Some(json!({"desiredSessions": count}))),
            ("maxSessionsPerInstance", Some(json!(each))),
        ]
    });
    prop_oneof![2 => single, 1 => multi]
}

fn network() -> impl Strategy<Value = Option<Value>> {
    nullable(&[
        json!({"subnetIds": ["subnet-a", "subnet-c"]}),
        json!({"subnetIds": ["subnet-b", "subnet-a"]}),
        json!({"subnetIds": ["subnet-a", "subnet-b"], "securityGroupIds": ["sg-2", "sg-1"]}),
        json!({"subnetIds": ["subnet-b", "subnet-c"], "securityGroupIds": ["sg-1"]}),
        json!({"subnetIds": ["subnet-b", "subnet-c"], "securityGroupIds": null}),
    ])
}
