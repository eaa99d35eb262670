//! Fleets: defaults, states and their delays, deletion, quotas, images, roles.

use serde_json::json;

use super::{Aws, IMAGE, code, fleet_input};
use crate::SessionSeed;

#[test]
fn a_new_fleet_is_stopped_and_has_all_defaults() {
    let fleet = Aws::new().create_fleet("cfd", json!({}));
    for (member, value) in [
        ("State", json!("STOPPED")),
        ("FleetType", json!("ON_DEMAND")),
        ("MaxUserDurationInSeconds", json!(57_600)),
        ("DisconnectTimeoutInSeconds", json!(900)),
        ("IdleDisconnectTimeoutInSeconds", json!(0)),
        ("EnableDefaultInternetAccess", json!(false)),
        ("StreamView", json!("APP")),
        ("Platform", json!("WINDOWS_SERVER_2019")),
        ("FleetErrors", json!([])),
        ("ImageName", json!(IMAGE)),
        (
            "ImageArn",
            json!("arn:aws:appstream:eu-west-1:111122223333:image/pcluster-2026-11"),
        ),
        (
            "Arn",
            json!("arn:aws:appstream:eu-west-1:111122223333:fleet/cfd"),
        ),
    ] {
        assert_eq!(fleet[member], value, "{member}");
    }
    assert_eq!(
        fleet["ComputeCapacityStatus"],
        json!({"Desired": 2, "Running": 0, "InUse": 0, "Available": 0, "Reserved": 0})
    );
    for absent in [
        "Description",
        "DisplayName",
        "VpcConfig",
        "IamRoleArn",
        "ComputeCapacity",
    ] {
        assert!(fleet.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn both_names_of_the_image_come_back_whichever_was_sent() {
    let arn = "arn:aws:appstream:eu-west-1::image/AppStream-WinServer2019-10-01-2026";
    let fleet = Aws::new().create_fleet("cfd", json!({"ImageName": null, "ImageArn": arn}));
    assert_eq!(fleet["ImageName"], "AppStream-WinServer2019-10-01-2026");
    assert_eq!(fleet["ImageArn"], arn);
}

#[test]
fn a_fleet_starts_and_stops_in_its_own_time() {
    let aws = Aws::new();
    aws.create_fleet("cfd", json!({}));
    aws.ok("StartFleet", json!({"Name": "cfd"}));
    assert_eq!(aws.state("cfd"), "STARTING");
    aws.wait(11);
    assert_eq!(aws.state("cfd"), "STARTING");
    aws.wait(1);
    assert_eq!(aws.state("cfd"), "RUNNING");
    assert_eq!(aws.fleet("cfd")["ComputeCapacityStatus"]["Available"], 2);
    aws.ok("StopFleet", json!({"Name": "cfd"}));
    assert_eq!(aws.state("cfd"), "STOPPING");
    aws.wait(5);
    assert_eq!(aws.state("cfd"), "STOPPED");
    aws.ok("StopFleet", json!({"Name": "cfd"}));
}

#[test]
fn a_starting_fleet_can_be_stopped() {
    let aws = Aws::new();
    aws.create_fleet("cfd", json!({}));
    aws.ok("StartFleet", json!({"Name": "cfd"}));
    aws.ok("StopFleet", json!({"Name": "cfd"}));
    assert_eq!(aws.state("cfd"), "STOPPING");
    let error = aws.refused("StartFleet", json!({"Name": "cfd"}));
    assert_eq!(code(&error), "OperationNotPermittedException");
}

#[test]
fn what_start_says_to_a_running_fleet_can_be_chosen() {
    for refused in [true, false] {
        let aws = Aws::with(|config| config.unknowns.start_running_is_refused = refused);
        aws.create_fleet("cfd", json!({}));
        aws.ok("StartFleet", json!({"Name": "cfd"}));
        let again = aws.call("StartFleet", json!({"Name": "cfd"}));
        assert_eq!(again.is_err(), refused);
    }
}

#[test]
fn a_held_fleet_stays_on_its_way() {
    let aws = Aws::new();
    aws.create_fleet("cfd", json!({}));
    aws.ok("StartFleet", json!({"Name": "cfd"}));
    assert!(aws.0.hold_fleet("eu-west-1", "cfd", true));
    let errors = [("SUBNET_NOT_FOUND", "no such subnet")];
    assert!(aws.0.set_fleet_errors("eu-west-1", "cfd", &errors));
    aws.wait(600);
    assert_eq!(aws.state("cfd"), "STARTING");
    assert_eq!(
        aws.fleet("cfd")["FleetErrors"][0]["ErrorCode"],
        "SUBNET_NOT_FOUND"
    );
    aws.0.hold_fleet("eu-west-1", "cfd", false);
    assert_eq!(aws.state("cfd"), "RUNNING");
}

#[test]
fn raised_capacity_arrives_later_and_lowered_at_once() {
    let aws = Aws::new();
    aws.create_fleet("cfd", json!({}));
    aws.ok("StartFleet", json!({"Name": "cfd"}));
    aws.wait(12);
    let to = |number: i64| json!({"Name": "cfd", "ComputeCapacity": {"DesiredInstances": number}});
    aws.ok("UpdateFleet", to(5));
    let status = |aws: &Aws| aws.fleet("cfd")["ComputeCapacityStatus"].clone();
    assert_eq!(
        (&status(&aws)["Desired"], &status(&aws)["Running"]),
        (&json!(5), &json!(2))
    );
    aws.wait(10);
    assert_eq!(status(&aws)["Running"], 5);
    aws.ok("UpdateFleet", to(1));
    assert_eq!(status(&aws)["Running"], 1);
}

#[test]
fn a_fleet_in_use_shows_it_and_a_stop_cuts_its_users_off() {
    let aws = Aws::instant();
    aws.create_fleet("cfd", json!({}));
    aws.create_stack("cfd", json!({}));
    aws.associate("cfd", "cfd");
    aws.ok("StartFleet", json!({"Name": "cfd"}));
    let sessions = [
        SessionSeed::active("ann"),
        SessionSeed::disconnected("ben"),
        SessionSeed::expired("cy"),
    ];
    aws.0.set_sessions("eu-west-1", "cfd", "cfd", &sessions);
    assert_eq!(aws.fleet("cfd")["ComputeCapacityStatus"]["InUse"], 2);
    let pair = json!({"StackName": "cfd", "FleetName": "cfd"});
    let error = aws.refused("DisassociateFleet", pair.clone());
    assert_eq!(code(&error), "ResourceInUseException");
    aws.ok("StopFleet", json!({"Name": "cfd"}));
    assert_eq!(aws.0.sessions_cut(), 2);
    let answer = aws.ok("DescribeSessions", pair);
    let listed = answer["Sessions"].as_array().unwrap();
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().all(|session| session["State"] == "EXPIRED"));
}

#[test]
fn a_session_can_be_expired_by_id() {
    let aws = Aws::instant();
    aws.0
        .set_sessions("eu-west-1", "cfd", "cfd", &[SessionSeed::active("ann")]);
    let pair = json!({"StackName": "cfd", "FleetName": "cfd"});
    let id = aws.ok("DescribeSessions", pair.clone())["Sessions"][0]["Id"].clone();
    let other = json!({"StackName": "other", "FleetName": "cfd"});
    assert_eq!(aws.ok("DescribeSessions", other)["Sessions"], json!([]));
    aws.ok("ExpireSession", json!({"SessionId": id}));
    assert_eq!(
        aws.ok("DescribeSessions", pair)["Sessions"][0]["State"],
        "EXPIRED"
    );
    assert_eq!(aws.0.sessions_cut(), 0);
}

/// Two people on one instance, one on another, of a running fleet with four instances of two.
fn three_people_on_two_instances(aws: &Aws) -> [SessionSeed; 3] {
    let capacity = json!({
        "FleetType": "ON_DEMAND",
        "MaxSessionsPerInstance": 2,
        "ComputeCapacity": {"DesiredSessions": 8},
    });
    aws.create_fleet("cfd", capacity);
    aws.create_stack("cfd", json!({}));
    aws.associate("cfd", "cfd");
    aws.ok("StartFleet", json!({"Name": "cfd"}));
    let sessions = [
        SessionSeed::active("ann").on("i-1"),
        SessionSeed::disconnected("ben").on("i-1"),
        SessionSeed::active("cy").on("i-2"),
    ];
    aws.0.set_sessions("eu-west-1", "cfd", "cfd", &sessions);
    sessions
}

/// The drain status that is told with each user's session.
fn drain_statuses(aws: &Aws) -> Vec<(String, String)> {
    let pair = json!({"StackName": "cfd", "FleetName": "cfd"});
    let answer = aws.ok("DescribeSessions", pair);
    let sessions = answer["Sessions"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut statuses: Vec<_> = sessions
        .map(|one| (text(&one["UserId"]), text(&one["InstanceDrainStatus"])))
        .collect();
    statuses.sort();
    statuses
}

fn statuses(of: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(user, status): &(&str, &str)| ((*user).to_owned(), (*status).to_owned());
    of.iter().map(owned).collect()
}

#[test]
fn draining_an_instance_concerns_everybody_on_it_and_nobody_else() {
    let aws = Aws::instant();
    three_people_on_two_instances(&aws);
    let on_it = json!({"StackName": "cfd", "FleetName": "cfd", "InstanceId": "i-1"});
    let answer = aws.ok("DescribeSessions", on_it);
    assert_eq!(answer["Sessions"].as_array().unwrap().len(), 2);
    let id = answer["Sessions"][0]["Id"].clone();
    aws.ok("DrainSessionInstance", json!({"SessionId": id}));
    aws.ok("DrainSessionInstance", json!({"SessionId": id}));
    let expected = [("ann", "DRAINING"), ("ben", "DRAINING"), ("cy", "ACTIVE")];
    assert_eq!(drain_statuses(&aws), statuses(&expected));
    let status = aws.fleet("cfd")["ComputeCapacityStatus"].clone();
    assert_eq!(status["Draining"], 1);
    assert_eq!(status["DrainModeActiveUserSessions"], 2);
    assert_eq!(status["DrainModeUnusedUserSessions"], 0);
    assert_eq!(status["ActiveUserSessions"], 3);
    assert_eq!(aws.0.sessions_cut(), 0);
}

#[test]
fn an_instance_drains_until_nobody_is_left_on_it() {
    let aws = Aws::instant();
    let [ann, ben, cy] = three_people_on_two_instances(&aws);
    let pair = json!({"StackName": "cfd", "FleetName": "cfd", "InstanceId": "i-1"});
    let id = aws.ok("DescribeSessions", pair)["Sessions"][0]["Id"].clone();
    aws.ok("DrainSessionInstance", json!({"SessionId": id}));
    let set = |seeds: &[SessionSeed]| aws.0.set_sessions("eu-west-1", "cfd", "cfd", seeds);
    set(&[ben, cy.clone()]);
    let expected = [("ben", "DRAINING"), ("cy", "ACTIVE")];
    assert_eq!(drain_statuses(&aws), statuses(&expected));
    let status = aws.fleet("cfd")["ComputeCapacityStatus"].clone();
    assert_eq!(status["DrainModeUnusedUserSessions"], 1);
    assert_eq!(status["AvailableUserSessions"], 5);
    set(std::slice::from_ref(&cy));
    assert_eq!(aws.fleet("cfd")["ComputeCapacityStatus"]["Draining"], 0);
    set(&[ann, cy]);
    let expected = [("ann", "ACTIVE"), ("cy", "ACTIVE")];
    assert_eq!(drain_statuses(&aws), statuses(&expected));
}

#[test]
fn only_an_instance_of_a_multi_session_fleet_with_somebody_on_it_drains() {
    let aws = Aws::instant();
    aws.create_fleet("cfd", json!({}));
    aws.0
        .set_sessions("eu-west-1", "cfd", "cfd", &[SessionSeed::active("ann")]);
    assert_eq!(drain_statuses(&aws), statuses(&[("ann", "NOT_APPLICABLE")]));
    let pair = json!({"StackName": "cfd", "FleetName": "cfd"});
    let id = json!({"SessionId": aws.ok("DescribeSessions", pair)["Sessions"][0]["Id"]});
    let error = aws.refused("DrainSessionInstance", id.clone());
    assert_eq!(code(&error), "OperationNotPermittedException");
    aws.ok("ExpireSession", id.clone());
    let error = aws.refused("DrainSessionInstance", id);
    assert_eq!(code(&error), "ResourceNotFoundException");
}

#[test]
fn a_fleet_can_be_deleted_only_when_it_is_stopped_and_alone() {
    let aws = Aws::instant();
    aws.create_fleet("cfd", json!({}));
    aws.create_stack("cfd", json!({}));
    aws.associate("cfd", "cfd");
    assert_eq!(
        aws.refused("DeleteFleet", json!({"Name": "cfd"})),
        "ResourceInUseException: The fleet cfd is associated with a stack. To delete the fleet, \
         you must dissociate it from the stack."
    );
    let pair = json!({"StackName": "cfd", "FleetName": "cfd"});
    aws.ok("DisassociateFleet", pair);
    aws.ok("StartFleet", json!({"Name": "cfd"}));
    let error = aws.refused("DeleteFleet", json!({"Name": "cfd"}));
    assert_eq!(code(&error), "ResourceInUseException");
    aws.ok("StopFleet", json!({"Name": "cfd"}));
    aws.ok("DeleteFleet", json!({"Name": "cfd"}));
    let error = aws.refused("DescribeFleets", json!({"Names": ["cfd"]}));
    assert_eq!(code(&error), "ResourceNotFoundException");
    let error = aws.refused("DeleteFleet", json!({"Name": "cfd"}));
    assert_eq!(code(&error), "ResourceNotFoundException");
}

#[test]
fn a_name_can_be_used_once() {
    let aws = Aws::new();
    aws.create_fleet("cfd", json!({}));
    let error = aws.refused("CreateFleet", fleet_input("cfd", json!({})));
    assert_eq!(code(&error), "ResourceAlreadyExistsException");
}

#[test]
fn quotas_bound_fleets_and_their_instances() {
    let aws = Aws::new();
    let big = json!({"ComputeCapacity": {"DesiredInstances": 51}});
    assert_eq!(
        aws.refused("CreateFleet", fleet_input("cfd", big)),
        "LimitExceededException: The Instance type 'stream.standard.medium' capacity limit for \
         fleet cfd was exceeded. Requested: 51, Limit: 50"
    );
    let graphics = json!({"InstanceType": "stream.graphics.g5.xlarge"});
    let error = aws.refused("CreateFleet", fleet_input("cfd", graphics));
    assert_eq!(code(&error), "LimitExceededException");
    for number in 0..10 {
        let name = format!("f{number}");
        aws.create_fleet(&name, json!({"ComputeCapacity": {"DesiredInstances": 30}}));
    }
    let error = aws.refused("CreateFleet", fleet_input("f10", json!({})));
    assert_eq!(code(&error), "LimitExceededException");
    // The quota is shared by the fleets that run.
    aws.ok("StartFleet", json!({"Name": "f0"}));
    let error = aws.refused("StartFleet", json!({"Name": "f1"}));
    assert!(error.ends_with("Requested: 60, Limit: 50"), "{error}");
}

#[test]
fn an_image_must_be_there_and_available_and_fit() {
    let aws = Aws::instant();
    let with = |image: &str| fleet_input("cfd", json!({"ImageName": image}));
    let error = aws.refused("CreateFleet", with("nowhere"));
    assert_eq!(code(&error), "ResourceNotFoundException");
    assert!(aws.0.deprecate_image("eu-west-1", IMAGE));
    assert_eq!(
        aws.refused("CreateFleet", with(IMAGE)),
        "ResourceNotAvailableException: The image pcluster-2026-11 is DEPRECATED. The image must \
         be in an AVAILABLE state for this action to succeed."
    );
    let mut graphics = crate::ImageSeed::private("gpu");
    graphics.families = vec!["graphics".to_owned()];
    aws.0.add_image("eu-west-1", &graphics);
    let error = aws.refused("CreateFleet", with("gpu"));
    assert!(error.contains("stream.standard.medium"), "{error}");
    let both = json!({"ImageArn": "arn:aws:appstream:eu-west-1::image/x"});
    let error = aws.refused("CreateFleet", fleet_input("cfd", both));
    assert_eq!(code(&error), "InvalidParameterCombinationException");
    let error = aws.refused(
        "CreateFleet",
        fleet_input("cfd", json!({"ImageName": null})),
    );
    assert_eq!(code(&error), "InvalidParameterCombinationException");
}

#[test]
fn a_new_role_is_not_seen_at_once() {
    let aws = Aws::new();
    let role = "arn:aws:iam::111122223333:role/fleet";
    let soon = aws.0.clock().now() + chrono::TimeDelta::seconds(30);
    aws.0.hide_role(role, soon);
    let input = fleet_input("cfd", json!({"IamRoleArn": role}));
    let error = aws.refused("CreateFleet", input.clone());
    assert_eq!(code(&error), "InvalidRoleException");
    assert!(error.contains(role));
    aws.wait(1);
    aws.ok("CreateFleet", input);
    aws.0.lose_service_role(true);
    let error = aws.refused("StartFleet", json!({"Name": "cfd"}));
    assert!(error.contains("your service role is invalid"), "{error}");
}

#[test]
fn a_streaming_url_needs_a_running_fleet_of_the_stack() {
    let aws = Aws::new();
    aws.create_fleet("cfd", json!({}));
    aws.create_stack("cfd", json!({}));
    let input = json!({"StackName": "cfd", "FleetName": "cfd", "UserId": "ann"});
    let error = aws.refused("CreateStreamingURL", input.clone());
    assert_eq!(code(&error), "OperationNotPermittedException");
    aws.associate("cfd", "cfd");
    let error = aws.refused("CreateStreamingURL", input.clone());
    assert_eq!(code(&error), "ResourceNotAvailableException");
    aws.ok("StartFleet", json!({"Name": "cfd"}));
    aws.wait(12);
    let answer = aws.ok("CreateStreamingURL", input);
    let url = answer["StreamingURL"].as_str().unwrap();
    assert!(url.starts_with("https://appstream2.eu-west-1.aws.amazon.com/authenticate?"));
}
