//! Finds which of our statements differ, and computes the document that has them right.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::canonical::{read_statement, statements_equivalent_with};
use super::names::Names;
use super::ownership::{owned_user_sid, statements, user_sid_of};
use super::variables::{self, CURRENT_VERSION};

/// One of our statements that is not as desired.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementDifference {
    /// The user's `Sid`.
    pub sid: String,
    /// The statement as it should be; `None` when it should not be there.
    pub desired: Option<Value>,
    /// The statement as it is; `None` when it is not there, and a list when the `Sid` is there
    /// more than once.
    pub observed: Option<Value>,
    /// Why the statement does not do what is desired although it says so: the same words mean
    /// something else in this policy. Writing it again would not help.
    pub without_effect: Option<String>,
}

/// Why a policy cannot be merged. Nothing is written then: what we do not understand, we would lose.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// The bucket's policy is not a JSON object.
    #[error("the bucket's policy is not a JSON object")]
    PolicyNotAnObject,
    /// The bucket's policy has a `Statement` that is neither an object nor a list.
    #[error("the bucket's policy has a Statement that is neither an object nor a list")]
    StatementNotAList,
    /// A desired statement's `Sid` does not carry this environment's prefix.
    #[error("the desired statement {position} has a Sid that is not this environment's")]
    DesiredNotOwned {
        /// Its place in the list of desired statements, from 1.
        position: usize,
    },
    /// Two desired statements have one `Sid`.
    #[error("two desired statements have the Sid {sid}")]
    DesiredTwice {
        /// The user's `Sid`.
        sid: String,
    },
}

/// What differs between a bucket's policy and the desired statements, sorted by the user's `Sid`.
///
/// A policy that cannot be read has none of our statements; [`merge`] then says why.
#[must_use]
pub fn compare(uid: Uuid, policy: Option<&Value>, desired: &[Value]) -> Vec<StatementDifference> {
    compare_with(uid, policy, desired, Names::default())
}

/// As [`compare`], given what names stand for.
#[must_use]
pub fn compare_with(
    uid: Uuid,
    policy: Option<&Value>,
    desired: &[Value],
    names: Names<'_>,
) -> Vec<StatementDifference> {
    let mut observed: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for statement in policy.and_then(statements).unwrap_or_default() {
        if let Some(sid) = user_sid_of(uid, statement) {
            observed.entry(sid).or_default().push(statement);
        }
    }
    let wanted: BTreeMap<&str, &Value> = desired
        .iter()
        .map(|statement| (desired_sid(uid, statement), statement))
        .collect();

    let variables_work = policy.is_none_or(variables::work_in);
    let sids: BTreeSet<&str> = observed.keys().chain(wanted.keys()).copied().collect();
    sids.into_iter()
        .filter_map(|sid| {
            let wanted = wanted.get(sid).copied();
            let found = observed.get(sid).map_or(&[][..], Vec::as_slice);
            let is_same = |wanted: &&Value| {
                let same = |found: &&Value| statements_equivalent_with(wanted, found, names);
                !found.is_empty() && found.iter().all(same)
            };
            let without_effect = match wanted.filter(is_same) {
                Some(wanted) if variables_work || !has_variables(wanted, names) => return None,
                Some(_) => Some(variables::taken_literally()),
                None => None,
            };
            Some(StatementDifference {
                sid: sid.to_owned(),
                desired: wanted.cloned(),
                observed: one_or_list(found),
                without_effect,
            })
        })
        .collect()
}

fn has_variables(statement: &Value, names: Names<'_>) -> bool {
    read_statement(statement, names).is_some_and(|statement| variables::are_in(&statement))
}

/// The user's `Sid` of a desired statement; of one that [`merge`] would refuse, whatever it has.
fn desired_sid(uid: Uuid, statement: &Value) -> &str {
    let sid = statement
        .get("Sid")
        .and_then(Value::as_str)
        .unwrap_or_default();
    owned_user_sid(uid, sid).unwrap_or(sid)
}

