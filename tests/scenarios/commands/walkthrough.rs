//! The way of the guide from a row to files that a cluster's nodes can list, read and write, with
//! the real program at each step.
//!
//! With `EVALUATED_DIR` set it leaves behind who must reach the bucket under the policies that are
//! then in force, for a judge that is not ours (`tests/evaluated/run.sh`), and the cluster's
//! configuration, for the real ParallelCluster.

use std::path::PathBuf;

use serde_json::{Value, json};
use streamkeeper_simulator::{Call, Caller, CloudStackSeed};
use streamkeeper_tests::{DEADLINE, REGION, wait_until};

use super::importing::Office;

/// Who works on the desktop.
const USER: &str = "testuser@mydomain.com";
/// The user's folder, as AppStream's developer guide has it.
const FOLDER: &str =
    "user/custom/a0bcb1da11f480d9b5b3e90f91243143eac04cfccfbdc777e740fab628a1cd13/";
/// A department with an account and clusters of its own, which may read results.
const GUEST: &str = "arn:aws:iam::210987654321:role/parallelcluster/*";

fn spec() -> Value {
    json!({
        "image": {"name": "pcluster-2026-11"},
        "fleet": {
            "instanceType": "stream.standard.medium",
            "computeCapacity": {"desiredInstances": 2},
            "maxUserDurationInSeconds": 345_600,
            "enableDefaultInternetAccess": true,
        },
        "stack": {"storageConnectors": [{"connectorType": "HOMEFOLDERS"}]},
        "buckets": [{
            "bucket": "home",
            "grants": [{"principal": GUEST, "access": "READ_ONLY", "prefix": FOLDER}],
        }],
        "clusters": [{"name": "cfd", "access": "READ_WRITE", "config": {
            "Region": REGION,
            "Image": {"Os": "alinux2023"},
            "HeadNode": {
                "InstanceType": "t3.medium",
                "Networking": {"SubnetId": "subnet-0123456789abcdef0"},
            },
            "Scheduling": {"Scheduler": "slurm", "SlurmQueues": [{
                "Name": "queue1",
                "ComputeResources": [{"Name": "cr1", "InstanceType": "c5.large"}],
                "Networking": {"SubnetIds": ["subnet-0123456789abcdef0"]},
            }]},
        }}],
    })
}

/// What ParallelCluster 3.16.1 allows a node for the entries of `S3Access` (its CDK builder: without
/// `KeyName` the bucket and all in it, else the key alone; `s3:*` to write, `Get*` and `List*` to
/// read).
fn policy_of_nodes(entries: &Value) -> Value {
    let statements: Vec<Value> = entries
        .as_array()
        .expect("the head node has S3Access")
        .iter()
        .map(|entry| {
            let bucket = format!("arn:aws:s3:::{}", entry["BucketName"].as_str().unwrap());
            let resources = match entry["KeyName"].as_str() {
                Some(key) => vec![format!("{bucket}/{key}")],
                None => vec![bucket.clone(), format!("{bucket}/*")],
            };
            let actions = if entry["EnableWriteAccess"] == true {
                json!(["s3:*"])
            } else {
                json!(["s3:Get*", "s3:List*"])
            };
            json!({"Effect": "Allow", "Action": actions, "Resource": resources})
        })
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// What the department's administrator lets its nodes do with the bucket.
fn policy_of_guests(bucket: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Action": ["s3:*"],
        "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
    }]})
}

/// Who asks for what at the end, and whether they get it.
fn requests(account: &str, bucket: &str, nodes: &Value) -> Value {
    let whole = format!("arn:aws:s3:::{bucket}");
    let object = format!("{whole}/{FOLDER}job/in.dat");
    let elsewhere = format!("{whole}/user/custom/{}/in.dat", "0".repeat(64));
    let node = format!("arn:aws:iam::{account}:role/parallelcluster/cfd/{REGION}/cfd-RoleHeadNode");
    let guest = "arn:aws:iam::210987654321:role/parallelcluster/view/view-RoleHeadNode";
    let other = "arn:aws:iam::210987654321:role/Admin";
    let guests = policy_of_guests(bucket);
    let ask = |principal: &str, identity: &Value, action: &str, resource: &str, allowed: bool| {
        json!({
            "principal": principal, "identity": [identity], "action": action,
            "resource": resource, "context": {}, "allowed": allowed,
        })
    };
    let list = |identity: &Value, principal: &str, prefix: &str, allowed: bool| {
        let mut request = ask(principal, identity, "s3:ListBucket", &whole, allowed);
        request["context"] = json!({"s3:prefix": prefix});
        request
    };
    json!([
        ask(&node, nodes, "s3:GetObject", &object, true),
        ask(&node, nodes, "s3:PutObject", &object, true),
        ask(&node, nodes, "s3:DeleteObject", &object, true),
        list(nodes, &node, FOLDER, true),
        // What ParallelCluster's own form for the whole bucket would have given away.
        ask(&node, nodes, "s3:PutBucketPolicy", &whole, false),
        ask(&node, nodes, "s3:DeleteBucketPolicy", &whole, false),
        ask(&node, nodes, "s3:DeleteBucket", &whole, false),
        ask(guest, &guests, "s3:GetObject", &object, true),
        list(&guests, guest, FOLDER, true),
        ask(guest, &guests, "s3:PutObject", &object, false),
        ask(guest, &guests, "s3:GetObject", &elsewhere, false),
        list(&guests, guest, "", false),
        ask(guest, &guests, "s3:PutBucketPolicy", &whole, false),
        ask(other, &guests, "s3:GetObject", &object, false),
        list(&guests, other, FOLDER, false),
    ])
}

