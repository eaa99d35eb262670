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

/// A member that `UpdateFleet` or `UpdateStack` removes through `AttributesToDelete`, by its API
/// name.
pub type AttributeToDelete = String;
