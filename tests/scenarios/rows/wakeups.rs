//! Notifies the scope of every row that changed, on commit.

use sqlx::postgres::PgListener;
use streamkeeper_tests::{DEADLINE, TestDatabase};

use super::{insert, small_spec};

const CHANNEL: &str = "streamkeeper_environments";

async fn next(listener: &mut PgListener) -> String {
    tokio::time::timeout(DEADLINE, listener.recv())
        .await
        .expect("a notification comes")
        .unwrap()
        .payload()
        .to_owned()
}

#[tokio::test]
async fn every_change_of_a_row_notifies_its_scope_once_it_is_committed() {
    let database = TestDatabase::create().await;
    let mut listener = PgListener::connect(&database.url).await.unwrap();
    listener.listen(CHANNEL).await.unwrap();

    let mut transaction = database.pool.begin().await.unwrap();
    insert(&mut *transaction, "rolled-back", &small_spec())
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    sqlx::query(
        "INSERT INTO streamkeeper.environments (name, region, account_id, spec)
         VALUES ('foreign', 'us-east-1', '123456789012', $1)",
    )
    .bind(small_spec())
    .execute(&database.pool)
    .await
    .unwrap();
    // Nothing came before it: the insert that was rolled back told nobody.
    assert_eq!(next(&mut listener).await, "123456789012/us-east-1");

    insert(&database.pool, "cfd", &small_spec()).await.unwrap();
    assert_eq!(next(&mut listener).await, "/eu-west-1");

    for statement in [
        "UPDATE streamkeeper.environments SET paused = true WHERE name = 'cfd'",
        "DELETE FROM streamkeeper.environments WHERE name = 'cfd'",
        "DELETE FROM streamkeeper.environments WHERE name = 'cfd'",
    ] {
        // Changes nothing, so it tells nobody; else the next payload would be foreign's.
        sqlx::query("UPDATE streamkeeper.environments SET paused = false WHERE name = 'foreign'")
            .execute(&database.pool)
            .await
            .unwrap();
        sqlx::query(statement)
            .execute(&database.pool)
            .await
            .unwrap();
        assert_eq!(next(&mut listener).await, "/eu-west-1", "{statement}");
    }
}
