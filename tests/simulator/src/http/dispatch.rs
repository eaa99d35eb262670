//! Tells from a request which service it is for, and lets the model answer it.
//!
//! One listener serves every service, as clients with one `AWS_ENDPOINT_URL` expect:
//!
//! ```text
//!   X-Amz-Target: <service>.<operation>          ─► awsJson 1.1 ─┐
//!   POST /service/<service>/operation/<op>, CBOR ─► RPC v2 ──────┤
//!   POST / as a form with Action=…               ─► query ───────┼─► Simulator::exchange ─► delivery
//!   everything else                              ─► S3, path style┘
//! ```

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};

use super::credentials::{CredentialError, CredentialScope};
use super::rpc::Target;
use super::s3::S3Front;
use super::server::Reply;
use super::{query, rpc};
use crate::{Caller, Delivery, Simulator};

/// Largest request body. AWS's own limits are smaller for every operation the model has.
const BODY_LIMIT: u64 = 8 * 1024 * 1024;

/// Who calls, and where.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// The region the client signed for.
    pub(super) region: String,
    /// The service it signed for, by its signing name.
    pub(super) service: String,
    /// Whose credentials it signed with.
    pub(super) caller: Caller,
}

/// The wire format that a request is in, and that its answer has to be in.
#[derive(Debug)]
enum Route {
    Rpc(Target),
    Query,
    S3,
}

/// Everything behind the listener.
#[derive(Debug)]
pub(super) struct Front {
    simulator: Simulator,
    s3: S3Front,
}

impl Front {
    pub(super) fn new(simulator: Simulator) -> Self {
        let s3 = S3Front::new(simulator.clone());
        Self { simulator, s3 }
    }

    /// Answers one request, or does with it what a fault says.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Reply {
        let (parts, body) = request.into_parts();
        let route = Route::of(&parts);
        // Refused by its announcement, a large body need not even be sent.
        if body.size_hint().lower() > BODY_LIMIT {
            return Reply::Answer(too_large());
        }
        let limit = usize::try_from(BODY_LIMIT).unwrap_or(usize::MAX);
        let body = match Limited::new(body, limit).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Reply::Answer(too_large()),
            // The client went away in the middle of its request.
            Err(_) => return Reply::Reset,
        };
        let origin = match self.origin(&parts) {
            Ok(origin) => origin,
            Err(error) => return Reply::Answer(route.refuse_credentials(error)),
        };
        let (response, delivery) = match route {
            Route::Rpc(target) => rpc::answer(&self.simulator, origin, &target, &body),
            Route::Query => query::answer(&self.simulator, origin, &parts, &body),
            Route::S3 => self.s3.answer(origin, parts, body).await,
        };
        deliver(response, delivery).await
    }

    fn origin(&self, parts: &Parts) -> Result<Origin, CredentialError> {
        let scope = CredentialScope::from_headers(&parts.headers)?;
        if self.simulator.has_expired(&scope.access_key) {
            return Err(CredentialError::Expired);
        }
        Ok(Origin {
            caller: self.simulator.caller_of(&scope.access_key),
            region: scope.region,
            service: scope.service,
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the delay is what was asked for")]
async fn deliver(response: Response<Full<Bytes>>, delivery: Delivery) -> Reply {
    match delivery {
        Delivery::Answer | Delivery::Status(_) => Reply::Answer(response),
        Delivery::Delay(delay) => {
            // In real time, because the client's own time-out is.
            tokio::time::sleep(delay).await;
            Reply::Answer(response)
        }
        Delivery::Timeout => Reply::Withhold,
        Delivery::Reset => Reply::Reset,
    }
}

impl Route {
    fn of(parts: &Parts) -> Self {
        if let Some(target) = Target::of(parts) {
            return Self::Rpc(target);
        }
        let is_form = parts
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        if parts.uri.path() == "/" && (is_form && parts.method == Method::POST || query::is(parts))
        {
            return Self::Query;
        }
        Self::S3
    }

    fn refuse_credentials(&self, error: CredentialError) -> Response<Full<Bytes>> {
        match self {
            Self::Rpc(target) => rpc::refuse_credentials(target, error),
            Self::Query => query::refuse_credentials(error),
            Self::S3 => S3Front::refuse_credentials(error),
        }
    }
}

fn too_large() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from("the request is too large"));
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    response
}
