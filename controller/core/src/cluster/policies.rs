//! Writes the IAM policies of what `S3Access` cannot say, or where it is not taken.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::reach::Reach;
use super::{Conflict, Place};
use crate::spec::ClusterSpec;

/// IAM takes this many characters in a managed policy, white space apart (IAM and STS quotas).
const POLICY_LIMIT: usize = 6_144;
/// IAM takes this many characters in a policy's name.
const NAME_LIMIT: usize = 128;

/// Which rights a policy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// What nodes with `S3Access` need beside it: listing of folders, the bucket's key.
    Beside,
    /// Everything, for nodes that take no `S3Access`.
    Instead,
}

/// The policies of one cluster, and which of them are referred to.
pub(super) struct Policies<'a> {
    place: &'a Place<'a>,
    reach: &'a Reach,
    cluster: &'a str,
    used: BTreeSet<Kind>,
}

impl<'a> Policies<'a> {
    pub(super) const fn new(spec: &'a ClusterSpec, place: &'a Place<'a>, reach: &'a Reach) -> Self {
        Self {
            place,
            reach,
            cluster: spec.name.as_str(),
            used: BTreeSet::new(),
        }
    }

    /// Whether nodes with `S3Access` need anything beside it.
    pub(super) fn has_beside(&self) -> bool {
        !self.reach.is_whole() || self.key_statement().is_some()
    }

    /// Whether any policy is referred to.
    pub(super) fn is_referred_to(&self) -> bool {
        !self.used.is_empty()
    }

    /// The ARN of a policy, which is referred to from now on.
    pub(super) fn refer(&mut self, kind: Kind) -> String {
        self.used.insert(kind);
        let scope = self.place.scope;
        format!(
            "arn:{}:iam::{}:policy/{}",
            scope.partition(),
            scope.account,
            self.name(kind)
        )
    }

    /// A name of its own for each cluster of each environment: the last dots part the words, because
    /// clusters' names have none.
    fn name(&self, kind: Kind) -> String {
        let of = format!("{}.{}", self.place.environment, self.cluster);
        let what = match kind {
            Kind::Beside => "beside-s3access",
            Kind::Instead => "instead-of-s3access",
        };
        let name = format!("parallelcluster-{of}.{what}");
        if name.len() <= NAME_LIMIT {
            return name;
        }
        let digest = Sha256::digest(of.as_bytes());
        let short: String = digest[..16].iter().map(|b| format!("{b:02x}")).collect();
        format!("parallelcluster-{short}.{what}")
    }

    /// Documents of the policies that were referred to, by name.
    pub(super) fn documents(&self) -> Result<BTreeMap<String, Value>, Conflict> {
        let mut documents = BTreeMap::new();
        for kind in &self.used {
            let document = self.document(*kind);
            let length = document.to_string().len();
            if length > POLICY_LIMIT {
                let why = format!(
                    "the IAM policy of {} folders has {length} characters, and IAM takes \
                     {POLICY_LIMIT}; name fewer, or leave users out for the whole bucket",
                    self.reach.folders.len()
                );
                return Err(Conflict::new("users", why));
            }
            documents.insert(self.name(*kind), document);
        }
        Ok(documents)
    }

    fn document(&self, kind: Kind) -> Value {
        let mut statements = Vec::new();
        match kind {
            Kind::Beside if self.reach.is_whole() => {}
            Kind::Beside => statements.extend(self.list_statements()),
            Kind::Instead => {
                statements.extend(self.list_statements());
                statements.push(self.object_statement());
            }
        }
        statements.extend(self.key_statement());
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    /// Where the bucket is, and what is in it. `s3:GetBucketLocation` knows no prefix.
    fn list_statements(&self) -> Vec<Value> {
        let bucket = &self.reach.bucket_arn;
        let locate = json!({
            "Sid": "Locate", "Effect": "Allow", "Action": "s3:GetBucketLocation", "Resource": bucket
        });
        let mut list = json!({
            "Sid": "List", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket
        });
        if !self.reach.is_whole() {
            let folders = self.reach.folders.iter();
            let prefixes: Vec<String> = folders.map(|folder| format!("{folder}*")).collect();
            list["Condition"] = json!({"StringLike": {"s3:prefix": prefixes}});
        }
        vec![locate, list]
    }

    fn object_statement(&self) -> Value {
        let mut actions = vec!["s3:GetObject"];
        if self.reach.may_write() {
            actions.extend([
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
            ]);
        }
        json!({
            "Sid": "Objects", "Effect": "Allow", "Action": actions, "Resource": self.reach.objects()
        })
    }

    /// The bucket's own key, used through S3 only; `S3Access` never grants it.
    fn key_statement(&self) -> Option<Value> {
        let key = self.place.kms_key?;
        let scope = self.place.scope;
        let of_account = format!(
            "arn:{}:kms:{}:{}:",
            scope.partition(),
            scope.region,
            scope.account
        );
        // An ARN names key or alias after its account; otherwise the account is ours.
        let named = key.rsplit_once(':').map_or(key, |(_, named)| named);
        // Every principal of the account may use the keys that AWS manages, through their service.
        if named.starts_with("alias/aws/") {
            return None;
        }
        let suffix = if scope.partition() == "aws-cn" {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        let mut condition = json!({
            "StringEquals": {"kms:ViaService": format!("s3.{}.{suffix}", scope.region)}
        });
        let resource = if named.starts_with("alias/") {
            // A policy cannot name an alias as its resource, only the keys it points to.
            condition["ForAnyValue:StringEquals"] = json!({"kms:ResourceAliases": named});
            let account = key.strip_suffix(named).filter(|arn| !arn.is_empty());
            format!("{}key/*", account.unwrap_or(&of_account))
        } else if key.starts_with("arn:") {
            key.to_owned()
        } else {
            format!("{of_account}key/{named}")
        };
        let actions: &[&str] = if self.reach.may_write() {
            &["kms:Decrypt", "kms:GenerateDataKey"]
        } else {
            &["kms:Decrypt"]
        };
        Some(json!({
            "Sid": "Key", "Effect": "Allow", "Action": actions, "Resource": resource,
            "Condition": condition
        }))
    }
}
