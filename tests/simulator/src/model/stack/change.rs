//! Creates, updates and deletes stacks.

use serde_json::{Value, json};

use super::{Stack, arn, defaults, is_persistent};
use crate::call::ServiceError;
use crate::model::settings::{self, Merge, Settings};
use crate::model::shape::members::STACK_SETTINGS;
use crate::model::state::{State, done, rows_in, tags_of};
use crate::model::{Answer, Request, bucket, entitlement, errors, theme, user};

/// What each name in `AttributesToDelete` removes; the defaults come back by themselves. Roles
/// have no member of the stack's, and a theme is an object of its own.
const DELETES: &[(&str, &str)] = &[
    ("STORAGE_CONNECTORS", "StorageConnectors"),
    ("REDIRECT_URL", "RedirectURL"),
    ("FEEDBACK_URL", "FeedbackURL"),
    ("USER_SETTINGS", "UserSettings"),
    ("EMBED_HOST_DOMAINS", "EmbedHostDomains"),
    ("ACCESS_ENDPOINTS", "AccessEndpoints"),
    (
        "STREAMING_EXPERIENCE_SETTINGS",
        "StreamingExperienceSettings",
    ),
    ("CONTENT_REDIRECTION", "ContentRedirection"),
    (
        "AGENT_ACCESS_CONFIG_KMS_KEY_ARN",
        "AgentAccessConfig.KmsKeyArn",
    ),
    ("AGENT_ACCESS_CONFIG", "AgentAccessConfig"),
    (
        "STORAGE_CONNECTOR_AUTHENTICATION",
        "StorageConnectorAuthentication",
    ),
];

/// `CreateStack`.
pub(crate) fn create(state: &mut State, request: &Request<'_>) -> Answer {
    let name = request.required("Name");
    let key = (request.place.clone(), name.to_owned());
    if state.stacks.contains(&key) {
        return Err(errors::exists("stack", name));
    }
    let quota = state.config.quotas.stacks;
    if quota != usize::MAX && rows_in(&state.stacks, &request.place, None).count() >= quota {
        return Err(errors::limit(format!(
            "The limit of {quota} stacks was exceeded."
        )));
    }
    let mut settings = Settings::new();
    put_defaults(&mut settings);
    apply(&mut settings, &sent(request), true)?;
    let tags = tags_of(request.input);
    let stack = Stack {
        arn: arn(&request.place, name),
        created: request.now,
        settings,
        errors: Vec::new(),
        tags: tags.clone(),
        fleet: None,
    };
    make_buckets(state, request, &stack);
    let document = stack.document(state, &request.place, name, request.now);
    state.index_tags(&request.place, &stack.arn, Some(&tags), request.now);
    let stamp = state.stamp();
    state.stacks.put(stamp, key, stack);
    Ok(json!({"Stack": document}))
}

/// `UpdateStack`.
pub(crate) fn update(state: &mut State, request: &Request<'_>) -> Answer {
    let name = request.required("Name");
    let key = (request.place.clone(), name.to_owned());
    let mut stack = state
        .stacks
        .get(&key)
        .cloned()
        .ok_or_else(|| errors::not_found("stack", name))?;
    for attribute in deletes(request) {
        delete_attribute(&mut stack.settings, attribute);
    }
    let replace = state.config.unknowns.user_settings_replace;
    apply(&mut stack.settings, &sent(request), replace)?;
    make_buckets(state, request, &stack);
    let document = stack.document(state, &request.place, name, request.now);
    let stamp = state.stamp();
    state.stacks.put(stamp, key, stack);
    Ok(json!({"Stack": document}))
}

/// `DeleteStack`. The text is AWS's (terraform-provider-aws issues 25354 and 22625). Buckets and
/// what is in them stay.
pub(crate) fn delete(state: &mut State, request: &Request<'_>) -> Answer {
    let name = request.required("Name");
    let key = (request.place.clone(), name.to_owned());
    let stack = state
        .stacks
        .get(&key)
        .ok_or_else(|| errors::not_found("stack", name))?;
    if stack.fleet.is_some() {
        return Err(errors::in_use(format!(
            "Cannot delete stack {name}. This stack has fleets associated with it."
        )));
    }
    let arn = stack.arn.clone();
    state.index_tags(&request.place, &arn, None, request.now);
    // Whether people, entitlements and a theme on the stack stand in the way of its deletion is not
    // documented.
    user::association::forget(state, &request.place, |stack, _| stack == name);
    entitlement::forget(state, &request.place, name);
    theme::forget(state, &request.place, name);
    let stamp = state.stamp();
    state.stacks.remove(stamp, &key);
    done()
}

