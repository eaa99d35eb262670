//! Fails when the SDK has something that the spec has not: a member, a value, a way to delete.
//!
//! The SDK's builders name all their members when they are printed, so a member that AWS adds is
//! seen here with the version of the SDK that brings it. It gets a place in the spec, or a line in
//! [`LEFT_OUT`] that says why not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use aws_sdk_appstream::operation::create_fleet::CreateFleetInput;
use aws_sdk_appstream::operation::create_stack::CreateStackInput;
use aws_sdk_appstream::operation::create_theme_for_stack::CreateThemeForStackInput;
use aws_sdk_appstream::operation::update_fleet::UpdateFleetInput;
use aws_sdk_appstream::operation::update_stack::UpdateStackInput;
use aws_sdk_appstream::operation::update_theme_for_stack::UpdateThemeForStackInput;
use aws_sdk_appstream::types::{self as sdk};
use serde_json::{Value, json};
use streamkeeper_core::fields::{FLEET, FieldRule, LEFT_OUT, STACK};
use streamkeeper_core::settings::{FleetSettings, StackSettings};
use streamkeeper_core::spec::schema::spec_schema;

/// Members of something that is printed with nothing in it.
fn members(empty: &impl Debug) -> BTreeSet<String> {
    let text = format!("{empty:?}");
    let found: BTreeSet<String> = text
        .split(": None")
        .filter_map(|before| before.rsplit(' ').next())
        .filter(|word| *word != "}")
        .map(plain)
        .collect();
    assert_eq!(found.len(), text.matches(": None").count(), "{text}");
    found
}

/// A name without capitals and marks: `disable_imdsv1` and `disableIMDSV1` are the same.
fn plain(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

/// The keys of a definition in the schema.
fn keys(schema: &Value, definition: &str) -> BTreeSet<String> {
    let properties = schema["$defs"][definition]["properties"].as_object();
    let properties = properties.unwrap_or_else(|| panic!("there is no {definition}"));
    properties.keys().map(|key| plain(key)).collect()
}

/// What is left out below a prefix such as `UpdateFleet`.
fn left_out(prefix: &str) -> BTreeSet<String> {
    let names = LEFT_OUT.iter().filter_map(|left_out| {
        let (above, name) = left_out.member.rsplit_once('.')?;
        (above == prefix).then(|| plain(name))
    });
    names.collect()
}

fn inputs() -> [(&'static str, &'static str, BTreeSet<String>); 4] {
    [
        (
            "CreateFleet",
            "FleetSpec",
            members(&CreateFleetInput::builder()),
        ),
        (
            "UpdateFleet",
            "FleetSpec",
            members(&UpdateFleetInput::builder()),
        ),
        (
            "CreateStack",
            "StackSpec",
            members(&CreateStackInput::builder()),
        ),
        (
            "UpdateStack",
            "StackSpec",
            members(&UpdateStackInput::builder()),
        ),
    ]
}

/// What members are made of, by the definition in the schema.
fn parts() -> BTreeMap<&'static str, Vec<BTreeSet<String>>> {
    let access = sdk::AgentAccessConfig::builder();
    let access_for_update = sdk::AgentAccessConfigForUpdate::builder();
    let part = |name, builder: &dyn Debug| (name, vec![members(&builder)]);
    BTreeMap::from([
        part("VpcConfigSpec", &sdk::VpcConfig::builder()),
        part("ComputeCapacity", &sdk::ComputeCapacity::builder()),
        part("DomainJoinInfoSpec", &sdk::DomainJoinInfo::builder()),
        part("S3LocationSpec", &sdk::S3Location::builder()),
        part("VolumeConfigSpec", &sdk::VolumeConfig::builder()),
        part("StorageConnectorSpec", &sdk::StorageConnector::builder()),
        part("UserSettingSpec", &sdk::UserSetting::builder()),
        part(
            "ApplicationSettingsSpec",
            &sdk::ApplicationSettings::builder(),
        ),
        part("AccessEndpointSpec", &sdk::AccessEndpoint::builder()),
        part(
            "StreamingExperienceSettingsSpec",
            &sdk::StreamingExperienceSettings::builder(),
        ),
        part(
            "ContentRedirectionSpec",
            &sdk::ContentRedirection::builder(),
        ),
        part(
            "UrlRedirectionConfigSpec",
            &sdk::UrlRedirectionConfig::builder(),
        ),
        (
            "AgentAccessConfigSpec",
            vec![members(&access), members(&access_for_update)],
        ),
        part(
            "AgentAccessSettingSpec",
            &sdk::AgentAccessSetting::builder(),
        ),
        ("ThemeSpec", vec![theme()]),
        part("ThemeFooterLinkSpec", &sdk::ThemeFooterLink::builder()),
    ])
}

