//! Plans bucket policies: our statements in, everybody else's untouched.
//!
//! A row may call one bucket by two names, `home` and its own, now or from one version to the next.
//! What it asks of a bucket is therefore gathered by the bucket's real name before it is compared.

mod identity;
mod remarks;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::draft::Draft;
use super::{Difference, WaitReason};
use crate::action::{Action, ObjectRef};
use crate::observed::{Observed, ObservedBucket};
use crate::policy::{self, Names, StatementDifference};
use crate::spec::{BucketSpec, ConnectorType, PolicyStatement};
use crate::words;

/// The word that stands for the account's home-folder bucket.
const HOME: &str = "home";

/// What the row asks, by the word it uses for the bucket. A word without statements is one that it
/// uses no longer.
type Asked = BTreeMap<String, Vec<PolicyStatement>>;

/// Plans every bucket the row names, and those it used to name.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let environment = draft.input.environment;
    let asked = environment.spec.buckets.iter().map(|spec| {
        let statements = policy::asked_statements(spec, &environment.scope);
        (spec.bucket.clone(), statements)
    });
    let asked = asked.collect();
    converge(draft, asked);
    remarks::make(draft);
}

/// Takes our statements off every bucket the row names or used to name; whether none is left.
pub(super) fn remove_all(draft: &mut Draft<'_>) -> bool {
    let specs = &draft.input.environment.spec.buckets;
    let asked = specs.iter().map(|spec| (spec.bucket.clone(), Vec::new()));
    let asked = asked.collect();
    converge(draft, asked)
}

/// Whether everything is as asked, on every bucket.
fn converge(draft: &mut Draft<'_>, mut asked: Asked) -> bool {
    for bucket in managed_buckets(draft) {
        asked.entry(bucket).or_default();
    }
    let mut as_asked = true;
    let mut seen: BTreeMap<&str, (&ObservedBucket, Asked)> = BTreeMap::new();
    for (word, statements) in asked {
        match look(draft, &word) {
            Look::NotSeen => as_asked = false,
            Look::Gone => absent(draft, &word, &statements),
            Look::There(bucket) => {
                let entry = seen.entry(&bucket.name);
                let (_, asked) = entry.or_insert_with(|| (bucket, Asked::new()));
                asked.insert(word, statements);
            }
        }
    }
    for (bucket, asked) in seen.into_values() {
        as_asked &= present(draft, bucket, &asked);
    }
    as_asked
}

/// What is known of a bucket.
enum Look<'a> {
    There(&'a ObservedBucket),
    Gone,
    NotSeen,
}

/// Looks a bucket up by the row's word for it; says so if it was not seen.
fn look<'a>(draft: &mut Draft<'a>, word: &str) -> Look<'a> {
    let input = draft.input;
    let (name, found, not_asked) = match (input.observed.buckets.get(word), known_home(draft, word))
    {
        // A list without the bucket is one negative look; the bucket we wrote to is asked for by
        // its own name before anything is believed gone.
        (Some(Observed::Absent), Some(real)) => {
            let found = input.observed.buckets.get(&real);
            (real, found, "the home bucket was not listed")
        }
        (found, _) => (word.to_owned(), found, "not looked at"),
    };
    let why = match found {
        Some(Observed::Present(bucket)) => return Look::There(bucket),
        Some(Observed::Absent) => return Look::Gone,
        Some(Observed::Unknown(why)) => why,
        None => {
            draft.plan.needs.buckets.insert(name.clone());
            not_asked
        }
    };
    draft.wait(ObjectRef::bucket(name), WaitReason::NotObserved, why);
    Look::NotSeen
}

/// The home bucket's real name, if we ever wrote to it.
fn known_home(draft: &Draft<'_>, word: &str) -> Option<String> {
    if word != HOME {
        return None;
    }
    let mut owned = draft.input.owned.iter();
    owned.find_map(|object| {
        let name = object.strip_prefix("bucket/")?;
        policy::is_home_bucket(name).then(|| name.to_owned())
    })
}

/// Buckets on which this environment manages statements, as the row called them.
fn managed_buckets(draft: &Draft<'_>) -> BTreeSet<String> {
    draft
        .input
        .managed
        .keys()
        .filter_map(|path| path.strip_prefix("buckets."))
        .filter_map(|rest| rest.rsplit_once('.'))
        .map(|(bucket, _sid)| bucket.to_owned())
        .collect()
}

