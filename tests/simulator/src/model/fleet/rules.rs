//! Says which members of a fleet go together, within which ranges, and which need it stopped.
//!
//! Sources: `UpdateFleet`'s documentation in the service model for what a running fleet takes; the
//! members' documentation for ranges and combinations. No source names the code of a value out of
//! range; `InvalidParameterCombinationException` is the declared one that fits.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::{FleetState, capacity_member};
use crate::call::ServiceError;
use crate::limits::Quotas;
use crate::model::errors;
use crate::model::settings::{Merge, Settings, integer, text};

/// Members that an update may change while a fleet of the type is running.
const RUNNING_STANDARD: &[&str] = &[
    "DisplayName",
    "ComputeCapacity",
    "ImageArn",
    "ImageName",
    "IdleDisconnectTimeoutInSeconds",
    "DisconnectTimeoutInSeconds",
];
const RUNNING_ELASTIC: &[&str] = &[
    "DisplayName",
    "IdleDisconnectTimeoutInSeconds",
    "DisconnectTimeoutInSeconds",
    "MaxConcurrentSessions",
    "SessionScriptS3Location",
    "UsbDeviceFilterStrings",
];
/// Attributes whose deletion goes with the members above.
const RUNNING_ELASTIC_DELETES: &[&str] =
    &["SESSION_SCRIPT_S3_LOCATION", "USB_DEVICE_FILTER_STRINGS"];

/// Platforms that Elastic fleets run on.
const ELASTIC_PLATFORMS: &[&str] = &["WINDOWS_SERVER_2019", "AMAZON_LINUX2", "UBUNTU_PRO_2404"];

/// What each name in `AttributesToDelete` removes.
pub(super) const DELETES: &[(&str, &str)] = &[
    ("VPC_CONFIGURATION", "VpcConfig"),
    (
        "VPC_CONFIGURATION_SECURITY_GROUP_IDS",
        "VpcConfig.SecurityGroupIds",
    ),
    ("DOMAIN_JOIN_INFO", "DomainJoinInfo"),
    ("IAM_ROLE_ARN", "IamRoleArn"),
    ("USB_DEVICE_FILTER_STRINGS", "UsbDeviceFilterStrings"),
    ("SESSION_SCRIPT_S3_LOCATION", "SessionScriptS3Location"),
    ("MAX_SESSIONS_PER_INSTANCE", "MaxSessionsPerInstance"),
    ("VOLUME_CONFIGURATION", "RootVolumeConfig"),
];

/// Families of instance types, the second part of a type's name.
const FAMILIES: &[&str] = &[
    "standard",
    "compute",
    "memory",
    "graphics",
    "GeneralPurpose",
    "ComputeOptimized",
    "MemoryOptimized",
    "Accelerated",
];

/// How an updated member meets the stored one. Security groups have a deletion of their own, so
/// leaving them out of a new `VpcConfig` cannot mean deleting them.
pub(super) fn merge_of(member: &str) -> Merge {
    match member {
        "Description" | "DisplayName" => Merge::EmptyClears,
        "VpcConfig" => Merge::ByMember,
        _ => Merge::Replace,
    }
}

/// Refuses an update that the fleet's state does not allow. That the member already has the value
/// is no excuse: what is sent counts.
pub(super) fn check_state(
    name: &str,
    state: FleetState,
    is_elastic: bool,
    members: &[&str],
    deletes: &[&str],
) -> Result<(), ServiceError> {
    let (allowed, deletable): (&[&str], &[&str]) = match (state, is_elastic) {
        (FleetState::Stopped, _) => return Ok(()),
        (FleetState::Starting | FleetState::Stopping, _) => {
            // Older documentation says so; the text is made up after the one for RUNNING.
            return Err(errors::in_use(format!(
                "Cannot update the attribute for fleet {name} when it is {}.",
                state.as_str()
            )));
        }
        (FleetState::Running, false) => (RUNNING_STANDARD, &[]),
        (FleetState::Running, true) => (RUNNING_ELASTIC, RUNNING_ELASTIC_DELETES),
    };
    let refused = members.iter().any(|member| !allowed.contains(member))
        || deletes
            .iter()
            .any(|attribute| !deletable.contains(attribute));
    if refused {
        return Err(needs_stop(name));
    }
    Ok(())
}

/// AWS's words, capitals and all (CloudFormation coverage roadmap issue 1017).
pub(super) fn needs_stop(name: &str) -> ServiceError {
    errors::in_use(format!(
        "Cannot update the attribute for fleet {name} when it is ACTIVE. The fleet must be \
         stopped to complete this action."
    ))
}

/// Refuses settings that do not go together, however they came about.
pub(super) fn check_settings(settings: &Settings) -> Result<(), ServiceError> {
    check_ranges(settings)?;
    check_instance_type(settings)?;
    if text(settings, "FleetType") == Some("ELASTIC") {
        check_elastic(settings)
    } else {
        check_standard(settings)
    }
}

