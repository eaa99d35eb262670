//! What the last look before a call must show, and what stops the call.

mod access;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{request, verify};
use crate::action::{Action, ObjectRef};
use crate::observed::{FleetState, Observed, ObservedBucket, ObservedTags};
use crate::plan::tests::harness::{Case, arn, fleet, minute, our_tags, small, stack, tags};
use crate::settings::{FleetSettings, StackSettings};

fn name() -> String {
    "cfd".to_owned()
}

/// What a look that found everything in order brings back.
fn in_order() -> Case {
    let mut case = Case::new(&small());
    case.observed.fleet = Observed::Present(fleet(FleetState::Stopped, json!({})));
    case.observed.stack = Observed::Present(stack(json!({})));
    case.observed.stack_fleets = Observed::Present(BTreeSet::new());
    case.observed.fleet_stacks = Observed::Present(BTreeSet::new());
    let bucket = ObservedBucket::with_policy("shared-data", Some(policy("s3:GetObject")));
    case.observed
        .buckets
        .insert("shared-data".to_owned(), Observed::Present(bucket));
    case
}

fn policy(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "A", "Effect": "Allow", "Principal": {"AWS": "123456789012"},
        "Action": action, "Resource": "arn:aws:s3:::shared-data/*"
    }]})
}

fn stop() -> Action {
    Action::StopFleet {
        name: name(),
        only_when_idle: true,
    }
}

fn untag(object: ObjectRef) -> Action {
    Action::UntagResource {
        arn: arn(&object.to_string()),
        object,
        keys: vec!["team".to_owned()],
    }
}

fn drain() -> Action {
    Action::DrainSessionInstance {
        fleet: name(),
        instance: "i-1".to_owned(),
        session: "s-1".to_owned(),
    }
}

/// Every call that takes something away.
fn takers() -> Vec<Action> {
    vec![
        stop(),
        Action::DeleteFleet { name: name() },
        Action::DeleteStack { name: name() },
        Action::DisassociateFleet {
            fleet: name(),
            stack: name(),
            only_when_idle: true,
        },
        untag(ObjectRef::fleet("cfd")),
        untag(ObjectRef::stack("cfd")),
        Action::PutBucketPolicy {
            bucket: "shared-data".to_owned(),
            base: Some(policy("s3:GetObject")),
            document: policy("s3:PutObject"),
        },
        Action::DeleteBucketPolicy {
            bucket: "shared-data".to_owned(),
            base: Some(policy("s3:GetObject")),
        },
        Action::DeregisterScalableTarget { fleet: name() },
        drain(),
    ]
}

/// Every call that only gives.
fn givers() -> Vec<Action> {
    vec![
        Action::CreateFleet {
            name: name(),
            settings: FleetSettings::default(),
            tags: our_tags(),
        },
        Action::UpdateFleet {
            name: name(),
            set: FleetSettings::default(),
            delete: Vec::new(),
        },
        Action::StartFleet { name: name() },
        Action::CreateStack {
            name: name(),
            settings: StackSettings::default(),
            tags: our_tags(),
        },
        Action::UpdateStack {
            name: name(),
            set: StackSettings::default(),
            delete: Vec::new(),
        },
        Action::AssociateFleet {
            fleet: name(),
            stack: name(),
        },
        Action::TagResource {
            object: ObjectRef::fleet("cfd"),
            arn: arn("fleet/cfd"),
            tags: our_tags(),
        },
    ]
}

fn ok(case: &Case, action: &Action) -> bool {
    verify(action, &case.environment, &case.observed).is_ok()
}

#[test]
fn what_takes_something_away_is_looked_at_again_and_nothing_else_is() {
    for action in takers() {
        let request = request(&action, minute(3)).unwrap_or_else(|| panic!("{action}"));
        assert_eq!(request.now, minute(3));
        assert!(!request.walk, "by name");
    }
    for action in givers() {
        assert_eq!(request(&action, minute(3)), None, "{action}");
        let mut blind = in_order();
        blind.observed.fleet = Observed::Unknown("denied".to_owned());
        blind.observed.stack = Observed::Unknown("denied".to_owned());
        assert!(ok(&blind, &action), "{action}");
    }
}

#[test]
fn what_is_in_order_is_done() {
    for action in takers() {
        assert!(ok(&in_order(), &action), "{action}");
    }
}

