//! Simulates the AWS that Streamkeeper works with, closely enough to find its mistakes.
//!
//! One model of AppStream, S3, tags, scalable targets and STS, used two ways: in process behind the
//! `Cloud` port with virtual time, and over HTTP, where the real SDK, signing and wire formats
//! meet it.
//!
//! ```text
//!   HTTP front ──┐   Call                      ┌─ faults: what goes wrong with it
//!                ├────────► Simulator::exchange┼─ limits: too fast?
//!   Cloud port ──┘   ◄──────                   ├─ model: validate, answer, change the world
//!                   Exchange                   └─ journal: what was done, whatever was answered
//! ```
//!
//! [`Exchange`] keeps apart what AWS did and what the client learns of it; the front and the port
//! act the second out (time-outs, resets, late answers).
//!
//! # Invariants
//!
//! - Deterministic: the same configuration and calls give the same answers, ids included. Only
//!   real-time mode reads a clock.
//! - One account's and region's world never shows in another's.
//! - A refused call changes nothing.
//!
//! What AWS does and this does not stands in the crate's README.

mod call;
mod clock;
mod cloud;
mod config;
pub mod convert;
mod fault;
mod hands;
pub mod http;
mod journal;
mod limits;
mod model;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

pub use self::call::{Call, Caller, Delivery, Exchange, Service, ServiceError, lost_answer_code};
pub use self::clock::SimClock;
pub use self::cloud::SimulatedCloud;
pub use self::config::{Config, Delays, HomeBucketNaming, ImageSeed, Trust, Unknowns};
pub use self::fault::{Face, Fault, FaultId, Faults, Matcher};
pub use self::hands::{CloudStackSeed, SessionSeed};
pub use self::journal::{CallOutcome, JournalEntry};
pub use self::limits::{Quotas, Rate, Rates};
use self::model::World;
pub use self::model::{input_model, operations};

/// The simulated AWS. Clones share it.
#[derive(Debug, Clone)]
pub struct Simulator {
    world: Arc<Mutex<World>>,
    clock: SimClock,
    faults: Faults,
}

impl Simulator {
    /// An AWS with nothing in it but the configured images.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let clock = match config.time_scale {
            None => SimClock::virtual_from(config.start),
            Some(scale) => SimClock::real(config.start, scale),
        };
        Self {
            world: Arc::new(Mutex::new(World::new(config))),
            clock,
            faults: Faults::default(),
        }
    }

    /// Takes one call and says both what AWS did and what the client gets to see.
    #[must_use]
    pub fn exchange(&self, call: &Call) -> Exchange {
        self.world().exchange(call, self.clock.now(), &self.faults)
    }

    /// Takes one call as a client without a network would, delays left out.
    ///
    /// # Errors
    ///
    /// Fails as [`Exchange::into_client_view`] does.
    pub fn call(&self, call: &Call) -> Result<Value, ServiceError> {
        self.exchange(call).into_client_view()
    }

    /// The clock all delays are told by.
    #[must_use]
    pub fn clock(&self) -> &SimClock {
        &self.clock
    }

    /// The script of what goes wrong.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Who an access key stands for: what `AssumeRole` or the configuration says, else the account's
    /// own role.
    #[must_use]
    pub fn caller_of(&self, access_key: &str) -> Caller {
        self.world().caller_of(access_key)
    }

    /// Whether `AssumeRole` gave the key out, and its time is over.
    pub(crate) fn has_expired(&self, access_key: &str) -> bool {
        self.world().has_expired(access_key, self.clock.now())
    }

    /// Every call so far, oldest first.
    #[must_use]
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.world().journal()
    }

    /// The calls after the one with this `seq`.
    #[must_use]
    pub fn journal_since(&self, seq: u64) -> Vec<JournalEntry> {
        self.world().journal_since(seq)
    }

    /// The state of AWS without timestamps and request ids, for comparing ends.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        self.world().snapshot(self.clock.now())
    }

    fn world(&self) -> MutexGuard<'_, World> {
        // Handlers check before they change anything, so a panic leaves a world that holds.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
