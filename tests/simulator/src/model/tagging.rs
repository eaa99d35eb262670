//! Answers as the Resource Groups Tagging API: late, and only about what has or had tags.
//!
//! Absence from it never means that a resource has no tags: it may lag, and it lists nothing that
//! was never tagged.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::page::Pager;
use super::state::{State, Tags, rows_in};
use super::{Answer, Request};
use crate::call::ServiceError;
use crate::clock::before;

/// What a resource's tags were, and since when; `None` since it is gone.
#[derive(Debug, Clone, Default)]
pub(crate) struct TagHistory {
    versions: Vec<(DateTime<Utc>, Option<Tags>)>,
}

impl TagHistory {
    /// Adds a version and drops those that no look can reach any more. False when there is nothing
    /// to remember: a resource that was never tagged.
    pub(crate) fn record(&mut self, now: DateTime<Utc>, tags: Option<Tags>, lag: Duration) -> bool {
        let is_untagged = tags.as_ref().is_none_or(Tags::is_empty);
        if is_untagged && self.versions.is_empty() {
            return false;
        }
        self.versions.push((now, tags));
        let horizon = before(now, lag);
        let reachable = self
            .versions
            .iter()
            .rposition(|(since, _)| *since <= horizon)
            .unwrap_or(0);
        self.versions.drain(..reachable);
        true
    }

    /// The tags as the API knows them.
    fn at(&self, moment: DateTime<Utc>) -> Option<&Tags> {
        self.versions
            .iter()
            .rev()
            .find(|(since, _)| *since <= moment)
            .and_then(|(_, tags)| tags.as_ref())
    }
}

/// `GetResources`.
pub(crate) fn get_resources(state: &State, request: &Request<'_>) -> Answer {
    let size = page_size(request)?;
    let pager = Pager {
        seed: state.config.seed,
        list: "GetResources",
        place: &request.place,
        size,
    };
    let token = request
        .text("PaginationToken")
        .filter(|token| !token.is_empty());
    let after = pager.start(token).map_err(|_| {
        ServiceError::new(
            "InvalidParameterException",
            "The PaginationToken is not valid.",
        )
    })?;
    let known = before(request.now, state.config.tag_lag);
    let page = pager.cut(
        rows_in(&state.tagged, &request.place, after.as_deref()).filter_map(|(arn, history)| {
            let tags = history.at(known)?;
            (is_of_type(arn, request) && is_tagged(tags, request) && is_asked(arn, request))
                .then(|| (arn.to_owned(), mapping(arn, tags)))
        }),
    );
    Ok(json!({
        "ResourceTagMappingList": page.items,
        "PaginationToken": page.next.unwrap_or_default(),
    }))
}

fn page_size(request: &Request<'_>) -> Result<usize, ServiceError> {
    // Fifty is what the service documents for a call that does not say.
    let size = request.integer("ResourcesPerPage").unwrap_or(50);
    usize::try_from(size)
        .ok()
        .filter(|size| (1..=100).contains(size))
        .ok_or_else(|| {
            ServiceError::new(
                "InvalidParameterException",
                "ResourcesPerPage must be between 1 and 100.",
            )
        })
}

fn mapping(arn: &str, tags: &Tags) -> Value {
    let tags: Vec<_> = tags
        .iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    json!({"ResourceARN": arn, "Tags": tags})
}

fn is_asked(arn: &str, request: &Request<'_>) -> bool {
    let arns = request.texts("ResourceARNList");
    arns.is_empty() || arns.contains(&arn)
}

/// Whether an ARN is of a wanted type: `service` or `service:type`.
fn is_of_type(arn: &str, request: &Request<'_>) -> bool {
    let filters = request.texts("ResourceTypeFilters");
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let resource = parts.nth(2).unwrap_or_default();
    let kind = resource.split(['/', ':']).next().unwrap_or_default();
    filters.is_empty()
        || filters.iter().any(|filter| match filter.split_once(':') {
            None => *filter == service,
            Some((wanted, kind_wanted)) => wanted == service && kind_wanted == kind,
        })
}

/// Whether tags pass all filters: the key is there, with one of the values if any are named.
fn is_tagged(tags: &Tags, request: &Request<'_>) -> bool {
    let filters = request.input.get("TagFilters").and_then(Value::as_array);
    filters.into_iter().flatten().all(|filter| {
        let key = filter
            .get("Key")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let values = filter.get("Values").and_then(Value::as_array);
        tags.get(key).is_some_and(|tag| {
            values.is_none_or(|values| {
                values.is_empty() || values.iter().any(|value| value.as_str() == Some(tag))
            })
        })
    })
}
