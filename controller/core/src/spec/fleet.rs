//! Describes the desired fleet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod members;

pub use self::members::{DomainJoinInfoSpec, PlatformType, S3LocationSpec, VolumeConfigSpec};
use super::field::value_or_missing;
use super::{Disruption, Field, schema};

/// The desired fleet. Ranges are those of AWS's service model (API version 2016-12-01).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend(
    "x-requires" = {"maxSessionsPerInstance": ["computeCapacity"]},
    "x-requiresWhen" = [
        {"key": "fleetType", "equals": "ELASTIC",
         "requires": ["maxConcurrentSessions", "vpcConfig"]},
        {"key": "computeCapacity.desiredSessions", "requires": ["maxSessionsPerInstance"]}
    ],
    "x-forbidsWhen" = schema::fleet_type_conditions()
))]
pub struct FleetSpec {
    /// The fleet's name; defaults to the row's name and never changes.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", regex(pattern = schema::NAME_PATTERN))]
    pub name: Option<String>,
    /// The instance type, such as `stream.standard.medium`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"), length(max = 128))]
    pub instance_type: String,
    /// How instances are kept ready. AWS cannot change it on an existing fleet.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "FleetType")]
    pub fleet_type: Option<FleetType>,
    /// How many instances or sessions are kept.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "ComputeCapacity")]
    pub compute_capacity: Option<ComputeCapacity>,
    /// Longest streaming session, in seconds.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "i32", range(min = 600, max = 432_000))]
    pub max_user_duration_in_seconds: Option<i32>,
    /// How long a disconnected session is kept, in seconds.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "i32", range(min = 60, max = 36_000))]
    pub disconnect_timeout_in_seconds: Option<i32>,
    /// How long an idle session stays connected, in seconds; 0 switches the limit off.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::idle_disconnect_timeout")]
    pub idle_disconnect_timeout_in_seconds: Option<i32>,
    /// The name users see.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    #[schemars(length(min = 1, max = 100))]
    pub display_name: Field<String>,
    /// A description.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    #[schemars(length(min = 1, max = 256))]
    pub description: Field<String>,
    /// Whether instances reach the internet through AppStream's own network.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "bool")]
    pub enable_default_internet_access: Option<bool>,
    /// The role whose credentials instances get as profile `appstream_machine_role`.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    #[schemars(regex(pattern = schema::ARN_PATTERN), length(max = 1224))]
    pub iam_role_arn: Field<String>,
    /// Whether users see applications only or the desktop.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "StreamView")]
    pub stream_view: Option<StreamView>,
    /// The network the instances are attached to.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    pub vpc_config: Field<VpcConfigSpec>,
    /// The operating system; left out, the image says. AWS cannot forget one that was set.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "PlatformType")]
    pub platform: Option<PlatformType>,
    /// The Active Directory domain that instances join; not for Elastic fleets.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    pub domain_join_info: Field<DomainJoinInfoSpec>,
    /// Sessions at once, at most; for Elastic fleets, which need it.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "i32", range(min = 0, max = i32::MAX))]
    pub max_concurrent_sessions: Option<i32>,
    /// Sessions on one instance, at most; makes it a multi-session fleet, whose capacity is set in
    /// sessions.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    #[schemars(schema_with = "schema::max_sessions_per_instance")]
    pub max_sessions_per_instance: Field<i32>,
    /// USB devices that users may bring into a session, as a set.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    #[schemars(schema_with = "schema::usb_device_filters")]
    pub usb_device_filter_strings: Field<Vec<String>>,
    /// ARNs of the applications of an Elastic fleet, as a whole set.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "Vec<String>",
        length(max = 100),
        inner(regex(pattern = schema::ARN_PATTERN), length(max = 1224))
    )]
    pub applications: Option<Vec<String>>,
    /// The session scripts of an Elastic fleet, a zip file.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    pub session_script_s3_location: Field<S3LocationSpec>,
    /// The root volume of instances; it cannot become smaller than the image's.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    pub root_volume_config: Field<VolumeConfigSpec>,
    /// Whether instances refuse version 1 of the instance metadata service.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none",
        rename = "disableIMDSV1"
    )]
    #[schemars(with = "bool")]
    pub disable_imdsv1: Option<bool>,
    /// Whether the fleet should run.
    #[serde(default, skip_serializing_if = "PowerState::is_running")]
    pub state: PowerState,
    /// What may be done for a change that needs a stopped fleet.
    #[serde(default, skip_serializing_if = "Disruption::is_default")]
    pub disruption: Disruption,
}

/// How instances are kept ready for users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FleetType {
    /// Instances run all the time.
    AlwaysOn,
    /// Instances start when a user connects.
    OnDemand,
    /// Instances are AWS's own, and applications come to them at each session.
    Elastic,
}

/// How many instances or, on a multi-session fleet, sessions are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-exactlyOneOf" = [["desiredInstances", "desiredSessions"]]))]
pub struct ComputeCapacity {
    /// Instances to keep.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "i32", range(min = 0, max = 100_000))]
    pub desired_instances: Option<i32>,
    /// User sessions to keep.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "i32", range(min = 0, max = 100_000))]
    pub desired_sessions: Option<i32>,
}

/// What users of the fleet see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StreamView {
    /// Published applications only.
    App,
    /// The Windows desktop.
    Desktop,
}

/// The network a fleet's instances are attached to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VpcConfigSpec {
    /// Subnets, as a set.
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 64)))]
    pub subnet_ids: Vec<String>,
    /// Security groups, as a set.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    #[schemars(schema_with = "schema::security_group_ids")]
    pub security_group_ids: Field<Vec<String>>,
}

/// Power state as desired state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PowerState {
    /// The fleet runs and users can stream.
    #[default]
    Running,
    /// The fleet is stopped.
    Stopped,
}

impl PowerState {
    /// Whether this is the default, which is not written out.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        matches!(self, Self::Running)
    }
}
