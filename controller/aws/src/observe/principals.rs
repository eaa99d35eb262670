//! Asks IAM which unique ids roles and users have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use streamkeeper_core::cloud::ApplyError;
use streamkeeper_core::observed::Observed;
use streamkeeper_core::policy::IamPrincipal;

use super::known;
use super::reader::{Reader, ours};
use crate::error::NO_SUCH_ENTITY;

/// The unique id of each role or user, by ARN. Only those of the account that the credentials are
/// of can be asked for.
pub(super) async fn unique_ids(
    reader: &Arc<Reader>,
    arns: &BTreeSet<String>,
) -> BTreeMap<String, Observed<String>> {
    reader
        .each(arns, |reader, arn| async move {
            match IamPrincipal::of_arn(&arn) {
                Some(principal) if principal.account == reader.clients.account => {
                    unique_id(&reader, &arn, principal).await
                }
                Some(_) => Observed::Unknown(format!("{arn} is of another account")),
                None => Observed::Unknown(format!("{arn} is no role or user")),
            }
        })
        .await
}

async fn unique_id(reader: &Reader, arn: &str, principal: IamPrincipal<'_>) -> Observed<String> {
    let (operation, found) = if principal.is_role {
        ("GetRole", role(reader, principal.name).await)
    } else {
        ("GetUser", user(reader, principal.name).await)
    };
    let found = match found {
        // A name is unique in its account, whatever the path: with another path it is not this one.
        Ok(named) if named.arn == arn => Ok(Observed::Present(named.id)),
        Ok(_) => Ok(Observed::Absent),
        Err(error) if error.code == NO_SUCH_ENTITY => Ok(Observed::Absent),
        Err(error) => Err(error),
    };
    known(found, operation, arn)
}

struct Named {
    arn: String,
    id: String,
}

async fn role(reader: &Reader, name: &str) -> Result<Named, ApplyError> {
    let request = reader.clients.iam.get_role().role_name(name);
    let answer = reader.call("GetRole", || request.clone().send()).await?;
    let role = answer.role.ok_or_else(incomplete)?;
    Ok(Named {
        arn: role.arn,
        id: role.role_id,
    })
}

async fn user(reader: &Reader, name: &str) -> Result<Named, ApplyError> {
    let request = reader.clients.iam.get_user().user_name(name);
    let answer = reader.call("GetUser", || request.clone().send()).await?;
    let user = answer.user.ok_or_else(incomplete)?;
    Ok(Named {
        arn: user.arn,
        id: user.user_id,
    })
}

fn incomplete() -> ApplyError {
    let message = "the answer has neither a role nor a user";
    ours("IncompleteAnswer", message.to_owned())
}
