//! Notes which clusters a scope has, and tells their environments what became of them.
//!
//! # What is deliberately absent
//!
//! Any way from here to a plan. Clusters are looked at; nothing is ever decided about one.

use std::collections::BTreeSet;

use streamkeeper_core::cloud::{Cloud, ObserveRequest};
use streamkeeper_core::environment::{Environment, Scope};
use streamkeeper_core::event::{Event, EventReason, EventType};
use streamkeeper_core::folder::HOME_BUCKET;
use streamkeeper_core::observed::ObservedWorld;
use streamkeeper_core::seen_clusters::{
    Asked, ClusterRequest, ClusterWorld, NotListed, SeenCluster, compare, judge, unlisted, unread,
};
use streamkeeper_state::{EnvironmentRow, Orphan, StoreError};

use super::Keeper;
use super::story::log_event;

/// Clusters are looked at with every fifth sweep: they come and go in the course of hours, and AWS
/// says of the list that it is a heavy call.
const EVERY: u64 = 5;

/// The environments that clusters belong to and that say something of them; one that cannot be
/// read says nothing.
fn desired(rows: &[EnvironmentRow], listed: &[SeenCluster], scope: &Scope) -> Vec<Environment> {
    let named: BTreeSet<&str> = listed
        .iter()
        .filter_map(|cluster| cluster.environment.as_deref())
        .collect();
    rows.iter()
        .filter(|row| named.contains(row.name.as_str()))
        .filter_map(|row| row.desired(&scope.account).ok())
        .filter(|environment| !environment.spec.clusters.is_empty())
        .collect()
}

impl<C: Cloud + std::fmt::Debug> Keeper<C> {
    /// Whether this sweep lists clusters. The first of a life does.
    pub(super) const fn lists_clusters(&self) -> bool {
        self.sweeps.is_multiple_of(EVERY)
    }

    /// Records what a list of clusters says; whether there was a whole one.
    ///
    /// What a crash leaves out, the next list brings again: rows and events are written together.
    pub(super) async fn note_clusters(
        &mut self,
        world: &mut ObservedWorld,
        rows: &[EnvironmentRow],
    ) -> Result<bool, StoreError> {
        let listed = match world.clusters.listed.take() {
            None => return Ok(false),
            Some(Err(why)) => {
                self.report_unlisted(why).await?;
                return Ok(false);
            }
            Some(Ok(listed)) => listed,
        };
        self.memory.clusters_denied = None;
        let shared = &self.shared;
        let stored = shared
            .store
            .load_clusters(shared.lease.fence().scope_id)
            .await?;
        let desired = desired(rows, &listed, &shared.scope);
        let specs = desired.iter().map(|environment| {
            let clusters = environment.spec.clusters.as_slice();
            (environment.name.as_str(), (environment.uid, clusters))
        });
        let Scope { account, region } = &shared.scope;
        let wanted = Asked {
            specs: specs.collect(),
            home: format!("{HOME_BUCKET}{region}-{account}"),
        };
        let missing = unlisted(&stored, &listed);
        let templates = unread(&stored, &listed, &wanted);
        let mut asked = ClusterWorld::default();
        if !missing.is_empty() || !templates.is_empty() {
            let request = ObserveRequest {
                now: shared.clock.now(),
                clusters: ClusterRequest {
                    list: false,
                    stacks: missing,
                    templates,
                },
                ..ObserveRequest::default()
            };
            let look = shared.cloud.observe(&request);
            let seen = tokio::select! {
                () = shared.draining.cancelled() => return Ok(false),
                () = shared.lease.lost().cancelled() => return Ok(false),
                seen = look => seen,
            };
            shared.metrics.reads(&seen.calls);
            asked = seen.clusters;
            for (operation, calls) in seen.calls {
                *world.calls.entry(operation).or_default() += calls;
            }
        }
        let environments = rows.iter().map(|row| (row.name.as_str(), row.uid));
        let mut changes = compare(&stored, &listed, &asked.stacks, &environments.collect());
        judge(&stored, &listed, &asked.templates, &wanted, &mut changes);
        if changes.is_empty() {
            return Ok(true);
        }
        for (environment, _, event) in &changes.events {
            log_event(environment, event);
        }
        shared
            .store
            .record_clusters(shared.lease.fence(), &changes)
            .await?;
        Ok(true)
    }

    /// A right that is missing is told once; what passes is for the log. Neither touches anything
    /// that is stored: clusters that nobody can see are not gone.
    async fn report_unlisted(&mut self, why: NotListed) -> Result<(), StoreError> {
        let NotListed { denied, reason } = why;
        if !denied {
            tracing::warn!(scope = %self.shared.scope, "clusters are not known: {reason}");
            return Ok(());
        }
        if self.memory.clusters_denied.as_ref() == Some(&reason) {
            return Ok(());
        }
        let event = Event {
            event_type: EventType::Warning,
            reason: EventReason::ClustersNotSeen,
            object: "clusters".to_owned(),
            message: format!(
                "the clusters of {} are not known: {reason}",
                self.shared.scope
            ),
            details: serde_json::Value::Null,
        };
        log_event("-", &event);
        let told = Orphan {
            environment: None,
            uid: None,
            event,
        };
        self.shared
            .store
            .record_orphans(self.shared.lease.fence(), &[told])
            .await?;
        self.memory.clusters_denied = Some(reason);
        Ok(())
    }
}
