//! Holds the checker against plans that interrupt people.

use super::*;
use crate::spec::DisruptionPolicy;

const IDLE: &str = "nobody is interrupted: the fleet must be known to have no session";
const UNKNOWN: &str = "nobody is interrupted while it is not known who is on the fleet";
const UNLOOKED: &str = "people are interrupted only with a last look for sessions";
const FORBIDDEN: &str = "the row forbids to interrupt anybody";

/// Everything is there and running, with a policy and as many sessions.
fn with_people(policy: DisruptionPolicy, sessions: Observed<u32>) -> Case {
    let mut case = complete();
    let fleet = case.environment.spec.fleet.as_mut().unwrap();
    fleet.disruption.policy = policy;
    case.observed.sessions.insert(name(), sessions);
    case
}

/// The two calls that interrupt people.
fn interruptions(only_when_idle: bool) -> [Action; 2] {
    let stop = Action::StopFleet {
        name: name(),
        only_when_idle,
    };
    let part = Action::DisassociateFleet {
        fleet: name(),
        stack: name(),
        only_when_idle,
    };
    [stop, part]
}

#[test]
fn people_are_interrupted_only_where_the_row_says_so() {
    use DisruptionPolicy::{Always, Never, WhenIdle};
    let unknown = || Observed::Unknown("denied".to_owned());
    for (policy, sessions, only_when_idle, rule) in [
        (WhenIdle, Observed::Present(0), true, None),
        (WhenIdle, Observed::Present(0), false, Some(UNLOOKED)),
        (WhenIdle, Observed::Present(1), true, Some(IDLE)),
        (WhenIdle, unknown(), true, Some(UNKNOWN)),
        (WhenIdle, Observed::Absent, true, Some(UNKNOWN)),
        (Always, Observed::Present(0), true, None),
        (Always, Observed::Present(0), false, None),
        (Always, Observed::Present(7), false, None),
        (Always, unknown(), false, Some(UNKNOWN)),
        (Always, Observed::Absent, false, Some(UNKNOWN)),
        (Never, Observed::Present(0), true, Some(FORBIDDEN)),
        (Never, Observed::Present(1), false, Some(FORBIDDEN)),
    ] {
        let case = with_people(policy, sessions.clone());
        for action in interruptions(only_when_idle) {
            let expected: Vec<&str> = rule.into_iter().collect();
            assert_eq!(
                broken(&case, vec![action.clone()]),
                expected,
                "{action}, {policy:?}, {sessions:?}"
            );
        }
    }
}

#[test]
fn nobody_is_on_a_fleet_that_stands_still() {
    let mut case = with_people(DisruptionPolicy::Never, Observed::Present(0));
    case.observed.fleet = Observed::Present(fleet(FleetState::Stopped, json!({})));
    let [_, part] = interruptions(true);
    assert!(broken(&case, vec![part]).is_empty());
    let other = Action::DisassociateFleet {
        fleet: "other".to_owned(),
        stack: name(),
        only_when_idle: true,
    };
    let idle = Observed::Present(0);
    case.observed.sessions.insert("other".to_owned(), idle);
    assert_eq!(broken(&case, vec![other]), [FORBIDDEN]);
}
