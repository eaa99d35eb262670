//! Reads the text of a policy, and refuses what we could not hand back as it was.

use serde_json::Value;

use super::numbers;

/// Why the text of a policy is not taken as a document.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not JSON.
    #[error("not a JSON document")]
    NotJson(#[source] serde_json::Error),
    /// It has a number that we would hold, compare and write back as another one.
    #[error("the number {number} has more digits than can be kept")]
    Lossy {
        /// The number as it was written.
        number: String,
    },
}

/// Reads the text of a policy, as `GetBucketPolicy` returns it.
///
/// # Errors
///
/// Fails when the text is no JSON, or has a number with more digits than we keep: comparing it
/// would say "equal" of two numbers, and writing it would change a statement of others.
pub fn read(text: &str) -> Result<Value, ReadError> {
    let document = serde_json::from_str(text).map_err(ReadError::NotJson)?;
    match numbers::first_lossy(text) {
        None => Ok(document),
        Some(number) => Err(ReadError::Lossy {
            number: number.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_is_read_whole_or_not_at_all() {
        assert_eq!(read(r#"{"Id": 1.5}"#).unwrap(), json!({"Id": 1.5}));
        let error = read("<html>").unwrap_err();
        assert!(matches!(error, ReadError::NotJson(_)), "{error}");
        let error = read(r#"{"Id": 18446744073709551616}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the number 18446744073709551616 has more digits than can be kept"
        );
    }
}
