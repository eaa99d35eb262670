//! Describes the theme of a stack.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::field::value_or_missing;
use crate::spec::{Field, S3LocationSpec, schema};

/// What the page looks like on which users choose an application. What `CreateThemeForStack`
/// requires a row has to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ThemeSpec {
    /// The title of the browser's tab.
    #[schemars(regex(pattern = schema::THEME_TEXT_PATTERN), length(min = 1, max = 300))]
    pub title_text: String,
    /// The colours of links, text and buttons, and of the page's background.
    pub theme_styling: ThemeStyling,
    /// Links in the page's footer, as a whole set.
    #[serde(default, skip_serializing_if = "Field::is_omitted")]
    #[schemars(schema_with = "schema::footer_links")]
    pub footer_links: Field<Vec<ThemeFooterLinkSpec>>,
    /// The logo in the page's header. AWS copies it and does not return where from.
    pub organization_logo_s3_location: S3LocationSpec,
    /// The icon of the browser's tab. AWS copies it and does not return where from.
    pub favicon_s3_location: S3LocationSpec,
    /// Whether the page looks so; left out: yes.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "ThemeState")]
    pub state: Option<ThemeState>,
}

/// A link in the footer of a page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ThemeFooterLinkSpec {
    /// What users read.
    #[schemars(regex(pattern = schema::THEME_TEXT_PATTERN), length(min = 1, max = 300))]
    pub display_name: String,
    /// Where it leads.
    #[serde(rename = "footerLinkURL")]
    #[schemars(length(min = 1, max = 1000))]
    pub footer_link_url: String,
}

/// The colours of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ThemeStyling {
    /// Light blue.
    LightBlue,
    /// Blue.
    Blue,
    /// Pink.
    Pink,
    /// Red.
    Red,
}

impl ThemeStyling {
    /// AWS's own word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LightBlue => "LIGHT_BLUE",
            Self::Blue => "BLUE",
            Self::Pink => "PINK",
            Self::Red => "RED",
        }
    }
}

/// Whether a theme is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ThemeState {
    /// It is.
    Enabled,
    /// It is kept, and the page looks as AWS's own.
    Disabled,
}

impl ThemeState {
    /// AWS's own word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "ENABLED",
            Self::Disabled => "DISABLED",
        }
    }
}
