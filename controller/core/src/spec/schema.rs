//! Generates the JSON Schema that PostgreSQL interprets and editors use.
//!
//! # The subset
//!
//! `$ref` into `$defs`, `type`, `properties`, `required`, `additionalProperties`, `propertyNames`,
//! `minProperties`, `maxProperties`, `items`, `minItems`, `maxItems`, `minLength`, `maxLength`,
//! `pattern`, `minimum`, `maximum`, `enum`, `const`, `anyOf`, and `oneOf` where every branch is a
//! constant (an enum whose values have descriptions). Beside `$ref`, `anyOf` and `oneOf` stand
//! only descriptions. Every integer has a minimum and a maximum. Patterns use what JavaScript,
//! PostgreSQL and Rust read alike: no look-ahead, no classes by letter, no repeat over 255.
//!
//! The database refuses to store a schema with anything else, because a keyword that nobody
//! interprets is a rule that nobody keeps.
//!
//! # Our own keywords
//!
//! - `x-atLeastOneOf`, `x-exactlyOneOf`: lists of groups of keys.
//! - `x-requires`: a key that is there, and the keys it needs.
//! - `x-requiresWhen`, `x-forbidsWhen`: `{key, equals, requires}` and `{key, equals, forbids}`;
//!   without `equals` whenever the key is there; not where `unless`, a `{key, equals}` of its own,
//!   holds. A key with dots is one below another.
//! - `x-uniqueBy`: elements of an array are unique by this key, or by these keys together.
//! - `x-forbiddenPrefixes`: a string (or property name) must not begin with these, in any capitals.
//! - `x-notPublic`: the object is a policy statement; `Allow` to everybody without a condition is
//!   refused.

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::{AccessEndpointSpec, Spec, StorageConnectorSpec, ThemeFooterLinkSpec, UserSettingSpec};
use crate::fields;

/// Name of a fleet, a stack or an image (AWS's model: up to 101 characters).
pub const NAME_PATTERN: &str = "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}$";

/// What AWS's model calls an ARN; the region and the account may be empty.
pub const ARN_PATTERN: &str = "^arn:aws(-cn|-iso|-iso-b|-us-gov)?:[A-Za-z0-9][A-Za-z0-9_/.-]{0,62}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]*$";

/// A bucket's ARN, by AWS's model of agent access.
pub const BUCKET_ARN_PATTERN: &str =
    "^arn:aws(-cn|-iso|-iso-b|-us-gov)?:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$";

/// A USB filter by AWS's model: eight fields, the last two of them switches.
const USB_FILTER_PATTERN: &str = r"^[A-Za-z0-9_]*[ \t]*[A-Za-z0-9_]*[ \t]*,[ \t]*[A-Za-z0-9_]*[ \t]*,[ \t]*\*?[A-Za-z0-9_]*[ \t]*,[ \t]*\*?[A-Za-z0-9_]*[ \t]*,[ \t]*\*?[0-9]*[ \t]*,[ \t]*\*?[0-9]*[ \t]*,[ \t]*[01][ \t]*,[ \t]*[01][ \t]*$";

/// A domain's name in small letters, by AWS's model.
const DOMAIN_PATTERN: &str =
    r"^(([a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9])\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$";

/// Words on a theme's page, by AWS's model.
pub const THEME_TEXT_PATTERN: &str = r"^[-@./#&+A-Za-z0-9_ \t\r\n\f\v]*$";

/// A pattern of links, by AWS's model.
const URL_PATTERN: &str = r"^((https?|ftp|sftp)://|mailto:)[^ \t\r\n\f\v,;<>]+$";

/// Platforms that are not for Elastic fleets, by `CreateFleet`'s documentation. An Elastic fleet is
/// known by the sessions it needs and others refuse.
const PLATFORMS_OF_OTHERS: [&str; 7] = [
    "WINDOWS",
    "WINDOWS_SERVER_2016",
    "WINDOWS_SERVER_2022",
    "WINDOWS_SERVER_2025",
    "WINDOWS_11",
    "RHEL8",
    "ROCKY_LINUX8",
];

/// `home`, or a bucket's name by S3's own rule.
pub const BUCKET_PATTERN: &str = "^(home|[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$";

