//! Plans user-pool users: their accounts, and who is on the environment's stack.
//!
//! ```text
//!   listed, no account   CreateUser, then onto the stack
//!   listed               EnableUser or DisableUser; onto the stack
//!   listed before        off our stack; the account stays as it is
//!   never listed         nothing: they are not ours
//! ```
//!
//! An account is the region's and carries no tag, so there is no proof whose it is: it is made and
//! switched, and never deleted. A name that differs is said and left to a human, because AWS cannot
//! change it, and a person's account is not made anew behind their back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::WaitReason;
use super::draft::{Draft, needs_another_row};
use crate::access::ObservedUser;
use crate::action::{AccessCall, Action, BATCH, ObjectRef, StackUser};
use crate::cloud::ErrorClass;
use crate::observed::Observed;
use crate::spec::UserSpec;

/// What the paths of a user end with.
pub(super) const LEAVES: [&str; 4] = ["association", "enabled", "firstName", "lastName"];
const ASSOCIATION: &str = "association";

const OFF: &str = "the row no longer lists them";
const DELETED: &str = "the row is deleted";

/// The path of one of a user's fields, as in `ignore`.
fn path(user: &str, leaf: &str) -> String {
    format!("users.{user}.{leaf}")
}

/// The user and the field of a path.
pub(super) fn parts(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("users.")?.rsplit_once('.')
}

/// Plans the users of an environment that is not being deleted.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let input = draft.input;
    let mut managed = input.managed.keys();
    if input.environment.spec.users.is_empty() && !managed.any(|path| parts(path).is_some()) {
        return;
    }
    accounts(draft);
    associations(draft);
}

/// What the row says of accounts.
fn accounts(draft: &mut Draft<'_>) {
    let input = draft.input;
    release_accounts(draft);
    match &input.observed.access.users {
        Some(Observed::Present(users)) => {
            for want in &input.environment.spec.users {
                account(draft, want, users.get(&want.user_name));
            }
        }
        Some(Observed::Absent | Observed::Unknown(_)) | None => {
            let why = match &input.observed.access.users {
                Some(Observed::Unknown(why)) => why.as_str(),
                Some(Observed::Absent | Observed::Present(_)) | None => {
                    "the user pool is not known"
                }
            };
            let asked = input.observed.access.users.is_some();
            let believed = input.environment.spec.users.iter().all(|want| {
                fields(want).all(|(leaf, value)| {
                    let path = path(&want.user_name, leaf);
                    draft.ignores(&path) || draft.held(&path, &value)
                })
            });
            if asked || !believed {
                draft.plan.needs.access.users = true;
                draft.wait("users", WaitReason::NotObserved, why);
            }
        }
    }
}

/// The fields of an account that the row names, with their values.
fn fields(want: &UserSpec) -> impl Iterator<Item = (&'static str, Value)> {
    let first = want
        .first_name
        .as_ref()
        .map(|name| ("firstName", json!(name)));
    let last = want
        .last_name
        .as_ref()
        .map(|name| ("lastName", json!(name)));
    [Some(("enabled", json!(want.is_enabled()))), first, last]
        .into_iter()
        .flatten()
}

/// An account is nobody's: what the row no longer says of it stays as it is.
fn release_accounts(draft: &mut Draft<'_>) {
    let wanted: BTreeSet<String> = (draft.input.environment.spec.users.iter())
        .flat_map(|want| fields(want).map(|(leaf, _)| path(&want.user_name, leaf)))
        .collect();
    for managed in draft.input.managed.keys() {
        let is_account = parts(managed).is_some_and(|(_, leaf)| leaf != ASSOCIATION);
        if is_account && !wanted.contains(managed) {
            draft.plan.released.insert(managed.clone());
        }
    }
}

fn account(draft: &mut Draft<'_>, want: &UserSpec, has: Option<&ObservedUser>) {
    let object = ObjectRef::user(&want.user_name);
    let Some(has) = has else {
        create(draft, &object, want);
        return;
    };
    let enabled = path(&want.user_name, "enabled");
    if !draft.ignores(&enabled) {
        if want.is_enabled() == has.enabled {
            draft.holds(enabled, json!(has.enabled));
        } else {
            let (desired, observed) = (json!(want.is_enabled()), json!(has.enabled));
            draft.differs(&object, &enabled, desired, observed);
            switch(draft, want).manages.insert(enabled);
        }
    }
    for (leaf, desired, observed) in [
        ("firstName", &want.first_name, &has.first_name),
        ("lastName", &want.last_name, &has.last_name),
    ] {
        let path = path(&want.user_name, leaf);
        let Some(desired) = desired.as_ref().filter(|_| !draft.ignores(&path)) else {
            continue;
        };
        if Some(desired) == observed.as_ref() {
            draft.holds(path, json!(desired));
        } else {
            draft.differs(&object, &path, json!(desired), json!(observed));
            let message = format!(
                "AWS cannot change a user's {leaf}; write the one they have, leave it out, or \
                 delete the user by hand and they are created anew"
            );
            draft.wait(&object, WaitReason::ReplacementNeeded, message);
        }
    }
}

