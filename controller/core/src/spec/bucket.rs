//! Describes who may reach a bucket: grants, and the bucket policy statements an environment owns.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::field::{json_or_missing, value_or_missing};
use super::schema;

/// What `Sid`s of statements that Streamkeeper makes of grants begin with, after its own prefix.
pub const GRANT_SID_PREFIX: &str = "SkGrant";

/// Grants and statements on one bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BucketSpec {
    /// `home`, or the name of a bucket of the account's own.
    #[schemars(regex(pattern = schema::BUCKET_PATTERN))]
    pub bucket: BucketName,
    /// Who may list, read and write; one for each principal and folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), extend("x-uniqueBy" = ["principal", "prefix"]))]
    pub grants: Vec<GrantSpec>,
    /// The statements, keyed by `Sid`; `{bucket}` in a `Resource` stands for the bucket's name.
    #[serde(default)]
    #[schemars(length(max = 50), extend("x-uniqueBy" = "Sid"))]
    pub statements: Vec<PolicyStatement>,
}

/// Access to a bucket for somebody of whatever account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GrantSpec {
    /// An account (12 digits), or the ARN of a role, in whose path and name `*` and `?` are
    /// wildcards: `arn:aws:iam::210987654321:role/parallelcluster/*` are the nodes of all clusters
    /// of that account. The bucket's own account needs no statement and gets none.
    #[schemars(regex(pattern = schema::GRANTEE_PATTERN), length(max = 700))]
    pub principal: String,
    /// What they may do.
    pub access: BucketAccess,
    /// The folder below which alone they may, such as `projects/cfd/`; left out: the whole bucket.
    /// A `/` at the end is added.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", regex(pattern = schema::FOLDER_PATTERN), length(max = 512))]
    pub prefix: Option<String>,
}

/// What a grant allows.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BucketAccess {
    /// List and read.
    ReadOnly,
    /// List, read, write and delete objects.
    ReadWrite,
}

/// Which bucket is meant: `home`, or a bucket's name.
pub type BucketName = String;

/// One statement of a bucket policy, as S3 takes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[schemars(extend(
    "x-exactlyOneOf" = [["Principal", "NotPrincipal"], ["Action", "NotAction"], ["Resource", "NotResource"]],
    "x-notPublic" = true
))]
pub struct PolicyStatement {
    /// The statement's key, alphanumeric; Streamkeeper puts its own prefix before it.
    /// What begins with `SkGrant` is of a grant.
    #[schemars(
        regex(pattern = "^[A-Za-z0-9]{1,64}$"),
        extend("x-forbiddenPrefixes" = [GRANT_SID_PREFIX])
    )]
    pub sid: String,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Who: `"*"`, or accounts, roles and services by kind.
    #[serde(
        default,
        deserialize_with = "json_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::principal")]
    pub principal: Option<Value>,
    /// Everybody but these.
    #[serde(
        default,
        deserialize_with = "json_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::principal")]
    pub not_principal: Option<Value>,
    /// The actions.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::actions")]
    pub action: Option<OneOrMany>,
    /// Every action but these.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::actions")]
    pub not_action: Option<OneOrMany>,
    /// The bucket's ARN or object ARNs in it.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::resources")]
    pub resource: Option<OneOrMany>,
    /// Everything but these.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::resources")]
    pub not_resource: Option<OneOrMany>,
    /// Conditions: operator, then key, then values.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::condition")]
    pub condition: Option<Map<String, Value>>,
}

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Effect {
    /// Allow.
    Allow,
    /// Deny.
    Deny,
}

/// One string or a list of strings, which S3 takes and returns interchangeably.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// A single string.
    One(String),
    /// A list.
    Many(Vec<String>),
}
