//! Holds who may use what, as AWS said it: accounts, who is on which stack, entitlements,
//! applications; and what a stack's page looks like, which is read in turns with them.
//!
//! A part that was not asked for is `None`; one that was asked for and could not be read is
//! Unknown. The difference matters, because these lists are read in turns: what held is believed
//! until its turn comes, but a list that failed is never taken for an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::observed::Observed;
use crate::spec::{EntitlementAttribute, ThemeFooterLinkSpec};

/// Every account of a region's user pool, by user name. Names are case-sensitive.
pub type Users = BTreeMap<String, ObservedUser>;

/// What a look should cover.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessRequest {
    /// The accounts of the user pool: AWS has no filter by name, so it is all or none.
    pub users: bool,
    /// Stacks whose users are wanted.
    pub users_of_stacks: BTreeSet<String>,
    /// Stacks whose entitlements are wanted, and the names of those whose applications are.
    pub entitlements: BTreeMap<String, BTreeSet<String>>,
    /// Elastic fleets whose applications are wanted.
    pub applications_of_fleets: BTreeSet<String>,
    /// Stacks whose theme is wanted.
    pub themes_of_stacks: BTreeSet<String>,
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
            entitlements,
            applications_of_fleets,
            themes_of_stacks,
        } = more;
        self.users |= users;
        self.users_of_stacks.extend(users_of_stacks.iter().cloned());
        for (stack, names) in entitlements {
            let known = self.entitlements.entry(stack.clone()).or_default();
            known.extend(names.iter().cloned());
        }
        let applications = applications_of_fleets.iter().cloned();
        self.applications_of_fleets.extend(applications);
        self.themes_of_stacks
            .extend(themes_of_stacks.iter().cloned());
    }

    /// Takes out what was asked already.
    pub fn subtract(&mut self, asked: &Self) {
        self.users &= !asked.users;
        self.users_of_stacks
            .retain(|stack| !asked.users_of_stacks.contains(stack));
        self.entitlements.retain(|stack, names| {
            let known = asked.entitlements.get(stack);
            !known.is_some_and(|known| names.is_subset(known))
        });
        self.applications_of_fleets
            .retain(|fleet| !asked.applications_of_fleets.contains(fleet));
        self.themes_of_stacks
            .retain(|stack| !asked.themes_of_stacks.contains(stack));
    }
}

/// What one look at a scope brought back.
#[derive(Debug, Clone, Default)]
pub struct AccessWorld {
    /// The accounts of the user pool.
    pub users: Option<Observed<Arc<Users>>>,
    /// Names of users by stack.
    pub stack_users: BTreeMap<String, Observed<BTreeSet<String>>>,
    /// Entitlements by stack.
    pub entitlements: BTreeMap<String, Observed<Entitlements>>,
    /// ARNs of applications by fleet.
    pub applications: BTreeMap<String, Observed<BTreeSet<String>>>,
    /// Themes by stack. One that is Absent means something of a stack that is Present alone: AWS
    /// answers the same about a stack that does not exist.
    pub themes: BTreeMap<String, Observed<ObservedTheme>>,
}

impl AccessWorld {
    /// Whether everything that a request asks was read.
    #[must_use]
    pub fn answers(&self, request: &AccessRequest) -> bool {
        let AccessRequest {
            users,
            users_of_stacks,
            entitlements,
            applications_of_fleets,
            themes_of_stacks,
        } = request;
        (!users || is_read(self.users.as_ref()))
            && users_of_stacks
                .iter()
                .all(|stack| is_read(self.stack_users.get(stack)))
            && entitlements
                .keys()
                .all(|stack| is_read(self.entitlements.get(stack)))
            && applications_of_fleets
                .iter()
                .all(|fleet| is_read(self.applications.get(fleet)))
            && themes_of_stacks
                .iter()
                .all(|stack| is_read(self.themes.get(stack)))
    }

    /// Lays a later look over this one.
    pub fn merge(&mut self, later: Self) {
        let Self {
            users,
            stack_users,
            entitlements,
            applications,
            themes,
        } = later;
        self.users = users.or(self.users.take());
        self.stack_users.extend(stack_users);
        self.entitlements.extend(entitlements);
        self.applications.extend(applications);
        self.themes.extend(themes);
    }
}

/// One environment's part of it.
#[derive(Debug, Clone, Default)]
pub struct ObservedAccess {
    /// The accounts of the user pool.
    pub users: Option<Observed<Arc<Users>>>,
    /// Names of the users of its stack.
    pub stack_users: Option<Observed<BTreeSet<String>>>,
    /// The entitlements of its stack.
    pub entitlements: Option<Observed<Entitlements>>,
    /// ARNs of the applications of its fleet.
    pub applications: Option<Observed<BTreeSet<String>>>,
    /// The theme of its stack; see [`AccessWorld::themes`] for what its absence means.
    pub theme: Option<Observed<ObservedTheme>>,
}

impl ObservedAccess {
    /// Picks one environment's part out of a look at its scope.
    #[must_use]
    pub fn of(world: &AccessWorld, fleet: Option<&str>, stack: Option<&str>) -> Self {
        Self {
            users: world.users.clone(),
            stack_users: stack.and_then(|stack| world.stack_users.get(stack).cloned()),
            entitlements: stack.and_then(|stack| world.entitlements.get(stack).cloned()),
            applications: fleet.and_then(|fleet| world.applications.get(fleet).cloned()),
            theme: stack.and_then(|stack| world.themes.get(stack).cloned()),
        }
    }
}

fn is_read<T>(found: Option<&Observed<T>>) -> bool {
    found.is_some_and(|found| !found.is_unknown())
}

/// The entitlements of a stack, by name.
pub type Entitlements = BTreeMap<String, ObservedEntitlement>;

/// An entitlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedEntitlement {
    /// Its description, if it has one.
    pub description: Option<String>,
    /// `ALL` or `ASSOCIATED`.
    pub app_visibility: String,
    /// Which users it is for.
    pub attributes: BTreeSet<EntitlementAttribute>,
    /// Identifiers of its applications; none of an entitlement whose applications were not asked
    /// for.
    pub applications: BTreeSet<String>,
}

/// The theme of a stack. Where its pictures came from AWS does not return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedTheme {
    /// The title of the browser's tab.
    pub title_text: String,
    /// The colours, by AWS's word.
    pub theme_styling: String,
    /// The links in the page's footer.
    pub footer_links: BTreeSet<ThemeFooterLinkSpec>,
    /// `ENABLED` or `DISABLED`.
    pub state: String,
    /// Where AWS shows its copy of the logo.
    pub organization_logo_url: Option<String>,
    /// Where AWS shows its copy of the favicon.
    pub favicon_url: Option<String>,
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
