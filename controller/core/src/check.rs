//! Checks plans against what must never happen, independently of the planner.
//!
//! Planner and checker are a pair: they share the types and nothing else, so that a mistake has to
//! be made twice to reach AWS. Every plan is checked in tests and again before it is applied.

use std::fmt;

use serde_json::Value;

use crate::action::{Action, ObjectKind, ObjectRef};
use crate::environment::{DeletionPolicy, Mode};
use crate::observed::{FleetState, Observed, ObservedTags};
use crate::plan::{Plan, PlanInput, Step};
use crate::settings::FleetSettings;

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
        let rules = [
            may_act(input),
            of_this_environment(input, &step.action),
            known(input, &step.action),
            ours(input, plan, index, step),
            takes_only_when_deleting(input, &step.action),
            tags_from_the_start(input, &step.action),
            stopped_for(input, &step.action),
            idle(input, &step.action),
            keeps_foreign_statements(input, &step.action),
        ];
        notes.extend(rules.into_iter().flatten().map(|rule| Note {
            action: step.action.to_string(),
            rule,
        }));
    }
    if plan.finished && !input.environment.is_deleting() {
        let action = "finish".to_owned();
        notes.push(Note {
            action,
            rule: "only a row that is being deleted may go",
        });
    }
    notes
}

fn may_act(input: &PlanInput<'_>) -> Option<&'static str> {
    let environment = input.environment;
    (environment.mode == Mode::Observe || environment.paused)
        .then_some("nothing is changed in observe mode or while paused")
}

/// Our fleet and stack only, and buckets the row names or named.
fn of_this_environment(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let environment = input.environment;
    let object = action.object();
    let owned = input.owned.contains(&object.to_string());
    let named = match action {
        Action::CreateFleet { name, .. }
        | Action::UpdateFleet { name, .. }
        | Action::StartFleet { name }
        | Action::StopFleet { name, .. }
        | Action::DeleteFleet { name } => environment.fleet_name() == Some(name),
        Action::CreateStack { name, .. }
        | Action::UpdateStack { name, .. }
        | Action::DeleteStack { name } => environment.stack_name() == Some(name),
        Action::AssociateFleet { fleet, stack } => {
            environment.fleet_name() == Some(fleet) && environment.stack_name() == Some(stack)
        }
        // Another fleet may be taken off our stack, and our fleet off a stack of ours.
        Action::DisassociateFleet { stack, .. } => environment.stack_name() == Some(stack),
        Action::TagResource { object, .. } | Action::UntagResource { object, .. } => {
            [environment.fleet_name(), environment.stack_name()]
                .contains(&Some(object.name.as_str()))
        }
        Action::PutBucketPolicy { bucket, .. } | Action::DeleteBucketPolicy { bucket, .. } => input
            .observed
            .buckets
            .values()
            .any(|seen| matches!(seen, Observed::Present(seen) if seen.name == *bucket)),
    };
    (!named && !owned).then_some("an environment touches only its own objects")
}

fn fleet_is<'a>(
    input: &'a PlanInput<'_>,
    name: &str,
) -> &'a Observed<crate::observed::ObservedFleet> {
    debug_assert!(!name.is_empty());
    &input.observed.fleet
}

/// Unknown creates nothing and deletes nothing; absent is the only ground for a creation.
fn known(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    match action {
        Action::CreateFleet { name, .. } => (!fleet_is(input, name).is_absent())
            .then_some("a fleet is created only when it is known not to exist"),
        Action::CreateStack { .. } => (!input.observed.stack.is_absent())
            .then_some("a stack is created only when it is known not to exist"),
        Action::UpdateFleet { .. } | Action::StopFleet { .. } | Action::DeleteFleet { .. } => input
            .observed
            .fleet
            .present()
            .is_none()
            .then_some("a fleet is changed only when it was seen"),
        Action::UpdateStack { .. } | Action::DeleteStack { .. } => input
            .observed
            .stack
            .present()
            .is_none()
            .then_some("a stack is changed only when it was seen"),
        Action::StartFleet { .. }
        | Action::AssociateFleet { .. }
        | Action::DisassociateFleet { .. }
        | Action::TagResource { .. }
        | Action::UntagResource { .. }
        | Action::PutBucketPolicy { .. }
        | Action::DeleteBucketPolicy { .. } => None,
    }
}

