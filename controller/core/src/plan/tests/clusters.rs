//! When configurations of clusters are rendered, and when they go.

use serde_json::{Value, json};

use super::harness::{Case, blog, with};
use crate::cluster::StoredConfig;
use crate::event::EventReason;
use crate::observed::{BucketEncryption, Observed, ObservedBucket};
use crate::plan::Plan;

const BUCKET: &str = "appstream2-36fb080bb8-eu-west-1-123456789012-abcdefg";
const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234";

fn encryption(kms_key: Option<&str>) -> Observed<BucketEncryption> {
    Observed::Present(BucketEncryption {
        algorithm: "aws:kms".to_owned(),
        kms_key: kms_key.map(str::to_owned),
    })
}

/// The blog's row with the home bucket seen, or not.
fn case(clusters: Value, bucket: Observed<Observed<BucketEncryption>>) -> Case {
    let mut case = Case::new(&with(blog(), &[("/clusters", clusters)]));
    let seen = match bucket {
        Observed::Present(encryption) => Observed::Present(ObservedBucket {
            encryption,
            ..ObservedBucket::with_policy(BUCKET, None)
        }),
        Observed::Absent => Observed::Absent,
        Observed::Unknown(why) => Observed::Unknown(why),
    };
    case.observed.buckets.insert("home".to_owned(), seen);
    case
}

/// Has what a plan writes stored, as a record does.
fn store(case: &mut Case, plan: &Plan) {
    for config in &plan.cluster_configs {
        let stored = StoredConfig {
            digest: config.digest(),
            kms_key: config.kms_key.clone(),
        };
        case.cluster_configs.insert(config.cluster.clone(), stored);
    }
}

fn remarks(plan: &Plan) -> Vec<(EventReason, &str)> {
    let remarks = plan.remarks.iter();
    remarks
        .map(|remark| (remark.reason, remark.message.as_str()))
        .collect()
}

fn one(access: &str) -> Value {
    json!([{"name": "cfd", "access": access}])
}

#[test]
fn a_configuration_is_rendered_once_and_again_when_row_or_key_change() {
    let seen = || Observed::Present(encryption(None));
    let mut case_of = case(one("READ_ONLY"), seen());
    let first = case_of.plan();
    let [config] = &first.cluster_configs[..] else {
        panic!("{first:?}");
    };
    assert_eq!(
        (config.cluster.as_str(), config.bucket.as_str()),
        ("cfd", BUCKET)
    );
    store(&mut case_of, &first);
    let again = case_of.plan();
    assert!(again.cluster_configs.is_empty() && again.remarks.is_empty());
    for (clusters, encryption) in [
        (one("READ_WRITE"), encryption(None)),
        (one("READ_ONLY"), encryption(Some(KEY))),
        (
            json!([{"name": "cfd", "access": "READ_ONLY", "users": ["a"]}]),
            encryption(None),
        ),
    ] {
        let mut changed = case(clusters, Observed::Present(encryption));
        changed.cluster_configs.clone_from(&case_of.cluster_configs);
        assert_eq!(changed.plan().cluster_configs.len(), 1);
    }
}

#[test]
fn a_bucket_that_is_not_seen_writes_and_removes_nothing_and_says_why() {
    let stored = {
        let mut seen = case(one("READ_ONLY"), Observed::Present(encryption(None)));
        let plan = seen.plan();
        store(&mut seen, &plan);
        seen.cluster_configs
    };
    for (unseen, why) in [
        (Observed::Absent, "there is no home bucket in this region"),
        (Observed::Unknown("AccessDenied".to_owned()), "AccessDenied"),
    ] {
        let mut unseen = case(one("READ_WRITE"), unseen);
        for (stored, what) in [
            (
                std::collections::BTreeMap::new(),
                "it has no configuration yet",
            ),
            (stored.clone(), "its configuration stays as it was"),
        ] {
            unseen.cluster_configs = stored;
            let plan = unseen.plan();
            assert!(plan.cluster_configs.is_empty() && plan.cluster_configs_removed.is_empty());
            let [(EventReason::ClusterConfigWaiting, message)] = remarks(&plan)[..] else {
                panic!("{plan:?}");
            };
            assert!(
                message.starts_with(what) && message.contains(why),
                "{message}"
            );
        }
    }
}

#[test]
fn a_bucket_that_was_not_looked_at_is_asked_for() {
    let mut case = case(
        json!([{"name": "cfd", "access": "READ_ONLY", "bucket": "shared"}]),
        Observed::Absent,
    );
    assert!(case.plan().needs.buckets.contains("shared"));
    let bucket = ObservedBucket {
        encryption: encryption(None),
        ..ObservedBucket::with_policy("shared", None)
    };
    case.observed
        .buckets
        .insert("shared".to_owned(), Observed::Present(bucket));
    let plan = case.plan();
    assert!(!plan.needs.buckets.contains("shared"));
    assert_eq!(plan.cluster_configs[0].bucket, "shared");
}

#[test]
fn encryption_that_is_not_seen_leaves_the_key_that_was_known() {
    let mut case_of = case(one("READ_ONLY"), Observed::Present(encryption(Some(KEY))));
    let first = case_of.plan();
    store(&mut case_of, &first);
    let denied = || Observed::Present(Observed::Unknown("AccessDenied".to_owned()));
    let mut blind = case(one("READ_ONLY"), denied());
    blind.cluster_configs.clone_from(&case_of.cluster_configs);
    let plan = blind.plan();
    assert!(plan.cluster_configs.is_empty(), "{plan:?}");
    assert_eq!(remarks(&plan)[0].0, EventReason::ClusterConfigWaiting);
    // Without anything known it is rendered without a key, and that is said.
    let plan = case(one("READ_ONLY"), denied()).plan();
    assert_eq!(plan.cluster_configs[0].kms_key, None);
    assert!(remarks(&plan)[0].1.contains("AccessDenied"));
}

#[test]
fn a_row_that_contradicts_itself_loses_its_configuration_and_hears_why() {
    let own = json!({"HeadNode": {"Iam": {"S3Access": [{"BucketName": "*", "EnableWriteAccess": true}]}}});
    let clusters = json!([{"name": "cfd", "access": "READ_ONLY", "config": own}]);
    let mut case_of = case(clusters, Observed::Present(encryption(None)));
    assert!(case_of.plan().cluster_configs_removed.is_empty());
    let stored = StoredConfig {
        digest: "earlier".to_owned(),
        kms_key: None,
    };
    case_of
        .cluster_configs
        .insert("cfd".to_owned(), stored.clone());
    case_of.cluster_configs.insert("gone".to_owned(), stored);
    let plan = case_of.plan();
    let removed: Vec<&str> = plan
        .cluster_configs_removed
        .iter()
        .map(String::as_str)
        .collect();
    assert_eq!(removed, ["cfd", "gone"]);
    let [(EventReason::ClusterConfigRefused, message)] = remarks(&plan)[..] else {
        panic!("{plan:?}");
    };
    assert!(
        message.starts_with("config.HeadNode.Iam.S3Access[0]: "),
        "{message}"
    );
}

#[test]
fn users_of_saml_have_another_folder() {
    let spec = |how: &str| json!([{"name": "cfd", "access": "READ_ONLY", "users": ["a"], "authenticationType": how}]);
    for (how, folder) in [
        ("API", "user/custom/"),
        ("SAML", "user/federated/"),
        ("USERPOOL", "user/userpool/"),
    ] {
        let plan = case(spec(how), Observed::Present(encryption(None))).plan();
        assert!(plan.cluster_configs[0].config.contains(folder), "{how}");
    }
}
