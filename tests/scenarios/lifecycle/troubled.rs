//! What AWS refuses or reports is said with what to do, asked about slowly, and goes on by itself
//! once it is cured.

use std::time::Duration;

use serde_json::{Value, json};
use streamkeeper_simulator::{Config, ImageSeed};
use streamkeeper_tests::{REGION, World, brisk};

use super::{CONVERGED, converged};
use crate::converge::blog;

const HOUR: u64 = 3600;
const SIX_HOURS: Duration = Duration::from_secs(6 * HOUR);
/// A refused call is tried again within ten minutes, and so is what depends on it.
const NEXT_TRY: Duration = Duration::from_secs(20 * 60);

/// How often the daemon tried a call that changes something.
fn tried(world: &World, operation: &str) -> usize {
    let calls = world.tried();
    calls
        .iter()
        .filter(|entry| entry.operation == operation)
        .count()
}

/// Six hours of trouble in which a call is refused; the condition meanwhile, and how often it was
/// tried.
async fn six_hours(world: &mut World, operation: &str) -> (String, usize) {
    world.run_for(Duration::from_secs(120)).await;
    let stalled = world.condition("cfd", "Stalled").await;
    let before = tried(world, operation);
    world.run_for(SIX_HOURS).await;
    (stalled, tried(world, operation) - before)
}

async fn is_cured(world: &mut World) {
    world.run_for(NEXT_TRY).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}

#[track_caller]
fn says(condition: &str, reason: &str, code: &str, advice: &str) {
    assert!(
        condition.starts_with(&format!("True {reason}: "))
            && condition.contains(code)
            && condition.contains(&format!("(what to do: {advice}")),
        "{condition}"
    );
}

/// About every ten minutes, less a quarter where jitter takes up to a half.
const SLOW: std::ops::RangeInclusive<usize> = 30..=50;

#[tokio::test]
async fn a_retired_image_is_said_and_another_one_of_its_name_is_taken() {
    let mut world = World::brisk().await;
    world.simulator.deprecate_image(REGION, "pcluster-2026-11");
    world.insert("cfd", &blog()).await;
    let (stalled, calls) = six_hours(&mut world, "CreateFleet").await;
    let code = "ResourceNotAvailableException: The image pcluster-2026-11 is DEPRECATED";
    says(
        &stalled,
        "CallRefused",
        code,
        "if the image is retired, name another",
    );
    assert!(SLOW.contains(&calls), "{calls} tries in six hours");

    let image = ImageSeed::private("pcluster-2026-11");
    world.simulator.add_image(REGION, &image);
    is_cured(&mut world).await;
}

