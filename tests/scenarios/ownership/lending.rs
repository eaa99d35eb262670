//! Any order of edits, accidents and pauses among environments that share fleets ends where rows
//! that were just inserted would.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use streamkeeper_tests::{World, brisk};

use crate::lifecycle::CONVERGED;

/// Another seed, other lives.
const SEED: u64 = 20_261_125;
/// How many worlds are lived through.
const LIVES: u64 = 10;
/// How much happens in each.
const TURNS: u64 = 12;

/// Environments that declare a fleet, and such that use one.
const OWNERS: [&str; 2] = ["cfd", "fem"];
const USERS: [&str; 2] = ["lab", "viewers"];

/// The same seed, the same life.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % end).expect("it is small")
    }

    fn pick<'a>(&mut self, names: &[&'a str]) -> &'a str {
        names[self.below(u64::try_from(names.len()).expect("it is small"))]
    }
}

fn owner() -> Value {
    json!({
        "image": {"name": "pcluster-2026-11"},
        "fleet": {"instanceType": "stream.standard.medium",
                  "computeCapacity": {"desiredInstances": 1}},
        "stack": {}
    })
}

fn user_of(owner: &str) -> Value {
    json!({"fleetRef": owner, "stack": {}})
}

/// What each row says, where there is one that is not being deleted.
async fn rows(world: &World) -> BTreeMap<String, Value> {
    let lines = world
        .lines(
            "SELECT json_build_array(name, spec)::text FROM streamkeeper.environments
             WHERE deletion_requested_at IS NULL",
        )
        .await;
    let parsed = lines
        .iter()
        .map(|line| serde_json::from_str::<(String, Value)>(line).expect("it is JSON"));
    parsed.collect()
}

/// Something happens.
async fn happen(world: &World, dice: &mut Dice) -> String {
    let environments = "streamkeeper.environments";
    let present = rows(world).await;
    let (owner_name, user) = (dice.pick(&OWNERS), dice.pick(&USERS));
    let name = dice.pick(&[owner_name, user]);
    match dice.below(8) {
        0 | 1 if !world.exists(owner_name).await => {
            world.insert(owner_name, &owner()).await;
            format!("insert {owner_name}")
        }
        0..3 if !world.exists(user).await => {
            world.insert(user, &user_of(owner_name)).await;
            format!("insert {user} on {owner_name}")
        }
        3 | 4 if present.contains_key(user) => {
            let spec = match dice.below(4) {
                0 => json!({"stack": {}}),
                _ => user_of(owner_name),
            };
            world
                .sql(&format!(
                    "UPDATE {environments} SET spec = '{spec}' WHERE name = '{user}'"
                ))
                .await;
            format!("{user} says {spec}")
        }
        5 if present.contains_key(name) => {
            world
                .sql(&format!("DELETE FROM {environments} WHERE name = '{name}'"))
                .await;
            format!("delete {name}")
        }
        6 => {
            world
                .sql(&format!(
                    "UPDATE {environments} SET paused = NOT paused WHERE name = '{name}'"
                ))
                .await;
            format!("pause or resume {name}")
        }
        _ => part(world, name),
    }
}

/// Another administrator takes a stack off its fleet, if it has one.
fn part(world: &World, stack: &str) -> String {
    if world.stack(stack).is_null() {
        return "nothing".to_owned();
    }
    let fleets = world.admin("ListAssociatedFleets", json!({"StackName": stack}))["Names"].clone();
    for fleet in fleets.as_array().into_iter().flatten() {
        world.admin(
            "DisassociateFleet",
            json!({"StackName": stack, "FleetName": fleet}),
        );
    }
    format!("take {stack} off {fleets}")
}

/// Asserts that AWS has what the rows that are left ask for, and nothing else.
async fn assert_as_the_rows_say(world: &World, story: &str) {
    let rows = rows(world).await;
    for name in OWNERS.into_iter().chain(USERS) {
        let row = rows.get(name);
        let has_fleet = row.is_some_and(|spec| spec.get("fleet").is_some());
        assert_eq!(!world.fleet(name).is_null(), has_fleet, "{name}{story}");
        assert_eq!(!world.stack(name).is_null(), row.is_some(), "{name}{story}");
        let Some(spec) = row else {
            continue;
        };
        let owner = if has_fleet {
            Some(name)
        } else {
            spec["fleetRef"].as_str()
        };
        let lent = owner.filter(|owner| rows.contains_key(*owner));
        let expected: Vec<&str> = lent.into_iter().collect();
        let ready = world.ready(name).await;
        if owner == lent {
            let fleets = world.admin("ListAssociatedFleets", json!({"StackName": name}));
            assert_eq!(fleets["Names"], json!(expected), "{name}{story}");
            assert_eq!(ready, CONVERGED, "{name}{story}");
        } else {
            // It keeps what it had meanwhile.
            assert!(ready.starts_with("False WaitingForFleet"), "{ready}{story}");
        }
    }
}

#[tokio::test]
async fn any_order_of_what_happens_to_lenders_and_users_ends_as_the_rows_say() {
    println!("seed {SEED}");
    let mut world = World::brisk().await;
    for life in 0..LIVES {
        let mut dice = Dice(SEED + life);
        let mut story = format!("\nlife {life}:");
        world.insert("cfd", &owner()).await;
        for _ in 0..TURNS {
            let turn = happen(&world, &mut dice).await;
            story.extend(["\n  ", &turn]);
            for _ in 0..dice.below(4) {
                world.next_round().await;
            }
            if dice.below(6) == 0 {
                story.push_str("\n  the daemon dies");
                world.crash();
            }
        }
        world
            .sql("UPDATE streamkeeper.environments SET paused = false")
            .await;
        world.settle().await;
        let leaving = "SELECT name FROM streamkeeper.environments
             WHERE deletion_requested_at IS NOT NULL";
        if !world.lines(leaving).await.is_empty() {
            // A fleet waits for whoever is on it still, and a user for its fleet.
            story.push_str("\n  who waits for a fleet that is not to come lets go");
            world
                .sql(&format!(
                    "UPDATE streamkeeper.environments SET spec = spec - 'fleetRef'
                     WHERE spec ->> 'fleetRef' IN ({leaving})
                        OR spec ->> 'fleetRef'
                           NOT IN (SELECT name FROM streamkeeper.environments)"
                ))
                .await;
        }
        world.settle().await;
        assert_as_the_rows_say(&world, &story).await;
        for reason in ["CallRefused", "PlanRefused", "Panicked", "OutcomeUnknown"] {
            let events = world.events(reason).await;
            assert_eq!(events, Vec::<String>::new(), "{reason}{story}");
        }
        world.assert_quiet().await;
        world = world.again(brisk()).await;
    }
}
