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
//! - Each read is made once: a fault befalls the look, not an attempt of it.

mod access;
mod clusters;
mod inventory;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use streamkeeper_core::cloud::{ApplyError, ErrorClass, ObserveRequest};
use streamkeeper_core::observed::{
    BucketEncryption, Inventory, ObjectOwnership, Observed, ObservedBucket, ObservedImage,
    ObservedWorld, OccupiedInstance, Scaling,
};
use streamkeeper_core::policy::IamPrincipal;

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
        access,
        scaling,
        clusters,
        principals,
        images,
    } = request;
    let look = Look {
        cloud,
        calls: RefCell::default(),
    };
    let (fleets, stacks) = inventory::observe(&look, *walk, fleets, stacks);
    let associations = each(associations_of_stacks, |stack| look.fleets_of(stack));
    let fleet_stacks = each(associations_of_fleets, |fleet| look.stacks_of(fleet));
    let people = sessions.iter().map(|fleet| {
        let (count, instances) = match look.people(fleet) {
            Ok((count, instances)) => (Ok(count), Ok(instances)),
            Err(why) => (Err(why.clone()), Err(why)),
        };
        (
            (fleet.clone(), known(count)),
            (fleet.clone(), known(instances)),
        )
    });
    let (sessions, instances) = people.unzip();
    ObservedWorld {
        observed_at: *now,
        associations: of_existing(associations, &stacks),
        fleet_stacks: of_existing(fleet_stacks, &fleets),
        fleets,
        stacks,
        buckets: each(buckets, |bucket| look.bucket(bucket)),
        sessions,
        instances,
        access: access::observe(&look, access),
        scaling: look.scaling(scaling),
        clusters: clusters::observe(&look, clusters),
        principals: each(principals, |arn| look.unique_id(arn)),
        images: each(images, |image| look.image(image)),
        calls: look.calls.into_inner(),
    }
}

fn each<T>(
    names: &BTreeSet<String>,
    of: impl Fn(&str) -> Observed<T>,
) -> BTreeMap<String, Observed<T>> {
    names.iter().map(|name| (name.clone(), of(name))).collect()
}

/// AWS answers an empty list about something that does not exist. Where this look knows that it
/// does not, the list says so too.
fn of_existing<T: Clone>(
    mut lists: BTreeMap<String, Observed<BTreeSet<String>>>,
    inventory: &Inventory<T>,
) -> BTreeMap<String, Observed<BTreeSet<String>>> {
    for (name, list) in &mut lists {
        let is_empty = list.present().is_some_and(BTreeSet::is_empty);
        if is_empty && inventory.get(name).is_absent() {
            *list = Observed::Absent;
        }
    }
    lists
}

fn known<T>(outcome: Result<T, String>) -> Observed<T> {
    outcome.map_or_else(Observed::Unknown, Observed::Present)
}

