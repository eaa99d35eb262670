//! Counts what the daemon does: every metric, its labels and its help in one table.
//!
//! Label values are closed sets, there at zero from the start; an id or a name is never one.

use std::collections::BTreeMap;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Outcomes of a pass.
const PASS_OUTCOMES: [&str; 5] = ["unchanged", "changed", "conflict", "failed", "panicked"];
/// Mutating operations.
const ACTIONS: [&str; 31] = [
    "CreateFleet",
    "UpdateFleet",
    "StartFleet",
    "StopFleet",
    "DrainSessionInstance",
    "DeleteFleet",
    "DeregisterScalableTarget",
    "CreateStack",
    "UpdateStack",
    "DeleteStack",
    "AssociateFleet",
    "DisassociateFleet",
    "TagResource",
    "UntagResource",
    "PutBucketPolicy",
    "DeleteBucketPolicy",
    "CreateUser",
    "EnableUser",
    "DisableUser",
    "BatchAssociateUserStack",
    "BatchDisassociateUserStack",
    "CreateEntitlement",
    "UpdateEntitlement",
    "DeleteEntitlement",
    "AssociateApplicationToEntitlement",
    "DisassociateApplicationFromEntitlement",
    "CreateThemeForStack",
    "UpdateThemeForStack",
    "DeleteThemeForStack",
    "AssociateApplicationFleet",
    "DisassociateApplicationFleet",
];
/// Why a keeper woke.
const WAKEUPS: [&str; 2] = ["notify", "due"];
/// Reading operations.
const READS: [&str; 17] = [
    "DescribeApplicationFleetAssociations",
    "DescribeEntitlements",
    "DescribeThemeForStack",
    "DescribeFleets",
    "DescribeSessions",
    "DescribeStacks",
    "DescribeUserStackAssociations",
    "DescribeUsers",
    "GetBucketEncryption",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetResources",
    "ListAssociatedFleets",
    "ListAssociatedStacks",
    "ListBuckets",
    "ListEntitledApplications",
    "ListTagsForResource",
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ActionOutcome {
    action: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    operation: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: String,
}

/// The daemon's counters.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    passes: Family<Outcome, Counter>,
    actions: Family<ActionOutcome, Counter>,
    reads: Family<Operation, Counter>,
    wakeups: Family<Reason, Counter>,
    sweeps: Counter,
    fenced: Counter,
    leases: Gauge,
}

impl Metrics {
    /// Every counter, at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("streamkeeper");
        let passes = Family::default();
        let actions = Family::default();
        let reads = Family::default();
        let wakeups = Family::default();
        let (sweeps, fenced, leases) = (Counter::default(), Counter::default(), Gauge::default());
        registry.register("passes", "Passes over one environment", passes.clone());
        registry.register("actions", "Mutating AWS calls", actions.clone());
        registry.register("reads", "Reading AWS calls", reads.clone());
        registry.register("wakeups", "Why keepers woke", wakeups.clone());
        registry.register("sweeps", "Looks at a whole scope", sweeps.clone());
        registry.register(
            "fenced_writes",
            "Writes refused for a lost lease",
            fenced.clone(),
        );
        registry.register("leases_held", "Scopes whose lease is held", leases.clone());
        for outcome in PASS_OUTCOMES {
            drop(passes.get_or_create(&Outcome {
                outcome: outcome.to_owned(),
            }));
        }
        for action in ACTIONS {
            for outcome in ["ok", "failed"] {
                let label = ActionOutcome {
                    action: action.to_owned(),
                    outcome: outcome.to_owned(),
                };
                drop(actions.get_or_create(&label));
            }
        }
        for operation in READS {
            drop(reads.get_or_create(&Operation {
                operation: operation.to_owned(),
            }));
        }
        for reason in WAKEUPS {
            drop(wakeups.get_or_create(&Reason {
                reason: reason.to_owned(),
            }));
        }
        Self {
            registry,
            passes,
            actions,
            reads,
            wakeups,
            sweeps,
            fenced,
            leases,
        }
    }

    /// Counts a pass.
    pub fn pass(&self, outcome: &'static str) {
        self.passes
            .get_or_create(&Outcome {
                outcome: outcome.to_owned(),
            })
            .inc();
    }

    /// Counts a mutating call.
    pub fn action(&self, action: &'static str, outcome: &'static str) {
        let label = ActionOutcome {
            action: action.to_owned(),
            outcome: outcome.to_owned(),
        };
        self.actions.get_or_create(&label).inc();
    }

    /// Counts reading calls by operation.
    pub fn reads(&self, calls: &BTreeMap<String, u64>) {
        for (operation, count) in calls {
            self.reads
                .get_or_create(&Operation {
                    operation: operation.clone(),
                })
                .inc_by(*count);
        }
    }

    /// Counts a wake-up.
    pub fn wakeup(&self, reason: &'static str) {
        self.wakeups
            .get_or_create(&Reason {
                reason: reason.to_owned(),
            })
            .inc();
    }

    /// Counts a sweep.
    pub fn sweep(&self) {
        self.sweeps.inc();
    }

    /// Counts a write that the fence refused.
    pub fn fenced(&self) {
        self.fenced.inc();
    }

    /// Notes how many leases are held.
    pub fn leases(&self, held: usize) {
        self.leases.set(i64::try_from(held).unwrap_or(i64::MAX));
    }

    /// Everything, in Prometheus' text format.
    ///
    /// # Errors
    ///
    /// Fails only when formatting does.
    pub fn render(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
