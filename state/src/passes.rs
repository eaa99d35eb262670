//! Records what a pass leaves behind, all of it in one fenced transaction.

use serde_json::{Map, Value, json};
use sqlx::{Postgres, Transaction};
use streamkeeper_core::event::Event;
use streamkeeper_core::record::{Outcome, PassRecord};
use uuid::Uuid;

use crate::cluster_configs::{remove_cluster_configs, write_cluster_configs};
use crate::conditions::record_conditions;
use crate::drift::{close_all_drift, close_drift, open_drift};
use crate::error::StoreError;
use crate::events::{Subject, record_events};
use crate::leases::Lease;
use crate::store::Store;

/// An ownership tag of a row that does not exist.
#[derive(Debug, Clone, PartialEq)]
pub struct Orphan {
    /// The name in the tag, if there is one.
    pub environment: Option<String>,
    /// The uid in the tag, if it is one.
    pub uid: Option<Uuid>,
    /// What to say.
    pub event: Event,
}

impl Store {
    /// Records a pass.
    ///
    /// # Guarantees
    ///
    /// All of it is written, or nothing. A record that says nothing new writes nothing.
    ///
    /// # Errors
    ///
    /// Fails with [`StoreError::Conflict`] when the environment is gone.
    pub async fn record_pass(&self, lease: &Lease, record: &PassRecord) -> Result<(), StoreError> {
        let operation = format!("record a pass of environment \"{}\"", record.environment);
        let failed = |error| StoreError::database(operation.as_str(), error);
        let mut transaction = self.begin_fenced(lease, &operation).await?;
        if says_nothing(record)
            && is_observed(&mut transaction, record)
                .await
                .map_err(failed)?
        {
            return Ok(());
        }
        let PassRecord {
            uid,
            environment,
            generation,
            conditions,
            events,
            drift_opened,
            drift_closed,
            managed_set,
            managed_removed,
            released,
            intents_settled,
            debts_paid,
            cluster_configs,
            cluster_configs_removed,
            // Written with the state.
            plan: _,
            fleet_state: _,
            verified_at: _,
            associations_verified_at: _,
            follows_sweep: _,
        } = record;
        if !record_state(&mut transaction, record)
            .await
            .map_err(failed)?
        {
            return Err(StoreError::Conflict(format!(
                "environment \"{environment}\" is gone since it was planned"
            )));
        }
        let write = async {
            let transaction = &mut transaction;
            record_conditions(transaction, environment, *uid, *generation, conditions).await?;
            record_managed(transaction, *uid, managed_set, managed_removed).await?;
            record_intents(transaction, *uid, intents_settled).await?;
            record_released(transaction, *uid, released, debts_paid).await?;
            remove_cluster_configs(transaction, environment, cluster_configs_removed).await?;
            write_cluster_configs(transaction, environment, cluster_configs).await?;
            open_drift(transaction, environment, *uid, drift_opened).await?;
            close_drift(transaction, *uid, drift_closed).await?;
            let subject = Subject {
                environment: Some(environment),
                uid: Some(*uid),
                generation: Some(*generation),
            };
            record_events(transaction, subject, events).await
        };
        write.await.map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    /// Records orphans: events without a row.
    ///
    /// # Errors
    ///
    /// Fails when the lease is lost or the database fails.
    pub async fn record_orphans(
        &self,
        lease: &Lease,
        orphans: &[Orphan],
    ) -> Result<(), StoreError> {
        let failed = |error| StoreError::database("record orphans", error);
        let mut transaction = self.begin_fenced(lease, "record orphans").await?;
        for orphan in orphans {
            let subject = Subject {
                environment: orphan.environment.as_deref(),
                uid: orphan.uid,
                generation: None,
            };
            record_events(
                &mut transaction,
                subject,
                std::slice::from_ref(&orphan.event),
            )
            .await
            .map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    /// Lets a row go whose deletion was asked for; whether it went.
    ///
    /// It is the user's own DELETE: the row stays while it is paused, and while anything owned or
    /// any open intent refers to it. Under `forget`, and in mode `observe`, nothing is called for
    /// it any more, so what is still noted as owned is given up first.
    ///
    /// # Errors
    ///
    /// Fails when the lease is lost or the database fails.
    pub async fn finalize(&self, lease: &Lease, name: &str, uid: Uuid) -> Result<bool, StoreError> {
        let operation = format!("let environment \"{name}\" go");
        let failed = |error| StoreError::database(operation.as_str(), error);
        let mut transaction = self.begin_fenced(lease, &operation).await?;
        let gives_up = sqlx::query_scalar!(
            r#"SELECT mode = 'observe' OR deletion_policy = 'forget' AS "gives_up!"
               FROM streamkeeper.environments
               WHERE name = $1
                 AND uid = $2
                 AND deletion_requested_at IS NOT NULL
                 AND NOT paused
               FOR UPDATE"#,
            name,
            uid
        )
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed)?;
        let Some(gives_up) = gives_up else {
            return Ok(false);
        };
        if gives_up {
            give_up(&mut transaction, uid).await.map_err(failed)?;
        }
        let deleted = sqlx::query!(
            "DELETE FROM streamkeeper.environments
             WHERE name = $1
               AND uid = $2",
            name,
            uid
        )
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if deleted.rows_affected() != 1 {
            return Ok(false);
        }
        close_all_drift(&mut transaction, uid)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(true)
    }
}

/// Whether a record has nothing in it but the generation.
fn says_nothing(record: &PassRecord) -> bool {
    *record == PassRecord::empty(record.uid, record.environment.clone(), record.generation)
}

/// Whether the record's generation is noted as observed already.
async fn is_observed(
    transaction: &mut Transaction<'static, Postgres>,
    record: &PassRecord,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT
               FROM streamkeeper.environment_state
               WHERE uid = $1
                 AND observed_generation >= $2
           ) AS "observed!""#,
        record.uid,
        record.generation
    )
    .fetch_one(&mut **transaction)
    .await
}

