//! Shows that the simulated AWS behaves as the facts say; helpers for the modules below.

mod bucket;
mod entitlement;
mod fault;
mod fleet;
mod fleet_update;
mod page;
mod stack;
mod tag;
mod theme;
mod user;

use std::time::Duration;

use serde_json::{Value, json};

use crate::{Call, Config, Delays, Service, Simulator};

const REGION: &str = "eu-west-1";
const ACCOUNT: &str = "111122223333";
const IMAGE: &str = "pcluster-2026-11";

/// A simulator and short words for its calls.
struct Aws(Simulator);

impl Aws {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        Self(Simulator::new(config))
    }

    /// One in which nothing takes time and nothing is bounded.
    fn instant() -> Self {
        Self::with(|config| {
            config.delays = Delays::none();
            config.quotas = crate::Quotas::unlimited();
            config.tag_lag = Duration::ZERO;
        })
    }

    fn call(&self, operation: &str, input: Value) -> Result<Value, String> {
        self.send(Service::AppStream, operation, input)
    }

    fn s3(&self, operation: &str, input: Value) -> Result<Value, String> {
        self.send(Service::S3, operation, input)
    }

    fn send(&self, service: Service, operation: &str, input: Value) -> Result<Value, String> {
        self.0
            .call(&Call::new(service, REGION, operation, input))
            .map_err(|error| error.to_string())
    }

    fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input)
            .unwrap_or_else(|error| panic!("{operation} failed: {error}"))
    }

    /// The code and words of a refusal.
    fn refused(&self, operation: &str, input: Value) -> String {
        match self.call(operation, input) {
            Ok(answer) => panic!("{operation} succeeded: {answer}"),
            Err(error) => error,
        }
    }

    fn create_fleet(&self, name: &str, more: Value) -> Value {
        self.ok("CreateFleet", fleet_input(name, more))["Fleet"].clone()
    }

    fn create_stack(&self, name: &str, more: Value) -> Value {
        self.ok("CreateStack", merged(json!({"Name": name}), more))["Stack"].clone()
    }

    fn fleet(&self, name: &str) -> Value {
        self.ok("DescribeFleets", json!({"Names": [name]}))["Fleets"][0].clone()
    }

    fn stack(&self, name: &str) -> Value {
        self.ok("DescribeStacks", json!({"Names": [name]}))["Stacks"][0].clone()
    }

    fn state(&self, fleet: &str) -> String {
        self.fleet(fleet)["State"].as_str().unwrap().to_owned()
    }

    fn wait(&self, minutes: u64) {
        self.0.clock().advance(Duration::from_secs(minutes * 60));
    }

    fn associate(&self, stack: &str, fleet: &str) {
        self.ok(
            "AssociateFleet",
            json!({"StackName": stack, "FleetName": fleet}),
        );
    }
}

fn fleet_input(name: &str, more: Value) -> Value {
    let input = json!({
        "Name": name,
        "ImageName": IMAGE,
        "InstanceType": "stream.standard.medium",
        "ComputeCapacity": {"DesiredInstances": 2},
    });
    merged(input, more)
}

/// One document over another; nulls take members out.
fn merged(mut base: Value, more: Value) -> Value {
    let members = base.as_object_mut().unwrap();
    for (name, value) in more.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    base
}

fn code(error: &str) -> &str {
    error.split(':').next().unwrap()
}

#[test]
fn sts_says_who_the_caller_is() {
    let answer = Aws::new()
        .send(Service::Sts, "GetCallerIdentity", json!({}))
        .unwrap();
    assert_eq!(answer["Account"], ACCOUNT);
    assert_eq!(
        answer["Arn"],
        "arn:aws:sts::111122223333:assumed-role/Streamkeeper/daemon"
    );
}

#[test]
fn an_operation_that_is_not_offered_is_refused() {
    let error = Aws::new().refused("CreateMoon", json!({}));
    assert_eq!(code(&error), "UnknownOperationException");
}

#[test]
fn the_same_calls_give_the_same_answers() {
    let run = || {
        let aws = Aws::new();
        aws.create_stack(
            "a",
            json!({"StorageConnectors": [{"ConnectorType": "HOMEFOLDERS"}]}),
        );
        aws.create_fleet("a", json!({}));
        aws.wait(1);
        (aws.0.snapshot(), aws.0.journal())
    };
    assert_eq!(run(), run());
}

#[test]
fn regions_and_accounts_do_not_see_each_other() {
    let aws = Aws::new();
    aws.create_stack("cfd", json!({}));
    let elsewhere = Call::appstream("us-east-1", "DescribeStacks", json!({}));
    assert_eq!(aws.0.call(&elsewhere).unwrap()["Stacks"], json!([]));
    let somebody = crate::Caller::role("999999999999", "Other", "admin");
    let other = Call::appstream(REGION, "DescribeStacks", json!({})).by(somebody);
    assert_eq!(aws.0.call(&other).unwrap()["Stacks"], json!([]));
}
