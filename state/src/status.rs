//! Reads what the command line and the page show.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};
use streamkeeper_core::condition::ConditionType;
use streamkeeper_core::environment::Timestamp;
use streamkeeper_core::plan::PlanRow;
use uuid::Uuid;

use crate::declarations::not_found_or;
use crate::environments::EnvironmentRow;
use crate::error::StoreError;
use crate::store::Store;

/// Which environments are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusFilter {
    /// These names; empty means all.
    pub names: Vec<String>,
    /// Those that carry all of these labels.
    pub labels: BTreeMap<String, String>,
    /// Those that carry none of these labels with these values.
    pub labels_differ: BTreeSet<(String, String)>,
    /// Those that carry labels of all of these keys.
    pub labels_exist: BTreeSet<String>,
    /// Those that carry no label of any of these keys.
    pub labels_absent: BTreeSet<String>,
}

/// One row of the view `status`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the view's own columns, commented there")]
pub struct StatusRow {
    pub name: String,
    pub region: String,
    pub account_id: Option<String>,
    pub ready: String,
    pub reason: Option<String>,
    pub message: Option<String>,
    pub generation: i64,
    pub observed_generation: Option<i64>,
    pub fleet_state: Option<String>,
    pub drift_count: i64,
    pub last_verified_at: Option<Timestamp>,
    pub associations_verified_at: Option<Timestamp>,
    /// Seconds since the row was inserted.
    pub age_s: i64,
}

/// One row of `conditions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the table's own columns, commented there")]
pub struct ConditionRow {
    pub environment: String,
    #[serde(rename = "type")]
    pub condition_type: String,
    pub status: String,
    pub reason: String,
    pub message: String,
    pub observed_generation: i64,
    pub last_transition_at: Timestamp,
}

/// One row of `events`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the table's own columns, commented there")]
pub struct EventRow {
    pub id: i64,
    pub environment: Option<String>,
    pub uid: Option<Uuid>,
    #[serde(rename = "type")]
    pub event_type: String,
    pub reason: String,
    pub object: String,
    pub message: String,
    pub count: i64,
    pub first_seen_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub generation: Option<i64>,
    pub details: Value,
    pub change_id: i64,
}

/// One row of `drift`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the table's own columns, commented there")]
pub struct DriftRow {
    pub id: i64,
    pub environment: String,
    pub uid: Uuid,
    pub object: String,
    pub path: String,
    pub desired: Value,
    pub observed: Value,
    pub first_seen_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub resolution: Option<String>,
    pub actor: Option<String>,
}

/// One row of `revisions`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the table's own columns, commented there")]
pub struct RevisionRow {
    pub id: i64,
    pub environment: String,
    pub uid: Uuid,
    pub generation: i64,
    pub spec: Value,
    pub changed_by: String,
    pub changed_at: Timestamp,
}

/// Which events are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this environment's name; `None` means all.
    pub environment: Option<String>,
    /// Changed after this `change_id`, oldest first; `None` means the newest, oldest first.
    pub after_change_id: Option<i64>,
    /// At most so many.
    pub limit: i64,
}

/// Everything about one environment.
#[derive(Debug, Clone)]
pub struct EnvironmentDetails {
    /// Its line of `status`.
    pub status: StatusRow,
    /// Its row and what is stored about it.
    pub row: EnvironmentRow,
}

