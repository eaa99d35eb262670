//! `url` lets people in, tells nobody else how, and lets nobody in through what is not ours.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use streamkeeper_aws::operations::OF_URL;
use streamkeeper_simulator::Call;
use streamkeeper_tests::{DEADLINE, Daemon, REGION, wait_until};

use super::importing::Office;

/// The folder of `testuser@mydomain.com`, as AppStream's developer guide has it.
const FOLDER: &str =
    "/user/custom/a0bcb1da11f480d9b5b3e90f91243143eac04cfccfbdc777e740fab628a1cd13/";

/// A stack of its own on the fleet of `cfd`.
const VIEWERS: &str = "
apiVersion: streamkeeper.dev/v1
kind: Environment
metadata: {name: viewers}
region: eu-west-1
spec: {fleetRef: cfd, stack: {name: cfd-viewers}}
";

/// An office whose environments, `cfd` among them, are as their rows say, and its daemon, which
/// writes down all that it does.
async fn settled(documents: &str) -> (Office, Daemon) {
    let office = Office::open().await;
    office.desk.apply(documents).succeeds();
    let mut command = office.with_credentials(office.desk.command(&[
        "run",
        "--sweep-interval=1s",
        "--transition-interval=100ms",
        "--listen=127.0.0.1:0",
    ]));
    command.env("STREAMKEEPER_LOG", "trace,aws_smithy_runtime=trace");
    let daemon = Daemon::spawn(command);
    wait_until("every row is as AWS is", DEADLINE, async || {
        let unsettled = "FROM streamkeeper.status
             WHERE ready <> 'True' OR observed_generation IS DISTINCT FROM generation";
        office.desk.count(unsettled).await == 0
    })
    .await;
    (office, daemon)
}

