//! Describes the user-pool users of a stack.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::field::value_or_missing;

/// A user of the region's user pool who may use this environment's stack.
///
/// The account is the region's, not the environment's: leaving the user out takes them off the
/// stack and leaves the account alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserSpec {
    /// The e-mail address they sign in with, in exactly these capitals.
    #[schemars(length(max = 128), regex(pattern = "^[^ @]+@[^ @]+$"))]
    pub user_name: String,
    /// The first name; it never changes once the account is there.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "String",
        length(max = 2048),
        regex(pattern = "^[A-Za-z0-9_ -]+$")
    )]
    pub first_name: Option<String>,
    /// The last name; it never changes once the account is there.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "String",
        length(max = 2048),
        regex(pattern = "^[A-Za-z0-9_ -]+$")
    )]
    pub last_name: Option<String>,
    /// Whether they may sign in; true when it is left out.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "bool")]
    pub enabled: Option<bool>,
    /// What becomes of the welcome e-mail when the account is created; it is sent when this is left
    /// out.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "MessageAction")]
    pub message_action: Option<MessageAction>,
    /// Whether AWS tells them by e-mail when they are put on the stack.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "bool")]
    pub send_email_notification: Option<bool>,
}

impl UserSpec {
    /// Whether they may sign in.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled.unwrap_or(true)
    }
}

/// What becomes of the welcome e-mail. AWS's other value, `RESEND`, is an order and no state: sent
/// at every look, it would flood people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MessageAction {
    /// It is not sent.
    #[serde(rename = "SUPPRESS")]
    Suppress,
}

impl MessageAction {
    /// AWS's own word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Suppress => "SUPPRESS",
        }
    }
}
