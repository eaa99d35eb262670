//! States one API call and what comes of it: the model's only doorway.
//!
//! Inputs and outputs are JSON documents with AWS's own member names, so that neither the HTTP
//! front nor the in-process port needs a type per operation. Timestamps are epoch seconds as a
//! float, as JSON 1.1 has them; a front for CBOR tags them itself.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// An AWS service that the simulator answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Amazon AppStream 2.0.
    AppStream,
    /// The Resource Groups Tagging API.
    Tagging,
    /// Application Auto Scaling.
    AutoScaling,
    /// CloudFormation.
    CloudFormation,
    /// Identity and Access Management.
    Iam,
    /// The Security Token Service.
    Sts,
    /// Amazon S3.
    S3,
}

impl Service {
    /// The name `SigV4` signs with.
    #[must_use]
    pub const fn signing_name(self) -> &'static str {
        match self {
            Self::AppStream => "appstream",
            Self::Tagging => "tagging",
            Self::AutoScaling => "application-autoscaling",
            Self::CloudFormation => "cloudformation",
            Self::Iam => "iam",
            Self::Sts => "sts",
            Self::S3 => "s3",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.signing_name())
    }
}

/// Who calls. The account decides whose world is seen; the ARN tells actors apart in the journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caller {
    /// The account the credentials belong to, 12 digits.
    pub account: String,
    /// The principal's ARN, as STS says it.
    pub arn: String,
}

impl Caller {
    /// A role's session in an account, such as the daemon's or another administrator's.
    #[must_use]
    pub fn role(account: &str, role: &str, session: &str) -> Self {
        Self {
            account: account.to_owned(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
        }
    }
}

/// One API call, before anything has looked at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The service.
    pub service: Service,
    /// The operation, as AWS spells it.
    pub operation: String,
    /// The region of the endpoint or of the signature.
    pub region: String,
    /// Whose credentials signed it; `None` for the simulator's own account.
    pub caller: Option<Caller>,
    /// The input, by AWS's member names.
    pub input: Value,
}

impl Call {
    /// A call with the simulator's own account's credentials.
    #[must_use]
    pub fn new(service: Service, region: &str, operation: &str, input: Value) -> Self {
        Self {
            service,
            operation: operation.to_owned(),
            region: region.to_owned(),
            caller: None,
            input,
        }
    }

    /// A call to AppStream.
    #[must_use]
    pub fn appstream(region: &str, operation: &str, input: Value) -> Self {
        Self::new(Service::AppStream, region, operation, input)
    }

    /// A call to S3.
    #[must_use]
    pub fn s3(region: &str, operation: &str, input: Value) -> Self {
        Self::new(Service::S3, region, operation, input)
    }

    /// The same call with other credentials.
    #[must_use]
    pub fn by(mut self, caller: Caller) -> Self {
        self.caller = Some(caller);
        self
    }
}

/// An error as AWS words it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    /// The code, without a namespace.
    pub code: String,
    /// AWS's words.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
}

impl ServiceError {
    /// An error of a JSON service: status 400, as almost all of AppStream's are.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self::with_status(code, message, 400)
    }

    /// An error with a status of its own.
    pub(crate) fn with_status(code: &str, message: impl Into<String>, status: u16) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            status,
        }
    }
}

/// How an answer travels. Whether the call was executed is another matter: see [`Exchange`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// At once, as it is.
    Answer,
    /// After this long, as it is.
    Delay(Duration),
    /// Never: the client's own time-out ends the wait.
    Timeout,
    /// The connection is reset instead of an answer.
    Reset,
    /// This HTTP status arrives instead of the answer.
    Status(u16),
}

/// What a call came to, and how the client learns of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// The request id, also in the journal.
    pub request_id: String,
    /// What AWS did. The client learns it only by [`Delivery::Answer`] and [`Delivery::Delay`].
    pub result: Result<Value, ServiceError>,
    /// What the client gets to see.
    pub delivery: Delivery,
}

impl Exchange {
    /// What a client makes of it, delays left out.
    ///
    /// # Errors
    ///
    /// Fails with AWS's error, or with `Timeout`, `ConnectionReset`, `InternalFailure` or
    /// `ServiceUnavailable` when the answer does not arrive; those two have status 0.
    pub fn into_client_view(self) -> Result<Value, ServiceError> {
        match self.delivery {
            Delivery::Answer | Delivery::Delay(_) => self.result,
            Delivery::Timeout => Err(ServiceError::with_status(
                "Timeout",
                "no answer arrived in time",
                0,
            )),
            Delivery::Reset => Err(ServiceError::with_status(
                "ConnectionReset",
                "the connection was reset by the peer",
                0,
            )),
            Delivery::Status(status) => Err(ServiceError::with_status(
                lost_answer_code(status),
                "the request could not be completed",
                status,
            )),
        }
    }
}

/// The error code that a 5xx instead of an answer carries.
#[must_use]
pub const fn lost_answer_code(status: u16) -> &'static str {
    if status == 503 {
        "ServiceUnavailable"
    } else {
        "InternalFailure"
    }
}
