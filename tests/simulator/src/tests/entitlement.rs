//! Entitlements of stacks and applications of Elastic fleets.

use serde_json::{Value, json};

use super::{Aws, code};

fn viewers() -> Value {
    json!({
        "StackName": "cfd", "Name": "viewers", "AppVisibility": "ASSOCIATED",
        "Description": "for viewers", "Attributes": [{"Name": "roles", "Value": "cfd"}]
    })
}

fn entitled(application: &str) -> Value {
    json!({
        "StackName": "cfd", "EntitlementName": "viewers", "ApplicationIdentifier": application
    })
}

fn list(aws: &Aws) -> Value {
    aws.ok("DescribeEntitlements", json!({"StackName": "cfd"}))["Entitlements"].clone()
}

#[test]
fn an_update_changes_what_was_sent_and_an_empty_description_clears_it() {
    let aws = Aws::new();
    aws.create_stack("cfd", json!({}));
    aws.ok("CreateEntitlement", viewers());
    let change = json!({"StackName": "cfd", "Name": "viewers", "Description": ""});
    aws.ok("UpdateEntitlement", change);
    let found = &list(&aws)[0];
    assert_eq!(found.get("Description"), None);
    assert_eq!(found["AppVisibility"], "ASSOCIATED");
    assert_eq!(found["Attributes"], viewers()["Attributes"]);
}

#[test]
fn errors_have_codes_of_their_own() {
    let aws = Aws::new();
    let refusal = aws.refused("CreateEntitlement", viewers());
    assert_eq!(code(&refusal), "ResourceNotFoundException");
    aws.create_stack("cfd", json!({}));
    aws.ok("CreateEntitlement", viewers());
    let refusal = aws.refused("CreateEntitlement", viewers());
    assert_eq!(code(&refusal), "EntitlementAlreadyExistsException");
    let none = json!({"StackName": "cfd", "Name": "none"});
    for operation in [
        "UpdateEntitlement",
        "DeleteEntitlement",
        "DescribeEntitlements",
    ] {
        let refusal = aws.refused(operation, none.clone());
        assert_eq!(
            code(&refusal),
            "EntitlementNotFoundException",
            "{operation}"
        );
    }
    let refusal = aws.refused("DisassociateApplicationFromEntitlement", entitled("putty"));
    assert_eq!(code(&refusal), "ResourceNotFoundException");
}

#[test]
fn applications_are_entitled_until_they_are_not_and_all_goes_with_the_stack() {
    let aws = Aws::new();
    aws.create_stack("cfd", json!({}));
    aws.ok("CreateEntitlement", viewers());
    aws.ok("AssociateApplicationToEntitlement", entitled("putty"));
    aws.ok("AssociateApplicationToEntitlement", entitled("paraview"));
    aws.ok("DisassociateApplicationFromEntitlement", entitled("putty"));
    let input = json!({"StackName": "cfd", "EntitlementName": "viewers"});
    let found = aws.ok("ListEntitledApplications", input);
    let expected = json!([{"ApplicationIdentifier": "paraview"}]);
    assert_eq!(found["EntitledApplications"], expected);
    aws.ok("DeleteStack", json!({"Name": "cfd"}));
    aws.create_stack("cfd", json!({}));
    assert_eq!(list(&aws), json!([]));
}

#[test]
fn applications_are_for_elastic_fleets() {
    let aws = Aws::new();
    let arn = aws.0.add_application("eu-west-1", "paraview");
    aws.create_fleet("other", json!({}));
    let elastic = json!({
        "FleetType": "ELASTIC", "MaxConcurrentSessions": 2, "ComputeCapacity": null,
        "VpcConfig": {"SubnetIds": ["subnet-a", "subnet-b"]}
    });
    aws.create_fleet("cfd", elastic);
    let pair = |fleet: &str, arn: &str| json!({"FleetName": fleet, "ApplicationArn": arn});
    let refusal = aws.refused("AssociateApplicationFleet", pair("other", &arn));
    assert_eq!(code(&refusal), "OperationNotPermittedException");
    let none = arn.replace("paraview", "none");
    let refusal = aws.refused("AssociateApplicationFleet", pair("cfd", &none));
    assert_eq!(code(&refusal), "ResourceNotFoundException");
    aws.ok("AssociateApplicationFleet", pair("cfd", &arn));
    let of_fleet = json!({"FleetName": "cfd"});
    let found = aws.ok("DescribeApplicationFleetAssociations", of_fleet.clone());
    let expected = json!([pair("cfd", &arn)]);
    assert_eq!(found["ApplicationFleetAssociations"], expected);
    aws.ok("DisassociateApplicationFleet", pair("cfd", &arn));
    let found = aws.ok("DescribeApplicationFleetAssociations", of_fleet);
    assert_eq!(found, json!({}));
}
