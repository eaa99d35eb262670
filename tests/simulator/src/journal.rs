//! Remembers every call: the oracle that tells what was done from what only ended up right.

use chrono::{DateTime, Utc};

use crate::call::Service;

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// Executed.
    Ok,
    /// Answered with this error code, by the model, a limit or a scripted refusal.
    Refused(String),
    /// Never looked at: lost on the way in.
    NotExecuted,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// Counts calls, from 1.
    pub seq: u64,
    /// When, by the simulator's clock.
    pub at: DateTime<Utc>,
    /// The service.
    pub service: Service,
    /// The operation.
    pub operation: String,
    /// The caller's account.
    pub account: String,
    /// The caller's ARN.
    pub caller: String,
    /// The region.
    pub region: String,
    /// What it is about, such as `fleet/cfd` or `stack/cfd,fleet/cfd`; empty for a whole list.
    pub target: String,
    /// Whether the operation changes anything.
    pub mutating: bool,
    /// What it came to in AWS.
    pub outcome: CallOutcome,
    /// Whether the client learned that.
    pub delivered: bool,
    /// The request id.
    pub request_id: String,
}

impl JournalEntry {
    /// Whether it changed the world (or would have, had there been a difference).
    #[must_use]
    pub fn changed(&self) -> bool {
        self.mutating && self.outcome == CallOutcome::Ok
    }
}
