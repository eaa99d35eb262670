//! `diff` says what `apply` would do, and does nothing.

use super::{Answer, CFD, CRASH, Desk};

/// What `diff` says of documents on stdin.
fn diff(desk: &Desk, documents: &str, more: &[&str]) -> Answer {
    desk.pipe(&[&["diff", "-f", "-"], more].concat(), documents)
}

/// Everything that a row and its history hold.
async fn everything(desk: &Desk) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT environments::text FROM streamkeeper.environments
         UNION ALL SELECT revisions::text FROM streamkeeper.revisions
         UNION ALL SELECT events::text FROM streamkeeper.events
         ORDER BY 1",
    )
    .fetch_all(&desk.database.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn what_is_as_the_files_say_differs_in_nothing() {
    let desk = Desk::furnished().await;
    let both = format!("{CFD}---\n{CRASH}");
    assert_eq!(diff(&desk, &both, &[]).succeeds(), "");
    assert_eq!(diff(&desk, &both, &["-o", "name"]).succeeds(), "");
    // What a file leaves out stays as it is.
    let brief = CRASH.replace("mode: observe", "");
    assert_eq!(diff(&desk, &brief, &[]).succeeds(), "");
}

#[tokio::test]
async fn a_change_is_shown_line_by_line_and_not_made() {
    let desk = Desk::furnished().await;
    let before = everything(&desk).await;
    let changed = CFD
        .replace("desiredInstances: 2", "desiredInstances: 4")
        .replace("description: null", "description: Für alle")
        .replace("stage: prod", "stage: test")
        .replace("region:", "mode: observe\nregion:");
    let answer = diff(&desk, &format!("{CRASH}---\n{changed}"), &[]);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(3), ""));
    assert_eq!(
        answer.stdout,
        "--- environment/cfd\n\
         +++ environment/cfd (stdin: document 2)\n\
         @@ -3,17 +3,17 @@\n \
          metadata:\n   \
            name: cfd\n   \
            labels:\n\
         -    stage: prod\n\
         +    stage: test\n     \
              team: aero\n \
          region: eu-west-1\n\
         -mode: enforce\n\
         +mode: observe\n \
          paused: false\n \
          deletionPolicy: delete\n \
          spec:\n   \
            fleet:\n     \
              computeCapacity:\n\
         -      desiredInstances: 2\n\
         -    description: null\n\
         +      desiredInstances: 4\n\
         +    description: Für alle\n     \
              displayName: \"no\"\n     \
              instanceType: stream.standard.medium\n     \
              maxUserDurationInSeconds: 345600\n"
    );
    assert_eq!(everything(&desk).await, before, "a diff is no change");
    desk.apply(&changed).succeeds();
    assert_eq!(diff(&desk, &changed, &[]).succeeds(), "");
}

#[tokio::test]
async fn a_row_that_is_not_there_is_added_whole() {
    let desk = Desk::create().await;
    let answer = diff(&desk, CRASH, &[]);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(3), ""));
    let mut lines = answer.stdout.lines();
    assert_eq!(lines.next(), Some("--- /dev/null"));
    assert_eq!(
        lines.next(),
        Some("+++ environment/crash (stdin: document 1)")
    );
    assert_eq!(lines.next(), Some("@@ -0,0 +1,12 @@"));
    let rest: Vec<&str> = lines.collect();
    assert!(rest.iter().all(|line| line.starts_with('+')), "{rest:?}");
    assert!(rest.contains(&"+mode: observe") && rest.contains(&"+deletionPolicy: delete"));
    assert_eq!(desk.count("FROM streamkeeper.environments").await, 0);
}

#[tokio::test]
async fn what_apply_would_refuse_is_refused_in_the_same_words() {
    let desk = Desk::furnished().await;
    let before = everything(&desk).await;
    for bad in [
        CFD.replace("345600", "999999"),
        CFD.replace("eu-west-1", "eu-north-1"),
        CFD.replace("name: cfd", "name: -x"),
        CFD.replace("kind: Environment", "kind: Deployment"),
    ] {
        let documents = format!("{CRASH}---\n{bad}");
        let error = diff(&desk, &documents, &[]).fails(1);
        assert_eq!(desk.apply(&documents).fails(1), error);
        assert_eq!(everything(&desk).await, before);
    }
    desk.execute(
        "INSERT INTO streamkeeper.owned_objects (uid, object)
         SELECT uid, 'stack/crash' FROM streamkeeper.environments WHERE name = 'crash'",
    )
    .await;
    desk.run(&["delete", "crash"]).succeeds();
    let error = diff(&desk, CRASH, &[]).fails(1);
    assert!(
        error.contains("environment \"crash\" is being deleted"),
        "{error}"
    );
}

#[tokio::test]
async fn programs_read_each_row_before_and_after() {
    let desk = Desk::create().await;
    desk.apply(CRASH).succeeds();
    let changed = CRASH.replace("mode: observe", "paused: true");
    let documents = format!("{changed}---\n{CFD}");
    let answer = diff(&desk, &documents, &["-o", "json"]);
    assert_eq!(answer.code, Some(3));
    let compared: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(compared[0]["name"], "crash");
    assert_eq!(compared[0]["outcome"], "configured");
    assert_eq!(compared[0]["before"]["paused"], false);
    assert_eq!(compared[0]["after"]["paused"], true);
    assert_eq!(compared[1]["outcome"], "created");
    assert!(compared[1]["before"].is_null());
    assert_eq!(compared[1]["after"]["metadata"]["name"], "cfd");
    let names = diff(&desk, &documents, &["-o", "name"]);
    assert_eq!(names.stdout, "environment/crash\nenvironment/cfd\n");
}

#[tokio::test]
async fn a_refused_document_takes_back_those_before_it() {
    let desk = Desk::furnished().await;
    let before = everything(&desk).await;
    let good = CFD.replace("desiredInstances: 2", "desiredInstances: 4");
    let new = CRASH.replace("name: crash", "name: brand-new");
    // The last by name, in which order rows are written.
    let bad = CRASH.replace("spec: {stack: {}}", "spec: {stack: {colour: red}}");
    let error = desk.apply(&format!("{bad}---\n{good}---\n{new}")).fails(1);
    assert!(error.contains("environment \"crash\""), "{error}");
    assert_eq!(everything(&desk).await, before);
    desk.apply(&format!("{good}---\n{new}")).succeeds();
    assert_eq!(
        desk.count("FROM streamkeeper.environments WHERE generation = 2")
            .await,
        1
    );
}
