//! Notices fights: paths that somebody else writes as often as we do.
//!
//! A repair is counted when its call succeeded, not when it was seen to hold: whoever undoes it at
//! once leaves nothing to see.
//!
//! ```text
//!   11th repair within 10 minutes ─► contested: one repair in 2 minutes ─► 10 minutes without: over
//! ```

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use streamkeeper_core::action::Action;
use streamkeeper_core::environment::Timestamp;
use streamkeeper_core::plan::{Plan, Step, WaitReason, Waiting};

/// From this many repairs of one path within [`WINDOW`] on, somebody else is writing it too. A
/// sweep a minute and somebody who undoes each of its repairs make just as many.
const REPAIRS: usize = 11;
const WINDOW: TimeDelta = TimeDelta::minutes(10);
/// How long a contested path is left alone between repairs.
const PAUSE: TimeDelta = TimeDelta::minutes(2);

/// An object and a path of it.
type Place = (String, String);

/// The repairs of one environment.
#[derive(Debug, Default)]
pub(crate) struct Contests(BTreeMap<Place, Contest>);

#[derive(Debug, Default)]
struct Contest {
    repairs: Vec<Timestamp>,
    is_contested: bool,
}

/// The fights a pass has to know of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fights {
    /// Paths that somebody else writes too.
    pub(crate) contested: BTreeSet<String>,
    /// Of those, what was repaired a moment ago.
    held: BTreeSet<Place>,
}

impl Contests {
    /// Counts what a step that was done has put right.
    pub(crate) fn repaired(&mut self, plan: &Plan, action: &Action, now: Timestamp) {
        let Some(step) = plan.steps.iter().find(|step| step.action == *action) else {
            return;
        };
        for place in places(plan, step) {
            let contest = self.0.entry(place).or_default();
            contest.repairs.push(now);
            let from = contest.repairs.len().saturating_sub(REPAIRS);
            contest.repairs.drain(..from);
            contest.is_contested |=
                contest.repairs.len() >= REPAIRS && now - contest.repairs[0] <= WINDOW;
        }
    }

    /// Counts anew what is not contested yet: somebody changed the row.
    pub(crate) fn begin(&mut self) {
        self.0.retain(|_, contest| contest.is_contested);
    }

    /// The fights at `now`.
    pub(crate) fn at(&mut self, now: Timestamp) -> Fights {
        let last = |contest: &Contest| contest.repairs.last().copied();
        self.0
            .retain(|_, contest| last(contest).is_some_and(|last| now - last <= WINDOW));
        let mut fights = Fights::default();
        for (place, contest) in self.0.iter().filter(|(_, contest)| contest.is_contested) {
            fights.contested.insert(place.1.clone());
            if last(contest).is_some_and(|last| now - last < PAUSE) {
                fights.held.insert(place.clone());
            }
        }
        fights
    }

    /// When the next pause is over.
    pub(crate) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        self.0
            .values()
            .filter(|contest| contest.is_contested)
            .filter_map(|contest| Some(*contest.repairs.last()? + PAUSE))
            .filter(|next| *next > now)
            .min()
    }
}

impl Fights {
    /// A fight is not won by speed: makes what was repaired a moment ago wait, and says so.
    pub(crate) fn hold(&self, plan: &mut Plan) {
        let fought: Vec<usize> = (0..plan.steps.len())
            .filter(|index| {
                let mut places = places(plan, &plan.steps[*index]);
                places.any(|place| self.held.contains(&place))
            })
            .collect();
        for index in fought {
            let step = &mut plan.steps[index];
            if step.waiting_for.is_none() {
                step.waiting_for = Some(WaitReason::BackingOff);
                plan.waiting.push(Waiting {
                    object: step.action.object().to_string(),
                    reason: WaitReason::BackingOff,
                    message: "somebody else writes it too; it is repaired every two minutes"
                        .to_owned(),
                });
            }
        }
    }
}

/// What a step puts right.
fn places<'a>(plan: &'a Plan, step: &'a Step) -> impl Iterator<Item = Place> + 'a {
    let object = step.action.object();
    let makes = if matches!(step.action, Action::CreateFleet { .. }) {
        Some("fleet")
    } else if matches!(step.action, Action::CreateStack { .. }) {
        Some("stack")
    } else {
        None
    };
    plan.differences
        .iter()
        .filter(move |difference| {
            difference.object == object
                && (step.manages.contains(&difference.path)
                    || makes == Some(difference.path.as_str()))
        })
        .map(|difference| (difference.object.to_string(), difference.path.clone()))
}
