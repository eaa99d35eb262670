//! Names the calls that say who may use what: user accounts, their stacks, entitlements.
//!
//! # What is deliberately absent
//!
//! `DeleteUser`. An account of the user pool carries no tag, so nobody can prove that it is ours.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ObjectRef;
use crate::access::AccessRequest;

/// The most associations that one call takes (AWS's model, `UserStackAssociationList`).
pub const BATCH: usize = 25;

/// One mutating AWS call about who may use what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the fields are the call's own parameters")]
pub enum AccessCall {
    /// `CreateUser` in the region's user pool.
    CreateUser {
        user_name: String,
        first_name: Option<String>,
        last_name: Option<String>,
        message_action: Option<String>,
    },
    /// `EnableUser`.
    EnableUser { user_name: String },
    /// `DisableUser`: they cannot sign in until they are enabled again.
    DisableUser { user_name: String },
    /// `BatchAssociateUserStack`, of at most [`BATCH`] users.
    BatchAssociateUserStack {
        stack: String,
        users: Vec<StackUser>,
    },
    /// `BatchDisassociateUserStack`, of at most [`BATCH`] users.
    BatchDisassociateUserStack { stack: String, users: Vec<String> },
}

/// A user who is to be associated with a stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StackUser {
    /// The user's name.
    pub user_name: String,
    /// Whether AWS sends them an e-mail about it; AWS decides when it is left out.
    pub send_email_notification: Option<bool>,
}

impl AccessCall {
    /// The AWS operation.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::CreateUser { .. } => "CreateUser",
            Self::EnableUser { .. } => "EnableUser",
            Self::DisableUser { .. } => "DisableUser",
            Self::BatchAssociateUserStack { .. } => "BatchAssociateUserStack",
            Self::BatchDisassociateUserStack { .. } => "BatchDisassociateUserStack",
        }
    }

    /// The object the call is about; of what belongs to a stack, the stack.
    #[must_use]
    pub fn object(&self) -> ObjectRef {
        match self {
            Self::CreateUser { user_name, .. }
            | Self::EnableUser { user_name }
            | Self::DisableUser { user_name } => ObjectRef::user(user_name),
            Self::BatchAssociateUserStack { stack, .. }
            | Self::BatchDisassociateUserStack { stack, .. } => ObjectRef::stack(stack),
        }
    }

    /// Whether it takes something away from somebody. User sessions that are under way go on.
    #[must_use]
    pub const fn takes_away(&self) -> bool {
        match self {
            Self::DisableUser { .. } | Self::BatchDisassociateUserStack { .. } => true,
            Self::CreateUser { .. }
            | Self::EnableUser { .. }
            | Self::BatchAssociateUserStack { .. } => false,
        }
    }

    /// What has to be looked at to see whether the call had its effect.
    #[must_use]
    pub fn shows_in(&self) -> AccessRequest {
        let mut request = AccessRequest::default();
        match self {
            Self::CreateUser { .. } | Self::EnableUser { .. } | Self::DisableUser { .. } => {
                request.users = true;
            }
            Self::BatchAssociateUserStack { stack, .. }
            | Self::BatchDisassociateUserStack { stack, .. } => {
                request.users_of_stacks.insert(stack.clone());
            }
        }
        request
    }

    /// The items of a call that AWS answers item by item; none of any other.
    #[must_use]
    pub fn items(&self) -> Vec<&str> {
        match self {
            Self::BatchAssociateUserStack { users, .. } => {
                users.iter().map(|user| user.user_name.as_str()).collect()
            }
            Self::BatchDisassociateUserStack { users, .. } => {
                users.iter().map(String::as_str).collect()
            }
            Self::CreateUser { .. } | Self::EnableUser { .. } | Self::DisableUser { .. } => {
                Vec::new()
            }
        }
    }

    /// What tells one item of a call from another when it is remembered that it failed: who shares
    /// a call with whom changes from pass to pass.
    #[must_use]
    pub fn item_key(&self, item: &str) -> String {
        format!("{} {} {item}", self.operation(), self.object())
    }
}

impl fmt::Display for AccessCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operation(), self.object())?;
        match self {
            Self::BatchAssociateUserStack { .. } | Self::BatchDisassociateUserStack { .. } => {
                write!(f, " {}", self.items().join(" "))
            }
            Self::CreateUser { .. } | Self::EnableUser { .. } | Self::DisableUser { .. } => Ok(()),
        }
    }
}
