//! A fleet waits for the image of its recipe, says who has to do what, and follows a changed recipe.

use std::time::Duration;

use serde_json::{Value, json};
use streamkeeper_core::spec::ImageBuild;
use streamkeeper_simulator::ImageSeed;
use streamkeeper_tests::{REGION, World};

use super::CONVERGED;
use crate::converge::blog;

/// A few sweeps.
const A_WHILE: Duration = Duration::from_secs(180);

/// The blog's environment on an image with Python, ParallelCluster and a command prompt.
pub(crate) fn built(python: &str) -> Value {
    let installer = |url: &str| json!({"url": url, "sha256": "0".repeat(64)});
    let mut spec = blog();
    spec["image"] = json!({"build": {
        "namePrefix": "pcluster",
        "base": {"name": "AppStream-WinServer2019-10-01-2026"},
        "recipe": {
            "python": {
                "version": python,
                "folder": "C:\\python312",
                "installer": installer("https://www.python.org/python.exe"),
            },
            "parallelCluster": {"version": "3.16.1"},
            "node": {"version": "22.14.0", "installer": installer("https://nodejs.org/node.msi")},
            "applications": [{
                "name": "cmd",
                "path": "C:\\Windows\\System32\\cmd.exe",
                "workingDirectory": "C:\\temp",
            }],
        },
    }});
    spec
}

pub(crate) fn image_of(spec: &Value) -> String {
    let build: ImageBuild = serde_json::from_value(spec["image"]["build"].clone()).unwrap();
    build.image_name()
}

fn add_image_of(world: &World, spec: &Value) {
    let seed = ImageSeed::private(&image_of(spec));
    world.simulator.add_image(REGION, &seed);
}

fn tried(world: &World, operation: &str) -> usize {
    let calls = world.tried();
    calls
        .iter()
        .filter(|entry| entry.operation == operation)
        .count()
}

#[tokio::test]
async fn a_fleet_waits_for_the_image_of_its_recipe_and_follows_a_changed_one() {
    let mut world = World::brisk().await;
    let first = built("3.12.10");
    world.insert("cfd", &first).await;
    world.run_for(A_WHILE).await;
    let stalled = world.condition("cfd", "Stalled").await;
    assert_eq!(
        stalled,
        format!(
            "True ImageMissing: fleet/cfd: image {} does not exist: on an image builder of \
             AppStream-WinServer2019-10-01-2026, run what `streamkeeper image-script cfd` prints",
            image_of(&first)
        )
    );
    assert_eq!(tried(&world, "CreateFleet"), 0, "it is not even tried");
    assert_eq!(world.events("ImageMissing").await.len(), 1, "said once");

    add_image_of(&world, &first);
    world.run_for(A_WHILE).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(world.fleet("cfd")["ImageName"], image_of(&first));
    world.assert_quiet().await;

    let second = built("3.12.11");
    world
        .sql(&format!(
            "UPDATE streamkeeper.environments SET spec = '{second}' WHERE name = 'cfd'"
        ))
        .await;
    world.run_for(A_WHILE).await;
    assert_eq!(world.fleet("cfd")["ImageName"], image_of(&first));
    assert_eq!(world.fleet("cfd")["State"], "RUNNING", "people go on");

    add_image_of(&world, &second);
    world.run_for(A_WHILE).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(world.fleet("cfd")["ImageName"], image_of(&second));
    assert_eq!(tried(&world, "StopFleet"), 0, "one system, so in place");
    world.assert_quiet().await;
}
