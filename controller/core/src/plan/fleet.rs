//! Plans the fleet: create, adopt, update in place, stop to update.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::diff::{self, FieldChange, Fix, Terms, Wanted};
use super::draft::Draft;
use super::{WaitReason, association, disruption, image, looked_at, power, removal, scaling, tags};
use crate::action::{Action, ObjectRef};
use crate::advice;
use crate::fields::{Change, FLEET};
use crate::observed::{FleetState, Observed, ObservedFleet};
use crate::settings::FleetSettings;
use crate::spec::ImageSpec;

/// The path of the image, as in `ignore`.
const IMAGE: &str = "image";
/// The path of the fleet itself, which holds while it is there.
const FLEET_PATH: &str = "fleet";

const SUBNETS: &str = "vpcConfig.subnetIds";
const SECURITY_GROUPS: &str = "vpcConfig.securityGroupIds";

/// Plans the fleet of an environment that is not being deleted.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let input = draft.input;
    disruption::remember(draft);
    let named = input.environment.fleet_name();
    let looked_at = looked_at(input.owned, "fleet/", named);
    let Some(name) = named.filter(|name| looked_at == Some(*name)) else {
        if let Some(left) = looked_at {
            removal::leave(draft, &ObjectRef::fleet(left));
        }
        return;
    };
    let object = ObjectRef::fleet(name);
    match &input.observed.fleet {
        Observed::Unknown(why) => {
            draft.tags.incomplete = true;
            draft.need(&object);
            draft.wait(&object, WaitReason::NotObserved, why);
        }
        Observed::Absent => {
            draft.ours.insert(object);
            create(draft, name);
        }
        Observed::Present(fleet) => {
            let ownership = draft.ownership(&object, &fleet.tags);
            if draft.may_converge(&object, &ownership) {
                tags::plan(draft, &object, &fleet.arn, &fleet.tags, &ownership);
                let resets = draft.resets(&object, &ownership);
                converge(draft, fleet, resets);
            }
        }
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
    let reason = tags::missing(draft, &object, FLEET_PATH);
    let tags = tags::desired(environment);
    let action = Action::CreateFleet {
        name: name.to_owned(),
        settings: settings_from(tree),
        tags,
    };
    let held = image::hold(draft, &object);
    let step = draft.step(action, reason);
    step.manages = manages;
    step.waiting_for = step.waiting_for.or(held);
    // A fleet made through the API is STOPPED (facts: Terraform's and botocore's issue threads).
    power::of_a_new_fleet(draft, name);
}

fn converge(draft: &mut Draft<'_>, fleet: &ObservedFleet, resets: bool) {
    let terms = Terms {
        managed: draft.input.managed,
        ignore: &draft.input.environment.spec.ignore,
        resets,
        is_elastic: is_elastic(fleet),
    };
    let object = ObjectRef::fleet(&fleet.name);
    let desired = desired_tree(draft);
    let observed =
        serde_json::to_value(&fleet.settings).expect("settings are plain data with string keys");
    let mut compared = diff::compare("fleet", FLEET, &desired, &observed, terms);
    compare_image(draft, fleet, &mut compared);
    scaling::leave_capacity(draft, &object, &mut compared);
    draft
        .plan
        .holds
        .insert(FLEET_PATH.to_owned(), json!(fleet.name));
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
        if may_replace(draft, &object, &words) {
            if fleet.state == FleetState::Running {
                // What needs no stop does not wait for people to leave.
                let waits = disruption::permit(draft, &object.name).hold.is_some();
                let now = if waits { &in_place[..] } else { &[] };
                update(draft, &object, &observed, now, None);
            }
            let why = format!("only a new fleet can have it: {words}");
            removal::replace_fleet(draft, fleet, &why);
            return;
        }
    }
    match &fleet.state {
        FleetState::Stopped => {
            in_place.append(&mut need_stop);
            update(draft, &object, &observed, &in_place, None);
        }
        FleetState::Running => {
            update(draft, &object, &observed, &in_place, None);
            stop_then_update(draft, &object, &observed, &in_place, &need_stop);
        }
        FleetState::Starting if !fleet.errors.is_empty() && !need_stop.is_empty() => {
            // It may never come up as it is: the way out is through a stop.
            let starting = Some(WaitReason::FleetStarting);
            update(draft, &object, &observed, &in_place, starting);
            stop_then_update(draft, &object, &observed, &in_place, &need_stop);
        }
        FleetState::Starting | FleetState::Stopping | FleetState::Other(_) => {
            in_place.append(&mut need_stop);
            if !in_place.is_empty() {
                let reason = power::wait_for_state(draft, fleet);
                update(draft, &object, &observed, &in_place, Some(reason));
            }
        }
    }
    power::plan(draft, fleet);
}

