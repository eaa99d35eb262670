//! Knows what names in a `Principal` stand for, beyond what the policy itself says.

use std::collections::BTreeMap;

/// What names stand for where a policy is.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// The bucket's partition, such as `aws-cn`: that of an account id, unless the statement's
    /// resources say another.
    pub partition: &'a str,
    /// What is proven about unique ids.
    pub identities: &'a Identities,
}

static NOTHING_PROVEN: Identities = Identities(BTreeMap::new());

impl Default for Names<'_> {
    /// The partition `aws`, and no unique id proven.
    fn default() -> Self {
        Self {
            partition: "aws",
            identities: &NOTHING_PROVEN,
        }
    }
}

/// Unique ids (`AROA…`, `AIDA…`) of roles and users, each with the ARN it is proven to stand for.
///
/// S3 shows a role or user by its unique id while it cannot resolve it, and for ever once it is
/// deleted. A role that was deleted and created again has the same ARN and another id, so only IAM
/// can prove that an id and an ARN are one. Without proof they differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identities(BTreeMap<String, String>);

impl Identities {
    /// Takes proven pairs of unique id and ARN.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// The ARN of a unique id, or the name itself when there is no proof.
    pub(super) fn resolve<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(name).map_or(name, String::as_str)
    }
}
