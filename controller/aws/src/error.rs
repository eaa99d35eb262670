//! Classifies an SDK error by its code into what we do next, and keeps the request id.
//!
//! # Invariants
//!
//! - The code decides, never the status and never the text: AppStream answers "not found" with 400
//!   over one protocol and 404 over the other, and words change with every rename of the service.
//!   Only where no code that we know came, does a 5xx say "nobody knows".
//! - When in doubt whether a call was executed, the class is [`ErrorClass::Unknown`]. It costs one
//!   look; the other mistake costs a duplicate or a leak.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_appstream::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use aws_sdk_appstream::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use streamkeeper_core::cloud::{ApplyError, ErrorClass};

/// IAM's "not found".
pub(crate) const NO_SUCH_ENTITY: &str = "NoSuchEntity";

/// AppStream's "not found", the only answer that proves absence of a fleet or stack.
pub(crate) const NOT_FOUND: &str = "ResourceNotFoundException";

/// Slow down. `RequestLimitExceededException` is AppStream passing on EC2's throttling; the SDK's
/// own table does not know it.
const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestLimitExceededException",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// The object's state forbids it now, and states pass.
///
/// - `ConcurrentModificationException`: "wait a few minutes and try again", says the model.
/// - `ConcurrentUpdateException`: the same in Application Auto Scaling.
/// - `OperationNotPermittedException` is about states, not about permissions: other tools see it
///   right after a creation and on a fleet in transition, and get through by waiting.
/// - `ResourceInUseException`: a fleet that runs or is associated. The next plan stops or
///   disassociates first.
/// - `OperationAborted`: S3's conflicting operation on the same bucket.
const NOT_READY: &[&str] = &[
    "ConcurrentModificationException",
    "ConcurrentUpdateException",
    "OperationAborted",
    "OperationNotPermittedException",
    "ResourceInUseException",
];

/// The object, or one it refers to, does not exist, or is not to be had.
///
/// - `ResourceNotAvailableException`: exists, but is not available. An image that is still being
///   copied will be; one that is retired never again, and the code does not tell the two apart.
///   Backing off to minutes and saying what to do serves both.
/// - `MalformedPolicy`: what we send is a policy by IAM's grammar, so it names a principal that is
///   not there: made seconds ago and soon seen by S3, or deleted. Terraform tries again for the
///   same reason.
const GONE: &[&str] = &[
    "EntitlementNotFoundException",
    "MalformedPolicy",
    // Application Auto Scaling has no such target.
    "ObjectNotFoundException",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    NO_SUCH_ENTITY,
    NOT_FOUND,
    "ResourceNotAvailableException",
];

/// The name is taken.
const ALREADY_THERE: &[&str] = &[
    "EntitlementAlreadyExistsException",
    "ResourceAlreadyExistsException",
];

/// A quota. The SDK's table takes `LimitExceededException` for throttling; AppStream means the
/// account's quota, and asking again at once is useless.
const LIMIT: &[&str] = &[
    "LimitExceededException",
    "ServiceQuotaExceededException",
    "TooManyTagsException",
];

/// Somebody has to change something outside the row: permissions, credentials, clock, account.
///
/// `InvalidRoleException` is here although it also comes for minutes after a role was made: it is
/// mostly a wrong trust policy, a human's problem, and that human repairs it in IAM and not in the
/// row. As `Invalid` it would wait for an edit that never comes; as `NotReady` it would look like
/// progress. A denied call is shown to the human and tried again slowly, which also outlasts IAM's
/// propagation.
const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AccountProblem",
    "AllAccessDisabled",
    "AuthFailure",
    "AuthorizationError",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidAccountStatusException",
    "InvalidClientTokenId",
    "InvalidRoleException",
    "InvalidSignatureException",
    "InvalidToken",
    "MethodNotAllowed",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "NotSignedUp",
    "OptInRequired",
    "RegionDisabledException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "SubscriptionRequiredException",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

/// Of the denials, those of the credentials themselves and not of what they may do.
const ABOUT_CREDENTIALS: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "NoCredentials",
    "UnrecognizedClientException",
];

/// Whether a code says that the credentials are no good, whatever was asked with them.
pub(crate) fn is_about_credentials(code: &str) -> bool {
    ABOUT_CREDENTIALS.contains(&code)
}

/// The request is wrong and stays wrong until the row changes.
const INVALID: &[&str] = &[
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "IncompatibleImageException",
    "InvalidArgument",
    "InvalidBucketName",
    "InvalidParameterCombinationException",
    "InvalidParameterException",
    "InvalidParameterValueException",
    "InvalidPolicyDocument",
    "InvalidRequest",
    "PermanentRedirect",
    "PolicyTooLarge",
    "SerializationException",
    "ValidationError",
    "ValidationException",
];