impl Look<'_> {
    fn ask(&self, service: Service, operation: &str, input: Value) -> Result<Value, ApplyError> {
        let counted = match service {
            // AppStream has operations of the same names.
            Service::CloudFormation => format!("cloudformation:{operation}"),
            Service::AppStream
            | Service::Tagging
            | Service::AutoScaling
            | Service::Iam
            | Service::Sts
            | Service::S3 => operation.to_owned(),
        };
        *self.calls.borrow_mut().entry(counted).or_default() += 1;
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
            let mut output = match self.ask(service, operation, input.clone()) {
                Ok(output) => output,
                Err(error) => {
                    listed.failure = Some(format!("{operation}: {error}"));
                    return listed;
                }
            };
            if let Value::Array(mut page) = output[items].take() {
                listed.items.append(&mut page);
            }
            // The tagging API ends a list with an empty token instead of none.
            match output[next].as_str() {
                Some(more) if !more.is_empty() => input[token] = Value::from(more),
                Some(_) | None => return listed,
            }
        }
        listed.failure = Some(format!("{operation}: more than {PAGE_LIMIT} pages"));
        listed
    }

    fn names(&self, operation: &str, input: &Value) -> Result<BTreeSet<String>, String> {
        let tokens = ("NextToken", "NextToken");
        let listed = self.list(Service::AppStream, operation, input, "Names", tokens);
        let names = listed.complete()?;
        let names = names.iter().filter_map(Value::as_str);
        Ok(names.map(str::to_owned).collect())
    }

    fn fleets_of(&self, stack: &str) -> Observed<BTreeSet<String>> {
        known(self.names("ListAssociatedFleets", &json!({"StackName": stack})))
    }

    fn stacks_of(&self, fleet: &str) -> Observed<BTreeSet<String>> {
        known(self.names("ListAssociatedStacks", &json!({"FleetName": fleet})))
    }

    /// Who is on a fleet: how many, and on which instances. They are counted by two witnesses of which the higher count stands: sessions
    /// that are not EXPIRED, connected or not, and what the fleet itself says is in use, because
    /// whether the list is complete for every kind of user is not documented.
    fn people(&self, fleet: &str) -> Result<(u32, BTreeMap<String, OccupiedInstance>), String> {
        let mut listed = 0;
        let mut instances = BTreeMap::new();
        for stack in self.names("ListAssociatedStacks", &json!({"FleetName": fleet}))? {
            let input = json!({"StackName": stack, "FleetName": fleet});
            let tokens = ("NextToken", "NextToken");
            let sessions = self
                .list(
                    Service::AppStream,
                    "DescribeSessions",
                    &input,
                    "Sessions",
                    tokens,
                )
                .complete()?;
            for session in sessions.iter().filter(|one| one["State"] != "EXPIRED") {
                listed += 1;
                let text = |member: &str| session[member].as_str().map(str::to_owned);
                let is_draining = match session["InstanceDrainStatus"].as_str() {
                    Some("DRAINING") => Some(true),
                    Some("ACTIVE") => Some(false),
                    Some(_) | None => None,
                };
                if let (Some(instance), Some(id)) = (text("InstanceId"), text("Id")) {
                    OccupiedInstance::add(&mut instances, instance, id, is_draining);
                }
            }
        }
        let in_use = self.in_use(fleet)?;
        Ok((listed.max(in_use), instances))
    }

    fn in_use(&self, fleet: &str) -> Result<u32, String> {
        let operation = "DescribeFleets";
        let output = self
            .ask(Service::AppStream, operation, json!({"Names": [fleet]}))
            .map_err(|error| format!("{operation} {fleet}: {error}"))?;
        let described = output["Fleets"]
            .as_array()
            .and_then(|fleets| fleets.iter().find(|one| one["Name"] == fleet))
            .ok_or_else(|| format!("{operation} {fleet}: answered without it"))?;
        let status = &described["ComputeCapacityStatus"];
        let used = status["InUse"]
            .as_u64()
            .max(status["ActiveUserSessions"].as_u64());
        Ok(used.map_or(0, |used| u32::try_from(used).unwrap_or(u32::MAX)))
    }

    fn image(&self, name: &str) -> Observed<ObservedImage> {
        let operation = "DescribeImages";
        let output = match self.ask(Service::AppStream, operation, json!({"Names": [name]})) {
            Ok(output) => output,
            Err(error) if error.code == "ResourceNotFoundException" => return Observed::Absent,
            Err(error) => return Observed::Unknown(format!("{operation} {name}: {error}")),
        };
        let image = &output["Images"][0];
        let reason = &image["StateChangeReason"];
        let words = reason["Code"].as_str().zip(reason["Message"].as_str());
        Observed::Present(ObservedImage {
            state: image["State"].as_str().unwrap_or_default().to_owned(),
            reason: words.map(|(code, message)| format!("{code}: {message}")),
        })
    }

    /// Fifty fleets a call; one that is not in the answer has no target.
    fn scaling(&self, fleets: &BTreeSet<String>) -> BTreeMap<String, Observed<Scaling>> {
        let names: Vec<&String> = fleets.iter().collect();
        let asked = names.chunks(50).flat_map(|names| {
            let answer = self.targets(names);
            names
                .iter()
                .map(move |name| ((*name).clone(), of_target(&answer, name)))
                .collect::<Vec<_>>()
        });
        asked.collect()
    }

    fn targets(&self, fleets: &[&String]) -> Result<Vec<Value>, ApplyError> {
        let ids: Vec<String> = fleets.iter().map(|name| format!("fleet/{name}")).collect();
        let mut input = json!({
            "ServiceNamespace": "appstream",
            "ScalableDimension": "appstream:fleet:DesiredCapacity",
            "ResourceIds": ids,
        });
        let mut targets = Vec::new();
        for _ in 0..PAGE_LIMIT {
            let operation = "DescribeScalableTargets";
            let mut output = self.ask(Service::AutoScaling, operation, input.clone())?;
            if let Value::Array(mut page) = output["ScalableTargets"].take() {
                targets.append(&mut page);
            }
            match output["NextToken"].as_str() {
                Some(more) => input["NextToken"] = Value::from(more),
                None => break,
            }
        }
        Ok(targets)
    }

    fn unique_id(&self, arn: &str) -> Observed<String> {
        let Some(principal) = IamPrincipal::of_arn(arn) else {
            return Observed::Unknown(format!("{arn} is no role or user"));
        };
        let (operation, member, kind) = if principal.is_role {
            ("GetRole", "RoleName", "Role")
        } else {
            ("GetUser", "UserName", "User")
        };
        let found = match self.ask(Service::Iam, operation, json!({member: principal.name})) {
            Ok(output) => output[kind].clone(),
            Err(error) if error.code == "NoSuchEntity" => return Observed::Absent,
            Err(error) => return Observed::Unknown(format!("{operation} {arn}: {error}")),
        };
        // A name is unique in its account, whatever the path.
        if found["Arn"] != arn {
            return Observed::Absent;
        }
        let id = found[format!("{kind}Id")].as_str();
        id.map_or_else(
            || Observed::Unknown(format!("{operation} {arn}: no id")),
            |id| Observed::Present(id.to_owned()),
        )
    }

    fn bucket(&self, bucket: &str) -> Observed<ObservedBucket> {
        if bucket != HOME {
            return self.named_bucket(bucket);
        }
        match self.home_bucket() {
            Ok(Some(name)) => self.named_bucket(&name),
            Ok(None) => Observed::Absent,
            Err(why) => Observed::Unknown(why),
        }
    }

    /// Finds the home bucket by its prefix: older accounts have exactly that name, new ones a
    /// random ending behind it, so it cannot be computed.
    fn home_bucket(&self) -> Result<Option<String>, String> {
        let SimulatedCloud { region, caller, .. } = self.cloud;
        let prefix = format!("appstream2-36fb080bb8-{region}-{}", caller.account);
        let tokens = ("ContinuationToken", "ContinuationToken");
        let input = json!({"Prefix": prefix, "BucketRegion": region});
        let buckets = self
            .list(Service::S3, "ListBuckets", &input, "Buckets", tokens)
            .complete()?;
        let mut homes = buckets
            .iter()
            .filter_map(|bucket| bucket["Name"].as_str())
            .filter(|name| is_home(&prefix, name));
        match (homes.next(), homes.next()) {
            (home, None) => Ok(home.map(str::to_owned)),
            (one, other) => Err(format!(
                "more than one bucket looks like the home bucket: {one:?}, {other:?}"
            )),
        }
    }

    fn named_bucket(&self, bucket: &str) -> Observed<ObservedBucket> {
        let owner = self.cloud.caller.account.as_str();
        let ask = |operation| {
            let input = json!({"Bucket": bucket, "ExpectedBucketOwner": owner});
            self.ask(Service::S3, operation, input)
        };
        let policy = match ask("GetBucketPolicy") {
            Ok(output) => Some(output["Policy"].as_str().unwrap_or_default().to_owned()),
            Err(error) if error.code == "NoSuchBucketPolicy" => None,
            Err(error) if error.code == "NoSuchBucket" => return Observed::Absent,
            Err(error) => return Observed::Unknown(format!("GetBucketPolicy {bucket}: {error}")),
        };
        let policy = policy.map(|document| serde_json::from_str(&document));
        match policy.transpose() {
            Ok(policy) => Observed::Present(ObservedBucket {
                name: bucket.to_owned(),
                policy,
                encryption: encryption(&ask("GetBucketEncryption")),
                ownership: ownership(&ask("GetBucketOwnershipControls")),
            }),
            Err(error) => Observed::Unknown(format!("the policy of {bucket} is not JSON: {error}")),
        }
    }
}

