//! Proves the laws of the whole, one module each.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where it stands"
)]

mod accounts;
mod buckets;
mod budget;
mod cluster_configs;
mod clusters;
mod commands;
mod converge;
mod crash;
mod daemon;
mod documented;
mod drift;
mod faults;
mod identities;
mod lifecycle;
mod modes;
mod ownership;
mod page;
mod people;
mod poison;
mod rows;
mod sdk;
mod store;
mod storm;
mod themes;
