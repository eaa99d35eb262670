//! Scripts what goes wrong: which calls, how often, and what the client sees instead.
//!
//! A [`Fault`] says two things apart that real outages mix up: whether the call was executed, and
//! what the client learns. `LostBefore` and `LostAfter` look alike from outside; only the journal
//! and the world know the difference.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::call::{Delivery, Service};

/// What a lost call looks like to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// No answer; the client's time-out ends it.
    Timeout,
    /// The connection is reset.
    Reset,
    /// HTTP 500.
    Http500,
    /// HTTP 503.
    Http503,
}

impl Face {
    /// Every face, for tests that try them all.
    pub const ALL: [Self; 4] = [Self::Timeout, Self::Reset, Self::Http500, Self::Http503];

    pub(crate) const fn delivery(self) -> Delivery {
        match self {
            Self::Timeout => Delivery::Timeout,
            Self::Reset => Delivery::Reset,
            Self::Http500 => Delivery::Status(500),
            Self::Http503 => Delivery::Status(503),
        }
    }
}

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A definite no: not executed, and the client is told so.
    Refuse {
        /// The error code.
        code: String,
        /// The words.
        message: String,
        /// The HTTP status.
        status: u16,
    },
    /// Not executed, and the client sees only that no answer came.
    LostBefore(Face),
    /// Executed, and the client sees only that no answer came.
    LostAfter(Face),
    /// Executed; the answer comes late.
    Hang(Duration),
    /// A read answers from the world as it was this many mutations ago.
    Stale(usize),
    /// A list answers with success, nothing in it and no further page.
    EmptyPage,
    /// A list leaves out the item of this name or ARN.
    OmitItem(String),
}

impl Fault {
    /// A refusal with status 400.
    #[must_use]
    pub fn refuse(code: &str, message: &str) -> Self {
        Self::Refuse {
            code: code.to_owned(),
            message: message.to_owned(),
            status: 400,
        }
    }
}

/// Which calls a fault befalls. Everything left unset matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matcher {
    service: Option<Service>,
    operation: Option<String>,
    target: Option<String>,
    region: Option<String>,
    caller: Option<String>,
    mutating: Option<bool>,
    after_changes: u64,
    skip: u64,
    times: Option<u64>,
    until: Option<DateTime<Utc>>,
}

impl Matcher {
    /// Any call at all, once.
    #[must_use]
    pub fn any() -> Self {
        Self {
            times: Some(1),
            ..Self::default()
        }
    }

    /// The next call of one operation; CloudFormation's only with [`Matcher::service`], because
    /// AppStream has some of the same names.
    #[must_use]
    pub fn operation(operation: &str) -> Self {
        Self {
            operation: Some(operation.to_owned()),
            ..Self::any()
        }
    }

    /// The next call that changes something.
    #[must_use]
    pub fn mutating() -> Self {
        Self {
            mutating: Some(true),
            ..Self::any()
        }
    }

    /// The next call that only looks.
    #[must_use]
    pub fn reading() -> Self {
        Self {
            mutating: Some(false),
            ..Self::any()
        }
    }

