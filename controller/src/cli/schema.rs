//! Prints the JSON Schema of what an environment may ask for.

use std::process::ExitCode;

use serde_json::{Value, json};
use streamkeeper_core::spec::schema::spec_schema;

use super::document::{API_VERSION, KIND};
use super::output;

/// The options of `schema`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Without --document it is the schema that PostgreSQL holds every row's spec to. With it, editors \
check files: save it, and begin a file with

  # yaml-language-server: $schema=./environment.schema.json")]
pub(super) struct Args {
    /// Print the schema of a whole document, for editors, instead of spec's alone
    #[arg(long)]
    document: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args { document } = args;
    if document {
        output::print_json(&document_schema())?;
    } else {
        output::print_json(&spec_schema())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The schema of a document, with spec's inside. PostgreSQL has the last word on its columns.
fn document_schema() -> Value {
    let mut spec = spec_schema();
    // References in it are from the root of the document that they stand in.
    let definitions = spec["$defs"].take();
    let dialect = spec["$schema"].take();
    if let Some(spec) = spec.as_object_mut() {
        spec.retain(|key, _| key != "$defs" && key != "$schema");
    }
    json!({
        "$schema": dialect,
        "title": "Streamkeeper environment, as a document",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "region", "spec"],
        "additionalProperties": false,
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": KIND},
            "metadata": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": false,
                "properties": {
                    "name": {
                        "description": "The row's name, and the default of fleet.name and \
                                        stack.name.",
                        "type": "string"
                    },
                    "labels": {
                        "description": "The user's own, for selection.",
                        "type": "object",
                        "additionalProperties": {"type": "string"}
                    },
                    "uid": {"readOnly": true},
                    "generation": {"readOnly": true},
                    "createdAt": {"readOnly": true},
                    "updatedAt": {"readOnly": true},
                    "deletionRequestedAt": {"readOnly": true}
                }
            },
            "region": {"description": "The AWS region; immutable.", "type": "string"},
            "accountId": {
                "description": "The AWS account; default: the daemon's own; immutable.",
                "type": "string"
            },
            "mode": {
                "description": "enforce: repair differences; observe: report them only.",
                "enum": ["enforce", "observe"]
            },
            "paused": {"description": "Neither look nor touch.", "type": "boolean"},
            "deletionPolicy": {
                "description": "What becomes of AWS resources when the row is deleted.",
                "enum": ["delete", "retain", "forget"]
            },
            "spec": spec,
            "status": {"readOnly": true}
        },
        "$defs": definitions
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::document::Document;

    #[test]
    fn the_schema_knows_the_keys_that_are_read() {
        let schema = document_schema();
        let error = serde_json::from_value::<Document>(json!({"unknown": 1})).unwrap_err();
        let error = error.to_string();
        // unknown field `unknown`, expected one of `apiVersion`, …
        let mut read: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
        read.sort_unstable();
        let properties = schema["properties"].as_object().unwrap();
        let mut written: Vec<&str> = properties.keys().map(String::as_str).collect();
        written.sort_unstable();
        assert_eq!(written, read);
        assert!(schema["$defs"].is_object());
        assert!(schema["properties"]["spec"]["properties"].is_object());
        assert!(schema["properties"]["spec"].get("$defs").is_none());
    }
}
