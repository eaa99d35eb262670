//! Records what happened, and counts what happens again.

use std::time::Duration;

use sqlx::{Postgres, Transaction};
use streamkeeper_core::event::{Event, EventType};
use uuid::Uuid;

use crate::error::StoreError;
use crate::store::Store;

/// Whom events are about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The environment's name.
    pub(crate) environment: Option<&'a str>,
    /// Its identity.
    pub(crate) uid: Option<Uuid>,
    /// The generation it happened to.
    pub(crate) generation: Option<i64>,
}

/// Records events; those that happened within the hour raise the count of the row they made.
///
/// Call it last: what is read behind transactions under way is then held up least.
pub(crate) async fn record_events(
    transaction: &mut Transaction<'static, Postgres>,
    subject: Subject<'_>,
    events: &[Event],
) -> Result<(), sqlx::Error> {
    for event in events {
        if !insert_or_count(transaction, subject, event).await? {
            retire(transaction, subject, event).await?;
            insert_or_count(transaction, subject, event).await?;
        }
    }
    Ok(())
}

/// Inserts the event, or counts it in the row that stands for it; false when that row is too old.
async fn insert_or_count(
    transaction: &mut Transaction<'static, Postgres>,
    subject: Subject<'_>,
    event: &Event,
) -> Result<bool, sqlx::Error> {
    let Subject {
        environment,
        uid,
        generation,
    } = subject;
    let Event {
        event_type,
        reason,
        object,
        message,
        details,
    } = event;
    let written = sqlx::query!(
        "INSERT INTO streamkeeper.events AS event
             (environment, uid, type, reason, object, message, generation, details)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT
             (coalesce(uid, '00000000-0000-0000-0000-000000000000'), reason, object, md5(message))
             WHERE counting
         DO UPDATE
         SET count = event.count + 1,
             last_seen_at = clock_timestamp(),
             change_id = excluded.change_id,
             change_xid = excluded.change_xid
         WHERE event.last_seen_at > clock_timestamp() - interval '1 hour'",
        environment,
        uid,
        match event_type {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        },
        reason.as_str(),
        object,
        message,
        generation,
        details
    )
    .execute(&mut **transaction)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Lets the next repeat begin a row of its own.
async fn retire(
    transaction: &mut Transaction<'static, Postgres>,
    subject: Subject<'_>,
    event: &Event,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE streamkeeper.events
         SET counting = false
         WHERE counting
           AND coalesce(uid, '00000000-0000-0000-0000-000000000000')
               = coalesce($1, '00000000-0000-0000-0000-000000000000'::uuid)
           AND reason = $2
           AND object = $3
           AND md5(message) = md5($4)",
        subject.uid,
        event.reason.as_str(),
        event.object,
        event.message
    )
    .execute(&mut **transaction)
    .await
    .map(drop)
}

impl Store {
    /// Removes up to a batch of events that last happened longer ago than that; how many.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn prune_events(&self, older_than: Duration, batch: i32) -> Result<i64, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT streamkeeper.prune_events($1 * interval '1 second', $2) AS "pruned!""#,
            older_than.as_secs_f64(),
            batch
        )
        .fetch_one(self.pool())
        .await
        .map_err(|error| StoreError::database("remove old events", error))
    }
}
