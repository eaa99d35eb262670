//! Looks at clusters over the wire: CloudFormation's own protocol, its pages and its refusals.

use streamkeeper_core::cloud::{Cloud, ObserveRequest};
use streamkeeper_core::observed::Observed;
use streamkeeper_core::seen_clusters::{ClusterRequest, ClusterWorld};
use streamkeeper_simulator::{CloudStackSeed, Fault, Matcher, SimulatedCloud};

use super::*;

fn cluster(name: &str) -> CloudStackSeed {
    CloudStackSeed::cluster(name, "3.16.1")
        .tag("streamkeeper:environment", "lab & <shed>")
        .tag("appstream-user", "ada")
}

fn listing() -> Matcher {
    Matcher::operation("DescribeStacks").service(Service::CloudFormation)
}

async fn looked(front: &Front, stacks: &[&String]) -> ClusterWorld {
    let request = ObserveRequest {
        clusters: ClusterRequest {
            list: true,
            stacks: stacks.iter().map(|arn| (*arn).clone()).collect(),
            ..ClusterRequest::default()
        },
        ..ObserveRequest::default()
    };
    let seen = front.observe(&request).await;
    let in_process = SimulatedCloud::new(front.simulator.clone(), REGION);
    let expected = in_process.observe(&request).await;
    // The two implementations of the port see the same, down to the reasons.
    let (mut ours, mut theirs) = (seen.clusters, expected.clusters);
    for side in [&mut ours, &mut theirs] {
        if let Some(Ok(listed)) = &mut side.listed {
            listed.sort_by(|a, b| a.name.cmp(&b.name));
        }
    }
    assert_eq!(ours.listed, theirs.listed);
    assert_eq!(
        ours.stacks.keys().collect::<Vec<_>>(),
        theirs.stacks.keys().collect::<Vec<_>>()
    );
    ours
}

#[tokio::test]
async fn clusters_come_page_by_page_with_their_tags() {
    let front = Front::with(Config {
        page_size: 2,
        ..instant()
    })
    .await;
    for name in ["a", "b", "c", "d"] {
        front.simulator.put_cloud_stack(REGION, &cluster(name));
    }
    front
        .simulator
        .put_cloud_stack(REGION, &CloudStackSeed::foreign("website"));
    let since = front.last_seq();
    let seen = looked(&front, &[]).await;
    let listed = seen.listed.unwrap().unwrap();
    let names: Vec<&str> = listed.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    assert_eq!(listed[0].environment.as_deref(), Some("lab & <shed>"));
    assert_eq!(listed[0].user.as_deref(), Some("ada"));
    assert!(listed[0].changed_at.is_some());
    assert!(
        listed[0]
            .arn
            .starts_with("arn:aws:cloudformation:eu-west-1:111122223333:stack/a/")
    );
    let calls = front.journal_since(since).into_iter();
    let pages = calls.filter(|entry| entry.service == Service::CloudFormation);
    assert_eq!(pages.count(), 6, "three pages, on either way");
}

#[tokio::test]
async fn by_its_arn_a_stack_is_there_gone_or_unknown() {
    let front = Front::new().await;
    let there = front.simulator.put_cloud_stack(REGION, &cluster("there"));
    let gone = front.simulator.put_cloud_stack(REGION, &cluster("gone"));
    front.simulator.delete_cloud_stack(REGION, "gone");
    let never = there.replace("there", "never");
    let seen = looked(&front, &[&there, &gone, &never]).await;
    assert!(seen.stacks[&there].present().is_some());
    assert_eq!(seen.stacks[&gone], Observed::Absent);
    assert_eq!(seen.stacks[&never], Observed::Absent);

    let denied = Fault::refuse("AccessDenied", "no");
    front.simulator.faults().add(listing().always(), denied);
    let seen = looked(&front, &[&gone]).await;
    assert!(seen.stacks[&gone].is_unknown());
    assert!(seen.listed.unwrap().unwrap_err().denied);
}

#[tokio::test]
async fn half_a_list_is_none() {
    let front = Front::with(Config {
        page_size: 1,
        ..instant()
    })
    .await;
    for name in ["a", "b"] {
        front.simulator.put_cloud_stack(REGION, &cluster(name));
    }
    let faults = front.simulator.faults();
    let broken = Fault::refuse("ValidationError", "no such page");
    faults.add(listing().nth(2).times(1), broken);
    let request = ObserveRequest {
        clusters: ClusterRequest {
            list: true,
            ..ClusterRequest::default()
        },
        ..ObserveRequest::default()
    };
    let seen = front.observe(&request).await;
    let why = seen.clusters.listed.unwrap().unwrap_err();
    assert!(!why.denied);
    assert_eq!(
        why.reason,
        "cloudformation:DescribeStacks: ValidationError: no such page"
    );
    assert_eq!(seen.calls["cloudformation:DescribeStacks"], 2);
}
