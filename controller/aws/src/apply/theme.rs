//! Makes the calls that give a stack a theme, or another one.

use std::collections::BTreeSet;

use aws_sdk_appstream::types::{self as sdk, ThemeAttribute, ThemeState, ThemeStyling};
use streamkeeper_core::action::ThemeSettings;
use streamkeeper_core::cloud::{Applied, ApplyError};
use streamkeeper_core::spec::{S3LocationSpec, ThemeFooterLinkSpec};

use super::outcome;
use crate::client::Clients;

/// `CreateThemeForStack`, which takes no state.
pub(super) async fn create(
    clients: &Clients,
    stack: &str,
    settings: &ThemeSettings,
) -> Result<Applied, ApplyError> {
    let ThemeSettings {
        title_text,
        theme_styling,
        footer_links,
        organization_logo_s3_location,
        favicon_s3_location,
        state: _,
    } = settings;
    let request = clients
        .appstream
        .create_theme_for_stack()
        .stack_name(stack)
        .set_title_text(title_text.clone())
        .set_theme_styling(theme_styling.as_deref().map(ThemeStyling::from))
        .set_footer_links(footer_links.as_ref().map(sdk_links))
        .set_organization_logo_s3_location(organization_logo_s3_location.as_ref().map(sdk_location))
        .set_favicon_s3_location(favicon_s3_location.as_ref().map(sdk_location));
    outcome(request.send()).await
}

/// `UpdateThemeForStack`.
pub(super) async fn update(
    clients: &Clients,
    stack: &str,
    set: &ThemeSettings,
    delete: &[String],
) -> Result<Applied, ApplyError> {
    let ThemeSettings {
        title_text,
        theme_styling,
        footer_links,
        organization_logo_s3_location,
        favicon_s3_location,
        state,
    } = set;
    let delete = delete
        .iter()
        .map(|name| ThemeAttribute::from(name.as_str()));
    let delete: Vec<ThemeAttribute> = delete.collect();
    let request = clients
        .appstream
        .update_theme_for_stack()
        .stack_name(stack)
        .set_title_text(title_text.clone())
        .set_theme_styling(theme_styling.as_deref().map(ThemeStyling::from))
        .set_footer_links(footer_links.as_ref().map(sdk_links))
        .set_organization_logo_s3_location(organization_logo_s3_location.as_ref().map(sdk_location))
        .set_favicon_s3_location(favicon_s3_location.as_ref().map(sdk_location))
        .set_state(state.as_deref().map(ThemeState::from))
        .set_attributes_to_delete((!delete.is_empty()).then_some(delete));
    outcome(request.send()).await
}

fn sdk_links(links: &BTreeSet<ThemeFooterLinkSpec>) -> Vec<sdk::ThemeFooterLink> {
    let links = links.iter().map(|link| {
        sdk::ThemeFooterLink::builder()
            .display_name(&link.display_name)
            .footer_link_url(&link.footer_link_url)
            .build()
    });
    links.collect()
}

fn sdk_location(location: &S3LocationSpec) -> sdk::S3Location {
    sdk::S3Location::builder()
        .s3_bucket(&location.s3_bucket)
        .s3_key(&location.s3_key)
        .build()
}
