//! Classifies every code, and every way in which an answer fails to come.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_appstream::operation::start_fleet::StartFleetError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use streamkeeper_core::action::Action;
use streamkeeper_core::cloud::Cloud;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;
use crate::stub::{Stub, read_request};
use crate::{AwsCloud, AwsConfig, AwsSettings};

fn answered(code: Option<&str>, status: u16) -> ApplyError {
    let mut meta = ErrorMetadata::builder().message("words");
    if let Some(code) = code {
        meta = meta.code(code);
    }
    let error = StartFleetError::generic(meta.build());
    let mut raw = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
    raw.headers_mut().insert("x-amzn-requestid", "id-1");
    from_sdk(&SdkError::service_error(error, raw))
}

#[test]
fn every_appstream_code_has_its_class() {
    use ErrorClass::*;
    for (code, class) in [
        ("ConcurrentModificationException", NotReady),
        ("DryRunOperationException", Unexpected),
        ("EntitlementAlreadyExistsException", AlreadyThere),
        ("EntitlementNotFoundException", Gone),
        ("IncompatibleImageException", Invalid),
        ("InvalidAccountStatusException", Denied),
        ("InvalidParameterCombinationException", Invalid),
        ("InvalidRoleException", Denied),
        ("LimitExceededException", Limit),
        ("OperationNotPermittedException", NotReady),
        ("RequestLimitExceededException", Throttled),
        ("ResourceAlreadyExistsException", AlreadyThere),
        ("ResourceInUseException", NotReady),
        ("ResourceNotAvailableException", Gone),
        ("ResourceNotFoundException", Gone),
        // Not in the model, and seen all the same.
        ("InvalidParameterValueException", Invalid),
        ("ThrottlingException", Throttled),
        ("ValidationException", Invalid),
        ("AccessDeniedException", Denied),
        ("ExpiredTokenException", Denied),
        ("UnrecognizedClientException", Denied),
        ("InternalFailure", Unknown),
        ("ServiceUnavailableException", Unknown),
        // S3.
        ("NoSuchBucket", Gone),
        ("NoSuchBucketPolicy", Gone),
        ("MalformedPolicy", Gone),
        ("NoSuchEntity", Gone),
        ("OperationAborted", NotReady),
        ("SlowDown", Throttled),
        ("InternalError", Unknown),
        ("RequestTimeout", Unknown),
    ] {
        assert_eq!(class_of(code), Some(class), "{code}");
        assert_eq!(answered(Some(code), 400).class, class, "{code} by answer");
    }
}

#[test]
fn no_code_is_in_two_classes() {
    let tables = [
        THROTTLED,
        NOT_READY,
        GONE,
        ALREADY_THERE,
        LIMIT,
        DENIED,
        INVALID,
        UNKNOWN,
        UNEXPECTED,
    ];
    let mut codes: Vec<_> = tables.into_iter().flatten().collect();
    let all = codes.len();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), all);
}

#[test]
fn the_code_decides_and_not_the_status() {
    for status in [400, 404, 500, 503] {
        let error = answered(Some("ResourceNotFoundException"), status);
        assert_eq!(error.class, ErrorClass::Gone, "{status}");
    }
    // S3 refuses with 503 what it did not take on.
    assert_eq!(answered(Some("SlowDown"), 503).class, ErrorClass::Throttled);
}

#[test]
fn a_code_we_do_not_know_is_a_definite_no_unless_aws_failed_inside() {
    assert_eq!(answered(Some("New"), 400).class, ErrorClass::Unexpected);
    assert_eq!(answered(Some("New"), 500).class, ErrorClass::Unknown);
}

#[test]
fn an_answer_without_a_code_proves_nothing() {
    for status in [400, 403, 500, 502] {
        let error = answered(None, status);
        assert_eq!(error.class, ErrorClass::Unknown, "{status}");
        assert_eq!(error.code, format!("Http{status}"));
    }
}

#[test]
fn words_and_request_id_are_kept() {
    let error = answered(Some("LimitExceededException"), 400);
    assert_eq!(error.message, "words");
    assert_eq!(error.request_id.as_deref(), Some("id-1"));
    assert_eq!(
        reason("DescribeFleets", "fleet/cfd", &error),
        "DescribeFleets fleet/cfd: LimitExceededException: words (request id-1)"
    );
}

fn cloud(url: &str) -> AwsCloud {
    cloud_with(url, AwsSettings::default())
}

fn cloud_with(url: &str, settings: AwsSettings) -> AwsCloud {
    AwsConfig::fixed(url, "eu-west-1", "test", "test")
        .with_settings(settings)
        .cloud("eu-west-1", "123456789012")
}

async fn start(cloud: &AwsCloud) -> ApplyError {
    let action = Action::StartFleet {
        name: "cfd".to_owned(),
    };
    cloud.apply(&action).await.unwrap_err()
}

