//! `UpdateFleet`: what needs a stop, what goes together, what deletion of attributes does.

use serde_json::{Value, json};

use super::{Aws, code, fleet_input, merged};

const VPC: [&str; 2] = ["subnet-1", "subnet-2"];

/// Every member of `UpdateFleet` with a value, and whether a running fleet of each kind takes it.
fn members() -> Vec<(&'static str, Value, bool, bool)> {
    vec![
        ("DisplayName", json!("d"), true, true),
        ("IdleDisconnectTimeoutInSeconds", json!(60), true, true),
        ("DisconnectTimeoutInSeconds", json!(60), true, true),
        (
            "ComputeCapacity",
            json!({"DesiredInstances": 1}),
            true,
            false,
        ),
        (
            "ImageName",
            json!("AppStream-WinServer2019-10-01-2026"),
            true,
            false,
        ),
        ("MaxConcurrentSessions", json!(4), false, true),
        (
            "SessionScriptS3Location",
            json!({"S3Bucket": "scripts"}),
            false,
            true,
        ),
        ("UsbDeviceFilterStrings", json!([]), false, true),
        ("Description", json!("d"), false, false),
        ("InstanceType", json!("stream.standard.large"), false, false),
        ("MaxUserDurationInSeconds", json!(600), false, false),
        ("EnableDefaultInternetAccess", json!(true), false, false),
        ("StreamView", json!("DESKTOP"), false, false),
        ("VpcConfig", json!({"SubnetIds": VPC}), false, false),
        (
            "DomainJoinInfo",
            json!({"DirectoryName": "d"}),
            false,
            false,
        ),
        (
            "IamRoleArn",
            json!("arn:aws:iam::111122223333:role/r"),
            false,
            false,
        ),
        ("Platform", json!("WINDOWS_SERVER_2019"), false, false),
        (
            "RootVolumeConfig",
            json!({"VolumeSizeInGb": 300}),
            false,
            false,
        ),
        ("DisableIMDSV1", json!(true), false, false),
        ("AttributesToDelete", json!(["IAM_ROLE_ARN"]), false, false),
        (
            "AttributesToDelete",
            json!(["USB_DEVICE_FILTER_STRINGS"]),
            false,
            true,
        ),
        ("DeleteVpcConfig", json!(true), false, false),
    ]
}

fn running(more: Value) -> Aws {
    let aws = Aws::instant();
    aws.create_fleet("cfd", more);
    aws.ok("StartFleet", json!({"Name": "cfd"}));
    aws
}

fn elastic() -> Value {
    json!({
        "FleetType": "ELASTIC", "Platform": "AMAZON_LINUX2", "MaxConcurrentSessions": 2,
        "VpcConfig": {"SubnetIds": VPC}, "ImageName": null, "ComputeCapacity": null,
    })
}

#[test]
fn a_running_fleet_takes_exactly_the_documented_members() {
    for (member, value, standard, elastic_too) in members() {
        for (more, takes) in [(json!({}), standard), (elastic(), elastic_too)] {
            let aws = running(more);
            let answer = aws.call("UpdateFleet", json!({"Name": "cfd", member: value}));
            match answer {
                Ok(_) => assert!(takes, "{member} must need a stopped fleet"),
                Err(error) => {
                    assert!(!takes, "{member}: {error}");
                    assert_eq!(
                        error,
                        "ResourceInUseException: Cannot update the attribute for fleet cfd when \
                         it is ACTIVE. The fleet must be stopped to complete this action."
                    );
                }
            }
        }
    }
}

#[test]
fn a_refused_update_changes_nothing() {
    let aws = running(json!({}));
    let before = aws.0.snapshot();
    let update = json!({"Name": "cfd", "DisplayName": "new", "Description": "new"});
    aws.refused("UpdateFleet", update);
    assert_eq!(aws.0.snapshot(), before);
}

#[test]
fn a_stopped_fleet_takes_every_member() {
    let skipped = [
        "MaxConcurrentSessions",
        "DeleteVpcConfig",
        "AttributesToDelete",
    ];
    for (member, value, ..) in members() {
        if skipped.contains(&member) {
            continue;
        }
        let aws = Aws::instant();
        aws.create_fleet("cfd", json!({}));
        aws.ok("UpdateFleet", json!({"Name": "cfd", member: value}));
        let fleet = aws.fleet("cfd");
        if member == "ComputeCapacity" {
            assert_eq!(fleet["ComputeCapacityStatus"]["Desired"], 1);
        } else if value != json!([]) {
            assert_eq!(fleet[member], value, "{member}");
        }
    }
}

#[test]
fn a_fleet_on_its_way_takes_nothing() {
    let aws = Aws::new();
    aws.create_fleet("cfd", json!({}));
    aws.ok("StartFleet", json!({"Name": "cfd"}));
    let update = json!({"Name": "cfd", "DisplayName": "d"});
    let error = aws.refused("UpdateFleet", update);
    assert_eq!(code(&error), "ResourceInUseException");
}

#[test]
fn a_running_fleet_takes_an_image_of_the_same_system_only() {
    let aws = running(json!({}));
    let mut linux = crate::ImageSeed::private("linux");
    linux.platform = "AMAZON_LINUX2".to_owned();
    aws.0.add_image("eu-west-1", &linux);
    let update = json!({"Name": "cfd", "ImageName": "linux"});
    let error = aws.refused("UpdateFleet", update.clone());
    assert_eq!(code(&error), "ResourceInUseException");
    aws.ok("StopFleet", json!({"Name": "cfd"}));
    let fleet = aws.ok("UpdateFleet", update)["Fleet"].clone();
    assert_eq!(fleet["Platform"], "AMAZON_LINUX2");
    assert_eq!(
        fleet["ImageArn"],
        "arn:aws:appstream:eu-west-1:111122223333:image/linux"
    );
}

