//! Takes the last look before a call that takes something away: the object and its tag, by name.
//!
//! A plan may be seconds old, and names are reused. What the last look shows must still be what
//! the plan was made for; otherwise the call is not made and the next pass plans anew.

mod access;

use crate::action::{Action, ObjectKind};
use crate::cloud::ObserveRequest;
use crate::environment::{Environment, Timestamp};
use crate::observed::{FleetState, Observed, ObservedTags};
use crate::plan::ObservedEnvironment;
use crate::policy;

/// What to read before a call; `None` when it needs no last look.
#[must_use]
pub fn request(action: &Action, now: Timestamp) -> Option<ObserveRequest> {
    if !action.needs_last_look() {
        return None;
    }
    let mut request = ObserveRequest {
        now,
        ..ObserveRequest::default()
    };
    match action {
        Action::StopFleet { name, .. } => {
            request.fleets.insert(name.clone());
            request.sessions.insert(name.clone());
        }
        // The session is of one fleet only, for ever: who is on it is not counted again.
        Action::DrainSessionInstance { fleet, .. } => {
            request.fleets.insert(fleet.clone());
        }
        Action::DeleteFleet { name } => {
            request.fleets.insert(name.clone());
            request.associations_of_fleets.insert(name.clone());
        }
        Action::DeregisterScalableTarget { fleet } => {
            request.fleets.insert(fleet.clone());
        }
        Action::DeleteStack { name } => {
            request.stacks.insert(name.clone());
            request.associations_of_stacks.insert(name.clone());
        }
        Action::DisassociateFleet { fleet, stack, .. } => {
            request.stacks.insert(stack.clone());
            request.sessions.insert(fleet.clone());
        }
        Action::UntagResource { object, .. } => {
            match object.kind {
                ObjectKind::Fleet => request.fleets.insert(object.name.clone()),
                ObjectKind::Stack => request.stacks.insert(object.name.clone()),
                ObjectKind::Bucket => request.buckets.insert(object.name.clone()),
                ObjectKind::User => false,
            };
        }
        Action::PutBucketPolicy { bucket, .. } | Action::DeleteBucketPolicy { bucket, .. } => {
            request.buckets.insert(bucket.clone());
        }
        Action::Access(call) => access::request(call, &mut request),
        Action::CreateFleet { .. }
        | Action::UpdateFleet { .. }
        | Action::StartFleet { .. }
        | Action::CreateStack { .. }
        | Action::UpdateStack { .. }
        | Action::AssociateFleet { .. }
        | Action::TagResource { .. } => {}
    }
    Some(request)
}

/// Judges the last look.
///
/// # Errors
///
/// Fails with why the call is not made.
pub fn verify(
    action: &Action,
    environment: &Environment,
    observed: &ObservedEnvironment,
) -> Result<(), String> {
    match action {
        Action::StopFleet {
            name,
            only_when_idle,
        } => {
            fleet_is_ours(environment, observed)?;
            may_interrupt(observed, name, *only_when_idle)
        }
        Action::DrainSessionInstance { .. } => fleet_is_ours(environment, observed),
        Action::DeleteFleet { .. } => {
            stopped_fleet_is_ours(environment, observed)?;
            nothing(&observed.fleet_stacks, "stack")
        }
        Action::DeregisterScalableTarget { .. } => stopped_fleet_is_ours(environment, observed),
        Action::DeleteStack { .. } => {
            stack_is_ours(environment, observed)?;
            nothing(&observed.stack_fleets, "fleet")
        }
        Action::DisassociateFleet {
            fleet,
            only_when_idle,
            ..
        } => {
            stack_is_ours(environment, observed)?;
            may_interrupt(observed, fleet, *only_when_idle)
        }
        Action::UntagResource { object, .. } => match object.kind {
            ObjectKind::Fleet => fleet_is_ours(environment, observed),
            ObjectKind::Stack => stack_is_ours(environment, observed),
            ObjectKind::Bucket | ObjectKind::User => Err("it is never untagged".to_owned()),
        },
        Action::PutBucketPolicy { bucket, base, .. }
        | Action::DeleteBucketPolicy { bucket, base } => match observed.buckets.get(bucket) {
            Some(Observed::Present(found)) => {
                let same = match (&found.policy, base) {
                    (None, None) => true,
                    (Some(found), Some(base)) => policy::equivalent(found, base),
                    (Some(_), None) | (None, Some(_)) => false,
                };
                same.then_some(())
                    .ok_or_else(|| "somebody changed the policy since".to_owned())
            }
            Some(Observed::Absent) => Err("the bucket is gone".to_owned()),
            Some(Observed::Unknown(why)) => Err(why.clone()),
            None => Err("the bucket was not looked at".to_owned()),
        },
        Action::Access(call) => access::verify(call, environment, observed),
        Action::CreateFleet { .. }
        | Action::UpdateFleet { .. }
        | Action::StartFleet { .. }
        | Action::CreateStack { .. }
        | Action::UpdateStack { .. }
        | Action::AssociateFleet { .. }
        | Action::TagResource { .. } => Ok(()),
    }
}

