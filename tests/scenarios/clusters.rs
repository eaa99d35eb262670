//! Holds the law that a cluster outlives everything: nothing here has the means to change one.
//!
//! A cluster is a CloudFormation stack with instances and roles of EC2 and IAM, in old versions of
//! AWS Batch too. Whoever is without a client for these services, and without their permissions,
//! cannot end one, whatever is planned.

use std::collections::BTreeSet;

use crate::documented::actions_of_the_guide;

const LOCK: &str = include_str!("../../Cargo.lock");

/// Services that cannot end a cluster, plus what signs us in (`sso`, `ssooidc`, `sts`). A cluster
/// has a bucket of its own too; of buckets we can change the policy alone.
const CLIENTS: [&str; 7] = [
    "applicationautoscaling",
    "appstream",
    "resourcegroupstagging",
    "s3",
    "sso",
    "ssooidc",
    "sts",
];

/// Whether the daemon may be given this IAM action, as far as clusters are concerned.
fn spares_clusters(action: &str) -> bool {
    match action.split_once(':') {
        Some(("cloudformation", operation)) => {
            ["DescribeStacks", "ListStacks", "GetTemplate"].contains(&operation)
        }
        // Handing a role to AppStream; the documents' own test holds it to that.
        Some(("iam", operation)) => operation == "PassRole",
        // No wildcards: an action is named, or it is not allowed.
        Some(("appstream" | "application-autoscaling" | "s3" | "sts" | "tag", operation)) => {
            !operation.contains('*')
        }
        Some(_) | None => false,
    }
}

#[test]
fn no_client_of_a_service_that_clusters_consist_of_is_built_in() {
    let clients: BTreeSet<&str> = LOCK
        .lines()
        .filter_map(|line| line.strip_prefix("name = \"aws-sdk-")?.strip_suffix('"'))
        .collect();
    assert_eq!(clients, BTreeSet::from(CLIENTS));
}

#[test]
fn no_permission_the_guide_asks_for_can_change_a_cluster() {
    let allowed = actions_of_the_guide();
    assert!(allowed.contains("appstream:DeleteFleet"), "{allowed:?}");
    for action in &allowed {
        assert!(spares_clusters(action), "{action}");
    }
    for harmful in [
        "*",
        "cloudformation:*",
        "cloudformation:DeleteStack",
        "cloudformation:UpdateStack",
        "ec2:TerminateInstances",
        "batch:DeleteJobQueue",
        "s3:*",
    ] {
        assert!(!spares_clusters(harmful), "{harmful}");
    }
}
