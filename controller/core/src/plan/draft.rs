//! Builds a plan step by step, and settles at the end what may not be done yet.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::diff::{self, FieldChange};
use super::{CallFailure, Difference, Plan, PlanInput, Remark, Step, WaitReason, Waiting, scaling};
use crate::action::{Action, ObjectRef};
use crate::cloud::ErrorClass;
use crate::environment::{Mode, Timestamp};
use crate::event::{EventReason, EventType};
use crate::observed::ObservedTags;
use crate::words::brief;

/// The tag that names the environment, for people.
pub const ENVIRONMENT_TAG: &str = "streamkeeper:environment";
/// The tag that proves ownership.
pub const UID_TAG: &str = "streamkeeper:uid";

/// A plan in the making.
pub(super) struct Draft<'a> {
    pub(super) input: &'a PlanInput<'a>,
    pub(super) plan: Plan,
    /// What was seen of tags, object by object.
    pub(super) tags: TagsSeen,
    /// Objects that are ours or become ours with this plan.
    pub(super) ours: BTreeSet<ObjectRef>,
}

/// What a plan has seen of tags: a tag is one field of the environment, on several objects.
#[derive(Debug, Default)]
pub(super) struct TagsSeen {
    /// Tags of each object that is there.
    pub(super) of: Vec<BTreeMap<String, String>>,
    /// Whether there is an object whose tags could not be seen.
    pub(super) incomplete: bool,
}

/// Whose an existing object is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ownership {
    /// It carries our uid.
    Ours,
    /// It carries no uid, and the row allows taking it over.
    Adoptable,
    /// It is somebody else's, or nobody's and the row does not allow taking it over.
    Foreign(String),
    /// Its tags are not known.
    Unknown(String),
}

impl<'a> Draft<'a> {
    pub(super) fn new(input: &'a PlanInput<'a>) -> Self {
        Self {
            input,
            plan: Plan::default(),
            tags: TagsSeen::default(),
            ours: BTreeSet::new(),
        }
    }

    /// Adds a step that can be done in this pass.
    pub(super) fn step(&mut self, action: Action, reason: impl Into<String>) -> &mut Step {
        self.plan.steps.push(Step {
            action,
            reason: reason.into(),
            manages: BTreeSet::new(),
            sends: BTreeMap::new(),
            waiting_for: None,
            opens_debt: false,
        });
        self.plan.steps.last_mut().expect("a step was just pushed")
    }

    /// Adds a step that has to wait.
    pub(super) fn later(
        &mut self,
        action: Action,
        reason: impl Into<String>,
        waiting_for: WaitReason,
    ) -> &mut Step {
        let step = self.step(action, reason);
        step.waiting_for = Some(waiting_for);
        step
    }

    /// Says why something is not done.
    pub(super) fn wait(
        &mut self,
        object: impl ToString,
        reason: WaitReason,
        message: impl Into<String>,
    ) {
        let waiting = Waiting {
            object: object.to_string(),
            reason,
            message: message.into(),
        };
        if !self.plan.waiting.contains(&waiting) {
            self.plan.waiting.push(waiting);
        }
    }

    /// Says what changes nothing of what is done.
    pub(super) fn remark(
        &mut self,
        object: impl ToString,
        (event_type, reason): (EventType, EventReason),
        message: impl Into<String>,
    ) {
        self.plan.remarks.push(Remark {
            object: object.to_string(),
            reason,
            event_type,
            message: message.into(),
        });
    }

    /// Has the environment looked at again at a certain time, if not before.
    pub(super) fn look_again_at(&mut self, when: Timestamp) {
        let before = self.plan.look_again_at;
        self.plan.look_again_at = Some(before.map_or(when, |before| before.min(when)));
    }

    /// Records a difference; drift if the desired value held before.
    pub(super) fn differs(
        &mut self,
        object: &ObjectRef,
        path: &str,
        desired: Value,
        observed: Value,
    ) {
        let is_drift = self.held(path, &desired);
        self.plan.differences.push(Difference {
            object: object.clone(),
            path: path.to_owned(),
            desired,
            observed,
            is_drift,
        });
    }

