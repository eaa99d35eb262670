//! Builds the SDK's clients once: environment, time-outs, retries off, path style.

use std::sync::Arc;
use std::time::Duration;

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_appstream::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::ServiceConfigKey;
use streamkeeper_core::cloud::{ApplyError, Identity};

use crate::credentials::{AssumeRole, Changes, OfOneAccount, Owner, RoleAssumer};
use crate::observe::{Reader, identity};
use crate::{AwsCloud, http};

/// Bounds of every call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwsSettings {
    /// To establish a connection, TLS included. Within a region it takes milliseconds; beyond this
    /// it does not come.
    pub connect_timeout: Duration,
    /// One attempt of a read, from signing to the last byte of the answer.
    pub read_timeout: Duration,
    /// A mutating call, which has one attempt. It must be shorter than what is left of the lease;
    /// see [`AwsCloud::with_deadline`].
    pub mutation_timeout: Duration,
    /// A whole look, with all its pages and retries. What was not read by then is Unknown.
    pub observe_timeout: Duration,
    /// Attempts of one read, the first included: of transient errors and throttling only.
    pub read_attempts: u32,
    /// The pause before the second attempt of a read; it doubles from there.
    pub read_backoff: Duration,
    /// Reads in flight at the same time in one look.
    pub read_concurrency: usize,
}

impl Default for AwsSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            read_timeout: Duration::from_secs(10),
            mutation_timeout: Duration::from_secs(10),
            observe_timeout: Duration::from_secs(120),
            // Three: the next look comes within a minute anyway and has fresh attempts.
            read_attempts: 3,
            read_backoff: Duration::from_millis(200),
            // AppStream publishes no rates. Eight hide the latency of reads by name and stay far
            // from what one account's console use looks like.
            read_concurrency: 8,
        }
    }
}

/// What all scopes share: credentials, endpoints, the connection pool and the bounds.
#[derive(Debug, Clone)]
pub struct AwsConfig {
    sdk: Arc<SdkConfig>,
    settings: AwsSettings,
    role: Option<AssumeRole>,
    /// Where credentials come from, before they are held to one account.
    source: Option<SharedCredentialsProvider>,
    owner: Owner,
    changes: Changes,
}

impl AwsConfig {
    /// Loads what the AWS CLI would: `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`,
    /// `AWS_ENDPOINT_URL_<SERVICE>`, profiles, SSO, roles of the
    /// machine, proxies, `AWS_CA_BUNDLE`.
    ///
    /// Missing credentials are not noticed here but by the first call.
    pub async fn load(settings: AwsSettings) -> Self {
        let sdk = aws_config::defaults(behavior())
            .app_name(app_name())
            .http_client(http::from_environment())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts(&settings))
            .load()
            .await;
        Self::from_sdk(sdk, settings)
    }

    /// Talks to one endpoint with fixed credentials, whatever the environment says: for a
    /// simulated AWS, which must never become the real one because a variable is set.
    #[must_use]
    pub fn fixed(endpoint_url: &str, region: &str, access_key: &str, secret_key: &str) -> Self {
        let settings = AwsSettings::default();
        let credentials = Credentials::new(access_key, secret_key, None, None, "fixed");
        let sdk = SdkConfig::builder()
            .behavior_version(behavior())
            .app_name(app_name())
            .http_client(http::isolated())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts(&settings))
            .endpoint_url(endpoint_url)
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        Self::from_sdk(sdk, settings)
    }

    pub(crate) fn from_sdk(sdk: SdkConfig, settings: AwsSettings) -> Self {
        let (owner, changes) = (Owner::default(), Changes::default());
        let source = sdk.credentials_provider();
        let sdk = match source.clone() {
            Some(inner) => {
                let guarded = OfOneAccount {
                    inner,
                    sdk: sdk.clone(),
                    owner: owner.clone(),
                    changes: changes.clone(),
                };
                sdk.into_builder()
                    .credentials_provider(SharedCredentialsProvider::new(guarded))
                    .build()
            }
            None => sdk,
        };
        Self {
            sdk: Arc::new(sdk),
            settings,
            role: None,
            source,
            owner,
            changes,
        }
    }

    /// The same configuration for one scope: with credentials of its own, which are checked by the
    /// region's own STS, so that another region's trouble or another account's renewal is not its.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        let mut sdk = (*self.sdk).to_builder();
        sdk.set_region(Some(Region::new(region.to_owned())));
        sdk.set_credentials_provider(self.source.clone());
        Self::from_sdk(sdk.build(), self.settings).with_role(self.role.clone())
    }

    /// The same configuration, with a way into other accounts.
    #[must_use]
    pub fn with_role(mut self, role: Option<AssumeRole>) -> Self {
        self.role = role;
        self
    }

    /// The configuration that reaches another account by its role; `None` when nobody said how.
    ///
    /// The role is assumed when the first call needs it, and again before its hour is over. Keep
    /// what this returns: each has credentials of its own.
    #[must_use]
    pub fn assuming(&self, region: &str, account: &str) -> Option<Self> {
        let how = self.role.as_ref()?;
        let role = how.template.role_in(account);
        let assumer = RoleAssumer::new(&self.sdk, region, role, how);
        let sdk = self
            .sdk
            .to_builder()
            .credentials_provider(SharedCredentialsProvider::new(assumer))
            .region(Region::new(region.to_owned()))
            .build();
        Some(Self::from_sdk(sdk, self.settings))
    }

    /// A number that grows whenever credentials were fetched anew or refused by AWS: a reason to
    /// ask [`AwsConfig::identity`] again.
    #[must_use]
    pub fn credential_changes(&self) -> u64 {
        self.changes.count()
    }

    /// The same configuration with other bounds.
    #[must_use]
    pub fn with_settings(&self, settings: AwsSettings) -> Self {
        let sdk = (*self.sdk)
            .to_builder()
            .timeout_config(timeouts(&settings))
            .build();
        Self {
            sdk: Arc::new(sdk),
            settings,
            role: self.role.clone(),
            source: self.source.clone(),
            owner: self.owner.clone(),
            changes: self.changes.clone(),
        }
    }

    /// The cloud of one scope. Every S3 call says that it expects `account` to own the bucket.
    #[must_use]
    pub fn cloud(&self, region: &str, account: &str) -> AwsCloud {
        AwsCloud::new(self.clients(region, account), self.settings)
    }

    /// Asks STS in `region` who these credentials are. From then on no others are used: see
    /// [`WRONG_ACCOUNT`](crate::WRONG_ACCOUNT).
    ///
    /// # Errors
    ///
    /// Fails when there are no credentials or STS does not answer.
    pub async fn identity(&self, region: &str) -> Result<Identity, ApplyError> {
        let clients = Arc::new(self.clients(region, ""));
        let identity = identity(&Reader::new(&clients, self.settings)).await?;
        self.owner.learn(&identity.account);
        Ok(identity)
    }

    fn clients(&self, region: &str, account: &str) -> Clients {
        Clients::new(&self.sdk, region, account, self.changes.clone())
    }

    /// The region that the environment or the profile names.
    #[must_use]
    pub fn default_region(&self) -> Option<String> {
        self.sdk.region().map(ToString::to_string)
    }
}

