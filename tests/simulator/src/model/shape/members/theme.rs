//! Tabulates the members of inputs about themes, as AWS's service model declares them.

use super::{ANY, NAME, S3_LOCATION};
use crate::model::shape::{Kind, Member, optional, required};

const WORDS: Kind = Kind::Text(1, 300, Some("^[-@./#&+\\w\\s]*$"));
const STYLING: Kind = Kind::Choice(&["LIGHT_BLUE", "BLUE", "PINK", "RED"]);
const FOOTER_LINKS: Kind = Kind::List(
    &Kind::Structure(&[
        optional("DisplayName", WORDS),
        optional("FooterLinkURL", Kind::Text(1, 1000, None)),
    ]),
    0,
    ANY,
);

/// `CreateThemeForStack`.
pub(crate) const CREATE_THEME: &[Member] = &[
    required("StackName", NAME),
    optional("FooterLinks", FOOTER_LINKS),
    required("TitleText", WORDS),
    required("ThemeStyling", STYLING),
    required("OrganizationLogoS3Location", Kind::Structure(S3_LOCATION)),
    required("FaviconS3Location", Kind::Structure(S3_LOCATION)),
];

/// `UpdateThemeForStack`.
pub(crate) const UPDATE_THEME: &[Member] = &[
    required("StackName", NAME),
    optional("FooterLinks", FOOTER_LINKS),
    optional("TitleText", WORDS),
    optional("ThemeStyling", STYLING),
    optional("OrganizationLogoS3Location", Kind::Structure(S3_LOCATION)),
    optional("FaviconS3Location", Kind::Structure(S3_LOCATION)),
    optional("State", Kind::Choice(&["ENABLED", "DISABLED"])),
    optional(
        "AttributesToDelete",
        Kind::List(&Kind::Choice(&["FOOTER_LINKS"]), 0, ANY),
    ),
];

/// The theme of a stack.
pub(crate) const THEME: &[Member] = &[required("StackName", NAME)];
