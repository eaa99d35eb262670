//! Serves the model's buckets through the `s3s` crate, which knows S3's wire format.
//!
//! # What is deliberately absent
//!
//! Everything but buckets, their policies, encryption and ownership: an operation the model lacks answers
//! `NotImplemented`, from `s3s`.

mod facts;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Extensions, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use s3s::dto::{
    Bucket, BucketLocationConstraint, DeleteBucketInput, DeleteBucketOutput,
    DeleteBucketOwnershipControlsInput, DeleteBucketOwnershipControlsOutput,
    DeleteBucketPolicyInput, DeleteBucketPolicyOutput, GetBucketEncryptionInput,
    GetBucketEncryptionOutput, GetBucketLocationInput, GetBucketLocationOutput,
    GetBucketOwnershipControlsInput, GetBucketOwnershipControlsOutput, GetBucketPolicyInput,
    GetBucketPolicyOutput, HeadBucketInput, HeadBucketOutput, ListBucketsInput, ListBucketsOutput,
    Owner, PutBucketEncryptionInput, PutBucketEncryptionOutput, PutBucketOwnershipControlsInput,
    PutBucketOwnershipControlsOutput, PutBucketPolicyInput, PutBucketPolicyOutput, Timestamp,
    TimestampFormat,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpResponse, S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use serde_json::{Value, json};

use super::credentials::CredentialError;
use super::dispatch::Origin;
use crate::{Call, Delivery, Service, ServiceError, Simulator};

/// S3 as the dispatcher sees it.
pub(super) struct S3Front {
    service: S3Service,
}

impl fmt::Debug for S3Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Front").finish_non_exhaustive()
    }
}

/// What travels with a request through `s3s`: who asks on the way in, the delivery on the way out.
#[derive(Debug, Clone)]
struct Passage {
    origin: Origin,
    outcome: Arc<Mutex<Option<Outcome>>>,
}

#[derive(Debug, Clone)]
struct Outcome {
    delivery: Delivery,
    request_id: String,
}

impl S3Front {
    pub(super) fn new(simulator: Simulator) -> Self {
        Self {
            service: S3ServiceBuilder::new(Buckets { simulator }).build(),
        }
    }

    /// Answers one request.
    pub(super) async fn answer(
        &self,
        origin: Origin,
        mut parts: Parts,
        body: Bytes,
    ) -> (Response<Full<Bytes>>, Delivery) {
        let outcome = Arc::new(Mutex::new(None));
        // `s3s` would verify the signature, and there is no secret to verify it with.
        parts.headers.remove(AUTHORIZATION);
        parts.extensions.insert(Passage {
            origin,
            outcome: Arc::clone(&outcome),
        });
        let request = Request::from_parts(parts, Body::from(body));
        let response = match self.service.call(request).await {
            Ok(response) => collect(response).await,
            Err(error) => {
                tracing::error!(error = ?error, "S3's front failed");
                empty(StatusCode::INTERNAL_SERVER_ERROR)
            }
        };
        let outcome = outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // Without one the request never reached the model: `s3s` refused it.
        let Some(outcome) = outcome else {
            return (response, Delivery::Answer);
        };
        let mut response = match outcome.delivery {
            Delivery::Status(status) => lost(status, &outcome.request_id).await,
            Delivery::Answer | Delivery::Delay(_) | Delivery::Timeout | Delivery::Reset => response,
        };
        if let Ok(id) = HeaderValue::from_str(&outcome.request_id) {
            response.headers_mut().insert("x-amz-id-2", id.clone());
            response.headers_mut().insert("x-amz-request-id", id);
        }
        (response, outcome.delivery)
    }

    /// The answer to a request without usable credentials.
    pub(super) fn refuse_credentials(error: CredentialError) -> Response<Full<Bytes>> {
        let (code, message, status) = match error {
            CredentialError::Missing => ("AccessDenied", "Access Denied", StatusCode::FORBIDDEN),
            CredentialError::Malformed => (
                "AuthorizationHeaderMalformed",
                "The authorization header that you provided is not valid.",
                StatusCode::BAD_REQUEST,
            ),
            CredentialError::Expired => (
                "ExpiredToken",
                "The provided token has expired.",
                StatusCode::BAD_REQUEST,
            ),
        };
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = status;
        let content_type = HeaderValue::from_static("application/xml");
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response
    }
}

