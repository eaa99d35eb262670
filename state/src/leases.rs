//! Scopes and who may write for them: leases, epochs, fencing.

use std::time::Duration;

use serde::Serialize;
use sqlx::{Postgres, Transaction};

use crate::error::StoreError;
use crate::store::Store;

/// An account and a region, and who holds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeRow {
    /// The scope's id.
    pub id: i64,
    /// The account as declared in the rows; `None` is the daemon's own.
    pub account_id: Option<String>,
    /// The account that was pinned for a scope of the daemon's own.
    pub pinned_account: Option<String>,
    /// The region.
    pub region: String,
    /// Raised by every takeover.
    pub epoch: i64,
    /// Who holds it, if the lease has not expired.
    pub holder: Option<String>,
    /// How long the lease still runs, by the database's clock.
    pub expires_in: Option<Duration>,
    /// How many environments it has.
    pub environments: i64,
}

/// The right to write for a scope, as long as it is renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The scope.
    pub scope_id: i64,
    /// Who holds it.
    pub holder: String,
    /// The fencing number.
    pub epoch: i64,
}

impl Store {
    /// Makes a scope of each account and region that has an environment; how many are new.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn ensure_scopes(&self) -> Result<u64, StoreError> {
        let failed = |error| StoreError::database("make scopes of new regions", error);
        let mut transaction = self.begin("make scopes of new regions").await?;
        // Rows that name the pinned account belong to the scope of those that name none.
        let added = sqlx::query!(
            "INSERT INTO streamkeeper.scope_fences (region, account_id)
             SELECT DISTINCT environments.region, environments.account_id
             FROM streamkeeper.environments
             WHERE streamkeeper.scope_of(environments.region, environments.account_id) IS NULL
             ON CONFLICT DO NOTHING"
        )
        .execute(&mut *transaction)
        .await
        .map_err(failed)?
        .rows_affected();
        sqlx::query!(
            "INSERT INTO streamkeeper.scope_leases (scope_id)
             SELECT scope_fences.id
             FROM streamkeeper.scope_fences
             WHERE NOT EXISTS (
                 SELECT
                 FROM streamkeeper.scope_leases
                 WHERE scope_leases.scope_id = scope_fences.id
             )
             ON CONFLICT DO NOTHING"
        )
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(added)
    }

    /// Every scope that can be held, by region and account.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn list_scopes(&self) -> Result<Vec<ScopeRow>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT
                   fence.id,
                   fence.account_id,
                   fence.pinned_account,
                   fence.region,
                   fence.epoch,
                   lease.holder,
                   (extract(epoch FROM lease.expires_at - clock_timestamp()) * 1000)::bigint
                       AS expires_in_ms,
                   coalesce(count.environments, 0) AS "environments!"
               FROM streamkeeper.scope_fences AS fence
               JOIN streamkeeper.scope_leases AS lease
                   ON lease.scope_id = fence.id
               LEFT JOIN (
                   SELECT
                       streamkeeper.scope_of(region, account_id) AS scope_id,
                       sum(environments)::bigint AS environments
                   FROM (
                       SELECT region, account_id, count(*) AS environments
                       FROM streamkeeper.environments
                       GROUP BY region, account_id
                   ) AS declared
                   GROUP BY 1
               ) AS count
                   ON count.scope_id = fence.id
               WHERE streamkeeper.scope_of(fence.region, fence.account_id) = fence.id
               ORDER BY fence.region, fence.account_id NULLS FIRST"#
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| StoreError::database("list scopes", error))?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let left = row.expires_in_ms.and_then(|left| u64::try_from(left).ok());
                let expires_in = left.filter(|left| *left > 0).map(Duration::from_millis);
                ScopeRow {
                    id: row.id,
                    account_id: row.account_id,
                    pinned_account: row.pinned_account,
                    region: row.region,
                    epoch: row.epoch,
                    holder: row.holder.filter(|_| expires_in.is_some()),
                    expires_in,
                    environments: row.environments,
                }
            })
            .collect())
    }

    /// Pins the account of a scope of the daemon's own; the first one wins, and is returned.
    ///
    /// A scope that was declared for that very account is one with it from now on: whoever holds
    /// the declared one loses it.
    ///
    /// # Errors
    ///
    /// Fails when the scope does not exist or was declared for an account, or the database fails.
    pub async fn pin_account(&self, scope_id: i64, account: &str) -> Result<String, StoreError> {
        let operation = format!("pin account {account} to scope {scope_id}");
        let failed = |error| StoreError::database(operation.as_str(), error);
        let pinned = sqlx::query_scalar!(
            "SELECT pinned_account
             FROM streamkeeper.scope_fences
             WHERE id = $1",
            scope_id
        )
        .fetch_optional(self.pool())
        .await
        .map_err(failed)?;
        if let Some(Some(pinned)) = pinned {
            return Ok(pinned);
        }
        let mut transaction = self.begin(&operation).await?;
        let row = sqlx::query!(
            r#"UPDATE streamkeeper.scope_fences
               SET pinned_account = coalesce(pinned_account, $2)
               WHERE id = $1
                 AND account_id IS NULL
               RETURNING region, pinned_account AS "pinned_account!""#,
            scope_id,
            account
        )
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed)?
        .ok_or_else(|| {
            StoreError::Conflict(format!(
                "scope {scope_id} is not one of the daemon's own account"
            ))
        })?;
        // Waits for the fenced transactions of whoever holds the declared scope.
        sqlx::query!(
            "UPDATE streamkeeper.scope_fences
             SET epoch = epoch + 1
             WHERE region = $1
               AND account_id = $2",
            row.region,
            row.pinned_account
        )
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(row.pinned_account)
    }

    /// Takes a scope over, if nobody holds it.
    ///
    /// # Guarantees
    ///
    /// The epoch is higher than every earlier holder's, also than our own earlier one.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn acquire_lease(
        &self,
        scope_id: i64,
        holder: &str,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let operation = format!("take scope {scope_id} over");
        let failed = |error| StoreError::database(operation.as_str(), error);
        // A look first: the lock below would make a living holder's writes wait.
        let is_free = sqlx::query_scalar!(
            r#"SELECT coalesce(lease.expires_at <= clock_timestamp(), true)
                   AND streamkeeper.scope_of(fence.region, fence.account_id) = fence.id AS "free!"
               FROM streamkeeper.scope_fences AS fence
               JOIN streamkeeper.scope_leases AS lease
                   ON lease.scope_id = fence.id
               WHERE fence.id = $1"#,
            scope_id
        )
        .fetch_optional(self.pool())
        .await
        .map_err(failed)?;
        if is_free != Some(true) {
            return Ok(None);
        }
        let mut transaction = self.begin(&operation).await?;
        // Waits for every fenced transaction of the earlier holder; none can begin after it.
        sqlx::query!(
            "SELECT id
             FROM streamkeeper.scope_fences
             WHERE id = $1
             FOR UPDATE",
            scope_id
        )
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed)?;
        // Expiry by the database's clock, read after the lock: the only clock all daemons share.
        // A statement of its own, so that it sees what a takeover before ours has committed.
        let epoch = sqlx::query_scalar!(
            "UPDATE streamkeeper.scope_leases AS lease
             SET holder = $2,
                 epoch = fence.epoch + 1,
                 acquired_at = clock_timestamp(),
                 expires_at = clock_timestamp() + $3 * interval '1 millisecond'
             FROM streamkeeper.scope_fences AS fence
             WHERE fence.id = $1
               AND lease.scope_id = $1
               AND coalesce(lease.expires_at <= clock_timestamp(), true)
               AND streamkeeper.scope_of(fence.region, fence.account_id) = fence.id
             RETURNING lease.epoch",
            scope_id,
            holder,
            milliseconds(duration)
        )
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed)?;
        let Some(epoch) = epoch else {
            return Ok(None);
        };
        let raised = sqlx::query!(
            "UPDATE streamkeeper.scope_fences
             SET epoch = $2
             WHERE id = $1
               AND epoch + 1 = $2",
            scope_id,
            epoch
        )
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if raised.rows_affected() != 1 {
            return Err(StoreError::Inconsistent {
                table: "scope_fences",
                column: "epoch",
                row: format!("scope {scope_id}"),
                message: "it changed under its own lock".to_owned(),
            });
        }
        transaction.commit().await.map_err(failed)?;
        Ok(Some(Lease {
            scope_id,
            holder: holder.to_owned(),
            epoch,
        }))
    }

    /// Prolongs a lease; false when it is not ours any more or has expired.
    ///
    /// # Assumptions
    ///
    /// The holder counts its own deadline from before this call was sent.
    ///
    /// # Errors
    ///
    /// Fails when the database does; the lease may or may not have been prolonged.
    pub async fn renew_lease(&self, lease: &Lease, duration: Duration) -> Result<bool, StoreError> {
        let Lease {
            scope_id,
            holder,
            epoch,
        } = lease;
        // The fence's epoch too: a scope that became one with another is lost without a takeover.
        let renewed = sqlx::query!(
            "UPDATE streamkeeper.scope_leases AS lease
             SET expires_at = clock_timestamp() + $4 * interval '1 millisecond'
             FROM streamkeeper.scope_fences AS fence
             WHERE lease.scope_id = $1
               AND lease.holder = $2
               AND lease.epoch = $3
               AND lease.expires_at > clock_timestamp()
               AND fence.id = $1
               AND fence.epoch = $3",
            scope_id,
            holder,
            epoch,
            milliseconds(duration)
        )
        .execute(self.pool())
        .await
        .map_err(|error| {
            StoreError::database(format!("renew the lease on scope {scope_id}"), error)
        })?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Gives a lease back; nothing happens when it is not ours any more.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let Lease {
            scope_id,
            holder,
            epoch,
        } = lease;
        sqlx::query!(
            "UPDATE streamkeeper.scope_leases
             SET holder = NULL,
                 expires_at = NULL
             WHERE scope_id = $1
               AND holder = $2
               AND epoch = $3",
            scope_id,
            holder,
            epoch
        )
        .execute(self.pool())
        .await
        .map(drop)
        .map_err(|error| {
            StoreError::database(format!("release the lease on scope {scope_id}"), error)
        })
    }
}

