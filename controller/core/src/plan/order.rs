//! Puts the row's lists into one order, so that their order never matters.
//!
//! A plan, and what is stored of it, is then the same for the same row however it was typed.

use std::borrow::Cow;

use crate::environment::Environment;
use crate::spec::{
    AccessEndpointSpec, AccessEndpointType, BucketAccess, Field, FleetSpec, GrantSpec, Spec,
    StackSpec,
};

/// The environment with every list that is a set, or keyed, in one order.
pub(super) fn ordered(environment: &Environment) -> Cow<'_, Environment> {
    if is_sorted(&environment.spec) {
        return Cow::Borrowed(environment);
    }
    let mut environment = environment.clone();
    sort(&mut environment.spec);
    debug_assert!(is_sorted(&environment.spec));
    Cow::Owned(environment)
}

fn sort(spec: &mut Spec) {
    if let Some(fleet) = &mut spec.fleet {
        sort_fleet(fleet);
    }
    if let Some(stack) = &mut spec.stack {
        sort_stack(stack);
    }
    spec.entitlements.sort_by(|a, b| a.name.cmp(&b.name));
    for entitlement in &mut spec.entitlements {
        entitlement.attributes.sort();
        entitlement.applications.iter_mut().for_each(as_set);
    }
    spec.users.sort_by(|a, b| a.user_name.cmp(&b.user_name));
    spec.buckets.sort_by(|a, b| a.bucket.cmp(&b.bucket));
    for bucket in &mut spec.buckets {
        bucket
            .grants
            .sort_by(|a, b| grant_key(a).cmp(&grant_key(b)));
        bucket.statements.sort_by(|a, b| a.sid.cmp(&b.sid));
    }
}

fn sort_fleet(fleet: &mut FleetSpec) {
    if let Field::Value(network) = &mut fleet.vpc_config {
        as_set(&mut network.subnet_ids);
        if let Field::Value(groups) = &mut network.security_group_ids {
            as_set(groups);
        }
    }
    if let Field::Value(filters) = &mut fleet.usb_device_filter_strings {
        as_set(filters);
    }
}

fn sort_stack(stack: &mut StackSpec) {
    if let Field::Value(connectors) = &mut stack.storage_connectors {
        connectors.sort_by_key(|connector| connector.connector_type);
        for connector in connectors {
            connector.domains.iter_mut().for_each(as_set);
            let consent = &mut connector.domains_require_admin_consent;
            consent.iter_mut().for_each(as_set);
        }
    }
    if let Some(settings) = &mut stack.user_settings {
        settings.sort_by(|a, b| a.action.cmp(&b.action));
    }
    if let Field::Value(endpoints) = &mut stack.access_endpoints {
        endpoints.sort_by(|a, b| endpoint_key(a).cmp(&endpoint_key(b)));
        endpoints.dedup();
    }
    if let Field::Value(domains) = &mut stack.embed_host_domains {
        as_set(domains);
    }
    if let Field::Value(redirection) = &mut stack.content_redirection {
        let links = &mut redirection.host_to_client;
        links.allowed_urls.iter_mut().for_each(as_set);
        links.denied_urls.iter_mut().for_each(as_set);
    }
    if let Field::Value(access) = &mut stack.agent_access_config {
        access.settings.sort_by_key(|setting| setting.agent_action);
    }
    if let Field::Value(theme) = &mut stack.theme
        && let Field::Value(links) = &mut theme.footer_links
    {
        links.sort();
        links.dedup();
    }
}

/// Whether nothing is to be done: so it is in nearly every pass, and a clone would cost more than
/// the comparison of all fields.
fn is_sorted(spec: &Spec) -> bool {
    spec.fleet.as_ref().is_none_or(is_sorted_fleet)
        && spec.stack.as_ref().is_none_or(is_sorted_stack)
        && spec.entitlements.is_sorted_by(|a, b| a.name <= b.name)
        && spec.entitlements.iter().all(|entitlement| {
            let applications = entitlement.applications.as_deref();
            entitlement.attributes.is_sorted() && applications.is_none_or(is_set)
        })
        && spec.users.is_sorted_by(|a, b| a.user_name <= b.user_name)
        && spec.buckets.is_sorted_by(|a, b| a.bucket <= b.bucket)
        && spec.buckets.iter().all(|bucket| {
            let (grants, statements) = (&bucket.grants, &bucket.statements);
            grants.is_sorted_by(|a, b| grant_key(a) <= grant_key(b))
                && statements.is_sorted_by(|a, b| a.sid <= b.sid)
        })
}

fn is_sorted_fleet(fleet: &FleetSpec) -> bool {
    let network = fleet.vpc_config.value();
    let groups = network.and_then(|network| network.security_group_ids.value());
    network.is_none_or(|network| is_set(&network.subnet_ids))
        && groups.is_none_or(|groups| is_set(groups))
        && is_set_if_there(fleet.usb_device_filter_strings.value())
}

fn is_sorted_stack(stack: &StackSpec) -> bool {
    let connectors = stack.storage_connectors.value();
    let settings = stack.user_settings.as_deref();
    let endpoints = stack.access_endpoints.value();
    let links = stack.content_redirection.value();
    let agents = stack.agent_access_config.value();
    let theme = stack.theme.value();
    let footer = theme.and_then(|theme| theme.footer_links.value());
    connectors.is_none_or(|connectors| {
        connectors.is_sorted_by_key(|connector| connector.connector_type)
            && connectors.iter().all(|connector| {
                is_set_if_there(connector.domains.as_ref())
                    && is_set_if_there(connector.domains_require_admin_consent.as_ref())
            })
    }) && settings.is_none_or(|settings| settings.is_sorted_by(|a, b| a.action <= b.action))
        && endpoints.is_none_or(|endpoints| {
            endpoints.is_sorted_by(|a, b| endpoint_key(a) < endpoint_key(b))
        })
        && is_set_if_there(stack.embed_host_domains.value())
        && links.is_none_or(|links| {
            is_set_if_there(links.host_to_client.allowed_urls.as_ref())
                && is_set_if_there(links.host_to_client.denied_urls.as_ref())
        })
        && agents.is_none_or(|agents| {
            let settings = &agents.settings;
            settings.is_sorted_by_key(|setting| setting.agent_action)
        })
        && footer.is_none_or(|links| links.is_sorted_by(|a, b| a < b))
}

fn endpoint_key(endpoint: &AccessEndpointSpec) -> (AccessEndpointType, Option<&str>) {
    (endpoint.endpoint_type, endpoint.vpce_id.as_deref())
}

fn grant_key(grant: &GrantSpec) -> (&str, Option<&str>, BucketAccess) {
    (&grant.principal, grant.prefix.as_deref(), grant.access)
}

fn is_set_if_there(values: Option<&Vec<String>>) -> bool {
    values.is_none_or(|values| is_set(values))
}

fn as_set(values: &mut Vec<String>) {
    values.sort();
    values.dedup();
}

fn is_set(values: &[String]) -> bool {
    values.is_sorted_by(|a, b| a < b)
}
