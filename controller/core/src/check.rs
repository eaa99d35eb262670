//! Checks plans against what must never happen, independently of the planner.
//!
//! Planner and checker are a pair: they share the types and nothing else, so that a mistake has to
//! be made twice to reach AWS. Every plan is checked in tests and again before it is applied.

mod access;
mod drain;
mod going;
mod known;
mod neighbours;
mod people;
mod policy;

use std::fmt;

use crate::action::{Action, ObjectKind, ObjectRef};
use crate::environment::{DeletionPolicy, Mode};
use crate::observed::{FleetState, Observed, ObservedTags, Scaling};
use crate::plan::{Plan, PlanInput, Step};
use crate::settings::FleetSettings;

#[cfg(test)]
pub(crate) use self::people::is_inside;

/// One broken invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The step that breaks it.
    pub action: String,
    /// The invariant.
    pub rule: &'static str,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.action, self.rule)
    }
}

/// Notes every invariant a plan breaks; a plan with notes is not applied.
#[must_use]
pub fn check(input: &PlanInput<'_>, plan: &Plan) -> Vec<Note> {
    let mut notes = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        if step.waiting_for.is_some() {
            continue;
        }
        let earlier = &plan.steps[..index];
        let rules = [
            may_act(input),
            of_this_environment(input, &step.action),
            settled(input, &step.action),
            known::known(input, &step.action),
            known::parted(input, earlier, &step.action),
            ours(input, earlier, step),
            neighbours::lent(input, &step.action),
            neighbours::deserted(input, &step.action),
            going::may_go(input, &step.action),
            going::goes_along(input, &plan.steps[index..], &step.action),
            tags_from_the_start(input, &step.action),
            keeps_our_tags(input, &step.action),
            stopped_for(input, &step.action),
            unscaled(input, &step.action),
            people::may_be_interrupted(input, &step.action),
            drain::may_be_drained(input, plan, &step.action),
            policy::keeps_foreign_statements(input, &step.action),
            policy::keeps_guard_rails(input, &step.action),
            who_may_use(input, &step.action),
        ];
        notes.extend(rules.into_iter().flatten().map(|rule| Note {
            action: step.action.to_string(),
            rule,
        }));
    }
    if plan.finished {
        let rules = [finishes(input, plan), known::gone(input)];
        notes.extend(rules.into_iter().flatten().map(|rule| Note {
            action: "finish".to_owned(),
            rule,
        }));
    }
    notes
}

fn who_may_use(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let Action::Access(call) = action else {
        return None;
    };
    access::access(input, call)
}

