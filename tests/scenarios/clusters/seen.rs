//! What is seen of clusters: by pcluster's own rule, told once, and never declared gone by silence.

use std::time::Duration;

use serde_json::json;
use streamkeeper_simulator::{CloudStackSeed, Config, Fault, JournalEntry, Matcher, Service};
use streamkeeper_tests::{REGION, World, brisk};

/// A sweep comes every minute, and every fifth lists clusters.
const UNTIL_THE_NEXT_LIST: Duration = Duration::from_secs(5 * 60);

const CLUSTERS: &str = "SELECT concat_ws(' ', name, status, version, environment, \"user\")
     FROM streamkeeper.clusters ORDER BY name";

fn cluster(name: &str) -> CloudStackSeed {
    CloudStackSeed::cluster(name, "3.16.1")
        .tag("streamkeeper:environment", "lab")
        .tag("appstream-user", "ada")
}

fn listing() -> Matcher {
    Matcher::operation("DescribeStacks").service(Service::CloudFormation)
}

/// One environment, `lab`, without anything to do, and its clusters looked at once.
async fn lab(config: Config, clusters: &[CloudStackSeed]) -> World {
    let mut world = World::with(config).await;
    world.insert("lab", &json!({"stack": {}})).await;
    for seed in clusters {
        world.simulator.put_cloud_stack(REGION, seed);
    }
    world.settle().await;
    world
}

async fn told(world: &World) -> Vec<String> {
    world
        .lines(
            "SELECT environment || ' ' || reason || ' ' || message FROM streamkeeper.events
             WHERE reason LIKE 'Cluster%' AND environment IS NOT NULL ORDER BY id",
        )
        .await
}

/// The daemon's calls of CloudFormation since a call of the journal.
fn asked(world: &World, since: u64) -> Vec<JournalEntry> {
    let journal = world.simulator.journal_since(since).into_iter();
    journal
        .filter(|entry| entry.service == Service::CloudFormation)
        .collect()
}

fn last_call(world: &World) -> u64 {
    world
        .simulator
        .journal()
        .last()
        .map_or(0, |entry| entry.seq)
}

#[tokio::test]
async fn clusters_are_seen_with_their_environment_and_user_and_nothing_else_is() {
    let mut world = World::with(Config {
        page_size: 2,
        ..brisk()
    })
    .await;
    world.insert("lab", &json!({"stack": {}})).await;
    let aws = world.simulator.clone();
    let root = aws.put_cloud_stack(REGION, &cluster("mesh"));
    aws.put_cloud_stack(REGION, &cluster("mesh").within(&root, "mesh-queues"));
    aws.put_cloud_stack(REGION, &CloudStackSeed::cluster("others", "3.14.0"));
    aws.put_cloud_stack(
        REGION,
        &cluster("strange").tag("streamkeeper:environment", "nobody"),
    );
    aws.put_cloud_stack(REGION, &CloudStackSeed::image_build("image", "3.16.1"));
    aws.put_cloud_stack(REGION, &CloudStackSeed::foreign("website"));
    world.settle().await;
    assert_eq!(
        world.lines(CLUSTERS).await,
        [
            "mesh CREATE_COMPLETE 3.16.1 lab ada",
            "others CREATE_COMPLETE 3.14.0",
            "strange CREATE_COMPLETE 3.16.1 ada",
        ]
    );
    assert_eq!(
        told(&world).await,
        ["lab ClusterSeen cluster mesh of ada is there: CREATE_COMPLETE, ParallelCluster 3.16.1"]
    );
    let fresh = "SELECT (SELECT bool_and(seen_at = clusters_seen_at) FROM streamkeeper.clusters)
         FROM streamkeeper.scopes";
    assert!(world.value::<bool>(fresh).await);
    world.assert_quiet().await;
}

