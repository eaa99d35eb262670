//! Holds the port's contract: what is Present, Absent and Unknown, and what an error means.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use streamkeeper_core::action::{Action, ObjectRef};
use streamkeeper_core::cloud::{Cloud, ErrorClass, ObserveRequest};
use streamkeeper_core::observed::{FleetState, Observed, ObservedTags, ObservedWorld};
use streamkeeper_core::settings::{FleetSettings, StackSettings, StorageConnector};
use streamkeeper_core::spec::ComputeCapacity;

use super::SimulatedCloud;
use crate::{Config, Face, Fault, HomeBucketNaming, Matcher, SessionSeed, Simulator};

const REGION: &str = "eu-west-1";

fn cloud_of(config: Config) -> (Simulator, SimulatedCloud) {
    let simulator = Simulator::new(config);
    let cloud = SimulatedCloud::new(simulator.clone(), REGION);
    (simulator, cloud)
}

fn cloud() -> (Simulator, SimulatedCloud) {
    // Small pages, so that a walk has several.
    cloud_of(Config {
        page_size: 2,
        ..Config::default()
    })
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn walk() -> ObserveRequest {
    ObserveRequest {
        walk: true,
        ..ObserveRequest::default()
    }
}

fn fleet_action(name: &str) -> Action {
    Action::CreateFleet {
        name: name.to_owned(),
        settings: FleetSettings {
            image_name: Some("pcluster-2026-11".to_owned()),
            instance_type: Some("stream.standard.medium".to_owned()),
            compute_capacity: Some(ComputeCapacity {
                desired_instances: Some(1),
                desired_sessions: None,
            }),
            ..FleetSettings::default()
        },
        tags: [("streamkeeper:uid".to_owned(), "u1".to_owned())].into(),
    }
}

fn stack_action(name: &str) -> Action {
    let home = StorageConnector {
        connector_type: "HOMEFOLDERS".to_owned(),
        ..StorageConnector::default()
    };
    Action::CreateStack {
        name: name.to_owned(),
        settings: StackSettings {
            storage_connectors: Some(vec![home]),
            ..StackSettings::default()
        },
        tags: [("streamkeeper:uid".to_owned(), "u1".to_owned())].into(),
    }
}

async fn make(cloud: &SimulatedCloud, actions: &[Action]) {
    for action in actions {
        cloud.apply(action).await.unwrap();
    }
}

async fn look(cloud: &SimulatedCloud, request: ObserveRequest) -> ObservedWorld {
    cloud.observe(&request).await
}

fn why<T: std::fmt::Debug>(observed: Observed<T>) -> String {
    match observed {
        Observed::Unknown(why) => why,
        known @ (Observed::Present(_) | Observed::Absent) => panic!("{known:?} is known"),
    }
}

#[tokio::test]
async fn a_walk_sees_everything_and_calls_nothing_absent() {
    let (simulator, cloud) = cloud();
    make(&cloud, &["a", "b", "c"].map(fleet_action)).await;
    simulator.clock().advance(Duration::from_secs(60));
    let world = look(&cloud, walk()).await;
    assert!(world.fleets.walked);
    assert_eq!(world.fleets.items.len(), 3);
    let fleet = world.fleets.get("a").present().cloned().unwrap();
    assert_eq!(fleet.state, FleetState::Stopped);
    assert_eq!(
        fleet.settings.compute_capacity.unwrap().desired_instances,
        Some(1)
    );
    let uid = [("streamkeeper:uid".to_owned(), "u1".to_owned())].into();
    assert_eq!(fleet.tags, ObservedTags::Listed(uid));
    assert!(why(world.fleets.get("none")).contains("not listed"));
    assert_eq!(world.calls["DescribeFleets"], 2);
    assert_eq!(world.calls["DescribeStacks"], 1);
}

#[tokio::test]
async fn a_walk_that_fails_half_way_keeps_what_it_saw() {
    let (simulator, cloud) = cloud();
    make(&cloud, &["a", "b", "c"].map(fleet_action)).await;
    simulator.faults().add(
        Matcher::operation("DescribeFleets").nth(2),
        Fault::LostBefore(Face::Http500),
    );
    let world = look(&cloud, walk()).await;
    assert!(!world.fleets.walked);
    assert_eq!(world.fleets.items.len(), 2);
    assert!(why(world.fleets.get("none")).contains("InternalFailure"));
    assert!(world.stacks.walked, "the other list is not touched by it");
}

#[tokio::test]
async fn only_not_found_for_that_very_name_is_absent() {
    let (simulator, cloud) = cloud();
    make(&cloud, &[fleet_action("a")]).await;
    let request = ObserveRequest {
        fleets: names(&["a", "none"]),
        ..walk()
    };
    let world = look(&cloud, request.clone()).await;
    assert_eq!(world.fleets.get("none"), Observed::Absent);
    // An empty success is no proof, also when the walk before it was complete.
    simulator.faults().add(
        Matcher::operation("DescribeFleets").always(),
        Fault::EmptyPage,
    );
    let world = look(&cloud, request.clone()).await;
    assert!(why(world.fleets.get("a")).contains("answered without it"));
    simulator.faults().clear();
    simulator.faults().add(
        Matcher::operation("DescribeFleets").always(),
        Fault::refuse("AccessDeniedException", "no"),
    );
    let world = look(&cloud, request).await;
    assert!(why(world.fleets.get("none")).contains("AccessDeniedException"));
}

#[tokio::test]
async fn tags_are_known_by_name_and_only_listed_in_bulk() {
    let (simulator, cloud) = cloud();
    make(&cloud, &[fleet_action("a")]).await;
    // The tagging API lags: right after the creation it lists nothing.
    let world = look(&cloud, walk()).await;
    let tags = world.fleets.get("a").present().unwrap().tags.clone();
    assert!(matches!(tags, ObservedTags::Unknown(_)), "{tags:?}");
    let request = ObserveRequest {
        fleets: names(&["a"]),
        ..walk()
    };
    let world = look(&cloud, request.clone()).await;
    let tags = world.fleets.get("a").present().unwrap().tags.clone();
    assert!(matches!(tags, ObservedTags::Known(_)), "{tags:?}");
    simulator.faults().add(
        Matcher::operation("ListTagsForResource"),
        Fault::refuse("AccessDeniedException", "no"),
    );
    let world = look(&cloud, request).await;
    let tags = world.fleets.get("a").present().unwrap().tags.clone();
    assert!(matches!(tags, ObservedTags::Unknown(_)), "{tags:?}");
}

#[tokio::test]
async fn associations_of_what_does_not_exist_are_absent_when_the_look_knows_it() {
    let (_, cloud) = cloud();
    let (fleet, stack) = ("a".to_owned(), "s".to_owned());
    let associate = Action::AssociateFleet { fleet, stack };
    make(&cloud, &[fleet_action("a"), stack_action("s"), associate]).await;
    let request = ObserveRequest {
        stacks: names(&["none"]),
        associations_of_stacks: names(&["s", "none", "unasked"]),
        associations_of_fleets: names(&["a"]),
        ..ObserveRequest::default()
    };
    let world = look(&cloud, request).await;
    assert_eq!(world.associations["s"], Observed::Present(names(&["a"])));
    assert_eq!(world.fleet_stacks["a"], Observed::Present(names(&["s"])));
    assert_eq!(world.associations["none"], Observed::Absent);
    assert_eq!(world.associations["unasked"], Observed::Present(names(&[])));
}

#[tokio::test]
async fn a_disconnected_session_is_a_person_and_an_expired_one_is_not() {
    let (simulator, cloud) = cloud();
    let (fleet, stack) = ("a".to_owned(), "s".to_owned());
    let associate = Action::AssociateFleet { fleet, stack };
    make(&cloud, &[fleet_action("a"), stack_action("s"), associate]).await;
    let sessions = [
        SessionSeed::active("ada"),
        SessionSeed::disconnected("grace"),
        SessionSeed::expired("mary"),
    ];
    simulator.set_sessions(REGION, "s", "a", &sessions);
    let request = ObserveRequest {
        sessions: names(&["a"]),
        ..ObserveRequest::default()
    };
    let world = look(&cloud, request.clone()).await;
    assert_eq!(world.sessions["a"], Observed::Present(2));
    simulator.faults().add(
        Matcher::operation("DescribeSessions"),
        Fault::LostBefore(Face::Timeout),
    );
    let world = look(&cloud, request).await;
    assert!(why(world.sessions["a"].clone()).contains("Timeout"));
}

#[tokio::test]
async fn the_home_bucket_is_found_under_either_naming() {
    for naming in [HomeBucketNaming::V1, HomeBucketNaming::V2] {
        let (simulator, cloud) = cloud_of(Config {
            naming,
            ..Config::default()
        });
        let request = ObserveRequest {
            buckets: names(&["home", "nobody-has-this-one"]),
            ..ObserveRequest::default()
        };
        let world = look(&cloud, request.clone()).await;
        assert_eq!(world.buckets["home"], Observed::Absent);
        assert_eq!(world.buckets["nobody-has-this-one"], Observed::Absent);
        make(&cloud, &[stack_action("s")]).await;
        simulator.clock().advance(Duration::from_secs(60));
        let world = look(&cloud, request).await;
        let bucket = world.buckets["home"].present().cloned().unwrap();
        assert!(
            bucket
                .name
                .starts_with("appstream2-36fb080bb8-eu-west-1-111122223333")
        );
        let policy = bucket.policy.unwrap();
        assert_eq!(
            policy["Statement"][0]["Sid"],
            "PreventAccidentalDeletionOfBucket"
        );
    }
}

#[tokio::test]
async fn two_buckets_that_look_like_home_are_unknown() {
    let (simulator, cloud) = cloud();
    let prefix = "appstream2-36fb080bb8-eu-west-1-111122223333";
    let request = ObserveRequest {
        buckets: names(&["home"]),
        ..ObserveRequest::default()
    };
    simulator.add_bucket(REGION, &format!("{prefix}-logs.mine"));
    assert_eq!(
        look(&cloud, request.clone()).await.buckets["home"],
        Observed::Absent
    );
    simulator.add_bucket(REGION, prefix);
    assert!(
        look(&cloud, request.clone()).await.buckets["home"]
            .present()
            .is_some()
    );
    simulator.add_bucket(REGION, &format!("{prefix}-hwzroy6c"));
    assert!(look(&cloud, request).await.buckets["home"].is_unknown());
}

#[tokio::test]
async fn a_policy_is_written_read_and_deleted() {
    let (simulator, cloud) = cloud();
    simulator.add_bucket(REGION, "shared");
    let request = ObserveRequest {
        buckets: names(&["shared"]),
        ..ObserveRequest::default()
    };
    let document = json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "One", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket",
        "Resource": "arn:aws:s3:::shared",
    }]});
    let bucket = "shared".to_owned();
    let put = Action::PutBucketPolicy {
        bucket: bucket.clone(),
        base: None,
        document: document.clone(),
    };
    make(&cloud, &[put]).await;
    let seen = look(&cloud, request.clone()).await.buckets["shared"].clone();
    assert_eq!(seen.present().unwrap().policy, Some(document));
    make(&cloud, &[Action::DeleteBucketPolicy { bucket, base: None }]).await;
    let seen = look(&cloud, request).await.buckets["shared"].clone();
    assert_eq!(seen.present().unwrap().policy, None);
}

