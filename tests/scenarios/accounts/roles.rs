//! Other accounts, by the role that is assumed in each.

use std::time::Duration;

use serde_json::json;
use streamkeeper_simulator::{Call, Caller};
use streamkeeper_tests::{DEADLINE, Daemon, REGION, wait_until};

use super::{AN_HOUR, AWAY, CLOSED, EXTERNAL_ID, HOME, Stage, TEMPLATE};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_daemon_keeps_two_accounts_each_with_its_own_credentials() {
    let stage = Stage::set(AN_HOUR).await;
    let daemon = stage.start_with_roles();
    stage.insert("near", REGION, None).await;
    stage.insert("far", REGION, Some(AWAY)).await;
    stage
        .until("SELECT count(*) = 2 FROM streamkeeper.status WHERE ready = 'True'")
        .await;
    for account in [HOME, AWAY] {
        for operation in ["CreateFleet", "CreateStack", "AssociateFleet"] {
            assert_eq!(stage.count(account, operation), 1, "{operation} {account}");
        }
    }
    let journal = stage.simulator.journal();
    let session = Caller::role(AWAY, "streamkeeper", &format!("streamkeeper-{REGION}"));
    for entry in journal.iter().filter(|entry| entry.account == AWAY) {
        assert_eq!(entry.caller, session.arn);
    }
    let first = journal.iter().find(|entry| entry.account == AWAY);
    assert_eq!(first.unwrap().operation, "GetCallerIdentity");
    // Its own account is kept without a role.
    assert_eq!(stage.count(HOME, "AssumeRole"), 1);
    assert!(!daemon.log().join("\n").contains(EXTERNAL_ID));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_may_not_be_assumed_is_said_and_nothing_is_touched() {
    let stage = Stage::set(AN_HOUR).await;
    let _daemon = stage.start_with_roles();
    stage.insert("closed", REGION, Some(CLOSED)).await;
    stage.insert("near", REGION, None).await;
    stage
        .until(
            "SELECT count(*) = 1 FROM streamkeeper.status
             WHERE name = 'closed' AND reason = 'NoCredentials'",
        )
        .await;
    stage
        .until("SELECT ready = 'True' FROM streamkeeper.status WHERE name = 'near'")
        .await;
    let message = stage
        .text("SELECT message FROM streamkeeper.status WHERE name = 'closed'")
        .await;
    let role = TEMPLATE.replace("{account}", CLOSED);
    for part in [
        "AccessDenied",
        "is not authorized to perform: sts:AssumeRole",
        &role,
        "trust policy",
    ] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    assert!(!message.contains(EXTERNAL_ID), "{message}");
    assert_eq!(stage.calls_in(CLOSED), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_asks_for_an_external_id_is_not_assumed_without_it() {
    let stage = Stage::set(AN_HOUR).await;
    let _daemon = stage.start(&[&format!("--assume-role={TEMPLATE}")]);
    stage.insert("far", REGION, Some(AWAY)).await;
    stage
        .until("SELECT reason = 'NoCredentials' FROM streamkeeper.status WHERE name = 'far'")
        .await;
    assert_eq!(stage.calls_in(AWAY), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_of_a_role_are_renewed_and_checked_before_they_are_used() {
    // The SDK renews what has less than ten seconds left.
    let stage = Stage::set(Duration::from_secs(12)).await;
    let _daemon = stage.start_with_roles();
    stage.insert("far", REGION, Some(AWAY)).await;
    stage
        .until("SELECT ready = 'True' FROM streamkeeper.status WHERE name = 'far'")
        .await;
    wait_until("the role is assumed three times", DEADLINE, async || {
        stage.count(HOME, "AssumeRole") >= 3
    })
    .await;
    let checks = stage.count(AWAY, "GetCallerIdentity");
    assert!(checks >= 2, "asked who we are {checks} times");
    stage
        .until("SELECT ready = 'True' FROM streamkeeper.status WHERE name = 'far'")
        .await;
    assert_eq!(stage.count(AWAY, "CreateFleet"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_account_is_imported_by_its_role() {
    let stage = Stage::set(AN_HOUR).await;
    let theirs = Caller::role(AWAY, "Admin", "grace");
    let call = Call::appstream(REGION, "CreateStack", json!({"Name": "by-hand"}));
    stage.simulator.call(&call.by(theirs)).unwrap();
    let import = |options: &[&str]| {
        let account = format!("--account={AWAY}");
        let mut command = Daemon::command(["import", "-o", "json", &account]);
        command
            .args(options)
            .env("AWS_ENDPOINT_URL", stage.front.url())
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret");
        Daemon::spawn(command)
    };
    let (role, id) = (
        format!("--assume-role={TEMPLATE}"),
        format!("--external-id={EXTERNAL_ID}"),
    );
    let program = import(&[&role, &id]);
    assert!(program.wait(DEADLINE).await.success());
    let printed = program.output().join("\n");
    assert!(
        printed.contains("by-hand") && printed.contains(AWAY),
        "{printed}"
    );

    let program = import(&[]);
    assert_eq!(program.wait(DEADLINE).await.code(), Some(1));
    let said = program.log().join("\n");
    assert!(
        said.contains("reach 444455556666 with --assume-role"),
        "{said}"
    );
}
