//! Puts users on stacks and takes them off: one answer for the call, one for each pair in it.

use serde_json::{Map, Value, json};

use super::{check_type, pager};
use crate::call::ServiceError;
use crate::model::state::{StackUser, State};
use crate::model::{Answer, Place, Request, errors};

/// AWS's model bounds the list in an answer as it bounds the one in a request.
const LONGEST_PAGE: usize = 25;

/// `BatchAssociateUserStack`. A pair that is associated already is a success.
pub(crate) fn associate(state: &mut State, request: &Request<'_>) -> Answer {
    check_domains(state, request)?;
    each(state, request, |state, key| {
        let stamp = state.stamp();
        state.stack_users.put(stamp, key, ());
    })
}

/// `BatchDisassociateUserStack`. A pair that is not associated is a success.
pub(crate) fn disassociate(state: &mut State, request: &Request<'_>) -> Answer {
    each(state, request, |state, key| {
        let stamp = state.stamp();
        state.stack_users.remove(stamp, &key);
    })
}

/// Answers pair by pair: what cannot be done is in `errors`, and the rest is done.
fn each(
    state: &mut State,
    request: &Request<'_>,
    change: impl Fn(&mut State, StackUser),
) -> Answer {
    let pairs = pairs(request);
    for pair in &pairs {
        check_type(pair.get("AuthenticationType").and_then(Value::as_str))?;
    }
    let mut errors = Vec::new();
    for pair in pairs {
        let text = |member: &str| pair.get(member).and_then(Value::as_str).unwrap_or_default();
        let (stack, user) = (text("StackName"), text("UserName"));
        match refusal(state, request, stack, user) {
            Some((code, message)) => errors.push(json!({
                "UserStackAssociation": pair,
                "ErrorCode": code,
                "ErrorMessage": message,
            })),
            None => {
                let key = (request.place.clone(), stack.to_owned(), user.to_owned());
                change(state, key);
            }
        }
    }
    Ok(json!({"errors": errors}))
}

/// Why one pair cannot be changed. A new account is not known to every part of AWS at once: other
/// tools repeat the call for minutes after a creation.
fn refusal(
    state: &State,
    request: &Request<'_>,
    stack: &str,
    user: &str,
) -> Option<(String, String)> {
    let named = |name: &str| (request.place.clone(), name.to_owned());
    let scripted = state.surroundings.refused_users.get(user);
    if let Some(code) = scripted {
        return Some((code.clone(), format!("{user} cannot be processed.")));
    }
    if !state.stacks.contains(&named(stack)) {
        let message = format!("The stack {stack} was not found.");
        return Some(("STACK_NOT_FOUND".to_owned(), message));
    }
    let account = state.users.get(&named(user));
    let known = account.is_some_and(|user| user.created + state.config.delays.user <= request.now);
    (!known).then(|| {
        let message = format!("The user {user} was not found.");
        ("USER_NAME_NOT_FOUND".to_owned(), message)
    })
}

/// "Users in a user pool cannot be assigned to stacks with fleets that are joined to an Active
/// Directory domain" (API reference). The code is inferred from those that are declared.
fn check_domains(state: &State, request: &Request<'_>) -> Result<(), ServiceError> {
    for pair in pairs(request) {
        let stack = pair.get("StackName").and_then(Value::as_str);
        let named = |name: &str| (request.place.clone(), name.to_owned());
        let stack = stack.and_then(|stack| state.stacks.get(&named(stack)));
        let fleet = stack.and_then(|stack| state.fleets.get(&named(stack.fleet.as_ref()?)));
        if fleet.is_some_and(|fleet| fleet.settings.contains_key("DomainJoinInfo")) {
            return Err(errors::not_permitted(
                "Users in a user pool cannot be assigned to stacks with fleets that are joined \
                 to an Active Directory domain.",
            ));
        }
    }
    Ok(())
}

fn pairs<'a>(request: &Request<'a>) -> Vec<&'a Map<String, Value>> {
    let pairs = request.input.get("UserStackAssociations");
    let pairs = pairs.and_then(Value::as_array).into_iter().flatten();
    pairs.filter_map(Value::as_object).collect()
}

/// `DescribeUserStackAssociations`, by stack, by user, or both. No error is declared for what does
/// not exist: it has none.
pub(crate) fn describe(state: &State, request: &Request<'_>) -> Answer {
    let (stack, user) = (request.text("StackName"), request.text("UserName"));
    if stack.is_none() && user.is_none() {
        return Err(errors::combination(
            "StackName, or UserName and AuthenticationType, must be specified.",
        ));
    }
    if user.is_some() {
        check_type(request.text("AuthenticationType"))?;
    }
    let list = "DescribeUserStackAssociations";
    let pager = pager(state, request, list, LONGEST_PAGE);
    let after = pager.start(request.text("NextToken"))?;
    let pairs = state.stack_users.iter().map(|(key, ())| key);
    let page = pager.cut(
        pairs
            .filter(|(place, _, _)| *place == request.place)
            .filter(|(_, of, _)| stack.is_none_or(|stack| stack == of))
            .filter(|(_, _, name)| user.is_none_or(|user| user == name))
            .map(|(_, of, name)| (format!("{of}/{name}"), document(of, name)))
            .filter(|(label, _)| after.as_ref().is_none_or(|after| label > after)),
    );
    if page.items.is_empty() {
        // The model has no list without elements.
        return Ok(json!({}));
    }
    Ok(page.into_answer("UserStackAssociations"))
}

fn document(stack: &str, user: &str) -> Value {
    json!({"StackName": stack, "UserName": user, "AuthenticationType": super::USERPOOL})
}

/// Drops the pairs of a stack or user that goes.
pub(crate) fn forget(state: &mut State, place: &Place, goes: impl Fn(&str, &str) -> bool) {
    let gone: Vec<StackUser> = state
        .stack_users
        .iter()
        .map(|(key, ())| key)
        .filter(|(other, stack, user)| other == place && goes(stack, user))
        .cloned()
        .collect();
    let stamp = state.stamp();
    for key in gone {
        state.stack_users.remove(stamp, &key);
    }
}
