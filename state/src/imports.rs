//! Inserts rows that were made from what an account has, and says what is there already.

use serde_json::Value;
use streamkeeper_core::import::ExistingRow;

use crate::declarations::{Declaration, by_name, insert};
use crate::error::StoreError;
use crate::store::Store;

impl Store {
    /// Every row there is, of whichever scope, and which of them live in this region and account.
    ///
    /// A row without an account lives in the daemon's own, which is known once a daemon has met it;
    /// until then it may be this one.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn existing_rows(
        &self,
        region: &str,
        account: &str,
    ) -> Result<Vec<ExistingRow>, StoreError> {
        sqlx::query_as!(
            ExistingRow,
            r#"SELECT
                   environments.name,
                   environments.uid,
                   environments.region = $1
                       AND coalesce(environments.account_id, scope.pinned_account, $2) = $2
                       AS "is_here!",
                   CASE WHEN environments.spec ? 'fleet'
                        THEN coalesce(environments.spec -> 'fleet' ->> 'name', environments.name)
                   END AS fleet,
                   CASE WHEN environments.spec ? 'stack'
                        THEN coalesce(environments.spec -> 'stack' ->> 'name', environments.name)
                   END AS stack
               FROM streamkeeper.environments
               LEFT JOIN streamkeeper.scope_fences AS scope
                   ON scope.region = environments.region
                  AND scope.account_id IS NULL
               ORDER BY environments.name COLLATE "C""#,
            region,
            account
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| StoreError::database("read which rows there are", error))
    }

    /// What PostgreSQL would say of each of these specs, as at an INSERT; nothing of a good one.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn spec_faults(&self, specs: &[Value]) -> Result<Vec<Vec<String>>, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT streamkeeper.spec_faults(given.spec) AS "faults!"
               FROM unnest($1::jsonb[]) WITH ORDINALITY AS given (spec, position)
               ORDER BY given.position"#,
            specs
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| StoreError::database("check specs", error))
    }

    /// Inserts rows, all of them or none. A row that is there already is never changed.
    ///
    /// # Errors
    ///
    /// Fails with PostgreSQL's own words when it refuses a row, also one that has appeared since.
    pub async fn insert_rows(&self, declarations: &[Declaration]) -> Result<(), StoreError> {
        let mut transaction = self.begin("insert environments").await?;
        for position in by_name(declarations) {
            if let Some(declaration) = declarations.get(position) {
                insert(&mut transaction, declaration)
                    .await
                    .map_err(|error| {
                        let operation = format!("insert environment \"{}\"", declaration.name);
                        StoreError::database(operation, error)
                    })?;
            }
        }
        transaction
            .commit()
            .await
            .map_err(|error| StoreError::database("insert environments", error))
    }
}
