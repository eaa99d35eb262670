//! Environments come, change, go and come back, and each end is the one that was asked for.

mod changing;
mod deleting;
mod disrupting;
mod draining;
pub(crate) mod imaging;
mod leaving;
mod replacing;
mod scaling;
mod troubled;
mod undoing;

use streamkeeper_tests::World;

use crate::converge::blog;

/// What the last look says when everything is as the row asks.
pub(crate) const CONVERGED: &str = "True Converged: everything matches";

/// The blog's environment, running and quiet.
pub(crate) async fn converged() -> World {
    let mut world = World::brisk().await;
    world.insert("cfd", &blog()).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world
}
