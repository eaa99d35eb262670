//! Makes the calls about who may use what, and about themes.

use std::collections::BTreeSet;

use aws_sdk_appstream::operation::RequestId;
use aws_sdk_appstream::types::{
    self as sdk, AppVisibility, AuthenticationType, MessageAction, UserStackAssociation,
    UserStackAssociationError,
};
use streamkeeper_core::action::{AccessCall, EntitlementSettings};
use streamkeeper_core::cloud::{Applied, ApplyError, ItemRefusal};
use streamkeeper_core::spec::EntitlementAttribute;

use super::{outcome, theme};
use crate::client::Clients;
use crate::error;

/// Makes one call.
///
/// # Errors
///
/// As for every action; items that AWS refuses by themselves are in the result instead.
#[expect(clippy::too_many_lines, reason = "one flat match, one SDK call an arm")]
pub(super) async fn call(clients: &Clients, call: &AccessCall) -> Result<Applied, ApplyError> {
    let appstream = &clients.appstream;
    let pool = AuthenticationType::Userpool;
    match call {
        AccessCall::CreateUser {
            user_name,
            first_name,
            last_name,
            message_action,
        } => {
            let request = appstream
                .create_user()
                .user_name(user_name)
                .authentication_type(pool)
                .set_first_name(first_name.clone())
                .set_last_name(last_name.clone())
                .set_message_action(message_action.as_deref().map(MessageAction::from));
            outcome(request.send()).await
        }
        AccessCall::EnableUser { user_name } => {
            let request = appstream.enable_user().user_name(user_name);
            outcome(request.authentication_type(pool).send()).await
        }
        AccessCall::DisableUser { user_name } => {
            let request = appstream.disable_user().user_name(user_name);
            outcome(request.authentication_type(pool).send()).await
        }
        AccessCall::BatchAssociateUserStack { stack, users } => {
            let pairs = users
                .iter()
                .map(|user| pair(stack, &user.user_name, user.send_email_notification));
            associate(clients, pairs.collect()).await
        }
        AccessCall::BatchDisassociateUserStack { stack, users } => {
            let pairs = users.iter().map(|user| pair(stack, user, None));
            disassociate(clients, pairs.collect()).await
        }
        AccessCall::CreateEntitlement {
            stack,
            name,
            settings,
        } => create_entitlement(clients, stack, name, settings).await,
        AccessCall::UpdateEntitlement { stack, name, set } => {
            update_entitlement(clients, stack, name, set).await
        }
        AccessCall::DeleteEntitlement { stack, name } => {
            let request = appstream.delete_entitlement();
            outcome(request.stack_name(stack).name(name).send()).await
        }
        AccessCall::AssociateApplicationToEntitlement {
            stack,
            entitlement,
            application,
        } => {
            let request = appstream
                .associate_application_to_entitlement()
                .stack_name(stack)
                .entitlement_name(entitlement)
                .application_identifier(application);
            outcome(request.send()).await
        }
        AccessCall::DisassociateApplicationFromEntitlement {
            stack,
            entitlement,
            application,
        } => {
            let request = appstream
                .disassociate_application_from_entitlement()
                .stack_name(stack)
                .entitlement_name(entitlement)
                .application_identifier(application);
            outcome(request.send()).await
        }
        AccessCall::AssociateApplicationFleet { fleet, application } => {
            let request = appstream.associate_application_fleet();
            outcome(
                request
                    .fleet_name(fleet)
                    .application_arn(application)
                    .send(),
            )
            .await
        }
        AccessCall::DisassociateApplicationFleet { fleet, application } => {
            let request = appstream.disassociate_application_fleet();
            outcome(
                request
                    .fleet_name(fleet)
                    .application_arn(application)
                    .send(),
            )
            .await
        }
        AccessCall::CreateThemeForStack { stack, settings } => {
            theme::create(clients, stack, settings).await
        }
        AccessCall::UpdateThemeForStack { stack, set, delete } => {
            theme::update(clients, stack, set, delete).await
        }
        AccessCall::DeleteThemeForStack { stack } => {
            let request = appstream.delete_theme_for_stack();
            outcome(request.stack_name(stack).send()).await
        }
    }
}

async fn associate(
    clients: &Clients,
    pairs: Vec<UserStackAssociation>,
) -> Result<Applied, ApplyError> {
    let request = clients.appstream.batch_associate_user_stack();
    let answer = request.set_user_stack_associations(Some(pairs)).send();
    match answer.await {
        Ok(answer) => Ok(item_by_item(answer.request_id(), answer.errors())),
        Err(error) => Err(error::from_sdk(&error)),
    }
}

async fn disassociate(
    clients: &Clients,
    pairs: Vec<UserStackAssociation>,
) -> Result<Applied, ApplyError> {
    let request = clients.appstream.batch_disassociate_user_stack();
    let answer = request.set_user_stack_associations(Some(pairs)).send();
    match answer.await {
        Ok(answer) => Ok(item_by_item(answer.request_id(), answer.errors())),
        Err(error) => Err(error::from_sdk(&error)),
    }
}

async fn create_entitlement(
    clients: &Clients,
    stack: &str,
    name: &str,
    settings: &EntitlementSettings,
) -> Result<Applied, ApplyError> {
    let EntitlementSettings {
        description,
        app_visibility,
        attributes,
    } = settings;
    let request = clients
        .appstream
        .create_entitlement()
        .stack_name(stack)
        .name(name)
        .set_description(description.clone())
        .set_app_visibility(app_visibility.as_deref().map(AppVisibility::from))
        .set_attributes(attributes.as_ref().map(sdk_attributes));
    outcome(request.send()).await
}

async fn update_entitlement(
    clients: &Clients,
    stack: &str,
    name: &str,
    set: &EntitlementSettings,
) -> Result<Applied, ApplyError> {
    let EntitlementSettings {
        description,
        app_visibility,
        attributes,
    } = set;
    let request = clients
        .appstream
        .update_entitlement()
        .stack_name(stack)
        .name(name)
        .set_description(description.clone())
        .set_app_visibility(app_visibility.as_deref().map(AppVisibility::from))
        .set_attributes(attributes.as_ref().map(sdk_attributes));
    outcome(request.send()).await
}

fn pair(stack: &str, user: &str, send_email_notification: Option<bool>) -> UserStackAssociation {
    UserStackAssociation::builder()
        .stack_name(stack)
        .user_name(user)
        .authentication_type(AuthenticationType::Userpool)
        .set_send_email_notification(send_email_notification)
        .build()
}

fn sdk_attributes(attributes: &BTreeSet<EntitlementAttribute>) -> Vec<sdk::EntitlementAttribute> {
    let attributes = attributes.iter().map(|attribute| {
        sdk::EntitlementAttribute::builder()
            .name(&attribute.name)
            .value(&attribute.value)
            .build()
    });
    attributes.collect()
}

/// The answer of a batch: HTTP 200, whatever became of its items.
fn item_by_item(request_id: Option<&str>, errors: &[UserStackAssociationError]) -> Applied {
    let refused = errors.iter().map(|error| {
        let user = error.user_stack_association();
        let user = user.and_then(|pair| pair.user_name()).unwrap_or_default();
        ItemRefusal::of_user(
            user.to_owned(),
            error
                .error_code()
                .map_or("", |code| code.as_str())
                .to_owned(),
            error.error_message().unwrap_or_default().to_owned(),
        )
    });
    Applied {
        request_id: request_id.map(str::to_owned),
        refused: refused.collect(),
    }
}
