//! Starts and stops fleets.

use super::change::{check_roles, others_running};
use super::{Capacity, FleetState, Power, rules};
use crate::clock::after;
use crate::model::settings::text;
use crate::model::state::{State, done};
use crate::model::{Answer, Request, errors, session};

/// `StartFleet`. What it says to a fleet that is not stopped is not documented;
/// `OperationNotPermittedException` is the only declared code that fits.
pub(crate) fn start(state: &mut State, request: &Request<'_>) -> Answer {
    let name = request.required("Name");
    let key = (request.place.clone(), name.to_owned());
    let fleet = state
        .fleets
        .get(&key)
        .ok_or_else(|| errors::not_found("fleet", name))?;
    let power = fleet.state(request.now);
    match power {
        FleetState::Stopped => {}
        FleetState::Starting | FleetState::Running
            if !state.config.unknowns.start_running_is_refused =>
        {
            return done();
        }
        FleetState::Starting | FleetState::Running | FleetState::Stopping => {
            return Err(errors::not_permitted(format!(
                "The fleet {name} cannot be started when it is {}.",
                power.as_str()
            )));
        }
    }
    check_roles(state, &fleet.settings, request.now)?;
    check_image(state, request, fleet)?;
    let instance_type = text(&fleet.settings, "InstanceType").unwrap_or_default();
    let requested = fleet.desired_instances() + others_running(state, request, name, instance_type);
    rules::check_quota(&state.config.quotas, name, instance_type, requested)?;
    let settles_at = after(request.now, state.config.delays.starting);
    let stamp = state.stamp();
    state.fleets.edit(stamp, &key, |fleet| {
        fleet.power = Power {
            on: true,
            settles_at,
            ..fleet.power
        };
        fleet.capacity = Capacity {
            before: 0,
            ready_at: settles_at,
        };
    });
    done()
}

/// `StopFleet`. A stopped fleet is a success: clients stop before they delete without asking.
/// Whoever streams from it is cut off.
pub(crate) fn stop(state: &mut State, request: &Request<'_>) -> Answer {
    let name = request.required("Name");
    let key = (request.place.clone(), name.to_owned());
    let fleet = state
        .fleets
        .get(&key)
        .ok_or_else(|| errors::not_found("fleet", name))?;
    if !fleet.power.on {
        return done();
    }
    let settles_at = after(request.now, state.config.delays.stopping);
    let stamp = state.stamp();
    state.fleets.edit(stamp, &key, |fleet| {
        fleet.power = Power {
            on: false,
            settles_at,
            ..fleet.power
        };
    });
    session::cut(state, &request.place, name);
    done()
}

/// A fleet whose image is gone cannot start.
fn check_image(
    state: &State,
    request: &Request<'_>,
    fleet: &super::Fleet,
) -> Result<(), crate::call::ServiceError> {
    let Some(name) = text(&fleet.settings, "ImageName") else {
        return Ok(());
    };
    let key = (request.place.clone(), name.to_owned());
    if state.images.contains(&key) {
        return Ok(());
    }
    Err(errors::not_found("image", name))
}