fn absent(draft: &mut Draft<'_>, bucket: &str, statements: &[PolicyStatement]) {
    let object = ObjectRef::bucket(bucket);
    if statements.is_empty() {
        // The bucket is gone, and our statements with it.
        release(draft, bucket, |_| true);
        return;
    }
    let stack = draft.input.environment.spec.stack.as_ref();
    let connectors = stack.and_then(|stack| stack.storage_connectors.value());
    let home_folders = connectors
        .into_iter()
        .flatten()
        .any(|one| one.connector_type == ConnectorType::HomeFolders);
    if bucket != HOME {
        let message = "the bucket does not exist; create it";
        draft.wait(object, WaitReason::BucketMissing, message);
    } else if home_folders {
        let message = "AWS creates the home bucket soon after a stack first enables home folders";
        draft.wait(object, WaitReason::HomeBucketMissing, message);
    } else {
        let message = "there is no home bucket in this region; enable HOMEFOLDERS on a stack";
        draft.wait(object, WaitReason::BucketMissing, message);
    }
}

fn present(draft: &mut Draft<'_>, bucket: &ObservedBucket, asked: &Asked) -> bool {
    let uid = draft.input.environment.uid;
    let desired: Vec<Value> = asked
        .iter()
        .flat_map(|(word, statements)| {
            let spec = BucketSpec {
                bucket: word.clone(),
                grants: Vec::new(),
                statements: statements.clone(),
            };
            policy::desired_statements(uid, &bucket.name, &spec)
        })
        .collect();
    let input = draft.input;
    let partition = input.environment.scope.partition();
    let identities = identity::proven(&input.observed.principals);
    let names = Names {
        partition,
        identities: &identities,
    };
    let found = policy::compare_with(uid, bucket.policy.as_ref(), &desired, names);
    let ignored = ignored(draft, asked, &found);
    let mut undecided = BTreeSet::new();
    let mut differences = Vec::new();
    for difference in found {
        if ignored.contains(&difference.sid) {
            continue;
        }
        if identity::is_undecided(draft, bucket, &difference, names) {
            undecided.insert(difference.sid);
        } else {
            differences.push(difference);
        }
    }
    let left_alone = &ignored | &undecided;
    ledger(draft, asked, &differences, &left_alone);
    if differences.is_empty() {
        return undecided.is_empty();
    }
    let reason = describe(draft, bucket, asked, &differences);
    without_effect(draft, bucket, &differences);
    let step = Write {
        bucket,
        desired: &desired,
        ignored: &ignored,
        names,
        reason,
    };
    let manages = asked
        .iter()
        .flat_map(|(word, statements)| {
            statements
                .iter()
                .filter(|statement| !ignored.contains(&statement.sid))
                .map(|statement| path(word, &statement.sid))
        })
        .collect();
    write(draft, step, manages);
    false
}

/// `Sid`s that somebody else owns. When the row goes nobody does: what carries our prefix goes too.
fn ignored(draft: &Draft<'_>, asked: &Asked, found: &[StatementDifference]) -> BTreeSet<String> {
    if draft.input.environment.is_deleting() {
        return BTreeSet::new();
    }
    let sids = asked.values().flatten().map(|statement| &statement.sid);
    sids.chain(found.iter().map(|difference| &difference.sid))
        .filter(|sid| draft.ignores(&path(word_of(draft, asked, sid), sid)))
        .cloned()
        .collect()
}

/// The word under which the row asks for a statement, or under which it is managed.
fn word_of<'a>(draft: &Draft<'_>, asked: &'a Asked, sid: &str) -> &'a str {
    let asks = asked
        .iter()
        .find(|(_, statements)| statements.iter().any(|statement| statement.sid == sid));
    let manages = || {
        asked
            .iter()
            .find(|(word, _)| draft.input.managed.contains_key(&path(word, sid)))
    };
    asks.or_else(manages)
        .or_else(|| asked.iter().next())
        .map_or(HOME, |(word, _)| word)
}