/// The settings that a request sends.
fn sent(request: &Request<'_>) -> Settings {
    let members = STACK_SETTINGS.iter().map(|member| member.name);
    members
        .chain(["AgentAccessConfig"])
        .filter_map(|member| {
            let value = request.input.get(member)?;
            Some((member.to_owned(), value.clone()))
        })
        .collect()
}

fn deletes<'a>(request: &'a Request<'_>) -> Vec<&'a str> {
    let mut deletes = request.texts("AttributesToDelete");
    if request.input.get("DeleteStorageConnectors") == Some(&json!(true)) {
        deletes.push("STORAGE_CONNECTORS");
    }
    deletes
}

fn delete_attribute(settings: &mut Settings, attribute: &str) {
    if let Some((_, path)) = DELETES.iter().find(|(name, _)| *name == attribute) {
        settings::remove(settings, path);
    } else if let Some(connector) = attribute.strip_prefix("STORAGE_CONNECTOR_")
        && let Some(Value::Array(connectors)) = settings.get_mut("StorageConnectors")
    {
        connectors.retain(|other| other.get("ConnectorType") != Some(&json!(connector)));
    }
    put_defaults(settings);
}

/// What a stack has when nobody says otherwise: AWS returns these members always.
fn put_defaults(settings: &mut Settings) {
    let defaults = [
        ("UserSettings", defaults::user_settings()),
        ("ApplicationSettings", json!({"Enabled": false})),
        (
            "StreamingExperienceSettings",
            json!({"PreferredProtocol": "TCP"}),
        ),
        ("StorageConnectorAuthentication", json!("REUSE_CREDENTIALS")),
    ];
    for (member, default) in defaults {
        settings.entry(member).or_insert(default);
    }
}

/// Stores what was sent, each member in its own way.
fn apply(
    settings: &mut Settings,
    sent: &Settings,
    replace_user_settings: bool,
) -> Result<(), ServiceError> {
    for (member, value) in sent {
        match member.as_str() {
            "UserSettings" => {
                let base = settings
                    .get(member)
                    .filter(|_| !replace_user_settings)
                    .cloned()
                    .unwrap_or_else(defaults::user_settings);
                settings.insert(member.clone(), defaults::overlaid(&base, value)?);
            }
            "StorageConnectors" => {
                let connectors = defaults::connected(settings.get(member), value)?;
                settings.insert(member.clone(), connectors);
            }
            "AgentAccessConfig" => settings::merge(settings, member, value, Merge::ByMember),
            "Description" | "DisplayName" | "RedirectURL" | "FeedbackURL" => {
                settings::merge(settings, member, value, Merge::EmptyClears);
            }
            _ => settings::merge(settings, member, value, Merge::Replace),
        }
    }
    check_application_settings(settings)?;
    check_agent_access(settings)
}

fn check_application_settings(settings: &Settings) -> Result<(), ServiceError> {
    let group = settings
        .get("ApplicationSettings")
        .and_then(|settings| settings.get("SettingsGroup"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    if is_persistent(settings) && group.is_empty() {
        return Err(errors::combination(
            "SettingsGroup is required when application settings are enabled.",
        ));
    }
    Ok(())
}

/// What the documentation of `AgentAccessConfig` and `AgentAccessSetting` demands of the whole.
fn check_agent_access(settings: &Settings) -> Result<(), ServiceError> {
    let Some(config) = settings.get("AgentAccessConfig") else {
        return Ok(());
    };
    for member in ["Settings", "ScreenResolution", "ScreenImageFormat"] {
        if config.get(member).is_none() {
            return Err(errors::combination(format!(
                "{member} is required for agent access."
            )));
        }
    }
    let uploads = config.get("ScreenshotsUploadEnabled") == Some(&json!(true));
    if uploads && config.get("S3BucketArn").is_none() {
        return Err(errors::combination(
            "S3BucketArn is required when ScreenshotsUploadEnabled is true.",
        ));
    }
    let allows = |action: &str| {
        let settings = config.get("Settings").and_then(Value::as_array);
        settings.into_iter().flatten().any(|setting| {
            setting.get("AgentAction") == Some(&json!(action))
                && setting.get("Permission") == Some(&json!("ENABLED"))
        })
    };
    if allows("COMPUTER_INPUT") && !allows("COMPUTER_VISION") {
        return Err(errors::combination(
            "COMPUTER_INPUT needs COMPUTER_VISION to be enabled as well.",
        ));
    }
    Ok(())
}

/// The first stack of a place that needs a bucket has the service make it.
fn make_buckets(state: &mut State, request: &Request<'_>, stack: &Stack) {
    if stack.has_home_folders() {
        bucket::make_service_bucket(state, &request.place, bucket::HOME, request.now);
    }
    if stack.persists_settings() {
        bucket::make_service_bucket(state, &request.place, bucket::APP_SETTINGS, request.now);
    }
}
