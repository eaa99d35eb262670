//! Fails calls in every way a network and AWS have, and checks what we make of it.

use streamkeeper_core::action::{Action, ObjectRef};
use streamkeeper_core::cloud::{ApplyError, Cloud, ErrorClass, ObserveRequest};
use streamkeeper_core::observed::Observed;
use streamkeeper_simulator::{
    CallOutcome, Face, Fault, JournalEntry, Matcher, Quotas, Rate, Rates,
};

use tokio::task::JoinSet;

use super::*;

/// For answers that never come: longer than a call takes to arrive on a loaded machine.
const SHORT: Duration = Duration::from_secs(1);

/// One mutating call of each wire format, ready to be made.
fn mutations() -> Vec<Action> {
    vec![
        start_fleet("cfd"),
        Action::CreateStack {
            name: "new".to_owned(),
            settings: stack_settings(),
            tags: tags([("streamkeeper:environment", "new")]),
        },
        Action::TagResource {
            object: ObjectRef::stack("cfd"),
            arn: format!("arn:aws:appstream:{REGION}:{ACCOUNT}:stack/cfd"),
            tags: tags([("k", "v")]),
        },
        Action::PutBucketPolicy {
            bucket: "shared".to_owned(),
            base: None,
            document: json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Sid": "A",
                    "Effect": "Allow",
                    "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")},
                    "Action": "s3:GetObject",
                    "Resource": "arn:aws:s3:::shared/*",
                }],
            }),
        },
    ]
}

async fn front() -> Front {
    let front = Front::new().await;
    front.create_fleet("cfd");
    front.create_stack("cfd");
    front.simulator.add_bucket(REGION, "shared");
    front
}

/// Applies an action that a fault befalls; the error and the one call that came in.
async fn apply_once(front: &Front, action: &Action, fault: Fault) -> (ApplyError, JournalEntry) {
    let never_comes = matches!(
        fault,
        Fault::Hang(_) | Fault::LostBefore(Face::Timeout) | Fault::LostAfter(Face::Timeout)
    );
    let cloud = if never_comes {
        front.cloud().with_deadline(SHORT)
    } else {
        front.cloud()
    };
    let faults = front.simulator.faults();
    faults.add(Matcher::operation(action.operation()), fault.clone());
    let before = front.last_seq();
    let error = cloud.apply(action).await.unwrap_err();
    assert!(faults.is_spent(), "{action}: {fault:?} befell nothing");
    let calls = front.journal_since(before);
    let [call] = calls.as_slice() else {
        panic!("{action} came in {} times after {fault:?}", calls.len());
    };
    (error, call.clone())
}

#[tokio::test]
async fn a_lost_answer_is_unknown_whether_executed_or_not_and_never_retried() {
    let mut running = JoinSet::new();
    for face in Face::ALL {
        for action in mutations() {
            running.spawn(lose_before_and_after(face, action));
        }
    }
    assert_eq!(running.len(), 16);
    running.join_all().await;
}

async fn lose_before_and_after(face: Face, action: Action) {
    let front = front().await;
    let (error, call) = apply_once(&front, &action, Fault::LostBefore(face)).await;
    assert_eq!(error.class, ErrorClass::Unknown, "{action}, {face:?}");
    assert_eq!(call.outcome, CallOutcome::NotExecuted);

    let (after, call) = apply_once(&front, &action, Fault::LostAfter(face)).await;
    assert_eq!(after.class, ErrorClass::Unknown, "{action}, {face:?}");
    assert_eq!(call.outcome, CallOutcome::Ok, "{action}, {face:?}");
    // Nothing on our side tells the two apart.
    assert_eq!((error.class, error.code), (after.class, after.code));
}

#[tokio::test]
async fn an_answer_later_than_the_deadline_is_unknown() {
    let front = front().await;
    let late = Fault::Hang(SHORT * 60);
    let (error, call) = apply_once(&front, &start_fleet("cfd"), late).await;
    assert_eq!(error.class, ErrorClass::Unknown);
    assert_eq!(error.code, "Timeout");
    assert_eq!(call.outcome, CallOutcome::Ok);
}

#[tokio::test]
async fn a_refusal_is_classed_by_its_code_on_every_wire_and_is_final() {
    use ErrorClass::*;
    let front = front().await;
    let [start, .., put] = &mutations()[..] else {
        unreachable!()
    };
    for (action, code, class) in [
        (start, "ConcurrentModificationException", NotReady),
        (start, "InvalidAccountStatusException", Denied),
        (start, "InvalidRoleException", Denied),
        (start, "LimitExceededException", Limit),
        (start, "OperationNotPermittedException", NotReady),
        (start, "RequestLimitExceededException", Throttled),
        (start, "ResourceNotAvailableException", Gone),
        (start, "ResourceNotFoundException", Gone),
        (start, "ThrottlingException", Throttled),
        (start, "AccessDeniedException", Denied),
        (start, "InvalidParameterValueException", Invalid),
        (start, "BrandNewException", Unexpected),
        (put, "AccessDenied", Denied),
        (put, "MalformedPolicy", Gone),
        (put, "NoSuchBucket", Gone),
        (put, "OperationAborted", NotReady),
        (put, "SlowDown", Throttled),
        (put, "BrandNew", Unexpected),
    ] {
        let (error, call) = apply_once(&front, action, Fault::refuse(code, "words")).await;
        assert_eq!(
            (error.class, error.code.as_str()),
            (class, code),
            "{action}"
        );
        assert_eq!(error.message, "words", "{code}");
        assert_eq!(error.request_id, Some(call.request_id), "{code}");
    }
}

