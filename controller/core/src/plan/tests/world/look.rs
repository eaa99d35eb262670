//! Looks at the world as the port does: by a walk, by name, and with gaps.

use std::collections::BTreeSet;

use super::World;
use crate::cloud::ObserveRequest;
use crate::observed::{Inventory, Observed, ObservedTags, ObservedWorld};
use crate::plan::{ObservedEnvironment, access, looked_at};
use crate::record::OpenDrift;

/// What cannot be read.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of a look")]
pub(crate) struct Blind {
    pub(crate) fleets: bool,
    pub(crate) stacks: bool,
    pub(crate) tags: bool,
    pub(crate) associations: bool,
    pub(crate) sessions: bool,
    pub(crate) scaling: bool,
    pub(crate) principals: bool,
    pub(crate) buckets: bool,
    pub(crate) access: bool,
    pub(crate) images: bool,
}

impl Blind {
    /// Each part alone.
    pub(crate) fn each() -> [Self; 10] {
        let none = Self::default;
        [
            Self {
                fleets: true,
                ..none()
            },
            Self {
                stacks: true,
                ..none()
            },
            Self {
                tags: true,
                ..none()
            },
            Self {
                associations: true,
                ..none()
            },
            Self {
                sessions: true,
                ..none()
            },
            Self {
                scaling: true,
                ..none()
            },
            Self {
                principals: true,
                ..none()
            },
            Self {
                buckets: true,
                ..none()
            },
            Self {
                access: true,
                ..none()
            },
            Self {
                images: true,
                ..none()
            },
        ]
    }
}

impl World {
    /// The first look of a pass: a walk, or everything by name.
    pub(super) fn first_request(&self) -> ObserveRequest {
        let mut request = ObserveRequest {
            now: self.now,
            walk: self.walks,
            ..ObserveRequest::default()
        };
        let managed = self.managed.keys().filter_map(|path| {
            let (bucket, _) = path.strip_prefix("buckets.")?.rsplit_once('.')?;
            Some(bucket.to_owned())
        });
        request.buckets.extend(managed);
        let spec = &self.environment.spec;
        request
            .buckets
            .extend(spec.buckets.iter().map(|one| one.bucket.clone()));
        let clusters = spec.clusters.iter();
        request
            .buckets
            .extend(clusters.map(|one| one.bucket_word().to_owned()));
        let drifts = |drift: &OpenDrift| drift.path == "association";
        let drifts_in_access = |drift: &OpenDrift| access::concerns(&drift.path);
        if self.reads_association || self.open_drift.iter().any(drifts_in_access) {
            request.access = access::whole(
                &self.environment,
                self.managed.keys(),
                self.name("fleet/").as_deref(),
                self.name("stack/").as_deref(),
            );
        }
        if self.reads_association || self.open_drift.iter().any(drifts) {
            request.associations_of_stacks.extend(self.name("stack/"));
        }
        if !self.walks {
            request.fleets.extend(self.name("fleet/"));
            request.stacks.extend(self.name("stack/"));
            request.associations_of_stacks.extend(self.name("stack/"));
        }
        request
    }

    fn name(&self, word: &str) -> Option<String> {
        let named = match word {
            "fleet/" => self.environment.fleet_name(),
            _ => self.environment.stack_name(),
        };
        looked_at(&self.owned, word, named).map(str::to_owned)
    }

    /// The environment's part of a look.
    pub(super) fn pick(&self, world: &ObservedWorld) -> ObservedEnvironment {
        let (fleet, stack) = (self.name("fleet/"), self.name("stack/"));
        ObservedEnvironment::of(world, fleet.as_deref(), stack.as_deref())
    }

    /// One look.
    pub(super) fn observe(&self, request: &ObserveRequest) -> ObservedWorld {
        let mut world = ObservedWorld {
            observed_at: request.now,
            ..ObservedWorld::default()
        };
        if request.walk {
            for fleet in self.aws.fleets.values() {
                let mut fleet = fleet.clone();
                fleet.tags = self.listed(&fleet.arn, &fleet.tags);
                world.fleets.items.insert(
                    fleet.name.clone(),
                    self.seen(self.blind.fleets, Some(fleet)),
                );
            }
            for stack in self.aws.stacks.values() {
                let mut stack = self.aws.shown(stack);
                stack.tags = self.listed(&stack.arn, &stack.tags);
                world.stacks.items.insert(
                    stack.name.clone(),
                    self.seen(self.blind.stacks, Some(stack)),
                );
            }
            "not listed".clone_into(&mut world.fleets.otherwise);
            "not listed".clone_into(&mut world.stacks.otherwise);
            world.fleets.walked = !self.blind.fleets;
            world.stacks.walked = !self.blind.stacks;
        }
        for name in &request.fleets {
            let mut found = self.aws.fleets.get(name).cloned();
            if let Some(fleet) = found.as_mut().filter(|_| self.blind.tags) {
                fleet.tags = ObservedTags::Unknown("denied".to_owned());
            }
            world
                .fleets
                .items
                .insert(name.clone(), self.seen(self.blind.fleets, found));
        }
        for name in &request.stacks {
            let mut found = self.aws.stacks.get(name).map(|stack| self.aws.shown(stack));
            if let Some(stack) = found.as_mut().filter(|_| self.blind.tags) {
                stack.tags = ObservedTags::Unknown("denied".to_owned());
            }
            world
                .stacks
                .items
                .insert(name.clone(), self.seen(self.blind.stacks, found));
        }
        self.relations(request, &mut world);
        world.access = (self.aws.access).observe(&request.access, self.blind.access);
        world
    }

