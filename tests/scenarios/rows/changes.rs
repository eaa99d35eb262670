//! Counts generations, keeps what may not change, and records who changed what.

use serde_json::json;
use sqlx::{AssertSqlSafe, Row};
use streamkeeper_tests::TestDatabase;

use super::{assert_refused, generation, insert, refusal, small_spec};

#[tokio::test]
async fn the_documented_statements_work_as_printed() {
    let database = TestDatabase::create().await;
    for statement in [
        r#"INSERT INTO streamkeeper.environments (name, region, spec) VALUES ('cfd', 'eu-west-1', '{
  "image":    {"name": "pcluster-2026-11"},
  "fleet":    {"instanceType": "stream.standard.medium",
               "computeCapacity": {"desiredInstances": 2},
               "maxUserDurationInSeconds": 345600, "enableDefaultInternetAccess": true},
  "stack":    {"storageConnectors": [{"connectorType": "HOMEFOLDERS"}]},
  "clusters": [{"name": "cfd", "access": "READ_WRITE"}]}')"#,
        "UPDATE streamkeeper.environments SET spec['fleet']['computeCapacity']['desiredInstances'] = '4' WHERE name = 'cfd'",
        "UPDATE streamkeeper.environments SET spec['fleet']['description'] = '\"CFD\"' WHERE name = 'cfd'",
        "UPDATE streamkeeper.environments SET spec = spec #- '{fleet,description}' WHERE name = 'cfd'",
    ] {
        let done = sqlx::query(statement)
            .execute(&database.pool)
            .await
            .unwrap();
        assert_eq!(done.rows_affected(), 1, "{statement}");
    }
    assert_eq!(generation(&database.pool, "cfd").await, 4);
    let spec: serde_json::Value = sqlx::query_scalar("SELECT spec FROM streamkeeper.environments")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!(
        spec["fleet"]["computeCapacity"],
        json!({"desiredInstances": 4})
    );
    assert_eq!(spec["fleet"].get("description"), None);
}

#[tokio::test]
async fn what_the_user_sends_for_our_columns_is_overwritten_on_insert() {
    let database = TestDatabase::create().await;
    let row = sqlx::query(
        "INSERT INTO streamkeeper.environments
             (name, region, spec, uid, generation, created_at, updated_at, deletion_requested_at)
         VALUES ('cfd', 'eu-west-1', $1, '00000000-0000-0000-0000-000000000000', 7,
                 '2000-01-01', '2000-01-01', '2000-01-01')
         RETURNING uid = '00000000-0000-0000-0000-000000000000' AS uid_kept,
                   generation,
                   created_at > clock_timestamp() - interval '1 hour' AS created_now,
                   updated_at = created_at AS updated_now,
                   deletion_requested_at IS NULL AS unmarked",
    )
    .bind(small_spec())
    .fetch_one(&database.pool)
    .await
    .unwrap();
    assert!(!row.get::<bool, _>("uid_kept"));
    assert_eq!(row.get::<i64, _>("generation"), 1);
    for column in ["created_now", "updated_now", "unmarked"] {
        assert!(row.get::<bool, _>(column), "{column}");
    }
}

#[tokio::test]
async fn the_generation_counts_spec_mode_and_deletion_policy_only() {
    let database = TestDatabase::create().await;
    insert(&database.pool, "cfd", &small_spec()).await.unwrap();
    let mut expected = 1;
    for (assignment, counts) in [
        ("spec['fleet']['description'] = '\"x\"'", true),
        ("spec['fleet']['description'] = '\"x\"'", false),
        ("mode = 'observe'", true),
        ("mode = 'observe', deletion_policy = 'retain'", true),
        (
            "mode = 'enforce', deletion_policy = 'delete', spec = spec - 'tags'",
            true,
        ),
        ("paused = true", false),
        ("labels = '{\"team\": \"cfd\"}'", false),
        ("spec = spec", false),
        // The whole changes its text, not its meaning.
        ("spec = (' ' || spec::text)::jsonb", false),
    ] {
        sqlx::query(AssertSqlSafe(format!(
            "UPDATE streamkeeper.environments SET {assignment}"
        )))
        .execute(&database.pool)
        .await
        .unwrap();
        expected += i64::from(counts);
        assert_eq!(
            generation(&database.pool, "cfd").await,
            expected,
            "{assignment}"
        );
    }
}

#[tokio::test]
async fn updated_at_moves_only_with_a_change() {
    let database = TestDatabase::create().await;
    insert(&database.pool, "cfd", &small_spec()).await.unwrap();
    for (assignment, moves) in [
        ("paused = paused", false),
        ("paused = true", true),
        ("updated_at = '2000-01-01'", false),
        ("labels = '{\"a\": \"b\"}'", true),
    ] {
        let moved: bool = sqlx::query_scalar(AssertSqlSafe(format!(
            "WITH before AS MATERIALIZED (SELECT updated_at FROM streamkeeper.environments)
             UPDATE streamkeeper.environments AS environment SET {assignment} FROM before
             RETURNING environment.updated_at <> before.updated_at"
        )))
        .fetch_one(&database.pool)
        .await
        .unwrap();
        assert_eq!(moved, moves, "{assignment}");
    }
}

