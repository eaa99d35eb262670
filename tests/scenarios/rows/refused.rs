//! Tabulates bad rows and the path and rule with which each is refused.

mod specs;

use serde_json::json;
use streamkeeper_tests::TestDatabase;

use self::specs::BAD_SPECS;
use super::{Refusal, insert, refusal, small_spec};

/// A bad policy statement and the message about it, below `spec.buckets[0].statements[0]`.
const BAD_STATEMENTS: &[(&str, &str)] = &[
    (
        r#"{"Sid": "S", "Effect": "allow", "Principal": {"AWS": "1"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}"#,
        r#".Effect: "allow" is not one of "Allow", "Deny""#,
    ),
    (
        r#"{"Sid": "S-1", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}"#,
        r#".Sid: "S-1" does not match ^[A-Za-z0-9]{1,64}$"#,
    ),
    (
        r#"{"Sid": "skGrantMine", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}"#,
        r#".Sid: "skGrantMine" begins with the reserved "SkGrant""#,
    ),
    (
        r#"{"Sid": "S", "Effect": "Deny", "Principal": "me", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}"#,
        r#".Principal: "me" is not "*""#,
    ),
    (
        r#"{"Sid": "S", "Effect": "Deny", "Principal": {"Aws": "1"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}"#,
        r#".Principal.Aws: unknown key; did you mean "AWS"?"#,
    ),
    (
        r#"{"Sid": "S", "Effect": "Deny", "Principal": "*", "Action": ["s3:GetObject", "ec2:*"], "Resource": "arn:aws:s3:::b"}"#,
        r#".Action[1]: "ec2:*" does not match ^(\*|[sS]3:[A-Za-z0-9*?]+)$"#,
    ),
    (
        r#"{"Sid": "S", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b", "Condition": {"Bool": {"k": {}}}}"#,
        ".Condition.Bool.k: expected a string, a number, true or false or a list, not an object",
    ),
    (
        r#"{"Sid": "S", "Effect": "Deny", "Principal": "*", "NotPrincipal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}"#,
        r#": exactly one of "Principal", "NotPrincipal" is required, not both"#,
    ),
    (
        r#"{"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}"#,
        r#".Principal: statement "Open" allows everybody ("*") without a Condition: that makes the bucket public"#,
    ),
    (
        r#"{"Sid": "Open", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b", "Condition": {}}"#,
        r#".Principal: statement "Open" allows everybody ("*") without a Condition: that makes the bucket public"#,
    ),
    (
        r#"{"Sid": "Open", "Effect": "Allow", "Principal": {"AWS": ["1", "*"]}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}"#,
        r#".Principal: statement "Open" allows everybody ("*") without a Condition: that makes the bucket public"#,
    ),
    (
        r#"{"Sid": "Open", "Effect": "Allow", "NotPrincipal": {"AWS": "1"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}"#,
        r#".NotPrincipal: statement "Open" allows everybody but those named, without a Condition: that makes the bucket public"#,
    ),
];

/// Other columns: a list of `column = expression` to insert with, and the message.
const BAD_COLUMNS: &[(&str, &str)] = &[
    (
        "name = '-x'",
        r#"name: "-x" does not match ^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}$"#,
    ),
    (
        "region = 'Europe'",
        r#"region: "Europe" does not match ^[a-z]{2,4}(-[a-z]+)+-[0-9]+$"#,
    ),
    (
        "account_id = '123'",
        r#"account_id: "123" does not match ^[0-9]{12}$"#,
    ),
    (
        "account_id = ''",
        r#"account_id: "" does not match ^[0-9]{12}$"#,
    ),
    (
        "mode = 'dry-run'",
        r#"mode: "dry-run" is not one of "enforce", "observe""#,
    ),
    (
        "deletion_policy = 'never'",
        r#"deletion_policy: "never" is not one of "delete", "retain", "forget""#,
    ),
    ("labels = '[]'", "labels: expected an object, not a list"),
    (
        "labels = '{\"a\": [\"b\"]}'",
        "labels.a: expected a string, not a list",
    ),
    (
        r#"spec = '{"fleetRef": "fem"}'"#,
        r#"spec.stack: is required with "fleetRef""#,
    ),
    ("spec = '[]'", "spec: expected an object, not a list"),
    (
        "spec = '{}'",
        r#"spec: at least one of "fleet", "fleetRef", "stack" is required"#,
    ),
];

