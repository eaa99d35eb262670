//! Generates stacks.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::{nullable, object, optional};

pub(super) fn stack() -> impl Strategy<Value = Value> {
    (plain(), lists(), experience(), theme()).prop_map(|(plain, lists, experience, theme)| {
        let mut fields = plain;
        fields.extend(lists);
        fields.extend(experience);
        fields.push(("theme", theme));
        object(fields)
    })
}

type Fields = Vec<(&'static str, Option<Value>)>;

fn plain() -> impl Strategy<Value = Fields> {
    let parts = (
        nullable(&[json!("CFD"), json!("Flows")]),
        nullable(&[json!("for the CFD group"), json!("for all")]),
        nullable(&[
            json!("https://example.com/a"),
            json!("https://example.com/b"),
        ]),
        nullable(&[
            json!("https://example.com/f"),
            json!("https://example.com/g"),
        ]),
        optional(&[
            json!({"enabled": false}),
            json!({"enabled": true, "settingsGroup": "cfd"}),
            json!({"enabled": true, "settingsGroup": "flows"}),
        ]),
        nullable(&[json!("REUSE_CREDENTIALS"), json!("FORCE_REAUTHENTICATION")]),
    );
    parts.prop_map(
        |(display, description, redirect, feedback, application, authentication)| {
            vec![
                ("displayName", display),
                ("description", description),
                ("redirectURL", redirect),
                ("feedbackURL", feedback),
                ("applicationSettings", application),
                ("storageConnectorAuthentication", authentication),
            ]
        },
    )
}

fn lists() -> impl Strategy<Value = Fields> {
    let endpoint = |id: &str| json!({"endpointType": "STREAMING", "vpceId": id});
    let parts = (
        connectors(),
        user_settings(),
        nullable(&[
            json!([endpoint("vpce-1")]),
            json!([endpoint("vpce-2"), endpoint("vpce-1")]),
        ]),
        nullable(&[json!(["a.example"]), json!(["b.example", "a.example"])]),
    );
    parts.prop_map(|(connectors, user, endpoints, domains)| {
        vec![
            ("storageConnectors", connectors),
            ("userSettings", user),
            ("accessEndpoints", endpoints),
            ("embedHostDomains", domains),
        ]
    })
}

fn theme() -> impl Strategy<Value = Option<Value>> {
    let link = |name: &str| json!({"displayName": name, "footerLinkURL": "https://example.com/"});
    let picture = |key: &str| json!({"s3Bucket": "branding", "s3Key": key});
    let parts = (
        select(vec!["CFD", "Flows"]),
        select(vec!["BLUE", "PINK"]),
        nullable(&[json!([link("Help")]), json!([link("Help"), link("About")])]),
        select(vec!["a.png", "b.png"]),
        select(vec!["a.ico", "b.ico"]),
        optional(&[json!("ENABLED"), json!("DISABLED")]),
    );
    let theme = parts.prop_map(move |(title, styling, links, logo, favicon, state)| {
        object(vec![
            ("titleText", Some(json!(title))),
            ("themeStyling", Some(json!(styling))),
            ("footerLinks", links),
            ("organizationLogoS3Location", Some(picture(logo))),
            ("faviconS3Location", Some(picture(favicon))),
            ("state", state),
        ])
    });
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(Value::Null)),
        3 => theme.prop_map(Some),
    ]
}

fn experience() -> impl Strategy<Value = Fields> {
    let protocol = nullable(&[
        json!({"preferredProtocol": "TCP"}),
        json!({"preferredProtocol": "UDP"}),
    ]);
    (protocol, links(), agents()).prop_map(|(protocol, links, agents)| {
        vec![
            ("streamingExperienceSettings", protocol),
            ("contentRedirection", links),
            ("agentAccessConfig", agents),
        ]
    })
}

