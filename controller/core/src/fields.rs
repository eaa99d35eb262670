//! Tabulates what each field needs: how it changes, how it is reset, how AWS returns it.
//!
//! The planner has no per-field code: it walks these tables. Sources are the `UpdateFleet` and
//! `UpdateStack` documentation of AWS's service model (API version 2016-12-01) and what other
//! tools' acceptance tests saw; where they disagree the comment at the row says so.

use serde_json::{Value, json};

/// What a change of a field on an existing object needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The call works in any state.
    InPlace,
    /// The fleet must be STOPPED.
    NeedsStoppedFleet,
    /// Only a new object can have another value.
    NeedsReplacement,
}

/// How a managed field goes back when it is left out, or is unset when it is `null`.
#[derive(Debug, Clone, Copy)]
pub enum Reset {
    /// Send this value: AWS's default.
    Default(fn() -> Value),
    /// Send an empty string; AWS then no longer returns the member.
    EmptyString,
    /// Name it in `AttributesToDelete`.
    Delete(&'static str),
    /// It has no default: leaving it out makes it unmanaged and changes nothing.
    Unmanage,
}

/// How a desired and an observed value are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// Equal as JSON.
    Exact,
    /// Equal as sets: AWS does not keep the order.
    Set,
    /// By `connectorType`; domains as whole sets, identifiers where the row names them.
    Connectors,
    /// Of an object only the keys the row says.
    Subset,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct FieldRule {
    /// The path below `fleet` or `stack`, also the member's path in the settings.
    pub path: &'static str,
    /// What a change needs.
    pub change: Change,
    /// How it is reset.
    pub reset: Reset,
    /// How it is compared.
    pub compare: Compare,
}

const fn rule(path: &'static str, change: Change, reset: Reset, compare: Compare) -> FieldRule {
    FieldRule {
        path,
        change,
        reset,
        compare,
    }
}

/// Fields of a fleet. In place are exactly the members that `UpdateFleet`'s documentation names for
/// a running `ALWAYS_ON` or `ON_DEMAND` fleet; all others need it stopped, `description` included.
pub const FLEET: &[FieldRule] = &[
    rule(
        "instanceType",
        Change::NeedsStoppedFleet,
        Reset::Unmanage,
        Compare::Exact,
    ),
    // UpdateFleet has no such member.
    rule(
        "fleetType",
        Change::NeedsReplacement,
        Reset::Unmanage,
        Compare::Exact,
    ),
    rule(
        "computeCapacity.desiredInstances",
        Change::InPlace,
        Reset::Unmanage,
        Compare::Exact,
    ),
    rule(
        "computeCapacity.desiredSessions",
        Change::InPlace,
        Reset::Unmanage,
        Compare::Exact,
    ),
    rule(
        "maxUserDurationInSeconds",
        Change::NeedsStoppedFleet,
        Reset::Default(|| json!(57_600)),
        Compare::Exact,
    ),
    rule(
        "disconnectTimeoutInSeconds",
        Change::InPlace,
        Reset::Default(|| json!(900)),
        Compare::Exact,
    ),
    // 0 for a fleet made through the API; the console sends 900.
    rule(
        "idleDisconnectTimeoutInSeconds",
        Change::InPlace,
        Reset::Default(|| json!(0)),
        Compare::Exact,
    ),
    rule(
        "displayName",
        Change::InPlace,
        Reset::EmptyString,
        Compare::Exact,
    ),
    rule(
        "description",
        Change::NeedsStoppedFleet,
        Reset::EmptyString,
        Compare::Exact,
    ),
    rule(
        "enableDefaultInternetAccess",
        Change::NeedsStoppedFleet,
        Reset::Default(|| json!(false)),
        Compare::Exact,
    ),
    rule(
        "iamRoleArn",
        Change::NeedsStoppedFleet,
        Reset::Delete("IAM_ROLE_ARN"),
        Compare::Exact,
    ),
    rule(
        "streamView",
        Change::NeedsStoppedFleet,
        Reset::Default(|| json!("APP")),
        Compare::Exact,
    ),
    rule(
        "vpcConfig.subnetIds",
        Change::NeedsStoppedFleet,
        Reset::Delete("VPC_CONFIGURATION"),
        Compare::Set,
    ),
    rule(
        "vpcConfig.securityGroupIds",
        Change::NeedsStoppedFleet,
        Reset::Delete("VPC_CONFIGURATION_SECURITY_GROUP_IDS"),
        Compare::Set,
    ),
];

/// Fields of a stack, user settings apart (they are keyed). All change in place.
pub const STACK: &[FieldRule] = &[
    rule(
        "displayName",
        Change::InPlace,
        Reset::EmptyString,
        Compare::Exact,
    ),
    rule(
        "description",
        Change::InPlace,
        Reset::EmptyString,
        Compare::Exact,
    ),
    rule(
        "redirectURL",
        Change::InPlace,
        Reset::Delete("REDIRECT_URL"),
        Compare::Exact,
    ),
    rule(
        "feedbackURL",
        Change::InPlace,
        Reset::Delete("FEEDBACK_URL"),
        Compare::Exact,
    ),
    rule(
        "storageConnectors",
        Change::InPlace,
        Reset::Delete("STORAGE_CONNECTORS"),
        Compare::Connectors,
    ),
    // There is no AttributesToDelete name: it is switched off.
    rule(
        "applicationSettings",
        Change::InPlace,
        Reset::Default(|| json!({"enabled": false})),
        Compare::Subset,
    ),
];

/// What AWS returns for each action when nobody set it, in AWS's order. AWS adds actions; those
/// that a row does not list are not ours.
pub const USER_SETTING_DEFAULTS: &[(&str, &str)] = &[
    ("CLIPBOARD_COPY_FROM_LOCAL_DEVICE", "ENABLED"),
    ("CLIPBOARD_COPY_TO_LOCAL_DEVICE", "ENABLED"),
    ("FILE_UPLOAD", "ENABLED"),
    ("FILE_DOWNLOAD", "ENABLED"),
    ("PRINTING_TO_LOCAL_DEVICE", "ENABLED"),
    ("DOMAIN_PASSWORD_SIGNIN", "ENABLED"),
    ("DOMAIN_SMART_CARD_SIGNIN", "DISABLED"),
    ("AUTO_TIME_ZONE_REDIRECTION", "DISABLED"),
    ("SMART_CARD_REDIRECTION", "DISABLED"),
];

/// The pattern of paths that `ignore` takes: every compared path and what lies above it.
#[must_use]
pub fn ignore_pattern() -> String {
    let mut paths = vec![
        "image".to_owned(),
        r"fleet\.state".to_owned(),
        "association".to_owned(),
    ];
    for (object, rules) in [("fleet", FLEET), ("stack", STACK)] {
        for rule in rules {
            let escaped = rule.path.replace('.', r"\.");
            if let Some((parent, _)) = rule.path.split_once('.') {
                paths.push(format!(r"{object}\.{parent}"));
            }
            paths.push(format!(r"{object}\.{escaped}"));
        }
    }
    paths.sort();
    paths.dedup();
    format!(
        r"^({}|stack\.userSettings(\.[A-Z_]+)?|tags(\..+)?|buckets(\..+)?)$",
        paths.join("|")
    )
}
