//! Says whose bucket it is, who writes, and who else must get in.

use uuid::Uuid;

use crate::environment::Environment;
use crate::folder::HOME_BUCKET;
use crate::policy::names::Names;
use crate::spec::{BucketAccess, ClusterAccess, GrantSpec};

/// The word that stands for the account's home-folder bucket in a row.
const HOME: &str = "home";

/// Whether a bucket is one of those that AppStream makes for home folders.
#[must_use]
pub fn is_home_bucket(name: &str) -> bool {
    name.starts_with(HOME_BUCKET)
}

/// Whose bucket it is, who writes, and who must get in because the row says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardContext {
    /// The bucket's real name.
    pub bucket: String,
    /// The account it belongs to, 12 digits.
    pub account: String,
    /// The partition, such as `aws` or `aws-cn`.
    pub partition: String,
    /// Our own ARN, as STS says it.
    pub caller_arn: String,
    /// The environment whose statements may change.
    pub uid: Uuid,
    /// The most that the row's clusters do in the bucket, if they share it. On a home bucket nodes
    /// read in any case: the clusters may be of another row, or of none.
    pub clusters: Option<BucketAccess>,
    /// What the row grants on the bucket.
    pub grants: Vec<GrantSpec>,
}

impl GuardContext {
    /// What an environment's row says of a bucket.
    #[must_use]
    pub fn of(environment: &Environment, caller_arn: &str, bucket: &str) -> Self {
        let Environment {
            uid, scope, spec, ..
        } = environment;
        let concerns = |word: &str| word == bucket || (word == HOME && is_home_bucket(bucket));
        let access = |access| match access {
            ClusterAccess::ReadOnly => BucketAccess::ReadOnly,
            ClusterAccess::ReadWrite => BucketAccess::ReadWrite,
        };
        Self {
            bucket: bucket.to_owned(),
            account: scope.account.clone(),
            partition: scope.partition().to_owned(),
            caller_arn: caller_arn.to_owned(),
            uid: *uid,
            clusters: spec
                .clusters
                .iter()
                .filter(|cluster| concerns(cluster.bucket_word()))
                .map(|cluster| access(cluster.access))
                .max(),
            grants: spec
                .buckets
                .iter()
                .filter(|spec| concerns(&spec.bucket))
                .flat_map(|spec| spec.grants.iter().cloned())
                .collect(),
        }
    }

    /// The guard is stricter than the comparison: an id that is proven is still an id.
    pub(super) fn names(&self) -> Names<'_> {
        Names {
            partition: &self.partition,
            ..Names::default()
        }
    }

    /// The bucket's ARN.
    pub(super) fn bucket_arn(&self) -> String {
        format!("arn:{}:s3:::{}", self.partition, self.bucket)
    }
}
