//! Plans bucket policies: our statements in, everybody else's untouched.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::WaitReason;
use super::draft::Draft;
use crate::action::{Action, ObjectRef};
use crate::observed::{Observed, ObservedBucket};
use crate::policy;
use crate::spec::{BucketSpec, ConnectorType};
use crate::words;

/// The word that stands for the account's home-folder bucket.
pub(super) const HOME: &str = "home";

/// What AWS's own home buckets begin with (AppStream's developer guide, home folders).
const HOME_PREFIX: &str = "appstream2-36fb080bb8-";

/// Plans every bucket the row names, and those it used to name.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let specs: Vec<BucketSpec> = draft.input.environment.spec.buckets.clone();
    let named: BTreeSet<&str> = specs.iter().map(|spec| spec.bucket.as_str()).collect();
    let left: BTreeSet<String> = managed_buckets(draft)
        .into_iter()
        .filter(|bucket| !named.contains(bucket.as_str()))
        .collect();
    for spec in &specs {
        one(draft, spec);
    }
    for bucket in &left {
        one(
            draft,
            &BucketSpec {
                bucket: bucket.clone(),
                statements: Vec::new(),
            },
        );
    }
}

/// Buckets on which this environment manages statements, as the row called them.
pub(super) fn managed_buckets(draft: &Draft<'_>) -> BTreeSet<String> {
    draft
        .input
        .managed
        .keys()
        .filter_map(|path| path.strip_prefix("buckets."))
        .filter_map(|rest| rest.rsplit_once('.'))
        .map(|(bucket, _sid)| bucket.to_owned())
        .collect()
}

/// Plans the policy of one bucket; says whether nothing of ours is there that should not be.
pub(super) fn one(draft: &mut Draft<'_>, spec: &BucketSpec) -> bool {
    let bucket = spec.bucket.as_str();
    match draft.input.observed.buckets.get(bucket) {
        None => {
            draft.plan.needs.buckets.insert(bucket.to_owned());
            draft.wait(
                ObjectRef::bucket(bucket),
                WaitReason::NotObserved,
                "not looked at",
            );
            false
        }
        Some(Observed::Unknown(why)) => {
            draft.wait(ObjectRef::bucket(bucket), WaitReason::NotObserved, why);
            false
        }
        Some(Observed::Absent) => match known_by_name(draft, bucket) {
            // A list without the bucket is one negative look; the bucket we wrote to is asked for
            // by its own name before anything is believed gone.
            Some(real) => by_name(draft, spec, &real),
            None => {
                absent(draft, spec);
                true
            }
        },
        Some(Observed::Present(observed)) => present(draft, spec, observed),
    }
}

/// The home bucket's real name, if we ever wrote to it.
fn known_by_name(draft: &Draft<'_>, bucket: &str) -> Option<String> {
    let owned = draft
        .input
        .owned
        .iter()
        .filter_map(|object| object.strip_prefix("bucket/"));
    let mut homes = owned.filter(|name| name.starts_with(HOME_PREFIX));
    (bucket == HOME)
        .then(|| homes.next().map(str::to_owned))
        .flatten()
}

fn by_name(draft: &mut Draft<'_>, spec: &BucketSpec, real: &str) -> bool {
    let object = ObjectRef::bucket(real);
    match draft.input.observed.buckets.get(real) {
        Some(Observed::Present(observed)) => present(draft, spec, observed),
        Some(Observed::Absent) => {
            absent(draft, spec);
            true
        }
        Some(Observed::Unknown(why)) => {
            draft.wait(object, WaitReason::NotObserved, why);
            false
        }
        None => {
            draft.plan.needs.buckets.insert(real.to_owned());
            draft.wait(
                object,
                WaitReason::NotObserved,
                "the home bucket was not listed",
            );
            false
        }
    }
}

fn absent(draft: &mut Draft<'_>, spec: &BucketSpec) {
    let object = ObjectRef::bucket(&spec.bucket);
    if spec.statements.is_empty() {
        // The bucket is gone, and our statements with it.
        release(draft, &spec.bucket, |_| true);
        return;
    }
    let home_folders = draft
        .input
        .environment
        .spec
        .stack
        .as_ref()
        .is_some_and(|stack| {
            stack.storage_connectors.value().is_some_and(|connectors| {
                connectors
                    .iter()
                    .any(|one| one.connector_type == ConnectorType::HomeFolders)
            })
        });
    if spec.bucket != HOME {
        draft.wait(
            object,
            WaitReason::BucketMissing,
            "the bucket does not exist; create it",
        );
    } else if home_folders {
        let message = "AWS creates the home bucket soon after a stack first enables home folders";
        draft.wait(object, WaitReason::HomeBucketMissing, message);
    } else {
        let message = "there is no home bucket in this region; enable HOMEFOLDERS on a stack";
        draft.wait(object, WaitReason::BucketMissing, message);
    }
}

