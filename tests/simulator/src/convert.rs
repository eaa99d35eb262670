//! Converts between AWS's documents and the core's settings.
//!
//! The core's members are AWS's with the first letter lowered, so an input is the serialised
//! settings with that letter raised again. What AWS returns is picked member by member: it holds
//! more than settings, and the core compares sets in sorted order.

use serde::Serialize;
use serde_json::{Map, Value};
use streamkeeper_core::settings::{
    AccessEndpoint, AgentAccessConfig, AgentAccessSetting, ApplicationSettings, ContentRedirection,
    DomainJoinInfo, FleetSettings, S3Location, StackSettings, StorageConnector,
    StreamingExperienceSettings, UrlRedirectionConfig, UserSetting, VolumeConfig, VpcConfig,
};
use streamkeeper_core::spec::ComputeCapacity;

/// Settings as members of an input, by AWS's names.
///
/// # Panics
///
/// When the settings do not serialise as an object, which those of the core always do.
pub fn to_members(settings: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(settings).map(raise_keys) {
        Ok(Value::Object(members)) => members,
        Ok(_) | Err(_) => panic!("settings serialise as an object"),
    }
}

/// The settings in one element of `DescribeFleets.Fleets`.
#[must_use]
pub fn fleet_settings(fleet: &Value) -> FleetSettings {
    FleetSettings {
        image_name: text(fleet, "ImageName"),
        image_arn: text(fleet, "ImageArn"),
        instance_type: text(fleet, "InstanceType"),
        fleet_type: text(fleet, "FleetType"),
        compute_capacity: compute_capacity(&fleet["ComputeCapacityStatus"]),
        max_user_duration_in_seconds: integer(fleet, "MaxUserDurationInSeconds"),
        disconnect_timeout_in_seconds: integer(fleet, "DisconnectTimeoutInSeconds"),
        idle_disconnect_timeout_in_seconds: integer(fleet, "IdleDisconnectTimeoutInSeconds"),
        display_name: text(fleet, "DisplayName"),
        description: text(fleet, "Description"),
        enable_default_internet_access: fleet["EnableDefaultInternetAccess"].as_bool(),
        iam_role_arn: text(fleet, "IamRoleArn"),
        stream_view: text(fleet, "StreamView"),
        vpc_config: vpc_config(&fleet["VpcConfig"]),
        platform: text(fleet, "Platform"),
        domain_join_info: domain_join_info(&fleet["DomainJoinInfo"]),
        max_concurrent_sessions: integer(fleet, "MaxConcurrentSessions"),
        max_sessions_per_instance: integer(fleet, "MaxSessionsPerInstance"),
        usb_device_filter_strings: sorted_texts(&fleet["UsbDeviceFilterStrings"]),
        session_script_s3_location: s3_location(&fleet["SessionScriptS3Location"]),
        root_volume_config: integer(&fleet["RootVolumeConfig"], "VolumeSizeInGb").map(|size| {
            VolumeConfig {
                volume_size_in_gb: Some(size),
            }
        }),
        disable_imdsv1: fleet["DisableIMDSV1"].as_bool(),
    }
}

/// The settings in one element of `DescribeStacks.Stacks`.
#[must_use]
pub fn stack_settings(stack: &Value) -> StackSettings {
    StackSettings {
        display_name: text(stack, "DisplayName"),
        description: text(stack, "Description"),
        redirect_url: text(stack, "RedirectURL"),
        feedback_url: text(stack, "FeedbackURL"),
        storage_connectors: storage_connectors(&stack["StorageConnectors"]),
        user_settings: user_settings(&stack["UserSettings"]),
        application_settings: application_settings(&stack["ApplicationSettings"]),
        access_endpoints: access_endpoints(&stack["AccessEndpoints"]),
        embed_host_domains: sorted_texts(&stack["EmbedHostDomains"]),
        streaming_experience_settings: text(
            &stack["StreamingExperienceSettings"],
            "PreferredProtocol",
        )
        .map(|protocol| StreamingExperienceSettings {
            preferred_protocol: Some(protocol),
        }),
        content_redirection: content_redirection(&stack["ContentRedirection"]),
        agent_access_config: agent_access(&stack["AgentAccessConfig"]),
        storage_connector_authentication: text(stack, "StorageConnectorAuthentication"),
    }
}

fn raise_keys(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(key, value)| (raised(&key), raise_keys(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(raise_keys).collect()),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar,
    }
}

