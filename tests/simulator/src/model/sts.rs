//! Answers who the caller is.

use serde_json::json;

use super::state::State;
use super::{Answer, Request};

/// `GetCallerIdentity`.
pub(crate) fn get_caller_identity(_: &State, request: &Request<'_>) -> Answer {
    let session = request.caller.arn.rsplit('/').next().unwrap_or_default();
    Ok(json!({
        "Account": request.caller.account,
        "Arn": request.caller.arn,
        // The unique id of the role comes first; its exact form means nothing to anybody.
        "UserId": format!("AROASIMULATED{}:{session}", request.caller.account),
    }))
}