fn one_or_list(found: &[&Value]) -> Option<Value> {
    match found {
        [] => None,
        [one] => Some((*one).clone()),
        several => Some(several.iter().copied().cloned().collect()),
    }
}

/// The document that has our statements as desired and everything else as it is.
///
/// Statements of others stay in their order and untouched, `Version` and `Id` stay, ours are
/// replaced in place, added at the end or removed. One that already means what is desired stays in
/// S3's own words. A bucket without a policy gets a new document. `keep` names the user's `Sid`s
/// that somebody else owns: those stay as they are, there or not.
///
/// `None` means that nothing would remain, so the policy is to be deleted.
///
/// # Errors
///
/// Fails when the policy or a desired statement is not what it must be.
pub fn merge(
    uid: Uuid,
    policy: Option<&Value>,
    desired: &[Value],
    keep: &BTreeSet<String>,
) -> Result<Option<Value>, MergeError> {
    merge_with(uid, policy, desired, keep, Names::default())
}

/// As [`merge()`], given what names stand for.
///
/// # Errors
///
/// As [`merge()`].
pub fn merge_with(
    uid: Uuid,
    policy: Option<&Value>,
    desired: &[Value],
    keep: &BTreeSet<String>,
    names: Names<'_>,
) -> Result<Option<Value>, MergeError> {
    let wanted = owned_by_sid(uid, desired)?;
    let (header, before) = match policy {
        Some(policy) => take_apart(policy)?,
        None => (new_header(), &[][..]),
    };

    let mut placed: BTreeSet<&str> = BTreeSet::new();
    let mut after: Vec<Value> = Vec::with_capacity(before.len() + wanted.len());
    for statement in before {
        match user_sid_of(uid, statement) {
            Some(sid) if !keep.contains(sid) => {
                // Not desired: it goes. There already: a second one of that Sid goes too.
                if let Some(wanted) = wanted.get(sid).filter(|_| placed.insert(sid)) {
                    let holds = statements_equivalent_with(wanted, statement, names);
                    after.push(if holds { statement } else { wanted }.clone());
                }
            }
            Some(_) | None => after.push(statement.clone()),
        }
    }
    for statement in desired {
        let sid = desired_sid(uid, statement);
        if !keep.contains(sid) && !placed.contains(sid) {
            after.push(statement.clone());
        }
    }

    if after == before {
        return Ok(policy.cloned());
    }
    if after.is_empty() {
        return Ok(None);
    }
    let mut document = header;
    document.insert("Statement".to_owned(), Value::Array(after));
    Ok(Some(Value::Object(document)))
}

fn owned_by_sid(uid: Uuid, desired: &[Value]) -> Result<BTreeMap<&str, &Value>, MergeError> {
    let mut wanted = BTreeMap::new();
    for (index, statement) in desired.iter().enumerate() {
        let sid = user_sid_of(uid, statement).ok_or(MergeError::DesiredNotOwned {
            position: index + 1,
        })?;
        if wanted.insert(sid, statement).is_some() {
            return Err(MergeError::DesiredTwice {
                sid: sid.to_owned(),
            });
        }
    }
    Ok(wanted)
}

/// Everything of a policy, and its statements. A policy without `Statement` has none to lose.
fn take_apart(policy: &Value) -> Result<(Map<String, Value>, &[Value]), MergeError> {
    let object = policy.as_object().ok_or(MergeError::PolicyNotAnObject)?;
    let before = if object.contains_key("Statement") {
        statements(policy).ok_or(MergeError::StatementNotAList)?
    } else {
        &[]
    };
    Ok((object.clone(), before))
}

fn new_header() -> Map<String, Value> {
    Map::from_iter([("Version".to_owned(), Value::from(CURRENT_VERSION))])
}

#[cfg(test)]
mod tests;
