//! What is rendered, case by case. `corpus` writes all of it down for the real package.

mod corpus;
mod own;

use serde_json::{Value, json};

use super::{ClusterConfig, Conflict, Place, render};
use crate::environment::Scope;
use crate::folder::AuthenticationType;
use crate::spec::ClusterSpec;

const BUCKET: &str = "appstream2-36fb080bb8-eu-west-1-123456789012-abcdefg";
/// The folder of `anna`, by `printf anna | sha256sum`.
const ANNA: &str = "55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503";

fn scope(region: &str) -> Scope {
    Scope {
        account: "123456789012".to_owned(),
        region: region.to_owned(),
    }
}

fn rendered_in(
    region: &str,
    kms_key: Option<&str>,
    spec: Value,
) -> Result<ClusterConfig, Conflict> {
    let spec: ClusterSpec = serde_json::from_value(spec).unwrap();
    let scope = scope(region);
    let place = Place {
        environment: "cfd",
        scope: &scope,
        bucket: BUCKET,
        kms_key,
        authentication: AuthenticationType::Api,
    };
    render(&spec, &place)
}

fn rendered(spec: Value) -> ClusterConfig {
    rendered_in("eu-west-1", None, spec).unwrap()
}

#[test]
fn without_a_configuration_the_s3_part_alone_is_ready_to_paste() {
    let config = rendered(json!({"name": "cfd", "access": "READ_WRITE"})).config;
    assert_eq!(
        config,
        "\
# Cluster cfd of environment cfd: READ_WRITE on all of s3://appstream2-36fb080bb8-eu-west-1-123456789012-abcdefg.
# The IAM policies it refers to are yours to create.
# Login nodes take no S3Access: give each pool Iam.AdditionalIamPolicies with arn:aws:iam::123456789012:policy/parallelcluster-cfd.cfd.instead-of-s3access.
# Missing, yours to add: Image.Os, HeadNode.InstanceType, HeadNode.Networking.SubnetId, Scheduling.SlurmQueues[0].Name, Scheduling.SlurmQueues[0].ComputeResources, Scheduling.SlurmQueues[0].Networking.SubnetIds.
Region: eu-west-1
HeadNode:
  Iam:
    S3Access:
      - BucketName: appstream2-36fb080bb8-eu-west-1-123456789012-abcdefg
      - BucketName: appstream2-36fb080bb8-eu-west-1-123456789012-abcdefg
        KeyName: \"*\"
        EnableWriteAccess: true
Scheduling:
  Scheduler: slurm
  SlurmQueues:
    - Iam:
        S3Access:
          - BucketName: appstream2-36fb080bb8-eu-west-1-123456789012-abcdefg
          - BucketName: appstream2-36fb080bb8-eu-west-1-123456789012-abcdefg
            KeyName: \"*\"
            EnableWriteAccess: true
Tags:
  - Key: streamkeeper:environment
    Value: cfd
"
    );
}

#[test]
fn one_users_nodes_reach_one_folder_and_list_it_by_a_policy() {
    let made =
        rendered(json!({"name": "cfd", "access": "READ_ONLY", "users": ["anna"], "config": {}}));
    let entry = format!(
        "    S3Access:
      - BucketName: {BUCKET}
        KeyName: \"user/custom/{ANNA}/*\"
"
    );
    assert!(made.config.contains(&entry), "{}", made.config);
    assert!(!made.config.contains("EnableWriteAccess"));
    assert!(
        made.config
            .contains("  - Key: appstream-user\n    Value: anna\n")
    );
    assert!(!made.config.contains("streamkeeper:uid"));
    let name = "parallelcluster-cfd.cfd.beside-s3access";
    let policy = format!("- Policy: arn:aws:iam::123456789012:policy/{name}\n");
    assert_eq!(made.config.matches(&policy).count(), 2, "{}", made.config);
    assert_eq!(
        serde_json::to_value(&made.policies).unwrap(),
        json!({name: {"Version": "2012-10-17", "Statement": [
            {"Sid": "Locate", "Effect": "Allow", "Action": "s3:GetBucketLocation",
             "Resource": format!("arn:aws:s3:::{BUCKET}")},
            {"Sid": "List", "Effect": "Allow", "Action": "s3:ListBucket",
             "Resource": format!("arn:aws:s3:::{BUCKET}"),
             "Condition": {"StringLike": {"s3:prefix": [format!("user/custom/{ANNA}/*")]}}}
        ]}}),
    );
}

#[test]
fn several_users_are_no_single_user_and_what_is_no_tag_is_left_out() {
    let several = json!({"name": "cfd", "access": "READ_ONLY", "users": ["anna", "bert"]});
    assert!(!rendered(several).config.contains("Key: appstream-user"));
    let odd = json!({"name": "cfd", "access": "READ_ONLY", "users": ["anna,bert"]});
    let config = rendered(odd).config;
    assert!(!config.contains("Key: appstream-user"));
    assert!(config.contains("appstream-user is left out"), "{config}");
}

