//! Marks what is deleted, keeps it while anything is left, and answers whoever inserts meanwhile.

use sqlx::{Connection, PgConnection, PgPool};
use streamkeeper_tests::{DEADLINE, TestDatabase, wait_until};

use super::{assert_refused, generation, insert, refusal, small_spec};

const BEING_DELETED: &str = "environment \"cfd\" is being deleted; wait --for=delete";
const UPSERT: &str = "INSERT INTO streamkeeper.environments (name, region, spec)
     SELECT name, region, spec || '{\"tags\": {\"a\": \"b\"}}' FROM streamkeeper.environments
     ON CONFLICT (name) DO UPDATE SET spec = EXCLUDED.spec";

async fn delete(pool: &PgPool) -> u64 {
    sqlx::query("DELETE FROM streamkeeper.environments WHERE name = 'cfd'")
        .execute(pool)
        .await
        .unwrap()
        .rows_affected()
}

async fn is_marked(pool: &PgPool) -> Option<bool> {
    sqlx::query_scalar(
        "SELECT deletion_requested_at IS NOT NULL FROM streamkeeper.environments WHERE name = 'cfd'",
    )
    .fetch_optional(pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn delete_is_a_request_and_the_second_one_fulfils_it() {
    let database = TestDatabase::create().await;
    insert(&database.pool, "cfd", &small_spec()).await.unwrap();
    assert_eq!(delete(&database.pool).await, 0);
    assert_eq!(is_marked(&database.pool).await, Some(true));
    assert_eq!(generation(&database.pool, "cfd").await, 1);
    assert_eq!(delete(&database.pool).await, 1);
    assert_eq!(is_marked(&database.pool).await, None);
}

#[tokio::test]
async fn a_row_stays_while_it_owns_anything() {
    let database = TestDatabase::create().await;
    insert(&database.pool, "cfd", &small_spec()).await.unwrap();
    sqlx::query(
        "INSERT INTO streamkeeper.owned_objects (uid, object)
         SELECT uid, 'fleet/cfd' FROM streamkeeper.environments",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    for _ in 0..3 {
        assert_eq!(delete(&database.pool).await, 0);
        assert_eq!(is_marked(&database.pool).await, Some(true));
    }
    sqlx::query("DELETE FROM streamkeeper.owned_objects")
        .execute(&database.pool)
        .await
        .unwrap();
    assert_eq!(delete(&database.pool).await, 1);
}

#[tokio::test]
async fn what_comes_to_be_owned_during_the_delete_is_seen() {
    let database = TestDatabase::create().await;
    insert(&database.pool, "cfd", &small_spec()).await.unwrap();
    delete(&database.pool).await;
    let mut owner = PgConnection::connect(&database.url).await.unwrap();
    let mut claim = owner.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO streamkeeper.owned_objects (uid, object)
         SELECT uid, 'fleet/cfd' FROM streamkeeper.environments",
    )
    .execute(&mut *claim)
    .await
    .unwrap();
    let pool = database.pool.clone();
    let deletion = tokio::spawn(async move { delete(&pool).await });
    wait_for_a_lock(&database).await;
    claim.commit().await.unwrap();
    assert_eq!(deletion.await.unwrap(), 0);
    assert_eq!(is_marked(&database.pool).await, Some(true));
}

#[tokio::test]
async fn a_request_can_be_taken_back() {
    let database = TestDatabase::create().await;
    insert(&database.pool, "cfd", &small_spec()).await.unwrap();
    delete(&database.pool).await;
    sqlx::query("UPDATE streamkeeper.environments SET deletion_requested_at = NULL")
        .execute(&database.pool)
        .await
        .unwrap();
    assert_eq!(is_marked(&database.pool).await, Some(false));
    assert_eq!(delete(&database.pool).await, 0);
}

#[tokio::test]
async fn a_marked_row_can_be_edited_but_not_inserted_again() {
    let database = TestDatabase::create().await;
    insert(&database.pool, "cfd", &small_spec()).await.unwrap();
    delete(&database.pool).await;
    let again = refusal(insert(&database.pool, "cfd", &small_spec()).await);
    assert_eq!(
        (again.code.as_str(), again.message.as_str()),
        ("55006", BEING_DELETED)
    );
    assert_refused(&database.pool, UPSERT, "55006", BEING_DELETED).await;
    assert_refused(
        &database.pool,
        "INSERT INTO streamkeeper.environments SELECT * FROM streamkeeper.environments
         ON CONFLICT DO NOTHING",
        "55006",
        BEING_DELETED,
    )
    .await;
    sqlx::query("UPDATE streamkeeper.environments SET spec['fleet']['description'] = '\"x\"'")
        .execute(&database.pool)
        .await
        .unwrap();
    assert_eq!(generation(&database.pool, "cfd").await, 2);
}

#[tokio::test]
async fn an_upsert_that_meets_a_concurrent_delete_is_refused_too() {
    let database = TestDatabase::create().await;
    insert(&database.pool, "cfd", &small_spec()).await.unwrap();
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    let mut deletion = other.begin().await.unwrap();
    sqlx::query("DELETE FROM streamkeeper.environments")
        .execute(&mut *deletion)
        .await
        .unwrap();
    let pool = database.pool.clone();
    let upsert = tokio::spawn(async move { sqlx::query(UPSERT).execute(&pool).await });
    wait_for_a_lock(&database).await;
    deletion.commit().await.unwrap();
    assert_eq!(refusal(upsert.await.unwrap()).message, BEING_DELETED);
}

#[tokio::test]
async fn an_update_after_an_insert_in_its_transaction_is_no_upsert() {
    let database = TestDatabase::create().await;
    let mut transaction = database.pool.begin().await.unwrap();
    insert(&mut *transaction, "cfd", &small_spec())
        .await
        .unwrap();
    for statement in [
        UPSERT,
        "DELETE FROM streamkeeper.environments",
        "UPDATE streamkeeper.environments SET paused = true",
    ] {
        sqlx::query(statement)
            .execute(&mut *transaction)
            .await
            .unwrap();
    }
    transaction.commit().await.unwrap();
    assert_eq!(is_marked(&database.pool).await, Some(true));
}

#[tokio::test]
async fn a_namesake_of_a_deleted_row_is_another_environment() {
    let database = TestDatabase::create().await;
    let mut uids = Vec::new();
    for _ in 0..2 {
        insert(&database.pool, "cfd", &small_spec()).await.unwrap();
        let uid: uuid::Uuid = sqlx::query_scalar("SELECT uid FROM streamkeeper.environments")
            .fetch_one(&database.pool)
            .await
            .unwrap();
        uids.push(uid);
        delete(&database.pool).await;
        delete(&database.pool).await;
    }
    assert_ne!(uids[0], uids[1]);
}

#[tokio::test]
async fn truncate_is_refused() {
    let database = TestDatabase::create().await;
    insert(&database.pool, "cfd", &small_spec()).await.unwrap();
    let refusal = refusal(
        sqlx::query("TRUNCATE streamkeeper.environments CASCADE")
            .execute(&database.pool)
            .await,
    );
    assert!(
        refusal
            .message
            .starts_with("TRUNCATE of environments is refused"),
        "{refusal:?}"
    );
    assert_eq!(is_marked(&database.pool).await, Some(false));
}

/// Waits until a statement of this database waits for another transaction.
async fn wait_for_a_lock(database: &TestDatabase) {
    wait_until("a statement waits for a lock", DEADLINE, async || {
        sqlx::query_scalar::<_, bool>(
            "SELECT EXISTS (SELECT FROM pg_stat_activity
                            WHERE datname = current_database() AND wait_event_type = 'Lock')",
        )
        .fetch_one(&database.pool)
        .await
        .unwrap()
    })
    .await;
}