#[tokio::test]
async fn an_error_says_what_to_do_next() {
    let (simulator, cloud) = cloud();
    make(&cloud, &[fleet_action("a"), stack_action("s")]).await;
    let (fleet, stack) = ("a".to_owned(), "s".to_owned());
    make(&cloud, &[Action::AssociateFleet { fleet, stack }]).await;
    let name = || "none".to_owned();
    for (action, class) in [
        (fleet_action("a"), ErrorClass::AlreadyThere),
        (Action::StartFleet { name: name() }, ErrorClass::Gone),
        (
            Action::DeleteFleet {
                name: "a".to_owned(),
            },
            ErrorClass::NotReady,
        ),
        (fleet_action("-"), ErrorClass::Invalid),
    ] {
        let error = cloud.apply(&action).await.unwrap_err();
        assert_eq!(error.class, class, "{action}: {error}");
        assert!(error.request_id.is_some());
    }
    for (code, class) in [
        ("ThrottlingException", ErrorClass::Throttled),
        ("RequestLimitExceededException", ErrorClass::Throttled),
        ("LimitExceededException", ErrorClass::Limit),
        ("AccessDeniedException", ErrorClass::Denied),
        ("SomethingNewException", ErrorClass::Unexpected),
    ] {
        simulator
            .faults()
            .add(Matcher::any(), Fault::refuse(code, "no"));
        let error = cloud.apply(&stack_action("t")).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (class, code));
    }
}

