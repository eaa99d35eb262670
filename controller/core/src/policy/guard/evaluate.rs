//! Evaluates one statement against one request, with "maybe" where we do not know enough.
//!
//! Not a policy engine: one statement, one request whose interesting facts are known, and a third
//! answer for the rest. Every shortcut errs towards [`Verdict::Maybe`], which a guard rail reads as
//! "yes".

use std::collections::BTreeSet;

use super::principal::{Principal, Reading, includes};
use crate::policy::canonical::{Selection, Statement, base_operator};
use crate::policy::variables;

/// Whether something applies. The order makes *and* the minimum and *or* the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    No,
    Maybe,
    Yes,
}

impl Verdict {
    pub(super) const fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    const fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Maybe => Self::Maybe,
            Self::Yes => Self::No,
        }
    }
}

/// One request.
pub(super) struct Request<'a> {
    pub(super) principal: &'a Principal,
    /// In lower case.
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    /// `s3:prefix` of a listing.
    pub(super) prefix: Option<&'a str>,
}

/// What is known of a condition key's value in a request.
enum Known {
    Is(String),
    /// An ordinary request does not have the key.
    Absent,
    Unknown,
}

/// Whether a statement applies to a request.
pub(super) fn applies(statement: &Statement, request: &Request<'_>) -> Verdict {
    let conditions = statement.condition.iter().flat_map(|(operator, keys)| {
        keys.iter()
            .map(move |(key, values)| condition(operator, key, values, request))
    });
    [
        includes(&statement.principal, request.principal),
        action(&statement.action, request.action),
        resource(&statement.resource, request.resource),
    ]
    .into_iter()
    .chain(conditions)
    .min()
    .unwrap_or(Verdict::Maybe)
}

fn action(selection: &Selection<BTreeSet<String>>, action: &str) -> Verdict {
    let among = |patterns: &BTreeSet<String>| patterns.iter().any(|p| glob(p, action));
    match selection {
        Selection::Unsaid => Verdict::Maybe,
        Selection::Only(patterns) => Verdict::from(among(patterns)),
        Selection::AllBut(patterns) => Verdict::from(!among(patterns)),
    }
}

fn resource(selection: &Selection<BTreeSet<String>>, resource: &str) -> Verdict {
    let among = |patterns: &BTreeSet<String>| {
        patterns
            .iter()
            .map(|pattern| {
                if variables::is_in(pattern) {
                    Verdict::Maybe
                } else {
                    Verdict::from(glob(pattern, resource))
                }
            })
            .max()
            .unwrap_or(Verdict::No)
    };
    match selection {
        Selection::Unsaid => Verdict::Maybe,
        Selection::Only(patterns) => among(patterns),
        Selection::AllBut(patterns) => among(patterns).not(),
    }
}

fn condition(
    operator: &str,
    key: &str,
    values: &BTreeSet<String>,
    request: &Request<'_>,
) -> Verdict {
    let base = base_operator(operator);
    let known = known(key, request);
    if base == "null" {
        let says = |word| values.iter().any(|value| value.eq_ignore_ascii_case(word));
        return match known {
            Known::Unknown => Verdict::Maybe,
            Known::Absent => Verdict::from(says("true")),
            Known::Is(_) => Verdict::from(says("false")),
        };
    }
    let (positive, negated) = match base {
        "stringnotequals" => ("stringequals", true),
        "stringnotequalsignorecase" => ("stringequalsignorecase", true),
        "stringnotlike" => ("stringlike", true),
        "arnnotequals" | "arnnotlike" => ("arnlike", true),
        "arnequals" => ("arnlike", false),
        "numericnotequals" => ("numericequals", true),
        plain => (plain, false),
    };
    let found = match known {
        Known::Unknown => return Verdict::Maybe,
        Known::Absent => {
            // A missing key satisfies these, and no others.
            let satisfied = operator.ends_with("ifexists")
                || operator.starts_with("forallvalues:")
                || (negated && !operator.starts_with("foranyvalue:"));
            return Verdict::from(satisfied);
        }
        Known::Is(found) => found,
    };
    let any = values
        .iter()
        .map(|value| {
            if variables::is_in(value) {
                Verdict::Maybe
            } else if key == "aws:principalarn" {
                principal_arn(positive, value, request.principal)
            } else {
                compare(positive, value, &found)
            }
        })
        .max()
        .unwrap_or(Verdict::No);
    if negated { any.not() } else { any }
}

fn principal_arn(operator: &str, value: &str, who: &Principal) -> Verdict {
    match operator {
        "stringequals" => who.is_named(value, Reading::Exact),
        "stringlike" => who.is_named(value, Reading::Text),
        "arnlike" => who.is_named(value, Reading::Arn),
        _ => Verdict::Maybe,
    }
}

fn compare(operator: &str, value: &str, found: &str) -> Verdict {
    let numbers = || Some((found.parse::<f64>().ok()?, value.parse::<f64>().ok()?));
    let numeric = |holds: fn(f64, f64) -> bool| {
        numbers().map_or(Verdict::Maybe, |(found, value)| {
            Verdict::from(holds(found, value))
        })
    };
    match operator {
        "stringequals" => Verdict::from(value == found),
        "stringequalsignorecase" | "bool" => Verdict::from(value.eq_ignore_ascii_case(found)),
        "stringlike" => Verdict::from(glob(value, found)),
        "numericequals" => numeric(|found, value| (found - value).abs() < f64::EPSILON),
        "numericlessthan" => numeric(|found, value| found < value),
        "numericlessthanequals" => numeric(|found, value| found <= value),
        "numericgreaterthan" => numeric(|found, value| found > value),
        "numericgreaterthanequals" => numeric(|found, value| found >= value),
        _ => Verdict::Maybe,
    }
}

/// What an ordinary request has under a key, in lower case.
fn known(key: &str, request: &Request<'_>) -> Known {
    let who = request.principal;
    let is = |value: &str| Known::Is(value.to_owned());
    match key {
        "aws:principalarn" => who.arn.as_deref().map_or(Known::Unknown, is),
        "aws:principalaccount" => is(&who.account),
        "aws:principaltype" if !who.kind.is_empty() => is(who.kind),
        "aws:principalisawsservice" | "aws:viaawsservice" => is("false"),
        "aws:securetransport" => is("true"),
        "s3:tlsversion" => is("1.3"),
        "s3:signatureversion" => is("AWS4-HMAC-SHA256"),
        "s3:authtype" => is("REST-HEADER"),
        // Milliseconds since the request was signed.
        "s3:signatureage" => is("1000"),
        "s3:prefix" => request.prefix.map_or(Known::Absent, is),
        // Whether AppStream asks for encryption by header is not documented.
        _ if key.starts_with("s3:x-amz-server-side-encryption") => Known::Unknown,
        "s3:resourceaccount" => Known::Unknown,
        _ if key.starts_with("s3:") => Known::Absent,
        _ => Known::Unknown,
    }
}

/// Whether a pattern with `*` (any text) and `?` (any one character) matches a whole text.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last `*` was, and how much of the text it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            Some(_) | None => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn a_glob_matches_whole_texts() {
        for (pattern, text, matches) in [
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
            ("a", "a", true),
            ("a", "A", false),
            ("a", "ab", false),
            ("a*", "a", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbb", false),
            ("*b*b*", "abab", true),
            ("*b*b*", "aba", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("**a", "a", true),
            ("*é?", "caféx", true),
            ("*aab", "aaaab", true),
            ("?*?", "a", false),
            ("a*", "*", false),
            ("*", "*", true),
        ] {
            assert_eq!(glob(pattern, text), matches, "{pattern} on {text}");
        }
    }
}
