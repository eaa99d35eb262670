//! Finds out what became of calls about who may use what, and about themes.

use crate::access::{ObservedEntitlement, ObservedTheme};
use crate::action::{AccessCall, EntitlementSettings, ThemeSettings};
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
        AccessCall::CreateEntitlement { name, settings, .. } => {
            entitlement(observed, name).map(|has| has.is_some_and(|has| is_set(has, settings)))
        }
        AccessCall::UpdateEntitlement { name, set, .. } => {
            entitlement(observed, name).map(|has| has.is_some_and(|has| is_set(has, set)))
        }
        AccessCall::DeleteEntitlement { name, .. } => {
            entitlement(observed, name).map(|has| has.is_none())
        }
        AccessCall::AssociateApplicationToEntitlement {
            entitlement: name,
            application,
            ..
        } => entitlement(observed, name)
            .map(|has| has.is_some_and(|has| has.applications.contains(application))),
        AccessCall::DisassociateApplicationFromEntitlement {
            entitlement: name,
            application,
            ..
        } => entitlement(observed, name)
            .map(|has| has.is_none_or(|has| !has.applications.contains(application))),
        AccessCall::AssociateApplicationFleet { application, .. } => {
            on_fleet(observed, application)
        }
        AccessCall::DisassociateApplicationFleet { application, .. } => {
            on_fleet(observed, application).map(|there| !there)
        }
        AccessCall::CreateThemeForStack { settings, .. } => {
            theme(observed).map(|has| has.is_some_and(|has| looks(has, settings, &[])))
        }
        AccessCall::UpdateThemeForStack { set, delete, .. } => {
            // An update of pictures alone shows nowhere: it is made once more.
            theme(observed).map(|has| has.is_some_and(|has| looks(has, set, delete)))
        }
        AccessCall::DeleteThemeForStack { .. } => theme(observed).map(|has| has.is_none()),
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

fn entitlement<'a>(
    observed: &'a ObservedEnvironment,
    name: &str,
) -> Option<Option<&'a ObservedEntitlement>> {
    if observed.stack.is_absent() {
        return Some(None);
    }
    let all = observed.access.entitlements.as_ref()?.present()?;
    Some(all.get(name))
}

/// Whether an entitlement is as it was sent. An empty description was sent to clear it.
fn is_set(has: &ObservedEntitlement, sent: &EntitlementSettings) -> bool {
    let EntitlementSettings {
        description,
        app_visibility,
        attributes,
    } = sent;
    let text = has.description.as_deref().unwrap_or_default();
    description.as_ref().is_none_or(|sent| sent == text)
        && app_visibility
            .as_ref()
            .is_none_or(|sent| *sent == has.app_visibility)
        && attributes
            .as_ref()
            .is_none_or(|sent| *sent == has.attributes)
}

fn on_fleet(observed: &ObservedEnvironment, application: &str) -> Option<bool> {
    if observed.fleet.is_absent() {
        return Some(false);
    }
    let there = observed.access.applications.as_ref()?.present()?;
    Some(there.contains(application))
}

/// Whether there is a theme; `None` while that is not known. Its absence is known only of a stack
/// that is there.
fn theme(observed: &ObservedEnvironment) -> Option<Option<&ObservedTheme>> {
    if observed.stack.is_absent() {
        return Some(None);
    }
    let is_there = observed.stack.present().is_some();
    match observed.access.theme.as_ref()? {
        Observed::Present(theme) => Some(Some(theme)),
        Observed::Absent if is_there => Some(None),
        Observed::Absent | Observed::Unknown(_) => None,
    }
}

/// Whether a theme shows what was sent, as far as anything of it shows.
fn looks(has: &ObservedTheme, sent: &ThemeSettings, delete: &[String]) -> bool {
    let ThemeSettings {
        title_text,
        theme_styling,
        footer_links,
        organization_logo_s3_location: _,
        favicon_s3_location: _,
        state,
    } = sent;
    let shows = [
        title_text.as_ref().map(|sent| *sent == has.title_text),
        theme_styling
            .as_ref()
            .map(|sent| *sent == has.theme_styling),
        footer_links.as_ref().map(|sent| *sent == has.footer_links),
        state.as_ref().map(|sent| *sent == has.state),
        (!delete.is_empty()).then_some(has.footer_links.is_empty()),
    ];
    let mut shown = shows.into_iter().flatten().peekable();
    shown.peek().is_some() && shown.all(|shown| shown)
}
