//! Models fleets: what is stored, the state told from the clock, and what Describe shows.
//!
//! ```text
//!              `StartFleet`              delay
//!   STOPPED ───────────────► STARTING ───────► RUNNING
//!      ▲                         │                │
//!      │  delay                  │ `StopFleet`      │ `StopFleet`
//!      └──────────── STOPPING ◄──┴────────────────┘
//! ```
//!
//! A fleet made through the API begins as STOPPED. There is no state for being created or deleted,
//! and none for trouble: that stands in `FleetErrors` beside any state.

pub(crate) mod change;
pub(crate) mod power;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::page::Pager;
use super::settings::{Settings, integer, text};
use super::state::{State, Tags, rows_in, seconds};
use super::{Answer, Place, Request, errors};

/// A fleet.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    pub(crate) arn: String,
    pub(crate) created: DateTime<Utc>,
    /// Everything Create and Update take, normalised, under AWS's names.
    pub(crate) settings: Settings,
    pub(crate) power: Power,
    pub(crate) capacity: Capacity,
    pub(crate) errors: Vec<Value>,
    pub(crate) tags: Tags,
    /// The stacks it is associated with.
    pub(crate) stacks: BTreeSet<String>,
}

/// Where a fleet's power state is headed, and when it gets there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Power {
    pub(crate) on: bool,
    pub(crate) settles_at: DateTime<Utc>,
    /// Never gets there while this is set: AWS's fleets get stuck, too.
    pub(crate) held: bool,
}

/// Instances that were there before the last change of capacity, and when the rest comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Capacity {
    pub(crate) before: i64,
    pub(crate) ready_at: DateTime<Utc>,
}

/// The four states of a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FleetState {
    Starting,
    Running,
    Stopping,
    Stopped,
}

impl FleetState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
        }
    }
}

impl Power {
    pub(crate) fn state(&self, now: DateTime<Utc>) -> FleetState {
        let settled = !self.held && now >= self.settles_at;
        match (self.on, settled) {
            (true, true) => FleetState::Running,
            (true, false) => FleetState::Starting,
            (false, true) => FleetState::Stopped,
            (false, false) => FleetState::Stopping,
        }
    }
}

impl Fleet {
    pub(crate) fn state(&self, now: DateTime<Utc>) -> FleetState {
        self.power.state(now)
    }

    pub(crate) fn is_elastic(&self) -> bool {
        text(&self.settings, "FleetType") == Some("ELASTIC")
    }

    pub(crate) fn is_multi_session(&self) -> bool {
        integer(&self.settings, "MaxSessionsPerInstance").is_some()
    }

    /// Instances asked for; those of a multi-session fleet follow from its sessions.
    pub(crate) fn desired_instances(&self) -> i64 {
        desired_instances(&self.settings)
    }

    /// Instances there are.
    fn instances(&self, now: DateTime<Utc>) -> i64 {
        let desired = self.desired_instances();
        match self.state(now) {
            FleetState::Running if now >= self.capacity.ready_at => desired,
            FleetState::Running => desired.min(self.capacity.before),
            FleetState::Starting | FleetState::Stopping | FleetState::Stopped => 0,
        }
    }

    /// The document that Describe, Create and Update return. Tags and associations are not in it.
    pub(crate) fn document(
        &self,
        state: &State,
        place: &Place,
        name: &str,
        now: DateTime<Utc>,
    ) -> Settings {
        let mut document = self.settings.clone();
        document.remove("ComputeCapacity");
        document.insert("Arn".to_owned(), json!(self.arn));
        document.insert("Name".to_owned(), json!(name));
        document.insert("State".to_owned(), json!(self.state(now).as_str()));
        document.insert("CreatedTime".to_owned(), seconds(self.created));
        document.insert("FleetErrors".to_owned(), json!(self.errors));
        let in_use = super::session::in_use(state, place, name);
        let draining = super::session::draining(state, place, name);
        document.insert(
            "ComputeCapacityStatus".to_owned(),
            self.capacity_status(in_use, &draining, now),
        );
        document
    }

