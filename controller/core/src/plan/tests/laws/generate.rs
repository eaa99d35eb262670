//! Generates rows, in pairs, and the switches of the world they live in.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::super::world::aws::Unknowns;

/// A row before and after an edit.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) a: Value,
    pub(super) b: Value,
    pub(super) ignore: Vec<String>,
    pub(super) unknowns: Unknowns,
    pub(super) walks: bool,
}

/// What stays through an edit: what cannot be changed in place, and whose paths are whose.
#[derive(Debug, Clone)]
struct Frame {
    fleet: bool,
    stack: bool,
    fleet_type: Option<&'static str>,
    capacity: &'static str,
    ignore: Vec<String>,
    adoption: Option<&'static str>,
}

const IGNORABLE: [&str; 22] = [
    "association",
    "buckets",
    "buckets.home.A",
    "fleet.computeCapacity",
    "fleet.description",
    "fleet.displayName",
    "fleet.iamRoleArn",
    "fleet.maxUserDurationInSeconds",
    "fleet.state",
    "fleet.vpcConfig",
    "fleet.vpcConfig.securityGroupIds",
    "fleet.vpcConfig.subnetIds",
    "image",
    "stack.applicationSettings",
    "stack.displayName",
    "stack.redirectURL",
    "stack.storageConnectors",
    "stack.userSettings",
    "stack.userSettings.CLIPBOARD_COPY_TO_LOCAL_DEVICE",
    "stack.userSettings.FILE_UPLOAD",
    "tags",
    "tags.team",
];

pub(super) fn pair() -> impl Strategy<Value = Pair> {
    let ignore = prop_oneof![
        2 => Just(Vec::new()),
        1 => subsequence(IGNORABLE.to_vec(), 0..4)
            .prop_map(|paths| paths.into_iter().map(str::to_owned).collect()),
    ];
    let frame = (
        prop_oneof![4 => Just((true, true)), 1 => Just((true, false)), 1 => Just((false, true))],
        select(vec![None, Some("ON_DEMAND"), Some("ALWAYS_ON")]),
        select(vec!["desiredInstances", "desiredSessions"]),
        ignore,
        select(vec![None, Some("IfUnowned")]),
    )
        .prop_map(
            |((fleet, stack), fleet_type, capacity, ignore, adoption)| Frame {
                fleet,
                stack,
                fleet_type,
                capacity,
                ignore,
                adoption,
            },
        );
    (frame, unknowns(), any::<bool>()).prop_flat_map(|(frame, unknowns, walks)| {
        let ignore = frame.ignore.clone();
        (spec(frame.clone()), spec(frame)).prop_map(move |(a, b)| Pair {
            a,
            b,
            ignore: ignore.clone(),
            unknowns,
            walks,
        })
    })
}

pub(super) fn unknowns() -> impl Strategy<Value = Unknowns> {
    any::<[bool; 4]>().prop_map(|[a, b, c, d]| Unknowns {
        user_settings_merge: a,
        length_is_echoed: b,
        identifier_is_arn: c,
        network_merges: d,
    })
}

fn spec(frame: Frame) -> impl Strategy<Value = Value> {
    let whole = (fleet(frame.clone()), stack(), tags(), buckets(), image());
    whole.prop_map(move |(fleet, stack, tags, buckets, image)| {
        let mut spec = json!({"tags": tags, "buckets": buckets, "ignore": frame.ignore});
        if frame.fleet {
            spec["fleet"] = fleet;
            spec["image"] = image;
        }
        if frame.stack {
            spec["stack"] = stack;
        }
        if let Some(adoption) = frame.adoption {
            spec["adoption"] = json!(adoption);
        }
        spec
    })
}

/// A key that is left out, `null`, or one of these.
fn nullable(values: &[Value]) -> impl Strategy<Value = Option<Value>> + use<> {
    let mut choices = vec![None, Some(Value::Null)];
    choices.extend(values.iter().cloned().map(Some));
    select(choices)
}

/// A key that is left out or one of these.
fn optional(values: &[Value]) -> impl Strategy<Value = Option<Value>> + use<> {
    let mut choices = vec![None];
    choices.extend(values.iter().cloned().map(Some));
    select(choices)
}

fn object(fields: Vec<(&str, Option<Value>)>) -> Value {
    let there = fields
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(there.collect::<Map<_, _>>())
}

fn image() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"name": "pcluster-2026-11"}),
        json!({"name": "pcluster-2026-12"}),
        json!({"arn": "arn:aws:appstream:eu-west-1:123456789012:image/pcluster-2026-11"}),
    ])
}

