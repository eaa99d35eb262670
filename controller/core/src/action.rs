//! Names every change Streamkeeper can make.
//!
//! # Invariants
//!
//! - An action is complete: applying it leaves no choice to make.
//! - One action is one mutating AWS call.
//! - There is no action on a cluster, an object or a bucket itself: nothing here can end a cluster
//!   or delete anybody's data.

mod access;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::access::{AccessCall, BATCH, EntitlementSettings, StackUser, ThemeSettings};
use crate::settings::{AttributeToDelete, FleetSettings, StackSettings};

/// One mutating AWS call with all its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the fields are the call's own parameters")]
pub enum Action {
    /// `CreateFleet`, with our tags from the first moment on.
    CreateFleet {
        name: String,
        settings: FleetSettings,
        tags: BTreeMap<String, String>,
    },
    /// `UpdateFleet`, with only the members that change.
    UpdateFleet {
        name: String,
        set: FleetSettings,
        delete: Vec<AttributeToDelete>,
    },
    /// `StartFleet`.
    StartFleet { name: String },
    /// `StopFleet`. `only_when_idle` makes the last look before it count sessions.
    StopFleet { name: String, only_when_idle: bool },
    /// `DrainSessionInstance`: the instance of a multi-session fleet that a session is on takes
    /// nobody else. Sessions on it "continue uninterrupted", and when the last of them ends AWS
    /// replaces the instance (AppStream's API reference). No call takes it back.
    DrainSessionInstance {
        fleet: String,
        instance: String,
        session: String,
    },
    /// `DeleteFleet`; the fleet must be stopped and associated with nothing.
    DeleteFleet { name: String },
    /// `DeregisterScalableTarget` of Application Auto Scaling: a fleet that goes is scaled no more.
    DeregisterScalableTarget { fleet: String },
    /// `CreateStack`, with our tags from the first moment on.
    CreateStack {
        name: String,
        settings: StackSettings,
        tags: BTreeMap<String, String>,
    },
    /// `UpdateStack`, with only the members that change.
    UpdateStack {
        name: String,
        set: StackSettings,
        delete: Vec<AttributeToDelete>,
    },
    /// `DeleteStack`; the stack must have no fleet.
    DeleteStack { name: String },
    /// `AssociateFleet`.
    AssociateFleet { fleet: String, stack: String },
    /// `DisassociateFleet`. `only_when_idle` as for `StopFleet`.
    DisassociateFleet {
        fleet: String,
        stack: String,
        #[serde(default = "only_when_idle")]
        only_when_idle: bool,
    },
    /// `TagResource`.
    TagResource {
        object: ObjectRef,
        arn: String,
        tags: BTreeMap<String, String>,
    },
    /// `UntagResource`.
    UntagResource {
        object: ObjectRef,
        arn: String,
        keys: Vec<String>,
    },
    /// `PutBucketPolicy`. `base` is the policy the document was computed from: if the bucket no
    /// longer has it at the last look, nothing is written.
    PutBucketPolicy {
        bucket: String,
        base: Option<Value>,
        document: Value,
    },
    /// `DeleteBucketPolicy`, when nothing would remain; `base` as above.
    DeleteBucketPolicy { bucket: String, base: Option<Value> },
    /// A call about who may use what, told by its own `action`.
    #[serde(untagged)]
    Access(AccessCall),
}

/// What intents of versions without the member meant.
const fn only_when_idle() -> bool {
    true
}

/// An AWS object, printed as `fleet/cfd`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectRef {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
}

impl ObjectRef {
    /// A fleet.
    pub fn fleet(name: impl Into<String>) -> Self {
        Self {
            kind: ObjectKind::Fleet,
            name: name.into(),
        }
    }

    /// A stack.
    pub fn stack(name: impl Into<String>) -> Self {
        Self {
            kind: ObjectKind::Stack,
            name: name.into(),
        }
    }

