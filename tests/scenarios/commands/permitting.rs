//! `iam-policy` prints documents that are ready for use, and commands ask for nothing beyond them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use streamkeeper_aws::operations::{OF_IMPORT, actions_of};
use streamkeeper_simulator::Call;
use streamkeeper_tests::REGION;

use super::importing::Office;
use super::{Answer, bare_command};

const ACCOUNT: &str = "111122223333";

fn run(options: &[&str]) -> Answer {
    let arguments = ["iam-policy", "--account", ACCOUNT].iter().chain(options);
    Answer::of(
        bare_command(&arguments.copied().collect::<Vec<_>>())
            .output()
            .unwrap(),
    )
}

fn policy(options: &[&str]) -> Value {
    serde_json::from_str(&run(options).succeeds()).unwrap()
}

#[test]
fn a_policy_needs_neither_aws_nor_a_database() {
    let daemon = policy(&[
        "--for",
        "daemon",
        "--region",
        "cn-north-1",
        "--bucket",
        "shared",
    ]);
    assert_eq!(daemon["Version"], "2012-10-17");
    let text = daemon.to_string();
    assert!(
        text.contains("arn:aws-cn:appstream:cn-north-1:111122223333:fleet/*"),
        "{text}"
    );
    assert!(text.contains("arn:aws-cn:s3:::shared"), "{text}");
    assert!(!text.contains("PassRole"), "{text}");
    let everywhere = policy(&["--for", "url", "--partition", "aws-us-gov"]).to_string();
    assert!(everywhere.contains("arn:aws-us-gov:appstream:*:111122223333:stack/*"));
}

#[test]
fn people_in_sessions_get_three_documents() {
    let of = |document: &str| {
        policy(&[
            "--for",
            "users",
            "--document",
            document,
            "--user",
            "testuser@mydomain.com",
            "--fleet",
            "cfd",
            "--bucket",
            "home-bucket",
        ])
    };
    let trust = of("trust");
    assert_eq!(trust["Statement"][0]["Action"], "sts:AssumeRole");
    let folder = "arn:aws:s3:::home-bucket/user/custom/\
                  a0bcb1da11f480d9b5b3e90f91243143eac04cfccfbdc777e740fab628a1cd13/*";
    for document in ["permissions", "boundary"] {
        let text = of(document).to_string();
        assert!(text.contains(folder), "{document}: {text}");
    }
    let other = policy(&[
        "--for",
        "users",
        "--boundary-arn",
        "arn:aws:iam::111122223333:policy/ours",
    ]);
    let bound = &other["Statement"][0]["Condition"]["StringEquals"]["iam:PermissionsBoundary"];
    assert_eq!(*bound, "arn:aws:iam::111122223333:policy/ours");
}

#[test]
fn what_would_allow_too_much_by_mistake_is_wrong_usage() {
    for (options, word) in [
        (
            &["--for", "everybody"][..],
            "possible values: users, daemon, import, url",
        ),
        (
            &["--for", "daemon", "--fleet-role", "*"],
            "every role is too many",
        ),
        (&["--for", "daemon", "--bucket", "*"], "a bucket is"),
        (&["--for", "daemon", "--region", "eu*"], "a region is"),
        (
            &[
                "--for",
                "users",
                "--boundary-arn",
                "arn:aws:iam::1:policy/*",
            ],
            "not the ARN",
        ),
        (
            &["--for", "users", "--user", "a b"],
            "cannot be in a user's id",
        ),
        (&[], "--for <WHO>"),
    ] {
        let said = run(options).fails(2);
        assert!(said.contains(word), "{options:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn import_asks_for_what_its_policy_allows_and_for_nothing_else() {
    let office = Office::open().await;
    let call = |operation: &str, input: Value| {
        let call = Call::appstream(REGION, operation, input);
        office.simulator.call(&call).unwrap();
    };
    let fleet = json!({
        "Name": "cfd", "ImageName": "pcluster-2026-11", "InstanceType": "stream.standard.medium",
        "ComputeCapacity": {"DesiredInstances": 1},
    });
    call("CreateFleet", fleet);
    call("CreateStack", json!({"Name": "cfd"}));
    call(
        "AssociateFleet",
        json!({"FleetName": "cfd", "StackName": "cfd"}),
    );
    let before = office.simulator.journal().len();
    let answer = office.run(&["import", "-o", "yaml"]).await;
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let asked = office.simulator.journal().split_off(before);
    // IAM calls the tagging API by another name than its signatures do.
    let asked: BTreeSet<String> = asked
        .iter()
        .map(|call| format!("{}:{}", call.service, call.operation).replace("tagging:", "tag:"))
        .collect();
    let listed = OF_IMPORT.iter().copied().chain(["sts:GetCallerIdentity"]);
    assert_eq!(asked, listed.map(str::to_owned).collect());

    let printed = policy(&["--for", "import"]);
    let allowed: Vec<&str> = actions_of(OF_IMPORT).collect();
    assert_eq!(printed["Statement"][0]["Action"], json!(allowed));
}
