//! Holds the law that a cluster outlives everything: nothing here has the means to change one.
//!
//! A cluster is a CloudFormation stack with instances, roles and batch queues of EC2, IAM and AWS
//! Batch. Whoever is without a client for these services, and without their permissions, cannot
//! end one, whatever is planned.

use std::collections::BTreeSet;

use serde_json::Value;

const LOCK: &str = include_str!("../../Cargo.lock");
const OPERATIONS: &str = include_str!("../../docs/OPERATIONS.md");

/// Services a cluster does not consist of, plus what signs us in (`sso`, `ssooidc`, `sts`).
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

/// Every action that the policies in the operator's guide allow.
fn allowed_actions() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for block in OPERATIONS.split("\n```json\n").skip(1) {
        let text = block.split_once("```").expect("a block ends").0;
        let policy: Value = serde_json::from_str(text).expect("a block is JSON");
        for statement in policy["Statement"].as_array().into_iter().flatten() {
            assert!(statement.get("NotAction").is_none(), "{statement}");
            let actions = &statement["Action"];
            let list = actions
                .as_array()
                .map_or(std::slice::from_ref(actions), Vec::as_slice);
            found.extend(
                list.iter()
                    .map(|action| action.as_str().expect("an action is text").to_owned()),
            );
        }
    }
    found
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
    let allowed = allowed_actions();
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
