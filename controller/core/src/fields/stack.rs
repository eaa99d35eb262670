//! The fields of a stack, user settings apart: they are keyed. All change in place.

use serde_json::json;

use super::Change::InPlace;
use super::Compare::{AgentAccess, Connectors, Set, Subset, Whole};
use super::{FieldRule, Reset};

/// The service model's documentation of `UpdateStack` and of the member.
const MODEL: &str = "AWS's service model";
/// Terraform's and a second provider's acceptance tests, run against AWS.
const TESTS: &str = "other providers' acceptance tests";
/// Nothing but the model's shape; the planner is right with either.
const SHAPE: &str = "shape of AWS's model only";

const UNSET: &str = "nothing when unset";
const ANY_ORDER: &str = "in any order; nothing or an empty list when unset";

/// Fields of a stack.
pub const STACK: &[FieldRule] = &[
    FieldRule::new("displayName", InPlace, Reset::EmptyString).returned(UNSET, TESTS),
    FieldRule::new("description", InPlace, Reset::EmptyString).returned(UNSET, TESTS),
    FieldRule::new("redirectURL", InPlace, Reset::Delete("REDIRECT_URL")).returned(UNSET, TESTS),
    FieldRule::new("feedbackURL", InPlace, Reset::Delete("FEEDBACK_URL")).returned(UNSET, TESTS),
    // One that is not sent stays: it goes by `STORAGE_CONNECTOR_<TYPE>`.
    FieldRule::new(
        "storageConnectors",
        InPlace,
        Reset::Delete("STORAGE_CONNECTORS"),
    )
    .compared(Connectors)
    .returned(
        "in any order, home folders with their bucket as `resourceIdentifier`",
        TESTS,
    ),
    FieldRule::new(
        "storageConnectorAuthentication",
        InPlace,
        Reset::DeleteToDefault("STORAGE_CONNECTOR_AUTHENTICATION", || {
            json!("REUSE_CREDENTIALS")
        }),
    )
    .returned("nothing or `REUSE_CREDENTIALS` when unset", MODEL),
    // There is no AttributesToDelete name: it is switched off.
    FieldRule::new(
        "applicationSettings",
        InPlace,
        Reset::Default(|| json!({"enabled": false})),
    )
    .compared(Subset)
    .returned("always, with the bucket that AWS made for it", TESTS),
    FieldRule::new(
        "accessEndpoints",
        InPlace,
        Reset::Delete("ACCESS_ENDPOINTS"),
    )
    .compared(Set)
    .returned(ANY_ORDER, TESTS),
    FieldRule::new(
        "embedHostDomains",
        InPlace,
        Reset::Delete("EMBED_HOST_DOMAINS"),
    )
    .compared(Set)
    .returned(ANY_ORDER, SHAPE),
    FieldRule::new(
        "streamingExperienceSettings.preferredProtocol",
        InPlace,
        Reset::DeleteToDefault("STREAMING_EXPERIENCE_SETTINGS", || json!("TCP")),
    )
    .returned("`TCP` when nobody set it", TESTS),
    // Whether a list that is not sent stays is not established: one that has to go is sent empty.
    FieldRule::new(
        "contentRedirection",
        InPlace,
        Reset::Delete("CONTENT_REDIRECTION"),
    )
    .compared(Whole)
    .returned(UNSET, SHAPE),
    // An update leaves members alone that it does not send, and only the whole can be deleted.
    FieldRule::new(
        "agentAccessConfig",
        InPlace,
        Reset::Delete("AGENT_ACCESS_CONFIG"),
    )
    .compared(AgentAccess)
    .returned(
        "nothing when unset; which defaults AWS fills in is not documented",
        SHAPE,
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