fn encryption(answer: &Result<Value, ApplyError>) -> Observed<BucketEncryption> {
    let rules = match answer {
        Ok(answer) => &answer["ServerSideEncryptionConfiguration"]["Rules"],
        Err(error) => return Observed::Unknown(format!("GetBucketEncryption: {error}")),
    };
    let default = &rules[0]["ApplyServerSideEncryptionByDefault"];
    let text = |member: &str| default[member].as_str().map(str::to_owned);
    text("SSEAlgorithm").map_or(Observed::Absent, |algorithm| {
        Observed::Present(BucketEncryption {
            algorithm,
            kms_key: text("KMSMasterKeyID"),
        })
    })
}

fn ownership(answer: &Result<Value, ApplyError>) -> Observed<ObjectOwnership> {
    match answer {
        Ok(answer) => answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"]
            .as_str()
            .map_or(Observed::Absent, |word| {
                Observed::Present(ObjectOwnership::parse(word))
            }),
        Err(error) if error.code == "OwnershipControlsNotFoundError" => Observed::Absent,
        Err(error) => Observed::Unknown(format!("GetBucketOwnershipControls: {error}")),
    }
}

/// What an answer says of one fleet.
fn of_target(answer: &Result<Vec<Value>, ApplyError>, fleet: &str) -> Observed<Scaling> {
    let targets = match answer {
        Ok(targets) => targets,
        Err(error) if error.class == ErrorClass::Denied => {
            return Observed::Present(Scaling::Hidden);
        }
        Err(error) => return Observed::Unknown(format!("DescribeScalableTargets: {error}")),
    };
    let id = format!("fleet/{fleet}");
    let found = targets.iter().find(|target| target["ResourceId"] == id);
    found.map_or(Observed::Absent, |target| {
        Observed::Present(Scaling::Target {
            min: target["MinCapacity"].as_i64().unwrap_or_default(),
            max: target["MaxCapacity"].as_i64().unwrap_or_default(),
        })
    })
}

/// Exactly the prefix, or the prefix, a dash and a random part.
fn is_home(prefix: &str, name: &str) -> bool {
    let is_random = |byte: u8| -> bool { byte.is_ascii_lowercase() || byte.is_ascii_digit() };
    name.strip_prefix(prefix).is_some_and(|rest| {
        rest.is_empty()
            || rest
                .strip_prefix('-')
                .is_some_and(|random| !random.is_empty() && random.bytes().all(is_random))
    })
}
