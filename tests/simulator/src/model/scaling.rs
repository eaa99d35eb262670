//! Keeps the scalable targets of Application Auto Scaling: which fleets it has in hand.
//!
//! # What is deliberately absent
//!
//! Policies, schedules, activities and alarms. When and how far a fleet is scaled is decided by
//! whoever plays the service: [`crate::Simulator::scale_fleet`].

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::page::Pager;
use super::state::{State, done, rows_in, seconds};
use super::{Answer, Place, Request};
use crate::call::ServiceError;

/// The one dimension of the one namespace that is modelled.
const DIMENSION: &str = "appstream:fleet:DesiredCapacity";
const NAMESPACE: &str = "appstream";

/// The longest page, as the API reference says.
const LONGEST_PAGE: i64 = 50;

/// A fleet's scalable target.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) min: i64,
    pub(crate) max: i64,
    created: DateTime<Utc>,
}

impl Target {
    fn document(&self, place: &Place, fleet: &str) -> Value {
        json!({
            "ServiceNamespace": NAMESPACE,
            "ResourceId": format!("fleet/{fleet}"),
            "ScalableDimension": DIMENSION,
            "MinCapacity": self.min,
            "MaxCapacity": self.max,
            "RoleARN": role(place),
            "CreationTime": seconds(self.created),
        })
    }

    pub(crate) fn snapshot(&self) -> Value {
        json!({"MinCapacity": self.min, "MaxCapacity": self.max})
    }
}

/// The service-linked role that the service changes fleets with.
fn role(place: &Place) -> String {
    format!(
        "arn:aws:iam::{}:role/aws-service-role/appstream.application-autoscaling.amazonaws.com/\
         AWSServiceRoleForApplicationAutoScaling_AppStreamFleet",
        place.account
    )
}

/// `DescribeScalableTargets`. A resource without a target is left out; that is no error.
pub(crate) fn describe(state: &State, request: &Request<'_>) -> Answer {
    let Request { place, .. } = request;
    let limit = request.integer("MaxResults").unwrap_or(LONGEST_PAGE);
    let limit = usize::try_from(limit.clamp(1, LONGEST_PAGE)).unwrap_or(1);
    let pager = Pager {
        seed: state.config.seed,
        list: "DescribeScalableTargets",
        place,
        size: limit.min(state.config.page_size),
    };
    let after = pager.start(request.text("NextToken"))?;
    let wanted = request.texts("ResourceIds");
    let is_ours = request.text("ServiceNamespace") == Some(NAMESPACE)
        && request
            .text("ScalableDimension")
            .is_none_or(|dimension| dimension == DIMENSION);
    let rows = rows_in(&state.targets, place, after.as_deref())
        .filter(|(fleet, _)| {
            let id = format!("fleet/{fleet}");
            is_ours && (wanted.is_empty() || wanted.contains(&id.as_str()))
        })
        .map(|(fleet, target)| (fleet.to_owned(), target.document(place, fleet)));
    Ok(pager.cut(rows).into_answer("ScalableTargets"))
}

/// `RegisterScalableTarget`: makes one, or changes the bounds that are sent.
pub(crate) fn register(state: &mut State, request: &Request<'_>) -> Answer {
    let fleet = fleet_of(request)?;
    let key = (request.place.clone(), fleet.to_owned());
    let known = state.targets.get(&key);
    let bound = |member: &str, old: Option<i64>| {
        request
            .integer(member)
            .or(old)
            .ok_or_else(|| invalid(format!("{member} must be specified for a new target.")))
    };
    let min = bound("MinCapacity", known.map(|target| target.min))?;
    let max = bound("MaxCapacity", known.map(|target| target.max))?;
    if min < 0 || max < min {
        return Err(invalid(
            "Maximum capacity cannot be less than minimum capacity.",
        ));
    }
    match state.fleets.get(&key) {
        None => return Err(invalid(format!("AppStream fleet doesn't exist: {fleet}"))),
        Some(fleet) if fleet.is_elastic() => {
            return Err(invalid("An Elastic fleet is not scaled."));
        }
        Some(_) => {}
    }
    let created = known.map_or(request.now, |target| target.created);
    let stamp = state.stamp();
    let target = Target { min, max, created };
    state.targets.put(stamp, key, target);
    Ok(json!({}))
}

/// `DeregisterScalableTarget`.
pub(crate) fn deregister(state: &mut State, request: &Request<'_>) -> Answer {
    let fleet = fleet_of(request)?;
    let key = (request.place.clone(), fleet.to_owned());
    let stamp = state.stamp();
    if state.targets.remove(stamp, &key) {
        return done();
    }
    Err(ServiceError::new(
        "ObjectNotFoundException",
        format!(
            "No scalable target found for service namespace: {NAMESPACE}, resource ID: \
             fleet/{fleet}, scalable dimension: {DIMENSION}"
        ),
    ))
}

fn fleet_of<'a>(request: &'a Request<'_>) -> Result<&'a str, ServiceError> {
    let is_ours = request.required("ServiceNamespace") == NAMESPACE
        && request.required("ScalableDimension") == DIMENSION;
    request
        .required("ResourceId")
        .strip_prefix("fleet/")
        .filter(|_| is_ours)
        .ok_or_else(|| {
            invalid("Unsupported service namespace, resource type or scalable dimension")
        })
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ValidationException", message)
}
