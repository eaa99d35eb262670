//! `export` prints what `apply` takes, and nothing more.

use super::{Answer, CFD, Desk};

/// Whatever YAML may take for something else, and what it may not lose.
const AWKWARD: &str = r#"{
    "apiVersion": "streamkeeper.dev/v1", "kind": "Environment",
    "metadata": {"name": "1e3", "labels": {"yes": "no", "year": "2026", "empty": ""}},
    "region": "eu-west-1", "accountId": "012345678901", "mode": "observe", "paused": true,
    "deletionPolicy": "retain",
    "spec": {
        "image": {"name": "null"},
        "fleet": {
            "instanceType": "stream.standard.medium", "description": null,
            "displayName": "Strömung \u2014 \ud83d\udca7: \"a\" 'b' #c",
            "maxUserDurationInSeconds": 600
        },
        "stack": {
            "redirectURL": "https://example.com/?a=1&b=~", "feedbackURL": null,
            "description": "two\nlines\n", "displayName": " 0755 "
        },
        "tags": {"on": "off", "0x10": "1_000", "Größe": "12:30:45"},
        "buckets": [{"bucket": "home", "statements": [{
            "Sid": "Big", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": "arn:aws:s3:::{bucket}/*",
            "Condition": {"NumericLessThan": {"s3:TlsVersion": 1.2}}
        }]}]
    }
}"#;

/// What users decide of every row.
async fn rows(desk: &Desk) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT row::text
         FROM (SELECT name, region, account_id, spec, labels, mode, paused, deletion_policy
               FROM streamkeeper.environments) AS row
         ORDER BY name",
    )
    .fetch_all(&desk.database.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn what_is_exported_changes_nothing_here_and_makes_the_same_elsewhere() {
    let desk = Desk::furnished().await;
    desk.apply(AWKWARD).succeeds();
    for format in ["yaml", "json"] {
        let exported = desk.run(&["export", "-o", format]).succeeds();
        assert_eq!(
            desk.apply(&exported).succeeds(),
            "environment/1e3 unchanged\nenvironment/cfd unchanged\nenvironment/crash unchanged\n",
            "{exported}"
        );
        let other = Desk::create().await;
        other.apply(&exported).succeeds();
        assert_eq!(rows(&other).await, rows(&desk).await, "{exported}");
        let again = other.run(&["export", "-o", format]).succeeds();
        assert_eq!(again, exported);
    }
}

#[tokio::test]
async fn nothing_that_the_server_sets_is_exported() {
    let desk = Desk::furnished().await;
    let exported = desk.run(&["export", "crash"]).succeeds();
    assert_eq!(
        exported,
        "apiVersion: streamkeeper.dev/v1\n\
         kind: Environment\n\
         metadata:\n  \
           name: crash\n  \
           labels:\n    \
             team: crash\n\
         region: eu-west-1\n\
         mode: observe\n\
         paused: false\n\
         deletionPolicy: delete\n\
         spec:\n  \
           stack: {}\n"
    );
}

#[tokio::test]
async fn environments_are_chosen_by_name_and_by_label() {
    let desk = Desk::furnished().await;
    let names = |answer: Answer| -> Vec<String> {
        let text = answer.stdout;
        let names = text
            .lines()
            .filter_map(|line| line.strip_prefix("  name: "));
        names.map(str::to_owned).collect()
    };
    assert_eq!(names(desk.run(&["export"])), ["cfd", "crash"]);
    assert_eq!(
        names(desk.run(&["export", "crash", "cfd"])),
        ["crash", "cfd"]
    );
    assert_eq!(names(desk.run(&["export", "-l", "team=aero"])), ["cfd"]);
    assert_eq!(desk.run(&["export", "-l", "team=nobody"]).succeeds(), "");
    let answer = desk.run(&["export", "cfd", "cfb"]);
    assert_eq!(answer.code, Some(1));
    assert!(answer.stderr.contains("environment \"cfb\" does not exist"));
    assert_eq!(names(answer), ["cfd"]);
}

#[tokio::test]
async fn a_row_on_its_way_out_is_left_out_and_said() {
    let desk = Desk::create().await;
    desk.apply(CFD).succeeds();
    desk.execute(
        "INSERT INTO streamkeeper.owned_objects (uid, object)
         SELECT uid, 'fleet/cfd' FROM streamkeeper.environments",
    )
    .await;
    desk.run(&["delete", "cfd"]).succeeds();
    let answer = desk.run(&["export"]);
    assert_eq!(
        (answer.code, answer.stdout.as_str(), answer.stderr.as_str()),
        (
            Some(0),
            "",
            "environment/cfd is being deleted and is left out\n"
        )
    );
}
