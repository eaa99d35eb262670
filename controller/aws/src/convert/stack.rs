//! Translates stacks.

use std::collections::BTreeMap;

use aws_sdk_appstream::operation::create_stack::CreateStackInput;
use aws_sdk_appstream::operation::create_stack::builders::CreateStackInputBuilder;
use aws_sdk_appstream::operation::update_stack::UpdateStackInput;
use aws_sdk_appstream::operation::update_stack::builders::UpdateStackInputBuilder;
use aws_sdk_appstream::types::{
    self as sdk, StackAttribute, StorageConnectorAuthentication, StorageConnectorType,
};
use streamkeeper_core::observed::{AwsIssue, ObservedStack, ObservedTags};
use streamkeeper_core::settings::{
    ApplicationSettings, AttributeToDelete, StackSettings, StorageConnector, UserSetting,
};

use super::{sorted_set, tag_map, text, timestamp};

mod members;

/// A stack as AWS described it; `None` if it came without a name or an ARN, which only a broken
/// answer has.
pub(crate) fn observed_stack(stack: &sdk::Stack, tags: ObservedTags) -> Option<ObservedStack> {
    Some(ObservedStack {
        name: text(stack.name())?,
        arn: text(stack.arn())?,
        created_at: timestamp(stack.created_time()),
        settings: stack_settings(stack),
        errors: stack.stack_errors().iter().map(issue).collect(),
        tags,
    })
}

fn stack_settings(stack: &sdk::Stack) -> StackSettings {
    StackSettings {
        display_name: text(stack.display_name()),
        description: text(stack.description()),
        redirect_url: text(stack.redirect_url()),
        feedback_url: text(stack.feedback_url()),
        storage_connectors: connectors(stack.storage_connectors()),
        user_settings: user_settings(stack.user_settings()),
        application_settings: stack.application_settings().map(application_settings),
        access_endpoints: members::access_endpoints(stack.access_endpoints()),
        embed_host_domains: sorted_set(stack.embed_host_domains()),
        streaming_experience_settings: stack
            .streaming_experience_settings()
            .and_then(members::streaming_experience),
        content_redirection: stack
            .content_redirection()
            .and_then(members::content_redirection),
        agent_access_config: stack.agent_access_config().and_then(members::agent_access),
        storage_connector_authentication: text(
            stack
                .storage_connector_authentication()
                .map(StorageConnectorAuthentication::as_str),
        ),
    }
}

fn connectors(connectors: &[sdk::StorageConnector]) -> Option<Vec<StorageConnector>> {
    let mut ours: Vec<_> = connectors
        .iter()
        .map(|connector| StorageConnector {
            connector_type: connector
                .connector_type()
                .map_or("", |kind| kind.as_str())
                .to_owned(),
            resource_identifier: text(connector.resource_identifier()),
            domains: sorted_set(connector.domains()),
            domains_require_admin_consent: sorted_set(connector.domains_require_admin_consent()),
        })
        .collect();
    ours.sort_by(|a, b| a.connector_type.cmp(&b.connector_type));
    (!ours.is_empty()).then_some(ours)
}

fn user_settings(settings: &[sdk::UserSetting]) -> Option<Vec<UserSetting>> {
    let mut ours: Vec<_> = settings
        .iter()
        .map(|setting| UserSetting {
            action: setting
                .action()
                .map_or("", |action| action.as_str())
                .to_owned(),
            permission: setting
                .permission()
                .map_or("", |permission| permission.as_str())
                .to_owned(),
            maximum_length: setting.maximum_length(),
        })
        .collect();
    ours.sort_by(|a, b| a.action.cmp(&b.action));
    (!ours.is_empty()).then_some(ours)
}

/// AWS adds the bucket's name to it, which is no setting.
fn application_settings(settings: &sdk::ApplicationSettingsResponse) -> ApplicationSettings {
    ApplicationSettings {
        enabled: settings.enabled().unwrap_or_default(),
        settings_group: text(settings.settings_group()),
    }
}

fn issue(error: &sdk::StackError) -> AwsIssue {
    AwsIssue {
        code: error
            .error_code()
            .map_or("", |code| code.as_str())
            .to_owned(),
        message: error.error_message().unwrap_or_default().to_owned(),
    }
}