fn raised(key: &str) -> String {
    let mut letters = key.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// AWS returns what is desired among what is available and in use. A multi-session fleet has both
/// figures, and what was asked for is the sessions.
fn compute_capacity(status: &Value) -> Option<ComputeCapacity> {
    let desired_sessions = integer(status, "DesiredUserSessions");
    let desired_instances = match desired_sessions {
        Some(_) => None,
        None => integer(status, "Desired"),
    };
    (desired_instances.is_some() || desired_sessions.is_some()).then_some(ComputeCapacity {
        desired_instances,
        desired_sessions,
    })
}

fn vpc_config(config: &Value) -> Option<VpcConfig> {
    let subnet_ids = sorted_texts(&config["SubnetIds"]);
    let security_group_ids = sorted_texts(&config["SecurityGroupIds"]);
    (subnet_ids.is_some() || security_group_ids.is_some()).then_some(VpcConfig {
        subnet_ids,
        security_group_ids,
    })
}

fn domain_join_info(directory: &Value) -> Option<DomainJoinInfo> {
    let settings = DomainJoinInfo {
        directory_name: text(directory, "DirectoryName"),
        organizational_unit_distinguished_name: text(
            directory,
            "OrganizationalUnitDistinguishedName",
        ),
    };
    (settings != DomainJoinInfo::default()).then_some(settings)
}

fn s3_location(location: &Value) -> Option<S3Location> {
    let settings = S3Location {
        s3_bucket: text(location, "S3Bucket"),
        s3_key: text(location, "S3Key"),
    };
    (settings != S3Location::default()).then_some(settings)
}

fn access_endpoints(endpoints: &Value) -> Option<Vec<AccessEndpoint>> {
    let mut endpoints: Vec<AccessEndpoint> = endpoints
        .as_array()?
        .iter()
        .map(|endpoint| AccessEndpoint {
            endpoint_type: text(endpoint, "EndpointType").unwrap_or_default(),
            vpce_id: text(endpoint, "VpceId"),
        })
        .collect();
    endpoints.sort();
    (!endpoints.is_empty()).then_some(endpoints)
}

fn content_redirection(redirection: &Value) -> Option<ContentRedirection> {
    let links = &redirection["HostToClient"];
    Some(ContentRedirection {
        host_to_client: Some(UrlRedirectionConfig {
            enabled: links["Enabled"].as_bool()?,
            allowed_urls: sorted_texts(&links["AllowedUrls"]),
            denied_urls: sorted_texts(&links["DeniedUrls"]),
        }),
    })
}

fn agent_access(config: &Value) -> Option<AgentAccessConfig> {
    let settings = config["Settings"].as_array().map(|settings| {
        let mut settings: Vec<AgentAccessSetting> = settings
            .iter()
            .map(|setting| AgentAccessSetting {
                agent_action: text(setting, "AgentAction").unwrap_or_default(),
                permission: text(setting, "Permission").unwrap_or_default(),
            })
            .collect();
        settings.sort();
        settings
    });
    let config = AgentAccessConfig {
        settings,
        s3_bucket_arn: text(config, "S3BucketArn"),
        screenshots_upload_enabled: config["ScreenshotsUploadEnabled"].as_bool(),
        screen_resolution: text(config, "ScreenResolution"),
        screen_image_format: text(config, "ScreenImageFormat"),
        user_control_mode: text(config, "UserControlMode"),
    };
    (config != AgentAccessConfig::default()).then_some(config)
}

fn storage_connectors(connectors: &Value) -> Option<Vec<StorageConnector>> {
    let mut connectors: Vec<StorageConnector> = connectors
        .as_array()?
        .iter()
        .map(|connector| StorageConnector {
            connector_type: text(connector, "ConnectorType").unwrap_or_default(),
            resource_identifier: text(connector, "ResourceIdentifier"),
            domains: sorted_texts(&connector["Domains"]),
            domains_require_admin_consent: sorted_texts(&connector["DomainsRequireAdminConsent"]),
        })
        .collect();
    connectors.sort_by(|a, b| a.connector_type.cmp(&b.connector_type));
    (!connectors.is_empty()).then_some(connectors)
}

fn user_settings(settings: &Value) -> Option<Vec<UserSetting>> {
    let mut settings: Vec<UserSetting> = settings
        .as_array()?
        .iter()
        .map(|setting| UserSetting {
            action: text(setting, "Action").unwrap_or_default(),
            permission: text(setting, "Permission").unwrap_or_default(),
            maximum_length: integer(setting, "MaximumLength"),
        })
        .collect();
    settings.sort_by(|a, b| a.action.cmp(&b.action));
    (!settings.is_empty()).then_some(settings)
}

fn application_settings(settings: &Value) -> Option<ApplicationSettings> {
    Some(ApplicationSettings {
        enabled: settings["Enabled"].as_bool()?,
        settings_group: text(settings, "SettingsGroup"),
    })
}

/// A text; AWS may return an unset one as empty instead of leaving it out.
fn text(document: &Value, member: &str) -> Option<String> {
    document[member]
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

fn integer(document: &Value, member: &str) -> Option<i32> {
    document[member]
        .as_i64()
        .and_then(|integer| i32::try_from(integer).ok())
}

fn sorted_texts(list: &Value) -> Option<Vec<String>> {
    let mut texts: Vec<String> = list
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    texts.sort();
    texts.dedup();
    (!texts.is_empty()).then_some(texts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_become_an_input_by_raising_the_first_letter() {
        let settings = StackSettings {
            redirect_url: Some("https://example.com".to_owned()),
            storage_connectors: Some(vec![StorageConnector {
                connector_type: "HOMEFOLDERS".to_owned(),
                ..StorageConnector::default()
            }]),
            ..StackSettings::default()
        };
        assert_eq!(
            Value::Object(to_members(&settings)),
            json!({"RedirectURL": "https://example.com",
                   "StorageConnectors": [{"ConnectorType": "HOMEFOLDERS"}]})
        );
    }

    #[test]
    fn a_described_fleet_is_read_with_its_sets_sorted() {
        let settings = fleet_settings(&json!({
            "Name": "cfd", "ImageName": "i", "ImageArn": "arn", "Description": "",
            "ComputeCapacityStatus": {"Desired": 2, "Running": 1, "Reserved": 7},
            "VpcConfig": {"SubnetIds": ["b", "a"], "SecurityGroupIds": []},
        }));
        assert_eq!(
            settings,
            FleetSettings {
                image_name: Some("i".to_owned()),
                image_arn: Some("arn".to_owned()),
                compute_capacity: Some(ComputeCapacity {
                    desired_instances: Some(2),
                    desired_sessions: None,
                }),
                vpc_config: Some(VpcConfig {
                    subnet_ids: Some(vec!["a".to_owned(), "b".to_owned()]),
                    security_group_ids: None,
                }),
                ..FleetSettings::default()
            }
        );
    }

    #[test]
    fn what_is_sent_is_what_is_read_back() {
        let settings = StackSettings {
            display_name: Some("CFD".to_owned()),
            feedback_url: Some("https://example.com/f".to_owned()),
            user_settings: Some(vec![UserSetting {
                action: "FILE_UPLOAD".to_owned(),
                permission: "DISABLED".to_owned(),
                maximum_length: None,
            }]),
            application_settings: Some(ApplicationSettings {
                enabled: true,
                settings_group: Some("cfd".to_owned()),
            }),
            access_endpoints: Some(vec![AccessEndpoint {
                endpoint_type: "STREAMING".to_owned(),
                vpce_id: Some("vpce-1".to_owned()),
            }]),
            content_redirection: Some(ContentRedirection {
                host_to_client: Some(UrlRedirectionConfig {
                    enabled: true,
                    allowed_urls: Some(vec!["https://a".to_owned()]),
                    denied_urls: None,
                }),
            }),
            agent_access_config: Some(AgentAccessConfig {
                s3_bucket_arn: Some("arn:aws:s3:::shots".to_owned()),
                ..AgentAccessConfig::default()
            }),
            ..StackSettings::default()
        };
        let members = Value::Object(to_members(&settings));
        assert_eq!(stack_settings(&members), settings);
        let settings = FleetSettings {
            disable_imdsv1: Some(true),
            session_script_s3_location: Some(S3Location {
                s3_bucket: Some("scripts".to_owned()),
                s3_key: Some("cfd.zip".to_owned()),
            }),
            root_volume_config: Some(VolumeConfig {
                volume_size_in_gb: Some(300),
            }),
            ..FleetSettings::default()
        };
        let members = Value::Object(to_members(&settings));
        assert_eq!(members["DisableIMDSV1"], true);
        assert_eq!(fleet_settings(&members), settings);
    }
}