/// Whom a grant is for: an account, or a role or several by its path. Not users, whose keys are
/// copied; not sessions, whose names are anybody's; not services, not everybody.
pub const GRANTEE_PATTERN: &str =
    "^([0-9]{12}|arn:aws(-cn|-iso|-iso-b|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/*?-]+)$";

/// A folder of a bucket: no wildcards, no policy variables, nothing before its first letter.
pub const FOLDER_PATTERN: &str = "^[^/*?${}][^*?${}]*$";

/// The JSON Schema of `environments.spec`.
///
/// # Panics
///
/// Never: a schema is always a JSON object.
#[must_use]
pub fn spec_schema() -> Value {
    let mut schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<Spec>();
    schema.insert("title".to_owned(), Value::from("Streamkeeper environment"));
    schema.to_value()
}

/// Seconds of `idleDisconnectTimeoutInSeconds`: 0, or 60 to 36 000.
pub(super) fn idle_disconnect_timeout(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [
        {"type": "integer", "const": 0},
        {"type": "integer", "minimum": 60, "maximum": 36_000}
    ]})
}

/// Security groups: `null`, or one to five (AWS's model: an empty list is invalid).
pub(super) fn security_group_ids(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [
        {"type": "array", "minItems": 1, "maxItems": 5,
         "items": {"type": "string", "minLength": 1, "maxLength": 64}},
        {"type": "null"}
    ]})
}

/// Sessions on an instance: `null`, or as many as fit AWS's type.
pub(super) fn max_sessions_per_instance(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [
        {"type": "integer", "minimum": 0, "maximum": i32::MAX},
        {"type": "null"}
    ]})
}

/// USB filters: `null`, or a set.
pub(super) fn usb_device_filters(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [
        {"type": "array", "minItems": 1,
         "items": {"type": "string", "maxLength": 100, "pattern": USB_FILTER_PATTERN}},
        {"type": "null"}
    ]})
}

/// What a fleet's type and platform exclude, by `CreateFleet`'s documentation.
pub(super) fn fleet_type_conditions() -> Value {
    let forbids = |key: &str, value: &str, forbidden: &[&str]| json!({"key": key, "equals": value, "forbids": forbidden});
    let elastic = forbids(
        "fleetType",
        "ELASTIC",
        &["computeCapacity", "domainJoinInfo"],
    );
    let sessions = ["maxConcurrentSessions", "applications"];
    let others = ["ALWAYS_ON", "ON_DEMAND"].map(|kind| forbids("fleetType", kind, &sessions));
    let platforms = PLATFORMS_OF_OTHERS.map(|platform| forbids("platform", platform, &sessions));
    std::iter::once(elastic)
        .chain(others)
        .chain(platforms)
        .collect()
}

/// Interface endpoints: `null`, or a set of one to four.
pub(super) fn access_endpoints(generator: &mut SchemaGenerator) -> Schema {
    let endpoint = generator.subschema_for::<AccessEndpointSpec>();
    json_schema!({"anyOf": [
        {"type": "array", "minItems": 1, "maxItems": 4, "items": endpoint},
        {"type": "null"}
    ]})
}

/// Domains of pages that hold a session: `null`, or a set of one to twenty.
pub(super) fn embed_host_domains(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [
        {"type": "array", "minItems": 1, "maxItems": 20,
         "items": {"type": "string", "maxLength": 128, "pattern": DOMAIN_PATTERN}},
        {"type": "null"}
    ]})
}

/// Links in the footer of a page: `null`, or a set. AWS's model has no bound; a footer has.
pub(super) fn footer_links(generator: &mut SchemaGenerator) -> Schema {
    let link = generator.subschema_for::<ThemeFooterLinkSpec>();
    json_schema!({"anyOf": [
        {"type": "array", "minItems": 1, "maxItems": 100, "items": link},
        {"type": "null"}
    ]})
}

/// Patterns of links: at most a hundred.
pub(super) fn urls(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "maxItems": 100, "items": {
        "type": "string", "minLength": 1, "maxLength": 2048, "pattern": URL_PATTERN
    }})
}