/// Makes an account. A new one is enabled: whoever is to be disabled is so afterwards.
fn create(draft: &mut Draft<'_>, object: &ObjectRef, want: &UserSpec) {
    if LEAVES
        .iter()
        .all(|leaf| draft.ignores(&path(&want.user_name, leaf)))
    {
        return;
    }
    let paths: BTreeSet<String> = fields(want)
        .map(|(leaf, _)| path(&want.user_name, leaf))
        .filter(|path| !draft.ignores(path))
        .collect();
    let enabled = path(&want.user_name, "enabled");
    if paths.contains(&enabled) {
        draft.differs(object, &enabled, json!(want.is_enabled()), Value::Null);
    }
    let call = AccessCall::CreateUser {
        user_name: want.user_name.clone(),
        first_name: want.first_name.clone(),
        last_name: want.last_name.clone(),
        message_action: want.message_action.map(|action| action.as_str().to_owned()),
    };
    let why = "the row lists them and the user pool does not have them";
    draft.step(Action::Access(call), why).manages = paths;
    if !want.is_enabled() && !draft.ignores(&enabled) {
        switch(draft, want).waiting_for = Some(WaitReason::EarlierStep);
    }
}

fn switch<'d>(draft: &'d mut Draft<'_>, want: &UserSpec) -> &'d mut super::Step {
    let user_name = want.user_name.clone();
    let (call, why) = if want.is_enabled() {
        let why = "they are disabled, and the row says that they may sign in";
        (AccessCall::EnableUser { user_name }, why)
    } else {
        let why = "they are enabled, and the row says that they may not sign in";
        (AccessCall::DisableUser { user_name }, why)
    };
    draft.step(Action::Access(call), why)
}

/// Who is on the stack, and who should be.
fn associations(draft: &mut Draft<'_>) {
    let input = draft.input;
    let Some(stack) = input.environment.stack_name() else {
        return;
    };
    let object = ObjectRef::stack(stack);
    if !draft.ours.contains(&object) {
        return;
    }
    let has = match &input.observed.access.stack_users {
        // A stack that does not exist has no users to read.
        _ if input.observed.stack.is_absent() => BTreeSet::new(),
        Some(Observed::Present(has)) => has.clone(),
        Some(Observed::Absent | Observed::Unknown(_)) | None => {
            unseen(draft, &object);
            return;
        }
    };
    let mut joining = Vec::new();
    let mut not_yet = Vec::new();
    for want in &input.environment.spec.users {
        let path = path(&want.user_name, ASSOCIATION);
        if draft.ignores(&path) {
            continue;
        }
        if has.contains(&want.user_name) {
            draft.holds(path, json!(stack));
            continue;
        }
        draft.differs(&object, &path, json!(stack), Value::Null);
        let user = StackUser {
            user_name: want.user_name.clone(),
            send_email_notification: want.send_email_notification,
        };
        if has_account(draft, want) {
            joining.push(user);
        } else {
            not_yet.push(user);
        }
    }
    let onto = |users: Vec<StackUser>| AccessCall::BatchAssociateUserStack {
        stack: stack.to_owned(),
        users,
    };
    let why = "the row lists them";
    batched(draft, joining, &onto, why);
    for users in not_yet.chunks(BATCH) {
        let action = Action::Access(onto(users.to_vec()));
        draft.later(action, why, WaitReason::EarlierStep);
    }
    leaving(draft, stack, &has, |path, draft| {
        let (user, _) = parts(path).unwrap_or_default();
        let mut users = draft.input.environment.spec.users.iter();
        !users.any(|want| want.user_name == user) && !draft.ignores(path)
    });
}

/// What held is believed until its turn comes.
fn unseen(draft: &mut Draft<'_>, object: &ObjectRef) {
    let input = draft.input;
    let (asked, why) = match &input.observed.access.stack_users {
        Some(Observed::Unknown(why)) => (true, why.as_str()),
        Some(Observed::Absent | Observed::Present(_)) => (true, "its users are not known"),
        None => (false, "its users are not known"),
    };
    let wanted: BTreeSet<String> = (input.environment.spec.users.iter())
        .map(|want| path(&want.user_name, ASSOCIATION))
        .filter(|path| !draft.ignores(path))
        .collect();
    let believed = wanted
        .iter()
        .all(|path| draft.held(path, &json!(object.name)));
    let mut managed = input.managed.keys().filter(|path| is_association(path));
    let all_wanted = managed.all(|path| wanted.contains(path) || draft.ignores(path));
    if asked || !believed || !all_wanted {
        let needs = &mut draft.plan.needs.access.users_of_stacks;
        needs.insert(object.name.clone());
        draft.wait(object, WaitReason::NotObserved, why);
    }
}

fn is_association(path: &str) -> bool {
    parts(path).is_some_and(|(_, leaf)| leaf == ASSOCIATION)
}

