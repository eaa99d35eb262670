//! Holds the planner to its laws.
//!
//! [`harness`] builds what a plan is made of and prints plans as text; [`world`] is a small pure
//! AWS with AWS's own semantics, so that every topic can end in "planning again changes nothing".
//! Every plan that a test makes goes through the checker as well.

pub(crate) mod harness;
pub(crate) mod world;

mod adoption_and_conflict;
mod association;
mod buckets;
mod clusters;
mod connectors;
mod create;
mod deletion;
mod disruption;
mod drain;
mod drift_ledger;
mod entitlements;
mod failures_and_backoff;
mod fields;
mod fleet_ref;
mod identities;
mod ignore;
mod images;
mod intents_and_settle;
mod just_changed;
mod laws;
mod observe_and_retain_forget;
mod power_state;
mod replacement;
mod scaling;
mod stop_update_start;
mod tags;
mod theme;
mod three_way_ownership;
mod together;
mod unknown_is_not_absent;
mod update_in_place;
mod user_settings;
mod users;
