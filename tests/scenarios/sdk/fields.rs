//! Every field of the tables over the wire: set, drifted and removed again, by plans that the real
//! SDK carries out and looks that it takes.
//!
//! The tests walk the tables, on a fleet of each kind and on a stack; a row without values fails.

mod values;

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use serde_json::{Value, json};
use streamkeeper_aws::AwsCloud;
use streamkeeper_core::cloud::{Cloud, ObserveRequest};
use streamkeeper_core::environment::{DeletionPolicy, Environment, Mode, Scope};
use streamkeeper_core::fields::Reset;
use streamkeeper_core::neighbours::Neighbours;
use streamkeeper_core::observed::Observed;
use streamkeeper_core::plan::{ManagedPaths, ObservedEnvironment, Plan, PlanInput, plan};
use streamkeeper_simulator::convert::to_members;
use uuid::Uuid;

use self::values::{Kind, Sample, at, put, samples};
use super::*;

/// More passes than any change takes.
const ENOUGH: usize = 12;

/// A row, what is stored about it, and the AWS it is kept in.
struct Row {
    front: Front,
    cloud: AwsCloud,
    environment: Environment,
    managed: ManagedPaths,
    owned: BTreeSet<String>,
    debts: BTreeSet<String>,
}

impl Row {
    async fn new(spec: &Value) -> Self {
        let front = Front::new().await;
        let cloud = front.cloud();
        let environment = Environment {
            name: "cfd".to_owned(),
            uid: Uuid::from_u128(1),
            scope: Scope {
                account: ACCOUNT.to_owned(),
                region: REGION.to_owned(),
            },
            spec: serde_json::from_value(spec.clone()).unwrap(),
            mode: Mode::Enforce,
            paused: false,
            deletion_policy: DeletionPolicy::Delete,
            generation: 1,
            deletion_requested_at: None,
        };
        let mut row = Self {
            front,
            cloud,
            environment,
            managed: ManagedPaths::new(),
            owned: BTreeSet::new(),
            debts: BTreeSet::new(),
        };
        row.converge().await;
        row
    }

    async fn look(&self) -> ObservedEnvironment {
        let cfd = || names(["cfd"]);
        let world = self
            .cloud
            .observe(&ObserveRequest {
                fleets: cfd(),
                stacks: cfd(),
                associations_of_stacks: cfd(),
                associations_of_fleets: cfd(),
                sessions: cfd(),
                scaling: cfd(),
                ..ObserveRequest::default()
            })
            .await;
        ObservedEnvironment::of(&world, Some("cfd"), Some("cfd"))
    }

    fn plan(&self, observed: &ObservedEnvironment) -> Plan {
        plan(&PlanInput {
            environment: &self.environment,
            managed: &self.managed,
            owned: &self.owned,
            intents: &[],
            debts: &self.debts,
            failures: &BTreeMap::new(),
            unsteady: &BTreeMap::new(),
            observed,
            cluster_configs: &BTreeMap::new(),
            neighbours: &Neighbours::default(),
            caller_arn: "arn:aws:sts::111122223333:assumed-role/streamkeeper/daemon",
            now: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        })
    }

    /// Passes until nothing is left to do.
    async fn converge(&mut self) {
        let mut last = Plan::default();
        for _ in 0..ENOUGH {
            let plan = self.plan(&self.look().await);
            self.managed.extend(
                plan.holds
                    .clone()
                    .into_iter()
                    .map(|(path, value)| (path, Some(value))),
            );
            for path in &plan.released {
                self.managed.remove(path);
            }
            self.debts.retain(|fleet| !plan.debts_paid.contains(fleet));
            if plan.steps.is_empty() && plan.differences.is_empty() && plan.waiting.is_empty() {
                return;
            }
            for step in plan.steps.iter().filter(|step| step.waiting_for.is_none()) {
                for path in &step.manages {
                    self.managed.entry(path.clone()).or_insert(None);
                }
                let claimed = step.action.claims();
                self.owned.extend(claimed.map(|object| object.to_string()));
                if step.opens_debt {
                    self.debts.insert("cfd".to_owned());
                }
                let made = self.cloud.apply(&step.action).await;
                made.unwrap_or_else(|error| panic!("{}: {error}", step.action));
            }
            last = plan;
        }
        panic!("did not converge: {last:#?}");
    }

    async fn edit(&mut self, spec: &Value) {
        self.environment.spec = serde_json::from_value(spec.clone()).unwrap();
        self.environment.generation += 1;
        self.converge().await;
    }

