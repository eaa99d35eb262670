//! Takes stock of fleets and stacks: by walking the lists, by name, or both.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use serde_json::{Value, json};
use streamkeeper_core::environment::Timestamp;
use streamkeeper_core::observed::{
    AwsIssue, FleetState, Inventory, Observed, ObservedFleet, ObservedStack, ObservedTags,
};

use super::Look;
use crate::Service;
use crate::convert::{fleet_settings, stack_settings};

/// What the two kinds differ in.
struct Kind<T> {
    operation: &'static str,
    items: &'static str,
    read: fn(&Value, ObservedTags) -> T,
}

const FLEETS: Kind<ObservedFleet> = Kind {
    operation: "DescribeFleets",
    items: "Fleets",
    read: read_fleet,
};

const STACKS: Kind<ObservedStack> = Kind {
    operation: "DescribeStacks",
    items: "Stacks",
    read: read_stack,
};

/// Tags by ARN as the tagging API lists them, and why an ARN it does not list has none known.
struct BulkTags {
    by_arn: BTreeMap<String, BTreeMap<String, String>>,
    otherwise: String,
}

impl BulkTags {
    fn of(&self, arn: &str) -> ObservedTags {
        self.by_arn.get(arn).map_or_else(
            || ObservedTags::Unknown(self.otherwise.clone()),
            |tags| ObservedTags::Listed(tags.clone()),
        )
    }
}

pub(super) fn observe(
    look: &Look<'_>,
    walk: bool,
    fleets: &BTreeSet<String>,
    stacks: &BTreeSet<String>,
) -> (Inventory<ObservedFleet>, Inventory<ObservedStack>) {
    let bulk = walk.then(|| bulk_tags(look));
    (
        take_stock(look, &FLEETS, bulk.as_ref(), fleets),
        take_stock(look, &STACKS, bulk.as_ref(), stacks),
    )
}

fn take_stock<T>(
    look: &Look<'_>,
    kind: &Kind<T>,
    bulk: Option<&BulkTags>,
    names: &BTreeSet<String>,
) -> Inventory<T> {
    let mut inventory = match bulk {
        Some(bulk) => walk(look, kind, bulk),
        None => Inventory {
            otherwise: "not asked for".to_owned(),
            ..Inventory::default()
        },
    };
    // An answer about the very name is worth more than a list, also when it is "unknown".
    let named = names
        .iter()
        .map(|name| (name.clone(), by_name(look, kind, name)));
    inventory.items.extend(named);
    inventory
}

fn walk<T>(look: &Look<'_>, kind: &Kind<T>, bulk: &BulkTags) -> Inventory<T> {
    let tokens = ("NextToken", "NextToken");
    let listed = look.list(
        Service::AppStream,
        kind.operation,
        &json!({}),
        kind.items,
        tokens,
    );
    let items = listed.items.iter().map(|item| {
        let thing = (kind.read)(item, bulk.of(text(item, "Arn")));
        (text(item, "Name").to_owned(), Observed::Present(thing))
    });
    Inventory {
        items: items.collect(),
        walked: listed.failure.is_none(),
        otherwise: listed
            .failure
            .unwrap_or_else(|| format!("not listed by {}", kind.operation)),
    }
}

fn by_name<T>(look: &Look<'_>, kind: &Kind<T>, name: &str) -> Observed<T> {
    let operation = kind.operation;
    let input = json!({"Names": [name]});
    let output = match look.ask(Service::AppStream, operation, input) {
        Ok(output) => output,
        Err(error) if error.code == "ResourceNotFoundException" => return Observed::Absent,
        Err(error) => return Observed::Unknown(format!("{operation} {name}: {error}")),
    };
    let items = output[kind.items].as_array().map(Vec::as_slice);
    let item = items
        .unwrap_or_default()
        .iter()
        .find(|item| text(item, "Name") == name);
    match item {
        Some(item) => {
            let tags = tags_of(look, text(item, "Arn"));
            Observed::Present((kind.read)(item, tags))
        }
        // AWS answers "not found" for a name it does not have: this answer proves nothing.
        None => Observed::Unknown(format!("{operation} {name}: answered without it")),
    }
}

fn tags_of(look: &Look<'_>, arn: &str) -> ObservedTags {
    let operation = "ListTagsForResource";
    match look.ask(Service::AppStream, operation, json!({"ResourceArn": arn})) {
        Ok(output) => ObservedTags::Known(
            output["Tags"]
                .as_object()
                .into_iter()
                .flatten()
                .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
                .filter(|(key, _)| is_ours_to_see(key))
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        ),
        Err(error) => ObservedTags::Unknown(format!("{operation} {arn}: {error}")),
    }
}

fn bulk_tags(look: &Look<'_>) -> BulkTags {
    let input = json!({"ResourceTypeFilters": ["appstream:fleet", "appstream:stack"]});
    let tokens = ("PaginationToken", "PaginationToken");
    let listed = look.list(
        Service::Tagging,
        "GetResources",
        &input,
        "ResourceTagMappingList",
        tokens,
    );
    let by_arn = listed.items.iter().map(|mapping| {
        let tags = mapping["Tags"].as_array().map(Vec::as_slice);
        let tags = tags
            .unwrap_or_default()
            .iter()
            .map(|tag| (text(tag, "Key"), text(tag, "Value")))
            .filter(|(key, _)| is_ours_to_see(key))
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        (text(mapping, "ResourceARN").to_owned(), tags.collect())
    });
    BulkTags {
        by_arn: by_arn.collect(),
        // It lists only tagged resources, and lags: silence is not "untagged".
        otherwise: listed
            .failure
            .unwrap_or_else(|| "not listed by GetResources".to_owned()),
    }
}

/// AWS's own tags say nothing about ownership.
fn is_ours_to_see(key: &str) -> bool {
    !key.starts_with("aws:")
}

fn read_fleet(fleet: &Value, tags: ObservedTags) -> ObservedFleet {
    ObservedFleet {
        name: text(fleet, "Name").to_owned(),
        arn: text(fleet, "Arn").to_owned(),
        state: FleetState::parse(text(fleet, "State")),
        created_at: moment(fleet),
        settings: fleet_settings(fleet),
        errors: issues(&fleet["FleetErrors"]),
        tags,
    }
}

fn read_stack(stack: &Value, tags: ObservedTags) -> ObservedStack {
    ObservedStack {
        name: text(stack, "Name").to_owned(),
        arn: text(stack, "Arn").to_owned(),
        created_at: moment(stack),
        settings: stack_settings(stack),
        errors: issues(&stack["StackErrors"]),
        tags,
    }
}

fn issues(errors: &Value) -> Vec<AwsIssue> {
    let errors = errors.as_array().map(Vec::as_slice);
    errors
        .unwrap_or_default()
        .iter()
        .map(|error| AwsIssue {
            code: text(error, "ErrorCode").to_owned(),
            message: text(error, "ErrorMessage").to_owned(),
        })
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds of any date that AWS shows fit"
)]
fn moment(document: &Value) -> Option<Timestamp> {
    let seconds = document["CreatedTime"].as_f64()?;
    DateTime::from_timestamp_millis((seconds * 1000.0).round() as i64)
}

fn text<'a>(document: &'a Value, member: &str) -> &'a str {
    document[member].as_str().unwrap_or_default()
}
