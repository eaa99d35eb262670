//! Checks that nothing is deleted but what has to go and may.

use serde_json::{Value, json};

use crate::action::Action;
use crate::environment::DeletionPolicy;
use crate::observed::{Observed, Scaling};
use crate::plan::{PlanInput, Step};

/// A fleet or stack goes with its row, or when the row allows it and has no use for it.
pub(super) fn may_go(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let environment = input.environment;
    let is_useless = match action {
        Action::DeleteFleet { name } => {
            environment.fleet_name() != Some(name) || has_another_type(input)
        }
        Action::DeleteStack { name } => environment.stack_name() != Some(name),
        Action::CreateFleet { .. }
        | Action::UpdateFleet { .. }
        | Action::StartFleet { .. }
        | Action::StopFleet { .. }
        | Action::DrainSessionInstance { .. }
        // See `goes_along`.
        | Action::DeregisterScalableTarget { .. }
        | Action::CreateStack { .. }
        | Action::UpdateStack { .. }
        | Action::AssociateFleet { .. }
        | Action::DisassociateFleet { .. }
        | Action::TagResource { .. }
        | Action::UntagResource { .. }
        | Action::PutBucketPolicy { .. }
        | Action::DeleteBucketPolicy { .. }
        | Action::Access(_) => return None,
    };
    if environment.is_deleting() {
        return (environment.deletion_policy != DeletionPolicy::Delete)
            .then_some("nothing is deleted that the row's deletion leaves behind");
    }
    if !is_useless {
        return Some("nothing is deleted that the row asks for");
    }
    (said(input)["allowReplacement"] != json!(true))
        .then_some("nothing is deleted that the row does not allow to be deleted")
}

/// A scalable target goes with its fleet and never alone.
pub(super) fn goes_along(
    input: &PlanInput<'_>,
    later: &[Step],
    action: &Action,
) -> Option<&'static str> {
    let Action::DeregisterScalableTarget { fleet } = action else {
        return None;
    };
    let was_seen = matches!(
        input.observed.scaling,
        Observed::Present(Scaling::Target { .. })
    );
    if !was_seen {
        return Some("only a scalable target that was seen is deregistered");
    }
    let goes = later.iter().any(|step| {
        step.waiting_for.is_none()
            && matches!(&step.action, Action::DeleteFleet { name } if name == fleet)
    });
    (!goes).then_some("a scalable target is deregistered only right before its fleet is deleted")
}

/// What the row says of interruptions, or said last, as it is written.
pub(super) fn said(input: &PlanInput<'_>) -> Value {
    match &input.environment.spec.fleet {
        Some(fleet) => json!(fleet.disruption),
        None => match input.managed.get("fleet.disruption") {
            Some(Some(said)) => said.clone(),
            Some(None) | None => json!({}),
        },
    }
}

/// `UpdateFleet` takes no type: a fleet of another one is made anew.
fn has_another_type(input: &PlanInput<'_>) -> bool {
    let desired = input.environment.spec.fleet.as_ref();
    let desired = desired.and_then(|fleet| fleet.fleet_type);
    let observed = input.observed.fleet.present();
    let observed = observed.and_then(|fleet| fleet.settings.fleet_type.as_deref());
    desired.is_some_and(|desired| json!(desired) != json!(observed))
}
