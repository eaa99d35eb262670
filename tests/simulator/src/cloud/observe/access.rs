//! Looks at who may use what, and at themes.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use streamkeeper_core::access::{
    AccessRequest, AccessWorld, Entitlements, ObservedEntitlement, ObservedTheme, ObservedUser,
    Users,
};
use streamkeeper_core::observed::Observed;
use streamkeeper_core::spec::{EntitlementAttribute, ThemeFooterLinkSpec};

use super::super::access::USERPOOL;
use super::{Look, each, known};
use crate::Service;

const TOKENS: (&str, &str) = ("NextToken", "NextToken");

/// Looks at what the request names.
pub(super) fn observe(look: &Look<'_>, request: &AccessRequest) -> AccessWorld {
    let AccessRequest {
        users,
        users_of_stacks,
        entitlements,
        applications_of_fleets,
        themes_of_stacks,
    } = request;
    AccessWorld {
        users: users.then(|| known(accounts(look).map(Arc::new))),
        stack_users: each(users_of_stacks, |stack| known(users_of(look, stack))),
        entitlements: entitlements
            .iter()
            .map(|(stack, names)| (stack.clone(), known(entitlements_of(look, stack, names))))
            .collect(),
        applications: each(applications_of_fleets, |fleet| {
            known(applications_of(look, fleet))
        }),
        themes: each(themes_of_stacks, |stack| theme_of(look, stack)),
    }
}

fn list(
    look: &Look<'_>,
    operation: &str,
    input: &Value,
    items: &str,
) -> Result<Vec<Value>, String> {
    look.list(Service::AppStream, operation, input, items, TOKENS)
        .complete()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn accounts(look: &Look<'_>) -> Result<Users, String> {
    let input = json!({"AuthenticationType": USERPOOL});
    let users = list(look, "DescribeUsers", &input, "Users")?;
    let users = users.iter().filter_map(|user| {
        let observed = ObservedUser {
            enabled: user["Enabled"].as_bool()?,
            first_name: text(&user["FirstName"]),
            last_name: text(&user["LastName"]),
        };
        Some((text(&user["UserName"])?, observed))
    });
    Ok(users.collect())
}

fn users_of(look: &Look<'_>, stack: &str) -> Result<BTreeSet<String>, String> {
    let input = json!({"StackName": stack});
    let operation = "DescribeUserStackAssociations";
    let pairs = list(look, operation, &input, "UserStackAssociations")?;
    let users = pairs.iter().filter_map(|pair| text(&pair["UserName"]));
    Ok(users.collect())
}

fn entitlements_of(
    look: &Look<'_>,
    stack: &str,
    names: &BTreeSet<String>,
) -> Result<Entitlements, String> {
    let input = json!({"StackName": stack});
    let mut found = Entitlements::new();
    for one in list(look, "DescribeEntitlements", &input, "Entitlements")? {
        let name = text(&one["Name"]).unwrap_or_default();
        let applications = if names.contains(&name) {
            entitled(look, stack, &name)?
        } else {
            BTreeSet::new()
        };
        let attributes = one["Attributes"].as_array().into_iter().flatten();
        let observed = ObservedEntitlement {
            description: text(&one["Description"]),
            app_visibility: text(&one["AppVisibility"]).unwrap_or_default(),
            attributes: attributes
                .map(|attribute| EntitlementAttribute {
                    name: text(&attribute["Name"]).unwrap_or_default(),
                    value: text(&attribute["Value"]).unwrap_or_default(),
                })
                .collect(),
            applications,
        };
        found.insert(name, observed);
    }
    Ok(found)
}

fn entitled(look: &Look<'_>, stack: &str, name: &str) -> Result<BTreeSet<String>, String> {
    let input = json!({"StackName": stack, "EntitlementName": name});
    let operation = "ListEntitledApplications";
    let applications = list(look, operation, &input, "EntitledApplications")?;
    let identifiers = applications
        .iter()
        .filter_map(|one| text(&one["ApplicationIdentifier"]));
    Ok(identifiers.collect())
}

fn applications_of(look: &Look<'_>, fleet: &str) -> Result<BTreeSet<String>, String> {
    let input = json!({"FleetName": fleet});
    let operation = "DescribeApplicationFleetAssociations";
    let pairs = list(look, operation, &input, "ApplicationFleetAssociations")?;
    let arns = pairs
        .iter()
        .filter_map(|pair| text(&pair["ApplicationArn"]));
    Ok(arns.collect())
}

/// "Not found" is said of a stack without a theme, and of no such stack.
fn theme_of(look: &Look<'_>, stack: &str) -> Observed<ObservedTheme> {
    let operation = "DescribeThemeForStack";
    let input = json!({"StackName": stack});
    match look.ask(Service::AppStream, operation, input) {
        Ok(answer) => theme(&answer["Theme"]).map_or_else(
            || Observed::Unknown(format!("{operation}: the theme is incomplete")),
            Observed::Present,
        ),
        Err(error) if error.code == "ResourceNotFoundException" => Observed::Absent,
        Err(error) => Observed::Unknown(format!("{operation}: {error}")),
    }
}

fn theme(shown: &Value) -> Option<ObservedTheme> {
    let links = shown["ThemeFooterLinks"].as_array().into_iter().flatten();
    Some(ObservedTheme {
        title_text: text(&shown["ThemeTitleText"])?,
        theme_styling: text(&shown["ThemeStyling"])?,
        footer_links: links
            .map(|link| ThemeFooterLinkSpec {
                display_name: text(&link["DisplayName"]).unwrap_or_default(),
                footer_link_url: text(&link["FooterLinkURL"]).unwrap_or_default(),
            })
            .collect(),
        state: text(&shown["State"])?,
        organization_logo_url: text(&shown["ThemeOrganizationLogoURL"]),
        favicon_url: text(&shown["ThemeFaviconURL"]),
    })
}