    /// Whether this very value was the last that was seen to hold at a path.
    pub(super) fn held(&self, path: &str, desired: &Value) -> bool {
        self.input
            .managed
            .get(path)
            .is_some_and(|applied| applied.as_ref() == Some(desired))
    }

    /// Records that a path holds.
    pub(super) fn holds(&mut self, path: impl Into<String>, value: Value) {
        self.plan.unchanged += 1;
        self.plan.holds.insert(path.into(), value);
    }

    /// Whether somebody else owns a path. Nobody else owns the two tags that prove whose an object
    /// is, even where `ignore` names all tags.
    pub(super) fn ignores(&self, path: &str) -> bool {
        let proof = path.strip_prefix("tags.").is_some_and(is_proof);
        !proof && diff::is_ignored(&self.input.environment.spec.ignore, path)
    }

    /// Whose an object with these tags is. The Tagging API lags: that an object is not ours is
    /// believed only of tags that were read by name.
    pub(super) fn ownership(&self, object: &ObjectRef, tags: &ObservedTags) -> Ownership {
        let environment = self.input.environment;
        let uid = environment.uid_tag();
        let tags = match tags {
            ObservedTags::Unknown(why) => return Ownership::Unknown(why.clone()),
            ObservedTags::Listed(tags) if tags.get(UID_TAG) != Some(&uid) => {
                return Ownership::Unknown("only listed, without our uid".to_owned());
            }
            ObservedTags::Known(tags) | ObservedTags::Listed(tags) => tags,
        };
        match tags.get(UID_TAG) {
            Some(found) if *found == uid => Ownership::Ours,
            Some(uid) => Ownership::Foreign(format!(
                "{object} carries {UID_TAG}={uid}: it belongs to another environment{}",
                tags.get(ENVIRONMENT_TAG)
                    .map(|name| format!(" ({name})"))
                    .unwrap_or_default()
            )),
            None if !environment.spec.adoption.is_never() => Ownership::Adoptable,
            None => Ownership::Foreign(format!(
                "{object} exists and carries no {UID_TAG} tag; set adoption to IfUnowned to take \
                 it over, or choose another name"
            )),
        }
    }

    /// Whether an object that is there may be converged; says so if not.
    pub(super) fn may_converge(&mut self, object: &ObjectRef, ownership: &Ownership) -> bool {
        match ownership {
            Ownership::Ours | Ownership::Adoptable => {
                self.ours.insert(object.clone());
                return true;
            }
            Ownership::Foreign(message) => self.wait(object, WaitReason::Conflict, message),
            Ownership::Unknown(why) => {
                self.need(object);
                self.wait(object, WaitReason::NotObserved, format!("its tags: {why}"));
            }
        }
        self.tags.incomplete = true;
        false
    }

    /// Whether what is managed on an object and left out goes back to its default: the object was
    /// ours before this look. What was only watched is left as it is.
    pub(super) fn resets(&self, object: &ObjectRef, ownership: &Ownership) -> bool {
        *ownership == Ownership::Ours || self.input.owned.contains(&object.to_string())
    }

    /// Turns changed fields into differences, and describes them for a step's reason.
    pub(super) fn describe(&mut self, object: &ObjectRef, changes: &[FieldChange]) -> String {
        let mut words = Vec::new();
        for change in changes {
            let drift = self.held(&change.path, &change.desired);
            words.push(format!(
                "{}{}: {} -> {}",
                if drift { "drift of " } else { "" },
                change.path,
                brief(&change.observed),
                brief(&change.desired)
            ));
            self.differs(
                object,
                &change.path,
                change.desired.clone(),
                change.observed.clone(),
            );
        }
        words.join(", ")
    }

