//! Buckets: those the service makes, who may have them, and policies that come back changed.

use serde_json::{Value, json};

use super::{ACCOUNT, Aws, REGION, code};
use crate::{Call, Caller, HomeBucketNaming};

const BUCKET: &str = "shared";

fn with_home(naming: HomeBucketNaming) -> Aws {
    let aws = Aws::with(|config| config.naming = naming);
    let home = json!({"StorageConnectors": [{"ConnectorType": "HOMEFOLDERS"}]});
    aws.create_stack("cfd", home);
    aws
}

fn home_bucket(aws: &Aws) -> Value {
    aws.stack("cfd")["StorageConnectors"][0]["ResourceIdentifier"].clone()
}

fn bucket() -> Aws {
    let aws = Aws::instant();
    aws.0.add_bucket(REGION, BUCKET);
    aws
}

fn put(aws: &Aws, policy: &Value) -> Result<Value, String> {
    let input = json!({"Bucket": BUCKET, "Policy": policy.to_string()});
    aws.s3("PutBucketPolicy", input)
}

fn get(aws: &Aws, bucket: &str) -> Result<Value, String> {
    let answer = aws.s3("GetBucketPolicy", json!({"Bucket": bucket}))?;
    Ok(serde_json::from_str(answer["Policy"].as_str().unwrap()).unwrap())
}

fn statement(more: Value) -> Value {
    let base = json!({
        "Sid": "A",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:role/nodes"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::shared/*",
    });
    super::merged(base, more)
}

fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

#[test]
fn the_first_stack_with_home_folders_has_the_bucket_made() {
    for naming in [HomeBucketNaming::V1, HomeBucketNaming::V2] {
        let aws = with_home(naming);
        assert_eq!(home_bucket(&aws), Value::Null);
        aws.wait(1);
        let name = home_bucket(&aws).as_str().unwrap().to_owned();
        let stem = "appstream2-36fb080bb8-eu-west-1-111122223333";
        match naming {
            HomeBucketNaming::V1 => assert_eq!(name, stem),
            HomeBucketNaming::V2 => {
                let end = name.strip_prefix(&format!("{stem}-")).unwrap();
                assert_eq!(end.len(), 8);
                assert!(
                    end.bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                );
            }
        }
        assert_eq!(
            get(&aws, &name).unwrap()["Statement"],
            json!([{
                "Sid": "PreventAccidentalDeletionOfBucket",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:DeleteBucket",
                "Resource": format!("arn:aws:s3:::{name}"),
            }])
        );
    }
}

#[test]
fn all_stacks_of_a_region_share_one_home_bucket_that_outlives_them() {
    let aws = with_home(HomeBucketNaming::V2);
    aws.wait(1);
    let name = home_bucket(&aws);
    let home = json!({"StorageConnectors": [{"ConnectorType": "HOMEFOLDERS"}]});
    let other = aws.create_stack("other", home);
    assert_eq!(other["StorageConnectors"][0]["ResourceIdentifier"], name);
    for stack in ["cfd", "other"] {
        aws.ok("DeleteStack", json!({"Name": stack}));
    }
    aws.s3("HeadBucket", json!({"Bucket": name})).unwrap();
}

#[test]
fn a_service_bucket_goes_only_after_its_policy() {
    let aws = with_home(HomeBucketNaming::V2);
    aws.wait(1);
    let name = home_bucket(&aws);
    let error = aws.s3("DeleteBucket", json!({"Bucket": name})).unwrap_err();
    assert_eq!(code(&error), "AccessDenied");
    aws.s3("DeleteBucketPolicy", json!({"Bucket": name}))
        .unwrap();
    aws.s3("DeleteBucket", json!({"Bucket": name})).unwrap();
    assert_eq!(home_bucket(&aws), Value::Null);
}

