//! Renders ParallelCluster configurations whose nodes reach the shared bucket, and no more of it
//! than the row says.
//!
//! ```text
//!   ClusterSpec ─┐                      ┌─► config      version 3, YAML (merge, yaml)
//!   Place ───────┼─► reach ─► render ───┼─► version2    the keys of version 2
//!                                       └─► policies    IAM documents that the two refer to
//! ```
//!
//! A node's rights are `S3Access` where ParallelCluster takes it: in the head node and in every
//! queue. Login nodes take none, and a list of a folder and a key of KMS cannot be said with it;
//! these are IAM policies, which somebody who may creates once (`AdditionalIamPolicies`). Their
//! names begin with `parallelcluster`, because ParallelCluster's own policies for its users allow
//! to attach no others.
//!
//! # Invariants
//!
//! - Whatever the user's own configuration says stays; what contradicts the row is a [`Conflict`].
//! - No entry of ours is about the bucket itself with write access: there `s3:*` is also
//!   `DeleteBucket` and `PutBucketPolicy`.
//! - `streamkeeper:uid` is not among the tags: a cluster is never ours.
//!
//! # What is deliberately absent
//!
//! Whether the configuration is otherwise right: ParallelCluster says so. `tests/judged` has its
//! real package accept what the tests here write down.

mod merge;
mod missing;
mod policies;
mod reach;
#[cfg(test)]
mod tests;
mod version2;
mod yaml;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::merge::Merge;
use self::policies::Policies;
use self::reach::Reach;
use crate::environment::Scope;
use crate::folder::AuthenticationType;
use crate::spec::{ClusterAccess, ClusterSpec};

/// The tag by which a cluster is known to be one user's; CloudFormation has it on the stack.
pub const USER_TAG: &str = "appstream-user";

/// Where a cluster's data is, and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The environment's name.
    pub environment: &'a str,
    /// The account and region of environment and bucket.
    pub scope: &'a Scope,
    /// The bucket's real name.
    pub bucket: &'a str,
    /// The customer's key that the bucket encrypts with, as S3 returns it: an ARN, an id or an
    /// alias. The key that AWS manages needs no mention, and gets none.
    pub kms_key: Option<&'a str>,
    /// How the users come to their sessions, which decides where their folders are.
    pub authentication: AuthenticationType,
}

/// A cluster's configuration, and what goes with it.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterConfig {
    /// The cluster's name.
    pub cluster: String,
    /// The bucket's real name.
    pub bucket: String,
    /// What the nodes may do there.
    pub access: ClusterAccess,
    /// For ParallelCluster 3, YAML. What it leaves open is named in comments at its top.
    pub config: String,
    /// For ParallelCluster 2: the keys of its `[cluster]` section.
    pub version2: String,
    /// IAM policy documents by name, those that `config` and `version2` refer to.
    pub policies: BTreeMap<String, Value>,
    /// The customer's key that the bucket encrypts with, as it was known.
    pub kms_key: Option<String>,
}

impl ClusterConfig {
    /// A digest of all of it, in hex: equal digests, equal configurations.
    #[must_use]
    pub fn digest(&self) -> String {
        let Self {
            cluster,
            bucket,
            access,
            config,
            version2,
            policies,
            kms_key,
        } = self;
        let all = json!([
            cluster,
            bucket,
            access.as_str(),
            config,
            version2,
            policies,
            kms_key
        ]);
        let digest = Sha256::digest(all.to_string().as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What is stored of a configuration that was rendered earlier, as far as the next one needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredConfig {
    /// [`ClusterConfig::digest`].
    pub digest: String,
    /// The customer's key that the bucket encrypted with.
    pub kms_key: Option<String>,
}

/// Why a configuration cannot be rendered: the row contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {why}")]
pub struct Conflict {
    /// Below the cluster in the spec, such as `config.HeadNode.Iam`.
    pub path: String,
    /// What contradicts what, and what to do.
    pub why: String,
}

impl Conflict {
    fn new(path: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            why: why.into(),
        }
    }
}

/// Renders the configuration of one cluster.
///
/// # Errors
///
/// Fails when the user's own configuration contradicts the row, has something else where nodes and
/// tags belong, or when the users are more than IAM takes.
pub fn render(spec: &ClusterSpec, place: &Place<'_>) -> Result<ClusterConfig, Conflict> {
    let reach = Reach::of(spec, place)?;
    let mut policies = Policies::new(spec, place, &reach);
    let merged = Merge::new(spec, place, &reach, &mut policies).run()?;
    let version2 = version2::keys(spec, &reach, &mut policies);
    let mut config = String::new();
    for line in merged.header {
        config.push_str("# ");
        config.push_str(&line);
        config.push('\n');
    }
    config.push_str(&yaml::document(&merged.config));
    Ok(ClusterConfig {
        cluster: spec.name.clone(),
        bucket: place.bucket.to_owned(),
        access: spec.access,
        config,
        version2,
        policies: policies.documents()?,
        kms_key: place.kms_key.map(str::to_owned),
    })
}
