//! The port to the cloud: two verbs and one question, in the core's own words.
//!
//! The plan is already the vocabulary, so an implementation needs no more than to look and to
//! apply. Implementations: the AWS SDK (`streamkeeper-aws`), and the simulator in process.

use std::collections::BTreeSet;
use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::access::AccessRequest;
use crate::action::Action;
use crate::environment::Timestamp;
use crate::observed::ObservedWorld;
use crate::seen_clusters::ClusterRequest;

/// What a look should cover.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObserveRequest {
    /// When the look begins, for the record.
    pub now: Timestamp,
    /// Walk the whole lists of fleets and stacks, with tags in bulk.
    pub walk: bool,
    /// Fleets to read by name, tags included; after a walk too, for names it did not list.
    pub fleets: BTreeSet<String>,
    /// Stacks to read by name, tags included.
    pub stacks: BTreeSet<String>,
    /// Stacks whose associated fleets are wanted.
    pub associations_of_stacks: BTreeSet<String>,
    /// Fleets whose associated stacks are wanted.
    pub associations_of_fleets: BTreeSet<String>,
    /// Buckets whose policy is wanted: `home`, or names.
    pub buckets: BTreeSet<String>,
    /// Fleets whose sessions are counted, over every stack associated with them, ours or not.
    pub sessions: BTreeSet<String>,
    /// Who may use what.
    pub access: AccessRequest,
    /// Fleets of which it is wanted whether Application Auto Scaling has them in hand.
    pub scaling: BTreeSet<String>,
    /// ParallelCluster clusters.
    pub clusters: ClusterRequest,
    /// Roles and users, by ARN, whose unique id is wanted.
    pub principals: BTreeSet<String>,
    /// Images of which it is wanted whether they are there.
    pub images: BTreeSet<String>,
}

/// Who we are, as STS says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The account, 12 digits.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
}

/// A mutating call that AWS answered with success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// AWS's request id, where it sent one.
    pub request_id: Option<String>,
    /// Items that AWS refused, of a call that it answers item by item.
    pub refused: Vec<ItemRefusal>,
}

/// One item of a call that AWS refused, while the call as a whole succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRefusal {
    /// The item, such as a user's name.
    pub item: String,
    /// What we do next about it.
    pub class: ErrorClass,
    /// AWS's code for the item.
    pub code: String,
    /// AWS's words.
    pub message: String,
}

impl ItemRefusal {
    /// Sorts AWS's answer about one user and stack by its code.
    #[must_use]
    pub fn of_user(item: String, code: String, message: String) -> Self {
        let class = match code.as_str() {
            // Both come for a while after the user or the stack was created.
            "USER_NAME_NOT_FOUND" | "STACK_NOT_FOUND" => ErrorClass::NotReady,
            // The region has no user pool, which does not come by itself.
            "DIRECTORY_NOT_FOUND" => ErrorClass::Denied,
            "INTERNAL_ERROR" => ErrorClass::Unknown,
            _ => ErrorClass::Unexpected,
        };
        Self {
            item,
            class,
            code,
            message,
        }
    }
}

impl std::fmt::Display for ItemRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyError {
    /// What we do next.
    pub class: ErrorClass,
    /// AWS's error code, or ours for a transport fault (`Timeout`, `ConnectionLost`).
    pub code: String,
    /// AWS's words.
    pub message: String,
    /// AWS's request id, where it sent one.
    pub request_id: Option<String>,
}

impl std::fmt::Display for ApplyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ApplyError {}

/// Errors by what we do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErrorClass {
    /// Slow down, then again.
    Throttled,
    /// The object is in a state that will pass (in use, not available, being modified).
    NotReady,
    /// The object, or one it refers to, does not exist.
    Gone,
    /// The name is taken.
    AlreadyThere,
    /// A quota.
    Limit,
    /// Not allowed, or no or wrong credentials.
    Denied,
    /// The request is wrong and stays wrong until the row changes.
    Invalid,
    /// Nobody knows whether it was executed: time-out, reset, 5xx. Resolved by looking.
    Unknown,
    /// A definite no with a code we do not know; never retried tightly.
    Unexpected,
}

impl ErrorClass {
    /// Whether AWS definitely did not execute the call.
    #[must_use]
    pub const fn is_definite(self) -> bool {
        !matches!(self, Self::Unknown)
    }
}

/// The cloud of one scope.
///
/// # Guarantees
///
/// - `observe` never fails: whatever could not be read is Unknown in the result.
/// - `apply` makes exactly one mutating call, once, with a time-out, and never retries it.
///
/// # Cancellation
///
/// A cancelled `apply` may have been executed; the caller's intent stays open and is resolved by
/// looking.
pub trait Cloud: Send + Sync + 'static {
    /// Asks STS who we are.
    ///
    /// # Errors
    ///
    /// Fails when there are no credentials or STS does not answer.
    fn identity(&self) -> impl Future<Output = Result<Identity, ApplyError>> + Send;

    /// Looks at what the request names.
    fn observe(&self, request: &ObserveRequest) -> impl Future<Output = ObservedWorld> + Send;

    /// Makes one mutating call.
    ///
    /// # Errors
    ///
    /// Fails with the class that says what to do next.
    fn apply(&self, action: &Action) -> impl Future<Output = Result<Applied, ApplyError>> + Send;
}