    /// Settles what may not be done yet, and gives the plan away.
    pub(super) fn finish(mut self) -> Plan {
        self.hold_unsettled();
        self.hold_unsteady();
        self.hold_failed();
        self.hold_followers();
        scaling::hold_together(&mut self.plan.steps);
        self.release_ignored();
        let conflicts = |waiting: &Waiting| waiting.reason == WaitReason::Conflict;
        let hold = if self.input.environment.mode == Mode::Observe {
            Some(WaitReason::ObserveOnly)
        } else if self.plan.waiting.iter().any(conflicts) {
            Some(WaitReason::Conflict)
        } else {
            None
        };
        if let Some(reason) = hold {
            for step in &mut self.plan.steps {
                step.waiting_for = Some(reason);
            }
            self.expect_no_bucket(reason);
        }
        self.plan.finished &= self.input.intents.is_empty();
        self.plan
    }

    /// Where nothing is called, no stack enables home folders: their bucket is not on its way, and
    /// looking for it every few seconds would never end.
    fn expect_no_bucket(&mut self, hold: WaitReason) {
        let is_all = hold == WaitReason::ObserveOnly && self.plan.differences.is_empty();
        for waiting in &mut self.plan.waiting {
            if waiting.reason == WaitReason::HomeBucketMissing && is_all {
                waiting.reason = hold;
            }
        }
        let coming = |waiting: &Waiting| waiting.reason == WaitReason::HomeBucketMissing;
        self.plan.waiting.retain(|waiting| !coming(waiting));
    }

    /// What somebody else owns is not managed: given back later, it is not ours to reset.
    /// Statements stay managed, because their `Sid` says that they are ours: with the row they go.
    fn release_ignored(&mut self) {
        let released = self
            .input
            .managed
            .keys()
            .filter(|path| !path.starts_with("buckets.") && self.ignores(path))
            .cloned()
            .collect::<Vec<_>>();
        self.plan.released.extend(released);
    }

    /// A call whose outcome is not known keeps everything else away from its object.
    fn hold_unsettled(&mut self) {
        for intent in self.input.intents {
            let object = intent.action.object();
            self.need(&object);
            if let Action::Access(call) = &intent.action {
                self.plan.needs.access.add(&call.shows_in());
            }
            if let Action::DeregisterScalableTarget { fleet } = &intent.action {
                self.plan.needs.scaling.insert(fleet.clone());
            }
            if let Action::DrainSessionInstance { fleet, .. } = &intent.action {
                self.plan.needs.sessions.insert(fleet.clone());
            }
            self.wait(
                &object,
                WaitReason::OutcomeUnknown,
                format!("it is not known yet whether {} was executed", intent.action),
            );
            for step in &mut self.plan.steps {
                if step.waiting_for.is_none() && step.action.object() == object {
                    step.waiting_for = Some(WaitReason::OutcomeUnknown);
                }
            }
        }
    }

    /// A list that lags behind our own change may ask for a second stop of a fleet that was stopped,
    /// changed and started: what takes something away waits until AWS has caught up.
    fn hold_unsteady(&mut self) {
        let mut waits = BTreeSet::new();
        for step in &mut self.plan.steps {
            let unsteady = involved(&step.action).into_iter().find(|object| {
                let until = self.input.unsteady.get(&object.to_string());
                until.is_some_and(|until| self.input.now < *until)
            });
            if let Some(object) = unsteady
                && step.waiting_for.is_none()
                && step.action.is_disruptive()
            {
                step.waiting_for = Some(WaitReason::JustChanged);
                waits.insert(object);
            }
        }
        for object in waits {
            let message = "it was changed a moment ago, and AWS's answers may be from before";
            self.wait(object, WaitReason::JustChanged, message);
        }
    }

    /// A call that failed is not made again before its time.
    fn hold_failed(&mut self) {
        let mut waits = Vec::new();
        let mut still_stopped = BTreeSet::new();
        for step in &mut self.plan.steps {
            // The items of a batch are held one by one, when it is put together.
            let Some(failure) = self.input.failures.get(&step.action.key()) else {
                continue;
            };
            if step.waiting_for.is_some() || self.input.now >= failure.not_before {
                continue;
            }
            let reason = if needs_another_row(failure.class) || is_lasting(failure) {
                WaitReason::CallRefused
            } else {
                WaitReason::BackingOff
            };
            step.waiting_for = Some(reason);
            waits.push((step.action.object(), reason, failure.message.clone()));
            if passes(failure.class)
                && let Action::UpdateFleet { name, .. } = &step.action
            {
                still_stopped.insert(name.clone());
            }
        }
        // What passes in a moment is waited for: a fleet that starts without its update would have
        // to be stopped for it again.
        for step in &mut self.plan.steps {
            if let Action::StartFleet { name } = &step.action
                && step.waiting_for.is_none()
                && still_stopped.contains(name)
            {
                step.waiting_for = Some(WaitReason::EarlierStep);
            }
        }
        for (object, reason, message) in waits {
            self.wait(object, reason, message);
        }
    }