    fn relations(&self, request: &ObserveRequest, world: &mut ObservedWorld) {
        let pairs = &self.aws.associations;
        for stack in &request.associations_of_stacks {
            let of = pairs.iter().filter(|(_, other)| other == stack);
            let fleets: BTreeSet<String> = of.map(|(fleet, _)| fleet.clone()).collect();
            let seen = self.seen(self.blind.associations, Some(fleets));
            world.associations.insert(stack.clone(), seen);
        }
        for fleet in &request.associations_of_fleets {
            let of = pairs.iter().filter(|(other, _)| other == fleet);
            let stacks: BTreeSet<String> = of.map(|(_, stack)| stack.clone()).collect();
            let seen = self.seen(self.blind.associations, Some(stacks));
            world.fleet_stacks.insert(fleet.clone(), seen);
        }
        for fleet in &request.sessions {
            let count = self.aws.sessions.get(fleet).copied().unwrap_or(0);
            let seen = self.seen(self.blind.sessions, Some(count));
            world.sessions.insert(fleet.clone(), seen);
            let instances = self.aws.instances(fleet);
            let seen = self.seen(self.blind.sessions, Some(instances));
            world.instances.insert(fleet.clone(), seen);
        }
        for fleet in &request.scaling {
            let scaling = self.aws.scaling.get(fleet).cloned();
            let seen = self.seen(self.blind.scaling, scaling);
            world.scaling.insert(fleet.clone(), seen);
        }
        for arn in &request.principals {
            let id = self.aws.principals.get(arn).cloned();
            let seen = self.seen(self.blind.principals, id);
            world.principals.insert(arn.clone(), seen);
        }
        for image in &request.images {
            let found = self.aws.images.get(image).cloned();
            let seen = self.seen(self.blind.images, found);
            world.images.insert(image.clone(), seen);
        }
        for bucket in &request.buckets {
            let name = if bucket == "home" {
                self.aws.home.clone()
            } else {
                Some(bucket.clone())
            };
            let found = name.and_then(|name| self.aws.bucket(&name));
            world
                .buckets
                .insert(bucket.clone(), self.seen(self.blind.buckets, found));
        }
    }

    fn seen<T>(&self, blind: bool, found: Option<T>) -> Observed<T> {
        match found {
            _ if blind => Observed::Unknown("denied".to_owned()),
            Some(found) => Observed::Present(found),
            None => Observed::Absent,
        }
    }

    /// Tags as the Tagging API lists them: what it has not heard of yet is not there.
    fn listed(&self, arn: &str, tags: &ObservedTags) -> ObservedTags {
        let listed = self.aws.tag_index.get(arn);
        match (tags, listed) {
            _ if self.blind.tags => ObservedTags::Unknown("denied".to_owned()),
            (_, Some(listed)) => ObservedTags::Listed(listed.clone()),
            (_, None) => ObservedTags::Unknown("not listed".to_owned()),
        }
    }
}

/// Lays a later look over an earlier one.
pub(super) fn merge(world: &mut ObservedWorld, later: ObservedWorld) {
    fn lay_over<T>(inventory: &mut Inventory<T>, later: Inventory<T>) {
        inventory.items.extend(later.items);
    }
    lay_over(&mut world.fleets, later.fleets);
    lay_over(&mut world.stacks, later.stacks);
    world.associations.extend(later.associations);
    world.fleet_stacks.extend(later.fleet_stacks);
    world.buckets.extend(later.buckets);
    world.sessions.extend(later.sessions);
    world.instances.extend(later.instances);
    world.access.merge(later.access);
    world.scaling.extend(later.scaling);
    world.principals.extend(later.principals);
    world.images.extend(later.images);
}
