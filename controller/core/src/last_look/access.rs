//! Takes the last look before somebody loses what they may use.

use super::{fleet_is_ours, stack_is_ours};
use crate::action::AccessCall;
use crate::cloud::ObserveRequest;
use crate::environment::Environment;
use crate::observed::Observed;
use crate::plan::ObservedEnvironment;

/// Adds what to read before a call.
pub(super) fn request(call: &AccessCall, request: &mut ObserveRequest) {
    request.access.add(&call.shows_in());
    match call {
        AccessCall::BatchDisassociateUserStack { stack, .. }
        | AccessCall::DeleteEntitlement { stack, .. }
        | AccessCall::DisassociateApplicationFromEntitlement { stack, .. }
        | AccessCall::DeleteThemeForStack { stack } => {
            request.stacks.insert(stack.clone());
        }
        AccessCall::DisassociateApplicationFleet { fleet, .. } => {
            request.fleets.insert(fleet.clone());
        }
        AccessCall::CreateUser { .. }
        | AccessCall::EnableUser { .. }
        | AccessCall::DisableUser { .. }
        | AccessCall::BatchAssociateUserStack { .. }
        | AccessCall::CreateEntitlement { .. }
        | AccessCall::UpdateEntitlement { .. }
        | AccessCall::AssociateApplicationToEntitlement { .. }
        | AccessCall::AssociateApplicationFleet { .. }
        | AccessCall::CreateThemeForStack { .. }
        | AccessCall::UpdateThemeForStack { .. } => {}
    }
}

/// Judges it.
pub(super) fn verify(
    call: &AccessCall,
    environment: &Environment,
    observed: &ObservedEnvironment,
) -> Result<(), String> {
    let access = &observed.access;
    match call {
        AccessCall::BatchDisassociateUserStack { .. } => {
            stack_is_ours(environment, observed)?;
            read(access.stack_users.as_ref(), "the stack's users").map(drop)
        }
        AccessCall::DisableUser { user_name } => {
            let users = read(access.users.as_ref(), "the user pool")?;
            match users.get(user_name) {
                Some(user) if user.enabled => Ok(()),
                Some(_) => Err("they are disabled already".to_owned()),
                None => Err("the user is gone".to_owned()),
            }
        }
        AccessCall::DeleteEntitlement { name, .. } => {
            stack_is_ours(environment, observed)?;
            let there = read(access.entitlements.as_ref(), "the stack's entitlements")?;
            exists(there.contains_key(name), "the entitlement")
        }
        AccessCall::DisassociateApplicationFromEntitlement { entitlement, .. } => {
            stack_is_ours(environment, observed)?;
            let there = read(access.entitlements.as_ref(), "the stack's entitlements")?;
            exists(there.contains_key(entitlement), "the entitlement")
        }
        AccessCall::DisassociateApplicationFleet { application, .. } => {
            fleet_is_ours(environment, observed)?;
            let there = read(access.applications.as_ref(), "the fleet's applications")?;
            exists(there.contains(application), "the application")
        }
        AccessCall::DeleteThemeForStack { .. } => {
            stack_is_ours(environment, observed)?;
            read(access.theme.as_ref(), "the theme").map(drop)
        }
        AccessCall::CreateUser { .. }
        | AccessCall::EnableUser { .. }
        | AccessCall::BatchAssociateUserStack { .. }
        | AccessCall::CreateEntitlement { .. }
        | AccessCall::UpdateEntitlement { .. }
        | AccessCall::AssociateApplicationToEntitlement { .. }
        | AccessCall::AssociateApplicationFleet { .. }
        | AccessCall::CreateThemeForStack { .. }
        | AccessCall::UpdateThemeForStack { .. } => Ok(()),
    }
}

fn exists(is_there: bool, what: &str) -> Result<(), String> {
    is_there
        .then_some(())
        .ok_or_else(|| format!("{what} is gone already"))
}

fn read<'a, T>(seen: Option<&'a Observed<T>>, what: &str) -> Result<&'a T, String> {
    match seen {
        Some(Observed::Present(seen)) => Ok(seen),
        Some(Observed::Unknown(why)) => Err(why.clone()),
        Some(Observed::Absent) => Err(format!("{what} is gone")),
        None => Err(format!("{what} was not looked at")),
    }
}