#[tokio::test]
async fn every_fifth_sweep_lists_clusters_and_a_quiet_one_writes_no_row_of_theirs() {
    let mut world = lab(brisk(), &[cluster("mesh")]).await;
    let seen_at = "SELECT clusters_seen_at::text FROM streamkeeper.scopes";
    let row = "SELECT xmin::text FROM streamkeeper.seen_clusters";
    let (fresh, version) = (world.lines(seen_at).await, world.lines(row).await);
    let since = last_call(&world);
    world.run_for(2 * UNTIL_THE_NEXT_LIST).await;
    assert_eq!(asked(&world, since).len(), 2, "in ten sweeps");
    assert_ne!(world.lines(seen_at).await, fresh);
    assert_eq!(world.lines(row).await, version);
    let counted =
        "SELECT (calls -> 'cloudformation:DescribeStacks')::bigint FROM streamkeeper.scopes";
    assert!(world.value::<i64>(counted).await >= 3);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_cluster_is_told_of_when_it_comes_changes_and_goes() {
    let mut world = lab(brisk(), &[cluster("mesh").status("CREATE_IN_PROGRESS")]).await;
    let aws = world.simulator.clone();
    // A rolled back update: the cluster runs on, and pcluster calls it failed.
    aws.put_cloud_stack(REGION, &cluster("mesh").status("UPDATE_ROLLBACK_COMPLETE"));
    world.run_for(UNTIL_THE_NEXT_LIST).await;
    assert!(aws.delete_cloud_stack(REGION, "mesh"));
    world.run_for(UNTIL_THE_NEXT_LIST).await;
    let told_all = told(&world).await;
    assert_eq!(
        told_all[1..],
        [
            "lab ClusterStatusChanged cluster mesh: CREATE_IN_PROGRESS → UPDATE_FAILED",
            "lab ClusterGone cluster mesh is gone; somebody deleted it, Streamkeeper never does",
        ]
    );
    assert!(world.lines(CLUSTERS).await.is_empty());
    world.crash();
    world.settle().await;
    assert_eq!(
        told(&world).await,
        told_all,
        "a new life tells nothing again"
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_page_that_fails_makes_no_cluster_gone() {
    let config = Config {
        page_size: 1,
        ..brisk()
    };
    let mut world = lab(config, &[cluster("one"), cluster("two"), cluster("three")]).await;
    let before = world.lines(CLUSTERS).await;
    let aws = world.simulator.clone();
    aws.delete_cloud_stack(REGION, "one");
    let throttled = Fault::refuse("Throttling", "Rate exceeded");
    aws.faults().add(listing().nth(2).always(), throttled);
    world.run_for(UNTIL_THE_NEXT_LIST).await;
    assert_eq!(world.lines(CLUSTERS).await, before);
    aws.faults().clear();
    world.run_for(UNTIL_THE_NEXT_LIST).await;
    let names = "SELECT name FROM streamkeeper.clusters ORDER BY name";
    assert_eq!(world.lines(names).await, ["three", "two"]);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_cluster_that_a_list_leaves_out_stays_as_it_was_last_seen() {
    let mut world = lab(brisk(), &[cluster("one"), cluster("two")]).await;
    let before = told(&world).await;
    let aws = world.simulator.clone();
    // The list, and the answer about its ARN too.
    aws.faults()
        .add(listing().always(), Fault::OmitItem("one".to_owned()));
    world.run_for(2 * UNTIL_THE_NEXT_LIST).await;
    let stale = "SELECT name FROM streamkeeper.clusters, streamkeeper.scopes
         WHERE seen_at < clusters_seen_at";
    assert_eq!(world.lines(stale).await, ["one"]);
    assert_eq!(world.lines(CLUSTERS).await.len(), 2);
    aws.faults().clear();
    world.run_for(UNTIL_THE_NEXT_LIST).await;
    assert!(world.lines(stale).await.is_empty());
    assert_eq!(told(&world).await, before);
    world.assert_quiet().await;
}

#[tokio::test]
async fn who_may_not_list_clusters_is_told_so_once_and_keeps_everything_else() {
    let mut world = World::brisk().await;
    let denied = Fault::refuse("AccessDenied", "User is not authorized to perform this");
    world.simulator.faults().add(listing().always(), denied);
    world.simulator.put_cloud_stack(REGION, &cluster("mesh"));
    world.insert("lab", &json!({"stack": {}})).await;
    world.settle().await;
    world.run_for(2 * UNTIL_THE_NEXT_LIST).await;
    assert!(world.ready("lab").await.starts_with("True"));
    let told = world.events("ClustersNotSeen").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("cloudformation:DescribeStacks: AccessDenied"),
        "{told:?}"
    );
    assert!(!told[0].contains('×'), "{told:?}");
    let seen = "SELECT clusters_seen_at IS NULL FROM streamkeeper.scopes";
    assert!(world.value::<bool>(seen).await);
    world.simulator.faults().clear();
    world.run_for(UNTIL_THE_NEXT_LIST).await;
    assert_eq!(world.lines(CLUSTERS).await.len(), 1);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_cluster_outlives_the_environment_it_belongs_to() {
    let mut world = lab(brisk(), &[cluster("mesh")]).await;
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.run_for(2 * UNTIL_THE_NEXT_LIST).await;
    assert!(!world.exists("lab").await);
    assert_eq!(
        world.lines(CLUSTERS).await,
        ["mesh CREATE_COMPLETE 3.16.1 ada"]
    );
    assert!(
        asked(&world, 0)
            .iter()
            .all(|entry| entry.operation == "DescribeStacks")
    );
    world.assert_quiet().await;
}
