//! Writes down a mutating call before it is made, and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value};
use sqlx::{PgConnection, Postgres, Transaction};
use streamkeeper_core::action::Action;
use streamkeeper_core::event::Event;
use streamkeeper_core::record::Outcome;
use uuid::Uuid;

use crate::error::StoreError;
use crate::events::{Subject, record_events};
use crate::leases::Lease;
use crate::passes::record_managed;
use crate::store::Store;

/// A call that is about to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewIntent<'a> {
    /// The environment.
    pub uid: Uuid,
    /// Its name.
    pub environment: &'a str,
    /// The generation that was planned.
    pub generation: i64,
    /// Whether the plan was for a row on its way out.
    pub deleting: bool,
    /// The call.
    pub action: &'a Action,
    /// Paths that become managed.
    pub manages: &'a BTreeSet<String>,
    /// What AWS takes and never returns, by managed path: from now on it is not known what they
    /// hold.
    pub sends: &'a BTreeMap<String, Value>,
    /// The fleet that must be started again after this call.
    pub debt: Option<&'a str>,
    /// What it counts against, if it takes something away.
    pub budget: Option<Budget>,
}

/// How many stops and deletions a scope may see.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Within so long before now.
    pub window: Duration,
    /// At most so many.
    pub at_most: i64,
}

/// What came of a call.
#[derive(Debug, Clone, Copy)]
pub struct SettledIntent<'a> {
    /// The intent.
    pub id: i64,
    /// What came of it; `Unknown` keeps it open.
    pub outcome: Outcome,
    /// What AWS took, if it said so itself, and never returns: these paths hold these values. What
    /// a later look finds about a call says nothing of them.
    pub sends: &'a BTreeMap<String, Value>,
    /// AWS's words, if it refused or did not answer.
    pub error: Option<&'a str>,
    /// The environment.
    pub uid: Uuid,
    /// Its name.
    pub environment: &'a str,
    /// The generation that was planned.
    pub generation: i64,
    /// What happened.
    pub events: &'a [Event],
}

impl Store {
    /// Commits an intent, durably; its id.
    ///
    /// In the same transaction the managed paths grow, the object becomes owned and the debt is
    /// opened, so that a crash after the call finds all three.
    ///
    /// # Errors
    ///
    /// Fails with [`StoreError::Conflict`] when the row is not what was planned any more: gone,
    /// changed, paused, or its deletion requested or taken back, and with
    /// [`StoreError::OverBudget`] when the budget is used up.
    pub async fn commit_intent(
        &self,
        lease: &Lease,
        intent: &NewIntent<'_>,
    ) -> Result<i64, StoreError> {
        let operation = format!("commit the intent {}", intent.action);
        let failed = |error| StoreError::database(operation.as_str(), error);
        let mut transaction = self.begin_fenced(lease, &operation).await?;
        make_durable(&mut transaction).await.map_err(failed)?;
        recheck(&mut transaction, intent, &operation).await?;
        if let Some(budget) = intent.budget {
            spend(&mut transaction, lease.scope_id, budget).await?;
        }
        let action = serde_json::to_value(intent.action)
            .map_err(|error| failed(sqlx::Error::Encode(Box::new(error))))?;
        let id = sqlx::query_scalar!(
            "INSERT INTO streamkeeper.intents
                 (uid, environment, scope_id, epoch, generation, operation, object, action)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             RETURNING id",
            intent.uid,
            intent.environment,
            lease.scope_id,
            lease.epoch,
            intent.generation,
            intent.action.operation(),
            intent.action.object().to_string(),
            action
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed)?;
        manage(&mut transaction, intent).await.map_err(failed)?;
        if let Some(object) = intent.action.claims() {
            sqlx::query!(
                "INSERT INTO streamkeeper.owned_objects (uid, object)
                 VALUES ($1, $2)
                 ON CONFLICT DO NOTHING",
                intent.uid,
                object.to_string()
            )
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        }
        touch(&mut transaction, intent.uid).await.map_err(failed)?;
        if let Some(fleet) = intent.debt {
            sqlx::query!(
                "INSERT INTO streamkeeper.debts (uid, fleet)
                 VALUES ($1, $2)
                 ON CONFLICT DO NOTHING",
                intent.uid,
                fleet
            )
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(id)
    }

    /// Records what came of an intent, with its events.
    ///
    /// # Errors
    ///
    /// Fails with [`StoreError::Conflict`] when the intent is already settled.
    pub async fn settle_intent(
        &self,
        lease: &Lease,
        settled: &SettledIntent<'_>,
    ) -> Result<(), StoreError> {
        let SettledIntent {
            id,
            outcome,
            sends,
            error,
            uid,
            environment,
            generation,
            events,
        } = *settled;
        let operation = format!("settle intent {id}");
        let failed = |error| StoreError::database(operation.as_str(), error);
        let mut transaction = self.begin_fenced(lease, &operation).await?;
        let written = sqlx::query!(
            "UPDATE streamkeeper.intents
             SET outcome = $3,
                 error = coalesce($4, error),
                 settled_at = CASE WHEN $3 <> 'unknown' THEN clock_timestamp() END
             WHERE id = $1
               AND uid = $2
               AND settled_at IS NULL",
            id,
            uid,
            outcome.as_str(),
            error
        )
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if written.rows_affected() != 1 {
            return Err(StoreError::Conflict(format!(
                "intent {id} of environment \"{environment}\" is settled already or unknown"
            )));
        }
        if outcome == Outcome::Ok {
            let held: Vec<(String, Value)> = sends.clone().into_iter().collect();
            record_managed(&mut transaction, uid, &held, &[])
                .await
                .map_err(failed)?;
        }
        touch(&mut transaction, uid).await.map_err(failed)?;
        let subject = Subject {
            environment: Some(environment),
            uid: Some(uid),
            generation: Some(generation),
        };
        record_events(&mut transaction, subject, events)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    /// How many stops and deletions the scope saw within the window before now.
    ///
    /// What AWS definitely refused did not happen and is not counted.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn count_destructive(
        &self,
        scope_id: i64,
        window: Duration,
    ) -> Result<i64, StoreError> {
        let failed = |error| StoreError::database(counting(scope_id), error);
        let mut connection = self.pool().acquire().await.map_err(failed)?;
        count(&mut connection, scope_id, window).await
    }

    /// Removes up to a batch of intents that were settled longer ago than that; how many.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn prune_intents(&self, older_than: Duration, batch: i32) -> Result<i64, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT streamkeeper.prune_intents($1 * interval '1 second', $2) AS "pruned!""#,
            older_than.as_secs_f64(),
            batch
        )
        .fetch_one(self.pool())
        .await
        .map_err(|error| StoreError::database("remove old intents", error))
    }
}

