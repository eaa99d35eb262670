//! A small pure world: one row, what is stored about it, and an AWS to converge.
//!
//! A pass here does what the keeper does: look (and look again at what the plan needs), settle,
//! plan, check, record, apply. It is the planner's own proof that its plans lead somewhere; the
//! keeper and the simulator have their own.

pub(crate) mod access;
pub(crate) mod aws;
mod look;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::aws::{Aws, Refused};
pub(crate) use self::look::Blind;
use super::harness::{CALLER, environment, minute, render};
use crate::action::Action;
use crate::check;
use crate::cloud::ObserveRequest;
use crate::cluster::StoredConfig;
use crate::drift::{DriftChanges, drift};
use crate::environment::{Environment, Timestamp};
use crate::last_look;
use crate::neighbours::Neighbours;
use crate::plan::{
    CallFailure, ManagedPaths, ObservedEnvironment, Plan, PlanInput, Step, involved, plan, settle,
};
use crate::record::{OpenDrift, OpenIntent, Outcome};

/// More passes than any path from one state to another takes: a stop, an update and a start are
/// six, and a deletion behind it four.
pub(crate) const ENOUGH: usize = 24;

/// How often a pass looks again at what its plan needs, as the keeper does.
const REFINEMENTS: usize = 4;

/// One row, what is stored about it, and AWS.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) environment: Environment,
    pub(crate) managed: ManagedPaths,
    pub(crate) owned: BTreeSet<String>,
    pub(crate) debts: BTreeSet<String>,
    pub(crate) intents: Vec<OpenIntent>,
    pub(crate) failures: BTreeMap<String, CallFailure>,
    pub(crate) open_drift: Vec<OpenDrift>,
    pub(crate) cluster_configs: BTreeMap<String, StoredConfig>,
    pub(crate) neighbours: Neighbours,
    pub(crate) aws: Aws,
    /// What cannot be read.
    pub(crate) blind: Blind,
    /// Whether looks walk, with lagging tags in bulk, or read everything by name.
    pub(crate) walks: bool,
    /// Whether it is the association's turn to be read in the next pass, which walks leave out.
    pub(crate) reads_association: bool,
    /// Every mutating call that was made.
    pub(crate) calls: Vec<Action>,
    /// What happens to the next calls, last first; nothing special when empty.
    pub(crate) faults: Vec<Fault>,
    /// Whether the row went.
    pub(crate) gone: bool,
    pub(crate) now: Timestamp,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing special.
    None,
    /// It was not executed, and nobody knows.
    Lost,
    /// It was executed, and nobody knows.
    AnswerLost,
}

/// What one pass came to.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) plan: Plan,
    pub(crate) made: usize,
    pub(crate) drift: DriftChanges,
}

impl World {
    /// A row that was just inserted, in an empty account.
    pub(crate) fn new(spec: &Value) -> Self {
        Self {
            environment: environment(spec),
            managed: ManagedPaths::new(),
            owned: BTreeSet::new(),
            debts: BTreeSet::new(),
            intents: Vec::new(),
            failures: BTreeMap::new(),
            open_drift: Vec::new(),
            cluster_configs: BTreeMap::new(),
            neighbours: Neighbours::default(),
            aws: Aws::default(),
            blind: Blind::default(),
            walks: false,
            reads_association: false,
            calls: Vec::new(),
            faults: Vec::new(),
            gone: false,
            now: minute(0),
        }
    }

    /// A row that has converged.
    #[track_caller]
    pub(crate) fn converged(spec: &Value) -> Self {
        let mut world = Self::new(spec);
        world.converge();
        world
    }

    /// Changes the row's spec.
    pub(crate) fn edit(&mut self, spec: &Value) {
        self.environment.spec = serde_json::from_value(spec.clone()).unwrap();
        self.environment.generation += 1;
        self.failures.clear();
    }

