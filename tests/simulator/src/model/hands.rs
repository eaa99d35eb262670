//! Changes the state from outside the API, each time as one mutation.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::bucket::Bucket;
use super::bucket::facts::Facts;
use super::bucket::policy::with_ids;
use super::cloudformation::{CloudStack, DELETED};
use super::fleet::Fleet;
use super::image::{DEPRECATED, Image};
use super::session::{self, Session};
use super::stack::Stack;
use super::state::{Named, State};
use super::{Place, seeded};
use crate::config::ImageSeed;
use crate::hands::{CloudStackSeed, SessionSeed};

/// A hand in one place at one moment.
#[derive(Debug)]
pub(crate) struct Hand<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) place: Place,
    pub(crate) now: DateTime<Utc>,
}

impl Hand<'_> {
    fn key(&self, name: &str) -> Named {
        (self.place.clone(), name.to_owned())
    }

    pub(crate) fn edit_fleet(&mut self, name: &str, change: impl FnOnce(&mut Fleet)) -> bool {
        let (stamp, key) = (self.state.stamp(), self.key(name));
        self.state.fleets.edit(stamp, &key, change)
    }

    pub(crate) fn edit_stack(&mut self, name: &str, change: impl FnOnce(&mut Stack)) -> bool {
        let (stamp, key) = (self.state.stamp(), self.key(name));
        self.state.stacks.edit(stamp, &key, change)
    }

    pub(crate) fn make_principal_anew(&mut self, arn: &str) {
        let stamp = self.state.stamp();
        let seed = self.state.config.seed;
        let before = self.state.surroundings.principals.make_anew(arn, seed);
        let ids = BTreeMap::from([(arn, before)]);
        let names: Vec<String> = self
            .state
            .buckets
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        for name in names {
            self.state.buckets.edit(stamp, &name, |bucket| {
                let policy = bucket.policy.as_ref();
                bucket.policy = policy.map(|policy| with_ids(policy, &ids));
            });
        }
    }

    /// Between which numbers of instances a fleet is scaled, if it is.
    pub(crate) fn bounds_of(&self, fleet: &str) -> Option<(i64, i64)> {
        let target = self.state.targets.get(&self.key(fleet))?;
        Some((target.min, target.max))
    }

    pub(crate) fn set_sessions(&mut self, stack: &str, fleet: &str, seeds: &[SessionSeed]) {
        let stamp = self.state.stamp();
        let old: Vec<_> = self
            .state
            .sessions
            .iter()
            .filter(|((place, of, _), session)| {
                *place == self.place && of == fleet && session.stack == stack
            })
            .map(|(key, _)| key.clone())
            .collect();
        let draining = session::draining(self.state, &self.place, fleet);
        for key in old {
            self.state.sessions.remove(stamp, &key);
        }
        for seed in seeds {
            let label = format!("session {stack} {fleet} {} {}", seed.user, stamp.mutation);
            let id = seeded::uuid(self.state.config.seed, &label);
            let instance = seed.instance.clone();
            let instance =
                instance.unwrap_or_else(|| format!("i-{}", id.replace('-', "").split_at(17).0));
            let session = Session {
                stack: stack.to_owned(),
                user: seed.user.clone(),
                state: seed.state.clone(),
                connected: seed.connected,
                started: self.now,
                draining: draining.contains_key(&instance),
                instance,
            };
            let key = (self.place.clone(), fleet.to_owned(), id);
            self.state.sessions.put(stamp, key, session);
        }
    }

    pub(crate) fn add_image(&mut self, seed: &ImageSeed) {
        let (stamp, key) = (self.state.stamp(), self.key(&seed.name));
        let image = Image::from_seed(seed, &self.place);
        self.state.images.put(stamp, key, image);
    }

    pub(crate) fn deprecate_image(&mut self, name: &str) -> bool {
        let (stamp, key) = (self.state.stamp(), self.key(name));
        self.state.images.edit(stamp, &key, |image| {
            image.document.insert("State".to_owned(), json!(DEPRECATED));
        })
    }

    pub(crate) fn remove_image(&mut self, name: &str) -> bool {
        let (stamp, key) = (self.state.stamp(), self.key(name));
        self.state.images.remove(stamp, &key)
    }

    pub(crate) fn add_application(&mut self, name: &str) -> String {
        let Place { account, region } = &self.place;
        let arn = format!("arn:aws:appstream:{region}:{account}:application/{name}");
        let (stamp, key) = (self.state.stamp(), self.key(&arn));
        self.state.applications.put(stamp, key, ());
        arn
    }

    /// Makes a stack, or changes the one of that name as an update would; its ARN.
    pub(crate) fn put_cloud_stack(&mut self, seed: &CloudStackSeed) -> String {
        let (stamp, now) = (self.state.stamp(), self.now);
        let known = self.cloud_stack(&seed.name);
        let arn = known.clone().unwrap_or_else(|| {
            CloudStack::arn(
                self.state.config.seed,
                &self.place,
                &seed.name,
                stamp.mutation,
            )
        });
        let key = self.key(&arn);
        let before = self.state.cloud_stacks.get(&key);
        let stack = CloudStack {
            name: seed.name.clone(),
            status: seed.status.clone(),
            parent: seed.parent.clone(),
            tags: seed.tags.clone(),
            template: seed.template.clone(),
            created: before.map_or(now, |before| before.created),
            updated: before.map(|_| now),
        };
        self.state.cloud_stacks.put(stamp, key, stack);
        arn
    }

    /// Ends a stack: from now on only its ARN leads to it.
    pub(crate) fn delete_cloud_stack(&mut self, name: &str) -> bool {
        let Some(arn) = self.cloud_stack(name) else {
            return false;
        };
        let (stamp, key) = (self.state.stamp(), self.key(&arn));
        self.state.cloud_stacks.edit(stamp, &key, |stack| {
            DELETED.clone_into(&mut stack.status);
        })
    }

    fn cloud_stack(&self, name: &str) -> Option<String> {
        let mut stacks = self.state.cloud_stacks.iter();
        let found = stacks.find(|((place, _), stack)| {
            *place == self.place && stack.name == name && !stack.is_deleted()
        });
        found.map(|((_, arn), _)| arn.clone())
    }

    pub(crate) fn add_bucket(&mut self, name: &str) {
        let bucket = Bucket {
            owner: self.place.account.clone(),
            region: self.place.region.clone(),
            created: self.now,
            visible_at: self.now,
            policy: None,
            facts: Facts::default(),
        };
        let stamp = self.state.stamp();
        self.state.buckets.put(stamp, name.to_owned(), bucket);
    }

    pub(crate) fn put_foreign_tags(&mut self, arn: &str, tags: &BTreeMap<String, String>) {
        let tags = (!tags.is_empty()).then_some(tags);
        self.state.index_tags(&self.place, arn, tags, self.now);
    }
}