/// Makes the commit survive a crash even where the server or the role does without.
///
/// Stricter settings than `on` are left alone.
async fn make_durable(transaction: &mut Transaction<'static, Postgres>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT set_config('synchronous_commit', 'on', true)
         WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')"
    )
    .fetch_optional(&mut **transaction)
    .await
    .map(drop)
}

/// Checks that the row is still what was planned, and keeps it from going before the commit.
async fn recheck(
    transaction: &mut Transaction<'static, Postgres>,
    intent: &NewIntent<'_>,
    operation: &str,
) -> Result<(), StoreError> {
    // KEY SHARE: waits for a DELETE under way and makes one wait, but not for an UPDATE.
    let row = sqlx::query!(
        r#"SELECT generation, paused, deletion_requested_at IS NOT NULL AS "deleting!"
           FROM streamkeeper.environments
           WHERE uid = $1
           FOR KEY SHARE"#,
        intent.uid
    )
    .fetch_optional(&mut **transaction)
    .await
    .map_err(|error| StoreError::database(operation, error))?;
    let conflict = |what: &str| {
        Err(StoreError::Conflict(format!(
            "environment \"{}\" {what} since it was planned",
            intent.environment
        )))
    };
    let Some(row) = row else {
        return conflict("is gone");
    };
    if row.paused {
        return conflict("was paused");
    }
    match (intent.deleting, row.deleting) {
        (true, false) => return conflict("had its deletion taken back"),
        (false, true) => return conflict("was asked to be deleted"),
        (true, true) | (false, false) => {}
    }
    if row.generation != intent.generation {
        return conflict("was changed");
    }
    Ok(())
}

/// Makes a new version of the environment's state, which stands for its intents and paths too.
async fn touch(
    transaction: &mut Transaction<'static, Postgres>,
    uid: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO streamkeeper.environment_state (uid)
         SELECT uid
         FROM streamkeeper.environments
         WHERE uid = $1
         ON CONFLICT (uid)
         DO UPDATE
         SET uid = excluded.uid",
        uid
    )
    .execute(&mut **transaction)
    .await
    .map(drop)
}

/// Adds the paths the call sets; a path that is managed already keeps the value it held, unless no
/// look will tell whether it still does.
async fn manage(
    transaction: &mut Transaction<'static, Postgres>,
    intent: &NewIntent<'_>,
) -> Result<(), sqlx::Error> {
    if intent.manages.is_empty() {
        return Ok(());
    }
    let unheld = |paths: &mut dyn Iterator<Item = &String>| -> Value {
        let paths = paths.map(|path| (path.clone(), Value::Array(Vec::new())));
        Value::Object(paths.collect::<Map<String, Value>>())
    };
    sqlx::query!(
        "INSERT INTO streamkeeper.managed_paths AS managed (uid, paths)
         VALUES ($1, $2)
         ON CONFLICT (uid) DO UPDATE
         SET paths = excluded.paths || managed.paths || $3::jsonb",
        intent.uid,
        unheld(&mut intent.manages.iter()),
        unheld(&mut intent.sends.keys())
    )
    .execute(&mut **transaction)
    .await
    .map(drop)
}

fn counting(scope_id: i64) -> String {
    format!("count the stops and deletions of scope {scope_id}")
}

async fn count(
    connection: &mut PgConnection,
    scope_id: i64,
    window: Duration,
) -> Result<i64, StoreError> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!"
           FROM streamkeeper.intents
           WHERE scope_id = $1
             AND operation IN ('StopFleet', 'DeleteFleet', 'DeleteStack')
             AND created_at > clock_timestamp() - $2 * interval '1 second'
             AND outcome IS DISTINCT FROM 'refused'"#,
        scope_id,
        window.as_secs_f64()
    )
    .fetch_one(connection)
    .await
    .map_err(|error| StoreError::database(counting(scope_id), error))
}

/// Passes run side by side: whoever spends keeps the others waiting until its intent is committed,
/// or all of them would count the same.
async fn spend(
    transaction: &mut Transaction<'_, Postgres>,
    scope_id: i64,
    budget: Budget,
) -> Result<(), StoreError> {
    let Budget { window, at_most } = budget;
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended('streamkeeper budget', $1))",
        scope_id
    )
    .execute(&mut **transaction)
    .await
    .map_err(|error| StoreError::database(counting(scope_id), error))?;
    if count(transaction, scope_id, window).await? < at_most {
        return Ok(());
    }
    Err(StoreError::OverBudget { scope_id, at_most })
}
