//! Translates fleets.

use std::collections::BTreeMap;

use aws_sdk_appstream::operation::create_fleet::CreateFleetInput;
use aws_sdk_appstream::operation::create_fleet::builders::CreateFleetInputBuilder;
use aws_sdk_appstream::operation::update_fleet::UpdateFleetInput;
use aws_sdk_appstream::operation::update_fleet::builders::UpdateFleetInputBuilder;
use aws_sdk_appstream::types::{self as sdk, FleetAttribute, FleetType, PlatformType, StreamView};
use streamkeeper_core::action::ObjectRef;
use streamkeeper_core::cloud::{ApplyError, ErrorClass};
use streamkeeper_core::observed::{AwsIssue, FleetState, ObservedFleet, ObservedTags};
use streamkeeper_core::settings::{
    AttributeToDelete, DomainJoinInfo, FleetSettings, S3Location, VolumeConfig, VpcConfig,
};
use streamkeeper_core::spec::ComputeCapacity;

use super::{sorted_set, tag_map, text, timestamp};

/// A fleet as AWS described it; `None` if it came without a name or an ARN, which only a broken
/// answer has.
pub(crate) fn observed_fleet(fleet: &sdk::Fleet, tags: ObservedTags) -> Option<ObservedFleet> {
    Some(ObservedFleet {
        name: text(fleet.name())?,
        arn: text(fleet.arn())?,
        // Without a state it is in none that we know, so nothing that needs one is planned.
        state: FleetState::parse(fleet.state().map_or("", |state| state.as_str())),
        created_at: timestamp(fleet.created_time()),
        settings: fleet_settings(fleet),
        errors: fleet.fleet_errors().iter().map(issue).collect(),
        tags,
    })
}

fn fleet_settings(fleet: &sdk::Fleet) -> FleetSettings {
    FleetSettings {
        image_name: text(fleet.image_name()),
        image_arn: text(fleet.image_arn()),
        instance_type: text(fleet.instance_type()),
        fleet_type: text(fleet.fleet_type().map(FleetType::as_str)),
        compute_capacity: fleet.compute_capacity_status().and_then(capacity),
        max_user_duration_in_seconds: fleet.max_user_duration_in_seconds(),
        disconnect_timeout_in_seconds: fleet.disconnect_timeout_in_seconds(),
        idle_disconnect_timeout_in_seconds: fleet.idle_disconnect_timeout_in_seconds(),
        display_name: text(fleet.display_name()),
        description: text(fleet.description()),
        enable_default_internet_access: fleet.enable_default_internet_access(),
        iam_role_arn: text(fleet.iam_role_arn()),
        stream_view: text(fleet.stream_view().map(StreamView::as_str)),
        vpc_config: fleet.vpc_config().and_then(vpc_config),
        platform: text(fleet.platform().map(PlatformType::as_str)),
        domain_join_info: fleet.domain_join_info().and_then(domain_join_info),
        max_concurrent_sessions: fleet.max_concurrent_sessions(),
        max_sessions_per_instance: fleet.max_sessions_per_instance(),
        usb_device_filter_strings: sorted_set(fleet.usb_device_filter_strings()),
        session_script_s3_location: fleet.session_script_s3_location().and_then(s3_location),
        root_volume_config: fleet.root_volume_config().and_then(volume_config),
        disable_imdsv1: fleet.disable_imdsv1(),
    }
}

/// The desired part of `ComputeCapacityStatus`. A multi-session fleet is set in sessions; what AWS
/// then returns as desired instances is derived from them and nobody's setting.
fn capacity(status: &sdk::ComputeCapacityStatus) -> Option<ComputeCapacity> {
    let sessions = status.desired_user_sessions();
    let instances = status.desired().filter(|_| sessions.is_none());
    (sessions.is_some() || instances.is_some()).then_some(ComputeCapacity {
        desired_instances: instances,
        desired_sessions: sessions,
    })
}

/// The network, or nothing when AWS answered an empty one.
fn vpc_config(network: &sdk::VpcConfig) -> Option<VpcConfig> {
    let ours = VpcConfig {
        subnet_ids: sorted_set(network.subnet_ids()),
        security_group_ids: sorted_set(network.security_group_ids()),
    };
    (ours != VpcConfig::default()).then_some(ours)
}