#[test]
fn a_bucket_is_its_owners_and_its_regions() {
    let aws = bucket();
    let input = json!({"Bucket": BUCKET});
    let answer = aws.s3("HeadBucket", input.clone()).unwrap();
    assert_eq!(answer["BucketRegion"], REGION);
    let error = aws
        .s3("HeadBucket", json!({"Bucket": "nowhere"}))
        .unwrap_err();
    assert_eq!(code(&error), "NotFound");
    let error = aws
        .s3("GetBucketPolicy", json!({"Bucket": "nowhere"}))
        .unwrap_err();
    assert_eq!(code(&error), "NoSuchBucket");
    let expecting = json!({"Bucket": BUCKET, "ExpectedBucketOwner": "999999999999"});
    let error = aws.s3("GetBucketPolicy", expecting).unwrap_err();
    assert_eq!(code(&error), "AccessDenied");
    let expecting = json!({"Bucket": BUCKET, "ExpectedBucketOwner": ACCOUNT});
    aws.s3("GetBucketLocation", expecting).unwrap();
    let other = Caller::role("999999999999", "Other", "admin");
    let call = Call::s3(REGION, "GetBucketPolicy", input.clone()).by(other);
    assert_eq!(aws.0.call(&call).unwrap_err().status, 403);
    let elsewhere = Call::s3("us-east-1", "GetBucketPolicy", input.clone());
    assert_eq!(
        aws.0.call(&elsewhere).unwrap_err().code,
        "PermanentRedirect"
    );
    let location = Call::s3("us-east-1", "GetBucketLocation", input);
    assert_eq!(aws.0.call(&location).unwrap()["LocationConstraint"], REGION);
}

#[test]
fn buckets_are_listed_in_order_and_in_pages() {
    let aws = Aws::instant();
    for name in ["a-2", "a-1", "b-1"] {
        aws.0.add_bucket(REGION, name);
    }
    aws.0.add_bucket("us-east-1", "a-3");
    let list = |input: Value| {
        let answer = aws.s3("ListBuckets", input).unwrap();
        let buckets = answer["Buckets"].as_array().unwrap();
        let names: Vec<_> = buckets
            .iter()
            .map(|bucket| bucket["Name"].as_str().unwrap().to_owned())
            .collect();
        (names, answer["ContinuationToken"].clone())
    };
    assert_eq!(list(json!({})).0, ["a-1", "a-2", "a-3", "b-1"]);
    assert_eq!(
        list(json!({"Prefix": "a-", "BucketRegion": REGION})).0,
        ["a-1", "a-2"]
    );
    let (first, token) = list(json!({"MaxBuckets": 3}));
    assert_eq!(first, ["a-1", "a-2", "a-3"]);
    let rest = list(json!({"MaxBuckets": 3, "ContinuationToken": token}));
    assert_eq!(rest, (vec!["b-1".to_owned()], Value::Null));
}

#[test]
fn a_policy_comes_back_equal_but_not_the_same() {
    let aws = bucket();
    let actions: Vec<_> = ["GetObject", "PutObject", "DeleteObject", "GetObjectAcl"]
        .map(|action| format!("s3:{action}"))
        .into();
    let sent = policy(&[statement(json!({
        "Principal": {"AWS": ["222233334444"]},
        "Action": actions,
        "Resource": ["arn:aws:s3:::shared/*"],
        "Condition": {"Bool": {"aws:SecureTransport": [true]}},
    }))]);
    put(&aws, &sent).unwrap();
    let kept = get(&aws, BUCKET).unwrap()["Statement"][0].clone();
    assert_eq!(
        kept["Principal"],
        json!({"AWS": "arn:aws:iam::222233334444:root"})
    );
    assert_eq!(kept["Resource"], "arn:aws:s3:::shared/*");
    assert_eq!(
        kept["Condition"],
        json!({"Bool": {"aws:SecureTransport": "true"}})
    );
    let kept_actions = kept["Action"].as_array().unwrap().clone();
    assert_ne!(json!(kept_actions), json!(actions));
    let mut sorted: Vec<_> = kept_actions
        .iter()
        .map(|action| action.as_str().unwrap())
        .collect();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            "s3:DeleteObject",
            "s3:GetObject",
            "s3:GetObjectAcl",
            "s3:PutObject"
        ]
    );
}

