//! Files in, rows, documents out.

use super::{CFD, CRASH, Desk};

#[tokio::test]
async fn what_is_applied_comes_back_as_documents_that_can_be_applied() {
    let desk = Desk::create().await;
    let both = format!("{CFD}---\n{CRASH}");
    assert_eq!(
        desk.apply(&both).succeeds(),
        "environment/cfd created\nenvironment/crash created\n"
    );
    let unchanged = "environment/cfd unchanged\nenvironment/crash unchanged\n";
    assert_eq!(desk.apply(&both).succeeds(), unchanged);

    let yaml = desk.run(&["get", "-o", "yaml"]).succeeds();
    assert_eq!(desk.apply(&yaml).succeeds(), unchanged);
    let json = desk.run(&["get", "-o", "json"]).succeeds();
    assert_eq!(desk.apply(&json).succeeds(), unchanged);
    let one = desk.run(&["get", "cfd", "-o", "json"]).succeeds();
    assert_eq!(desk.apply(&one).succeeds(), "environment/cfd unchanged\n");

    let changed = CFD.replace("desiredInstances: 2", "desiredInstances: 4");
    assert_eq!(
        desk.apply(&changed).succeeds(),
        "environment/cfd configured\n"
    );
    assert_eq!(
        desk.count("FROM streamkeeper.environments WHERE name = 'cfd' AND generation = 2")
            .await,
        1
    );
}

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
async fn documents_reach_another_database_unharmed() {
    let (desk, other) = (Desk::furnished().await, Desk::create().await);
    desk.execute(
        "UPDATE streamkeeper.environments
         SET paused = true, deletion_policy = 'retain', labels = '{\"year\": \"2026\", \"on\": \"yes\"}'
         WHERE name = 'cfd'",
    )
    .await;
    let yaml = desk.run(&["get", "-o", "yaml"]).succeeds();
    other.apply(&yaml).succeeds();
    assert_eq!(rows(&other).await, rows(&desk).await);
    assert_eq!(rows(&other).await.len(), 2);
}

#[tokio::test]
async fn a_document_for_programs_has_the_spec_and_the_status() {
    let desk = Desk::furnished().await;
    let json = desk.run(&["get", "cfd", "-o", "json"]).succeeds();
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["apiVersion"], "streamkeeper.dev/v1");
    assert_eq!(document["kind"], "Environment");
    assert_eq!(document["metadata"]["labels"]["team"], "aero");
    assert_eq!(document["metadata"]["generation"], 1);
    assert_eq!(document["mode"], "enforce");
    assert_eq!(
        document["spec"]["fleet"]["maxUserDurationInSeconds"],
        345_600
    );
    assert_eq!(
        document["spec"]["fleet"]["description"],
        serde_json::Value::Null
    );
    assert_eq!(document["status"]["ready"], "Unknown");
    let list = desk.run(&["get", "-o", "json"]).succeeds();
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["kind"], "EnvironmentList");
    assert_eq!(list["items"][1]["metadata"]["name"], "crash");
}

#[tokio::test]
async fn files_and_folders_are_read_in_their_order() {
    let desk = Desk::create().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("b.yml"), CFD).unwrap();
    std::fs::write(path("a.yaml"), CRASH).unwrap();
    std::fs::write(path("notes.txt"), "not ours").unwrap();
    let name = folder.path().to_str().unwrap();
    assert_eq!(
        desk.run(&["apply", "-f", name, "-o", "name"]).succeeds(),
        "environment/crash\nenvironment/cfd\n"
    );
    let file = path("b.yml");
    let file = file.to_str().unwrap();
    let error = desk.run(&["apply", "-f", file, "-f", file]).fails(1);
    assert!(
        error.contains("b.yml: document 1: metadata.name: environment \"cfd\" stands in"),
        "{error}"
    );
    let error = desk
        .run(&["apply", "-f", path("c.yaml").to_str().unwrap()])
        .fails(1);
    assert!(error.starts_with("error: failed to read "), "{error}");
    let answer = desk.run(&["delete", "-f", name]).succeeds();
    assert_eq!(
        answer,
        "environment/cfd deletion requested\nenvironment/crash deletion requested\n"
    );
}

#[tokio::test]
async fn what_a_file_leaves_out_stays_as_it_is() {
    let desk = Desk::furnished().await;
    assert_eq!(
        desk.run(&["pause", "cfd", "crash"]).succeeds(),
        "environment/cfd paused\nenvironment/crash paused\n"
    );
    let crash = CRASH
        .replace("mode: observe", "")
        .replace(", labels: {team: crash}", "");
    assert_eq!(
        desk.apply(&crash).succeeds(),
        "environment/crash unchanged\n"
    );
    assert_eq!(desk.run(&["resume", "--all"]).succeeds().lines().count(), 2);
    assert_eq!(
        desk.count("FROM streamkeeper.environments WHERE paused")
            .await,
        0
    );
    assert_eq!(
        desk.count("FROM streamkeeper.environments WHERE mode = 'observe'")
            .await,
        1
    );
}
