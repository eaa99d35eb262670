//! What a grant becomes.

use serde_json::{Value, json};

use super::*;

const OWN: &str = "123456789012";
const NODES: &str = "arn:aws:iam::210987654321:role/parallelcluster/*";

fn scope(region: &str) -> Scope {
    Scope {
        account: OWN.to_owned(),
        region: region.to_owned(),
    }
}

fn spec(grants: Value) -> BucketSpec {
    serde_json::from_value(json!({"bucket": "home", "grants": grants})).unwrap()
}

fn asked(grants: Value) -> Vec<Value> {
    let statements = asked_statements(&spec(grants), &scope("eu-west-1"));
    statements.iter().map(|one| json!(one)).collect()
}

/// Statements without their `Sid`s.
fn nameless(mut statements: Vec<Value>) -> Vec<Value> {
    for statement in &mut statements {
        statement.as_object_mut().unwrap().remove("Sid");
    }
    statements
}

fn sids(statements: &[Value]) -> Vec<&str> {
    let sids = statements.iter().map(|one| one["Sid"].as_str().unwrap());
    sids.collect()
}

#[test]
fn a_role_reads_the_whole_bucket_through_its_account() {
    let root = json!({"AWS": "arn:aws:iam::210987654321:root"});
    let only = json!({"ArnLike": {"aws:PrincipalArn": NODES}});
    assert_eq!(
        nameless(asked(json!([{"principal": NODES, "access": "READ_ONLY"}]))),
        [
            json!({
                "Effect": "Allow", "Principal": root, "Condition": only,
                "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
                "Resource": "arn:aws:s3:::{bucket}"
            }),
            json!({
                "Effect": "Allow", "Principal": root, "Condition": only,
                "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::{bucket}/*"
            }),
        ]
    );
}

#[test]
fn a_grant_below_a_folder_lists_reads_and_writes_there_alone() {
    let root = json!({"AWS": "arn:aws:iam::210987654321:root"});
    let grant =
        json!({"principal": "210987654321", "access": "READ_WRITE", "prefix": "projects/cfd"});
    assert_eq!(
        nameless(asked(json!([grant]))),
        [
            json!({
                "Effect": "Allow", "Principal": root, "Action": ["s3:ListBucket"],
                "Resource": "arn:aws:s3:::{bucket}",
                "Condition": {"StringLike": {"s3:prefix": "projects/cfd/*"}}
            }),
            json!({
                "Effect": "Allow", "Principal": root, "Action": ["s3:GetBucketLocation"],
                "Resource": "arn:aws:s3:::{bucket}"
            }),
            json!({
                "Effect": "Allow", "Principal": root,
                "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject",
                           "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
                "Resource": "arn:aws:s3:::{bucket}/projects/cfd/*"
            }),
        ]
    );
}

#[test]
fn the_buckets_own_account_needs_no_statement() {
    for principal in [OWN, "arn:aws:iam::123456789012:role/nodes"] {
        let grants = json!([{"principal": principal, "access": "READ_WRITE"}]);
        assert_eq!(asked(grants), Vec::<Value>::new(), "{principal}");
    }
}

#[test]
fn sids_follow_principal_and_folder_and_not_access() {
    let sids_of = |grant: Value| {
        let statements = asked(json!([grant]));
        sids(&statements)
            .iter()
            .map(|sid| (*sid).to_owned())
            .collect::<Vec<_>>()
    };
    let grant = |principal: &str, access: &str, prefix: &str| {
        sids_of(json!({"principal": principal, "access": access, "prefix": prefix}))
    };
    let first = grant(NODES, "READ_ONLY", "a/");
    assert_eq!(first, grant(NODES, "READ_WRITE", "a/"));
    assert_eq!(
        first,
        grant(NODES, "READ_ONLY", "a"),
        "a slash at the end says nothing"
    );
    assert_ne!(first, grant(NODES, "READ_ONLY", "b/"));
    assert_ne!(first, grant("210987654321", "READ_ONLY", "a/"));
    // One hash is kept as it is today: another would exchange every statement of every bucket.
    assert_eq!(first[0], "SkGrantfda8124efc16e1a5List");
    assert!(first.iter().all(|sid| sid.len() <= 64));
}

#[test]
fn of_two_grants_for_one_folder_the_wider_stands() {
    let narrow = json!({"principal": NODES, "access": "READ_ONLY", "prefix": "a"});
    let wide = json!({"principal": NODES, "access": "READ_WRITE", "prefix": "a/"});
    let alone = asked(json!([wide]));
    let mut sorted = alone.clone();
    sorted.sort_by_key(|one| one["Sid"].as_str().unwrap().to_owned());
    assert_eq!(asked(json!([narrow, wide])), sorted);
    assert_eq!(asked(json!([wide, narrow])), sorted);
}

#[test]
fn statements_stand_beside_grants_and_each_is_known_by_its_sid() {
    let spec: BucketSpec = serde_json::from_value(json!({
        "bucket": "home",
        "grants": [{"principal": NODES, "access": "READ_ONLY"}],
        "statements": [{"Sid": "Mine", "Effect": "Deny", "Principal": "*",
                        "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::{bucket}"}]
    }))
    .unwrap();
    let statements = asked_statements(&spec, &scope("eu-west-1"));
    assert_eq!(statements.len(), 3);
    let specs = [spec];
    let grants: Vec<bool> = statements
        .iter()
        .map(|one| grant_of(&specs, &one.sid).is_some())
        .collect();
    assert_eq!(grants, [false, true, true]);
}

#[test]
fn a_partition_is_the_arns_own_and_an_accounts_is_the_regions() {
    for (principal, root) in [
        ("210987654321", "arn:aws-cn:iam::210987654321:root"),
        (
            "arn:aws-cn:iam::210987654321:role/n",
            "arn:aws-cn:iam::210987654321:root",
        ),
        (
            "arn:aws:iam::210987654321:role/n",
            "arn:aws:iam::210987654321:root",
        ),
    ] {
        let spec = spec(json!([{"principal": principal, "access": "READ_ONLY"}]));
        let statements = asked_statements(&spec, &scope("cn-north-1"));
        assert_eq!(statements[0].principal, Some(json!({"AWS": root})));
        let resource = OneOrMany::One("arn:aws-cn:s3:::{bucket}".to_owned());
        assert_eq!(statements[0].resource, Some(resource));
    }
}
