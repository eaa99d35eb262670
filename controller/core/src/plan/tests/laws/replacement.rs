//! Where the row allows it, what comes and goes ends where a fresh row ends, too.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::super::world::{Fault, World};
use super::accident::accident;
use super::compare::assert_same_where_managed;
use super::generate::{Pair, pair};
use super::{begin, config, strike};

/// What of a row's two sides is there, and what type its fleet has.
type Shape = (&'static str, Option<&'static str>);

fn shape() -> impl Strategy<Value = Shape> {
    (
        select(vec!["both", "both", "fleet", "stack"]),
        select(vec![None, Some("ON_DEMAND"), Some("ALWAYS_ON")]),
    )
}

/// Two rows, of which each allows what the other needs.
fn strangers() -> impl Strategy<Value = Pair> {
    (pair(), shape(), shape()).prop_map(|(pair, a, b)| Pair {
        a: shaped(pair.a, a),
        b: shaped(pair.b, b),
        ..pair
    })
}

fn shaped(mut spec: Value, (sides, fleet_type): Shape) -> Value {
    let row = spec.as_object_mut().unwrap();
    let has_both = row.contains_key("fleet") && row.contains_key("stack");
    if sides == "fleet" && has_both {
        row.remove("stack");
        row.remove("users");
    } else if sides == "stack" && has_both {
        row.remove("fleet");
        row.remove("image");
    }
    if let Some(fleet) = row.get_mut("fleet") {
        fleet["disruption"] = json!({"allowReplacement": true});
        // Elastic fleets have members that others have not.
        if fleet["fleetType"] != "ELASTIC" {
            let fleet = fleet.as_object_mut().unwrap();
            fleet.remove("fleetType");
            let fleet_type = fleet_type.map(|word| ("fleetType".to_owned(), json!(word)));
            fleet.extend(fleet_type);
        }
    }
    spec
}

/// What is owned, buckets apart: their statements have rules of their own.
fn owned(world: &World) -> Vec<&String> {
    let ours = world.owned.iter();
    ours.filter(|one| !one.starts_with("bucket/")).collect()
}

proptest! {
    #![proptest_config(config(120))]

    #[test]
    fn any_row_becomes_any_other_that_allows_it(
        pair in strangers(), accidents in vec(accident(), 0..3), passes in 0..24_usize,
        faults in vec(prop_oneof![
            4 => Just(Fault::None), 1 => Just(Fault::Lost), 1 => Just(Fault::AnswerLost),
        ], 0..8),
    ) {
        let mut world = begin(&pair, &pair.a);
        if passes < 12 {
            for _ in 0..passes {
                world.pass();
            }
        } else {
            world.converge();
            strike(&mut world, &accidents);
        }
        world.faults = faults;
        world.edit(&pair.b);
        world.converge();
        prop_assert!(world.intents.is_empty() && world.debts.is_empty());
        let mut fresh = begin(&pair, &pair.b);
        fresh.converge();
        assert_same_where_managed(&world, &fresh, &pair);
        prop_assert_eq!(owned(&world), owned(&fresh));
    }
}
