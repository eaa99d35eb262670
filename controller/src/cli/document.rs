//! Reads and writes environments as documents: `apiVersion: streamkeeper.dev/v1`.
//!
//! ```text
//! apiVersion: streamkeeper.dev/v1
//! kind: Environment
//! metadata: {name: cfd, labels: {team: aero}}
//! region: eu-west-1
//! spec: {…}
//! ```
//!
//! `accountId`, `mode`, `paused` and `deletionPolicy` stand beside `region` where they are wanted;
//! what is left out stays as it is in the row. What `get` adds (`status`, `metadata.uid` and the
//! like) is read and ignored, so that its output can be applied.
//!
//! # Invariants
//!
//! - YAML is read by version 1.2's rules: `yes` is a string, `0755` keeps its zero, a key stands
//!   once. A whole number stays one.
//! - Whatever the schema of `spec` says is PostgreSQL's to say; only what surrounds it is read here.

mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use anyhow::Context;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use streamkeeper_core::environment::Timestamp;
use streamkeeper_state::{Declaration, EnvironmentDetails, EnvironmentRow, StatusRow};
use uuid::Uuid;

pub(crate) use self::read::{Declared, read_documents};

/// What every document says first.
pub(crate) const API_VERSION: &str = "streamkeeper.dev/v1";

/// A document of one environment.
pub(crate) const KIND: &str = "Environment";

/// A document of several, as JSON has it.
pub(crate) const LIST_KIND: &str = "EnvironmentList";

/// One environment in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Document {
    api_version: String,
    kind: String,
    metadata: Metadata,
    region: String,
    #[serde(
        default,
        deserialize_with = "read_account",
        skip_serializing_if = "Option::is_none"
    )]
    account_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paused: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deletion_policy: Option<String>,
    spec: Map<String, Value>,
    /// Never read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Metadata {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<String, String>>,
    // From here on only `get` writes and nobody reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uid: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deletion_requested_at: Option<Timestamp>,
}

/// What `get` adds to a document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    ready: &'a str,
    reason: Option<&'a str>,
    message: Option<&'a str>,
    observed_generation: Option<i64>,
    fleet_state: Option<&'a str>,
    drift_count: i64,
    last_verified_at: Option<Timestamp>,
    associations_verified_at: Option<Timestamp>,
    conditions: Vec<StatusCondition<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusCondition<'a> {
    #[serde(rename = "type")]
    condition_type: &'a str,
    status: &'a str,
    reason: &'a str,
    message: &'a str,
    observed_generation: i64,
    last_transition_at: Timestamp,
}

impl Document {
    /// The row that the document asks for.
    fn into_declaration(self) -> Declaration {
        let Self {
            api_version: _,
            kind: _,
            metadata,
            region,
            account_id,
            mode,
            paused,
            deletion_policy,
            spec,
            status: _,
        } = self;
        Declaration {
            name: metadata.name,
            region,
            account_id,
            spec: Value::Object(spec),
            labels: metadata.labels,
            mode,
            paused,
            deletion_policy,
        }
    }

    /// The document that asks for a row as it is: nothing that the server sets.
    ///
    /// # Errors
    ///
    /// Fails when its spec is no object, which PostgreSQL refuses.
    pub(crate) fn asking(declaration: Declaration) -> anyhow::Result<Self> {
        let Declaration {
            name,
            region,
            account_id,
            spec,
            labels,
            mode,
            paused,
            deletion_policy,
        } = declaration;
        let Value::Object(spec) = spec else {
            anyhow::bail!("the spec of environment \"{name}\" is no object");
        };
        Ok(Self {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            metadata: Metadata {
                name,
                labels: labels.filter(|labels| !labels.is_empty()),
                ..Metadata::default()
            },
            region,
            account_id,
            mode,
            paused,
            deletion_policy,
            spec,
            status: None,
        })
    }

    /// The document of a stored environment, with what the server knows of it.
    ///
    /// # Errors
    ///
    /// Fails when its spec is no object, which PostgreSQL refuses.
    pub(crate) fn of(details: &EnvironmentDetails) -> anyhow::Result<Self> {
        let row = &details.row;
        let mut document = Self::asking(declaration_of(row))?;
        document.metadata.uid = Some(row.uid);
        document.metadata.generation = Some(row.generation);
        document.metadata.created_at = Some(row.created_at);
        document.metadata.updated_at = Some(row.updated_at);
        document.metadata.deletion_requested_at = row.deletion_requested_at;
        document.status = Some(status(details).context("failed to write the status")?);
        Ok(document)
    }
}

/// A stored row as what would make it so.
pub(crate) fn declaration_of(row: &EnvironmentRow) -> Declaration {
    Declaration {
        name: row.name.clone(),
        region: row.region.clone(),
        account_id: row.account_id.clone(),
        spec: row.spec.clone(),
        labels: Some(row.labels.clone()),
        mode: Some(row.mode.clone()),
        paused: Some(row.paused),
        deletion_policy: Some(row.deletion_policy.clone()),
    }
}

/// Documents as YAML, one after the other.
///
/// # Errors
///
/// As [`to_yaml`].
pub(crate) fn to_yaml_documents(documents: &[Document]) -> anyhow::Result<String> {
    let texts = documents
        .iter()
        .map(to_yaml)
        .collect::<anyhow::Result<Vec<String>>>()?;
    Ok(texts.join("---\n"))
}

fn status(details: &EnvironmentDetails) -> serde_json::Result<Value> {
    let StatusRow {
        name: _,
        region: _,
        account_id: _,
        ready,
        reason,
        message,
        generation: _,
        observed_generation,
        fleet_state,
        drift_count,
        last_verified_at,
        associations_verified_at,
        age_s: _,
    } = &details.status;
    let conditions = details
        .row
        .conditions
        .iter()
        .map(|stored| StatusCondition {
            condition_type: stored.condition.condition_type.as_str(),
            status: stored.condition.status.as_str(),
            reason: &stored.condition.reason,
            message: &stored.condition.message,
            observed_generation: stored.observed_generation,
            last_transition_at: stored.last_transition_at,
        })
        .collect();
    serde_json::to_value(Status {
        ready,
        reason: reason.as_deref(),
        message: message.as_deref(),
        observed_generation: *observed_generation,
        fleet_state: fleet_state.as_deref(),
        drift_count: *drift_count,
        last_verified_at: *last_verified_at,
        associations_verified_at: *associations_verified_at,
        conditions,
    })
}

/// Several environments as one JSON value.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DocumentList {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<Document>,
}

impl DocumentList {
    /// A list of these.
    pub(crate) const fn new(items: Vec<Document>) -> Self {
        Self {
            api_version: API_VERSION,
            kind: LIST_KIND,
            items,
        }
    }
}

/// A value as YAML that version 1.1's readers (kubectl's, Python's) read alike.
///
/// # Errors
///
/// Fails when it cannot be written, as no value of ours should.
pub(crate) fn to_yaml(value: &impl Serialize) -> anyhow::Result<String> {
    let options = serde_saphyr::ser_options! {
        // Long texts stay in one line: ARNs and messages are searched for.
        folded_wrap_chars: usize::MAX,
    };
    serde_saphyr::to_string_with_options(value, options).context("failed to write YAML")
}

/// An account, which YAML takes for a number unless it is quoted or begins with a zero.
fn read_account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected an account of 12 digits")]
    enum Account {
        Text(String),
        Number(u64),
    }
    let account = Option::<Account>::deserialize(deserializer)?;
    Ok(account.map(|account| match account {
        Account::Text(text) => text,
        Account::Number(number) => number.to_string(),
    }))
}
