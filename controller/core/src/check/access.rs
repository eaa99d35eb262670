//! Checks calls about who may use what: nobody is touched whom the row does not name or once named,
//! and nothing on the ground of what was not seen.

use std::collections::BTreeSet;

use crate::access::{ObservedEntitlement, ObservedTheme};
use crate::action::{AccessCall, BATCH};
use crate::environment::DeletionPolicy;
use crate::observed::Observed;
use crate::plan::PlanInput;
use crate::spec::{EntitlementSpec, Field, ThemeSpec};

const USERS: &str = "only users whom the row lists, or listed, are touched";
const ENTITLEMENTS: &str = "only entitlements that the row lists, or listed, are touched";
const APPLICATIONS: &str = "a fleet has the applications that the row lists";
const THEMES: &str = "a stack has the theme that the row gives it, and loses none but that";
const UNSEEN: &str = "who may use what changes only on the ground of what was seen";

/// Every rule for one call.
pub(super) fn access(input: &PlanInput<'_>, call: &AccessCall) -> Option<&'static str> {
    named(input, call)
        .or_else(|| small_enough(call))
        .or_else(|| (!is_seen(input, call)).then_some(UNSEEN))
}

/// What is made is on the row; what is taken away was on it, and is not any more.
fn named(input: &PlanInput<'_>, call: &AccessCall) -> Option<&'static str> {
    match call {
        AccessCall::CreateUser { user_name, .. } => (!lists(input, user_name)).then_some(USERS),
        AccessCall::EnableUser { user_name } => (!wants(input, user_name, true)).then_some(USERS),
        AccessCall::DisableUser { user_name } => (!wants(input, user_name, false)).then_some(USERS),
        AccessCall::BatchAssociateUserStack { users, .. } => {
            let all = users.iter().all(|user| lists(input, &user.user_name));
            (!all).then_some(USERS)
        }
        AccessCall::BatchDisassociateUserStack { stack, users } => {
            let was_ours = |user: &String| {
                let path = format!("users.{user}.association");
                input.managed.contains_key(&path) && !(stays(input, stack) && lists(input, user))
            };
            let all = may_take(input) && users.iter().all(was_ours);
            (!all).then_some(USERS)
        }
        AccessCall::CreateEntitlement { name, .. } | AccessCall::UpdateEntitlement { name, .. } => {
            entitlement(input, name).is_none().then_some(ENTITLEMENTS)
        }
        AccessCall::DeleteEntitlement { stack, name } => {
            let was_ours = manages(input, &format!("entitlements.{name}."));
            let is_listed = stays(input, stack) && entitlement(input, name).is_some();
            let goes = may_take(input) && was_ours && !is_listed;
            (!goes).then_some(ENTITLEMENTS)
        }
        AccessCall::AssociateApplicationToEntitlement {
            entitlement: name,
            application,
            ..
        } => (!entitles(input, name, application)).then_some(ENTITLEMENTS),
        AccessCall::DisassociateApplicationFromEntitlement {
            entitlement: name,
            application,
            ..
        } => {
            let is_too_many =
                entitlement(input, name).is_some() && !entitles(input, name, application);
            (!is_too_many).then_some(ENTITLEMENTS)
        }
        AccessCall::AssociateApplicationFleet { application, .. } => {
            (!has_application(input, application)).then_some(APPLICATIONS)
        }
        AccessCall::DisassociateApplicationFleet { application, .. } => {
            let goes = !input.environment.is_deleting() && !has_application(input, application);
            (!goes).then_some(APPLICATIONS)
        }
        AccessCall::CreateThemeForStack { stack, .. }
        | AccessCall::UpdateThemeForStack { stack, .. } => {
            let has_one = matches!(theme(input, stack), Some(Field::Value(_)));
            (!has_one).then_some(THEMES)
        }
        AccessCall::DeleteThemeForStack { stack } => {
            let goes = match theme(input, stack) {
                Some(Field::Value(_)) => false,
                Some(Field::Null) => true,
                Some(Field::Omitted) | None => {
                    let mut managed = input.managed.keys();
                    let was_ours = managed
                        .any(|path| path == "stack.theme" || path.starts_with("stack.theme."));
                    may_take(input) && was_ours
                }
            };
            (!goes).then_some(THEMES)
        }
    }
}

fn lists(input: &PlanInput<'_>, user: &str) -> bool {
    let mut users = input.environment.spec.users.iter();
    !input.environment.is_deleting() && users.any(|listed| listed.user_name == user)
}

fn wants(input: &PlanInput<'_>, user: &str, enabled: bool) -> bool {
    let mut users = input.environment.spec.users.iter();
    let as_listed =
        users.any(|listed| listed.user_name == user && listed.enabled.unwrap_or(true) == enabled);
    !input.environment.is_deleting() && as_listed
}

/// The entitlement of that name that the row lists.
fn entitlement<'a>(input: &'a PlanInput<'_>, name: &str) -> Option<&'a EntitlementSpec> {
    let mut listed = input.environment.spec.entitlements.iter();
    listed.find(|one| one.name == name && !input.environment.is_deleting())
}

fn entitles(input: &PlanInput<'_>, name: &str, application: &str) -> bool {
    let listed = entitlement(input, name).and_then(|one| one.applications.as_ref());
    listed.is_some_and(|list| list.iter().any(|one| one == application))
}

/// What the row says of the theme of a stack that it names and that stays.
fn theme<'a>(input: &'a PlanInput<'_>, stack: &str) -> Option<&'a Field<ThemeSpec>> {
    let stays = stays(input, stack) && !input.environment.is_deleting();
    let spec = input.environment.spec.stack.as_ref();
    spec.filter(|_| stays).map(|spec| &spec.theme)
}

fn has_application(input: &PlanInput<'_>, application: &str) -> bool {
    let fleet = input.environment.spec.fleet.as_ref();
    let listed = fleet.and_then(|fleet| fleet.applications.as_ref());
    listed.is_some_and(|list| list.iter().any(|one| one == application))
}

/// Whether a field of something is managed: no last part of a path has a dot.
fn manages(input: &PlanInput<'_>, above: &str) -> bool {
    input.managed.keys().any(|path| {
        path.strip_prefix(above)
            .is_some_and(|leaf| !leaf.contains('.'))
    })
}

/// Whether the row names the stack: one that it no longer names goes without anything on it.
fn stays(input: &PlanInput<'_>, stack: &str) -> bool {
    input.environment.stack_name() == Some(stack)
}

fn may_take(input: &PlanInput<'_>) -> bool {
    !input.environment.is_deleting() || input.environment.deletion_policy == DeletionPolicy::Delete
}

fn small_enough(call: &AccessCall) -> Option<&'static str> {
    let count = call.items()?.len();
    (!(1..=BATCH).contains(&count)).then_some("a batch has 1 to 25 users")
}

/// Unknown creates nothing and takes nothing.
fn is_seen(input: &PlanInput<'_>, call: &AccessCall) -> bool {
    let access = &input.observed.access;
    let account = |name: &str| {
        let users = access.users.as_ref().and_then(Observed::present);
        users.map(|users| users.get(name).map(|user| user.enabled))
    };
    let on_stack = access.stack_users.as_ref().and_then(Observed::present);
    let is_new = input.observed.stack.is_absent();
    match call {
        AccessCall::CreateUser { user_name, .. } => account(user_name) == Some(None),
        AccessCall::EnableUser { user_name } => account(user_name) == Some(Some(false)),
        AccessCall::DisableUser { user_name } => account(user_name) == Some(Some(true)),
        AccessCall::BatchAssociateUserStack { users, .. } => {
            let absent = |there: &BTreeSet<String>| {
                users.iter().all(|user| !there.contains(&user.user_name))
            };
            is_new || on_stack.is_some_and(absent)
        }
        AccessCall::BatchDisassociateUserStack { users, .. } => {
            on_stack.is_some_and(|there| users.iter().all(|user| there.contains(user)))
        }
        AccessCall::CreateEntitlement { name, .. } => is_new || found(input, name) == Some(None),
        AccessCall::UpdateEntitlement { name, .. } | AccessCall::DeleteEntitlement { name, .. } => {
            found(input, name).flatten().is_some()
        }
        AccessCall::AssociateApplicationToEntitlement {
            entitlement,
            application,
            ..
        } => {
            let found = found(input, entitlement);
            is_new
                || found.is_some_and(|found| {
                    found.is_none_or(|found| !found.applications.contains(application))
                })
        }
        AccessCall::DisassociateApplicationFromEntitlement {
            entitlement,
            application,
            ..
        } => {
            let found = found(input, entitlement).flatten();
            found.is_some_and(|found| found.applications.contains(application))
        }
        AccessCall::AssociateApplicationFleet { application, .. } => {
            input.observed.fleet.is_absent()
                || on_fleet(input).is_some_and(|there| !there.contains(application))
        }
        AccessCall::DisassociateApplicationFleet { application, .. } => {
            on_fleet(input).is_some_and(|there| there.contains(application))
        }
        AccessCall::CreateThemeForStack { .. } => is_new || seen_theme(input) == Some(None),
        AccessCall::UpdateThemeForStack { .. } => is_new || seen_theme(input).is_some(),
        AccessCall::DeleteThemeForStack { .. } => seen_theme(input).flatten().is_some(),
    }
}

/// The theme of the stack; `None` while it is not known. That there is none is known only of a
/// stack that is there.
fn seen_theme<'a>(input: &'a PlanInput<'_>) -> Option<Option<&'a ObservedTheme>> {
    input.observed.stack.present()?;
    match input.observed.access.theme.as_ref()? {
        Observed::Present(theme) => Some(Some(theme)),
        Observed::Absent => Some(None),
        Observed::Unknown(_) => None,
    }
}

/// An entitlement of the stack; `None` while the stack's are not known.
fn found<'a>(input: &'a PlanInput<'_>, name: &str) -> Option<Option<&'a ObservedEntitlement>> {
    let all = input.observed.access.entitlements.as_ref()?.present()?;
    Some(all.get(name))
}

fn on_fleet<'a>(input: &'a PlanInput<'_>) -> Option<&'a BTreeSet<String>> {
    input.observed.access.applications.as_ref()?.present()
}