/// What the calls about a theme take, but for whose it is and how links are deleted.
fn theme() -> BTreeSet<String> {
    let create = members(&CreateThemeForStackInput::builder());
    let mut update = members(&UpdateThemeForStackInput::builder());
    assert!(update.remove("attributestodelete"));
    assert!(create.is_subset(&update), "{create:?}");
    assert!(update.remove("stackname"));
    update
}

/// The SDK's values of every enumeration, by the definition in the schema.
fn enumerations() -> Vec<(&'static str, &'static [&'static str])> {
    vec![
        ("FleetType", sdk::FleetType::values()),
        ("StreamView", sdk::StreamView::values()),
        ("PlatformType", sdk::PlatformType::values()),
        ("ConnectorType", sdk::StorageConnectorType::values()),
        ("Permission", sdk::Permission::values()),
        ("AccessEndpointType", sdk::AccessEndpointType::values()),
        ("PreferredProtocol", sdk::PreferredProtocol::values()),
        ("AgentAction", sdk::AgentAction::values()),
        ("ScreenResolution", sdk::ScreenResolution::values()),
        ("ScreenImageFormat", sdk::ScreenImageFormat::values()),
        ("UserControlMode", sdk::UserControlMode::values()),
        (
            "StorageConnectorAuthentication",
            sdk::StorageConnectorAuthentication::values(),
        ),
        ("ThemeStyling", sdk::ThemeStyling::values()),
        ("ThemeState", sdk::ThemeState::values()),
    ]
}

/// Definitions of our own, which AWS does not have.
const OURS: [&str; 2] = ["Disruption", "PowerState"];

/// Definitions that a rule refers to, and those refer to.
fn references(schema: &Value, definition: &str, found: &mut BTreeSet<String>) {
    let rule = schema["$defs"][definition].to_string();
    for rest in rule.split("\"#/$defs/").skip(1) {
        let name = rest.split('"').next().unwrap();
        if !OURS.contains(&name) && found.insert(name.to_owned()) {
            references(schema, name, found);
        }
    }
}

#[test]
fn every_member_of_every_input_has_its_place_or_a_reason_why_not() {
    let schema = spec_schema();
    for (operation, definition, members) in inputs() {
        assert!(members.len() > 10, "{operation}: {members:?}");
        let mut placed = keys(&schema, definition);
        placed.extend(left_out(operation));
        let homeless: Vec<_> = members.difference(&placed).collect();
        assert!(homeless.is_empty(), "{operation}: {homeless:?}");
    }
}

#[test]
fn every_member_of_every_part_has_its_place() {
    let schema = spec_schema();
    for (definition, sides) in parts() {
        for members in sides {
            assert_eq!(members, keys(&schema, definition), "{definition}");
        }
    }
}

#[test]
fn every_value_of_every_enumeration_can_be_asked_for() {
    let schema = spec_schema();
    let words = |rule: &Value| -> BTreeSet<String> {
        let choices = rule["oneOf"].as_array().into_iter().flatten();
        let constants = choices.filter_map(|one| one["const"].as_str());
        let listed = rule["enum"].as_array().into_iter().flatten();
        let listed = listed.filter_map(Value::as_str);
        constants.chain(listed).map(str::to_owned).collect()
    };
    for (definition, values) in enumerations() {
        let taken = words(&schema["$defs"][definition]);
        let values: BTreeSet<String> = values.iter().map(|&value| value.to_owned()).collect();
        assert_eq!(taken, values, "{definition}");
    }
    // AWS adds actions faster than the SDK: the spec knows some that it does not.
    let actions = words(&schema["$defs"]["UserSettingSpec"]["properties"]["action"]);
    for action in sdk::Action::values() {
        assert!(actions.contains(*action), "{action}");
    }
}

#[test]
fn the_lists_of_parts_and_enumerations_are_complete() {
    let schema = spec_schema();
    let mut found = BTreeSet::new();
    references(&schema, "FleetSpec", &mut found);
    references(&schema, "StackSpec", &mut found);
    let mut listed: BTreeSet<String> = parts().into_keys().map(str::to_owned).collect();
    let enumerations = enumerations().into_iter();
    listed.extend(enumerations.map(|(name, _)| name.to_owned()));
    assert_eq!(found, listed);
}

#[test]
fn every_way_to_delete_is_in_the_tables_or_has_a_reason_why_not() {
    let of = |rules: &[FieldRule]| -> BTreeSet<String> {
        let names = rules.iter().filter_map(|rule| rule.reset.attribute());
        names.map(plain).collect()
    };
    let mut stack = of(STACK);
    let connectors = sdk::StorageConnectorType::values().iter();
    stack.extend(connectors.map(|kind| plain(&format!("STORAGE_CONNECTOR_{kind}"))));
    assert_eq!(sdk::ThemeAttribute::values(), ["FOOTER_LINKS"]);
    for (operation, mut used, there) in [
        ("UpdateFleet", of(FLEET), sdk::FleetAttribute::values()),
        ("UpdateStack", stack, sdk::StackAttribute::values()),
    ] {
        let there: BTreeSet<String> = there.iter().map(|name| plain(name)).collect();
        let left = left_out(&format!("{operation}.AttributesToDelete"));
        assert!(used.is_disjoint(&left), "{operation}");
        used.extend(left);
        assert_eq!(used, there, "{operation}");
    }
}

#[test]
fn nothing_is_left_out_that_aws_does_not_have() {
    let operations: Vec<&str> = inputs().iter().map(|(operation, ..)| *operation).collect();
    for (operation, definition, members) in inputs() {
        let left = left_out(operation);
        assert!(left.is_subset(&members), "{operation}: {left:?}");
        let twice: Vec<_> = left
            .intersection(&keys(&spec_schema(), definition))
            .cloned()
            .collect();
        assert!(twice.is_empty(), "{operation}: {twice:?}");
    }
    for left_out in LEFT_OUT {
        let operation = left_out.member.split('.').next().unwrap();
        assert!(operations.contains(&operation), "{}", left_out.member);
        assert!(!left_out.reason.is_empty());
    }
}

#[test]
fn every_member_that_aws_describes_is_read_or_is_no_setting() {
    let no_setting = [
        "arn",
        "name",
        "createdtime",
        // Beside the settings in what is observed.
        "state",
        "fleeterrors",
        "stackerrors",
        // Read as `computeCapacity`.
        "computecapacitystatus",
    ];
    let read = |settings: Value| -> BTreeSet<String> {
        let members = settings.as_object().unwrap().keys();
        members.map(|key| plain(key)).collect()
    };
    let fleet: FleetSettings = super::tests::full_fleet();
    let stack: StackSettings = super::tests::full_stack();
    for (described, read) in [
        (members(&sdk::Fleet::builder()), read(json!(fleet))),
        (members(&sdk::Stack::builder()), read(json!(stack))),
    ] {
        let mut read = read;
        read.extend(no_setting.map(str::to_owned));
        let unread: Vec<_> = described.difference(&read).collect();
        assert!(unread.is_empty(), "{unread:?}");
    }
}
