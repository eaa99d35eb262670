//! Checks that nobody is interrupted whom the row does not allow to interrupt.

use crate::action::Action;
use crate::observed::{FleetState, Observed};
use crate::plan::PlanInput;
use crate::spec::DisruptionPolicy;

/// Sessions are people: what may be done to them is what the row says.
pub(super) fn may_be_interrupted(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let (fleet, only_when_idle) = match action {
        Action::StopFleet {
            name,
            only_when_idle,
        } => (name, *only_when_idle),
        Action::DisassociateFleet {
            fleet,
            only_when_idle,
            ..
        } => (fleet, *only_when_idle),
        Action::CreateFleet { .. }
        | Action::UpdateFleet { .. }
        | Action::StartFleet { .. }
        | Action::DeleteFleet { .. }
        | Action::CreateStack { .. }
        | Action::UpdateStack { .. }
        | Action::DeleteStack { .. }
        | Action::AssociateFleet { .. }
        | Action::TagResource { .. }
        | Action::UntagResource { .. }
        | Action::PutBucketPolicy { .. }
        | Action::DeleteBucketPolicy { .. } => return None,
    };
    let stands_still = input
        .observed
        .fleet
        .present()
        .is_some_and(|seen| seen.name == *fleet && seen.state == FleetState::Stopped);
    let policy = match &input.environment.spec.fleet {
        Some(spec) => spec.disruption.policy,
        None => DisruptionPolicy::WhenIdle,
    };
    match (policy, input.observed.sessions_on(fleet)) {
        (DisruptionPolicy::Never, _) if !stands_still => {
            Some("the row forbids to interrupt anybody")
        }
        (DisruptionPolicy::Never | DisruptionPolicy::WhenIdle, _) if !only_when_idle => {
            Some("people are interrupted only with a last look for sessions")
        }
        (DisruptionPolicy::Never | DisruptionPolicy::WhenIdle, Observed::Present(0))
        | (DisruptionPolicy::Always, Observed::Present(_)) => None,
        (DisruptionPolicy::Never | DisruptionPolicy::WhenIdle, Observed::Present(_)) => {
            Some("nobody is interrupted: the fleet must be known to have no session")
        }
        (_, Observed::Absent | Observed::Unknown(_)) => {
            Some("nobody is interrupted while it is not known who is on the fleet")
        }
    }
}
