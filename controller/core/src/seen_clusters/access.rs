//! Tells from a cluster's template what its head node may do in the shared bucket, and whether that
//! is what the row asks.
//!
//! `pcluster` writes `HeadNode/Iam/S3Access` as a policy resource of its own
//! (`aws-parallelcluster` 3.16, `templates/cdk_builder_utils.py`): the statement `S3Read` for what
//! is read, `S3ReadWrite` for what is written too.
//!
//! # What is deliberately absent
//!
//! The queues: their roles are in nested stacks, one call more for each. Policies that the
//! configuration names by ARN, such as those that let a user's folder be listed: only IAM knows
//! them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::folder::{AuthenticationType, key_prefix};
use crate::spec::{ClusterAccess, ClusterSpec};

/// The logical id of the head node's role in a cluster's template.
const HEAD_NODE_ROLE: &str = "RoleHeadNode";

/// AWS's policies that `pcluster` gives head nodes by itself. None of them lets in to a shared bucket.
const OWN_POLICIES: [&str; 3] = [
    "AWSBatchFullAccess",
    "AmazonSSMManagedInstanceCore",
    "CloudWatchAgentServerPolicy",
];

/// The bucket's name in a row that stands for the home bucket.
const HOME: &str = "home";

/// What `S3Access` lets the head node reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Bucket and key, as in the ARN: `bucket`, `bucket/*`, `bucket/user/custom/…/*`.
    pub resource: String,
    /// Whether it may be written too.
    pub write: bool,
}

/// What a template tells of the head node's access.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// What `S3Access` grants.
    pub grants: Vec<Grant>,
    /// Whether the role has policies by ARN that are not `pcluster`'s own: what they grant is not
    /// in the template.
    pub more: bool,
}

/// What a comparison of a cluster with its row came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The head node reaches what the row says, and no more.
    Matches,
    /// It reaches less or more.
    Differs,
    /// The template does not tell.
    Unknown,
}

impl Verdict {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Matches => "matches",
            Self::Differs => "differs",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the word in the table.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Matches, Self::Differs, Self::Unknown]
            .into_iter()
            .find(|verdict| verdict.as_str() == word)
    }
}

/// A comparison, and in words why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessCheck {
    /// What it came to.
    pub verdict: Verdict,
    /// Why, for people.
    pub message: String,
}

impl AccessCheck {
    fn new(verdict: Verdict, message: impl Into<String>) -> Self {
        Self {
            verdict,
            message: message.into(),
        }
    }
}

/// What the head node's `S3Access` grants, from the text of a cluster's template.
///
/// # Errors
///
/// Fails with the reason when the text is no template, when the head node's role is not in it, or
/// when a resource cannot be read.
pub fn reach(template: &str) -> Result<Reach, String> {
    let template: Value = serde_saphyr::from_str(template)
        .map_err(|error| format!("the template cannot be read: {error}"))?;
    let resources = template["Resources"]
        .as_object()
        .ok_or("the template has no resources")?;
    let role = resources
        .get(HEAD_NODE_ROLE)
        .ok_or("the head node has a role that its template does not make")?;
    let more = list(&role["Properties"]["ManagedPolicyArns"]).any(|arn| !is_own(arn));
    let policies = resources
        .values()
        .filter(|resource| resource["Type"] == "AWS::IAM::Policy")
        .map(|resource| &resource["Properties"])
        .filter(|policy| list(&policy["Roles"]).any(|role| role["Ref"] == HEAD_NODE_ROLE));
    let statements = policies.flat_map(|policy| list(&policy["PolicyDocument"]["Statement"]));
    let mut grants = Vec::new();
    for statement in statements {
        let write = match statement["Sid"].as_str() {
            Some("S3Read") => false,
            Some("S3ReadWrite") => true,
            Some(_) | None => continue,
        };
        for resource in list(&statement["Resource"]) {
            let resource = resource_of(resource)
                .ok_or_else(|| format!("the resource {resource} cannot be read"))?;
            grants.push(Grant { resource, write });
        }
    }
    grants.sort_by(|a, b| (&a.resource, a.write).cmp(&(&b.resource, b.write)));
    grants.dedup();
    Ok(Reach { grants, more })
}

/// Whether a policy's ARN, or the texts that CloudFormation joins to one, names a policy that
/// `pcluster` gives by itself.
fn is_own(arn: &Value) -> bool {
    let last = arn["Fn::Join"][1].as_array().and_then(|parts| parts.last());
    last.unwrap_or(arn)
        .as_str()
        .and_then(|text| text.split_once(":iam::aws:policy/"))
        .is_some_and(|(_, name)| OWN_POLICIES.contains(&name))
}

/// The elements of a list, or the one thing that stands for it.
fn list(value: &Value) -> std::slice::Iter<'_, Value> {
    let one = if value.is_null() {
        &[]
    } else {
        std::slice::from_ref(value)
    };
    value.as_array().map_or(one, Vec::as_slice).iter()
}

