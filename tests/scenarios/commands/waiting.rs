//! Waiting takes no old state for a new one.

use std::process::Stdio;

use streamkeeper_core::condition::ConditionStatus;

use super::{Answer, CFD, Desk, ready};

const ONCE: [&str; 5] = ["wait", "cfd", "--for=condition=Ready", "--timeout", "0"];

#[tokio::test]
async fn a_condition_counts_for_the_newest_generation_only() {
    let desk = Desk::furnished().await;
    assert_eq!(
        desk.run(&ONCE).fails(1),
        "error: timed out waiting for condition Ready on environment/cfd \
         (Ready is not known yet)\n"
    );
    let (store, lease) = desk.keeper().await;
    let mut record = desk.record("cfd", 1).await;
    record.conditions.push(ready(ConditionStatus::False));
    store.record_pass(&lease, &record).await.unwrap();
    assert_eq!(
        desk.run(&ONCE).fails(1),
        "error: timed out waiting for condition Ready on environment/cfd \
         (it is False: InProgress: the fleet is starting)\n"
    );
    let not_ready = [
        "wait",
        "cfd",
        "--for=condition=ready=false",
        "--timeout",
        "0",
    ];
    assert_eq!(
        desk.run(&not_ready).succeeds(),
        "environment/cfd condition met\n"
    );

    record.conditions = vec![ready(ConditionStatus::True)];
    store.record_pass(&lease, &record).await.unwrap();
    assert_eq!(
        desk.run(&ONCE).succeeds(),
        "environment/cfd condition met\n"
    );

    desk.apply(&CFD.replace("desiredInstances: 2", "desiredInstances: 4"))
        .succeeds();
    assert_eq!(
        desk.run(&ONCE).fails(1),
        "error: timed out waiting for condition Ready on environment/cfd \
         (generation 2 has not been looked at yet)\n"
    );
    let mut record = desk.record("cfd", 2).await;
    record.conditions = vec![ready(ConditionStatus::True)];
    store.record_pass(&lease, &record).await.unwrap();
    assert_eq!(
        desk.run(&ONCE).succeeds(),
        "environment/cfd condition met\n"
    );
}

#[tokio::test]
async fn waiting_ends_when_it_comes_true() {
    let desk = Desk::furnished().await;
    let (store, lease) = desk.keeper().await;
    let child = desk
        .command(&["wait", "cfd", "--for=condition=Ready"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut record = desk.record("cfd", 1).await;
    record.conditions.push(ready(ConditionStatus::True));
    store.record_pass(&lease, &record).await.unwrap();
    let answer = Answer::of(child.wait_with_output().unwrap());
    assert_eq!(answer.succeeds(), "environment/cfd condition met\n");
}

#[tokio::test]
async fn a_look_is_waited_for() {
    let desk = Desk::furnished().await;
    let (store, lease) = desk.keeper().await;
    let asked = desk.run(&["reconcile", "cfd"]).succeeds();
    assert_eq!(asked, "environment/cfd look requested\n");
    let error = desk.run(&["reconcile", "cfd", "--wait", "--timeout", "0"]);
    assert_eq!(error.code, Some(1));
    assert_eq!(
        error.stderr,
        "error: timed out waiting for a look at environment/cfd\n"
    );

    let child = desk
        .command(&["reconcile", "cfd", "--wait"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut record = desk.record("cfd", 1).await;
    record.conditions.push(ready(ConditionStatus::True));
    // A look after whatever moment the command asks at.
    record.verified_at = Some(chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::days(40_000));
    store.record_pass(&lease, &record).await.unwrap();
    let answer = Answer::of(child.wait_with_output().unwrap());
    assert_eq!(
        answer.succeeds(),
        "environment/cfd look requested\nenvironment/cfd looked at\n"
    );
}

#[tokio::test]
async fn approval_is_for_the_present_generation() {
    let desk = Desk::furnished().await;
    let approved = desk.run(&["approve", "cfd"]).succeeds();
    assert_eq!(approved, "environment/cfd generation 1 approved\n");
}