/// The directory, or nothing when AWS answered an empty one.
fn domain_join_info(directory: &sdk::DomainJoinInfo) -> Option<DomainJoinInfo> {
    let ours = DomainJoinInfo {
        directory_name: text(directory.directory_name()),
        organizational_unit_distinguished_name: text(
            directory.organizational_unit_distinguished_name(),
        ),
    };
    (ours != DomainJoinInfo::default()).then_some(ours)
}

fn s3_location(location: &sdk::S3Location) -> Option<S3Location> {
    let ours = S3Location {
        s3_bucket: text(location.s3_bucket()),
        s3_key: text(location.s3_key()),
    };
    (ours != S3Location::default()).then_some(ours)
}

fn volume_config(volume: &sdk::VolumeConfig) -> Option<VolumeConfig> {
    let ours = VolumeConfig {
        volume_size_in_gb: volume.volume_size_in_gb(),
    };
    (ours != VolumeConfig::default()).then_some(ours)
}

fn issue(error: &sdk::FleetError) -> AwsIssue {
    AwsIssue {
        code: error
            .error_code()
            .map_or("", |code| code.as_str())
            .to_owned(),
        message: error.error_message().unwrap_or_default().to_owned(),
    }
}

/// `CreateFleet`'s input: every setting that is there, and the tags from the first moment on.
pub(crate) fn create_fleet(
    name: &str,
    settings: &FleetSettings,
    tags: &BTreeMap<String, String>,
) -> CreateFleetInputBuilder {
    let FleetSettings {
        image_name,
        image_arn,
        instance_type,
        fleet_type,
        compute_capacity,
        max_user_duration_in_seconds,
        disconnect_timeout_in_seconds,
        idle_disconnect_timeout_in_seconds,
        display_name,
        description,
        enable_default_internet_access,
        iam_role_arn,
        stream_view,
        vpc_config,
        platform,
        domain_join_info,
        max_concurrent_sessions,
        max_sessions_per_instance,
        usb_device_filter_strings,
        session_script_s3_location,
        root_volume_config,
        disable_imdsv1,
    } = settings;
    CreateFleetInput::builder()
        .name(name)
        .set_image_name(image_name.clone())
        .set_image_arn(image_arn.clone())
        .set_instance_type(instance_type.clone())
        .set_fleet_type(fleet_type.as_deref().map(FleetType::from))
        .set_compute_capacity(compute_capacity.as_ref().map(sdk_capacity))
        .set_max_user_duration_in_seconds(*max_user_duration_in_seconds)
        .set_disconnect_timeout_in_seconds(*disconnect_timeout_in_seconds)
        .set_idle_disconnect_timeout_in_seconds(*idle_disconnect_timeout_in_seconds)
        .set_display_name(display_name.clone())
        .set_description(description.clone())
        .set_enable_default_internet_access(*enable_default_internet_access)
        .set_iam_role_arn(iam_role_arn.clone())
        .set_stream_view(stream_view.as_deref().map(StreamView::from))
        .set_vpc_config(vpc_config.as_ref().map(sdk_vpc_config))
        .set_platform(platform.as_deref().map(PlatformType::from))
        .set_domain_join_info(domain_join_info.as_ref().map(sdk_domain_join_info))
        .set_max_concurrent_sessions(*max_concurrent_sessions)
        .set_max_sessions_per_instance(*max_sessions_per_instance)
        .set_usb_device_filter_strings(usb_device_filter_strings.clone())
        .set_session_script_s3_location(session_script_s3_location.as_ref().map(sdk_s3_location))
        .set_root_volume_config(root_volume_config.as_ref().map(sdk_volume_config))
        .set_disable_imdsv1(*disable_imdsv1)
        .set_tags(tag_map(tags))
}

