//! What carries our uid is ours; everything else is somebody's, and stays as it is.

mod adopting;
mod fleet_ref;
mod lending;
mod sharing;
mod strangers;

use serde_json::{Value, json};
use streamkeeper_tests::World;

/// A fleet and a stack that somebody made by hand, associated.
pub(crate) fn made_by_hand(world: &World, name: &str) {
    world.admin(
        "CreateFleet",
        json!({
            "Name": name,
            "ImageName": "pcluster-2026-11",
            "InstanceType": "stream.standard.medium",
            "ComputeCapacity": {"DesiredInstances": 1},
            "Tags": {"made-by": "hand"}
        }),
    );
    world.admin(
        "CreateStack",
        json!({"Name": name, "Description": "by hand"}),
    );
    world.admin(
        "AssociateFleet",
        json!({"FleetName": name, "StackName": name}),
    );
}

/// The tags of a fleet and a stack of that name.
pub(crate) fn all_tags(world: &World, name: &str) -> Value {
    json!([
        world.tags(&world.fleet(name)),
        world.tags(&world.stack(name))
    ])
}