    /// Asks for the row to go.
    pub(crate) fn delete(&mut self) {
        self.environment.deletion_requested_at = Some(self.now);
    }

    /// Looks and plans, without doing anything.
    #[track_caller]
    pub(crate) fn plan(&self) -> Plan {
        let (observed, open, _) = self.look();
        self.plan_of(&observed, &open)
    }

    /// The intents that are still open, and those that this look settles.
    fn look(
        &self,
    ) -> (
        ObservedEnvironment,
        Vec<OpenIntent>,
        Vec<(OpenIntent, Outcome)>,
    ) {
        let mut request = self.first_request();
        let mut world = self.observe(&request);
        for _ in 0..REFINEMENTS {
            let observed = self.pick(&world);
            let (_, open) = settle(&self.environment, &self.intents, &observed);
            let needs = self.plan_of(&observed, &open).needs;
            if needs == ObserveRequest::default() {
                break;
            }
            request = needs;
            look::merge(&mut world, self.observe(&request));
        }
        let observed = self.pick(&world);
        let (settled, open) = settle(&self.environment, &self.intents, &observed);
        (observed, open, settled)
    }

    fn plan_of(&self, observed: &ObservedEnvironment, open: &[OpenIntent]) -> Plan {
        let input = PlanInput {
            environment: &self.environment,
            managed: &self.managed,
            owned: &self.owned,
            intents: open,
            debts: &self.debts,
            failures: &self.failures,
            // AWS's answers do not lag here.
            unsteady: &BTreeMap::new(),
            observed,
            cluster_configs: &self.cluster_configs,
            neighbours: &self.neighbours,
            caller_arn: CALLER,
            now: self.now,
        };
        let plan = plan(&input);
        let notes = check::check(&input, &plan);
        assert!(notes.is_empty(), "{notes:?}\n{}", render(&plan));
        plan
    }

    /// One pass, and then AWS moves on a little.
    #[track_caller]
    pub(crate) fn pass(&mut self) -> Pass {
        let (observed, open, settled) = self.look();
        let plan = self.plan_of(&observed, &open);
        let changes = drift(&self.environment, &self.open_drift, &plan);
        self.record(&plan, &changes, settled.len());
        self.intents = open;
        let mut made = 0;
        if plan.finished {
            self.gone = self.owned.is_empty();
        } else {
            made = self.apply(&plan);
        }
        self.reads_association = false;
        self.aws.tick();
        self.now += chrono::TimeDelta::minutes(1);
        Pass {
            plan,
            made,
            drift: changes,
        }
    }

    fn record(&mut self, plan: &Plan, changes: &DriftChanges, settled: usize) {
        for (path, value) in &plan.holds {
            self.managed.insert(path.clone(), Some(value.clone()));
        }
        for path in &plan.released {
            self.managed.remove(path);
        }
        if self.intents.len() == settled {
            self.owned.retain(|object| !plan.disowned.contains(object));
        }
        for name in &plan.cluster_configs_removed {
            self.cluster_configs.remove(name);
        }
        for config in &plan.cluster_configs {
            let stored = StoredConfig {
                digest: config.digest(),
                kms_key: config.kms_key.clone(),
            };
            self.cluster_configs.insert(config.cluster.clone(), stored);
        }
        for fleet in &plan.debts_paid {
            self.debts.remove(fleet);
        }
        for opened in &changes.opened {
            self.open_drift
                .retain(|open| (&open.object, &open.path) != (&opened.object, &opened.path));
            self.open_drift.push(opened.clone());
        }
        for (closed, _) in &changes.closed {
            self.open_drift.retain(|open| open != closed);
        }
    }

