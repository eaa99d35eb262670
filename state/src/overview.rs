//! Reads the page's list of environments, a part at a time.

use std::collections::BTreeMap;

use crate::error::StoreError;
use crate::status::StatusRow;
use crate::store::Store;

/// Which part of the list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverviewFilter {
    /// Those whose Ready condition has this status; `None` means all.
    pub ready: Option<String>,
    /// Those whose names come after this one, in byte order.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u16,
}

/// A part of the list, and what all of it adds up to.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// How many environments have which Ready status; a status nobody has is missing.
    pub counts: BTreeMap<String, i64>,
    /// The lines of `status`, by name.
    pub rows: Vec<StatusRow>,
    /// Whether others come after the last of them.
    pub more: bool,
}

impl Store {
    /// A part of the list of environments.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn overview(&self, filter: &OverviewFilter) -> Result<Overview, StoreError> {
        let OverviewFilter {
            ready,
            after,
            limit,
        } = filter;
        let counts = sqlx::query!(
            r#"SELECT
                   ready AS "ready!",
                   count(*) AS "count!"
               FROM streamkeeper.status
               GROUP BY ready"#
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| StoreError::database("count the environments", error))?
        .into_iter()
        .map(|row| (row.ready, row.count))
        .collect();
        // One more than asked for tells whether there are others.
        let mut rows = sqlx::query_as!(
            StatusRow,
            r#"SELECT
                   name AS "name!",
                   region AS "region!",
                   account_id,
                   ready AS "ready!",
                   reason,
                   message,
                   generation AS "generation!",
                   observed_generation,
                   fleet_state,
                   drift_count AS "drift_count!",
                   last_verified_at,
                   associations_verified_at,
                   extract(epoch FROM age)::bigint AS "age_s!"
               FROM streamkeeper.status
               WHERE ($1::text IS NULL OR ready = $1)
                 AND ($2::text IS NULL OR name COLLATE "C" > $2)
               ORDER BY name COLLATE "C"
               LIMIT $3"#,
            ready.as_deref(),
            after.as_deref(),
            i64::from(*limit) + 1
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| StoreError::database("read the overview", error))?;
        let more = rows.len() > usize::from(*limit);
        rows.truncate(usize::from(*limit));
        Ok(Overview { counts, rows, more })
    }
}
