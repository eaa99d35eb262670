//! Documents before and after, by example.

use serde_json::json;

use super::*;
use crate::policy::Identities;
use crate::policy::ownership::owned_sid;

const UID: Uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
const OTHER: Uuid = Uuid::from_u128(0xfedc_ba98_7654_3210_0011_2233_4455_6677);

fn keep_none() -> BTreeSet<String> {
    BTreeSet::new()
}

fn ours(uid: Uuid, sid: &str, action: &str) -> Value {
    json!({"Sid": owned_sid(uid, sid), "Effect": "Allow", "Principal": {"AWS": "111122223333"},
           "Action": action, "Resource": "arn:aws:s3:::b/*"})
}

/// The statement AppStream itself puts on a home bucket.
fn prevent_deletion() -> Value {
    json!({"Sid": "PreventAccidentalDeletionOfBucket", "Effect": "Deny", "Principal": "*",
           "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::b"})
}

fn policy(statements: Vec<Value>) -> Value {
    json!({"Version": "2008-10-17", "Id": "theirs", "Statement": statements})
}

#[test]
fn a_bucket_without_a_policy_gets_one_of_the_current_version() {
    let desired = [ours(UID, "A", "s3:GetObject")];
    assert_eq!(
        merge(UID, None, &desired, &keep_none()),
        Ok(Some(json!({"Version": "2012-10-17", "Statement": desired})))
    );
    assert_eq!(merge(UID, None, &[], &keep_none()), Ok(None));
}

#[test]
fn ours_are_added_replaced_in_place_and_removed_and_the_rest_stays() {
    let before = policy(vec![
        ours(UID, "Gone", "s3:GetObject"),
        prevent_deletion(),
        ours(UID, "Changed", "s3:PutObject"),
        ours(OTHER, "Changed", "s3:PutObject"),
    ]);
    let desired = [
        ours(UID, "New", "s3:ListBucket"),
        ours(UID, "Changed", "s3:GetObject"),
    ];
    assert_eq!(
        merge(UID, Some(&before), &desired, &keep_none()),
        Ok(Some(policy(vec![
            prevent_deletion(),
            ours(UID, "Changed", "s3:GetObject"),
            ours(OTHER, "Changed", "s3:PutObject"),
            ours(UID, "New", "s3:ListBucket"),
        ])))
    );
    let differences = compare(UID, Some(&before), &desired);
    let summary: Vec<_> = differences
        .iter()
        .map(|d| (d.sid.as_str(), d.desired.is_some(), d.observed.is_some()))
        .collect();
    assert_eq!(
        summary,
        [
            ("Changed", true, true),
            ("Gone", false, true),
            ("New", true, false)
        ]
    );
}

#[test]
fn a_statement_that_s3_only_reworded_stays_as_s3_has_it() {
    let mut reworded = ours(UID, "A", "s3:GetObject");
    reworded["Principal"] = json!({"AWS": ["arn:aws:iam::111122223333:root"]});
    let before = policy(vec![reworded]);
    let desired = [ours(UID, "A", "s3:GetObject")];
    assert_eq!(compare(UID, Some(&before), &desired), []);
    assert_eq!(
        merge(UID, Some(&before), &desired, &keep_none()),
        Ok(Some(before))
    );
}

#[test]
fn a_policy_of_one_statement_that_is_no_list_is_read_and_kept() {
    let before = json!({"Statement": prevent_deletion()});
    assert_eq!(
        merge(UID, Some(&before), &[], &keep_none()),
        Ok(Some(before.clone()))
    );
    let desired = [ours(UID, "A", "s3:GetObject")];
    assert_eq!(
        merge(UID, Some(&before), &desired, &keep_none()),
        Ok(Some(json!({"Statement": [prevent_deletion(), desired[0]]})))
    );
}

