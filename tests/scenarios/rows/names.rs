//! Gives every fleet and every stack of a scope to one environment.

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, PgExecutor};
use streamkeeper_tests::{DEADLINE, TestDatabase, wait_until};

use super::refusal;

fn fleet(name: &str) -> Value {
    json!({"image": {"name": "i"}, "fleet": {"name": name, "instanceType": "stream.standard.medium"}})
}

async fn insert(
    executor: impl PgExecutor<'_>,
    name: &str,
    region: &str,
    account: Option<&str>,
    spec: &Value,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO streamkeeper.environments (name, region, account_id, spec)
         VALUES ($1, $2, $3, $4)",
    )
    .bind(name)
    .bind(region)
    .bind(account)
    .bind(spec)
    .execute(executor)
    .await
    .map(|_| ())
}

#[tokio::test]
async fn a_fleet_or_stack_of_a_scope_belongs_to_one_environment() {
    let database = TestDatabase::create().await;
    let pool = &database.pool;
    insert(pool, "a", "eu-west-1", None, &fleet("shared"))
        .await
        .unwrap();
    insert(
        pool,
        "b",
        "eu-west-1",
        None,
        &json!({"stack": {"name": "desk"}}),
    )
    .await
    .unwrap();
    // By explicit name, and by the row's own.
    for (name, spec, message) in [
        (
            "c",
            fleet("shared"),
            "spec.fleet.name: fleet \"shared\" of eu-west-1 belongs to environment \"a\"",
        ),
        (
            "shared",
            json!({"image": {"name": "i"}, "fleet": {"instanceType": "stream.standard.medium"}}),
            "spec.fleet.name: fleet \"shared\" of eu-west-1 belongs to environment \"a\"",
        ),
        (
            "desk",
            json!({"stack": {}}),
            "spec.stack.name: stack \"desk\" of eu-west-1 belongs to environment \"b\"",
        ),
    ] {
        let refusal = refusal(insert(pool, name, "eu-west-1", None, &spec).await);
        assert_eq!(
            (refusal.code.as_str(), refusal.message.as_str()),
            ("23505", message)
        );
    }
    // Another region, another account, and a stack that is called like a fleet.
    insert(pool, "d", "us-east-1", None, &fleet("shared"))
        .await
        .unwrap();
    insert(
        pool,
        "e",
        "eu-west-1",
        Some("123456789012"),
        &fleet("shared"),
    )
    .await
    .unwrap();
    insert(
        pool,
        "f",
        "eu-west-1",
        None,
        &json!({"stack": {"name": "shared"}}),
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn an_update_cannot_take_a_name_either() {
    let database = TestDatabase::create().await;
    let pool = &database.pool;
    insert(
        pool,
        "a",
        "eu-west-1",
        None,
        &json!({"stack": {"name": "desk"}}),
    )
    .await
    .unwrap();
    insert(pool, "desk", "eu-west-1", None, &fleet("f"))
        .await
        .unwrap();
    let refusal = refusal(
        sqlx::query(
            "UPDATE streamkeeper.environments SET spec['stack'] = '{}' WHERE name = 'desk'",
        )
        .execute(pool)
        .await,
    );
    assert_eq!(
        refusal.message,
        "spec.stack.name: stack \"desk\" of eu-west-1 belongs to environment \"a\""
    );
}

#[tokio::test]
async fn of_two_transactions_that_take_a_name_one_wins() {
    let database = TestDatabase::create().await;
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    let mut first = other.begin().await.unwrap();
    insert(&mut *first, "a", "eu-west-1", None, &fleet("shared"))
        .await
        .unwrap();
    let pool = database.pool.clone();
    let second =
        tokio::spawn(async move { insert(&pool, "b", "eu-west-1", None, &fleet("shared")).await });
    wait_until(
        "the second insert waits for the first",
        DEADLINE,
        async || {
            sqlx::query_scalar::<_, bool>(
                "SELECT EXISTS (SELECT FROM pg_stat_activity
                            WHERE datname = current_database() AND wait_event_type = 'Lock')",
            )
            .fetch_one(&database.pool)
            .await
            .unwrap()
        },
    )
    .await;
    first.commit().await.unwrap();
    assert_eq!(refusal(second.await.unwrap()).code, "23505");
}
