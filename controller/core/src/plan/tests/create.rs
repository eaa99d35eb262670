//! What is not there is created once, whole, with its tags, and started.

use serde_json::json;

use super::harness::{Case, LEFT_OUT, blog, check, small, with};
use super::world::World;
use crate::plan::WaitReason;

#[test]
fn the_blog_is_created_started_and_associated() {
    check(
        &Case::new(&blog()),
        r#"
        do CreateFleet fleet/cfd {"computeCapacity":{"desiredInstances":2},"enableDefaultInternetAccess":true,"imageName":"pcluster-2026-11","instanceType":"stream.standard.medium","maxUserDurationInSeconds":345600} tags ours
        do StartFleet fleet/cfd
        do CreateStack stack/cfd {"storageConnectors":[{"connectorType":"HOMEFOLDERS"}]} tags ours
        do AssociateFleet fleet/cfd stack/cfd
        diff fleet/cfd fleet: null -> "cfd"
        diff stack/cfd stack: null -> "cfd"
        diff stack/cfd association: [] -> "cfd"
        ask buckets home
        "#,
    );
}

#[test]
fn the_blog_comes_to_rest_after_its_four_calls() {
    let mut world = World::new(&blog());
    world.converge();
    assert_eq!(
        world.operations(),
        ["CreateFleet", "StartFleet", "CreateStack", "AssociateFleet"]
    );
    assert!(world.aws.home.is_some(), "AWS makes the home bucket");
}

#[test]
fn a_fleet_that_is_to_stand_still_is_not_started() {
    let spec = with(small(), &[("/fleet/state", json!("STOPPED"))]);
    let world = World::converged(&spec);
    assert_eq!(
        world.operations(),
        ["CreateFleet", "CreateStack", "AssociateFleet"]
    );
}

#[test]
fn one_side_alone_is_created_without_an_association() {
    let fleet = with(small(), &[("/stack", json!(LEFT_OUT))]);
    assert_eq!(
        World::converged(&fleet).operations(),
        ["CreateFleet", "StartFleet"]
    );
    let stack = json!({"stack": {}});
    assert_eq!(World::converged(&stack).operations(), ["CreateStack"]);
}

#[test]
fn names_of_the_spec_go_before_the_name_of_the_row() {
    let spec = with(
        small(),
        &[
            ("/fleet/name", json!("machines")),
            ("/stack/name", json!("desktop")),
        ],
    );
    let world = World::converged(&spec);
    assert!(world.aws.fleets.contains_key("machines"));
    assert!(world.aws.stacks.contains_key("desktop"));
    let pair = ("machines".to_owned(), "desktop".to_owned());
    assert!(world.aws.associations.contains(&pair));
}

#[test]
fn null_is_not_sent_and_is_managed() {
    let spec = json!({"stack": {"description": null, "storageConnectors": null}});
    let case = Case::new(&spec);
    check(
        &case,
        r#"
        do CreateStack stack/cfd {} tags ours
        diff stack/cfd stack: null -> "cfd"
        "#,
    );
    let plan = case.plan();
    let manages: Vec<&String> = plan.steps[0].manages.iter().collect();
    assert_eq!(manages, ["stack.description", "stack.storageConnectors"]);
}

#[test]
fn an_image_is_sent_by_what_the_row_names() {
    let arn = "arn:aws:appstream:eu-west-1::image/AppStream-WinServer2022";
    let spec = with(
        small(),
        &[("/image", json!({"arn": arn})), ("/stack", json!(LEFT_OUT))],
    );
    let world = World::converged(&spec);
    let settings = &world.aws.fleets["cfd"].settings;
    assert_eq!(settings.image_arn.as_deref(), Some(arn));
    assert_eq!(world.calls.len(), 2);
}

#[test]
fn everything_that_is_created_carries_the_rows_tags() {
    let spec = with(small(), &[("/tags", json!({"team": "cfd"}))]);
    let world = World::converged(&spec);
    for tags in [&world.aws.fleets["cfd"].tags, &world.aws.stacks["cfd"].tags] {
        let tags = tags.tags().unwrap();
        let keys: Vec<&str> = tags.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            ["streamkeeper:environment", "streamkeeper:uid", "team"]
        );
    }
}

#[test]
fn what_is_gone_is_made_again_and_counts_as_drift() {
    let mut world = World::converged(&blog());
    world.aws.associations.clear();
    world.aws.fleets.clear();
    let plan = world.plan();
    let drift: Vec<&str> = plan
        .differences
        .iter()
        .filter(|difference| difference.is_drift)
        .map(|difference| difference.path.as_str())
        .collect();
    assert_eq!(drift, ["fleet", "association"]);
    world.converge();
    assert_eq!(
        world.operations()[4..],
        ["CreateFleet", "StartFleet", "AssociateFleet"]
    );
}

#[test]
fn what_was_never_there_is_not_gone() {
    let mut case = Case::new(&small());
    // The intent was committed, and AWS refused the call.
    case.owned.insert("fleet/cfd".to_owned());
    case.managed.insert("image".to_owned(), None);
    assert!(!case.plan().differences[0].is_drift);
}

#[test]
fn a_row_that_is_given_another_name_neither_forgets_nor_doubles() {
    let mut world = World::converged(&small());
    world.edit(&with(small(), &[("/fleet/name", json!("renamed"))]));
    let plan = world.pass().plan;
    assert!(plan.steps.is_empty(), "{plan:?}");
    assert_eq!(plan.waiting[0].object, "fleet/cfd");
    assert_eq!(plan.waiting[0].reason, WaitReason::ReplacementNeeded);
    world.delete();
    world.converge();
    assert!(world.gone);
    assert!(world.aws.fleets.is_empty());
}

#[test]
fn what_is_sent_at_creation_is_managed_but_what_is_ignored() {
    let mut spec = with(
        blog(),
        &[
            ("/tags", json!({"team": "cfd", "cost": "42"})),
            ("/fleet/description", json!(null)),
            (
                "/stack/userSettings",
                json!([
                    {"action": "FILE_DOWNLOAD", "permission": "DISABLED"},
                    {"action": "FILE_UPLOAD", "permission": "DISABLED"}
                ]),
            ),
        ],
    );
    let manages = |spec: &serde_json::Value| {
        let mut paths: Vec<String> = Vec::new();
        for step in Case::new(spec).plan().steps {
            paths.extend(step.manages);
        }
        paths
    };
    assert_eq!(
        manages(&spec),
        [
            "fleet.computeCapacity.desiredInstances",
            "fleet.description",
            "fleet.enableDefaultInternetAccess",
            "fleet.instanceType",
            "fleet.maxUserDurationInSeconds",
            "image",
            "tags.cost",
            "tags.team",
            "fleet.state",
            "stack.storageConnectors",
            "stack.userSettings.FILE_DOWNLOAD",
            "stack.userSettings.FILE_UPLOAD",
            "tags.cost",
            "tags.team",
            "association"
        ]
    );
    spec["ignore"] = json!([
        "fleet.computeCapacity",
        "fleet.state",
        "image",
        "tags.cost",
        "stack.storageConnectors",
        "stack.userSettings.FILE_UPLOAD"
    ]);
    assert_eq!(
        manages(&spec),
        [
            "fleet.description",
            "fleet.enableDefaultInternetAccess",
            "fleet.instanceType",
            "fleet.maxUserDurationInSeconds",
            "tags.team",
            "stack.userSettings.FILE_DOWNLOAD",
            "tags.team",
            "association"
        ]
    );
}
