//! Looks at who may use what.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use streamkeeper_core::access::{AccessRequest, AccessWorld, ObservedUser, Users};

use super::super::access::USERPOOL;
use super::{Look, each, known};
use crate::Service;

const TOKENS: (&str, &str) = ("NextToken", "NextToken");

/// Looks at what the request names.
pub(super) fn observe(look: &Look<'_>, request: &AccessRequest) -> AccessWorld {
    let AccessRequest {
        users,
        users_of_stacks,
    } = request;
    AccessWorld {
        users: users.then(|| known(accounts(look).map(Arc::new))),
        stack_users: each(users_of_stacks, |stack| known(users_of(look, stack))),
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
