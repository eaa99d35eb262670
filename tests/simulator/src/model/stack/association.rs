//! Associates stacks with fleets: a stack takes one, a fleet serves several.

use serde_json::{Value, json};

use super::{Stack, connector_types, is_persistent};
use crate::call::ServiceError;
use crate::model::fleet::Fleet;
use crate::model::page::Pager;
use crate::model::settings::text;
use crate::model::state::{State, done};
use crate::model::{Answer, Request, errors, session};

/// Platforms without drive connectors and persistent application settings.
const LINUX: &[&str] = &["AMAZON_LINUX2", "RHEL8", "ROCKY_LINUX8", "UBUNTU_PRO_2404"];

/// `AssociateFleet`. A fleet that was never started can be associated.
pub(crate) fn associate(state: &mut State, request: &Request<'_>) -> Answer {
    let (stack_key, fleet_key) = keys(request);
    let fleet = state
        .fleets
        .get(&fleet_key)
        .ok_or_else(|| errors::not_found("fleet", &fleet_key.1))?;
    let stack = state
        .stacks
        .get(&stack_key)
        .ok_or_else(|| errors::not_found("stack", &stack_key.1))?;
    match &stack.fleet {
        None => {}
        Some(other)
            if *other == fleet_key.1 && !state.config.unknowns.associate_again_is_refused =>
        {
            return done();
        }
        Some(_) => {
            return Err(errors::not_permitted(
                "Associate fleet cannot be performed on a stack that already has an associated \
                 fleet.",
            ));
        }
    }
    check_platform(stack, fleet)?;
    let stamp = state.stamp();
    state.stacks.edit(stamp, &stack_key, |stack| {
        stack.fleet = Some(fleet_key.1.clone());
    });
    state.fleets.edit(stamp, &fleet_key, |fleet| {
        fleet.stacks.insert(stack_key.1.clone());
    });
    done()
}

/// `DisassociateFleet`. When it answers that the resource is in use is not documented; people who
/// stream from it are the plausible reason.
pub(crate) fn disassociate(state: &mut State, request: &Request<'_>) -> Answer {
    let (stack_key, fleet_key) = keys(request);
    let stack = state
        .stacks
        .get(&stack_key)
        .ok_or_else(|| errors::not_found("stack", &stack_key.1))?;
    if stack.fleet.as_ref() != Some(&fleet_key.1) {
        return Err(errors::not_found(
            "association",
            &format!("of the stack {} and the fleet {}", stack_key.1, fleet_key.1),
        ));
    }
    if state.config.unknowns.disassociate_in_use_is_refused
        && session::is_pair_in_use(state, &request.place, &fleet_key.1, &stack_key.1)
    {
        return Err(errors::in_use(format!(
            "The fleet {} has active sessions with the stack {}.",
            fleet_key.1, stack_key.1
        )));
    }
    let stamp = state.stamp();
    state
        .stacks
        .edit(stamp, &stack_key, |stack| stack.fleet = None);
    state.fleets.edit(stamp, &fleet_key, |fleet| {
        fleet.stacks.remove(&stack_key.1);
    });
    done()
}

/// `ListAssociatedFleets`. No error is declared: a stack that does not exist has none.
pub(crate) fn list_fleets(state: &State, request: &Request<'_>) -> Answer {
    let (key, _) = keys(request);
    let fleet = state.stacks.get(&key).and_then(|stack| stack.fleet.clone());
    list(state, request, "ListAssociatedFleets", fleet.into_iter())
}

/// `ListAssociatedStacks`. No error is declared: a fleet that does not exist has none.
pub(crate) fn list_stacks(state: &State, request: &Request<'_>) -> Answer {
    let (_, key) = keys(request);
    let stacks = state.fleets.get(&key).map(|fleet| fleet.stacks.clone());
    let stacks = stacks.unwrap_or_default().into_iter();
    list(state, request, "ListAssociatedStacks", stacks)
}

fn list(
    state: &State,
    request: &Request<'_>,
    operation: &str,
    names: impl Iterator<Item = String>,
) -> Answer {
    let pager = Pager {
        seed: state.config.seed,
        list: operation,
        place: &request.place,
        size: state.config.page_size,
    };
    let after = pager.start(request.text("NextToken"))?;
    let page = pager.cut(
        names
            .filter(|name| after.as_ref().is_none_or(|after| name > after))
            .map(|name| (name.clone(), Value::String(name))),
    );
    if page.items.is_empty() {
        return Ok(json!({"Names": []}));
    }
    Ok(page.into_answer("Names"))
}

type Key = crate::model::state::Named;

fn keys(request: &Request<'_>) -> (Key, Key) {
    let key = |member| (request.place.clone(), request.required(member).to_owned());
    (key("StackName"), key("FleetName"))
}

/// Drive connectors and persistent settings are for Windows; the code is inferred.
fn check_platform(stack: &Stack, fleet: &Fleet) -> Result<(), ServiceError> {
    let platform = text(&fleet.settings, "Platform").unwrap_or_default();
    let windows_only = is_persistent(&stack.settings)
        || connector_types(&stack.settings).any(|connector| connector != super::HOMEFOLDERS);
    if LINUX.contains(&platform) && windows_only {
        return Err(ServiceError::new(
            "IncompatibleImageException",
            format!(
                "The stack uses storage connectors or application settings that the platform \
                 {platform} does not support."
            ),
        ));
    }
    Ok(())
}
