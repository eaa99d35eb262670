//! Creates and updates stacks.

use std::collections::BTreeMap;

use super::super::super::harness::arn;
use super::{Refused, Unknowns, put_text, refuse};
use crate::fields::USER_SETTING_DEFAULTS;
use crate::observed::{ObservedStack, ObservedTags};
use crate::settings::{ApplicationSettings, StackSettings, StorageConnector, UserSetting};

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
    Ok(())
}

fn delete_attribute(
    settings: &mut StackSettings,
    set: &StackSettings,
    attribute: &str,
) -> Result<(), Refused> {
    match attribute {
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
