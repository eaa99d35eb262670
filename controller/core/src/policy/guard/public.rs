//! Tells whether a statement lets in people whom nobody named.
//!
//! `Allow` to everybody is harmless only under a condition that ties the request to somebody: an
//! account, an organisation, a network, a principal. The criterion is the one S3's Block Public
//! Access documents: a fixed value (no wildcard, no policy variable) of a key that a stranger cannot
//! choose. Where S3 is more careful than the danger is, we are not: an ARN pattern whose account is
//! fixed counts as fixed here.
//!
//! # What does not narrow
//!
//! - Keys that anybody can satisfy: `aws:SecureTransport`, `aws:Referer`, `aws:UserAgent`,
//!   `aws:PrincipalTag/…` (of the stranger's own account), `aws:username`, dates, `s3:prefix`.
//! - Keys about the bucket and not about the caller: `aws:ResourceAccount`, `aws:ResourceOrgID`.
//! - `…IfExists` and `ForAllValues:…`, which hold when the key is missing, as it is for an anonymous
//!   request; `Not…` operators, which hold for nearly everybody; `Null`.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::policy::canonical::{Principals, Selection, Statement, is_account_id};
use crate::policy::variables;

/// What is wrong with an `Allow`, if it is public in effect.
pub(super) fn fault(statement: &Statement) -> Option<String> {
    let who = match &statement.principal {
        Selection::AllBut(_) => "everybody but some (NotPrincipal)",
        Selection::Only(principals) if has_everybody(principals) => "everybody",
        Selection::Only(_) | Selection::Unsaid => return None,
    };
    if narrows(statement) {
        return None;
    }
    Some(format!(
        "it allows {who} without a condition that narrows it to an account, an organisation, a \
         network or a principal; name the account in Principal and narrow it with aws:PrincipalArn"
    ))
}

fn has_everybody(principals: &Principals) -> bool {
    principals.values().flatten().any(|name| has_wildcard(name))
}

/// Whether one of the conditions, all of which must hold, lets only named parties pass.
fn narrows(statement: &Statement) -> bool {
    statement.condition.iter().any(|(operator, keys)| {
        keys.iter()
            .any(|(key, values)| !values.is_empty() && condition_narrows(operator, key, values))
    })
}

fn condition_narrows(operator: &str, key: &str, values: &BTreeSet<String>) -> bool {
    // `ForAnyValue:` fails on a missing key, as the plain operators do.
    let operator = operator.strip_prefix("foranyvalue:").unwrap_or(operator);
    let compares_text = matches!(
        operator,
        "stringequals" | "stringequalsignorecase" | "stringlike" | "arnequals" | "arnlike"
    );
    match key {
        "aws:sourceip" => operator == "ipaddress" && is_narrow_network(values),
        "aws:principalaccount"
        | "aws:principalorgid"
        | "aws:sourceaccount"
        | "aws:sourceowner"
        | "aws:sourceorgid"
        | "aws:sourcevpc"
        | "aws:sourcevpce"
        | "aws:vpceaccount"
        | "aws:vpceorgid"
        | "s3:dataaccesspointaccount" => compares_text && values.iter().all(|v| is_fixed(v)),
        "aws:principalarn" | "aws:sourcearn" | "aws:sourcevpcarn" | "s3:dataaccesspointarn" => {
            compares_text && values.iter().all(|v| is_of_fixed_account(v))
        }
        "aws:principalorgpaths" | "aws:sourceorgpaths" | "aws:vpceorgpaths" => {
            compares_text && values.iter().all(|v| begins_fixed(v, '/'))
        }
        // A role's sessions are `AROA…:session name`, and the id alone says whose.
        "aws:userid" => compares_text && values.iter().all(|v| begins_fixed(v, ':')),
        _ => false,
    }
}

fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

fn is_fixed(value: &str) -> bool {
    !value.is_empty() && !has_wildcard(value) && !variables::is_in(value)
}

/// Whether a value is fixed as a whole, or up to and without its first separator.
fn begins_fixed(value: &str, separator: char) -> bool {
    is_fixed(value.split(separator).next().unwrap_or_default())
}

/// Whether an ARN is fixed, or everything in it up to a 12-digit account.
fn is_of_fixed_account(value: &str) -> bool {
    if is_fixed(value) {
        return true;
    }
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    // Nothing before the account may be a wildcard: under StringLike it would run over colons.
    parts.len() == 6
        && is_account_id(parts[4])
        && parts[..5]
            .iter()
            .all(|part| part.is_empty() || is_fixed(part))
        && !variables::is_in(value)
}

/// Whether networks are together no wider than what S3 still takes for a network of somebody's:
/// a /8 of IPv4, a /32 of IPv6. Private IPv4 ranges do not count, as nobody comes from one.
fn is_narrow_network(values: &BTreeSet<String>) -> bool {
    const WIDEST_V4: u128 = 1 << (32 - 8);
    const WIDEST_V6: u128 = 1 << (128 - 32);
    let mut v4: u128 = 0;
    let mut v6: u128 = 0;
    for value in values {
        let Some((address, length)) = parse_network(value) else {
            return false;
        };
        match address {
            IpAddr::V4(address) => {
                let private = (address.octets()[0] == 10 && length >= 8)
                    || (address.is_private() && length >= 16)
                    || (address.is_private() && address.octets()[0] == 172 && length >= 12);
                if !private {
                    v4 += 1 << (32 - length);
                }
            }
            // A /0 has more addresses than the number holds; it is too wide in any case.
            IpAddr::V6(_) if length == 0 => return false,
            IpAddr::V6(_) => v6 = v6.saturating_add(1 << (128 - length)),
        }
    }
    v4 <= WIDEST_V4 && v6 <= WIDEST_V6
}

fn parse_network(value: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = match value.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
        None => (value, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length = length.unwrap_or(longest);
    (length <= longest).then_some((address, length))
}
