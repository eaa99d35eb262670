//! Who may use what in the pure world, with AWS's semantics.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::aws::Refused;
use crate::access::{AccessRequest, AccessWorld, ObservedUser};
use crate::action::AccessCall;
use crate::observed::Observed;

/// A region's user pool and who is on which stack.
#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    pub(crate) users: BTreeMap<String, ObservedUser>,
    /// Stack and user.
    pub(crate) stack_users: BTreeSet<(String, String)>,
}

impl Access {
    /// Somebody's account.
    pub(crate) fn add(&mut self, name: &str, enabled: bool) {
        let user = ObservedUser {
            enabled,
            first_name: None,
            last_name: None,
        };
        self.users.insert(name.to_owned(), user);
    }

    /// What hangs on a stack goes with it.
    pub(super) fn forget_stack(&mut self, stack: &str) {
        self.stack_users.retain(|(other, _)| other != stack);
    }

    /// Makes one mutating call; stacks are those that exist.
    pub(super) fn apply(&mut self, call: &AccessCall, has_stack: bool) -> Result<(), Refused> {
        let refused = |why: &str| Err(Refused(why.to_owned()));
        match call {
            AccessCall::CreateUser {
                user_name,
                first_name,
                last_name,
                message_action: _,
            } => {
                let user = ObservedUser {
                    enabled: true,
                    first_name: first_name.clone(),
                    last_name: last_name.clone(),
                };
                if self.users.insert(user_name.clone(), user).is_some() {
                    return refused("ResourceAlreadyExists");
                }
                Ok(())
            }
            AccessCall::EnableUser { user_name } => self.switch(user_name, true),
            AccessCall::DisableUser { user_name } => self.switch(user_name, false),
            AccessCall::BatchAssociateUserStack { stack, users } => {
                let known = users
                    .iter()
                    .all(|user| self.users.contains_key(&user.user_name));
                if !has_stack || !known {
                    return refused("STACK_NOT_FOUND or USER_NAME_NOT_FOUND");
                }
                let pairs = users.iter().map(|user| user.user_name.clone());
                self.stack_users
                    .extend(pairs.map(|user| (stack.clone(), user)));
                Ok(())
            }
            AccessCall::BatchDisassociateUserStack { stack, users } => {
                for user in users {
                    let pair = (stack.clone(), user.clone());
                    if !self.stack_users.remove(&pair) {
                        return refused("they are not on the stack");
                    }
                }
                Ok(())
            }
        }
    }

    fn switch(&mut self, user: &str, enabled: bool) -> Result<(), Refused> {
        let user = self.users.get_mut(user);
        let user = user.ok_or_else(|| Refused("ResourceNotFound: user".to_owned()))?;
        user.enabled = enabled;
        Ok(())
    }

    /// Looks at what a request names.
    pub(super) fn observe(&self, request: &AccessRequest, is_blind: bool) -> AccessWorld {
        let users = Arc::new(self.users.clone());
        let of = |stack: &String| {
            let there = self.stack_users.iter();
            let there = there.filter(|(other, _)| other == stack);
            there.map(|(_, user)| user.clone()).collect()
        };
        AccessWorld {
            users: request.users.then(|| seen(is_blind, users)),
            stack_users: (request.users_of_stacks.iter())
                .map(|stack| (stack.clone(), seen(is_blind, of(stack))))
                .collect(),
        }
    }
}

fn seen<T>(is_blind: bool, found: T) -> Observed<T> {
    if is_blind {
        Observed::Unknown("denied".to_owned())
    } else {
        Observed::Present(found)
    }
}