impl Store {
    /// The lines of `status`, by name.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn status(&self, filter: &StatusFilter) -> Result<Vec<StatusRow>, StoreError> {
        let StatusFilter {
            names,
            labels,
            labels_differ,
            labels_exist,
            labels_absent,
        } = filter;
        let (differ_keys, differ_values): (Vec<String>, Vec<String>) =
            labels_differ.iter().cloned().unzip();
        let exist: Vec<String> = labels_exist.iter().cloned().collect();
        let absent: Vec<String> = labels_absent.iter().cloned().collect();
        sqlx::query_as!(
            StatusRow,
            r#"SELECT
                   status.name AS "name!",
                   status.region AS "region!",
                   status.account_id,
                   status.ready AS "ready!",
                   status.reason,
                   status.message,
                   status.generation AS "generation!",
                   status.observed_generation,
                   status.fleet_state,
                   status.drift_count AS "drift_count!",
                   status.last_verified_at,
                   status.associations_verified_at,
                   extract(epoch FROM status.age)::bigint AS "age_s!"
               FROM streamkeeper.status
               JOIN streamkeeper.environments USING (name)
               WHERE (cardinality($1::text[]) = 0 OR status.name = ANY($1))
                 AND environments.labels @> $2
                 AND environments.labels ?& $3
                 AND NOT environments.labels ?| $4
                 AND NOT EXISTS (
                     SELECT
                     FROM unnest($5::text[], $6::text[]) AS unwanted (key, value)
                     WHERE environments.labels ->> unwanted.key = unwanted.value
                 )
               ORDER BY status.name COLLATE "C""#,
            names,
            json!(labels),
            &exist,
            &absent,
            &differ_keys,
            &differ_values
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| StoreError::database("read the status", error))
    }

    /// Everything about one environment; `None` when there is no such row.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn environment(&self, name: &str) -> Result<Option<EnvironmentDetails>, StoreError> {
        let filter = StatusFilter {
            names: vec![name.to_owned()],
            ..StatusFilter::default()
        };
        let (Some(row), Some(status)) = (
            self.load_environment(name).await?,
            self.status(&filter).await?.pop(),
        ) else {
            return Ok(None);
        };
        Ok(Some(EnvironmentDetails { status, row }))
    }

    /// Everything about the environments that are wanted, by name.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn environments(
        &self,
        filter: &StatusFilter,
    ) -> Result<Vec<EnvironmentDetails>, StoreError> {
        let lines = self.status(filter).await?;
        let names: Vec<String> = lines.iter().map(|status| status.name.clone()).collect();
        let mut rows: BTreeMap<String, EnvironmentRow> = self
            .load_environments(&names)
            .await?
            .into_iter()
            .map(|row| (row.name.clone(), row))
            .collect();
        // A row that went between the two reads has gone.
        Ok(lines
            .into_iter()
            .filter_map(|status| {
                let row = rows.remove(&status.name)?;
                Some(EnvironmentDetails { status, row })
            })
            .collect())
    }

    /// An environment's conditions, in the order they are shown.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn conditions(&self, name: &str) -> Result<Vec<ConditionRow>, StoreError> {
        let mut conditions = sqlx::query_as!(
            ConditionRow,
            "SELECT
                 conditions.environment,
                 conditions.type AS condition_type,
                 conditions.status,
                 conditions.reason,
                 conditions.message,
                 conditions.observed_generation,
                 conditions.last_transition_at
             FROM streamkeeper.conditions
             JOIN streamkeeper.environments USING (uid)
             WHERE environments.name = $1",
            name
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| {
            StoreError::database(format!("read the conditions of \"{name}\""), error)
        })?;
        conditions.sort_by_key(|row| {
            ConditionType::ALL
                .iter()
                .position(|condition_type| condition_type.as_str() == row.condition_type)
        });
        Ok(conditions)
    }

    /// Events, oldest change first.
    ///
    /// # Guarantees
    ///
    /// Whoever goes on after the last `change_id` read misses nothing: what was changed later than
    /// a change still under way is not shown before that one is committed. To go on from a first
    /// reading without a cursor, begin at its lowest `change_id` and pass over what was shown.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<EventRow>, StoreError> {
        let EventFilter {
            environment,
            after_change_id,
            limit,
        } = filter;
        let rows = match after_change_id {
            None => newest_events(self, environment.as_deref(), *limit).await,
            Some(after) => events_after(self, environment.as_deref(), *after, *limit).await,
        };
        rows.map_err(|error| StoreError::database("read events", error))
    }

    /// An environment's drift, newest first.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn drift(&self, name: &str, open_only: bool) -> Result<Vec<DriftRow>, StoreError> {
        sqlx::query_as!(
            DriftRow,
            "SELECT
                 id, environment, uid, object, path, desired, observed, first_seen_at,
                 last_seen_at, resolved_at, resolution, actor
             FROM streamkeeper.drift
             WHERE environment = $1
               AND (NOT $2 OR resolved_at IS NULL)
             ORDER BY id DESC",
            name,
            open_only
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| StoreError::database(format!("read the drift of \"{name}\""), error))
    }

    /// An environment's last plan.
    ///
    /// # Errors
    ///
    /// Fails with [`StoreError::NotFound`] when there is no such row.
    pub async fn plan(&self, name: &str) -> Result<Vec<PlanRow>, StoreError> {
        sqlx::query_as!(
            PlanRow,
            r#"SELECT
                   "position" AS "position!",
                   action AS "action!",
                   object AS "object!",
                   reason AS "reason!",
                   waiting_for,
                   since AS "since!",
                   disruptive AS "disruptive!"
               FROM streamkeeper.plan($1)"#,
            name
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| not_found_or(name, "read the plan of", error))
    }

    /// An environment's revisions, newest first.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn revisions(&self, name: &str) -> Result<Vec<RevisionRow>, StoreError> {
        sqlx::query_as!(
            RevisionRow,
            "SELECT id, environment, uid, generation, spec, changed_by, changed_at
             FROM streamkeeper.revisions
             WHERE environment = $1
             ORDER BY id DESC",
            name
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| StoreError::database(format!("read the revisions of \"{name}\""), error))
    }
}

async fn newest_events(
    store: &Store,
    environment: Option<&str>,
    limit: i64,
) -> Result<Vec<EventRow>, sqlx::Error> {
    let mut rows = sqlx::query_as!(
        EventRow,
        "SELECT
             id, environment, uid, type AS event_type, reason, object, message, count,
             first_seen_at, last_seen_at, generation, details, change_id
         FROM streamkeeper.events
         WHERE ($1::text IS NULL OR environment = $1)
         ORDER BY change_id DESC
         LIMIT $2",
        environment,
        limit
    )
    .fetch_all(store.pool())
    .await?;
    rows.reverse();
    Ok(rows)
}

/// A number from the sequence may be committed after a higher one, so the reader stays behind every
/// transaction under way. A stranger's long transaction must not hold it up: ours take no longer
/// than 15 seconds from an event to its commit, by their own time-outs.
async fn events_after(
    store: &Store,
    environment: Option<&str>,
    after_change_id: i64,
    limit: i64,
) -> Result<Vec<EventRow>, sqlx::Error> {
    sqlx::query_as!(
        EventRow,
        "SELECT
             id, environment, uid, type AS event_type, reason, object, message, count,
             first_seen_at, last_seen_at, generation, details, change_id
         FROM streamkeeper.events
         WHERE ($1::text IS NULL OR environment = $1)
           AND change_id > $2
           AND (change_xid < pg_snapshot_xmin(pg_current_snapshot())
                OR last_seen_at < clock_timestamp() - interval '15 seconds')
         ORDER BY change_id
         LIMIT $3",
        environment,
        after_change_id,
        limit
    )
    .fetch_all(store.pool())
    .await
}
