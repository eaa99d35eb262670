//! Evaluates one statement against one request, with "maybe" where we do not know enough.
//!
//! Not a policy engine: one statement, one request whose interesting facts are known, and a third
//! answer for the rest. Every shortcut errs towards [`Verdict::Maybe`], which a guard rail reads as
//! "yes".

use std::collections::BTreeSet;

use crate::policy::canonical::{Principals, Selection, Statement, base_operator};

use super::has_variable;

/// Whether something applies. The order makes *and* the minimum and *or* the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    No,
    Maybe,
    Yes,
}

impl Verdict {
    const fn from(holds: bool) -> Self {
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

/// Somebody who makes a request.
#[derive(Debug, Clone)]
pub(super) struct Principal {
    account: String,
    /// `aws:PrincipalArn`: of a role's session the role. `None` when it cannot be told.
    arn: Option<String>,
    /// The session's own ARN, for a role's session.
    session: Option<String>,
    /// Whether the role's path is missing in `arn`, because a session's ARN does not have it.
    path_unknown: bool,
    /// `aws:PrincipalType`.
    kind: &'static str,
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

impl Principal {
    pub(super) fn root(partition: &str, account: &str) -> Self {
        Self {
            account: account.to_owned(),
            arn: Some(format!("arn:{partition}:iam::{account}:root")),
            session: None,
            path_unknown: false,
            kind: "Account",
        }
    }

    /// A session of a role whose path is known.
    pub(super) fn session(account: &str, role: String, session: String) -> Self {
        Self {
            account: account.to_owned(),
            arn: Some(role),
            session: Some(session),
            path_unknown: false,
            kind: "AssumedRole",
        }
    }

    /// Whoever STS says we are; of an ARN we cannot read, nothing is known but the account.
    pub(super) fn of_caller(caller: &str, account: &str) -> Self {
        let unknown = Self {
            account: account.to_owned(),
            arn: None,
            session: None,
            path_unknown: false,
            kind: "",
        };
        let parts: Vec<&str> = caller.splitn(6, ':').collect();
        let ["arn", partition, service, "", caller_account, name] = parts[..] else {
            return unknown;
        };
        let known = |kind| Self {
            account: caller_account.to_owned(),
            arn: Some(caller.to_owned()),
            kind,
            ..unknown.clone()
        };
        match (service, name.split('/').collect::<Vec<_>>()[..].as_ref()) {
            ("iam", ["root"]) => known("Account"),
            ("iam", ["user", ..]) => known("User"),
            ("sts", ["assumed-role", role, _]) => Self {
                arn: Some(format!("arn:{partition}:iam::{caller_account}:role/{role}")),
                session: Some(caller.to_owned()),
                path_unknown: true,
                ..known("AssumedRole")
            },
            _ => Self {
                account: caller_account.to_owned(),
                ..unknown
            },
        }
    }

    /// Whether a pattern (or, when not `like`, a plain ARN) names what `aws:PrincipalArn` is.
    fn is_named(&self, pattern: &str, like: bool) -> Verdict {
        let Some(arn) = &self.arn else {
            return Verdict::Maybe;
        };
        if (like && glob(pattern, arn)) || pattern == arn {
            return Verdict::Yes;
        }
        // A session's ARN lacks its role's path. A role's name is unique in its account, so an ARN
        // of this account and this name with whatever path is this role's; a pattern may be.
        let (Some((owner, name)), Some((pattern_owner, path))) =
            (arn.split_once(":role/"), pattern.split_once(":role/"))
        else {
            return Verdict::No;
        };
        if !self.path_unknown || owner != pattern_owner {
            return Verdict::No;
        }
        let last = path.rsplit('/').next().unwrap_or(path);
        if !like || !path.contains(['*', '?']) {
            Verdict::from(last == name)
        } else if glob(last, name) {
            Verdict::Maybe
        } else {
            Verdict::No
        }
    }
}

/// Whether a statement applies to a request.
pub(super) fn applies(statement: &Statement, request: &Request<'_>) -> Verdict {
    let conditions = statement.condition.iter().flat_map(|(operator, keys)| {
        keys.iter()
            .map(move |(key, values)| condition(operator, key, values, request))
    });
    [
        principal(&statement.principal, request.principal),
        action(&statement.action, request.action),
        resource(&statement.resource, request.resource),
    ]
    .into_iter()
    .chain(conditions)
    .min()
    .unwrap_or(Verdict::Maybe)
}

fn principal(selection: &Selection<Principals>, who: &Principal) -> Verdict {
    match selection {
        Selection::Unsaid => Verdict::Maybe,
        Selection::Only(principals) => principals
            .iter()
            .flat_map(|(kind, names)| names.iter().map(move |name| (kind.as_str(), name)))
            .map(|(kind, name)| names_principal(kind, name, who))
            .max()
            .unwrap_or(Verdict::No),
        Selection::AllBut(principals) => {
            let empty = BTreeSet::new();
            let listed = principals.get("AWS").unwrap_or(&empty);
            let has = |arn: &str| {
                listed.contains("*")
                    || listed.iter().any(|name| {
                        name == arn
                            || who.arn.as_deref() == Some(arn)
                                && who.is_named(name, false) == Verdict::Yes
                    })
            };
            // A session is exempt only when both its role and itself are listed.
            let exempt =
                who.arn.as_deref().is_some_and(has) && who.session.as_deref().is_none_or(has);
            Verdict::from(!exempt)
        }
    }
}

fn names_principal(kind: &str, name: &str, who: &Principal) -> Verdict {
    match kind {
        "AWS" if name == "*" => Verdict::Yes,
        "AWS" => {
            let whole_account = name.ends_with(&format!(":iam::{}:root", who.account));
            if whole_account || who.session.as_deref() == Some(name) {
                Verdict::Yes
            } else if !name.starts_with("arn:") {
                // A unique id may be anybody's.
                Verdict::Maybe
            } else {
                who.is_named(name, false)
            }
        }
        // An account by its canonical id: perhaps this one.
        "CanonicalUser" => Verdict::Maybe,
        _ => Verdict::No,
    }
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
                if has_variable(pattern) {
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
        return match known {
            Known::Unknown => Verdict::Maybe,
            Known::Absent => Verdict::from(values.contains("true")),
            Known::Is(_) => Verdict::from(values.contains("false")),
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
            if has_variable(value) {
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
        "stringequals" => who.is_named(value, false),
        "stringlike" | "arnlike" => who.is_named(value, true),
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
        "stringlike" | "arnlike" => Verdict::from(glob(value, found)),
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