#[test]
fn what_an_update_leaves_out_stays_and_an_empty_text_clears() {
    let aws = Aws::instant();
    let more =
        json!({"Description": "old", "DisplayName": "old", "DisconnectTimeoutInSeconds": 70});
    aws.create_fleet("cfd", more);
    let update = json!({"Name": "cfd", "Description": "", "StreamView": "DESKTOP"});
    let fleet = aws.ok("UpdateFleet", update)["Fleet"].clone();
    assert!(fleet.get("Description").is_none());
    assert_eq!(fleet["DisplayName"], "old");
    assert_eq!(fleet["DisconnectTimeoutInSeconds"], 70);
}

#[test]
fn attributes_are_deleted_by_name() {
    let aws = Aws::instant();
    let settings = json!({
        "VpcConfig": {"SubnetIds": VPC, "SecurityGroupIds": ["sg-1"]},
        "DomainJoinInfo": {"DirectoryName": "d"},
        "IamRoleArn": "arn:aws:iam::111122223333:role/r",
        "RootVolumeConfig": {"VolumeSizeInGb": 300},
        "SessionScriptS3Location": {"S3Bucket": "scripts"},
    });
    aws.create_fleet("cfd", settings);
    let delete = |attributes: Value| {
        aws.ok(
            "UpdateFleet",
            json!({"Name": "cfd", "AttributesToDelete": attributes}),
        )["Fleet"]
            .clone()
    };
    let fleet = delete(json!(["VPC_CONFIGURATION_SECURITY_GROUP_IDS"]));
    assert_eq!(fleet["VpcConfig"], json!({"SubnetIds": VPC}));
    let fleet = delete(json!([
        "VPC_CONFIGURATION",
        "DOMAIN_JOIN_INFO",
        "IAM_ROLE_ARN",
        "SESSION_SCRIPT_S3_LOCATION",
        "VOLUME_CONFIGURATION",
    ]));
    for member in settings_members() {
        assert!(fleet.get(member).is_none(), "{member}");
    }
}

fn settings_members() -> [&'static str; 5] {
    [
        "VpcConfig",
        "DomainJoinInfo",
        "IamRoleArn",
        "SessionScriptS3Location",
        "RootVolumeConfig",
    ]
}

#[test]
fn new_subnets_keep_the_security_groups() {
    let aws = Aws::instant();
    let vpc = json!({"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]});
    aws.create_fleet("cfd", json!({"VpcConfig": vpc}));
    let update = json!({"Name": "cfd", "VpcConfig": {"SubnetIds": ["subnet-2"]}});
    assert_eq!(
        aws.ok("UpdateFleet", update)["Fleet"]["VpcConfig"],
        json!({"SubnetIds": ["subnet-2"], "SecurityGroupIds": ["sg-1"]})
    );
}

#[test]
fn ranges_and_combinations_are_refused() {
    let aws = Aws::instant();
    for wrong in [
        json!({"MaxUserDurationInSeconds": 599}),
        json!({"MaxUserDurationInSeconds": 432_001}),
        json!({"DisconnectTimeoutInSeconds": 59}),
        json!({"IdleDisconnectTimeoutInSeconds": 59}),
        json!({"RootVolumeConfig": {"VolumeSizeInGb": 199}}),
        json!({"InstanceType": "t3.micro"}),
        json!({"ComputeCapacity": null}),
        json!({"ComputeCapacity": {}}),
        json!({"ComputeCapacity": {"DesiredInstances": -1}}),
        json!({"ComputeCapacity": {"DesiredInstances": 1, "DesiredSessions": 1}}),
        json!({"ComputeCapacity": {"DesiredSessions": 4}}),
        json!({"MaxSessionsPerInstance": 4}),
        json!({"MaxConcurrentSessions": 4}),
        merged(elastic(), json!({"MaxConcurrentSessions": null})),
        merged(
            elastic(),
            json!({"ComputeCapacity": {"DesiredInstances": 1}}),
        ),
        merged(elastic(), json!({"DomainJoinInfo": {"DirectoryName": "d"}})),
        merged(elastic(), json!({"Platform": "WINDOWS"})),
        merged(elastic(), json!({"VpcConfig": {"SubnetIds": ["subnet-1"]}})),
    ] {
        let mut input = fleet_input("cfd", json!({}));
        if wrong["FleetType"] == "ELASTIC" {
            input = json!({"Name": "cfd", "InstanceType": "stream.standard.small"});
        }
        let error = aws.refused("CreateFleet", merged(input, wrong.clone()));
        assert_eq!(
            code(&error),
            "InvalidParameterCombinationException",
            "{wrong}"
        );
    }
    aws.create_fleet("zero", json!({"ComputeCapacity": {"DesiredInstances": 0}}));
}

#[test]
fn a_multi_session_fleet_counts_sessions() {
    let aws = Aws::instant();
    let more = json!({"MaxSessionsPerInstance": 4, "ComputeCapacity": {"DesiredSessions": 9}});
    aws.create_fleet("cfd", more);
    aws.ok("StartFleet", json!({"Name": "cfd"}));
    let status = aws.fleet("cfd")["ComputeCapacityStatus"].clone();
    assert_eq!(status["Desired"], 3);
    assert_eq!(status["DesiredUserSessions"], 9);
    assert_eq!(status["AvailableUserSessions"], 12);
}
