//! Imports a world that somebody made by hand.

use std::collections::BTreeSet;

use super::super::harness::ACCOUNT;
use super::super::world::World;
use super::super::world::aws::Aws;
use crate::environment::Mode;
use crate::import::{NewRow, Surroundings, import};
use crate::neighbours::{FleetReference, ReferredFleet};
use crate::observed::{Observed, ObservedTags, ObservedWorld};
use crate::plan::{ENVIRONMENT_TAG, UID_TAG};

/// The account as it would be if nobody had ever kept it.
fn unowned(aws: &Aws) -> Aws {
    let mut aws = aws.clone();
    let fleets = aws.fleets.values_mut().map(|fleet| &mut fleet.tags);
    let stacks = aws.stacks.values_mut().map(|stack| &mut stack.tags);
    for tags in fleets.chain(stacks) {
        if let ObservedTags::Known(tags) = tags {
            tags.retain(|key, _| key != UID_TAG && key != ENVIRONMENT_TAG);
        }
    }
    // An accident may name a fleet that is in no list.
    let Aws {
        fleets,
        associations,
        ..
    } = &mut aws;
    associations.retain(|(fleet, _)| fleets.contains_key(fleet));
    aws.index_tags();
    aws
}

/// The rows that importing it makes.
pub(super) fn rows(aws: &Aws) -> Vec<NewRow> {
    let aws = unowned(aws);
    let mut world = ObservedWorld::default();
    for (name, fleet) in &aws.fleets {
        let seen = Observed::Present(fleet.clone());
        world.fleets.items.insert(name.clone(), seen);
    }
    for (name, stack) in &aws.stacks {
        let seen = Observed::Present(aws.shown(stack));
        world.stacks.items.insert(name.clone(), seen);
        let fleets: BTreeSet<String> = aws
            .associations
            .iter()
            .filter(|(_, stack)| stack == name)
            .map(|(fleet, _)| fleet.clone())
            .collect();
        let seen = Observed::Present(fleets);
        world.associations.insert(name.clone(), seen);
    }
    let import = import(
        &world,
        Surroundings {
            account: ACCOUNT,
            rows: &[],
            only: &BTreeSet::new(),
        },
    );
    assert_eq!(import.left_out, []);
    import.rows
}

/// A row of an import, just inserted, over the account it was made of.
pub(super) fn watching(row: &NewRow, aws: &Aws) -> World {
    let mut world = World::new(&row.spec);
    world.aws = unowned(aws);
    world.environment.name.clone_from(&row.name);
    world.environment.mode = Mode::Observe;
    if let Some(owner) = world.environment.fleet_ref() {
        let referred = ReferredFleet {
            environment: owner.to_owned(),
            uid: uuid::Uuid::nil(),
            fleet: owner.to_owned(),
            idle: None,
            is_leaving: false,
            observed: Observed::Unknown("not looked at".to_owned()),
        };
        world.neighbours.reference = FleetReference::Fleet(Box::new(referred));
    }
    world
}
