//! Applies every kind of action over the wire, and looks at what came of it.

use serde_json::json;
use streamkeeper_core::action::{Action, ObjectRef};
use streamkeeper_core::cloud::{Cloud, ErrorClass, ObserveRequest};
use streamkeeper_core::observed::{FleetState, Observed, ObservedTags};
use streamkeeper_core::settings::FleetSettings;
use streamkeeper_simulator::CallOutcome;

use super::*;

/// Every action there is, in an order in which AWS takes them; a drain needs a session's id, and is
/// with what is observed.
fn a_life(fleet_arn: &str, bucket: &str) -> Vec<Action> {
    let name = || "cfd".to_owned();
    let pair = || (name(), name());
    vec![
        Action::CreateFleet {
            name: name(),
            settings: fleet_settings(),
            tags: tags([("streamkeeper:environment", "cfd")]),
        },
        Action::CreateStack {
            name: name(),
            settings: stack_settings(),
            tags: tags([("streamkeeper:environment", "cfd")]),
        },
        Action::AssociateFleet {
            fleet: pair().0,
            stack: pair().1,
        },
        start_fleet("cfd"),
        Action::UpdateFleet {
            name: name(),
            set: FleetSettings {
                display_name: Some("CFD".to_owned()),
                ..FleetSettings::default()
            },
            delete: Vec::new(),
        },
        Action::UpdateStack {
            name: name(),
            set: serde_json::from_value(json!({"redirectURL": "https://example.com/"})).unwrap(),
            delete: Vec::new(),
        },
        Action::TagResource {
            object: ObjectRef::fleet("cfd"),
            arn: fleet_arn.to_owned(),
            tags: tags([("owner", "me")]),
        },
        Action::UntagResource {
            object: ObjectRef::fleet("cfd"),
            arn: fleet_arn.to_owned(),
            keys: vec!["owner".to_owned()],
        },
        Action::PutBucketPolicy {
            bucket: bucket.to_owned(),
            base: None,
            document: policy(bucket),
        },
        Action::DeleteBucketPolicy {
            bucket: bucket.to_owned(),
            base: None,
        },
        Action::StopFleet {
            name: name(),
            only_when_idle: true,
        },
        Action::DisassociateFleet {
            fleet: pair().0,
            stack: pair().1,
            only_when_idle: true,
        },
        Action::DeleteStack { name: name() },
        Action::DeregisterScalableTarget { fleet: name() },
        Action::DeleteFleet { name: name() },
    ]
}

fn policy(bucket: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "Streamkeeper0123456789abcdefList",
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:role/nodes")},
            "Action": "s3:ListBucket",
            "Resource": format!("arn:aws:s3:::{bucket}"),
            "Condition": {"StringLike": {"s3:prefix": ["ü/*"]}},
        }],
    })
}

#[tokio::test]
async fn each_action_is_one_call_and_its_request_id_is_kept() {
    let front = Front::new().await;
    front.simulator.add_bucket(REGION, "shared");
    let cloud = front.cloud();
    let arn = format!("arn:aws:appstream:{REGION}:{ACCOUNT}:fleet/cfd");
    let mut operations = BTreeSet::new();
    for action in a_life(&arn, "shared") {
        if matches!(action, Action::DeregisterScalableTarget { .. }) {
            front.register_target("cfd", 1, 5);
        }
        let before = front.last_seq();
        let applied = cloud
            .apply(&action)
            .await
            .unwrap_or_else(|error| panic!("{action}: {error}"));
        let calls = front.journal_since(before);
        let [call] = calls.as_slice() else {
            panic!("{action} made {} calls", calls.len());
        };
        assert_eq!(call.operation, action.operation());
        assert_eq!(call.outcome, CallOutcome::Ok);
        assert!(call.mutating, "{action}");
        assert_eq!(call.region, REGION);
        assert_eq!(applied.request_id, Some(call.request_id.clone()));
        operations.insert(action.operation());
    }
    assert_eq!(
        operations.len(),
        15,
        "every kind of action but a drain was there"
    );
}

