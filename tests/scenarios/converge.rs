//! A row becomes true and stays true.

use serde_json::{Value, json};
use streamkeeper_tests::World;

/// The blog's environment, with a statement on the home bucket.
pub(crate) fn blog() -> Value {
    json!({
        "image": {"name": "pcluster-2026-11"},
        "fleet": {
            "instanceType": "stream.standard.medium",
            "computeCapacity": {"desiredInstances": 2},
            "maxUserDurationInSeconds": 345_600,
            "enableDefaultInternetAccess": true
        },
        "stack": {"storageConnectors": [{"connectorType": "HOMEFOLDERS"}]},
        "buckets": [{
            "bucket": "home",
            "statements": [{
                "Sid": "DenyInsecureTransport",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": ["arn:aws:s3:::{bucket}", "arn:aws:s3:::{bucket}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}
            }]
        }],
        "clusters": [{"name": "cfd", "access": "READ_WRITE"}]
    })
}

#[tokio::test]
async fn the_blogs_environment_comes_into_being() {
    let mut world = World::new().await;
    world.insert("cfd", &blog()).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, "True Converged: everything matches");
    world.assert_quiet().await;
    assert_eq!(
        world.changes(),
        [
            "CreateFleet cfd",
            "StartFleet cfd",
            "CreateStack cfd",
            "AssociateFleet cfd/cfd",
            "PutBucketPolicy home",
        ]
    );
}
