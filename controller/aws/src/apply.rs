//! Makes exactly one SDK call per action, once, with a deadline.

mod access;
mod theme;

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use aws_sdk_appstream::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_appstream::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use streamkeeper_core::action::Action;
use streamkeeper_core::cloud::{Applied, ApplyError, ErrorClass};

use crate::client::Clients;
use crate::{convert, error};

/// Makes the call an action names.
///
/// # Errors
///
/// Fails with the class that says what to do next; [`ErrorClass::Unknown`] when nobody knows
/// whether the call was executed.
///
/// # Cancellation
///
/// Dropping the future closes the connection; the call may have been executed.
pub(crate) async fn apply(
    clients: &Clients,
    deadline: Duration,
    action: &Action,
) -> Result<Applied, ApplyError> {
    // The union of all SDK calls is large and deep: on the stack it would be copied into every
    // future around it, and its type would be part of theirs.
    let call: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(call(clients, action));
    match tokio::time::timeout(deadline, call).await {
        Ok(outcome) => outcome,
        Err(_elapsed) => Err(ApplyError {
            class: ErrorClass::Unknown,
            code: "Timeout".to_owned(),
            message: format!(
                "no answer within {deadline:?}; AWS may have executed {} on {}",
                action.operation(),
                action.object()
            ),
            request_id: None,
        }),
    }
}

async fn call(clients: &Clients, action: &Action) -> Result<Applied, ApplyError> {
    let appstream = &clients.appstream;
    let s3 = &clients.s3;
    match action {
        Action::CreateFleet {
            name,
            settings,
            tags,
        } => {
            let input = convert::create_fleet(name, settings, tags);
            outcome(input.send_with(appstream)).await
        }
        Action::UpdateFleet { name, set, delete } => {
            let input = convert::update_fleet(name, set, delete)?;
            outcome(input.send_with(appstream)).await
        }
        Action::StartFleet { name } => outcome(appstream.start_fleet().name(name).send()).await,
        // The look that `only_when_idle` asks for comes before the call, from whoever applies.
        Action::StopFleet {
            name,
            only_when_idle: _,
        } => outcome(appstream.stop_fleet().name(name).send()).await,
        Action::DrainSessionInstance { session, .. } => drain(clients, session).await,
        Action::DeleteFleet { name } => outcome(appstream.delete_fleet().name(name).send()).await,
        Action::DeregisterScalableTarget { fleet } => deregister(clients, fleet).await,
        Action::CreateStack {
            name,
            settings,
            tags,
        } => {
            let input = convert::create_stack(name, settings, tags);
            outcome(input.send_with(appstream)).await
        }
        Action::UpdateStack { name, set, delete } => {
            let input = convert::update_stack(name, set, delete);
            outcome(input.send_with(appstream)).await
        }
        Action::DeleteStack { name } => outcome(appstream.delete_stack().name(name).send()).await,
        Action::AssociateFleet { fleet, stack } => {
            let request = appstream.associate_fleet();
            outcome(request.fleet_name(fleet).stack_name(stack).send()).await
        }
        Action::DisassociateFleet { fleet, stack, .. } => {
            let request = appstream.disassociate_fleet();
            outcome(request.fleet_name(fleet).stack_name(stack).send()).await
        }
        Action::TagResource {
            object: _,
            arn,
            tags,
        } => {
            let request = appstream.tag_resource().resource_arn(arn);
            let tags = tags.clone().into_iter().collect();
            outcome(request.set_tags(Some(tags)).send()).await
        }
        Action::UntagResource {
            object: _,
            arn,
            keys,
        } => {
            let request = appstream.untag_resource().resource_arn(arn);
            outcome(request.set_tag_keys(Some(keys.clone())).send()).await
        }
        Action::PutBucketPolicy {
            bucket,
            base: _,
            document,
        } => {
            let request = s3.put_bucket_policy().bucket(bucket);
            let request = request.expected_bucket_owner(&clients.account);
            outcome(request.policy(document.to_string()).send()).await
        }
        Action::DeleteBucketPolicy { bucket, base: _ } => {
            let request = s3.delete_bucket_policy().bucket(bucket);
            outcome(request.expected_bucket_owner(&clients.account).send()).await
        }
        Action::Access(call) => access::call(clients, call).await,
    }
}

/// The session names the instance, and the instance the fleet.
async fn drain(clients: &Clients, session: &str) -> Result<Applied, ApplyError> {
    let request = clients.appstream.drain_session_instance();
    outcome(request.session_id(session).send()).await
}

async fn deregister(clients: &Clients, fleet: &str) -> Result<Applied, ApplyError> {
    let request = clients.scaling.deregister_scalable_target();
    let request = request
        .service_namespace(ServiceNamespace::Appstream)
        .scalable_dimension(ScalableDimension::AppstreamFleetDesiredCapacity)
        .resource_id(format!("fleet/{fleet}"));
    outcome(request.send()).await
}

/// What one call came to.
async fn outcome<T, E>(
    call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<Applied, ApplyError>
where
    T: RequestId,
    E: ProvideErrorMetadata + Error + 'static,
{
    match call.await {
        Ok(answer) => Ok(Applied {
            request_id: answer.request_id().map(str::to_owned),
            refused: Vec::new(),
        }),
        Err(error) => Err(error::from_sdk(&error)),
    }
}
