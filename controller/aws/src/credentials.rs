//! Reaches other accounts by assuming a role in each, and never changes hands unnoticed.
//!
//! ```text
//!   own credentials ─► sts:AssumeRole (role of the account, external id) ─► clients of that account
//! ```
//!
//! # Invariants
//!
//! - A role's ARN has the account in the place where IAM reads it, so that a role of one account
//!   is never assumed for another.
//! - Whatever fails here fails before anything was sent to the service that was meant.
//! - Credentials that are renewed are handed on only if STS says that they are for the same account.
//! - An external id is printed nowhere.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_appstream::config::Credentials;
use aws_sdk_sts::types::{AssumedRoleUser, Credentials as StsCredentials};
use streamkeeper_core::cloud::{ApplyError, ErrorClass};

use crate::error;

/// What stands for the account in a template.
const ACCOUNT: &str = "{account}";

/// IAM's longest ARN of a role.
const LONGEST_ARN: usize = 2048;

/// The ARN of a role in every account we keep, `{account}` standing for the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleTemplate(String);

impl RoleTemplate {
    /// The role of one account.
    #[must_use]
    pub fn role_in(&self, account: &str) -> String {
        self.0.replace(ACCOUNT, account)
    }
}

impl std::str::FromStr for RoleTemplate {
    type Err = String;

    /// Takes `arn:<partition>:iam::{account}:role/<path and name>`. The account belongs where IAM
    /// reads it: a template with a fixed account there could only ever reach that one.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "\"{text}\" is not a role's ARN with {{account}} for the account, such as \
                 arn:aws:iam::{{account}}:role/streamkeeper"
            )
        };
        let rest = text.strip_prefix("arn:aws").ok_or_else(wrong)?;
        let (partition, role) = rest.split_once(":iam::{account}:role/").ok_or_else(wrong)?;
        let is_partition = partition.is_empty()
            || partition.starts_with('-')
                && partition
                    .chars()
                    .all(|letter| letter.is_ascii_lowercase() || letter == '-');
        // IAM: `[\w+=,.@-]` in names, and slashes in paths.
        let role = role.replace(ACCOUNT, "");
        let is_role = !role.is_empty()
            && !role.ends_with('/')
            && role
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "_+=,.@-/".contains(letter));
        if is_partition && is_role && text.len() <= LONGEST_ARN {
            Ok(Self(text.to_owned()))
        } else {
            Err(wrong())
        }
    }
}

/// What another account's trust policy asks for beside our identity, so that nobody can make us
/// assume a role that somebody else made for us. Printed, it is `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct ExternalId(String);

impl std::str::FromStr for ExternalId {
    type Err = String;

    /// STS takes 2 to 1224 of `[\w+=,.@:/-]`.
    fn from_str(text: &str) -> Result<Self, String> {
        let is_allowed = text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "_+=,.@:/-".contains(letter));
        if is_allowed && (2..=1224).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            // Not quoted: it may be meant to be secret.
            Err("is not 2 to 1224 letters, digits and _+=,.@:/-".to_owned())
        }
    }
}

impl fmt::Debug for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How accounts other than our own are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumeRole {
    /// The role of each account.
    pub template: RoleTemplate,
    /// What its trust policy asks for, if it does.
    pub external_id: Option<ExternalId>,
}

/// Counts what is a reason to ask who we are: other credentials, and a refusal of the credentials
/// themselves. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes(Arc<AtomicU64>);

impl Changes {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn note(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// Notes an error that says that the credentials are not what they were.
    pub(crate) fn note_refusal(&self, error: &ApplyError) {
        if error::is_about_credentials(&error.code) {
            self.note();
        }
    }
}

/// The code of our own refusal to hand on credentials of another account.
pub const WRONG_ACCOUNT: &str = "WrongAccount";

/// Whose credentials were handed on so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owner(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// The account, once STS was asked about it.
    account: Option<String>,
    /// The access key that was handed on last.
    key: Option<String>,
}

impl Owner {
    /// Takes note of what STS said of these credentials; what it said first stands.
    pub(crate) fn learn(&self, account: &str) {
        let mut known = self.lock();
        known.account.get_or_insert_with(|| account.to_owned());
    }

    /// The account that a key has to be proven to be of; `None` when it was handed on before, or
    /// nobody has asked yet whose the credentials are.
    fn to_prove(&self, key: &str) -> Option<String> {
        let known = self.lock();
        let is_new = known.key.as_deref() != Some(key);
        known.account.clone().filter(|_| is_new)
    }

