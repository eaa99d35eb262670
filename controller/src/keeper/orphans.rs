//! Reports objects that carry our tag while no row has their uid. They are never deleted.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use streamkeeper_core::action::ObjectRef;
use streamkeeper_core::cloud::Cloud;
use streamkeeper_core::event::{Event, EventReason, EventType};
use streamkeeper_core::observed::{ObservedTags, ObservedWorld};
use streamkeeper_core::plan::{ENVIRONMENT_TAG, UID_TAG};
use streamkeeper_state::{Orphan, StoreError};
use uuid::Uuid;

use super::memory::Memory;
use super::shared::Shared;
use super::story::log_event;

/// Reports each orphan of a sweep once in a daemon's life; the store counts repeats over restarts.
pub(crate) async fn report<C: Cloud>(
    shared: &Arc<Shared<C>>,
    memory: &mut Memory,
    world: &ObservedWorld,
    rows: &BTreeSet<Uuid>,
) -> Result<(), StoreError> {
    let fleets = world
        .fleets
        .items
        .values()
        .filter_map(|found| found.present())
        .map(|fleet| (ObjectRef::fleet(&fleet.name), &fleet.arn, &fleet.tags));
    let stacks = world
        .stacks
        .items
        .values()
        .filter_map(|found| found.present())
        .map(|stack| (ObjectRef::stack(&stack.name), &stack.arn, &stack.tags));
    let mut found = Vec::new();
    let mut arns = Vec::new();
    for (object, arn, tags) in fleets.chain(stacks) {
        let (ObservedTags::Known(tags) | ObservedTags::Listed(tags)) = tags else {
            continue;
        };
        let Some(tag) = tags.get(UID_TAG) else {
            continue;
        };
        let uid = Uuid::parse_str(tag).ok();
        if uid.is_some_and(|uid| rows.contains(&uid)) || memory.orphans.contains(arn) {
            continue;
        }
        let name = tags.get(ENVIRONMENT_TAG).cloned();
        let event = Event {
            event_type: EventType::Warning,
            reason: EventReason::Orphan,
            object: object.to_string(),
            message: format!(
                "{object} carries {UID_TAG}={tag} and no row has that uid; it is left alone"
            ),
            details: json!({"arn": arn}),
        };
        log_event(name.as_deref().unwrap_or("-"), &event);
        arns.push(arn.clone());
        found.push(Orphan {
            environment: name,
            uid,
            event,
        });
    }
    if found.is_empty() {
        return Ok(());
    }
    shared
        .store
        .record_orphans(shared.lease.fence(), &found)
        .await?;
    memory.orphans.extend(arns);
    Ok(())
}
