//! Checks calls about who may use what: nobody is touched whom the row does not name or once named.

use crate::action::{AccessCall, BATCH};
use crate::environment::DeletionPolicy;
use crate::observed::Observed;
use crate::plan::PlanInput;

/// Every rule for one call.
pub(super) fn access(input: &PlanInput<'_>, call: &AccessCall) -> Option<&'static str> {
    named(input, call)
        .or_else(|| small_enough(call))
        .or_else(|| seen(input, call))
}

fn lists(input: &PlanInput<'_>, user: &str) -> bool {
    let mut users = input.environment.spec.users.iter();
    !input.environment.is_deleting() && users.any(|listed| listed.user_name == user)
}

/// Accounts and associations are made for whom the row lists, and taken from whom it lists no more.
fn named(input: &PlanInput<'_>, call: &AccessCall) -> Option<&'static str> {
    let wants = |user: &str, enabled: bool| {
        let mut users = input.environment.spec.users.iter();
        lists(input, user)
            && users
                .any(|listed| listed.user_name == user && listed.enabled.unwrap_or(true) == enabled)
    };
    let may = match call {
        AccessCall::CreateUser { user_name, .. } => lists(input, user_name),
        AccessCall::EnableUser { user_name } => wants(user_name, true),
        AccessCall::DisableUser { user_name } => wants(user_name, false),
        AccessCall::BatchAssociateUserStack { users, .. } => {
            users.iter().all(|user| lists(input, &user.user_name))
        }
        AccessCall::BatchDisassociateUserStack { stack, users } => {
            // A stack that the row no longer names goes without anybody on it.
            let stays = input.environment.stack_name() == Some(stack);
            let goes = !input.environment.is_deleting()
                || input.environment.deletion_policy == DeletionPolicy::Delete;
            let was_ours = |user: &String| {
                let path = format!("users.{user}.association");
                input.managed.contains_key(&path) && !(stays && lists(input, user))
            };
            goes && users.iter().all(was_ours)
        }
    };
    (!may).then_some("only users whom the row lists, or listed, are touched")
}

fn small_enough(call: &AccessCall) -> Option<&'static str> {
    let count = call.items().len();
    let is_batch = match call {
        AccessCall::BatchAssociateUserStack { .. }
        | AccessCall::BatchDisassociateUserStack { .. } => true,
        AccessCall::CreateUser { .. }
        | AccessCall::EnableUser { .. }
        | AccessCall::DisableUser { .. } => false,
    };
    (is_batch && !(1..=BATCH).contains(&count)).then_some("a batch has 1 to 25 users")
}

/// Unknown creates nothing and takes nothing.
fn seen(input: &PlanInput<'_>, call: &AccessCall) -> Option<&'static str> {
    let access = &input.observed.access;
    let account = |name: &str| {
        let users = access.users.as_ref().and_then(Observed::present);
        users.map(|users| users.get(name).map(|user| user.enabled))
    };
    let on_stack = access.stack_users.as_ref().and_then(Observed::present);
    let is_new = input.observed.stack.is_absent();
    let is_seen = match call {
        AccessCall::CreateUser { user_name, .. } => account(user_name) == Some(None),
        AccessCall::EnableUser { user_name } => account(user_name) == Some(Some(false)),
        AccessCall::DisableUser { user_name } => account(user_name) == Some(Some(true)),
        AccessCall::BatchAssociateUserStack { users, .. } => {
            is_new
                || on_stack
                    .is_some_and(|there| users.iter().all(|user| !there.contains(&user.user_name)))
        }
        AccessCall::BatchDisassociateUserStack { users, .. } => {
            on_stack.is_some_and(|there| users.iter().all(|user| there.contains(user)))
        }
    };
    (!is_seen).then_some("users are touched only on the ground of what was seen")
}
