//! Names the calls that say who may use what: user accounts, their stacks, entitlements; and the
//! calls about what a stack's page looks like.
//!
//! # What is deliberately absent
//!
//! `DeleteUser`. An account of the user pool carries no tag, so nobody can prove that it is ours.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::ObjectRef;
use crate::access::AccessRequest;
use crate::settings::AttributeToDelete;
use crate::spec::{EntitlementAttribute, S3LocationSpec, ThemeFooterLinkSpec};

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
    /// `CreateEntitlement` on a stack.
    CreateEntitlement {
        stack: String,
        name: String,
        settings: EntitlementSettings,
    },
    /// `UpdateEntitlement`, with only the members that change.
    UpdateEntitlement {
        stack: String,
        name: String,
        set: EntitlementSettings,
    },
    /// `DeleteEntitlement`.
    DeleteEntitlement { stack: String, name: String },
    /// `AssociateApplicationToEntitlement`.
    AssociateApplicationToEntitlement {
        stack: String,
        entitlement: String,
        application: String,
    },
    /// `DisassociateApplicationFromEntitlement`.
    DisassociateApplicationFromEntitlement {
        stack: String,
        entitlement: String,
        application: String,
    },
    /// `AssociateApplicationFleet`, of an Elastic fleet.
    AssociateApplicationFleet { fleet: String, application: String },
    /// `DisassociateApplicationFleet`.
    DisassociateApplicationFleet { fleet: String, application: String },
    /// `CreateThemeForStack`, which has no member for the state: a new theme is enabled.
    CreateThemeForStack {
        stack: String,
        settings: ThemeSettings,
    },
    /// `UpdateThemeForStack`, with only the members that change.
    UpdateThemeForStack {
        stack: String,
        set: ThemeSettings,
        delete: Vec<AttributeToDelete>,
    },
    /// `DeleteThemeForStack`: the page looks as AWS's own again.
    DeleteThemeForStack { stack: String },
}

