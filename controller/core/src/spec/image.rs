//! Describes the image of a fleet: one that is there, or one that is made from a recipe.

mod recipe;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::recipe::{
    Application, Download, InstalledFile, Node, ParallelCluster, Python, Recipe, Tool,
};
use super::field::value_or_missing;
use super::schema;

/// The image: one that exists, by name or by ARN, or one made from a recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-exactlyOneOf" = [["name", "arn", "build"]]))]
pub struct ImageSpec {
    /// The image's name.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", regex(pattern = schema::NAME_PATTERN))]
    pub name: Option<String>,
    /// The image's ARN, as for a public or shared image.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", regex(pattern = schema::ARN_PATTERN), length(max = 1224))]
    pub arn: Option<String>,
    /// An image that is made from a recipe, and whose name says from which.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "ImageBuild")]
    pub build: Option<ImageBuild>,
}

impl ImageSpec {
    /// The name of the image that is asked for; `None` when it is asked for by ARN.
    #[must_use]
    pub fn image_name(&self) -> Option<Cow<'_, str>> {
        match (&self.name, &self.build) {
            (Some(name), _) => Some(Cow::Borrowed(name)),
            (None, Some(build)) => Some(Cow::Owned(build.image_name())),
            (None, None) => None,
        }
    }
}

/// An image that is made from a recipe.
///
/// A changed recipe or base is another image with another name; none is ever edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageBuild {
    /// What the image's name begins with. Environments with the same prefix, base and recipe share
    /// one image.
    #[schemars(
        regex(pattern = "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,90}$"),
        extend("x-forbiddenPrefixes" = ["aws", "appstream", "amazon"])
    )]
    pub name_prefix: String,
    /// The image that the recipe starts from.
    pub base: BaseImage,
    /// What is put on it.
    pub recipe: Recipe,
}

/// The image that a recipe starts from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-exactlyOneOf" = [["name", "arn"]]))]
pub struct BaseImage {
    /// Its name, such as of one of AWS's public images.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", regex(pattern = schema::NAME_PATTERN))]
    pub name: Option<String>,
    /// Its ARN.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", regex(pattern = schema::ARN_PATTERN), length(max = 1224))]
    pub arn: Option<String>,
}

impl ImageBuild {
    /// The name of the image, at most 100 characters, which is as long as Image Assistant takes.
    ///
    /// The same recipe on the same base has the same name, in whatever order its keys were written.
    #[must_use]
    pub fn image_name(&self) -> String {
        format!("{}-{}", self.name_prefix, self.recipe.hash(&self.base))
    }
}

impl BaseImage {
    /// What the row calls it.
    #[must_use]
    pub fn named(&self) -> &str {
        let named = self.name.as_deref().or(self.arn.as_deref());
        named.unwrap_or_default()
    }
}
