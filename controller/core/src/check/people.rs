//! Checks that nobody is interrupted whom the row does not allow to interrupt.

use chrono::{Datelike, Timelike};

use super::going::said;
use crate::action::Action;
use crate::environment::Timestamp;
use crate::observed::{FleetState, Observed};
use crate::plan::PlanInput;
use crate::spec::{Disruption, DisruptionPolicy, DisruptionWindow};

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
        // See `drain`.
        | Action::DrainSessionInstance { .. }
        | Action::DeleteFleet { .. }
        | Action::DeregisterScalableTarget { .. }
        | Action::CreateStack { .. }
        | Action::UpdateStack { .. }
        | Action::DeleteStack { .. }
        | Action::AssociateFleet { .. }
        | Action::TagResource { .. }
        | Action::UntagResource { .. }
        | Action::PutBucketPolicy { .. }
        | Action::DeleteBucketPolicy { .. }
        // Sessions go on without the account and without the association.
        | Action::Access(_) => return None,
    };
    let stands_still = input
        .observed
        .fleet
        .present()
        .is_some_and(|seen| seen.name == *fleet && seen.state == FleetState::Stopped);
    let Ok(Disruption { policy, window, .. }) = serde_json::from_value(said(input)) else {
        return Some("nobody is interrupted when it is not known what the row said of it");
    };
    if !stands_still
        && window
            .as_ref()
            .is_some_and(|window| !is_inside(window, input.now))
    {
        return Some("nobody is interrupted outside of the row's window");
    }
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

/// Whether a moment is inside of a window: the week as a ring of minutes, on which each day's
/// window is an arc.
pub(crate) fn is_inside(window: &DisruptionWindow, at: Timestamp) -> bool {
    const DAY: u32 = 24 * 60;
    const WEEK: u32 = 7 * DAY;
    let shown = window.shown(at);
    let now = shown.weekday().num_days_from_monday() * DAY + shown.hour() * 60 + shown.minute();
    let (start, end) = (window.start.minutes(), window.end.minutes());
    let length = (end + DAY - start - 1) % DAY + 1;
    window.days.iter().any(|day| {
        let opens = (*day as u32) * DAY + start;
        (now + WEEK - opens) % WEEK < length
    })
}