#[test]
fn a_customers_key_is_granted_through_s3_alone() {
    let key = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let statement = |access: &str, key: &str| {
        let spec = json!({"name": "cfd", "access": access, "config": {}});
        let made = rendered_in("eu-west-1", Some(key), spec).unwrap();
        assert_eq!(
            made.config.contains("AdditionalIamPolicies"),
            !made.policies.is_empty()
        );
        let policy = made.policies.get("parallelcluster-cfd.cfd.beside-s3access");
        policy.map(|policy| policy["Statement"].clone())
    };
    let through = json!({"kms:ViaService": "s3.eu-west-1.amazonaws.com"});
    assert_eq!(
        statement("READ_ONLY", key),
        Some(json!([{
            "Sid": "Key", "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": key,
            "Condition": {"StringEquals": through}
        }])),
    );
    let written = statement("READ_WRITE", "1234abcd-12ab-34cd-56ef-1234567890ab").unwrap();
    assert_eq!(
        written[0]["Action"],
        json!(["kms:Decrypt", "kms:GenerateDataKey"])
    );
    assert_eq!(written[0]["Resource"], key);
    for alias in [
        "alias/data",
        "arn:aws:kms:eu-west-1:123456789012:alias/data",
    ] {
        let found = statement("READ_ONLY", alias).unwrap();
        assert_eq!(
            found[0]["Resource"],
            "arn:aws:kms:eu-west-1:123456789012:key/*"
        );
        assert_eq!(
            found[0]["Condition"],
            json!({"StringEquals": through,
                   "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/data"}}),
        );
    }
    let managed = "arn:aws:kms:eu-west-1:123456789012:alias/aws/s3";
    assert_eq!(statement("READ_WRITE", managed), None);
}

#[test]
fn arns_are_those_of_the_regions_partition() {
    let spec = json!({"name": "cfd", "access": "READ_ONLY", "users": ["anna"]});
    let made = rendered_in("cn-north-1", Some("1234"), spec).unwrap();
    assert!(
        made.config
            .contains("arn:aws-cn:iam::123456789012:policy/parallelcluster-")
    );
    let policies = serde_json::to_string(&made.policies).unwrap();
    assert!(policies.contains(&format!("arn:aws-cn:s3:::{BUCKET}")));
    assert!(policies.contains("s3.cn-north-1.amazonaws.com.cn"));
    assert!(!(made.config + &policies + &made.version2).contains("arn:aws:"));
}

#[test]
fn version_2_takes_the_bucket_with_a_star_or_one_folder() {
    let keys = |spec: Value| rendered(spec).version2;
    let whole = keys(json!({"name": "cfd", "access": "READ_WRITE"}));
    let expected = format!("[cluster cfd]\ns3_read_write_resource = arn:aws:s3:::{BUCKET}*\n");
    assert!(whole.ends_with(&expected), "{whole}");
    let one = keys(json!({"name": "cfd", "access": "READ_ONLY", "users": ["anna"]}));
    let expected = format!(
        "[cluster cfd]
s3_read_resource = arn:aws:s3:::{BUCKET}/user/custom/{ANNA}/*
additional_iam_policies = arn:aws:iam::123456789012:policy/parallelcluster-cfd.cfd.beside-s3access
"
    );
    assert!(one.ends_with(&expected), "{one}");
    let several =
        json!({"name": "cfd", "access": "READ_ONLY", "users": ["anna", "bert"], "config": {}});
    let made = rendered(several);
    assert!(!made.version2.contains("resource ="), "{}", made.version2);
    let name = "parallelcluster-cfd.cfd.instead-of-s3access";
    assert!(made.version2.contains(name) && made.policies.contains_key(name));
}

#[test]
fn what_iam_does_not_take_is_refused() {
    let users = |count: usize| {
        let users: Vec<String> = (0..count).map(|one| format!("user{one}")).collect();
        json!({"name": "cfd", "access": "READ_ONLY", "users": users, "config": {}})
    };
    assert!(rendered_in("eu-west-1", None, users(20)).is_ok());
    for count in [60, 100] {
        let refused = rendered_in("eu-west-1", None, users(count)).unwrap_err();
        assert_eq!(refused.path, "users");
        assert!(refused.why.contains("IAM takes"), "{refused}");
    }
}

#[test]
fn names_of_policies_differ_by_environment_and_cluster_and_fit() {
    let name = |environment: &str, cluster: &str| {
        let spec = json!({"name": cluster, "access": "READ_ONLY", "users": ["a"], "config": {}});
        let spec: ClusterSpec = serde_json::from_value(spec).unwrap();
        let scope = scope("eu-west-1");
        let place = Place {
            environment,
            scope: &scope,
            bucket: BUCKET,
            kms_key: None,
            authentication: AuthenticationType::Saml,
        };
        let made = render(&spec, &place).unwrap();
        assert!(made.config.contains("user/federated/"));
        made.policies.into_keys().next().unwrap()
    };
    assert_ne!(name("a-b", "c"), name("a", "b-c"));
    let (long, other) = (name(&"a".repeat(100), "c"), name(&"a".repeat(101), "c"));
    assert_ne!(long, other);
    for name in [long, other] {
        assert!(
            name.len() <= 128 && name.starts_with("parallelcluster"),
            "{name}"
        );
    }
}
