//! Knows by which names a policy can mean somebody.

use std::collections::BTreeSet;

use super::evaluate::{Verdict, glob};
use crate::policy::canonical::{Principals, Selection};

/// `arn:partition:service:region:account:resource`.
const ARN_PARTS: usize = 6;

/// Somebody who makes a request.
#[derive(Debug, Clone)]
pub(super) struct Principal {
    pub(super) account: String,
    /// `aws:PrincipalArn`: of a role's session the role. `None` when it cannot be told.
    pub(super) arn: Option<String>,
    /// The session's own ARN, for a role's session.
    session: Option<String>,
    /// Whether the role's path is missing in `arn`, because a session's ARN does not have it.
    path_unknown: bool,
    /// `aws:PrincipalType`.
    pub(super) kind: &'static str,
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
        let parts: Vec<&str> = caller.splitn(ARN_PARTS, ':').collect();
        let ["arn", partition, service, "", caller_account, name] = parts[..] else {
            return unknown;
        };
        let known = |kind| Self {
            account: caller_account.to_owned(),
            arn: Some(caller.to_owned()),
            kind,
            ..unknown.clone()
        };
        let name: Vec<&str> = name.split('/').collect();
        match (service, name.as_slice()) {
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

    /// Whether a text, read in some way, names what `aws:PrincipalArn` is.
    pub(super) fn is_named(&self, text: &str, reading: Reading) -> Verdict {
        let Some(arn) = &self.arn else {
            return Verdict::Maybe;
        };
        if text == arn || reading.matches(text, arn) {
            return Verdict::Yes;
        }
        // A session's ARN lacks its role's path. A role's name is unique in its account, so an ARN
        // of this account and this name with whatever path is this role's; a pattern may be.
        let (Some((owner, name)), Some((text_owner, path))) =
            (arn.split_once(":role/"), text.split_once(":role/"))
        else {
            return Verdict::No;
        };
        // Paths of clusters' node roles are not those of a daemon's.
        let of_nodes = path.starts_with("parallelcluster/");
        if !self.path_unknown || of_nodes {
            return Verdict::No;
        }
        let last = path.rsplit('/').next().unwrap_or(path);
        let is_pattern = reading != Reading::Exact && text.contains(['*', '?']);
        if !is_pattern {
            Verdict::from(owner == text_owner && last == name)
        } else if glob(text_owner, owner) && glob(last, name) {
            Verdict::Maybe
        } else {
            Verdict::No
        }
    }
}

/// How a text that may name somebody is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As it is.
    Exact,
    /// As a pattern whose `*` runs over anything.
    Text,
    /// As a pattern for each of an ARN's six parts.
    Arn,
}

impl Reading {
    fn matches(self, pattern: &str, arn: &str) -> bool {
        match self {
            Self::Exact => pattern == arn,
            Self::Text => glob(pattern, arn),
            Self::Arn => {
                let patterns: Vec<&str> = pattern.splitn(ARN_PARTS, ':').collect();
                let parts: Vec<&str> = arn.splitn(ARN_PARTS, ':').collect();
                patterns.len() == parts.len()
                    && patterns
                        .iter()
                        .zip(parts)
                        .all(|(pattern, part)| glob(pattern, part))
            }
        }
    }
}

/// Whether a statement's principals include somebody.
pub(super) fn includes(selection: &Selection<Principals>, who: &Principal) -> Verdict {
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
                                && who.is_named(name, Reading::Exact) == Verdict::Yes
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
                who.is_named(name, Reading::Exact)
            }
        }
        // An account by its canonical id: perhaps this one.
        "CanonicalUser" => Verdict::Maybe,
        _ => Verdict::No,
    }
}
