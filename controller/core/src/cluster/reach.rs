//! Says which part of the bucket a cluster's nodes reach.

use serde_json::{Map, Value, json};

use super::{Conflict, Place};
use crate::folder;
use crate::spec::{ClusterAccess, ClusterSpec};

/// IAM takes this many characters in all inline policies of a role together (IAM and STS quotas);
/// `S3Access` becomes one of them.
const INLINE_LIMIT: usize = 10_240;

/// Which part of the bucket, and what may be done there.
pub(super) struct Reach {
    pub(super) bucket: String,
    pub(super) bucket_arn: String,
    pub(super) access: ClusterAccess,
    /// What keys begin with, `/` at the end; empty: the whole bucket.
    pub(super) folders: Vec<String>,
}

impl Reach {
    pub(super) fn of(spec: &ClusterSpec, place: &Place<'_>) -> Result<Self, Conflict> {
        let is_taken = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        if !place.bucket.chars().all(is_taken) {
            let why = format!(
                "ParallelCluster takes lower-case letters, digits, - and . only, not \"{}\"",
                place.bucket
            );
            return Err(Conflict::new("bucket", why));
        }
        let users = spec.users.as_deref().unwrap_or_default();
        let mut folders: Vec<String> = users
            .iter()
            .map(|user| folder::key_prefix(place.authentication, user))
            .collect();
        folders.sort_unstable();
        folders.dedup();
        let reach = Self {
            bucket: place.bucket.to_owned(),
            bucket_arn: format!("arn:{}:s3:::{}", place.scope.partition(), place.bucket),
            access: spec.access,
            folders,
        };
        // Each comes with two quotes and a comma.
        let length: usize = reach.objects().iter().map(|arn| arn.len() + 3).sum();
        if length > INLINE_LIMIT {
            let why = format!(
                "the folders of {} users take {length} characters, and IAM takes {INLINE_LIMIT} in \
                 a role's inline policies; name fewer, or leave users out for the whole bucket",
                users.len()
            );
            return Err(Conflict::new("users", why));
        }
        Ok(reach)
    }

    pub(super) const fn is_whole(&self) -> bool {
        self.folders.is_empty()
    }

    pub(super) fn may_write(&self) -> bool {
        self.access == ClusterAccess::ReadWrite
    }

    /// ARNs of the objects.
    pub(super) fn objects(&self) -> Vec<String> {
        let arn = &self.bucket_arn;
        if self.is_whole() {
            return vec![format!("{arn}/*")];
        }
        let folders = self.folders.iter();
        folders.map(|folder| format!("{arn}/{folder}*")).collect()
    }

    /// Entries of `S3Access`.
    ///
    /// Without `KeyName` an entry is about the bucket and its objects, with one about these objects
    /// only (ParallelCluster's `S3Access.resource_regex`), whatever its guide says of a default.
    pub(super) fn entries(&self) -> Vec<Value> {
        let entry = |key: Option<String>, writes: bool| {
            let mut entry = Map::new();
            entry.insert("BucketName".to_owned(), json!(self.bucket));
            if let Some(key) = key {
                entry.insert("KeyName".to_owned(), json!(key));
            }
            if writes {
                entry.insert("EnableWriteAccess".to_owned(), json!(true));
            }
            Value::Object(entry)
        };
        match (self.is_whole(), self.may_write()) {
            (true, false) => vec![entry(None, false)],
            // One entry with write access for both would be `s3:*` on the bucket itself.
            (true, true) => vec![entry(None, false), entry(Some("*".to_owned()), true)],
            (false, writes) => {
                let folders = self.folders.iter();
                folders
                    .map(|folder| entry(Some(format!("{folder}*")), writes))
                    .collect()
            }
        }
    }

    /// In words, for people.
    pub(super) fn describe(&self) -> String {
        let what = self.access.as_str();
        match self.folders.as_slice() {
            [] => format!("{what} on all of s3://{}", self.bucket),
            [folder] => format!("{what} on s3://{}/{folder}", self.bucket),
            folders => format!(
                "{what} on {} folders of s3://{}",
                folders.len(),
                self.bucket
            ),
        }
    }
}
