//! Rows say what AWS said, each object ends in one row or among what is left out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{ExistingRow, Import, Surroundings, import};
use crate::access::ObservedTheme;
use crate::observed::{
    FleetState, Inventory, Observed, ObservedFleet, ObservedStack, ObservedTags, ObservedWorld,
    Scaling,
};
use crate::plan::UID_TAG;
use crate::plan::tests::harness::{ACCOUNT, fleet, stack, tags};
use crate::settings::UserSetting;

/// An account with these fleets, and these stacks each with its fleets; nobody owns anything.
fn account(fleets: &[&str], stacks: &[(&str, &[&str])]) -> ObservedWorld {
    let mut world = ObservedWorld::default();
    for name in fleets {
        let fleet = ObservedFleet {
            name: (*name).to_owned(),
            tags: tags(&[]),
            ..fleet(FleetState::Running, json!({}))
        };
        put(&mut world.fleets, name, Observed::Present(fleet));
    }
    for (name, fleets) in stacks {
        let stack = ObservedStack {
            name: (*name).to_owned(),
            tags: tags(&[]),
            ..stack(json!({}))
        };
        put(&mut world.stacks, name, Observed::Present(stack));
        let fleets = fleets.iter().map(|fleet| (*fleet).to_owned()).collect();
        let seen = Observed::Present(fleets);
        world.associations.insert((*name).to_owned(), seen);
    }
    world
}

fn put<T>(inventory: &mut Inventory<T>, name: &str, found: Observed<T>) {
    inventory.items.insert(name.to_owned(), found);
}

fn fleet_of<'a>(world: &'a mut ObservedWorld, name: &str) -> &'a mut ObservedFleet {
    match world.fleets.items.get_mut(name) {
        Some(Observed::Present(fleet)) => fleet,
        other => panic!("{name}: {other:?}"),
    }
}

fn stack_of<'a>(world: &'a mut ObservedWorld, name: &str) -> &'a mut ObservedStack {
    match world.stacks.items.get_mut(name) {
        Some(Observed::Present(stack)) => stack,
        other => panic!("{name}: {other:?}"),
    }
}

fn into(world: &ObservedWorld, rows: &[ExistingRow]) -> Import {
    import(
        world,
        Surroundings {
            account: ACCOUNT,
            rows,
            only: &BTreeSet::new(),
        },
    )
}

fn row(name: &str, fleet: Option<&str>, stack: Option<&str>) -> ExistingRow {
    ExistingRow {
        name: name.to_owned(),
        uid: Uuid::from_u128(u128::from(name.as_bytes()[0])),
        is_here: true,
        fleet: fleet.map(str::to_owned),
        stack: stack.map(str::to_owned),
    }
}

