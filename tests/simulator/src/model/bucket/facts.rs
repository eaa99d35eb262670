//! Models what becomes of objects that are written to a bucket: their encryption and their owner.

use serde_json::{Value, json};

use super::{Request, State, open};
use crate::call::ServiceError;
use crate::model::Answer;
use crate::model::state::done;

/// A bucket's settings that decide about objects.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// `ApplyServerSideEncryptionByDefault`.
    pub(crate) encryption: Value,
    /// The one ownership rule, which old buckets lack.
    pub(crate) ownership: Option<String>,
}

impl Default for Facts {
    /// Buckets are encrypted by S3's own keys since January 2023 and own what is in them since
    /// April 2023 (S3's user guide).
    fn default() -> Self {
        Self {
            encryption: json!({"SSEAlgorithm": "AES256"}),
            ownership: Some("BucketOwnerEnforced".to_owned()),
        }
    }
}

/// `GetBucketEncryption`.
pub(crate) fn get_encryption(state: &State, request: &Request<'_>) -> Answer {
    let default = &open(state, request)?.facts.encryption;
    Ok(json!({"ServerSideEncryptionConfiguration": {"Rules": [
        {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": false}
    ]}}))
}

/// `PutBucketEncryption`.
pub(crate) fn put_encryption(state: &mut State, request: &Request<'_>) -> Answer {
    open(state, request)?;
    let rule = only_rule(request, "ServerSideEncryptionConfiguration")?;
    let default = rule["ApplyServerSideEncryptionByDefault"].clone();
    if default.is_null() {
        return Err(malformed());
    }
    let by_kms = matches!(
        default["SSEAlgorithm"].as_str(),
        Some("aws:kms" | "aws:kms:dsse")
    );
    if default.get("KMSMasterKeyID").is_some() && !by_kms {
        let message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not \
                       aws:kms or aws:kms:dsse";
        return Err(ServiceError::new("InvalidArgument", message));
    }
    change(state, request, |facts| facts.encryption = default);
    done()
}

/// `GetBucketOwnershipControls`.
pub(crate) fn get_ownership(state: &State, request: &Request<'_>) -> Answer {
    let ownership = open(state, request)?.facts.ownership.as_deref();
    let ownership = ownership.ok_or_else(|| {
        ServiceError::with_status(
            "OwnershipControlsNotFoundError",
            "The bucket ownership controls were not found",
            404,
        )
    })?;
    Ok(json!({"OwnershipControls": {"Rules": [{"ObjectOwnership": ownership}]}}))
}

/// `PutBucketOwnershipControls`.
pub(crate) fn put_ownership(state: &mut State, request: &Request<'_>) -> Answer {
    open(state, request)?;
    let rule = only_rule(request, "OwnershipControls")?;
    let ownership = rule["ObjectOwnership"].as_str().map(str::to_owned);
    change(state, request, |facts| facts.ownership = ownership);
    done()
}

/// `DeleteBucketOwnershipControls`.
pub(crate) fn delete_ownership(state: &mut State, request: &Request<'_>) -> Answer {
    open(state, request)?;
    change(state, request, |facts| facts.ownership = None);
    done()
}

/// The one rule that either configuration has.
fn only_rule<'a>(request: &'a Request<'_>, configuration: &str) -> Result<&'a Value, ServiceError> {
    match request.input[configuration]["Rules"]
        .as_array()
        .map(Vec::as_slice)
    {
        Some([rule]) => Ok(rule),
        Some(_) | None => Err(malformed()),
    }
}

fn malformed() -> ServiceError {
    let message = "The XML you provided was not well-formed or did not validate against our \
                   published schema";
    ServiceError::new("MalformedXML", message)
}

fn change(state: &mut State, request: &Request<'_>, change: impl FnOnce(&mut Facts)) {
    let name = request.required("Bucket").to_owned();
    let stamp = state.stamp();
    state
        .buckets
        .edit(stamp, &name, |bucket| change(&mut bucket.facts));
}
