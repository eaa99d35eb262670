//! Plans how an environment goes: what is ours and nothing else, in the order AWS takes it.
//!
//! ```text
//!   delete:  Disassociate ─► StopFleet ─► (STOPPED) ─► DeleteFleet
//!   users off it ────────┴─► DeleteStack      our policy statements
//!   retain:  our tags off fleet and stack
//!   forget:  nothing
//! ```
//!
//! Buckets, objects and clusters are never touched. Deletion waits for people as every other
//! disruption does.

use std::collections::BTreeSet;

use super::draft::{Draft, ENVIRONMENT_TAG, Ownership, UID_TAG};
use super::{bucket, looked_at, removal, scaling};
use crate::action::{Action, ObjectKind, ObjectRef};
use crate::environment::{DeletionPolicy, Mode};
use crate::observed::{Observed, ObservedTags};

/// Plans the end of an environment.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let environment = draft.input.environment;
    if environment.mode == Mode::Observe || environment.deletion_policy == DeletionPolicy::Forget {
        disown_all(draft);
        draft.plan.finished = true;
        return;
    }
    let owned: Vec<ObjectRef> = objects(draft);
    let mut done = true;
    for object in &owned {
        done &= match object.kind {
            ObjectKind::Fleet => fleet_goes(draft, object),
            ObjectKind::Stack => stack_goes(draft, object),
            ObjectKind::Bucket | ObjectKind::User => true,
        };
    }
    if environment.deletion_policy == DeletionPolicy::Delete {
        done &= statements_go(draft);
    }
    if done {
        disown_all(draft);
        draft.plan.finished = true;
    }
}

/// What may have to go: what the row names, where we own anything at all, and what we own.
fn objects(draft: &Draft<'_>) -> Vec<ObjectRef> {
    let input = draft.input;
    let mut objects: BTreeSet<ObjectRef> = BTreeSet::new();
    for (kind, word, name) in [
        (ObjectKind::Stack, "stack/", input.environment.stack_name()),
        (ObjectKind::Fleet, "fleet/", input.environment.fleet_name()),
    ] {
        // A row that never got as far as an intent owns nothing under its name.
        let owns_one = input.owned.iter().any(|object| object.starts_with(word));
        if let Some(name) = looked_at(input.owned, word, name).filter(|_| owns_one) {
            objects.insert(ObjectRef {
                kind,
                name: name.to_owned(),
            });
        }
    }
    objects.into_iter().collect()
}

fn disown_all(draft: &mut Draft<'_>) {
    draft.plan.disowned = draft.input.owned.clone();
}

fn fleet_goes(draft: &mut Draft<'_>, object: &ObjectRef) -> bool {
    match &draft.input.observed.fleet {
        Observed::Absent => {
            draft.plan.disowned.insert(object.to_string());
            if draft.input.environment.deletion_policy == DeletionPolicy::Delete {
                scaling::say_what_is_left(draft, object);
            }
            true
        }
        Observed::Unknown(why) => removal::not_seen(draft, object, why),
        Observed::Present(fleet) => {
            match settle_ownership(draft, object, &fleet.arn, &fleet.tags) {
                Some(done) => done,
                None => {
                    removal::take_fleet(draft, object, fleet, WHY, false);
                    false
                }
            }
        }
    }
}

fn stack_goes(draft: &mut Draft<'_>, object: &ObjectRef) -> bool {
    match &draft.input.observed.stack {
        Observed::Absent => {
            draft.plan.disowned.insert(object.to_string());
            true
        }
        Observed::Unknown(why) => removal::not_seen(draft, object, why),
        Observed::Present(stack) => {
            match settle_ownership(draft, object, &stack.arn, &stack.tags) {
                Some(done) => done,
                None => {
                    removal::take_stack(draft, object, stack, WHY);
                    false
                }
            }
        }
    }
}

/// Decides what is not a deletion: somebody else's object, unknown tags, and `retain`.
fn settle_ownership(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    arn: &str,
    tags: &ObservedTags,
) -> Option<bool> {
    match draft.ownership(object, tags) {
        Ownership::Unknown(why) => Some(removal::not_seen(
            draft,
            object,
            &format!("its tags: {why}"),
        )),
        // A namesake, read by name: what was ours is gone.
        Ownership::Foreign(_) | Ownership::Adoptable => {
            draft.plan.disowned.insert(object.to_string());
            Some(true)
        }
        Ownership::Ours => {
            if draft.input.environment.deletion_policy == DeletionPolicy::Retain {
                let keys = vec![ENVIRONMENT_TAG.to_owned(), UID_TAG.to_owned()];
                let action = Action::UntagResource {
                    object: object.clone(),
                    arn: arn.to_owned(),
                    keys,
                };
                draft.step(action, "the row is deleted and its objects are retained");
                return Some(false);
            }
            None
        }
    }
}

/// Why, for people.
const WHY: &str = "the row is deleted";

/// Takes our statements off every bucket the row names or used to name.
fn statements_go(draft: &mut Draft<'_>) -> bool {
    let owns_one = draft
        .input
        .owned
        .iter()
        .any(|object| object.starts_with("bucket/"));
    !owns_one || bucket::remove_all(draft)
}
