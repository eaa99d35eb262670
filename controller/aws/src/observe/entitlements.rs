//! Reads the entitlements of stacks, and the applications of entitlements and of Elastic fleets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_appstream::types as sdk;
use streamkeeper_core::access::{Entitlements, ObservedEntitlement};
use streamkeeper_core::action::ObjectRef;
use streamkeeper_core::cloud::ApplyError;
use streamkeeper_core::observed::Observed;
use streamkeeper_core::spec::EntitlementAttribute;

use super::reader::{Reader, ours};
use super::{Page, known};

/// Entitlements by stack, with the applications of those that are named. One list that fails makes
/// all of its stack unknown.
pub(super) async fn of_stacks(
    reader: &Arc<Reader>,
    wanted: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeMap<String, Observed<Entitlements>> {
    let stacks = wanted.keys().cloned().collect();
    reader
        .each(&stacks, |reader, stack| {
            let names = wanted.get(&stack).cloned().unwrap_or_default();
            async move {
                let object = ObjectRef::stack(&stack).to_string();
                let found = of_stack(&reader, &stack, &names)
                    .await
                    .map(Observed::Present);
                known(found, "read entitlements of", &object)
            }
        })
        .await
}

async fn of_stack(
    reader: &Reader,
    stack: &str,
    names: &BTreeSet<String>,
) -> Result<Entitlements, ApplyError> {
    let mut found: Entitlements = reader
        .whole(|token| entitlement_page(reader, stack, token))
        .await?;
    for (name, entitlement) in &mut found {
        if names.contains(name) {
            entitlement.applications = entitled(reader, stack, name).await?;
        }
    }
    Ok(found)
}

async fn entitlement_page(
    reader: &Reader,
    stack: &str,
    token: Option<String>,
) -> Result<Page<(String, ObservedEntitlement)>, ApplyError> {
    let request = reader.clients.appstream.describe_entitlements();
    let request = request.stack_name(stack).set_next_token(token);
    let answer = reader
        .call("DescribeEntitlements", || request.clone().send())
        .await?;
    let entitlements = answer.entitlements.unwrap_or_default().into_iter();
    Ok(Page {
        items: entitlements.map(convert).collect::<Result<_, _>>()?,
        next: answer.next_token,
    })
}

/// An entitlement that came without its required members makes the list worthless.
fn convert(entitlement: sdk::Entitlement) -> Result<(String, ObservedEntitlement), ApplyError> {
    let (Some(name), Some(visibility)) = (entitlement.name, entitlement.app_visibility) else {
        return Err(ours(
            "IncompleteAnswer",
            "an entitlement came without a name or a visibility".to_owned(),
        ));
    };
    let attributes = entitlement.attributes.unwrap_or_default().into_iter();
    let observed = ObservedEntitlement {
        description: entitlement.description.filter(|text| !text.is_empty()),
        app_visibility: visibility.as_str().to_owned(),
        attributes: attributes
            .map(|attribute| EntitlementAttribute {
                name: attribute.name.unwrap_or_default(),
                value: attribute.value.unwrap_or_default(),
            })
            .collect(),
        applications: BTreeSet::new(),
    };
    Ok((name, observed))
}

async fn entitled(
    reader: &Reader,
    stack: &str,
    entitlement: &str,
) -> Result<BTreeSet<String>, ApplyError> {
    reader
        .whole(|token| entitled_page(reader, stack, entitlement, token))
        .await
}

async fn entitled_page(
    reader: &Reader,
    stack: &str,
    entitlement: &str,
    token: Option<String>,
) -> Result<Page<String>, ApplyError> {
    let request = reader.clients.appstream.list_entitled_applications();
    let request = request
        .stack_name(stack)
        .entitlement_name(entitlement)
        .set_next_token(token);
    let answer = reader
        .call("ListEntitledApplications", || request.clone().send())
        .await?;
    let applications = answer.entitled_applications.unwrap_or_default().into_iter();
    Ok(Page {
        items: applications
            .filter_map(|application| application.application_identifier)
            .collect(),
        next: answer.next_token,
    })
}

/// ARNs of applications by fleet.
pub(super) async fn applications_of_fleets(
    reader: &Arc<Reader>,
    fleets: &BTreeSet<String>,
) -> BTreeMap<String, Observed<BTreeSet<String>>> {
    reader
        .each(fleets, |reader, fleet| async move {
            let object = ObjectRef::fleet(&fleet).to_string();
            let found = applications_of(&reader, &fleet)
                .await
                .map(Observed::Present);
            known(found, "DescribeApplicationFleetAssociations", &object)
        })
        .await
}

async fn applications_of(reader: &Reader, fleet: &str) -> Result<BTreeSet<String>, ApplyError> {
    reader
        .whole(|token| application_page(reader, fleet, token))
        .await
}

async fn application_page(
    reader: &Reader,
    fleet: &str,
    token: Option<String>,
) -> Result<Page<String>, ApplyError> {
    let request = reader
        .clients
        .appstream
        .describe_application_fleet_associations()
        .fleet_name(fleet)
        .set_next_token(token);
    let answer = reader
        .call("DescribeApplicationFleetAssociations", || {
            request.clone().send()
        })
        .await?;
    let pairs = answer.application_fleet_associations.unwrap_or_default();
    Ok(Page {
        items: pairs
            .into_iter()
            .filter_map(|pair| pair.application_arn)
            .collect(),
        next: answer.next_token,
    })
}