fn fleet_is_ours(environment: &Environment, observed: &ObservedEnvironment) -> Result<(), String> {
    match &observed.fleet {
        Observed::Present(fleet) => carries_uid(environment, &fleet.tags),
        Observed::Absent => Err("the fleet is gone".to_owned()),
        Observed::Unknown(why) => Err(why.clone()),
    }
}

fn stopped_fleet_is_ours(
    environment: &Environment,
    observed: &ObservedEnvironment,
) -> Result<(), String> {
    fleet_is_ours(environment, observed)?;
    let stopped = observed
        .fleet
        .present()
        .is_some_and(|fleet| fleet.state == FleetState::Stopped);
    stopped
        .then_some(())
        .ok_or_else(|| "the fleet is not stopped".to_owned())
}

fn stack_is_ours(environment: &Environment, observed: &ObservedEnvironment) -> Result<(), String> {
    match &observed.stack {
        Observed::Present(stack) => carries_uid(environment, &stack.tags),
        Observed::Absent => Err("the stack is gone".to_owned()),
        Observed::Unknown(why) => Err(why.clone()),
    }
}

fn carries_uid(environment: &Environment, tags: &ObservedTags) -> Result<(), String> {
    match tags {
        ObservedTags::Known(tags)
            if tags.get("streamkeeper:uid") == Some(&environment.uid_tag()) =>
        {
            Ok(())
        }
        ObservedTags::Known(_) => Err("it does not carry our uid".to_owned()),
        ObservedTags::Listed(_) => Err("its tags were only listed".to_owned()),
        ObservedTags::Unknown(why) => Err(why.clone()),
    }
}

/// How many people a call cuts off, by the last look before it.
#[must_use]
pub fn cut_off(action: &Action, observed: &ObservedEnvironment) -> u32 {
    match action {
        Action::StopFleet { name: fleet, .. } => {
            let sessions = observed.sessions_on(fleet);
            sessions.present().copied().unwrap_or_default()
        }
        // Whether sessions outlive the association is not established.
        Action::DisassociateFleet { .. }
        | Action::CreateFleet { .. }
        | Action::UpdateFleet { .. }
        | Action::StartFleet { .. }
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
        | Action::Access(_) => 0,
    }
}

/// Who is cut off has to be known, even where nobody is waited for.
fn may_interrupt(
    observed: &ObservedEnvironment,
    fleet: &str,
    only_when_idle: bool,
) -> Result<(), String> {
    match observed.sessions_on(fleet) {
        Observed::Present(sessions) if sessions == 0 || !only_when_idle => Ok(()),
        Observed::Present(sessions) => Err(format!("{sessions} sessions are on the fleet")),
        Observed::Absent => Err("the fleet is gone".to_owned()),
        Observed::Unknown(why) => Err(why),
    }
}

fn nothing(
    associated: &Observed<std::collections::BTreeSet<String>>,
    what: &str,
) -> Result<(), String> {
    match associated {
        Observed::Present(names) if names.is_empty() => Ok(()),
        Observed::Present(_) => Err(format!("a {what} is still associated with it")),
        Observed::Absent => Ok(()),
        Observed::Unknown(why) => Err(why.clone()),
    }
}

#[cfg(test)]
mod tests;
