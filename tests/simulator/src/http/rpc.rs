//! Speaks awsJson 1.1 and Smithy's RPC v2 with CBOR, for AppStream and the tagging API.
//!
//! Both name the operation and carry one document each way; they differ in where the name stands,
//! in the encoding, in how an error is named, and in its status.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Map, Value, json};

use super::cbor;
use super::credentials::CredentialError;
use super::dispatch::Origin;
use crate::{Call, Delivery, Service, ServiceError, Simulator, lost_answer_code};

/// AppStream's name in both protocols.
const APPSTREAM: &str = "PhotonAdminProxyService";
/// The tagging API's name in both protocols.
const TAGGING: &str = "ResourceGroupsTaggingAPI_20170126";

/// Application Auto Scaling's name in awsJson, the one protocol it speaks.
const SCALING: &str = "AnyScaleFrontendService";

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Json,
    Cbor,
}

/// The operation a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    encoding: Encoding,
    /// `None` for a service the simulator does not have.
    service: Option<Service>,
    operation: String,
}

impl Target {
    /// Reads the target of an RPC request; `None` when it is of another kind.
    pub(super) fn of(parts: &Parts) -> Option<Self> {
        if let Some(target) = parts.headers.get("x-amz-target") {
            let target = target.to_str().unwrap_or_default();
            let (service, operation) = target.split_once('.').unwrap_or((target, ""));
            return Some(Self::new(Encoding::Json, service, operation));
        }
        if parts.method != Method::POST {
            return None;
        }
        let path = parts.uri.path().strip_prefix("/service/")?;
        let (service, operation) = path.split_once("/operation/")?;
        // The header tells an RPC call from an S3 object of such a name.
        let protocol = parts.headers.get("smithy-protocol")?;
        (protocol == "rpc-v2-cbor").then(|| Self::new(Encoding::Cbor, service, operation))
    }

    fn new(encoding: Encoding, service: &str, operation: &str) -> Self {
        let service = match service {
            APPSTREAM => Some(Service::AppStream),
            TAGGING => Some(Service::Tagging),
            SCALING => Some(Service::AutoScaling),
            _ => None,
        };
        Self {
            encoding,
            service,
            operation: operation.to_owned(),
        }
    }

    /// The namespace of the service's shapes, by which RPC v2 names an error in full.
    const fn namespace(&self) -> &'static str {
        match self.service {
            Some(Service::AppStream) => "com.amazonaws.appstream",
            Some(Service::Tagging) => "com.amazonaws.resourcegroupstaggingapi",
            Some(
                Service::AutoScaling
                | Service::CloudFormation
                | Service::Iam
                | Service::Sts
                | Service::S3,
            )
            | None => "com.amazon.coral.service",
        }
    }
}

/// Lets the model answer, and encodes what it says.
pub(super) fn answer(
    simulator: &Simulator,
    origin: Origin,
    target: &Target,
    body: &[u8],
) -> (Response<Full<Bytes>>, Delivery) {
    let Some(service) = target.service else {
        let error = ServiceError::new("UnknownOperationException", "");
        return (refuse(target, &error, None), Delivery::Answer);
    };
    let input = match decode(target.encoding, body) {
        Ok(input) => input,
        Err(message) => {
            let error = ServiceError::new("SerializationException", message);
            return (refuse(target, &error, None), Delivery::Answer);
        }
    };
    let exchange = simulator.exchange(&Call {
        service,
        operation: target.operation.clone(),
        region: origin.region,
        caller: Some(origin.caller),
        input,
    });
    let id = Some(exchange.request_id.as_str());
    let response = match (exchange.delivery, &exchange.result) {
        (Delivery::Status(status), _) => {
            let code = lost_answer_code(status);
            let error = ServiceError::with_status(code, "", status);
            refuse(target, &error, id)
        }
        (_, Ok(output)) => respond(target, StatusCode::OK, output, id),
        (_, Err(error)) => refuse(target, error, id),
    };
    (response, exchange.delivery)
}

/// The answer to a request without usable credentials.
pub(super) fn refuse_credentials(target: &Target, error: CredentialError) -> Response<Full<Bytes>> {
    let (code, message) = match error {
        CredentialError::Missing => (
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ),
        CredentialError::Malformed => (
            "IncompleteSignatureException",
            "Authorization header requires 'Credential' parameter of Signature Version 4.",
        ),
        CredentialError::Expired => (
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
    };
    refuse(target, &ServiceError::new(code, message), None)
}

fn decode(encoding: Encoding, body: &[u8]) -> Result<Value, String> {
    match encoding {
        Encoding::Cbor => cbor::decode(body),
        Encoding::Json if body.is_empty() => Ok(Value::Object(Map::new())),
        Encoding::Json => match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Value::Object(members)),
            Ok(_) => Err("the document is not an object".to_owned()),
            Err(error) => Err(error.to_string()),
        },
    }
}

fn refuse(target: &Target, error: &ServiceError, id: Option<&str>) -> Response<Full<Bytes>> {
    let kind = match target.encoding {
        Encoding::Json => error.code.clone(),
        Encoding::Cbor => format!("{}#{}", target.namespace(), error.code),
    };
    let mut document = json!({"__type": kind});
    if !error.message.is_empty() {
        document["Message"] = Value::from(error.message.as_str());
    }
    let status = status_of(target.encoding, error);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    respond(target, status, &document, id)
}

/// AppStream's model gives two errors a status of their own; the pages of the JSON API, which are
/// older, show 400 for them too. Nobody should look at it: the code decides.
fn status_of(encoding: Encoding, error: &ServiceError) -> u16 {
    match (encoding, error.code.as_str()) {
        (Encoding::Cbor, "ResourceNotFoundException") => 404,
        (Encoding::Cbor, "DryRunOperationException") => 412,
        (Encoding::Json, "ResourceNotFoundException" | "DryRunOperationException") => 400,
        (Encoding::Json | Encoding::Cbor, _) => error.status,
    }
}

fn respond(
    target: &Target,
    status: StatusCode,
    document: &Value,
    id: Option<&str>,
) -> Response<Full<Bytes>> {
    let (body, content_type) = match target.encoding {
        Encoding::Json => (
            document.to_string().into_bytes(),
            "application/x-amz-json-1.1",
        ),
        Encoding::Cbor => (cbor::encode(document), "application/cbor"),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if target.encoding == Encoding::Cbor {
        headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    }
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(id).ok()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
