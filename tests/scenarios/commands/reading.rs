//! What is printed of what is stored.

use streamkeeper_core::condition::ConditionStatus;
use streamkeeper_core::event::{Event, EventReason, EventType};
use streamkeeper_core::record::OpenDrift;

use super::{Desk, ready, step};

#[tokio::test]
async fn labels_select() {
    let desk = Desk::furnished().await;
    let (cfd, crash) = ("environment/cfd\n", "environment/crash\n");
    for (selector, names) in [
        ("team=aero", cfd),
        ("team==crash", crash),
        ("team!=aero", crash),
        ("stage!=prod", crash),
        ("stage", cfd),
        ("!stage", crash),
        ("stage,team!=aero", ""),
        ("team=aero,stage=prod", cfd),
        ("team!=aero,team!=crash", ""),
        ("other!=x", "environment/cfd\nenvironment/crash\n"),
    ] {
        let answer = desk.run(&["get", "-o", "name", "-l", selector]).succeeds();
        assert_eq!(answer, names, "{selector}");
    }
    let error = desk.run(&["pause", "-l", "team=none"]).fails(1);
    assert_eq!(error, "error: no environments match\n");
}

#[tokio::test]
async fn colours_are_for_those_who_see_them() {
    let desk = Desk::furnished().await;
    let colored = |variables: &[&str], args: &[&str]| {
        let mut command = desk.command(args);
        for variable in variables {
            command.env(variable, "1");
        }
        let output = command.output().unwrap();
        output.stdout.contains(&0x1b)
    };
    assert!(!colored(&[], &["get"]), "not on a terminal");
    assert!(colored(&["CLICOLOR_FORCE"], &["get"]));
    assert!(!colored(&["CLICOLOR_FORCE", "NO_COLOR"], &["get"]));
    assert!(!colored(&["CLICOLOR_FORCE"], &["get", "--no-color"]));
    assert!(!colored(
        &["CLICOLOR_FORCE"],
        &["--no-color", "get", "--help"]
    ));
}

#[tokio::test]
async fn get_prints_the_status() {
    let desk = Desk::furnished().await;
    let (store, lease) = desk.keeper().await;
    let mut record = desk.record("cfd", 1).await;
    record.conditions.push(ready(ConditionStatus::False));
    record.fleet_state = Some(Some("STARTING".to_owned()));
    store.record_pass(&lease, &record).await.unwrap();

    let table = desk.run(&["get", "cfd", "-o", "wide"]).succeeds();
    let fields: Vec<Vec<&str>> = table
        .lines()
        .map(|line| {
            line.split("   ")
                .map(str::trim)
                .filter(|field| !field.is_empty())
                .collect()
        })
        .collect();
    assert_eq!(
        fields[0],
        [
            "NAME",
            "REGION",
            "READY",
            "REASON",
            "GENERATION",
            "FLEET",
            "DRIFT",
            "VERIFIED",
            "AGE",
            "OBSERVED",
            "ACCOUNT",
            "MESSAGE"
        ]
    );
    assert_eq!(
        fields[1][..7],
        [
            "cfd",
            "eu-west-1",
            "False",
            "InProgress",
            "1",
            "STARTING",
            "0"
        ]
    );
    assert_eq!(fields[1][9..], ["1", "<none>", "the fleet is starting"]);
}

#[tokio::test]
async fn describe_tells_the_whole_story() {
    let desk = Desk::furnished().await;
    let (store, lease) = desk.keeper().await;
    let mut record = desk.record("cfd", 1).await;
    record.conditions.push(ready(ConditionStatus::False));
    record.plan = Some(vec![step()]);
    record.drift_opened.push(OpenDrift {
        object: "fleet/cfd".to_owned(),
        path: "fleet.maxUserDurationInSeconds".to_owned(),
        desired: 345_600.into(),
        observed: 600.into(),
    });
    record.events.push(Event {
        event_type: EventType::Warning,
        reason: EventReason::DriftDetected,
        object: "fleet/cfd".to_owned(),
        message: "somebody was here".to_owned(),
        details: serde_json::Value::Null,
    });
    record.managed_set.push((
        "fleet.instanceType".to_owned(),
        "stream.standard.medium".into(),
    ));
    store.record_pass(&lease, &record).await.unwrap();

    let text = desk.run(&["describe", "cfd"]).succeeds();
    for part in [
        "Name:             cfd\n",
        "Labels:           stage=prod\n                  team=aero\n",
        "  Ready   False    InProgress",
        "  1      StartFleet   fleet/cfd   <none>",
        "  fleet/cfd   fleet.maxUserDurationInSeconds   345600    600",
        "Warning   DriftDetected   fleet/cfd   somebody was here\n",
        "Managed fields:\n  fleet.instanceType\n",
        "Spec:\n  fleet:\n    computeCapacity:\n      desiredInstances: 2\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    let both = desk.run(&["describe", "--all"]).succeeds();
    assert_eq!(both.matches("Name:             ").count(), 2, "{both}");
}

#[tokio::test]
async fn the_plan_ends_with_3_while_there_is_anything_to_do() {
    let desk = Desk::furnished().await;
    let answer = desk.run(&["plan", "cfd", "--exit-code"]);
    assert_eq!(
        answer.stderr,
        "environment/cfd: generation 1 has not been planned yet\n"
    );
    assert_eq!(answer.code, Some(3));

    let (store, lease) = desk.keeper().await;
    let mut record = desk.record("cfd", 1).await;
    record.conditions.push(ready(ConditionStatus::False));
    record.plan = Some(vec![step()]);
    store.record_pass(&lease, &record).await.unwrap();
    let answer = desk.run(&["plan", "cfd", "--exit-code"]);
    assert!(answer.stdout.contains("StartFleet"), "{}", answer.stdout);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(3), ""));
    assert!(desk.run(&["plan", "cfd"]).succeeds().contains("StartFleet"));
    let json = desk.run(&["plan", "cfd", "-o", "json"]).succeeds();
    let plans: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(plans[0]["steps"][0]["action"], "StartFleet");

    record.plan = Some(Vec::new());
    store.record_pass(&lease, &record).await.unwrap();
    let answer = desk.run(&["plan", "cfd", "--exit-code"]).succeeds();
    assert_eq!(answer, "environment/cfd: nothing to do\n");
}

#[test]
fn the_schema_is_json_and_needs_no_database() {
    for args in [&["schema"][..], &["schema", "--document"]] {
        let answer = super::Answer::of(super::bare_command(args).output().unwrap()).succeeds();
        let schema: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert!(schema["properties"].is_object(), "{args:?}");
    }
}