    /// `Reserved` is in real answers and in no model (botocore issue 2059).
    fn capacity_status(
        &self,
        in_use: i64,
        draining: &BTreeMap<String, i64>,
        now: DateTime<Utc>,
    ) -> Value {
        let running = self.instances(now);
        let Some(per_instance) = integer(&self.settings, "MaxSessionsPerInstance") else {
            return json!({
                "Desired": self.desired_instances(),
                "Running": running,
                "InUse": in_use.min(running),
                "Available": (running - in_use).max(0),
                "Reserved": 0,
            });
        };
        let slots = running * per_instance;
        let drained = i64::try_from(draining.len()).unwrap_or(i64::MAX);
        let drained_active: i64 = draining.values().sum();
        let drained_unused = (drained * per_instance - drained_active).max(0);
        json!({
            "Desired": self.desired_instances(),
            "Running": running,
            "InUse": in_use.min(running),
            "Available": (running - in_use).max(0),
            "Reserved": 0,
            "DesiredUserSessions": desired_sessions(&self.settings),
            "ActualUserSessions": slots,
            "ActiveUserSessions": in_use.min(slots),
            "AvailableUserSessions": (slots - in_use - drained_unused).max(0),
            "Draining": drained,
            "DrainModeActiveUserSessions": drained_active,
            "DrainModeUnusedUserSessions": drained_unused,
        })
    }

    pub(crate) fn snapshot(
        &self,
        state: &State,
        place: &Place,
        name: &str,
        now: DateTime<Utc>,
    ) -> Value {
        let mut document = self.document(state, place, name, now);
        document.remove("CreatedTime");
        document.insert("Tags".to_owned(), json!(self.tags));
        document.insert("Stacks".to_owned(), json!(self.stacks));
        Value::Object(document)
    }
}

/// The ARN of a fleet.
pub(crate) fn arn(place: &Place, name: &str) -> String {
    let Place { account, region } = place;
    format!("arn:aws:appstream:{region}:{account}:fleet/{name}")
}

fn capacity_member(settings: &Settings, member: &str) -> Option<i64> {
    settings.get("ComputeCapacity")?.get(member)?.as_i64()
}

fn desired_sessions(settings: &Settings) -> i64 {
    capacity_member(settings, "DesiredSessions").unwrap_or(0)
}

/// Instances that settings ask for.
fn desired_instances(settings: &Settings) -> i64 {
    match integer(settings, "MaxSessionsPerInstance") {
        Some(per_instance) => {
            let sessions = desired_sessions(settings);
            (sessions + per_instance - 1) / per_instance.max(1)
        }
        None => capacity_member(settings, "DesiredInstances").unwrap_or(0),
    }
}

/// `DescribeFleets`.
pub(crate) fn describe(state: &State, request: &Request<'_>) -> Answer {
    let Request { place, now, .. } = request;
    let names = request.texts("Names");
    if !names.is_empty() {
        let fleets = names
            .iter()
            .map(|name| {
                let key = (place.clone(), (*name).to_owned());
                let fleet = state.fleets.get(&key);
                fleet
                    .map(|fleet| json!(fleet.document(state, place, name, *now)))
                    .ok_or_else(|| errors::not_found("fleet", name))
            })
            .collect::<Result<Vec<_>, _>>()?;
        return Ok(json!({"Fleets": fleets}));
    }
    let pager = Pager {
        seed: state.config.seed,
        list: "DescribeFleets",
        place,
        size: state.config.page_size,
    };
    let after = pager.start(request.text("NextToken"))?;
    let page = pager.cut(
        rows_in(&state.fleets, place, after.as_deref()).map(|(name, fleet)| {
            let document = fleet.document(state, place, name, *now);
            (name.to_owned(), json!(document))
        }),
    );
    Ok(page.into_answer("Fleets"))
}
