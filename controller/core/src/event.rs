//! Names the facts worth keeping: what happened, to what, and why it mattered.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whether a fact is business as usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventType {
    /// Nobody needs to look.
    Normal,
    /// Somebody may want to look.
    Warning,
}

/// One thing that happened to an environment. Repeats of the same reason, object and message
/// within the store's window raise a count instead of adding rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Normal or Warning.
    pub event_type: EventType,
    /// What happened, to be searched for and alerted on.
    pub reason: EventReason,
    /// The object, such as `fleet/cfd`.
    pub object: String,
    /// For people.
    pub message: String,
    /// For programs; `null` when there is nothing to add.
    pub details: Value,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Why an event was recorded.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum EventReason { $($(#[$doc])* $name),+ }

        impl EventReason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The reason's name in tables and logs.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }
        }
    };
}

reasons! {
    /// A fleet or stack was created.
    Created,
    /// A fleet or stack was updated because the row changed.
    Updated,
    /// A fleet was told to start.
    Started,
    /// A fleet was told to stop.
    Stopped,
    /// An instance with people on it was told to take nobody else.
    DrainRequested,
    /// A fleet or stack was deleted.
    Deleted,
    /// A fleet was associated with a stack.
    Associated,
    /// A fleet was disassociated from a stack.
    Disassociated,
    /// Tags were set.
    Tagged,
    /// Tags were removed.
    Untagged,
    /// A bucket policy was written or removed.
    PolicyWritten,
    /// An existing object was taken over.
    Adopted,
    /// An ownership tag of a row that no longer exists was found.
    Orphan,
    /// A field differed without anybody changing the row.
    DriftDetected,
    /// Such a field was put right.
    DriftRepaired,
    /// Such a field is no drift any more, but nobody put it right: the row took it over, no longer
    /// asks, or ignores it, or it went away while it was only observed.
    DriftClosed,
    /// AWS refused a call.
    CallRefused,
    /// It is not known whether a call was executed; the next look decides.
    OutcomeUnknown,
    /// An earlier call's outcome was found out by looking.
    OutcomeResolved,
    /// Everything matches.
    Ready,
    /// AWS reports errors on the fleet or stack.
    AwsReportsErrors,
    /// Somebody else owns an object of that name.
    Conflict,
    /// The independent checker refused a plan.
    PlanRefused,
    /// A pass panicked.
    Panicked,
    /// Deletion was asked for.
    DeletionRequested,
    /// Everything owned is gone and the row may go.
    Finalized,
    /// A fleet's capacity differs from the row's and is left to Application Auto Scaling.
    CapacityScaled,
    /// A cluster's configuration was rendered, because the row or the bucket changed.
    ClusterConfigRendered,
    /// A cluster's configuration cannot be rendered yet, or not with all that it needs.
    ClusterConfigWaiting,
    /// A cluster's configuration is not rendered: the row contradicts itself.
    ClusterConfigRefused,
    /// The scalable target of a fleet that is deleted next was deregistered.
    Deregistered,
    /// A deleted fleet left its scalable target behind.
    ScalableTargetLeft,
    /// A grant to the bucket's own account, where IAM alone decides: nothing is written.
    GrantNotNeeded,
    /// A grant that the bucket's policy alone does not fulfil.
    GrantNotEnough,
    /// A statement of others denies the bucket to clusters or to somebody a grant names.
    AccessBlocked,
    /// A path is repaired over and over: somebody else writes it too.
    Contested,
    /// Too many deletions or stops in an hour.
    BudgetExceeded,
    /// The image of the row's recipe does not exist, or came to nothing.
    ImageMissing,
    /// A cluster of the environment's was seen for the first time.
    ClusterSeen,
    /// A cluster of the environment's has another status.
    ClusterStatusChanged,
    /// A cluster of the environment's is gone.
    ClusterGone,
    /// The nodes of a cluster of the environment's do not reach the shared bucket as the row says.
    ClusterAccessDiffers,
    /// They do again, or it cannot be told any more.
    ClusterAccessSettled,
    /// Clusters cannot be seen, because the daemon may not ask.
    ClustersNotSeen,
    /// Neither looked at nor touched, because somebody paused it.
    Paused,
    /// The row cannot be read or names an unknown field.
    InvalidSpec,
    /// There are no credentials, or those of another account.
    WrongAccount,
}

impl std::fmt::Display for EventReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
