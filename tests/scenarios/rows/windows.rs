//! A window that no clock shows is refused where it was typed.

use serde_json::{Value, json};
use streamkeeper_tests::TestDatabase;

use super::small_spec;

fn window(change: (&str, Value)) -> Value {
    let mut window = json!({
        "days": ["SATURDAY"], "start": "22:00", "end": "04:00", "timeZone": "Europe/Berlin"
    });
    window[change.0] = change.1;
    window
}

async fn faults(database: &TestDatabase, window: &Value) -> Vec<String> {
    let mut spec = small_spec();
    spec["fleet"]["disruption"] = json!({"window": window});
    sqlx::query_scalar("SELECT unnest(streamkeeper.spec_faults($1))")
        .bind(spec)
        .fetch_all(&database.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_is_no_time_no_day_and_no_zone_is_refused() {
    let database = TestDatabase::create().await;
    let clock = r#"does not match ^([01][0-9]|2[0-3]):[0-5][0-9]$"#;
    for (change, fault) in [
        (("start", json!("24:00")), format!(r#"start: "24:00" {clock}"#)),
        (("end", json!("4:00")), format!(r#"end: "4:00" {clock}"#)),
        (
            ("days", json!([])),
            "days: must not be empty".to_owned(),
        ),
        (
            ("days", json!(["Saturday"])),
            r#"days[0]: "Saturday" is not one of "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY""#.to_owned(),
        ),
    ] {
        assert_eq!(
            faults(&database, &window(change)).await,
            [format!("spec.fleet.disruption.window.{fault}")]
        );
    }
    let right = window(("timeZone", json!("Asia/Kathmandu")));
    assert_eq!(faults(&database, &right).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_zone_that_nobody_knows_is_refused_without_six_hundred_names() {
    let database = TestDatabase::create().await;
    let faults = faults(&database, &window(("timeZone", json!("Europe/Berln")))).await;
    let [fault] = &faults[..] else {
        panic!("{faults:?}")
    };
    let path = r#"spec.fleet.disruption.window.timeZone: "Europe/Berln" is not one of "#;
    assert!(fault.starts_with(path), "{fault}");
    assert!(fault.ends_with(" more") && fault.len() < 800, "{fault}");
}