fn refused(message: impl Into<String>) -> Refusal {
    Refusal {
        code: "23514".to_owned(),
        message: message.into(),
        detail: None,
    }
}

#[tokio::test]
async fn a_bad_spec_is_refused_with_its_path_and_rule() {
    let database = TestDatabase::create().await;
    let mut base = small_spec();
    base["stack"] = json!({});
    for (path, value, message) in BAD_SPECS {
        let result = sqlx::query(
            "INSERT INTO streamkeeper.environments (name, region, spec)
             VALUES ('bad', 'eu-west-1', jsonb_set($1, string_to_array($2, ','), $3::jsonb))",
        )
        .bind(&base)
        .bind(path)
        .bind(value)
        .execute(&database.pool)
        .await;
        assert_eq!(refusal(result), refused(*message), "{path}: {value}");
    }
    insert(&database.pool, "good", &base).await.unwrap();
}

#[tokio::test]
async fn a_bad_policy_statement_is_refused_with_its_path_and_rule() {
    let database = TestDatabase::create().await;
    for (statement, message) in BAD_STATEMENTS {
        let result = sqlx::query(
            "INSERT INTO streamkeeper.environments (name, region, spec)
             VALUES ('bad', 'eu-west-1',
                     $1 || jsonb_build_object('buckets', jsonb_build_array(jsonb_build_object(
                         'bucket', 'home', 'statements', jsonb_build_array($2::jsonb)))))",
        )
        .bind(small_spec())
        .bind(statement)
        .execute(&database.pool)
        .await;
        let message = format!("spec.buckets[0].statements[0]{message}");
        assert_eq!(refusal(result), refused(message), "{statement}");
    }
}

#[tokio::test]
async fn a_bad_column_is_refused_with_its_name_and_rule() {
    let database = TestDatabase::create().await;
    for (assignment, message) in BAD_COLUMNS {
        let (column, value) = assignment.split_once(" = ").unwrap();
        let mut columns = vec![
            ("name", "'bad'".to_owned()),
            ("region", "'eu-west-1'".to_owned()),
            ("spec", format!("'{}'", small_spec())),
        ];
        columns.retain(|(name, _)| *name != column);
        columns.push((column, value.to_owned()));
        let (names, values): (Vec<&str>, Vec<String>) = columns.into_iter().unzip();
        let statement = format!(
            "INSERT INTO streamkeeper.environments ({}) VALUES ({})",
            names.join(", "),
            values.join(", ")
        );
        let result = sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&database.pool)
            .await;
        assert_eq!(refusal(result), refused(*message), "{assignment}");
    }
}

