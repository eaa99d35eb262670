//! Holds the checker against plans that no planner should make: each breaks one rule, and is
//! refused by that rule alone.

mod access;
mod drain;
mod going;
mod lending;
mod ownership;
mod people;
mod policies;
mod themes;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::check;
use crate::action::{Action, ObjectRef};
use crate::environment::{DeletionPolicy, Mode};
use crate::observed::{FleetState, Observed, ObservedTags};
use crate::plan::tests::harness::{
    Case, arn, bucket, fleet, minute, our_tags, sid, small, stack, tags,
};
use crate::plan::{Plan, Step, WaitReason};
use crate::settings::{FleetSettings, StackSettings};
use crate::spec::Adoption;

/// Everything is there and ours, running, associated and idle.
fn complete() -> Case {
    let mut case = Case::new(&small());
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    case.observed.stack = Observed::Present(stack(json!({})));
    case.observed.stack_fleets = Observed::Present(["cfd".to_owned()].into());
    case.observed.fleet_stacks = Observed::Present(["cfd".to_owned()].into());
    case.owned = ["fleet/cfd", "stack/cfd"].map(str::to_owned).into();
    case
}

/// As above, and asked to go.
fn leaving() -> Case {
    let mut case = complete();
    case.environment.deletion_requested_at = Some(minute(0));
    case
}

/// Nothing is there.
fn empty() -> Case {
    Case::new(&small())
}

fn step(action: Action) -> Step {
    Step {
        action,
        reason: String::new(),
        manages: BTreeSet::new(),
        sends: BTreeMap::new(),
        waiting_for: None,
        opens_debt: false,
    }
}

/// The rules that a plan of these calls breaks.
fn broken(case: &Case, actions: Vec<Action>) -> Vec<&'static str> {
    let plan = Plan {
        steps: actions.into_iter().map(step).collect(),
        ..Plan::default()
    };
    rules(case, &plan)
}

fn rules(case: &Case, plan: &Plan) -> Vec<&'static str> {
    check(&case.input(), plan)
        .into_iter()
        .map(|note| note.rule)
        .collect()
}

fn name() -> String {
    "cfd".to_owned()
}

fn create_fleet() -> Action {
    Action::CreateFleet {
        name: name(),
        settings: FleetSettings::default(),
        tags: our_tags(),
    }
}

fn create_stack() -> Action {
    Action::CreateStack {
        name: name(),
        settings: StackSettings::default(),
        tags: our_tags(),
    }
}

fn update_fleet(set: FleetSettings) -> Action {
    Action::UpdateFleet {
        name: name(),
        set,
        delete: Vec::new(),
    }
}

fn update_stack() -> Action {
    Action::UpdateStack {
        name: name(),
        set: StackSettings::default(),
        delete: Vec::new(),
    }
}

fn start() -> Action {
    Action::StartFleet { name: name() }
}

fn stop() -> Action {
    Action::StopFleet {
        name: name(),
        only_when_idle: true,
    }
}

fn delete_fleet() -> Action {
    Action::DeleteFleet { name: name() }
}

fn delete_stack() -> Action {
    Action::DeleteStack { name: name() }
}

fn associate() -> Action {
    Action::AssociateFleet {
        fleet: name(),
        stack: name(),
    }
}

fn disassociate() -> Action {
    Action::DisassociateFleet {
        fleet: name(),
        stack: name(),
        only_when_idle: true,
    }
}

fn tag(object: &str) -> Action {
    let object = match object {
        "fleet" => ObjectRef::fleet("cfd"),
        _ => ObjectRef::stack("cfd"),
    };
    Action::TagResource {
        arn: arn(&object.to_string()),
        object,
        tags: our_tags(),
    }
}

fn untag(key: &str) -> Action {
    Action::UntagResource {
        object: ObjectRef::fleet("cfd"),
        arn: arn("fleet/cfd"),
        keys: vec![key.to_owned()],
    }
}

