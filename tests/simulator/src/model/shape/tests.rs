//! Shows that inputs are refused and cleaned as AWS does.

use serde_json::json;

use super::members::{CREATE_FLEET, CREATE_STACK, FLEET_SETTINGS, STACK_SETTINGS, TAG};
use super::*;

fn check(input: Input, given: Value) -> Result<Value, String> {
    let given = given.as_object().cloned().unwrap_or_default();
    accept(Service::AppStream, input, &given)
        .map(Value::Object)
        .map_err(|error| error.to_string())
}

#[test]
fn a_missing_member_is_named() {
    assert_eq!(
        check(&[CREATE_FLEET], json!({"Name": "cfd"})),
        Err(
            "ValidationException: 1 validation error detected: Value null at 'instanceType' \
             failed to satisfy constraint: Member must not be null"
                .to_owned()
        )
    );
}

#[test]
fn all_that_is_wrong_is_reported_at_once() {
    let error = check(
        &[CREATE_STACK, STACK_SETTINGS],
        json!({
            "Name": "-",
            "EmbedHostDomains": [],
            "UserSettings": [{"Action": "FLY", "Permission": "ENABLED"}],
        }),
    )
    .unwrap_err();
    assert!(error.starts_with("ValidationException: 3 validation errors detected: "));
    assert!(error.contains("Value '-' at 'name'"));
    assert!(error.contains("Value '[]' at 'embedHostDomains'"));
    assert!(error.contains("Value 'FLY' at 'userSettings.1.member.action'"));
    assert!(error.contains("Member must satisfy enum value set: [CLIPBOARD_COPY_FROM"));
}

#[test]
fn a_wrong_type_is_another_error() {
    assert_eq!(
        check(
            &[CREATE_FLEET, FLEET_SETTINGS],
            json!({"Name": "cfd", "InstanceType": "x", "MaxUserDurationInSeconds": "600"})
        ),
        Err("SerializationException: STRING_VALUE can not be converted to an Integer".to_owned())
    );
}

#[test]
fn unknown_members_and_nulls_are_dropped() {
    assert_eq!(
        check(
            &[CREATE_FLEET, FLEET_SETTINGS],
            json!({
                "Name": "cfd", "InstanceType": "x", "New": 1, "Description": null,
                "VpcConfig": {"SubnetIds": ["subnet-1"], "Newer": true},
            })
        ),
        Ok(json!({
            "Name": "cfd", "InstanceType": "x", "VpcConfig": {"SubnetIds": ["subnet-1"]},
        }))
    );
}

#[test]
fn tag_keys_of_aws_itself_are_refused() {
    let arn = "arn:aws:appstream:eu-west-1:111122223333:fleet/cfd";
    for (key, ok) in [("streamkeeper:uid", true), ("aws:x", false), ("ä ö", true)] {
        let tags = json!({"ResourceArn": arn, "Tags": {key: "v"}});
        assert_eq!(check(&[TAG], tags).is_ok(), ok, "{key}");
    }
}

#[test]
fn every_pattern_in_the_tables_compiles() {
    for operation in crate::model::operations::all() {
        describe_and_compile(operation.input.iter().flat_map(|group| group.iter()));
    }
}

fn describe_and_compile<'a>(members: impl Iterator<Item = &'a Member>) {
    for member in members {
        compile(&member.kind);
    }
}

fn compile(kind: &Kind) {
    match kind {
        Kind::Text(_, _, Some(pattern)) => {
            matches_whole(pattern, "");
        }
        Kind::List(element, ..) => compile(element),
        Kind::Map(key, value, ..) => {
            compile(key);
            compile(value);
        }
        Kind::Structure(members) => describe_and_compile(members.iter()),
        Kind::Text(..) | Kind::Choice(_) | Kind::Integer(..) | Kind::Boolean => {}
    }
}
