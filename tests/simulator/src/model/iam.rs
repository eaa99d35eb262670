//! Knows roles and users by their ARNs, and answers IAM's reads about them.
//!
//! A role or user is there as soon as a bucket policy that names it was taken: S3 would not take
//! it otherwise. It can be deleted by hand, and made anew under the same ARN, then with another
//! unique id.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::state::State;
use super::{Answer, Request, seeded};
use crate::call::ServiceError;

/// Roles and users, by ARN.
#[derive(Debug, Clone, Default)]
pub(crate) struct Principals(BTreeMap<String, Principal>);

/// A role or user.
#[derive(Debug, Clone, Default)]
struct Principal {
    /// How often it was made anew.
    incarnation: u32,
    is_gone: bool,
    /// S3 cannot resolve it for the moment.
    is_unresolved: bool,
}

impl Principals {
    /// Somebody whom S3 has found.
    pub(crate) fn note(&mut self, arn: &str) {
        self.0.entry(arn.to_owned()).or_default();
    }

    pub(crate) fn delete(&mut self, arn: &str) {
        self.0.entry(arn.to_owned()).or_default().is_gone = true;
    }

    /// Makes it anew; the unique id it had before.
    pub(crate) fn make_anew(&mut self, arn: &str, seed: u64) -> String {
        let principal = self.0.entry(arn.to_owned()).or_default();
        let before = unique_id(arn, principal.incarnation, seed);
        principal.is_gone = false;
        principal.incarnation += 1;
        before
    }

    pub(crate) fn leave_unresolved(&mut self, arn: &str, unresolved: bool) {
        self.0.entry(arn.to_owned()).or_default().is_unresolved = unresolved;
    }

    pub(crate) fn is_gone(&self, arn: &str) -> bool {
        self.0.get(arn).is_some_and(|principal| principal.is_gone)
    }

    /// Unique ids that S3 shows instead of ARNs, by ARN.
    pub(crate) fn shown_by_id(&self, seed: u64) -> BTreeMap<&str, String> {
        let unknown = |principal: &Principal| principal.is_gone || principal.is_unresolved;
        self.0
            .iter()
            .filter(|(_, principal)| unknown(principal))
            .map(|(arn, principal)| (arn.as_str(), unique_id(arn, principal.incarnation, seed)))
            .collect()
    }

    /// The ARN of a role (`role/`) or user (`user/`), and its unique id.
    fn find(&self, account: &str, kind: &str, name: &str, seed: u64) -> Option<(&str, String)> {
        let owner = format!(":iam::{account}:{kind}");
        let found = self.0.iter().find(|(arn, principal)| {
            let path = arn.split_once(&owner).map(|(_, path)| path);
            !principal.is_gone && path.is_some_and(|path| path.rsplit('/').next() == Some(name))
        });
        found.map(|(arn, principal)| (arn.as_str(), unique_id(arn, principal.incarnation, seed)))
    }
}

fn unique_id(arn: &str, incarnation: u32, seed: u64) -> String {
    let kind = if arn.contains(":user/") {
        "AIDA"
    } else {
        "AROA"
    };
    let label = format!("{arn} {incarnation}");
    format!("{kind}{}", seeded::suffix(seed, &label, 17).to_uppercase())
}

/// The roles and users that a policy names.
pub(crate) fn named_in(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let kinds = statements.flat_map(|one| [&one["Principal"]["AWS"], &one["NotPrincipal"]["AWS"]]);
    kinds
        .flat_map(|names| {
            let one = std::slice::from_ref(names);
            names.as_array().map_or(one, Vec::as_slice)
        })
        .filter_map(Value::as_str)
        .filter(|name| name.contains(":role/") || name.contains(":user/"))
        .map(str::to_owned)
        .collect()
}

/// `GetRole`, without what nobody here asks for.
pub(crate) fn get_role(state: &State, request: &Request<'_>) -> Answer {
    let name = request.required("RoleName");
    let (arn, id) = find(state, request, "role/", name)?;
    Ok(json!({"Role": {
        "Path": path_of(arn, "role/"), "RoleName": name, "RoleId": id, "Arn": arn,
        "CreateDate": "2026-01-01T00:00:00Z",
    }}))
}

/// `GetUser` of a user who is named.
pub(crate) fn get_user(state: &State, request: &Request<'_>) -> Answer {
    let name = request.required("UserName");
    let (arn, id) = find(state, request, "user/", name)?;
    Ok(json!({"User": {
        "Path": path_of(arn, "user/"), "UserName": name, "UserId": id, "Arn": arn,
        "CreateDate": "2026-01-01T00:00:00Z",
    }}))
}

fn find<'a>(
    state: &'a State,
    request: &Request<'_>,
    kind: &str,
    name: &str,
) -> Result<(&'a str, String), ServiceError> {
    let principals = &state.surroundings.principals;
    let found = principals.find(&request.place.account, kind, name, state.config.seed);
    found.ok_or_else(|| {
        let kind = kind.trim_end_matches('/');
        let message = format!("The {kind} with name {name} cannot be found.");
        ServiceError::with_status("NoSuchEntity", message, 404)
    })
}

/// `/` or `/a/b/`.
fn path_of(arn: &str, kind: &str) -> String {
    let path = arn.split_once(kind).map_or("", |(_, path)| path);
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    if folders.is_empty() {
        "/".to_owned()
    } else {
        format!("/{folders}/")
    }
}