    fn hand_on(&self, key: &str) {
        self.lock().key = Some(key.to_owned());
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands on another provider's credentials, of one account only: a profile or a helper program may
/// come up with somebody else's when it is asked again, in the middle of a look or before a call.
/// The SDK keeps what it got until it is about to expire.
#[derive(Debug)]
pub(crate) struct OfOneAccount {
    pub(crate) inner: SharedCredentialsProvider,
    /// Where STS is.
    pub(crate) sdk: SdkConfig,
    pub(crate) owner: Owner,
    pub(crate) changes: Changes,
}

impl OfOneAccount {
    async fn prove(&self, credentials: &Credentials, expected: &str) -> Result<(), ApplyError> {
        let config = aws_sdk_sts::config::Builder::from(&self.sdk)
            .credentials_provider(credentials.clone())
            .build();
        let answer = aws_sdk_sts::Client::from_conf(config)
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| before_sending(&error::from_sdk(&error), "GetCallerIdentity"))?;
        let account = answer.account.unwrap_or_default();
        if account == expected {
            return Ok(());
        }
        Err(ApplyError {
            class: ErrorClass::Denied,
            code: WRONG_ACCOUNT.to_owned(),
            message: format!(
                "the credentials were for account {expected} and are now for {account}: they are \
                 not used"
            ),
            request_id: None,
        })
    }
}

impl ProvideCredentials for OfOneAccount {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let credentials = self.inner.provide_credentials().await?;
            let key = credentials.access_key_id();
            if let Some(expected) = self.owner.to_prove(key) {
                let proof = self.prove(&credentials, &expected).await;
                // Whoever asks STS next is told; the keeper does before its next round.
                self.changes.note();
                proof.map_err(CredentialsError::provider_error)?;
            }
            self.owner.hand_on(key);
            Ok(credentials)
        })
    }
}

/// Assumes one role whenever credentials are wanted.
#[derive(Debug)]
pub(crate) struct RoleAssumer {
    sts: aws_sdk_sts::Client,
    role: String,
    session: String,
    external_id: Option<ExternalId>,
}

impl RoleAssumer {
    /// Asks the STS of `region`, so that another region's trouble is not ours.
    pub(crate) fn new(own: &SdkConfig, region: &str, role: String, how: &AssumeRole) -> Self {
        let sdk = own
            .to_builder()
            .region(Region::new(region.to_owned()))
            .build();
        Self {
            sts: aws_sdk_sts::Client::new(&sdk),
            role,
            // At most 64 of STS's characters. It tells scopes apart in CloudTrail, and stays the
            // same over restarts for whoever writes it into a policy.
            session: format!("streamkeeper-{region}"),
            external_id: how.external_id.clone(),
        }
    }

    async fn assume(&self) -> Result<Credentials, ApplyError> {
        let external_id = self.external_id.as_ref().map(|id| id.0.clone());
        let answer = self
            .sts
            .assume_role()
            .role_arn(&self.role)
            .role_session_name(&self.session)
            .set_external_id(external_id)
            .send()
            .await
            .map_err(|error| {
                let what = format!("AssumeRole {}", self.role);
                before_sending(&error::from_sdk(&error), &what)
            })?;
        let granted = answer.credentials.zip(answer.assumed_role_user);
        granted
            .and_then(|(credentials, user)| into_credentials(credentials, &user))
            .ok_or_else(|| ApplyError {
                class: ErrorClass::Unexpected,
                code: "IncompleteAnswer".to_owned(),
                message: format!("AssumeRole {} answered without credentials", self.role),
                request_id: None,
            })
    }
}

/// Says what was asked. Nothing was sent to whoever was meant, so an outage of STS is something
/// that passes and not an unknown outcome.
fn before_sending(error: &ApplyError, what: &str) -> ApplyError {
    let class = match error.class {
        ErrorClass::Unknown => ErrorClass::NotReady,
        class @ (ErrorClass::Throttled
        | ErrorClass::NotReady
        | ErrorClass::Gone
        | ErrorClass::AlreadyThere
        | ErrorClass::Limit
        | ErrorClass::Denied
        | ErrorClass::Invalid
        | ErrorClass::Unexpected) => class,
    };
    ApplyError {
        class,
        code: error.code.clone(),
        message: format!("{what}: {}", error.message),
        request_id: error.request_id.clone(),
    }
}

impl ProvideCredentials for RoleAssumer {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        // The classified error travels inside; `error::from_sdk` finds it again.
        future::ProvideCredentials::new(async {
            let assumed = self.assume().await;
            assumed.map_err(CredentialsError::provider_error)
        })
    }
}

fn into_credentials(granted: StsCredentials, user: &AssumedRoleUser) -> Option<Credentials> {
    tracing::debug!(caller = user.arn, "assumed a role");
    let expires = granted.expiration.try_into().ok()?;
    Some(Credentials::new(
        granted.access_key_id,
        granted.secret_access_key,
        Some(granted.session_token),
        Some(expires),
        "AssumeRole",
    ))
}

#[cfg(test)]
mod tests;