#[test]
fn a_policy_can_be_missing_and_deleted_twice() {
    let aws = bucket();
    assert_eq!(code(&get(&aws, BUCKET).unwrap_err()), "NoSuchBucketPolicy");
    put(&aws, &policy(&[statement(json!({}))])).unwrap();
    for _ in 0..2 {
        aws.s3("DeleteBucketPolicy", json!({"Bucket": BUCKET}))
            .unwrap();
    }
    assert_eq!(code(&get(&aws, BUCKET).unwrap_err()), "NoSuchBucketPolicy");
}

#[test]
fn a_bad_policy_is_malformed_and_changes_nothing() {
    let aws = bucket();
    put(&aws, &policy(&[statement(json!({}))])).unwrap();
    let before = get(&aws, BUCKET).unwrap();
    for (wrong, words) in [
        (
            statement(json!({"Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}})),
            "principal",
        ),
        (
            statement(json!({"Principal": {"AWS": "AROAEXAMPLE"}})),
            "principal",
        ),
        (statement(json!({"Principal": {"AWS": []}})), "principal"),
        (
            statement(json!({"Resource": "arn:aws:s3:::other/*"})),
            "resource",
        ),
        (
            statement(json!({"Resource": "arn:aws:s3:::shared-not/*"})),
            "resource",
        ),
        (
            statement(json!({"Resource": "arn:aws:s3:::shared"})),
            "does not apply",
        ),
        (
            statement(json!({"Action": "s3:ListBucket"})),
            "does not apply",
        ),
        (statement(json!({"Action": "ec2:Start"})), "action"),
        (
            statement(json!({"Action": null})),
            "Missing required field Action",
        ),
        (statement(json!({"NotAction": "s3:Get*"})), "both"),
        (statement(json!({"Effect": "Maybe"})), "effect"),
        (statement(json!({"Colour": "red"})), "Unknown field Colour"),
    ] {
        let error = put(&aws, &policy(&[wrong])).unwrap_err();
        assert!(
            error.starts_with("MalformedPolicy") && error.contains(words),
            "{error}"
        );
    }
    let twice = [statement(json!({})), statement(json!({}))];
    assert_eq!(
        code(&put(&aws, &policy(&twice)).unwrap_err()),
        "MalformedPolicy"
    );
    let text = json!({"Bucket": BUCKET, "Policy": "[]"});
    let error = aws.s3("PutBucketPolicy", text).unwrap_err();
    assert!(error.contains("first byte"), "{error}");
    let long = statement(json!({"Sid": "x".repeat(20 * 1024)}));
    assert_eq!(
        code(&put(&aws, &policy(&[long])).unwrap_err()),
        "PolicyTooLarge"
    );
    assert_eq!(get(&aws, BUCKET).unwrap(), before);
}

#[test]
fn a_public_policy_is_denied() {
    let aws = bucket();
    for everybody in [json!("*"), json!({"AWS": "*"})] {
        let open = statement(json!({"Principal": everybody}));
        assert_eq!(
            code(&put(&aws, &policy(&[open])).unwrap_err()),
            "AccessDenied"
        );
        let condition = json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}});
        let bound = statement(json!({"Principal": everybody, "Condition": condition}));
        put(&aws, &policy(&[bound])).unwrap();
    }
}

#[test]
fn a_deleted_principal_shows_as_an_id_that_cannot_be_written_again() {
    let aws = bucket();
    put(&aws, &policy(&[statement(json!({}))])).unwrap();
    aws.0
        .retire_principal("arn:aws:iam::111122223333:role/nodes");
    let kept = get(&aws, BUCKET).unwrap();
    let principal = kept["Statement"][0]["Principal"]["AWS"].as_str().unwrap();
    assert!(principal.starts_with("AROA"), "{principal}");
    assert_eq!(code(&put(&aws, &kept).unwrap_err()), "MalformedPolicy");
    // Nor can it be written by its name: nobody has that any more.
    let by_name = policy(&[statement(json!({}))]);
    assert_eq!(code(&put(&aws, &by_name).unwrap_err()), "MalformedPolicy");
}