/// Rows as `name: fleet F, stack S on E`, then what is kept and left out.
fn told(import: &Import) -> Vec<String> {
    let named = |row: &Value, kind: &str, default: &str| {
        row.get(kind)
            .map(|one| one["name"].as_str().unwrap_or(default).to_owned())
    };
    let rows = import.rows.iter().map(|row| {
        let parts = [
            named(&row.spec, "fleet", &row.name).map(|fleet| format!("fleet {fleet}")),
            named(&row.spec, "stack", &row.name).map(|stack| format!("stack {stack}")),
            row.spec["fleetRef"]
                .as_str()
                .map(|owner| format!("on {owner}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        format!("{}: {}", row.name, parts.join(", "))
    });
    let kept = import
        .kept
        .iter()
        .map(|remark| format!("kept {}: {}", remark.object, remark.why));
    let left = import
        .left_out
        .iter()
        .map(|remark| format!("left {}: {}", remark.object, remark.why));
    rows.chain(kept).chain(left).collect()
}

#[test]
fn a_theme_is_left_out_and_said() {
    let mut world = account(&[], &[("cfd", &[]), ("plain", &[]), ("lab", &[])]);
    let theme = ObservedTheme {
        title_text: "CFD".to_owned(),
        theme_styling: "BLUE".to_owned(),
        footer_links: BTreeSet::new(),
        state: "ENABLED".to_owned(),
        organization_logo_url: None,
        favicon_url: None,
    };
    let themes = &mut world.access.themes;
    themes.insert("cfd".to_owned(), Observed::Present(theme));
    themes.insert("plain".to_owned(), Observed::Absent);
    themes.insert("lab".to_owned(), Observed::Unknown("denied".to_owned()));
    let import = into(&world, &[]);
    assert_eq!(import.rows.len(), 3);
    for row in &import.rows {
        assert_eq!(row.spec["stack"].get("theme"), None, "{}", row.name);
    }
    let said: Vec<_> = import
        .left_out
        .iter()
        .map(|one| one.object.as_str())
        .collect();
    assert_eq!(said, ["stack/cfd", "stack/lab"]);
    assert!(import.left_out[0].why.contains("stack.theme"));
    assert!(import.left_out[1].why.ends_with("denied"));
}

#[test]
fn a_fleet_and_its_stack_are_one_row() {
    let world = account(&["cfd"], &[("cfd", &["cfd"])]);
    assert_eq!(told(&into(&world, &[])), ["cfd: fleet cfd, stack cfd"]);
    let world = account(&["cfd"], &[("desk", &["cfd"])]);
    assert_eq!(told(&into(&world, &[])), ["cfd: fleet cfd, stack desk"]);
}

#[test]
fn what_is_alone_has_a_row_alone() {
    let world = account(&["cfd"], &[("desk", &[])]);
    assert_eq!(
        told(&into(&world, &[])),
        ["cfd: fleet cfd", "desk: stack desk"]
    );
}

#[test]
fn further_stacks_refer_to_the_row_with_the_fleet() {
    let on = &["cfd"][..];
    let world = account(&["cfd"], &[("a", on), ("b", on), ("cfd", on)]);
    assert_eq!(
        told(&into(&world, &[])),
        [
            "a: stack a, on cfd",
            "b: stack b, on cfd",
            "cfd: fleet cfd, stack cfd"
        ]
    );
    let world = account(&["cfd"], &[("b", on), ("a", on)]);
    assert_eq!(
        told(&into(&world, &[])),
        ["b: stack b, on cfd", "cfd: fleet cfd, stack a"]
    );
}

#[test]
fn namesakes_that_do_not_go_together_have_names_of_their_own() {
    let world = account(&["cfd"], &[("cfd", &[])]);
    assert_eq!(
        told(&into(&world, &[])),
        ["cfd: fleet cfd", "cfd-stack: stack cfd"]
    );
    // Crossed over, and the next name is taken too.
    let world = account(
        &["a", "b", "a-stack"],
        &[("b", &["a"]), ("a", &[]), ("c", &["b"])],
    );
    assert_eq!(
        told(&into(&world, &[])),
        [
            "a: fleet a, stack b",
            "a-stack: fleet a-stack",
            "a-stack-2: stack a",
            "b: fleet b, stack c",
        ]
    );
}

#[test]
fn a_second_import_finds_nothing_to_do() {
    let world = account(
        &["cfd", "fem"],
        &[("cfd", &["cfd"]), ("view", &["cfd"]), ("fem", &[])],
    );
    let first = into(&world, &[]);
    let rows: Vec<ExistingRow> = first
        .rows
        .iter()
        .map(|made| {
            let name = |kind: &str| {
                let part = made.spec.get(kind)?;
                Some(part["name"].as_str().unwrap_or(&made.name).to_owned())
            };
            ExistingRow {
                fleet: name("fleet"),
                stack: name("stack"),
                ..row(&made.name, None, None)
            }
        })
        .collect();
    let second = into(&world, &rows);
    assert_eq!(second.rows, []);
    assert_eq!(second.left_out, []);
    assert_eq!(second.kept.len(), 5, "{:?}", told(&second));
}

#[test]
fn what_rows_keep_is_kept_and_lends_its_fleet() {
    let on = &["cfd"][..];
    let world = account(&["cfd"], &[("cfd", on), ("view", on)]);
    assert_eq!(
        told(&into(&world, &[row("lab", Some("cfd"), Some("cfd"))])),
        [
            "view: stack view, on lab",
            "kept fleet/cfd: environment lab declares it",
            "kept stack/cfd: environment lab declares it"
        ]
    );
    // A row of another scope keeps nothing here, but its name.
    let abroad = ExistingRow {
        is_here: false,
        ..row("lab", Some("cfd"), Some("cfd"))
    };
    assert_eq!(
        told(&into(&world, &[abroad])),
        ["cfd: fleet cfd, stack cfd", "view: stack view, on cfd"]
    );
}

#[test]
fn a_name_that_a_row_has_is_not_given_away() {
    let world = account(&["cfd"], &[("cfd", &["cfd"]), ("view", &["cfd"])]);
    let why = "environment cfd has its name and does not declare it; declare it there, or insert a \
               row by hand";
    assert_eq!(
        told(&into(&world, &[row("cfd", None, Some("other"))])),
        [
            "view: stack view".to_owned(),
            format!("left fleet/cfd: {why}"),
            format!("left stack/cfd: {why}"),
            "left stack/view: fleet/cfd has no row, so its association is not kept".to_owned(),
        ]
    );
}

#[test]
fn what_carries_an_identity_is_left_to_whoever_that_is() {
    let mut world = account(&["cfd", "fem"], &[]);
    let lab = row("lab", None, Some("lab"));
    let uid = lab.uid.hyphenated().to_string();
    fleet_of(&mut world, "cfd").tags = tags(&[(UID_TAG, &uid)]);
    fleet_of(&mut world, "fem").tags = tags(&[(UID_TAG, "another")]);
    assert_eq!(
        told(&into(&world, &[lab])),
        [
            "kept fleet/cfd: it belongs to environment lab",
            "left fleet/fem: it carries streamkeeper:uid=another, and no row here has that \
             identity; remove its streamkeeper: tags if nobody keeps it any more",
        ]
    );
}

#[test]
fn what_could_not_be_read_is_left_out_and_said() {
    let mut world = account(
        &["cfd", "fem", "gone", "unseen"],
        &[("a", &[]), ("b", &[]), ("c", &["cfd", "fem"])],
    );
    fleet_of(&mut world, "cfd").tags = ObservedTags::Unknown("denied".to_owned());
    fleet_of(&mut world, "fem").tags = ObservedTags::Listed(BTreeMap::new());
    put(&mut world.fleets, "gone", Observed::Absent);
    let unseen = Observed::Unknown("throttled".to_owned());
    put(&mut world.fleets, "unseen", unseen);
    let unknown = Observed::Unknown("denied".to_owned());
    world.associations.insert("a".to_owned(), unknown);
    world.associations.remove("b");
    assert_eq!(
        told(&into(&world, &[])),
        [
            "a: stack a",
            "b: stack b",
            "c: stack c",
            "left fleet/cfd: its tags could not be read: denied",
            "left fleet/fem: its tags were only listed",
            "left fleet/unseen: it could not be read: throttled",
            "left stack/a: its association could not be read: denied",
            "left stack/b: its association was not read",
            "left stack/c: it has several fleets, and a row one: cfd, fem",
        ]
    );
}

#[test]
fn only_what_is_named_is_imported() {
    let world = account(&["cfd", "fem"], &[("cfd", &["cfd"]), ("view", &["fem"])]);
    let import = import(
        &world,
        Surroundings {
            account: ACCOUNT,
            rows: &[],
            only: &["cfd".to_owned(), "view".to_owned()].into(),
        },
    );
    assert_eq!(
        told(&import),
        [
            "cfd: fleet cfd, stack cfd",
            "view: stack view",
            "left stack/view: fleet/fem has no row, so its association is not kept",
        ]
    );
}

#[test]
fn a_row_says_what_aws_said() {
    let mut world = account(&["cfd"], &[("desk", &["cfd"])]);
    let fleet = fleet_of(&mut world, "cfd");
    fleet.state = FleetState::Stopping;
    fleet.settings.display_name = Some(String::new());
    fleet.tags = tags(&[("team", "aero"), ("cost", "1"), ("aws:x", "y")]);
    let stack = stack_of(&mut world, "desk");
    stack.tags = tags(&[("team", "aero"), ("cost", "2")]);
    stack.settings.user_settings = Some(vec![UserSetting {
        action: "FILE_UPLOAD".to_owned(),
        permission: "DISABLED".to_owned(),
        maximum_length: None,
    }]);
    let import = into(&world, &[]);
    assert_eq!(
        import.rows[0].spec,
        json!({
            "adoption": "IfUnowned",
            "image": {"name": "pcluster-2026-11"},
            "fleet": {
                "instanceType": "stream.standard.medium", "fleetType": "ON_DEMAND",
                "maxUserDurationInSeconds": 57_600, "disconnectTimeoutInSeconds": 900,
                "idleDisconnectTimeoutInSeconds": 0, "enableDefaultInternetAccess": false,
                "streamView": "APP", "platform": "WINDOWS_SERVER_2022", "state": "STOPPED"
            },
            "stack": {
                "name": "desk",
                "userSettings": [{"action": "FILE_UPLOAD", "permission": "DISABLED"}],
                "applicationSettings": {"enabled": false}
            },
            "tags": {"team": "aero"}
        })
    );
}

#[test]
fn a_row_says_only_what_its_kind_of_fleet_has() {
    for (kind, has) in [
        ("ELASTIC", json!({"maxConcurrentSessions": 3})),
        (
            "ALWAYS_ON",
            json!({"computeCapacity": {"desiredInstances": 2}}),
        ),
    ] {
        let mut world = account(&["cfd"], &[]);
        let settings = &mut fleet_of(&mut world, "cfd").settings;
        settings.fleet_type = Some(kind.to_owned());
        settings.max_concurrent_sessions = Some(3);
        settings.compute_capacity = serde_json::from_value(json!({"desiredInstances": 2})).unwrap();
        let fleet = &into(&world, &[]).rows[0].spec["fleet"];
        let mut found = json!({});
        for key in ["maxConcurrentSessions", "computeCapacity"] {
            if let Some(value) = fleet.get(key) {
                found[key] = value.clone();
            }
        }
        assert_eq!(found, has, "{kind}");
    }
}

#[test]
fn an_image_that_others_share_is_named_by_its_arn() {
    for (arn, expected) in [
        (
            Some("arn:aws:appstream:eu-west-1:123456789012:image/pcluster-2026-11"),
            json!({"name": "pcluster-2026-11"}),
        ),
        (None, json!({"name": "pcluster-2026-11"})),
        (
            Some("arn:aws:appstream:eu-west-1::image/AppStream-WinServer2022"),
            json!({"arn": "arn:aws:appstream:eu-west-1::image/AppStream-WinServer2022"}),
        ),
        (
            Some("arn:aws:appstream:eu-west-1:210987654321:image/theirs"),
            json!({"arn": "arn:aws:appstream:eu-west-1:210987654321:image/theirs"}),
        ),
    ] {
        let mut world = account(&["cfd"], &[]);
        fleet_of(&mut world, "cfd").settings.image_arn = arn.map(str::to_owned);
        assert_eq!(into(&world, &[]).rows[0].spec["image"], expected);
    }
}

#[test]
fn a_user_setting_that_aws_has_added_since_is_said() {
    let mut world = account(&[], &[("desk", &[])]);
    let settings = &mut stack_of(&mut world, "desk").settings;
    settings
        .user_settings
        .get_or_insert_default()
        .push(UserSetting {
            action: "TELEPATHY".to_owned(),
            permission: "ENABLED".to_owned(),
            maximum_length: None,
        });
    let import = into(&world, &[]);
    let text = import.rows[0].spec["stack"]["userSettings"].to_string();
    assert!(
        text.contains("FILE_UPLOAD") && !text.contains("TELEPATHY"),
        "{text}"
    );
    assert_eq!(
        told(&import)[1],
        "left stack/desk: this version knows no user setting TELEPATHY, so it is not kept"
    );
}

#[test]
fn capacity_under_auto_scaling_is_somebody_elses() {
    let mut world = account(&["a", "b", "c", "d"], &[]);
    for (fleet, scaling) in [
        ("a", Observed::Absent),
        ("b", Observed::Present(Scaling::Target { min: 1, max: 9 })),
        ("c", Observed::Present(Scaling::Hidden)),
        ("d", Observed::Unknown("throttled".to_owned())),
    ] {
        world.scaling.insert(fleet.to_owned(), scaling);
    }
    let import = into(&world, &[]);
    let ignored: Vec<&Value> = import.rows.iter().map(|row| &row.spec["ignore"]).collect();
    let capacity = json!(["fleet.computeCapacity"]);
    let nothing = Value::Null;
    assert_eq!(ignored, [&nothing, &capacity, &nothing, &nothing]);
    assert_eq!(
        told(&import)[4..],
        ["left fleet/d: whether anything scales it could not be read: throttled"]
    );
}

#[test]
fn a_refused_row_is_said_of_each_object_and_lends_nothing() {
    let on = &["cfd"][..];
    let world = account(&["cfd"], &[("cfd", on), ("view", on)]);
    let refused = BTreeMap::from([(
        "cfd".to_owned(),
        vec![
            "spec.fleet.fleetType: no".to_owned(),
            "spec.image: no".to_owned(),
        ],
    )]);
    let why = "no row can say it: spec.fleet.fleetType: no; spec.image: no";
    assert_eq!(
        told(&into(&world, &[]).without(&refused)),
        [
            "view: stack view".to_owned(),
            format!("left fleet/cfd: {why}"),
            format!("left stack/cfd: {why}"),
            "left stack/view: the fleet of environment cfd has no row, so its association is not \
             kept"
                .to_owned(),
        ]
    );
}
