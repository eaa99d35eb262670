//! Applies actions with AWS's semantics.
//!
//! Defaults, full user settings, `AttributesToDelete`, connectors that stay until they are named,
//! STOPPED after creation, transitions in steps, refusals in the wrong state. What is not
//! established about AWS is a switch ([`Unknowns`]), and the planner has to do without it.

mod fleet;
mod stack;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::access::Access;
use crate::action::{AccessCall, Action, ObjectKind};
use crate::observed::{
    FleetState, ObservedBucket, ObservedFleet, ObservedImage, ObservedStack, ObservedTags,
    OccupiedInstance, Scaling,
};

/// Why AWS refuses a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) String);

/// What nobody has established about AWS.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
pub(crate) struct Unknowns {
    /// Whether user settings that are not sent stay, instead of going back.
    pub(crate) user_settings_merge: bool,
    /// Whether an enabled clipboard shows a length that nobody set.
    pub(crate) length_is_echoed: bool,
    /// Whether a home folder's identifier is an ARN, instead of a bucket's name.
    pub(crate) identifier_is_arn: bool,
    /// Whether members of the network, or of what links are redirected, stay when not sent.
    pub(crate) network_merges: bool,
    /// Whether what nobody set is shown as its default.
    pub(crate) shows_defaults: bool,
    /// Whether agents' permissions that are not sent stay, and are shown as disabled.
    pub(crate) permissions_merge: bool,
}

/// AWS, as far as one environment reaches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Aws {
    pub(crate) fleets: BTreeMap<String, ObservedFleet>,
    pub(crate) stacks: BTreeMap<String, ObservedStack>,
    /// Fleet and stack.
    pub(crate) associations: BTreeSet<(String, String)>,
    pub(crate) sessions: BTreeMap<String, u32>,
    /// Fleet and instance that take nobody else.
    pub(crate) draining: BTreeSet<(String, String)>,
    /// What Application Auto Scaling has of each fleet.
    pub(crate) scaling: BTreeMap<String, Scaling>,
    /// Images by name.
    pub(crate) images: BTreeMap<String, ObservedImage>,
    /// Policies by bucket.
    pub(crate) buckets: BTreeMap<String, Option<Value>>,
    /// Unique ids by ARN.
    pub(crate) principals: BTreeMap<String, String>,
    /// The home bucket's name, once AWS has made it.
    pub(crate) home: Option<String>,
    /// Whether AWS is about to make it.
    pub(crate) home_is_due: bool,
    /// What the Tagging API has heard of, by ARN.
    pub(crate) tag_index: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) unknowns: Unknowns,
    pub(crate) access: Access,
}

/// The home bucket's name, which nobody can know beforehand.
pub(crate) const HOME_BUCKET: &str = "appstream2-36fb080bb8-eu-west-1-123456789012-hwzroy6c";

impl Aws {
    /// What takes time moves on by one state, and the Tagging API hears of everything.
    pub(crate) fn tick(&mut self) {
        for fleet in self.fleets.values_mut() {
            fleet.state = match fleet.state {
                FleetState::Starting => FleetState::Running,
                FleetState::Stopping => FleetState::Stopped,
                FleetState::Running | FleetState::Stopped | FleetState::Other(_) => continue,
            };
        }
        // An instance that nobody is left on is replaced.
        let mut draining = std::mem::take(&mut self.draining);
        draining.retain(|(fleet, instance)| self.instances(fleet).contains_key(instance));
        self.draining = draining;
        if self.home_is_due && self.home.is_none() {
            self.make_home_bucket();
        }
        self.index_tags();
    }

    /// The Tagging API hears of everything.
    pub(crate) fn index_tags(&mut self) {
        let tagged = self.fleets.values().map(|fleet| (&fleet.arn, &fleet.tags));
        let tagged = tagged.chain(self.stacks.values().map(|stack| (&stack.arn, &stack.tags)));
        self.tag_index = tagged
            .filter_map(|(arn, tags)| Some((arn.clone(), tags.tags()?.clone())))
            .filter(|(_, tags)| !tags.is_empty())
            .collect();
    }

