//! The real SDK against the simulator over HTTP: signing, CBOR, XML and paging, and what is made
//! of answers that fail, lie or never come.

mod access;
mod apply;
mod clusters;
mod faults;
mod fields;
mod observe;
mod principals;
mod streaming;
mod themes;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};
use streamkeeper_aws::{AwsCloud, AwsConfig, AwsSettings};
use streamkeeper_core::action::Action;
use streamkeeper_core::cloud::{Cloud, ObserveRequest};
use streamkeeper_core::observed::ObservedWorld;
use streamkeeper_core::settings::{FleetSettings, StackSettings};
use streamkeeper_simulator::{Call, Config, Delays, JournalEntry, Service, Simulator, http};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";

/// A simulated AWS behind a listener, and a way in for another administrator.
struct Front {
    simulator: Simulator,
    server: http::Server,
}

impl Front {
    /// An AWS in which nothing takes time.
    async fn new() -> Self {
        Self::with(instant()).await
    }

    async fn with(config: Config) -> Self {
        let simulator = Simulator::new(config);
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = http::serve(simulator.clone(), any).await.unwrap();
        Self { simulator, server }
    }

    fn config(&self) -> AwsConfig {
        AwsConfig::fixed(&self.server.url(), REGION, "test", "test").with_settings(AwsSettings {
            read_backoff: Duration::from_millis(5),
            ..AwsSettings::default()
        })
    }

    fn cloud(&self) -> AwsCloud {
        self.config().cloud(REGION, ACCOUNT)
    }

    async fn observe(&self, request: &ObserveRequest) -> ObservedWorld {
        self.cloud().observe(request).await
    }

    /// A call by somebody else, without the wire.
    fn call(&self, operation: &str, input: Value) -> Value {
        self.simulator
            .call(&Call::appstream(REGION, operation, input))
            .unwrap()
    }

    fn create_fleet(&self, name: &str) {
        self.call(
            "CreateFleet",
            json!({
                "Name": name,
                "ImageName": "pcluster-2026-11",
                "InstanceType": "stream.standard.medium",
                "ComputeCapacity": {"DesiredInstances": 1},
                "Tags": {"made-by": "hand"},
            }),
        );
    }

    fn register_target(&self, fleet: &str, min: i64, max: i64) {
        let target = json!({
            "ServiceNamespace": "appstream",
            "ResourceId": format!("fleet/{fleet}"),
            "ScalableDimension": "appstream:fleet:DesiredCapacity",
            "MinCapacity": min,
            "MaxCapacity": max,
        });
        let operation = "RegisterScalableTarget";
        let call = Call::new(Service::AutoScaling, REGION, operation, target);
        self.simulator.call(&call).unwrap();
    }

    fn create_stack(&self, name: &str) {
        self.call("CreateStack", json!({"Name": name}));
    }

    fn create_stack_with_home(&self, name: &str) {
        self.call(
            "CreateStack",
            json!({"Name": name, "StorageConnectors": [{"ConnectorType": "HOMEFOLDERS"}]}),
        );
    }

    fn associate(&self, fleet: &str, stack: &str) {
        let pair = json!({"FleetName": fleet, "StackName": stack});
        self.call("AssociateFleet", pair);
    }

    /// What came in since a call of the journal.
    fn journal_since(&self, seq: u64) -> Vec<JournalEntry> {
        self.simulator.journal_since(seq)
    }

    fn last_seq(&self) -> u64 {
        self.simulator.journal().last().map_or(0, |entry| entry.seq)
    }
}

fn instant() -> Config {
    Config {
        delays: Delays::none(),
        tag_lag: Duration::ZERO,
        ..Config::default()
    }
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

fn tags<const N: usize>(tags: [(&str, &str); N]) -> BTreeMap<String, String> {
    tags.into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

fn fleet_settings() -> FleetSettings {
    serde_json::from_value(json!({
        "imageName": "pcluster-2026-11",
        "instanceType": "stream.standard.medium",
        "fleetType": "ON_DEMAND",
        "computeCapacity": {"desiredInstances": 2},
        "maxUserDurationInSeconds": 345_600,
        "enableDefaultInternetAccess": true,
        "streamView": "DESKTOP",
    }))
    .unwrap()
}

fn stack_settings() -> StackSettings {
    serde_json::from_value(json!({
        "displayName": "CFD",
        "storageConnectors": [{"connectorType": "HOMEFOLDERS"}],
        "applicationSettings": {"enabled": true, "settingsGroup": "cfd"},
    }))
    .unwrap()
}

fn start_fleet(name: &str) -> Action {
    Action::StartFleet {
        name: name.to_owned(),
    }
}