fn present(draft: &mut Draft<'_>, spec: &BucketSpec, observed: &ObservedBucket) -> bool {
    let uid = draft.input.environment.uid;
    let object = ObjectRef::bucket(&observed.name);
    let desired = policy::desired_statements(uid, &observed.name, spec);
    let found = policy::compare(uid, observed.policy.as_ref(), &desired);
    let ignored: BTreeSet<String> = found
        .iter()
        .map(|difference| difference.sid.clone())
        .chain(
            spec.statements
                .iter()
                .map(|statement| statement.sid.clone()),
        )
        .filter(|sid| draft.ignores(&path(&spec.bucket, sid)))
        .collect();
    let differences: Vec<_> = found
        .into_iter()
        .filter(|difference| !ignored.contains(&difference.sid))
        .collect();
    let differing: BTreeSet<&str> = differences
        .iter()
        .map(|difference| difference.sid.as_str())
        .collect();

    for statement in &spec.statements {
        let path = path(&spec.bucket, &statement.sid);
        if !differing.contains(statement.sid.as_str()) && !ignored.contains(&statement.sid) {
            draft.holds(path, json!(statement));
        }
    }
    release(draft, &spec.bucket, |sid| {
        !differing.contains(sid) && spec.statements.iter().all(|statement| statement.sid != sid)
    });
    if differences.is_empty() {
        return true;
    }

    let mut reasons = Vec::new();
    for difference in &differences {
        let path = path(&spec.bucket, &difference.sid);
        // What held is remembered as the row says it, before the bucket's name is filled in.
        let asked = spec
            .statements
            .iter()
            .find(|statement| statement.sid == difference.sid);
        let is_drift = asked.is_some_and(|statement| draft.held(&path, &json!(statement)));
        let what = words::statement(difference.desired.as_ref(), difference.observed.as_ref());
        reasons.push(format!(
            "{}{path}: {what}",
            if is_drift { "drift of " } else { "" }
        ));
        draft.plan.differences.push(super::Difference {
            object: object.clone(),
            path,
            desired: difference.desired.clone().unwrap_or(Value::Null),
            observed: difference.observed.clone().unwrap_or(Value::Null),
            is_drift,
        });
    }
    let manages: BTreeSet<String> = spec
        .statements
        .iter()
        .filter(|statement| !ignored.contains(&statement.sid))
        .map(|statement| path(&spec.bucket, &statement.sid))
        .collect();
    write(
        draft,
        &object,
        observed,
        &desired,
        &ignored,
        reasons.join(", "),
        manages,
    );
    false
}

fn write(
    draft: &mut Draft<'_>,
    object: &ObjectRef,
    observed: &ObservedBucket,
    desired: &[Value],
    ignored: &BTreeSet<String>,
    reason: String,
    manages: BTreeSet<String>,
) {
    let environment = draft.input.environment;
    let base = observed.policy.clone();
    let merged = match policy::merge(environment.uid, base.as_ref(), desired, ignored) {
        Ok(merged) => merged,
        Err(error) => {
            draft.wait(object, WaitReason::PolicyRefused, error.to_string());
            return;
        }
    };
    let bucket = observed.name.clone();
    let action = match merged {
        None => Action::DeleteBucketPolicy { bucket, base },
        Some(document) => {
            let context = policy::GuardContext {
                bucket: observed.name.clone(),
                account: environment.scope.account.clone(),
                partition: environment.scope.partition().to_owned(),
                caller_arn: draft.input.caller_arn.to_owned(),
                uid: environment.uid,
            };
            let refusals = policy::guard(base.as_ref(), &document, &context);
            if !refusals.is_empty() {
                for refusal in refusals {
                    draft.wait(object, WaitReason::PolicyRefused, refusal.to_string());
                }
                let action = Action::PutBucketPolicy {
                    bucket,
                    base,
                    document,
                };
                draft.later(action, reason, WaitReason::PolicyRefused);
                return;
            }
            Action::PutBucketPolicy {
                bucket,
                base,
                document,
            }
        }
    };
    draft.step(action, reason).manages = manages;
}

/// The path of one statement, as in `ignore`.
pub(super) fn path(bucket: &str, sid: &str) -> String {
    format!("buckets.{bucket}.{sid}")
}

/// Releases managed statements that were seen gone.
fn release(draft: &mut Draft<'_>, bucket: &str, gone: impl Fn(&str) -> bool) {
    let prefix = format!("buckets.{bucket}.");
    let released: Vec<String> = draft
        .input
        .managed
        .keys()
        .filter(|path| path.strip_prefix(&prefix).is_some_and(&gone))
        .cloned()
        .collect();
    draft.plan.released.extend(released);
}