#[tokio::test]
async fn what_is_applied_is_observed() {
    let front = Front::new().await;
    front.simulator.add_bucket(REGION, "shared");
    let cloud = front.cloud();
    let arn = format!("arn:aws:appstream:{REGION}:{ACCOUNT}:fleet/cfd");
    let request = ObserveRequest {
        fleets: names(["cfd"]),
        stacks: names(["cfd"]),
        associations_of_stacks: names(["cfd"]),
        buckets: names(["shared"]),
        scaling: names(["cfd"]),
        ..ObserveRequest::default()
    };
    let mut life = a_life(&arn, "shared").into_iter();
    for action in life.by_ref().take(9) {
        cloud.apply(&action).await.unwrap();
    }

    let world = cloud.observe(&request).await;
    let Observed::Present(fleet) = world.fleets.get("cfd") else {
        panic!("{:?}", world.fleets.get("cfd"));
    };
    assert_eq!(fleet.arn, arn);
    assert_eq!(fleet.state, FleetState::Running);
    assert_eq!(
        fleet.tags,
        ObservedTags::Known(tags([("streamkeeper:environment", "cfd")]))
    );
    let mut expected = fleet_settings();
    expected.display_name = Some("CFD".to_owned());
    // What AWS adds of its own.
    expected.image_arn = fleet.settings.image_arn.clone();
    expected.platform = Some("WINDOWS_SERVER_2019".to_owned());
    expected.disconnect_timeout_in_seconds = Some(900);
    expected.idle_disconnect_timeout_in_seconds = Some(0);
    assert_eq!(fleet.settings, expected);

    let Observed::Present(stack) = world.stacks.get("cfd") else {
        panic!("{:?}", world.stacks.get("cfd"));
    };
    let settings = &stack.settings;
    assert_eq!(settings.display_name.as_deref(), Some("CFD"));
    assert_eq!(
        settings.redirect_url.as_deref(),
        Some("https://example.com/")
    );
    assert_eq!(
        settings.application_settings,
        stack_settings().application_settings
    );
    assert_eq!(world.associations["cfd"], Observed::Present(names(["cfd"])));
    let bucket = world.buckets["shared"].present().unwrap();
    assert_eq!(bucket.name, "shared");
    let observed = bucket.policy.as_ref().unwrap();
    assert_eq!(
        observed["Statement"][0]["Condition"]["StringLike"]["s3:prefix"],
        policy("shared")["Statement"][0]["Condition"]["StringLike"]["s3:prefix"][0],
        "S3 collapses lists of one, and keeps every letter: {observed}"
    );

    front.register_target("cfd", 1, 5);
    for action in life {
        cloud.apply(&action).await.unwrap();
    }
    let world = cloud.observe(&request).await;
    assert!(world.scaling["cfd"].is_absent());
    assert!(world.fleets.get("cfd").is_absent());
    assert!(world.stacks.get("cfd").is_absent());
    let bucket = world.buckets["shared"].present().unwrap();
    assert_eq!(bucket.policy, None, "the bucket stays and its policy went");
}

#[tokio::test]
async fn a_target_is_deregistered_while_its_fleet_is_there_and_gone_afterwards() {
    let front = Front::new().await;
    front.create_fleet("cfd");
    front.register_target("cfd", 1, 5);
    let cloud = front.cloud();
    let request = ObserveRequest {
        scaling: names(["cfd"]),
        ..ObserveRequest::default()
    };
    let action = Action::DeregisterScalableTarget {
        fleet: "cfd".to_owned(),
    };
    cloud.apply(&action).await.unwrap();
    let world = cloud.observe(&request).await;
    assert!(world.scaling["cfd"].is_absent());
    let error = cloud.apply(&action).await.unwrap_err();
    assert_eq!(
        (error.class, error.code.as_str()),
        (ErrorClass::Gone, "ObjectNotFoundException")
    );
}

#[tokio::test]
async fn an_attribute_is_deleted_by_name_and_a_text_by_an_empty_one() {
    let front = Front::new().await;
    front.call(
        "CreateStack",
        json!({"Name": "cfd", "RedirectURL": "https://example.com/", "Description": "words"}),
    );
    let cloud = front.cloud();
    let action = Action::UpdateStack {
        name: "cfd".to_owned(),
        set: serde_json::from_value(json!({"description": ""})).unwrap(),
        delete: vec!["REDIRECT_URL".to_owned()],
    };
    cloud.apply(&action).await.unwrap();
    let request = ObserveRequest {
        stacks: names(["cfd"]),
        ..ObserveRequest::default()
    };
    let world = cloud.observe(&request).await;
    let Observed::Present(stack) = world.stacks.get("cfd") else {
        panic!("{:?}", world.stacks.get("cfd"));
    };
    assert_eq!(stack.settings.description, None);
    assert_eq!(stack.settings.redirect_url, None);
}

#[tokio::test]
async fn a_bucket_of_another_account_is_not_touched() {
    let front = Front::new().await;
    front.simulator.add_bucket(REGION, "shared");
    let wrong = front.config().cloud(REGION, "999988887777");
    let action = Action::PutBucketPolicy {
        bucket: "shared".to_owned(),
        base: None,
        document: policy("shared"),
    };
    let error = wrong.apply(&action).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Denied, "{error}");
    let request = ObserveRequest {
        buckets: names(["shared"]),
        ..ObserveRequest::default()
    };
    assert!(wrong.observe(&request).await.buckets["shared"].is_unknown());
    let world = front.observe(&request).await;
    assert_eq!(world.buckets["shared"].present().unwrap().policy, None);
}
