//! Configurations of clusters follow the row and the bucket, and nothing else.

use serde_json::{Value, json};
use streamkeeper_tests::World;

use crate::converge::blog;

async fn configs(world: &World) -> Vec<(String, String, String)> {
    sqlx::query_as(
        "SELECT cluster, access, config
         FROM streamkeeper.cluster_configs
         WHERE environment = 'cfd'
         ORDER BY cluster",
    )
    .fetch_all(&world.database.pool)
    .await
    .expect("cluster_configs can be read")
}

fn with_clusters(clusters: &Value) -> Value {
    let mut spec = blog();
    spec["clusters"] = clusters.clone();
    spec
}

async fn declare(world: &World, clusters: &Value) {
    let spec = with_clusters(clusters);
    world
        .sql(&format!(
            "UPDATE streamkeeper.environments SET spec = '{spec}' WHERE name = 'cfd'"
        ))
        .await;
}

#[tokio::test]
async fn a_configuration_comes_with_the_home_bucket_and_follows_the_row() {
    let mut world = World::new().await;
    let one = |access: &str| json!([{"name": "cfd", "access": access}]);
    world
        .insert("cfd", &with_clusters(&one("READ_WRITE")))
        .await;
    world.settle().await;
    let found = configs(&world).await;
    let [(cluster, access, config)] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!((cluster.as_str(), access.as_str()), ("cfd", "READ_WRITE"));
    let bucket = format!("BucketName: {}\n", world.home_bucket());
    assert_eq!(config.matches(&bucket).count(), 4, "{config}");
    world.assert_quiet().await;

    declare(&world, &one("READ_ONLY")).await;
    world.settle().await;
    let found = configs(&world).await;
    assert_eq!(found[0].1, "READ_ONLY");
    assert!(!found[0].2.contains("EnableWriteAccess"), "{}", found[0].2);
    world.assert_quiet().await;

    declare(
        &world,
        &json!([{"name": "other", "access": "READ_ONLY", "users": ["anna"]}]),
    )
    .await;
    world.settle().await;
    let found = configs(&world).await;
    let names: Vec<&str> = found.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["other"]);
    world.assert_quiet().await;

    world
        .sql("DELETE FROM streamkeeper.environments WHERE name = 'cfd'")
        .await;
    world.settle().await;
    assert!(configs(&world).await.is_empty());
}

#[tokio::test]
async fn without_a_home_bucket_there_is_no_configuration_and_the_plan_says_why() {
    let mut world = World::new().await;
    let spec = json!({"stack": {}, "clusters": [{"name": "cfd", "access": "READ_ONLY"}]});
    world.insert("cfd", &spec).await;
    world.settle().await;
    assert!(configs(&world).await.is_empty());
    let why: String = world
        .value("SELECT reason FROM streamkeeper.plan('cfd') WHERE object = 'cluster/cfd'")
        .await;
    assert!(
        why.starts_with("it has no configuration yet: there is no home bucket"),
        "{why}"
    );
    assert_eq!(
        world.ready("cfd").await,
        "True Converged: everything matches"
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_config_that_contradicts_the_row_is_taken_back_and_says_where() {
    let mut world = World::new().await;
    let clusters = json!([{"name": "cfd", "access": "READ_ONLY"}]);
    world.insert("cfd", &with_clusters(&clusters)).await;
    world.settle().await;
    assert_eq!(configs(&world).await.len(), 1);
    let own = json!({"HeadNode": {"Iam": {"S3Access": [
        {"BucketName": "*", "EnableWriteAccess": true}
    ]}}});
    declare(
        &world,
        &json!([{"name": "cfd", "access": "READ_ONLY", "config": own}]),
    )
    .await;
    world.settle().await;
    assert!(configs(&world).await.is_empty());
    let said = world.events("ClusterConfigRefused").await;
    assert_eq!(said.len(), 1, "{said:?}");
    world.assert_quiet().await;
}
