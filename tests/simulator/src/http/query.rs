//! Speaks the query protocol, for `CloudFormation`, IAM and the Security Token Service.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::{Map, Value};

use super::credentials::CredentialError;
use super::dispatch::Origin;
use crate::{Call, Delivery, Service, ServiceError, Simulator, lost_answer_code};

/// A service's namespace; its last part is the API version.
const fn namespace(service: Service) -> &'static str {
    match service {
        Service::CloudFormation => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
        Service::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
        // The others do not speak this protocol.
        Service::Sts
        | Service::AppStream
        | Service::Tagging
        | Service::AutoScaling
        | Service::S3 => "https://sts.amazonaws.com/doc/2011-06-15/",
    }
}

/// The service of this protocol that a request is signed for.
fn service_of(signing_name: &str) -> Service {
    if signing_name == Service::CloudFormation.signing_name() {
        Service::CloudFormation
    } else if signing_name == Service::Iam.signing_name() {
        Service::Iam
    } else {
        Service::Sts
    }
}

/// Whether a request without a form names its action in the URL.
pub(super) fn is(parts: &Parts) -> bool {
    parameter(parts.uri.query().unwrap_or_default(), "Action").is_some()
}

/// Lets the model answer, and writes what it says as XML.
pub(super) fn answer(
    simulator: &Simulator,
    origin: Origin,
    parts: &Parts,
    body: &[u8],
) -> (Response<Full<Bytes>>, Delivery) {
    let service = service_of(&origin.service);
    let form = std::str::from_utf8(body).unwrap_or_default();
    let in_url = parts.uri.query().unwrap_or_default();
    let Some(action) = parameter(form, "Action").or_else(|| parameter(in_url, "Action")) else {
        let error = ServiceError::new("MissingAction", "the request names no action");
        return (refuse(service, &error, ""), Delivery::Answer);
    };
    let exchange = simulator.exchange(&Call {
        service,
        operation: action.to_owned(),
        region: origin.region,
        caller: Some(origin.caller),
        input: Value::Object(inputs(form, in_url)),
    });
    let id = &exchange.request_id;
    let response = match (exchange.delivery, &exchange.result) {
        (Delivery::Status(status), _) => {
            let code = lost_answer_code(status);
            refuse(service, &ServiceError::with_status(code, "", status), id)
        }
        (_, Ok(output)) => respond(service, action, output, id),
        (_, Err(error)) => refuse(service, error, id),
    };
    (response, exchange.delivery)
}

/// The answer to a request without usable credentials.
pub(super) fn refuse_credentials(error: CredentialError) -> Response<Full<Bytes>> {
    let (code, message) = match error {
        CredentialError::Missing => (
            "MissingAuthenticationToken",
            "Request is missing Authentication Token",
        ),
        CredentialError::Malformed => (
            "IncompleteSignature",
            "Authorization header requires 'Credential' parameter of Signature Version 4.",
        ),
        CredentialError::Expired => (
            "ExpiredToken",
            "The security token included in the request is expired",
        ),
    };
    let error = ServiceError::with_status(code, message, 403);
    refuse(Service::Sts, &error, "")
}

fn respond(service: Service, action: &str, output: &Value, id: &str) -> Response<Full<Bytes>> {
    let result = elements(output);
    let namespace = namespace(service);
    xml(
        StatusCode::OK,
        format!(
            "<{action}Response xmlns=\"{namespace}\"><{action}Result>{result}</{action}Result>\
             <ResponseMetadata>{}</ResponseMetadata></{action}Response>",
            element("RequestId", id),
        ),
        id,
    )
}

fn refuse(service: Service, error: &ServiceError, id: &str) -> Response<Full<Bytes>> {
    let namespace = namespace(service);
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let fault = if status.is_server_error() {
        "Receiver"
    } else {
        "Sender"
    };
    xml(
        status,
        format!(
            "<ErrorResponse xmlns=\"{namespace}\"><Error>{}{}{}</Error>{}</ErrorResponse>",
            element("Type", fault),
            element("Code", &error.code),
            element("Message", &error.message),
            element("RequestId", id),
        ),
        id,
    )
}

fn xml(status: StatusCode, body: String, id: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

/// The members of a structure, or of a list; every one is a string, a structure or a list again.
fn elements(value: &Value) -> String {
    let element = |member: &str, value: &Value| match value.as_str() {
        Some(text) => element(member, text),
        None => format!("<{member}>{}</{member}>", elements(value)),
    };
    match value {
        Value::Array(items) => items.iter().map(|item| element("member", item)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(member, value)| element(member, value))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => String::new(),
    }
}

/// The input's members, which are flat. A form has nothing but texts, so the one number is
/// recognised by its name.
fn inputs(form: &str, in_url: &str) -> Map<String, Value> {
    let pairs = form.split('&').chain(in_url.split('&'));
    let mut input = Map::new();
    for (member, value) in pairs.filter_map(|pair| pair.split_once('=')) {
        let text = decoded(value);
        let value = match text.parse::<i64>() {
            Ok(number) if member == "DurationSeconds" => Value::from(number),
            Ok(_) | Err(_) => Value::from(text),
        };
        input.insert(member.to_owned(), value);
    }
    input
}

/// A form's value without its escapes.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next(), rest.next()].map(Option::unwrap_or_default);
                let digits = std::str::from_utf8(&digits).unwrap_or_default();
                bytes.push(u8::from_str_radix(digits, 16).unwrap_or(b'?'));
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn element(name: &str, text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!("<{name}>{text}</{name}>")
}

/// A parameter of a form. Actions hold no character that a form escapes.
fn parameter<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    form.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then_some(value)
    })
}
