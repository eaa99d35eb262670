use std::collections::BTreeMap;

use streamkeeper_core::condition::ConditionStatus::False;
use streamkeeper_state::StatusFilter;

use super::{World, ready, record};

/// The columns users rely on, as they are documented.
const STABLE_COLUMNS: [(&str, &str); 7] = [
    (
        "status",
        "name, region, account_id, ready, reason, message, generation, observed_generation, \
         fleet_state, drift_count, last_verified_at, associations_verified_at, age",
    ),
    (
        "conditions",
        "environment, type, status, reason, message, observed_generation, last_transition_at",
    ),
    (
        "events",
        "id, environment, uid, type, reason, object, message, count, first_seen_at, \
         last_seen_at, generation, details, change_id",
    ),
    (
        "drift",
        "id, environment, uid, object, path, desired, observed, first_seen_at, last_seen_at, \
         resolved_at, resolution, actor",
    ),
    (
        "revisions",
        "id, environment, uid, generation, spec, changed_by, changed_at",
    ),
    (
        "cluster_configs",
        "environment, cluster, bucket, access, config",
    ),
    (
        "clusters",
        "environment, region, account_id, name, status, version, \"user\", seen_at",
    ),
];

#[tokio::test]
async fn every_documented_column_is_there() {
    let world = World::create().await;
    for (table, columns) in STABLE_COLUMNS {
        world
            .execute(&format!("SELECT {columns} FROM streamkeeper.{table}"))
            .await;
    }
    world
        .execute(
            "SELECT account_id, region, holder, epoch, last_sweep_at, calls, calls_total
             FROM streamkeeper.scopes",
        )
        .await;
    world.insert("cfd").await;
    world
        .execute(
            "SELECT \"position\", action, object, reason, waiting_for, since, disruptive
             FROM streamkeeper.plan('cfd')",
        )
        .await;
}

#[tokio::test]
async fn everything_is_commented() {
    let world = World::create().await;
    let silent = world
        .text(
            "SELECT string_agg(name, ', ' ORDER BY name)
             FROM (
                 SELECT c.relname || coalesce('.' || a.attname, '') AS name
                 FROM pg_class AS c
                 CROSS JOIN LATERAL (
                     SELECT NULL AS attname, 0 AS attnum
                     UNION ALL
                     SELECT attname, attnum
                     FROM pg_attribute
                     WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
                 ) AS a
                 WHERE c.relnamespace = 'streamkeeper'::regnamespace
                   AND c.relkind IN ('r', 'v')
                   AND c.relname <> '_sqlx_migrations'
                   AND col_description(c.oid, a.attnum) IS NULL
                   AND (a.attnum > 0 OR obj_description(c.oid, 'pg_class') IS NULL)
                 UNION ALL
                 SELECT p.oid::regprocedure::text
                 FROM pg_proc AS p
                 WHERE p.pronamespace = 'streamkeeper'::regnamespace
                   AND obj_description(p.oid, 'pg_proc') IS NULL
             ) AS object",
        )
        .await;
    assert_eq!(silent, None);
}

#[tokio::test]
async fn status_is_unknown_until_somebody_looked() {
    let world = World::create().await;
    let uid = world.insert("cfd").await;
    let lease = world.lease().await;
    let before = world
        .store
        .status(&StatusFilter::default())
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (before.ready.as_str(), before.reason, before.message),
        ("Unknown", None, None)
    );
    assert_eq!((before.observed_generation, before.drift_count), (None, 0));

    let mut pass = record("cfd", uid);
    pass.conditions.push(ready(False, "the fleet is starting"));
    world.store.record_pass(&lease, &pass).await.unwrap();
    let after = world
        .store
        .status(&StatusFilter::default())
        .await
        .unwrap()
        .remove(0);
    assert_eq!(after.ready, "False");
    assert_eq!(after.reason.as_deref(), Some("InProgress"));
    assert_eq!(after.message.as_deref(), Some("the fleet is starting"));
    assert_eq!(after.observed_generation, Some(1));
    let details = world.store.environment("cfd").await.unwrap().unwrap();
    assert_eq!(details.status.ready, "False");
    assert_eq!(details.row.uid, uid);
}

#[tokio::test]
async fn status_selects_by_name_and_label() {
    let world = World::create().await;
    for name in ["b", "a", "C"] {
        world.insert(name).await;
    }
    world
        .execute("UPDATE streamkeeper.environments SET labels = '{\"team\": \"aero\"}' WHERE name <> 'a'")
        .await;
    let select = async |names: &[&str], labels: &[(&str, &str)]| {
        let filter = StatusFilter {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            labels: labels
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>(),
            ..StatusFilter::default()
        };
        let rows = world.store.status(&filter).await.unwrap();
        rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    assert_eq!(select(&[], &[]).await, ["C", "a", "b"]);
    assert_eq!(select(&["a", "b"], &[]).await, ["a", "b"]);
    assert_eq!(select(&[], &[("team", "aero")]).await, ["C", "b"]);
    assert_eq!(
        select(&["a"], &[("team", "aero")]).await,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn revisions_are_listed_newest_first() {
    let world = World::create().await;
    world.insert("cfd").await;
    world
        .execute("UPDATE streamkeeper.environments SET mode = 'observe'")
        .await;
    let generations: Vec<_> = world
        .store
        .revisions("cfd")
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.generation)
        .collect();
    assert_eq!(generations, [2, 1]);
}
