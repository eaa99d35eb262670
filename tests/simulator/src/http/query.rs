//! Speaks the query protocol, for the Security Token Service.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::{Map, Value};

use super::credentials::CredentialError;
use super::dispatch::Origin;
use crate::{Call, Delivery, Service, ServiceError, Simulator, lost_answer_code};

/// STS's namespace; its last part is the API version.
const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

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
    let form = std::str::from_utf8(body).unwrap_or_default();
    let in_url = parts.uri.query().unwrap_or_default();
    let Some(action) = parameter(form, "Action").or_else(|| parameter(in_url, "Action")) else {
        let error = ServiceError::new("MissingAction", "the request names no action");
        return (refuse(&error, ""), Delivery::Answer);
    };
    let exchange = simulator.exchange(&Call {
        service: Service::Sts,
        operation: action.to_owned(),
        region: origin.region,
        caller: Some(origin.caller),
        input: Value::Object(Map::new()),
    });
    let id = &exchange.request_id;
    let response = match (exchange.delivery, &exchange.result) {
        (Delivery::Status(status), _) => {
            let code = lost_answer_code(status);
            refuse(&ServiceError::with_status(code, "", status), id)
        }
        (_, Ok(output)) => respond(action, output, id),
        (_, Err(error)) => refuse(error, id),
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
    };
    refuse(&ServiceError::with_status(code, message, 403), "")
}

fn respond(action: &str, output: &Value, id: &str) -> Response<Full<Bytes>> {
    let mut result = String::new();
    for (member, value) in output.as_object().into_iter().flatten() {
        // Every member of the one output the model has, GetCallerIdentity's, is a string.
        let text = value.as_str().unwrap_or_default();
        result.push_str(&element(member, text));
    }
    xml(
        StatusCode::OK,
        format!(
            "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{result}</{action}Result>\
             <ResponseMetadata>{}</ResponseMetadata></{action}Response>",
            element("RequestId", id),
        ),
        id,
    )
}

fn refuse(error: &ServiceError, id: &str) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let fault = if status.is_server_error() {
        "Receiver"
    } else {
        "Sender"
    };
    xml(
        status,
        format!(
            "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error>{}{}{}</Error>{}</ErrorResponse>",
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