const ONLY_OWN_OBJECTS: &str = "an environment touches only its own objects";
const NOT_WITHOUT_UID: &str = "what exists is changed only with our uid on it";
const ANOTHER_UID: &str = "what carries another uid is never touched";
const PARTED: &str = "nothing is deleted that is not known to be associated with nothing";
const SEEN_POLICY: &str = "a policy is written only over the one that was seen";

#[test]
fn good_plans_pass() {
    assert!(
        broken(
            &empty(),
            vec![create_fleet(), start(), create_stack(), associate()]
        )
        .is_empty()
    );
    let named = FleetSettings {
        display_name: Some(name()),
        ..FleetSettings::default()
    };
    assert!(
        broken(
            &complete(),
            vec![update_fleet(named), update_stack(), stop()]
        )
        .is_empty()
    );
    let mut case = leaving();
    case.observed.fleet = Observed::Present(fleet(FleetState::Stopped, json!({})));
    assert!(broken(&case, vec![disassociate(), delete_fleet(), delete_stack()]).is_empty());
}

#[test]
fn a_step_that_waits_is_not_judged() {
    let mut plan = Plan {
        steps: vec![step(delete_stack())],
        ..Plan::default()
    };
    assert!(!rules(&complete(), &plan).is_empty());
    plan.steps[0].waiting_for = Some(WaitReason::EarlierStep);
    assert!(rules(&complete(), &plan).is_empty());
}

#[test]
fn a_note_names_the_call_and_the_rule() {
    let plan = Plan {
        steps: vec![step(create_stack())],
        ..Plan::default()
    };
    let notes = check(&complete().input(), &plan);
    assert_eq!(
        notes[0].to_string(),
        "CreateStack stack/cfd: a stack is created only when it is known not to exist"
    );
}

#[test]
fn nothing_is_changed_while_observing_or_paused() {
    let rule = "nothing is changed in observe mode or while paused";
    let mut case = complete();
    case.environment.mode = Mode::Observe;
    assert_eq!(broken(&case, vec![update_stack()]), [rule]);
    let mut case = complete();
    case.environment.paused = true;
    assert_eq!(broken(&case, vec![update_stack()]), [rule]);
}

#[test]
fn an_object_is_left_alone_while_a_call_on_it_may_still_arrive() {
    let mut case = complete();
    case.open(update_stack());
    assert_eq!(
        broken(&case, vec![update_stack()]),
        ["an object is left alone while the outcome of a call on it is not known"]
    );
    assert!(broken(&case, vec![stop()]).is_empty());
}

#[test]
fn only_what_is_known_not_to_exist_is_created() {
    let unknown = |case: &mut Case| {
        case.observed.fleet = Observed::Unknown("denied".to_owned());
        case.observed.stack = Observed::Unknown("denied".to_owned());
    };
    let mut blind = empty();
    unknown(&mut blind);
    for case in [complete(), blind] {
        assert_eq!(
            broken(&case, vec![create_fleet()]),
            ["a fleet is created only when it is known not to exist"]
        );
        assert_eq!(
            broken(&case, vec![create_stack()]),
            ["a stack is created only when it is known not to exist"]
        );
    }
}

#[test]
fn only_what_was_seen_is_changed() {
    let mut case = complete();
    case.observed.fleet = Observed::Unknown("denied".to_owned());
    case.observed.stack = Observed::Unknown("denied".to_owned());
    let notes = broken(&case, vec![stop()]);
    assert_eq!(
        notes,
        ["a fleet is changed only when it was seen", NOT_WITHOUT_UID]
    );
    let notes = broken(&case, vec![update_stack()]);
    assert_eq!(
        notes,
        ["a stack is changed only when it was seen", NOT_WITHOUT_UID]
    );
    assert_eq!(broken(&case, vec![start()]), [NOT_WITHOUT_UID]);
}