    /// An account of the region's user pool.
    pub fn user(name: impl Into<String>) -> Self {
        Self {
            kind: ObjectKind::User,
            name: name.into(),
        }
    }

    /// A bucket, by its real name.
    pub fn bucket(name: impl Into<String>) -> Self {
        Self {
            kind: ObjectKind::Bucket,
            name: name.into(),
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.as_str(), self.name)
    }
}

/// What kind of AWS object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectKind {
    /// An AppStream fleet.
    Fleet,
    /// An AppStream stack.
    Stack,
    /// An S3 bucket.
    Bucket,
    /// An account of the region's user pool, which no environment owns.
    User,
}

impl ObjectKind {
    /// The word before the slash.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fleet => "fleet",
            Self::Stack => "stack",
            Self::Bucket => "bucket",
            Self::User => "user",
        }
    }
}

impl Action {
    /// The AWS operation.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::CreateFleet { .. } => "CreateFleet",
            Self::UpdateFleet { .. } => "UpdateFleet",
            Self::StartFleet { .. } => "StartFleet",
            Self::StopFleet { .. } => "StopFleet",
            Self::DrainSessionInstance { .. } => "DrainSessionInstance",
            Self::DeleteFleet { .. } => "DeleteFleet",
            Self::DeregisterScalableTarget { .. } => "DeregisterScalableTarget",
            Self::CreateStack { .. } => "CreateStack",
            Self::UpdateStack { .. } => "UpdateStack",
            Self::DeleteStack { .. } => "DeleteStack",
            Self::AssociateFleet { .. } => "AssociateFleet",
            Self::DisassociateFleet { .. } => "DisassociateFleet",
            Self::TagResource { .. } => "TagResource",
            Self::UntagResource { .. } => "UntagResource",
            Self::PutBucketPolicy { .. } => "PutBucketPolicy",
            Self::DeleteBucketPolicy { .. } => "DeleteBucketPolicy",
            Self::Access(call) => call.operation(),
        }
    }

    /// The object the call is about; of an association, the stack.
    #[must_use]
    pub fn object(&self) -> ObjectRef {
        match self {
            Self::CreateFleet { name, .. }
            | Self::UpdateFleet { name, .. }
            | Self::StartFleet { name }
            | Self::StopFleet { name, .. }
            | Self::DrainSessionInstance { fleet: name, .. }
            | Self::DeleteFleet { name }
            | Self::DeregisterScalableTarget { fleet: name } => ObjectRef::fleet(name),
            Self::CreateStack { name, .. }
            | Self::UpdateStack { name, .. }
            | Self::DeleteStack { name }
            | Self::AssociateFleet { stack: name, .. }
            | Self::DisassociateFleet { stack: name, .. } => ObjectRef::stack(name),
            Self::TagResource { object, .. } | Self::UntagResource { object, .. } => object.clone(),
            Self::PutBucketPolicy { bucket, .. } | Self::DeleteBucketPolicy { bucket, .. } => {
                ObjectRef::bucket(bucket)
            }
            Self::Access(call) => call.object(),
        }
    }

    /// The object that becomes ours, at least in part, with this call: from its intent on, the row
    /// may not go until the object was seen without us.
    #[must_use]
    pub fn claims(&self) -> Option<ObjectRef> {
        match self {
            Self::CreateFleet { .. }
            | Self::CreateStack { .. }
            | Self::TagResource { .. }
            | Self::PutBucketPolicy { .. } => Some(self.object()),
            Self::UpdateFleet { .. }
            | Self::StartFleet { .. }
            | Self::StopFleet { .. }
            | Self::DrainSessionInstance { .. }
            | Self::DeleteFleet { .. }
            | Self::DeregisterScalableTarget { .. }
            | Self::UpdateStack { .. }
            | Self::DeleteStack { .. }
            | Self::AssociateFleet { .. }
            | Self::DisassociateFleet { .. }
            | Self::UntagResource { .. }
            | Self::DeleteBucketPolicy { .. }
            | Self::Access(_) => None,
        }
    }

    /// Whether the object and its tag are read again by name right before the call, because the
    /// call takes something away from somebody.
    #[must_use]
    pub const fn needs_last_look(&self) -> bool {
        match self {
            Self::StopFleet { .. }
            | Self::DrainSessionInstance { .. }
            | Self::DeleteFleet { .. }
            | Self::DeregisterScalableTarget { .. }
            | Self::DeleteStack { .. }
            | Self::DisassociateFleet { .. }
            | Self::UntagResource { .. }
            | Self::PutBucketPolicy { .. }
            | Self::DeleteBucketPolicy { .. } => true,
            Self::CreateFleet { .. }
            | Self::UpdateFleet { .. }
            | Self::StartFleet { .. }
            | Self::CreateStack { .. }
            | Self::UpdateStack { .. }
            | Self::AssociateFleet { .. }
            | Self::TagResource { .. } => false,
            Self::Access(call) => call.takes_away(),
        }
    }

    /// What tells one call from another when it is remembered that it failed. An update is told by
    /// what it sends, because one with other members deserves its own try; a policy is not, because
    /// it carries what others wrote, and a busy other writer would make each try a new one.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::UpdateFleet { .. }
            | Self::UpdateStack { .. }
            | Self::TagResource { .. }
            | Self::UntagResource { .. } => {
                serde_json::to_string(self).unwrap_or_else(|_| self.to_string())
            }
            Self::CreateFleet { .. }
            | Self::StartFleet { .. }
            | Self::StopFleet { .. }
            | Self::DrainSessionInstance { .. }
            | Self::DeleteFleet { .. }
            | Self::DeregisterScalableTarget { .. }
            | Self::CreateStack { .. }
            | Self::DeleteStack { .. }
            | Self::AssociateFleet { .. }
            | Self::DisassociateFleet { .. }
            | Self::PutBucketPolicy { .. }
            | Self::DeleteBucketPolicy { .. } => self.to_string(),
            Self::Access(call) => call.key(),
        }
    }

    /// The keys of a call that AWS answers item by item, with the items; of any other its own key.
    #[must_use]
    pub fn keys(&self) -> Vec<(String, Option<&str>)> {
        if let Self::Access(call) = self
            && let Some(items) = call.items()
        {
            let keyed = items.into_iter();
            return keyed
                .map(|item| (call.item_key(item), Some(item)))
                .collect();
        }
        vec![(self.key(), None)]
    }

    /// Whether it can interrupt people or take away an object that exists. Who may use what is not
    /// among it, nor is a drain: sessions go on, and what is taken away is the row's own list, or
    /// room for others.
    #[must_use]
    pub const fn is_disruptive(&self) -> bool {
        matches!(
            self,
            Self::StopFleet { .. }
                | Self::DeleteFleet { .. }
                | Self::DeleteStack { .. }
                | Self::DisassociateFleet { .. }
        )
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AssociateFleet { fleet, stack }
            | Self::DisassociateFleet { fleet, stack, .. } => {
                write!(f, "{} fleet/{fleet} stack/{stack}", self.operation())
            }
            // By which session it is told makes no other call of it.
            Self::DrainSessionInstance {
                fleet, instance, ..
            } => write!(f, "{} fleet/{fleet} {instance}", self.operation()),
            Self::CreateFleet { .. }
            | Self::UpdateFleet { .. }
            | Self::StartFleet { .. }
            | Self::StopFleet { .. }
            | Self::DeleteFleet { .. }
            | Self::DeregisterScalableTarget { .. }
            | Self::CreateStack { .. }
            | Self::UpdateStack { .. }
            | Self::DeleteStack { .. }
            | Self::TagResource { .. }
            | Self::UntagResource { .. }
            | Self::PutBucketPolicy { .. }
            | Self::DeleteBucketPolicy { .. } => {
                write!(f, "{} {}", self.operation(), self.object())
            }
            Self::Access(call) => call.fmt(f),
        }
    }
}