#[tokio::test]
async fn what_may_not_change_is_refused() {
    let database = TestDatabase::create().await;
    let spec = json!({
        "image": {"name": "i"},
        "fleet": {"instanceType": "stream.standard.medium"},
        "stack": {"name": "desk"}
    });
    insert(&database.pool, "cfd", &spec).await.unwrap();
    const IMMUTABLE: &str = "is immutable; delete the environment and insert it anew";
    const OURS: &str = "is set by Streamkeeper and cannot be changed";
    for (assignment, message) in [
        ("name = 'other'", format!("name: {IMMUTABLE}")),
        ("region = 'us-east-1'", format!("region: {IMMUTABLE}")),
        ("account_id = '123456789012'", format!("account_id: {IMMUTABLE}")),
        ("uid = gen_random_uuid()", format!("uid: {OURS}")),
        ("generation = 5", format!("generation: {OURS}")),
        ("created_at = now()", format!("created_at: {OURS}")),
        (
            "deletion_requested_at = now()",
            "deletion_requested_at: is set by DELETE; only NULL, which takes the request back, is allowed".to_owned(),
        ),
        (
            "spec['fleet']['name'] = '\"other\"'",
            "spec.fleet.name: is immutable; the fleet is called \"cfd\"".to_owned(),
        ),
        (
            "spec['stack']['name'] = '\"other\"'",
            "spec.stack.name: is immutable; the stack is called \"desk\"".to_owned(),
        ),
        (
            "spec = spec #- '{stack,name}'",
            "spec.stack.name: is immutable; the stack is called \"desk\"".to_owned(),
        ),
    ] {
        let result = sqlx::query(AssertSqlSafe(format!(
            "UPDATE streamkeeper.environments SET {assignment}"
        )))
        .execute(&database.pool)
        .await;
        let refusal = refusal(result);
        assert_eq!((refusal.code.as_str(), refusal.message), ("23514", message), "{assignment}");
    }
    // The same said in another way is no change.
    sqlx::query(
        "UPDATE streamkeeper.environments SET spec['fleet']['name'] = '\"cfd\"', uid = uid",
    )
    .execute(&database.pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_number_that_gains_a_point_is_a_change_and_is_judged() {
    let database = TestDatabase::create().await;
    let mut spec = small_spec();
    spec["fleet"]["computeCapacity"] = json!({"desiredInstances": 4});
    insert(&database.pool, "cfd", &spec).await.unwrap();
    assert_refused(
        &database.pool,
        "UPDATE streamkeeper.environments
         SET spec['fleet']['computeCapacity']['desiredInstances'] = '4.0'",
        "23514",
        "spec.fleet.computeCapacity.desiredInstances: 4.0 is not a whole number written without a point",
    )
    .await;
}

#[tokio::test]
async fn only_a_changed_spec_is_judged() {
    let database = TestDatabase::create().await;
    insert(&database.pool, "cfd", &small_spec()).await.unwrap();
    // A newer version that no longer knows a key of the row.
    sqlx::query(
        "UPDATE streamkeeper.spec_schema
         SET schema = schema #- '{$defs,FleetSpec,properties,instanceType}'
                             #- '{$defs,FleetSpec,required}'",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    for statement in [
        "UPDATE streamkeeper.environments SET paused = true",
        "UPDATE streamkeeper.environments SET labels = '{\"old\": \"yes\"}'",
        "UPDATE streamkeeper.environments SET mode = 'observe'",
    ] {
        sqlx::query(statement)
            .execute(&database.pool)
            .await
            .unwrap();
    }
    assert_refused(
        &database.pool,
        "UPDATE streamkeeper.environments SET spec['fleet']['description'] = '\"x\"'",
        "23514",
        "spec.fleet.instanceType: unknown key",
    )
    .await;
    sqlx::query("DELETE FROM streamkeeper.environments")
        .execute(&database.pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn every_generation_is_a_revision_that_outlives_the_row() {
    let database = TestDatabase::create().await;
    insert(&database.pool, "cfd", &small_spec()).await.unwrap();
    for statement in [
        "UPDATE streamkeeper.environments SET spec['fleet']['description'] = '\"x\"'",
        "UPDATE streamkeeper.environments SET paused = true",
        "UPDATE streamkeeper.environments SET mode = 'observe'",
        "DELETE FROM streamkeeper.environments",
        "DELETE FROM streamkeeper.environments",
    ] {
        sqlx::query(statement)
            .execute(&database.pool)
            .await
            .unwrap();
    }
    let revisions: Vec<(String, i64, Option<String>, String, bool)> = sqlx::query_as(
        "SELECT environment, generation, spec #>> '{fleet,description}', mode,
                changed_by = session_user
         FROM streamkeeper.revisions
         ORDER BY id",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    let revision = |generation, description: Option<&str>, mode: &str| {
        (
            "cfd".to_owned(),
            generation,
            description.map(str::to_owned),
            mode.to_owned(),
            true,
        )
    };
    assert_eq!(
        revisions,
        [
            revision(1, None, "enforce"),
            revision(2, Some("x"), "enforce"),
            revision(3, Some("x"), "observe"),
        ]
    );
}
