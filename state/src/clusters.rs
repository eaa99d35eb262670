//! Stores which clusters a scope has: what changed of them, in one transaction with its events.
//!
//! A look that finds what is stored writes nothing here: when clusters were last seen stands in the
//! scope's own row, which [`Store::record_sweep`] writes anyway.

use serde::Serialize;
use sqlx::{Postgres, Transaction};
use streamkeeper_core::environment::Timestamp;
use streamkeeper_core::seen_clusters::{
    AccessCheck, ClusterChanges, SeenCluster, StoredCluster, Verdict,
};

use crate::error::StoreError;
use crate::events::{Subject, record_events};
use crate::leases::Lease;
use crate::store::Store;

/// One row of the view `clusters`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the view's own columns, commented there")]
pub struct ClusterRow {
    pub environment: Option<String>,
    pub region: String,
    pub account_id: Option<String>,
    pub name: String,
    pub status: String,
    pub version: String,
    pub user: Option<String>,
    pub seen_at: Option<Timestamp>,
    pub access: Option<String>,
    pub access_message: Option<String>,
}

impl Store {
    /// The clusters stored of a scope, by name.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn load_clusters(&self, scope_id: i64) -> Result<Vec<StoredCluster>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT name, arn, status, version, environment, "user", changed_at, last_seen_at,
                   granted, access, access_message
               FROM streamkeeper.seen_clusters
               WHERE scope_id = $1
               ORDER BY name"#,
            scope_id
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| {
            StoreError::database(format!("read the clusters of scope {scope_id}"), error)
        })?;
        let stored = rows.into_iter().map(|row| StoredCluster {
            cluster: SeenCluster {
                name: row.name,
                arn: row.arn,
                status: row.status,
                version: row.version,
                environment: row.environment,
                user: row.user,
                changed_at: row.changed_at,
            },
            is_lost: row.last_seen_at.is_some(),
            // What an older or newer version wrote in another form is read anew.
            granted: row
                .granted
                .and_then(|granted| serde_json::from_value(granted).ok()),
            check: row
                .access
                .as_deref()
                .and_then(Verdict::parse)
                .map(|verdict| AccessCheck {
                    verdict,
                    message: row.access_message.unwrap_or_default(),
                }),
        });
        Ok(stored.collect())
    }

    /// Records what changed of a scope's clusters.
    ///
    /// # Guarantees
    ///
    /// All of it is written, events included, or nothing.
    ///
    /// # Errors
    ///
    /// Fails when the lease is lost or the database fails.
    pub async fn record_clusters(
        &self,
        lease: &Lease,
        changes: &ClusterChanges,
    ) -> Result<(), StoreError> {
        let operation = format!("record the clusters of scope {}", lease.scope_id);
        let failed = |error| StoreError::database(operation.as_str(), error);
        let ClusterChanges {
            written,
            removed,
            events,
        } = changes;
        let mut transaction = self.begin_fenced(lease, &operation).await?;
        let write = async {
            let transaction = &mut transaction;
            remove(transaction, lease.scope_id, removed).await?;
            for stored in written {
                store(transaction, lease.scope_id, stored).await?;
            }
            for (environment, uid, event) in events {
                let subject = Subject {
                    environment: Some(environment),
                    uid: Some(*uid),
                    generation: None,
                };
                record_events(transaction, subject, std::slice::from_ref(event)).await?;
            }
            Ok(())
        };
        write.await.map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    /// The clusters that belong to an environment, by name.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn clusters_of(&self, environment: &str) -> Result<Vec<ClusterRow>, StoreError> {
        sqlx::query_as!(
            ClusterRow,
            r#"SELECT environment, region AS "region!", account_id, name AS "name!",
                   status AS "status!", version AS "version!", "user", seen_at,
                   access, access_message
               FROM streamkeeper.clusters
               WHERE environment = $1
               ORDER BY name COLLATE "C""#,
            environment
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| {
            StoreError::database(format!("read the clusters of \"{environment}\""), error)
        })
    }
}

async fn remove(
    transaction: &mut Transaction<'static, Postgres>,
    scope_id: i64,
    arns: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM streamkeeper.seen_clusters
         WHERE scope_id = $1
           AND arn = ANY($2)",
        scope_id,
        arns
    )
    .execute(&mut **transaction)
    .await
    .map(drop)
}

/// A cluster that is lost was last seen when the scope's clusters were.
async fn store(
    transaction: &mut Transaction<'static, Postgres>,
    scope_id: i64,
    stored: &StoredCluster,
) -> Result<(), sqlx::Error> {
    let StoredCluster {
        cluster:
            SeenCluster {
                name,
                arn,
                status,
                version,
                environment,
                user,
                changed_at,
            },
        is_lost,
        granted,
        check,
    } = stored;
    let written = sqlx::query!(
        r#"INSERT INTO streamkeeper.seen_clusters AS known
               (scope_id, name, arn, status, version, environment, "user", changed_at,
                granted, access, access_message)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $10, $11, $12)
           ON CONFLICT (scope_id, name)
           DO UPDATE
           SET arn = $3,
               status = $4,
               version = $5,
               environment = $6,
               "user" = $7,
               changed_at = $8,
               granted = $10,
               access = $11,
               access_message = $12,
               last_seen_at = CASE WHEN $9 THEN coalesce(
                   known.last_seen_at,
                   (
                       SELECT clusters_seen_at
                       FROM streamkeeper.scope_leases
                       WHERE scope_id = $1
                   )
               ) END"#,
        scope_id,
        name,
        arn,
        status,
        version,
        environment.as_deref(),
        user.as_deref(),
        *changed_at,
        is_lost,
        granted.as_ref().map(|granted| serde_json::json!(granted)),
        check.as_ref().map(|check| check.verdict.as_str()),
        check.as_ref().map(|check| check.message.as_str())
    )
    .execute(&mut **transaction)
    .await?;
    debug_assert_eq!(written.rows_affected(), 1, "inserted or updated");
    Ok(())
}
