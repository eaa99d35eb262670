//! Meddles with a policy in ways that may or may not change its meaning, and asks the evaluator.

use std::cell::Cell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use super::evaluator::{Decision, Request, decide};
use super::generate::{Choices, policy};
use super::{config, equivalent};

/// How often a policy is meddled with: seldom enough that many pairs stay equivalent.
const MEDDLINGS: usize = 3;

/// Requests made of each pair.
const REQUESTS: usize = 24;

#[test]
fn what_is_called_equivalent_decides_alike() {
    let (equal, rewritten, allowed, denied) = (counter(), counter(), counter(), counter());
    let (unequal, told_apart) = (counter(), counter());
    let config = ProptestConfig {
        failure_persistence: None,
        ..config(2_000)
    };
    let cases = config.cases;
    TestRunner::new(config)
        .run(&(policy(), any::<u64>()), |(a, seed)| {
            let mut choices = Choices(seed);
            let mut b = a.clone();
            for _ in 0..MEDDLINGS {
                meddle(&mut b, &mut choices);
            }
            let is_equal = equivalent(&a, &b);
            count(if is_equal { &equal } else { &unequal }, true);
            count(&rewritten, is_equal && a != b);
            let mut differs = false;
            for _ in 0..REQUESTS {
                let request = request(&mut choices);
                let (one, other) = (decide(&a, &request), decide(&b, &request));
                prop_assert!(one == other || !is_equal, "{request:?}: {a} and {b}");
                differs |= one != other;
                count(&allowed, is_equal && one == Decision::Allow);
                count(&denied, is_equal && one == Decision::Deny);
            }
            count(&told_apart, differs);
            Ok(())
        })
        .unwrap();
    println!(
        "{} equal ({} in other words, {} allowed, {} denied), {} unequal, {} of them told apart",
        equal.get(),
        rewritten.get(),
        allowed.get(),
        denied.get(),
        unequal.get(),
        told_apart.get()
    );
    // An evaluator that says the same to everything would agree with everybody.
    let share = |counter: &Cell<u32>| f64::from(counter.get()) / f64::from(cases);
    for (what, counter, at_least) in [
        ("equal in other words", &rewritten, 0.2),
        ("allowed", &allowed, 0.2),
        ("denied", &denied, 0.2),
        ("told apart", &told_apart, 0.1),
    ] {
        assert!(
            cases < 1_000 || share(counter) > at_least,
            "{what}: {}",
            counter.get()
        );
    }
}

fn counter() -> Cell<u32> {
    Cell::new(0)
}

fn count(counter: &Cell<u32>, yes: bool) {
    counter.set(counter.get() + u32::from(yes));
}