/// Writes the environment's one row of state; false when the environment is gone.
///
/// It is written even when only other tables change: its version stands for all of them.
async fn record_state(
    transaction: &mut Transaction<'static, Postgres>,
    record: &PassRecord,
) -> Result<bool, sqlx::Error> {
    let plan = record.plan.as_ref().map(|plan| json!(plan));
    let written = sqlx::query!(
        "INSERT INTO streamkeeper.environment_state AS state
             (uid, observed_generation, fleet_state, verified_at, associations_verified_at,
              follows_sweep, plan)
         SELECT uid, $2, $4, $5, $6, coalesce($7, false), coalesce($8, '[]'::jsonb)
         FROM streamkeeper.environments
         WHERE uid = $1
         ON CONFLICT (uid)
         DO UPDATE
         SET observed_generation = greatest(state.observed_generation, $2),
             fleet_state = CASE WHEN $3 THEN $4 ELSE state.fleet_state END,
             verified_at = greatest(state.verified_at, $5),
             associations_verified_at = greatest(state.associations_verified_at, $6),
             follows_sweep = coalesce($7, state.follows_sweep),
             plan = coalesce($8, state.plan)",
        record.uid,
        record.generation,
        record.fleet_state.is_some(),
        record.fleet_state.clone().flatten(),
        record.verified_at,
        record.associations_verified_at,
        record.follows_sweep,
        plan
    )
    .execute(&mut **transaction)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Notes which paths hold which value, and forgets those whose reset was seen.
pub(crate) async fn record_managed(
    transaction: &mut Transaction<'static, Postgres>,
    uid: Uuid,
    set: &[(String, Value)],
    removed: &[String],
) -> Result<(), sqlx::Error> {
    if set.is_empty() && removed.is_empty() {
        return Ok(());
    }
    let held: Map<String, Value> = set
        .iter()
        .map(|(path, value)| (path.clone(), json!([value])))
        .collect();
    sqlx::query!(
        "INSERT INTO streamkeeper.managed_paths AS managed (uid, paths)
         VALUES ($1, $2::jsonb - $3::text[])
         ON CONFLICT (uid)
         DO UPDATE
         SET paths = (managed.paths || $2::jsonb) - $3::text[]",
        uid,
        Value::Object(held),
        removed
    )
    .execute(&mut **transaction)
    .await
    .map(drop)
}

/// Settles intents that a look settled; one that is settled already stays as it is.
async fn record_intents(
    transaction: &mut Transaction<'static, Postgres>,
    uid: Uuid,
    settled: &[(i64, Outcome)],
) -> Result<(), sqlx::Error> {
    for (id, outcome) in settled {
        sqlx::query!(
            "UPDATE streamkeeper.intents
             SET outcome = $3,
                 settled_at = CASE WHEN $3 <> 'unknown' THEN clock_timestamp() END
             WHERE id = $1
               AND uid = $2
               AND settled_at IS NULL",
            id,
            uid,
            outcome.as_str()
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// Forgets objects that were seen without us, and debts that were seen paid.
async fn record_released(
    transaction: &mut Transaction<'static, Postgres>,
    uid: Uuid,
    released: &[String],
    debts_paid: &[String],
) -> Result<(), sqlx::Error> {
    if !released.is_empty() {
        sqlx::query!(
            "DELETE FROM streamkeeper.owned_objects
             WHERE uid = $1
               AND object = ANY($2)",
            uid,
            released
        )
        .execute(&mut **transaction)
        .await?;
    }
    if !debts_paid.is_empty() {
        sqlx::query!(
            "DELETE FROM streamkeeper.debts
             WHERE uid = $1
               AND fleet = ANY($2)",
            uid,
            debts_paid
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// Notes that nothing will be called for an environment any more.
async fn give_up(
    transaction: &mut Transaction<'static, Postgres>,
    uid: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM streamkeeper.owned_objects
         WHERE uid = $1",
        uid
    )
    .execute(&mut **transaction)
    .await?;
    // Their outcome stays unknown for ever; nobody will look.
    sqlx::query!(
        "UPDATE streamkeeper.intents
         SET outcome = coalesce(outcome, 'unknown'),
             settled_at = clock_timestamp()
         WHERE uid = $1
           AND settled_at IS NULL",
        uid
    )
    .execute(&mut **transaction)
    .await
    .map(drop)
}
