//! Takes the last look before somebody loses what they may use.

use super::stack_is_ours;
use crate::action::AccessCall;
use crate::cloud::ObserveRequest;
use crate::environment::Environment;
use crate::observed::Observed;
use crate::plan::ObservedEnvironment;

/// Adds what to read before a call.
pub(super) fn request(call: &AccessCall, request: &mut ObserveRequest) {
    request.access.add(&call.shows_in());
    match call {
        AccessCall::BatchDisassociateUserStack { stack, .. } => {
            request.stacks.insert(stack.clone());
        }
        AccessCall::CreateUser { .. }
        | AccessCall::EnableUser { .. }
        | AccessCall::DisableUser { .. }
        | AccessCall::BatchAssociateUserStack { .. } => {}
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
        AccessCall::CreateUser { .. }
        | AccessCall::EnableUser { .. }
        | AccessCall::BatchAssociateUserStack { .. } => Ok(()),
    }
}

fn read<'a, T>(seen: Option<&'a Observed<T>>, what: &str) -> Result<&'a T, String> {
    match seen {
        Some(Observed::Present(seen)) => Ok(seen),
        Some(Observed::Unknown(why)) => Err(why.clone()),
        Some(Observed::Absent) => Err(format!("{what} is gone")),
        None => Err(format!("{what} was not looked at")),
    }
}