/// What stands behind `arn:…:s3:::` in a text, or in texts that CloudFormation joins. Of what it
/// fills in, only the partition may be missing.
fn resource_of(value: &Value) -> Option<String> {
    let text = if let Some(text) = value.as_str() {
        text.to_owned()
    } else {
        let join = value["Fn::Join"].as_array()?;
        let [Value::String(separator), Value::Array(parts)] = join.as_slice() else {
            return None;
        };
        let parts = parts.iter().map(|part| {
            let is_partition = part["Ref"] == "AWS::Partition";
            part.as_str().or_else(|| is_partition.then_some("aws"))
        });
        parts.collect::<Option<Vec<_>>>()?.join(separator)
    };
    let mut parts = text.splitn(6, ':');
    let [arn, _partition, service, "", "", resource] =
        [(); 6].map(|()| parts.next().unwrap_or("?"))
    else {
        return None;
    };
    (arn == "arn" && service == "s3").then(|| resource.to_owned())
}

/// Compares what the head node reaches of a bucket with the row's cluster of that name.
///
/// `home` is what the home bucket's name begins with in this account and region: the name itself in
/// older accounts, with a random ending in newer ones.
#[must_use]
pub fn check(spec: &ClusterSpec, home: &str, reach: &Reach) -> AccessCheck {
    let word = spec.bucket_word();
    let key_in = |resource| {
        if word == HOME {
            key_in_home(home, resource)
        } else {
            key_in_named(word, resource)
        }
    };
    let ours: Vec<(&str, bool)> = reach
        .grants
        .iter()
        .filter_map(|grant| Some((key_in(&grant.resource)?, grant.write)))
        .collect();
    let write = spec.access == ClusterAccess::ReadWrite;
    let users = spec.users.as_deref().unwrap_or_default();
    let excess = excess(!users.is_empty(), write, &ours);
    if let Some(excess) = excess {
        return AccessCheck::new(Verdict::Differs, excess);
    }
    let lack = if users.is_empty() {
        lack_of_bucket(write, &ours)
    } else {
        let authentication = spec.authentication_type.unwrap_or(AuthenticationType::Api);
        lack_of_folders(users, authentication, write, &ours)
    };
    match lack {
        Some(lack) if reach.more => {
            let message = format!("{lack}, unless a policy that its template only names lets it");
            AccessCheck::new(Verdict::Unknown, message)
        }
        Some(lack) => AccessCheck::new(Verdict::Differs, lack),
        None if users.is_empty() => {
            AccessCheck::new(Verdict::Matches, "the head node reaches the whole bucket")
        }
        // `S3Access` lets no folder be listed.
        None if reach.more => AccessCheck::new(
            Verdict::Unknown,
            "the head node reaches the users' folders; whether it may list them is in a policy that \
             its template only names",
        ),
        None => AccessCheck::new(
            Verdict::Differs,
            "the head node may not list the users' folders",
        ),
    }
}

/// What is granted that the row does not say. A policy that the template only names takes nothing
/// from that.
fn excess(folders_only: bool, write: bool, ours: &[(&str, bool)]) -> Option<&'static str> {
    if folders_only && ours.iter().any(|(key, _)| key.is_empty() || *key == "*") {
        return Some("the head node reaches the whole bucket, and the row names users");
    }
    (!write && ours.iter().any(|(_, write)| *write))
        .then_some("the head node may write in the bucket, and the row says READ_ONLY")
}

fn lack_of_bucket(write: bool, ours: &[(&str, bool)]) -> Option<String> {
    let all = |writes: bool| {
        ours.iter()
            .any(|(key, write)| *key == "*" && (*write || !writes))
    };
    let mut lacks = Vec::new();
    if !ours.iter().any(|(key, _)| key.is_empty()) {
        lacks.push("list the bucket");
    }
    if !all(false) {
        lacks.push("read its objects");
    }
    if write && !all(true) {
        lacks.push("write its objects");
    }
    (!lacks.is_empty()).then(|| format!("the head node may not {}", lacks.join(", nor ")))
}

fn lack_of_folders(
    users: &[String],
    authentication: AuthenticationType,
    write: bool,
    ours: &[(&str, bool)],
) -> Option<String> {
    users.iter().find_map(|user| {
        let folder = format!("{}*", key_prefix(authentication, user));
        let mut reach = ours.iter().filter(|(key, _)| *key == folder).peekable();
        let lack = if reach.peek().is_none() {
            "read"
        } else if write && !reach.any(|(_, write)| *write) {
            "write in"
        } else {
            return None;
        };
        Some(format!("the head node may not {lack} the folder of {user}"))
    })
}

/// What a resource reaches in the home bucket: nothing for the bucket itself, or a key. `None` when
/// it is about other buckets.
fn key_in_home<'a>(home: &str, resource: &'a str) -> Option<&'a str> {
    let (bucket, key) = resource.split_once('/').unwrap_or((resource, ""));
    let is_home = match bucket.split_once('*') {
        // A pattern that ends like this covers the bucket's name, whatever its ending.
        Some((begin, "")) => home.starts_with(begin) || begin.starts_with(home),
        Some(_) => false,
        None => bucket
            .strip_prefix(home)
            .is_some_and(|ending| ending.is_empty() || ending.starts_with('-')),
    };
    is_home.then_some(key)
}

/// The same in a bucket whose whole name is known.
fn key_in_named<'a>(name: &str, resource: &'a str) -> Option<&'a str> {
    let (bucket, key) = resource.split_once('/').unwrap_or((resource, ""));
    let is_it = match bucket.split_once('*') {
        Some((begin, "")) => name.starts_with(begin),
        Some(_) => false,
        None => bucket == name,
    };
    is_it.then_some(key)
}

#[cfg(test)]
mod tests;
