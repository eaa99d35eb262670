//! Records what holds now.

use sqlx::{Postgres, Transaction};
use streamkeeper_core::condition::Condition;
use uuid::Uuid;

/// Writes conditions; the time of transition moves with the status alone.
pub(crate) async fn record_conditions(
    transaction: &mut Transaction<'static, Postgres>,
    environment: &str,
    uid: Uuid,
    generation: i64,
    conditions: &[Condition],
) -> Result<(), sqlx::Error> {
    for condition in conditions {
        let Condition {
            condition_type,
            status,
            reason,
            message,
        } = condition;
        sqlx::query!(
            "INSERT INTO streamkeeper.conditions AS stored
                 (environment, uid, type, status, reason, message, observed_generation)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (uid, type)
             DO UPDATE
             SET status = excluded.status,
                 reason = excluded.reason,
                 message = excluded.message,
                 observed_generation = excluded.observed_generation,
                 last_transition_at = CASE
                     WHEN stored.status = excluded.status THEN stored.last_transition_at
                     ELSE excluded.last_transition_at
                 END
             WHERE (stored.status, stored.reason, stored.message, stored.observed_generation)
                 IS DISTINCT FROM
                 (excluded.status, excluded.reason, excluded.message, excluded.observed_generation)",
            environment,
            uid,
            condition_type.as_str(),
            status.as_str(),
            reason,
            message,
            generation
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}
