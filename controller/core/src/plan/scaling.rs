//! Leaves a fleet's capacity to Application Auto Scaling where that has it in hand, and ends that
//! when the fleet goes.
//!
//! AWS's guide says not to change the desired capacity by hand where scaling policies exist: the
//! next activity starts from whatever was set. So the row's number is used at creation, and after
//! that it is compared only while nobody scales the fleet.
//!
//! Who scales it is asked only when the capacity differs or the fleet is about to be deleted: in
//! the steady state it costs no call.

use super::diff::{self, Compared};
use super::draft::{Draft, passes};
use super::{Step, WaitReason};
use crate::action::{Action, ObjectRef};
use crate::event::{EventReason, EventType};
use crate::observed::{Observed, Scaling};

/// The path of the capacity, as in `ignore`.
const CAPACITY: &str = "fleet.computeCapacity";

/// Takes the capacity out of what was compared, where it is not ours to set or nobody knows.
pub(super) fn leave_capacity(draft: &mut Draft<'_>, fleet: &ObjectRef, compared: &mut Compared) {
    let capacity = compared
        .changes
        .iter()
        .find(|change| is_capacity(&change.path));
    let Some(asked) = capacity.map(|change| change.desired.clone()) else {
        return;
    };
    match &draft.input.observed.scaling {
        Observed::Absent | Observed::Present(Scaling::Hidden) => return,
        Observed::Present(Scaling::Target { min, max }) => {
            let bounds = asked
                .as_i64()
                .filter(|asked| !(*min..=*max).contains(asked))
                .map_or("", |_| " is outside of that and");
            let message = format!(
                "Application Auto Scaling keeps the capacity between {min} and {max}; the row's \
                 {asked}{bounds} is used at creation only: name {CAPACITY} in ignore to say so"
            );
            let event = (EventType::Normal, EventReason::CapacityScaled);
            draft.remark(fleet, event, message);
            // As with `ignore`: what was managed is given back without a reset.
            let managed = draft.input.managed.keys();
            let given_back = managed.filter(|path| is_capacity(path)).cloned();
            compared.released.extend(given_back);
        }
        Observed::Unknown(why) => {
            let why = format!("whether Application Auto Scaling has its capacity in hand: {why}");
            draft.plan.needs.scaling.insert(fleet.name.clone());
            draft.wait(fleet, WaitReason::NotObserved, why);
        }
    }
    compared.changes.retain(|change| !is_capacity(&change.path));
}

/// Plans that a fleet which is deleted next is scaled no more; why its deletion has to wait until
/// that is known.
///
/// `DeleteFleet` takes the target along by itself only for a caller that may deregister it, and
/// otherwise leaves it to scale the next fleet of that name.
pub(super) fn deregister(
    draft: &mut Draft<'_>,
    fleet: &ObjectRef,
    why: &str,
) -> Option<WaitReason> {
    match &draft.input.observed.scaling {
        // Who may not even see it goes on without.
        Observed::Absent | Observed::Present(Scaling::Hidden) => None,
        Observed::Present(Scaling::Target { min, max }) => {
            let environment = draft.input.environment;
            let is_replaced =
                !environment.is_deleting() && environment.fleet_name() == Some(fleet.name.as_str());
            let lost = if is_replaced {
                "; register it again for the new fleet"
            } else {
                ""
            };
            let why = format!("{why}, and {min} to {max} were registered for it{lost}");
            let action = Action::DeregisterScalableTarget {
                fleet: fleet.name.clone(),
            };
            let failure = draft.input.failures.get(&action.key());
            let is_refused = failure.is_some_and(|failure| !passes(failure.class));
            draft.step(action, why).waiting_for = is_refused.then_some(WaitReason::CallRefused);
            None
        }
        Observed::Unknown(unseen) => {
            let message = format!("whether it has a scalable target: {unseen}");
            draft.plan.needs.scaling.insert(fleet.name.clone());
            draft.wait(fleet, WaitReason::NotObserved, message);
            Some(WaitReason::NotObserved)
        }
    }
}

/// Keeps a fleet's deletion behind the end of its scaling, and that away from a fleet that does not
/// go yet. A refusal is no reason to keep a fleet.
pub(super) fn hold_together(steps: &mut [Step]) {
    for index in 0..steps.len() {
        let (earlier, later) = steps.split_at_mut(index);
        let Some(Step {
            action: Action::DeleteFleet { name },
            waiting_for,
            ..
        }) = later.first_mut()
        else {
            continue;
        };
        let is_its = |step: &&mut Step| matches!(&step.action, Action::DeregisterScalableTarget { fleet } if fleet == name);
        let Some(deregister) = earlier.iter_mut().find(is_its) else {
            continue;
        };
        match (deregister.waiting_for, *waiting_for) {
            (None, held) => deregister.waiting_for = held,
            (Some(WaitReason::CallRefused), _) | (Some(_), Some(_)) => {}
            (Some(_), None) => *waiting_for = Some(WaitReason::EarlierStep),
        }
    }
}

/// Says when a fleet that was deleted left its scalable target behind: it would scale the next
/// fleet of that name.
pub(super) fn say_what_is_left(draft: &mut Draft<'_>, fleet: &ObjectRef) {
    match &draft.input.observed.scaling {
        Observed::Absent | Observed::Present(Scaling::Hidden) => {}
        Observed::Present(Scaling::Target { .. }) => {
            let event = (EventType::Warning, EventReason::ScalableTargetLeft);
            let message = format!(
                "the fleet is gone and its scalable target is not; it would scale the next fleet of \
                 that name: aws application-autoscaling deregister-scalable-target \
                 --service-namespace appstream --resource-id {fleet} \
                 --scalable-dimension appstream:fleet:DesiredCapacity"
            );
            draft.remark(fleet, event, message);
        }
        // A row does not stay for what nobody may see.
        Observed::Unknown(_) => {
            draft.plan.needs.scaling.insert(fleet.name.clone());
        }
    }
}

fn is_capacity(path: &str) -> bool {
    diff::is_ignored(&[CAPACITY.to_owned()], path)
}
