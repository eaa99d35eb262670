//! Creates and updates stacks.

use std::collections::BTreeMap;

use super::super::super::harness::arn;
use super::{Refused, Unknowns, put, put_text, refuse};
use crate::fields::USER_SETTING_DEFAULTS;
use crate::observed::{ObservedStack, ObservedTags};
use crate::settings::{
    AgentAccessConfig, ApplicationSettings, ContentRedirection, StackSettings, StorageConnector,
    UserSetting,
};

/// `CreateStack`: AWS completes the lists.
pub(super) fn create(
    name: &str,
    settings: &StackSettings,
    tags: &BTreeMap<String, String>,
    unknowns: Unknowns,
) -> Result<ObservedStack, Refused> {
    let mut stack = ObservedStack {
        name: name.to_owned(),
        arn: arn(&format!("stack/{name}")),
        created_at: None,
        settings: StackSettings {
            user_settings: Some(default_user_settings()),
            application_settings: Some(ApplicationSettings::default()),
            ..StackSettings::default()
        },
        errors: Vec::new(),
        tags: ObservedTags::Known(tags.clone()),
    };
    update(&mut stack, settings, &[], unknowns)?;
    Ok(stack)
}

fn default_user_settings() -> Vec<UserSetting> {
    USER_SETTING_DEFAULTS
        .iter()
        .map(|(action, permission)| UserSetting {
            action: (*action).to_owned(),
            permission: (*permission).to_owned(),
            maximum_length: None,
        })
        .collect()
}

/// `UpdateStack`.
pub(super) fn update(
    stack: &mut ObservedStack,
    set: &StackSettings,
    delete: &[String],
    unknowns: Unknowns,
) -> Result<(), Refused> {
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
    let settings = &mut stack.settings;
    for attribute in delete {
        delete_attribute(settings, set, attribute)?;
    }
    put_text(&mut settings.display_name, display_name);
    put_text(&mut settings.description, description);
    put_text(&mut settings.redirect_url, redirect_url);
    put_text(&mut settings.feedback_url, feedback_url);
    for connector in storage_connectors.iter().flatten() {
        connect(settings, connector)?;
    }
    if let Some(sent) = user_settings {
        let base = settings.user_settings.take();
        let base = base.filter(|_| unknowns.user_settings_merge);
        let base = base.unwrap_or_else(default_user_settings);
        settings.user_settings = Some(overlaid(base, sent)?);
    }
    if let Some(sent) = application_settings {
        let group = sent.settings_group.as_deref().unwrap_or_default();
        refuse(
            sent.enabled && group.is_empty(),
            "SettingsGroup is required",
        )?;
        settings.application_settings = Some(sent.clone());
    }
    let empty = |list: &Option<Vec<String>>| list.as_ref().is_some_and(Vec::is_empty);
    refuse(
        access_endpoints.as_ref().is_some_and(Vec::is_empty) || empty(embed_host_domains),
        "a list has at least one element",
    )?;
    put(&mut settings.access_endpoints, access_endpoints);
    put(&mut settings.embed_host_domains, embed_host_domains);
    put(
        &mut settings.streaming_experience_settings,
        streaming_experience_settings,
    );
    if let Some(sent) = content_redirection {
        redirect(settings, sent, unknowns);
    }
    if let Some(sent) = agent_access_config {
        let_in(settings, sent, unknowns)?;
    }
    put(
        &mut settings.storage_connector_authentication,
        storage_connector_authentication,
    );
    if unknowns.shows_defaults {
        show_defaults(settings);
    }
    Ok(())
}

fn show_defaults(settings: &mut StackSettings) {
    settings
        .streaming_experience_settings
        .get_or_insert_default()
        .preferred_protocol
        .get_or_insert_with(|| "TCP".to_owned());
    settings
        .storage_connector_authentication
        .get_or_insert_with(|| "REUSE_CREDENTIALS".to_owned());
}

fn redirect(settings: &mut StackSettings, sent: &ContentRedirection, unknowns: Unknowns) {
    let before = settings.content_redirection.take();
    let before = before.filter(|_| unknowns.network_merges);
    let mut links = before
        .and_then(|before| before.host_to_client)
        .unwrap_or_default();
    let sent = sent.host_to_client.clone().unwrap_or_default();
    links.enabled = sent.enabled;
    put(&mut links.allowed_urls, &sent.allowed_urls);
    put(&mut links.denied_urls, &sent.denied_urls);
    // An empty list is shown as none.
    links.allowed_urls = links.allowed_urls.filter(|urls| !urls.is_empty());
    links.denied_urls = links.denied_urls.filter(|urls| !urls.is_empty());
    settings.content_redirection = Some(ContentRedirection {
        host_to_client: Some(links),
    });
}

