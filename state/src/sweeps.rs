//! Records that a whole scope was looked at: one row, whatever the number of environments.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use streamkeeper_core::environment::Timestamp;

use crate::error::StoreError;
use crate::leases::Lease;
use crate::store::Store;

/// What a sweep leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepRecord {
    /// When the look began, by the database's clock.
    pub started_at: Timestamp,
    /// AWS read calls it took, by operation.
    pub calls: BTreeMap<String, u64>,
    /// Whose associations it read, as runs of names.
    pub associations_verified: Vec<AssociationRange>,
}

/// A run of environments, by name in byte order, whose associations were read in one sweep.
///
/// Runs rather than names keep a quiet sweep at one small row: a rotation over ten thousand
/// environments in ten minutes is ten runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssociationRange {
    /// The first name of the run.
    pub first: String,
    /// The last name of the run.
    pub last: String,
}

impl AssociationRange {
    /// The runs of `verified` within all names of the scope.
    #[must_use]
    pub fn cover<'a>(
        names: impl IntoIterator<Item = &'a str>,
        verified: &BTreeSet<&str>,
    ) -> Vec<Self> {
        let sorted: BTreeSet<&str> = names.into_iter().collect();
        let mut ranges: Vec<Self> = Vec::new();
        let mut open = false;
        for name in sorted {
            if !verified.contains(name) {
                open = false;
                continue;
            }
            match ranges.last_mut() {
                Some(range) if open => name.clone_into(&mut range.last),
                _ => ranges.push(Self {
                    first: name.to_owned(),
                    last: name.to_owned(),
                }),
            }
            open = true;
        }
        ranges
    }
}

impl Store {
    /// Records a sweep.
    ///
    /// # Guarantees
    ///
    /// Exactly one row is written.
    ///
    /// # Errors
    ///
    /// Fails when the lease is lost or the database fails.
    pub async fn record_sweep(&self, lease: &Lease, sweep: &SweepRecord) -> Result<(), StoreError> {
        Err(StoreError::Unsupported(format!(
            "not there yet: {lease:?} {sweep:?}"
        )))
    }
}
