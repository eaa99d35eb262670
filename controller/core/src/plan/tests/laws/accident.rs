//! What other people do to AWS behind our back.

use std::collections::BTreeSet;
use std::fmt;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::super::harness::sid;
use super::super::world::aws::{Aws, HOME_BUCKET};
use crate::access::{ObservedEntitlement, ObservedTheme};
use crate::observed::{FleetState, ObservedFleet, ObservedStack, ObservedTags};
use crate::settings::{
    AgentAccessConfig, AgentAccessSetting, ContentRedirection, DomainJoinInfo, StorageConnector,
    UrlRedirectionConfig, VolumeConfig, VpcConfig,
};

/// One thing that happens, if there is anything it can happen to.
#[derive(Clone, Copy)]
pub(super) struct Accident {
    name: &'static str,
    pub(super) strike: fn(&mut Aws),
}

impl fmt::Debug for Accident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Accident {
    /// Whether a fleet or a stack is gone afterwards.
    pub(super) fn removes_an_object(&self) -> bool {
        self.name.ends_with("is deleted")
    }
}

pub(super) fn accident() -> impl Strategy<Value = Accident> {
    select(ALL).prop_map(|(name, strike)| Accident { name, strike })
}

type Entry = (&'static str, fn(&mut Aws));

const ALL: &[Entry] = &[
    ("the fleet is stopped", |aws| {
        state(aws, FleetState::Stopped)
    }),
    ("the fleet is started", |aws| {
        state(aws, FleetState::Running)
    }),
    ("the fleet is starting", |aws| {
        state(aws, FleetState::Starting)
    }),
    ("the fleet has other times", |aws| fleet(aws, retime)),
    ("the fleet is renamed", |aws| fleet(aws, rename)),
    ("the fleet has another network", |aws| fleet(aws, network)),
    ("the fleet has no network", |aws| {
        fleet(aws, |fleet| fleet.settings.vpc_config = None)
    }),
    ("the fleet has another size", |aws| fleet(aws, resize)),
    ("the fleet has another role", |aws| {
        fleet(aws, |fleet| {
            fleet.settings.iam_role_arn = Some("arn:aws:iam::1:role/z".to_owned())
        });
    }),
    ("the fleet has other instances", |aws| fleet(aws, rebuild)),
    ("the fleet is deleted", |aws| {
        aws.fleets.remove("cfd");
        aws.access.forget_fleet("cfd");
        aws.associations.retain(|(fleet, _)| fleet != "cfd");
        aws.access.forget_fleet("cfd");
    }),
    ("the stack is renamed", |aws| {
        stack(aws, |stack| {
            stack.settings.display_name = Some("somebody's".to_owned());
            stack.settings.description = None;
        });
    }),
    ("the stack leads elsewhere", |aws| {
        stack(aws, |stack| {
            stack.settings.redirect_url = Some("https://example.org/".to_owned());
            stack.settings.feedback_url = None;
        });
    }),
    ("the stack has another connector", |aws| stack(aws, connect)),
    ("the stack has no connectors", |aws| {
        stack(aws, |stack| stack.settings.storage_connectors = None);
    }),
    ("the user settings are turned round", |aws| {
        stack(aws, turn_round)
    }),
    ("the clipboard has another length", |aws| stack(aws, limit)),
    ("application settings are kept", |aws| {
        stack(aws, |stack| {
            let application = stack.settings.application_settings.get_or_insert_default();
            application.enabled = true;
            application.settings_group = Some("somebody".to_owned());
        });
    }),
    ("the stack is opened", |aws| stack(aws, open)),
    ("the stack is closed", |aws| {
        stack(aws, |stack| {
            stack.settings.access_endpoints = None;
            stack.settings.embed_host_domains = None;
            stack.settings.content_redirection = None;
            stack.settings.agent_access_config = None;
        });
    }),
    ("the stack is deleted", |aws| {
        aws.stacks.remove("cfd");
        aws.access.forget_stack("cfd");
        aws.associations.retain(|(_, stack)| stack != "cfd");
        aws.access.forget_stack("cfd");
    }),
    ("tags are changed", |aws| {
        fleet(aws, |fleet| change(&mut fleet.tags));
        stack(aws, |stack| change(&mut stack.tags));
    }),
    ("tags are added", |aws| {
        stack(aws, |stack| {
            if let ObservedTags::Known(tags) = &mut stack.tags {
                tags.insert("cost".to_owned(), "theirs".to_owned());
                tags.insert("theirs".to_owned(), "theirs".to_owned());
            }
        });
    }),
    ("the fleet is taken off its stack", |aws| {
        aws.associations.clear()
    }),
    ("the stack has another fleet", |aws| {
        if aws.stacks.contains_key("cfd") {
            let pair = ("other".to_owned(), "cfd".to_owned());
            aws.associations = BTreeSet::from([pair]);
        }
    }),
    ("our statements are edited", |aws| {
        policies(aws, |statements| {
            for statement in statements.iter_mut().filter(|one| is_ours(one)) {
                statement["Action"] = json!(["s3:GetObject", "s3:ListBucket"]);
            }
        });
    }),
    ("our statements are removed", |aws| {
        policies(aws, |statements| statements.retain(|one| !is_ours(one)));
    }),
    ("a user is taken off the stack", |aws| {
        aws.access.stack_users.pop_first();
    }),
    ("users are switched", |aws| {
        for user in aws.access.users.values_mut() {
            user.enabled = !user.enabled;
        }
    }),
    ("a user's account goes", |aws| {
        if let Some((name, _)) = aws.access.users.pop_first() {
            aws.access.stack_users.retain(|(_, user)| *user != name);
        }
    }),
    ("an entitlement is deleted", |aws| {
        aws.access.entitlements.pop_first();
    }),
    ("entitlements are edited", |aws| {
        for entitlement in aws.access.entitlements.values_mut() {
            entitlement.description = Some("theirs".to_owned());
            entitlement.applications.insert("theirs".to_owned());
            entitlement.attributes.pop_first();
        }
    }),
    ("an entitlement is added", |aws| {
        let entitlement = ObservedEntitlement {
            description: None,
            app_visibility: "ALL".to_owned(),
            attributes: BTreeSet::new(),
            applications: BTreeSet::new(),
        };
        if aws.stacks.contains_key("cfd") {
            let key = ("cfd".to_owned(), "theirs".to_owned());
            aws.access.entitlements.insert(key, entitlement);
        }
    }),
    ("the theme goes", |aws| {
        aws.access.theme_went |= !aws.access.themes.is_empty();
        aws.access.themes.clear();
    }),
    // Where the pictures of another theme came from nobody sees: it does not take the place of ours
    // between two looks.
    ("a theme is made", |aws| {
        if aws.stacks.contains_key("cfd") && !aws.access.theme_went {
            let theme = aws.access.themes.entry("cfd".to_owned());
            theme.or_insert_with(repainted);
        }
    }),
    ("the theme is edited", |aws| {
        // Pictures apart: nobody sees where they came from.
        for theme in aws.access.themes.values_mut() {
            let ObservedTheme {
                organization_logo_url,
                favicon_url,
                ..
            } = theme.clone();
            *theme = ObservedTheme {
                organization_logo_url,
                favicon_url,
                ..repainted()
            };
        }
    }),
    ("an application is taken off the fleet", |aws| {
        aws.access.applications.pop_first();
    }),
    ("a stranger is put on the stack", |aws| {
        aws.access.add("stranger@example.com", false);
        let pair = ("cfd".to_owned(), "stranger@example.com".to_owned());
        if aws.stacks.contains_key("cfd") {
            aws.access.stack_users.insert(pair);
        }
    }),
    ("a statement is added", |aws| {
        policies(aws, |statements| {
            statements.push(json!({
                "Sid": "Theirs", "Effect": "Allow", "Action": "s3:GetObject",
                "Principal": {"AWS": "arn:aws:iam::123456789012:role/theirs"},
                "Resource": format!("arn:aws:s3:::{HOME_BUCKET}/theirs/*")
            }));
        });
    }),
];

fn repainted() -> ObservedTheme {
    ObservedTheme {
        title_text: "theirs".to_owned(),
        theme_styling: "RED".to_owned(),
        footer_links: BTreeSet::new(),
        state: "DISABLED".to_owned(),
        organization_logo_url: Some("theirs/logo.png".to_owned()),
        favicon_url: Some("theirs/icon.png".to_owned()),
    }
}

fn fleet(aws: &mut Aws, change: impl FnOnce(&mut ObservedFleet)) {
    if let Some(fleet) = aws.fleets.get_mut("cfd") {
        change(fleet);
    }
}

fn stack(aws: &mut Aws, change: impl FnOnce(&mut ObservedStack)) {
    if let Some(stack) = aws.stacks.get_mut("cfd") {
        change(stack);
    }
}

fn state(aws: &mut Aws, state: FleetState) {
    fleet(aws, |fleet| fleet.state = state);
}

fn retime(fleet: &mut ObservedFleet) {
    fleet.settings.max_user_duration_in_seconds = Some(1200);
    fleet.settings.disconnect_timeout_in_seconds = Some(1200);
    fleet.settings.idle_disconnect_timeout_in_seconds = Some(1200);
}

fn rename(fleet: &mut ObservedFleet) {
    fleet.settings.display_name = Some("somebody's".to_owned());
    fleet.settings.description = None;
}

fn network(fleet: &mut ObservedFleet) {
    fleet.settings.vpc_config = Some(VpcConfig {
        subnet_ids: Some(vec!["subnet-y".to_owned(), "subnet-z".to_owned()]),
        security_group_ids: Some(vec!["sg-z".to_owned()]),
    });
}

fn resize(fleet: &mut ObservedFleet) {
    if let Some(sessions) = &mut fleet.settings.max_concurrent_sessions {
        *sessions = 7;
        return;
    }
    let capacity = fleet.settings.compute_capacity.get_or_insert_default();
    if capacity.desired_sessions.is_some() {
        capacity.desired_sessions = Some(7);
    } else {
        capacity.desired_instances = Some(7);
    }
}

fn rebuild(fleet: &mut ObservedFleet) {
    let settings = &mut fleet.settings;
    settings.root_volume_config = Some(VolumeConfig {
        volume_size_in_gb: Some(500),
    });
    settings.disable_imdsv1 = Some(true);
    settings.usb_device_filter_strings = Some(vec!["HID,9,0,3,0,0,1,0".to_owned()]);
    settings.session_script_s3_location = None;
    if settings.max_concurrent_sessions.is_none() {
        settings.domain_join_info = Some(DomainJoinInfo {
            directory_name: Some("theirs.example".to_owned()),
            organizational_unit_distinguished_name: Some("OU=theirs".to_owned()),
        });
    }
}

fn open(stack: &mut ObservedStack) {
    let settings = &mut stack.settings;
    settings.embed_host_domains = Some(vec!["theirs.example".to_owned()]);
    settings.storage_connector_authentication = Some("FORCE_REAUTHENTICATION".to_owned());
    settings.content_redirection = Some(ContentRedirection {
        host_to_client: Some(UrlRedirectionConfig {
            enabled: true,
            allowed_urls: Some(vec!["https://theirs".to_owned()]),
            denied_urls: Some(vec!["https://others".to_owned()]),
        }),
    });
    let actions = ["COMPUTER_INPUT", "COMPUTER_VISION", "FORWARD_MCP_TOOLS"];
    settings.agent_access_config = Some(AgentAccessConfig {
        settings: Some(
            actions
                .map(|action| AgentAccessSetting {
                    agent_action: action.to_owned(),
                    permission: "ENABLED".to_owned(),
                })
                .to_vec(),
        ),
        s3_bucket_arn: Some("arn:aws:s3:::theirs".to_owned()),
        screenshots_upload_enabled: Some(true),
        screen_resolution: Some("W_1280xH_720".to_owned()),
        screen_image_format: Some("JPEG".to_owned()),
        user_control_mode: Some("DISABLED".to_owned()),
    });
}

fn connect(stack: &mut ObservedStack) {
    let connectors = stack.settings.storage_connectors.get_or_insert_default();
    connectors.retain(|one| one.connector_type != "ONE_DRIVE");
    connectors.push(StorageConnector {
        connector_type: "ONE_DRIVE".to_owned(),
        domains: Some(vec!["z.example".to_owned()]),
        ..StorageConnector::default()
    });
}

fn turn_round(stack: &mut ObservedStack) {
    for setting in stack.settings.user_settings.iter_mut().flatten() {
        setting.maximum_length = None;
        let turned = if setting.permission == "ENABLED" {
            "DISABLED"
        } else {
            "ENABLED"
        };
        turned.clone_into(&mut setting.permission);
    }
}

fn limit(stack: &mut ObservedStack) {
    for setting in stack.settings.user_settings.iter_mut().flatten() {
        if setting.action.starts_with("CLIPBOARD_") && setting.permission == "ENABLED" {
            setting.maximum_length = Some(77);
        }
    }
}

fn change(tags: &mut ObservedTags) {
    let ObservedTags::Known(tags) = tags else {
        return;
    };
    for (key, value) in tags.iter_mut() {
        if key != "streamkeeper:uid" {
            "changed".clone_into(value);
        }
    }
}

fn policies(aws: &mut Aws, change: impl Fn(&mut Vec<Value>)) {
    for policy in aws.buckets.values_mut() {
        let Some(statements) = policy
            .as_mut()
            .and_then(|policy| policy["Statement"].as_array_mut())
        else {
            continue;
        };
        change(statements);
        if statements.is_empty() {
            *policy = None;
        }
    }
}

fn is_ours(statement: &Value) -> bool {
    let found = statement["Sid"].as_str();
    found.is_some_and(|found| found.starts_with(&sid("")))
}
