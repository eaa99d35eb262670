//! Says of grants and of statements of others what no call puts right.

use std::collections::BTreeMap;

use crate::action::ObjectRef;
use crate::environment::Scope;
use crate::event::{EventReason, EventType};
use crate::observed::{ObjectOwnership, Observed, ObservedBucket};
use crate::plan::draft::Draft;
use crate::policy::{self, GuardContext};
use crate::spec::{BucketAccess, ClusterSpec, GrantSpec};

/// What an event about a grant is called, and its message.
type Saying = (EventType, EventReason, String);

/// Says it of every bucket that was seen and that the row names, for statements, grants or clusters.
pub(super) fn make(draft: &mut Draft<'_>) {
    let input = draft.input;
    let environment = input.environment;
    let spec = &environment.spec;
    let words = spec.buckets.iter().map(|spec| spec.bucket.as_str());
    let seen: BTreeMap<&str, &ObservedBucket> = words
        .chain(spec.clusters.iter().map(ClusterSpec::bucket_word))
        .filter_map(|word| input.observed.buckets.get(word)?.present())
        .map(|bucket| (bucket.name.as_str(), bucket))
        .collect();
    for (name, bucket) in seen {
        let context = GuardContext::of(environment, input.caller_arn, name);
        let of_grants = context.grants.iter();
        let mut sayings: Vec<Saying> = of_grants
            .flat_map(|grant| of_grant(grant, bucket, &environment.scope))
            .collect();
        let denials = policy::denials(bucket.policy.as_ref(), &context);
        sayings.extend(denials.into_iter().map(|denial| {
            let reason = EventReason::AccessBlocked;
            (EventType::Warning, reason, denial.message)
        }));
        for (event_type, reason, message) in sayings {
            draft.remark(ObjectRef::bucket(name), (event_type, reason), message);
        }
    }
}

/// What is to be known of a grant: that nothing was written for it, or that what is written is not
/// enough. A fact that was not read says nothing.
fn of_grant(grant: &GrantSpec, bucket: &ObservedBucket, scope: &Scope) -> Vec<Saying> {
    let who = &grant.principal;
    let not_enough = |message| (EventType::Warning, EventReason::GrantNotEnough, message);
    let own = policy::is_of_own_account(grant, scope);
    let mut sayings = Vec::new();
    if own {
        let message = format!(
            "the grant to {who} needs no statement: it is of the bucket's own account, whose IAM \
             policies alone decide"
        );
        sayings.push((EventType::Normal, EventReason::GrantNotNeeded, message));
    }
    if let Some(missing) = missing_of_key(grant, bucket, own) {
        sayings.push(not_enough(format!("the grant to {who} {missing}")));
    }
    let writes = grant.access == BucketAccess::ReadWrite;
    let keeps_theirs = match &bucket.ownership {
        Observed::Present(ObjectOwnership::BucketOwnerEnforced) | Observed::Unknown(_) => false,
        Observed::Present(_) | Observed::Absent => true,
    };
    if writes && keeps_theirs && !own {
        sayings.push(not_enough(format!(
            "the grant to {who} lets them write objects that stay theirs, which AppStream may be \
             unable to read: set the bucket's object ownership to BucketOwnerEnforced"
        )));
    }
    sayings
}

/// What is missing in the policy of the key that the bucket encrypts with.
fn missing_of_key(grant: &GrantSpec, bucket: &ObservedBucket, own: bool) -> Option<String> {
    let encryption = bucket.encryption.present()?;
    if !encryption.algorithm.starts_with("aws:kms") {
        return None;
    }
    let actions = match grant.access {
        BucketAccess::ReadOnly => "kms:Decrypt",
        BucketAccess::ReadWrite => "kms:Decrypt and kms:GenerateDataKey",
    };
    match encryption.kms_key.as_deref() {
        // The account's own key for S3 has a policy of AWS's, which lets nobody else use it.
        Some(key) if !key.ends_with("alias/aws/s3") => Some(format!(
            "also needs {actions} in the policy of the key {key}, which encrypts the bucket"
        )),
        Some(_) | None if !own => Some(
            "is not enough: the bucket is encrypted with the account's own key aws/s3, which other \
             accounts cannot use; encrypt it with S3's keys or a key of yours"
                .to_owned(),
        ),
        Some(_) | None => None,
    }
}