#[tokio::test]
async fn a_lost_answer_is_unknown_whether_or_not_the_call_was_executed() {
    for face in Face::ALL {
        for (fault, executed) in [
            (Fault::LostBefore(face), false),
            (Fault::LostAfter(face), true),
        ] {
            let (simulator, cloud) = cloud();
            simulator.faults().add(Matcher::mutating(), fault);
            let error = cloud.apply(&stack_action("s")).await.unwrap_err();
            assert_eq!(error.class, ErrorClass::Unknown, "{face:?}");
            let request = ObserveRequest {
                stacks: names(&["s"]),
                ..ObserveRequest::default()
            };
            let seen = look(&cloud, request).await.stacks.get("s");
            assert_eq!(seen.present().is_some(), executed, "{face:?}");
            assert_eq!(seen.is_absent(), !executed, "{face:?}");
        }
    }
}

#[tokio::test]
async fn a_fleets_type_is_never_dropped_silently_from_an_update() {
    let (simulator, cloud) = cloud();
    make(&cloud, &[fleet_action("a")]).await;
    let calls = simulator.journal().len();
    let update = Action::UpdateFleet {
        name: "a".to_owned(),
        set: FleetSettings {
            fleet_type: Some("ALWAYS_ON".to_owned()),
            ..FleetSettings::default()
        },
        delete: Vec::new(),
    };
    let error = cloud.apply(&update).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Invalid);
    assert_eq!(simulator.journal().len(), calls, "a call was made");
}

#[tokio::test]
async fn tags_are_added_and_removed_one_by_one() {
    let (_, cloud) = cloud();
    make(&cloud, &[fleet_action("a")]).await;
    let request = ObserveRequest {
        fleets: names(&["a"]),
        ..ObserveRequest::default()
    };
    let fleet = look(&cloud, request.clone()).await.fleets.get("a");
    let arn = fleet.present().unwrap().arn.clone();
    let object = ObjectRef::fleet("a");
    let tag = Action::TagResource {
        object: object.clone(),
        arn: arn.clone(),
        tags: [("k".to_owned(), "v".to_owned())].into(),
    };
    let keys = vec!["streamkeeper:uid".to_owned()];
    make(&cloud, &[tag, Action::UntagResource { object, arn, keys }]).await;
    let fleet = look(&cloud, request).await.fleets.get("a");
    let left = [("k".to_owned(), "v".to_owned())].into();
    assert_eq!(fleet.present().unwrap().tags, ObservedTags::Known(left));
}

#[tokio::test]
async fn who_we_are_is_what_sts_says() {
    let (_, cloud) = cloud();
    let identity = cloud.identity().await.unwrap();
    assert_eq!(identity.account, "111122223333");
    assert!(identity.arn.contains(":111122223333:"));
}