fn fleet(frame: Frame) -> impl Strategy<Value = Value> {
    let network = nullable(&[
        json!({"subnetIds": ["subnet-a"]}),
        json!({"subnetIds": ["subnet-b", "subnet-a"]}),
        json!({"subnetIds": ["subnet-a", "subnet-b"], "securityGroupIds": ["sg-2", "sg-1"]}),
        json!({"subnetIds": ["subnet-b"], "securityGroupIds": ["sg-1"]}),
        json!({"subnetIds": ["subnet-b"], "securityGroupIds": null}),
    ]);
    let texts = (
        nullable(&[json!("CFD"), json!("Flows")]),
        nullable(&[json!("for the CFD group"), json!("for all")]),
        nullable(&[
            json!("arn:aws:iam::123456789012:role/a"),
            json!("arn:aws:iam::123456789012:role/b"),
        ]),
        network,
    );
    let others = (
        select(vec!["stream.standard.medium", "stream.standard.large"]),
        option::of(0..3_i32),
        optional(&[json!(600), json!(57_600), json!(345_600)]),
        optional(&[json!(60), json!(900)]),
        optional(&[json!(0), json!(900)]),
        optional(&[json!(true), json!(false)]),
        optional(&[json!("APP"), json!("DESKTOP")]),
        optional(&[json!("STOPPED"), json!("RUNNING")]),
    );
    (texts, others).prop_map(move |(texts, others)| {
        let (display_name, description, role, network) = texts;
        let (instance, capacity, longest, disconnect, idle, internet, view, state) = others;
        let capacity = capacity.map(|count| json!({frame.capacity: count}));
        object(vec![
            ("instanceType", Some(json!(instance))),
            ("fleetType", frame.fleet_type.map(Value::from)),
            ("computeCapacity", capacity),
            ("maxUserDurationInSeconds", longest),
            ("disconnectTimeoutInSeconds", disconnect),
            ("idleDisconnectTimeoutInSeconds", idle),
            ("displayName", display_name),
            ("description", description),
            ("enableDefaultInternetAccess", internet),
            ("iamRoleArn", role),
            ("streamView", view),
            ("vpcConfig", network),
            ("state", state),
        ])
    })
}

fn stack() -> impl Strategy<Value = Value> {
    let settings = (
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
        connectors(),
        user_settings(),
        optional(&[
            json!({"enabled": false}),
            json!({"enabled": true, "settingsGroup": "cfd"}),
            json!({"enabled": true, "settingsGroup": "flows"}),
        ]),
    );
    settings.prop_map(
        |(display, description, redirect, feedback, connectors, user, application)| {
            object(vec![
                ("displayName", display),
                ("description", description),
                ("redirectURL", redirect),
                ("feedbackURL", feedback),
                ("storageConnectors", connectors),
                ("userSettings", user),
                ("applicationSettings", application),
            ])
        },
    )
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
    let one = domains().prop_map(|domains| {
        object(vec![
            ("connectorType", Some(json!("ONE_DRIVE"))),
            ("domains", domains),
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

fn tags() -> impl Strategy<Value = Value> {
    btree_map(
        select(vec!["team", "cost"]),
        select(vec!["cfd", "flows"]),
        0..3,
    )
    .prop_map(|tags| json!(tags))
}

fn buckets() -> impl Strategy<Value = Value> {
    let statement = (
        select(vec!["A", "B"]),
        select(vec!["s3:GetObject", "s3:PutObject"]),
        select(vec![
            "arn:aws:s3:::{bucket}/*",
            "arn:aws:s3:::{bucket}/user/*",
        ]),
    )
        .prop_map(|(sid, action, resource)| {
            json!({
                "Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource,
                "Principal": {"AWS": "arn:aws:iam::123456789012:role/nodes"}
            })
        });
    let statements = vec(statement, 0..3).prop_map(|mut all| {
        all.dedup_by(|a, b| a["Sid"] == b["Sid"]);
        if all.len() > 2 {
            all.truncate(2);
        }
        all
    });
    let bucket = select(vec!["home", "shared-data", "empty-data"]);
    btree_map(bucket, statements, 0..3).prop_map(|buckets| {
        buckets
            .into_iter()
            .rev()
            .map(|(bucket, statements)| json!({"bucket": bucket, "statements": statements}))
            .collect()
    })
}

/// The same row with every list in another order.
pub(super) fn shuffled(spec: &Value, seed: u64) -> Value {
    match spec {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| shuffled(item, seed)).collect();
            if !items.is_empty() {
                let middle = usize::try_from(seed % items.len() as u64).unwrap();
                items.rotate_left(middle);
            }
            if seed % 2 == 1 {
                items.reverse();
            }
            json!(items)
        }
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), shuffled(value, seed)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => spec.clone(),
    }
}