/// Whether our fleet may be replaced now; says why if not.
fn may_replace(draft: &mut Draft<'_>, object: &ObjectRef, words: &str) -> bool {
    if !disruption::in_force(draft).allow_replacement {
        let message = format!(
            "AWS cannot change it on an existing fleet ({words}); change the row back, or let \
             fleet.disruption.allowReplacement make a new one"
        );
        draft.wait(object, WaitReason::ReplacementNeeded, message);
        return false;
    }
    // Nobody loses a fleet for one that cannot be made.
    if image::hold(draft, object).is_some() {
        return false;
    }
    let stacks = draft.input.observed.fleet_stacks.present().cloned();
    if association::serves_referrers(draft, object, &stacks.unwrap_or_default()) {
        return false;
    }
    if !draft.input.owned.contains(&object.to_string()) {
        let message = "it is taken over before it is replaced";
        draft.wait(object, WaitReason::EarlierStep, message);
        return false;
    }
    let delete = Action::DeleteFleet {
        name: object.name.clone(),
    };
    // People are not kept off a fleet that cannot be replaced.
    if let Some(refused) = power::refused(draft, &delete) {
        let why = format!("only a new fleet can have it: {words}");
        draft.later(delete, why, WaitReason::CallRefused);
        draft.wait(object, WaitReason::CallRefused, refused);
        return false;
    }
    true
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
    let action = action_of(draft, object, observed, changes);
    let step = draft.step(action, reason);
    step.waiting_for = waiting_for;
    step.manages = changes.iter().map(|change| change.path.clone()).collect();
}

fn action_of(
    draft: &Draft<'_>,
    object: &ObjectRef,
    observed: &Value,
    changes: &[FieldChange],
) -> Action {
    let (tree, delete) = assemble(&desired_tree(draft), observed, changes);
    Action::UpdateFleet {
        name: object.name.clone(),
        set: settings_from(tree),
        delete,
    }
}

/// Plans a stop, and behind it what needs it. A change in place that AWS refuses goes with it: some
/// are taken together only, as another family of instances and its image.
fn stop_then_update(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    observed: &Value,
    in_place: &[FieldChange],
    need_stop: &[FieldChange],
) {
    if need_stop.is_empty() {
        return;
    }
    let mut changes = need_stop.to_vec();
    let reason = draft.describe(object, need_stop);
    if !in_place.is_empty() {
        let alone = action_of(draft, object, observed, in_place).key();
        if draft.input.failures.contains_key(&alone) {
            changes.extend_from_slice(in_place);
        }
    }
    let action = action_of(draft, object, observed, &changes);
    let waiting = power::stop_for_a_change(draft, object, &action);
    let step = draft.later(action, reason, waiting);
    step.manages = changes.into_iter().map(|change| change.path).collect();
}

fn report_errors(draft: &mut Draft<'_>, fleet: &ObservedFleet) {
    if fleet.errors.is_empty() {
        return;
    }
    let words: Vec<String> = fleet
        .errors
        .iter()
        .map(|issue| issue.with_advice(advice::FLEET_ERRORS))
        .collect();
    let object = ObjectRef::fleet(&fleet.name);
    draft.wait(object, WaitReason::AwsReportsErrors, words.join("; "));
}

