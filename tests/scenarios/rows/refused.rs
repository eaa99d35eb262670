//! Tabulates bad rows and the path and rule with which each is refused.

use serde_json::json;
use streamkeeper_tests::TestDatabase;

use super::{Refusal, insert, refusal, small_spec};

/// A valid spec with one value put in: path in it, value as JSON text, the whole message.
const BAD_SPECS: &[(&str, &str, &str)] = &[
    // Keys.
    ("colour", "1", "spec.colour: unknown key"),
    ("fleet,colour", "1", "spec.fleet.colour: unknown key"),
    (
        "fleet,instance_type",
        r#""x""#,
        r#"spec.fleet.instance_type: unknown key; did you mean "instanceType"?"#,
    ),
    (
        "stack,redirectUrl",
        r#""x""#,
        r#"spec.stack.redirectUrl: unknown key; did you mean "redirectURL"?"#,
    ),
    (
        "fleet,computeCapacity",
        r#"{"desiredInstance": 1, "desiredInstances": 1}"#,
        r#"spec.fleet.computeCapacity.desiredInstance: unknown key; did you mean "desiredInstances"?"#,
    ),
    (
        "fleet,two words",
        "1",
        r#"spec.fleet["two words"]: unknown key"#,
    ),
    ("fleet", "{}", "spec.fleet.instanceType: is required"),
    (
        "clusters",
        r#"[{"name": "cfd"}]"#,
        "spec.clusters[0].access: is required",
    ),
    // Keys that depend on each other.
    (
        "fleetRef",
        r#""fem""#,
        r#"spec.fleet: is not allowed with "fleetRef""#,
    ),
    (
        "image",
        "{}",
        r#"spec.image: exactly one of "name", "arn", "build" is required, not none"#,
    ),
    (
        "image",
        r#"{"name": "i", "arn": "arn:aws:appstream:eu-west-1::image/i"}"#,
        r#"spec.image: exactly one of "name", "arn", "build" is required, not both"#,
    ),
    (
        "fleet,computeCapacity",
        "{}",
        r#"spec.fleet.computeCapacity: exactly one of "desiredInstances", "desiredSessions" is required, not none"#,
    ),
    (
        "stack,applicationSettings",
        r#"{"enabled": true}"#,
        r#"spec.stack.applicationSettings.settingsGroup: is required when "enabled" is true"#,
    ),
    (
        "stack,userSettings",
        r#"[{"action": "FILE_UPLOAD", "permission": "ENABLED", "maximumLength": 5}]"#,
        r#"spec.stack.userSettings[0].maximumLength: is not allowed when "action" is "FILE_UPLOAD""#,
    ),
    (
        "fleet,computeCapacity",
        r#"{"desiredSessions": 4}"#,
        r#"spec.fleet.maxSessionsPerInstance: is required with "computeCapacity.desiredSessions""#,
    ),
    (
        "fleet,maxSessionsPerInstance",
        "2",
        r#"spec.fleet.computeCapacity: is required with "maxSessionsPerInstance""#,
    ),
    (
        "fleet",
        r#"{"instanceType": "x", "fleetType": "ELASTIC", "maxConcurrentSessions": 1}"#,
        r#"spec.fleet.vpcConfig: is required when "fleetType" is "ELASTIC""#,
    ),
    (
        "fleet",
        r#"{"instanceType": "x", "fleetType": "ELASTIC", "vpcConfig": {"subnetIds": ["a", "b"]}}"#,
        r#"spec.fleet.maxConcurrentSessions: is required when "fleetType" is "ELASTIC""#,
    ),
    (
        "fleet",
        r#"{"instanceType": "x", "fleetType": "ELASTIC", "vpcConfig": {"subnetIds": ["a", "b"]},
            "maxConcurrentSessions": 1, "computeCapacity": {"desiredInstances": 1}}"#,
        r#"spec.fleet.computeCapacity: is not allowed when "fleetType" is "ELASTIC""#,
    ),
    (
        "fleet",
        r#"{"instanceType": "x", "fleetType": "ELASTIC", "vpcConfig": {"subnetIds": ["a", "b"]},
            "maxConcurrentSessions": 1, "domainJoinInfo": {"directoryName": "a"}}"#,
        r#"spec.fleet.domainJoinInfo: is not allowed when "fleetType" is "ELASTIC""#,
    ),
    (
        "fleet",
        r#"{"instanceType": "x", "platform": "RHEL8", "maxConcurrentSessions": 1}"#,
        r#"spec.fleet.maxConcurrentSessions: is not allowed when "platform" is "RHEL8""#,
    ),
    (
        "fleet",
        r#"{"instanceType": "x", "fleetType": "ON_DEMAND", "maxConcurrentSessions": 1}"#,
        r#"spec.fleet.maxConcurrentSessions: is not allowed when "fleetType" is "ON_DEMAND""#,
    ),
    (
        "fleet,domainJoinInfo",
        "{}",
        r#"spec.fleet.domainJoinInfo: at least one of "directoryName", "organizationalUnitDistinguishedName" is required"#,
    ),
    (
        "stack,storageConnectors",
        r#"[{"connectorType": "GOOGLE_DRIVE", "domainsRequireAdminConsent": ["a"]}]"#,
        r#"spec.stack.storageConnectors[0].domainsRequireAdminConsent: is not allowed when "connectorType" is "GOOGLE_DRIVE""#,
    ),
    (
        "stack,agentAccessConfig",
        r#"{"settings": [{"agentAction": "COMPUTER_VISION", "permission": "ENABLED"}],
            "screenResolution": "W_1280xH_720", "screenImageFormat": "PNG",
            "screenshotsUploadEnabled": true}"#,
        r#"spec.stack.agentAccessConfig.s3BucketArn: is required when "screenshotsUploadEnabled" is true"#,
    ),
    // Types, and null.
    (
        "fleet,platform",
        "null",
        "spec.fleet.platform: null is not one of \"WINDOWS\", \"WINDOWS_SERVER_2016\", \"WINDOWS_SERVER_2019\", \"WINDOWS_SERVER_2022\", \"WINDOWS_SERVER_2025\", \"WINDOWS_11\", \"AMAZON_LINUX2\", \"RHEL8\", \"ROCKY_LINUX8\", \"UBUNTU_PRO_2404\"",
    ),
    (
        "fleet,rootVolumeConfig",
        r#"{"volumeSizeInGb": 199}"#,
        "spec.fleet.rootVolumeConfig.volumeSizeInGb: 199 is below the minimum 200",
    ),
    (
        "stack,accessEndpoints",
        "[]",
        "spec.stack.accessEndpoints: must not be empty",
    ),
    (
        "stack,embedHostDomains",
        r#"["Example.com"]"#,
        r#"spec.stack.embedHostDomains[0]: "Example.com" does not match ^(([a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9])\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$"#,
    ),
    ("fleet", "[]", "spec.fleet: expected an object, not a list"),
    (
        "clusters",
        "{}",
        "spec.clusters: expected a list, not an object",
    ),
    (
        "fleet,streamView",
        "1",
        r#"spec.fleet.streamView: 1 is not one of "APP", "DESKTOP""#,
    ),
    (
        "fleet,enableDefaultInternetAccess",
        r#""true""#,
        r#"spec.fleet.enableDefaultInternetAccess: expected true or false, not "true""#,
    ),
    (
        "fleet,name",
        "null",
        "spec.fleet.name: expected a string, not null",
    ),
    ("buckets", "null", "spec.buckets: expected a list, not null"),
    (
        "fleet,description",
        "5",
        "spec.fleet.description: expected a string, not 5",
    ),
    (
        "fleet,vpcConfig",
        "5",
        "spec.fleet.vpcConfig: expected an object, not 5",
    ),
    (
        "fleet,vpcConfig",
        r#"{"subnetIds": ["subnet-1"], "securityGroupIds": [7]}"#,
        "spec.fleet.vpcConfig.securityGroupIds[0]: expected a string, not 7",
    ),
    (
        "fleet,vpcConfig",
        r#"{"subnetIds": ["subnet-1"], "securityGroupIds": []}"#,
        "spec.fleet.vpcConfig.securityGroupIds: must not be empty",
    ),
    (
        "stack,storageConnectors",
        r#"[{"connectorType": "DROPBOX"}]"#,
        r#"spec.stack.storageConnectors[0].connectorType: "DROPBOX" is not one of "HOMEFOLDERS", "GOOGLE_DRIVE", "ONE_DRIVE""#,
    ),
    // Numbers.
    (
        "fleet,maxUserDurationInSeconds",
        "999999",
        "spec.fleet.maxUserDurationInSeconds: 999999 is above the maximum 432000",
    ),
    (
        "fleet,disconnectTimeoutInSeconds",
        "59",
        "spec.fleet.disconnectTimeoutInSeconds: 59 is below the minimum 60",
    ),
    (
        "fleet,idleDisconnectTimeoutInSeconds",
        "5",
        "spec.fleet.idleDisconnectTimeoutInSeconds: 5 is not 0 and 5 is below the minimum 60",
    ),
    (
        "fleet,idleDisconnectTimeoutInSeconds",
        "0.0",
        "spec.fleet.idleDisconnectTimeoutInSeconds: 0.0 is not a whole number written without a point",
    ),
    (
        "fleet,maxUserDurationInSeconds",
        "3600.0",
        "spec.fleet.maxUserDurationInSeconds: 3600.0 is not a whole number written without a point",
    ),
    (
        "fleet,maxUserDurationInSeconds",
        "1e400",
        "spec.fleet.maxUserDurationInSeconds: 10000000000000000000000000000000000000000000000000000000000000000000000000000000… cannot be held: whole numbers have 64 bits, others double precision",
    ),
    (
        "clusters",
        r#"[{"name": "cfd", "access": "READ_ONLY", "config": {"a b": [1, 9223372036854775808]}}]"#,
        r#"spec.clusters[0].config["a b"][1]: 9223372036854775808 cannot be held: whole numbers have 64 bits, others double precision"#,
    ),
    (
        "clusters",
        r#"[{"name": "cfd", "access": "READ_ONLY", "config": {"tiny": 1e-400}}]"#,
        "spec.clusters[0].config.tiny: 0.000000000000000000000000000000000000000000000000000000000000000000000000000000… cannot be held: whole numbers have 64 bits, others double precision",
    ),
    // Strings.
    (
        "fleet,name",
        r#""-x""#,
        r#"spec.fleet.name: "-x" does not match ^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}$"#,
    ),
    (
        "fleet,name",
        r#""x\n""#,
        r#"spec.fleet.name: "x\n" does not match ^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}$"#,
    ),
    (
        "fleet,description",
        r#""""#,
        "spec.fleet.description: must not be empty",
    ),
    (
        "fleet,iamRoleArn",
        r#""appstream""#,
        r#"spec.fleet.iamRoleArn: "appstream" does not match ^arn:aws(-cn|-iso|-iso-b|-us-gov)?:[A-Za-z0-9][A-Za-z0-9_/.-]{0,62}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]*$"#,
    ),
    (
        "tags",
        r#"{"AWS:team": "x"}"#,
        r#"spec.tags["AWS:team"]: "AWS:team" begins with the reserved "aws:""#,
    ),
    (
        "tags",
        r#"{"": "x"}"#,
        r#"spec.tags[""]: must not be empty"#,
    ),
    (
        "tags",
        r#"{"team": 1}"#,
        "spec.tags.team: expected a string, not 1",
    ),
    // Lists.
    (
        "clusters",
        r#"[{"name": "a", "access": "READ_ONLY"}, {"name": "a", "access": "READ_WRITE"}]"#,
        r#"spec.clusters[1].name: "a" is already taken by [0]"#,
    ),
    (
        "stack,userSettings",
        r#"[{"action": "FILE_UPLOAD", "permission": "ENABLED"}, {"action": "FILE_UPLOAD", "permission": "DISABLED"}]"#,
        r#"spec.stack.userSettings[1].action: "FILE_UPLOAD" is already taken by [0]"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "*", "access": "READ_ONLY"}]}]"#,
        r#"spec.buckets[0].grants[0].principal: "*" does not match ^([0-9]{12}|arn:aws(-cn|-iso|-iso-b|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/*?-]+)$"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "arn:aws:iam::210987654321:user/ada", "access": "READ_ONLY"}]}]"#,
        r#"spec.buckets[0].grants[0].principal: "arn:aws:iam::210987654321:user/ada" does not match ^([0-9]{12}|arn:aws(-cn|-iso|-iso-b|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/*?-]+)$"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "arn:aws:sts::210987654321:assumed-role/n/s", "access": "READ_ONLY"}]}]"#,
        r#"spec.buckets[0].grants[0].principal: "arn:aws:sts::210987654321:assumed-role/n/s" does not match ^([0-9]{12}|arn:aws(-cn|-iso|-iso-b|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/*?-]+)$"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "ec2.amazonaws.com", "access": "READ_ONLY"}]}]"#,
        r#"spec.buckets[0].grants[0].principal: "ec2.amazonaws.com" does not match ^([0-9]{12}|arn:aws(-cn|-iso|-iso-b|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/*?-]+)$"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "arn:aws:iam::210987654321:root", "access": "READ_ONLY"}]}]"#,
        r#"spec.buckets[0].grants[0].principal: "arn:aws:iam::210987654321:root" does not match ^([0-9]{12}|arn:aws(-cn|-iso|-iso-b|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/*?-]+)$"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "arn:aws:iam::*:role/n", "access": "READ_ONLY"}]}]"#,
        r#"spec.buckets[0].grants[0].principal: "arn:aws:iam::*:role/n" does not match ^([0-9]{12}|arn:aws(-cn|-iso|-iso-b|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/*?-]+)$"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "210987654321", "access": "ALL"}]}]"#,
        r#"spec.buckets[0].grants[0].access: "ALL" is not one of "READ_ONLY", "READ_WRITE""#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "210987654321", "access": "READ_ONLY", "prefix": "a/*"}]}]"#,
        r#"spec.buckets[0].grants[0].prefix: "a/*" does not match ^[^/*?${}][^*?${}]*$"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "210987654321", "access": "READ_ONLY", "prefix": "a"}, {"principal": "210987654321", "access": "READ_WRITE"}, {"principal": "210987654321", "access": "READ_ONLY"}]}]"#,
        r#"spec.buckets[0].grants[2]: has the same "principal", "prefix" as [1]"#,
    ),
    (
        "clusters",
        r#"[{"name": "a", "access": "READ_ONLY", "users": []}]"#,
        "spec.clusters[0].users: must not be empty",
    ),
];

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