#[tokio::test]
async fn an_image_that_does_not_exist_yet_is_taken_when_it_does() {
    let mut world = World::brisk().await;
    let mut spec = blog();
    spec["image"]["name"] = json!("pcluster-2027-01");
    world.insert("cfd", &spec).await;
    let (stalled, calls) = six_hours(&mut world, "CreateFleet").await;
    says(
        &stalled,
        "CallRefused",
        "pcluster-2027-01",
        "name what exists",
    );
    assert!(SLOW.contains(&calls), "{calls} tries in six hours");

    let image = ImageSeed::private("pcluster-2027-01");
    world.simulator.add_image(REGION, &image);
    is_cured(&mut world).await;
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_is_used_when_it_can() {
    const ROLE: &str = "arn:aws:iam::123456789012:role/desktop";
    let mut world = World::brisk().await;
    let now = |world: &World| world.simulator.clock().now();
    world
        .simulator
        .hide_role(ROLE, now(&world) + chrono::TimeDelta::days(7));
    let mut spec = blog();
    spec["fleet"]["iamRoleArn"] = json!(ROLE);
    world.insert("cfd", &spec).await;
    let (stalled, calls) = six_hours(&mut world, "CreateFleet").await;
    says(
        &stalled,
        "CallRefused",
        "InvalidRoleException",
        "create the role",
    );
    assert!(SLOW.contains(&calls), "{calls} tries in six hours");

    world.simulator.hide_role(ROLE, now(&world));
    is_cured(&mut world).await;
}

#[tokio::test]
async fn a_quota_that_is_used_up_holds_nobody_else_up_and_is_used_when_it_is_free() {
    let mut config: Config = brisk();
    config.quotas.fleets = 1;
    let mut world = World::with(config).await;
    world.admin(
        "CreateFleet",
        json!({
            "Name": "theirs", "ImageName": "pcluster-2026-11",
            "InstanceType": "stream.standard.medium", "FleetType": "ON_DEMAND",
            "ComputeCapacity": {"DesiredInstances": 1}
        }),
    );
    world.insert("cfd", &blog()).await;
    world.insert("neighbour", &json!({"stack": {}})).await;
    let (stalled, calls) = six_hours(&mut world, "CreateFleet").await;
    says(
        &stalled,
        "CallRefused",
        "LimitExceededException",
        "raise the quota",
    );
    assert!(SLOW.contains(&calls), "{calls} tries in six hours");
    assert_eq!(world.ready("neighbour").await, CONVERGED);

    world.admin("DeleteFleet", json!({"Name": "theirs"}));
    is_cured(&mut world).await;
}

#[tokio::test]
async fn a_fleet_that_never_comes_up_is_said_at_the_first_look_and_not_stared_at() {
    let mut world = World::brisk().await;
    world.insert("cfd", &blog()).await;
    while world.fleet("cfd")["State"] != "STARTING" {
        world.next_round().await;
    }
    let errors = [("SUBNET_HAS_INSUFFICIENT_IP_ADDRESSES", "no address is left")];
    world.simulator.hold_fleet(REGION, "cfd", true);
    world.simulator.set_fleet_errors(REGION, "cfd", &errors);
    world.next_round().await;
    let stalled = world.condition("cfd", "Stalled").await;
    assert_eq!(
        stalled,
        "True AwsReportsErrors: fleet/cfd: SUBNET_HAS_INSUFFICIENT_IP_ADDRESSES: no address is \
         left (what to do: name larger or further subnets, or keep fewer instances)"
    );
    let before = (on_the_fleet(&world), reads(&world));
    world.run_for(SIX_HOURS).await;
    assert_eq!(on_the_fleet(&world), before.0, "nothing is called for it");
    let looks = reads(&world) - before.1;
    // A sweep a minute, and one look by name a quarter of a minute would be four times that.
    assert!((300..=500).contains(&looks), "{looks} looks in six hours");
    assert_eq!(world.events("AwsReportsErrors").await.len(), 1);

    world.simulator.set_fleet_errors(REGION, "cfd", &[]);
    world.simulator.hold_fleet(REGION, "cfd", false);
    is_cured(&mut world).await;
}

/// How many calls were tried on the fleet itself.
fn on_the_fleet(world: &World) -> usize {
    let calls = world.tried();
    calls
        .iter()
        .filter(|entry| entry.target == "fleet/cfd")
        .count()
}

/// How often the daemon looked at fleets.
fn reads(world: &World) -> usize {
    let journal = world.simulator.journal();
    journal
        .iter()
        .filter(|entry| entry.operation == "DescribeFleets" && entry.caller == world.daemon_arn())
        .count()
}

#[tokio::test]
async fn errors_on_a_fleet_that_runs_or_stands_still_are_said_too() {
    let stopped: Value = {
        let mut spec = blog();
        spec["fleet"]["state"] = json!("STOPPED");
        spec
    };
    let mut world = converged().await;
    for state in ["RUNNING", "STOPPED"] {
        assert_eq!(world.fleet("cfd")["State"], state);
        let errors = [("STS_DISABLED_IN_REGION", "STS is off")];
        world.simulator.set_fleet_errors(REGION, "cfd", &errors);
        world.run_for(Duration::from_secs(90)).await;
        let stalled = world.condition("cfd", "Stalled").await;
        says(
            &stalled,
            "AwsReportsErrors",
            "STS_DISABLED_IN_REGION: STS is off",
            "activate STS",
        );
        assert_eq!(world.fleet("cfd")["State"], state);
        world.assert_quiet().await;
        world.simulator.set_fleet_errors(REGION, "cfd", &[]);
        is_cured(&mut world).await;
        sqlx::query("UPDATE streamkeeper.environments SET spec = $1")
            .bind(&stopped)
            .execute(&world.database.pool)
            .await
            .unwrap();
        world.settle().await;
    }
}
