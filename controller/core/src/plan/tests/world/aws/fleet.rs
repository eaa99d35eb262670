//! Creates and updates fleets.

use std::collections::BTreeMap;

use super::super::super::harness::arn;
use super::{Refused, Unknowns, put, put_text, refuse};
use crate::observed::{FleetState, ObservedFleet, ObservedTags};
use crate::settings::{FleetSettings, VolumeConfig, VpcConfig};
use crate::spec::ComputeCapacity;

/// `CreateFleet`: through the API it is STOPPED.
pub(super) fn create(
    name: &str,
    settings: &FleetSettings,
    tags: &BTreeMap<String, String>,
    unknowns: Unknowns,
) -> Result<ObservedFleet, Refused> {
    let defaults = FleetSettings {
        fleet_type: Some("ON_DEMAND".to_owned()),
        max_user_duration_in_seconds: Some(57_600),
        disconnect_timeout_in_seconds: Some(900),
        idle_disconnect_timeout_in_seconds: Some(0),
        enable_default_internet_access: Some(false),
        stream_view: Some("APP".to_owned()),
        // What the image says.
        platform: Some("WINDOWS_SERVER_2022".to_owned()),
        root_volume_config: unknowns.shows_defaults.then_some(VolumeConfig {
            volume_size_in_gb: Some(200),
        }),
        disable_imdsv1: unknowns.shows_defaults.then_some(false),
        ..FleetSettings::default()
    };
    let mut fleet = ObservedFleet {
        name: name.to_owned(),
        arn: arn(&format!("fleet/{name}")),
        state: FleetState::Stopped,
        created_at: None,
        settings: defaults,
        errors: Vec::new(),
        tags: ObservedTags::Known(tags.clone()),
    };
    refuse(settings.instance_type.is_none(), "InstanceType is required")?;
    let mut settings = settings.clone();
    fleet.settings.fleet_type = settings.fleet_type.take().or(fleet.settings.fleet_type);
    update(&mut fleet, &settings, &[], unknowns)?;
    Ok(fleet)
}

/// `UpdateFleet`.
pub(super) fn update(
    fleet: &mut ObservedFleet,
    set: &FleetSettings,
    delete: &[String],
    unknowns: Unknowns,
) -> Result<(), Refused> {
    let needs_stop = needs_stop(fleet, set, delete);
    let moves = matches!(fleet.state, FleetState::Starting | FleetState::Stopping);
    refuse(moves, "ResourceInUse: it is on its way")?;
    let stopped = fleet.state == FleetState::Stopped;
    refuse(needs_stop && !stopped, "ResourceInUse: it must be stopped")?;
    refuse(set.fleet_type.is_some(), "UpdateFleet has no FleetType")?;
    refuse(
        *set == FleetSettings::default() && delete.is_empty(),
        "an empty update",
    )?;
    let settings = &mut fleet.settings;
    for attribute in delete {
        delete_attribute(settings, set, attribute, unknowns)?;
    }
    put_members(settings, set, unknowns)?;
    go_together(settings, set, delete)
}

/// Overwrites members that were sent.
macro_rules! overwrite {
    ($stored:ident: $($member:ident),+ $(,)?) => { $(put(&mut $stored.$member, $member);)+ };
}