fn check_ranges(settings: &Settings) -> Result<(), ServiceError> {
    check_range(settings, "MaxUserDurationInSeconds", 600..=432_000)?;
    check_range(settings, "DisconnectTimeoutInSeconds", 60..=36_000)?;
    if integer(settings, "IdleDisconnectTimeoutInSeconds") != Some(0) {
        check_range(settings, "IdleDisconnectTimeoutInSeconds", 60..=36_000)?;
    }
    let volume = settings
        .get("RootVolumeConfig")
        .and_then(|volume| volume.get("VolumeSizeInGb"))
        .and_then(Value::as_i64);
    if volume.is_some_and(|size| !(200..=500).contains(&size)) {
        return Err(errors::out_of_range(
            "VolumeSizeInGb",
            "between 200 and 500",
        ));
    }
    Ok(())
}

fn check_range(
    settings: &Settings,
    member: &str,
    range: RangeInclusive<i64>,
) -> Result<(), ServiceError> {
    let is_outside = |value| !range.contains(&value);
    if !integer(settings, member).is_some_and(is_outside) {
        return Ok(());
    }
    let words = format!("between {} and {}", range.start(), range.end());
    Err(errors::out_of_range(member, &words))
}

fn check_instance_type(settings: &Settings) -> Result<(), ServiceError> {
    let instance_type = text(settings, "InstanceType").unwrap_or_default();
    let family = instance_type.split('.').nth(1).unwrap_or_default();
    if FAMILIES.contains(&family) {
        return Ok(());
    }
    Err(errors::combination(format!(
        "The instance type {instance_type} is not supported."
    )))
}

fn check_elastic(settings: &Settings) -> Result<(), ServiceError> {
    for member in [
        "ComputeCapacity",
        "DomainJoinInfo",
        "MaxSessionsPerInstance",
    ] {
        if settings.contains_key(member) {
            return Err(errors::combination(format!(
                "{member} is not allowed for an Elastic fleet."
            )));
        }
    }
    if integer(settings, "MaxConcurrentSessions").is_none_or(|sessions| sessions < 1) {
        return Err(errors::combination(
            "MaxConcurrentSessions is required for an Elastic fleet.",
        ));
    }
    let platform = text(settings, "Platform").unwrap_or_default();
    if !ELASTIC_PLATFORMS.contains(&platform) {
        return Err(errors::combination(format!(
            "An Elastic fleet needs a Platform of {}.",
            ELASTIC_PLATFORMS.join(", ")
        )));
    }
    let subnets = settings
        .get("VpcConfig")
        .and_then(|vpc| vpc.get("SubnetIds"))
        .and_then(Value::as_array);
    if subnets.is_none_or(|subnets| subnets.len() < 2) {
        return Err(errors::combination(
            "An Elastic fleet needs two subnets in different Availability Zones.",
        ));
    }
    Ok(())
}

fn check_standard(settings: &Settings) -> Result<(), ServiceError> {
    if settings.contains_key("MaxConcurrentSessions") {
        return Err(errors::combination(
            "MaxConcurrentSessions is allowed for an Elastic fleet only.",
        ));
    }
    let instances = capacity_member(settings, "DesiredInstances");
    let sessions = capacity_member(settings, "DesiredSessions");
    let per_instance = integer(settings, "MaxSessionsPerInstance");
    if instances.or(sessions).is_some_and(|number| number < 0) {
        return Err(errors::combination("ComputeCapacity cannot be negative."));
    }
    if per_instance.is_some_and(|number| number < 1) {
        return Err(errors::combination(
            "MaxSessionsPerInstance must be at least 1.",
        ));
    }
    match (instances, sessions, per_instance) {
        (Some(_), None, None) | (None, Some(_), Some(_)) => Ok(()),
        (Some(_), Some(_), _) => Err(errors::combination(
            "Specify either DesiredInstances or DesiredSessions, not both.",
        )),
        (None, None, _) => Err(errors::combination(
            "ComputeCapacity needs DesiredInstances or DesiredSessions.",
        )),
        (Some(_), None, Some(_)) => Err(errors::combination(
            "A multi-session fleet takes DesiredSessions instead of DesiredInstances.",
        )),
        (None, Some(_), None) => Err(errors::combination(
            "DesiredSessions is not allowed for a single-session fleet.",
        )),
    }
}

/// Refuses more instances of a type than the quota allows; the text is the troubleshooting
/// guide's.
pub(super) fn check_quota(
    quotas: &Quotas,
    name: &str,
    instance_type: &str,
    requested: i64,
) -> Result<(), ServiceError> {
    let limit = quotas.instances_of(instance_type);
    if requested <= i64::from(limit) {
        return Ok(());
    }
    Err(errors::limit(format!(
        "The Instance type '{instance_type}' capacity limit for fleet {name} was exceeded. \
         Requested: {requested}, Limit: {limit}"
    )))
}
