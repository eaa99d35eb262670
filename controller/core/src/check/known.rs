//! Checks that nothing is done on the ground of what is not known.

use crate::action::Action;
use crate::environment::{DeletionPolicy, Mode};
use crate::observed::{FleetState, Observed, ObservedTags};
use crate::plan::{PlanInput, Step};

/// Unknown creates nothing and deletes nothing; absent is the only ground for a creation.
pub(super) fn known(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let observed = input.observed;
    match action {
        Action::CreateFleet { .. } => (!observed.fleet.is_absent())
            .then_some("a fleet is created only when it is known not to exist"),
        Action::CreateStack { .. } => (!observed.stack.is_absent())
            .then_some("a stack is created only when it is known not to exist"),
        Action::UpdateFleet { .. }
        | Action::StopFleet { .. }
        | Action::DrainSessionInstance { .. }
        | Action::DeleteFleet { .. }
        | Action::DeregisterScalableTarget { .. } => (observed.fleet.present().is_none())
            .then_some("a fleet is changed only when it was seen"),
        Action::UpdateStack { .. } | Action::DeleteStack { .. } => {
            (observed.stack.present().is_none())
                .then_some("a stack is changed only when it was seen")
        }
        Action::AssociateFleet { .. } => {
            let is_free = match &observed.stack_fleets {
                Observed::Present(fleets) => fleets.is_empty(),
                Observed::Absent | Observed::Unknown(_) => false,
            };
            (!is_free && !observed.stack.is_absent())
                .then_some("a stack gets a fleet only when it is known to have none")
        }
        Action::PutBucketPolicy { bucket, base, .. }
        | Action::DeleteBucketPolicy { bucket, base } => {
            let mut buckets = observed.buckets.values().filter_map(Observed::present);
            let seen = buckets.any(|seen| seen.name == *bucket && seen.policy == *base);
            (!seen).then_some("a policy is written only over the one that was seen")
        }
        Action::StartFleet { .. }
        | Action::DisassociateFleet { .. }
        | Action::TagResource { .. }
        | Action::UntagResource { .. }
        | Action::Access(_) => None,
    }
}

/// What is deleted is known to be stopped and associated with nothing, or parted by this plan.
pub(super) fn parted(
    input: &PlanInput<'_>,
    earlier: &[Step],
    action: &Action,
) -> Option<&'static str> {
    let observed = input.observed;
    let parts = |of_fleet: &str, of_stack: &str| {
        earlier.iter().any(|step| {
            step.waiting_for.is_none()
                && matches!(
                    &step.action,
                    Action::DisassociateFleet { fleet, stack, .. }
                        if fleet == of_fleet && stack == of_stack
                )
        })
    };
    let is_free = match action {
        Action::DeleteFleet { name } => {
            let stops = |state: &FleetState| *state == FleetState::Stopped;
            if !observed
                .fleet
                .present()
                .is_some_and(|fleet| stops(&fleet.state))
            {
                return Some("only a stopped fleet is deleted");
            }
            let stacks = observed.fleet_stacks.present();
            stacks.is_some_and(|stacks| stacks.iter().all(|stack| parts(name, stack)))
        }
        Action::DeleteStack { name } => {
            let fleets = observed.stack_fleets.present();
            fleets.is_some_and(|fleets| fleets.iter().all(|fleet| parts(fleet, name)))
        }
        Action::CreateFleet { .. }
        | Action::UpdateFleet { .. }
        | Action::StartFleet { .. }
        | Action::StopFleet { .. }
        | Action::DrainSessionInstance { .. }
        | Action::DeregisterScalableTarget { .. }
        | Action::CreateStack { .. }
        | Action::UpdateStack { .. }
        | Action::AssociateFleet { .. }
        | Action::DisassociateFleet { .. }
        | Action::TagResource { .. }
        | Action::UntagResource { .. }
        | Action::PutBucketPolicy { .. }
        | Action::DeleteBucketPolicy { .. }
        | Action::Access(_) => true,
    };
    (!is_free).then_some("nothing is deleted that is not known to be associated with nothing")
}

/// What a row owned is proven to be gone, or somebody else's, before the row goes.
pub(super) fn gone(input: &PlanInput<'_>) -> Option<&'static str> {
    let environment = input.environment;
    let forgets =
        environment.mode == Mode::Observe || environment.deletion_policy == DeletionPolicy::Forget;
    if forgets {
        return None;
    }
    let fleet = is_gone(input, &input.observed.fleet, |fleet| &fleet.tags);
    let stack = is_gone(input, &input.observed.stack, |stack| &stack.tags);
    let owns = |word: &str| input.owned.iter().any(|object| object.starts_with(word));
    let left = (owns("fleet/") && !fleet) || (owns("stack/") && !stack);
    left.then_some("no row goes before what it owned was seen to be gone")
}

fn is_gone<T>(
    input: &PlanInput<'_>,
    observed: &Observed<T>,
    tags: impl Fn(&T) -> &ObservedTags,
) -> bool {
    match observed {
        Observed::Absent => true,
        Observed::Unknown(_) => false,
        Observed::Present(found) => match tags(found) {
            ObservedTags::Known(tags) => {
                tags.get("streamkeeper:uid") != Some(&input.environment.uid_tag())
            }
            ObservedTags::Listed(_) | ObservedTags::Unknown(_) => false,
        },
    }
}
