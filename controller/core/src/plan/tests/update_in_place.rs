//! What can change while people work changes at once, in one call, with nothing else in it.

use serde_json::json;

use super::harness::{Case, LEFT_OUT, check, fleet, small, stack, with};
use super::world::World;
use crate::observed::{FleetState, Observed};
use crate::plan::WaitReason;

fn running(changes: &[(&str, serde_json::Value)]) -> Case {
    let mut case = Case::new(&with(small(), &[("/stack", json!(LEFT_OUT))]));
    case.environment.spec = super::harness::environment(&with(
        with(small(), &[("/stack", json!(LEFT_OUT))]),
        changes,
    ))
    .spec;
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    case.owned.insert("fleet/cfd".to_owned());
    case
}

#[test]
fn a_running_fleet_takes_at_once_what_it_can_take_running() {
    let case = running(&[
        ("/fleet/displayName", json!("CFD")),
        ("/fleet/computeCapacity", json!({"desiredInstances": 3})),
        ("/fleet/disconnectTimeoutInSeconds", json!(60)),
        ("/fleet/idleDisconnectTimeoutInSeconds", json!(120)),
        ("/image/name", json!("pcluster-2026-12")),
    ]);
    check(
        &case,
        r#"
        do UpdateFleet fleet/cfd {"computeCapacity":{"desiredInstances":3},"disconnectTimeoutInSeconds":60,"displayName":"CFD","idleDisconnectTimeoutInSeconds":120,"imageName":"pcluster-2026-12"}
        diff fleet/cfd fleet.computeCapacity.desiredInstances: null -> 3
        diff fleet/cfd fleet.disconnectTimeoutInSeconds: 900 -> 60
        diff fleet/cfd fleet.idleDisconnectTimeoutInSeconds: 0 -> 120
        diff fleet/cfd fleet.displayName: null -> "CFD"
        diff fleet/cfd image: "pcluster-2026-11" -> "pcluster-2026-12"
        "#,
    );
}

#[test]
fn capacity_is_sent_only_when_capacity_changes() {
    let mut case = running(&[
        ("/fleet/displayName", json!("CFD")),
        ("/fleet/computeCapacity", json!({"desiredInstances": 3})),
    ]);
    let settings = json!({"computeCapacity": {"desiredInstances": 3}});
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, settings));
    check(
        &case,
        r#"
        do UpdateFleet fleet/cfd {"displayName":"CFD"}
        diff fleet/cfd fleet.displayName: null -> "CFD"
        "#,
    );
}

#[test]
fn a_stack_is_updated_in_one_call() {
    let mut case = Case::new(&json!({"stack": {
        "displayName": "CFD", "redirectURL": null,
        "applicationSettings": {"enabled": true, "settingsGroup": "cfd"}
    }}));
    case.observed.stack = Observed::Present(stack(json!({"redirectURL": "https://old.example"})));
    check(
        &case,
        r#"
        do UpdateStack stack/cfd {"applicationSettings":{"enabled":true,"settingsGroup":"cfd"},"displayName":"CFD"} minus REDIRECT_URL
        diff stack/cfd stack.displayName: null -> "CFD"
        diff stack/cfd stack.redirectURL: "https://old.example" -> null
        diff stack/cfd stack.applicationSettings: {"enabled":false} -> {"enabled":true,"settingsGroup":"cfd"}
        "#,
    );
}

#[test]
fn a_fleet_on_its_way_is_updated_when_it_has_arrived() {
    for (state, reason) in [
        (FleetState::Starting, WaitReason::FleetStarting),
        (FleetState::Stopping, WaitReason::FleetStopping),
        (
            FleetState::Other("REBOOTING".to_owned()),
            WaitReason::FleetStopping,
        ),
    ] {
        let mut case = running(&[("/fleet/displayName", json!("CFD"))]);
        case.observed.fleet = Observed::Present(fleet(state, json!({})));
        let plan = case.plan();
        let update = &plan.steps[0];
        assert_eq!(update.action.operation(), "UpdateFleet");
        assert_eq!(update.waiting_for, Some(reason));
        assert!(plan.waiting.iter().any(|waiting| waiting.reason == reason));
    }
}

#[test]
fn what_aws_does_not_return_is_as_it_is_by_default() {
    let mut case = running(&[
        ("/fleet/enableDefaultInternetAccess", json!(false)),
        ("/fleet/streamView", json!("APP")),
    ]);
    let mut observed = fleet(FleetState::Running, json!({}));
    observed.settings.enable_default_internet_access = None;
    observed.settings.stream_view = None;
    case.observed.fleet = Observed::Present(observed);
    check(&case, "");
}

#[test]
fn the_same_image_by_its_other_name_is_no_change() {
    let case = running(&[(
        "/image",
        json!({"arn": "arn:aws:appstream:eu-west-1:123456789012:image/pcluster-2026-11"}),
    )]);
    check(&case, "");
}

#[test]
fn another_fleet_type_needs_another_fleet_and_holds_up_nothing() {
    let mut world = World::converged(&small());
    world.edit(&with(
        small(),
        &[
            ("/fleet/fleetType", json!("ALWAYS_ON")),
            ("/fleet/displayName", json!("CFD")),
        ],
    ));
    let plan = world.pass().plan;
    assert_eq!(plan.waiting[0].reason, WaitReason::ReplacementNeeded);
    let plan = world.pass().plan;
    assert!(plan.steps.is_empty());
    let settings = &world.aws.fleets["cfd"].settings;
    assert_eq!(settings.display_name.as_deref(), Some("CFD"));
    assert_eq!(settings.fleet_type.as_deref(), Some("ON_DEMAND"));
}
