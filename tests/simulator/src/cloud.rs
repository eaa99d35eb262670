//! Puts the simulator behind the core's `Cloud` port, in process and without waiting.
//!
//! It asks the model exactly what the AWS client would ask AWS, page by page and call by call, so
//! that a test can count, fail or falsify each single one.

mod observe;

use serde_json::{Map, Value, json};
use streamkeeper_core::action::Action;
use streamkeeper_core::cloud::{Applied, ApplyError, Cloud, ErrorClass, Identity, ObserveRequest};
use streamkeeper_core::observed::ObservedWorld;

use crate::convert::to_members;
use crate::{Call, Caller, Delivery, Exchange, Service, ServiceError, Simulator};

/// The simulated AWS of one account and region.
#[derive(Debug, Clone)]
pub struct SimulatedCloud {
    simulator: Simulator,
    region: String,
    caller: Caller,
}

impl SimulatedCloud {
    /// The region as the simulator's own account sees it.
    #[must_use]
    pub fn new(simulator: Simulator, region: &str) -> Self {
        // An access key that the configuration does not list stands for the account's own role.
        let caller = simulator.caller_of("");
        Self {
            simulator,
            region: region.to_owned(),
            caller,
        }
    }

    /// The same region seen with other credentials.
    #[must_use]
    pub fn by(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    fn exchange(&self, service: Service, operation: &str, input: Value) -> Exchange {
        let call = Call::new(service, &self.region, operation, input).by(self.caller.clone());
        self.simulator.exchange(&call)
    }

    fn ask(&self, service: Service, operation: &str, input: Value) -> Result<Value, ApplyError> {
        answer(self.exchange(service, operation, input)).map(|(output, _)| output)
    }
}

impl Cloud for SimulatedCloud {
    async fn identity(&self) -> Result<Identity, ApplyError> {
        let output = self.ask(Service::Sts, "GetCallerIdentity", json!({}))?;
        let text = |member: &str| output[member].as_str().unwrap_or_default().to_owned();
        Ok(Identity {
            account: text("Account"),
            arn: text("Arn"),
        })
    }

    async fn observe(&self, request: &ObserveRequest) -> ObservedWorld {
        observe::observe(self, request)
    }