fn desired_tree(draft: &Draft<'_>) -> Value {
    serde_json::to_value(&draft.input.environment.spec.fleet)
        .expect("a spec is plain data with string keys")
}

fn image_member(image: &ImageSpec) -> (&'static str, Value) {
    match image.image_name() {
        Some(name) => ("imageName", json!(name)),
        None => ("imageArn", json!(image.arn)),
    }
}

/// The image is compared by what the row names; AWS returns both name and ARN.
fn compare_image(draft: &mut Draft<'_>, fleet: &ObservedFleet, compared: &mut diff::Compared) {
    if draft.ignores(IMAGE) {
        return;
    }
    let Some(image) = &draft.input.environment.spec.image else {
        // An Elastic fleet can do without, and there is no way to take one back.
        if draft.input.managed.contains_key(IMAGE) {
            compared.released.insert(IMAGE.to_owned());
        }
        return;
    };
    let (member, desired) = image_member(image);
    let observed = match member {
        "imageName" => json!(fleet.settings.image_name),
        _ => json!(fleet.settings.image_arn),
    };
    if desired == observed {
        compared.unchanged += 1;
        compared.holds.insert(IMAGE.to_owned(), desired);
    } else if image::hold(draft, &ObjectRef::fleet(&fleet.name)).is_none() {
        compared.changes.push(FieldChange {
            member: member.to_owned(),
            path: IMAGE.to_owned(),
            change: image_change(fleet, compared),
            fixes: vec![Fix::Set(desired.clone())],
            desired,
            observed,
        });
    }
}

/// `UpdateFleet`'s documentation names the image for a running fleet that is not Elastic, and takes
/// one of the same operating system only.
fn image_change(fleet: &ObservedFleet, compared: &diff::Compared) -> Change {
    let follows = |change: &FieldChange| {
        let rule = FLEET.iter().find(|rule| rule.path == change.member);
        rule.is_some_and(|rule| rule.together.contains(&IMAGE))
    };
    if is_elastic(fleet) || compared.changes.iter().any(follows) {
        Change::NeedsStoppedFleet
    } else {
        Change::InPlace
    }
}

fn is_elastic(fleet: &ObservedFleet) -> bool {
    fleet.settings.fleet_type.as_deref() == Some("ELASTIC")
}

/// Makes the members to send.
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
                Fix::Set(value) => diff::put(&mut tree, &change.member, value.clone()),
            }
        }
    }
    if tree.get("vpcConfig").is_some() {
        complete_network(&mut tree, desired, observed, changes);
    }
    // Without the network there are no security groups to remove from it.
    if delete.contains("VPC_CONFIGURATION") {
        delete.remove("VPC_CONFIGURATION_SECURITY_GROUP_IDS");
    }
    (tree, delete.into_iter().collect())
}

/// `vpcConfig` goes out whole, because AWS may replace it whole: what does not change goes with it
/// as it is, whoever owns it.
fn complete_network(tree: &mut Value, desired: &Value, observed: &Value, changes: &[FieldChange]) {
    for sibling in [SUBNETS, SECURITY_GROUPS] {
        if changes.iter().any(|change| change.member == sibling) {
            continue;
        }
        let has = diff::at(observed, sibling).cloned();
        // There is no network without subnets: if it went with somebody else's, it is made anew.
        let made = || match diff::wanted(desired, sibling) {
            Wanted::Value(value) if sibling == SUBNETS => Some(value),
            Wanted::Value(_) | Wanted::Unset | Wanted::Omitted => None,
        };
        if let Some(value) = has.or_else(made) {
            diff::put(tree, sibling, value);
        }
    }
}

fn settings_from(tree: Value) -> FleetSettings {
    serde_json::from_value(tree).expect("every path in the table is a member of the settings")
}