/// AWS failed inside: the call may have been executed. `RequestTimeout` is S3 that gave up reading
/// our request, which is most likely not executed; a look decides.
const UNKNOWN: &[&str] = &[
    "InternalError",
    "InternalException",
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "InternalServiceError",
    "InternalServiceErrorException",
    "InternalServiceException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
];

/// A definite no that we never expect: the server does not know the operation, or only tried it.
const UNEXPECTED: &[&str] = &[
    "DryRunOperationException",
    "InvalidAction",
    "NotImplemented",
    "UnknownOperationException",
];

/// The class of a code, if it is one we know.
pub(crate) fn class_of(code: &str) -> Option<ErrorClass> {
    [
        (THROTTLED, ErrorClass::Throttled),
        (NOT_READY, ErrorClass::NotReady),
        (GONE, ErrorClass::Gone),
        (ALREADY_THERE, ErrorClass::AlreadyThere),
        (LIMIT, ErrorClass::Limit),
        (DENIED, ErrorClass::Denied),
        (INVALID, ErrorClass::Invalid),
        (UNKNOWN, ErrorClass::Unknown),
        (UNEXPECTED, ErrorClass::Unexpected),
    ]
    .into_iter()
    .find_map(|(codes, class)| codes.contains(&code).then_some(class))
}

/// Turns an SDK error into ours.
pub(crate) fn from_sdk<E>(error: &SdkError<E, HttpResponse>) -> ApplyError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let (class, code) = match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            match answer.err().code() {
                Some(code) => (class_of_answer(code, status), code.to_owned()),
                // A proxy's page, or a truncated body: the status alone says nothing about what
                // AWS did.
                None => (ErrorClass::Unknown, format!("Http{status}")),
            }
        }
        SdkError::TimeoutError(_) => (ErrorClass::Unknown, "Timeout".to_owned()),
        SdkError::ResponseError(_) => (ErrorClass::Unknown, "UnreadableResponse".to_owned()),
        SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_)
            if let Some(refused) = find::<ApplyError>(error) =>
        {
            // Ours: the credentials to sign with could not be had, and why is classified already.
            return refused.clone();
        }
        SdkError::ConstructionFailure(_) => (unsent(error), "RequestNotBuilt".to_owned()),
        SdkError::DispatchFailure(_) => dispatch_failure(error),
        _ => (ErrorClass::Unknown, "UnknownSdkError".to_owned()),
    };
    let message = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::message)
        .map_or_else(|| chain(cause(error)), str::to_owned);
    ApplyError {
        class,
        code,
        message,
        request_id: error.request_id().map(str::to_owned),
    }
}

fn class_of_answer(code: &str, status: u16) -> ErrorClass {
    class_of(code).unwrap_or(if status >= 500 {
        ErrorClass::Unknown
    } else {
        ErrorClass::Unexpected
    })
}

/// Of a request that never left this process.
fn unsent(error: &(dyn Error + 'static)) -> ErrorClass {
    if find::<CredentialsError>(error).is_some() {
        ErrorClass::Denied
    } else {
        ErrorClass::Invalid
    }
}

/// A dispatch failure is definite only when it happened before the first byte of the request:
/// no credentials to sign with, or no connection. The SDK says neither outright, so both are read
/// from the error's sources. A connection that broke later may have carried the whole request.
fn dispatch_failure(error: &(dyn Error + 'static)) -> (ErrorClass, String) {
    if find::<CredentialsError>(error).is_some() {
        return (ErrorClass::Denied, "NoCredentials".to_owned());
    }
    if find::<hyper_util::client::legacy::Error>(error).is_some_and(|error| error.is_connect()) {
        // Refused, unreachable, DNS, TLS handshake: an outage between us and AWS, which passes.
        return (ErrorClass::NotReady, "ConnectionFailed".to_owned());
    }
    (ErrorClass::Unknown, "ConnectionLost".to_owned())
}

/// The first error of type `T` in the chain of sources.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |&error| error.source())
        .find_map(<dyn Error>::downcast_ref::<T>)
}

/// The first error below the SDK's own layers, which say "dispatch failure: other" and no more.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let source = error.source().unwrap_or(error);
    if source.is::<ConnectorError>() {
        source.source().unwrap_or(source)
    } else {
        source
    }
}

/// The whole chain of sources on one line: AWS's errors print nothing useful without it.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for error in std::iter::successors(Some(error), |&error| error.source()) {
        let part = error.to_string();
        // Some errors print their source themselves.
        if parts.last().is_none_or(|last| !last.ends_with(&part)) {
            parts.push(part);
        }
    }
    parts.join(": ")
}

/// Says what failed on what, for the reason of an Unknown.
pub(crate) fn reason(operation: &str, object: &str, error: &ApplyError) -> String {
    let request_id = error
        .request_id
        .as_ref()
        .map(|id| format!(" (request {id})"))
        .unwrap_or_default();
    let space = if object.is_empty() { "" } else { " " };
    format!("{operation}{space}{object}: {error}{request_id}")
}

#[cfg(test)]
mod tests;
