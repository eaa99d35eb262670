//! Holds the law that a cluster outlives everything: nothing here has the means to change one.
//!
//! A cluster is a CloudFormation stack with instances and roles of EC2 and IAM, in old versions of
//! AWS Batch too. CloudFormation and IAM have clients, for two calls each that look; whoever has no
//! other call, no client for the other services, and no permissions for any of them, cannot end a
//! cluster, whatever is planned.

mod access;
mod seen;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::documented::actions_of_the_guide;

const LOCK: &str = include_str!("../../Cargo.lock");

/// Services that cannot end a cluster, plus what signs us in (`sso`, `ssooidc`, `sts`). A cluster
/// has a bucket of its own too; of buckets we can change the policy alone. Of CloudFormation and
/// IAM, which could, the sources below have calls that look.
const CLIENTS: [&str; 9] = [
    "applicationautoscaling",
    "appstream",
    "cloudformation",
    "iam",
    "resourcegroupstagging",
    "s3",
    "sso",
    "ssooidc",
    "sts",
];

/// Everything that may follow the words `clients.iam` in the sources: IAM could take away the roles
/// that a cluster's nodes have, so its client is there for two calls that look.
const CALLS_OF_IAM: [&str; 2] = [".get_role()", ".get_user()"];

/// Everything that may follow the SDK's name: the client's type and its one construction.
const USES_OF_IAM: [&str; 2] = ["::Client,", "::Client::new(&sdk),"];

/// Whether the daemon may be given this IAM action, as far as clusters are concerned.
fn spares_clusters(action: &str) -> bool {
    match action.split_once(':') {
        Some(("cloudformation", operation)) => {
            ["DescribeStacks", "ListStacks", "GetTemplate"].contains(&operation)
        }
        // Handing a role to AppStream, which the documents' own test holds it to, and looking.
        Some(("iam", operation)) => ["PassRole", "GetRole", "GetUser"].contains(&operation),
        // No wildcards: an action is named, or it is not allowed.
        Some(("appstream" | "application-autoscaling" | "s3" | "sts" | "tag", operation)) => {
            !operation.contains('*')
        }
        Some(_) | None => false,
    }
}

/// Everything that may follow the word `cloudformation` in the sources: the client's type, its one
/// field, the calls themselves, and what policies name: ours, and the boundary of a cluster's own
/// nodes, which look at their stack and signal it. A client that is lent out under another name
/// ends the line differently, and is not in this list.
const AFTER_THE_WORD: [&str; 14] = [
    "\", \"DescribeStacks\", Clusters),",
    "\", \"GetTemplate\", Clusters),",
    "::Client,",
    "::Client::new(&sdk),",
    "::operation::describe_stacks::DescribeStacksOutput;",
    "::types::Stack;",
    ": aws_sdk_cloudformation::Client",
    ":Describe*\"",
    ":DescribeStacks\"",
    ":GetTemplate\"",
    ":ListStacks\"",
    ":SignalResource\"",
    ".describe_stacks()",
    ".get_template()",
];

/// Every source of the crates that the daemon consists of, tests left out.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("a folder can be read").path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn of_cloudformation_nothing_is_called_but_what_looks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in [
        "controller/src",
        "controller/core/src",
        "controller/aws/src",
        "state/src",
    ] {
        sources(&root.join(folder), &mut files);
    }
    let mut seen = BTreeSet::new();
    for file in files {
        let source = fs::read_to_string(&file).expect("a source can be read");
        let code = source
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            for (at, word) in line.match_indices("cloudformation") {
                let rest = &line[at + word.len()..];
                let after = AFTER_THE_WORD
                    .iter()
                    .find(|after| rest.starts_with(**after));
                let after = after.unwrap_or_else(|| panic!("{}: {line}", file.display()));
                seen.insert(*after);
            }
        }
    }
    // What is not there any more is not allowed any more.
    assert_eq!(seen, BTreeSet::from(AFTER_THE_WORD));
}

#[test]
fn of_iam_nothing_is_called_but_what_looks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../controller/aws/src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut seen = BTreeSet::new();
    for file in files {
        let source = fs::read_to_string(&file).expect("a source can be read");
        // One line, so that no call hides behind a line's end.
        let code: String = source
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .map(str::trim)
            .collect();
        for (words, may_follow) in [
            ("aws_sdk_iam", &USES_OF_IAM),
            ("clients.iam", &CALLS_OF_IAM),
        ] {
            for (at, _) in code.match_indices(words) {
                let rest = &code[at + words.len()..];
                let after = may_follow.iter().find(|after| rest.starts_with(**after));
                let after = after.unwrap_or_else(|| {
                    panic!("{}: {words} {rest:.60}", file.display());
                });
                seen.insert(*after);
            }
        }
        // Nobody takes the client out under another name.
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        for (at, field) in code.match_indices("iam") {
            let (before, after) = (&code[..at], &code[at + field.len()..]);
            let lent = before.ends_with([' ', ',', '{', '.'])
                && !before.ends_with("clients.")
                && !after.starts_with(": aws_sdk_iam::Client")
                && !after.starts_with(is_word);
            assert!(!lent, "{}: iam{after:.60}", file.display());
        }
    }
    let allowed = USES_OF_IAM.iter().chain(&CALLS_OF_IAM);
    assert_eq!(seen, allowed.copied().collect());
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
        "iam:*",
        "iam:DeleteRole",
        "iam:Get*",
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
