//! Proves what PostgreSQL itself does with rows of `environments`: refuses, counts, marks, tells.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by a panic, and so do its helpers"
)]

mod agreement;
mod changes;
mod deletion;
mod editors;
mod names;
mod refused;
mod wakeups;
mod windows;

use serde_json::{Value, json};
use sqlx::postgres::PgDatabaseError;
use sqlx::{PgExecutor, PgPool};

/// The smallest environment with a fleet.
fn small_spec() -> Value {
    json!({"image": {"name": "i"}, "fleet": {"instanceType": "stream.standard.medium"}})
}

async fn insert(executor: impl PgExecutor<'_>, name: &str, spec: &Value) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO streamkeeper.environments (name, region, spec)
         VALUES ($1, 'eu-west-1', $2)",
    )
    .bind(name)
    .bind(spec)
    .execute(executor)
    .await
    .map(|_| ())
}

/// What was refused: SQLSTATE, message and DETAIL.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    code: String,
    message: String,
    detail: Option<String>,
}

/// The database's own words for an error.
///
/// # Panics
///
/// Panics when it is no error, or none of the database.
fn refusal<T: std::fmt::Debug>(result: sqlx::Result<T>) -> Refusal {
    let error = result.expect_err("the statement should have been refused");
    let Some(error) = error
        .as_database_error()
        .map(|error| error.downcast_ref::<PgDatabaseError>())
    else {
        panic!("not the database's: {error}");
    };
    Refusal {
        code: error.code().to_owned(),
        message: error.message().to_owned(),
        detail: error.detail().map(str::to_owned),
    }
}

/// Asserts that a statement is refused with exactly this message.
async fn assert_refused(pool: &PgPool, statement: &'static str, code: &str, message: &str) {
    let refusal = refusal(sqlx::query(statement).execute(pool).await);
    assert_eq!(
        (refusal.code.as_str(), refusal.message.as_str()),
        (code, message),
        "{statement}"
    );
}

/// The generation of one environment.
async fn generation(pool: &PgPool, name: &str) -> i64 {
    sqlx::query_scalar("SELECT generation FROM streamkeeper.environments WHERE name = $1")
        .bind(name)
        .fetch_one(pool)
        .await
        .expect("the environment is there")
}
