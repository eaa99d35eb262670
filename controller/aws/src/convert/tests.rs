//! Translates there and back, with everything, nothing, and words nobody knows.

use aws_sdk_appstream::types as sdk;
use serde_json::{Value, json};
use streamkeeper_core::cloud::ErrorClass;
use streamkeeper_core::observed::{FleetState, ObservedTags};
use streamkeeper_core::settings::{FleetSettings, StackSettings};

use super::*;

const ARN: &str = "arn:aws:appstream:eu-west-1:123456789012:fleet/cfd";

fn fleet(change: impl FnOnce(sdk::builders::FleetBuilder) -> sdk::builders::FleetBuilder) -> Value {
    let fleet = change(sdk::Fleet::builder().name("cfd").arn(ARN)).build();
    let observed = observed_fleet(&fleet, ObservedTags::Unknown(String::new())).unwrap();
    serde_json::to_value(observed.settings).unwrap()
}

fn stack(change: impl FnOnce(sdk::builders::StackBuilder) -> sdk::builders::StackBuilder) -> Value {
    let stack = change(sdk::Stack::builder().name("cfd").arn(ARN)).build();
    let observed = observed_stack(&stack, ObservedTags::Unknown(String::new())).unwrap();
    serde_json::to_value(observed.settings).unwrap()
}

pub(super) fn full_fleet() -> FleetSettings {
    serde_json::from_value(json!({
        "imageName": "pcluster-2026-11",
        "imageArn": "arn:aws:appstream:eu-west-1:123456789012:image/pcluster-2026-11",
        "instanceType": "stream.standard.medium",
        "fleetType": "ON_DEMAND",
        "computeCapacity": {"desiredInstances": 2},
        "maxUserDurationInSeconds": 345_600,
        "disconnectTimeoutInSeconds": 900,
        "idleDisconnectTimeoutInSeconds": 0,
        "displayName": "CFD",
        "description": "for the wind tunnel",
        "enableDefaultInternetAccess": true,
        "iamRoleArn": "arn:aws:iam::123456789012:role/cfd",
        "streamView": "DESKTOP",
        "vpcConfig": {"subnetIds": ["subnet-a", "subnet-b"], "securityGroupIds": ["sg-1"]},
        "platform": "WINDOWS_SERVER_2022",
        "domainJoinInfo": {"directoryName": "corp.example",
                           "organizationalUnitDistinguishedName": "OU=cfd"},
        "maxConcurrentSessions": 7,
        "maxSessionsPerInstance": 4,
        "usbDeviceFilterStrings": ["a", "b"],
        "sessionScriptS3Location": {"s3Bucket": "scripts", "s3Key": "cfd.zip"},
        "rootVolumeConfig": {"volumeSizeInGb": 300},
        "disableIMDSV1": true,
    }))
    .unwrap()
}

pub(super) fn full_stack() -> StackSettings {
    serde_json::from_value(json!({
        "displayName": "CFD",
        "description": "for the wind tunnel",
        "redirectURL": "https://example.com/bye",
        "feedbackURL": "https://example.com/say",
        "storageConnectors": [
            {"connectorType": "GOOGLE_DRIVE", "domains": ["a.example", "b.example"]},
            {"connectorType": "HOMEFOLDERS", "resourceIdentifier": "bucket"},
            {"connectorType": "ONE_DRIVE", "domains": ["c.example"],
             "domainsRequireAdminConsent": ["c.example", "d.example"]},
        ],
        "userSettings": [
            {"action": "CLIPBOARD_COPY_TO_LOCAL_DEVICE", "permission": "ENABLED",
             "maximumLength": 100},
            {"action": "FILE_UPLOAD", "permission": "DISABLED"},
        ],
        "applicationSettings": {"enabled": true, "settingsGroup": "cfd"},
        "accessEndpoints": [{"endpointType": "STREAMING", "vpceId": "vpce-1"},
                            {"endpointType": "STREAMING", "vpceId": "vpce-2"}],
        "embedHostDomains": ["a.example", "b.example"],
        "streamingExperienceSettings": {"preferredProtocol": "UDP"},
        "contentRedirection": {"hostToClient": {
            "enabled": true, "allowedUrls": ["https://a"], "deniedUrls": ["https://b"]
        }},
        "agentAccessConfig": {
            "settings": [{"agentAction": "COMPUTER_INPUT", "permission": "DISABLED"},
                         {"agentAction": "COMPUTER_VISION", "permission": "ENABLED"}],
            "s3BucketArn": "arn:aws:s3:::shots", "screenshotsUploadEnabled": true,
            "screenResolution": "W_1280xH_720", "screenImageFormat": "PNG",
            "userControlMode": "VIEW_STOP"
        },
        "storageConnectorAuthentication": "FORCE_REAUTHENTICATION",
    }))
    .unwrap()
}

