//! Rows that PostgreSQL refuses, each with the path and the rule.

use streamkeeper_tests::World;

/// A spec, and what is said of it.
const BAD: &[(&str, &str)] = &[
    (
        r#"{"fleetRef": "x", "stack": {}, "users": [{"userName": "ada"}]}"#,
        r#"spec.users[0].userName: "ada" does not match ^[^ @]+@[^ @]+$"#,
    ),
    (
        r#"{"stack": {}, "users": [{"userName": "a@x.org", "firstName": "Ada é"}]}"#,
        r#"spec.users[0].firstName: "Ada é" does not match ^[A-Za-z0-9_ -]+$"#,
    ),
    (
        r#"{"stack": {}, "users": [{"userName": "a@x.org", "messageAction": "RESEND"}]}"#,
        r#"spec.users[0].messageAction: "RESEND" is not one of "SUPPRESS""#,
    ),
    (
        r#"{"stack": {}, "users": [{"userName": "a@x.org"}, {"userName": "a@x.org"}]}"#,
        r#"spec.users[1].userName: "a@x.org" is already taken by [0]"#,
    ),
    (
        r#"{"image": {"name": "i"}, "fleet": {"instanceType": "x"}, "users": [{"userName": "a@x.org"}]}"#,
        r#"spec.stack: is required with "users""#,
    ),
    (
        r#"{"stack": {}, "entitlements": [{"name": "a", "appVisibility": "ALL", "attributes": []}]}"#,
        "spec.entitlements[0].attributes: must not be empty",
    ),
    (
        r#"{"stack": {}, "entitlements": [{"name": "a", "attributes": [{"name": "roles", "value": "x"}]}]}"#,
        "spec.entitlements[0].appVisibility: is required",
    ),
    (
        r#"{"image": {"name": "i"}, "fleet": {"instanceType": "x", "fleetType": "ON_DEMAND", "applications": []}}"#,
        r#"spec.fleet.applications: is not allowed when "fleetType" is "ON_DEMAND""#,
    ),
    (
        r#"{"stack": {}, "ignore": ["user.a@x.org"]}"#,
        "spec.ignore[0]: \"user.a@x.org\" does not match",
    ),
];

#[tokio::test]
async fn a_row_says_what_is_wrong_with_its_users_and_entitlements() {
    let world = World::brisk().await;
    let mut wrong = Vec::new();
    for (spec, message) in BAD {
        let insert = format!(
            "INSERT INTO streamkeeper.environments (name, region, spec)
             VALUES ('bad', 'eu-west-1', $spec${spec}$spec$)"
        );
        let said = world.refusal(&insert).await;
        if !said.contains(message) {
            wrong.push(format!("{spec}\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
