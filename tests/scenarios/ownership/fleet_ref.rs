//! Several stacks on one fleet: one environment owns it, the others own their association.

use serde_json::{Value, json};
use streamkeeper_simulator::SessionSeed;
use streamkeeper_tests::{Death, REGION, World, brisk};

use crate::lifecycle::CONVERGED;

/// An environment with a fleet and a stack.
fn owner() -> Value {
    json!({
        "image": {"name": "pcluster-2026-11"},
        "fleet": {"instanceType": "stream.standard.medium",
                  "computeCapacity": {"desiredInstances": 1}},
        "stack": {}
    })
}

/// An environment whose stack uses the fleet of another one.
fn user_of(name: &str) -> Value {
    json!({"fleetRef": name, "stack": {}})
}

/// The fleets of a stack.
fn fleets_of(world: &World, stack: &str) -> Value {
    world.admin("ListAssociatedFleets", json!({"StackName": stack}))["Names"].clone()
}

async fn delete(world: &World, name: &str) {
    world
        .sql(&format!(
            "DELETE FROM streamkeeper.environments WHERE name = '{name}'"
        ))
        .await;
}

/// `cfd` with a fleet, and `viewers` with a stack on it.
async fn two() -> World {
    let mut world = World::brisk().await;
    world.insert("cfd", &owner()).await;
    world.insert("viewers", &user_of("cfd")).await;
    world.settle().await;
    for name in ["cfd", "viewers"] {
        assert_eq!(world.ready(name).await, CONVERGED, "{name}");
        assert_eq!(fleets_of(&world, name), json!(["cfd"]), "{name}");
    }
    world
}