/// `UpdateFleet`'s input: only what is there; what is not stays as it is.
///
/// # Errors
///
/// Fails when the settings name a fleet type: `UpdateFleet` has no such member, and to leave it out
/// silently would be to report a change that was not made.
pub(crate) fn update_fleet(
    name: &str,
    set: &FleetSettings,
    delete: &[AttributeToDelete],
) -> Result<UpdateFleetInputBuilder, ApplyError> {
    let FleetSettings {
        image_name,
        image_arn,
        instance_type,
        fleet_type,
        compute_capacity,
        max_user_duration_in_seconds,
        disconnect_timeout_in_seconds,
        idle_disconnect_timeout_in_seconds,
        display_name,
        description,
        enable_default_internet_access,
        iam_role_arn,
        stream_view,
        vpc_config,
        platform,
        domain_join_info,
        max_concurrent_sessions,
        max_sessions_per_instance,
        usb_device_filter_strings,
        session_script_s3_location,
        root_volume_config,
        disable_imdsv1,
    } = set;
    if fleet_type.is_some() {
        return Err(ApplyError {
            class: ErrorClass::Invalid,
            code: "FleetTypeIsImmutable".to_owned(),
            message: format!(
                "UpdateFleet {}: AWS cannot change a fleet's type",
                ObjectRef::fleet(name)
            ),
            request_id: None,
        });
    }
    let delete: Vec<_> = delete
        .iter()
        .map(|attribute| FleetAttribute::from(attribute.as_str()))
        .collect();
    Ok(UpdateFleetInput::builder()
        .name(name)
        .set_image_name(image_name.clone())
        .set_image_arn(image_arn.clone())
        .set_instance_type(instance_type.clone())
        .set_compute_capacity(compute_capacity.as_ref().map(sdk_capacity))
        .set_max_user_duration_in_seconds(*max_user_duration_in_seconds)
        .set_disconnect_timeout_in_seconds(*disconnect_timeout_in_seconds)
        .set_idle_disconnect_timeout_in_seconds(*idle_disconnect_timeout_in_seconds)
        .set_display_name(display_name.clone())
        .set_description(description.clone())
        .set_enable_default_internet_access(*enable_default_internet_access)
        .set_iam_role_arn(iam_role_arn.clone())
        .set_stream_view(stream_view.as_deref().map(StreamView::from))
        .set_vpc_config(vpc_config.as_ref().map(sdk_vpc_config))
        .set_platform(platform.as_deref().map(PlatformType::from))
        .set_domain_join_info(domain_join_info.as_ref().map(sdk_domain_join_info))
        .set_max_concurrent_sessions(*max_concurrent_sessions)
        .set_max_sessions_per_instance(*max_sessions_per_instance)
        .set_usb_device_filter_strings(usb_device_filter_strings.clone())
        .set_session_script_s3_location(session_script_s3_location.as_ref().map(sdk_s3_location))
        .set_root_volume_config(root_volume_config.as_ref().map(sdk_volume_config))
        .set_disable_imdsv1(*disable_imdsv1)
        .set_attributes_to_delete((!delete.is_empty()).then_some(delete)))
}

fn sdk_capacity(capacity: &ComputeCapacity) -> sdk::ComputeCapacity {
    let ComputeCapacity {
        desired_instances,
        desired_sessions,
    } = capacity;
    sdk::ComputeCapacity::builder()
        .set_desired_instances(*desired_instances)
        .set_desired_sessions(*desired_sessions)
        .build()
}

fn sdk_vpc_config(network: &VpcConfig) -> sdk::VpcConfig {
    let VpcConfig {
        subnet_ids,
        security_group_ids,
    } = network;
    sdk::VpcConfig::builder()
        .set_subnet_ids(subnet_ids.clone())
        .set_security_group_ids(security_group_ids.clone())
        .build()
}

fn sdk_domain_join_info(directory: &DomainJoinInfo) -> sdk::DomainJoinInfo {
    let DomainJoinInfo {
        directory_name,
        organizational_unit_distinguished_name,
    } = directory;
    sdk::DomainJoinInfo::builder()
        .set_directory_name(directory_name.clone())
        .set_organizational_unit_distinguished_name(organizational_unit_distinguished_name.clone())
        .build()
}

fn sdk_s3_location(location: &S3Location) -> sdk::S3Location {
    let S3Location { s3_bucket, s3_key } = location;
    sdk::S3Location::builder()
        .set_s3_bucket(s3_bucket.clone())
        .set_s3_key(s3_key.clone())
        .build()
}

fn sdk_volume_config(volume: &VolumeConfig) -> sdk::VolumeConfig {
    let VolumeConfig { volume_size_in_gb } = volume;
    sdk::VolumeConfig::builder()
        .set_volume_size_in_gb(*volume_size_in_gb)
        .build()
}