#[test]
fn nothing_sent_is_nothing_observed() {
    assert_eq!(fleet(|fleet| fleet), json!({}));
    assert_eq!(stack(|stack| stack), json!({}));
}

#[test]
fn empty_is_absent() {
    let empty = fleet(|fleet| {
        fleet
            .description("")
            .display_name("")
            .iam_role_arn("")
            .vpc_config(
                sdk::VpcConfig::builder()
                    .set_subnet_ids(Some(Vec::new()))
                    .build(),
            )
            .domain_join_info(sdk::DomainJoinInfo::builder().directory_name("").build())
            .root_volume_config(sdk::VolumeConfig::builder().build())
            .set_usb_device_filter_strings(Some(Vec::new()))
            .compute_capacity_status(sdk::ComputeCapacityStatus::builder().running(3).build())
    });
    assert_eq!(empty, json!({}));
    let empty = stack(|stack| {
        stack
            .redirect_url("")
            .feedback_url("")
            .set_storage_connectors(Some(Vec::new()))
            .set_user_settings(Some(Vec::new()))
            .set_access_endpoints(Some(Vec::new()))
            .set_embed_host_domains(Some(Vec::new()))
            .streaming_experience_settings(sdk::StreamingExperienceSettings::builder().build())
            .content_redirection(sdk::ContentRedirection::builder().build())
            .agent_access_config(sdk::AgentAccessConfig::builder().build())
    });
    assert_eq!(empty, json!({}));
}

#[test]
fn zero_and_false_are_values() {
    let settings = fleet(|fleet| {
        fleet
            .idle_disconnect_timeout_in_seconds(0)
            .enable_default_internet_access(false)
            .compute_capacity_status(sdk::ComputeCapacityStatus::builder().desired(0).build())
    });
    assert_eq!(
        settings,
        json!({
            "idleDisconnectTimeoutInSeconds": 0,
            "enableDefaultInternetAccess": false,
            "computeCapacity": {"desiredInstances": 0},
        })
    );
}

#[test]
fn of_the_capacity_only_what_is_desired_is_a_setting() {
    let status = sdk::ComputeCapacityStatus::builder()
        .desired(2)
        .running(1)
        .in_use(1)
        .available(0);
    let settings = fleet(|fleet| fleet.compute_capacity_status(status.clone().build()));
    assert_eq!(
        settings,
        json!({"computeCapacity": {"desiredInstances": 2}})
    );
    // On a multi-session fleet the instances follow from the sessions.
    let status = status.desired_user_sessions(20).active_user_sessions(3);
    let settings = fleet(|fleet| fleet.compute_capacity_status(status.build()));
    assert_eq!(
        settings,
        json!({"computeCapacity": {"desiredSessions": 20}})
    );
}

#[test]
fn the_order_in_which_aws_answers_does_not_matter() {
    let network = |ids: [&str; 3]| {
        let ids: Vec<_> = ids.into_iter().map(str::to_owned).collect();
        let network = sdk::VpcConfig::builder()
            .set_subnet_ids(Some(ids.clone()))
            .set_security_group_ids(Some(ids));
        fleet(|fleet| fleet.vpc_config(network.build()))
    };
    assert_eq!(network(["b", "a", "b"]), network(["a", "b", "a"]));

    let connector = |kind: &str, domains: [&str; 2]| {
        sdk::StorageConnector::builder()
            .connector_type(kind.into())
            .set_domains(Some(domains.map(str::to_owned).to_vec()))
            .build()
    };
    let setting = |action: &str| sdk::UserSetting::builder().action(action.into()).build();
    assert_eq!(
        stack(|stack| stack
            .storage_connectors(connector("ONE_DRIVE", ["b", "a"]))
            .storage_connectors(connector("GOOGLE_DRIVE", ["c", "d"]))
            .user_settings(setting("FILE_UPLOAD"))
            .user_settings(setting("FILE_DOWNLOAD"))),
        stack(|stack| stack
            .storage_connectors(connector("GOOGLE_DRIVE", ["d", "c"]))
            .storage_connectors(connector("ONE_DRIVE", ["a", "b"]))
            .user_settings(setting("FILE_DOWNLOAD"))
            .user_settings(setting("FILE_UPLOAD"))),
    );
}

