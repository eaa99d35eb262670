//! Credentials that come up as another account's when they are renewed touch nothing there.

use std::fs;

use streamkeeper_tests::{Daemon, REGION};

use super::{AN_HOUR, AWAY, AWAY_KEY, Stage};

/// Prints the key in a file as credentials that the SDK renews after two seconds: it does so when
/// less than ten are left.
const HELPER: &str = r#"
printf '{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "secret", "Expiration": "%s"}' \
    "$(cat "$0.key")" "$(date -u -d '+12 seconds' +%Y-%m-%dT%H:%M:%SZ)"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewed_credentials_of_another_account_touch_nothing_until_the_right_ones_are_back() {
    let stage = Stage::set(AN_HOUR).await;
    let folder = tempfile::tempdir().unwrap();
    let helper = folder.path().join("helper");
    let key = folder.path().join("helper.key");
    let profile = folder.path().join("config");
    fs::write(&helper, HELPER).unwrap();
    fs::write(&key, "AKIDHOME").unwrap();
    let process = format!(
        "[default]\ncredential_process = /bin/sh {}\n",
        helper.display()
    );
    fs::write(&profile, process).unwrap();
    let mut command = stage.command(&[]);
    command.env("AWS_CONFIG_FILE", &profile);
    let _daemon = Daemon::spawn(command);
    stage.insert("near", REGION, None).await;
    stage
        .until("SELECT ready = 'True' FROM streamkeeper.status WHERE name = 'near'")
        .await;

    fs::write(&key, AWAY_KEY).unwrap();
    stage
        .until("SELECT reason = 'WrongAccount' FROM streamkeeper.status WHERE name = 'near'")
        .await;
    stage.insert("later", REGION, None).await;
    stage
        .until("SELECT bool_and(reason = 'WrongAccount') AND count(*) = 2 FROM streamkeeper.status")
        .await;
    let message = stage
        .text("SELECT message FROM streamkeeper.status WHERE name = 'near'")
        .await;
    assert!(message.contains(AWAY), "{message}");

    fs::write(&key, "AKIDHOME2").unwrap();
    stage
        .until("SELECT bool_and(ready = 'True') AND count(*) = 2 FROM streamkeeper.status")
        .await;
    let asked = stage.calls_in(AWAY);
    assert!(
        asked.iter().all(|call| call == "GetCallerIdentity"),
        "{asked:?}"
    );
    assert!(!asked.is_empty());
}