    /// Makes the home bucket, with the statement that AWS protects it by.
    pub(crate) fn make_home_bucket(&mut self) {
        self.home = Some(HOME_BUCKET.to_owned());
        let protection = json!({"Version": "2008-10-17", "Statement": [{
            "Sid": "PreventAccidentalDeletionOfBucket", "Effect": "Deny", "Principal": "*",
            "Action": "s3:DeleteBucket", "Resource": format!("arn:aws:s3:::{HOME_BUCKET}")
        }]});
        self.buckets
            .insert(HOME_BUCKET.to_owned(), Some(protection));
    }

    pub(crate) fn bucket(&self, name: &str) -> Option<ObservedBucket> {
        let policy = self.buckets.get(name)?.clone();
        Some(ObservedBucket::with_policy(name, policy))
    }

    /// A stack as Describe shows it.
    pub(crate) fn shown(&self, stack: &ObservedStack) -> ObservedStack {
        let mut stack = stack.clone();
        for connector in stack.settings.storage_connectors.iter_mut().flatten() {
            if connector.connector_type == "HOMEFOLDERS" {
                connector.resource_identifier = self.home.clone().map(|home| {
                    if self.unknowns.identifier_is_arn {
                        format!("arn:aws:s3:::{home}")
                    } else {
                        home
                    }
                });
            }
        }
        for setting in stack.settings.user_settings.iter_mut().flatten() {
            let is_clipboard = setting.action.starts_with("CLIPBOARD_");
            if self.unknowns.length_is_echoed && is_clipboard && setting.permission == "ENABLED" {
                setting.maximum_length.get_or_insert(20_971_520);
            }
        }
        stack
    }

    /// Makes one mutating call.
    pub(crate) fn apply(&mut self, action: &Action) -> Result<(), Refused> {
        match action {
            Action::CreateFleet {
                name,
                settings,
                tags,
            } => {
                refuse(self.fleets.contains_key(name), "ResourceAlreadyExists")?;
                let fleet = fleet::create(name, settings, tags, self.unknowns)?;
                self.fleets.insert(name.clone(), fleet);
                self.access.forget_fleet(name);
                Ok(())
            }
            Action::UpdateFleet { name, set, delete } => {
                let unknowns = self.unknowns;
                fleet::update(self.fleet(name)?, set, delete, unknowns)
            }
            Action::StartFleet { name } => {
                let fleet = self.fleet(name)?;
                refuse(fleet.state != FleetState::Stopped, "it is not STOPPED")?;
                fleet.state = FleetState::Starting;
                Ok(())
            }
            Action::StopFleet {
                name,
                only_when_idle,
            } => self.stop(name, *only_when_idle),
            Action::DrainSessionInstance { fleet, session, .. } => self.drain(fleet, session),
            Action::DeleteFleet { name } => {
                let stopped = self.fleet(name)?.state == FleetState::Stopped;
                refuse(!stopped, "ResourceInUse: it is not STOPPED")?;
                let associated = self.associations.iter().any(|(fleet, _)| fleet == name);
                refuse(associated, "ResourceInUse: it is associated")?;
                self.fleets.remove(name);
                self.access.forget_fleet(name);
                Ok(())
            }
            Action::DeregisterScalableTarget { fleet } => {
                let there = self.scaling.remove(fleet).is_some();
                refuse(!there, "ObjectNotFound: no such target")
            }
            Action::CreateStack {
                name,
                settings,
                tags,
            } => {
                refuse(self.stacks.contains_key(name), "ResourceAlreadyExists")?;
                let stack = stack::create(name, settings, tags, self.unknowns)?;
                self.stacks.insert(name.clone(), stack);
                self.access.forget_stack(name);
                self.home_may_be_due(name);
                Ok(())
            }
            Action::UpdateStack { name, set, delete } => {
                let unknowns = self.unknowns;
                stack::update(self.stack(name)?, set, delete, unknowns)?;
                self.home_may_be_due(name);
                Ok(())
            }
            Action::DeleteStack { name } => {
                self.stack(name)?;
                let associated = self.associations.iter().any(|(_, stack)| stack == name);
                refuse(associated, "ResourceInUse: it has a fleet")?;
                self.stacks.remove(name);
                self.access.forget_stack(name);
                Ok(())
            }
            Action::AssociateFleet { .. }
            | Action::DisassociateFleet { .. }
            | Action::TagResource { .. }
            | Action::UntagResource { .. }
            | Action::PutBucketPolicy { .. }
            | Action::DeleteBucketPolicy { .. } => self.relate(action),
            Action::Access(call) => self.give(call),
        }
    }

