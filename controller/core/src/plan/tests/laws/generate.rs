//! Generates rows, in pairs, and the switches of the world they live in.

mod fleet;
mod stack;

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
    ignore: Vec<String>,
    adoption: Option<&'static str>,
}

const IGNORABLE: [&str; 36] = [
    "association",
    "buckets",
    "buckets.home.A",
    "entitlements.viewers",
    "entitlements.viewers.applications",
    "fleet.applications",
    "fleet.computeCapacity",
    "fleet.description",
    "fleet.displayName",
    "fleet.domainJoinInfo",
    "fleet.iamRoleArn",
    "fleet.maxUserDurationInSeconds",
    "fleet.rootVolumeConfig",
    "fleet.state",
    "fleet.vpcConfig",
    "fleet.vpcConfig.securityGroupIds",
    "fleet.vpcConfig.subnetIds",
    "image",
    "stack.agentAccessConfig",
    "stack.applicationSettings",
    "stack.contentRedirection",
    "stack.displayName",
    "stack.redirectURL",
    "stack.storageConnectors",
    "stack.theme",
    "stack.theme.footerLinks",
    "stack.theme.titleText",
    "stack.userSettings",
    "stack.userSettings.CLIPBOARD_COPY_TO_LOCAL_DEVICE",
    "stack.userSettings.FILE_UPLOAD",
    "tags",
    "tags.team",
    "users",
    "users.ada@example.com",
    "users.ada@example.com.association",
    "users.grace@example.com.enabled",
];

pub(super) fn pair() -> impl Strategy<Value = Pair> {
    let ignore = prop_oneof![
        2 => Just(Vec::new()),
        1 => subsequence(IGNORABLE.to_vec(), 0..4)
            .prop_map(|paths| paths.into_iter().map(str::to_owned).collect()),
    ];
    let frame = (
        prop_oneof![4 => Just((true, true)), 1 => Just((true, false)), 1 => Just((false, true))],
        select(vec![
            None,
            Some("ON_DEMAND"),
            Some("ALWAYS_ON"),
            Some("ELASTIC"),
        ]),
        ignore,
        select(vec![None, Some("IfUnowned")]),
    )
        .prop_map(|((fleet, stack), fleet_type, ignore, adoption)| Frame {
            fleet,
            stack,
            fleet_type,
            ignore,
            adoption,
        });
    (frame, unknowns(), any::<bool>()).prop_flat_map(|(frame, unknowns, walks)| {
        let ignore = frame.ignore.clone();
        (spec(frame.clone()), spec(frame)).prop_map(move |(mut a, mut b)| {
            fleet::agree_on_sessions(&mut a, &mut b, &ignore);
            Pair {
                a,
                b,
                ignore: ignore.clone(),
                unknowns,
                walks,
            }
        })
    })
}

pub(super) fn unknowns() -> impl Strategy<Value = Unknowns> {
    any::<[bool; 6]>().prop_map(|[a, b, c, d, e, f]| Unknowns {
        user_settings_merge: a,
        length_is_echoed: b,
        identifier_is_arn: c,
        network_merges: d,
        shows_defaults: e,
        permissions_merge: f,
    })
}

fn spec(frame: Frame) -> impl Strategy<Value = Value> {
    // On the heap, because all of it at once is more than a test's stack takes.
    let whole = (
        fleet::fleet(frame.fleet_type).boxed(),
        stack::stack().boxed(),
        tags(),
        buckets().boxed(),
        fleet::image(),
        users().boxed(),
        entitlements().boxed(),
    );
    whole.prop_map(
        move |(fleet, stack, tags, buckets, image, users, entitlements)| {
            let mut spec = json!({"tags": tags, "buckets": buckets, "ignore": frame.ignore});
            if frame.fleet {
                spec["fleet"] = fleet;
                spec["image"] = image;
            }
            if frame.stack {
                spec["stack"] = stack;
                spec["users"] = users;
                spec["entitlements"] = entitlements;
            }
            if let Some(adoption) = frame.adoption {
                spec["adoption"] = json!(adoption);
            }
            spec
        },
    )
}

/// Users, in no particular order; one name begins another.
fn users() -> impl Strategy<Value = Value> {
    let names = ["grace@example.com", "ada@example.com.au", "ada@example.com"];
    let one = |name: &'static str| {
        optional(&[json!(true), json!(false)]).prop_map(move |enabled| {
            object(vec![("userName", Some(json!(name))), ("enabled", enabled)])
        })
    };
    let each = names.map(|name| option::of(one(name)));
    each.prop_map(|users| users.into_iter().flatten().collect())
}

/// Entitlements; one name begins another.
fn entitlements() -> impl Strategy<Value = Value> {
    let one = |name: &'static str| {
        let lists = optional(&[json!([]), json!(["paraview"]), json!(["paraview", "putty"])]);
        let attributes = select(vec![
            json!([{"name": "roles", "value": "cfd"}]),
            json!([{"name": "title", "value": "PhD"}, {"name": "roles", "value": "cfd"}]),
        ]);
        let texts = nullable(&[json!("for viewers"), json!("for all")]);
        let parts = (select(vec!["ALL", "ASSOCIATED"]), attributes, texts, lists);
        parts.prop_map(move |(visibility, attributes, description, applications)| {
            object(vec![
                ("name", Some(json!(name))),
                ("appVisibility", Some(json!(visibility))),
                ("attributes", Some(attributes)),
                ("description", description),
                ("applications", applications),
            ])
        })
    };
    let each = ["viewers.all", "viewers"].map(|name| option::of(one(name)));
    each.prop_map(|all| all.into_iter().flatten().collect())
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
    btree_map(bucket, (statements, grants()), 0..3).prop_map(|buckets| {
        let buckets = buckets.into_iter().rev();
        buckets
            .map(|(bucket, (statements, grants))| {
                json!({"bucket": bucket, "statements": statements, "grants": grants})
            })
            .collect()
    })
}

/// Grants to another account and to the bucket's own, by principal.
fn grants() -> impl Strategy<Value = Vec<Value>> {
    let principal = select(vec![
        "210987654321",
        "arn:aws:iam::210987654321:role/parallelcluster/*",
        "arn:aws:iam::123456789012:role/nodes",
    ]);
    let access = select(vec!["READ_ONLY", "READ_WRITE"]);
    let prefix = select(vec![None, Some("a"), Some("a/")]);
    btree_map(principal, (access, prefix), 0..3).prop_map(|grants| {
        let grants = grants.into_iter();
        grants
            .map(|(principal, (access, prefix))| {
                let mut grant = json!({"principal": principal, "access": access});
                if let Some(prefix) = prefix {
                    grant["prefix"] = json!(prefix);
                }
                grant
            })
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
