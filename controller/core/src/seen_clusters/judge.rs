//! Judges whether the clusters that a row names reach the shared bucket as it says.
//!
//! A template is read when a cluster is new or its stack was changed, and what it grants is kept: a
//! row that changes is judged anew without another call.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::access::{AccessCheck, Reach, Verdict, check, reach};
use super::{ClusterChanges, SeenCluster, StoredCluster};
use crate::event::{Event, EventReason, EventType};
use crate::observed::Observed;
use crate::spec::ClusterSpec;

/// Most templates that are read in one look: each is a call, and up to a megabyte.
const READ_AT_ONCE: usize = 10;

/// What was read from a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The state of the stack that it was read in: another state, another reading.
    pub of: String,
    /// What it grants, or why it does not tell.
    pub reach: Result<Reach, String>,
}

/// What the rows of a scope ask of clusters.
#[derive(Debug, Clone, Default)]
pub struct Asked<'a> {
    /// The clusters of each environment that names any.
    pub specs: BTreeMap<&'a str, (Uuid, &'a [ClusterSpec])>,
    /// What the home bucket's name begins with.
    pub home: String,
}

impl Asked<'_> {
    fn spec_of(&self, cluster: &SeenCluster) -> Option<(Uuid, &ClusterSpec)> {
        let (uid, specs) = self.specs.get(cluster.environment.as_deref()?)?;
        let spec = specs.iter().find(|spec| spec.name == cluster.name)?;
        Some((*uid, spec))
    }
}

/// What of a cluster changes with its template. An update that is rolled back ends with the old
/// template, at a time that CloudFormation does not tell: the status tells.
#[must_use]
pub fn state_of(cluster: &SeenCluster) -> String {
    let changed = cluster.changed_at.map(|at| at.timestamp_millis());
    format!(
        "{} {} {}",
        cluster.arn,
        changed.unwrap_or_default(),
        cluster.status
    )
}

/// The ARNs of clusters whose template has to be read.
#[must_use]
pub fn unread(
    stored: &[StoredCluster],
    listed: &[SeenCluster],
    asked: &Asked<'_>,
) -> BTreeSet<String> {
    listed
        .iter()
        .filter(|cluster| asked.spec_of(cluster).is_some())
        // What is under way is not what will be.
        .filter(|cluster| !cluster.status.ends_with("IN_PROGRESS"))
        .filter(|cluster| {
            let state = state_of(cluster);
            let mut read = stored.iter().filter_map(|known| known.granted.as_ref());
            !read.any(|granted| granted.of == state)
        })
        .map(|cluster| cluster.arn.clone())
        .take(READ_AT_ONCE)
        .collect()
}

/// Adds to what a look changes what it tells about access.
pub fn judge(
    stored: &[StoredCluster],
    listed: &[SeenCluster],
    templates: &BTreeMap<String, Observed<String>>,
    asked: &Asked<'_>,
    changes: &mut ClusterChanges,
) {
    for cluster in listed {
        let known = stored.iter().find(|known| known.cluster.arn == cluster.arn);
        let before = known.and_then(|known| known.granted.clone());
        let granted = match templates.get(&cluster.arn) {
            Some(Observed::Present(text)) => Some(Granted {
                of: state_of(cluster),
                reach: reach(text),
            }),
            // Not read: the next look asks again.
            Some(Observed::Absent | Observed::Unknown(_)) | None => before.clone(),
        };
        let spec = asked.spec_of(cluster);
        let earlier = known.and_then(|known| known.check.as_ref());
        let unknown = |why: &String| AccessCheck {
            verdict: Verdict::Unknown,
            message: why.clone(),
        };
        let check = spec.and_then(|(_, spec)| match (&granted, templates.get(&cluster.arn)) {
            // What an older state of the stack granted is no answer about this one.
            (_, Some(Observed::Unknown(why))) => Some(unknown(why)),
            (Some(granted), _) => Some(match &granted.reach {
                Ok(reach) => check(spec, &asked.home, reach),
                Err(why) => unknown(why),
            }),
            // Its turn has not come.
            (None, _) => earlier.cloned(),
        });
        if before == granted && earlier == check.as_ref() {
            continue;
        }
        if let Some((uid, _)) = spec {
            changes
                .events
                .extend(told(cluster, uid, earlier, check.as_ref()));
        }
        let place = changes
            .written
            .iter()
            .position(|written| written.cluster.arn == cluster.arn);
        let place = place.unwrap_or_else(|| {
            changes.written.push(StoredCluster::new(cluster.clone()));
            changes.written.len() - 1
        });
        let written = &mut changes.written[place];
        written.granted = granted;
        written.check = check;
    }
}

fn told(
    cluster: &SeenCluster,
    uid: Uuid,
    before: Option<&AccessCheck>,
    now: Option<&AccessCheck>,
) -> Option<(String, Uuid, Event)> {
    let differs = |check: &&AccessCheck| check.verdict == Verdict::Differs;
    let (event_type, reason, message) = match (before.filter(differs), now) {
        (earlier, Some(now)) if now.verdict == Verdict::Differs => {
            if earlier == Some(now) {
                return None;
            }
            let reason = EventReason::ClusterAccessDiffers;
            (EventType::Warning, reason, now.message.as_str())
        }
        (Some(_), now) => {
            let message = now.map_or("it is not compared any more", |now| now.message.as_str());
            let reason = EventReason::ClusterAccessSettled;
            (EventType::Normal, reason, message)
        }
        (None, _) => return None,
    };
    let event = Event {
        event_type,
        reason,
        object: format!("cluster/{}", cluster.name),
        message: format!("cluster {}: {message}", cluster.name),
        details: json!({"arn": cluster.arn}),
    };
    Some((cluster.environment.clone()?, uid, event))
}

#[cfg(test)]
mod tests;
