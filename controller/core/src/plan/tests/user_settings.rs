//! User settings are keyed: the full list goes out, and only ours changes in it.

use serde_json::{Value, json};

use super::harness::{Case, check, stack};
use super::world::World;
use crate::action::Action;
use crate::observed::Observed;

const CLIPBOARD: &str = "CLIPBOARD_COPY_TO_LOCAL_DEVICE";

fn row(settings: Value) -> Value {
    json!({"stack": {"userSettings": settings}})
}

fn setting(world: &World, action: &str) -> (String, Option<i32>) {
    let settings = world.aws.stacks["cfd"].settings.user_settings.clone();
    let found = settings
        .into_iter()
        .flatten()
        .find(|setting| setting.action == action)
        .unwrap();
    (found.permission, found.maximum_length)
}

#[test]
fn the_full_list_goes_out_with_one_change_in_it() {
    let mut case = Case::new(&row(json!([
        {"action": "FILE_UPLOAD", "permission": "DISABLED"}
    ])));
    let mut observed = stack(json!({}));
    let theirs = observed.settings.user_settings.as_mut().unwrap();
    "DISABLED".clone_into(&mut theirs[4].permission);
    case.observed.stack = Observed::Present(observed.clone());
    let plan = case.plan();
    let Action::UpdateStack { set, .. } = &plan.steps[0].action else {
        panic!("{:?}", plan.steps)
    };
    let mut expected = observed.settings.user_settings.unwrap();
    "DISABLED".clone_into(&mut expected[2].permission);
    assert_eq!(set.user_settings, Some(expected));
    assert_eq!(plan.differences.len(), 1);
    assert_eq!(plan.differences[0].path, "stack.userSettings.FILE_UPLOAD");
}

#[test]
fn an_action_that_aws_adds_is_not_ours() {
    let mut world = World::converged(&row(json!([
        {"action": "FILE_UPLOAD", "permission": "DISABLED"}
    ])));
    let stack = world.aws.stacks.get_mut("cfd").unwrap();
    let settings = stack.settings.user_settings.as_mut().unwrap();
    settings.push(crate::settings::UserSetting {
        action: "TELEPATHY".to_owned(),
        permission: "ENABLED".to_owned(),
        maximum_length: None,
    });
    world.quiet();
}

#[test]
fn a_setting_that_is_left_out_goes_back_to_awss_default() {
    let mut world = World::converged(&row(json!([
        {"action": "FILE_UPLOAD", "permission": "DISABLED"},
        {"action": "SMART_CARD_REDIRECTION", "permission": "ENABLED"}
    ])));
    world.edit(&json!({"stack": {}}));
    world.converge();
    assert_eq!(setting(&world, "FILE_UPLOAD").0, "ENABLED");
    assert_eq!(setting(&world, "SMART_CARD_REDIRECTION").0, "DISABLED");
    assert!(
        world
            .managed
            .keys()
            .all(|path| !path.contains("userSettings"))
    );
}

#[test]
fn a_setting_nobody_listed_stays_as_somebody_set_it() {
    let mut world = World::converged(&row(json!([
        {"action": "FILE_UPLOAD", "permission": "DISABLED"}
    ])));
    let stack = world.aws.stacks.get_mut("cfd").unwrap();
    let settings = stack.settings.user_settings.as_mut().unwrap();
    "DISABLED".clone_into(&mut settings[3].permission);
    world.edit(&row(
        json!([{"action": "FILE_UPLOAD", "permission": "ENABLED"}]),
    ));
    world.converge();
    assert_eq!(setting(&world, "FILE_DOWNLOAD").0, "DISABLED");
}

#[test]
fn a_length_is_set_changed_and_lifted_again() {
    for echoed in [false, true] {
        let mut world = World::new(&row(json!([
            {"action": CLIPBOARD, "permission": "ENABLED", "maximumLength": 100}
        ])));
        world.aws.unknowns.length_is_echoed = echoed;
        world.converge();
        assert_eq!(setting(&world, CLIPBOARD).1, Some(100));
        world.edit(&row(json!([
            {"action": CLIPBOARD, "permission": "ENABLED", "maximumLength": 5}
        ])));
        world.converge();
        assert_eq!(setting(&world, CLIPBOARD).1, Some(5));
        world.edit(&row(
            json!([{"action": CLIPBOARD, "permission": "ENABLED"}]),
        ));
        world.converge();
        assert_eq!(setting(&world, CLIPBOARD).1, Some(20_971_520));
    }
}

#[test]
fn a_disabled_clipboard_is_sent_without_a_length() {
    let mut world = World::converged(&row(json!([
        {"action": CLIPBOARD, "permission": "ENABLED", "maximumLength": 100}
    ])));
    world.edit(&row(
        json!([{"action": CLIPBOARD, "permission": "DISABLED"}]),
    ));
    world.converge();
    assert_eq!(setting(&world, CLIPBOARD), ("DISABLED".to_owned(), None));
}

#[test]
fn a_length_somebody_else_set_is_not_ours() {
    let mut case = Case::new(&row(
        json!([{"action": CLIPBOARD, "permission": "ENABLED"}]),
    ));
    case.held(
        "stack.userSettings.CLIPBOARD_COPY_TO_LOCAL_DEVICE",
        json!({"permission": "ENABLED"}),
    );
    let mut observed = stack(json!({}));
    observed.settings.user_settings.as_mut().unwrap()[1].maximum_length = Some(7);
    case.observed.stack = Observed::Present(observed);
    check(&case, "");
}

#[test]
fn the_length_that_aws_shows_though_nobody_set_it_is_no_difference() {
    let mut case = Case::new(&row(json!([
        {"action": CLIPBOARD, "permission": "ENABLED", "maximumLength": 20_971_520}
    ])));
    case.observed.stack = Observed::Present(stack(json!({})));
    check(&case, "");
}

#[test]
fn a_setting_somebody_flipped_is_drift_and_flips_back() {
    let mut world = World::converged(&row(json!([
        {"action": "FILE_UPLOAD", "permission": "DISABLED"}
    ])));
    let stack = world.aws.stacks.get_mut("cfd").unwrap();
    stack.settings.user_settings.as_mut().unwrap()[2].permission = "ENABLED".to_owned();
    let pass = world.pass();
    assert_eq!(pass.drift.new[0].path, "stack.userSettings.FILE_UPLOAD");
    world.converge();
    assert_eq!(setting(&world, "FILE_UPLOAD").0, "DISABLED");
}

#[test]
fn a_limit_is_lifted_in_so_many_words() {
    // Whether leaving the length out lifts it is not established.
    let limited = json!({"permission": "ENABLED", "maximumLength": 100});
    let listed = json!([{"action": CLIPBOARD, "permission": "ENABLED"}]);
    for spec in [row(listed), json!({"stack": {}})] {
        let mut case = Case::new(&spec);
        case.held(&format!("stack.userSettings.{CLIPBOARD}"), limited.clone());
        let mut observed = stack(json!({}));
        observed.settings.user_settings.as_mut().unwrap()[1].maximum_length = Some(100);
        case.observed.stack = Observed::Present(observed);
        let plan = case.plan();
        let Action::UpdateStack { set, .. } = &plan.steps[0].action else {
            panic!("{:?}", plan.steps)
        };
        let sent = &set.user_settings.as_ref().unwrap()[1];
        assert_eq!(sent.maximum_length, Some(20_971_520));
    }
}
