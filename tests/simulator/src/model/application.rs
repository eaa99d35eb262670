//! Models which applications an Elastic fleet has. The applications themselves, and the app blocks
//! they stand on, are put there by hand.

use serde_json::{Value, json};

use super::settings::text;
use super::state::{State, done};
use super::{Answer, Place, Request, errors, user};
use crate::call::ServiceError;

/// A place, a fleet and an application's ARN.
pub(crate) type Key = (Place, String, String);

/// AWS's model bounds the list in an answer.
const LONGEST_PAGE: usize = 25;

/// `AssociateApplicationFleet`: "only supported for Elastic fleets" (API reference). One that is
/// associated already is a success.
pub(crate) fn associate(state: &mut State, request: &Request<'_>) -> Answer {
    let key = key(request);
    let named = (request.place.clone(), key.1.clone());
    let fleet = state
        .fleets
        .get(&named)
        .ok_or_else(|| errors::not_found("fleet", &key.1))?;
    if text(&fleet.settings, "FleetType") != Some("ELASTIC") {
        return Err(errors::not_permitted(
            "Applications can be associated with Elastic fleets only.",
        ));
    }
    if !state
        .applications
        .contains(&(request.place.clone(), key.2.clone()))
    {
        return Err(errors::not_found("application", &key.2));
    }
    let document = document(&key);
    let stamp = state.stamp();
    state.fleet_applications.put(stamp, key, ());
    Ok(json!({"ApplicationFleetAssociation": document}))
}

/// `DisassociateApplicationFleet`. No "not found" is declared: a pair that is not there is a
/// success.
pub(crate) fn disassociate(state: &mut State, request: &Request<'_>) -> Answer {
    let (stamp, key) = (state.stamp(), key(request));
    state.fleet_applications.remove(stamp, &key);
    done()
}

/// `DescribeApplicationFleetAssociations`, by fleet, by application, or both.
pub(crate) fn describe(state: &State, request: &Request<'_>) -> Answer {
    let (fleet, application) = (request.text("FleetName"), request.text("ApplicationArn"));
    if fleet.is_none() && application.is_none() {
        return Err(ServiceError::new(
            "InvalidParameterCombinationException",
            "FleetName or ApplicationArn must be specified.",
        ));
    }
    let list = "DescribeApplicationFleetAssociations";
    let pager = user::pager(state, request, list, LONGEST_PAGE);
    let after = pager.start(request.text("NextToken"))?;
    let pairs = state.fleet_applications.iter().map(|(key, ())| key);
    let page = pager.cut(
        pairs
            .filter(|(place, _, _)| *place == request.place)
            .filter(|(_, of, _)| fleet.is_none_or(|fleet| fleet == of))
            .filter(|(_, _, arn)| application.is_none_or(|application| application == arn))
            .map(|key| (format!("{}/{}", key.1, key.2), document(key)))
            .filter(|(label, _)| after.as_ref().is_none_or(|after| label > after)),
    );
    if page.items.is_empty() {
        // The model has no list without elements.
        return Ok(json!({}));
    }
    Ok(page.into_answer("ApplicationFleetAssociations"))
}

/// Drops the pairs of a fleet that goes.
pub(crate) fn forget(state: &mut State, place: &Place, fleet: &str) {
    let pairs = state.fleet_applications.iter().map(|(key, ())| key);
    let gone: Vec<Key> = pairs
        .filter(|(other, of, _)| other == place && of == fleet)
        .cloned()
        .collect();
    let stamp = state.stamp();
    for key in gone {
        state.fleet_applications.remove(stamp, &key);
    }
}

fn key(request: &Request<'_>) -> Key {
    let member = |member: &str| request.required(member).to_owned();
    (
        request.place.clone(),
        member("FleetName"),
        member("ApplicationArn"),
    )
}

fn document((_, fleet, arn): &Key) -> Value {
    json!({"FleetName": fleet, "ApplicationArn": arn})
}