/// What another administrator of the account reads.
fn ask_s3(office: &Office, operation: &str, input: Value) -> Value {
    let account = office.simulator.caller_of("").account;
    let call = Call::s3(REGION, operation, input).by(Caller::role(&account, "Admin", "grace"));
    office.simulator.call(&call).unwrap()
}

fn leave_for_judges(case: &Value, configuration: &Value) {
    let Some(directory) = std::env::var_os("EVALUATED_DIR").map(PathBuf::from) else {
        return;
    };
    for (name, document) in [("requests", case), ("configuration", configuration)] {
        let directory = directory.join(name);
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("walkthrough.json"), document.to_string()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guides_way_ends_with_files_that_desktop_and_nodes_share() {
    let office = Office::open().await;
    let document = format!(
        "apiVersion: streamkeeper.dev/v1\nkind: Environment\nmetadata: {{name: cfd}}\n\
         region: {REGION}\nspec: {}\n",
        spec()
    );
    office.desk.apply(&document).succeeds();
    let daemon = office.daemon();
    office
        .run(&["wait", "cfd", "--for=condition=Ready", "--timeout=60s"])
        .await
        .succeeds();

    let entered = office.run(&["url", "cfd", "--user", USER]).await;
    assert_eq!(entered.code, Some(0), "{}", entered.stderr);
    let account = office.simulator.caller_of("").account;
    let homes = ask_s3(
        &office,
        "ListBuckets",
        json!({"Prefix": "appstream2-36fb080bb8-"}),
    );
    let bucket = homes["Buckets"][0]["Name"].as_str().unwrap();
    let folder = format!("s3://{bucket}/{FOLDER}");
    assert!(entered.stderr.contains(&folder), "{}", entered.stderr);

    let text = office.run(&["cluster-config", "cfd", "cfd"]).await;
    let text = text.succeeds();
    let config: Value = serde_saphyr::from_str(&text).unwrap();
    let nodes = policy_of_nodes(&config["HeadNode"]["Iam"]["S3Access"]);
    let answer = ask_s3(&office, "GetBucketPolicy", json!({"Bucket": bucket}));
    let policy: Value = serde_json::from_str(answer["Policy"].as_str().unwrap()).unwrap();
    let case = json!({
        "account": account, "policy": policy, "requests": requests(&account, bucket, &nodes),
    });
    let rendered = json!({
        "config": text,
        "spec": spec()["clusters"][0],
        "bucket": bucket,
        "policies": {},
        "version2": office.run(&["cluster-config", "cfd", "cfd", "--v2"]).await.succeeds(),
    });
    leave_for_judges(&case, &rendered);

    // The user starts the cluster, and it is seen as theirs.
    let cluster = CloudStackSeed::cluster("cfd", "3.16.1")
        .tag("streamkeeper:environment", "cfd")
        .tag("appstream-user", USER);
    office.simulator.put_cloud_stack(REGION, &cluster);
    wait_until("the cluster is seen", DEADLINE, async || {
        let seen = format!(
            "FROM streamkeeper.clusters
             WHERE name = 'cfd' AND environment = 'cfd' AND \"user\" = '{USER}'
               AND status = 'CREATE_COMPLETE'"
        );
        office.desk.count(&seen).await == 1
    })
    .await;

    // Another pass changes nothing; and what the row had goes, but not the cluster.
    let before = office.changes().len();
    office.run(&["reconcile", "cfd", "--wait"]).await.succeeds();
    assert_eq!(office.changes().len(), before);
    office.run(&["delete", "cfd", "--wait"]).await.succeeds();
    let left = format!("FROM streamkeeper.clusters WHERE name = 'cfd' AND \"user\" = '{USER}'");
    assert_eq!(office.desk.count(&left).await, 1);
    assert!(
        office.simulator.delete_cloud_stack(REGION, "cfd"),
        "the cluster outlived the environment"
    );
    daemon.terminate();
    assert!(daemon.wait(DEADLINE).await.success());
}
