//! Names the managed unit: an environment, its identity and the scope it lives in.
//!
//! # Invariants
//!
//! - Identity is [`Environment::uid`], never the name: a row deleted and inserted again under the
//!   same name is another environment, and what the first one created is not the second one's.
//! - A scope is an account and a region; everything AWS rate-limits and everything the daemon
//!   leases is per scope.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::spec::Spec;

/// A moment, always in UTC. Handed in by the shell; the core reads no clock.
pub type Timestamp = DateTime<Utc>;

/// Account and region: what one keeper leases, observes and converges.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The AWS account, 12 digits, resolved: never empty.
    pub account: String,
    /// The AWS region, such as `eu-west-1`.
    pub region: String,
}

impl Scope {
    /// The partition that ARNs of this region begin with.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        if self.region.starts_with("cn-") {
            "aws-cn"
        } else if self.region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

/// What Streamkeeper may do for an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Converge every difference.
    Enforce,
    /// Report every difference and call nothing that changes anything.
    Observe,
}

/// What becomes of AWS resources when the row is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletionPolicy {
    /// Fleet, stack and our policy statements go.
    Delete,
    /// They stay; our ownership tags go.
    Retain,
    /// The row goes without a call, as for a closed account.
    Forget,
}

/// One desired environment: a row of `streamkeeper.environments`, parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Environment {
    /// The row's name; also the default fleet and stack name.
    pub name: String,
    /// Identity; ownership rests on it.
    pub uid: Uuid,
    /// Where it lives, resolved.
    pub scope: Scope,
    /// What it should be.
    pub spec: Spec,
    /// Whether differences are repaired or only reported.
    pub mode: Mode,
    /// Neither look nor touch.
    pub paused: bool,
    /// What becomes of AWS resources when the row is deleted.
    pub deletion_policy: DeletionPolicy,
    /// Version of `spec`, `mode` and `deletion_policy`; starts at 1.
    pub generation: i64,
    /// When somebody asked for the row to go, if anybody did.
    pub deletion_requested_at: Option<Timestamp>,
}

impl Environment {
    /// The AppStream fleet this environment owns, if it has one.
    #[must_use]
    pub fn fleet_name(&self) -> Option<&str> {
        self.spec
            .fleet
            .as_ref()
            .map(|fleet| fleet.name.as_deref().unwrap_or(&self.name))
    }

    /// The AppStream stack this environment owns, if it has one.
    #[must_use]
    pub fn stack_name(&self) -> Option<&str> {
        self.spec
            .stack
            .as_ref()
            .map(|stack| stack.name.as_deref().unwrap_or(&self.name))
    }

    /// The environment whose fleet this one's stack uses, if the row names one.
    #[must_use]
    pub fn fleet_ref(&self) -> Option<&str> {
        self.spec.fleet_ref.as_deref()
    }

    /// Whether the row is on its way out.
    #[must_use]
    pub fn is_deleting(&self) -> bool {
        self.deletion_requested_at.is_some()
    }

    /// The value of the `streamkeeper:uid` tag on everything this environment owns.
    #[must_use]
    pub fn uid_tag(&self) -> String {
        self.uid.hyphenated().to_string()
    }
}