/// Whether the user pool has them, as far as this look or the last one knows.
fn has_account(draft: &mut Draft<'_>, want: &UserSpec) -> bool {
    match &draft.input.observed.access.users {
        Some(Observed::Present(users)) => users.contains_key(&want.user_name),
        Some(Observed::Absent | Observed::Unknown(_)) => false,
        None => {
            let enabled = path(&want.user_name, "enabled");
            let held = draft.held(&enabled, &json!(want.is_enabled()));
            if !held {
                draft.plan.needs.access.users = true;
            }
            held
        }
    }
}

/// Takes users off the stack whose association is managed and whom the row does not want there.
fn leaving(
    draft: &mut Draft<'_>,
    stack: &str,
    has: &BTreeSet<String>,
    goes: impl Fn(&str, &Draft<'_>) -> bool,
) {
    let object = ObjectRef::stack(stack);
    let is_deleting = draft.input.environment.is_deleting();
    let mut off = Vec::new();
    for managed in draft.input.managed.keys() {
        if !is_association(managed) || !goes(managed, draft) {
            continue;
        }
        let (user, _) = parts(managed).unwrap_or_default();
        if has.contains(user) {
            if !is_deleting {
                draft.differs(&object, managed, Value::Null, json!(stack));
            }
            off.push(user.to_owned());
        } else {
            draft.plan.released.insert(managed.clone());
        }
    }
    let why = if is_deleting { DELETED } else { OFF };
    let from = |users: Vec<String>| AccessCall::BatchDisassociateUserStack {
        stack: stack.to_owned(),
        users,
    };
    batched(draft, off, &from, why);
}

/// Takes the users that we put there off a stack that goes; whether it is known who is on it.
pub(super) fn leave(draft: &mut Draft<'_>, stack: &str) -> bool {
    let mut managed = draft.input.managed.keys();
    if !managed.any(|path| is_association(path)) {
        return true;
    }
    let Some(Observed::Present(has)) = &draft.input.observed.access.stack_users else {
        let needs = &mut draft.plan.needs.access.users_of_stacks;
        needs.insert(stack.to_owned());
        let why = "its users are not known";
        draft.wait(ObjectRef::stack(stack), WaitReason::NotObserved, why);
        return false;
    };
    leaving(draft, stack, has, |_, _| true);
    true
}

/// Whoever is associated by its own name.
trait Item: Clone {
    fn name(&self) -> &str;
}

impl Item for StackUser {
    fn name(&self) -> &str {
        &self.user_name
    }
}

impl Item for String {
    fn name(&self) -> &str {
        self
    }
}

/// Makes calls of at most [`BATCH`] users. Who failed lately shares no call with who did not, who
/// has to wait shares none with who may go, and whoever may have spoilt a whole call goes alone:
/// one user never holds up the others.
fn batched<T: Item>(
    draft: &mut Draft<'_>,
    items: Vec<T>,
    call: &dyn Fn(Vec<T>) -> AccessCall,
    why: &str,
) {
    let mut fresh = Vec::new();
    let mut again = Vec::new();
    let mut alone = Vec::new();
    let mut held: BTreeMap<WaitReason, Vec<T>> = BTreeMap::new();
    for item in items {
        let one = call(vec![item.clone()]);
        let failure = draft.input.failures.get(&one.item_key(item.name()));
        match failure {
            None => fresh.push(item),
            Some(failure) if draft.input.now < failure.not_before => {
                let reason = if needs_another_row(failure.class) {
                    WaitReason::CallRefused
                } else {
                    WaitReason::BackingOff
                };
                let user = ObjectRef::user(item.name());
                draft.wait(user, reason, failure.message.clone());
                held.entry(reason).or_default().push(item);
            }
            Some(failure) if may_spoil(failure.class) => alone.push(item),
            Some(_) => again.push(item),
        }
    }
    for batch in fresh
        .chunks(BATCH)
        .chain(again.chunks(BATCH))
        .chain(alone.chunks(1))
    {
        step(draft, call(batch.to_vec()), why);
    }
    for (reason, items) in held {
        for batch in items.chunks(BATCH) {
            step(draft, call(batch.to_vec()), why).waiting_for = Some(reason);
        }
    }
}

fn step<'d>(draft: &'d mut Draft<'_>, call: AccessCall, why: &str) -> &'d mut super::Step {
    let takes = call.takes_away();
    let users = call.items().into_iter().flatten().filter(|_| !takes);
    let paths: BTreeSet<String> = users.map(|user| path(user, ASSOCIATION)).collect();
    let step = draft.step(Action::Access(call), why);
    step.manages = paths;
    step
}

/// Whether an error may have been one user's fault although the whole call failed with it.
const fn may_spoil(class: ErrorClass) -> bool {
    match class {
        ErrorClass::Gone
        | ErrorClass::AlreadyThere
        | ErrorClass::Invalid
        | ErrorClass::Unexpected => true,
        ErrorClass::Throttled
        | ErrorClass::NotReady
        | ErrorClass::Limit
        | ErrorClass::Denied
        | ErrorClass::Unknown => false,
    }
}
