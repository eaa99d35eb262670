//! Describes the desired stack.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod members;
mod theme;

pub use self::members::{
    AccessEndpointSpec, AccessEndpointType, AgentAccessConfigSpec, AgentAccessSettingSpec,
    AgentAction, ContentRedirectionSpec, PreferredProtocol, ScreenImageFormat, ScreenResolution,
    StorageConnectorAuthentication, StreamingExperienceSettingsSpec, UrlRedirectionConfigSpec,
    UserControlMode,
};
pub use self::theme::{ThemeFooterLinkSpec, ThemeSpec, ThemeState, ThemeStyling};
use super::field::value_or_missing;
use super::{Field, schema};

/// The desired stack. Every setting changes in place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StackSpec {
    /// The stack's name; defaults to the row's name and never changes.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", regex(pattern = schema::NAME_PATTERN))]
    pub name: Option<String>,
    /// The name users see.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    #[schemars(length(min = 1, max = 100))]
    pub display_name: Field<String>,
    /// A description.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    #[schemars(length(min = 1, max = 256))]
    pub description: Field<String>,
    /// Where users go after a session.
    #[serde(
        default,
        skip_serializing_if = "Field::is_omitted",
        rename = "redirectURL"
    )]
    #[schemars(length(min = 1, max = 1000))]
    pub redirect_url: Field<String>,
    /// Where users send feedback.
    #[serde(
        default,
        skip_serializing_if = "Field::is_omitted",
        rename = "feedbackURL"
    )]
    #[schemars(length(min = 1, max = 1000))]
    pub feedback_url: Field<String>,
    /// Where users keep files, as a whole set.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    #[schemars(schema_with = "schema::storage_connectors")]
    pub storage_connectors: Field<Vec<StorageConnectorSpec>>,
    /// What users may do, keyed by action; actions that are not listed are not managed.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::user_settings")]
    pub user_settings: Option<Vec<UserSettingSpec>>,
    /// Whether application settings persist between sessions.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "ApplicationSettingsSpec")]
    pub application_settings: Option<ApplicationSettingsSpec>,
    /// Interface endpoints that users have to connect through, as a whole set.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    #[schemars(schema_with = "schema::access_endpoints")]
    pub access_endpoints: Field<Vec<AccessEndpointSpec>>,
    /// Domains whose pages may hold a session in a frame, as a whole set.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    #[schemars(schema_with = "schema::embed_host_domains")]
    pub embed_host_domains: Field<Vec<String>>,
    /// How sessions are streamed.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    pub streaming_experience_settings: Field<StreamingExperienceSettingsSpec>,
    /// Which links open in the user's own browser.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    pub content_redirection: Field<ContentRedirectionSpec>,
    /// What agents may do in a session.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    pub agent_access_config: Field<AgentAccessConfigSpec>,
    /// Whether users link their Google Drive or `OneDrive` again in each session.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    pub storage_connector_authentication: Field<StorageConnectorAuthentication>,
    /// What the page looks like on which users choose an application: an object of its own.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    pub theme: Field<ThemeSpec>,
}

/// One place where users keep files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-forbidsWhen" = [
    {"key": "connectorType", "equals": "HOMEFOLDERS", "forbids": ["domainsRequireAdminConsent"]},
    {"key": "connectorType", "equals": "GOOGLE_DRIVE", "forbids": ["domainsRequireAdminConsent"]}
]))]
pub struct StorageConnectorSpec {
    /// Which service.
    pub connector_type: ConnectorType,
    /// The connector's identifier; AWS fills it in for home folders.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", length(min = 1, max = 2048))]
    pub resource_identifier: Option<String>,
    /// Domains whose accounts may connect, as a set.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "Vec<String>",
        length(min = 1, max = 50),
        inner(length(min = 1, max = 64))
    )]
    pub domains: Option<Vec<String>>,
    /// Domains of `OneDrive` where an administrator has to agree before a user connects, as a set.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "Vec<String>",
        length(min = 1, max = 50),
        inner(length(min = 1, max = 64))
    )]
    pub domains_require_admin_consent: Option<Vec<String>>,
}

/// The service behind a storage connector.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum ConnectorType {
    /// The account's own S3 home-folder bucket.
    #[serde(rename = "HOMEFOLDERS")]
    HomeFolders,
    /// Google Drive for Google Workspace.
    #[serde(rename = "GOOGLE_DRIVE")]
    GoogleDrive,
    /// `OneDrive` for Business.
    #[serde(rename = "ONE_DRIVE")]
    OneDrive,
}

/// What users may do with one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-forbidsWhen" = schema::maximum_length_conditions()))]
pub struct UserSettingSpec {
    /// The action.
    #[schemars(schema_with = "schema::user_setting_action")]
    pub action: String,
    /// Whether it is allowed.
    pub permission: Permission,
    /// Longest clipboard content, in characters; only where a clipboard action is enabled.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "i32", range(min = 1, max = 20_971_520))]
    pub maximum_length: Option<i32>,
}

/// Whether an action is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Permission {
    /// Users may.
    Enabled,
    /// Users may not.
    Disabled,
}

/// Whether application settings persist between sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-requiresWhen" = [{"key": "enabled", "equals": true, "requires": ["settingsGroup"]}]))]
pub struct ApplicationSettingsSpec {
    /// Whether they persist.
    pub enabled: bool,
    /// The folder they persist in; required when enabled.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", length(min = 1, max = 100))]
    pub settings_group: Option<String>,
}
