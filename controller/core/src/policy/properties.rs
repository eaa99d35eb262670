//! Laws of comparing and merging, on generated policies with a fixed seed; see `generated.rs` for
//! how to choose another one, and more cases.
//!
//! A generated policy is reworded (in ways S3 and people do, without changing its meaning) or
//! changed (in one thing that matters): the verdict must follow the meaning.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use self::generate::{
    CHANGES, Choices, change, foreign, hostile, json_value, kept, ours, policy, reword,
    shared_policy,
};
use super::*;
use crate::generated;

mod evaluator;
mod generate;
mod meddle;

const UID: Uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
const OTHER: Uuid = Uuid::from_u128(0xfedc_ba98_7654_3210_0011_2233_4455_6677);
const SIDS: [&str; 5] = ["A", "B", "C", "D", "E"];

const SEED: u64 = 20_260_923;

fn config(cases: u32) -> ProptestConfig {
    generated::config(SEED, cases)
}

/// Asserts that what is equal to one policy is equal to all that are.
pub(super) fn assert_transitive(policies: &[Value]) {
    let equal: Vec<Vec<bool>> = policies
        .iter()
        .map(|a| policies.iter().map(|b| equivalent(a, b)).collect())
        .collect();
    for (a, row) in equal.iter().enumerate() {
        for b in (0..row.len()).filter(|&b| row[b]) {
            assert_eq!(
                row, &equal[b],
                "{} equals {}, and not the same others",
                policies[a], policies[b]
            );
        }
    }
}

fn user_sids(statements: &[Value], keep: &BTreeSet<String>) -> Vec<Value> {
    statements
        .iter()
        .filter(|statement| {
            statement["Sid"]
                .as_str()
                .and_then(|sid| owned_user_sid(UID, sid))
                .is_some_and(|sid| keep.contains(sid))
        })
        .cloned()
        .collect()
}

fn context() -> GuardContext {
    GuardContext {
        bucket: "b".to_owned(),
        account: "111122223333".to_owned(),
        partition: "aws".to_owned(),
        caller_arn: "arn:aws:sts::111122223333:assumed-role/Keeper/i-0abc".to_owned(),
        uid: UID,
        clusters: None,
        grants: Vec::new(),
    }
}

fn header(policy: &Value) -> Map<String, Value> {
    let mut header = policy.as_object().unwrap().clone();
    header.remove("Statement");
    header
}

