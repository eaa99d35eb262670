//! Plans who may use what and what a stack's page looks like, and says what has to be read for it.
//!
//! These lists cost a call or more for each stack, so what held is believed until its turn comes.

use super::draft::Draft;
use super::{applications, entitlements, theme, users};
use crate::access::AccessRequest;
use crate::environment::Environment;

/// Plans all of it for an environment that is not being deleted.
pub(super) fn plan(draft: &mut Draft<'_>) {
    users::plan(draft);
    entitlements::plan(draft);
    applications::plan(draft);
    theme::plan(draft);
}

/// Takes back what was given on a stack that goes, its theme too; whether it is known what that is.
pub(super) fn leave(draft: &mut Draft<'_>, stack: &str) -> bool {
    let users = users::leave(draft, stack);
    let entitlements = entitlements::leave(draft, stack);
    let theme = theme::leave(draft, stack);
    users && entitlements && theme
}

/// Whether a path, as in `ignore`, is about who may use what, or about a theme.
#[must_use]
pub fn concerns(path: &str) -> bool {
    users::parts(path).is_some()
        || entitlements::parts(path).is_some()
        || path == applications::PATH
        || theme::concerns(path)
}

/// Everything there is to read for one environment: nothing, if its row names nothing of the kind
/// and never did. `fleet` and `stack` are those to look at.
#[must_use]
pub fn whole<'a>(
    environment: &Environment,
    managed: impl Iterator<Item = &'a String> + Clone,
    fleet: Option<&str>,
    stack: Option<&str>,
) -> AccessRequest {
    let spec = &environment.spec;
    let is_deleting = environment.is_deleting();
    let mut request = AccessRequest::default();
    let manages_users = managed.clone().any(|path| users::parts(path).is_some());
    if !spec.users.is_empty() || manages_users {
        request.users = !is_deleting;
        request.users_of_stacks.extend(stack.map(str::to_owned));
    }
    let mut names = entitlements::managed(managed.clone());
    names.extend(spec.entitlements.iter().map(|one| one.name.clone()));
    if let Some(stack) = stack.filter(|_| !names.is_empty()) {
        request.entitlements.insert(stack.to_owned(), names);
    }
    let themed = spec.stack.as_ref().is_some_and(|it| !it.theme.is_omitted());
    if themed || managed.clone().any(|path| theme::concerns(path)) {
        request.themes_of_stacks.extend(stack.map(str::to_owned));
    }
    let lists = spec
        .fleet
        .as_ref()
        .is_some_and(|fleet| fleet.applications.is_some());
    let mut managed = managed;
    if !is_deleting && (lists || managed.any(|path| path == applications::PATH)) {
        let fleets = &mut request.applications_of_fleets;
        fleets.extend(fleet.map(str::to_owned));
    }
    request
}
