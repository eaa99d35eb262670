//! Describes the clusters whose nodes reach the shared bucket.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::field::value_or_missing;
use super::{BucketName, schema};
use crate::folder::AuthenticationType;

/// The word that stands for the account's home-folder bucket.
const HOME: &str = "home";

/// One ParallelCluster cluster of a user. Its configuration is rendered; Streamkeeper never starts or ends one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterSpec {
    /// The cluster's name, by ParallelCluster's own rule.
    #[schemars(regex(pattern = "^[a-zA-Z][a-zA-Z0-9-]{0,59}$"))]
    pub name: String,
    /// What the nodes may do in the bucket.
    pub access: ClusterAccess,
    /// The bucket, `home` or a name; left out: `home`.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", regex(pattern = schema::BUCKET_PATTERN))]
    pub bucket: Option<BucketName>,
    /// Users whose folders alone the nodes reach; left out: the whole bucket.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "Vec<String>",
        length(min = 1, max = 100),
        inner(length(min = 1, max = 256))
    )]
    pub users: Option<Vec<String>>,
    /// How the users come to their sessions, which decides where their folders are; left out: `API`.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "AuthenticationType")]
    pub authentication_type: Option<AuthenticationType>,
    /// The user's own ParallelCluster configuration; what gives nodes access to the bucket and names
    /// the environment is added to it.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Map<String, Value>")]
    pub config: Option<Map<String, Value>>,
}

impl ClusterSpec {
    /// The bucket's name in the row.
    #[must_use]
    pub fn bucket_word(&self) -> &str {
        self.bucket.as_deref().unwrap_or(HOME)
    }
}

/// What a cluster's nodes may do in the shared bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ClusterAccess {
    /// List and read.
    ReadOnly,
    /// List, read, write and delete objects.
    ReadWrite,
}

impl ClusterAccess {
    /// The word in the row.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "READ_ONLY",
            Self::ReadWrite => "READ_WRITE",
        }
    }
}