#[test]
fn words_that_aws_added_yesterday_survive_both_ways() {
    let described = sdk::Fleet::builder()
        .name("cfd")
        .arn(ARN)
        .state("HIBERNATING".into())
        .fleet_type("LUNAR".into())
        .stream_view("HOLOGRAM".into())
        .platform("MOON_OS".into())
        .fleet_errors(
            sdk::FleetError::builder()
                .error_code("NEW_TROUBLE".into())
                .error_message("words")
                .build(),
        )
        .build();
    let observed = observed_fleet(&described, ObservedTags::Known(BTreeMap::new())).unwrap();
    assert_eq!(observed.state, FleetState::Other("HIBERNATING".to_owned()));
    assert_eq!(observed.errors[0].code, "NEW_TROUBLE");
    assert_eq!(observed.errors[0].message, "words");

    let input = create_fleet("cfd", &observed.settings, &BTreeMap::new())
        .build()
        .unwrap();
    assert_eq!(input.fleet_type().unwrap().as_str(), "LUNAR");
    assert_eq!(input.stream_view().unwrap().as_str(), "HOLOGRAM");
    assert_eq!(input.platform().unwrap().as_str(), "MOON_OS");

    let described = sdk::Stack::builder()
        .name("cfd")
        .arn(ARN)
        .streaming_experience_settings(
            sdk::StreamingExperienceSettings::builder()
                .preferred_protocol("PIGEON".into())
                .build(),
        )
        .storage_connector_authentication("BY_VOICE".into())
        .agent_access_config(
            sdk::AgentAccessConfig::builder()
                .user_control_mode("SHARED".into())
                .build(),
        )
        .build();
    let observed = observed_stack(&described, ObservedTags::Known(BTreeMap::new())).unwrap();
    let input = update_stack("cfd", &observed.settings, &[])
        .build()
        .unwrap();
    let experience = input.streaming_experience_settings().unwrap();
    assert_eq!(experience.preferred_protocol().unwrap().as_str(), "PIGEON");
    let authentication = input.storage_connector_authentication().unwrap();
    assert_eq!(authentication.as_str(), "BY_VOICE");
    let agents = input.agent_access_config().unwrap();
    assert_eq!(agents.user_control_mode().unwrap().as_str(), "SHARED");
}

#[test]
fn a_fleet_without_a_name_an_arn_or_a_state_is_not_taken_for_a_known_one() {
    let tags = || ObservedTags::Unknown(String::new());
    let nameless = sdk::Fleet::builder().arn(ARN).build();
    assert_eq!(observed_fleet(&nameless, tags()), None);
    let without_arn = sdk::Fleet::builder().name("cfd").build();
    assert_eq!(observed_fleet(&without_arn, tags()), None);
    let stateless = sdk::Fleet::builder().name("cfd").arn(ARN).build();
    let observed = observed_fleet(&stateless, tags()).unwrap();
    assert_eq!(observed.state, FleetState::Other(String::new()));
}

#[test]
fn times_keep_their_seconds() {
    let time = aws_smithy_types::DateTime::from_secs_f64(1_590_395_603.645);
    let described = sdk::Stack::builder()
        .name("cfd")
        .arn(ARN)
        .created_time(time)
        .build();
    let observed = observed_stack(&described, ObservedTags::Known(BTreeMap::new())).unwrap();
    assert_eq!(observed.created_at.unwrap().timestamp(), 1_590_395_603);
}

