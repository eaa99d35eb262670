//! Answers who the caller is, and lets it become another.

use std::time::Duration;

use serde_json::json;

use super::state::{State, Surroundings, account_of};
use super::{Answer, Request, seeded};
use crate::call::{Caller, ServiceError};
use crate::config::Config;

/// How long credentials last when nobody says.
const DEFAULT_SESSION_SECONDS: i64 = 3600;

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

/// `AssumeRole`. A role that does not exist, one that does not trust the caller, and a wrong
/// external id are one answer, so that nobody learns which roles there are.
pub(crate) fn assume_role(
    surroundings: &mut Surroundings,
    config: &Config,
    request: &Request<'_>,
) -> Answer {
    let arn = request.required("RoleArn");
    let trust = config.roles.get(arn).filter(|trust| {
        let asked = trust.external_id.as_deref();
        trust.accounts.contains(&request.caller.account)
            && (asked.is_none() || asked == request.text("ExternalId"))
    });
    let (Some(trust), Some(account)) = (trust, account_of(arn)) else {
        let who = &request.caller.arn;
        let message =
            format!("User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}");
        return Err(ServiceError::with_status("AccessDenied", message, 403));
    };
    let seconds = request.integer("DurationSeconds");
    let asked = u64::try_from(seconds.unwrap_or(DEFAULT_SESSION_SECONDS)).unwrap_or(0);
    let lasts = Duration::from_secs(asked).min(trust.longest_session);
    let expires = request.now + lasts;
    let role = arn.rsplit('/').next().unwrap_or_default();
    let session = request.required("RoleSessionName");
    let caller = Caller::role(account, role, session);
    let serial = surroundings.assumed.len();
    let key = seeded::uuid(config.seed, &format!("assumed {arn} {session} {serial}"));
    let key = format!("ASIA{}", key.replace('-', "").to_uppercase());
    let answer = json!({
        "AssumedRoleUser": {
            "Arn": caller.arn,
            "AssumedRoleId": format!("AROASIMULATED{account}:{session}"),
        },
        "Credentials": {
            "AccessKeyId": key,
            "Expiration": expires.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            "SecretAccessKey": "simulated",
            "SessionToken": format!("token of {key}"),
        },
    });
    surroundings.assumed.insert(key, (caller, expires));
    Ok(answer)
}
