//! Tries declarations out: what `apply` would make of rows, with nothing kept.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};

use crate::declarations::{ApplyOutcome, Declaration, apply_one, by_name};
use crate::error::StoreError;
use crate::store::Store;

/// What `apply` would do to one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// What would happen to it.
    pub outcome: ApplyOutcome,
    /// The row as it is, every column given; `None` when there is none.
    pub before: Option<Declaration>,
    /// The row as it would be.
    pub after: Declaration,
}

impl Store {
    /// What [`Store::apply`] would do, in the order of the declarations. PostgreSQL itself judges
    /// and changes the rows, in a transaction that is taken back.
    ///
    /// # Errors
    ///
    /// Fails as [`Store::apply`] would.
    pub async fn preview(&self, declarations: &[Declaration]) -> Result<Vec<Preview>, StoreError> {
        let mut transaction = self.begin("preview environments").await?;
        let mut previews: Vec<(usize, Preview)> = Vec::with_capacity(declarations.len());
        for position in by_name(declarations) {
            let Some(declaration) = declarations.get(position) else {
                continue;
            };
            let before = read(&mut transaction, &declaration.name).await?;
            let applied = apply_one(&mut transaction, declaration).await?;
            let after = read(&mut transaction, &declaration.name).await?;
            let after = after.ok_or_else(|| StoreError::NotFound(declaration.name.clone()))?;
            let preview = Preview {
                outcome: applied.outcome,
                before,
                after,
            };
            previews.push((position, preview));
        }
        transaction
            .rollback()
            .await
            .map_err(|error| StoreError::database("take a preview back", error))?;
        previews.sort_by_key(|(position, _)| *position);
        Ok(previews.into_iter().map(|(_, preview)| preview).collect())
    }
}

/// A row as a declaration of all its columns; nobody else changes it meanwhile.
async fn read(
    transaction: &mut Transaction<'static, Postgres>,
    name: &str,
) -> Result<Option<Declaration>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT
               name, region, account_id,
               spec AS "spec: Value",
               labels AS "labels: Json<BTreeMap<String, String>>",
               mode, paused, deletion_policy
           FROM streamkeeper.environments
           WHERE name = $1
           FOR UPDATE"#,
        name
    )
    .fetch_optional(&mut **transaction)
    .await
    .map_err(|error| StoreError::database(format!("read environment \"{name}\""), error))?;
    Ok(row.map(|row| Declaration {
        name: row.name,
        region: row.region,
        account_id: row.account_id,
        spec: row.spec,
        labels: Some(row.labels.0),
        mode: Some(row.mode),
        paused: Some(row.paused),
        deletion_policy: Some(row.deletion_policy),
    }))
}