/// Locks the scope's row with the lease's epoch and checks the expiry.
///
/// A takeover waits for this lock, so the lease cannot change hands before the transaction ends.
/// A sub-select without a lock would let one through between the check and the commit.
pub(crate) async fn fence(
    transaction: &mut Transaction<'static, Postgres>,
    lease: &Lease,
    operation: &str,
) -> Result<(), StoreError> {
    let Lease {
        scope_id,
        holder,
        epoch,
    } = lease;
    // The expiry is an output column, not a condition, and so is looked at after the lock.
    let is_live = sqlx::query_scalar!(
        r#"WITH fence AS MATERIALIZED (
               SELECT id
               FROM streamkeeper.scope_fences
               WHERE id = $1
                 AND epoch = $2
               FOR SHARE
           )
           SELECT lease.expires_at > clock_timestamp() AS "live!"
           FROM fence
           JOIN streamkeeper.scope_leases AS lease
               ON lease.scope_id = fence.id
              AND lease.holder = $3"#,
        scope_id,
        epoch,
        holder
    )
    .fetch_optional(&mut **transaction)
    .await
    .map_err(|error| StoreError::database(operation, error))?;
    match is_live {
        Some(true) => Ok(()),
        Some(false) | None => Err(StoreError::LeaseLost {
            scope_id: *scope_id,
            epoch: *epoch,
        }),
    }
}

/// Milliseconds as PostgreSQL multiplies them; half a millisecond is no lease.
fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