    /// Makes a call about who may use what.
    fn give(&mut self, call: &AccessCall) -> Result<(), Refused> {
        let name = call.object().name;
        let is_there = match call.object().kind {
            // Applications are for Elastic fleets.
            ObjectKind::Fleet => self
                .fleets
                .get(&name)
                .is_some_and(|fleet| fleet.settings.fleet_type.as_deref() == Some("ELASTIC")),
            ObjectKind::Stack => self.stacks.contains_key(&name),
            ObjectKind::Bucket | ObjectKind::User => true,
        };
        self.access.apply(call, is_there)
    }

    /// Instances with people on them: each is filled before the next.
    pub(crate) fn instances(&self, fleet: &str) -> BTreeMap<String, OccupiedInstance> {
        let mut instances = BTreeMap::new();
        let Some(found) = self.fleets.get(fleet) else {
            return instances;
        };
        let each = found.settings.max_sessions_per_instance;
        for number in 0..self.sessions.get(fleet).copied().unwrap_or(0) {
            let host = number / u32::try_from(each.unwrap_or(1)).unwrap();
            let instance = format!("i-{host}");
            let is_draining = self
                .draining
                .contains(&(fleet.to_owned(), instance.clone()));
            let is_draining = each.map(|_| is_draining);
            let session = format!("session-{number}");
            OccupiedInstance::add(&mut instances, instance, session, is_draining);
        }
        instances
    }

    /// `DrainSessionInstance`.
    fn drain(&mut self, fleet: &str, session: &str) -> Result<(), Refused> {
        let multi = self.fleet(fleet)?.settings.max_sessions_per_instance;
        refuse(
            multi.is_none(),
            "OperationNotPermitted: it is not multi-session",
        )?;
        let instances = self.instances(fleet).into_iter();
        let mut with = instances.filter(|(_, instance)| instance.session == session);
        let (instance, _) = with
            .next()
            .ok_or_else(|| Refused(format!("ResourceNotFound: session {session}")))?;
        self.draining.insert((fleet.to_owned(), instance));
        Ok(())
    }

    /// `StopFleet`: whoever is on it is cut off, which only a row that says so may do.
    fn stop(&mut self, name: &str, only_when_idle: bool) -> Result<(), Refused> {
        let sessions = self.sessions.get(name).copied().unwrap_or(0);
        refuse(only_when_idle && sessions > 0, "people are on it")?;
        self.sessions.remove(name);
        let fleet = self.fleet(name)?;
        let stops = matches!(fleet.state, FleetState::Running | FleetState::Starting);
        refuse(!stops, "it does not run")?;
        fleet.state = FleetState::Stopping;
        Ok(())
    }

    /// `DisassociateFleet`.
    fn part(&mut self, fleet: &str, stack: &str, only_when_idle: bool) -> Result<(), Refused> {
        let sessions = self.sessions.get(fleet).copied().unwrap_or(0);
        refuse(only_when_idle && sessions > 0, "people are on it")?;
        let there = self
            .associations
            .remove(&(fleet.to_owned(), stack.to_owned()));
        refuse(!there, "ResourceNotFound: no such association")
    }