#[tokio::test]
async fn what_aws_refuses_by_itself_has_its_class() {
    let front = front().await;
    let cloud = front.cloud();
    let gone = cloud.apply(&start_fleet("nobody")).await.unwrap_err();
    assert_eq!(gone.class, ErrorClass::Gone, "{gone}");

    let again = Action::CreateStack {
        name: "cfd".to_owned(),
        settings: StackSettings::default(),
        tags: BTreeMap::new(),
    };
    let taken = cloud.apply(&again).await.unwrap_err();
    assert_eq!(taken.class, ErrorClass::AlreadyThere, "{taken}");

    let mut settings = fleet_settings();
    settings.max_user_duration_in_seconds = Some(1);
    let action = Action::CreateFleet {
        name: "short".to_owned(),
        settings,
        tags: BTreeMap::new(),
    };
    let invalid = cloud.apply(&action).await.unwrap_err();
    assert_eq!(invalid.class, ErrorClass::Invalid, "{invalid}");

    cloud.apply(&start_fleet("cfd")).await.unwrap();
    let delete = Action::DeleteFleet {
        name: "cfd".to_owned(),
    };
    let running = cloud.apply(&delete).await.unwrap_err();
    assert_eq!(running.class, ErrorClass::NotReady, "{running}");
}

#[tokio::test]
async fn a_quota_is_a_limit_and_is_asked_once() {
    let front = Front::with(Config {
        quotas: Quotas {
            stacks: 0,
            ..Quotas::aws_defaults()
        },
        ..instant()
    })
    .await;
    let action = Action::CreateStack {
        name: "cfd".to_owned(),
        settings: StackSettings::default(),
        tags: BTreeMap::new(),
    };
    let error = front.cloud().apply(&action).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Limit, "{error}");
    assert_eq!(error.code, "LimitExceededException");
    assert_eq!(front.journal_since(0).len(), 1);
}

#[tokio::test]
async fn throttling_of_a_mutating_call_is_reported_and_not_retried() {
    let slow = Rate {
        code: Some("RequestLimitExceededException".to_owned()),
        ..Rate::per_second(0.001)
    };
    let front = Front::with(Config {
        rates: Rates {
            default: None,
            per_operation: [("StopFleet".to_owned(), slow)].into(),
        },
        ..instant()
    })
    .await;
    front.create_fleet("cfd");
    let cloud = front.cloud();
    let stop = Action::StopFleet {
        name: "cfd".to_owned(),
        only_when_idle: false,
    };
    cloud.apply(&stop).await.unwrap();
    let before = front.last_seq();
    let error = cloud.apply(&stop).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Throttled, "{error}");
    assert_eq!(front.journal_since(before).len(), 1);
}

#[tokio::test]
async fn a_read_outlives_what_passes_and_counts_every_attempt() {
    let request = ObserveRequest {
        fleets: names(["cfd"]),
        ..ObserveRequest::default()
    };
    for fault in [
        Fault::refuse("RequestLimitExceededException", "too fast"),
        Fault::refuse("ThrottlingException", "too fast"),
        Fault::LostBefore(Face::Http503),
        Fault::LostBefore(Face::Reset),
        Fault::LostAfter(Face::Http500),
    ] {
        let front = front().await;
        let matcher = Matcher::operation("DescribeFleets").times(2);
        front.simulator.faults().add(matcher, fault.clone());
        let world = front.observe(&request).await;
        assert!(world.fleets.get("cfd").present().is_some(), "{fault:?}");
        assert_eq!(world.calls["DescribeFleets"], 3, "{fault:?}");
    }
}

#[tokio::test]
async fn a_read_that_fails_for_good_is_unknown_with_its_reason() {
    let request = ObserveRequest {
        fleets: names(["cfd", "nobody"]),
        ..ObserveRequest::default()
    };
    for (fault, calls, why) in [
        (Fault::LostBefore(Face::Http500), 3, "InternalFailure"),
        (Fault::LostAfter(Face::Reset), 3, "ConnectionLost"),
        (
            Fault::refuse("AccessDeniedException", "no"),
            1,
            "AccessDeniedException: no",
        ),
        (
            Fault::refuse("LimitExceededException", "quota"),
            1,
            "LimitExceededException",
        ),
    ] {
        let front = front().await;
        let matcher = Matcher::operation("DescribeFleets").always();
        front.simulator.faults().add(matcher, fault.clone());
        let world = front.observe(&request).await;
        let Observed::Unknown(reason) = world.fleets.get("cfd") else {
            panic!("{fault:?}: {:?}", world.fleets.get("cfd"));
        };
        assert!(reason.starts_with("DescribeFleets fleet/cfd: "), "{reason}");
        assert!(reason.contains(why), "{reason}");
        // Nor is the one that does not exist absent: nobody said that it was not found.
        assert!(world.fleets.get("nobody").is_unknown(), "{fault:?}");
        assert_eq!(world.calls["DescribeFleets"], 2 * calls, "{fault:?}");
    }
}

#[tokio::test]
async fn an_answer_without_the_name_is_no_proof_of_absence() {
    let front = front().await;
    let matcher = Matcher::operation("DescribeFleets").always();
    front.simulator.faults().add(matcher, Fault::EmptyPage);
    let request = ObserveRequest {
        fleets: names(["cfd"]),
        ..ObserveRequest::default()
    };
    let world = front.observe(&request).await;
    let Observed::Unknown(reason) = world.fleets.get("cfd") else {
        panic!("{:?}", world.fleets.get("cfd"));
    };
    assert!(
        reason.contains("nor says that it was not found"),
        "{reason}"
    );
}
