//! Translates calls about who may use what and about themes, and their answers item by item.

use serde_json::{Value, json};
use streamkeeper_core::action::{AccessCall, ThemeSettings};
use streamkeeper_core::cloud::ItemRefusal;

use crate::convert::to_members;

/// The one authentication type of the user pool.
pub(super) const USERPOOL: &str = "USERPOOL";

/// The input of a call.
pub(super) fn input_of(call: &AccessCall) -> Value {
    match call {
        AccessCall::CreateUser {
            user_name,
            first_name,
            last_name,
            message_action,
        } => json!({
            "UserName": user_name,
            "FirstName": first_name,
            "LastName": last_name,
            "MessageAction": message_action,
            "AuthenticationType": USERPOOL,
        }),
        AccessCall::EnableUser { user_name } | AccessCall::DisableUser { user_name } => {
            json!({"UserName": user_name, "AuthenticationType": USERPOOL})
        }
        AccessCall::BatchAssociateUserStack { stack, users } => {
            let pairs = users.iter().map(|user| {
                json!({
                    "StackName": stack,
                    "UserName": user.user_name,
                    "AuthenticationType": USERPOOL,
                    "SendEmailNotification": user.send_email_notification,
                })
            });
            json!({"UserStackAssociations": pairs.collect::<Value>()})
        }
        AccessCall::BatchDisassociateUserStack { stack, users } => {
            let pairs = users.iter().map(|user| {
                json!({"StackName": stack, "UserName": user, "AuthenticationType": USERPOOL})
            });
            json!({"UserStackAssociations": pairs.collect::<Value>()})
        }
        AccessCall::CreateEntitlement {
            stack,
            name,
            settings: sent,
        }
        | AccessCall::UpdateEntitlement {
            stack,
            name,
            set: sent,
        } => {
            let mut input = Value::Object(to_members(sent));
            input["StackName"] = json!(stack);
            input["Name"] = json!(name);
            input
        }
        AccessCall::DeleteEntitlement { stack, name } => {
            json!({"StackName": stack, "Name": name})
        }
        AccessCall::AssociateApplicationToEntitlement {
            stack,
            entitlement,
            application,
        }
        | AccessCall::DisassociateApplicationFromEntitlement {
            stack,
            entitlement,
            application,
        } => json!({
            "StackName": stack,
            "EntitlementName": entitlement,
            "ApplicationIdentifier": application,
        }),
        AccessCall::AssociateApplicationFleet { fleet, application }
        | AccessCall::DisassociateApplicationFleet { fleet, application } => {
            json!({"FleetName": fleet, "ApplicationArn": application})
        }
        AccessCall::CreateThemeForStack { stack, settings } => themed(stack, settings, &[]),
        AccessCall::UpdateThemeForStack { stack, set, delete } => themed(stack, set, delete),
        AccessCall::DeleteThemeForStack { stack } => json!({"StackName": stack}),
    }
}

fn themed(stack: &str, sent: &ThemeSettings, delete: &[String]) -> Value {
    let mut input = Value::Object(to_members(sent));
    input["StackName"] = json!(stack);
    if !delete.is_empty() {
        input["AttributesToDelete"] = json!(delete);
    }
    input
}

/// What a batch refused, although it succeeded as a whole.
pub(super) fn refused(output: &Value) -> Vec<ItemRefusal> {
    let errors = output["errors"].as_array().into_iter().flatten();
    errors
        .map(|error| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            ItemRefusal::of_user(
                text(&error["UserStackAssociation"]["UserName"]),
                text(&error["ErrorCode"]),
                text(&error["ErrorMessage"]),
            )
        })
        .collect()
}
