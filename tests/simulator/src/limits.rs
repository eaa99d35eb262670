//! Bounds what there may be and how fast it may be asked for: quotas and request rates.
//!
//! Quotas are AWS's defaults per account and region (developer guide, "Service Quotas"); real
//! accounts differ. AppStream publishes no request rates, so there are none unless a test sets
//! them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::call::{Service, ServiceError};

/// How much there may be in one account and region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quotas {
    /// Fleets (L-3FEADC0C).
    pub fleets: usize,
    /// Stacks (L-`A8B8B901`).
    pub stacks: usize,
    /// Accounts of the user pool (L-6A8C9986).
    pub users: usize,
    /// Instances by instance type, over all fleets; what is not listed falls to `other_instances`.
    pub instances: BTreeMap<String, u32>,
    /// Instances of every other type.
    pub other_instances: u32,
}

/// Instance quotas by type; graphics and the bigger ones are zero until somebody asks AWS.
const INSTANCES: &[(&str, u32)] = &[
    ("stream.standard.small", 50),
    ("stream.standard.medium", 50),
    ("stream.standard.large", 50),
    ("stream.standard.xlarge", 10),
    ("stream.standard.2xlarge", 10),
    ("stream.compute.large", 5),
    ("stream.compute.xlarge", 2),
    ("stream.memory.large", 5),
    ("stream.memory.xlarge", 2),
];

impl Quotas {
    /// What a new account has.
    #[must_use]
    pub fn aws_defaults() -> Self {
        Self {
            fleets: 10,
            stacks: 10,
            users: 50,
            instances: INSTANCES
                .iter()
                .map(|(instance_type, limit)| ((*instance_type).to_owned(), *limit))
                .collect(),
            other_instances: 0,
        }
    }

    /// No bounds at all, for benchmarks.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self {
            fleets: usize::MAX,
            stacks: usize::MAX,
            users: usize::MAX,
            instances: BTreeMap::new(),
            other_instances: u32::MAX,
        }
    }

    pub(crate) fn instances_of(&self, instance_type: &str) -> u32 {
        self.instances
            .get(instance_type)
            .copied()
            .unwrap_or(self.other_instances)
    }
}

/// A token bucket's size and speed.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// Calls a second in the long run.
    pub per_second: f64,
    /// Calls at once after a rest.
    pub burst: f64,
    /// The error code instead of the service's usual one, such as `RequestLimitExceededException`.
    pub code: Option<String>,
}

impl Rate {
    /// A rate with a burst of one second's worth, but at least one call.
    #[must_use]
    pub fn per_second(per_second: f64) -> Self {
        Self {
            per_second,
            burst: per_second.max(1.0),
            code: None,
        }
    }
}

/// How fast calls may come, per account, region and operation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rates {
    /// For operations without a rate of their own.
    pub default: Option<Rate>,
    /// By operation.
    pub per_operation: BTreeMap<String, Rate>,
}

impl Rates {
    /// As fast as they come.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self {
            default: None,
            per_operation: BTreeMap::new(),
        }
    }

    fn of(&self, operation: &str) -> Option<&Rate> {
        self.per_operation.get(operation).or(self.default.as_ref())
    }
}

/// The buckets' fill, by account, region and operation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Throttle {
    buckets: BTreeMap<(String, String, Service, String), Bucket>,
}

#[derive(Debug, Clone)]
struct Bucket {
    tokens: f64,
    filled_at: DateTime<Utc>,
}

impl Throttle {
    /// Takes a token, or refuses as the service would.
    pub(crate) fn admit(
        &mut self,
        rates: &Rates,
        service: Service,
        operation: &str,
        scope: (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let Some(rate) = rates.of(operation) else {
            return Ok(());
        };
        let key = (
            scope.0.to_owned(),
            scope.1.to_owned(),
            service,
            operation.to_owned(),
        );
        let bucket = self.buckets.entry(key).or_insert(Bucket {
            tokens: rate.burst,
            filled_at: now,
        });
        // A clock that was set back refills nothing.
        let passed = (now - bucket.filled_at).as_seconds_f64().max(0.0);
        bucket.tokens = (bucket.tokens + passed * rate.per_second).min(rate.burst);
        bucket.filled_at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        Err(refusal(service, rate.code.as_deref()))
    }
}

fn refusal(service: Service, code: Option<&str>) -> ServiceError {
    let (usual, status) = match service {
        Service::AppStream => ("ThrottlingException", 400),
        Service::Tagging => ("ThrottledException", 400),
        // Declared for none of its operations; AWS's common errors have it.
        Service::AutoScaling => ("ThrottlingException", 400),
        Service::CloudFormation | Service::Iam | Service::Sts => ("Throttling", 400),
        Service::S3 => ("SlowDown", 503),
    };
    ServiceError::with_status(code.unwrap_or(usual), "Rate exceeded", status)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn admit(throttle: &mut Throttle, rates: &Rates, now: DateTime<Utc>) -> Result<(), String> {
        throttle
            .admit(rates, Service::AppStream, "CreateFleet", ("a", "r"), now)
            .map_err(|error| error.code)
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let rates = Rates {
            default: Some(Rate {
                per_second: 1.0,
                burst: 2.0,
                code: None,
            }),
            per_operation: BTreeMap::new(),
        };
        let start = DateTime::<Utc>::UNIX_EPOCH;
        let mut throttle = Throttle::default();
        assert_eq!(admit(&mut throttle, &rates, start), Ok(()));
        assert_eq!(admit(&mut throttle, &rates, start), Ok(()));
        assert_eq!(
            admit(&mut throttle, &rates, start),
            Err("ThrottlingException".to_owned())
        );
        let later = start + TimeDelta::seconds(1);
        assert_eq!(admit(&mut throttle, &rates, later), Ok(()));
        assert!(admit(&mut throttle, &rates, later).is_err());
        // A long rest fills the bucket and no more.
        let much_later = later + TimeDelta::hours(1);
        let admitted = (0..5).filter(|_| admit(&mut throttle, &rates, much_later).is_ok());
        assert_eq!(admitted.count(), 2);
    }
}