#[test]
fn what_somebody_else_owns_stays_there_or_not() {
    let before = policy(vec![ours(UID, "Theirs", "s3:*"), ours(UID, "Left", "s3:*")]);
    let desired = [
        ours(UID, "Theirs", "s3:GetObject"),
        ours(UID, "Absent", "s3:GetObject"),
    ];
    let keep = BTreeSet::from(["Theirs".to_owned(), "Left".to_owned(), "Absent".to_owned()]);
    assert_eq!(merge(UID, Some(&before), &desired, &keep), Ok(Some(before)));
}

#[test]
fn the_policy_goes_when_only_ours_were_in_it() {
    let before = policy(vec![ours(UID, "A", "s3:GetObject"), ours(UID, "B", "s3:*")]);
    assert_eq!(merge(UID, Some(&before), &[], &keep_none()), Ok(None));
}

#[test]
fn a_policy_that_was_empty_before_is_not_ours_to_delete() {
    for before in [
        json!({"Statement": []}),
        json!({"Version": "2012-10-17"}),
        json!({}),
    ] {
        assert_eq!(
            merge(UID, Some(&before), &[], &keep_none()),
            Ok(Some(before.clone()))
        );
    }
}

#[test]
fn two_environments_on_one_bucket_never_touch_each_other() {
    let mine = [ours(UID, "Nodes", "s3:GetObject")];
    let theirs = [ours(OTHER, "Nodes", "s3:PutObject")];
    let first = merge(UID, None, &mine, &keep_none()).unwrap().unwrap();
    let both = merge(OTHER, Some(&first), &theirs, &keep_none())
        .unwrap()
        .unwrap();
    assert_eq!(both["Statement"], json!([mine[0], theirs[0]]));
    assert_eq!(compare(UID, Some(&both), &mine), []);
    assert_eq!(compare(OTHER, Some(&both), &theirs), []);

    let without_me = merge(UID, Some(&both), &[], &keep_none()).unwrap().unwrap();
    assert_eq!(without_me["Statement"], json!([theirs[0]]));
    assert_eq!(merge(OTHER, Some(&without_me), &[], &keep_none()), Ok(None));
}

#[test]
fn a_repeated_sid_of_ours_is_reduced_to_one() {
    let right = ours(UID, "A", "s3:GetObject");
    let wrong = ours(UID, "A", "s3:*");
    let desired = [right.clone()];
    for repeated in [
        vec![right.clone(), wrong.clone()],
        vec![wrong.clone(), right.clone()],
        vec![wrong.clone(), wrong.clone()],
    ] {
        let before = policy(repeated.clone());
        let differences = compare(UID, Some(&before), &desired);
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0].observed, Some(Value::Array(repeated)));
        assert_eq!(
            merge(UID, Some(&before), &desired, &keep_none()),
            Ok(Some(policy(desired.to_vec())))
        );
    }
}

#[test]
fn a_repeated_sid_of_somebody_else_is_their_business() {
    let theirs = vec![
        prevent_deletion(),
        prevent_deletion(),
        json!({"Sid": 7}),
        json!("odd"),
    ];
    let mut with_ours = theirs.clone();
    with_ours.push(ours(UID, "A", "s3:GetObject"));
    assert_eq!(
        merge(
            UID,
            Some(&policy(theirs)),
            &[ours(UID, "A", "s3:GetObject")],
            &keep_none()
        ),
        Ok(Some(policy(with_ours)))
    );
}

#[test]
fn an_edited_statement_that_is_no_longer_understood_is_put_right() {
    let mut edited = ours(UID, "A", "s3:GetObject");
    edited["Conditions"] = json!({});
    let before = policy(vec![edited.clone()]);
    let desired = [ours(UID, "A", "s3:GetObject")];
    assert_eq!(
        compare(UID, Some(&before), &desired)[0].observed,
        Some(edited)
    );
    assert_eq!(
        merge(UID, Some(&before), &desired, &keep_none()),
        Ok(Some(policy(desired.to_vec())))
    );
}