    /// Both sides' settings as the SDK reads them.
    async fn settings(&self) -> Value {
        let observed = self.look().await;
        let (Observed::Present(fleet), Observed::Present(stack)) = (observed.fleet, observed.stack)
        else {
            panic!("both are there");
        };
        json!({"fleet": fleet.settings, "stack": stack.settings})
    }

    /// Somebody changes the fleet, stopped meanwhile, or the stack.
    fn change_by_hand(&self, sample: &Sample, value: &Value) {
        let mut tree = json!({});
        put(&mut tree, sample.rule.path, value);
        let mut input = match sample.kind {
            Kind::Fleet | Kind::ElasticFleet => {
                to_members(&serde_json::from_value::<FleetSettings>(tree).unwrap())
            }
            Kind::Stack => to_members(&serde_json::from_value::<StackSettings>(tree).unwrap()),
        };
        input.insert("Name".to_owned(), json!("cfd"));
        if sample.kind == Kind::Stack {
            self.front.call("UpdateStack", Value::Object(input));
            return;
        }
        self.front.call("StopFleet", json!({"Name": "cfd"}));
        self.front.call("UpdateFleet", Value::Object(input));
        self.front.call("StartFleet", json!({"Name": "cfd"}));
    }
}

/// What AWS has of a field; what it does not show is as it is by default.
fn found(settings: &Value, sample: &Sample) -> Option<Value> {
    at(settings, &sample.path())
        .cloned()
        .or_else(|| sample.rule.reset.default())
}

/// Settings without a field and without what goes with it.
fn elsewhere(settings: &Value, sample: &Sample) -> Value {
    let mut rest = settings.clone();
    let object = sample.kind.object();
    for path in std::iter::once(&sample.rule.path).chain(sample.rule.together) {
        put(&mut rest, &format!("{object}.{path}"), &Value::Null);
    }
    without_nothing(&rest)
}

/// Without what is null or empty: an object comes and goes with its only member.
fn without_nothing(value: &Value) -> Value {
    let Value::Object(members) = value else {
        return value.clone();
    };
    let members = members
        .iter()
        .map(|(key, value)| (key.clone(), without_nothing(value)));
    Value::Object(
        members
            .filter(|(_, value)| !value.is_null() && *value != json!({}))
            .collect(),
    )
}

async fn lives(kind: Kind) {
    let all: Vec<Sample> = samples()
        .into_iter()
        .filter(|one| one.kind == kind)
        .collect();
    assert!(!all.is_empty());
    let mut row = Row::new(&kind.row()).await;
    for sample in &all {
        row.edit(&sample.left_out()).await;
        let before = row.settings().await;
        let fresh = found(&before, sample);
        let asked = Some(sample.asked.clone());

        row.edit(&sample.set()).await;
        let set = row.settings().await;
        assert_eq!(found(&set, sample), asked, "{}", sample.path());
        assert_eq!(
            elsewhere(&set, sample),
            elsewhere(&before, sample),
            "{}",
            sample.path()
        );

        if sample.rule.path != "fleetType" {
            row.change_by_hand(sample, &sample.theirs);
            let drifted = row.settings().await;
            assert_ne!(
                found(&drifted, sample),
                asked,
                "{} did not drift",
                sample.path()
            );
            row.converge().await;
            let repaired = row.settings().await;
            assert_eq!(found(&repaired, sample), asked, "{}", sample.path());
            assert_eq!(repaired, set, "{} touches a neighbour", sample.path());
        }

        if let Some(unset) = sample.unset() {
            row.edit(&unset).await;
            let settings = row.settings().await;
            assert_eq!(found(&settings, sample), fresh, "{}", sample.path());
            row.edit(&sample.set()).await;
        }
        if sample.is_required() {
            continue;
        }
        row.edit(&sample.left_out()).await;
        let gone = row.settings().await;
        let expected = match sample.rule.reset {
            Reset::Unmanage => asked,
            Reset::Default(_)
            | Reset::EmptyString
            | Reset::Delete(_)
            | Reset::DeleteToDefault(..) => fresh,
        };
        assert_eq!(found(&gone, sample), expected, "{}", sample.path());
        assert!(
            !row.managed.contains_key(&sample.path()),
            "{} is still managed",
            sample.path()
        );
        assert_eq!(
            elsewhere(&gone, sample),
            elsewhere(&before, sample),
            "{}",
            sample.path()
        );
    }
}

#[tokio::test]
async fn every_field_of_a_fleet_is_set_kept_and_removed() {
    lives(Kind::Fleet).await;
}

#[tokio::test]
async fn every_field_of_an_elastic_fleet_is_set_kept_and_removed() {
    lives(Kind::ElasticFleet).await;
}

#[tokio::test]
async fn every_field_of_a_stack_is_set_kept_and_removed() {
    lives(Kind::Stack).await;
}
