//! Looks at and changes one AWS scope through the SDK: [`Cloud`] for an account and a region.
//!
//! ```text
//!   environment, profiles ─► AwsConfig ─► AwsCloud (account × region)
//!                                           │ observe: paged reads ─► convert ─► ObservedWorld
//!                                           └ apply:   convert ─► one call ─► classified error
//! ```
//!
//! # Invariants
//!
//! - A mutating call is sent once: the SDK's own retries are off for every client here.
//! - Each call has a time-out, each look a deadline, each list a bound on its pages.
//! - What could not be read is Unknown with its reason, never Absent.
//!
//! # What is deliberately absent
//!
//! The SDK's waiters: they know states that do not exist and fail on ones that pass. Decisions:
//! an [`Action`] leaves none to make.

mod apply;
mod client;
mod convert;
mod credentials;
mod error;
mod http;
mod observe;
pub mod operations;
mod streaming;
#[cfg(test)]
mod stub;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use streamkeeper_core::action::Action;
use streamkeeper_core::cloud::{Applied, ApplyError, Cloud, Identity, ObserveRequest};
use streamkeeper_core::observed::{Observed, ObservedWorld};

use client::Clients;
pub use client::{AwsConfig, AwsSettings};
pub use credentials::{AssumeRole, ExternalId, RoleTemplate, WRONG_ACCOUNT};
use observe::Reader;
pub use streaming::{StreamingRequest, StreamingUrl};

/// The cloud of one scope. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AwsCloud {
    clients: Arc<Clients>,
    settings: AwsSettings,
}

impl AwsCloud {
    pub(crate) fn new(clients: Clients, settings: AwsSettings) -> Self {
        Self {
            clients: Arc::new(clients),
            settings,
        }
    }

    /// The same cloud with another deadline for mutating calls: what is left of the lease, less a
    /// margin, so that no answer is waited for that we may no longer act upon.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self {
            clients: Arc::clone(&self.clients),
            settings: AwsSettings {
                mutation_timeout: deadline,
                ..self.settings
            },
        }
    }

    /// The bucket in which AppStream keeps people's home folders, without a look at its policy.
    pub async fn home_bucket(&self) -> Observed<String> {
        observe::find_home(&Reader::new(&self.clients, self.settings)).await
    }

    /// Asks for a URL by which one person gets onto a fleet, without a password.
    ///
    /// Nothing changes in AWS until somebody opens it, so it is asked for as reads are: again,
    /// when the error is one that passes by itself.
    ///
    /// # Errors
    ///
    /// Fails with the class that says what to do next.
    pub async fn streaming_url(
        &self,
        request: &StreamingRequest<'_>,
    ) -> Result<StreamingUrl, ApplyError> {
        streaming::url(&Reader::new(&self.clients, self.settings), request).await
    }

    /// The account this cloud expects to talk to.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.clients.account
    }

    /// The region it talks to.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.clients.region
    }
}

impl Cloud for AwsCloud {
    async fn identity(&self) -> Result<Identity, ApplyError> {
        observe::identity(&Reader::new(&self.clients, self.settings)).await
    }

    async fn observe(&self, request: &ObserveRequest) -> ObservedWorld {
        // A look is many calls deep: without the box its type would be part of every future that
        // awaits one, deeper than the compiler follows.
        let reader = Reader::new(&self.clients, self.settings);
        let look: Pin<Box<dyn Future<Output = _> + Send>> =
            Box::pin(observe::observe(&reader, request));
        look.await
    }

    async fn apply(&self, action: &Action) -> Result<Applied, ApplyError> {
        let outcome = apply::apply(&self.clients, self.settings.mutation_timeout, action).await;
        outcome.inspect_err(|error| self.clients.changes.note_refusal(error))
    }
}
