//! Generates policies, and says the same or something else in other words.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{OTHER, SIDS, UID};
use crate::policy::owned_sid;

/// A small generator for choices inside a rewording (splitmix64), driven by one generated seed.
pub(super) struct Choices(pub(super) u64);

impl Choices {
    pub(super) fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % below as u64).expect("below a usize")
    }

    pub(super) fn flip(&mut self) -> bool {
        self.next(2) == 1
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.next(last + 1));
        }
    }
}

fn some_of(pool: &'static [&'static str]) -> impl Strategy<Value = Value> {
    subsequence(pool, 1..=pool.len()).prop_map(|chosen| json!(chosen))
}

fn principal() -> impl Strategy<Value = Value> {
    let names = some_of(&[
        "111122223333",
        "222233334444",
        "arn:aws:iam::111122223333:role/x",
        "AROAEXAMPLEID1234567",
    ]);
    prop_oneof![
        1 => Just(json!("*")),
        3 => names.prop_map(|names| json!({"AWS": names})),
        1 => some_of(&["appstream.amazonaws.com", "logging.s3.amazonaws.com"])
            .prop_map(|names| json!({"Service": names, "AWS": ["333344445555"]})),
    ]
}

fn condition() -> impl Strategy<Value = Value> {
    let one = (
        select(&["StringEquals", "ArnLike", "ForAnyValue:StringLike"][..]),
        select(&["aws:PrincipalArn", "s3:prefix", "aws:SourceVpce"][..]),
        some_of(&["x", "y", "arn:aws:iam::111122223333:role/*", "true"]),
    );
    let numeric = (
        select(&["NumericLessThan", "NumericEqualsIfExists"][..]),
        select(&["s3:signatureAge", "s3:max-keys"][..]),
        some_of(&["0", "1", "1000", "0.5"]),
    );
    let either = prop_oneof![3 => one, 1 => numeric];
    vec(either, 0..3).prop_map(|entries| {
        let mut condition = Map::new();
        for (operator, key, values) in entries {
            let keys = condition.entry(operator).or_insert_with(|| json!({}));
            keys[key] = values;
        }
        Value::Object(condition)
    })
}

