//! Describes what single members of a stack are made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Permission;
use crate::spec::field::value_or_missing;
use crate::spec::schema;

/// An interface endpoint that users connect through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessEndpointSpec {
    /// What the endpoint is for.
    pub endpoint_type: AccessEndpointType,
    /// The endpoint's id, such as `vpce-0123`.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", length(min = 1))]
    pub vpce_id: Option<String>,
}

/// What an interface endpoint is for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum AccessEndpointType {
    /// Streaming.
    #[serde(rename = "STREAMING")]
    Streaming,
}

/// How sessions are streamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StreamingExperienceSettingsSpec {
    /// The protocol that is tried first.
    pub preferred_protocol: PreferredProtocol,
}

/// A streaming protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PreferredProtocol {
    /// In every client.
    Tcp,
    /// In the Windows native client only.
    Udp,
}

/// Which links open where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContentRedirectionSpec {
    /// From the session to the user's own browser.
    pub host_to_client: UrlRedirectionConfigSpec,
}

/// Which links are redirected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UrlRedirectionConfigSpec {
    /// Whether any are.
    pub enabled: bool,
    /// Patterns of those that are, as a set; left out: none are listed.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::urls")]
    pub allowed_urls: Option<Vec<String>>,
    /// Patterns of those that are not, as a set; they win over the others.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::urls")]
    pub denied_urls: Option<Vec<String>>,
}

/// What agents may do in a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-requiresWhen" = [
    {"key": "screenshotsUploadEnabled", "equals": true, "requires": ["s3BucketArn"]}
]))]
pub struct AgentAccessConfigSpec {
    /// Permissions by action; an action that is not listed is disabled.
    #[schemars(length(min = 1, max = 20), extend("x-uniqueBy" = "agentAction"))]
    pub settings: Vec<AgentAccessSettingSpec>,
    /// The bucket for screenshots; needed when they are uploaded. Left out, AWS keeps the one it
    /// has.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", regex(pattern = schema::BUCKET_ARN_PATTERN))]
    pub s3_bucket_arn: Option<String>,
    /// Whether screenshots are uploaded; left out: no.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "bool")]
    pub screenshots_upload_enabled: Option<bool>,
    /// The size of the screen.
    pub screen_resolution: ScreenResolution,
    /// The format of screenshots.
    pub screen_image_format: ScreenImageFormat,
    /// What the user may do meanwhile. Left out, AWS keeps what it has.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "UserControlMode")]
    pub user_control_mode: Option<UserControlMode>,
}

/// What agents may do with one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgentAccessSettingSpec {
    /// The action.
    pub agent_action: AgentAction,
    /// Whether it is allowed.
    pub permission: Permission,
}

/// Something an agent can do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AgentAction {
    /// See the desktop.
    ComputerVision,
    /// Click and type, which needs seeing as well.
    ComputerInput,
    /// Use the desktop's own tools.
    ForwardMcpTools,
}

/// The size of an agent's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ScreenResolution {
    /// 1280 by 720.
    #[serde(rename = "W_1280xH_720")]
    W1280H720,
}

/// The format of an agent's screenshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScreenImageFormat {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
}

/// What a user may do while an agent works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UserControlMode {
    /// Look on.
    ViewOnly,
    /// Look on, and stop it.
    ViewStop,
    /// Neither.
    Disabled,
}

/// Whether users link their cloud storage again in each session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StorageConnectorAuthentication {
    /// They do.
    ForceReauthentication,
    /// What they linked once stays linked.
    ReuseCredentials,
}