/// A request by somebody the generated policies may name.
fn request(choices: &mut Choices) -> Request {
    let (account, names) = match choices.next(6) {
        0 => (
            Some("111122223333"),
            vec![
                ("AWS", "arn:aws:iam::111122223333:role/x"),
                ("AWS", "AROAEXAMPLEID1234567"),
            ],
        ),
        1 => (
            Some("111122223333"),
            vec![("AWS", "arn:aws:iam::111122223333:role/X")],
        ),
        2 => (
            Some("222233334444"),
            vec![("AWS", "arn:aws:iam::222233334444:user/u")],
        ),
        3 => (Some("333344445555"), vec![]),
        4 => (None, vec![("Service", "appstream.amazonaws.com")]),
        _ => (None, vec![]),
    };
    let mut pick = |from: &[&'static str]| from[choices.next(from.len())];
    let action = pick(&[
        "s3:GetObject",
        "s3:PutObject",
        "s3:ListBucket",
        "s3:DeleteObject",
    ]);
    let resource = pick(&[
        "arn:aws:s3:::b",
        "arn:aws:s3:::b/x",
        "arn:aws:s3:::b/user/x",
        "arn:aws:s3:::B",
    ]);
    let mut context = BTreeMap::new();
    for (key, values) in [
        (
            "aws:principalarn",
            &["x", "y", "arn:aws:iam::111122223333:role/x"][..],
        ),
        ("s3:prefix", &["x", "X", "true"][..]),
        ("aws:sourcevpce", &["x", "y"][..]),
        ("s3:signatureage", &["0", "1", "0.5", "1000", "2"][..]),
        ("s3:max-keys", &["0", "1", "1000"][..]),
    ] {
        let value = pick(values);
        context.insert(key.to_owned(), vec![value.to_owned()]);
    }
    // Some requests lack some keys.
    context.retain(|_, _| choices.next(4) > 0);
    Request {
        account,
        names,
        action,
        resource,
        context,
    }
}

/// Does one thing to one place, without asking whether it matters.
fn meddle(policy: &mut Value, choices: &mut Choices) {
    match choices.next(8) {
        0 => {
            policy.as_object_mut().unwrap().remove("Version");
        }
        1 => policy["Version"] = json!(["2012-10-17", "2008-10-17"][choices.next(2)]),
        _ => {
            let statements = policy["Statement"].as_array_mut().unwrap();
            let at = choices.next(statements.len());
            match choices.next(12) {
                0 => choices.shuffle(statements),
                1 => {
                    let again = statements[at].clone();
                    statements.push(again);
                }
                _ => meddle_statement(statements[at].as_object_mut().unwrap(), choices),
            }
        }
    }
}

fn meddle_statement(statement: &mut Map<String, Value>, choices: &mut Choices) {
    let keys: Vec<String> = statement.keys().cloned().collect();
    let key = &keys[choices.next(keys.len())];
    match choices.next(10) {
        0 => {
            let value = statement.remove(key).unwrap();
            let twin = match key.strip_prefix("Not") {
                Some(positive) => positive.to_owned(),
                None => format!("Not{key}"),
            };
            statement.insert(twin, value);
        }
        1 if statement.get("Condition") == Some(&json!({})) => {
            statement.remove("Condition");
        }
        2 if key.ends_with("Principal") => {
            statement.insert(key.clone(), json!({"AWS": "*"}));
        }
        3 if key.ends_with("Principal") => {
            statement.insert(key.clone(), json!("*"));
        }
        _ => meddle_value(&mut statement[key], choices),
    }
}

fn meddle_value(value: &mut Value, choices: &mut Choices) {
    match value {
        Value::String(text) => *value = meddled(text, choices),
        Value::Array(items) if items.is_empty() => {}
        Value::Array(items) => match choices.next(8) {
            0..=2 => choices.shuffle(items),
            3 => {
                let again = items[choices.next(items.len())].clone();
                items.push(again);
            }
            4 if items.len() == 1 => *value = items[0].clone(),
            5 => {
                items.pop();
            }
            _ => {
                let at = choices.next(items.len());
                meddle_value(&mut items[at], choices);
            }
        },
        Value::Object(members) if members.is_empty() => {}
        Value::Object(members) => {
            let keys: Vec<String> = members.keys().cloned().collect();
            let key = &keys[choices.next(keys.len())];
            if choices.next(3) == 0 {
                let member = members.remove(key).unwrap();
                members.insert(recased(key, choices), member);
            } else {
                meddle_value(&mut members[key], choices);
            }
        }
        Value::Bool(flag) => *value = json!(flag.to_string()),
        Value::Number(number) => *value = json!(number.to_string()),
        Value::Null => {}
    }
}

fn meddled(text: &str, choices: &mut Choices) -> Value {
    let root = |account: &str| format!("arn:aws:iam::{account}:root");
    match choices.next(8) {
        0 => json!(text.to_uppercase()),
        1 => json!(text.to_lowercase()),
        2 => json!([text]),
        3 => match text
            .strip_prefix("arn:aws:iam::")
            .and_then(|rest| rest.strip_suffix(":root"))
        {
            Some(account) => json!(account),
            None if text.len() == 12 => json!(root(text)),
            None => json!(text),
        },
        4 => text
            .parse::<f64>()
            .map_or_else(|_| json!(text), |number| json!(number)),
        5 if text.parse::<f64>().is_ok() => json!(format!("0{text}")),
        6 => json!(format!("{text}*")),
        _ => json!(text.replace("arn:aws:iam::111122223333:role/x", "AROAEXAMPLEID1234567")),
    }
}

fn recased(key: &str, choices: &mut Choices) -> String {
    match choices.next(3) {
        0 => key.to_lowercase(),
        1 => format!("{key}IfExists"),
        _ => key.to_owned(),
    }
}