#[tokio::test]
async fn two_stacks_share_one_fleet() {
    let mut world = two().await;
    let owned = world
        .lines(
            "SELECT environment || ' ' || object FROM streamkeeper.owned_objects
             JOIN streamkeeper.environments USING (uid)
             CROSS JOIN LATERAL (SELECT environments.name AS environment) AS named
             ORDER BY 1",
        )
        .await;
    assert_eq!(
        owned,
        ["cfd fleet/cfd", "cfd stack/cfd", "viewers stack/viewers"]
    );
    assert_eq!(
        world.tags(&world.fleet("cfd"))["streamkeeper:environment"],
        "cfd"
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_stack_that_came_first_gets_its_fleet_as_soon_as_there_is_one() {
    let mut world = World::brisk().await;
    world.insert("viewers", &user_of("cfd")).await;
    world.settle().await;
    assert_eq!(
        world.ready("viewers").await,
        "False WaitingForFleet: stack/viewers: there is no environment \"cfd\""
    );
    assert!(
        world
            .condition("viewers", "Stalled")
            .await
            .starts_with("False"),
        "waiting is no stall"
    );
    assert!(
        !world.stack("viewers").is_null(),
        "the stack is made anyway"
    );
    world.assert_quiet().await;

    world.insert("cfd", &owner()).await;
    // Not by a sweep: one round makes the fleet, the next, at once, the association.
    world.round().await;
    world.round().await;
    assert_eq!(fleets_of(&world, "viewers"), json!(["cfd"]));
    world.settle().await;
    assert_eq!(world.ready("viewers").await, CONVERGED);
    assert_eq!(world.drift().await, Vec::<String>::new());
    world.assert_quiet().await;
}

#[tokio::test]
async fn one_association_that_somebody_removed_is_repaired_by_its_own_environment() {
    for (stack, environment) in [("viewers", "viewers"), ("cfd", "cfd")] {
        let mut world = two().await;
        world.admin(
            "DisassociateFleet",
            json!({"StackName": stack, "FleetName": "cfd"}),
        );
        let before = world.changes().len();
        world.settle().await;
        assert_eq!(
            world.changes()[before..],
            [format!("AssociateFleet stack/{stack},fleet/cfd")]
        );
        let repaired = world
            .lines("SELECT environment || ' ' || path || ' ' || resolution FROM streamkeeper.drift")
            .await;
        assert_eq!(repaired, [format!("{environment} association repaired")]);
        world.assert_quiet().await;
    }
}

#[tokio::test]
async fn a_fleet_that_somebody_deleted_comes_back_with_all_its_stacks() {
    let mut world = two().await;
    for stack in ["cfd", "viewers"] {
        world.admin(
            "DisassociateFleet",
            json!({"StackName": stack, "FleetName": "cfd"}),
        );
    }
    world.admin("StopFleet", json!({"Name": "cfd"}));
    world
        .simulator
        .clock()
        .advance(std::time::Duration::from_secs(30));
    world.admin("DeleteFleet", json!({"Name": "cfd"}));
    world.settle().await;
    for name in ["cfd", "viewers"] {
        assert_eq!(world.ready(name).await, CONVERGED, "{name}");
        assert_eq!(fleets_of(&world, name), json!(["cfd"]), "{name}");
    }
    world.assert_quiet().await;
}

#[tokio::test]
async fn the_owner_waits_for_those_who_use_its_fleet() {
    let mut world = two().await;
    let before = world.changes().len();
    delete(&world, "cfd").await;
    world.settle().await;
    assert_eq!(
        world.ready("cfd").await,
        "False Deleting: the environment is being deleted; fleet/cfd: its fleet is used through \
         the fleetRef of viewers; delete those too, or give them another fleet"
    );
    assert!(world.condition("cfd", "Stalled").await.starts_with("False"));
    assert_eq!(
        world.changes()[before..],
        [
            "DisassociateFleet stack/cfd,fleet/cfd",
            "DeleteStack stack/cfd"
        ],
        "its own stack goes, its fleet stays"
    );
    assert_eq!(world.fleet("cfd")["State"], "RUNNING");
    assert_eq!(world.ready("viewers").await, CONVERGED);
    assert_eq!(fleets_of(&world, "viewers"), json!(["cfd"]));
    world.assert_quiet().await;

    delete(&world, "viewers").await;
    world.settle().await;
    assert!(!world.exists("viewers").await && !world.exists("cfd").await);
    assert!(world.fleet("cfd").is_null() && world.stack("viewers").is_null());
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_referrer_goes_alone() {
    let mut world = two().await;
    let before = world.changes().len();
    delete(&world, "viewers").await;
    world.settle().await;
    assert!(!world.exists("viewers").await);
    assert_eq!(
        world.changes()[before..],
        [
            "DisassociateFleet stack/viewers,fleet/cfd",
            "DeleteStack stack/viewers"
        ]
    );
    assert_eq!(world.fleet("cfd")["State"], "RUNNING");
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;

    delete(&world, "cfd").await;
    world.settle().await;
    assert!(world.fleet("cfd").is_null());
    world.assert_quiet().await;
}

#[tokio::test]
async fn both_deleted_at_once_go_in_the_order_aws_takes() {
    let mut world = two().await;
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    assert!(!world.exists("cfd").await && !world.exists("viewers").await);
    for name in ["cfd", "viewers"] {
        assert!(world.stack(name).is_null(), "{name}");
    }
    assert!(world.fleet("cfd").is_null());
    let refused = world.events("CallRefused").await;
    assert_eq!(refused, Vec::<String>::new());
    world.assert_quiet().await;
}

#[tokio::test]
async fn people_on_any_of_its_stacks_keep_the_fleet_running() {
    let mut world = two().await;
    world
        .simulator
        .set_sessions(REGION, "viewers", "cfd", &[SessionSeed::active("ada")]);
    world
        .sql(
            "UPDATE streamkeeper.environments
             SET spec = jsonb_set(spec, '{fleet,description}', '\"new\"') WHERE name = 'cfd'",
        )
        .await;
    world.run_for(std::time::Duration::from_secs(300)).await;
    assert!(
        world.ready("cfd").await.contains("1 session on the fleet"),
        "{}",
        world.ready("cfd").await
    );
    world.simulator.set_sessions(REGION, "viewers", "cfd", &[]);
    world.settle().await;
    assert_eq!(world.fleet("cfd")["Description"], "new");
    assert_eq!(world.simulator.sessions_cut(), 0);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_stack_moves_from_one_fleet_to_another_and_to_none() {
    let mut world = two().await;
    world.insert("fem", &owner()).await;
    world.settle().await;
    for (spec, fleets) in [
        (user_of("fem"), json!(["fem"])),
        (user_of("cfd"), json!(["cfd"])),
        (json!({"stack": {}}), json!([])),
    ] {
        world
            .sql(&format!(
                "UPDATE streamkeeper.environments SET spec = '{spec}' WHERE name = 'viewers'"
            ))
            .await;
        world.settle().await;
        assert_eq!(world.ready("viewers").await, CONVERGED, "{spec}");
        assert_eq!(fleets_of(&world, "viewers"), fleets, "{spec}");
        world.assert_quiet().await;
    }
    assert_eq!(world.drift().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_reference_that_can_never_serve_stalls_and_touches_no_fleet() {
    let mut world = World::brisk().await;
    let cases = [
        ("itself", "itself", "names the environment itself"),
        ("ring-a", "ring-b", "refers back to this one"),
        ("ring-b", "ring-a", "refers back to this one"),
        ("chain", "ring-a", "it refers to \"ring-b\""),
        ("bare", "plain", "does not declare a fleet"),
        ("far", "abroad", "lives in eu-north-1"),
    ];
    world.insert("plain", &json!({"stack": {}})).await;
    for (name, fleet_ref, _) in cases {
        world.insert(name, &user_of(fleet_ref)).await;
    }
    world.round().await;
    world
        .sql(
            "INSERT INTO streamkeeper.environments (name, region, spec)
             VALUES ('abroad', 'eu-north-1', '{\"stack\": {}}')",
        )
        .await;
    world.settle().await;
    for (name, _, why) in cases {
        let stalled = world.condition(name, "Stalled").await;
        assert!(
            stalled.starts_with(&format!("True WrongFleetRef: stack/{name}"))
                && stalled.contains(why),
            "{name}: {stalled}"
        );
    }
    let touched: Vec<String> = world
        .changes()
        .into_iter()
        .filter(|change| change.contains("fleet/"))
        .collect();
    assert_eq!(touched, Vec::<String>::new());
    world.assert_quiet().await;

    // The way out is an edit of either side.
    world
        .sql(&format!(
            "UPDATE streamkeeper.environments SET spec = '{}' WHERE name = 'ring-b'",
            owner()
        ))
        .await;
    world.settle().await;
    for name in ["ring-a", "ring-b"] {
        assert_eq!(world.ready(name).await, CONVERGED, "{name}");
        assert_eq!(fleets_of(&world, name), json!(["ring-b"]), "{name}");
    }
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_paused_owner_lends_what_it_has_and_makes_nothing() {
    let mut world = World::brisk().await;
    world.insert("cfd", &owner()).await;
    world.settle().await;
    world.insert("fem", &owner()).await;
    world
        .sql("UPDATE streamkeeper.environments SET paused = true")
        .await;
    world.insert("viewers", &user_of("cfd")).await;
    world.insert("waiters", &user_of("fem")).await;
    world.settle().await;
    assert_eq!(world.ready("viewers").await, CONVERGED);
    assert_eq!(
        world.ready("waiters").await,
        "False WaitingForFleet: stack/waiters: environment fem has no fleet yet: it is paused"
    );
    world.assert_quiet().await;

    world
        .sql("UPDATE streamkeeper.environments SET paused = false")
        .await;
    world.settle().await;
    assert_eq!(world.ready("waiters").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_fleet_that_is_only_watched_is_lent_once_it_is_taken_over() {
    let mut world = World::brisk().await;
    super::made_by_hand(&world, "lab");
    let mut spec = owner();
    spec["adoption"] = json!("IfUnowned");
    world.insert("lab", &spec).await;
    world
        .sql("UPDATE streamkeeper.environments SET mode = 'observe'")
        .await;
    world.insert("viewers", &user_of("lab")).await;
    world.settle().await;
    assert_eq!(
        world.ready("viewers").await,
        "False WaitingForFleet: stack/viewers: environment lab has not taken over fleet/lab yet: \
         its mode is observe"
    );
    assert_eq!(fleets_of(&world, "viewers"), json!([]));
    world
        .sql("UPDATE streamkeeper.environments SET mode = 'enforce'")
        .await;
    world.settle().await;
    assert_eq!(world.ready("viewers").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_fleet_is_replaced_once_nobody_else_refers_to_it() {
    let mut world = two().await;
    world
        .sql(
            "UPDATE streamkeeper.environments
             SET spec = spec || jsonb_build_object('fleet', spec -> 'fleet' || '{
                 \"fleetType\": \"ALWAYS_ON\", \"displayName\": \"CFD\",
                 \"disruption\": {\"allowReplacement\": true}}')
             WHERE name = 'cfd'",
        )
        .await;
    world.settle().await;
    let ready = world.ready("cfd").await;
    assert!(
        ready.starts_with("False FleetInUse: fleet/cfd: its fleet is used through the fleetRef of"),
        "{ready}"
    );
    assert_eq!(world.fleet("cfd")["FleetType"], "ON_DEMAND");
    assert_eq!(world.fleet("cfd")["DisplayName"], "CFD", "the rest is kept");
    assert_eq!(world.ready("viewers").await, CONVERGED);
    world.assert_quiet().await;

    delete(&world, "viewers").await;
    world.settle().await;
    assert_eq!(world.fleet("cfd")["FleetType"], "ALWAYS_ON");
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}

/// Calls that make two environments on one fleet, and that take them away again.
const CALLS: u64 = 12;

#[tokio::test]
async fn a_daemon_that_dies_at_any_call_leaves_nothing_shared_behind() {
    let mut world = World::brisk().await;
    for death in [Death::BeforeCall, Death::AfterCall] {
        for nth in 1..=CALLS {
            world = world.again(brisk()).await;
            world.kill_at_call(nth, death);
            world.insert("viewers", &user_of("cfd")).await;
            world.insert("cfd", &owner()).await;
            world.settle().await;
            for name in ["cfd", "viewers"] {
                assert_eq!(world.ready(name).await, CONVERGED, "{death:?} at {nth}");
                assert_eq!(
                    fleets_of(&world, name),
                    json!(["cfd"]),
                    "{death:?} at {nth}"
                );
            }
            world.sql("DELETE FROM streamkeeper.environments").await;
            world.settle().await;
            assert!(world.is_spent(), "{death:?} at call {nth}");
            for name in ["cfd", "viewers"] {
                assert!(!world.exists(name).await, "{death:?} at {nth}");
                assert!(world.stack(name).is_null(), "{death:?} at {nth}");
            }
            assert!(world.fleet("cfd").is_null(), "{death:?} at {nth}");
            let orphans = world.events("Orphan").await;
            assert_eq!(orphans, Vec::<String>::new(), "{death:?} at {nth}");
        }
    }
    world.assert_quiet().await;
}