/// One client per service, for one region and account.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) appstream: aws_sdk_appstream::Client,
    pub(crate) cloudformation: aws_sdk_cloudformation::Client,
    pub(crate) tagging: aws_sdk_resourcegroupstagging::Client,
    pub(crate) scaling: aws_sdk_applicationautoscaling::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) sts: aws_sdk_sts::Client,
    pub(crate) region: String,
    pub(crate) account: String,
    pub(crate) changes: Changes,
}

impl Clients {
    fn new(sdk: &SdkConfig, region: &str, account: &str, changes: Changes) -> Self {
        let sdk = sdk
            .to_builder()
            .region(Region::new(region.to_owned()))
            .build();
        let s3 = aws_sdk_s3::config::Builder::from(&sdk)
            .force_path_style(has_s3_endpoint(&sdk))
            .build();
        Self {
            appstream: aws_sdk_appstream::Client::new(&sdk),
            cloudformation: aws_sdk_cloudformation::Client::new(&sdk),
            tagging: aws_sdk_resourcegroupstagging::Client::new(&sdk),
            scaling: aws_sdk_applicationautoscaling::Client::new(&sdk),
            s3: aws_sdk_s3::Client::from_conf(s3),
            iam: aws_sdk_iam::Client::new(&sdk),
            sts: aws_sdk_sts::Client::new(&sdk),
            region: region.to_owned(),
            account: account.to_owned(),
            changes,
        }
    }
}

/// Whether anybody set an endpoint that S3 would use. Behind one, `bucket.host` rarely resolves,
/// so the bucket goes into the path.
fn has_s3_endpoint(sdk: &SdkConfig) -> bool {
    let for_s3 = || {
        let key = ServiceConfigKey::builder()
            .service_id("S3")
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok()?;
        sdk.service_config()?.load_config(key)
    };
    sdk.endpoint_url().is_some() || for_s3().is_some()
}

/// Pinned, so that an upgrade of the SDK changes no default under us.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// How we appear in `CloudTrail`'s user agents.
fn app_name() -> AppName {
    AppName::new("streamkeeper").expect("letters only")
}

/// The SDK's own time-outs. Reads are cut here; mutating calls are cut by their deadline, and here
/// only as a second line.
fn timeouts(settings: &AwsSettings) -> TimeoutConfig {
    let call = settings.read_timeout.max(settings.mutation_timeout);
    TimeoutConfig::builder()
        .connect_timeout(settings.connect_timeout)
        .operation_attempt_timeout(call)
        .operation_timeout(call)
        .build()
}

#[cfg(test)]
mod tests;