/// What AWS would describe after it took the input, for the members that both sides have.
#[test]
fn a_created_fleet_is_observed_as_it_was_asked_for() {
    let settings = full_fleet();
    let tags = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    let input = create_fleet("cfd", &settings, &tags).build().unwrap();
    assert_eq!(input.tags().unwrap()["k"], "v");
    let capacity = input.compute_capacity().unwrap();
    let described = sdk::Fleet::builder()
        .set_name(input.name.clone())
        .arn(ARN)
        .set_image_name(input.image_name.clone())
        .set_image_arn(input.image_arn.clone())
        .set_instance_type(input.instance_type.clone())
        .set_fleet_type(input.fleet_type.clone())
        .compute_capacity_status(
            sdk::ComputeCapacityStatus::builder()
                .set_desired(capacity.desired_instances)
                .build(),
        )
        .set_max_user_duration_in_seconds(input.max_user_duration_in_seconds)
        .set_disconnect_timeout_in_seconds(input.disconnect_timeout_in_seconds)
        .set_idle_disconnect_timeout_in_seconds(input.idle_disconnect_timeout_in_seconds)
        .set_display_name(input.display_name.clone())
        .set_description(input.description.clone())
        .set_enable_default_internet_access(input.enable_default_internet_access)
        .set_iam_role_arn(input.iam_role_arn.clone())
        .set_stream_view(input.stream_view.clone())
        .set_vpc_config(input.vpc_config.clone())
        .set_platform(input.platform.clone())
        .set_domain_join_info(input.domain_join_info.clone())
        .set_max_concurrent_sessions(input.max_concurrent_sessions)
        .set_max_sessions_per_instance(input.max_sessions_per_instance)
        .set_usb_device_filter_strings(input.usb_device_filter_strings.clone())
        .set_session_script_s3_location(input.session_script_s3_location.clone())
        .set_root_volume_config(input.root_volume_config.clone())
        .set_disable_imdsv1(input.disable_imdsv1)
        .build();
    let observed = observed_fleet(&described, ObservedTags::Known(tags)).unwrap();
    assert_eq!(observed.settings, settings);
}

#[test]
fn a_created_stack_is_observed_as_it_was_asked_for() {
    let settings = full_stack();
    let input = create_stack("cfd", &settings, &BTreeMap::new())
        .build()
        .unwrap();
    assert!(input.tags.is_none(), "no tags are no member");
    let application = input.application_settings.unwrap();
    let described = sdk::Stack::builder()
        .set_name(input.name)
        .arn(ARN)
        .set_display_name(input.display_name)
        .set_description(input.description)
        .set_redirect_url(input.redirect_url)
        .set_feedback_url(input.feedback_url)
        .set_storage_connectors(input.storage_connectors)
        .set_user_settings(input.user_settings)
        .application_settings(
            sdk::ApplicationSettingsResponse::builder()
                .set_enabled(application.enabled)
                .set_settings_group(application.settings_group)
                .s3_bucket_name("appstream-app-settings-eu-west-1-123456789012-x")
                .build(),
        )
        .set_access_endpoints(input.access_endpoints)
        .set_embed_host_domains(input.embed_host_domains)
        .set_streaming_experience_settings(input.streaming_experience_settings)
        .set_content_redirection(input.content_redirection)
        .set_agent_access_config(input.agent_access_config)
        .set_storage_connector_authentication(input.storage_connector_authentication)
        .build();
    let observed = observed_stack(&described, ObservedTags::Known(BTreeMap::new())).unwrap();
    assert_eq!(observed.settings, settings);
}

#[test]
fn an_update_carries_only_what_changes() {
    let set = FleetSettings {
        description: Some(String::new()),
        ..FleetSettings::default()
    };
    let input = update_fleet("cfd", &set, &["IAM_ROLE_ARN".to_owned()])
        .unwrap()
        .build()
        .unwrap();
    let expected = aws_sdk_appstream::operation::update_fleet::UpdateFleetInput::builder()
        .name("cfd")
        .description("")
        .attributes_to_delete(sdk::FleetAttribute::IamRoleArn)
        .build()
        .unwrap();
    assert_eq!(input, expected);

    let input = update_stack(
        "cfd",
        &StackSettings::default(),
        &["REDIRECT_URL".to_owned()],
    )
    .build()
    .unwrap();
    let expected = aws_sdk_appstream::operation::update_stack::UpdateStackInput::builder()
        .name("cfd")
        .attributes_to_delete(sdk::StackAttribute::RedirectUrl)
        .build()
        .unwrap();
    assert_eq!(input, expected);
}

