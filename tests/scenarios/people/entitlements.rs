//! Entitlements and applications of Elastic fleets: made, kept, left out and deleted.

use std::time::Duration;

use serde_json::{Value, json};
use streamkeeper_simulator::{Face, Fault, Matcher};
use streamkeeper_tests::{Death, REGION, World, brisk, differences};

use super::edit;
use crate::lifecycle::CONVERGED;

fn row() -> Value {
    json!({"stack": {}, "entitlements": [{
        "name": "viewers", "description": "for viewers", "appVisibility": "ASSOCIATED",
        "attributes": [{"name": "roles", "value": "cfd"}], "applications": ["paraview"]
    }]})
}

async fn converged(spec: &Value) -> World {
    let mut world = World::with(brisk()).await;
    world.insert("cfd", spec).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world
}

/// The entitlements of the stack, as the simulator keeps them, by name.
fn entitlements(world: &World) -> Value {
    place(world)["entitlements"].clone()
}

fn place(world: &World) -> Value {
    world.simulator.snapshot()["places"][format!("111122223333/{REGION}")].clone()
}

fn viewers() -> Value {
    json!({
        "Description": "for viewers", "AppVisibility": "ASSOCIATED",
        "Attributes": [{"Name": "roles", "Value": "cfd"}], "Applications": ["paraview"]
    })
}

#[tokio::test]
async fn an_entitlement_is_made_with_its_applications_and_kept() {
    let mut world = converged(&row()).await;
    assert_eq!(entitlements(&world), json!({"cfd/viewers": viewers()}));
    world.assert_quiet().await;

    let named = json!({"StackName": "cfd", "Name": "viewers"});
    let mut edited = named.clone();
    edited["AppVisibility"] = json!("ALL");
    edited["Description"] = json!("");
    world.admin("UpdateEntitlement", edited);
    world.admin(
        "AssociateApplicationToEntitlement",
        json!({"StackName": "cfd", "EntitlementName": "viewers", "ApplicationIdentifier": "firefox"}),
    );
    let mut theirs = named.clone();
    theirs["Name"] = json!("theirs");
    theirs["AppVisibility"] = json!("ALL");
    theirs["Attributes"] = json!([{"Name": "roles", "Value": "all"}]);
    world.admin("CreateEntitlement", theirs);
    world.run_for(Duration::from_secs(120)).await;
    world.settle().await;
    assert_eq!(entitlements(&world)["cfd/viewers"], viewers());
    let mut drift = world.drift().await;
    drift.sort();
    assert_eq!(
        drift,
        [
            "stack/cfd entitlements.viewers.appVisibility repaired",
            "stack/cfd entitlements.viewers.applications repaired",
            "stack/cfd entitlements.viewers.description repaired",
        ]
    );

    world.admin("DeleteEntitlement", named);
    world.run_for(Duration::from_secs(120)).await;
    world.settle().await;
    assert_eq!(entitlements(&world)["cfd/viewers"], viewers());
    assert_ne!(entitlements(&world)["cfd/theirs"], Value::Null);
    world.assert_quiet().await;
}

#[tokio::test]
async fn an_entitlement_that_is_left_out_goes_and_one_that_was_never_ours_stays() {
    let mut world = converged(&row()).await;
    let theirs = json!({
        "StackName": "cfd", "Name": "theirs", "AppVisibility": "ALL",
        "Attributes": [{"Name": "roles", "Value": "all"}]
    });
    world.admin("CreateEntitlement", theirs);
    edit(&world, &json!({"stack": {}})).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    let left = entitlements(&world);
    assert_eq!(left.as_object().unwrap().len(), 1);
    assert_ne!(left["cfd/theirs"], Value::Null);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_deleted_row_deletes_its_entitlements_first() {
    let mut world = converged(&row()).await;
    let before = world.changes().len();
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert_eq!(
        world.changes()[before..],
        [
            "DeleteEntitlement stack/cfd,entitlement/viewers",
            "DeleteStack stack/cfd"
        ]
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_lost_answer_or_a_death_at_any_call_changes_nothing_in_the_end() {
    let straight = converged(&row()).await;
    let calls = straight.tried().len() as u64;
    assert_eq!(calls, 3);
    let end = straight.end().await;
    let mut world = straight;
    for nth in 1..=calls {
        for death in [Some(Death::BeforeCall), Some(Death::AfterCall), None] {
            world = world.again(brisk()).await;
            world.insert("cfd", &row()).await;
            match death {
                Some(death) => world.kill_at_call(nth, death),
                None => {
                    let lost = Fault::LostAfter(Face::Timeout);
                    let matcher = Matcher::mutating().nth(nth);
                    world.simulator.faults().add(matcher, lost);
                }
            }
            world.settle().await;
            assert!(world.is_spent(), "{nth} {death:?}");
            let found = differences(&end, &world.end().await);
            assert!(found.is_empty(), "{nth} {death:?}: {found:#?}");
        }
    }
    world.assert_quiet().await;
}

fn elastic(applications: &[&String]) -> Value {
    json!({
        "image": {"name": "pcluster-2026-11"},
        "fleet": {
            "instanceType": "stream.standard.small", "fleetType": "ELASTIC",
            "maxConcurrentSessions": 2, "vpcConfig": {"subnetIds": ["subnet-a", "subnet-b"]},
            "applications": applications
        }
    })
}

#[tokio::test]
async fn an_elastic_fleet_keeps_exactly_its_applications() {
    let mut world = World::with(brisk()).await;
    let [a, b, c] =
        ["paraview", "putty", "firefox"].map(|name| world.simulator.add_application(REGION, name));
    let has = |world: &World| {
        let all = place(world)["fleet applications"].clone();
        let all = all.as_object().cloned().unwrap_or_default();
        all.keys().cloned().collect::<Vec<_>>()
    };
    world.insert("cfd", &elastic(&[&a, &b])).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(has(&world), [format!("cfd {a}"), format!("cfd {b}")]);
    world.assert_quiet().await;

    let pair = |arn: &String| json!({"FleetName": "cfd", "ApplicationArn": arn});
    world.admin("DisassociateApplicationFleet", pair(&a));
    world.admin("AssociateApplicationFleet", pair(&c));
    world.run_for(Duration::from_secs(120)).await;
    world.settle().await;
    assert_eq!(has(&world), [format!("cfd {a}"), format!("cfd {b}")]);
    assert_eq!(
        world.drift().await,
        ["fleet/cfd fleet.applications repaired"]
    );

    edit(&world, &elastic(&[])).await;
    world.settle().await;
    assert!(has(&world).is_empty());
    world.assert_quiet().await;
}
