//! Plans the configurations of clusters: which are rendered anew, and which go.
//!
//! No call is made for them. They follow from the row and from two facts about the bucket, its name
//! and its key, so they are rendered at every pass and written when they differ.
//!
//! # Invariants
//!
//! - A bucket that was not seen writes and removes nothing.
//! - What the configurations wait for keeps nothing else waiting, and AWS can match the row without
//!   them: it is a remark.

use super::draft::Draft;
use crate::cluster::{self, Place};
use crate::event::{EventReason, EventType};
use crate::observed::{Observed, ObservedBucket};
use crate::spec::ClusterSpec;

/// Plans every configuration that the row asks for, and those it used to ask for.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let input = draft.input;
    let clusters = &input.environment.spec.clusters;
    for name in input.cluster_configs.keys() {
        if !clusters.iter().any(|cluster| cluster.name == *name) {
            draft.plan.cluster_configs_removed.insert(name.clone());
        }
    }
    for cluster in clusters {
        if let Some(bucket) = look(draft, cluster) {
            render(draft, cluster, bucket);
        }
    }
}

/// The cluster's bucket, if it is there; says so if not.
fn look<'a>(draft: &mut Draft<'a>, cluster: &ClusterSpec) -> Option<&'a ObservedBucket> {
    let word = cluster.bucket_word();
    let why = match draft.input.observed.buckets.get(word) {
        Some(Observed::Present(bucket)) => return Some(bucket),
        Some(Observed::Absent) if word == "home" => "there is no home bucket in this region; AWS \
                                                     creates it after a stack first enables \
                                                     HOMEFOLDERS"
            .to_owned(),
        Some(Observed::Absent) => format!("the bucket \"{word}\" does not exist; create it"),
        Some(Observed::Unknown(why)) => format!("the bucket \"{word}\" could not be seen: {why}"),
        None => {
            draft.plan.needs.buckets.insert(word.to_owned());
            format!("the bucket \"{word}\" was not looked at")
        }
    };
    let what = if draft.input.cluster_configs.contains_key(&cluster.name) {
        "its configuration stays as it was"
    } else {
        "it has no configuration yet"
    };
    let event = (EventType::Normal, EventReason::ClusterConfigWaiting);
    draft.remark(object(cluster), event, format!("{what}: {why}"));
    None
}

fn render(draft: &mut Draft<'_>, cluster: &ClusterSpec, bucket: &ObservedBucket) {
    let environment = draft.input.environment;
    let stored = draft.input.cluster_configs.get(&cluster.name);
    let kms_key = match &bucket.encryption {
        Observed::Present(encryption) => encryption.kms_key.as_deref(),
        Observed::Absent => None,
        Observed::Unknown(why) => {
            let message = format!(
                "whether the bucket encrypts with a key of yours is not known, so its \
                 configuration says what was last known: {why}"
            );
            let event = (EventType::Normal, EventReason::ClusterConfigWaiting);
            draft.remark(object(cluster), event, message);
            stored.and_then(|stored| stored.kms_key.as_deref())
        }
    };
    let place = Place {
        environment: &environment.name,
        scope: &environment.scope,
        bucket: &bucket.name,
        kms_key,
        authentication: cluster.authentication_type.unwrap_or_default(),
    };
    match cluster::render(cluster, &place) {
        Ok(config) if stored.is_some_and(|stored| stored.digest == config.digest()) => {}
        Ok(config) => draft.plan.cluster_configs.push(config),
        Err(conflict) => {
            // What the row no longer allows is not offered any more.
            if stored.is_some() {
                let removed = &mut draft.plan.cluster_configs_removed;
                removed.insert(cluster.name.clone());
            }
            let event = (EventType::Warning, EventReason::ClusterConfigRefused);
            draft.remark(object(cluster), event, conflict.to_string());
        }
    }
}

fn object(cluster: &ClusterSpec) -> String {
    format!("cluster/{}", cluster.name)
}
