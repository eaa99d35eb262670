//! Creates, updates and deletes fleets.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Capacity, Fleet, FleetState, Power, arn, desired_instances, rules};
use crate::call::ServiceError;
use crate::clock::after;
use crate::model::settings::{self, Settings, drop_empty, text};
use crate::model::shape::members::FLEET_SETTINGS;
use crate::model::state::{State, done, rows_in, tags_of};
use crate::model::{Answer, Place, Request, errors, image};

/// What a fleet has when nobody says otherwise. `FleetType`'s default is in no document; `ON_DEMAND`
/// is what every client assumes.
const DEFAULTS: &[(&str, Default)] = &[
    ("FleetType", Default::Text("ON_DEMAND")),
    ("MaxUserDurationInSeconds", Default::Number(57_600)),
    ("DisconnectTimeoutInSeconds", Default::Number(900)),
    // Through the API; the console sends 900.
    ("IdleDisconnectTimeoutInSeconds", Default::Number(0)),
    ("EnableDefaultInternetAccess", Default::False),
    ("StreamView", Default::Text("APP")),
];

enum Default {
    Text(&'static str),
    Number(i64),
    False,
}

impl Default {
    fn value(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Number(number) => json!(number),
            Self::False => json!(false),
        }
    }
}

/// `CreateFleet`.
pub(crate) fn create(state: &mut State, request: &Request<'_>) -> Answer {
    let name = request.required("Name");
    let key = (request.place.clone(), name.to_owned());
    if state.fleets.contains(&key) {
        return Err(errors::exists("fleet", name));
    }
    check_count(state, &request.place)?;
    let mut settings = sent(request);
    for (member, default) in DEFAULTS {
        settings.entry(*member).or_insert_with(|| default.value());
    }
    drop_empty(&mut settings);
    put_image(state, request, &mut settings)?;
    if text(&settings, "FleetType") != Some("ELASTIC") && !settings.contains_key("ImageArn") {
        return Err(errors::combination(
            "An image is required: specify ImageName or ImageArn.",
        ));
    }
    rules::check_settings(&settings)?;
    check_roles(state, &settings, request.now)?;
    let instance_type = text(&settings, "InstanceType").unwrap_or_default();
    let desired = desired_instances(&settings);
    rules::check_quota(&state.config.quotas, name, instance_type, desired)?;
    let tags = tags_of(request.input);
    let fleet = Fleet {
        arn: arn(&request.place, name),
        created: request.now,
        settings,
        power: Power {
            on: false,
            settles_at: request.now,
            held: false,
        },
        capacity: Capacity {
            before: 0,
            ready_at: request.now,
        },
        errors: Vec::new(),
        tags: tags.clone(),
        stacks: BTreeSet::new(),
    };
    let document = fleet.document(state, &request.place, name, request.now);
    state.index_tags(&request.place, &fleet.arn, Some(&tags), request.now);
    state.fleets.put(state.stamp(), key, fleet);
    Ok(json!({"Fleet": document}))
}

/// `UpdateFleet`.
pub(crate) fn update(state: &mut State, request: &Request<'_>) -> Answer {
    // The model does not require the name, but there is nothing to update without it.
    let name = request
        .text("Name")
        .ok_or_else(|| errors::combination("The name of the fleet is required."))?;
    let key = (request.place.clone(), name.to_owned());
    let mut fleet = state
        .fleets
        .get(&key)
        .cloned()
        .ok_or_else(|| errors::not_found("fleet", name))?;
    let power = fleet.state(request.now);
    let changes = sent(request);
    let members: Vec<&str> = changes.keys().map(String::as_str).collect();
    let deletes = deletes(request);
    rules::check_state(name, power, fleet.is_elastic(), &members, &deletes)?;

    for (attribute, path) in rules::DELETES {
        if deletes.contains(attribute) {
            settings::remove(&mut fleet.settings, path);
        }
    }
    for (member, value) in &changes {
        settings::merge(&mut fleet.settings, member, value, rules::merge_of(member));
    }
    drop_empty(&mut fleet.settings);
    check_platform(state, request, &fleet.settings, name, power)?;
    put_image(state, request, &mut fleet.settings)?;
    rules::check_settings(&fleet.settings)?;
    check_roles(state, &changes, request.now)?;
    let before = state
        .fleets
        .get(&key)
        .map(|fleet| fleet.instances(request.now));
    check_instances(state, request, name, &fleet, power)?;
    if changes.contains_key("ComputeCapacity") && power == FleetState::Running {
        fleet.capacity = Capacity {
            before: before.unwrap_or(0),
            ready_at: after(request.now, state.config.delays.provisioning),
        };
    }
    let document = fleet.document(state, &request.place, name, request.now);
    state.fleets.put(state.stamp(), key, fleet);
    Ok(json!({"Fleet": document}))
}

