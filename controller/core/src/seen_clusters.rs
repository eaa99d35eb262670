//! Tells which of an account's CloudFormation stacks are ParallelCluster clusters, and whose.
//!
//! The rules are `pcluster list-clusters`'s own (aws-parallelcluster 3.16, `aws/cfn.py` and
//! `api/converters.py`), so that people see here what they see there.
//!
//! # What is deliberately absent
//!
//! Anything that could change a cluster. Clusters are their users'; they are looked at.

mod access;
mod compare;
mod judge;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::cluster::USER_TAG;
use crate::environment::Timestamp;
use crate::observed::Observed;
use crate::plan::ENVIRONMENT_TAG;

pub use self::access::{AccessCheck, Grant, Reach, Verdict, check, reach};
pub use self::compare::{ClusterChanges, StoredCluster, compare, unlisted};
pub use self::judge::{Asked, Granted, judge, state_of, unread};

/// The tag whose value is the `ParallelCluster` version that made a stack.
pub const VERSION_TAG: &str = "parallelcluster:version";
/// The tag of stacks that build an image: they have a version too, and are no clusters.
pub const IMAGE_TAG: &str = "parallelcluster:image_id";

/// What a look should cover of clusters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterRequest {
    /// List all of them.
    pub list: bool,
    /// Stacks to ask for by their ARN: those that a list did not contain.
    pub stacks: BTreeSet<String>,
    /// Stacks, by their ARN, whose template is wanted.
    pub templates: BTreeSet<String>,
}

impl ClusterRequest {
    /// Whether it asks for anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.list && self.stacks.is_empty() && self.templates.is_empty()
    }

    /// Adds what another one asks.
    pub fn add(&mut self, more: &Self) {
        self.list |= more.list;
        self.stacks.extend(more.stacks.iter().cloned());
        self.templates.extend(more.templates.iter().cloned());
    }
}

/// What a look brought back of clusters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterWorld {
    /// All of them, or why they are not known; `None` when nobody asked.
    pub listed: Option<Result<Vec<SeenCluster>, NotListed>>,
    /// What became of stacks that were asked for by ARN. Absent is one that AWS has deleted.
    pub stacks: BTreeMap<String, Observed<SeenCluster>>,
    /// The text of the templates that were asked for, by the stack's ARN.
    pub templates: BTreeMap<String, Observed<String>>,
}

impl ClusterWorld {
    /// Lays a later look over this one.
    pub fn merge(&mut self, later: Self) {
        if later.listed.is_some() {
            self.listed = later.listed;
        }
        self.stacks.extend(later.stacks);
        self.templates.extend(later.templates);
    }
}

/// Why the clusters of a scope are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotListed {
    /// Whether we may not ask, which time does not change.
    pub denied: bool,
    /// The call that failed, and AWS's words.
    pub reason: String,
}

/// A stack as CloudFormation describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackDescription {
    /// Its ARN, which no namesake has.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// CloudFormation's own word, such as `CREATE_COMPLETE`.
    pub status: String,
    /// The ARN of the stack it is nested in.
    pub parent: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was last updated, or created when it never was.
    pub changed_at: Option<Timestamp>,
}

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenCluster {
    /// The cluster's name, which is its root stack's.
    pub name: String,
    /// The root stack's ARN: a cluster made anew under the name has another.
    pub arn: String,
    /// The status as `pcluster` says it.
    pub status: String,
    /// The version that made it.
    pub version: String,
    /// The environment it belongs to by its tag, whether there is such a row or not.
    pub environment: Option<String>,
    /// Whose it is by its tag.
    pub user: Option<String>,
    /// When its stack was last updated, or created.
    pub changed_at: Option<Timestamp>,
}

impl SeenCluster {
    /// The cluster that a stack is the root of; `None` for every other stack.
    #[must_use]
    pub fn of(stack: &StackDescription) -> Option<Self> {
        let StackDescription {
            arn,
            name,
            status,
            parent,
            tags,
            changed_at,
        } = stack;
        let version = tags.get(VERSION_TAG)?;
        // Queues and storage are stacks nested in the cluster's, with the same tags.
        if parent.is_some() || tags.contains_key(IMAGE_TAG) {
            return None;
        }
        Some(Self {
            name: name.clone(),
            arn: arn.clone(),
            status: status_of(status).to_owned(),
            version: version.clone(),
            environment: tags.get(ENVIRONMENT_TAG).cloned(),
            user: tags.get(USER_TAG).cloned(),
            changed_at: *changed_at,
        })
    }
}

/// A stack's status as `pcluster` says it of the cluster.
///
/// A rolled back update leaves a cluster that runs: `UPDATE_FAILED` is no loss.
#[must_use]
pub fn status_of(stack: &str) -> &str {
    match stack {
        "ROLLBACK_IN_PROGRESS" | "ROLLBACK_FAILED" | "ROLLBACK_COMPLETE" => "CREATE_FAILED",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
        | "UPDATE_ROLLBACK_IN_PROGRESS"
        | "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS" => "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_FAILED" | "UPDATE_ROLLBACK_COMPLETE" => "UPDATE_FAILED",
        other => other,
    }
}

/// Whether a stack is gone.
#[must_use]
pub fn is_deleted(stack: &str) -> bool {
    stack == "DELETE_COMPLETE"
}

#[cfg(test)]
mod tests;
