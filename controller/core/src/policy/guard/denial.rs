//! Finds statements of others that keep out clusters or somebody the row lets in.
//!
//! A guard judges what we write; these are not ours to write. They are told, and left as they are.
//!
//! AWS's own template is known by name, because it is on AppStream's page about the home bucket and
//! breaks what the bucket is shared for: `RestrictedAccess` denies everything on the bucket to
//! everybody but its `NotPrincipal` (`AppStream`'s administration guide, restricting administrator
//! access to the S3 bucket for home folders). A `NotPrincipal` exempts a role's session only if both
//! the role and that very session are listed, and nodes of clusters have names that nobody knows
//! beforehand.

use std::collections::BTreeSet;

use serde_json::Value;

use super::lockout::{self, SERVICE_ROLE};
use super::{GuardContext, display_sid};
use crate::policy::canonical::{Selection, Statement, read_statement};
use crate::policy::ownership::foreign_statements;

/// A statement of others that keeps somebody out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// Its `Sid`, if it has one.
    pub sid: Option<String>,
    /// Whether it is AWS's template for the home bucket.
    pub is_template: bool,
    /// Who is kept out of what, and what its author can do about it.
    pub message: String,
}

/// The statements of others that deny, or may deny, the bucket to clusters or to somebody whom the
/// row grants it.
#[must_use]
pub fn denials(policy: Option<&Value>, context: &GuardContext) -> Vec<Denial> {
    let theirs = foreign_statements(context.uid, policy);
    theirs
        .into_iter()
        .filter(|statement| statement["Effect"] == "Deny")
        .filter_map(|text| {
            let statement = read_statement(text, context.names())?;
            let denied = lockout::kept_out(&statement, context);
            if denied.is_empty() {
                return None;
            }
            let is_template = is_template(&statement, context);
            let sid = display_sid(context.uid, text);
            let named = sid.as_deref().unwrap_or("without a Sid");
            let (what, advice) = words(is_template, context);
            Some(Denial {
                message: format!(
                    "statement {named}{what} denies or may deny {}; {advice}",
                    denied.join(", and ")
                ),
                sid,
                is_template,
            })
        })
        .collect()
}

fn words(is_template: bool, context: &GuardContext) -> (&'static str, String) {
    let GuardContext {
        account, partition, ..
    } = context;
    let nodes = format!("arn:{partition}:iam::{account}:role/parallelcluster/*");
    if is_template {
        let advice = format!(
            "it is not ours and stays. NotPrincipal needs every role and every session by name, and \
             nodes have none that is known beforehand: have it deny Principal \"*\" under the \
             condition ArnNotLike aws:PrincipalArn, with {nodes} in the list. It names the bucket \
             alone, so it does not protect the objects in it"
        );
        (" (AWS's template for restricting administrators)", advice)
    } else {
        let advice = "it is not ours and stays; its author can exempt them by the condition \
                      ArnNotLike aws:PrincipalArn";
        ("", advice.to_owned())
    }
}

/// Whether a `Deny` is AWS's template, as printed or with more exempted: everything, on the bucket
/// and not on objects, to everybody but AppStream's service role and others.
fn is_template(statement: &Statement, context: &GuardContext) -> bool {
    let Selection::AllBut(exempt) = &statement.principal else {
        return false;
    };
    let role = format!(
        "arn:{}:iam::{}:role/service-role/{SERVICE_ROLE}",
        context.partition, context.account
    );
    let only = |selection: &Selection<BTreeSet<String>>, text: &str| match selection {
        Selection::Only(texts) => texts.len() == 1 && texts.contains(text),
        Selection::AllBut(_) | Selection::Unsaid => false,
    };
    exempt.values().flatten().any(|name| *name == role)
        && only(&statement.action, "s3:*")
        && only(&statement.resource, &context.bucket_arn())
        && statement.condition.is_empty()
}
