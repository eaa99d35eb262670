//! Compares what a pass found with what is stored, and keeps only what differs.

use std::collections::BTreeSet;

use streamkeeper_core::drift::DriftChanges;
use streamkeeper_core::environment::Timestamp;
use streamkeeper_core::plan::{Plan, PlanRow, WaitReason};
use streamkeeper_core::record::{OpenIntent, Outcome, PassRecord};
use streamkeeper_core::verdict;

use super::look::is_asked_for;
use super::pass::Pass;
use super::story;

/// What a pass found, before anything is done about it.
pub(crate) struct Found<'a> {
    pub(crate) pass: &'a Pass,
    pub(crate) plan: &'a Plan,
    pub(crate) settled: &'a [(OpenIntent, Outcome)],
    pub(crate) changes: &'a DriftChanges,
    pub(crate) contested: &'a [String],
    /// What is owned no longer.
    pub(crate) let_go: &'a BTreeSet<String>,
}

impl Found<'_> {
    /// Whether the row is on its way out and nothing it owns is left.
    pub(crate) fn row_goes(&self) -> bool {
        self.plan.finished && self.let_go.len() == self.pass.candidate.row.owned.len()
    }

    /// Everything that differs from what is stored; `None` when nothing does.
    pub(crate) fn record(&self, now: Timestamp) -> Option<PassRecord> {
        let row = &self.pass.candidate.row;
        let mut record = PassRecord::empty(row.uid, row.name.clone(), row.generation);
        let rows = verdict::plan_rows(self.plan, &row.plan, now);
        let environment = &self.pass.candidate.environment;
        let mut conditions = verdict::conditions(environment, self.plan, &rows);
        conditions.push(verdict::contested(self.contested));
        record.events = story::events(self, &conditions);
        record.conditions = conditions
            .into_iter()
            .filter(|condition| {
                !row.conditions.iter().any(|stored| {
                    stored.condition == *condition && stored.observed_generation == row.generation
                })
            })
            .collect();
        self.ledger(&mut record);
        self.state(&mut record, rows);
        self.verification(record)
    }

    /// Drift, managed paths, ownership, intents and debts.
    fn ledger(&self, record: &mut PassRecord) {
        let (row, plan) = (&self.pass.candidate.row, self.plan);
        record.drift_opened.clone_from(&self.changes.opened);
        record.drift_closed = self
            .changes
            .closed
            .iter()
            .map(|(one, how)| (one.object.clone(), one.path.clone(), *how))
            .collect();
        record.managed_set = plan
            .holds
            .iter()
            .filter(|(path, value)| row.managed.get(*path) != Some(&Some((*value).clone())))
            .map(|(path, value)| (path.clone(), value.clone()))
            .collect();
        record.managed_removed = plan
            .released
            .iter()
            .filter(|path| row.managed.contains_key(*path))
            .cloned()
            .collect();
        // While an intent is open the object it is about may still become ours.
        if row.open_intents.len() == self.settled.len() {
            record.released = self.let_go.iter().cloned().collect();
        }
        record.intents_settled = self
            .settled
            .iter()
            .map(|(intent, outcome)| (intent.id, *outcome))
            .collect();
        record.debts_paid = plan.debts_paid.iter().cloned().collect();
        record.cluster_configs.clone_from(&plan.cluster_configs);
        let removed = plan.cluster_configs_removed.iter();
        record.cluster_configs_removed = removed.cloned().collect();
    }

    /// The plan as people see it, and the fleet's state.
    fn state(&self, record: &mut PassRecord, rows: Vec<PlanRow>) {
        let row = &self.pass.candidate.row;
        if rows != row.plan {
            record.plan = Some(rows);
        }
        let fleet = &self.pass.observed.fleet;
        let state = fleet.present().map(|fleet| fleet.state.as_str().to_owned());
        if !fleet.is_unknown() && state != row.fleet_state {
            record.fleet_state = Some(state);
        }
    }

    /// When it was verified; the record, if there is anything in it.
    fn verification(&self, mut record: PassRecord) -> Option<PassRecord> {
        let pass = self.pass;
        let row = &pass.candidate.row;
        let unseen =
            |waiting: &streamkeeper_core::plan::Waiting| waiting.reason == WaitReason::NotObserved;
        let seen = !self.plan.waiting.iter().any(unseen);
        if seen != row.follows_sweep {
            record.follows_sweep = Some(seen);
        }
        let associated = row.owned.len() > 1 || pass.candidate.environment.fleet_ref().is_some();
        if pass.own_look && pass.is_covered && associated {
            record.associations_verified_at = Some(pass.looked_at);
        }
        let is_before = |asked: Timestamp| asked <= pass.looked_at;
        let asked = is_asked_for(row) && row.reconcile_requested_at.is_some_and(is_before);
        let empty = PassRecord::empty(row.uid, row.name.clone(), row.generation);
        let nothing_new = record == empty && row.observed_generation == Some(row.generation);
        if seen && ((pass.own_look && !nothing_new) || asked) {
            record.verified_at = Some(pass.looked_at);
        }
        (!nothing_new || record.verified_at.is_some()).then_some(record)
    }
}