    async fn apply(&self, action: &Action) -> Result<Applied, ApplyError> {
        let (service, input) = call_of(action);
        let exchange = self.exchange(service, action.operation(), input);
        answer(exchange).map(|(_, request_id)| Applied {
            request_id: Some(request_id),
        })
    }
}

/// The one call that an action is.
fn call_of(action: &Action) -> (Service, Value) {
    let input = match action {
        Action::CreateFleet {
            name,
            settings,
            tags,
        } => named(name, to_members(settings), [tagged(tags)]),
        Action::CreateStack {
            name,
            settings,
            tags,
        } => named(name, to_members(settings), [tagged(tags)]),
        Action::UpdateFleet { name, set, delete } => {
            named(name, to_members(set), [deleting(delete)])
        }
        Action::UpdateStack { name, set, delete } => {
            named(name, to_members(set), [deleting(delete)])
        }
        Action::StartFleet { name }
        | Action::StopFleet {
            name,
            // What the last look before this call is for; the call itself does not know it.
            only_when_idle: _,
        }
        | Action::DeleteFleet { name }
        | Action::DeleteStack { name } => json!({"Name": name}),
        Action::AssociateFleet { fleet, stack } | Action::DisassociateFleet { fleet, stack } => {
            json!({"FleetName": fleet, "StackName": stack})
        }
        Action::TagResource { arn, tags, .. } => json!({"ResourceArn": arn, "Tags": tags}),
        Action::UntagResource { arn, keys, .. } => json!({"ResourceArn": arn, "TagKeys": keys}),
        Action::PutBucketPolicy {
            bucket, document, ..
        } => {
            let input = json!({"Bucket": bucket, "Policy": document.to_string()});
            return (Service::S3, input);
        }
        Action::DeleteBucketPolicy { bucket, .. } => {
            return (Service::S3, json!({"Bucket": bucket}));
        }
    };
    (Service::AppStream, input)
}

fn named(name: &str, mut members: Map<String, Value>, more: [Option<(&str, Value)>; 1]) -> Value {
    members.insert("Name".to_owned(), Value::from(name));
    let more = more.into_iter().flatten();
    members.extend(more.map(|(member, value)| (member.to_owned(), value)));
    Value::Object(members)
}

/// AWS refuses an empty map of tags and an empty list of attributes: they are left out.
fn tagged(tags: &std::collections::BTreeMap<String, String>) -> Option<(&'static str, Value)> {
    (!tags.is_empty()).then(|| ("Tags", json!(tags)))
}

fn deleting(attributes: &[String]) -> Option<(&'static str, Value)> {
    (!attributes.is_empty()).then(|| ("AttributesToDelete", json!(attributes)))
}

/// What a client with time-outs makes of an exchange: the output and the request id, or an error.
fn answer(exchange: Exchange) -> Result<(Value, String), ApplyError> {
    let request_id = match exchange.delivery {
        Delivery::Answer | Delivery::Delay(_) | Delivery::Status(_) => {
            Some(exchange.request_id.clone())
        }
        Delivery::Timeout | Delivery::Reset => None,
    };
    match exchange.into_client_view() {
        Ok(output) => Ok((output, request_id.unwrap_or_default())),
        Err(error) => Err(ApplyError {
            class: class_of(&error),
            code: code_of(&error),
            message: error.message,
            request_id,
        }),
    }
}

/// The port has names of its own for what happens on the wire.
fn code_of(error: &ServiceError) -> String {
    match (error.status, error.code.as_str()) {
        (0, "ConnectionReset") => "ConnectionLost".to_owned(),
        (_, code) => code.to_owned(),
    }
}

/// Sorts an error by what the controller does next.
///
/// Only the codes that the model or a scripted refusal can produce are here; what AWS can say
/// beyond that is the AWS client's to know.
fn class_of(error: &ServiceError) -> ErrorClass {
    if error.status == 0 {
        return ErrorClass::Unknown;
    }
    match error.code.as_str() {
        "RequestLimitExceededException"
        | "SlowDown"
        | "ThrottledException"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException" => ErrorClass::Throttled,
        "ConcurrentModificationException"
        | "OperationAborted"
        | "OperationNotPermittedException"
        | "ResourceInUseException"
        | "ResourceNotAvailableException" => ErrorClass::NotReady,
        "NoSuchBucket" | "NoSuchBucketPolicy" | "ResourceNotFoundException" => ErrorClass::Gone,
        "ResourceAlreadyExistsException" => ErrorClass::AlreadyThere,
        "LimitExceededException" | "ServiceQuotaExceededException" | "TooManyTagsException" => {
            ErrorClass::Limit
        }
        "AccessDenied"
        | "AccessDeniedException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidAccountStatusException"
        | "InvalidClientTokenId"
        | "InvalidRoleException"
        | "MissingAuthenticationTokenException"
        | "UnrecognizedClientException" => ErrorClass::Denied,
        "IncompatibleImageException"
        | "InvalidBucketName"
        | "InvalidParameterCombinationException"
        | "InvalidParameterException"
        | "InvalidParameterValueException"
        | "MalformedPolicy"
        | "PermanentRedirect"
        | "PolicyTooLarge"
        | "SerializationException"
        | "ValidationException" => ErrorClass::Invalid,
        "InternalError" | "InternalFailure" | "InternalServiceException" | "ServiceUnavailable" => {
            ErrorClass::Unknown
        }
        _ if error.status >= 500 => ErrorClass::Unknown,
        _ => ErrorClass::Unexpected,
    }
}
