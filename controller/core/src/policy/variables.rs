//! Finds policy variables, and says where they are not replaced.
//!
//! `${aws:username}` stands for a value of the request only in a policy of the version
//! `2012-10-17`; in an older one it is these seventeen characters (IAM user guide, "IAM JSON policy
//! elements: Version").

use serde_json::Value;

use super::canonical::{IMPLIED_VERSION, Selection, Statement};

/// The only version in which policy variables are replaced.
pub(super) const CURRENT_VERSION: &str = "2012-10-17";

/// Why a statement with policy variables does not do what it says, for people.
pub(super) fn taken_literally() -> String {
    format!(
        "it uses a policy variable, which S3 takes literally in this bucket's policy because its \
         Version is not {CURRENT_VERSION}"
    )
}

/// Whether policy variables are replaced in a policy.
pub(super) fn work_in(policy: &Value) -> bool {
    let version = policy.get("Version").and_then(Value::as_str);
    version.unwrap_or(IMPLIED_VERSION) == CURRENT_VERSION
}

/// Whether a statement has a policy variable where IAM replaces one.
pub(super) fn are_in(statement: &Statement) -> bool {
    let resources = match &statement.resource {
        Selection::Unsaid => None,
        Selection::Only(resources) | Selection::AllBut(resources) => Some(resources),
    };
    let values = statement.condition.values().flat_map(|keys| keys.values());
    resources
        .into_iter()
        .chain(values)
        .flatten()
        .any(|text| is_in(text))
}

/// Whether a text has a policy variable in it.
pub(super) fn is_in(text: &str) -> bool {
    text.contains("${")
}
