//! Tags fleets, stacks and images by ARN.

use serde_json::json;

use super::state::{State, Tags, done, tags_of};
use super::{Answer, Request, errors};
use crate::call::ServiceError;

/// AWS's limit of tags on one resource.
const MOST: usize = 50;

/// What an ARN of the caller's place names.
enum Tagged<'a> {
    Fleet(&'a str),
    Stack(&'a str),
}

fn parse<'a>(request: &'a Request<'_>) -> Result<Tagged<'a>, ServiceError> {
    let arn = request.required("ResourceArn");
    let place = &request.place;
    let prefix = format!("arn:aws:appstream:{}:{}:", place.region, place.account);
    let resource = arn
        .strip_prefix(&prefix)
        .and_then(|rest| rest.split_once('/'));
    match resource {
        Some(("fleet", name)) => Ok(Tagged::Fleet(name)),
        Some(("stack", name)) => Ok(Tagged::Stack(name)),
        _ => Err(errors::not_found("resource", arn)),
    }
}

fn tags_at(state: &State, request: &Request<'_>) -> Result<Tags, ServiceError> {
    let key = |name: &str| (request.place.clone(), name.to_owned());
    let tags = match parse(request)? {
        Tagged::Fleet(name) => state.fleets.get(&key(name)).map(|fleet| fleet.tags.clone()),
        Tagged::Stack(name) => state.stacks.get(&key(name)).map(|stack| stack.tags.clone()),
    };
    tags.ok_or_else(|| errors::not_found("resource", request.required("ResourceArn")))
}

fn store(state: &mut State, request: &Request<'_>, tags: Tags) -> Answer {
    let arn = request.required("ResourceArn");
    state.index_tags(&request.place, arn, Some(&tags), request.now);
    let stamp = state.stamp();
    let key = |name: &str| (request.place.clone(), name.to_owned());
    match parse(request)? {
        Tagged::Fleet(name) => state
            .fleets
            .edit(stamp, &key(name), |fleet| fleet.tags = tags),
        Tagged::Stack(name) => state
            .stacks
            .edit(stamp, &key(name), |stack| stack.tags = tags),
    };
    done()
}

/// `ListTagsForResource`.
pub(crate) fn list(state: &State, request: &Request<'_>) -> Answer {
    Ok(json!({"Tags": tags_at(state, request)?}))
}

/// `TagResource`.
pub(crate) fn tag(state: &mut State, request: &Request<'_>) -> Answer {
    let mut tags = tags_at(state, request)?;
    tags.extend(tags_of(request.input));
    if tags.len() > MOST {
        return Err(errors::limit(format!(
            "A resource cannot have more than {MOST} tags."
        )));
    }
    store(state, request, tags)
}

/// `UntagResource`.
pub(crate) fn untag(state: &mut State, request: &Request<'_>) -> Answer {
    let mut tags = tags_at(state, request)?;
    for key in request.texts("TagKeys") {
        tags.remove(key);
    }
    store(state, request, tags)
}
