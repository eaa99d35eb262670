//! Puts the simulator behind the core's `Cloud` port, in process and without waiting.
//!
//! It asks the model exactly what the AWS client would ask AWS, page by page and call by call, so
//! that a test can count, fail or falsify each single one.

mod access;
mod observe;

use std::collections::BTreeMap;

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
        refuse_silent_loss(action)?;
        let (service, input) = call_of(action, &self.caller.account);
        let exchange = self.exchange(service, action.operation(), input);
        answer(exchange).map(|(output, request_id)| Applied {
            request_id: Some(request_id),
            refused: access::refused(&output),
        })
    }
}

/// The one call that an action is.
fn call_of(action: &Action, account: &str) -> (Service, Value) {
    let input = match action {
        Action::CreateFleet {
            name,
            settings,
            tags,
        } => creating(name, to_members(settings), tags),
        Action::CreateStack {
            name,
            settings,
            tags,
        } => creating(name, to_members(settings), tags),
        Action::UpdateFleet { name, set, delete } => updating(name, to_members(set), delete),
        Action::UpdateStack { name, set, delete } => updating(name, to_members(set), delete),
        Action::StartFleet { name }
        | Action::StopFleet {
            name,
            // The look that it asks for comes before the call, from whoever applies.
            only_when_idle: _,
        }
        | Action::DeleteFleet { name }
        | Action::DeleteStack { name } => json!({"Name": name}),
        Action::DrainSessionInstance { session, .. } => json!({"SessionId": session}),
        Action::DeregisterScalableTarget { fleet } => {
            let input = json!({
                "ServiceNamespace": "appstream",
                "ResourceId": format!("fleet/{fleet}"),
                "ScalableDimension": "appstream:fleet:DesiredCapacity",
            });
            return (Service::AutoScaling, input);
        }
        Action::AssociateFleet { fleet, stack }
        | Action::DisassociateFleet { fleet, stack, .. } => {
            json!({"FleetName": fleet, "StackName": stack})
        }
        Action::TagResource { arn, tags, .. } => json!({"ResourceArn": arn, "Tags": tags}),
        Action::UntagResource { arn, keys, .. } => json!({"ResourceArn": arn, "TagKeys": keys}),
        Action::PutBucketPolicy {
            bucket, document, ..
        } => {
            let mut input = json!({"Bucket": bucket, "ExpectedBucketOwner": account});
            input["Policy"] = Value::from(document.to_string());
            return (Service::S3, input);
        }
        Action::DeleteBucketPolicy { bucket, .. } => {
            let input = json!({"Bucket": bucket, "ExpectedBucketOwner": account});
            return (Service::S3, input);
        }
        Action::Access(call) => access::input_of(call),
    };
    (Service::AppStream, input)
}

/// `UpdateFleet` has no member for the fleet's type: without this, a change that was never made
/// would be reported as made.
fn refuse_silent_loss(action: &Action) -> Result<(), ApplyError> {
    if let Action::UpdateFleet { name, set, .. } = action
        && set.fleet_type.is_some()
    {
        return Err(ApplyError {
            class: ErrorClass::Invalid,
            code: "FleetTypeIsImmutable".to_owned(),
            message: format!("UpdateFleet fleet/{name}: AWS cannot change a fleet's type"),
            request_id: None,
        });
    }
    Ok(())
}

/// AWS refuses an empty map of tags: it is left out.
fn creating(name: &str, members: Map<String, Value>, tags: &BTreeMap<String, String>) -> Value {
    let mut input = Value::Object(members);
    input["Name"] = Value::from(name);
    if !tags.is_empty() {
        input["Tags"] = json!(tags);
    }
    input
}

fn updating(name: &str, members: Map<String, Value>, delete: &[String]) -> Value {
    let mut input = Value::Object(members);
    input["Name"] = Value::from(name);
    if !delete.is_empty() {
        input["AttributesToDelete"] = json!(delete);
    }
    input
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
        | "ResourceInUseException" => ErrorClass::NotReady,
        "EntitlementNotFoundException"
        | "NoSuchBucket"
        | "NoSuchBucketPolicy"
        | "NoSuchEntity"
        | "ObjectNotFoundException"
        | "ResourceNotAvailableException"
        | "MalformedPolicy"
        | "ResourceNotFoundException" => ErrorClass::Gone,
        "EntitlementAlreadyExistsException" | "ResourceAlreadyExistsException" => {
            ErrorClass::AlreadyThere
        }
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
        | "PermanentRedirect"
        | "PolicyTooLarge"
        | "SerializationException"
        | "ValidationError"
        | "ValidationException" => ErrorClass::Invalid,
        "InternalError" | "InternalFailure" | "InternalServiceException" | "ServiceUnavailable" => {
            ErrorClass::Unknown
        }
        _ if error.status >= 500 => ErrorClass::Unknown,
        _ => ErrorClass::Unexpected,
    }
}

#[cfg(test)]
mod tests;
