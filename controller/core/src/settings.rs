//! Holds what AWS knows about a fleet or a stack, as one diffable type for both sides.
//!
//! The same structs carry what was observed (everything AWS returned) and what an action sends
//! (only the members that change). Enumerations are strings here, because AWS adds values without
//! notice and an unknown one must survive a round trip.

use serde::{Deserialize, Serialize};

use crate::spec::ComputeCapacity;

/// Settings of a fleet; `None` means AWS did not return it, or it is not sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FleetSettings {
    /// The image's name. AWS returns both name and ARN, whichever was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    /// The image's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_arn: Option<String>,
    /// The instance type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// `ALWAYS_ON`, `ON_DEMAND` or `ELASTIC`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fleet_type: Option<String>,
    /// Desired capacity only; what is available or in use is not a setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compute_capacity: Option<ComputeCapacity>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_user_duration_in_seconds: Option<i32>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disconnect_timeout_in_seconds: Option<i32>,
    /// Seconds; 0 is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_disconnect_timeout_in_seconds: Option<i32>,
    /// The name users see. An empty string clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// A description. An empty string clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether instances reach the internet through AppStream's own network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_default_internet_access: Option<bool>,
    /// The instances' role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_role_arn: Option<String>,
    /// `APP` or `DESKTOP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_view: Option<String>,
    /// The network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_config: Option<VpcConfig>,
    /// The operating system; AWS infers it from the image when nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The directory that instances join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_join_info: Option<DomainJoinInfo>,
    /// Sessions of an Elastic fleet, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrent_sessions: Option<i32>,
    /// Sessions on one instance of a multi-session fleet, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_sessions_per_instance: Option<i32>,
    /// USB devices that users may bring, sorted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usb_device_filter_strings: Option<Vec<String>>,
    /// The session scripts of an Elastic fleet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_script_s3_location: Option<S3Location>,
    /// The root volume of instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_volume_config: Option<VolumeConfig>,
    /// Whether the first version of the instance metadata service is off.
    #[serde(skip_serializing_if = "Option::is_none", rename = "disableIMDSV1")]
    pub disable_imdsv1: Option<bool>,
}

/// The directory that a fleet's instances join.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DomainJoinInfo {
    /// The directory's full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory_name: Option<String>,
    /// Where in the directory computers go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organizational_unit_distinguished_name: Option<String>,
}

/// An object in S3.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct S3Location {
    /// The bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_bucket: Option<String>,
    /// The key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_key: Option<String>,
}

/// The root volume of a fleet's instances.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct VolumeConfig {
    /// Its size in GB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_size_in_gb: Option<i32>,
}

/// The network of a fleet's instances; both lists are sets, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct VpcConfig {
    /// Subnets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_ids: Option<Vec<String>>,
    /// Security groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group_ids: Option<Vec<String>>,
}

/// Settings of a stack; `None` means AWS did not return it, or it is not sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StackSettings {
    /// The name users see. An empty string clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// A description. An empty string clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where users go after a session.
    #[serde(skip_serializing_if = "Option::is_none", rename = "redirectURL")]
    pub redirect_url: Option<String>,
    /// Where users send feedback.
    #[serde(skip_serializing_if = "Option::is_none", rename = "feedbackURL")]
    pub feedback_url: Option<String>,
    /// Storage connectors, sorted by type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_connectors: Option<Vec<StorageConnector>>,
    /// User settings. AWS always returns the full list; we always send it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_settings: Option<Vec<UserSetting>>,
    /// Whether application settings persist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_settings: Option<ApplicationSettings>,
    /// Interface endpoints that users connect through, sorted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_endpoints: Option<Vec<AccessEndpoint>>,
    /// Domains whose pages may hold a session, sorted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embed_host_domains: Option<Vec<String>>,
    /// How sessions are streamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streaming_experience_settings: Option<StreamingExperienceSettings>,
    /// Which links open on the user's own machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_redirection: Option<ContentRedirection>,
    /// What agents may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_access_config: Option<AgentAccessConfig>,
    /// Whether users link their storage again in each session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_connector_authentication: Option<String>,
}

/// One storage connector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StorageConnector {
    /// `HOMEFOLDERS`, `GOOGLE_DRIVE`, `ONE_DRIVE` or newer.
    pub connector_type: String,
    /// A bucket's name or an ARN; for home folders AWS fills it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_identifier: Option<String>,
    /// Domains, sorted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domains: Option<Vec<String>>,
    /// Domains of `OneDrive` where an administrator has to agree, sorted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domains_require_admin_consent: Option<Vec<String>>,
}

/// What users may do with one action.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UserSetting {
    /// The action.
    pub action: String,
    /// `ENABLED` or `DISABLED`.
    pub permission: String,
    /// Longest clipboard content, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_length: Option<i32>,
}

/// Whether application settings persist between sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ApplicationSettings {
    /// Whether they persist.
    pub enabled: bool,
    /// The folder they persist in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings_group: Option<String>,
}

/// An interface endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AccessEndpoint {
    /// `STREAMING`, or newer.
    pub endpoint_type: String,
    /// The endpoint's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpce_id: Option<String>,
}

/// How sessions are streamed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StreamingExperienceSettings {
    /// `TCP` or `UDP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_protocol: Option<String>,
}

/// Which links open where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ContentRedirection {
    /// From the session to the user's own browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_to_client: Option<UrlRedirectionConfig>,
}

/// Which links are redirected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UrlRedirectionConfig {
    /// Whether any are.
    pub enabled: bool,
    /// Patterns that are, sorted. An empty list clears them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_urls: Option<Vec<String>>,
    /// Patterns that are not, sorted. An empty list clears them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denied_urls: Option<Vec<String>>,
}

/// What agents may do. An update sends the members that are there; AWS leaves the others alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AgentAccessConfig {
    /// Permissions by action, sorted by action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Vec<AgentAccessSetting>>,
    /// The bucket for screenshots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_bucket_arn: Option<String>,
    /// Whether screenshots are uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screenshots_upload_enabled: Option<bool>,
    /// The size of the screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen_resolution: Option<String>,
    /// The format of screenshots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen_image_format: Option<String>,
    /// What the user may do meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_control_mode: Option<String>,
}

/// What agents may do with one action.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AgentAccessSetting {
    /// The action.
    pub agent_action: String,
    /// `ENABLED` or `DISABLED`.
    pub permission: String,
}

/// A member that `UpdateFleet` or `UpdateStack` removes through `AttributesToDelete`, by its API
/// name.
pub type AttributeToDelete = String;