#[tokio::test]
async fn a_refused_connection_is_a_definite_no() {
    // Bound and dropped: nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);

    let error = start(&cloud(&url)).await;
    assert_eq!(error.code, "ConnectionFailed", "{error}");
    assert_eq!(error.class, ErrorClass::NotReady);
    assert!(error.message.contains("refused"), "{error}");
}

#[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
#[tokio::test]
async fn a_failed_tls_handshake_is_a_definite_no() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"not TLS at all").await.unwrap();
    });
    let error = start(&cloud(&url)).await;
    assert_eq!(error.code, "ConnectionFailed", "{error}");
    assert_eq!(error.class, ErrorClass::NotReady);
}

#[tokio::test]
async fn a_connection_that_does_not_come_in_time_is_a_definite_no() {
    // The kernel takes the connection, and nobody answers the TLS greeting.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let settings = AwsSettings {
        connect_timeout: Duration::from_millis(100),
        ..AwsSettings::default()
    };
    let error = start(&cloud_with(&url, settings)).await;
    assert_eq!(error.code, "ConnectionFailed", "{error}");
    assert_eq!(error.class, ErrorClass::NotReady);
}

#[tokio::test]
async fn a_connection_that_ends_after_the_request_leaves_it_unknown() {
    let stub = Stub::hanging_up().await;
    let error = start(&cloud(&stub.url)).await;
    assert_eq!(error.class, ErrorClass::Unknown, "{error}");
    assert_eq!(error.code, "ConnectionLost");
    assert_eq!(stub.requests(), 1, "sent once");
}

/// An idle connection is the one place where HTTP clients repeat requests on their own.
#[tokio::test]
async fn a_reused_connection_that_ends_after_the_request_is_not_retried_either() {
    let answer = b"HTTP/1.1 200 OK\r\nsmithy-protocol: rpc-v2-cbor\r\n\
        content-type: application/cbor\r\ncontent-length: 1\r\n\r\n\xa0";
    let seconds = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seconds);
    let stub = Stub::new(move |mut stream| {
        let seconds = Arc::clone(&counted);
        async move {
            stream.write_all(answer).await.unwrap();
            read_request(&mut stream).await;
            seconds.fetch_add(1, Ordering::SeqCst);
        }
    })
    .await;
    let cloud = cloud(&stub.url);
    let action = Action::StartFleet {
        name: "cfd".to_owned(),
    };
    cloud.apply(&action).await.unwrap();
    let error = start(&cloud).await;
    assert_eq!(error.class, ErrorClass::Unknown, "{error}");
    assert_eq!(
        stub.requests(),
        1,
        "the second went over the first's connection"
    );
    assert_eq!(seconds.load(Ordering::SeqCst), 1, "sent once");
}

#[expect(clippy::disallowed_methods, reason = "measures real time")]
#[tokio::test]
async fn silence_until_the_deadline_leaves_it_unknown() {
    let stub = Stub::silent().await;
    let deadline = Duration::from_millis(200);
    let began = Instant::now();
    let error = start(&cloud(&stub.url).with_deadline(deadline)).await;
    assert_eq!(error.class, ErrorClass::Unknown, "{error}");
    assert_eq!(error.code, "Timeout");
    assert!(began.elapsed() >= deadline);
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(stub.requests(), 1, "sent once");
}

#[tokio::test]
async fn answers_that_say_nothing_leave_it_unknown_and_are_not_retried() {
    for answer in [
        "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\n\r\noops",
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\ncut off",
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>",
        "not HTTP at all\r\n\r\n",
    ] {
        let stub = Stub::answering(answer).await;
        let error = start(&cloud(&stub.url)).await;
        assert_eq!(error.class, ErrorClass::Unknown, "{answer}: {error}");
        assert_eq!(stub.requests(), 1, "{answer}: sent once");
    }
}

#[derive(Debug)]
struct NoCredentials;

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("none here")))
    }
}

#[tokio::test]
async fn missing_credentials_are_a_denial_and_nothing_is_sent() {
    let stub = Stub::silent().await;
    let settings = AwsSettings::default();
    let sdk = SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
        .http_client(crate::http::isolated())
        .endpoint_url(&stub.url)
        .region(Region::new("eu-west-1"))
        .credentials_provider(
            aws_credential_types::provider::SharedCredentialsProvider::new(NoCredentials),
        )
        .build();
    let cloud = AwsConfig::from_sdk(sdk, settings).cloud("eu-west-1", "123456789012");
    let error = start(&cloud).await;
    assert_eq!(error.class, ErrorClass::Denied, "{error}");
    assert_eq!(error.code, "NoCredentials");
    assert!(error.message.contains("none here"), "{error}");
    let error = cloud.identity().await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Denied, "{error}");
    assert_eq!(stub.requests(), 0);
}