    /// Walks the plan as the keeper does: last look, intent, call, outcome.
    fn apply(&mut self, plan: &Plan) -> usize {
        let mut held = BTreeSet::new();
        let mut made = 0;
        for step in plan.steps.iter().filter(|step| step.waiting_for.is_none()) {
            let objects = involved(&step.action);
            if objects.iter().any(|object| held.contains(object)) {
                held.extend(objects);
                continue;
            }
            if let Some(request) = last_look::request(&step.action, self.now) {
                let observed = self.pick(&self.observe(&request));
                if last_look::verify(&step.action, &self.environment, &observed).is_err() {
                    held.extend(objects);
                    continue;
                }
            }
            for path in &step.manages {
                self.managed.entry(path.clone()).or_insert(None);
            }
            for path in step.sends.keys() {
                self.managed.insert(path.clone(), None);
            }
            if let Some(object) = step.action.claims() {
                self.owned.insert(object.to_string());
            }
            if step.opens_debt {
                self.debts.insert(step.action.object().name);
            }
            made += 1;
            self.calls.push(step.action.clone());
            if self.call(&step.action) {
                let taken = step.sends.clone().into_iter();
                self.managed
                    .extend(taken.map(|(path, value)| (path, Some(value))));
            } else {
                held.extend(objects);
            }
        }
        made
    }

    /// One call; whether it is known to have succeeded.
    fn call(&mut self, action: &Action) -> bool {
        let fault = self.faults.pop().unwrap_or(Fault::None);
        if fault != Fault::Lost {
            match self.aws.apply(action) {
                Ok(()) => {}
                // After a lost answer the plan may be a look behind; otherwise it knew better.
                Err(Refused(_)) if fault == Fault::AnswerLost => {}
                Err(Refused(why)) => panic!("AWS refuses {action}: {why}\n{}", self.history()),
            }
        }
        if fault == Fault::None {
            return true;
        }
        let id = i64::try_from(self.calls.len()).unwrap();
        self.intents.push(OpenIntent {
            id,
            action: action.clone(),
            created_at: self.now,
        });
        false
    }

    /// Passes until nothing is done, differs or is waited for, or until the row is gone; how many
    /// calls that took.
    #[track_caller]
    pub(crate) fn converge(&mut self) -> usize {
        let mut calls = 0;
        let mut last = Plan::default();
        for _ in 0..ENOUGH {
            let pass = self.pass();
            calls += pass.made;
            if self.gone || is_quiet(&pass.plan) {
                self.quiet();
                return calls;
            }
            last = pass.plan;
        }
        panic!(
            "did not converge in {ENOUGH} passes; the last plan:\n{}\n{}",
            render(&last),
            self.history()
        );
    }

    /// Asserts the fixpoint: planning again finds nothing to do and nothing new to write down.
    #[track_caller]
    pub(crate) fn quiet(&self) {
        if self.gone {
            return;
        }
        let plan = self.plan();
        assert!(is_quiet(&plan), "planning again finds\n{}", render(&plan));
        for (path, value) in &plan.holds {
            assert_eq!(self.managed.get(path), Some(&Some(value.clone())), "{path}");
        }
        let left: Vec<&String> = plan.released.iter().collect();
        assert!(left.is_empty(), "{left:?} are released again");
        assert!(plan.debts_paid.is_empty(), "{:?}", plan.debts_paid);
        assert_eq!(self.open_drift, Vec::new());
    }

    /// The calls that were made, one a line.
    fn history(&self) -> String {
        let plan = Plan {
            steps: self.calls.iter().map(step_of).collect(),
            ..Plan::default()
        };
        render(&plan)
    }

    /// The calls that were made, by name.
    pub(crate) fn operations(&self) -> Vec<&'static str> {
        self.calls.iter().map(Action::operation).collect()
    }
}

fn step_of(action: &Action) -> Step {
    Step {
        action: action.clone(),
        reason: String::new(),
        manages: BTreeSet::new(),
        sends: BTreeMap::new(),
        waiting_for: None,
        opens_debt: false,
    }
}

/// Whether a plan finds everything as it should be.
pub(crate) fn is_quiet(plan: &Plan) -> bool {
    plan.steps.is_empty() && plan.waiting.is_empty() && plan.differences.is_empty()
}
