//! Holds who may use what, as AWS said it: user accounts, and who is on which stack.
//!
//! A part that was not asked for is `None`; one that was asked for and could not be read is
//! Unknown. The difference matters, because these lists are read in turns: what held is believed
//! until its turn comes, but a list that failed is never taken for an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::observed::Observed;

/// Every account of a region's user pool, by user name. Names are case-sensitive.
pub type Users = BTreeMap<String, ObservedUser>;

/// What a look should cover.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessRequest {
    /// The accounts of the user pool: AWS has no filter by name, so it is all or none.
    pub users: bool,
    /// Stacks whose users are wanted.
    pub users_of_stacks: BTreeSet<String>,
}

impl AccessRequest {
    /// Whether it asks for nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what another request asks.
    pub fn add(&mut self, more: &Self) {
        let Self {
            users,
            users_of_stacks,
        } = more;
        self.users |= users;
        self.users_of_stacks.extend(users_of_stacks.iter().cloned());
    }

    /// Takes out what was asked already.
    pub fn subtract(&mut self, asked: &Self) {
        self.users &= !asked.users;
        self.users_of_stacks
            .retain(|stack| !asked.users_of_stacks.contains(stack));
    }
}

/// What one look at a scope brought back.
#[derive(Debug, Clone, Default)]
pub struct AccessWorld {
    /// The accounts of the user pool.
    pub users: Option<Observed<Arc<Users>>>,
    /// Names of users by stack.
    pub stack_users: BTreeMap<String, Observed<BTreeSet<String>>>,
}

impl AccessWorld {
    /// Whether everything that a request asks was read.
    #[must_use]
    pub fn answers(&self, request: &AccessRequest) -> bool {
        let AccessRequest {
            users,
            users_of_stacks,
        } = request;
        let is_read = |found: Option<&Observed<BTreeSet<String>>>| {
            found.is_some_and(|found| !found.is_unknown())
        };
        let knows_users = self.users.as_ref().is_some_and(|users| !users.is_unknown());
        (knows_users || !users)
            && users_of_stacks
                .iter()
                .all(|stack| is_read(self.stack_users.get(stack)))
    }

    /// Lays a later look over this one.
    pub fn merge(&mut self, later: Self) {
        let Self { users, stack_users } = later;
        self.users = users.or(self.users.take());
        self.stack_users.extend(stack_users);
    }
}

/// One environment's part of it.
#[derive(Debug, Clone, Default)]
pub struct ObservedAccess {
    /// The accounts of the user pool.
    pub users: Option<Observed<Arc<Users>>>,
    /// Names of the users of its stack.
    pub stack_users: Option<Observed<BTreeSet<String>>>,
}

impl ObservedAccess {
    /// Picks one environment's part out of a look at its scope.
    #[must_use]
    pub fn of(world: &AccessWorld, stack: Option<&str>) -> Self {
        Self {
            users: world.users.clone(),
            stack_users: stack.and_then(|stack| world.stack_users.get(stack).cloned()),
        }
    }
}

/// An account of the user pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedUser {
    /// Whether they may sign in.
    pub enabled: bool,
    /// The first name, which nobody can change.
    pub first_name: Option<String>,
    /// The last name, which nobody can change.
    pub last_name: Option<String>,
}
