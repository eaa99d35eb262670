//! Nobody is interrupted against the row, whatever the row, the hour and the accidents are.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::accident::accident;
use super::generate::pair;
use super::{begin, config, strike};
use crate::action::Action;
use crate::observed::FleetState;
use crate::plan::tests::harness::render;
use crate::plan::tests::world::World;
use crate::spec::{Disruption, DisruptionPolicy, FleetType};
use crate::window::tests::any_window;

fn disruption() -> impl Strategy<Value = Value> {
    (
        select(vec!["WhenIdle", "Always", "Never"]),
        option::of(any_window()),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(policy, window, replaces, drains)| {
            let mut disruption =
                json!({"policy": policy, "allowReplacement": replaces, "drain": drains});
            if let Some(window) = window {
                disruption["window"] = window;
            }
            disruption
        })
}

/// The fleet that a call takes from people, if it does.
fn interrupts(action: &Action) -> Option<&str> {
    match action {
        Action::StopFleet { name: fleet, .. } | Action::DisassociateFleet { fleet, .. } => {
            Some(fleet)
        }
        Action::CreateFleet { .. }
        | Action::UpdateFleet { .. }
        | Action::StartFleet { .. }
        // See `may_drain`.
        | Action::DrainSessionInstance { .. }
        | Action::DeleteFleet { .. }
        | Action::DeregisterScalableTarget { .. }
        | Action::CreateStack { .. }
        | Action::UpdateStack { .. }
        | Action::DeleteStack { .. }
        | Action::AssociateFleet { .. }
        | Action::TagResource { .. }
        | Action::UntagResource { .. }
        | Action::PutBucketPolicy { .. }
        | Action::DeleteBucketPolicy { .. }
        | Action::Access(_) => None,
    }
}

/// Whether the row lets those be interrupted who are on a fleet now.
fn may(world: &World, disruption: &Disruption, fleet: &str) -> bool {
    let is_down =
        world.aws.fleets.get(fleet).map(|fleet| &fleet.state) == Some(&FleetState::Stopped);
    let is_open = disruption
        .window
        .as_ref()
        .is_none_or(|window| window.is_open(world.now));
    let people = world.aws.sessions.get(fleet).copied().unwrap_or_default();
    match disruption.policy {
        DisruptionPolicy::WhenIdle => people == 0 && (is_open || is_down),
        DisruptionPolicy::Always => is_open || is_down,
        DisruptionPolicy::Never => people == 0 && is_down,
    }
}

/// Whether the row has the instances of a fleet drained now: people on it hold up a stop.
fn may_drain(world: &World, disruption: &Disruption, fleet: &str) -> bool {
    let people = world.aws.sessions.get(fleet).copied().unwrap_or_default();
    let fleet = &world.aws.fleets[fleet];
    let window = disruption.window.as_ref();
    disruption.drain
        && disruption.policy == DisruptionPolicy::WhenIdle
        && window.is_none_or(|window| window.is_open(world.now))
        && people > 0
        && fleet.state == FleetState::Running
        && fleet.settings.max_sessions_per_instance > Some(1)
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn nobody_is_interrupted_against_the_row(
        pair in pair(), accidents in vec(accident(), 0..4), disruption in disruption(),
        people in 0..3_u32, elsewhere in 0..2_u32, hour in 0..336_i64, deleting: bool,
        retypes: bool, renames: bool,
    ) {
        let mut world = begin(&pair, &pair.a);
        world.converge();
        strike(&mut world, &accidents);
        world.edit(&pair.b);
        world.now += chrono::TimeDelta::hours(hour);
        let disruption: Disruption = serde_json::from_value(disruption).unwrap();
        let in_force = match &mut world.environment.spec.fleet {
            Some(fleet) => {
                fleet.disruption = disruption.clone();
                if retypes && fleet.fleet_type != Some(FleetType::Elastic) {
                    fleet.fleet_type = Some(FleetType::AlwaysOn);
                }
                disruption
            }
            None => Disruption::default(),
        };
        if renames && let Some(stack) = &mut world.environment.spec.stack {
            stack.name = Some("another".to_owned());
        }
        if deleting {
            world.delete();
        }
        for _ in 0..6 {
            world.aws.sessions.insert("cfd".to_owned(), people);
            world.aws.sessions.insert("other".to_owned(), elsewhere);
            let before = world.clone();
            world.pass();
            for action in &world.calls[before.calls.len()..] {
                if let Action::DrainSessionInstance { fleet, .. } = action {
                    prop_assert!(
                        may_drain(&before, &in_force, fleet),
                        "{action} with {in_force:?}\n{}",
                        render(&before.plan())
                    );
                }
                if let Some(fleet) = interrupts(action) {
                    prop_assert!(
                        may(&before, &in_force, fleet),
                        "{action} with {in_force:?}\n{}",
                        render(&before.plan())
                    );
                }
            }
        }
    }
}
