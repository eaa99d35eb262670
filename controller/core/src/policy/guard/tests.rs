//! What is refused, and what is not.

use serde_json::json;

use super::*;
use crate::policy::ownership::owned_sid;

mod denial;
mod lockout;
mod public;

const UID: Uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
const OTHER: Uuid = Uuid::from_u128(0xfedc_ba98_7654_3210_0011_2233_4455_6677);
const HOME: &str = "appstream2-36fb080bb8-eu-west-1-123456789012";

fn context(bucket: &str) -> GuardContext {
    GuardContext {
        bucket: bucket.to_owned(),
        account: "123456789012".to_owned(),
        partition: "aws".to_owned(),
        caller_arn: "arn:aws:sts::123456789012:assumed-role/Keeper/i-0abc".to_owned(),
        uid: UID,
        clusters: None,
        grants: Vec::new(),
    }
}

/// A statement of ours on a bucket, an ordinary one but for the given elements (`null` leaves out).
fn statement(bucket: &str, elements: Value) -> Value {
    let mut statement = json!({
        "Sid": owned_sid(UID, "A"),
        "Effect": "Allow",
        "Principal": {"AWS": "210987654321"},
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": format!("arn:aws:s3:::{bucket}/*"),
    });
    let object = statement.as_object_mut().unwrap();
    for (key, value) in elements.as_object().unwrap() {
        if value.is_null() {
            object.remove(key);
        } else {
            object.insert(key.clone(), value.clone());
        }
    }
    statement
}

fn policy(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn prevent_deletion() -> Value {
    json!({"Sid": "PreventAccidentalDeletionOfBucket", "Effect": "Deny", "Principal": "*",
           "Action": "s3:DeleteBucket", "Resource": format!("arn:aws:s3:::{HOME}")})
}

fn rules(refusals: &[Refusal]) -> Vec<Rule> {
    refusals.iter().map(|refusal| refusal.rule).collect()
}

/// What is wrong with adding one statement of ours to the home bucket.
fn faults_of(elements: Value) -> Vec<Refusal> {
    let before = policy(vec![prevent_deletion()]);
    let after = policy(vec![prevent_deletion(), statement(HOME, elements)]);
    guard(Some(&before), &after, &context(HOME))
}

#[track_caller]
fn passes(name: &str, elements: Value) {
    assert_eq!(faults_of(elements), [], "{name}");
}

#[track_caller]
fn fails(name: &str, rule: Rule, elements: Value) {
    let refusals = faults_of(elements);
    assert!(!refusals.is_empty(), "{name}: nothing was refused");
    assert!(
        refusals.iter().all(|r| r.rule == rule),
        "{name}: {refusals:?}"
    );
    assert!(
        refusals.iter().all(|r| r.sid.as_deref() == Some("A")),
        "{name}: {refusals:?}"
    );
}

#[test]
fn resources_outside_the_bucket_are_refused() {
    for resource in [
        json!("*"),
        json!("arn:aws:s3:::*"),
        json!("arn:aws:s3:::other/*"),
        json!(format!("arn:aws:s3:::{HOME}-copy/*")),
        json!(format!("arn:aws-cn:s3:::{HOME}/*")),
        json!("arn:aws:s3:::{bucket}/*"),
        json!("arn:aws:s3:eu-west-1:123456789012:accesspoint/x"),
        json!([format!("arn:aws:s3:::{HOME}"), "arn:aws:s3:::other"]),
    ] {
        fails("positive", Rule::Resource, json!({"Resource": resource}));
        fails(
            "all but",
            Rule::Resource,
            json!({"Resource": null, "NotResource": resource}),
        );
    }
    for resource in ["", "/*", "/user/custom/*", "*"] {
        passes(
            resource,
            json!({"Resource": format!("arn:aws:s3:::{HOME}{resource}")}),
        );
    }
}

#[test]
fn a_statement_that_is_none_is_refused() {
    for elements in [
        json!({"Effect": null}),
        json!({"Principal": null}),
        json!({"Principal": {}}),
        json!({"Principal": {"AWS": []}}),
        json!({"Action": null}),
        json!({"Action": []}),
        json!({"Resource": null}),
        json!({"Conditions": {}}),
        json!({"NotPrincipal": "*"}),
    ] {
        fails(&elements.to_string(), Rule::Readable, elements.clone());
    }
}

#[test]
fn documents_that_are_no_policies_are_refused() {
    let good = policy(vec![statement(HOME, json!({}))]);
    for strange in [
        json!(null),
        json!([]),
        json!({"Version": "2012-10-17"}),
        json!({"Statement": "x"}),
        policy(vec![]),
    ] {
        assert_eq!(
            rules(&guard(None, &strange, &context(HOME))),
            [Rule::Readable],
            "{strange}"
        );
    }
    for strange in [json!(null), json!([good]), json!({"Statement": "x"})] {
        assert_eq!(
            rules(&guard(Some(&strange), &good, &context(HOME))),
            [Rule::Readable],
            "{strange}"
        );
    }
}

#[test]
fn what_the_write_does_not_change_is_not_judged_again() {
    // Somebody made it public, and the path is theirs (`ignore`): our other statement may go on.
    let public = statement(HOME, json!({"Principal": "*"}));
    let foreign = json!({"Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"});
    let before = policy(vec![public.clone(), foreign.clone()]);
    let new = statement(HOME, json!({"Sid": owned_sid(UID, "B")}));
    let after = policy(vec![public, foreign, new]);
    assert_eq!(guard(Some(&before), &after, &context(HOME)), []);
}

#[test]
fn what_is_not_ours_must_stay_as_it_is() {
    let theirs = json!({"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "210987654321"},
                        "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{HOME}/*")});
    let mut of_other_environment = theirs.clone();
    of_other_environment["Sid"] = json!(owned_sid(OTHER, "A"));
    let mut edited = theirs.clone();
    edited["Action"] = json!(["s3:GetObject"]);
    let before = policy(vec![theirs.clone(), of_other_environment.clone()]);
    let check = |name: &str, after: Vec<Value>, expected: &[Rule]| {
        let refusals = guard(Some(&before), &policy(after), &context(HOME));
        assert_eq!(rules(&refusals), expected, "{name}: {refusals:?}");
    };
    let (a, b) = (theirs, of_other_environment);
    let foreign = Rule::ForeignStatements;
    check("kept", vec![a.clone(), b.clone()], &[]);
    check("lost", vec![b.clone()], &[foreign]);
    check("another environment's lost", vec![a.clone()], &[foreign]);
    check("reworded", vec![edited, b.clone()], &[foreign, foreign]);
    check("swapped", vec![b.clone(), a.clone()], &[foreign]);
    check("doubled", vec![a.clone(), a.clone(), b.clone()], &[foreign]);
    check(
        "with ours between",
        vec![a, statement(HOME, json!({})), b],
        &[],
    );
}

#[test]
fn the_protection_of_the_bucket_must_stay() {
    let before = policy(vec![prevent_deletion()]);
    let lost = policy(vec![statement(HOME, json!({}))]);
    let refusals = guard(Some(&before), &lost, &context(HOME));
    assert_eq!(rules(&refusals), [Rule::PreventAccidentalDeletion]);
    assert_eq!(
        refusals[0].to_string(),
        "statement PreventAccidentalDeletionOfBucket: AppStream's protection of the bucket would \
         be lost or changed"
    );
}

#[test]
fn the_header_must_stay() {
    let ours = statement(HOME, json!({}));
    let with = |header: Value| {
        let mut policy = header;
        policy["Statement"] = json!([ours]);
        policy
    };
    let old = with(json!({"Version": "2008-10-17", "Id": "x"}));
    let none = with(json!({}));
    let new = with(json!({"Version": "2012-10-17"}));
    let check =
        |before: Option<&Value>, after: &Value| rules(&guard(before, after, &context(HOME)));
    assert_eq!(check(Some(&old), &old), []);
    assert_eq!(check(Some(&none), &none), []);
    assert_eq!(check(None, &new), []);
    assert_eq!(check(Some(&old), &new), [Rule::Header]);
    assert_eq!(check(Some(&none), &new), [Rule::Header]);
    assert_eq!(check(None, &old), [Rule::Header]);
    assert_eq!(check(None, &none), [Rule::Header]);
}

#[test]
fn a_variable_is_refused_where_it_would_be_taken_literally() {
    let ours = [
        statement(
            HOME,
            json!({"Resource": format!("arn:aws:s3:::{HOME}/user/${{aws:PrincipalTag/who}}/*")}),
        ),
        statement(
            HOME,
            json!({"Condition": {"StringEquals": {"s3:prefix": "${aws:userid}"}}}),
        ),
    ];
    for ours in ours {
        for (version, expected) in [
            (json!({"Version": "2012-10-17"}), vec![]),
            (json!({"Version": "2008-10-17"}), vec![Rule::Variables]),
            (json!({}), vec![Rule::Variables]),
        ] {
            let mut before = version.clone();
            before["Statement"] = json!([]);
            let mut after = version;
            after["Statement"] = json!([ours]);
            assert_eq!(
                rules(&guard(Some(&before), &after, &context(HOME))),
                expected
            );
        }
    }
}

#[test]
fn a_policy_over_20_kb_is_refused() {
    let of_length = |bytes: usize| {
        let base = policy(vec![statement(
            HOME,
            json!({"Resource": format!("arn:aws:s3:::{HOME}/")}),
        )]);
        let missing = bytes - base.to_string().len();
        let resource = format!("arn:aws:s3:::{HOME}/{}", "x".repeat(missing));
        policy(vec![statement(HOME, json!({"Resource": resource}))])
    };
    assert_eq!(guard(None, &of_length(20_480), &context(HOME)), []);
    let refusals = guard(None, &of_length(20_481), &context(HOME));
    assert_eq!(rules(&refusals), [Rule::Size]);
    assert!(
        refusals[0].message.contains("20481 bytes"),
        "{}",
        refusals[0].message
    );
}

#[test]
fn every_fault_is_reported_at_once() {
    let before = policy(vec![prevent_deletion()]);
    let after = policy(vec![
        statement("other", json!({"Principal": "*"})),
        statement(
            HOME,
            json!({"Sid": owned_sid(UID, "B"), "Effect": "Deny", "Principal": "*", "Action": "*"}),
        ),
    ]);
    let found: BTreeSet<Rule> = rules(&guard(Some(&before), &after, &context(HOME)))
        .into_iter()
        .collect();
    assert_eq!(
        found,
        BTreeSet::from([
            Rule::PreventAccidentalDeletion,
            Rule::Resource,
            Rule::Public,
            Rule::LockOut
        ])
    );
}
