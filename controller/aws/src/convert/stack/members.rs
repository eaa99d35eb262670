//! Translates what a stack's members are made of: endpoints, links, agents.

use aws_sdk_appstream::types::{
    self as sdk, AccessEndpointType, AgentAction, Permission, PreferredProtocol, ScreenImageFormat,
    ScreenResolution, UserControlMode,
};
use streamkeeper_core::settings::{
    AccessEndpoint, AgentAccessConfig, AgentAccessSetting, ContentRedirection,
    StreamingExperienceSettings, UrlRedirectionConfig,
};

use super::sdk_list;
use crate::convert::{sorted_set, text};

pub(super) fn access_endpoints(endpoints: &[sdk::AccessEndpoint]) -> Option<Vec<AccessEndpoint>> {
    let mut ours: Vec<_> = endpoints
        .iter()
        .map(|endpoint| AccessEndpoint {
            endpoint_type: endpoint
                .endpoint_type()
                .map_or("", AccessEndpointType::as_str)
                .to_owned(),
            vpce_id: text(endpoint.vpce_id()),
        })
        .collect();
    ours.sort();
    (!ours.is_empty()).then_some(ours)
}

pub(super) fn sdk_endpoint(endpoint: &AccessEndpoint) -> sdk::AccessEndpoint {
    let AccessEndpoint {
        endpoint_type,
        vpce_id,
    } = endpoint;
    sdk::AccessEndpoint::builder()
        .endpoint_type(AccessEndpointType::from(endpoint_type.as_str()))
        .set_vpce_id(vpce_id.clone())
        .build()
}

pub(super) fn streaming_experience(
    settings: &sdk::StreamingExperienceSettings,
) -> Option<StreamingExperienceSettings> {
    let ours = StreamingExperienceSettings {
        preferred_protocol: text(settings.preferred_protocol().map(PreferredProtocol::as_str)),
    };
    (ours != StreamingExperienceSettings::default()).then_some(ours)
}

pub(super) fn sdk_streaming_experience(
    settings: &StreamingExperienceSettings,
) -> sdk::StreamingExperienceSettings {
    let StreamingExperienceSettings { preferred_protocol } = settings;
    sdk::StreamingExperienceSettings::builder()
        .set_preferred_protocol(preferred_protocol.as_deref().map(PreferredProtocol::from))
        .build()
}

/// The redirection, or nothing when AWS answered an empty one.
pub(super) fn content_redirection(
    redirection: &sdk::ContentRedirection,
) -> Option<ContentRedirection> {
    let links = redirection.host_to_client()?;
    Some(ContentRedirection {
        host_to_client: Some(UrlRedirectionConfig {
            enabled: links.enabled().unwrap_or_default(),
            allowed_urls: sorted_set(links.allowed_urls()),
            denied_urls: sorted_set(links.denied_urls()),
        }),
    })
}

pub(super) fn sdk_content_redirection(redirection: &ContentRedirection) -> sdk::ContentRedirection {
    let ContentRedirection { host_to_client } = redirection;
    let links = host_to_client.as_ref().map(|links| {
        let UrlRedirectionConfig {
            enabled,
            allowed_urls,
            denied_urls,
        } = links;
        sdk::UrlRedirectionConfig::builder()
            .enabled(*enabled)
            .set_allowed_urls(allowed_urls.clone())
            .set_denied_urls(denied_urls.clone())
            .build()
    });
    sdk::ContentRedirection::builder()
        .set_host_to_client(links)
        .build()
}

/// What agents may do, or nothing when AWS answered an empty configuration.
pub(super) fn agent_access(config: &sdk::AgentAccessConfig) -> Option<AgentAccessConfig> {
    let mut settings: Vec<_> = config
        .settings()
        .iter()
        .map(|setting| AgentAccessSetting {
            agent_action: setting
                .agent_action()
                .map_or("", AgentAction::as_str)
                .to_owned(),
            permission: setting
                .permission()
                .map_or("", Permission::as_str)
                .to_owned(),
        })
        .collect();
    settings.sort();
    let ours = AgentAccessConfig {
        settings: (!settings.is_empty()).then_some(settings),
        s3_bucket_arn: text(config.s3_bucket_arn()),
        screenshots_upload_enabled: config.screenshots_upload_enabled(),
        screen_resolution: text(config.screen_resolution().map(ScreenResolution::as_str)),
        screen_image_format: text(config.screen_image_format().map(ScreenImageFormat::as_str)),
        user_control_mode: text(config.user_control_mode().map(UserControlMode::as_str)),
    };
    (ours != AgentAccessConfig::default()).then_some(ours)
}

pub(super) fn sdk_agent_access(config: &AgentAccessConfig) -> sdk::AgentAccessConfig {
    let AgentAccessConfig {
        settings,
        s3_bucket_arn,
        screenshots_upload_enabled,
        screen_resolution,
        screen_image_format,
        user_control_mode,
    } = config;
    sdk::AgentAccessConfig::builder()
        .set_settings(sdk_list(settings.as_deref(), sdk_agent_setting))
        .set_s3_bucket_arn(s3_bucket_arn.clone())
        .set_screenshots_upload_enabled(*screenshots_upload_enabled)
        .set_screen_resolution(screen_resolution.as_deref().map(ScreenResolution::from))
        .set_screen_image_format(screen_image_format.as_deref().map(ScreenImageFormat::from))
        .set_user_control_mode(user_control_mode.as_deref().map(UserControlMode::from))
        .build()
}

/// The same as [`sdk_agent_access`]; the SDK has a type of its own for updates, in which nothing is
/// required.
pub(super) fn sdk_agent_access_for_update(
    config: &AgentAccessConfig,
) -> sdk::AgentAccessConfigForUpdate {
    let AgentAccessConfig {
        settings,
        s3_bucket_arn,
        screenshots_upload_enabled,
        screen_resolution,
        screen_image_format,
        user_control_mode,
    } = config;
    sdk::AgentAccessConfigForUpdate::builder()
        .set_settings(sdk_list(settings.as_deref(), sdk_agent_setting))
        .set_s3_bucket_arn(s3_bucket_arn.clone())
        .set_screenshots_upload_enabled(*screenshots_upload_enabled)
        .set_screen_resolution(screen_resolution.as_deref().map(ScreenResolution::from))
        .set_screen_image_format(screen_image_format.as_deref().map(ScreenImageFormat::from))
        .set_user_control_mode(user_control_mode.as_deref().map(UserControlMode::from))
        .build()
}

fn sdk_agent_setting(setting: &AgentAccessSetting) -> sdk::AgentAccessSetting {
    let AgentAccessSetting {
        agent_action,
        permission,
    } = setting;
    sdk::AgentAccessSetting::builder()
        .agent_action(AgentAction::from(agent_action.as_str()))
        .permission(Permission::from(permission.as_str()))
        .build()
}