/// What a theme is set to; in an update, what changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThemeSettings {
    /// The title of the browser's tab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_text: Option<String>,
    /// The colours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme_styling: Option<String>,
    /// The links in the page's footer, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer_links: Option<BTreeSet<ThemeFooterLinkSpec>>,
    /// Where the logo is. No answer tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_logo_s3_location: Option<S3LocationSpec>,
    /// Where the favicon is. No answer tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub favicon_s3_location: Option<S3LocationSpec>,
    /// `ENABLED` or `DISABLED`; in an update only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// What an entitlement is set to; in an update, what changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntitlementSettings {
    /// The description; an empty one clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `ALL` or `ASSOCIATED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_visibility: Option<String>,
    /// Which users it is for, all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<BTreeSet<EntitlementAttribute>>,
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
            Self::CreateEntitlement { .. } => "CreateEntitlement",
            Self::UpdateEntitlement { .. } => "UpdateEntitlement",
            Self::DeleteEntitlement { .. } => "DeleteEntitlement",
            Self::AssociateApplicationToEntitlement { .. } => "AssociateApplicationToEntitlement",
            Self::DisassociateApplicationFromEntitlement { .. } => {
                "DisassociateApplicationFromEntitlement"
            }
            Self::AssociateApplicationFleet { .. } => "AssociateApplicationFleet",
            Self::DisassociateApplicationFleet { .. } => "DisassociateApplicationFleet",
            Self::CreateThemeForStack { .. } => "CreateThemeForStack",
            Self::UpdateThemeForStack { .. } => "UpdateThemeForStack",
            Self::DeleteThemeForStack { .. } => "DeleteThemeForStack",
        }
    }

    /// The object the call is about; of what belongs to a stack or a fleet, that.
    #[must_use]
    pub fn object(&self) -> ObjectRef {
        match self {
            Self::CreateUser { user_name, .. }
            | Self::EnableUser { user_name }
            | Self::DisableUser { user_name } => ObjectRef::user(user_name),
            Self::BatchAssociateUserStack { stack, .. }
            | Self::BatchDisassociateUserStack { stack, .. }
            | Self::CreateEntitlement { stack, .. }
            | Self::UpdateEntitlement { stack, .. }
            | Self::DeleteEntitlement { stack, .. }
            | Self::AssociateApplicationToEntitlement { stack, .. }
            | Self::DisassociateApplicationFromEntitlement { stack, .. }
            | Self::CreateThemeForStack { stack, .. }
            | Self::UpdateThemeForStack { stack, .. }
            | Self::DeleteThemeForStack { stack } => ObjectRef::stack(stack),
            Self::AssociateApplicationFleet { fleet, .. }
            | Self::DisassociateApplicationFleet { fleet, .. } => ObjectRef::fleet(fleet),
        }
    }

    /// Whether it takes something away from somebody. User sessions that are under way go on.
    #[must_use]
    pub const fn takes_away(&self) -> bool {
        match self {
            Self::DisableUser { .. }
            | Self::BatchDisassociateUserStack { .. }
            | Self::DeleteEntitlement { .. }
            | Self::DisassociateApplicationFromEntitlement { .. }
            | Self::DisassociateApplicationFleet { .. }
            | Self::DeleteThemeForStack { .. } => true,
            Self::CreateUser { .. }
            | Self::EnableUser { .. }
            | Self::BatchAssociateUserStack { .. }
            | Self::CreateEntitlement { .. }
            | Self::UpdateEntitlement { .. }
            | Self::AssociateApplicationToEntitlement { .. }
            | Self::AssociateApplicationFleet { .. }
            | Self::CreateThemeForStack { .. }
            | Self::UpdateThemeForStack { .. } => false,
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
            Self::CreateEntitlement { stack, name, .. }
            | Self::UpdateEntitlement { stack, name, .. }
            | Self::DeleteEntitlement { stack, name }
            | Self::AssociateApplicationToEntitlement {
                stack,
                entitlement: name,
                ..
            }
            | Self::DisassociateApplicationFromEntitlement {
                stack,
                entitlement: name,
                ..
            } => {
                let names = BTreeSet::from([name.clone()]);
                request.entitlements.insert(stack.clone(), names);
            }
            Self::AssociateApplicationFleet { fleet, .. }
            | Self::DisassociateApplicationFleet { fleet, .. } => {
                request.applications_of_fleets.insert(fleet.clone());
            }
            Self::CreateThemeForStack { stack, .. }
            | Self::UpdateThemeForStack { stack, .. }
            | Self::DeleteThemeForStack { stack } => {
                request.themes_of_stacks.insert(stack.clone());
            }
        }
        request
    }

    /// The items of a call that AWS answers item by item; `None` of any other.
    #[must_use]
    pub fn items(&self) -> Option<Vec<&str>> {
        match self {
            Self::BatchAssociateUserStack { users, .. } => {
                Some(users.iter().map(|user| user.user_name.as_str()).collect())
            }
            Self::BatchDisassociateUserStack { users, .. } => {
                Some(users.iter().map(String::as_str).collect())
            }
            Self::CreateUser { .. }
            | Self::EnableUser { .. }
            | Self::DisableUser { .. }
            | Self::CreateEntitlement { .. }
            | Self::UpdateEntitlement { .. }
            | Self::DeleteEntitlement { .. }
            | Self::AssociateApplicationToEntitlement { .. }
            | Self::DisassociateApplicationFromEntitlement { .. }
            | Self::AssociateApplicationFleet { .. }
            | Self::DisassociateApplicationFleet { .. }
            | Self::CreateThemeForStack { .. }
            | Self::UpdateThemeForStack { .. }
            | Self::DeleteThemeForStack { .. } => None,
        }
    }

    /// What tells one item of a call from another when it is remembered that it failed: who shares
    /// a call with whom changes from pass to pass.
    #[must_use]
    pub fn item_key(&self, item: &str) -> String {
        format!("{} {} {item}", self.operation(), self.object())
    }

    /// What tells one call from another when it is remembered that it failed. What an entitlement
    /// or a theme is set to deserves its own try.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::CreateEntitlement { settings: sent, .. }
            | Self::UpdateEntitlement { set: sent, .. } => {
                let sent = serde_json::to_string(sent).unwrap_or_default();
                format!("{self} {sent}")
            }
            Self::CreateThemeForStack { .. } | Self::UpdateThemeForStack { .. } => {
                serde_json::to_string(self).unwrap_or_else(|_| self.to_string())
            }
            Self::CreateUser { .. }
            | Self::EnableUser { .. }
            | Self::DisableUser { .. }
            | Self::BatchAssociateUserStack { .. }
            | Self::BatchDisassociateUserStack { .. }
            | Self::DeleteEntitlement { .. }
            | Self::AssociateApplicationToEntitlement { .. }
            | Self::DisassociateApplicationFromEntitlement { .. }
            | Self::AssociateApplicationFleet { .. }
            | Self::DisassociateApplicationFleet { .. }
            | Self::DeleteThemeForStack { .. } => self.to_string(),
        }
    }
}

impl fmt::Display for AccessCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operation(), self.object())?;
        match self {
            Self::CreateUser { .. }
            | Self::EnableUser { .. }
            | Self::DisableUser { .. }
            | Self::CreateThemeForStack { .. }
            | Self::UpdateThemeForStack { .. }
            | Self::DeleteThemeForStack { .. } => Ok(()),
            Self::BatchAssociateUserStack { .. } | Self::BatchDisassociateUserStack { .. } => {
                write!(f, " {}", self.items().unwrap_or_default().join(" "))
            }
            Self::CreateEntitlement { name, .. }
            | Self::UpdateEntitlement { name, .. }
            | Self::DeleteEntitlement { name, .. } => write!(f, " {name}"),
            Self::AssociateApplicationToEntitlement {
                entitlement,
                application,
                ..
            }
            | Self::DisassociateApplicationFromEntitlement {
                entitlement,
                application,
                ..
            } => write!(f, " {entitlement} {application}"),
            Self::AssociateApplicationFleet { application, .. }
            | Self::DisassociateApplicationFleet { application, .. } => {
                write!(f, " {application}")
            }
        }
    }
}
