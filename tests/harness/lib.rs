//! Gives every test a PostgreSQL database of its own, a daemon to kill and a network to cut.
//!
//! ```text
//!   test ── TestDatabase ── clone of a migrated template, on one server per test process
//!    │
//!    ├── PostgresProxy ──── counts COMMITs; kills, cuts, stalls at the one a test names
//!    └── Daemon ─────────── the real `streamkeeper` as a child process
//! ```
//!
//! Nothing has to be set up: without `DATABASE_URL` the harness starts a private server, once for
//! each test process.  Run the tests with `cargo test`; under a runner that gives each test a
//! process of its own, such as nextest, set `DATABASE_URL` or each test starts its own server.

mod daemon;
mod database;
mod proxy;
mod waiting;
mod world;

pub use self::daemon::Daemon;
pub use self::database::TestDatabase;
pub use self::proxy::{Commit, Fault, Moment, PostgresProxy};
pub use self::waiting::{DEADLINE, wait_until};
pub use self::world::{Death, End, Intrusion, REGION, World, brisk, differences};
