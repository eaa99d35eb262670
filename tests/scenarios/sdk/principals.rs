//! Unique ids of roles and users, as IAM says them over the wire.

use streamkeeper_core::observed::Observed;
use streamkeeper_simulator::{Fault, Matcher};

use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/team/nodes";
const USER: &str = "arn:aws:iam::111122223333:user/ada";

/// An AWS in which a bucket's policy names a role and a user.
async fn named() -> Front {
    let front = Front::new().await;
    front.simulator.add_bucket(REGION, "shared");
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": [ROLE, USER]},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shared/*"
    }]});
    let input = json!({"Bucket": "shared", "Policy": policy.to_string()});
    let call = Call::s3(REGION, "PutBucketPolicy", input);
    front.simulator.call(&call).unwrap();
    front
}

fn ask<const N: usize>(arns: [&str; N]) -> ObserveRequest {
    ObserveRequest {
        principals: names(arns),
        ..ObserveRequest::default()
    }
}

async fn id_of(front: &Front, arn: &str) -> Observed<String> {
    front.observe(&ask([arn])).await.principals[arn].clone()
}

#[tokio::test]
async fn the_id_of_a_role_and_of_a_user_is_what_s3_shows() {
    let front = named().await;
    for (arn, kind) in [(ROLE, "AROA"), (USER, "AIDA")] {
        let id = id_of(&front, arn).await;
        let id = id.present().expect("it is there");
        assert!(id.starts_with(kind), "{id}");
        front.simulator.leave_principal_unresolved(arn, true);
        let bucket = json!({"Bucket": "shared"});
        let shown = front
            .simulator
            .call(&Call::s3(REGION, "GetBucketPolicy", bucket));
        let shown = shown.unwrap();
        assert!(
            shown["Policy"].as_str().unwrap().contains(id.as_str()),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn only_no_such_entity_and_another_path_are_absence() {
    let front = named().await;
    let elsewhere = "arn:aws:iam::111122223333:role/nodes";
    assert_eq!(id_of(&front, elsewhere).await, Observed::Absent);
    let nobody = "arn:aws:iam::111122223333:role/nobody";
    assert_eq!(id_of(&front, nobody).await, Observed::Absent);
    let before = id_of(&front, ROLE).await;
    front.simulator.retire_principal(ROLE);
    assert_eq!(id_of(&front, ROLE).await, Observed::Absent);
    front.simulator.make_principal_anew(ROLE);
    let after = id_of(&front, ROLE).await;
    assert!(after.present().is_some());
    assert_ne!(before, after);
}

#[tokio::test]
async fn who_cannot_be_asked_about_is_unknown() {
    let front = named().await;
    let there = "arn:aws:iam::999988887777:role/nodes";
    let root = "arn:aws:iam::111122223333:root";
    let world = front.observe(&ask([there, root])).await;
    assert!(world.principals[there].is_unknown());
    assert!(world.principals[root].is_unknown());
    assert!(!world.calls.contains_key("GetRole"), "{:?}", world.calls);
    let denied = Matcher::any().service(Service::Iam).always();
    let refusal = Fault::refuse("AccessDenied", "words");
    front.simulator.faults().add(denied, refusal);
    let Observed::Unknown(why) = id_of(&front, ROLE).await else {
        panic!("it was refused");
    };
    assert!(
        why.contains("GetRole") && why.contains("AccessDenied"),
        "{why}"
    );
}