/// `CreateStack`'s input: every setting that is there, and the tags from the first moment on.
pub(crate) fn create_stack(
    name: &str,
    settings: &StackSettings,
    tags: &BTreeMap<String, String>,
) -> CreateStackInputBuilder {
    let StackSettings {
        display_name,
        description,
        redirect_url,
        feedback_url,
        storage_connectors,
        user_settings,
        application_settings,
        access_endpoints,
        embed_host_domains,
        streaming_experience_settings,
        content_redirection,
        agent_access_config,
        storage_connector_authentication,
    } = settings;
    CreateStackInput::builder()
        .name(name)
        .set_display_name(display_name.clone())
        .set_description(description.clone())
        .set_redirect_url(redirect_url.clone())
        .set_feedback_url(feedback_url.clone())
        .set_storage_connectors(sdk_list(storage_connectors.as_deref(), sdk_connector))
        .set_user_settings(sdk_list(user_settings.as_deref(), sdk_user_setting))
        .set_application_settings(application_settings.as_ref().map(sdk_application_settings))
        .set_access_endpoints(sdk_list(access_endpoints.as_deref(), members::sdk_endpoint))
        .set_embed_host_domains(embed_host_domains.clone())
        .set_streaming_experience_settings(
            streaming_experience_settings
                .as_ref()
                .map(members::sdk_streaming_experience),
        )
        .set_content_redirection(
            content_redirection
                .as_ref()
                .map(members::sdk_content_redirection),
        )
        .set_agent_access_config(agent_access_config.as_ref().map(members::sdk_agent_access))
        .set_storage_connector_authentication(
            storage_connector_authentication
                .as_deref()
                .map(StorageConnectorAuthentication::from),
        )
        .set_tags(tag_map(tags))
}

/// `UpdateStack`'s input: only what is there; what is not stays as it is. User settings are the
/// complete list, as the action gives it: whether AWS merges a partial one is not documented.
pub(crate) fn update_stack(
    name: &str,
    set: &StackSettings,
    delete: &[AttributeToDelete],
) -> UpdateStackInputBuilder {
    let StackSettings {
        display_name,
        description,
        redirect_url,
        feedback_url,
        storage_connectors,
        user_settings,
        application_settings,
        access_endpoints,
        embed_host_domains,
        streaming_experience_settings,
        content_redirection,
        agent_access_config,
        storage_connector_authentication,
    } = set;
    let delete: Vec<_> = delete
        .iter()
        .map(|attribute| StackAttribute::from(attribute.as_str()))
        .collect();
    UpdateStackInput::builder()
        .name(name)
        .set_display_name(display_name.clone())
        .set_description(description.clone())
        .set_redirect_url(redirect_url.clone())
        .set_feedback_url(feedback_url.clone())
        .set_storage_connectors(sdk_list(storage_connectors.as_deref(), sdk_connector))
        .set_user_settings(sdk_list(user_settings.as_deref(), sdk_user_setting))
        .set_application_settings(application_settings.as_ref().map(sdk_application_settings))
        .set_access_endpoints(sdk_list(access_endpoints.as_deref(), members::sdk_endpoint))
        .set_embed_host_domains(embed_host_domains.clone())
        .set_streaming_experience_settings(
            streaming_experience_settings
                .as_ref()
                .map(members::sdk_streaming_experience),
        )
        .set_content_redirection(
            content_redirection
                .as_ref()
                .map(members::sdk_content_redirection),
        )
        .set_agent_access_config(
            agent_access_config
                .as_ref()
                .map(members::sdk_agent_access_for_update),
        )
        .set_storage_connector_authentication(
            storage_connector_authentication
                .as_deref()
                .map(StorageConnectorAuthentication::from),
        )
        .set_attributes_to_delete((!delete.is_empty()).then_some(delete))
}

fn sdk_list<T, S>(ours: Option<&[T]>, convert: impl Fn(&T) -> S) -> Option<Vec<S>> {
    ours.map(|items| items.iter().map(convert).collect())
}

fn sdk_connector(connector: &StorageConnector) -> sdk::StorageConnector {
    let StorageConnector {
        connector_type,
        resource_identifier,
        domains,
        domains_require_admin_consent,
    } = connector;
    sdk::StorageConnector::builder()
        .connector_type(StorageConnectorType::from(connector_type.as_str()))
        .set_resource_identifier(resource_identifier.clone())
        .set_domains(domains.clone())
        .set_domains_require_admin_consent(domains_require_admin_consent.clone())
        .build()
}

fn sdk_user_setting(setting: &UserSetting) -> sdk::UserSetting {
    let UserSetting {
        action,
        permission,
        maximum_length,
    } = setting;
    sdk::UserSetting::builder()
        .action(sdk::Action::from(action.as_str()))
        .permission(sdk::Permission::from(permission.as_str()))
        .set_maximum_length(*maximum_length)
        .build()
}

fn sdk_application_settings(settings: &ApplicationSettings) -> sdk::ApplicationSettings {
    let ApplicationSettings {
        enabled,
        settings_group,
    } = settings;
    sdk::ApplicationSettings::builder()
        .enabled(*enabled)
        .set_settings_group(settings_group.clone())
        .build()
}