/// The 5xx that arrives instead of an answer.
async fn lost(status: u16, request_id: &str) -> Response<Full<Bytes>> {
    let code = if status == 503 {
        "ServiceUnavailable"
    } else {
        "InternalError"
    };
    let error = ServiceError {
        code: code.to_owned(),
        message: "We encountered an internal error. Please try again.".to_owned(),
        status,
    };
    match s3_error(error, request_id).to_http_response() {
        Ok(response) => collect(response).await,
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

async fn collect(response: HttpResponse) -> Response<Full<Bytes>> {
    let (parts, body) = response.into_parts();
    match body.collect().await {
        Ok(body) => Response::from_parts(parts, Full::new(body.to_bytes())),
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn s3_error(error: ServiceError, request_id: &str) -> S3Error {
    let code = S3ErrorCode::from_bytes(error.code.as_bytes()).unwrap_or(S3ErrorCode::InternalError);
    let mut s3_error = S3Error::with_message(code, error.message);
    if let Ok(status) = StatusCode::from_u16(error.status) {
        s3_error.set_status_code(status);
    }
    s3_error.set_request_id(request_id);
    s3_error
}

/// The model's buckets in `s3s`'s words.
#[derive(Debug)]
struct Buckets {
    simulator: Simulator,
}

impl Buckets {
    fn call(&self, extensions: &Extensions, operation: &str, input: Value) -> S3Result<Value> {
        let Some(passage) = extensions.get::<Passage>() else {
            return Err(S3Error::new(S3ErrorCode::InternalError));
        };
        let call = Call {
            service: Service::S3,
            operation: operation.to_owned(),
            region: passage.origin.region.clone(),
            caller: Some(passage.origin.caller.clone()),
            input,
        };
        let exchange = self.simulator.exchange(&call);
        *passage
            .outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Outcome {
            delivery: exchange.delivery,
            request_id: exchange.request_id.clone(),
        });
        exchange.result.map_err(|error| {
            let region = (error.code == "PermanentRedirect").then(|| self.region_of(&call.input));
            let mut error = s3_error(error, &exchange.request_id);
            if let Some(Ok(region)) = region.flatten().map(|region| region.parse()) {
                error.set_headers(
                    [(HeaderName::from_static("x-amz-bucket-region"), region)]
                        .into_iter()
                        .collect(),
                );
            }
            error
        })
    }

    /// Where a bucket is. Clients that are sent away without it ask again, for ever.
    fn region_of(&self, input: &Value) -> Option<String> {
        let bucket = input["Bucket"].as_str()?;
        text(&self.simulator.snapshot()["buckets"][bucket], "Region")
    }
}

#[async_trait::async_trait]
impl S3 for Buckets {
    async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let input = request.input;
        let output = self.call(
            &request.extensions,
            "ListBuckets",
            given(json!({
                "Prefix": input.prefix,
                "MaxBuckets": input.max_buckets,
                "ContinuationToken": input.continuation_token,
                "BucketRegion": input.bucket_region,
            })),
        )?;
        let buckets = output["Buckets"].as_array().map(Vec::as_slice);
        Ok(S3Response::new(ListBucketsOutput {
            buckets: Some(buckets.unwrap_or_default().iter().map(bucket).collect()),
            continuation_token: text(&output, "ContinuationToken"),
            owner: text(&output["Owner"], "ID").map(|id| Owner {
                id: Some(id),
                ..Owner::default()
            }),
            prefix: text(&output, "Prefix"),
        }))
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        let input = request.input;
        let output = self.call(
            &request.extensions,
            "HeadBucket",
            about(&input.bucket, input.expected_bucket_owner.as_deref()),
        )?;
        Ok(S3Response::new(HeadBucketOutput {
            bucket_region: text(&output, "BucketRegion"),
            ..HeadBucketOutput::default()
        }))
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        let input = request.input;
        let output = self.call(
            &request.extensions,
            "GetBucketLocation",
            about(&input.bucket, input.expected_bucket_owner.as_deref()),
        )?;
        Ok(S3Response::new(GetBucketLocationOutput {
            location_constraint: text(&output, "LocationConstraint")
                .map(BucketLocationConstraint::from),
        }))
    }

    async fn get_bucket_policy(
        &self,
        request: S3Request<GetBucketPolicyInput>,
    ) -> S3Result<S3Response<GetBucketPolicyOutput>> {
        let input = request.input;
        let output = self.call(
            &request.extensions,
            "GetBucketPolicy",
            about(&input.bucket, input.expected_bucket_owner.as_deref()),
        )?;
        Ok(S3Response::new(GetBucketPolicyOutput {
            policy: text(&output, "Policy"),
        }))
    }

    async fn put_bucket_policy(
        &self,
        request: S3Request<PutBucketPolicyInput>,
    ) -> S3Result<S3Response<PutBucketPolicyOutput>> {
        let input = request.input;
        let mut document = about(&input.bucket, input.expected_bucket_owner.as_deref());
        document["Policy"] = Value::from(input.policy);
        self.call(&request.extensions, "PutBucketPolicy", document)?;
        Ok(S3Response::new(PutBucketPolicyOutput {}))
    }

    async fn get_bucket_encryption(
        &self,
        request: S3Request<GetBucketEncryptionInput>,
    ) -> S3Result<S3Response<GetBucketEncryptionOutput>> {
        let input = about(
            &request.input.bucket,
            request.input.expected_bucket_owner.as_deref(),
        );
        let output = self.call(&request.extensions, "GetBucketEncryption", input)?;
        Ok(S3Response::new(facts::encryption(&output)))
    }

    async fn put_bucket_encryption(
        &self,
        request: S3Request<PutBucketEncryptionInput>,
    ) -> S3Result<S3Response<PutBucketEncryptionOutput>> {
        let input = facts::put_encryption(&request.input);
        self.call(&request.extensions, "PutBucketEncryption", input)?;
        Ok(S3Response::new(PutBucketEncryptionOutput {}))
    }

    async fn get_bucket_ownership_controls(
        &self,
        request: S3Request<GetBucketOwnershipControlsInput>,
    ) -> S3Result<S3Response<GetBucketOwnershipControlsOutput>> {
        let input = about(
            &request.input.bucket,
            request.input.expected_bucket_owner.as_deref(),
        );
        let output = self.call(&request.extensions, "GetBucketOwnershipControls", input)?;
        Ok(S3Response::new(facts::ownership(&output)))
    }

    async fn put_bucket_ownership_controls(
        &self,
        request: S3Request<PutBucketOwnershipControlsInput>,
    ) -> S3Result<S3Response<PutBucketOwnershipControlsOutput>> {
        let input = facts::put_ownership(&request.input);
        self.call(&request.extensions, "PutBucketOwnershipControls", input)?;
        Ok(S3Response::new(PutBucketOwnershipControlsOutput {}))
    }

    async fn delete_bucket_ownership_controls(
        &self,
        request: S3Request<DeleteBucketOwnershipControlsInput>,
    ) -> S3Result<S3Response<DeleteBucketOwnershipControlsOutput>> {
        let input = about(
            &request.input.bucket,
            request.input.expected_bucket_owner.as_deref(),
        );
        self.call(&request.extensions, "DeleteBucketOwnershipControls", input)?;
        Ok(S3Response::new(DeleteBucketOwnershipControlsOutput {}))
    }

    async fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        let input = request.input;
        self.call(
            &request.extensions,
            "DeleteBucket",
            about(&input.bucket, input.expected_bucket_owner.as_deref()),
        )?;
        Ok(S3Response::new(DeleteBucketOutput {}))
    }

    async fn delete_bucket_policy(
        &self,
        request: S3Request<DeleteBucketPolicyInput>,
    ) -> S3Result<S3Response<DeleteBucketPolicyOutput>> {
        let input = request.input;
        self.call(
            &request.extensions,
            "DeleteBucketPolicy",
            about(&input.bucket, input.expected_bucket_owner.as_deref()),
        )?;
        Ok(S3Response::new(DeleteBucketPolicyOutput {}))
    }
}

fn bucket(document: &Value) -> Bucket {
    Bucket {
        name: text(document, "Name"),
        bucket_region: text(document, "BucketRegion"),
        creation_date: document["CreationDate"].as_f64().and_then(timestamp),
    }
}

/// The input of an operation on one bucket.
fn about(bucket: &str, expected_owner: Option<&str>) -> Value {
    given(json!({"Bucket": bucket, "ExpectedBucketOwner": expected_owner}))
}

/// Leaves out members that were not sent.
fn given(mut input: Value) -> Value {
    if let Some(members) = input.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    input
}

fn text(document: &Value, member: &str) -> Option<String> {
    document[member].as_str().map(str::to_owned)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds of any date that S3 shows fit"
)]
fn timestamp(seconds: f64) -> Option<Timestamp> {
    let moment = DateTime::from_timestamp_millis((seconds * 1000.0).round() as i64)?;
    let text = moment.to_rfc3339_opts(SecondsFormat::Millis, true);
    Timestamp::parse(TimestampFormat::DateTime, &text).ok()
}
