//! Loads what there may be several of: one query each, for all environments at once.

use std::collections::BTreeMap;

use serde_json::Value;
use streamkeeper_core::cluster::StoredConfig;
use streamkeeper_core::condition::{Condition, ConditionStatus, ConditionType};
use streamkeeper_core::record::{OpenDrift, OpenIntent};
use uuid::Uuid;

use super::Snapshot;
use super::rows::read;
use crate::environments::{EnvironmentRow, StoredCondition};

/// Adds conditions, owned objects, open intents, debts, configurations of clusters and open drift.
pub(super) async fn load_details(
    snapshot: &mut Snapshot,
    environments: &mut [EnvironmentRow],
) -> Result<(), sqlx::Error> {
    let uids: Vec<Uuid> = environments.iter().map(|row| row.uid).collect();
    let index: BTreeMap<Uuid, usize> = uids
        .iter()
        .enumerate()
        .map(|(position, uid)| (*uid, position))
        .collect();
    let mut by_uid = ByUid {
        environments,
        index,
    };
    load_conditions(snapshot, &uids, &mut by_uid).await?;
    load_owned(snapshot, &uids, &mut by_uid).await?;
    load_open_intents(snapshot, &uids, &mut by_uid).await?;
    load_debts(snapshot, &uids, &mut by_uid).await?;
    load_cluster_configs(snapshot, &uids, &mut by_uid).await?;
    load_open_drift(snapshot, &uids, &mut by_uid).await
}

/// Finds an environment by its identity.
struct ByUid<'a> {
    environments: &'a mut [EnvironmentRow],
    index: BTreeMap<Uuid, usize>,
}

impl ByUid<'_> {
    fn get(&mut self, uid: Uuid) -> Option<&mut EnvironmentRow> {
        let position = *self.index.get(&uid)?;
        self.environments.get_mut(position)
    }
}

async fn load_conditions(
    snapshot: &mut Snapshot,
    uids: &[Uuid],
    by_uid: &mut ByUid<'_>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT uid, type, status, reason, message, observed_generation, last_transition_at
         FROM streamkeeper.conditions
         WHERE uid = ANY($1)",
        uids
    )
    .fetch_all(&mut **snapshot)
    .await?;
    for row in rows {
        // A type or a status of a newer version decides nothing here and is not ours to change.
        let Some(condition_type) = parse_condition_type(&row.r#type) else {
            continue;
        };
        let Some(status) = parse_condition_status(&row.status) else {
            continue;
        };
        if let Some(environment) = by_uid.get(row.uid) {
            environment.conditions.push(StoredCondition {
                condition: Condition {
                    condition_type,
                    status,
                    reason: row.reason,
                    message: row.message,
                },
                observed_generation: row.observed_generation,
                last_transition_at: row.last_transition_at,
            });
        }
    }
    for environment in by_uid.environments.iter_mut() {
        environment
            .conditions
            .sort_by_key(|stored| stored.condition.condition_type);
    }
    Ok(())
}

async fn load_owned(
    snapshot: &mut Snapshot,
    uids: &[Uuid],
    by_uid: &mut ByUid<'_>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT uid, object
         FROM streamkeeper.owned_objects
         WHERE uid = ANY($1)",
        uids
    )
    .fetch_all(&mut **snapshot)
    .await?;
    for row in rows {
        if let Some(environment) = by_uid.get(row.uid) {
            environment.owned.insert(row.object);
        }
    }
    Ok(())
}

async fn load_open_intents(
    snapshot: &mut Snapshot,
    uids: &[Uuid],
    by_uid: &mut ByUid<'_>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT id, uid, action::text AS "action!", created_at
           FROM streamkeeper.intents
           WHERE uid = ANY($1)
             AND settled_at IS NULL
           ORDER BY id"#,
        uids
    )
    .fetch_all(&mut **snapshot)
    .await?;
    for row in rows {
        let Some(environment) = by_uid.get(row.uid) else {
            continue;
        };
        let column = format!("the action of intent {}", row.id);
        if let Some(action) = read(&row.action, &column, &mut environment.faults) {
            environment.open_intents.push(OpenIntent {
                id: row.id,
                action,
                created_at: row.created_at,
            });
        }
    }
    Ok(())
}

async fn load_debts(
    snapshot: &mut Snapshot,
    uids: &[Uuid],
    by_uid: &mut ByUid<'_>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT uid, fleet
         FROM streamkeeper.debts
         WHERE uid = ANY($1)",
        uids
    )
    .fetch_all(&mut **snapshot)
    .await?;
    for row in rows {
        if let Some(environment) = by_uid.get(row.uid) {
            environment.debts.insert(row.fleet);
        }
    }
    Ok(())
}

/// What is needed to tell whether they change: not the configurations themselves.
async fn load_cluster_configs(
    snapshot: &mut Snapshot,
    uids: &[Uuid],
    by_uid: &mut ByUid<'_>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT environments.uid, configs.cluster, configs.digest, configs.kms_key
           FROM streamkeeper.cluster_configs AS configs
           JOIN streamkeeper.environments
               ON environments.name = configs.environment
           WHERE environments.uid = ANY($1)"#,
        uids
    )
    .fetch_all(&mut **snapshot)
    .await?;
    for row in rows {
        if let Some(environment) = by_uid.get(row.uid) {
            let stored = StoredConfig {
                digest: row.digest,
                kms_key: row.kms_key,
            };
            environment.cluster_configs.insert(row.cluster, stored);
        }
    }
    Ok(())
}

async fn load_open_drift(
    snapshot: &mut Snapshot,
    uids: &[Uuid],
    by_uid: &mut ByUid<'_>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT uid, object, path, desired::text AS "desired!", observed::text AS "observed!"
           FROM streamkeeper.drift
           WHERE uid = ANY($1)
             AND resolved_at IS NULL
           ORDER BY object, path"#,
        uids
    )
    .fetch_all(&mut **snapshot)
    .await?;
    for row in rows {
        if let Some(environment) = by_uid.get(row.uid) {
            // A value that cannot be read differs from whatever is observed, and is written anew.
            environment.open_drift.push(OpenDrift {
                object: row.object,
                path: row.path,
                desired: serde_json::from_str(&row.desired).unwrap_or(Value::Null),
                observed: serde_json::from_str(&row.observed).unwrap_or(Value::Null),
            });
        }
    }
    Ok(())
}

fn parse_condition_type(name: &str) -> Option<ConditionType> {
    ConditionType::ALL
        .into_iter()
        .find(|condition_type| condition_type.as_str() == name)
}

fn parse_condition_status(name: &str) -> Option<ConditionStatus> {
    [
        ConditionStatus::True,
        ConditionStatus::False,
        ConditionStatus::Unknown,
    ]
    .into_iter()
    .find(|status| status.as_str() == name)
}