#[test]
fn an_object_that_is_not_ours_by_name_any_more_is_left_alone() {
    for found in [
        tags(&[("streamkeeper:uid", "theirs")]),
        tags(&[]),
        ObservedTags::Listed(our_tags()),
        ObservedTags::Listed(BTreeMap::new()),
        ObservedTags::Unknown("denied".to_owned()),
    ] {
        let mut case = in_order();
        let mut fleet = fleet(FleetState::Stopped, json!({}));
        fleet.tags = found.clone();
        case.observed.fleet = Observed::Present(fleet);
        let mut stack = stack(json!({}));
        stack.tags = found.clone();
        case.observed.stack = Observed::Present(stack);
        let all = takers();
        for action in all[..6].iter().chain(&all[8..]) {
            assert!(!ok(&case, action), "{action} with {found:?}");
        }
    }
}

#[test]
fn an_object_that_is_gone_or_out_of_sight_is_left_alone() {
    for gone in [true, false] {
        let mut case = in_order();
        if gone {
            case.observed.fleet = Observed::Absent;
            case.observed.stack = Observed::Absent;
            let bucket = "shared-data".to_owned();
            case.observed.buckets.insert(bucket, Observed::Absent);
        } else {
            let why = || "denied".to_owned();
            case.observed.fleet = Observed::Unknown(why());
            case.observed.stack = Observed::Unknown(why());
            case.observed.buckets.clear();
        }
        for action in takers() {
            assert!(!ok(&case, &action), "{action}");
        }
    }
}

#[test]
fn a_session_that_began_since_stops_the_stop() {
    for sessions in [
        Observed::Present(1),
        Observed::Absent,
        Observed::Unknown("denied".to_owned()),
    ] {
        let mut case = in_order();
        case.observed.sessions.insert(name(), sessions);
        assert!(!ok(&case, &stop()));
        assert!(!ok(&case, &takers()[3]));
    }
}

#[test]
fn where_nobody_is_waited_for_it_is_still_counted_who_is_cut_off() {
    let whatever = Action::StopFleet {
        name: name(),
        only_when_idle: false,
    };
    let mut case = in_order();
    case.observed.sessions.insert(name(), Observed::Present(3));
    assert!(ok(&case, &whatever));
    assert_eq!(super::cut_off(&whatever, &case.observed), 3);
    for unknown in [Observed::Absent, Observed::Unknown("denied".to_owned())] {
        case.observed.sessions.insert(name(), unknown);
        assert!(!ok(&case, &whatever));
    }
}

#[test]
fn a_fleet_that_was_started_since_is_not_deleted() {
    let mut case = in_order();
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    assert!(!ok(&case, &takers()[1]));
    assert!(!ok(&case, &takers()[8]), "nor is it scaled no more");
}

#[test]
fn what_was_associated_since_is_not_deleted() {
    for names in [
        Observed::Present(BTreeSet::from(["other".to_owned()])),
        Observed::Unknown("denied".to_owned()),
    ] {
        let mut case = in_order();
        case.observed.fleet_stacks = names.clone();
        case.observed.stack_fleets = names;
        assert!(!ok(&case, &takers()[1]));
        assert!(!ok(&case, &takers()[2]));
    }
}

#[test]
fn a_policy_somebody_changed_since_is_not_overwritten() {
    for (seen, may) in [
        (Some(policy("s3:GetObject")), true),
        (Some(policy("s3:getobject")), true),
        (Some(policy("s3:PutObject")), false),
        (None, false),
    ] {
        let mut case = in_order();
        let bucket = ObservedBucket::with_policy("shared-data", seen.clone());
        case.observed
            .buckets
            .insert("shared-data".to_owned(), Observed::Present(bucket));
        for action in takers()[6..8].iter() {
            assert_eq!(ok(&case, action), may, "{action} over {seen:?}");
        }
    }
}

#[test]
fn each_look_asks_for_what_it_judges_by() {
    let asks = |action: &Action| {
        let request = request(action, minute(0)).unwrap();
        [
            request.fleets,
            request.stacks,
            request.sessions,
            request.associations_of_fleets,
            request.associations_of_stacks,
            request.buckets,
        ]
        .map(|names| names.into_iter().collect::<Vec<_>>().join(","))
    };
    let expected = [
        ["cfd", "", "cfd", "", "", ""],
        ["cfd", "", "", "cfd", "", ""],
        ["", "cfd", "", "", "cfd", ""],
        ["", "cfd", "cfd", "", "", ""],
        ["cfd", "", "", "", "", ""],
        ["", "cfd", "", "", "", ""],
        ["", "", "", "", "", "shared-data"],
        ["", "", "", "", "", "shared-data"],
        ["cfd", "", "", "", "", ""],
        ["cfd", "", "", "", "", ""],
    ];
    for (action, expected) in takers().iter().zip(expected) {
        assert_eq!(asks(action), expected, "{action}");
    }
}
