//! Reads and writes durations as people do: `500ms`, `2s`, `5m`, `1h30m`.

use std::time::Duration;

/// Units, longest first, in milliseconds.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a duration: whole numbers, each with its unit, the longest first.
///
/// # Errors
///
/// Fails with what is wrong, for people.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is not a duration such as 500ms, 2s, 5m or 1h");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("\"{text}\" has no unit; write {text}s for seconds"));
    }
    let mut rest = text;
    let mut milliseconds: u64 = 0;
    let mut longest: Option<u64> = None;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let letters = after.len()
            - after
                .trim_start_matches(|c: char| c.is_ascii_lowercase())
                .len();
        let (unit, after) = after.split_at(letters);
        let (_, factor) = UNITS
            .into_iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(wrong)?;
        // "30s5m" is a slip of the finger rather than a duration.
        if longest.is_some_and(|longer| longer <= factor) {
            return Err(wrong());
        }
        milliseconds = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(factor))
            .and_then(|part| milliseconds.checked_add(part))
            .ok_or_else(wrong)?;
        longest = Some(factor);
        rest = after;
    }
    if longest.is_none() {
        return Err(wrong());
    }
    Ok(Duration::from_millis(milliseconds))
}

/// Writes a duration as [`parse_duration`] reads it, to the millisecond.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, factor) in UNITS {
        let number = rest / factor;
        if number > 0 {
            text.push_str(&number.to_string());
            text.push_str(unit);
        }
        rest %= factor;
    }
    text
}
