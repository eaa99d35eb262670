//! Loads a scope in a constant number of queries, and after that only what changed in it.

mod details;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use self::details::load_details;
use self::rows::{load_rows, parse_runs};
use crate::environments::{EnvironmentRow, RowVersion, ScopeSnapshot};
use crate::error::StoreError;
use crate::store::Store;
use crate::sweeps::{AssociationRun, last_run};

/// A transaction whose statements all see the same moment.
type Snapshot = Transaction<'static, Postgres>;

impl Store {
    /// Everything stored about a scope, in a constant number of queries.
    ///
    /// # Errors
    ///
    /// Fails when the database does; never because of what a row holds.
    pub async fn load_scope(&self, scope_id: i64) -> Result<ScopeSnapshot, StoreError> {
        let nothing = ScopeSnapshot {
            db_now: DateTime::UNIX_EPOCH,
            environments: Vec::new(),
        };
        self.reload_scope(scope_id, nothing).await
    }

    /// Everything stored about a scope, taking from an earlier snapshot of it what did not change.
    ///
    /// A quiet scope costs one small record per environment instead of its whole spec.
    ///
    /// # Assumptions
    ///
    /// Between the two nobody but this program wrote anything but `environments`: only then does
    /// each write show in the versions that are compared. Whoever takes a scope over begins with
    /// [`Store::load_scope`].
    ///
    /// # Errors
    ///
    /// Fails when the database does; never because of what a row holds.
    pub async fn reload_scope(
        &self,
        scope_id: i64,
        earlier: ScopeSnapshot,
    ) -> Result<ScopeSnapshot, StoreError> {
        let operation = format!("load scope {scope_id}");
        let failed = |error| StoreError::database(operation.as_str(), error);
        let mut snapshot = self.begin_snapshot(&operation).await?;
        let scope = sqlx::query!(
            r#"SELECT
                   clock_timestamp() AS "db_now!",
                   (
                       SELECT association_runs::text
                       FROM streamkeeper.scope_leases
                       WHERE scope_id = $1
                   ) AS association_runs"#,
            scope_id
        )
        .fetch_one(&mut *snapshot)
        .await
        .map_err(failed)?;
        let versions = load_versions(&mut snapshot, scope_id)
            .await
            .map_err(failed)?;
        let (mut environments, changed) = keep_unchanged(earlier, &versions);
        if !changed.is_empty() {
            let mut rows = load_rows(&mut snapshot, &changed).await.map_err(failed)?;
            load_details(&mut snapshot, &mut rows)
                .await
                .map_err(failed)?;
            environments.extend(rows);
            environments.sort_by(|a, b| a.name.cmp(&b.name));
        }
        snapshot.commit().await.map_err(failed)?;
        date_associations(
            &mut environments,
            &parse_runs(scope.association_runs.as_deref()),
        );
        Ok(ScopeSnapshot {
            db_now: scope.db_now,
            environments,
        })
    }

    /// Everything stored about one environment; `None` when there is no such row.
    ///
    /// # Errors
    ///
    /// Fails when the database does; never because of what the row holds.
    pub async fn load_environment(&self, name: &str) -> Result<Option<EnvironmentRow>, StoreError> {
        let mut rows = self.load_environments(&[name.to_owned()]).await?;
        Ok(rows.pop())
    }

