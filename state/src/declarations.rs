//! Does what users do to their rows: apply, delete, pause, ask for a look.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use streamkeeper_core::environment::Timestamp;

use crate::error::StoreError;
use crate::store::Store;

/// One declared environment, as in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// The row's name.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Its account; `None` is the daemon's own.
    pub account_id: Option<String>,
    /// What it should be.
    pub spec: Value,
    /// The user's own labels; `None` leaves them as they are.
    pub labels: Option<BTreeMap<String, String>>,
    /// `enforce` or `observe`; `None` leaves it as it is.
    pub mode: Option<String>,
    /// Whether it is paused; `None` leaves it as it is.
    pub paused: Option<bool>,
    /// `delete`, `retain` or `forget`; `None` leaves it as it is.
    pub deletion_policy: Option<String>,
}

/// What `apply` did to one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// The row's name.
    pub name: String,
    /// What happened to it.
    pub outcome: ApplyOutcome,
    /// Its generation now.
    pub generation: i64,
}

/// What `apply` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplyOutcome {
    /// The row was inserted.
    Created,
    /// The row was changed.
    Configured,
    /// The row was already like that.
    Unchanged,
}

impl ApplyOutcome {
    /// The word kubectl uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
        }
    }
}

/// What became of a request to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletionOutcome {
    /// The request was noted; the row goes once everything it owns has gone.
    Requested,
    /// It had been requested before.
    AlreadyRequested,
    /// There was nothing to wait for: the row is gone.
    Gone,
    /// There is no such row.
    NotFound,
}

impl Store {
    /// Inserts or updates rows, all of them or none.
    ///
    /// # Errors
    ///
    /// Fails with PostgreSQL's own words when it refuses a row, and with
    /// [`StoreError::Conflict`] when a row is being deleted.
    pub async fn apply(&self, declarations: &[Declaration]) -> Result<Vec<Applied>, StoreError> {
        let mut transaction = self.begin("apply environments").await?;
        let mut applied: Vec<(usize, Applied)> = Vec::with_capacity(declarations.len());
        for position in by_name(declarations) {
            if let Some(declaration) = declarations.get(position) {
                applied.push((position, apply_one(&mut transaction, declaration).await?));
            }
        }
        transaction
            .commit()
            .await
            .map_err(|error| StoreError::database("apply environments", error))?;
        applied.sort_by_key(|(position, _)| *position);
        Ok(applied.into_iter().map(|(_, applied)| applied).collect())
    }

    /// Asks for rows to be deleted, all of them or none; what became of each.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn request_delete(
        &self,
        names: &[String],
    ) -> Result<Vec<(String, DeletionOutcome)>, StoreError> {
        let sorted: BTreeSet<&String> = names.iter().collect();
        let mut transaction = self.begin("delete environments").await?;
        let mut outcomes = Vec::with_capacity(sorted.len());
        for name in sorted {
            let outcome = request_one(&mut transaction, name).await.map_err(|error| {
                StoreError::database(format!("delete environment \"{name}\""), error)
            })?;
            outcomes.push((name.clone(), outcome));
        }
        transaction
            .commit()
            .await
            .map_err(|error| StoreError::database("delete environments", error))?;
        Ok(outcomes)
    }

    /// Pauses or resumes rows; the names of those that exist.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn set_paused(
        &self,
        names: &[String],
        paused: bool,
    ) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar!(
            "UPDATE streamkeeper.environments
             SET paused = $2
             WHERE name = ANY($1)
             RETURNING name",
            names,
            paused
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| StoreError::database("pause or resume environments", error))
    }

    /// Asks for a look; it is done once `last_verified_at` is not before what is returned.
    ///
    /// # Errors
    ///
    /// Fails with [`StoreError::NotFound`] when there is no such row.
    pub async fn reconcile_now(&self, name: &str) -> Result<Timestamp, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT streamkeeper.reconcile_now($1) AS "requested_at!""#,
            name
        )
        .fetch_one(self.pool())
        .await
        .map_err(|error| not_found_or(name, "ask for a look at", error))
    }

    /// Approves the row's present generation beyond the budget; that generation.
    ///
    /// # Errors
    ///
    /// Fails with [`StoreError::NotFound`] when there is no such row.
    pub async fn approve(&self, name: &str) -> Result<i64, StoreError> {
        sqlx::query_scalar!(r#"SELECT streamkeeper.approve($1) AS "generation!""#, name)
            .fetch_one(self.pool())
            .await
            .map_err(|error| not_found_or(name, "approve", error))
    }
}

/// Our functions raise `no_data_found` for a name that no environment has.
pub(crate) fn not_found_or(name: &str, verb: &str, error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code());
    if code.as_deref() == Some("P0002") {
        return StoreError::NotFound(name.to_owned());
    }
    StoreError::database(format!("{verb} environment \"{name}\""), error)
}

/// The order in which rows are written: by name, so that two of these at once wait for each other
/// instead of for ever.
pub(crate) fn by_name(declarations: &[Declaration]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..declarations.len()).collect();
    order.sort_by_key(|position| declarations.get(*position).map(|one| &one.name));
    order
}