/// Records which statements hold, and which managed ones are gone.
fn ledger(
    draft: &mut Draft<'_>,
    asked: &Asked,
    differences: &[StatementDifference],
    ignored: &BTreeSet<String>,
) {
    let differs = |sid: &str| differences.iter().any(|difference| difference.sid == sid);
    let is_asked = |sid: &str| {
        let mut statements = asked.values().flatten();
        statements.any(|statement| statement.sid == sid)
    };
    for (word, statements) in asked {
        for statement in statements {
            let sid = &statement.sid;
            if !differs(sid) && !ignored.contains(sid) {
                draft.holds(path(word, sid), json!(statement));
            }
        }
        // A statement that moved to the bucket's other name is managed under that one.
        release(draft, word, |sid| {
            let here = statements.iter().any(|statement| statement.sid == sid);
            !here && !ignored.contains(sid) && (is_asked(sid) || !differs(sid))
        });
    }
}

/// Records the differences; says them in words.
fn describe(
    draft: &mut Draft<'_>,
    bucket: &ObservedBucket,
    asked: &Asked,
    differences: &[StatementDifference],
) -> String {
    let mut reasons = Vec::new();
    for difference in differences {
        let word = word_of(draft, asked, &difference.sid);
        let path = path(word, &difference.sid);
        // What held is remembered as the row says it, before the bucket's name is filled in.
        let asks = asked[word]
            .iter()
            .find(|statement| statement.sid == difference.sid);
        let is_drift = asks.is_some_and(|statement| draft.held(&path, &json!(statement)));
        let what = difference.without_effect.clone().unwrap_or_else(|| {
            words::statement(difference.desired.as_ref(), difference.observed.as_ref())
        });
        let drift = if is_drift { "drift of " } else { "" };
        let specs = &draft.input.environment.spec.buckets;
        let grant = policy::grant_of(specs, &difference.sid)
            .map(|grant| format!(" (the grant to {})", grant.principal));
        reasons.push(format!(
            "{drift}{path}{}: {what}",
            grant.unwrap_or_default()
        ));
        draft.plan.differences.push(Difference {
            object: ObjectRef::bucket(&bucket.name),
            path,
            desired: difference.desired.clone().unwrap_or(Value::Null),
            observed: difference.observed.clone().unwrap_or(Value::Null),
            is_drift,
        });
    }
    reasons.join(", ")
}

/// Says of statements that are there to the letter why they do not do what they say.
fn without_effect(
    draft: &mut Draft<'_>,
    bucket: &ObservedBucket,
    differences: &[StatementDifference],
) {
    for StatementDifference {
        sid,
        without_effect,
        ..
    } in differences
    {
        if let Some(why) = without_effect {
            let object = ObjectRef::bucket(&bucket.name);
            let message = format!("statement {sid}: {why}");
            draft.wait(object, WaitReason::PolicyRefused, message);
        }
    }
}

/// A policy to be written.
struct Write<'a> {
    bucket: &'a ObservedBucket,
    desired: &'a [Value],
    ignored: &'a BTreeSet<String>,
    names: Names<'a>,
    reason: String,
}

fn write(draft: &mut Draft<'_>, write: Write<'_>, manages: BTreeSet<String>) {
    let Write {
        bucket,
        desired,
        ignored,
        names,
        reason,
    } = write;
    let environment = draft.input.environment;
    let object = ObjectRef::bucket(&bucket.name);
    let base = bucket.policy.clone();
    let merged = match policy::merge_with(environment.uid, base.as_ref(), desired, ignored, names) {
        Ok(merged) => merged,
        Err(error) => {
            draft.wait(object, WaitReason::PolicyRefused, error.to_string());
            return;
        }
    };
    if merged == base {
        // What differs is not cured by writing.
        return;
    }
    let bucket = bucket.name.clone();
    let Some(document) = merged else {
        draft.step(Action::DeleteBucketPolicy { bucket, base }, reason);
        return;
    };
    let context = policy::GuardContext::of(environment, draft.input.caller_arn, &bucket);
    let refusals = policy::guard(base.as_ref(), &document, &context);
    let is_refused = !refusals.is_empty();
    for refusal in refusals {
        draft.wait(&object, WaitReason::PolicyRefused, refusal.to_string());
    }
    let action = Action::PutBucketPolicy {
        bucket,
        base,
        document,
    };
    let step = draft.step(action, reason);
    step.manages = manages;
    step.waiting_for = is_refused.then_some(WaitReason::PolicyRefused);
}

/// The path of one statement, as in `ignore`.
fn path(bucket: &str, sid: &str) -> String {
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
