//! Records fields that differed without anybody changing the row.

use serde_json::Value;
use sqlx::{Postgres, Transaction};
use streamkeeper_core::record::{OpenDrift, Resolution};
use uuid::Uuid;

/// Opens drift, or notes what is seen now of drift that is open.
pub(crate) async fn open_drift(
    transaction: &mut Transaction<'static, Postgres>,
    environment: &str,
    uid: Uuid,
    opened: &[OpenDrift],
) -> Result<(), sqlx::Error> {
    for drift in opened {
        let OpenDrift {
            object,
            path,
            desired,
            observed,
        } = drift;
        sqlx::query!(
            "INSERT INTO streamkeeper.drift AS open
                 (environment, uid, object, path, desired, observed)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (uid, object, path) WHERE resolved_at IS NULL
             DO UPDATE
             SET desired = excluded.desired,
                 observed = excluded.observed,
                 last_seen_at = clock_timestamp()",
            environment,
            uid,
            object,
            path,
            desired as &Value,
            observed as &Value
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// Closes drift; what is not open stays as it is.
pub(crate) async fn close_drift(
    transaction: &mut Transaction<'static, Postgres>,
    uid: Uuid,
    closed: &[(String, String, Resolution)],
) -> Result<(), sqlx::Error> {
    for (object, path, resolution) in closed {
        sqlx::query!(
            "UPDATE streamkeeper.drift
             SET resolved_at = clock_timestamp(),
                 resolution = $4
             WHERE uid = $1
               AND object = $2
               AND path = $3
               AND resolved_at IS NULL",
            uid,
            object,
            path,
            resolution.as_str()
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// Closes all drift of an environment that goes: nobody asks for anything any more.
pub(crate) async fn close_all_drift(
    transaction: &mut Transaction<'static, Postgres>,
    uid: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE streamkeeper.drift
         SET resolved_at = clock_timestamp(),
             resolution = $2
         WHERE uid = $1
           AND resolved_at IS NULL",
        uid,
        Resolution::Accepted.as_str()
    )
    .execute(&mut **transaction)
    .await
    .map(drop)
}
