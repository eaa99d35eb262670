//! Finds out what became of calls about who may use what.

use crate::action::AccessCall;
use crate::observed::Observed;
use crate::plan::ObservedEnvironment;

/// Whether the effect of a call is there, all of it; `None` while that is not known.
pub(super) fn outcome(call: &AccessCall, observed: &ObservedEnvironment) -> Option<bool> {
    match call {
        AccessCall::CreateUser { user_name, .. } => Some(account(observed, user_name)?.is_some()),
        AccessCall::EnableUser { user_name } => Some(account(observed, user_name)? == Some(true)),
        AccessCall::DisableUser { user_name } => Some(account(observed, user_name)? == Some(false)),
        AccessCall::BatchAssociateUserStack { users, .. } => {
            let mut names = users.iter().map(|user| &user.user_name);
            on_stack(observed, |there| names.all(|name| there(name)))
        }
        AccessCall::BatchDisassociateUserStack { users, .. } => {
            on_stack(observed, |there| !users.iter().any(|name| there(name)))
        }
    }
}

/// Whether an account is there, and enabled; `None` while the user pool is not known.
fn account(observed: &ObservedEnvironment, name: &str) -> Option<Option<bool>> {
    let users = observed.access.users.as_ref()?.present()?;
    Some(users.get(name).map(|user| user.enabled))
}

fn on_stack(
    observed: &ObservedEnvironment,
    judge: impl FnOnce(&dyn Fn(&str) -> bool) -> bool,
) -> Option<bool> {
    if observed.stack.is_absent() {
        return Some(judge(&|_| false));
    }
    let there = observed
        .access
        .stack_users
        .as_ref()
        .and_then(Observed::present)?;
    Some(judge(&|name| there.contains(name)))
}
