//! Reads which fleets Application Auto Scaling has in hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ScalableTarget, ServiceNamespace};
use streamkeeper_core::cloud::{ApplyError, ErrorClass};
use streamkeeper_core::observed::{Observed, Scaling};

use super::Page;
use super::reader::Reader;
use crate::error;

const OPERATION: &str = "DescribeScalableTargets";

/// The most names that `ResourceIds` takes.
const NAMES_PER_CALL: usize = 50;

/// What scales each fleet. It is asked for by name, so a fleet that is not in the answer has no
/// target.
pub(super) async fn of_fleets(
    reader: &Arc<Reader>,
    fleets: &BTreeSet<String>,
) -> BTreeMap<String, Observed<Scaling>> {
    let names: Vec<&String> = fleets.iter().collect();
    let mut observed = BTreeMap::new();
    for names in names.chunks(NAMES_PER_CALL) {
        let targets = targets(reader, names).await;
        for name in names {
            let scaling = match &targets {
                Ok(targets) => targets
                    .get(*name)
                    .cloned()
                    .map_or(Observed::Absent, Observed::Present),
                Err(error) => failed(error, name),
            };
            observed.insert((*name).clone(), scaling);
        }
    }
    observed
}

/// A daemon that was never given the right is not kept from its work. Credentials that are no good
/// are another matter, which passes.
fn failed(error: &ApplyError, fleet: &str) -> Observed<Scaling> {
    if error.class == ErrorClass::Denied && !error::is_about_credentials(&error.code) {
        Observed::Present(Scaling::Hidden)
    } else {
        let object = format!("fleet/{fleet}");
        Observed::Unknown(error::reason(OPERATION, &object, error))
    }
}

async fn targets(
    reader: &Reader,
    fleets: &[&String],
) -> Result<BTreeMap<String, Scaling>, ApplyError> {
    let mut targets = BTreeMap::new();
    let collect = |page: Vec<ScalableTarget>| {
        targets.extend(page.into_iter().filter_map(named));
        Ok(())
    };
    reader
        .pages(|token| page(reader, fleets, token), collect)
        .await?;
    Ok(targets)
}

fn named(target: ScalableTarget) -> Option<(String, Scaling)> {
    let fleet = target.resource_id.strip_prefix("fleet/")?.to_owned();
    let scaling = Scaling::Target {
        min: target.min_capacity.into(),
        max: target.max_capacity.into(),
    };
    Some((fleet, scaling))
}

async fn page(
    reader: &Reader,
    fleets: &[&String],
    token: Option<String>,
) -> Result<Page<ScalableTarget>, ApplyError> {
    let ids = fleets.iter().map(|fleet| format!("fleet/{fleet}"));
    let request = reader.clients.scaling.describe_scalable_targets();
    let request = request
        .service_namespace(ServiceNamespace::Appstream)
        .scalable_dimension(ScalableDimension::AppstreamFleetDesiredCapacity)
        .set_resource_ids(Some(ids.collect()))
        .set_next_token(token);
    let answer = reader.call(OPERATION, || request.clone().send()).await?;
    Ok(Page {
        items: answer.scalable_targets.unwrap_or_default(),
        next: answer.next_token,
    })
}
