//! Looks at the simulated AWS as the AWS client looks at the real one.
//!
//! ```text
//!   walk:    DescribeFleets*  DescribeStacks*  GetResources* (tags in bulk)
//!   by name: DescribeX(Names) ─► ListTagsForResource
//!   on ask:  ListAssociated*  DescribeSessions*  ListBuckets ─► GetBucketPolicy
//! ```
//!
//! # Invariants
//!
//! - Absent only by "not found" for that very name, or a bucket's; an empty answer is Unknown.
//! - A walk that fails half-way keeps what it saw; every other name is Unknown with the reason.

mod inventory;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use streamkeeper_core::cloud::{ApplyError, ObserveRequest};
use streamkeeper_core::observed::{Observed, ObservedBucket, ObservedWorld};

use super::SimulatedCloud;
use crate::Service;

/// The word that stands for the account's home-folder bucket.
const HOME: &str = "home";

/// Longest list that is followed, in pages: a token that never ends must not hang a test.
const PAGE_LIMIT: usize = 100_000;

/// One look.
struct Look<'a> {
    cloud: &'a SimulatedCloud,
    calls: RefCell<BTreeMap<String, u64>>,
}

/// What a list brought back, and why it ended early if it did.
struct Listed {
    items: Vec<Value>,
    failure: Option<String>,
}

impl Listed {
    fn complete(self) -> Result<Vec<Value>, String> {
        match self.failure {
            None => Ok(self.items),
            Some(failure) => Err(failure),
        }
    }
}

/// Looks at what the request names.
pub(super) fn observe(cloud: &SimulatedCloud, request: &ObserveRequest) -> ObservedWorld {
    let ObserveRequest {
        now,
        walk,
        fleets,
        stacks,
        associations_of_stacks,
        associations_of_fleets,
        buckets,
        sessions,
    } = request;
    let look = Look {
        cloud,
        calls: RefCell::default(),
    };
    let (fleets, stacks) = inventory::observe(&look, *walk, fleets, stacks);
    let each = |names: &BTreeSet<String>, of: &dyn Fn(&str) -> Observed<BTreeSet<String>>| {
        let found = names.iter().map(|name| (name.clone(), of(name)));
        found.collect()
    };
    ObservedWorld {
        observed_at: *now,
        fleets,
        stacks,
        associations: each(associations_of_stacks, &|stack| look.fleets_of(stack)),
        fleet_stacks: each(associations_of_fleets, &|fleet| look.stacks_of(fleet)),
        buckets: buckets
            .iter()
            .map(|bucket| (bucket.clone(), look.bucket(bucket)))
            .collect(),
        sessions: sessions
            .iter()
            .map(|fleet| (fleet.clone(), look.sessions(fleet)))
            .collect(),
        calls: look.calls.into_inner(),
    }
}