    /// Everything stored about environments of these names, in a constant number of queries and in
    /// the byte order of their names; of a name that no environment has, nothing.
    ///
    /// # Errors
    ///
    /// Fails when the database does; never because of what a row holds.
    pub async fn load_environments(
        &self,
        names: &[String],
    ) -> Result<Vec<EnvironmentRow>, StoreError> {
        let operation = match names {
            [name] => format!("load environment \"{name}\""),
            _ => format!("load {} environments", names.len()),
        };
        let failed = |error| StoreError::database(operation.as_str(), error);
        let mut snapshot = self.begin_snapshot(&operation).await?;
        let found = sqlx::query!(
            "SELECT
                 environments.uid,
                 (
                     SELECT association_runs::text
                     FROM streamkeeper.scope_leases
                     WHERE scope_id
                         = streamkeeper.scope_of(environments.region, environments.account_id)
                 ) AS association_runs
             FROM streamkeeper.environments
             WHERE environments.name = ANY($1)",
            names
        )
        .fetch_all(&mut *snapshot)
        .await
        .map_err(failed)?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let uids: Vec<Uuid> = found.iter().map(|found| found.uid).collect();
        let mut rows = load_rows(&mut snapshot, &uids).await.map_err(failed)?;
        load_details(&mut snapshot, &mut rows)
            .await
            .map_err(failed)?;
        snapshot.commit().await.map_err(failed)?;
        let runs: BTreeMap<Uuid, Option<String>> = found
            .into_iter()
            .map(|found| (found.uid, found.association_runs))
            .collect();
        for row in &mut rows {
            let runs = runs.get(&row.uid).and_then(Option::as_deref);
            date_associations(std::slice::from_mut(row), &parse_runs(runs));
        }
        Ok(rows)
    }

    /// Where rows of these names live, such as `123456789012/eu-west-1`, if not in the given scope.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn find_scopes(
        &self,
        scope_id: i64,
        names: &[String],
    ) -> Result<BTreeMap<String, String>, StoreError> {
        let found = sqlx::query!(
            r#"SELECT name, coalesce(account_id || '/', '') || region AS "scope!"
               FROM streamkeeper.environments
               WHERE name = ANY($1)
                 AND streamkeeper.scope_of(region, account_id) IS DISTINCT FROM $2"#,
            names,
            scope_id
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| StoreError::database("find the scopes of environments", error))?;
        Ok(found.into_iter().map(|row| (row.name, row.scope)).collect())
    }

    /// Begins a transaction whose statements all see the same moment.
    async fn begin_snapshot(&self, operation: &str) -> Result<Snapshot, StoreError> {
        self.pool()
            .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await
            .map_err(|error| StoreError::database(operation, error))
    }
}

/// The version of each row of a scope and of what is stored about it.
///
/// `xmin` is the transaction that wrote a row's present version: another one, another version. Every
/// write of ours about an environment touches its row of `environment_state`.
async fn load_versions(
    snapshot: &mut Snapshot,
    scope_id: i64,
) -> Result<BTreeMap<Uuid, RowVersion>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT
               environments.uid,
               environments.xmin::text::bigint AS "row_version!",
               state.xmin::text::bigint AS "state_version?"
           FROM streamkeeper.scope_fences AS scope
           JOIN streamkeeper.environments
               ON environments.region = scope.region
              AND CASE
                      WHEN scope.account_id IS NOT NULL
                      THEN environments.account_id = scope.account_id
                      ELSE environments.account_id IS NULL
                           OR environments.account_id = scope.pinned_account
                  END
           LEFT JOIN streamkeeper.environment_state AS state
               ON state.uid = environments.uid
           WHERE scope.id = $1
             AND streamkeeper.scope_of(scope.region, scope.account_id) = scope.id"#,
        scope_id
    )
    .fetch_all(&mut **snapshot)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let version = RowVersion {
                row: row.row_version,
                state: row.state_version,
            };
            (row.uid, version)
        })
        .collect())
}

/// Splits a scope into rows of the earlier snapshot that are still so, and the uids of the others.
fn keep_unchanged(
    earlier: ScopeSnapshot,
    versions: &BTreeMap<Uuid, RowVersion>,
) -> (Vec<EnvironmentRow>, Vec<Uuid>) {
    let kept: Vec<EnvironmentRow> = earlier
        .environments
        .into_iter()
        .filter(|row| versions.get(&row.uid) == Some(&row.version))
        .collect();
    let known: BTreeSet<Uuid> = kept.iter().map(|row| row.uid).collect();
    let changed = versions
        .keys()
        .filter(|uid| !known.contains(uid))
        .copied()
        .collect();
    (kept, changed)
}

/// Says when each association was last read, in a sweep or on its own.
fn date_associations(environments: &mut [EnvironmentRow], runs: &[AssociationRun]) {
    for row in environments {
        row.associations_verified_at =
            last_run(runs, &row.name, row.created_at).max(row.own_associations_verified_at);
    }
}
