//! Keeps the configurations of clusters.

use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use streamkeeper_core::cluster::ClusterConfig;

use crate::error::StoreError;
use crate::store::Store;

/// A cluster's configuration as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterConfigRow {
    /// For ParallelCluster 3, YAML.
    pub config: String,
    /// For ParallelCluster 2.
    pub version2: String,
    /// IAM policy documents by name.
    pub policies: Value,
}

impl Store {
    /// The configuration of one cluster of an environment, if it was rendered.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn cluster_config(
        &self,
        environment: &str,
        cluster: &str,
    ) -> Result<Option<ClusterConfigRow>, StoreError> {
        let operation =
            format!("read the configuration of cluster \"{cluster}\" of \"{environment}\"");
        sqlx::query_as!(
            ClusterConfigRow,
            "SELECT config, version2, policies
             FROM streamkeeper.cluster_configs
             WHERE environment = $1
               AND cluster = $2",
            environment,
            cluster
        )
        .fetch_optional(self.pool())
        .await
        .map_err(|error| StoreError::database(operation, error))
    }
}

/// Writes configurations; the environment's row is there.
pub(crate) async fn write_cluster_configs(
    transaction: &mut Transaction<'static, Postgres>,
    environment: &str,
    configs: &[ClusterConfig],
) -> Result<(), sqlx::Error> {
    for config in configs {
        sqlx::query!(
            "INSERT INTO streamkeeper.cluster_configs
                 (environment, cluster, bucket, access, config, version2, policies, kms_key, digest)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (environment, cluster)
             DO UPDATE
             SET bucket = excluded.bucket,
                 access = excluded.access,
                 config = excluded.config,
                 version2 = excluded.version2,
                 policies = excluded.policies,
                 kms_key = excluded.kms_key,
                 digest = excluded.digest",
            environment,
            config.cluster,
            config.bucket,
            config.access.as_str(),
            config.config,
            config.version2,
            json!(config.policies),
            config.kms_key,
            config.digest()
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// Removes configurations of clusters that are asked for no more.
pub(crate) async fn remove_cluster_configs(
    transaction: &mut Transaction<'static, Postgres>,
    environment: &str,
    clusters: &[String],
) -> Result<(), sqlx::Error> {
    if clusters.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "DELETE FROM streamkeeper.cluster_configs
         WHERE environment = $1
           AND cluster = ANY($2)",
        environment,
        clusters
    )
    .execute(&mut **transaction)
    .await
    .map(drop)
}
