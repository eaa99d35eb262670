//! Holds what S3 said of a bucket: its policy, and what decides whether a policy is enough.

use serde_json::Value;

use super::Observed;

/// A bucket and its policy.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedBucket {
    /// The bucket's real name.
    pub name: String,
    /// Its policy document; `None` when it has none.
    pub policy: Option<Value>,
    /// How objects are encrypted whose writer asks for nothing else. Read by itself: that it is not
    /// known leaves the policy known.
    pub encryption: Observed<BucketEncryption>,
    /// Whose objects are that somebody else writes; absent in old buckets, and then the writer's.
    pub ownership: Observed<ObjectOwnership>,
}

impl ObservedBucket {
    /// A bucket of which nobody asked more than its policy.
    #[must_use]
    pub fn with_policy(name: &str, policy: Option<Value>) -> Self {
        let not_asked = "not looked at";
        Self {
            name: name.to_owned(),
            policy,
            encryption: Observed::Unknown(not_asked.to_owned()),
            ownership: Observed::Unknown(not_asked.to_owned()),
        }
    }
}

/// A bucket's default encryption (`GetBucketEncryption`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketEncryption {
    /// S3's word: `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The key as the bucket's owner named it: ARN, id or alias. `None` is S3's own key, or the
    /// account's `aws/s3`.
    pub kms_key: Option<String>,
}

/// Who owns objects that another account writes (`GetBucketOwnershipControls`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectOwnership {
    /// The bucket's owner, always.
    BucketOwnerEnforced,
    /// The bucket's owner, if the writer says so.
    BucketOwnerPreferred,
    /// The writer.
    ObjectWriter,
    /// A word S3 added since.
    Other(String),
}

impl ObjectOwnership {
    /// Reads S3's word; an unknown one is kept.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "BucketOwnerEnforced" => Self::BucketOwnerEnforced,
            "BucketOwnerPreferred" => Self::BucketOwnerPreferred,
            "ObjectWriter" => Self::ObjectWriter,
            other => Self::Other(other.to_owned()),
        }
    }
}