/// An update leaves members alone that it does not send.
fn let_in(
    settings: &mut StackSettings,
    sent: &AgentAccessConfig,
    unknowns: Unknowns,
) -> Result<(), Refused> {
    let AgentAccessConfig {
        settings: permissions,
        s3_bucket_arn,
        screenshots_upload_enabled,
        screen_resolution,
        screen_image_format,
        user_control_mode,
    } = sent;
    let config = settings.agent_access_config.get_or_insert_default();
    if let Some(permissions) = permissions {
        let before = config.settings.take();
        let mut all = before
            .filter(|_| unknowns.permissions_merge)
            .unwrap_or_default();
        all.retain(|one| {
            permissions
                .iter()
                .all(|sent| sent.agent_action != one.agent_action)
        });
        all.extend(permissions.iter().cloned());
        all.sort();
        config.settings = Some(all);
    }
    put(&mut config.s3_bucket_arn, s3_bucket_arn);
    put(
        &mut config.screenshots_upload_enabled,
        screenshots_upload_enabled,
    );
    put(&mut config.screen_resolution, screen_resolution);
    put(&mut config.screen_image_format, screen_image_format);
    put(&mut config.user_control_mode, user_control_mode);
    if unknowns.shows_defaults {
        config.screenshots_upload_enabled.get_or_insert(false);
        config
            .user_control_mode
            .get_or_insert_with(|| "VIEW_ONLY".to_owned());
    }
    let uploads = config.screenshots_upload_enabled == Some(true);
    refuse(
        uploads && config.s3_bucket_arn.is_none(),
        "screenshots need a bucket",
    )?;
    refuse(
        config.settings.is_none() || config.screen_resolution.is_none(),
        "a configuration is whole",
    )
}

fn delete_attribute(
    settings: &mut StackSettings,
    set: &StackSettings,
    attribute: &str,
) -> Result<(), Refused> {
    match attribute {
        "ACCESS_ENDPOINTS" => {
            refuse(set.access_endpoints.is_some(), "set and deleted")?;
            settings.access_endpoints = None;
        }
        "EMBED_HOST_DOMAINS" => {
            refuse(set.embed_host_domains.is_some(), "set and deleted")?;
            settings.embed_host_domains = None;
        }
        "STREAMING_EXPERIENCE_SETTINGS" => {
            let twice = set.streaming_experience_settings.is_some();
            refuse(twice, "set and deleted")?;
            settings.streaming_experience_settings = None;
        }
        "CONTENT_REDIRECTION" => {
            refuse(set.content_redirection.is_some(), "set and deleted")?;
            settings.content_redirection = None;
        }
        "AGENT_ACCESS_CONFIG" => {
            refuse(set.agent_access_config.is_some(), "set and deleted")?;
            settings.agent_access_config = None;
        }
        "STORAGE_CONNECTOR_AUTHENTICATION" => {
            let twice = set.storage_connector_authentication.is_some();
            refuse(twice, "set and deleted")?;
            settings.storage_connector_authentication = None;
        }
        "REDIRECT_URL" => {
            refuse(set.redirect_url.is_some(), "the URL is set and deleted")?;
            settings.redirect_url = None;
        }
        "FEEDBACK_URL" => {
            refuse(set.feedback_url.is_some(), "the URL is set and deleted")?;
            settings.feedback_url = None;
        }
        "STORAGE_CONNECTORS" => {
            refuse(
                set.storage_connectors.is_some(),
                "connectors are set and deleted",
            )?;
            settings.storage_connectors = None;
        }
        other => {
            let connector = other.strip_prefix("STORAGE_CONNECTOR_");
            let kind = connector.ok_or_else(|| Refused(format!("AttributesToDelete: {other}")))?;
            let sent = set.storage_connectors.iter().flatten();
            let twice = sent.map(|one| &one.connector_type).any(|sent| sent == kind);
            refuse(twice, "a connector is set and deleted")?;
            if let Some(connectors) = &mut settings.storage_connectors {
                connectors.retain(|one| one.connector_type != kind);
            }
        }
    }
    settings.storage_connectors = settings
        .storage_connectors
        .take()
        .filter(|all| !all.is_empty());
    Ok(())
}

/// A connector that is sent takes the place of its type; one that is not stays.
fn connect(settings: &mut StackSettings, sent: &StorageConnector) -> Result<(), Refused> {
    let is_home = sent.connector_type == "HOMEFOLDERS";
    refuse(
        is_home && sent.domains.is_some(),
        "home folders have no domains",
    )?;
    let consent = sent.domains_require_admin_consent.is_some();
    refuse(
        consent && sent.connector_type != "ONE_DRIVE",
        "an administrator agrees for OneDrive only",
    )?;
    let connectors = settings.storage_connectors.get_or_insert_default();
    connectors.retain(|one| one.connector_type != sent.connector_type);
    connectors.push(sent.clone());
    connectors.sort_by(|a, b| a.connector_type.cmp(&b.connector_type));
    Ok(())
}

/// The full list, with what was sent laid over it.
fn overlaid(mut list: Vec<UserSetting>, sent: &[UserSetting]) -> Result<Vec<UserSetting>, Refused> {
    for one in sent {
        let clipboard = one.action.starts_with("CLIPBOARD_") && one.permission == "ENABLED";
        let length = one.maximum_length.is_some();
        refuse(
            length && !clipboard,
            "only an enabled clipboard has a length",
        )?;
        let stored = list.iter_mut().find(|stored| stored.action == one.action);
        let stored = stored.ok_or_else(|| Refused(format!("no action {}", one.action)))?;
        *stored = one.clone();
    }
    Ok(list)
}
