//! Tests that a child is watched, and that it ends when it must.

use super::*;

fn shell(script: &str) -> Daemon {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    Daemon::spawn(command)
}

#[tokio::test]
async fn log_and_output_are_kept_apart() {
    let daemon = shell("echo data; echo one >&2; echo two >&2");
    assert_eq!(daemon.until_logged("tw").await, "two");
    assert!(daemon.wait(DEADLINE).await.success());
    wait_until("output is read", DEADLINE, async || {
        !daemon.output().is_empty()
    })
    .await;
    assert_eq!(daemon.output(), ["data"]);
    assert_eq!(daemon.log(), ["one", "two"]);
}

#[tokio::test]
async fn a_killed_child_has_no_last_word() {
    let daemon = shell("trap 'echo no >&2' TERM EXIT; echo ready >&2; while :; do sleep 1; done");
    daemon.until_logged("ready").await;
    let kill = daemon.killer();
    kill();
    assert!(!daemon.is_running());
    assert_eq!(daemon.wait(DEADLINE).await.code(), None);
    assert_eq!(daemon.log(), ["ready"]);
}

#[tokio::test]
async fn a_terminated_child_ends_as_it_likes() {
    let daemon = shell("trap 'exit 7' TERM; echo ready >&2; while :; do sleep 0.01; done");
    daemon.until_logged("ready").await;
    daemon.terminate();
    assert_eq!(daemon.wait(DEADLINE).await.code(), Some(7));
}

#[tokio::test]
async fn a_paused_child_goes_on_when_it_is_resumed() {
    let daemon = shell("trap 'exit 7' TERM; echo ready >&2; while :; do sleep 0.01; done");
    daemon.until_logged("ready").await;
    daemon.pause();
    daemon.terminate();
    assert!(daemon.is_running());
    daemon.resume();
    assert_eq!(daemon.wait(DEADLINE).await.code(), Some(7));
}

#[tokio::test]
#[should_panic(expected = "ended without logging \"never\":\nlast words")]
async fn a_child_that_ends_without_a_word_is_not_waited_for() {
    let daemon = shell("echo last words >&2");
    daemon.until_logged("never").await;
}
