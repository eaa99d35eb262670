//! Describes a recipe: which software in which versions, and what people find on the image.
//!
//! # What is deliberately absent
//!
//! Passwords and access keys. Whoever streams from an image can read all of it, and a shared image
//! carries them to other accounts; the fleet's role gives credentials instead.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::BaseImage;
use crate::spec::field::value_or_missing;

/// Bytes of the hash in a name: two recipes of one prefix share it once in four billion.
const HASH_BYTES: usize = 4;

const VERSION_PATTERN: &str = r"^[0-9]+([.][0-9]+){1,3}$";

/// An absolute path on a Windows drive, of characters that need no quoting anywhere.
const PATH_PATTERN: &str = r"^[A-Za-z]:\\[A-Za-z0-9 _.()+@~\\-]{1,240}$";

/// Everything that is put on the base image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recipe {
    /// Python, in a folder of its own.
    pub python: Python,
    /// The `pcluster` command.
    pub parallel_cluster: ParallelCluster,
    /// Node.js, which version 3 of `pcluster` needs to create clusters.
    pub node: Node,
    /// Other installers, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub tools: Vec<Tool>,
    /// What people can start; the catalogue shows nothing else.
    #[schemars(length(min = 1, max = 50), extend("x-uniqueBy" = "name"))]
    pub applications: Vec<Application>,
    /// Files that are written, such as for the profile that every new user gets a copy of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), extend("x-uniqueBy" = "path"))]
    pub files: Vec<InstalledFile>,
    /// Environment variables of the whole machine.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "environment")]
    pub environment: BTreeMap<String, String>,
}

/// A file from the internet, held to its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Download {
    /// Where it is, `https` only.
    #[schemars(
        regex(pattern = r"^https://[A-Za-z0-9._~:/?=%&+@,-]+$"),
        length(max = 2000)
    )]
    pub url: String,
    /// Its SHA-256 in lower-case hex; another file is not run.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub sha256: String,
}

/// Python, by the installer of python.org.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Python {
    /// Its version, such as `3.12.10`.
    #[schemars(regex(pattern = VERSION_PATTERN), length(max = 30))]
    pub version: String,
    /// Where it goes, such as `C:\python312`.
    #[schemars(regex(pattern = PATH_PATTERN))]
    pub folder: String,
    /// The installer.
    pub installer: Download,
}

/// The package `aws-parallelcluster`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParallelCluster {
    /// Its version, such as `3.16.1`.
    #[schemars(regex(pattern = VERSION_PATTERN), length(max = 30))]
    pub version: String,
}

/// Node.js, by its Windows installer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Node {
    /// Its version, such as `22.14.0`.
    #[schemars(regex(pattern = VERSION_PATTERN), length(max = 30))]
    pub version: String,
    /// The installer, an `.msi`.
    pub installer: Download,
}

/// A program with an installer of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tool {
    /// What it is called in the log.
    #[schemars(regex(pattern = r#"^[^"\r\n\t]+$"#), length(max = 100))]
    pub name: String,
    /// The installer: an `.msi`, or a program.
    pub installer: Download,
    /// What a program is called with; an `.msi` is installed quietly without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "arguments")]
    pub arguments: Vec<String>,
    /// A file that is there once it is installed.
    #[schemars(regex(pattern = PATH_PATTERN))]
    pub installs: String,
}

/// An application of the catalogue.
///
/// Limits and meanings are those of Image Assistant's `add-application` (AppStream's
/// administration guide, "Create your image programmatically").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Application {
    /// Its name, without spaces and unique on the image.
    #[schemars(regex(pattern = "^[A-Za-z0-9_.-]+$"), length(max = 100))]
    pub name: String,
    /// What people read.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "String",
        regex(pattern = r#"^[^"\r\n\t]+$"#),
        length(max = 100)
    )]
    pub display_name: Option<String>,
    /// The `.exe` or `.bat` that is started.
    #[schemars(regex(pattern = PATH_PATTERN))]
    pub path: String,
    /// Where it starts; made if it is not there. Every user must be able to reach it.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", regex(pattern = PATH_PATTERN))]
    pub working_directory: Option<String>,
    /// What it is started with.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", regex(pattern = r#"^[^"\r\n]+$"#), length(max = 1024))]
    pub launch_parameters: Option<String>,
}

/// A text file on the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstalledFile {
    /// Where, such as `C:\Users\Default\.parallelcluster\config.yaml`.
    #[schemars(regex(pattern = PATH_PATTERN))]
    pub path: String,
    /// What is in it; written as UTF-8, line ends as they are.
    #[schemars(length(max = 65_536))]
    pub content: String,
}

impl Recipe {
    /// A hash of the recipe and of what it is put on, in hex.
    pub(super) fn hash(&self, base: &BaseImage) -> String {
        let whole = serde_json::to_vec(&(base, self)).expect("a recipe is maps, lists and texts");
        let digest = Sha256::digest(&whole);
        let mut hash = String::new();
        for byte in &digest[..HASH_BYTES] {
            // Writing to a String cannot fail.
            let _ = write!(hash, "{byte:02x}");
        }
        hash
    }
}

/// Environment variables. `Path` would take away everybody's, and keys do not belong on an image.
fn environment(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 50,
        "propertyNames": {
            "type": "string", "maxLength": 100, "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
            "x-forbiddenPrefixes": ["path", "aws_access_key", "aws_secret", "aws_session"]
        },
        "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 2000}
    })
}

/// Arguments of an installer, one by one. Windows PowerShell loses quotes inside them.
fn arguments(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "maxItems": 50, "items": {
        "type": "string", "minLength": 1, "maxLength": 1000, "pattern": r#"^[^"\r\n]+$"#
    }})
}