/// What exists is changed only with our uid on it, or after the step that puts it there.
fn ours(input: &PlanInput<'_>, plan: &Plan, index: usize, step: &Step) -> Option<&'static str> {
    let objects = match &step.action {
        // The other fleet is not ours; the stack it is taken off is.
        Action::DisassociateFleet { stack, .. } => vec![ObjectRef::stack(stack)],
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
        | Action::DeleteFleet { .. }
        | Action::UpdateStack { .. }
        | Action::DeleteStack { .. }
        | Action::TagResource { .. }
        | Action::UntagResource { .. } => vec![step.action.object()],
    };
    let adopts = matches!(step.action, Action::TagResource { .. });
    objects
        .iter()
        .find_map(|object| object_is_ours(input, &plan.steps[..index], object, adopts))
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
        ObjectKind::Bucket => None,
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
            | Action::DeleteFleet { .. }
            | Action::UpdateStack { .. }
            | Action::DeleteStack { .. }
            | Action::AssociateFleet { .. }
            | Action::DisassociateFleet { .. }
            | Action::UntagResource { .. }
            | Action::PutBucketPolicy { .. }
            | Action::DeleteBucketPolicy { .. } => false,
        };
        claims && step.waiting_for.is_none() && step.action.object() == *object
    });
    // Bulk tags lag: that nobody owns an object is known only by its name.
    let adoptable =
        matches!(tags, Some(ObservedTags::Known(_))) && !input.environment.spec.adoption.is_never();
    (!(claimed || adopts && adoptable)).then_some("what exists is changed only with our uid on it")
}

fn takes_only_when_deleting(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let deletes = matches!(
        action,
        Action::DeleteFleet { .. } | Action::DeleteStack { .. }
    );
    let may = input.environment.is_deleting()
        && input.environment.deletion_policy == DeletionPolicy::Delete;
    (deletes && !may).then_some("nothing is deleted unless the row is deleted")
}

fn tags_from_the_start(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let (Action::CreateFleet { tags, .. } | Action::CreateStack { tags, .. }) = action else {
        return None;
    };
    let uid = tags.get("streamkeeper:uid") == Some(&input.environment.uid_tag());
    let name = tags.get("streamkeeper:environment") == Some(&input.environment.name);
    (!uid || !name).then_some("what is created carries both our tags from the first moment on")
}

/// Written against `UpdateFleet`'s documentation, not against the planner's table.
fn stopped_for(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let Action::UpdateFleet { set, delete, .. } = action else {
        return None;
    };
    let state = &input.observed.fleet.present()?.state;
    if *state == FleetState::Stopped {
        return None;
    }
    let FleetSettings {
        image_name: _,
        image_arn: _,
        compute_capacity: _,
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
    } = set;
    let needs_stop = instance_type.is_some()
        || fleet_type.is_some()
        || max_user_duration_in_seconds.is_some()
        || description.is_some()
        || enable_default_internet_access.is_some()
        || iam_role_arn.is_some()
        || stream_view.is_some()
        || vpc_config.is_some()
        || !delete.is_empty();
    needs_stop.then_some("these members change only on a stopped fleet")
}

/// Sessions are people.
fn idle(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let (Action::StopFleet { name: fleet, .. } | Action::DisassociateFleet { fleet, .. }) = action
    else {
        return None;
    };
    (input.observed.sessions_on(fleet) != Observed::Present(0))
        .then_some("nobody is interrupted: the fleet must be known to have no session")
}

/// Everybody else's statements survive, the one that keeps the bucket from deletion above all.
fn keeps_foreign_statements(input: &PlanInput<'_>, action: &Action) -> Option<&'static str> {
    let (base, after) = match action {
        Action::PutBucketPolicy { base, document, .. } => (base.as_ref(), Some(document)),
        Action::DeleteBucketPolicy { base, .. } => (base.as_ref(), None),
        Action::CreateFleet { .. }
        | Action::UpdateFleet { .. }
        | Action::StartFleet { .. }
        | Action::StopFleet { .. }
        | Action::DeleteFleet { .. }
        | Action::CreateStack { .. }
        | Action::UpdateStack { .. }
        | Action::DeleteStack { .. }
        | Action::AssociateFleet { .. }
        | Action::DisassociateFleet { .. }
        | Action::TagResource { .. }
        | Action::UntagResource { .. } => return None,
    };
    let mut digits = input.environment.uid.simple().to_string();
    digits.truncate(16);
    let prefix = format!("Streamkeeper{digits}");
    let foreign = |policy: Option<&Value>| -> Vec<Value> {
        let statements = policy.and_then(|policy| policy.get("Statement")).cloned();
        let list = match statements {
            Some(Value::Array(list)) => list,
            Some(one) => vec![one],
            None => Vec::new(),
        };
        list.into_iter()
            .filter(|statement| {
                !statement
                    .get("Sid")
                    .and_then(Value::as_str)
                    .unwrap_or("")
                    .starts_with(&prefix)
            })
            .collect()
    };
    (foreign(base) != foreign(after)).then_some("everybody else's statements stay as they are")
}
