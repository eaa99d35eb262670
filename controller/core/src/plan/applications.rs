//! Plans the applications of an Elastic fleet, as a whole set.
//!
//! An app block is a part of its application in AWS (`CreateApplication`), and there is no
//! association of fleets and app blocks: a row names applications only.

use std::collections::BTreeSet;

use serde_json::json;

use super::WaitReason;
use super::draft::Draft;
use crate::action::{AccessCall, Action, ObjectRef};
use crate::observed::Observed;

/// The path of the applications, as in `ignore`.
pub(super) const PATH: &str = "fleet.applications";

/// Plans the applications of an environment's fleet.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let input = draft.input;
    let spec = input.environment.spec.fleet.as_ref();
    let wanted = spec.and_then(|fleet| fleet.applications.as_ref());
    let is_managed = input.managed.contains_key(PATH);
    let Some(fleet) = input.environment.fleet_name() else {
        return;
    };
    let object = ObjectRef::fleet(fleet);
    let is_ours = draft.ours.contains(&object);
    if draft.ignores(PATH) || !is_ours || (wanted.is_none() && !is_managed) {
        return;
    }
    if wanted.is_none() && !was_ours(draft, &object) {
        draft.plan.released.insert(PATH.to_owned());
        return;
    }
    let list: BTreeSet<&str> = wanted.into_iter().flatten().map(String::as_str).collect();
    let has: BTreeSet<&str> = match &input.observed.access.applications {
        // A fleet that does not exist has no applications to read.
        _ if input.observed.fleet.is_absent() => BTreeSet::new(),
        Some(Observed::Present(has)) => has.iter().map(String::as_str).collect(),
        Some(Observed::Absent | Observed::Unknown(_)) | None => {
            let asked = input.observed.access.applications.is_some();
            let believed = wanted.is_some() && draft.held(PATH, &json!(list));
            if asked || !believed {
                let why = match &input.observed.access.applications {
                    Some(Observed::Unknown(why)) => why.as_str(),
                    Some(Observed::Absent | Observed::Present(_)) | None => {
                        "its applications are not known"
                    }
                };
                let needs = &mut draft.plan.needs.access.applications_of_fleets;
                needs.insert(fleet.to_owned());
                draft.wait(&object, WaitReason::NotObserved, why);
            }
            return;
        }
    };
    if has == list {
        if wanted.is_some() {
            draft.holds(PATH, json!(list));
        } else {
            draft.plan.released.insert(PATH.to_owned());
        }
        return;
    }
    draft.differs(&object, PATH, json!(list), json!(has));
    let associate =
        list.difference(&has)
            .map(|application| AccessCall::AssociateApplicationFleet {
                fleet: fleet.to_owned(),
                application: (*application).to_owned(),
            });
    let disassociate =
        has.difference(&list)
            .map(|application| AccessCall::DisassociateApplicationFleet {
                fleet: fleet.to_owned(),
                application: (*application).to_owned(),
            });
    // A fleet of another type goes first.
    let hold = (!is_elastic(draft)).then_some(WaitReason::EarlierStep);
    for call in associate.chain(disassociate) {
        let why = "the row says which applications the fleet has";
        let step = draft.step(Action::Access(call), why);
        step.manages.insert(PATH.to_owned());
        step.waiting_for = hold;
    }
}

fn is_elastic(draft: &Draft<'_>) -> bool {
    let fleet = draft.input.observed.fleet.present();
    fleet.is_none_or(|fleet| fleet.settings.fleet_type.as_deref() == Some("ELASTIC"))
}

/// What was only watched, or was taken over just now, is not ours to reset.
fn was_ours(draft: &Draft<'_>, object: &ObjectRef) -> bool {
    let fleet = draft.input.observed.fleet.present();
    fleet.is_none_or(|fleet| draft.resets(object, &draft.ownership(object, &fleet.tags)))
}