#[test]
fn an_update_sends_every_setting_of_a_fleet_it_is_given() {
    let mut settings = full_fleet();
    settings.fleet_type = None;
    let created = create_fleet("cfd", &settings, &BTreeMap::new())
        .build()
        .unwrap();
    let updated = update_fleet("cfd", &settings, &[])
        .unwrap()
        .build()
        .unwrap();
    assert_eq!(updated.image_name, created.image_name);
    assert_eq!(updated.image_arn, created.image_arn);
    assert_eq!(updated.instance_type, created.instance_type);
    assert_eq!(updated.compute_capacity, created.compute_capacity);
    assert_eq!(
        updated.max_user_duration_in_seconds,
        created.max_user_duration_in_seconds
    );
    assert_eq!(
        updated.disconnect_timeout_in_seconds,
        created.disconnect_timeout_in_seconds
    );
    assert_eq!(
        updated.idle_disconnect_timeout_in_seconds,
        created.idle_disconnect_timeout_in_seconds
    );
    assert_eq!(updated.display_name, created.display_name);
    assert_eq!(updated.description, created.description);
    assert_eq!(
        updated.enable_default_internet_access,
        created.enable_default_internet_access
    );
    assert_eq!(updated.iam_role_arn, created.iam_role_arn);
    assert_eq!(updated.stream_view, created.stream_view);
    assert_eq!(updated.vpc_config, created.vpc_config);
    assert_eq!(updated.platform, created.platform);
    assert_eq!(updated.domain_join_info, created.domain_join_info);
    assert_eq!(
        updated.max_concurrent_sessions,
        created.max_concurrent_sessions
    );
    assert_eq!(
        updated.max_sessions_per_instance,
        created.max_sessions_per_instance
    );
    assert_eq!(
        updated.usb_device_filter_strings,
        created.usb_device_filter_strings
    );
    assert_eq!(
        updated.session_script_s3_location,
        created.session_script_s3_location
    );
    assert_eq!(updated.root_volume_config, created.root_volume_config);
    assert_eq!(updated.disable_imdsv1, created.disable_imdsv1);
}

#[test]
fn an_update_sends_every_setting_of_a_stack_it_is_given() {
    let created = create_stack("cfd", &full_stack(), &BTreeMap::new())
        .build()
        .unwrap();
    let updated = update_stack("cfd", &full_stack(), &[]).build().unwrap();
    assert_eq!(updated.display_name, created.display_name);
    assert_eq!(updated.description, created.description);
    assert_eq!(updated.redirect_url, created.redirect_url);
    assert_eq!(updated.feedback_url, created.feedback_url);
    assert_eq!(updated.storage_connectors, created.storage_connectors);
    assert_eq!(updated.user_settings, created.user_settings);
    assert_eq!(updated.application_settings, created.application_settings);
    assert_eq!(updated.access_endpoints, created.access_endpoints);
    assert_eq!(updated.embed_host_domains, created.embed_host_domains);
    assert_eq!(
        updated.streaming_experience_settings,
        created.streaming_experience_settings
    );
    assert_eq!(updated.content_redirection, created.content_redirection);
    assert_eq!(
        updated.storage_connector_authentication,
        created.storage_connector_authentication
    );
    // The same members in the type that updates have.
    let (updated, created) = (
        updated.agent_access_config.unwrap(),
        created.agent_access_config.unwrap(),
    );
    assert_eq!(
        format!("{updated:?}"),
        format!("{created:?}").replace("AgentAccessConfig ", "AgentAccessConfigForUpdate ")
    );
}

#[test]
fn a_change_that_aws_has_no_member_for_is_refused_and_not_dropped() {
    let set = FleetSettings {
        fleet_type: Some("ALWAYS_ON".to_owned()),
        ..FleetSettings::default()
    };
    let error = update_fleet("cfd", &set, &[]).unwrap_err();
    assert_eq!(error.class, ErrorClass::Invalid);
    assert!(error.message.contains("fleet/cfd"), "{error}");
}

#[test]
fn tags_of_aws_itself_are_dropped() {
    let tags = [("aws:cloudformation:stack-name", "x"), ("owner", "me")];
    let tags = own_tags(tags.map(|(key, value)| (key.to_owned(), value.to_owned())));
    assert_eq!(
        tags,
        BTreeMap::from([("owner".to_owned(), "me".to_owned())])
    );
}

#[test]
fn every_error_of_a_fleet_or_a_stack_has_an_advice_and_no_other() {
    use aws_sdk_appstream::types::{FleetErrorCode, StackErrorCode};
    use streamkeeper_core::advice::{Advice, FLEET_ERRORS, STACK_ERRORS};

    let codes = |table: &[Advice]| {
        let codes = table.iter().map(|(code, _)| (*code).to_owned());
        codes.collect::<std::collections::BTreeSet<String>>()
    };
    let known = |values: &[&str]| values.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(codes(FLEET_ERRORS), known(FleetErrorCode::values()));
    assert_eq!(codes(STACK_ERRORS), known(StackErrorCode::values()));
}