    /// Only calls to this service.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.service = Some(service);
        self
    }

    /// Only calls about this object: `fleet/cfd`, or `cfd` for whatever has that name.
    #[must_use]
    pub fn target(mut self, target: &str) -> Self {
        self.target = Some(target.to_owned());
        self
    }

    /// Only calls in this region.
    #[must_use]
    pub fn region(mut self, region: &str) -> Self {
        self.region = Some(region.to_owned());
        self
    }

    /// Only calls of this principal, by ARN.
    #[must_use]
    pub fn caller(mut self, arn: &str) -> Self {
        self.caller = Some(arn.to_owned());
        self
    }

    /// Only once so many mutating calls have come, counted from the first one ever: where reads are
    /// repeated as time passes, this says which of them is meant.
    #[must_use]
    pub fn after_changes(mut self, changes: u64) -> Self {
        self.after_changes = changes;
        self
    }

    /// The n-th matching call from now on instead of the next; counted from 1.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.skip = nth.saturating_sub(1);
        self
    }

    /// This many matching calls instead of one.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Every matching call.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Only until this moment of the simulator's clock.
    #[must_use]
    pub fn until(mut self, until: DateTime<Utc>) -> Self {
        self.until = Some(until);
        self
    }

    fn is_for(&self, service: Service) -> bool {
        match self.service {
            Some(wanted) => wanted == service,
            None => self.operation.is_none() || service != Service::CloudFormation,
        }
    }

    fn covers(&self, sight: &Sight<'_>) -> bool {
        self.until.is_none_or(|until| sight.now < until)
            && self.is_for(sight.service)
            && self
                .mutating
                .is_none_or(|mutating| mutating == sight.mutating)
            && is_or_unset(self.operation.as_deref(), sight.operation)
            && is_or_unset(self.region.as_deref(), sight.region)
            && is_or_unset(self.caller.as_deref(), sight.caller)
            && self
                .target
                .as_deref()
                .is_none_or(|target| names(sight.target, target))
    }
}

/// A call as matchers see it.
#[derive(Debug)]
pub(crate) struct Sight<'a> {
    pub(crate) now: DateTime<Utc>,
    pub(crate) service: Service,
    pub(crate) operation: &'a str,
    pub(crate) target: &'a str,
    pub(crate) region: &'a str,
    pub(crate) caller: &'a str,
    pub(crate) mutating: bool,
}

fn is_or_unset(wanted: Option<&str>, actual: &str) -> bool {
    wanted.is_none_or(|wanted| wanted == actual)
}

/// Whether a target such as `stack/a,fleet/b` names the wanted object, by kind and name or name.
fn names(target: &str, wanted: &str) -> bool {
    target == wanted
        || target.split(',').any(|part| {
            part == wanted || part.split_once('/').is_some_and(|(_, name)| name == wanted)
        })
}

/// The name of a scripted fault, to take it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultId(u64);

/// The script. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    script: Arc<Mutex<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    next: u64,
    fired: u64,
    changes: u64,
    rules: Vec<(FaultId, Matcher, Fault)>,
}

impl Faults {
    /// Adds a fault. Of several that match one call, the first added befalls it; the others still
    /// count it towards their n-th.
    pub fn add(&self, matcher: Matcher, fault: Fault) -> FaultId {
        let mut script = self.lock();
        let id = FaultId(script.next);
        script.next += 1;
        script.rules.push((id, matcher, fault));
        id
    }

    /// Takes one fault back; true when it was still there.
    pub fn remove(&self, id: FaultId) -> bool {
        let mut script = self.lock();
        let before = script.rules.len();
        script.rules.retain(|(other, ..)| *other != id);
        script.rules.len() < before
    }

    /// Takes all faults back.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }

    /// How many calls a fault has befallen so far.
    #[must_use]
    pub fn fired(&self) -> u64 {
        self.lock().fired
    }

    /// Whether every fault with a limited number of times has been used up.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.lock()
            .rules
            .iter()
            .all(|(_, matcher, _)| matcher.times.is_none())
    }

    /// The fault that befalls this call, if any; counts it.
    pub(crate) fn befall(&self, sight: &Sight<'_>) -> Option<Fault> {
        let mut script = self.lock();
        let mut chosen = None;
        let before = script.changes;
        script.changes += u64::from(sight.mutating);
        for (id, matcher, fault) in &mut script.rules {
            if before < matcher.after_changes || !matcher.covers(sight) {
                continue;
            }
            if matcher.skip > 0 {
                matcher.skip -= 1;
            } else if chosen.is_none() {
                if let Some(times) = &mut matcher.times {
                    *times = times.saturating_sub(1);
                }
                chosen = Some((*id, fault.clone()));
            }
        }
        let (_, fault) = chosen?;
        script.fired += 1;
        script
            .rules
            .retain(|(_, matcher, _)| matcher.times != Some(0));
        Some(fault)
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
