//! A table of pairs, and whether they mean the same: what S3 rewrites, and what others get wrong.
//!
//! `pairs.json` is data, so that other implementations can be held against it. `elsewhere` is what
//! `hashicorp/awspolicyequivalence` 1.7.0 answers, where that is not our answer.

use serde_json::Value;

use super::{equivalent, statements_equivalent};

struct Pair {
    name: String,
    a: Value,
    b: Value,
    equal: bool,
    elsewhere: Option<String>,
}

fn pairs() -> Vec<Pair> {
    let rows: Vec<Value> = serde_json::from_str(include_str!("pairs.json")).unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    rows.into_iter()
        .map(|row| Pair {
            name: text(&row["name"]).unwrap(),
            a: row["a"].clone(),
            b: row["b"].clone(),
            equal: row["equal"].as_bool().unwrap(),
            elsewhere: text(&row["elsewhere"]),
        })
        .collect()
}

#[test]
fn each_pair_has_its_verdict_in_both_directions() {
    for Pair {
        name, a, b, equal, ..
    } in pairs()
    {
        assert_eq!(equivalent(&a, &b), equal, "{name}");
        assert_eq!(equivalent(&b, &a), equal, "{name}, swapped");
        assert!(
            equivalent(&a, &a) && equivalent(&b, &b),
            "{name}, to itself"
        );
        if a.get("Version") == b.get("Version")
            && let (Some(a), Some(b)) = (a["Statement"].get(0), b["Statement"].get(0))
        {
            assert_eq!(statements_equivalent(a, b), equal, "{name}, as statements");
        }
    }
}

#[test]
fn the_table_has_false_equals_and_false_differences_of_others() {
    let elsewhere = |says: &str| {
        let pairs = pairs();
        let rows = pairs
            .iter()
            .filter(|pair| pair.elsewhere.as_deref() == Some(says));
        rows.inspect(|pair| assert_eq!(pair.equal, says == "different", "{}", pair.name))
            .count()
    };
    assert!(elsewhere("equal") >= 6);
    assert!(elsewhere("different") >= 9);
}

#[test]
fn equality_carries_over_from_one_pair_to_the_next() {
    let policies: Vec<Value> = pairs()
        .into_iter()
        .flat_map(|pair| [pair.a, pair.b])
        .collect();
    super::properties::assert_transitive(&policies);
}
