//! Plans the fleet: create, adopt, update in place, stop to update, start, stop.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::diff::{self, FieldChange, Fix, Wanted};
use super::draft::{Draft, Ownership};
use super::{WaitReason, tags};
use crate::action::{Action, ObjectRef};
use crate::fields::{Change, FLEET};
use crate::observed::{FleetState, Observed, ObservedFleet};
use crate::settings::FleetSettings;
use crate::spec::{ImageSpec, PowerState};

/// The path of the fleet's power state, as in `ignore`.
pub(super) const STATE: &str = "fleet.state";
/// The path of the image, as in `ignore`.
const IMAGE: &str = "image";

/// Plans the fleet of an environment that is not being deleted.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let input = draft.input;
    let Some(name) = input.environment.fleet_name().map(str::to_owned) else {
        for object in input
            .owned
            .iter()
            .filter(|object| object.starts_with("fleet/"))
        {
            draft.wait(
                object,
                WaitReason::ReplacementNeeded,
                "the row no longer has a fleet; leaving it out would delete it, which is not \
                 allowed yet: put it back, or delete the environment",
            );
        }
        return;
    };
    let object = ObjectRef::fleet(&name);
    if let Some(left) = draft.owned_otherwise(&object) {
        draft.wait(
            &left,
            WaitReason::ReplacementNeeded,
            super::draft::LEFT_BEHIND,
        );
        return;
    }
    match &input.observed.fleet {
        Observed::Unknown(why) => {
            draft.need(&object);
            draft.wait(&object, WaitReason::NotObserved, why);
        }
        Observed::Absent => create(draft, &name),
        Observed::Present(fleet) => match draft.ownership(&object, &fleet.tags) {
            Ownership::Foreign(message) => draft.wait(&object, WaitReason::Conflict, message),
            Ownership::Unknown(why) => {
                draft.need(&object);
                draft.wait(&object, WaitReason::NotObserved, format!("its tags: {why}"));
            }
            Ownership::Adoptable | Ownership::Ours => {
                tags::plan(draft, &object, &fleet.arn, &fleet.tags);
                converge(draft, fleet);
            }
        },
    }
}

fn create(draft: &mut Draft<'_>, name: &str) {
    let environment = draft.input.environment;
    let object = ObjectRef::fleet(name);
    let desired = desired_tree(draft);
    let mut tree = json!({});
    let mut manages = BTreeSet::new();
    for rule in FLEET {
        let path = format!("fleet.{}", rule.path);
        let wanted = diff::wanted(&desired, rule.path);
        if wanted != Wanted::Omitted && !draft.ignores(&path) {
            manages.insert(path);
        }
        if let Wanted::Value(value) = wanted {
            diff::put(&mut tree, rule.path, value);
        }
    }
    if let Some(image) = &environment.spec.image {
        let (member, value) = image_member(image);
        diff::put(&mut tree, member, value);
        if !draft.ignores(IMAGE) {
            manages.insert(IMAGE.to_owned());
        }
    }
    manages.extend(tags::paths(draft));
    let reason = tags::missing(draft, &object, "fleet");
    let tags = tags::desired(environment);
    draft
        .step(
            Action::CreateFleet {
                name: name.to_owned(),
                settings: settings_from(tree),
                tags,
            },
            reason,
        )
        .manages = manages;
    // A fleet made through the API is STOPPED (facts: Terraform's and botocore's issue threads).
    if desired_state(draft) == Some(PowerState::Running) {
        start(draft, name, "the row asks for a running fleet");
    }
}

fn converge(draft: &mut Draft<'_>, fleet: &ObservedFleet) {
    let input = draft.input;
    let object = ObjectRef::fleet(&fleet.name);
    let desired = desired_tree(draft);
    let observed =
        serde_json::to_value(&fleet.settings).expect("settings are plain data with string keys");
    let mut compared = diff::compare(
        "fleet",
        FLEET,
        &desired,
        &observed,
        input.managed,
        &input.environment.spec.ignore,
    );
    compare_image(draft, fleet, &mut compared);
    draft.plan.unchanged += compared.unchanged;
    draft.plan.holds.extend(compared.holds);
    draft.plan.released.extend(compared.released);
    report_errors(draft, fleet);

    let (mut in_place, mut need_stop, mut replace) = (Vec::new(), Vec::new(), Vec::new());
    for change in compared.changes {
        match change.change {
            Change::InPlace => in_place.push(change),
            Change::NeedsStoppedFleet => need_stop.push(change),
            Change::NeedsReplacement => replace.push(change),
        }
    }
    if !replace.is_empty() {
        let words = draft.describe(&object, &replace);
        draft.wait(
            &object,
            WaitReason::ReplacementNeeded,
            format!("AWS cannot change it on an existing fleet ({words}); change the row back"),
        );
    }
    match &fleet.state {
        FleetState::Stopped => {
            in_place.append(&mut need_stop);
            update(draft, &object, &observed, &in_place, None);
        }
        FleetState::Running => {
            update(draft, &object, &observed, &in_place, None);
            if !need_stop.is_empty() {
                stop_then_update(draft, &object, &observed, &need_stop);
            }
        }
        FleetState::Starting if !fleet.errors.is_empty() && !need_stop.is_empty() => {
            // It may never come up as it is: the way out is through a stop.
            update(
                draft,
                &object,
                &observed,
                &in_place,
                Some(WaitReason::FleetStarting),
            );
            stop_then_update(draft, &object, &observed, &need_stop);
        }
        FleetState::Starting | FleetState::Stopping | FleetState::Other(_) => {
            in_place.append(&mut need_stop);
            let reason = in_flight(&fleet.state);
            update(draft, &object, &observed, &in_place, Some(reason));
        }
    }
    power(draft, fleet);
}

