//! Decides whether people on a fleet may be interrupted: what the row allows, and who is there.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use super::draft::{Draft, Ownership, passes};
use super::{CallFailure, WaitReason};
use crate::action::{Action, ObjectRef};
use crate::observed::{FleetState, Observed, ObservedFleet, OccupiedInstance};
use crate::spec::{Disruption, DisruptionPolicy, DisruptionWindow};

/// At most so many instances are drained in one pass. Each takes two reads, an intent and a call,
/// one after the other: ten are done in seconds, so that other environments have their turn and the
/// lease lasts. A pass that did something is followed by the next at once. Ten that AWS refuses or
/// does not show yet keep the rest waiting, with which it would go no better.
const DRAINS_PER_PASS: usize = 10;

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
            let message = sessions_message(draft, &disruption, fleet, sessions);
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

/// Tells the instances that people are on to take nobody else, if they hold up a stop and the row
/// says so. To be planned before anything that waits for the same people.
pub(super) fn drain(draft: &mut Draft<'_>, fleet: &str, permit: &Permit) {
    let waits = matches!(&permit.hold, Some((WaitReason::WaitingForSessions, _)));
    if !waits || !in_force(draft).drain {
        return;
    }
    let shared = shared(draft, fleet);
    let ours = shared.filter(|seen| {
        let object = ObjectRef::fleet(fleet);
        draft.ownership(&object, &seen.tags) == Ownership::Ours
    });
    if ours.is_none() {
        return;
    }
    for (instance, action) in drains(draft, fleet) {
        // Whoever takes a fleet off its stacks first asks before the stop does.
        if draft.plan.steps.iter().any(|step| step.action == action) {
            continue;
        }
        let is_refused = refusal(draft, &action).is_some();
        let why = format!(
            "instance {instance} takes nobody else, and the fleet is stopped when nobody is left"
        );
        // It holds up nothing: the message about the sessions says what AWS said.
        draft.step(action, why).waiting_for = is_refused.then_some(WaitReason::CallRefused);
    }
}

/// The instances of a fleet that are still to be told, each with its call.
fn drains<'a>(draft: &Draft<'a>, fleet: &str) -> Vec<(&'a str, Action)> {
    let instances = draft.input.observed.instances_of(fleet).into_iter();
    instances
        .flatten()
        // What AWS does not say of an instance is no ground for a call.
        .filter(|(_, seen)| seen.is_draining == Some(false))
        .map(|(instance, seen)| {
            let action = Action::DrainSessionInstance {
                fleet: fleet.to_owned(),
                instance: instance.clone(),
                session: seen.session.clone(),
            };
            (instance.as_str(), action)
        })
        .take(DRAINS_PER_PASS)
        .collect()
}

/// The fleet, if it runs and its instances are shared.
fn shared<'a>(draft: &Draft<'a>, fleet: &str) -> Option<&'a ObservedFleet> {
    let seen = draft.input.observed.fleet.present()?;
    let is_shared = seen.settings.max_sessions_per_instance > Some(1);
    (seen.name == fleet && seen.state == FleetState::Running && is_shared).then_some(seen)
}

/// Why AWS refused a call that it will not take soon.
fn refusal<'a>(draft: &Draft<'a>, action: &Action) -> Option<&'a CallFailure> {
    let failure = draft.input.failures.get(&action.key())?;
    (!passes(failure.class) && draft.input.now < failure.not_before).then_some(failure)
}

fn sessions_message(
    draft: &Draft<'_>,
    disruption: &Disruption,
    fleet: &str,
    sessions: u32,
) -> String {
    let noun = if sessions == 1 { "session" } else { "sessions" };
    let mut message = format!("{sessions} {noun} on the fleet; it is stopped when none is left");
    let none = BTreeMap::new();
    let instances = draft.input.observed.instances_of(fleet).unwrap_or(&none);
    let is_draining = |seen: &&OccupiedInstance| seen.is_draining == Some(true);
    let draining = instances.values().filter(is_draining).count();
    if draining > 0 {
        let all = instances.len();
        let _ = write!(
            message,
            "; of {all} instances with people {draining} take nobody else"
        );
    }
    let seen = draft.input.observed.fleet.present();
    // Somebody else's fleet, which our stack has, is not ours to drain.
    if !disruption.drain || seen.is_none_or(|seen| seen.name != fleet) {
        return message;
    }
    if shared(draft, fleet).is_none() {
        message.push_str("; fleet.disruption.drain is for running multi-session fleets");
    } else if instances.values().all(|seen| seen.is_draining.is_none()) {
        message.push_str("; AWS does not say which instances can be drained");
    }
    let drains = drains(draft, fleet);
    if let Some(refused) = drains.iter().find_map(|(_, action)| refusal(draft, action)) {
        let _ = write!(message, "; draining is refused: {}", refused.message);
    }
    message
}