/// Inserts or updates one row.
pub(crate) async fn apply_one(
    transaction: &mut Transaction<'static, Postgres>,
    declaration: &Declaration,
) -> Result<Applied, StoreError> {
    let name = &declaration.name;
    let failed = |error| StoreError::database(format!("apply environment \"{name}\""), error);
    let stored = sqlx::query!(
        r#"SELECT generation, deletion_requested_at IS NOT NULL AS "deleting!"
           FROM streamkeeper.environments
           WHERE name = $1
           FOR UPDATE"#,
        name
    )
    .fetch_optional(&mut **transaction)
    .await
    .map_err(failed)?;
    let (outcome, generation) = match stored {
        Some(stored) if stored.deleting => {
            return Err(StoreError::Conflict(format!(
                "environment \"{name}\" is being deleted; wait --for=delete"
            )));
        }
        Some(stored) => match update(transaction, declaration).await.map_err(failed)? {
            Some(generation) => (ApplyOutcome::Configured, generation),
            None => (ApplyOutcome::Unchanged, stored.generation),
        },
        None => {
            let generation = insert(transaction, declaration).await.map_err(failed)?;
            (ApplyOutcome::Created, generation)
        }
    };
    Ok(Applied {
        name: name.clone(),
        outcome,
        generation,
    })
}

/// Inserts a row; its generation.
pub(crate) async fn insert(
    transaction: &mut Transaction<'static, Postgres>,
    declaration: &Declaration,
) -> Result<i64, sqlx::Error> {
    let Declaration {
        name,
        region,
        account_id,
        spec,
        labels,
        mode,
        paused,
        deletion_policy,
    } = declaration;
    sqlx::query_scalar!(
        "INSERT INTO streamkeeper.environments
             (name, region, account_id, spec, labels, mode, paused, deletion_policy)
         VALUES ($1, $2, $3, $4, coalesce($5, '{}'::jsonb), coalesce($6, 'enforce'),
                 coalesce($7, false), coalesce($8, 'delete'))
         RETURNING generation",
        name,
        region,
        account_id.as_deref(),
        spec,
        labels.as_ref().map(|labels| json!(labels)),
        mode.as_deref(),
        *paused,
        deletion_policy.as_deref()
    )
    .fetch_one(&mut **transaction)
    .await
}

/// Updates the row if anything differs; its generation then.
///
/// Region and account are sent too, so that PostgreSQL itself refuses a change of them.
async fn update(
    transaction: &mut Transaction<'static, Postgres>,
    declaration: &Declaration,
) -> Result<Option<i64>, sqlx::Error> {
    let Declaration {
        name,
        region,
        account_id,
        spec,
        labels,
        mode,
        paused,
        deletion_policy,
    } = declaration;
    // The spec as text: to jsonb 4 and 4.0 are equal, to the schema and to AWS they are not.
    sqlx::query_scalar!(
        "UPDATE streamkeeper.environments AS stored
         SET region = $2,
             account_id = $3,
             spec = $4,
             labels = coalesce($5, stored.labels),
             mode = coalesce($6, stored.mode),
             paused = coalesce($7, stored.paused),
             deletion_policy = coalesce($8, stored.deletion_policy)
         WHERE stored.name = $1
           AND (stored.region, stored.account_id, stored.spec::text, stored.labels, stored.mode,
                stored.paused, stored.deletion_policy)
               IS DISTINCT FROM
               ($2, $3, $4::jsonb::text, coalesce($5, stored.labels), coalesce($6, stored.mode),
                coalesce($7, stored.paused), coalesce($8, stored.deletion_policy))
         RETURNING stored.generation",
        name,
        region,
        account_id.as_deref(),
        spec,
        labels.as_ref().map(|labels| json!(labels)),
        mode.as_deref(),
        *paused,
        deletion_policy.as_deref()
    )
    .fetch_optional(&mut **transaction)
    .await
}

async fn request_one(
    transaction: &mut Transaction<'static, Postgres>,
    name: &str,
) -> Result<DeletionOutcome, sqlx::Error> {
    let was_requested = sqlx::query_scalar!(
        r#"SELECT deletion_requested_at IS NOT NULL AS "requested!"
           FROM streamkeeper.environments
           WHERE name = $1
           FOR UPDATE"#,
        name
    )
    .fetch_optional(&mut **transaction)
    .await?;
    let Some(was_requested) = was_requested else {
        return Ok(DeletionOutcome::NotFound);
    };
    // The trigger turns it into a request, or lets a row go that has nothing left.
    let deleted = sqlx::query!(
        "DELETE FROM streamkeeper.environments
         WHERE name = $1",
        name
    )
    .execute(&mut **transaction)
    .await?;
    Ok(if deleted.rows_affected() == 1 {
        DeletionOutcome::Gone
    } else if was_requested {
        DeletionOutcome::AlreadyRequested
    } else {
        DeletionOutcome::Requested
    })
}
