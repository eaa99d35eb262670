use serde_json::json;
use streamkeeper_core::record::Resolution;

use super::{World, drift, record};

#[tokio::test]
async fn one_drift_is_open_for_each_object_and_path() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    for observed in [json!("STOPPED"), json!("STOPPING")] {
        let mut pass = record("cfd", uid);
        pass.drift_opened = vec![
            drift("fleet.state", observed),
            drift("fleet.description", json!(null)),
        ];
        world.store.record_pass(&lease, &pass).await.unwrap();
    }
    let open = world.store.drift("cfd", true).await.unwrap();
    assert_eq!(open.len(), 2);
    let state = open.iter().find(|row| row.path == "fleet.state").unwrap();
    assert_eq!(state.observed, json!("STOPPING"));
    assert!(state.last_seen_at > state.first_seen_at);
    let status = world.store.status(&Default::default()).await.unwrap();
    assert_eq!(status[0].drift_count, 2);
}

#[tokio::test]
async fn drift_that_ended_stays_and_may_open_again() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    for _ in 0..2 {
        let mut opens = record("cfd", uid);
        opens.drift_opened = vec![drift("fleet.state", json!("STOPPED"))];
        world.store.record_pass(&lease, &opens).await.unwrap();
        let mut closes = record("cfd", uid);
        let ended = (
            "fleet/cfd".to_owned(),
            "fleet.state".to_owned(),
            Resolution::Repaired,
        );
        closes.drift_closed = vec![ended];
        world.store.record_pass(&lease, &closes).await.unwrap();
    }
    assert_eq!(world.store.drift("cfd", true).await.unwrap(), []);
    let all = world.store.drift("cfd", false).await.unwrap();
    assert_eq!(all.len(), 2);
    for row in all {
        assert_eq!(row.resolution.as_deref(), Some("repaired"));
        assert!(row.resolved_at >= Some(row.first_seen_at));
    }
}
