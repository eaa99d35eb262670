//! Reads who may use what: the user pool, the users and entitlements of a stack, the applications of
//! a fleet; and the themes of stacks.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_appstream::types::{AuthenticationType, User};
use streamkeeper_core::access::{AccessRequest, AccessWorld, ObservedUser, Users};
use streamkeeper_core::action::ObjectRef;
use streamkeeper_core::cloud::ApplyError;
use streamkeeper_core::observed::Observed;

use super::reader::{Reader, ours};
use super::{Page, entitlements, known, themes};

/// Looks at what the request names.
pub(super) async fn observe(reader: &Arc<Reader>, request: &AccessRequest) -> AccessWorld {
    let AccessRequest {
        users,
        users_of_stacks,
        entitlements: entitled,
        applications_of_fleets,
        themes_of_stacks,
    } = request;
    let pool = async {
        if *users {
            let users = accounts(reader).await.map(Observed::Present);
            Some(known(users, "DescribeUsers", "users"))
        } else {
            None
        }
    };
    let of_stacks = reader.each(users_of_stacks, |reader, stack| async move {
        let object = ObjectRef::stack(&stack).to_string();
        let users = users_of(&reader, &stack).await.map(Observed::Present);
        known(users, "DescribeUserStackAssociations", &object)
    });
    let (users, stack_users, entitlements, applications, themes) = tokio::join!(
        pool,
        of_stacks,
        entitlements::of_stacks(reader, entitled),
        entitlements::applications_of_fleets(reader, applications_of_fleets),
        themes::of_stacks(reader, themes_of_stacks),
    );
    AccessWorld {
        users,
        stack_users,
        entitlements,
        applications,
        themes,
    }
}

/// Every account: AWS has no filter by name.
async fn accounts(reader: &Reader) -> Result<Arc<Users>, ApplyError> {
    let users: Users = reader.whole(|token| user_page(reader, token)).await?;
    Ok(Arc::new(users))
}

async fn user_page(
    reader: &Reader,
    token: Option<String>,
) -> Result<Page<(String, ObservedUser)>, ApplyError> {
    let request = reader.clients.appstream.describe_users();
    let request = request
        .authentication_type(AuthenticationType::Userpool)
        .set_next_token(token);
    let answer = reader
        .call("DescribeUsers", || request.clone().send())
        .await?;
    let users = answer.users.unwrap_or_default().into_iter();
    Ok(Page {
        items: users.map(account).collect::<Result<_, _>>()?,
        next: answer.next_token,
    })
}

/// An account whose name or state did not come makes the list worthless: it would look like one
/// that is not there, or is disabled.
fn account(user: User) -> Result<(String, ObservedUser), ApplyError> {
    match (user.user_name, user.enabled) {
        (Some(name), Some(enabled)) => {
            let observed = ObservedUser {
                enabled,
                first_name: user.first_name,
                last_name: user.last_name,
            };
            Ok((name, observed))
        }
        (name, _) => Err(ours(
            "IncompleteAnswer",
            format!("a user came without a name or a state: {name:?}"),
        )),
    }
}

async fn users_of(reader: &Reader, stack: &str) -> Result<BTreeSet<String>, ApplyError> {
    reader
        .whole(|token| association_page(reader, stack, token))
        .await
}

async fn association_page(
    reader: &Reader,
    stack: &str,
    token: Option<String>,
) -> Result<Page<String>, ApplyError> {
    let request = reader
        .clients
        .appstream
        .describe_user_stack_associations()
        .stack_name(stack)
        .set_next_token(token);
    let answer = reader
        .call("DescribeUserStackAssociations", || request.clone().send())
        .await?;
    let pairs = answer.user_stack_associations.unwrap_or_default();
    Ok(Page {
        items: pairs
            .into_iter()
            .filter_map(|pair| pair.user_name)
            .collect(),
        next: answer.next_token,
    })
}