/// Tags beside our own two: AWS allows 50.
pub(super) fn tags(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 48,
        "propertyNames": {
            "type": "string", "minLength": 1, "maxLength": 128,
            "x-forbiddenPrefixes": ["aws:", "streamkeeper:"]
        },
        "additionalProperties": {"type": "string", "maxLength": 256}
    })
}

/// Storage connectors: `null`, or a set keyed by type.
pub(super) fn storage_connectors(generator: &mut SchemaGenerator) -> Schema {
    let connector = generator.subschema_for::<StorageConnectorSpec>();
    json_schema!({"anyOf": [
        {"type": "array", "minItems": 1, "maxItems": 3, "items": connector,
         "x-uniqueBy": "connectorType"},
        {"type": "null"}
    ]})
}

/// User settings: a list keyed by action.
pub(super) fn user_settings(generator: &mut SchemaGenerator) -> Schema {
    let setting = generator.subschema_for::<UserSettingSpec>();
    json_schema!({"type": "array", "minItems": 1, "maxItems": 20, "items": setting,
                  "x-uniqueBy": "action"})
}

/// Actions whose permission a stack sets.
pub(super) fn user_setting_action(_: &mut SchemaGenerator) -> Schema {
    let actions: Vec<&str> = fields::USER_SETTING_DEFAULTS
        .iter()
        .map(|(action, _)| *action)
        .collect();
    json_schema!({"type": "string", "enum": actions})
}

/// When `maximumLength` is refused: AWS takes it for an enabled clipboard action only.
pub(super) fn maximum_length_conditions() -> Value {
    let others = fields::USER_SETTING_DEFAULTS
        .iter()
        .filter(|(action, _)| !action.starts_with("CLIPBOARD_COPY_"))
        .map(|(action, _)| ("action", *action));
    std::iter::once(("permission", "DISABLED"))
        .chain(others)
        .map(|(key, value)| json!({"key": key, "equals": value, "forbids": ["maximumLength"]}))
        .collect()
}

/// A principal: `"*"`, or an object of kinds, each with one or more names.
pub(super) fn principal(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [
        {"type": "string", "const": "*"},
        {"type": "object", "minProperties": 1, "additionalProperties": false,
         "properties": {
            "AWS": one_or_many(1), "Service": one_or_many(1),
            "Federated": one_or_many(1), "CanonicalUser": one_or_many(1)
         }}
    ]})
}

/// Actions: S3's own, or `*`.
pub(super) fn actions(_: &mut SchemaGenerator) -> Schema {
    let action = r"^(\*|[sS]3:[A-Za-z0-9*?]+)$";
    json_schema!({"anyOf": [
        {"type": "string", "pattern": action},
        {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": action}}
    ]})
}

/// Resources: S3 ARNs, with `{bucket}` for the bucket's name.
pub(super) fn resources(_: &mut SchemaGenerator) -> Schema {
    let resource = r"^arn:aws[a-z-]*:s3:::.+$";
    json_schema!({"anyOf": [
        {"type": "string", "pattern": resource},
        {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": resource}}
    ]})
}

/// Conditions: operator, then key, then one or more scalars.
pub(super) fn condition(_: &mut SchemaGenerator) -> Schema {
    let scalar = json!({"type": ["string", "number", "boolean"]});
    json_schema!({
        "type": "object",
        "additionalProperties": {
            "type": "object", "minProperties": 1,
            "additionalProperties": {"anyOf": [
                scalar, {"type": "array", "minItems": 1, "items": scalar}
            ]}
        }
    })
}

/// Paths that can be ignored: those that are compared, and what lies above them.
pub(super) fn ignore(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "maxItems": 100,
                  "items": {"type": "string", "maxLength": 400, "pattern": fields::ignore_pattern()}})
}

/// A list of so many of these.
pub(super) fn list_of(item: &Schema, min: u32, max: u32) -> Schema {
    json_schema!({"type": "array", "minItems": min, "maxItems": max, "items": item})
}

fn one_or_many(min_length: u32) -> Value {
    json!({"anyOf": [
        {"type": "string", "minLength": min_length},
        {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": min_length}}
    ]})
}
