//! Leaves a fleet's capacity to Application Auto Scaling where that has it in hand.
//!
//! AWS's guide says not to change the desired capacity by hand where scaling policies exist: the
//! next activity starts from whatever was set. So the row's number is used at creation, and after
//! that it is compared only while nobody scales the fleet.
//!
//! Who scales it is asked only when the capacity differs: in the steady state it costs no call.

use super::WaitReason;
use super::diff::{self, Compared};
use super::draft::Draft;
use crate::action::ObjectRef;
use crate::environment::DeletionPolicy;
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

/// Says when a fleet that was deleted left its scalable target behind: `DeleteFleet` takes it along
/// only for a caller that may deregister it, and it would scale the next fleet of that name.
pub(super) fn say_what_is_left(draft: &mut Draft<'_>, fleet: &ObjectRef) {
    if draft.input.environment.deletion_policy != DeletionPolicy::Delete {
        return;
    }
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
