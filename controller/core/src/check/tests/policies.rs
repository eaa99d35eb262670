//! Of a bucket's policy only our statements change, and nobody is let in.

use super::*;

fn theirs() -> Value {
    json!({
        "Sid": "PreventAccidentalDeletionOfBucket", "Effect": "Deny", "Principal": "*",
        "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::shared-data"
    })
}

fn ours(principal: Value) -> Value {
    json!({
        "Sid": sid("A"), "Effect": "Allow", "Principal": principal, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::shared-data/*"
    })
}

fn role() -> Value {
    json!({"AWS": "arn:aws:iam::123456789012:role/nodes"})
}

fn document(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn shared() -> Case {
    let mut case = complete();
    let seen = bucket("shared-data", json!([theirs()]));
    case.observed.buckets.insert("shared-data".to_owned(), seen);
    case
}

fn put(base: Value, document: Value) -> Action {
    Action::PutBucketPolicy {
        bucket: "shared-data".to_owned(),
        base: Some(base),
        document,
    }
}

#[test]
fn a_policy_is_written_only_over_the_one_that_was_seen() {
    let after = document(json!([theirs(), ours(role())]));
    let good = put(document(json!([theirs()])), after.clone());
    assert!(broken(&shared(), vec![good.clone()]).is_empty());
    let base = document(json!([theirs(), ours(json!({"AWS": "123456789012"}))]));
    assert_eq!(broken(&shared(), vec![put(base, after)]), [SEEN_POLICY]);
    // Nor on a bucket that was not seen at all.
    assert_eq!(
        broken(&complete(), vec![good]),
        [ONLY_OWN_OBJECTS, SEEN_POLICY]
    );
}

#[test]
fn statements_of_others_are_neither_dropped_nor_changed_nor_reordered() {
    let rule = "everybody else's statements stay as they are";
    let base = || document(json!([theirs()]));
    let mut edited = theirs();
    edited["Resource"] = json!("arn:aws:s3:::shared-data/*");
    for after in [
        json!([ours(role())]),
        json!([edited, ours(role())]),
        json!([theirs(), theirs(), ours(role())]),
    ] {
        let notes = broken(&shared(), vec![put(base(), document(after.clone()))]);
        assert!(notes.contains(&rule), "{after}: {notes:?}");
        // The guard rails see it too, and both have to be blind to let it through.
        assert_eq!(notes.len(), 2, "{after}: {notes:?}");
    }
    let delete = Action::DeleteBucketPolicy {
        bucket: "shared-data".to_owned(),
        base: Some(base()),
    };
    assert_eq!(broken(&shared(), vec![delete]), [rule]);
}

#[test]
fn no_policy_opens_the_bucket_to_everybody() {
    let after = document(json!([theirs(), ours(json!("*"))]));
    assert_eq!(
        broken(&shared(), vec![put(document(json!([theirs()])), after)]),
        ["no policy lets everybody in or locks out who must get in"]
    );
}