impl Look<'_> {
    fn ask(&self, service: Service, operation: &str, input: Value) -> Result<Value, ApplyError> {
        *self
            .calls
            .borrow_mut()
            .entry(operation.to_owned())
            .or_default() += 1;
        self.cloud.ask(service, operation, input)
    }

    /// Follows a list to its end. `token` is the member that carries it in the input, `next` in
    /// the output.
    fn list(
        &self,
        service: Service,
        operation: &str,
        input: &Value,
        items: &str,
        (token, next): (&str, &str),
    ) -> Listed {
        let mut listed = Listed {
            items: Vec::new(),
            failure: None,
        };
        let mut input = input.clone();
        for _ in 0..PAGE_LIMIT {
            let output = match self.ask(service, operation, input.clone()) {
                Ok(output) => output,
                Err(error) => {
                    listed.failure = Some(format!("{operation}: {error}"));
                    return listed;
                }
            };
            let page = output[items].as_array().map(Vec::as_slice);
            listed.items.extend_from_slice(page.unwrap_or_default());
            // The tagging API ends a list with an empty token instead of none.
            match output[next].as_str() {
                Some(more) if !more.is_empty() => input[token] = Value::from(more),
                Some(_) | None => return listed,
            }
        }
        listed.failure = Some(format!("{operation}: more than {PAGE_LIMIT} pages"));
        listed
    }

    fn names(&self, operation: &str, input: &Value) -> Observed<BTreeSet<String>> {
        let tokens = ("NextToken", "NextToken");
        let listed = self.list(Service::AppStream, operation, input, "Names", tokens);
        match listed.complete() {
            Ok(items) => Observed::Present(
                items
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
            ),
            Err(failure) => Observed::Unknown(failure),
        }
    }

    fn fleets_of(&self, stack: &str) -> Observed<BTreeSet<String>> {
        self.names("ListAssociatedFleets", &json!({"StackName": stack}))
    }

    fn stacks_of(&self, fleet: &str) -> Observed<BTreeSet<String>> {
        self.names("ListAssociatedStacks", &json!({"FleetName": fleet}))
    }

    /// Counts the people on a fleet: a session that is not EXPIRED is one, connected or not.
    fn sessions(&self, fleet: &str) -> Observed<u32> {
        let stacks = match self.stacks_of(fleet) {
            Observed::Present(stacks) => stacks,
            Observed::Absent => return Observed::Absent,
            Observed::Unknown(why) => return Observed::Unknown(why),
        };
        let mut count = 0;
        for stack in stacks {
            let input = json!({"StackName": stack, "FleetName": fleet});
            let tokens = ("NextToken", "NextToken");
            let listed = self.list(
                Service::AppStream,
                "DescribeSessions",
                &input,
                "Sessions",
                tokens,
            );
            match listed.complete() {
                Ok(sessions) => {
                    let alive = sessions.iter().filter(|one| one["State"] != "EXPIRED");
                    count += u32::try_from(alive.count()).unwrap_or(u32::MAX);
                }
                Err(failure) => return Observed::Unknown(failure),
            }
        }
        Observed::Present(count)
    }

    fn bucket(&self, bucket: &str) -> Observed<ObservedBucket> {
        if bucket == HOME {
            match self.home_bucket() {
                Observed::Present(name) => {
                    let owner = self.cloud.caller.account.as_str();
                    self.policy(&name, Some(owner))
                }
                Observed::Absent => Observed::Absent,
                Observed::Unknown(why) => Observed::Unknown(why),
            }
        } else {
            self.policy(bucket, None)
        }
    }

    /// Finds the home bucket by its prefix: older accounts have exactly that name, new ones a
    /// random ending behind it, so it cannot be computed.
    fn home_bucket(&self) -> Observed<String> {
        let SimulatedCloud { region, caller, .. } = self.cloud;
        let prefix = format!("appstream2-36fb080bb8-{region}-{}", caller.account);
        let tokens = ("ContinuationToken", "ContinuationToken");
        let input = json!({"Prefix": prefix});
        let listed = self.list(Service::S3, "ListBuckets", &input, "Buckets", tokens);
        let buckets = match listed.complete() {
            Ok(buckets) => buckets,
            Err(failure) => return Observed::Unknown(failure),
        };
        let ending = format!("{prefix}-");
        let mut homes = buckets
            .iter()
            .filter_map(|bucket| bucket["Name"].as_str())
            .filter(|name| *name == prefix || name.starts_with(&ending));
        match (homes.next(), homes.next()) {
            (Some(home), None) => Observed::Present(home.to_owned()),
            (None, _) => Observed::Absent,
            (Some(one), Some(other)) => {
                Observed::Unknown(format!("two home buckets: {one} and {other}"))
            }
        }
    }

    fn policy(&self, bucket: &str, owner: Option<&str>) -> Observed<ObservedBucket> {
        let mut input = json!({"Bucket": bucket});
        if let Some(owner) = owner {
            input["ExpectedBucketOwner"] = Value::from(owner);
        }
        let policy = match self.ask(Service::S3, "GetBucketPolicy", input) {
            Ok(output) => output["Policy"].as_str().map(serde_json::from_str::<Value>),
            Err(error) if error.code == "NoSuchBucketPolicy" => None,
            Err(error) if error.code == "NoSuchBucket" => return Observed::Absent,
            Err(error) => return Observed::Unknown(format!("GetBucketPolicy {bucket}: {error}")),
        };
        match policy.transpose() {
            Ok(policy) => Observed::Present(ObservedBucket {
                name: bucket.to_owned(),
                policy,
            }),
            Err(error) => Observed::Unknown(format!("the policy of {bucket} is not JSON: {error}")),
        }
    }
}
