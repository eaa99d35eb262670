//! What an import has to know of rows, and how it makes them.

use serde_json::json;
use streamkeeper_state::Declaration;

use super::World;

const ACCOUNT: &str = "111122223333";

async fn insert(world: &World, name: &str, region: &str, account: Option<&str>, spec: &str) {
    let account = account.map_or("NULL".to_owned(), |account| format!("'{account}'"));
    world
        .execute(&format!(
            "INSERT INTO streamkeeper.environments (name, region, account_id, spec)
             VALUES ('{name}', '{region}', {account}, '{spec}')"
        ))
        .await;
}

/// The rows that are here, and whatever they declare.
async fn here(world: &World) -> Vec<String> {
    let rows = world
        .store
        .existing_rows("eu-west-1", ACCOUNT)
        .await
        .unwrap();
    rows.iter()
        .filter(|row| row.is_here)
        .map(|row| {
            let part = |name: &Option<String>| name.clone().unwrap_or_else(|| "-".to_owned());
            format!("{} {} {}", row.name, part(&row.fleet), part(&row.stack))
        })
        .collect()
}

#[tokio::test]
async fn rows_are_here_by_region_and_by_the_account_they_resolve_to() {
    let world = World::create().await;
    let fleet = r#"{"image": {"name": "i"}, "fleet": {"instanceType": "stream.standard.medium", "name": "f"}}"#;
    insert(
        &world,
        "abroad",
        "eu-north-1",
        Some(ACCOUNT),
        r#"{"stack": {}}"#,
    )
    .await;
    insert(
        &world,
        "others",
        "eu-west-1",
        Some("999999999999"),
        r#"{"stack": {}}"#,
    )
    .await;
    insert(&world, "ours", "eu-west-1", Some(ACCOUNT), fleet).await;
    insert(
        &world,
        "own",
        "eu-west-1",
        None,
        r#"{"stack": {"name": "s"}}"#,
    )
    .await;
    insert(
        &world,
        "user",
        "eu-west-1",
        None,
        r#"{"fleetRef": "ours", "stack": {}}"#,
    )
    .await;
    // The daemon's own account may be this one until a daemon has met it.
    let all = ["ours f -", "own - s", "user - user"];
    assert_eq!(here(&world).await, all);
    world.store.ensure_scopes().await.unwrap();
    assert_eq!(here(&world).await, all);
    world
        .execute(
            "UPDATE streamkeeper.scope_fences SET pinned_account = '111122223333'
             WHERE account_id IS NULL",
        )
        .await;
    assert_eq!(here(&world).await, all);
    world
        .execute(
            "UPDATE streamkeeper.scope_fences SET pinned_account = '999999999999'
             WHERE account_id IS NULL",
        )
        .await;
    assert_eq!(here(&world).await, ["ours f -"]);
    let rows = world
        .store
        .existing_rows("eu-west-1", ACCOUNT)
        .await
        .unwrap();
    assert_eq!(rows.len(), 5, "names are taken wherever they are");
}

#[tokio::test]
async fn a_row_that_lives_elsewhere_is_found_there() {
    let world = World::create().await;
    world.insert("cfd").await;
    let scope = world.scope().await;
    insert(&world, "abroad", "eu-north-1", None, r#"{"stack": {}}"#).await;
    insert(
        &world,
        "others",
        "eu-west-1",
        Some(ACCOUNT),
        r#"{"stack": {}}"#,
    )
    .await;
    world.store.ensure_scopes().await.unwrap();
    let names = ["cfd", "abroad", "others", "nobody"].map(str::to_owned);
    let found = world.store.find_scopes(scope, &names).await.unwrap();
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(name, scope)| (name.as_str(), scope.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("abroad", "eu-north-1"),
            ("others", "111122223333/eu-west-1")
        ]
    );
}

fn declaration(name: &str) -> Declaration {
    Declaration {
        name: name.to_owned(),
        region: "eu-west-1".to_owned(),
        account_id: None,
        spec: json!({"stack": {}}),
        labels: None,
        mode: Some("observe".to_owned()),
        paused: None,
        deletion_policy: None,
    }
}

#[tokio::test]
async fn rows_are_inserted_all_at_once_or_not_at_all() {
    let world = World::create().await;
    world.insert("cfd").await;
    let before = world.row_versions().await;
    let rows = ["aero", "cfd", "wing"].map(declaration);
    let error = world.store.insert_rows(&rows).await.unwrap_err();
    assert!(error.to_string().contains("environment \"cfd\""), "{error}");
    assert_eq!(world.row_versions().await, before);
    let rows = ["wing", "aero"].map(declaration);
    world.store.insert_rows(&rows).await.unwrap();
    let observed = "FROM streamkeeper.environments WHERE mode = 'observe'";
    assert_eq!(world.count(observed).await, 2);
}

#[tokio::test]
async fn specs_are_judged_each_in_its_place() {
    let world = World::create().await;
    let specs = [json!({"stack": {}}), json!({"stock": {}}), json!([])];
    let faults = world.store.spec_faults(&specs).await.unwrap();
    assert_eq!(faults.len(), 3);
    assert!(faults[0].is_empty(), "{faults:?}");
    assert!(
        faults[1].iter().any(|fault| fault.contains("stock")),
        "{faults:?}"
    );
    assert_eq!(faults[2], ["spec: expected an object, not a list"]);
    assert_eq!(world.store.spec_faults(&[]).await.unwrap().len(), 0);
}
