use serde_json::json;

use super::*;

const BASE: &str = "appstream2-36fb080bb8-eu-west-1-111122223333";

/// Statements by `Sid`, with the resources of each.
type Statements<'a> = &'a [(&'a str, &'a [&'a str])];

/// The part of a template that `pcluster` 3.16 makes of a head node's `S3Access`.
fn template(statements: Statements<'_>) -> String {
    let statements: Vec<Value> = statements
        .iter()
        .map(|(sid, resources)| {
            let arns = resources.iter().map(|resource| {
                let partition = json!({"Ref": "AWS::Partition"});
                json!({"Fn::Join": ["", ["arn:", partition, format!(":s3:::{resource}")]]})
            });
            json!({"Sid": sid, "Effect": "Allow", "Action": "s3:*", "Resource": arns.collect::<Vec<_>>()})
        })
        .collect();
    json!({"Resources": {
        "RoleHeadNode": {"Type": "AWS::IAM::Role"},
        "ParallelClusterPoliciesHeadNode": {"Type": "AWS::IAM::Policy", "Properties": {
            "PolicyName": "parallelcluster", "Roles": [{"Ref": "RoleHeadNode"}],
            "PolicyDocument": {"Statement": [{"Sid": "S3GetObj", "Resource": "arn:aws:s3:::x/*"}]}}},
        "S3AccessPoliciesHeadNode": {"Type": "AWS::IAM::Policy", "Properties": {
            "PolicyName": "S3Access", "Roles": [{"Ref": "RoleHeadNode"}],
            "PolicyDocument": {"Statement": statements}}},
        "S3AccessPoliciesOther": {"Type": "AWS::IAM::Policy", "Properties": {
            "PolicyName": "S3Access", "Roles": [{"Ref": "RoleOther"}],
            "PolicyDocument": {"Statement": [
                {"Sid": "S3ReadWrite", "Resource": "arn:aws:s3:::elsewhere/*"}]}}},
    }})
    .to_string()
}

fn cluster(access: ClusterAccess, users: Option<&[&str]>) -> ClusterSpec {
    ClusterSpec {
        users: users.map(|users| users.iter().map(|user| (*user).to_owned()).collect()),
        ..serde_json::from_value(json!({"name": "mesh", "access": access})).expect("a cluster")
    }
}

fn checked(spec: &ClusterSpec, statements: Statements<'_>) -> AccessCheck {
    let reach = reach(&template(statements)).expect("a template");
    check(spec, BASE, &reach)
}

#[test]
fn only_the_head_nodes_own_access_is_read_from_a_template() {
    let read = reach(&template(&[("S3Read", &["data", "data/*"])])).expect("a template");
    let expected = ["data", "data/*"].map(|resource| Grant {
        resource: resource.to_owned(),
        write: false,
    });
    assert_eq!(read.grants, expected);
    assert!(!read.more);
}

#[test]
fn a_template_is_read_as_pcluster_writes_it() {
    let yaml = "
Resources:
  RoleHeadNode: {Type: AWS::IAM::Role}
  S3AccessPoliciesHeadNode:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: S3Access
      Roles:
      - Ref: RoleHeadNode
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
        - Action: s3:*
          Effect: Allow
          Resource:
            Fn::Join:
            - ''
            - - 'arn:'
              - Ref: AWS::Partition
              - :s3:::data/*
          Sid: S3ReadWrite
";
    let granted = reach(yaml).expect("a template").grants;
    assert_eq!(granted.len(), 1);
    assert_eq!(
        (granted[0].resource.as_str(), granted[0].write),
        ("data/*", true)
    );
}

#[test]
fn what_a_template_does_not_tell_is_no_answer() {
    for text in [
        "",
        "{",
        "[]",
        r#"{"Resources": {}}"#,
        &template(&[("S3Read", &["x"])]).replace("AWS::Partition", "Bucket"),
    ] {
        assert!(reach(text).is_err(), "{text}");
    }
}

#[test]
fn the_whole_bucket_matches_when_it_is_listed_read_and_written_as_the_row_says() {
    let bucket = format!("{BASE}-x7k2m9qa");
    let all = format!("{bucket}/*");
    let (bucket, all) = (bucket.as_str(), all.as_str());
    let read = cluster(ClusterAccess::ReadOnly, None);
    let write = cluster(ClusterAccess::ReadWrite, None);
    let cases: [(&ClusterSpec, Statements<'_>, Verdict); 9] = [
        (&read, &[("S3Read", &[bucket, all])], Verdict::Matches),
        (
            &read,
            &[("S3Read", &["appstream2-*", "appstream2-*/*"])],
            Verdict::Matches,
        ),
        (&read, &[("S3Read", &[all])], Verdict::Differs),
        (&read, &[("S3ReadWrite", &[bucket, all])], Verdict::Differs),
        (
            &read,
            &[("S3Read", &["elsewhere", "elsewhere/*"])],
            Verdict::Differs,
        ),
        (&read, &[], Verdict::Differs),
        (&write, &[("S3ReadWrite", &[bucket, all])], Verdict::Matches),
        (
            &write,
            &[("S3Read", &[bucket, all]), ("S3ReadWrite", &[all])],
            Verdict::Matches,
        ),
        (&write, &[("S3Read", &[bucket, all])], Verdict::Differs),
    ];
    for (spec, statements, verdict) in cases {
        let check = checked(spec, statements);
        assert_eq!(check.verdict, verdict, "{statements:?}: {}", check.message);
    }
}

#[test]
fn anothers_bucket_of_a_similar_name_is_not_the_home_bucket() {
    let other = format!("{BASE}4");
    assert_eq!(key_in_home(BASE, &other), None);
    assert_eq!(key_in_home(BASE, BASE), Some(""));
    assert_eq!(key_in_home(BASE, &format!("{BASE}-x/*")), Some("*"));
    assert_eq!(key_in_home(BASE, "*/*"), Some("*"));
}

#[test]
fn a_bucket_that_the_row_names_is_the_one_that_is_compared() {
    let mut spec = cluster(ClusterAccess::ReadOnly, None);
    spec.bucket = serde_json::from_value(json!("data")).expect("a name");
    let verdict = |resources: &[&str]| checked(&spec, &[("S3Read", resources)]).verdict;
    assert_eq!(verdict(&["data", "data/*"]), Verdict::Matches);
    assert_eq!(verdict(&["da*", "da*/*"]), Verdict::Matches);
    assert_eq!(verdict(&["data-2", "data-2/*"]), Verdict::Differs);
    assert_eq!(verdict(&["data*2", "data*2/*"]), Verdict::Differs);
    assert_eq!(verdict(&[BASE, &format!("{BASE}/*")]), Verdict::Differs);
}

/// The verdict of a head node that has policies by ARN besides.
fn with_policies(spec: &ClusterSpec, statements: Statements<'_>, arns: &Value) -> Verdict {
    let mut text: Value = serde_json::from_str(&template(statements)).expect("a template");
    text["Resources"]["RoleHeadNode"]["Properties"] = json!({"ManagedPolicyArns": arns});
    check(spec, BASE, &reach(&text.to_string()).expect("a template")).verdict
}

#[test]
fn what_may_be_in_a_policy_that_is_only_named_is_not_missing() {
    let spec = cluster(ClusterAccess::ReadOnly, None);
    let partition = json!({"Ref": "AWS::Partition"});
    let own = ":iam::aws:policy/CloudWatchAgentServerPolicy";
    let own = json!([{"Fn::Join": ["", ["arn:", partition, own]]}]);
    let other = json!(["arn:aws:iam::111122223333:policy/CloudWatchAgentServerPolicy"]);
    assert_eq!(with_policies(&spec, &[], &own), Verdict::Differs);
    assert_eq!(with_policies(&spec, &[], &other), Verdict::Unknown);
    let all = format!("{BASE}/*");
    let more: (&str, &[&str]) = ("S3ReadWrite", &[BASE, &all]);
    assert_eq!(
        with_policies(&spec, &[more], &other),
        Verdict::Differs,
        "more than the row says"
    );
}

#[test]
fn of_users_folders_listing_is_never_in_the_template() {
    let spec = cluster(ClusterAccess::ReadWrite, Some(&["ada"]));
    let folder = |kind, user| format!("{BASE}/{}*", key_prefix(kind, user));
    let adas = folder(AuthenticationType::Api, "ada");
    let bobs = folder(AuthenticationType::Api, "bob");
    let elsewhere = folder(AuthenticationType::Saml, "ada");
    let listed = json!(["arn:aws:iam::111122223333:policy/lists-folders"]);
    let verdict = |statements: Statements<'_>| checked(&spec, statements).verdict;
    let all: (&str, &[&str]) = ("S3ReadWrite", &[&adas]);
    assert_eq!(with_policies(&spec, &[all], &listed), Verdict::Unknown);
    let check = checked(&spec, &[all]);
    assert_eq!(check.verdict, Verdict::Differs);
    assert!(check.message.contains("may not list"), "{}", check.message);
    assert!(
        checked(&spec, &[("S3Read", &[&adas])])
            .message
            .contains("write in")
    );
    for other in [&bobs, &elsewhere] {
        let check = checked(&spec, &[("S3ReadWrite", &[other])]);
        assert!(check.message.contains("may not read"), "{}", check.message);
    }
    let whole = format!("{BASE}/*");
    assert_eq!(
        verdict(&[("S3ReadWrite", &[&adas, &whole])]),
        Verdict::Differs
    );
}
