//! Puts the row's lists into one order, so that their order never matters.
//!
//! A plan, and what is stored of it, is then the same for the same row however it was typed.

use std::borrow::Cow;

use crate::environment::Environment;
use crate::spec::{Field, Spec};

/// The environment with every list that is a set, or keyed, in one order.
pub(super) fn ordered(environment: &Environment) -> Cow<'_, Environment> {
    if is_sorted(&environment.spec) {
        return Cow::Borrowed(environment);
    }
    let mut environment = environment.clone();
    sort(&mut environment.spec);
    debug_assert!(is_sorted(&environment.spec));
    Cow::Owned(environment)
}

fn sort(spec: &mut Spec) {
    let network = spec.fleet.as_mut().map(|fleet| &mut fleet.vpc_config);
    if let Some(Field::Value(network)) = network {
        as_set(&mut network.subnet_ids);
        if let Field::Value(groups) = &mut network.security_group_ids {
            as_set(groups);
        }
    }
    if let Some(stack) = &mut spec.stack {
        if let Field::Value(connectors) = &mut stack.storage_connectors {
            connectors.sort_by_key(|connector| connector.connector_type);
            for connector in connectors {
                connector.domains.iter_mut().for_each(as_set);
            }
        }
        if let Some(settings) = &mut stack.user_settings {
            settings.sort_by(|a, b| a.action.cmp(&b.action));
        }
    }
    spec.buckets.sort_by(|a, b| a.bucket.cmp(&b.bucket));
    for bucket in &mut spec.buckets {
        bucket.statements.sort_by(|a, b| a.sid.cmp(&b.sid));
    }
}

/// Whether nothing is to be done: so it is in nearly every pass, and a clone would cost more than
/// the comparison of all fields.
fn is_sorted(spec: &Spec) -> bool {
    let network = spec
        .fleet
        .as_ref()
        .and_then(|fleet| fleet.vpc_config.value());
    let connectors = spec
        .stack
        .as_ref()
        .and_then(|stack| stack.storage_connectors.value());
    let settings = spec
        .stack
        .as_ref()
        .and_then(|stack| stack.user_settings.as_deref());
    network.is_none_or(|network| {
        is_set(&network.subnet_ids)
            && network
                .security_group_ids
                .value()
                .is_none_or(|groups| is_set(groups))
    }) && connectors.is_none_or(|connectors| {
        connectors.is_sorted_by_key(|connector| connector.connector_type)
            && connectors
                .iter()
                .all(|connector| connector.domains.as_deref().is_none_or(is_set))
    }) && settings.is_none_or(|settings| settings.is_sorted_by(|a, b| a.action <= b.action))
        && spec.buckets.is_sorted_by(|a, b| a.bucket <= b.bucket)
        && spec.buckets.iter().all(|bucket| {
            let statements = &bucket.statements;
            statements.is_sorted_by(|a, b| a.sid <= b.sid)
        })
}

fn as_set(values: &mut Vec<String>) {
    values.sort();
    values.dedup();
}

fn is_set(values: &[String]) -> bool {
    values.is_sorted_by(|a, b| a < b)
}