#[test]
fn a_policy_that_cannot_be_read_is_an_error_and_has_none_of_ours() {
    let desired = [ours(UID, "A", "s3:GetObject")];
    for (before, error) in [
        (json!("x"), MergeError::PolicyNotAnObject),
        (json!(null), MergeError::PolicyNotAnObject),
        (json!([policy(vec![])]), MergeError::PolicyNotAnObject),
        (json!({"Statement": null}), MergeError::StatementNotAList),
        (json!({"Statement": "x"}), MergeError::StatementNotAList),
    ] {
        assert_eq!(
            merge(UID, Some(&before), &desired, &keep_none()),
            Err(error)
        );
        assert_eq!(compare(UID, Some(&before), &desired)[0].observed, None);
    }
}

#[test]
fn a_desired_statement_must_be_ours_and_there_once() {
    let a = ours(UID, "A", "s3:GetObject");
    let foreign = [a.clone(), prevent_deletion()];
    assert_eq!(
        merge(UID, None, &foreign, &keep_none()),
        Err(MergeError::DesiredNotOwned { position: 2 })
    );
    // It is reported too, so that nobody takes silence for "all is well".
    let policy_with_it = policy(vec![a.clone(), prevent_deletion()]);
    assert_eq!(compare(UID, Some(&policy_with_it), &foreign).len(), 1);
    let twice = [a.clone(), a];
    assert_eq!(
        merge(UID, None, &twice, &keep_none()),
        Err(MergeError::DesiredTwice {
            sid: "A".to_owned()
        })
    );
}

#[test]
fn proof_of_an_identity_ends_a_phantom_difference() {
    let role = "arn:aws:iam::111122223333:role/x";
    let mut desired = ours(UID, "A", "s3:GetObject");
    desired["Principal"] = json!({"AWS": role});
    let mut shown = desired.clone();
    shown["Principal"] = json!({"AWS": "AROAEXAMPLEID1234567"});
    let before = policy(vec![shown]);
    let desired = [desired];
    let none = keep_none();
    assert_eq!(compare(UID, Some(&before), &desired).len(), 1);
    assert_ne!(
        merge(UID, Some(&before), &desired, &none),
        Ok(Some(before.clone()))
    );
    let proof = Identities::new([("AROAEXAMPLEID1234567".to_owned(), role.to_owned())]);
    let names = Names {
        identities: &proof,
        ..Names::default()
    };
    assert_eq!(compare_with(UID, Some(&before), &desired, names), []);
    // What S3 has stays in S3's words, even when another statement has to be written.
    assert_eq!(
        merge_with(UID, Some(&before), &desired, &none, names),
        Ok(Some(before.clone()))
    );
}

#[test]
fn a_statement_whose_variables_are_not_replaced_does_not_hold() {
    let mut own_folder = ours(UID, "A", "s3:GetObject");
    own_folder["Resource"] = json!("arn:aws:s3:::b/${aws:username}/*");
    let plain = ours(UID, "B", "s3:GetObject");
    let desired = [own_folder.clone(), plain.clone()];
    for (version, works) in [
        (json!("2012-10-17"), true),
        (json!("2008-10-17"), false),
        (json!(null), false),
    ] {
        let mut before = policy(vec![own_folder.clone(), plain.clone()]);
        before["Version"] = version.clone();
        if version.is_null() {
            before.as_object_mut().unwrap().remove("Version");
        }
        let found = compare(UID, Some(&before), &desired);
        let without_effect: Vec<_> = found.iter().map(|one| one.sid.as_str()).collect();
        assert_eq!(
            without_effect,
            if works { vec![] } else { vec!["A"] },
            "{version}"
        );
        for difference in &found {
            let why = difference.without_effect.as_deref().unwrap();
            assert!(why.contains("policy variable"), "{why}");
        }
        // Writing the same words again would not help, and the version is not ours to change.
        assert_eq!(
            merge(UID, Some(&before), &desired, &keep_none()),
            Ok(Some(before))
        );
    }
    // A statement that is to go simply goes.
    let old = policy(vec![own_folder]);
    assert_eq!(compare(UID, Some(&old), &[])[0].without_effect, None);
}
