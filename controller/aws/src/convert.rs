//! Translates between the SDK's types and ours, losing nothing that we manage.
//!
//! # Invariants
//!
//! - Ours is destructured exhaustively: a new setting breaks the build until it is sent and read.
//! - Enumerations are strings on our side, so that a value AWS added yesterday survives.
//! - Empty is absent: AWS answers `""` or `[]` for what is unset as readily as nothing at all.
//! - Sets are sorted here, once; AWS keeps no order.

use std::collections::BTreeMap;

use chrono::DateTime;
use streamkeeper_core::environment::Timestamp;

mod fleet;
mod stack;

pub(crate) use fleet::{create_fleet, observed_fleet, update_fleet};
pub(crate) use stack::{create_stack, observed_stack, update_stack};

/// AWS's own tags (`aws:…`) are nobody's business: nobody can set them.
pub(crate) fn own_tags(
    tags: impl IntoIterator<Item = (String, String)>,
) -> BTreeMap<String, String> {
    tags.into_iter()
        .filter(|(key, _)| !key.starts_with("aws:"))
        .collect()
}

pub(crate) fn timestamp(time: Option<&aws_smithy_types::DateTime>) -> Option<Timestamp> {
    let time = time?;
    DateTime::from_timestamp(time.secs(), time.subsec_nanos())
}

fn text(value: Option<&str>) -> Option<String> {
    value.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn sorted_set(values: &[String]) -> Option<Vec<String>> {
    let mut values = values.to_vec();
    values.sort();
    values.dedup();
    (!values.is_empty()).then_some(values)
}

fn tag_map(tags: &BTreeMap<String, String>) -> Option<std::collections::HashMap<String, String>> {
    // The model wants at least one tag, or no member at all.
    (!tags.is_empty()).then(|| tags.clone().into_iter().collect())
}

#[cfg(test)]
mod completeness;
#[cfg(test)]
mod tests;