    /// Makes a call that is about more than one object's settings.
    fn relate(&mut self, action: &Action) -> Result<(), Refused> {
        match action {
            Action::AssociateFleet { fleet, stack } => {
                self.fleet(fleet)?;
                self.stack(stack)?;
                let taken = self.associations.iter().any(|(_, other)| other == stack);
                refuse(taken, "a stack takes one fleet")?;
                self.associations.insert((fleet.clone(), stack.clone()));
                Ok(())
            }
            Action::DisassociateFleet {
                fleet,
                stack,
                only_when_idle,
            } => self.part(fleet, stack, *only_when_idle),
            Action::TagResource { object, tags, .. } => {
                let stored = self.tags(object.kind, &object.name)?;
                stored.extend(tags.clone());
                Ok(())
            }
            Action::UntagResource { object, keys, .. } => {
                let stored = self.tags(object.kind, &object.name)?;
                stored.retain(|key, _| !keys.contains(key));
                Ok(())
            }
            Action::PutBucketPolicy {
                bucket, document, ..
            } => {
                let policy = self.policy(bucket)?;
                *policy = Some(document.clone());
                Ok(())
            }
            Action::DeleteBucketPolicy { bucket, .. } => {
                *self.policy(bucket)? = None;
                Ok(())
            }
            Action::CreateFleet { .. }
            | Action::UpdateFleet { .. }
            | Action::StartFleet { .. }
            | Action::StopFleet { .. }
            | Action::DrainSessionInstance { .. }
            | Action::DeleteFleet { .. }
            | Action::DeregisterScalableTarget { .. }
            | Action::CreateStack { .. }
            | Action::UpdateStack { .. }
            | Action::DeleteStack { .. }
            | Action::Access(_) => unreachable!("apply makes these"),
        }
    }

    fn fleet(&mut self, name: &str) -> Result<&mut ObservedFleet, Refused> {
        self.fleets
            .get_mut(name)
            .ok_or_else(|| Refused(format!("ResourceNotFound: fleet {name}")))
    }

    fn stack(&mut self, name: &str) -> Result<&mut ObservedStack, Refused> {
        self.stacks
            .get_mut(name)
            .ok_or_else(|| Refused(format!("ResourceNotFound: stack {name}")))
    }

    fn tags(
        &mut self,
        kind: ObjectKind,
        name: &str,
    ) -> Result<&mut BTreeMap<String, String>, Refused> {
        let tags = match kind {
            ObjectKind::Fleet => &mut self.fleet(name)?.tags,
            ObjectKind::Stack => &mut self.stack(name)?.tags,
            ObjectKind::Bucket | ObjectKind::User => {
                return Err(Refused("it is not tagged".to_owned()));
            }
        };
        match tags {
            ObservedTags::Known(tags) => Ok(tags),
            ObservedTags::Listed(_) | ObservedTags::Unknown(_) => {
                Err(Refused("the world knows its tags".to_owned()))
            }
        }
    }

    fn policy(&mut self, bucket: &str) -> Result<&mut Option<Value>, Refused> {
        self.buckets
            .get_mut(bucket)
            .ok_or_else(|| Refused("NoSuchBucket".to_owned()))
    }

    /// The first stack that enables home folders has AWS make the bucket.
    fn home_may_be_due(&mut self, stack: &str) {
        let connectors = &self.stacks[stack].settings.storage_connectors;
        self.home_is_due |= connectors
            .iter()
            .flatten()
            .any(|connector| connector.connector_type == "HOMEFOLDERS");
    }
}

fn refuse(refused: bool, why: &str) -> Result<(), Refused> {
    if refused {
        Err(Refused(why.to_owned()))
    } else {
        Ok(())
    }
}

/// Overwrites what was sent.
fn put<T: Clone>(stored: &mut Option<T>, sent: &Option<T>) {
    if sent.is_some() {
        stored.clone_from(sent);
    }
}

/// Overwrites a text that was sent; an empty one clears it.
fn put_text(stored: &mut Option<String>, sent: &Option<String>) {
    if let Some(text) = sent {
        *stored = Some(text.clone()).filter(|text| !text.is_empty());
    }
}
