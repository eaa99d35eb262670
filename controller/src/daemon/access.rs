//! Finds out who we are in a scope's account, and whether that may touch it.
//!
//! ```text
//!   own credentials ─► STS: whose? ─┬─ the scope's account, or it declares none ─► they keep it
//!                                   └─ another's ─► assume its role ─► STS: whose? ─► it keeps it
//! ```
//!
//! # Invariants
//!
//! - Nothing is read or changed in an account before STS has said that the credentials are its.
//! - The daemon's own account is never reached by a role: it would need one that trusts itself.
//! - Only the scope's own region is asked, so that a region in trouble stays the only one.

use streamkeeper_aws::{AwsConfig, WRONG_ACCOUNT};
use streamkeeper_core::cloud::{ApplyError, ErrorClass, Identity};
use streamkeeper_core::plan::WaitReason;
use streamkeeper_state::{ScopeRow, Store};

use crate::telemetry::Chain;

/// The account of a scope whose account nobody knows yet; nothing is read or written under it.
const NO_ACCOUNT: &str = "000000000000";

/// The credentials that may keep a scope.
#[derive(Debug)]
pub(super) struct Ways {
    own: AwsConfig,
    /// The role in the account that the scope declares, if anybody said how roles are called.
    role: Option<AwsConfig>,
}

impl Ways {
    pub(super) fn new(own: &AwsConfig, scope: &ScopeRow) -> Self {
        let declared = scope.account_id.as_deref();
        Self {
            own: own.in_region(&scope.region),
            role: declared.and_then(|account| own.assuming(&scope.region, account)),
        }
    }

    /// Grows whenever any of these credentials were renewed or refused.
    pub(super) fn changes(&self) -> u64 {
        let role = self.role.as_ref().map_or(0, AwsConfig::credential_changes);
        self.own.credential_changes() + role
    }

    /// The credentials of another account, or our own.
    pub(super) fn config(&self, foreign: bool) -> &AwsConfig {
        match &self.role {
            Some(role) if foreign => role,
            Some(_) | None => &self.own,
        }
    }
}

/// Who we are, and what that means for the scope.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Access {
    /// The scope's account.
    pub(super) account: String,
    /// Our ARN there.
    pub(super) caller_arn: String,
    /// Why nothing may be touched, if so.
    pub(super) refused: Option<(WaitReason, String)>,
    /// Whether it is reached by its role.
    pub(super) foreign: bool,
}

/// Why nobody says who we are: an outage, which passes.
#[derive(Debug)]
pub(super) struct Unsaid(pub(super) String);

/// Asks STS who we are, and judges whether that may touch this scope.
///
/// # Errors
///
/// Fails when STS or the database does not say; nothing may be touched then, and nobody is told
/// yet.
pub(super) async fn ask(ways: &Ways, scope: &ScopeRow, store: &Store) -> Result<Access, Unsaid> {
    let own = match identity(&ways.own, &scope.region).await? {
        Ok(identity) => identity,
        Err(denied) => return Ok(unusable(scope, &denied, String::new())),
    };
    let Some(declared) = &scope.account_id else {
        let pinned = store.pin_account(scope.id, &own.account).await;
        let pinned = pinned.map_err(|error| {
            Unsaid(format!(
                "the account could not be pinned: {}",
                Chain(&error)
            ))
        })?;
        return Ok(in_own_account(pinned, own));
    };
    if *declared == own.account {
        return Ok(in_own_account(declared.clone(), own));
    }
    let Some(role) = &ways.role else {
        let message = format!(
            "there are no credentials for account {declared}; ours are for {}: start the daemon \
             with --assume-role to reach other accounts",
            own.account
        );
        return Ok(no_credentials(scope, message));
    };
    Ok(match identity(role, &scope.region).await? {
        Ok(theirs) => by_role(declared, theirs),
        Err(denied) => {
            let hint = format!(
                "; let the role's trust policy admit {} and the external id, and the daemon's own \
                 policy sts:AssumeRole on the role",
                own.arn
            );
            unusable(scope, &denied, hint)
        }
    })
}

/// Who these credentials are: the inner error is a definite no, which people read in conditions.
async fn identity(aws: &AwsConfig, region: &str) -> Result<Result<Identity, ApplyError>, Unsaid> {
    match aws.identity(region).await {
        Ok(identity) => Ok(Ok(identity)),
        Err(error) => match error.class {
            ErrorClass::Denied | ErrorClass::Invalid => Ok(Err(error)),
            ErrorClass::Throttled
            | ErrorClass::NotReady
            | ErrorClass::Gone
            | ErrorClass::AlreadyThere
            | ErrorClass::Limit
            | ErrorClass::Unknown
            | ErrorClass::Unexpected => {
                Err(Unsaid(format!("STS does not say who we are: {error}")))
            }
        },
    }
}

/// Credentials that are refused: by AWS, or by ourselves because they changed hands.
fn unusable(scope: &ScopeRow, denied: &ApplyError, hint: String) -> Access {
    if denied.code == WRONG_ACCOUNT {
        refused(scope, WaitReason::WrongAccount, denied.message.clone())
    } else {
        no_credentials(scope, format!("{denied}{hint}"))
    }
}

fn no_credentials(scope: &ScopeRow, message: String) -> Access {
    refused(scope, WaitReason::NoCredentials, message)
}

fn refused(scope: &ScopeRow, reason: WaitReason, message: String) -> Access {
    let known = scope.account_id.clone().or(scope.pinned_account.clone());
    Access {
        account: known.unwrap_or_else(|| NO_ACCOUNT.to_owned()),
        caller_arn: String::new(),
        refused: Some((reason, message)),
        foreign: false,
    }
}

fn in_own_account(account: String, own: Identity) -> Access {
    let refused = (account != own.account).then(|| {
        let message = format!(
            "this region's rows were first kept with account {account}; the credentials now are \
             for {}",
            own.account
        );
        (WaitReason::WrongAccount, message)
    });
    Access {
        account,
        caller_arn: own.arn,
        refused,
        foreign: false,
    }
}

/// IAM puts a role's session into the account of its ARN; whatever answers for STS may not.
fn by_role(declared: &str, theirs: Identity) -> Access {
    let refused = (declared != theirs.account).then(|| {
        let message = format!(
            "the role that was assumed for account {declared} is one of account {}",
            theirs.account
        );
        (WaitReason::WrongAccount, message)
    });
    Access {
        account: declared.to_owned(),
        caller_arn: theirs.arn,
        refused,
        foreign: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(account: &str) -> Identity {
        Identity {
            account: account.to_owned(),
            arn: format!("arn:aws:sts::{account}:assumed-role/Keeper/daemon"),
        }
    }

    fn reason(access: &Access) -> Option<WaitReason> {
        access.refused.as_ref().map(|(reason, _)| *reason)
    }

    #[test]
    fn credentials_keep_only_the_account_they_are_for() {
        let (ours, theirs) = ("111122223333", "444455556666");
        let access = in_own_account(ours.to_owned(), identity(ours));
        assert_eq!((reason(&access), access.foreign), (None, false));
        let access = in_own_account(theirs.to_owned(), identity(ours));
        assert_eq!(reason(&access), Some(WaitReason::WrongAccount));
        let access = by_role(theirs, identity(theirs));
        assert_eq!((reason(&access), access.foreign), (None, true));
        let access = by_role(theirs, identity(ours));
        assert_eq!(reason(&access), Some(WaitReason::WrongAccount));
    }
}
