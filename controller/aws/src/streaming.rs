//! Asks AppStream for streaming URLs, and keeps them out of everything that is written.
//!
//! # Invariants
//!
//! - A streaming URL is a password. The SDK does not know: its `Debug` and its trace events show
//!   the whole answer. So the call is made where no subscriber listens, and our own type hides it.

use std::fmt;

use streamkeeper_core::cloud::{ApplyError, ErrorClass};
use streamkeeper_core::environment::Timestamp;
use streamkeeper_core::streaming::{UserId, Validity};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use crate::observe::Reader;

/// Who wants to get onto which fleet.
#[derive(Debug, Clone, Copy)]
pub struct StreamingRequest<'a> {
    /// The stack they come through.
    pub stack: &'a str,
    /// The fleet they get onto.
    pub fleet: &'a str,
    /// The person.
    pub user: &'a UserId,
    /// How long the URL can be opened.
    pub validity: Validity,
    /// The application that starts with the session, `Desktop` for the desktop.
    pub application: Option<&'a str>,
    /// What the session's applications are told; AppStream hands it on as it is.
    pub session_context: Option<&'a str>,
}

/// A way in. Printed by `Debug`, it is `***`.
#[derive(Clone)]
pub struct StreamingUrl {
    url: String,
    /// Until when it can be opened.
    pub expires: Timestamp,
}

impl StreamingUrl {
    /// The URL itself, for the one person it is for.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.url
    }
}

impl fmt::Debug for StreamingUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamingUrl")
            .field("url", &"***")
            .field("expires", &self.expires)
            .finish()
    }
}

pub(crate) async fn url(
    reader: &Reader,
    request: &StreamingRequest<'_>,
) -> Result<StreamingUrl, ApplyError> {
    let StreamingRequest {
        stack,
        fleet,
        user,
        validity,
        application,
        session_context,
    } = *request;
    let call = reader.clients.appstream.create_streaming_url();
    let call = call
        .stack_name(stack)
        .fleet_name(fleet)
        .user_id(user.as_str())
        .validity(i64::from(validity.seconds()))
        .set_application_id(application.map(str::to_owned))
        .set_session_context(session_context.map(str::to_owned));
    let answer = reader
        .call("CreateStreamingURL", || call.clone().send())
        .with_subscriber(NoSubscriber::default())
        .await?;
    let expires = answer
        .expires
        .and_then(|expires| Timestamp::from_timestamp(expires.secs(), expires.subsec_nanos()));
    match (answer.streaming_url, expires) {
        (Some(url), Some(expires)) => Ok(StreamingUrl { url, expires }),
        _ => Err(ApplyError {
            class: ErrorClass::Unexpected,
            code: "IncompleteAnswer".to_owned(),
            message: "CreateStreamingURL answered without a URL or without its end".to_owned(),
            request_id: None,
        }),
    }
}