fn put_members(
    settings: &mut FleetSettings,
    set: &FleetSettings,
    unknowns: Unknowns,
) -> Result<(), Refused> {
    let FleetSettings {
        image_name,
        image_arn,
        instance_type,
        fleet_type: _,
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
    put_image(settings, image_name.as_ref(), image_arn.as_ref())?;
    put_text(&mut settings.display_name, display_name);
    put_text(&mut settings.description, description);
    overwrite!(
        settings: instance_type,
        max_user_duration_in_seconds,
        disconnect_timeout_in_seconds,
        idle_disconnect_timeout_in_seconds,
        enable_default_internet_access,
        iam_role_arn,
        stream_view,
        platform,
        domain_join_info,
        max_concurrent_sessions,
        max_sessions_per_instance,
        usb_device_filter_strings,
        session_script_s3_location,
        root_volume_config,
        disable_imdsv1,
    );
    if let Some(capacity) = compute_capacity {
        let ComputeCapacity {
            desired_instances,
            desired_sessions,
        } = capacity;
        let both = desired_instances.is_some() == desired_sessions.is_some();
        refuse(both, "exactly one of instances and sessions")?;
        settings.compute_capacity = Some(capacity.clone());
    }
    if let Some(network) = vpc_config {
        put_network(settings, network, unknowns)?;
    }
    Ok(())
}

/// What a running fleet does not take, by its type.
fn needs_stop(fleet: &ObservedFleet, set: &FleetSettings, delete: &[String]) -> bool {
    let standard = [
        "displayName",
        "computeCapacity",
        "imageArn",
        "imageName",
        "idleDisconnectTimeoutInSeconds",
        "disconnectTimeoutInSeconds",
    ];
    let elastic = [
        "displayName",
        "idleDisconnectTimeoutInSeconds",
        "disconnectTimeoutInSeconds",
        "maxConcurrentSessions",
        "sessionScriptS3Location",
        "usbDeviceFilterStrings",
    ];
    let is_elastic = fleet.settings.fleet_type.as_deref() == Some("ELASTIC");
    let takes: &[&str] = if is_elastic { &elastic } else { &standard };
    let sent = serde_json::json!(set);
    let members = sent.as_object().unwrap().keys();
    let deletes = ["SESSION_SCRIPT_S3_LOCATION", "USB_DEVICE_FILTER_STRINGS"];
    members
        .into_iter()
        .any(|member| !takes.contains(&member.as_str()))
        || delete
            .iter()
            .any(|name| !is_elastic || !deletes.contains(&name.as_str()))
}

/// Refuses members that do not go together.
fn go_together(
    settings: &FleetSettings,
    set: &FleetSettings,
    delete: &[String],
) -> Result<(), Refused> {
    let capacity = settings.compute_capacity.as_ref();
    let multi = settings.max_sessions_per_instance.is_some();
    if settings.fleet_type.as_deref() == Some("ELASTIC") {
        refuse(capacity.is_some(), "an Elastic fleet has no capacity")?;
        refuse(
            settings.domain_join_info.is_some(),
            "an Elastic fleet joins no domain",
        )?;
        let touched = set.vpc_config.is_some() || delete.contains(&"VPC_CONFIGURATION".to_owned());
        let network = settings.vpc_config.as_ref();
        let subnets = network.and_then(|network| network.subnet_ids.as_ref());
        refuse(
            touched && subnets.is_none_or(|subnets| subnets.len() < 2),
            "an Elastic fleet needs two subnets",
        )?;
        return refuse(
            multi || settings.max_concurrent_sessions.is_none(),
            "an Elastic fleet has concurrent sessions",
        );
    }
    refuse(
        settings.max_concurrent_sessions.is_some(),
        "concurrent sessions are for Elastic fleets",
    )?;
    let sessions = capacity.map(|capacity| capacity.desired_sessions.is_some());
    refuse(
        sessions.is_some_and(|sessions| sessions != multi),
        "sessions are the capacity of a multi-session fleet",
    )
}

fn delete_attribute(
    settings: &mut FleetSettings,
    set: &FleetSettings,
    attribute: &str,
    unknowns: Unknowns,
) -> Result<(), Refused> {
    match attribute {
        "VPC_CONFIGURATION" => {
            refuse(set.vpc_config.is_some(), "the network is set and deleted")?;
            settings.vpc_config = None;
        }
        "VPC_CONFIGURATION_SECURITY_GROUP_IDS" => {
            let sent = set.vpc_config.as_ref();
            let twice = sent.is_some_and(|network| network.security_group_ids.is_some());
            refuse(twice, "security groups are set and deleted")?;
            if let Some(network) = &mut settings.vpc_config {
                network.security_group_ids = None;
            }
        }
        "IAM_ROLE_ARN" => {
            refuse(set.iam_role_arn.is_some(), "the role is set and deleted")?;
            settings.iam_role_arn = None;
        }
        "DOMAIN_JOIN_INFO" => {
            refuse(set.domain_join_info.is_some(), "it is set and deleted")?;
            settings.domain_join_info = None;
        }
        "MAX_SESSIONS_PER_INSTANCE" => {
            let twice = set.max_sessions_per_instance.is_some();
            refuse(twice, "it is set and deleted")?;
            settings.max_sessions_per_instance = None;
        }
        "USB_DEVICE_FILTER_STRINGS" => {
            let twice = set.usb_device_filter_strings.is_some();
            refuse(twice, "they are set and deleted")?;
            settings.usb_device_filter_strings = None;
        }
        "SESSION_SCRIPT_S3_LOCATION" => {
            let twice = set.session_script_s3_location.is_some();
            refuse(twice, "it is set and deleted")?;
            settings.session_script_s3_location = None;
        }
        "VOLUME_CONFIGURATION" => {
            refuse(set.root_volume_config.is_some(), "it is set and deleted")?;
            settings.root_volume_config = unknowns.shows_defaults.then_some(VolumeConfig {
                volume_size_in_gb: Some(200),
            });
        }
        other => return Err(Refused(format!("AttributesToDelete: {other}"))),
    }
    Ok(())
}

/// Both are shown, whichever was sent.
fn put_image(
    settings: &mut FleetSettings,
    name: Option<&String>,
    image: Option<&String>,
) -> Result<(), Refused> {
    match (name, image) {
        (Some(_), Some(_)) => return Err(Refused("only one of name and ARN".to_owned())),
        (Some(name), None) => {
            settings.image_name = Some(name.clone());
            settings.image_arn = Some(arn(&format!("image/{name}")));
        }
        (None, Some(image)) => {
            settings.image_name = image.rsplit_once('/').map(|(_, name)| name.to_owned());
            settings.image_arn = Some(image.clone());
        }
        (None, None) => {}
    }
    Ok(())
}

fn put_network(
    settings: &mut FleetSettings,
    sent: &VpcConfig,
    unknowns: Unknowns,
) -> Result<(), Refused> {
    let before = settings.vpc_config.take();
    let before = before.filter(|_| unknowns.network_merges);
    let mut network = before.unwrap_or_default();
    put(&mut network.subnet_ids, &sent.subnet_ids);
    put(&mut network.security_group_ids, &sent.security_group_ids);
    refuse(network.subnet_ids.is_none(), "a network has subnets")?;
    settings.vpc_config = Some(network);
    Ok(())
}
