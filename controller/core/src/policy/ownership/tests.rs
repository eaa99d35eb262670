//! Whose a statement is, and what a row's statements become.

use serde_json::json;

use super::*;

const UID: Uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
const OTHER: Uuid = Uuid::from_u128(0x0123_4567_89ab_cdee_0011_2233_4455_6677);

#[test]
fn a_sid_carries_the_first_16_digits_of_the_uid() {
    assert_eq!(owned_prefix(UID), "Streamkeeper0123456789abcdef");
    assert_eq!(owned_sid(UID, "Nodes"), "Streamkeeper0123456789abcdefNodes");
}

#[test]
fn a_sid_leads_back_to_the_users_own() {
    assert_eq!(owned_user_sid(UID, &owned_sid(UID, "Nodes")), Some("Nodes"));
    assert_eq!(owned_user_sid(UID, &owned_sid(OTHER, "Nodes")), None);
    assert_eq!(
        owned_user_sid(UID, "PreventAccidentalDeletionOfBucket"),
        None
    );
    // We never write a bare prefix, so it is somebody else's.
    assert_eq!(owned_user_sid(UID, &owned_prefix(UID)), None);
}

#[test]
fn only_our_shape_is_any_environments() {
    assert!(is_streamkeeper_sid(&owned_sid(UID, "Nodes")));
    for somebody_elses in [
        "",
        "Streamkeeper",
        "StreamkeeperReadersOfTheWholeBucket",
        "Streamkeeper0123456789abcdef",
        "Streamkeeper0123456789ABCDEFNodes",
        "streamkeeper0123456789abcdefNodes",
        "XStreamkeeper0123456789abcdefNodes",
        "Streamkeeper0123456789abcdéNodes",
    ] {
        assert!(!is_streamkeeper_sid(somebody_elses), "{somebody_elses}");
    }
}

#[test]
fn statements_without_our_sid_are_foreign() {
    let policy = json!({"Statement": [
        {"Sid": "PreventAccidentalDeletionOfBucket"},
        {"Sid": owned_sid(UID, "A")},
        {"Sid": owned_sid(OTHER, "A")},
        {"Sid": 7},
        {},
        "odd",
    ]});
    let foreign = foreign_statements(UID, Some(&policy));
    assert_eq!(
        foreign,
        [
            &json!({"Sid": "PreventAccidentalDeletionOfBucket"}),
            &json!({"Sid": owned_sid(OTHER, "A")}),
            &json!({"Sid": 7}),
            &json!({}),
            &json!("odd"),
        ]
    );
    assert!(foreign_statements(UID, None).is_empty());
    assert_eq!(
        foreign_statements(OTHER, Some(&json!({"Statement": {"Sid": "x"}}))).len(),
        1
    );
}

#[test]
fn a_rows_statement_gets_our_sid_and_the_buckets_name() {
    let spec: BucketSpec = serde_json::from_value(json!({"bucket": "home", "statements": [
        {"Sid": "List", "Effect": "Allow", "Principal": {"AWS": "210987654321"},
         "Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": "arn:aws:s3:::{bucket}",
         "Condition": {"StringLike": {"s3:prefix": "{bucket}"}}},
        {"Sid": "Tls", "Effect": "Deny", "NotPrincipal": "*", "NotAction": "s3:ListBucket",
         "NotResource": ["arn:aws:s3:::{bucket}/a/{bucket}", "arn:aws:s3:::other/b"]},
    ]}))
    .unwrap();
    assert_eq!(
        desired_statements(UID, "b1", &spec),
        [
            json!({"Sid": owned_sid(UID, "List"), "Effect": "Allow",
                "Principal": {"AWS": "210987654321"},
                "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
                "Resource": "arn:aws:s3:::b1",
                "Condition": {"StringLike": {"s3:prefix": "{bucket}"}}}),
            json!({"Sid": owned_sid(UID, "Tls"), "Effect": "Deny", "NotPrincipal": "*",
                "NotAction": "s3:ListBucket",
                "NotResource": ["arn:aws:s3:::b1/a/b1", "arn:aws:s3:::other/b"]}),
        ]
    );
}
