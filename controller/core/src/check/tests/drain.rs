//! Holds the checker against plans that drain what is not to be drained.

use super::*;
use crate::observed::OccupiedInstance;

const FORBIDDEN: &str = "nothing is drained that the row does not allow to be drained";
const ALONE: &str = "only instances of a running multi-session fleet are drained";
const UNSEEN: &str = "an instance is drained only when it was seen to take others";
const WAITS: &str = "instances are drained only while a stop waits for people";

fn drain() -> Action {
    Action::DrainSessionInstance {
        fleet: name(),
        instance: "i-1".to_owned(),
        session: "s-1".to_owned(),
    }
}

/// A multi-session fleet with somebody on it, of a row that lets its instances be drained.
fn shared() -> Case {
    let mut case = complete();
    let desired = case.environment.spec.fleet.as_mut().unwrap();
    desired.disruption.drain = true;
    let settings = json!({"maxSessionsPerInstance": 2});
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, settings));
    case.observed.sessions.insert(name(), Observed::Present(1));
    see(&mut case, Some(false));
    case
}

fn see(case: &mut Case, is_draining: Option<bool>) {
    let session = "s-1".to_owned();
    let instance = OccupiedInstance {
        session,
        is_draining,
    };
    let instances = [("i-1".to_owned(), instance)].into();
    case.observed
        .instances
        .insert(name(), Observed::Present(instances));
}

/// The rules that draining breaks, with a stop behind it that waits for something.
fn broken_before(case: &Case, waiting_for: WaitReason) -> Vec<&'static str> {
    let stop = Step {
        waiting_for: Some(waiting_for),
        ..step(stop())
    };
    let plan = Plan {
        steps: vec![step(drain()), stop],
        ..Plan::default()
    };
    rules(case, &plan)
}

fn broken_in(case: &Case) -> Vec<&'static str> {
    broken_before(case, WaitReason::WaitingForSessions)
}

#[test]
fn instances_are_drained_where_the_row_says_so_and_people_are_waited_for() {
    assert!(broken_in(&shared()).is_empty());
    assert_eq!(broken_before(&shared(), WaitReason::OutsideWindow), [WAITS]);
    assert_eq!(broken(&shared(), vec![drain()]), [WAITS]);
    let mut case = shared();
    let desired = case.environment.spec.fleet.as_mut().unwrap();
    desired.disruption.drain = false;
    assert_eq!(broken_in(&case), [FORBIDDEN]);
    // What the row said last counts when it has no fleet any more.
    case.environment.spec.fleet = None;
    assert_eq!(broken_in(&case), [FORBIDDEN]);
    case.managed
        .insert("fleet.disruption".to_owned(), Some(json!({"drain": true})));
    assert!(broken_in(&case).is_empty());
}

#[test]
fn only_what_was_seen_of_a_shared_fleet_is_drained() {
    for seen in [Some(true), None] {
        let mut case = shared();
        see(&mut case, seen);
        assert_eq!(broken_in(&case), [UNSEEN], "{seen:?}");
    }
    let mut case = shared();
    case.observed.instances.clear();
    assert_eq!(broken_in(&case), [UNSEEN]);
    for (most, state) in [
        (json!(null), FleetState::Running),
        (json!(1), FleetState::Running),
        (json!(2), FleetState::Stopping),
        (json!(2), FleetState::Stopped),
    ] {
        let mut case = shared();
        let settings = json!({"maxSessionsPerInstance": most});
        case.observed.fleet = Observed::Present(fleet(state.clone(), settings));
        assert_eq!(broken_in(&case), [ALONE], "{most} {state:?}");
    }
}

#[test]
fn instances_of_a_fleet_that_is_not_ours_are_not_drained() {
    let mut case = shared();
    if let Observed::Present(fleet) = &mut case.observed.fleet {
        fleet.tags = tags(&[("streamkeeper:uid", "theirs")]);
    }
    assert_eq!(
        broken_in(&case),
        ["what carries another uid is never touched"]
    );
}
