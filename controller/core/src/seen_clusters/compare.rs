//! Compares the clusters that a look saw with those that are stored: what to write, what to tell.
//!
//! # Invariants
//!
//! - A list proves presence. What it does not contain is gone when AWS says so of its very ARN, or
//!   when the list has a namesake with another ARN, because two stacks never share a name.
//! - Nothing is told twice: what is stored is written with the events about it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::SeenCluster;
use super::access::AccessCheck;
use super::judge::Granted;
use crate::event::{Event, EventReason, EventType};
use crate::observed::Observed;

/// Most clusters that are asked for by ARN in one look. Each costs a call; the next look goes on
/// with the rest.
const ASKED_AT_ONCE: usize = 20;

/// A cluster as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCluster {
    /// What was last seen of it.
    pub cluster: SeenCluster,
    /// Whether the last look did not see it, and it is not known to be gone.
    pub is_lost: bool,
    /// What its template grants, if it was read.
    pub granted: Option<Granted>,
    /// What came of comparing that with the row.
    pub check: Option<AccessCheck>,
}

impl StoredCluster {
    /// A cluster of which nothing but the list is known.
    #[must_use]
    pub const fn new(cluster: SeenCluster) -> Self {
        Self {
            cluster,
            is_lost: false,
            granted: None,
            check: None,
        }
    }
}

/// What a look changes in the store, and what it tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClusterChanges {
    /// Clusters that are new or differ from what is stored.
    pub written: Vec<StoredCluster>,
    /// ARNs of clusters that are gone.
    pub removed: Vec<String>,
    /// What happened, and to whose cluster.
    pub events: Vec<(String, Uuid, Event)>,
}

impl ClusterChanges {
    /// Whether there is nothing to record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty() && self.events.is_empty()
    }
}

/// The ARNs of stored clusters that a list does not tell about, to be asked for one by one.
#[must_use]
pub fn unlisted(stored: &[StoredCluster], listed: &[SeenCluster]) -> BTreeSet<String> {
    let names: BTreeSet<&str> = listed.iter().map(|cluster| cluster.name.as_str()).collect();
    stored
        .iter()
        .filter(|known| !names.contains(known.cluster.name.as_str()))
        .map(|known| known.cluster.arn.clone())
        .take(ASKED_AT_ONCE)
        .collect()
}

/// What a whole list and answers about single ARNs change. `environments` are the rows of the
/// scope: a cluster whose tag names none of them is nobody's here, and nothing is told about it.
#[must_use]
pub fn compare(
    stored: &[StoredCluster],
    listed: &[SeenCluster],
    asked: &BTreeMap<String, Observed<SeenCluster>>,
    environments: &BTreeMap<&str, Uuid>,
) -> ClusterChanges {
    let mut story = Story {
        changes: ClusterChanges::default(),
        environments,
    };
    let known: BTreeMap<&str, &StoredCluster> = stored
        .iter()
        .map(|known| (known.cluster.name.as_str(), known))
        .collect();
    let mut seen: BTreeMap<&str, &SeenCluster> = BTreeMap::new();
    for known in stored {
        if let Some(Observed::Present(cluster)) = asked.get(&known.cluster.arn) {
            seen.insert(&cluster.name, cluster);
        }
    }
    // A list is newer than nothing, and an answer about an ARN is only asked for without one.
    seen.extend(
        listed
            .iter()
            .map(|cluster| (cluster.name.as_str(), cluster)),
    );
    for known in stored {
        if seen.contains_key(known.cluster.name.as_str()) {
            continue;
        }
        match asked.get(&known.cluster.arn) {
            Some(Observed::Absent) => story.gone(&known.cluster),
            Some(Observed::Present(_) | Observed::Unknown(_)) | None => story.lost(known),
        }
    }
    for (name, cluster) in seen {
        story.there(known.get(name).copied(), cluster);
    }
    story.changes
}

struct Story<'a> {
    changes: ClusterChanges,
    environments: &'a BTreeMap<&'a str, Uuid>,
}

impl Story<'_> {
    fn there(&mut self, known: Option<&StoredCluster>, cluster: &SeenCluster) {
        let before = known.map(|known| &known.cluster);
        let same = before.filter(|before| before.arn == cluster.arn);
        if let (Some(before), None) = (before, same) {
            self.gone(before);
        }
        match same {
            Some(before) if before.environment == cluster.environment => {
                if before.status != cluster.status {
                    self.moved(&before.status, cluster);
                }
            }
            Some(_) | None => self.seen(cluster),
        }
        if same != Some(cluster) || known.is_some_and(|known| known.is_lost) {
            // What was read of a namesake's template is nothing about this one.
            let kept = same.and(known).cloned();
            let mut written = kept.unwrap_or_else(|| StoredCluster::new(cluster.clone()));
            cluster.clone_into(&mut written.cluster);
            written.is_lost = false;
            self.changes.written.push(written);
        }
    }

    fn seen(&mut self, cluster: &SeenCluster) {
        let SeenCluster {
            name,
            status,
            version,
            user,
            ..
        } = cluster;
        let whose = user
            .as_deref()
            .map_or_else(String::new, |user| format!(" of {user}"));
        let message =
            format!("cluster {name}{whose} is there: {status}, ParallelCluster {version}");
        self.tell(cluster, EventReason::ClusterSeen, kind_of(status), message);
    }

    fn moved(&mut self, before: &str, cluster: &SeenCluster) {
        let SeenCluster { name, status, .. } = cluster;
        let message = format!("cluster {name}: {before} → {status}");
        let kind = kind_of(status);
        self.tell(cluster, EventReason::ClusterStatusChanged, kind, message);
    }

    fn gone(&mut self, cluster: &SeenCluster) {
        let message = format!(
            "cluster {} is gone; somebody deleted it, Streamkeeper never does",
            cluster.name
        );
        self.changes.removed.push(cluster.arn.clone());
        self.tell(
            cluster,
            EventReason::ClusterGone,
            EventType::Normal,
            message,
        );
    }

    fn lost(&mut self, known: &StoredCluster) {
        if !known.is_lost {
            self.changes.written.push(StoredCluster {
                is_lost: true,
                ..known.clone()
            });
        }
    }

    fn tell(
        &mut self,
        cluster: &SeenCluster,
        reason: EventReason,
        event_type: EventType,
        message: String,
    ) {
        let Some(environment) = &cluster.environment else {
            return;
        };
        let Some(uid) = self.environments.get(environment.as_str()) else {
            return;
        };
        let details: Value = json!({"arn": cluster.arn, "user": cluster.user});
        let event = Event {
            event_type,
            reason,
            object: format!("cluster/{}", cluster.name),
            message,
            details,
        };
        self.changes.events.push((environment.clone(), *uid, event));
    }
}

fn kind_of(status: &str) -> EventType {
    if status.ends_with("FAILED") {
        EventType::Warning
    } else {
        EventType::Normal
    }
}

#[cfg(test)]
mod tests;
