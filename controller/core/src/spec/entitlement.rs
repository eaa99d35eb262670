//! Describes entitlements: which SAML users see which applications of a stack.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::field::value_or_missing;
use super::{Field, schema};

/// An entitlement on this environment's stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EntitlementSpec {
    /// Its name.
    #[schemars(regex(pattern = schema::NAME_PATTERN))]
    pub name: String,
    /// A description.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    #[schemars(length(min = 1, max = 256))]
    pub description: Field<String>,
    /// Whether all applications are entitled, or those in `applications`.
    pub app_visibility: AppVisibility,
    /// Which users it is for: those with one of these attributes, as a whole set.
    #[schemars(length(min = 1, max = 100))]
    pub attributes: Vec<EntitlementAttribute>,
    /// Identifiers of the entitled applications, as a whole set.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "Vec<String>",
        length(max = 100),
        inner(length(min = 1, max = 1224))
    )]
    pub applications: Option<Vec<String>>,
}

impl EntitlementSpec {
    /// Its attributes, in order and each once.
    #[must_use]
    pub fn attribute_set(&self) -> BTreeSet<EntitlementAttribute> {
        self.attributes.iter().cloned().collect()
    }
}

/// Which applications an entitlement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AppVisibility {
    /// All of them.
    All,
    /// Those that are associated with it.
    Associated,
}

impl AppVisibility {
    /// AWS's own word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Associated => "ASSOCIATED",
        }
    }
}

/// An attribute of a federated user, as SAML hands it over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EntitlementAttribute {
    /// Its name: `roles`, `department`, `organization`, `groups`, `title`, `costCenter` or
    /// `userType`.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// The value it must have.
    #[schemars(length(min = 1, max = 2048))]
    pub value: String,
}
