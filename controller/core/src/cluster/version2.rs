//! Writes the keys that ParallelCluster 2 takes instead of `S3Access`.
//!
//! Its `s3_read_resource` and `s3_read_write_resource` are one `Resource` of IAM each. With the star
//! right behind the bucket's name the bucket and its objects are both meant, which is what lets
//! nodes list it.

use super::policies::{Kind, Policies};
use super::reach::Reach;
use crate::spec::ClusterSpec;

/// A `[cluster]` section with the keys about the bucket.
pub(super) fn keys(spec: &ClusterSpec, reach: &Reach, policies: &mut Policies<'_>) -> String {
    let mut lines = vec![
        format!("# ParallelCluster 2: {}.", reach.describe()),
        format!("[cluster {}]", spec.name),
    ];
    let key = if reach.may_write() {
        "s3_read_write_resource"
    } else {
        "s3_read_resource"
    };
    let resource = match reach.folders.as_slice() {
        [] => Some(format!("{}*", reach.bucket_arn)),
        [folder] => Some(format!("{}/{folder}*", reach.bucket_arn)),
        // It takes one resource, and a pattern for all folders would be everybody's.
        _ => None,
    };
    let policy = match resource {
        Some(resource) => {
            lines.push(format!("{key} = {resource}"));
            policies.has_beside().then(|| policies.refer(Kind::Beside))
        }
        None => Some(policies.refer(Kind::Instead)),
    };
    lines.extend(policy.map(|arn| format!("additional_iam_policies = {arn}")));
    let mut text = lines.join("\n");
    text.push('\n');
    text
}
