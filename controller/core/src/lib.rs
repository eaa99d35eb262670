//! The pure heart of Streamkeeper: what rows ask, what AWS said, and what to do about it.
//!
//! ```text
//!   Environment (desired) ─┐
//!   ManagedPaths ──────────┤
//!   OpenIntents, debts ────┼─► plan ─► Plan { steps, waiting, differences } ─► check
//!   ObservedWorld ─────────┤
//!   Neighbours ────────────┤
//!   now ───────────────────┘
//! ```
//!
//! # Invariants
//!
//! - No I/O, no clock, no randomness, no async runtime: everything enters as an argument.
//! - A plan is byte-stable: the same inputs give the same plan, whatever order they came in.
//!
//! # What is deliberately absent
//!
//! AWS's SDK and SQL. The crates that know them translate to and from the types here.

pub mod access;
pub mod action;
pub mod advice;
pub mod backoff;
pub mod check;
pub mod cloud;
pub mod cluster;
pub mod condition;
pub mod drift;
pub mod environment;
pub mod event;
pub mod fields;
pub mod folder;
pub mod image;
pub mod import;
pub mod last_look;
pub mod neighbours;
pub mod observed;
pub mod plan;
pub mod policy;
pub mod record;
pub mod seen_clusters;
pub mod settings;
pub mod spec;
pub mod streaming;
pub mod verdict;
pub mod window;
mod words;

#[cfg(test)]
mod generated;
