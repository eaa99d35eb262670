use sqlx::{Connection, PgConnection};
use streamkeeper_state::{ConnectOptions, MIGRATOR, SchemaStatus, Store, StoreError};
use streamkeeper_tests::TestDatabase;

async fn store(database: &TestDatabase) -> Store {
    Store::connect(&database.url, &ConnectOptions::default())
        .await
        .unwrap()
}

#[tokio::test]
async fn the_schema_goes_from_missing_to_current_and_stays() {
    let database = TestDatabase::create_empty().await;
    let store = store(&database).await;
    assert_eq!(store.schema_status().await.unwrap(), SchemaStatus::Missing);
    let first = store.migrate().await.unwrap();
    assert_eq!(first.applied.len(), MIGRATOR.iter().count());
    assert!(
        first.applied[0].ends_with(" create schema"),
        "{:?}",
        first.applied
    );
    assert!(first.spec_schema_changed);
    assert_eq!(store.schema_status().await.unwrap(), SchemaStatus::Current);

    let again = store.migrate().await.unwrap();
    assert!(again.applied.is_empty());
    assert!(!again.spec_schema_changed);

    let elsewhere: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            .fetch_one(&database.pool)
            .await
            .unwrap();
    assert_eq!(elsewhere, 0, "nothing of ours is outside our schema");
}

#[tokio::test]
async fn two_migrators_at_once_do_it_once() {
    let database = TestDatabase::create_empty().await;
    let (one, other) = (store(&database).await, store(&database).await);
    let (one, other) = tokio::join!(one.migrate(), other.migrate());
    one.unwrap();
    other.unwrap();
    assert_eq!(
        store(&database).await.schema_status().await.unwrap(),
        SchemaStatus::Current
    );
}

#[tokio::test]
async fn older_and_newer_schemas_are_told_apart() {
    let database = TestDatabase::create().await;
    let store = store(&database).await;
    let newest: i64 = sqlx::query_scalar(
        "DELETE FROM streamkeeper._sqlx_migrations
         WHERE version = (SELECT max(version) FROM streamkeeper._sqlx_migrations)
         RETURNING version",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    let behind = SchemaStatus::Behind {
        pending: vec![newest],
    };
    assert_eq!(store.schema_status().await.unwrap(), behind);

    sqlx::query(
        "INSERT INTO streamkeeper._sqlx_migrations
             (version, description, success, checksum, execution_time)
         VALUES ($1, 'ours', true, '', 0), (99991231000000, 'theirs', true, '', 0)",
    )
    .bind(newest)
    .execute(&database.pool)
    .await
    .unwrap();
    assert_eq!(store.schema_status().await.unwrap(), SchemaStatus::Ahead);
    let refused = store.migrate().await;
    assert!(
        matches!(&refused, Err(StoreError::Unsupported(message)) if message.contains("newer")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn another_encoding_is_refused_before_anything_is_made() {
    let home = TestDatabase::create_empty().await;
    let mut admin = PgConnection::connect(&home.url).await.unwrap();
    let name = format!("{}_latin", home.name());
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
    )))
    .execute(&mut admin)
    .await
    .unwrap();
    let url = home.url.replace(home.name(), &name);
    let store = Store::connect(&url, &ConnectOptions::default())
        .await
        .unwrap();
    let refused = store.migrate().await;
    let status = store.schema_status().await;
    store.close().await;
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "DROP DATABASE {name} WITH (FORCE)"
    )))
    .execute(&mut admin)
    .await
    .unwrap();
    assert!(
        matches!(&refused, Err(StoreError::Unsupported(message)) if message.contains("LATIN1")),
        "{refused:?}"
    );
    assert_eq!(status.unwrap(), SchemaStatus::Missing);
}

#[tokio::test]
async fn sessions_of_the_store_have_their_time_outs() {
    let database = TestDatabase::create_empty().await;
    let options = ConnectOptions {
        application_name: "streamkeeper test".to_owned(),
        ..ConnectOptions::default()
    };
    let store = Store::connect(&database.url, &options).await.unwrap();
    let mut settings = Vec::new();
    for name in [
        "application_name",
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
    ] {
        let value: String = sqlx::query_scalar("SELECT current_setting($1)")
            .bind(name)
            .fetch_one(store.pool())
            .await
            .unwrap();
        settings.push(value);
    }
    assert_eq!(settings, ["streamkeeper test", "30s", "5s", "10s"]);
}
