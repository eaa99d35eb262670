//! Records that a whole scope was looked at: one row, whatever the number of environments.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use streamkeeper_core::environment::Timestamp;

use crate::error::StoreError;
use crate::leases::Lease;
use crate::store::Store;

/// Runs that are kept. A rotation takes about ten; more are left only when many single reads fail,
/// and then the oldest are read again a little early.
const MAX_RUNS: usize = 256;

/// What a sweep leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepRecord {
    /// When the look began, by the database's clock.
    pub started_at: Timestamp,
    /// AWS read calls it took, by operation.
    pub calls: BTreeMap<String, u64>,
    /// Whose associations it read, as runs of names.
    pub associations_verified: Vec<AssociationRange>,
    /// When the look began that listed all clusters, if it was this one.
    pub clusters_seen_at: Option<Timestamp>,
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
        let operation = format!("record a sweep of scope {}", lease.scope_id);
        let failed = |error| StoreError::database(operation.as_str(), error);
        let SweepRecord {
            started_at,
            calls,
            associations_verified,
            clusters_seen_at,
        } = sweep;
        let mut transaction = self.begin_fenced(lease, &operation).await?;
        let stored = sqlx::query!(
            "SELECT calls::text AS \"calls!\", association_runs::text AS \"association_runs!\"
             FROM streamkeeper.scope_leases
             WHERE scope_id = $1",
            lease.scope_id
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed)?;
        // Only the holder writes these two, so what was read is what is replaced.
        let calls = add_calls(
            serde_json::from_str(&stored.calls).unwrap_or_default(),
            calls,
        );
        let runs = add_runs(
            serde_json::from_str(&stored.association_runs).unwrap_or_default(),
            associations_verified,
            *started_at,
        );
        let written = sqlx::query!(
            "UPDATE streamkeeper.scope_leases
             SET fresh_at = greatest(fresh_at, $2),
                 sweeps = sweeps + 1,
                 calls = $3,
                 association_runs = $4,
                 clusters_seen_at = coalesce($5, clusters_seen_at)
             WHERE scope_id = $1",
            lease.scope_id,
            started_at,
            serde_json::json!(calls),
            serde_json::json!(runs),
            *clusters_seen_at
        )
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        debug_assert_eq!(written.rows_affected(), 1, "the fence has read this row");
        transaction.commit().await.map_err(failed)
    }
}

/// Adds one look's calls to all looks'.
fn add_calls(
    mut total: BTreeMap<String, u64>,
    calls: &BTreeMap<String, u64>,
) -> BTreeMap<String, u64> {
    for (operation, count) in calls {
        let sum = total.entry(operation.clone()).or_default();
        *sum = sum.saturating_add(*count);
    }
    total
}

/// Puts new runs before the stored ones, and forgets those that say nothing any more.
fn add_runs(
    stored: Vec<AssociationRun>,
    verified: &[AssociationRange],
    at: Timestamp,
) -> Vec<AssociationRun> {
    let mut runs: Vec<AssociationRun> = verified
        .iter()
        .map(|range| AssociationRun {
            first: range.first.clone(),
            last: range.last.clone(),
            at,
        })
        .collect();
    for run in stored {
        let is_covered = runs
            .iter()
            .any(|newer| newer.first <= run.first && run.last <= newer.last);
        if !is_covered && runs.len() < MAX_RUNS {
            runs.push(run);
        }
    }
    runs
}

/// A run of names whose associations were read at one time; stored in `association_runs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AssociationRun {
    first: String,
    last: String,
    at: Timestamp,
}

/// When an environment's association was last read in a sweep, the view `status` says the same.
pub(crate) fn last_run(
    runs: &[AssociationRun],
    name: &str,
    created_at: Timestamp,
) -> Option<Timestamp> {
    runs.iter()
        .filter(|run| run.first.as_str() <= name && name <= run.last.as_str())
        .map(|run| run.at)
        .filter(|at| *at >= created_at)
        .max()
}
