//! Opens and closes drift: fields that differ without anybody having changed the row.
//!
//! A drift is closed only by something that was seen: a field that could not be read stays as it
//! was.

use serde_json::Value;

use crate::environment::{Environment, Mode};
use crate::plan::{Plan, is_ignored};
use crate::policy;
use crate::record::{OpenDrift, Resolution};
use crate::spec::{BucketSpec, PolicyStatement};
use crate::words;

/// What a pass changes about drift.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DriftChanges {
    /// Drift that opened, or whose observed value is another one now.
    pub opened: Vec<OpenDrift>,
    /// Of those, the ones that were not open before.
    pub new: Vec<OpenDrift>,
    /// Drift that ended, and how.
    pub closed: Vec<(OpenDrift, Resolution)>,
}

/// Compares open drift with what a plan found.
#[must_use]
pub fn drift(environment: &Environment, open: &[OpenDrift], plan: &Plan) -> DriftChanges {
    let mut changes = DriftChanges::default();
    for difference in plan
        .differences
        .iter()
        .filter(|difference| difference.is_drift)
    {
        let found = OpenDrift {
            object: difference.object.to_string(),
            path: difference.path.clone(),
            desired: difference.desired.clone(),
            observed: difference.observed.clone(),
        };
        let before = open
            .iter()
            .find(|before| before.object == found.object && before.path == found.path);
        if before == Some(&found) {
            continue;
        }
        if before.is_none() {
            changes.new.push(found.clone());
        }
        changes.opened.push(found);
    }
    for before in open {
        let still = plan.differences.iter().any(|difference| {
            difference.is_drift
                && difference.path == before.path
                && difference.object.to_string() == before.object
        });
        if still {
            continue;
        }
        if let Some(resolution) = resolution(environment, before, plan) {
            changes.closed.push((before.clone(), resolution));
        }
    }
    changes
}

/// A drift in one line: what the row asks, and what AWS has instead.
#[must_use]
pub fn describe(drift: &OpenDrift) -> String {
    let OpenDrift {
        object: _,
        path,
        desired,
        observed,
    } = drift;
    if path.starts_with("buckets.") {
        let words = words::statement(there(desired), there(observed));
        return format!("{path}: {words}");
    }
    let (desired, observed) = (words::brief(desired), words::brief(observed));
    format!("{path}: {desired} -> {observed}")
}

fn there(value: &Value) -> Option<&Value> {
    (!value.is_null()).then_some(value)
}

/// How a drift that is no longer found ended; `None` while that was not seen.
fn resolution(environment: &Environment, before: &OpenDrift, plan: &Plan) -> Option<Resolution> {
    if plan.finished {
        return Some(Resolution::Accepted);
    }
    if is_ignored(&environment.spec.ignore, &before.path) {
        return Some(Resolution::Ignored);
    }
    if let Some(held) = plan.holds.get(&before.path) {
        let asked = is_same_ask(environment, before, held);
        return Some(match (asked, environment.mode) {
            (false, _) => Resolution::Accepted,
            (true, Mode::Observe) => Resolution::ObservedOnly,
            (true, Mode::Enforce) => Resolution::Repaired,
        });
    }
    let asks_otherwise = plan.differences.iter().any(|difference| {
        difference.path == before.path && difference.object.to_string() == before.object
    });
    let no_longer_asks = plan.released.contains(&before.path);
    (asks_otherwise || no_longer_asks).then_some(Resolution::Accepted)
}

/// Whether what holds now is what the row asked when the drift was found. A bucket statement is
/// held as the row says it, and drifts as S3 has it.
fn is_same_ask(environment: &Environment, before: &OpenDrift, held: &Value) -> bool {
    let bucket = before.object.strip_prefix("bucket/");
    let statement = serde_json::from_value::<PolicyStatement>(held.clone());
    let (Some(bucket), Ok(statement)) = (bucket, statement) else {
        return *held == before.desired;
    };
    let spec = BucketSpec {
        bucket: bucket.to_owned(),
        grants: Vec::new(),
        statements: vec![statement],
    };
    policy::desired_statements(environment.uid, bucket, &spec) == [before.desired.clone()]
}
