//! Reads the themes of stacks, one call each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_appstream::types as sdk;
use streamkeeper_core::access::ObservedTheme;
use streamkeeper_core::action::ObjectRef;
use streamkeeper_core::cloud::ApplyError;
use streamkeeper_core::observed::Observed;
use streamkeeper_core::spec::ThemeFooterLinkSpec;

use super::known;
use super::reader::{Reader, ours};
use crate::error;

const OPERATION: &str = "DescribeThemeForStack";

/// Themes by stack. AWS answers "not found" about a stack without a theme, and about no such stack:
/// which of the two, whoever asks has to know.
pub(super) async fn of_stacks(
    reader: &Arc<Reader>,
    stacks: &BTreeSet<String>,
) -> BTreeMap<String, Observed<ObservedTheme>> {
    reader
        .each(stacks, |reader, stack| async move {
            let object = ObjectRef::stack(&stack).to_string();
            known(of_stack(&reader, &stack).await, OPERATION, &object)
        })
        .await
}

async fn of_stack(reader: &Reader, stack: &str) -> Result<Observed<ObservedTheme>, ApplyError> {
    let request = reader.clients.appstream.describe_theme_for_stack();
    let request = request.stack_name(stack);
    let answer = match reader.call(OPERATION, || request.clone().send()).await {
        Ok(answer) => answer,
        Err(error) if error.code == error::NOT_FOUND => return Ok(Observed::Absent),
        Err(error) => return Err(error),
    };
    let theme = answer.theme.and_then(convert).ok_or_else(|| {
        ours(
            "IncompleteAnswer",
            "the theme came without its title, its styling or its state".to_owned(),
        )
    })?;
    Ok(Observed::Present(theme))
}

fn convert(theme: sdk::Theme) -> Option<ObservedTheme> {
    let links = theme.theme_footer_links.unwrap_or_default().into_iter();
    Some(ObservedTheme {
        title_text: theme.theme_title_text?,
        theme_styling: theme.theme_styling?.as_str().to_owned(),
        footer_links: links
            .map(|link| ThemeFooterLinkSpec {
                display_name: link.display_name.unwrap_or_default(),
                footer_link_url: link.footer_link_url.unwrap_or_default(),
            })
            .collect(),
        state: theme.state?.as_str().to_owned(),
        organization_logo_url: theme.theme_organization_logo_url,
        favicon_url: theme.theme_favicon_url,
    })
}
