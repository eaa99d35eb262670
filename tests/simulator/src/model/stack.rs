//! Models stacks: stored settings, what Describe makes of them, and the association with a fleet.

pub(crate) mod association;
pub(crate) mod change;
mod defaults;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::page::Pager;
use super::settings::Settings;
use super::state::{State, Tags, rows_in, seconds};
use super::{Answer, Place, Request, bucket, errors};

/// A stack.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    pub(crate) arn: String,
    pub(crate) created: DateTime<Utc>,
    /// Everything Create and Update take, normalised, under AWS's names.
    pub(crate) settings: Settings,
    pub(crate) errors: Vec<Value>,
    pub(crate) tags: Tags,
    /// The one fleet it takes.
    pub(crate) fleet: Option<String>,
}

impl Stack {
    /// The document that Describe, Create and Update return. Tags and associations are not in it.
    pub(crate) fn document(
        &self,
        state: &State,
        place: &Place,
        name: &str,
        now: DateTime<Utc>,
    ) -> Settings {
        let mut document = self.settings.clone();
        document.insert("Arn".to_owned(), json!(self.arn));
        document.insert("Name".to_owned(), json!(name));
        document.insert("CreatedTime".to_owned(), seconds(self.created));
        document.insert("StackErrors".to_owned(), json!(self.errors));
        for list in ["StorageConnectors", "AccessEndpoints"] {
            document.entry(list).or_insert_with(|| json!([]));
        }
        show_home_bucket(state, place, &mut document, now);
        show_settings_bucket(state, place, &mut document, now);
        if state.config.unknowns.maximum_length_is_echoed {
            defaults::echo_maximum_length(&mut document);
        }
        document
    }

    pub(crate) fn snapshot(
        &self,
        state: &State,
        place: &Place,
        name: &str,
        now: DateTime<Utc>,
    ) -> Value {
        let mut document = self.document(state, place, name, now);
        document.remove("CreatedTime");
        document.insert("Tags".to_owned(), json!(self.tags));
        document.insert("Fleet".to_owned(), json!(self.fleet));
        Value::Object(document)
    }

    pub(crate) fn has_home_folders(&self) -> bool {
        connector_types(&self.settings).any(|connector| connector == HOMEFOLDERS)
    }

    pub(crate) fn persists_settings(&self) -> bool {
        is_persistent(&self.settings)
    }
}

/// The connector whose bucket the service makes.
pub(crate) const HOMEFOLDERS: &str = "HOMEFOLDERS";

/// The types of the connectors in settings.
fn connector_types(settings: &Settings) -> impl Iterator<Item = &str> {
    settings
        .get("StorageConnectors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|connector| connector.get("ConnectorType")?.as_str())
}

fn is_persistent(settings: &Settings) -> bool {
    settings
        .get("ApplicationSettings")
        .is_some_and(|settings| settings.get("Enabled") == Some(&json!(true)))
}

/// AWS fills in the home bucket's name. The model calls it an ARN; real answers show the name.
fn show_home_bucket(state: &State, place: &Place, document: &mut Settings, now: DateTime<Utc>) {
    let Some(Value::Array(connectors)) = document.get_mut("StorageConnectors") else {
        return;
    };
    for connector in connectors {
        if connector.get("ConnectorType") != Some(&json!(HOMEFOLDERS)) {
            continue;
        }
        if let Some(name) = bucket::service_bucket(state, place, bucket::HOME, now) {
            connector["ResourceIdentifier"] = if state.config.unknowns.resource_identifier_is_arn {
                json!(format!("arn:aws:s3:::{name}"))
            } else {
                json!(name)
            };
        }
    }
}

fn show_settings_bucket(state: &State, place: &Place, document: &mut Settings, now: DateTime<Utc>) {
    if !is_persistent(document) {
        return;
    }
    if let (Some(name), Some(settings)) = (
        bucket::service_bucket(state, place, bucket::APP_SETTINGS, now),
        document.get_mut("ApplicationSettings"),
    ) {
        settings["S3BucketName"] = json!(name);
    }
}

/// The ARN of a stack.
pub(crate) fn arn(place: &Place, name: &str) -> String {
    let Place { account, region } = place;
    format!("arn:aws:appstream:{region}:{account}:stack/{name}")
}

/// `DescribeStacks`.
pub(crate) fn describe(state: &State, request: &Request<'_>) -> Answer {
    let Request { place, now, .. } = request;
    let names = request.texts("Names");
    if !names.is_empty() {
        let stacks = names
            .iter()
            .map(|name| {
                let key = (place.clone(), (*name).to_owned());
                let stack = state.stacks.get(&key);
                stack
                    .map(|stack| json!(stack.document(state, place, name, *now)))
                    .ok_or_else(|| errors::not_found("stack", name))
            })
            .collect::<Result<Vec<_>, _>>()?;
        return Ok(json!({"Stacks": stacks}));
    }
    let pager = Pager {
        seed: state.config.seed,
        list: "DescribeStacks",
        place,
        size: state.config.page_size,
    };
    let after = pager.start(request.text("NextToken"))?;
    let page = pager.cut(
        rows_in(&state.stacks, place, after.as_deref()).map(|(name, stack)| {
            let document = stack.document(state, place, name, *now);
            (name.to_owned(), json!(document))
        }),
    );
    Ok(page.into_answer("Stacks"))
}