#[tokio::test]
async fn an_elastic_fleet_alone_can_do_without_an_image() {
    let database = TestDatabase::create().await;
    let spec = |fleet_type: &str| {
        let mut fleet = json!({"instanceType": "stream.standard.small", "fleetType": fleet_type});
        if fleet_type == "ELASTIC" {
            fleet["maxConcurrentSessions"] = json!(2);
            fleet["vpcConfig"] = json!({"subnetIds": ["subnet-1", "subnet-2"]});
        }
        json!({"fleet": fleet})
    };
    let refused_without = insert(&database.pool, "others", &spec("ON_DEMAND")).await;
    assert_eq!(
        refusal(refused_without),
        refused(r#"spec.image: is required with "fleet""#)
    );
    insert(&database.pool, "elastic", &spec("ELASTIC"))
        .await
        .unwrap();
}

#[tokio::test]
async fn all_faults_are_told_at_once() {
    let database = TestDatabase::create().await;
    let spec = json!({"image": {"name": "i"}, "fleet": {"colour": 1, "state": "ON"}});
    assert_eq!(
        refusal(insert(&database.pool, "bad", &spec).await),
        Refusal {
            code: "23514".to_owned(),
            message: r#"spec.fleet.state: "ON" is not one of "RUNNING", "STOPPED""#.to_owned(),
            detail: Some(
                "spec.fleet.colour: unknown key\nspec.fleet.instanceType: is required".to_owned()
            ),
        }
    );
}

#[tokio::test]
async fn absurd_depth_is_refused_wherever_it_is() {
    let database = TestDatabase::create().await;
    for (levels, is_refused) in [(59, false), (61, true), (1_000, true)] {
        let config = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let result = sqlx::query(
            "INSERT INTO streamkeeper.environments (name, region, spec)
             VALUES ('deep', 'eu-west-1', $1 || jsonb_build_object('clusters',
                 jsonb_build_array(jsonb_build_object(
                     'name', 'a', 'access', 'READ_ONLY',
                     'config', jsonb_build_object('deep', $2::jsonb)))))
             ON CONFLICT DO NOTHING",
        )
        .bind(small_spec())
        .bind(config)
        .execute(&database.pool)
        .await;
        if is_refused {
            assert_eq!(
                refusal(result),
                refused("spec: is nested deeper than 64 levels")
            );
        } else {
            assert_eq!(result.unwrap().rows_affected(), 1);
        }
    }
}

#[tokio::test]
async fn a_conditional_statement_to_everybody_is_left_to_the_guard() {
    let database = TestDatabase::create().await;
    let mut spec = small_spec();
    spec["buckets"] = json!([{"bucket": "home", "statements": [{
        "Sid": "Tls", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::{bucket}/*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    }, {
        "Sid": "Deny", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket",
        "Resource": "arn:aws:s3:::{bucket}"
    }]}]);
    insert(&database.pool, "cfd", &spec).await.unwrap();
}

#[tokio::test]
async fn a_row_before_any_schema_says_what_to_run() {
    let database = TestDatabase::create().await;
    sqlx::query("DELETE FROM streamkeeper.spec_schema")
        .execute(&database.pool)
        .await
        .unwrap();
    let refusal = refusal(insert(&database.pool, "cfd", &small_spec()).await);
    assert_eq!(refusal.code, "55000");
    assert!(
        refusal.message.contains("streamkeeper migrate"),
        "{refusal:?}"
    );
}

#[tokio::test]
async fn a_schema_that_would_be_half_understood_is_not_stored() {
    let database = TestDatabase::create().await;
    for (schema, fault) in [
        (
            json!({"type": "object", "not": {"type": "null"}}),
            r#"#: keyword "not" is not interpreted"#,
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "string", "multipleOf": 2}}}),
            r##"#/properties/a: keyword "multipleOf" is not interpreted"##,
        ),
        (
            json!({"type": "array", "items": {}}),
            "#/items: has neither a type nor alternatives",
        ),
        (
            json!({"$ref": "#/$defs/Gone"}),
            r##"#: "#/$defs/Gone" has no target with a rule of its own"##,
        ),
        (
            json!({"type": "integer", "minimum": 0}),
            "#: an integer has no minimum and maximum",
        ),
        (
            json!({"$defs": {"A": {"type": "string"}}, "$ref": "#/$defs/A", "maxLength": 1}),
            r##"#: "maxLength" beside "$ref" would be ignored"##,
        ),
    ] {
        let result = sqlx::query("UPDATE streamkeeper.spec_schema SET schema = $1")
            .bind(&schema)
            .execute(&database.pool)
            .await;
        let refusal = refusal(result);
        assert_eq!(
            refusal.message,
            format!("the spec schema is not stored: {fault}")
        );
    }
}
