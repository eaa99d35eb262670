//! Plays another administrator who breaks three things, and demands that each is put right.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use streamkeeper_core::folder::HOME_BUCKET;

use super::screen::Screen;
use super::stage::{NAME, Stage};

/// One act: what is broken, and the drift it must leave in the ledger.
struct Act {
    title: &'static str,
    /// Objects and paths whose drift must be found and repaired.
    drift: Vec<(String, &'static str)>,
}

/// Plays all three acts.
pub(super) async fn play(stage: &Stage, screen: &Screen, patience: Duration) -> anyhow::Result<()> {
    let act = Act {
        title: "Act 1: the fleet is stopped, its timeouts are changed",
        drift: vec![
            (format!("fleet/{NAME}"), "fleet.disconnectTimeoutInSeconds"),
            (
                format!("fleet/{NAME}"),
                "fleet.idleDisconnectTimeoutInSeconds",
            ),
            (format!("fleet/{NAME}"), "fleet.state"),
        ],
    };
    perform(stage, screen, patience, &act, break_fleet).await?;

    let act = Act {
        title: "Act 2: the stack loses its home folders, downloads are forbidden",
        drift: vec![
            (format!("stack/{NAME}"), "stack.storageConnectors"),
            (format!("stack/{NAME}"), "stack.userSettings.FILE_DOWNLOAD"),
        ],
    };
    perform(stage, screen, patience, &act, break_stack).await?;

    let bucket = home_bucket(stage)?;
    let act = Act {
        title: "Act 3: our statement in the bucket policy is edited",
        drift: vec![(
            format!("bucket/{bucket}"),
            "buckets.home.DenyInsecureTransport",
        )],
    };
    perform(stage, screen, patience, &act, |stage, screen| {
        break_policy(stage, screen, &bucket)
    })
    .await
}

async fn perform(
    stage: &Stage,
    screen: &Screen,
    patience: Duration,
    act: &Act,
    break_it: impl Fn(&Stage, &Screen) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    screen.chapter(act.title);
    break_it(stage, screen)?;
    stage
        .until(
            screen,
            patience,
            "the drift to be found and repaired",
            async || {
                let ledger = stage.store().drift(NAME, false).await?;
                Ok(act.drift.iter().all(|(object, path)| {
                    ledger.iter().any(|one| {
                        one.object == *object
                            && one.path == *path
                            && one.resolution.as_deref() == Some("repaired")
                    })
                }))
            },
        )
        .await
        .with_context(|| act.title)?;
    stage.until_ready(screen, patience).await
}

fn break_fleet(stage: &Stage, screen: &Screen) -> anyhow::Result<()> {
    stage.admin(
        "UpdateFleet",
        json!({"Name": NAME, "DisconnectTimeoutInSeconds": 60, "IdleDisconnectTimeoutInSeconds": 60}),
    )?;
    screen.villain(&format!(
        "aws appstream update-fleet --name {NAME} --disconnect-timeout-in-seconds 60 ..."
    ));
    stage.admin("StopFleet", json!({"Name": NAME}))?;
    screen.villain(&format!("aws appstream stop-fleet --name {NAME}"));
    Ok(())
}

fn break_stack(stage: &Stage, screen: &Screen) -> anyhow::Result<()> {
    stage.admin(
        "UpdateStack",
        json!({"Name": NAME, "AttributesToDelete": ["STORAGE_CONNECTORS"]}),
    )?;
    screen.villain("aws appstream update-stack --attributes-to-delete STORAGE_CONNECTORS");
    let stacks = stage.admin("DescribeStacks", json!({"Names": [NAME]}))?;
    let mut settings = stacks["Stacks"][0]["UserSettings"].clone();
    for setting in settings
        .as_array_mut()
        .context("a stack has user settings")?
    {
        if setting["Action"] == "FILE_DOWNLOAD" {
            setting["Permission"] = json!("DISABLED");
        }
    }
    stage.admin(
        "UpdateStack",
        json!({"Name": NAME, "UserSettings": settings}),
    )?;
    screen
        .villain("aws appstream update-stack --user-settings ...FILE_DOWNLOAD,Permission=DISABLED");
    Ok(())
}

fn break_policy(stage: &Stage, screen: &Screen, bucket: &str) -> anyhow::Result<()> {
    let answer = stage.admin("GetBucketPolicy", json!({"Bucket": bucket}))?;
    let text = answer["Policy"]
        .as_str()
        .context("the bucket has a policy")?;
    let mut policy: Value = serde_json::from_str(text).context("the policy is JSON")?;
    let statements = policy["Statement"]
        .as_array_mut()
        .context("the policy has statements")?;
    let ours = statements.iter_mut().find(|statement| {
        statement["Sid"]
            .as_str()
            .is_some_and(|sid| sid.starts_with("Streamkeeper"))
    });
    let Some(ours) = ours else {
        bail!("our statement is not in the policy")
    };
    ours["Condition"] = json!({"Bool": {"aws:SecureTransport": "true"}});
    stage.admin(
        "PutBucketPolicy",
        json!({"Bucket": bucket, "Policy": policy.to_string()}),
    )?;
    screen.villain("aws s3api put-bucket-policy ... (our condition turned upside down)");
    Ok(())
}

/// The home bucket's real name, which nobody can know beforehand.
fn home_bucket(stage: &Stage) -> anyhow::Result<String> {
    let answer = stage.admin("ListBuckets", json!({"Prefix": HOME_BUCKET}))?;
    answer["Buckets"][0]["Name"]
        .as_str()
        .map(str::to_owned)
        .context("AWS has made no home bucket")
}
