//! The imperative shell of Streamkeeper: it loads, looks, applies and records; the core decides.
//!
//! ```text
//!   main ─► cli ─► daemon ─► lease ─► keeper ─► round ─► pass: record, apply
//!                    │                             │
//!                    └─ web, metrics               └─ core::plan, core::check
//! ```
//!
//! A **pass** is one turn of load → look → plan → check → apply → record for one environment. A
//! **round** is one turn of a scope's keeper, with a pass of every environment that is due.
//!
//! # What is deliberately absent
//!
//! Decisions. Whatever could be a value in a plan is one, and lives in `streamkeeper-core`.

pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
#[cfg(feature = "demo")]
pub mod demo;
pub mod iam;
pub mod keeper;
pub mod lease;
pub mod lifecycle;
pub mod metrics;
#[cfg(feature = "demo")]
pub mod postgres;
pub mod telemetry;
pub mod web;
