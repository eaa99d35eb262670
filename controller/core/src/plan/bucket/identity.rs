//! Decides whether a role or user that S3 shows by its unique id is the one that the row names.

use std::collections::BTreeMap;

use crate::action::ObjectRef;
use crate::observed::{Observed, ObservedBucket};
use crate::plan::WaitReason;
use crate::plan::draft::Draft;
use crate::policy::{self, IamPrincipal, Identities, Names, StatementDifference};

/// What IAM has proven so far.
pub(super) fn proven(principals: &BTreeMap<String, Observed<String>>) -> Identities {
    let pairs = principals.iter().filter_map(|(arn, id)| match id {
        Observed::Present(id) => Some((id.clone(), arn.clone())),
        Observed::Absent | Observed::Unknown(_) => None,
    });
    Identities::new(pairs)
}

/// Whether it is not known if a statement differs: it is the same but for unique ids that nobody
/// has proven to be, or not to be, what the row names. Asks for the proof, and says what is waited
/// for.
///
/// Writing on suspicion would be wrong twice: S3 shows ids for a while and ARNs again, by no
/// schedule, so it would be written for ever.
pub(super) fn is_undecided(
    draft: &mut Draft<'_>,
    bucket: &ObservedBucket,
    difference: &StatementDifference,
    names: Names<'_>,
) -> bool {
    let (Some(desired), Some(observed)) = (&difference.desired, &difference.observed) else {
        return false;
    };
    let arns = policy::undecided(desired, observed, names);
    let mut open = Vec::new();
    for arn in &arns {
        match unknown(draft, arn) {
            Some(why) => open.push((arn, why)),
            // Its id is known, and it is none of those that S3 shows: one was deleted.
            None => return false,
        }
    }
    let sid = &difference.sid;
    for (arn, why) in &open {
        let message = format!(
            "statement {sid}: S3 shows a unique id, and whether that is {arn} is not known: {why}"
        );
        draft.wait(
            ObjectRef::bucket(&bucket.name),
            WaitReason::NotObserved,
            message,
        );
    }
    !open.is_empty()
}

/// Why nothing is known of a role or user; `None` when something is. Has it looked up if it can be.
fn unknown(draft: &mut Draft<'_>, arn: &str) -> Option<String> {
    let scope = &draft.input.environment.scope;
    let is_here = IamPrincipal::of_arn(arn).is_some_and(|principal| {
        principal.account == scope.account && principal.partition == scope.partition()
    });
    if !is_here {
        let why = "it is of another account, whose IAM cannot be asked; name the account's root \
                   and narrow it by a condition on aws:PrincipalArn";
        return Some(why.to_owned());
    }
    match draft.input.observed.principals.get(arn) {
        Some(Observed::Present(_) | Observed::Absent) => None,
        Some(Observed::Unknown(why)) => Some(why.clone()),
        None => {
            draft.plan.needs.principals.insert(arn.to_owned());
            Some("not looked at".to_owned())
        }
    }
}
