//! Every statement that reaches PostgreSQL.
//!
//! # What do we persist, and why?
//!
//! - What users ask for: `environments`, and every version of it (`revisions`).
//! - What would be lost by a crash and cannot be read from AWS: intents (a call may be on its way),
//!   owned objects (the row may not go before they do), managed paths with the value last seen to
//!   hold (what is drift, and what goes back to its default), debts (a fleet we stopped).
//! - What people want to see later: events and drift.
//! - What people want to see now: conditions, the plan, the fleet's state.
//! - Who may write: scopes with their epoch, and leases.
//!
//! # What do we not persist?
//!
//! What AWS has. It is read anew every time; a cache of it would be a second truth.
//!
//! # Invariants
//!
//! - Every write on behalf of a pass is fenced: it begins by locking the scope's row `FOR SHARE`
//!   with the lease's epoch, and checks the lease's expiry by the database's clock.
//! - A pass leaves its traces in one transaction, or none.
//! - A quiet sweep writes one row.
//! - No transaction is open while AWS is asked anything.

mod cluster_configs;
mod clusters;
mod conditions;
mod declarations;
mod drift;
mod environments;
mod error;
mod events;
mod imports;
mod intents;
mod leases;
mod load;
mod migrate;
mod notify;
mod overview;
mod passes;
mod preview;
pub mod scratch;
mod status;
mod store;
mod sweeps;

pub use self::cluster_configs::ClusterConfigRow;
pub use self::clusters::ClusterRow;
pub use self::declarations::{Applied, ApplyOutcome, Declaration, DeletionOutcome};
pub use self::environments::{
    EnvironmentRow, RowVersion, ScopeSnapshot, SpecFault, StoredCondition,
};
pub use self::error::{DatabaseFault, Refusal, StoreError};
pub use self::intents::{Budget, NewIntent, SettledIntent};
pub use self::leases::{Lease, ScopeRow};
pub use self::migrate::{MIGRATOR, MigrateReport, SchemaStatus};
pub use self::notify::Notifications;
pub use self::overview::{Overview, OverviewFilter};
pub use self::passes::Orphan;
pub use self::preview::Preview;
pub use self::status::{
    ConditionRow, DriftRow, EnvironmentDetails, EventFilter, EventRow, RevisionRow, StatusFilter,
    StatusRow,
};
pub use self::store::{ConnectOptions, Store};
pub use self::sweeps::{AssociationRange, SweepRecord};
