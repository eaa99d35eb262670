//! Tells whether only a proof of identity is missing for two statements to be the same.
//!
//! S3 shows a role or user by its unique id while it cannot resolve it. Which ARN an id stands for
//! is known to IAM alone, and asking costs a call, so IAM is asked only where the answer decides:
//! when two statements are the same but for ids on one side and as many ARNs on the other.

use std::collections::BTreeSet;

use serde_json::Value;

use super::canonical::{Selection, Statement, read_statement};
use super::names::Names;

/// What begins the unique id of a role, and of a user (IAM user guide, "IAM identifiers").
const ROLE_ID: &str = "AROA";
const USER_ID: &str = "AIDA";

/// A role or a user, by its ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IamPrincipal<'a> {
    /// The partition, such as `aws`.
    pub partition: &'a str,
    /// The account, 12 digits.
    pub account: &'a str,
    /// Whether it is a role, and not a user.
    pub is_role: bool,
    /// The name, without the path.
    pub name: &'a str,
}

impl<'a> IamPrincipal<'a> {
    /// Reads `arn:partition:iam::account:role/path/name` or the same of a user; `None` when it is
    /// something else.
    #[must_use]
    pub fn of_arn(arn: &'a str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", account, resource] = parts[..] else {
            return None;
        };
        let (kind, path) = resource.split_once('/')?;
        let is_role = match kind {
            "role" => true,
            "user" => false,
            _ => return None,
        };
        let name = path.rsplit('/').next().filter(|name| !name.is_empty())?;
        Some(Self {
            partition,
            account,
            is_role,
            name,
        })
    }
}

/// The ARNs whose unique ids decide whether two statements are the same; nothing when they differ
/// in something else as well, or do not differ.
#[must_use]
pub fn undecided(a: &Value, b: &Value, names: Names<'_>) -> BTreeSet<String> {
    let (Some(mut a), Some(mut b)) = (read_statement(a, names), read_statement(b, names)) else {
        return BTreeSet::new();
    };
    let (in_a, in_b) = (take_principals(&mut a), take_principals(&mut b));
    if a != b {
        return BTreeSet::new();
    }
    let (Some(in_a), Some(in_b)) = (
        Unmatched::of(in_a.difference(&in_b)),
        Unmatched::of(in_b.difference(&in_a)),
    ) else {
        return BTreeSet::new();
    };
    if in_a.ids() != in_b.arns() || in_b.ids() != in_a.arns() {
        return BTreeSet::new();
    }
    in_a.arns.into_iter().chain(in_b.arns).collect()
}

/// Takes the names of the kind `AWS` out of a statement.
fn take_principals(statement: &mut Statement) -> BTreeSet<String> {
    let kinds = match &mut statement.principal {
        Selection::Unsaid => return BTreeSet::new(),
        Selection::Only(kinds) | Selection::AllBut(kinds) => kinds,
    };
    // The kind stays, so that having it still counts.
    kinds.get_mut("AWS").map(std::mem::take).unwrap_or_default()
}

/// Names of one statement that the other has not.
#[derive(Default)]
struct Unmatched {
    role_ids: usize,
    user_ids: usize,
    arns: BTreeSet<String>,
}

impl Unmatched {
    /// `None` when one of them is neither a unique id nor the ARN of a role or user.
    fn of<'a>(names: impl Iterator<Item = &'a String>) -> Option<Self> {
        let mut unmatched = Self::default();
        for name in names {
            if name.starts_with(ROLE_ID) {
                unmatched.role_ids += 1;
            } else if name.starts_with(USER_ID) {
                unmatched.user_ids += 1;
            } else {
                IamPrincipal::of_arn(name)?;
                unmatched.arns.insert(name.clone());
            }
        }
        Some(unmatched)
    }

    /// How many roles and users are there by their id.
    const fn ids(&self) -> (usize, usize) {
        (self.role_ids, self.user_ids)
    }

    /// How many roles and users are there by their ARN.
    fn arns(&self) -> (usize, usize) {
        let principals = self.arns.iter().filter_map(|arn| IamPrincipal::of_arn(arn));
        let roles = principals.filter(|principal| principal.is_role).count();
        (roles, self.arns.len() - roles)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Identities;

    const ROLE: &str = "arn:aws:iam::111122223333:role/team/x";
    const USER: &str = "arn:aws:iam::111122223333:user/u";

    #[test]
    fn a_role_and_a_user_are_read_from_their_arns_and_nothing_else_is() {
        let role = IamPrincipal::of_arn(ROLE).unwrap();
        assert_eq!(
            (role.partition, role.account, role.is_role, role.name),
            ("aws", "111122223333", true, "x")
        );
        assert!(!IamPrincipal::of_arn(USER).unwrap().is_role);
        for other in [
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:sts::111122223333:assumed-role/x/s",
            "AROAEXAMPLEID1234567",
            "111122223333",
            "*",
        ] {
            assert_eq!(IamPrincipal::of_arn(other), None, "{other}");
        }
    }

    fn statement(principals: &[&str]) -> Value {
        json!({"Effect": "Allow", "Principal": {"AWS": principals},
               "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"})
    }

    #[track_caller]
    fn check(a: &[&str], b: &[&str], arns: &[&str]) {
        let expected: BTreeSet<String> = arns.iter().map(|&arn| arn.to_owned()).collect();
        for (a, b) in [(a, b), (b, a)] {
            let found = undecided(&statement(a), &statement(b), Names::default());
            assert_eq!(found, expected, "{a:?} and {b:?}");
        }
    }

    #[test]
    fn iam_is_asked_only_where_its_answer_decides() {
        check(&[ROLE], &["AROA1"], &[ROLE]);
        check(&[USER], &["AIDA1"], &[USER]);
        check(&[ROLE, "111122223333"], &["AROA1", "111122223333"], &[ROLE]);
        check(&[ROLE, USER], &["AROA1", "AIDA1"], &[ROLE, USER]);
        check(&[ROLE, "AIDA1"], &["AROA1", USER], &[ROLE, USER]);
        // Nothing that IAM could say would make these the same.
        check(&[ROLE], &[ROLE], &[]);
        check(&[ROLE], &["AIDA1"], &[]);
        check(&[ROLE], &["AROA1", "AROA2"], &[]);
        check(&[ROLE], &["AROA1", "111122223333"], &[]);
        check(&[ROLE], &[USER], &[]);
        check(&["AROA1"], &["AROA2"], &[]);
        let mut other = statement(&["AROA1"]);
        other["Action"] = json!("s3:PutObject");
        assert!(undecided(&statement(&[ROLE]), &other, Names::default()).is_empty());
        let mut not = statement(&["AROA1"]);
        not["NotPrincipal"] = not.as_object_mut().unwrap().remove("Principal").unwrap();
        assert!(undecided(&statement(&[ROLE]), &not, Names::default()).is_empty());
    }

    #[test]
    fn what_is_proven_is_not_asked_again() {
        let proof = Identities::new([("AROA1".to_owned(), ROLE.to_owned())]);
        let names = Names {
            identities: &proof,
            ..Names::default()
        };
        let (by_arn, by_id) = (statement(&[ROLE, USER]), statement(&["AROA1", "AIDA1"]));
        let left = undecided(&by_arn, &by_id, names);
        assert_eq!(left, BTreeSet::from([USER.to_owned()]));
    }
}
