//! Compares two readers of the same spec: what PostgreSQL accepts, the daemon can parse.

use serde_json::{Value, json};
use streamkeeper_core::spec::Spec;
use streamkeeper_tests::TestDatabase;

/// Every key a spec may have: those of an Elastic fleet alone are in the second
/// one, and `fleetRef` excludes `fleet`.
const FULL_SPECS: [&str; 2] = [
    include_str!("../../../controller/core/src/spec/tests/full_spec.json"),
    include_str!("../../../controller/core/src/spec/tests/elastic_spec.json"),
];

/// JSON texts that go in everywhere: of each type, at the limits, and beyond what Rust can hold.
const VALUES: &[&str] = &[
    "null",
    "true",
    "0",
    "1",
    "-1",
    "60",
    "600",
    "1.0",
    "0.5",
    "1e2",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "1e400",
    "1e-400",
    r#""""#,
    r#""x""#,
    r#""RUNNING""#,
    r#""home""#,
    "[]",
    "[1]",
    r#"["x"]"#,
    "[{}]",
    "{}",
    r#"{"x": 1}"#,
    r#"{"x": null}"#,
    r#"{"AWS": "1"}"#,
];

fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match (value.as_object(), value.as_array()) {
        (Some(object), _) => object
            .iter()
            .map(|(key, child)| (key.clone(), child))
            .collect(),
        (None, Some(list)) => list
            .iter()
            .enumerate()
            .map(|(position, child)| (position.to_string(), child))
            .collect(),
        (None, None) => Vec::new(),
    };
    for (key, child) in children {
        let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        pointers(child, &pointer, found);
        found.push(pointer);
    }
}

/// The full specs with each value at each place, as text: some are no [`Value`].
fn altered_specs() -> Vec<String> {
    FULL_SPECS
        .iter()
        .flat_map(|full| altered(&serde_json::from_str(full).unwrap()))
        .collect()
}

fn altered(full: &Value) -> Vec<String> {
    let mut places = Vec::new();
    pointers(full, "", &mut places);
    let mut specs = Vec::new();
    for place in places {
        let mut spec = full.clone();
        *spec.pointer_mut(&place).unwrap() = json!("@@");
        let template = spec.to_string();
        specs.extend(
            VALUES
                .iter()
                .map(|value| template.replace(r#""@@""#, value)),
        );
    }
    let references = VALUES
        .iter()
        .map(|value| format!(r#"{{"fleetRef": {value}, "stack": {{}}}}"#));
    specs.extend(references);
    specs
}

#[tokio::test]
async fn the_daemon_parses_every_spec_that_postgresql_accepts() {
    let database = TestDatabase::create().await;
    let specs = altered_specs();
    let judged: Vec<(String, Vec<String>)> = sqlx::query_as(
        "SELECT spec::jsonb::text, streamkeeper.spec_faults(spec::jsonb)
         FROM unnest($1::text[]) WITH ORDINALITY AS altered (spec, position)
         ORDER BY position",
    )
    .bind(&specs)
    .fetch_all(&database.pool)
    .await
    .unwrap();
    assert_eq!(judged.len(), specs.len());
    let mut accepted = 0;
    for (spec, faults) in judged {
        if faults.is_empty() {
            accepted += 1;
            let parsed = serde_json::from_str::<Spec>(&spec);
            assert!(parsed.is_ok(), "{parsed:?}: {spec}");
        }
        for fault in faults {
            // A fault that cannot be worded would be null or lack its rule.
            assert!(
                fault.starts_with("spec") && fault.contains(": "),
                "{fault}: {spec}"
            );
        }
    }
    assert!(
        accepted > 50 && accepted < specs.len() / 2,
        "{accepted} of {}",
        specs.len()
    );
}
