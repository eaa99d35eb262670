//! Reads numbers as IAM sees them: as texts, and never with digits lost.
//!
//! JSON holds decimal numbers of any length, and we hold them as 64-bit integers or as doubles.
//! What does not survive that is not understood, so that it equals nothing else.

use serde_json::Number;

/// From here on doubles skip whole numbers, so that one of them stands for several: 2^53.
const INEXACT_FROM: f64 = 9_007_199_254_740_992.0;

/// How many significant digits of a decimal number a double always keeps (`DBL_DIG` in C).
const KEPT_DIGITS: usize = 15;

/// A JSON number as the text IAM compares; `None` when it may stand for another one as well.
pub(super) fn text(number: &Number) -> Option<String> {
    match number.as_f64().filter(|_| number.is_f64()) {
        // Minus zero is zero.
        Some(0.0) => Some("0.0".to_owned()),
        Some(double) if double.abs() >= INEXACT_FROM => None,
        Some(_) | None => Some(number.to_string()),
    }
}

/// A decimal number without needless zeros; `None` when it is not one in plain notation.
pub(super) fn plain_decimal(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    Some(match (whole, fraction.trim_end_matches('0')) {
        ("0", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    })
}

/// The first number in a JSON text that we would hold with digits lost.
///
/// Expects a text that is JSON; of another one it returns something or nothing.
pub(super) fn first_lossy(json: &str) -> Option<&str> {
    let mut rest = json;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        rest = &rest[at..];
        if rest.starts_with('"') {
            rest = after_string(rest);
            continue;
        }
        let of_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
        let end = rest.find(|c| !of_number(c)).unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        if !is_kept(number) {
            return Some(number);
        }
        rest = after;
    }
    None
}

/// What follows a JSON string.
fn after_string(text: &str) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return &text[at + 1..],
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    ""
}

/// Whether a JSON number keeps its digits.
fn is_kept(number: &str) -> bool {
    if number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return true;
    }
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    let is_zero = significant.is_empty();
    significant.len() <= KEPT_DIGITS
        && number
            .parse::<f64>()
            .is_ok_and(|double| is_zero || double.is_normal())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn text_of(value: &Value) -> Option<String> {
        text(value.as_number().unwrap())
    }

    #[test]
    fn a_number_has_one_text_or_none() {
        for (number, is) in [
            (json!(3600), Some("3600")),
            (json!(1.5), Some("1.5")),
            (json!(0.0), Some("0.0")),
            (json!(-0.0), Some("0.0")),
            (json!(u64::MAX), Some("18446744073709551615")),
            (json!(9_007_199_254_740_991.0), Some("9007199254740991.0")),
            (json!(9_007_199_254_740_992.0), None),
            (json!(-1e300), None),
        ] {
            assert_eq!(text_of(&number).as_deref(), is, "{number}");
        }
    }

    #[test]
    fn a_number_that_would_lose_digits_is_found_wherever_it_is() {
        for (json, is) in [
            (r#"{"a": [1, -2, 0, 0.25, 1e3, -0.0]}"#, None),
            (r#"{"a": 18446744073709551615}"#, None),
            (
                r#"{"a": 18446744073709551616}"#,
                Some("18446744073709551616"),
            ),
            (
                r#"[-9223372036854775808, -9223372036854775809]"#,
                Some("-9223372036854775809"),
            ),
            ("0.1234567890123456", Some("0.1234567890123456")),
            ("0.000000000000000000123456789012345", None),
            ("1e999", Some("1e999")),
            ("1e-999", Some("1e-999")),
            (r#"{"18446744073709551616": "18446744073709551616"}"#, None),
            (r#"{"\\": "\"18446744073709551616", "b": 7}"#, None),
            (
                r#"["x\\", 18446744073709551616]"#,
                Some("18446744073709551616"),
            ),
        ] {
            assert_eq!(first_lossy(json), is, "{json}");
        }
    }
}