#[test]
fn a_stack_gets_a_fleet_only_when_it_is_known_to_have_none() {
    let rule = "a stack gets a fleet only when it is known to have none";
    let mut case = complete();
    case.observed.stack_fleets = Observed::Present(["other".to_owned()].into());
    assert_eq!(broken(&case, vec![associate()]), [rule]);
    case.observed.stack_fleets = Observed::Unknown("not looked at".to_owned());
    assert_eq!(broken(&case, vec![associate()]), [rule]);
    case.observed.stack_fleets = Observed::Present(BTreeSet::new());
    assert!(broken(&case, vec![associate()]).is_empty());
}

#[test]
fn what_needs_a_stopped_fleet_is_not_sent_to_another() {
    let rule = "these members change only on a stopped fleet";
    let update = |set: Value, delete: &[&str]| Action::UpdateFleet {
        name: name(),
        set: serde_json::from_value(set).unwrap(),
        delete: delete.iter().map(|&name| name.to_owned()).collect(),
    };
    // What only Elastic fleets take while they run, what only others do, and what none does.
    let elastic = [
        update(json!({"maxConcurrentSessions": 5}), &[]),
        update(json!({"usbDeviceFilterStrings": ["x"]}), &[]),
        update(json!({"sessionScriptS3Location": {"s3Bucket": "x"}}), &[]),
        update(json!({}), &["USB_DEVICE_FILTER_STRINGS"]),
        update(json!({}), &["SESSION_SCRIPT_S3_LOCATION"]),
    ];
    let others = [
        update(json!({"imageName": "x"}), &[]),
        update(json!({"imageArn": "x"}), &[]),
        update(json!({"computeCapacity": {"desiredInstances": 1}}), &[]),
    ];
    let none = [
        update(json!({"instanceType": "x"}), &[]),
        update(json!({"fleetType": "x"}), &[]),
        update(json!({"maxUserDurationInSeconds": 600}), &[]),
        update(json!({"description": "x"}), &[]),
        update(json!({"enableDefaultInternetAccess": true}), &[]),
        update(json!({"iamRoleArn": "x"}), &[]),
        update(json!({"streamView": "x"}), &[]),
        update(json!({"vpcConfig": {}}), &[]),
        update(json!({"platform": "x"}), &[]),
        update(json!({"domainJoinInfo": {}}), &[]),
        update(json!({"maxSessionsPerInstance": 2}), &[]),
        update(json!({"rootVolumeConfig": {}}), &[]),
        update(json!({"disableIMDSV1": true}), &[]),
        update(json!({}), &["IAM_ROLE_ARN"]),
        update(
            json!({}),
            &["USB_DEVICE_FILTER_STRINGS", "VOLUME_CONFIGURATION"],
        ),
    ];
    let both = update(
        json!({"displayName": "x", "disconnectTimeoutInSeconds": 60,
               "idleDisconnectTimeoutInSeconds": 60}),
        &[],
    );
    for is_elastic in [false, true] {
        let kind = if is_elastic { "ELASTIC" } else { "ALWAYS_ON" };
        let case = |state: FleetState| {
            let mut case = complete();
            case.observed.fleet = Observed::Present(fleet(state, json!({"fleetType": kind})));
            case
        };
        let (takes, refuses) = if is_elastic {
            (elastic.as_slice(), others.as_slice())
        } else {
            (others.as_slice(), elastic.as_slice())
        };
        for update in refuses.iter().chain(&none) {
            let running = broken(&case(FleetState::Running), vec![update.clone()]);
            assert_eq!(running, [rule], "{kind}: {update:?}");
            assert!(broken(&case(FleetState::Stopped), vec![update.clone()]).is_empty());
        }
        for update in takes.iter().chain([&both]) {
            let running = broken(&case(FleetState::Running), vec![update.clone()]);
            assert!(running.is_empty(), "{kind}: {update:?}");
        }
    }
}