fn links() -> impl Strategy<Value = Option<Value>> {
    let urls = || {
        select(vec![
            None,
            Some(json!([])),
            Some(json!(["https://a"])),
            Some(json!(["https://b", "https://a"])),
        ])
    };
    let some = (any::<bool>(), urls(), urls()).prop_map(|(enabled, allowed, denied)| {
        let links = object(vec![
            ("enabled", Some(json!(enabled))),
            ("allowedUrls", allowed),
            ("deniedUrls", denied),
        ]);
        Some(json!({"hostToClient": links}))
    });
    prop_oneof![3 => some, 1 => Just(None), 1 => Just(Some(Value::Null))]
}

fn agents() -> impl Strategy<Value = Option<Value>> {
    let actions = vec!["COMPUTER_VISION", "COMPUTER_INPUT", "FORWARD_MCP_TOOLS"];
    let settings =
        (subsequence(actions, 1..4), any::<[bool; 3]>()).prop_map(|(actions, enabled)| {
            let one = |(action, enabled): (&str, bool)| {
                let permission = if enabled { "ENABLED" } else { "DISABLED" };
                json!({"agentAction": action, "permission": permission})
            };
            actions.into_iter().zip(enabled).map(one).collect::<Value>()
        });
    let parts = (
        settings,
        select(vec![None, Some(false), Some(true)]),
        any::<bool>(),
        optional(&[json!("VIEW_ONLY"), json!("VIEW_STOP")]),
        select(vec!["PNG", "JPEG"]),
    );
    let some = parts.prop_map(|(settings, uploads, bucket, mode, format)| {
        let bucket = (bucket || uploads == Some(true)).then(|| json!("arn:aws:s3:::shots"));
        Some(object(vec![
            ("settings", Some(settings)),
            ("screenshotsUploadEnabled", uploads.map(Value::from)),
            ("s3BucketArn", bucket),
            ("userControlMode", mode),
            ("screenResolution", Some(json!("W_1280xH_720"))),
            ("screenImageFormat", Some(json!(format))),
        ]))
    });
    prop_oneof![3 => some, 1 => Just(None), 1 => Just(Some(Value::Null))]
}

fn connectors() -> impl Strategy<Value = Option<Value>> {
    let domains = || {
        select(vec![
            None,
            Some(json!(["a.example"])),
            Some(json!(["b.example", "a.example"])),
        ])
    };
    let google = domains().prop_map(|domains| {
        object(vec![
            ("connectorType", Some(json!("GOOGLE_DRIVE"))),
            ("domains", domains),
        ])
    });
    let one = (domains(), domains()).prop_map(|(domains, consent)| {
        object(vec![
            ("connectorType", Some(json!("ONE_DRIVE"))),
            ("domains", domains),
            ("domainsRequireAdminConsent", consent),
        ])
    });
    let home = Just(json!({"connectorType": "HOMEFOLDERS"}));
    let list = (option::of(google), option::of(home), option::of(one)).prop_map(|(a, b, c)| {
        let list: Vec<Value> = [c, a, b].into_iter().flatten().collect();
        (!list.is_empty()).then(|| json!(list))
    });
    prop_oneof![4 => list, 1 => Just(Some(Value::Null))]
}

fn user_settings() -> impl Strategy<Value = Option<Value>> {
    let clipboard = select(vec![
        None,
        Some(json!({"permission": "DISABLED"})),
        Some(json!({"permission": "ENABLED"})),
        Some(json!({"permission": "ENABLED", "maximumLength": 100})),
        Some(json!({"permission": "ENABLED", "maximumLength": 5000})),
    ]);
    let plain = || {
        select(vec![
            None,
            Some(json!({"permission": "DISABLED"})),
            Some(json!({"permission": "ENABLED"})),
        ])
    };
    (clipboard, plain(), plain()).prop_map(|(clipboard, upload, smart_card)| {
        let list: Vec<Value> = [
            ("SMART_CARD_REDIRECTION", smart_card),
            ("CLIPBOARD_COPY_TO_LOCAL_DEVICE", clipboard),
            ("FILE_UPLOAD", upload),
        ]
        .into_iter()
        .filter_map(|(action, setting)| {
            let mut setting = setting?;
            setting["action"] = json!(action);
            Some(setting)
        })
        .collect();
        (!list.is_empty()).then(|| json!(list))
    })
}
