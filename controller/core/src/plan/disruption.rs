//! Decides whether people on a fleet may be interrupted: what the row allows, and who is there.

use serde_json::json;

use super::WaitReason;
use super::draft::Draft;
use crate::observed::{FleetState, Observed};
use crate::spec::{Disruption, DisruptionPolicy, DisruptionWindow};

/// Whether a call that interrupts people may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Permit {
    /// Whether the last look before the call has to find nobody.
    pub(super) only_when_idle: bool,
    /// How many people the call cuts off, as far as this look knows.
    pub(super) cuts_off: u32,
    /// Why it has to wait, and that for people.
    pub(super) hold: Option<(WaitReason, String)>,
}

/// The managed path that remembers what the row said of interruptions.
pub(super) const PATH: &str = "fleet.disruption";

/// What the row says of interruptions; when it has no fleet any more, what it said last.
pub(super) fn in_force(draft: &Draft<'_>) -> Disruption {
    if let Some(fleet) = &draft.input.environment.spec.fleet {
        return fleet.disruption.clone();
    }
    let Some(Some(said)) = draft.input.managed.get(PATH) else {
        return Disruption::default();
    };
    // What a newer version wrote and this one cannot read permits nothing.
    serde_json::from_value(said.clone()).unwrap_or_else(|_| Disruption {
        policy: DisruptionPolicy::Never,
        ..Disruption::default()
    })
}

/// Remembers what the row says of interruptions, before anything is made, for when it has no fleet
/// any more; forgets it when the fleet is gone.
pub(super) fn remember(draft: &mut Draft<'_>) {
    let input = draft.input;
    if let Some(fleet) = &input.environment.spec.fleet {
        let said = json!(fleet.disruption);
        draft.plan.holds.insert(PATH.to_owned(), said);
        return;
    }
    let has_fleet = input.owned.iter().any(|owned| owned.starts_with("fleet/"));
    if !has_fleet && input.managed.contains_key(PATH) {
        draft.plan.released.insert(PATH.to_owned());
    }
}

/// Whether the people on a fleet may be interrupted; asks for what has to be known first.
pub(super) fn permit(draft: &mut Draft<'_>, fleet: &str) -> Permit {
    let disruption = in_force(draft);
    let mut permit = Permit {
        only_when_idle: disruption.policy != DisruptionPolicy::Always,
        cuts_off: 0,
        hold: None,
    };
    // Nobody is on a fleet that stands still, and whoever stopped it meant to.
    let hold = if is_stopped(draft, fleet) {
        None
    } else {
        forbidden(disruption.policy).or_else(|| {
            let window = disruption.window.as_ref();
            window.and_then(|window| outside(draft, window))
        })
    };
    if hold.is_some() {
        permit.hold = hold;
        return permit;
    }
    match draft.input.observed.sessions_on(fleet) {
        Observed::Present(sessions) if sessions == 0 || !permit.only_when_idle => {
            permit.cuts_off = sessions;
        }
        Observed::Present(sessions) => {
            let message = sessions_message(sessions);
            permit.hold = Some((WaitReason::WaitingForSessions, message));
        }
        // Also where nobody is waited for: it has to be told who is cut off.
        Observed::Absent | Observed::Unknown(_) => {
            draft.plan.needs.sessions.insert(fleet.to_owned());
            let message = format!("the sessions of fleet {fleet} are not known");
            permit.hold = Some((WaitReason::NotObserved, message));
        }
    }
    permit
}

fn is_stopped(draft: &Draft<'_>, name: &str) -> bool {
    let fleet = draft.input.observed.fleet.present();
    fleet.is_some_and(|fleet| fleet.name == name && fleet.state == FleetState::Stopped)
}

fn forbidden(policy: DisruptionPolicy) -> Option<(WaitReason, String)> {
    match policy {
        DisruptionPolicy::WhenIdle | DisruptionPolicy::Always => None,
        DisruptionPolicy::Never => {
            let message = "the row's disruption policy is Never: stop the fleet by hand and the \
                           rest follows, or allow it in fleet.disruption";
            Some((WaitReason::DisruptionForbidden, message.to_owned()))
        }
    }
}

/// Why a call has to wait for the window, if it is not open. The message stays the same until then.
fn outside(draft: &mut Draft<'_>, window: &DisruptionWindow) -> Option<(WaitReason, String)> {
    let now = draft.input.now;
    if window.is_open(now) {
        return None;
    }
    let message = match window.next_opening(now) {
        Some(opening) => {
            draft.look_again_at(opening);
            format!("the window ({window}) opens at {}", window.local(opening))
        }
        None => format!("the window ({window}) does not open within two weeks"),
    };
    Some((WaitReason::OutsideWindow, message))
}

fn sessions_message(sessions: u32) -> String {
    let noun = if sessions == 1 { "session" } else { "sessions" };
    format!("{sessions} {noun} on the fleet; it is stopped when none is left")
}