proptest! {
    // Most pairs differ in one place out of many, so that few cases would see few places.
    #![proptest_config(config(10_000))]

    #[test]
    fn rewording_never_changes_the_verdict(policy in policy(), seed: u64) {
        let reworded = reword(&policy, &mut Choices(seed));
        prop_assert!(equivalent(&policy, &reworded), "{policy} and {reworded}");
        prop_assert!(equivalent(&reworded, &policy));
    }

    #[test]
    fn one_real_change_always_shows(policy in policy(), kind in 0..CHANGES, seed: u64) {
        let mut choices = Choices(seed);
        let changed = change(&policy, kind, &mut choices);
        let reworded = reword(&changed, &mut choices);
        prop_assert!(!equivalent(&policy, &reworded), "change {kind}: {policy} and {reworded}");
        prop_assert!(!equivalent(&reworded, &policy));
    }
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn equality_carries_over(statements in vec(hostile(), 2..12)) {
        let policies: Vec<Value> = statements
            .iter()
            .flat_map(|one| [json!({"Statement": one}), json!({"Statement": [one]})])
            .collect();
        assert_transitive(&policies);
    }

    #[test]
    fn whatever_the_text_reading_does_not_panic(text in r#"[-0-9eE.+"\\\[\]{},: ]{0,40}"#) {
        let Ok(read) = read(&text) else { return Ok(()) };
        // What was read is what was written: its text is read again as the same.
        prop_assert_eq!(super::read(&read.to_string()).ok(), Some(read));
    }

    #[test]
    fn whatever_the_json_nothing_panics_and_all_is_equal_to_itself(
        a in json_value(), b in json_value(), desired in ours(UID),
    ) {
        prop_assert!(equivalent(&a, &a.clone()));
        prop_assert_eq!(equivalent(&a, &b), equivalent(&b, &a));
        prop_assert_eq!(statements_equivalent(&a, &b), statements_equivalent(&b, &a));
        let _ = compare(UID, Some(&a), &desired);
        let _ = merge(UID, Some(&a), &desired, &BTreeSet::new());
        let _ = foreign_statements(UID, Some(&a));
    }

    #[test]
    fn after_a_merge_nothing_differs_but_what_is_kept(
        before in shared_policy(), desired in ours(UID), keep in kept(),
    ) {
        let after = merge(UID, before.as_ref(), &desired, &keep).unwrap();
        for difference in compare(UID, after.as_ref(), &desired) {
            prop_assert!(keep.contains(&difference.sid), "{difference:?}");
        }
    }

    #[test]
    fn a_second_merge_changes_nothing(
        before in shared_policy(), desired in ours(UID), keep in kept(),
    ) {
        let once = merge(UID, before.as_ref(), &desired, &keep).unwrap();
        let twice = merge(UID, once.as_ref(), &desired, &keep).unwrap();
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn a_merge_changes_the_meaning_exactly_when_something_differs(
        before in shared_policy(), desired in ours(UID),
    ) {
        let after = merge(UID, before.as_ref(), &desired, &BTreeSet::new()).unwrap();
        let same = match (&before, &after) {
            (Some(before), Some(after)) => equivalent(before, after),
            (before, after) => before == after,
        };
        prop_assert_eq!(same, compare(UID, before.as_ref(), &desired).is_empty());
    }

    #[test]
    fn what_is_not_ours_survives_any_merge_byte_for_byte(
        before in shared_policy(), desired in ours(UID), keep in kept(),
    ) {
        let after = merge(UID, before.as_ref(), &desired, &keep).unwrap();
        let bytes = |policy: &Option<Value>| {
            let foreign = foreign_statements(UID, policy.as_ref());
            serde_json::to_string(&foreign).unwrap()
        };
        prop_assert_eq!(bytes(&before), bytes(&after));
        if let (Some(before), Some(after)) = (&before, &after) {
            prop_assert_eq!(header(before), header(after));
            prop_assert_eq!(
                user_sids(before["Statement"].as_array().unwrap(), &keep),
                user_sids(after["Statement"].as_array().unwrap(), &keep)
            );
        }
    }

    #[test]
    fn what_is_not_ours_has_no_part_in_the_comparison(
        before in shared_policy(), others in vec(foreign(), 0..4), desired in ours(UID),
    ) {
        let mut with_others = before.clone().unwrap_or_else(|| json!({"Statement": []}));
        with_others["Statement"].as_array_mut().unwrap().splice(0..0, others);
        prop_assert_eq!(
            compare(UID, before.as_ref(), &desired),
            compare(UID, Some(&with_others), &desired)
        );
    }

    #[test]
    fn the_order_of_desired_statements_decides_nothing(
        before in shared_policy(), desired in ours(UID), seed: u64,
    ) {
        let mut shuffled = desired.clone();
        Choices(seed).shuffle(&mut shuffled);
        prop_assert_eq!(
            compare(UID, before.as_ref(), &desired),
            compare(UID, before.as_ref(), &shuffled)
        );
        let a = merge(UID, before.as_ref(), &desired, &BTreeSet::new()).unwrap();
        let b = merge(UID, before.as_ref(), &shuffled, &BTreeSet::new()).unwrap();
        let none = Value::Null;
        prop_assert!(equivalent(a.as_ref().unwrap_or(&none), b.as_ref().unwrap_or(&none)));
    }

    #[test]
    fn removing_all_of_ours_from_a_policy_of_ours_alone_leaves_none(mine in ours(UID)) {
        let built = merge(UID, None, &mine, &BTreeSet::new()).unwrap();
        prop_assert_eq!(built.is_none(), mine.is_empty());
        prop_assert_eq!(merge(UID, built.as_ref(), &[], &BTreeSet::new()).unwrap(), None);
    }

    #[test]
    fn environments_on_one_bucket_come_to_the_same_in_either_order(
        before in shared_policy(), mine in ours(UID), theirs in ours(OTHER),
    ) {
        let none = BTreeSet::new();
        let put = |uid, policy: Option<&Value>, desired: &[Value]| {
            merge(uid, policy, desired, &none).unwrap()
        };
        let a = put(OTHER, put(UID, before.as_ref(), &mine).as_ref(), &theirs);
        let b = put(UID, put(OTHER, before.as_ref(), &theirs).as_ref(), &mine);
        // The header may differ: a policy that was empty in between began anew.
        let body = |policy: Option<Value>| {
            json!({"Statement": policy.map_or(json!([]), |policy| policy["Statement"].clone())})
        };
        prop_assert!(equivalent(&body(a), &body(b)));
    }

    #[test]
    fn a_merge_never_breaks_a_rule_about_what_is_not_ours(
        before in shared_policy(), desired in ours(UID), keep in kept(),
    ) {
        if let Some(after) = merge(UID, before.as_ref(), &desired, &keep).unwrap()
            && after["Statement"] != json!([])
        {
            for refusal in guard(before.as_ref(), &after, &context()) {
                prop_assert!(
                    matches!(refusal.rule, Rule::Public | Rule::LockOut | Rule::Variables),
                    "{refusal:?}"
                );
            }
        }
    }

    #[test]
    fn a_document_that_touches_what_is_not_ours_is_always_refused(
        others in vec(foreign(), 1..4), desired in ours(UID), kind in 0..4_usize, seed: u64,
    ) {
        let before = json!({"Version": "2012-10-17", "Statement": others});
        let merged = merge(UID, Some(&before), &desired, &BTreeSet::new()).unwrap().unwrap();
        let mut after = merged.clone();
        let statements = after["Statement"].as_array_mut().unwrap();
        let at = Choices(seed).next(others.len());
        match kind {
            0 => {
                statements.remove(at);
            }
            1 => statements[at] = json!({"Sid": "Tampered"}),
            2 => statements.push(json!({"Sid": "Smuggled"})),
            _ => {
                let last = others.len() - 1;
                statements.swap(at, last);
            }
        }
        let touched = foreign_statements(UID, Some(&after)) != foreign_statements(UID, Some(&before));
        let refused = guard(Some(&before), &after, &context()).iter().any(|refusal| {
            matches!(
                refusal.rule,
                Rule::ForeignStatements | Rule::PreventAccidentalDeletion | Rule::Readable
            )
        });
        // Swapping equals changes nothing; all else does.
        prop_assert!(touched || kind == 3);
        prop_assert!(refused || !touched, "{before} to {after}");
    }

    #[test]
    fn the_guard_judges_any_json_without_a_panic(a in json_value(), b in json_value()) {
        let _ = guard(Some(&a), &b, &context());
        let statement = json!({"Sid": owned_sid(UID, "A"), "Effect": "Deny", "Principal": a,
                               "Action": b, "Resource": "*", "Condition": a});
        let _ = guard(None, &json!({"Version": "2012-10-17", "Statement": [statement, b]}), &context());
    }

    #[test]
    fn the_verdict_of_the_guard_follows_the_meaning(policy in policy(), seed: u64) {
        let reworded = reword(&policy, &mut Choices(seed));
        let verdict = |policy: &Value| -> BTreeSet<(Option<String>, Rule, String)> {
            guard(None, policy, &context())
                .into_iter()
                .map(|refusal| (refusal.sid, refusal.rule, refusal.message))
                .filter(|(_, rule, _)| !matches!(rule, Rule::Header | Rule::ForeignStatements))
                .collect()
        };
        prop_assert_eq!(verdict(&policy), verdict(&reworded));
    }
}
