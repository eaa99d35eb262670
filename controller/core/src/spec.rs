//! What a row asks for: the document in `environments.spec`.
//!
//! These types are the one source of truth. The JSON Schema that PostgreSQL interprets at every
//! INSERT and UPDATE is generated from them ([`schema::spec_schema`]), editors use the same one,
//! and the daemon parses rows with them.
//!
//! Field names are AppStream's API names with the first letter lowered; values are what the API
//! takes. Limits come from AWS's service model and are kept no tighter than AWS's own.
//!
//! # Invariants
//!
//! - A [`Field`] may be `null`, because AWS can unset it. Every other optional field refuses `null`.
//! - Unknown keys are refused everywhere except inside a cluster's opaque `config`.

mod bucket;
mod cluster;
mod disruption;
mod entitlement;
mod field;
mod fleet;
mod image;
pub mod schema;
mod stack;
#[cfg(test)]
mod tests;
mod users;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::bucket::{
    BucketAccess, BucketName, BucketSpec, Effect, GRANT_SID_PREFIX, GrantSpec, OneOrMany,
    PolicyStatement,
};
pub use self::cluster::{ClusterAccess, ClusterSpec};
pub use self::disruption::{Disruption, DisruptionPolicy, DisruptionWindow};
pub use self::entitlement::{AppVisibility, EntitlementAttribute, EntitlementSpec};
pub use self::field::Field;
use self::field::value_or_missing;
pub use self::fleet::{
    ComputeCapacity, DomainJoinInfoSpec, FleetSpec, FleetType, PlatformType, PowerState,
    S3LocationSpec, StreamView, VolumeConfigSpec, VpcConfigSpec,
};
pub use self::image::{
    Application, BaseImage, Download, ImageBuild, ImageSpec, InstalledFile, Node, ParallelCluster,
    Python, Recipe, Tool,
};
pub use self::stack::{
    AccessEndpointSpec, AccessEndpointType, AgentAccessConfigSpec, AgentAccessSettingSpec,
    AgentAction, ApplicationSettingsSpec, ConnectorType, ContentRedirectionSpec, Permission,
    PreferredProtocol, ScreenImageFormat, ScreenResolution, StackSpec,
    StorageConnectorAuthentication, StorageConnectorSpec, StreamingExperienceSettingsSpec,
    ThemeFooterLinkSpec, ThemeSpec, ThemeState, ThemeStyling, UrlRedirectionConfigSpec,
    UserControlMode, UserSettingSpec,
};
pub use self::users::{MessageAction, UserSpec};

/// What an environment should be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend(
    "x-atLeastOneOf" = [["fleet", "fleetRef", "stack"]],
    "x-requires" = {
        "image": ["fleet"], "fleetRef": ["stack"], "users": ["stack"], "entitlements": ["stack"]
    },
    "x-requiresWhen" = [{"key": "fleet", "requires": ["image"],
                         "unless": {"key": "fleet.fleetType", "equals": "ELASTIC"}}],
    "x-forbidsWhen" = [{"key": "fleetRef", "forbids": ["fleet"]}]
))]
pub struct Spec {
    /// The image the fleet runs; an Elastic fleet can do without.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "ImageSpec")]
    pub image: Option<ImageSpec>,
    /// The fleet, whose power state is part of what is desired.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "FleetSpec")]
    pub fleet: Option<FleetSpec>,
    /// The environment of this account and region whose fleet the stack uses, instead of a fleet
    /// of its own.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", regex(pattern = schema::NAME_PATTERN))]
    pub fleet_ref: Option<String>,
    /// The stack that users stream from; associated with the fleet when both are there.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "StackSpec")]
    pub stack: Option<StackSpec>,
    /// Users of the region's user pool who may use the stack; those who are not listed are not ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), extend("x-uniqueBy" = "userName"))]
    pub users: Vec<UserSpec>,
    /// Who among SAML users sees which applications; entitlements that are not listed are not ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), extend("x-uniqueBy" = "name"))]
    pub entitlements: Vec<EntitlementSpec>,
    /// Tags on everything Streamkeeper creates, beside its own two.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::tags")]
    pub tags: BTreeMap<String, String>,
    /// Grants on buckets, and bucket policy statements this environment owns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-uniqueBy" = "bucket"))]
    pub buckets: Vec<BucketSpec>,
    /// Clusters of the users, and how their nodes reach the shared bucket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), extend("x-uniqueBy" = "name"))]
    pub clusters: Vec<ClusterSpec>,
    /// Whether existing objects of these names may be taken over.
    #[serde(default, skip_serializing_if = "Adoption::is_never")]
    pub adoption: Adoption,
    /// Paths that somebody else owns: used at creation only, never compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::ignore")]
    pub ignore: Vec<String>,
}

/// Whether an existing fleet or stack of the desired name may be taken over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Adoption {
    /// Leave it alone and say so.
    #[default]
    Never,
    /// Take it over when it carries no other owner's tag.
    IfUnowned,
}

impl Adoption {
    /// Whether this is the default, which is not written out.
    #[must_use]
    pub const fn is_never(&self) -> bool {
        matches!(self, Self::Never)
    }
}
