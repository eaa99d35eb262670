//! Plans who may use what, and says what has to be read for it.
//!
//! These lists cost a call or more for each stack, so what held is believed until its turn comes.

use super::draft::Draft;
use super::users;
use crate::access::AccessRequest;
use crate::environment::Environment;

/// Plans all of it for an environment that is not being deleted.
pub(super) fn plan(draft: &mut Draft<'_>) {
    users::plan(draft);
}

/// Takes back what was given on a stack that goes; whether it is known what that is.
pub(super) fn leave(draft: &mut Draft<'_>, stack: &str) -> bool {
    users::leave(draft, stack)
}

/// Whether a path, as in `ignore`, is about who may use what.
#[must_use]
pub fn concerns(path: &str) -> bool {
    users::parts(path).is_some()
}

/// Everything there is to read for one environment: nothing, if its row names nothing of the kind
/// and never did. `stack` is the stack to look at.
#[must_use]
pub fn whole<'a>(
    environment: &Environment,
    managed: impl Iterator<Item = &'a String> + Clone,
    stack: Option<&str>,
) -> AccessRequest {
    let mut request = AccessRequest::default();
    let mut once = managed;
    if !environment.spec.users.is_empty() || once.any(|path| users::parts(path).is_some()) {
        request.users = !environment.is_deleting();
        request.users_of_stacks.extend(stack.map(str::to_owned));
    }
    request
}
