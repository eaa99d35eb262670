//! Tests that every test has a database, and that none is left behind.

use sqlx::{Connection as _, Executor as _, PgConnection};

use super::*;
use crate::waiting::{DEADLINE, wait_until};

async fn exists(name: &str) -> bool {
    let mut connection = PgConnection::connect(&TestServer::get().await.url)
        .await
        .unwrap();
    sqlx::query_scalar("SELECT count(*) = 1 FROM pg_database WHERE datname = $1")
        .bind(name)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn databases_of_two_tests_share_nothing() {
    let (one, two) = tokio::join!(TestDatabase::create(), TestDatabase::create());
    one.pool
        .execute("CREATE TABLE mine (n integer)")
        .await
        .unwrap();
    let found: Option<String> = sqlx::query_scalar("SELECT to_regclass('mine')::text")
        .fetch_one(&two.pool)
        .await
        .unwrap();
    assert_eq!(found, None);
}

#[tokio::test]
async fn a_database_comes_with_our_schema_and_an_empty_one_without() {
    let (migrated, empty) = tokio::join!(TestDatabase::create(), TestDatabase::create_empty());
    for (database, expected) in [(migrated, true), (empty, false)] {
        let found: bool =
            sqlx::query_scalar("SELECT to_regclass('streamkeeper.environments') IS NOT NULL")
                .fetch_one(&database.pool)
                .await
                .unwrap();
        assert_eq!(found, expected, "{}", database.url);
    }
}

#[tokio::test]
async fn the_url_reaches_the_same_database_and_it_is_utf8() {
    let database = TestDatabase::create().await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let (name, encoding): (String, String) = sqlx::query_as(
        "SELECT datname::text, pg_encoding_to_char(encoding)::text
           FROM pg_database
          WHERE datname = current_database()",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(
        (name.as_str(), encoding.as_str()),
        (database.name(), "UTF8")
    );
}

#[tokio::test]
async fn a_database_is_dropped_with_its_test_even_while_somebody_is_connected() {
    let database = TestDatabase::create().await;
    let name = database.name().to_owned();
    let _left_open = PgConnection::connect(&database.url).await.unwrap();
    assert!(exists(&name).await);
    drop(database);
    wait_until("the database is dropped", DEADLINE, async || {
        !exists(&name).await
    })
    .await;
}

#[tokio::test]
async fn only_what_a_killed_run_left_behind_is_dropped() {
    let server = TestServer::get().await;
    let left = format!("{PREFIX}deadbeef_0123456789ab");
    server.create(&left, "template0").await.unwrap();
    let alive = TestDatabase::create_empty().await;

    let mut connection = PgConnection::connect(&server.url).await.unwrap();
    drop_abandoned(&mut connection, PREFIX).await.unwrap();

    assert!(!exists(&left).await);
    assert!(exists(alive.name()).await);
    assert!(exists(&server.template).await);
}

#[tokio::test]
async fn thirty_tests_get_their_databases_at_once() {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..30 {
        tasks.spawn(async {
            let database = TestDatabase::create().await;
            sqlx::query("SELECT 1")
                .execute(&database.pool)
                .await
                .unwrap();
        });
    }
    while let Some(result) = tasks.join_next().await {
        result.unwrap();
    }
}