/// How many rows of the whole database contain a text.
async fn rows_with(office: &Office, text: &str) -> i64 {
    let pool = &office.desk.database.pool;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(tables.len() > 10, "{tables:?}");
    let mut found = 0;
    for table in tables {
        let query = format!("SELECT count(*) FROM {table} AS r WHERE position($1 IN r::text) > 0");
        found += sqlx::query_scalar::<_, i64>(AssertSqlSafe(query))
            .bind(text)
            .fetch_one(pool)
            .await
            .unwrap();
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_url_goes_to_stdout_alone_and_nowhere_else() {
    let (office, daemon) = settled(super::CFD).await;
    let before = office.changes().len();
    let user = "testuser@mydomain.com";
    let arguments = [
        "url",
        "cfd",
        "--user",
        user,
        "--validity",
        "8h",
        "--app",
        "Desktop",
    ];
    let mut command = office.with_credentials(office.desk.command(&arguments));
    command
        .env("STREAMKEEPER_LOG", "trace")
        .env("RUST_LOG", "trace");
    let answer = office.wait_for(command).await;
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let url = answer.stdout.trim_end();
    assert!(
        url.starts_with("https://appstream2.eu-west-1.aws.amazon.com/"),
        "{url}"
    );
    assert_eq!(answer.stdout.lines().count(), 1);
    let (_, secret) = url.split_once("parameters=").unwrap();
    assert!(!answer.stderr.contains(secret), "{}", answer.stderr);
    let [expires, folder] = answer.stderr.lines().collect::<Vec<_>>()[..] else {
        panic!("{}", answer.stderr);
    };
    assert!(
        expires.ends_with("Z (in 8h)") || expires.ends_with("Z (in 7h59m)"),
        "{expires}"
    );
    assert!(
        folder.starts_with("folder: s3://appstream2-36fb080bb8-eu-west-1-"),
        "{folder}"
    );
    assert!(folder.ends_with(FOLDER), "{folder}");

    // Another look changes nothing, and nothing of the URL was kept.
    office.run(&["reconcile", "cfd", "--wait"]).await.succeeds();
    assert_eq!(office.changes().len(), before);
    assert_eq!(rows_with(&office, secret).await, 0);
    assert_ne!(rows_with(&office, "stream.standard.medium").await, 0);
    daemon.terminate();
    assert!(daemon.wait(DEADLINE).await.success());
    let log = daemon.log().join("\n");
    assert!(log.contains("DescribeFleets"), "{log}");
    assert!(!log.contains(secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_told_everything_at_once() {
    let (office, _daemon) = settled(&format!("{}---{VIEWERS}", super::CFD)).await;
    let arguments = ["url", "viewers", "--user", "ada", "-o", "json"];
    let answer = office.run(&arguments).await;
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let mut told: Value = serde_json::from_str(&answer.stdout).unwrap();
    for hidden in ["streamingURL", "expires"] {
        let text = told.as_object_mut().unwrap().remove(hidden).unwrap();
        assert!(text.as_str().unwrap().len() > 10, "{text}");
    }
    let expected = json!({
        "environment": "viewers", "stack": "cfd-viewers", "fleet": "cfd", "userId": "ada",
        "folder": null,
    });
    assert_eq!(told, expected);
    assert!(
        answer
            .stderr
            .contains("folder: none: the stack has no home folders")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_through_what_is_not_ours_or_does_not_run() {
    let (office, daemon) = settled(super::CFD).await;
    daemon.terminate();
    assert!(daemon.wait(DEADLINE).await.success());
    let enter = ["url", "cfd", "--user", "ada"];

    let before = office.simulator.journal().len();
    let answer = office.run(&enter).await;
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let asked = office.simulator.journal().split_off(before);
    let asked: BTreeSet<String> = asked
        .iter()
        .map(|call| format!("{}:{}", call.service, call.operation))
        .collect();
    let listed = OF_URL.iter().copied().chain(["sts:GetCallerIdentity"]);
    assert_eq!(asked, listed.map(str::to_owned).collect());

    let said = office.run_as_stranger(&enter).await.fails(1);
    assert!(
        said.contains("the credentials are for 444455556666"),
        "{said}"
    );

    office
        .simulator
        .call(&Call::appstream(
            REGION,
            "StopFleet",
            json!({"Name": "cfd"}),
        ))
        .unwrap();
    wait_until("the fleet is stopped", DEADLINE, async || {
        office
            .run(&enter)
            .await
            .fails(1)
            .contains("fleet/cfd is STOPPED")
    })
    .await;

    let arn = format!("arn:aws:appstream:{REGION}:111122223333:stack/cfd");
    let untag = json!({"ResourceArn": arn, "TagKeys": ["streamkeeper:uid"]});
    office
        .simulator
        .call(&Call::appstream(REGION, "UntagResource", untag))
        .unwrap();
    let said = office.run(&enter).await.fails(1);
    assert!(
        said.contains("error: stack/cfd is not environment \"cfd\"'s"),
        "{said}"
    );
    assert!(said.contains("hint: "), "{said}");
    let journal = office.simulator.journal();
    let asked =
        |call: &&streamkeeper_simulator::JournalEntry| call.operation == "CreateStreamingURL";
    assert_eq!(journal.iter().filter(asked).count(), 1);
}

#[test]
fn what_appstream_would_not_take_is_said_before_anything_is_asked() {
    for (arguments, word) in [
        (&["--user", "zoë"][..], "cannot be in a user's id"),
        (&["--user", "a"], "has 2 to 32 characters, and this has 1"),
        (&["--user", "ada", "--validity", "500ms"], "whole seconds"),
        (
            &["--user", "ada", "--validity", "169h"],
            "valid for 1s to 168h",
        ),
        (
            &["--user", "ada", "--validity", "8"],
            "write 8s for seconds",
        ),
        (&[], "--user <ID>"),
    ] {
        let arguments: Vec<&str> = ["url", "cfd"].iter().chain(arguments).copied().collect();
        let output = super::bare_command(&arguments).output().unwrap();
        let said = super::Answer::of(output).fails(2);
        assert!(said.contains(word), "{arguments:?}: {said}");
    }
}