fn may_act(input: &PlanInput<'_>) -> Option<&'static str> {
    let environment = input.environment;
    (environment.mode == Mode::Observe || environment.paused)
        .then_some("nothing is changed in observe mode or while paused")
}

/// Our fleet and stack only, and buckets the row names or named.
fn of_this_environment(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let environment = input.environment;
    let fleet = |name: &str| {
        environment.fleet_name() == Some(name) || input.owned.contains(&format!("fleet/{name}"))
    };
    let stack = |name: &str| {
        environment.stack_name() == Some(name) || input.owned.contains(&format!("stack/{name}"))
    };
    let is_own = match action {
        Action::CreateFleet { name, .. }
        | Action::UpdateFleet { name, .. }
        | Action::StartFleet { name }
        | Action::StopFleet { name, .. }
        | Action::DrainSessionInstance { fleet: name, .. }
        | Action::DeleteFleet { name }
        | Action::DeregisterScalableTarget { fleet: name } => fleet(name),
        Action::CreateStack { name, .. }
        | Action::UpdateStack { name, .. }
        | Action::DeleteStack { name } => stack(name),
        Action::AssociateFleet {
            fleet: of_fleet,
            stack: of_stack,
        } => (fleet(of_fleet) || neighbours::referred(input, of_fleet)) && stack(of_stack),
        // Another fleet may be taken off our stack.
        Action::DisassociateFleet { stack: name, .. } => stack(name),
        Action::TagResource { object, .. } | Action::UntagResource { object, .. } => {
            match object.kind {
                ObjectKind::Fleet => fleet(&object.name),
                ObjectKind::Stack => stack(&object.name),
                ObjectKind::Bucket | ObjectKind::User => false,
            }
        }
        Action::PutBucketPolicy { bucket, .. } | Action::DeleteBucketPolicy { bucket, .. } => {
            let mut seen = input
                .observed
                .buckets
                .values()
                .filter_map(Observed::present);
            seen.any(|seen| seen.name == *bucket)
        }
        Action::Access(call) => {
            let object = call.object();
            match object.kind {
                ObjectKind::Fleet => fleet(&object.name),
                ObjectKind::Stack => stack(&object.name),
                // Nobody's; see the rules for access.
                ObjectKind::User => true,
                ObjectKind::Bucket => false,
            }
        }
    };
    (!is_own).then_some("an environment touches only its own objects")
}

/// A call whose outcome is not known may still arrive.
fn settled(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let object = action.object();
    input
        .intents
        .iter()
        .any(|intent| intent.action.object() == object)
        .then_some("an object is left alone while the outcome of a call on it is not known")
}

fn finishes(input: &PlanInput<'_>, plan: &Plan) -> Option<&'static str> {
    if !input.environment.is_deleting() {
        return Some("only a row that is being deleted may go");
    }
    if !input.intents.is_empty() {
        return Some("no row goes while the outcome of a call is not known");
    }
    let owns = input
        .owned
        .iter()
        .any(|object| !plan.disowned.contains(object));
    owns.then_some("no row goes while it owns anything")
}

/// What exists is changed only with our uid on it, or after the step that puts it there.
fn ours(input: &PlanInput<'_>, earlier: &[Step], step: &Step) -> Option<&'static str> {
    let objects = match &step.action {
        // The other fleet is not ours; the stack it is taken off is.
        Action::DisassociateFleet { stack, .. } => vec![ObjectRef::stack(stack)],
        // Of another environment's fleet `neighbours::lent` judges.
        Action::AssociateFleet { fleet, stack } if neighbours::referred(input, fleet) => {
            vec![ObjectRef::stack(stack)]
        }
        Action::AssociateFleet { fleet, stack } => {
            vec![ObjectRef::fleet(fleet), ObjectRef::stack(stack)]
        }
        Action::PutBucketPolicy { .. }
        | Action::DeleteBucketPolicy { .. }
        | Action::CreateFleet { .. }
        | Action::CreateStack { .. } => return None,
        Action::UpdateFleet { .. }
        | Action::StartFleet { .. }
        | Action::StopFleet { .. }
        | Action::DrainSessionInstance { .. }
        | Action::DeleteFleet { .. }
        | Action::DeregisterScalableTarget { .. }
        | Action::UpdateStack { .. }
        | Action::DeleteStack { .. }
        | Action::TagResource { .. }
        | Action::UntagResource { .. } => vec![step.action.object()],
        Action::Access(call) => match call.object() {
            // An account of the user pool is nobody's.
            object if object.kind == ObjectKind::User => return None,
            object => vec![object],
        },
    };
    let adopts = matches!(step.action, Action::TagResource { .. });
    objects
        .iter()
        .find_map(|object| object_is_ours(input, earlier, object, adopts))
}

fn object_is_ours(
    input: &PlanInput<'_>,
    earlier: &[Step],
    object: &ObjectRef,
    adopts: bool,
) -> Option<&'static str> {
    let tags = match object.kind {
        ObjectKind::Fleet => input.observed.fleet.present().map(|fleet| &fleet.tags),
        ObjectKind::Stack => input.observed.stack.present().map(|stack| &stack.tags),
        ObjectKind::Bucket | ObjectKind::User => None,
    };
    let uid = input.environment.uid_tag();
    match tags {
        Some(ObservedTags::Known(tags) | ObservedTags::Listed(tags)) => {
            match tags.get("streamkeeper:uid") {
                Some(found) if *found == uid => return None,
                Some(_) => return Some("what carries another uid is never touched"),
                None => {}
            }
        }
        Some(ObservedTags::Unknown(_)) | None => {}
    }
    let claimed = earlier.iter().any(|step| {
        let claims = match &step.action {
            Action::CreateFleet { tags, .. }
            | Action::CreateStack { tags, .. }
            | Action::TagResource { tags, .. } => tags.get("streamkeeper:uid") == Some(&uid),
            Action::UpdateFleet { .. }
            | Action::StartFleet { .. }
            | Action::StopFleet { .. }
            | Action::DrainSessionInstance { .. }
            | Action::DeleteFleet { .. }
            | Action::DeregisterScalableTarget { .. }
            | Action::UpdateStack { .. }
            | Action::DeleteStack { .. }
            | Action::AssociateFleet { .. }
            | Action::DisassociateFleet { .. }
            | Action::UntagResource { .. }
            | Action::PutBucketPolicy { .. }
            | Action::DeleteBucketPolicy { .. }
            | Action::Access(_) => false,
        };
        claims && step.waiting_for.is_none() && step.action.object() == *object
    });
    // Bulk tags lag: that nobody owns an object is known only by its name.
    let adoptable =
        matches!(tags, Some(ObservedTags::Known(_))) && !input.environment.spec.adoption.is_never();
    (!(claimed || adopts && adoptable)).then_some("what exists is changed only with our uid on it")
}

fn tags_from_the_start(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let (Action::CreateFleet { tags, .. } | Action::CreateStack { tags, .. }) = action else {
        return None;
    };
    let uid = tags.get("streamkeeper:uid") == Some(&input.environment.uid_tag());
    let name = tags.get("streamkeeper:environment") == Some(&input.environment.name);
    (!uid || !name).then_some("what is created carries both our tags from the first moment on")
}

/// The proof of ownership comes off only where the row lets its objects stay behind.
fn keeps_our_tags(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let Action::UntagResource { keys, .. } = action else {
        return None;
    };
    let proof = keys.iter().any(|key| key.starts_with("streamkeeper:"));
    let may = input.environment.is_deleting()
        && input.environment.deletion_policy == DeletionPolicy::Retain;
    (proof && !may).then_some("our tags come off only when the row goes and its objects stay")
}

/// Two who set a capacity undo each other for ever.
fn unscaled(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let Action::UpdateFleet { set, .. } = action else {
        return None;
    };
    let may = match &input.observed.scaling {
        Observed::Absent | Observed::Present(Scaling::Hidden) => true,
        Observed::Present(Scaling::Target { .. }) | Observed::Unknown(_) => false,
    };
    (set.compute_capacity.is_some() && !may)
        .then_some("the capacity is left to Application Auto Scaling where that may have it")
}

/// Written against `UpdateFleet`'s documentation, not against the planner's table.
fn stopped_for(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let Action::UpdateFleet { set, delete, .. } = action else {
        return None;
    };
    let fleet = input.observed.fleet.present()?;
    if fleet.state == FleetState::Stopped {
        return None;
    }
    let is_elastic = fleet.settings.fleet_type.as_deref() == Some("ELASTIC");
    let FleetSettings {
        image_name,
        image_arn,
        compute_capacity,
        disconnect_timeout_in_seconds: _,
        idle_disconnect_timeout_in_seconds: _,
        display_name: _,
        instance_type,
        fleet_type,
        max_user_duration_in_seconds,
        description,
        enable_default_internet_access,
        iam_role_arn,
        stream_view,
        vpc_config,
        platform,
        domain_join_info,
        max_concurrent_sessions,
        max_sessions_per_instance,
        usb_device_filter_strings,
        session_script_s3_location,
        root_volume_config,
        disable_imdsv1,
    } = set;
    let of_others = image_name.is_some() || image_arn.is_some() || compute_capacity.is_some();
    let of_elastic = max_concurrent_sessions.is_some()
        || usb_device_filter_strings.is_some()
        || session_script_s3_location.is_some();
    let deletes = delete.iter().any(|attribute| {
        let of_elastic = ["USB_DEVICE_FILTER_STRINGS", "SESSION_SCRIPT_S3_LOCATION"];
        !(is_elastic && of_elastic.contains(&attribute.as_str()))
    });
    let needs_stop = (if is_elastic { of_others } else { of_elastic })
        || instance_type.is_some()
        || fleet_type.is_some()
        || max_user_duration_in_seconds.is_some()
        || description.is_some()
        || enable_default_internet_access.is_some()
        || iam_role_arn.is_some()
        || stream_view.is_some()
        || vpc_config.is_some()
        || platform.is_some()
        || domain_join_info.is_some()
        || max_sessions_per_instance.is_some()
        || root_volume_config.is_some()
        || disable_imdsv1.is_some()
        || deletes;
    needs_stop.then_some("these members change only on a stopped fleet")
}

#[cfg(test)]
mod tests;