/// Adds an `UpdateFleet` with exactly the members that change.
fn update(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    observed: &Value,
    changes: &[FieldChange],
    waiting_for: Option<WaitReason>,
) {
    if changes.is_empty() {
        return;
    }
    let reason = draft.describe(object, changes);
    let (tree, delete) = assemble(&desired_tree(draft), observed, changes);
    let action = Action::UpdateFleet {
        name: object.name.clone(),
        set: settings_from(tree),
        delete,
    };
    let step = draft.step(action, reason);
    step.waiting_for = waiting_for;
    step.manages = changes.iter().map(|change| change.path.clone()).collect();
}

fn stop_then_update(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    observed: &Value,
    changes: &[FieldChange],
) {
    let owes_start = desired_state(draft) != Some(PowerState::Stopped);
    let waiting = stop(
        draft,
        &object.name,
        "for a change that needs a stopped fleet",
        owes_start,
    );
    update(draft, object, observed, changes, Some(waiting));
}

/// Plans a stop under the disruption policy; says what steps behind it wait for.
pub(super) fn stop(draft: &mut Draft<'_>, name: &str, why: &str, owes_start: bool) -> WaitReason {
    let object = ObjectRef::fleet(name);
    let action = Action::StopFleet {
        name: name.to_owned(),
        only_when_idle: true,
    };
    match draft.input.observed.sessions_on(name) {
        Observed::Present(0) => {
            draft.step(action, why).opens_debt = owes_start;
            WaitReason::EarlierStep
        }
        Observed::Present(sessions) => {
            draft
                .later(action, why, WaitReason::WaitingForSessions)
                .opens_debt = owes_start;
            draft.wait(
                &object,
                WaitReason::WaitingForSessions,
                sessions_message(sessions),
            );
            WaitReason::WaitingForSessions
        }
        Observed::Absent | Observed::Unknown(_) => {
            let first_time = draft.plan.needs.sessions.insert(name.to_owned());
            draft.later(action, why, WaitReason::NotObserved).opens_debt = owes_start;
            if first_time {
                let why = "its sessions are not known";
                draft.wait(&object, WaitReason::NotObserved, why);
            }
            WaitReason::NotObserved
        }
    }
}

pub(super) fn sessions_message(sessions: u32) -> String {
    let noun = if sessions == 1 { "session" } else { "sessions" };
    format!("{sessions} {noun} on the fleet; it is stopped when none is left")
}

fn start(draft: &mut Draft<'_>, name: &str, why: &str) {
    let ours = !draft.ignores(STATE);
    let step = draft.step(
        Action::StartFleet {
            name: name.to_owned(),
        },
        why,
    );
    if ours {
        step.manages.insert(STATE.to_owned());
    }
}

/// Plans the power state, once what needs a stop has been planned.
fn power(draft: &mut Draft<'_>, fleet: &ObservedFleet) {
    let object = ObjectRef::fleet(&fleet.name);
    let owes_start = draft.input.debts.contains(&fleet.name);
    let desired = desired_state(draft);
    let stops =
        draft.plan.steps.iter().any(
            |step| matches!(&step.action, Action::StopFleet { name, .. } if *name == fleet.name),
        );
    let runs = matches!(fleet.state, FleetState::Running);
    let wants_running = desired == Some(PowerState::Running) || (desired.is_none() && owes_start);
    if owes_start && (runs && !stops || desired == Some(PowerState::Stopped)) {
        draft.plan.debts_paid.insert(fleet.name.clone());
    }
    if wants_running {
        if runs && !stops {
            if desired.is_some() {
                draft.holds(STATE, json!("RUNNING"));
            }
            return;
        }
        if !runs && desired.is_some() && !owes_start {
            draft.differs(
                &object,
                STATE,
                json!("RUNNING"),
                json!(fleet.state.as_str()),
            );
        }
        let why = if owes_start {
            "it was stopped for a change and has to run again"
        } else {
            "the row asks for a running fleet"
        };
        let action = Action::StartFleet {
            name: fleet.name.clone(),
        };
        match &fleet.state {
            FleetState::Stopped => start(draft, &fleet.name, why),
            FleetState::Starting if !stops => {
                draft.wait(&object, WaitReason::FleetStarting, "the fleet is starting");
            }
            FleetState::Running | FleetState::Starting => {
                draft.later(action, why, WaitReason::EarlierStep);
            }
            FleetState::Stopping | FleetState::Other(_) => {
                draft.later(action, why, WaitReason::FleetStopping);
                draft.wait(
                    &object,
                    WaitReason::FleetStopping,
                    format!("the fleet is {}", fleet.state.as_str()),
                );
            }
        }
    } else if desired == Some(PowerState::Stopped) {
        keep_stopped(draft, fleet, &object, stops);
    }
}

