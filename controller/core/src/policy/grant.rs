//! Makes bucket policy statements of grants: who may list, read and write, below which folder.
//!
//! A principal of the bucket's own account needs none: there, its IAM policies alone decide (S3's
//! user guide, how S3 authorizes a request). For another account S3 wants both, so the bucket allows
//! the *account*, and a role is named by the condition `aws:PrincipalArn`, which of a role's session
//! is the role's ARN with its path (IAM's user guide, global condition keys). A role named in
//! `Principal` would become a dead id when it is deleted, and has to exist before; an account does
//! neither.
//!
//! # What is deliberately absent
//!
//! - `s3:GetObjectVersion`: the least that copies files.
//! - Objects' ACLs and tags: a grant hands on files, not who may have them.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::environment::Scope;
use crate::spec::{
    BucketAccess, BucketSpec, Effect, GRANT_SID_PREFIX, GrantSpec, OneOrMany, PolicyStatement,
};

/// How many hex digits of the hash are in a `Sid`: 64 bits keep the grants of one bucket apart.
const HASH_DIGITS: usize = 16;

/// Whom a grant is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grantee<'a> {
    /// The account, 12 digits.
    pub account: &'a str,
    /// The partition, when the principal is an ARN.
    partition: Option<&'a str>,
    /// The ARN of a role, or a pattern of ARNs; `None` is the whole account.
    pub role: Option<&'a str>,
}

/// Whom a principal means: an account's number, or a role's ARN.
#[must_use]
pub fn grantee(principal: &str) -> Grantee<'_> {
    let mut parts = principal.splitn(6, ':');
    match (parts.nth(1), parts.nth(2)) {
        (Some(partition), Some(account)) => Grantee {
            account,
            partition: Some(partition),
            role: Some(principal),
        },
        (_, _) => Grantee {
            account: principal,
            partition: None,
            role: None,
        },
    }
}

/// Whether IAM of the bucket's own account decides, so that the bucket's policy need not.
#[must_use]
pub fn is_of_own_account(grant: &GrantSpec, scope: &Scope) -> bool {
    grantee(&grant.principal).account == scope.account
}

/// The folder below which a grant reaches, `/` at the end; empty for the whole bucket.
#[must_use]
pub fn folder(grant: &GrantSpec) -> String {
    match grant.prefix.as_deref().unwrap_or_default() {
        "" => String::new(),
        folder if folder.ends_with('/') => folder.to_owned(),
        folder => format!("{folder}/"),
    }
}

/// The statements a row asks for on a bucket: those it spells out, and those of its grants.
#[must_use]
pub fn asked_statements(spec: &BucketSpec, scope: &Scope) -> Vec<PolicyStatement> {
    let mut grants: Vec<&GrantSpec> = spec.grants.iter().collect();
    // Of two for the same folder the wider one stands, whichever comes first.
    grants.sort_by_key(|grant| grant.access);
    let of_grants: BTreeMap<String, PolicyStatement> = grants
        .into_iter()
        .flat_map(|grant| grant_statements(grant, scope))
        .map(|statement| (statement.sid.clone(), statement))
        .collect();
    let spelled_out = spec.statements.iter().cloned();
    spelled_out.chain(of_grants.into_values()).collect()
}

/// The grant that a statement's `Sid` is of, if it is of one.
#[must_use]
pub fn grant_of<'a>(specs: &'a [BucketSpec], sid: &str) -> Option<&'a GrantSpec> {
    sid.strip_prefix(GRANT_SID_PREFIX)?;
    let mut grants = specs.iter().flat_map(|spec| &spec.grants);
    grants.find(|grant| sid.starts_with(&sid_stem(grant)))
}

/// What a grant needs in the bucket's policy: nothing in the bucket's own account.
fn grant_statements(grant: &GrantSpec, scope: &Scope) -> Vec<PolicyStatement> {
    if is_of_own_account(grant, scope) {
        return Vec::new();
    }
    let folder = folder(grant);
    let objects: &[&str] = match grant.access {
        BucketAccess::ReadOnly => &["s3:GetObject"],
        BucketAccess::ReadWrite => &[
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
        ],
    };
    let partition = scope.partition();
    let bucket = format!("arn:{partition}:s3:::{{bucket}}");
    let in_folder = format!("{bucket}/{folder}*");
    let statement = |what, actions, resource: &str, prefix| {
        statement(grant, partition, (what, actions), resource, prefix)
    };
    let objects = statement("Objects", objects, &in_folder, None);
    if folder.is_empty() {
        let actions = &["s3:ListBucket", "s3:GetBucketLocation"];
        return vec![statement("List", actions, &bucket, None), objects];
    }
    // A request for the location has no prefix, and a condition on one would refuse it.
    let location = statement("Location", &["s3:GetBucketLocation"], &bucket, None);
    let list = statement("List", &["s3:ListBucket"], &bucket, Some(&folder));
    vec![list, location, objects]
}

fn statement(
    grant: &GrantSpec,
    partition: &str,
    (what, actions): (&str, &[&str]),
    resource: &str,
    prefix: Option<&str>,
) -> PolicyStatement {
    let who = grantee(&grant.principal);
    let partition = who.partition.unwrap_or(partition);
    let root = format!("arn:{partition}:iam::{}:root", who.account);
    let mut condition = Map::new();
    if let Some(role) = who.role {
        condition.insert("ArnLike".to_owned(), json!({"aws:PrincipalArn": role}));
    }
    if let Some(prefix) = prefix {
        let below = format!("{prefix}*");
        condition.insert("StringLike".to_owned(), json!({"s3:prefix": below}));
    }
    PolicyStatement {
        sid: format!("{}{what}", sid_stem(grant)),
        effect: Effect::Allow,
        principal: Some(json!({"AWS": Value::from(root)})),
        not_principal: None,
        action: Some(OneOrMany::Many(
            actions.iter().map(|&action| action.to_owned()).collect(),
        )),
        not_action: None,
        resource: Some(OneOrMany::One(resource.to_owned())),
        not_resource: None,
        condition: (!condition.is_empty()).then_some(condition),
    }
}

/// What the `Sid`s of a grant begin with: the same whatever its access, so that a wider or narrower
/// grant changes its statements instead of exchanging them.
fn sid_stem(grant: &GrantSpec) -> String {
    let named = format!("{}\n{}", grant.principal, folder(grant));
    let mut stem = GRANT_SID_PREFIX.to_owned();
    for byte in &Sha256::digest(named.as_bytes())[..HASH_DIGITS / 2] {
        // Writing to a String cannot fail.
        let _ = write!(stem, "{byte:02x}");
    }
    stem
}

#[cfg(test)]
mod tests;
