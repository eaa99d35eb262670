//! Describes the clusters whose nodes reach the shared bucket.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::field::value_or_missing;

/// One ParallelCluster cluster of a user. Accepted and kept; Streamkeeper never starts or ends one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterSpec {
    /// The cluster's name, by ParallelCluster's own rule.
    #[schemars(regex(pattern = "^[a-zA-Z][a-zA-Z0-9-]{0,59}$"))]
    pub name: String,
    /// What the nodes may do in the bucket.
    pub access: ClusterAccess,
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
    /// The user's own ParallelCluster configuration, opaque.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Map<String, Value>")]
    pub config: Option<Map<String, Value>>,
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