/// `DeleteFleet`. The first text is AWS's (terraform-provider-aws issues 25354 and 22625); that a
/// running fleet is refused is documented, the words are not.
pub(crate) fn delete(state: &mut State, request: &Request<'_>) -> Answer {
    let name = request.required("Name");
    let key = (request.place.clone(), name.to_owned());
    let fleet = state
        .fleets
        .get(&key)
        .ok_or_else(|| errors::not_found("fleet", name))?;
    if !fleet.stacks.is_empty() {
        return Err(errors::in_use(format!(
            "The fleet {name} is associated with a stack. To delete the fleet, you must \
             dissociate it from the stack."
        )));
    }
    let power = fleet.state(request.now);
    if power != FleetState::Stopped {
        return Err(errors::in_use(format!(
            "The fleet {name} is {}. The fleet must be stopped to be deleted.",
            power.as_str()
        )));
    }
    let arn = fleet.arn.clone();
    state.index_tags(&request.place, &arn, None, request.now);
    let stamp = state.stamp();
    state.fleets.remove(stamp, &key);
    if state.config.deletion_deregisters {
        state.targets.remove(stamp, &key);
    }
    crate::model::session::forget(state, &request.place, name);
    crate::model::application::forget(state, &request.place, name);
    done()
}

/// The settings that a request sends.
fn sent(request: &Request<'_>) -> Settings {
    let own = ["ImageName", "InstanceType", "FleetType"];
    let members = FLEET_SETTINGS.iter().map(|member| member.name).chain(own);
    members
        .filter_map(|member| {
            let value = request.input.get(member)?;
            Some((member.to_owned(), value.clone()))
        })
        .collect()
}

fn deletes<'a>(request: &'a Request<'_>) -> Vec<&'a str> {
    let mut deletes = request.texts("AttributesToDelete");
    let is_vpc_deleted = request.input.get("DeleteVpcConfig") == Some(&json!(true));
    if is_vpc_deleted {
        deletes.push("VPC_CONFIGURATION");
    }
    deletes
}

/// Fills in both the image's name and its ARN, whichever was sent, and the platform that follows
/// from it.
fn put_image(
    state: &State,
    request: &Request<'_>,
    settings: &mut Settings,
) -> Result<(), ServiceError> {
    let instance_type = text(settings, "InstanceType")
        .unwrap_or_default()
        .to_owned();
    let Some(image) = image::named(state, request)? else {
        return Ok(());
    };
    image::check_family(image, &instance_type)?;
    settings.insert("ImageName".to_owned(), json!(image.name()));
    settings.insert("ImageArn".to_owned(), json!(image.arn));
    if !request.input.contains_key("Platform") {
        settings.insert("Platform".to_owned(), json!(image.platform()));
    }
    Ok(())
}

/// A running fleet takes another image of the same operating system only.
fn check_platform(
    state: &State,
    request: &Request<'_>,
    settings: &Settings,
    name: &str,
    power: FleetState,
) -> Result<(), ServiceError> {
    let Some(image) = image::named(state, request)? else {
        return Ok(());
    };
    if power == FleetState::Running && text(settings, "Platform") != Some(image.platform()) {
        return Err(rules::needs_stop(name));
    }
    Ok(())
}

/// Refuses roles that AppStream cannot use: a new one is not visible at once.
pub(super) fn check_roles(
    state: &State,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    if state.surroundings.service_role_is_missing {
        return Err(errors::invalid_role("service role"));
    }
    let Some(role) = text(settings, "IamRoleArn") else {
        return Ok(());
    };
    let until = state.surroundings.hidden_roles.get(role);
    if until.is_some_and(|until| now < *until) {
        return Err(errors::invalid_role(&format!("IAM role '{role}'")));
    }
    Ok(())
}

fn check_count(state: &State, place: &Place) -> Result<(), ServiceError> {
    let quota = state.config.quotas.fleets;
    if quota == usize::MAX || rows_in(&state.fleets, place, None).count() < quota {
        return Ok(());
    }
    Err(errors::limit(format!(
        "The limit of {quota} fleets was exceeded."
    )))
}

/// Checks a fleet's instances against the quota: with those of the running fleets when it runs or
/// starts, alone otherwise.
fn check_instances(
    state: &State,
    request: &Request<'_>,
    name: &str,
    fleet: &Fleet,
    power: FleetState,
) -> Result<(), ServiceError> {
    if !request.input.contains_key("ComputeCapacity") && !request.input.contains_key("InstanceType")
    {
        return Ok(());
    }
    let instance_type = text(&fleet.settings, "InstanceType").unwrap_or_default();
    let mut requested = fleet.desired_instances();
    if power == FleetState::Running {
        requested += others_running(state, request, name, instance_type);
    }
    rules::check_quota(&state.config.quotas, name, instance_type, requested)
}

/// Instances of the type in all other fleets that are not stopped.
pub(super) fn others_running(
    state: &State,
    request: &Request<'_>,
    name: &str,
    instance_type: &str,
) -> i64 {
    if state.config.quotas.instances_of(instance_type) == u32::MAX {
        return 0;
    }
    rows_in(&state.fleets, &request.place, None)
        .filter(|(other, fleet)| {
            *other != name
                && fleet.state(request.now) != FleetState::Stopped
                && text(&fleet.settings, "InstanceType") == Some(instance_type)
        })
        .map(|(_, fleet)| fleet.desired_instances())
        .sum()
}