/// A statement with every list as a list.
fn statement() -> impl Strategy<Value = Value> {
    let actions = some_of(&["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:*"]);
    let resources = some_of(&[
        "arn:aws:s3:::b",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b/user/*",
    ]);
    let nots = (any::<bool>(), any::<bool>(), any::<bool>());
    (
        any::<bool>(),
        principal(),
        actions,
        resources,
        condition(),
        nots,
    )
        .prop_map(|(allow, principal, actions, resources, condition, nots)| {
            let mut statement = Map::new();
            let mut put = |key: &str, value| statement.insert(key.to_owned(), value);
            put("Effect", json!(if allow { "Allow" } else { "Deny" }));
            put(if nots.0 { "NotPrincipal" } else { "Principal" }, principal);
            put(if nots.1 { "NotAction" } else { "Action" }, actions);
            put(if nots.2 { "NotResource" } else { "Resource" }, resources);
            put("Condition", condition);
            Value::Object(statement)
        })
}

/// A policy whose statements all differ, by their Sid.
pub(super) fn policy() -> impl Strategy<Value = Value> {
    let version = select(vec![json!("2012-10-17"), json!("2008-10-17")]);
    (version, vec(statement(), 1..4)).prop_map(|(version, mut statements)| {
        for (index, statement) in statements.iter_mut().enumerate() {
            statement["Sid"] = json!(format!("S{index}"));
        }
        json!({"Version": version, "Statement": statements})
    })
}

/// Says the same in other words.
pub(super) fn reword(policy: &Value, choices: &mut Choices) -> Value {
    let mut policy = policy.clone();
    if policy["Version"] == "2008-10-17" && choices.flip() {
        policy.as_object_mut().unwrap().remove("Version");
    }
    let statements = policy["Statement"].as_array_mut().unwrap();
    for statement in statements.iter_mut() {
        reword_statement(statement.as_object_mut().unwrap(), choices);
    }
    if !statements.is_empty() && choices.flip() {
        statements.push(statements[0].clone());
    }
    choices.shuffle(statements);
    if statements.len() == 1 && choices.flip() {
        policy["Statement"] = policy["Statement"][0].take();
    }
    policy
}

fn reword_statement(statement: &mut Map<String, Value>, choices: &mut Choices) {
    for (element, value) in statement.iter_mut() {
        match element.as_str() {
            "Principal" | "NotPrincipal" => reword_principal(value, choices),
            "Action" | "NotAction" => {
                reword_list(value, choices, |text, choices| {
                    if choices.flip() {
                        text.to_ascii_uppercase()
                    } else {
                        text.to_owned()
                    }
                });
            }
            "Resource" | "NotResource" => reword_list(value, choices, |text, _| text.to_owned()),
            "Condition" => reword_condition(value, choices),
            _ => {}
        }
    }
    let unconditional = statement.get("Condition") == Some(&json!({}));
    if unconditional && choices.flip() {
        statement.remove("Condition");
    }
}

fn reword_principal(value: &mut Value, choices: &mut Choices) {
    if value == "*" {
        if choices.flip() {
            *value = json!({"AWS": ["*"]});
        }
        return;
    }
    for (kind, names) in value.as_object_mut().unwrap() {
        reword_list(names, choices, |name, choices| {
            if kind == "AWS" && name.len() == 12 && choices.flip() {
                format!("arn:aws:iam::{name}:root")
            } else {
                name.to_owned()
            }
        });
    }
}

fn reword_list(
    value: &mut Value,
    choices: &mut Choices,
    each: impl Fn(&str, &mut Choices) -> String,
) {
    let mut items: Vec<String> = value
        .as_array()
        .unwrap()
        .iter()
        .map(|item| each(item.as_str().unwrap(), choices))
        .collect();
    if choices.flip() {
        items.push(items[0].clone());
    }
    choices.shuffle(&mut items);
    *value = if items.len() == 1 && choices.flip() {
        json!(items[0])
    } else {
        json!(items)
    };
}

fn reword_condition(value: &mut Value, choices: &mut Choices) {
    let mut reworded = Map::new();
    for (operator, keys) in value.as_object().unwrap() {
        let mut keys = keys.as_object().unwrap().clone();
        for values in keys.values_mut() {
            reword_list(values, choices, |text, choices| {
                if operator.starts_with("Numeric") {
                    reword_number(text, choices)
                } else {
                    text.to_owned()
                }
            });
            if let Some(text) = values.as_str().filter(|_| operator.starts_with("Numeric"))
                && choices.flip()
            {
                *values = json!(text.parse::<f64>().unwrap());
            }
            if *values == "true" && choices.flip() {
                *values = json!(true);
            }
        }
        let keys = keys
            .into_iter()
            .map(|(key, values)| (recase(&key, choices), values))
            .collect();
        reworded.insert(recase(operator, choices), Value::Object(keys));
    }
    *value = Value::Object(reworded);
}

/// The same number in other digits.
fn reword_number(text: &str, choices: &mut Choices) -> String {
    let point = if text.contains('.') { "" } else { ".0" };
    match choices.next(4) {
        0 => format!("0{text}"),
        1 => format!("{text}{point}0"),
        2 if text == "0" => "-0".to_owned(),
        _ => text.to_owned(),
    }
}

fn recase(text: &str, choices: &mut Choices) -> String {
    if choices.flip() {
        text.to_ascii_lowercase()
    } else {
        text.to_owned()
    }
}

pub(super) const CHANGES: usize = 13;

/// Changes one thing that matters, whatever the policy.
pub(super) fn change(policy: &Value, kind: usize, choices: &mut Choices) -> Value {
    let mut policy = policy.clone();
    let statements = policy["Statement"].as_array_mut().unwrap();
    let at = choices.next(statements.len());
    let statement = statements[at].as_object_mut().unwrap();
    let key_of = |positive: &str, statement: &Map<String, Value>| {
        if statement.contains_key(positive) {
            positive.to_owned()
        } else {
            format!("Not{positive}")
        }
    };
    let (who, what, on) = (
        key_of("Principal", statement),
        key_of("Action", statement),
        key_of("Resource", statement),
    );
    match kind {
        0 => {
            let opposite = if statement["Effect"] == "Allow" {
                "Deny"
            } else {
                "Allow"
            };
            statement["Effect"] = json!(opposite);
        }
        1 => statement[&what]
            .as_array_mut()
            .unwrap()
            .push(json!("s3:DeleteObject")),
        2 => statement[&what].as_array_mut().unwrap()[0] = json!("s3:GetObjectAcl"),
        3 => statement[&on].as_array_mut().unwrap()[0] = json!("arn:aws:s3:::B"),
        4 => {
            let opposite = if who == "Principal" {
                "NotPrincipal"
            } else {
                "Principal"
            };
            let value = statement.remove(&who).unwrap();
            statement.insert(opposite.to_owned(), value);
        }
        5 => statement[&who] = json!({"AWS": ["arn:aws:iam::999988887777:role/x"]}),
        6 => statement["Sid"] = json!("Another"),
        7 => statement["Condition"]["Bool"] = json!({"aws:SecureTransport": ["false"]}),
        8 => {
            statement.insert("Conditions".to_owned(), json!({}));
        }
        9 => {
            let other = if policy["Version"] == "2012-10-17" {
                "2008-10-17"
            } else {
                "2012-10-17"
            };
            policy["Version"] = json!(other);
        }
        10 => {
            statements.remove(at);
        }
        11 => statement["Condition"]["NumericGreaterThan"] = json!({"s3:max-keys": ["7"]}),
        _ => policy["Id"] = json!("new"),
    }
    policy
}

/// Statements with our Sids, one for each of some of [`SIDS`].
pub(super) fn ours(uid: Uuid) -> impl Strategy<Value = Vec<Value>> {
    subsequence(&SIDS[..], 0..=SIDS.len())
        .prop_flat_map(|sids| (Just(sids.clone()), vec(statement(), sids.len())))
        .prop_map(move |(sids, statements)| {
            sids.iter()
                .zip(statements)
                .map(|(sid, mut statement)| {
                    statement["Sid"] = json!(owned_sid(uid, sid));
                    statement
                })
                .collect()
        })
}

/// Anything that somebody may have put into a policy, grammar or not.
pub(super) fn foreign() -> impl Strategy<Value = Value> {
    let sid = select(vec![
        json!("PreventAccidentalDeletionOfBucket"),
        json!(owned_sid(OTHER, "A")),
        json!("StreamkeeperLookalike"),
        json!(7),
        json!(null),
    ]);
    prop_oneof![
        4 => (statement(), sid).prop_map(|(mut statement, sid)| {
            statement["Sid"] = sid;
            statement
        }),
        1 => statement(),
        1 => json_value(),
    ]
}

/// A statement of few words that are easily taken for each other, most of them out of place.
pub(super) fn hostile() -> impl Strategy<Value = Value> {
    let word = select(vec![
        json!(0.0),
        json!(-0.0),
        json!(0),
        json!("0"),
        json!("0.0"),
        json!("-0.0"),
        json!(1),
        json!(1.0),
        json!("1"),
        json!("1.0"),
        json!("01"),
        json!(1e17),
        json!("1e17"),
        json!("100000000000000000"),
        json!(true),
        json!("true"),
        json!([]),
        json!(null),
    ]);
    let one_or_two = prop_oneof![word.clone(), vec(word, 1..3).prop_map(Value::from)];
    let place = prop_oneof![
        3 => select(&["StringEquals", "NumericEquals", "numericequals"][..]).prop_map(Some),
        1 => Just(None),
    ];
    (place, one_or_two).prop_map(|(operator, value)| {
        let mut statement = json!({
            "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b"
        });
        match operator {
            Some(operator) => statement["Condition"] = json!({operator: {"k": value}}),
            None => statement["Unheard"] = value,
        }
        statement
    })
}

pub(super) fn json_value() -> impl Strategy<Value = Value> {
    let word = select(vec![
        "Allow",
        "Deny",
        "*",
        "2012-10-17",
        "111122223333",
        "AROAEXAMPLEID1234567",
        "arn:aws:s3:::b",
        "s3:*",
        "${aws:username}",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let keys = select(vec![
            "Statement",
            "Sid",
            "Version",
            "Effect",
            "Principal",
            "NotPrincipal",
            "AWS",
            "Action",
            "Resource",
            "Condition",
            "NumericEquals",
            "x",
        ]);
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((keys, inner), 0..5).prop_map(|members| {
                members
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect()
            }),
        ]
    })
}

/// A bucket's policy with statements of others, of ours and repeated Sids among them.
pub(super) fn shared_policy() -> impl Strategy<Value = Option<Value>> {
    let statements = (
        vec(foreign(), 0..4),
        ours(UID),
        ours(UID),
        any::<bool>(),
        any::<u64>(),
    );
    let document = (statements, any::<bool>()).prop_map(|(parts, with_header)| {
        let (mut statements, mine, again, repeat, seed) = parts;
        statements.extend(mine);
        if repeat {
            statements.extend(again);
        }
        Choices(seed).shuffle(&mut statements);
        if with_header {
            json!({"Version": "2008-10-17", "Id": "theirs", "Statement": statements})
        } else {
            json!({"Statement": statements})
        }
    });
    prop_oneof![1 => Just(None), 9 => document.prop_map(Some)]
}

pub(super) fn kept() -> impl Strategy<Value = BTreeSet<String>> {
    subsequence(&SIDS[..], 0..3).prop_map(|sids| sids.into_iter().map(str::to_owned).collect())
}
