//! Models entitlements: which applications of a stack are for whom.
//!
//! What an application's identifier may be is not documented beyond its being one: any will do.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::state::{State, done, seconds};
use super::{Answer, Place, Request, errors, user};
use crate::call::ServiceError;

/// A place, a stack and a name.
pub(crate) type Key = (Place, String, String);

/// An entitlement.
#[derive(Debug, Clone)]
pub(crate) struct Entitlement {
    description: Option<String>,
    visibility: String,
    attributes: Value,
    applications: BTreeSet<String>,
    created: DateTime<Utc>,
    modified: DateTime<Utc>,
}

impl Entitlement {
    /// The entitlement without times, for comparing.
    pub(crate) fn snapshot(&self) -> Value {
        json!({
            "Description": self.description,
            "AppVisibility": self.visibility,
            "Attributes": self.attributes,
            "Applications": self.applications,
        })
    }

    fn document(&self, stack: &str, name: &str) -> Value {
        let mut document = json!({
            "Name": name,
            "StackName": stack,
            "AppVisibility": self.visibility,
            "Attributes": self.attributes,
            "CreatedTime": seconds(self.created),
            "LastModifiedTime": seconds(self.modified),
        });
        if let Some(description) = &self.description {
            document["Description"] = json!(description);
        }
        document
    }
}

/// `CreateEntitlement`.
pub(crate) fn create(state: &mut State, request: &Request<'_>) -> Answer {
    let key = key(state, request, "Name")?;
    if state.entitlements.contains(&key) {
        return Err(ServiceError::new(
            "EntitlementAlreadyExistsException",
            format!("The entitlement {} already exists.", key.2),
        ));
    }
    let entitlement = Entitlement {
        description: text(request, "Description").flatten(),
        visibility: request.required("AppVisibility").to_owned(),
        attributes: request.input.get("Attributes").cloned().unwrap_or_default(),
        applications: BTreeSet::new(),
        created: request.now,
        modified: request.now,
    };
    let document = entitlement.document(&key.1, &key.2);
    let stamp = state.stamp();
    state.entitlements.put(stamp, key, entitlement);
    Ok(json!({"Entitlement": document}))
}

/// `UpdateEntitlement`: what is left out stays.
pub(crate) fn update(state: &mut State, request: &Request<'_>) -> Answer {
    let key = key(state, request, "Name")?;
    let mut entitlement = find(state, &key)?.clone();
    if let Some(description) = text(request, "Description") {
        entitlement.description = description;
    }
    if let Some(visibility) = request.text("AppVisibility") {
        visibility.clone_into(&mut entitlement.visibility);
    }
    if let Some(attributes) = request.input.get("Attributes") {
        entitlement.attributes.clone_from(attributes);
    }
    entitlement.modified = request.now;
    let document = entitlement.document(&key.1, &key.2);
    let stamp = state.stamp();
    state.entitlements.put(stamp, key, entitlement);
    Ok(json!({"Entitlement": document}))
}

/// A text that was sent; an empty one clears it.
fn text(request: &Request<'_>, member: &str) -> Option<Option<String>> {
    let text = request.text(member)?;
    Some(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

/// `DeleteEntitlement`.
pub(crate) fn delete(state: &mut State, request: &Request<'_>) -> Answer {
    let key = key(state, request, "Name")?;
    find(state, &key)?;
    let stamp = state.stamp();
    state.entitlements.remove(stamp, &key);
    done()
}

/// `DescribeEntitlements` of a stack, all or the one that is named.
pub(crate) fn describe(state: &State, request: &Request<'_>) -> Answer {
    let stack = stack(state, request)?;
    let list = "DescribeEntitlements";
    let pager = user::pager(state, request, list, usize::MAX);
    let after = pager.start(request.text("NextToken"))?;
    let only = request.text("Name");
    if let Some(name) = only {
        find(
            state,
            &(request.place.clone(), stack.clone(), name.to_owned()),
        )?;
    }
    let page = pager.cut(
        of_stack(state, &request.place, &stack)
            .filter(|(name, _)| only.is_none_or(|only| only == *name))
            .filter(|(name, _)| after.as_deref().is_none_or(|after| *name > after))
            .map(|(name, one)| (name.to_owned(), one.document(&stack, name))),
    );
    Ok(page.into_answer("Entitlements"))
}

/// `AssociateApplicationToEntitlement`. One that is associated already is a success.
pub(crate) fn associate(state: &mut State, request: &Request<'_>) -> Answer {
    let key = key(state, request, "EntitlementName")?;
    find(state, &key)?;
    let application = request.required("ApplicationIdentifier").to_owned();
    let stamp = state.stamp();
    state.entitlements.edit(stamp, &key, |entitlement| {
        entitlement.applications.insert(application);
    });
    done()
}

/// `DisassociateApplicationFromEntitlement`. One that is not associated is not found.
pub(crate) fn disassociate(state: &mut State, request: &Request<'_>) -> Answer {
    let key = key(state, request, "EntitlementName")?;
    let application = request.required("ApplicationIdentifier");
    if !find(state, &key)?.applications.contains(application) {
        return Err(errors::not_found("application", application));
    }
    let stamp = state.stamp();
    state.entitlements.edit(stamp, &key, |entitlement| {
        entitlement.applications.remove(application);
    });
    done()
}

/// `ListEntitledApplications`.
pub(crate) fn list_applications(state: &State, request: &Request<'_>) -> Answer {
    let key = key(state, request, "EntitlementName")?;
    let list = "ListEntitledApplications";
    let pager = user::pager(state, request, list, usize::MAX);
    let after = pager.start(request.text("NextToken"))?;
    let applications = find(state, &key)?.applications.iter();
    let page = pager.cut(
        applications
            .filter(|name| after.as_ref().is_none_or(|after| *name > after))
            .map(|name| (name.clone(), json!({"ApplicationIdentifier": name}))),
    );
    Ok(page.into_answer("EntitledApplications"))
}

/// Drops the entitlements of a stack that goes.
pub(crate) fn forget(state: &mut State, place: &Place, stack: &str) {
    let names: Vec<String> = of_stack(state, place, stack)
        .map(|(name, _)| name.to_owned())
        .collect();
    let stamp = state.stamp();
    for name in names {
        let key = (place.clone(), stack.to_owned(), name);
        state.entitlements.remove(stamp, &key);
    }
}

fn of_stack<'a>(
    state: &'a State,
    place: &'a Place,
    stack: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Entitlement)> {
    let start = (place.clone(), stack.to_owned(), String::new());
    state
        .entitlements
        .range(start..)
        .take_while(move |((in_place, of, _), _)| in_place == place && of == stack)
        .map(|((_, _, name), entitlement)| (name.as_str(), entitlement))
}

fn stack(state: &State, request: &Request<'_>) -> Result<String, ServiceError> {
    let name = request.required("StackName");
    if state
        .stacks
        .contains(&(request.place.clone(), name.to_owned()))
    {
        Ok(name.to_owned())
    } else {
        Err(errors::not_found("stack", name))
    }
}

fn key(state: &State, request: &Request<'_>, member: &str) -> Result<Key, ServiceError> {
    let stack = stack(state, request)?;
    Ok((
        request.place.clone(),
        stack,
        request.required(member).to_owned(),
    ))
}

fn find<'a>(state: &'a State, key: &Key) -> Result<&'a Entitlement, ServiceError> {
    state.entitlements.get(key).ok_or_else(|| {
        ServiceError::new(
            "EntitlementNotFoundException",
            format!("The entitlement {} was not found.", key.2),
        )
    })
}