    /// A step on an object whose creation, adoption or disassociation waits has to wait too.
    fn hold_followers(&mut self) {
        let mut held: BTreeSet<ObjectRef> = BTreeSet::new();
        for step in &mut self.plan.steps {
            let objects = involved(&step.action);
            if step.waiting_for.is_none() && objects.iter().any(|object| held.contains(object)) {
                step.waiting_for = Some(WaitReason::EarlierStep);
            }
            let opens_the_way = match &step.action {
                Action::CreateFleet { .. }
                | Action::CreateStack { .. }
                | Action::DisassociateFleet { .. } => true,
                // Of tags only the one that makes an object ours.
                Action::TagResource { tags, .. } => tags.contains_key(UID_TAG),
                Action::UpdateFleet { .. }
                | Action::StartFleet { .. }
                | Action::StopFleet { .. }
                | Action::DrainSessionInstance { .. }
                | Action::DeleteFleet { .. }
                // See `scaling::hold_together`.
                | Action::DeregisterScalableTarget { .. }
                | Action::UpdateStack { .. }
                | Action::DeleteStack { .. }
                | Action::AssociateFleet { .. }
                | Action::UntagResource { .. }
                | Action::PutBucketPolicy { .. }
                | Action::DeleteBucketPolicy { .. }
                | Action::Access(_) => false,
            };
            if opens_the_way && step.waiting_for.is_some() {
                held.extend(objects);
            }
        }
    }

    /// Asks for a look at an object by name.
    pub(super) fn need(&mut self, object: &ObjectRef) {
        use crate::action::ObjectKind;
        let needs = &mut self.plan.needs;
        match object.kind {
            ObjectKind::Fleet => needs.fleets.insert(object.name.clone()),
            ObjectKind::Stack => {
                needs.associations_of_stacks.insert(object.name.clone());
                needs.stacks.insert(object.name.clone())
            }
            ObjectKind::Bucket => needs.buckets.insert(object.name.clone()),
            ObjectKind::User => {
                needs.access.users = true;
                true
            }
        };
    }
}

/// Whether a tag is one of the two that prove ownership.
pub(super) fn is_proof(key: &str) -> bool {
    key == UID_TAG || key == ENVIRONMENT_TAG
}

/// Whether an error stays until the row or the account changes.
pub(super) const fn needs_another_row(class: ErrorClass) -> bool {
    matches!(
        class,
        ErrorClass::Limit | ErrorClass::Denied | ErrorClass::Invalid | ErrorClass::Unexpected
    )
}

/// Whether what a call needs has been missing, or in its way, for longer than AWS lags behind its
/// own answers: the fourth try comes after a quarter of a minute.
const fn is_lasting(failure: &CallFailure) -> bool {
    const TRIES: u32 = 4;
    matches!(failure.class, ErrorClass::Gone | ErrorClass::AlreadyThere) && failure.attempt >= TRIES
}

/// Whether an error passes by itself, and soon.
pub(super) const fn passes(class: ErrorClass) -> bool {
    matches!(
        class,
        ErrorClass::Throttled | ErrorClass::NotReady | ErrorClass::Unknown
    )
}

/// Every object a call touches.
#[must_use]
pub fn involved(action: &Action) -> Vec<ObjectRef> {
    let mut objects = vec![action.object()];
    if let Action::AssociateFleet { fleet, .. } | Action::DisassociateFleet { fleet, .. } = action {
        objects.push(ObjectRef::fleet(fleet));
    }
    objects
}
