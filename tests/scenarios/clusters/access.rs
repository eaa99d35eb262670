//! What a cluster's nodes reach of the shared bucket, compared with what the row says.

use std::time::Duration;

use serde_json::{Value, json};
use streamkeeper_simulator::{CloudStackSeed, Fault, Matcher, Service};
use streamkeeper_tests::{REGION, World};

/// A sweep comes every minute, and every fifth lists clusters.
const UNTIL_THE_NEXT_LIST: Duration = Duration::from_secs(5 * 60);

const ACCESS: &str = "SELECT concat_ws(' ', name, access, access_message)
     FROM streamkeeper.clusters ORDER BY name";

/// The part of a cluster's template that says what its head node reaches, in `pcluster`'s words.
fn template(sid: &str, bucket: &str) -> String {
    let partition = json!({"Ref": "AWS::Partition"});
    let arn =
        |key: &str| json!({"Fn::Join": ["", ["arn:", partition, format!(":s3:::{bucket}{key}")]]});
    let statement = json!({"Sid": sid, "Effect": "Allow", "Action": "s3:*",
        "Resource": [arn(""), arn("/*")]});
    json!({"Resources": {
        "RoleHeadNode": {"Type": "AWS::IAM::Role"},
        "S3AccessPoliciesHeadNode": {"Type": "AWS::IAM::Policy", "Properties": {
            "PolicyName": "S3Access",
            "Roles": [{"Ref": "RoleHeadNode"}],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}},
    }})
    .to_string()
}

fn cluster(sid: &str) -> CloudStackSeed {
    let bucket = format!("appstream2-36fb080bb8-{REGION}-111122223333-x7k2m9qa");
    CloudStackSeed::cluster("mesh", "3.16.1")
        .tag("streamkeeper:environment", "lab")
        .template(template(sid, &bucket))
}

fn spec(access: &str) -> Value {
    json!({"stack": {}, "clusters": [{"name": "mesh", "access": access}]})
}

fn templates_read(world: &World) -> usize {
    let journal = world.simulator.journal();
    journal
        .iter()
        .filter(|entry| entry.operation == "GetTemplate")
        .count()
}

#[tokio::test]
async fn a_cluster_whose_nodes_reach_less_than_the_row_says_is_reported() {
    let mut world = World::brisk().await;
    world.insert("lab", &spec("READ_WRITE")).await;
    world.simulator.put_cloud_stack(REGION, &cluster("S3Read"));
    world.settle().await;
    let differs = "the head node may not write its objects";
    assert_eq!(
        world.lines(ACCESS).await,
        [format!("mesh differs {differs}")]
    );
    assert_eq!(
        world.events("ClusterAccessDiffers").await,
        [format!("cluster/mesh: cluster mesh: {differs}")]
    );
    assert!(
        world.ready("lab").await.starts_with("True"),
        "it is the user's cluster"
    );

    // Its user updates it.
    world
        .simulator
        .put_cloud_stack(REGION, &cluster("S3ReadWrite").status("UPDATE_COMPLETE"));
    world.run_for(UNTIL_THE_NEXT_LIST).await;
    let matches = "mesh matches the head node reaches the whole bucket";
    assert_eq!(world.lines(ACCESS).await, [matches]);
    assert_eq!(world.events("ClusterAccessSettled").await.len(), 1);
    assert_eq!(templates_read(&world), 2);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_changed_row_is_compared_with_what_was_read_before() {
    let mut world = World::brisk().await;
    world.insert("lab", &spec("READ_ONLY")).await;
    world.simulator.put_cloud_stack(REGION, &cluster("S3Read"));
    world.settle().await;
    let edited = spec("READ_WRITE");
    world
        .sql(&format!(
            "UPDATE streamkeeper.environments SET spec = '{edited}'"
        ))
        .await;
    world.run_for(2 * UNTIL_THE_NEXT_LIST).await;
    assert_eq!(world.events("ClusterAccessDiffers").await.len(), 1);
    world.crash();
    world.settle().await;
    assert_eq!(templates_read(&world), 1, "over a change and a death");
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_template_that_may_not_be_read_takes_nothing_from_what_is_seen() {
    let mut world = World::brisk().await;
    let denied = Fault::refuse("AccessDenied", "no");
    let reading = Matcher::operation("GetTemplate").service(Service::CloudFormation);
    world.simulator.faults().add(reading.always(), denied);
    world.insert("lab", &spec("READ_WRITE")).await;
    let others = CloudStackSeed::cluster("others", "3.16.1");
    world.simulator.put_cloud_stack(REGION, &others);
    world.simulator.put_cloud_stack(REGION, &cluster("S3Read"));
    world.settle().await;
    let why = "mesh unknown cloudformation:GetTemplate: AccessDenied: no";
    assert_eq!(world.lines(ACCESS).await, [why, "others"]);
    assert_eq!(templates_read(&world), 1, "nobody's templates are not read");
    world.assert_quiet().await;
    world.simulator.faults().clear();
    world.run_for(2 * UNTIL_THE_NEXT_LIST).await;
    assert_eq!(world.lines(ACCESS).await.len(), 2);
    assert_eq!(world.events("ClusterAccessDiffers").await.len(), 1);
    world.assert_quiet().await;
}
