//! Puts values and their differences into few words, for reasons and events that people read.
//!
//! Whole documents belong into an event's details; a line of a log or of `events` has room for
//! what matters.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::policy::statements_equivalent;

/// The longest a value gets, in characters: two of them and a path fit into a terminal's line or
/// two.
const LONGEST: usize = 60;

/// A value as short JSON; what is not there is `nothing`.
pub(crate) fn brief(value: &Value) -> String {
    if value.is_null() {
        return "nothing".to_owned();
    }
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => {
            let kept = text[..end].trim_end();
            format!("{kept}…")
        }
    }
}

/// How a bucket policy statement differs from what it should be.
pub(crate) fn statement(desired: Option<&Value>, observed: Option<&Value>) -> String {
    match (desired, observed) {
        (None, _) => "no longer asked for".to_owned(),
        (Some(_), None) => "missing".to_owned(),
        (Some(_), Some(Value::Array(several))) => format!("there {} times", several.len()),
        (Some(desired), Some(observed)) => {
            let members = differing_members(desired, observed);
            match members.as_slice() {
                [] => "different".to_owned(),
                [member] => {
                    let side = |statement: &Value| brief(&statement[member.as_str()]);
                    format!("{member} {} -> {}", side(desired), side(observed))
                }
                several => format!("{} differ", several.join(", ")),
            }
        }
    }
}

/// The members by which two statements differ in meaning: those whose exchange alone would make the
/// desired one mean something else.
fn differing_members(desired: &Value, observed: &Value) -> Vec<String> {
    let (Some(ours), Some(theirs)) = (desired.as_object(), observed.as_object()) else {
        return Vec::new();
    };
    let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    keys.into_iter()
        .filter(|key| {
            let mut exchanged = ours.clone();
            match theirs.get(*key) {
                Some(value) => exchanged.insert((*key).clone(), value.clone()),
                None => exchanged.remove(*key),
            };
            !statements_equivalent(desired, &Value::Object(exchanged))
        })
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{brief, statement};

    #[test]
    fn a_long_value_is_cut_and_says_so() {
        let long = json!("ä".repeat(100));
        assert_eq!(brief(&long).chars().count(), 61);
        assert!(brief(&long).ends_with('…'));
        assert_eq!(brief(&json!({"a": [1, "b"]})), r#"{"a":[1,"b"]}"#);
        assert_eq!(brief(&json!(null)), "nothing");
    }

    #[test]
    fn a_statement_is_described_by_the_members_that_mean_something_else() {
        let desired = json!({
            "Sid": "StreamkeeperX", "Effect": "Allow", "Principal": {"AWS": "111122223333"},
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"
        });
        let mut observed = desired.clone();
        observed["Action"] = json!(["s3:getobject", "s3:PutObject"]);
        observed["Principal"] = json!({"AWS": ["arn:aws:iam::111122223333:root"]});
        assert_eq!(
            statement(Some(&desired), Some(&observed)),
            r#"Action "s3:GetObject" -> ["s3:getobject","s3:PutObject"]"#
        );
        observed["Condition"] = json!({"Bool": {"aws:SecureTransport": "true"}});
        assert_eq!(
            statement(Some(&desired), Some(&observed)),
            "Action, Condition differ"
        );
        assert_eq!(statement(Some(&desired), None), "missing");
        let twice = json!([desired, desired]);
        assert_eq!(statement(Some(&desired), Some(&twice)), "there 2 times");
        assert_eq!(statement(None, Some(&desired)), "no longer asked for");
    }
}