fn keep_stopped(draft: &mut Draft<'_>, fleet: &ObservedFleet, object: &ObjectRef, stops: bool) {
    if fleet.state == FleetState::Stopped {
        draft.holds(STATE, json!("STOPPED"));
        return;
    }
    draft.differs(object, STATE, json!("STOPPED"), json!(fleet.state.as_str()));
    match &fleet.state {
        FleetState::Running if !stops => {
            stop(
                draft,
                &fleet.name,
                "the row asks for a stopped fleet",
                false,
            );
            if let Some(step) = draft.plan.steps.last_mut() {
                step.manages.insert(STATE.to_owned());
            }
        }
        FleetState::Running | FleetState::Stopped => {}
        FleetState::Starting | FleetState::Stopping | FleetState::Other(_) => {
            let reason = in_flight(&fleet.state);
            draft.wait(
                object,
                reason,
                format!("the fleet is {}", fleet.state.as_str()),
            );
        }
    }
}

fn in_flight(state: &FleetState) -> WaitReason {
    match state {
        FleetState::Starting => WaitReason::FleetStarting,
        FleetState::Stopping | FleetState::Running | FleetState::Stopped | FleetState::Other(_) => {
            WaitReason::FleetStopping
        }
    }
}

fn report_errors(draft: &mut Draft<'_>, fleet: &ObservedFleet) {
    if fleet.errors.is_empty() {
        return;
    }
    let words: Vec<String> = fleet
        .errors
        .iter()
        .map(|issue| format!("{}: {}", issue.code, issue.message))
        .collect();
    let object = ObjectRef::fleet(&fleet.name);
    draft.wait(object, WaitReason::AwsReportsErrors, words.join("; "));
}

/// The desired power state; `None` when somebody else owns it.
fn desired_state(draft: &Draft<'_>) -> Option<PowerState> {
    let fleet = draft.input.environment.spec.fleet.as_ref()?;
    (!draft.ignores(STATE)).then_some(fleet.state)
}

fn desired_tree(draft: &Draft<'_>) -> Value {
    serde_json::to_value(&draft.input.environment.spec.fleet)
        .expect("a spec is plain data with string keys")
}

fn image_member(image: &ImageSpec) -> (&'static str, Value) {
    match (&image.name, &image.arn) {
        (Some(name), _) => ("imageName", json!(name)),
        (None, arn) => ("imageArn", json!(arn)),
    }
}

/// The image is compared by what the row names; AWS returns both name and ARN.
fn compare_image(draft: &Draft<'_>, fleet: &ObservedFleet, compared: &mut diff::Compared) {
    let Some(image) = &draft.input.environment.spec.image else {
        return;
    };
    if draft.ignores(IMAGE) {
        return;
    }
    let (member, desired) = image_member(image);
    let observed = match member {
        "imageName" => json!(fleet.settings.image_name),
        _ => json!(fleet.settings.image_arn),
    };
    if desired == observed {
        compared.unchanged += 1;
        compared.holds.insert(IMAGE.to_owned(), desired);
    } else {
        compared.changes.push(FieldChange {
            member: member.to_owned(),
            path: IMAGE.to_owned(),
            // Members that UpdateFleet's documentation names for a running fleet.
            change: Change::InPlace,
            fixes: vec![Fix::Set(desired.clone())],
            desired,
            observed,
        });
    }
}

/// Makes the members to send: a nested member (`vpcConfig`) goes out whole, because AWS replaces
/// it whole.
pub(super) fn assemble(
    desired: &Value,
    observed: &Value,
    changes: &[FieldChange],
) -> (Value, Vec<String>) {
    let mut tree = json!({});
    let mut delete = BTreeSet::new();
    for change in changes {
        for fix in &change.fixes {
            match fix {
                Fix::Delete(attributes) => delete.extend(attributes.iter().cloned()),
                Fix::Set(value) => {
                    if let Some((parent, _)) = change.member.split_once('.')
                        && parent == "vpcConfig"
                    {
                        for sibling in ["vpcConfig.subnetIds", "vpcConfig.securityGroupIds"] {
                            let keep = match diff::wanted(desired, sibling) {
                                Wanted::Value(value) => Some(value),
                                Wanted::Unset => None,
                                Wanted::Omitted => diff::at(observed, sibling).cloned(),
                            };
                            if let Some(value) = keep {
                                diff::put(&mut tree, sibling, value);
                            }
                        }
                    }
                    diff::put(&mut tree, &change.member, value.clone());
                }
            }
        }
    }
    // Without the VPC there are no security groups to remove from it.
    if delete.contains("VPC_CONFIGURATION") {
        delete.remove("VPC_CONFIGURATION_SECURITY_GROUP_IDS");
    }
    (tree, delete.into_iter().collect())
}

fn settings_from(tree: Value) -> FleetSettings {
    serde_json::from_value(tree).expect("every path in the table is a member of the settings")
}
