//! Loads what rows ask for and everything that is stored about them.
//!
//! A row that cannot be read never stops another: what could not be read is listed in
//! [`EnvironmentRow::faults`], and the spec stays a document until somebody asks for
//! [`EnvironmentRow::desired`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use streamkeeper_core::cluster::StoredConfig;
use streamkeeper_core::condition::Condition;
use streamkeeper_core::environment::{DeletionPolicy, Environment, Mode, Scope, Timestamp};
use streamkeeper_core::plan::{ManagedPaths, PlanRow};
use streamkeeper_core::record::{OpenDrift, OpenIntent};
use uuid::Uuid;

/// Everything stored about one scope, as of one moment.
#[derive(Debug, Clone)]
pub struct ScopeSnapshot {
    /// When it was read, by the database's clock.
    pub db_now: Timestamp,
    /// The scope's environments by name, in byte order.
    pub environments: Vec<EnvironmentRow>,
}

/// One row of `environments`, and what is stored about it.
#[derive(Debug, Clone)]
pub struct EnvironmentRow {
    /// The row's name.
    pub name: String,
    /// Its identity.
    pub uid: Uuid,
    /// Its region.
    pub region: String,
    /// Its account as declared; `None` is the daemon's own.
    pub account_id: Option<String>,
    /// What it should be; unread.
    pub spec: Value,
    /// The user's own labels.
    pub labels: BTreeMap<String, String>,
    /// `enforce` or `observe`; unread.
    pub mode: String,
    /// Neither look nor touch.
    pub paused: bool,
    /// `delete`, `retain` or `forget`; unread.
    pub deletion_policy: String,
    /// Version of `spec`, `mode` and `deletion_policy`.
    pub generation: i64,
    /// When somebody asked for the row to go, if anybody did.
    pub deletion_requested_at: Option<Timestamp>,
    /// When the row was inserted.
    pub created_at: Timestamp,
    /// When the row was last changed.
    pub updated_at: Timestamp,
    /// Conditions as last recorded.
    pub conditions: Vec<StoredCondition>,
    /// Managed paths and the values last seen to hold.
    pub managed: ManagedPaths,
    /// Objects it owns, such as `fleet/cfd`.
    pub owned: BTreeSet<String>,
    /// Intents that are not settled.
    pub open_intents: Vec<OpenIntent>,
    /// Fleets that Streamkeeper stopped and must start again.
    pub debts: BTreeSet<String>,
    /// Configurations of clusters as they are stored, by cluster.
    pub cluster_configs: BTreeMap<String, StoredConfig>,
    /// Drift that is open.
    pub open_drift: Vec<OpenDrift>,
    /// The plan as last recorded.
    pub plan: Vec<PlanRow>,
    /// The newest generation that was planned.
    pub observed_generation: Option<i64>,
    /// The fleet's state as AWS calls it.
    pub fleet_state: Option<String>,
    /// When it was last looked at on its own.
    pub verified_at: Option<Timestamp>,
    /// Whether the scope's sweep speaks for it.
    pub follows_sweep: bool,
    /// When somebody last asked for a look.
    pub reconcile_requested_at: Option<Timestamp>,
    /// The generation a human approved beyond the budget.
    pub approved_generation: Option<i64>,
    /// When its association was last read, in a sweep or on its own.
    pub associations_verified_at: Option<Timestamp>,
    /// What is stored about it and cannot be read; touch nothing while there is any.
    pub faults: Vec<String>,
    /// Which version of the row and of what is stored about it this is.
    pub version: RowVersion,
    /// When its association was last read on its own.
    pub own_associations_verified_at: Option<Timestamp>,
}

/// Which version of a row this is: equal versions hold the same, as long as the database lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowVersion {
    /// Of the row that the user writes: what was read from its spec stays true.
    pub row: i64,
    /// Of what is stored about it; `None` when nothing is.
    pub state: Option<i64>,
}

/// A condition as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCondition {
    /// The condition.
    pub condition: Condition,
    /// The generation it speaks of.
    pub observed_generation: i64,
    /// When its status last changed.
    pub last_transition_at: Timestamp,
}

/// Why a row is not an [`Environment`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecFault {
    /// It names a field this version does not know: a newer one wrote it.
    #[error("{path} is not known to this version")]
    UnknownField {
        /// The field, such as `spec.fleet.colour`.
        path: String,
    },
    /// It cannot be read.
    #[error("{message}")]
    Invalid {
        /// Where and why.
        message: String,
    },
}

impl EnvironmentRow {
    /// The row's mode, if this version knows it.
    #[must_use]
    pub fn mode(&self) -> Option<Mode> {
        match self.mode.as_str() {
            "enforce" => Some(Mode::Enforce),
            "observe" => Some(Mode::Observe),
            _ => None,
        }
    }

    /// The row's deletion policy, if this version knows it.
    #[must_use]
    pub fn deletion_policy(&self) -> Option<DeletionPolicy> {
        match self.deletion_policy.as_str() {
            "delete" => Some(DeletionPolicy::Delete),
            "retain" => Some(DeletionPolicy::Retain),
            "forget" => Some(DeletionPolicy::Forget),
            _ => None,
        }
    }

    /// Reads the row as an environment of the given account.
    ///
    /// # Errors
    ///
    /// Fails when the spec names an unknown field or the row cannot be read.
    pub fn desired(&self, account: &str) -> Result<Environment, SpecFault> {
        if let Some(fault) = self.faults.first() {
            return Err(SpecFault::Invalid {
                message: fault.clone(),
            });
        }
        let invalid = |column: &str, value: &str| SpecFault::Invalid {
            message: format!("{column} \"{value}\" is not known to this version"),
        };
        Ok(Environment {
            name: self.name.clone(),
            uid: self.uid,
            scope: Scope {
                account: account.to_owned(),
                region: self.region.clone(),
            },
            spec: parse_spec(&self.spec)?,
            mode: self.mode().ok_or_else(|| invalid("mode", &self.mode))?,
            paused: self.paused,
            deletion_policy: self
                .deletion_policy()
                .ok_or_else(|| invalid("deletion_policy", &self.deletion_policy))?,
            generation: self.generation,
            deletion_requested_at: self.deletion_requested_at,
        })
    }
}

/// Reads a spec and says where it cannot be read.
fn parse_spec(spec: &Value) -> Result<streamkeeper_core::spec::Spec, SpecFault> {
    serde_path_to_error::deserialize(spec).map_err(|error| {
        let path = match error.path().to_string().as_str() {
            "." => "spec".to_owned(),
            path => format!("spec.{path}"),
        };
        let message = error.inner().to_string();
        match unknown_field(&message) {
            Some(field) => SpecFault::UnknownField {
                path: join_field(&path, field),
            },
            None => SpecFault::Invalid {
                message: format!("{path}: {message}"),
            },
        }
    })
}

/// The field in serde's "unknown field `x`, expected …"; serde offers no better way.
fn unknown_field(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("unknown field `")?;
    rest.split_once('`').map(|(field, _)| field)
}

/// Whether the path to an unknown field already ends with the field depends on the container.
fn join_field(path: &str, field: &str) -> String {
    if path.ends_with(&format!(".{field}")) {
        path.to_owned()
    } else {
        format!("{path}.{field}")
    }
}
