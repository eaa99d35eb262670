//! Lets a role with rights on `environments` alone do everything a user does.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use streamkeeper_tests::TestDatabase;
use uuid::Uuid;

use super::{insert, refusal, small_spec};

/// A connection inside a transaction in which a fresh editor has logged in; the role goes with it.
async fn log_in_editor(database: &TestDatabase) -> (PgConnection, String) {
    let role = format!("streamkeeper_test_{}", Uuid::new_v4().simple());
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    for statement in [
        "BEGIN".to_owned(),
        format!("CREATE ROLE {role}"),
        format!("GRANT USAGE ON SCHEMA streamkeeper TO {role}"),
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON streamkeeper.environments TO {role}"),
        format!("SET LOCAL SESSION AUTHORIZATION {role}"),
    ] {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    (connection, role)
}

#[tokio::test]
async fn an_editor_needs_no_right_on_another_table() {
    let database = TestDatabase::create().await;
    let (mut editor, role) = log_in_editor(&database).await;
    insert(&mut editor, "cfd", &small_spec()).await.unwrap();
    for (statement, rows) in [
        (
            "UPDATE streamkeeper.environments SET spec['fleet']['description'] = '\"x\"'",
            1,
        ),
        ("UPDATE streamkeeper.environments SET paused = true", 1),
        ("DELETE FROM streamkeeper.environments", 0),
        (
            "UPDATE streamkeeper.environments SET deletion_requested_at = NULL",
            1,
        ),
        ("DELETE FROM streamkeeper.environments", 0),
        ("DELETE FROM streamkeeper.environments", 1),
    ] {
        let done = sqlx::query(statement).execute(&mut editor).await.unwrap();
        assert_eq!(done.rows_affected(), rows, "{statement}");
    }
    sqlx::query("RESET SESSION AUTHORIZATION")
        .execute(&mut editor)
        .await
        .unwrap();
    let authors: Vec<String> =
        sqlx::query_scalar("SELECT changed_by FROM streamkeeper.revisions ORDER BY id")
            .fetch_all(&mut editor)
            .await
            .unwrap();
    assert_eq!(authors, [role.clone(), role]);
}

#[tokio::test]
async fn an_editor_gets_nothing_beside_environments() {
    let database = TestDatabase::create().await;
    for statement in [
        "SELECT FROM streamkeeper.revisions",
        "UPDATE streamkeeper.spec_schema SET schema = '{\"type\": \"object\"}'",
        "INSERT INTO streamkeeper.owned_objects (uid, object) VALUES (gen_random_uuid(), 'fleet/a')",
        // The trigger functions act with their owner's rights; nobody may borrow them.
        "CREATE TEMPORARY TABLE mine (LIKE streamkeeper.environments);
         CREATE TRIGGER mine BEFORE DELETE ON mine
             FOR EACH ROW EXECUTE FUNCTION streamkeeper.guard_delete()",
    ] {
        let (mut editor, _) = log_in_editor(&database).await;
        let result = sqlx::raw_sql(statement).execute(&mut editor).await;
        // insufficient_privilege
        assert_eq!(refusal(result).code, "42501", "{statement}");
    }
}
