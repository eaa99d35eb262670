//! A fleet waits for the image of its recipe, and whoever has to make it is told how.

use serde_json::{Value, json};

use super::harness::{Case, LEFT_OUT, expect, small, with};
use super::world::World;
use crate::observed::{FleetState, Observed, ObservedImage};
use crate::plan::WaitReason;
use crate::spec::ImageBuild;

/// A fleet on the image of a recipe.
fn with_python(version: &str) -> Value {
    let installer = |url: &str| json!({"url": url, "sha256": "0".repeat(64)});
    let build = json!({
        "namePrefix": "pcluster",
        "base": {"name": "AppStream-WinServer2022-10-01-2026"},
        "recipe": {
            "python": {
                "version": version,
                "folder": "C:\\python312",
                "installer": installer("https://www.python.org/python.exe"),
            },
            "parallelCluster": {"version": "3.16.1"},
            "node": {"version": "22.14.0", "installer": installer("https://nodejs.org/node.msi")},
            "applications": [{"name": "cmd", "path": "C:\\Windows\\System32\\cmd.exe"}],
        },
    });
    let changes = [
        ("/stack", json!(LEFT_OUT)),
        ("/image", json!({"build": build})),
    ];
    with(small(), &changes)
}

fn name_of(spec: &Value) -> String {
    let build: ImageBuild = serde_json::from_value(spec["image"]["build"].clone()).unwrap();
    build.image_name()
}

fn image(state: &str) -> ObservedImage {
    ObservedImage {
        state: state.to_owned(),
        reason: Some("INTERNAL_ERROR: try again".to_owned()),
    }
}

fn made(world: &mut World, spec: &Value) {
    let there = ObservedImage {
        state: "AVAILABLE".to_owned(),
        reason: None,
    };
    world.aws.images.insert(name_of(spec), there);
}

#[test]
fn a_fleet_is_made_only_of_an_image_that_can_be_used() {
    let spec = with_python("3.12.10");
    let create = format!(
        r#"CreateFleet fleet/cfd {{"imageName":"{}","instanceType":"stream.standard.medium"}} tags ours"#,
        name_of(&spec)
    );
    let held = |reason: &str| {
        format!(
            "hold {create} ({reason})
            hold StartFleet fleet/cfd (EarlierStep)
            why fleet/cfd {reason}
            diff fleet/cfd fleet: null -> \"cfd\""
        )
    };
    let unread = format!("{}\nask images {}", held("NotObserved"), name_of(&spec));
    let goes = format!(
        "do {create}
        do StartFleet fleet/cfd
        diff fleet/cfd fleet: null -> \"cfd\""
    );
    for (seen, plan) in [
        (Observed::Unknown("throttled".to_owned()), unread),
        (Observed::Absent, held("ImageMissing")),
        (Observed::Present(image("FAILED")), held("ImageMissing")),
        (Observed::Present(image("DELETING")), held("ImageMissing")),
        (Observed::Present(image("PENDING")), held("ImagePending")),
        (Observed::Present(image("IMPORTING")), held("ImagePending")),
        (Observed::Present(image("VALIDATING")), held("ImagePending")),
        (Observed::Present(image("CREATING")), held("ImagePending")),
        (Observed::Present(image("COPYING")), held("ImagePending")),
        (Observed::Present(image("AVAILABLE")), goes.clone()),
        // AWS says itself why it does not take one.
        (Observed::Present(image("DEPRECATED")), goes),
    ] {
        let mut case = Case::new(&spec);
        case.observed.images.insert(name_of(&spec), seen);
        expect(&case.plan(), &plan);
    }
}

#[test]
fn whoever_has_to_make_the_image_reads_where_and_how() {
    let spec = with_python("3.12.10");
    let mut case = Case::new(&spec);
    let name = name_of(&spec);
    case.observed.images.insert(name.clone(), Observed::Absent);
    let waiting = case.plan().waiting;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert!(waiting[0].reason.needs_human());
    assert_eq!(
        waiting[0].message,
        format!(
            "image {name} does not exist: on an image builder of AppStream-WinServer2022-10-01-2026, \
             run what `streamkeeper image-script cfd` prints"
        )
    );
    let failed = Observed::Present(image("FAILED"));
    case.observed.images.insert(name.clone(), failed);
    let message = &case.plan().waiting[0].message;
    assert!(message.contains("INTERNAL_ERROR: try again"), "{message}");
}

#[test]
fn a_fleet_stays_on_its_image_until_that_of_the_changed_recipe_is_there() {
    let before = with_python("3.12.10");
    let mut world = World::new(&before);
    made(&mut world, &before);
    world.converge();
    let after = with(
        with_python("3.12.11"),
        &[("/fleet/displayName", json!("CFD"))],
    );
    world.edit(&after);
    for _ in 0..4 {
        world.pass();
    }
    let settings = &world.aws.fleets["cfd"].settings;
    assert_eq!(settings.image_name, Some(name_of(&before)));
    // What does not wait for the image is done meanwhile.
    assert_eq!(settings.display_name.as_deref(), Some("CFD"));
    let reasons: Vec<WaitReason> = world.plan().waiting.iter().map(|one| one.reason).collect();
    assert_eq!(reasons, [WaitReason::ImageMissing]);

    made(&mut world, &after);
    world.converge();
    let settings = &world.aws.fleets["cfd"].settings;
    assert_eq!(settings.image_name, Some(name_of(&after)));
    world.quiet();
    assert!(world.plan().needs.images.is_empty(), "quiet costs no call");
}

#[test]
fn no_fleet_is_given_up_for_one_whose_image_is_not_there() {
    let before = with(
        with_python("3.12.10"),
        &[
            ("/fleet/fleetType", json!("ON_DEMAND")),
            ("/fleet/disruption", json!({"allowReplacement": true})),
        ],
    );
    let mut world = World::new(&before);
    made(&mut world, &before);
    world.converge();
    let mut after = with(before, &[("/fleet/fleetType", json!("ALWAYS_ON"))]);
    after["image"] = with_python("3.12.11")["image"].clone();
    world.edit(&after);
    for _ in 0..6 {
        world.pass();
        assert_eq!(world.aws.fleets["cfd"].state, FleetState::Running);
    }
    made(&mut world, &after);
    world.converge();
    let settings = &world.aws.fleets["cfd"].settings;
    assert_eq!(settings.image_name, Some(name_of(&after)));
    assert_eq!(settings.fleet_type.as_deref(), Some("ALWAYS_ON"));
    world.quiet();
}
