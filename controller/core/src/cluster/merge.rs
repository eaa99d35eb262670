//! Merges the nodes' rights into the user's own configuration.
//!
//! # Invariants
//!
//! - Nothing that the user wrote is changed or left out.
//! - Merging once more changes nothing.

use serde_json::{Map, Value, json};

use super::missing::missing;
use super::policies::{Kind, Policies};
use super::reach::Reach;
use super::{Conflict, Place, USER_TAG, yaml};
use crate::folder;
use crate::plan::ENVIRONMENT_TAG;
use crate::spec::ClusterSpec;

/// A configuration, and what people should read before they use it.
pub(super) struct Merged {
    pub(super) config: Map<String, Value>,
    /// Lines without line breaks.
    pub(super) header: Vec<String>,
}

/// Which kind of nodes an `Iam` section is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nodes {
    /// Head node and queues, which take `S3Access`.
    Cluster,
    /// Login nodes, which do not.
    Login,
}

/// One merge on its way.
pub(super) struct Merge<'a, 'p> {
    spec: &'a ClusterSpec,
    place: &'a Place<'a>,
    reach: &'a Reach,
    policies: &'p mut Policies<'a>,
    notes: Vec<String>,
}

impl<'a, 'p> Merge<'a, 'p> {
    pub(super) const fn new(
        spec: &'a ClusterSpec,
        place: &'a Place<'a>,
        reach: &'a Reach,
        policies: &'p mut Policies<'a>,
    ) -> Self {
        Self {
            spec,
            place,
            reach,
            policies,
            notes: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> Result<Merged, Conflict> {
        let mut config = self.spec.config.clone().unwrap_or_default();
        self.region(&mut config);
        let head = mapping(&mut config, "HeadNode", "config.HeadNode")?;
        self.nodes(head, "HeadNode", Nodes::Cluster)?;
        self.queues(&mut config)?;
        self.login(&mut config)?;
        self.tags(&mut config)?;
        Ok(Merged {
            header: self.header(&config),
            config,
        })
    }

    fn region(&mut self, config: &mut Map<String, Value>) {
        let region = &self.place.scope.region;
        match config.get("Region") {
            None | Some(Value::Null) => {
                config.insert("Region".to_owned(), json!(region));
            }
            Some(Value::String(own)) if own == region => {}
            Some(_) => self.notes.push(format!(
                "The bucket is in {region}, not in the cluster's region: reading it is paid for \
                 as traffic between regions."
            )),
        }
    }

    fn queues(&mut self, config: &mut Map<String, Value>) -> Result<(), Conflict> {
        let scheduling = mapping(config, "Scheduling", "config.Scheduling")?;
        if scheduling.get("Scheduler").is_none_or(Value::is_null) {
            scheduling.insert("Scheduler".to_owned(), json!("slurm"));
        }
        if scheduling["Scheduler"] != "slurm" {
            self.notes.push(
                "Only queues of slurm have rights of their own; others get none here.".to_owned(),
            );
            return Ok(());
        }
        let path = "config.Scheduling.SlurmQueues";
        let queues = list(scheduling, "SlurmQueues", path)?;
        if queues.is_empty() {
            queues.push(json!({}));
        }
        for (index, queue) in queues.iter_mut().enumerate() {
            let path = format!("Scheduling.SlurmQueues[{index}]");
            let queue = as_mapping(queue, &format!("config.{path}"))?;
            self.nodes(queue, &path, Nodes::Cluster)?;
        }
        Ok(())
    }

    fn login(&mut self, config: &mut Map<String, Value>) -> Result<(), Conflict> {
        if self.spec.config.is_none() {
            let arn = self.policies.refer(Kind::Instead);
            self.notes.push(format!(
                "Login nodes take no S3Access: give each pool Iam.AdditionalIamPolicies with \
                 {arn}."
            ));
        }
        if config.get("LoginNodes").is_none_or(Value::is_null) {
            return Ok(());
        }
        let login = mapping(config, "LoginNodes", "config.LoginNodes")?;
        for (index, pool) in list(login, "Pools", "config.LoginNodes.Pools")?
            .iter_mut()
            .enumerate()
        {
            let path = format!("LoginNodes.Pools[{index}]");
            let pool = as_mapping(pool, &format!("config.{path}"))?;
            self.nodes(pool, &path, Nodes::Login)?;
        }
        Ok(())
    }

    /// Gives the nodes of one section their rights.
    fn nodes(
        &mut self,
        section: &mut Map<String, Value>,
        path: &str,
        nodes: Nodes,
    ) -> Result<(), Conflict> {
        let at = format!("config.{path}.Iam");
        let iam = mapping(section, "Iam", &at)?;
        // ParallelCluster takes neither S3Access nor AdditionalIamPolicies beside these two.
        for key in ["InstanceRole", "InstanceProfile"] {
            if let Some(own) = iam.get(key).filter(|own| !own.is_null()) {
                let own = yaml::scalar(own.as_str().unwrap_or_default());
                let arn = self.policies.refer(Kind::Instead);
                self.notes.push(format!(
                    "{path} brings its own {key}, {own}: attach {arn} to its role; nothing else \
                     can be added here."
                ));
                return Ok(());
            }
        }
        let policy = match nodes {
            Nodes::Login => Some(Kind::Instead),
            Nodes::Cluster => self.policies.has_beside().then_some(Kind::Beside),
        };
        if nodes == Nodes::Cluster {
            let at = format!("{at}.S3Access");
            let entries = list(iam, "S3Access", &at)?;
            self.judge(entries, &at)?;
            add(entries, self.reach.entries());
        }
        if let Some(kind) = policy {
            let at = format!("{at}.AdditionalIamPolicies");
            let arn = self.policies.refer(kind);
            add(
                list(iam, "AdditionalIamPolicies", &at)?,
                [json!({"Policy": arn})],
            );
        }
        Ok(())
    }

    /// Whether the user's own entries about the bucket give no more than the row does.
    fn judge(&mut self, entries: &[Value], at: &str) -> Result<(), Conflict> {
        for (index, entry) in entries.iter().enumerate() {
            let name = entry.get("BucketName").and_then(Value::as_str);
            if !name.is_some_and(|name| matches(name, &self.reach.bucket)) {
                continue;
            }
            let at = format!("{at}[{index}]");
            let flag = entry.get("EnableWriteAccess");
            let writes = !matches!(flag, None | Some(Value::Null | Value::Bool(false)));
            if writes && !self.reach.may_write() {
                let why = "gives write access to the bucket, and access is READ_ONLY; leave the \
                           entry out, or change access";
                return Err(Conflict::new(at, why));
            }
            let key = entry.get("KeyName").and_then(Value::as_str);
            let key = key.filter(|key| !key.is_empty());
            let inside = |key: &str| {
                let mut folders = self.reach.folders.iter();
                folders.any(|folder| key.starts_with(folder.as_str()))
            };
            if !self.reach.is_whole() && !key.is_some_and(inside) {
                let why = "reaches more of the bucket than the users' folders; leave the entry \
                           out, or leave users out";
                return Err(Conflict::new(at, why));
            }
            if writes && key.is_none() {
                self.notes.push(format!(
                    "{at} is your own, and lets the nodes change and delete the bucket itself \
                     (s3:*); the entries beside it are enough."
                ));
            }
        }
        Ok(())
    }

    fn tags(&mut self, config: &mut Map<String, Value>) -> Result<(), Conflict> {
        let mut wanted = vec![(ENVIRONMENT_TAG, self.place.environment.to_owned())];
        if let Some([user]) = self.spec.users.as_deref() {
            if is_tag_value(user) {
                wanted.push((USER_TAG, user.clone()));
            } else {
                self.notes.push(format!(
                    "The user's name is no tag's value, so that {USER_TAG} is left out."
                ));
            }
        }
        let tags = list(config, "Tags", "config.Tags")?;
        for (key, value) in wanted {
            let own = tags.iter().find(|tag| tag["Key"] == key);
            match own.map(|tag| &tag["Value"]) {
                Some(own) if *own == value => {}
                Some(_) => {
                    let why = format!("{key} has another value than \"{value}\"; leave it out");
                    return Err(Conflict::new("config.Tags", why));
                }
                None => tags.push(json!({"Key": key, "Value": value})),
            }
        }
        Ok(())
    }

    fn header(&mut self, config: &Map<String, Value>) -> Vec<String> {
        let mut header = vec![format!(
            "Cluster {} of environment {}: {}.",
            self.spec.name,
            self.place.environment,
            self.reach.describe()
        )];
        header.extend(self.spec.users.iter().flatten().map(|user| {
            let prefix = folder::key_prefix(self.place.authentication, user);
            format!("{prefix} is the folder of {}.", yaml::quoted(user))
        }));
        if self.policies.is_referred_to() {
            header.push("The IAM policies it refers to are yours to create.".to_owned());
        }
        header.append(&mut self.notes);
        let missing = missing(config);
        if !missing.is_empty() {
            header.push(format!("Missing, yours to add: {}.", missing.join(", ")));
        }
        header
    }
}

/// A member that is a mapping, or becomes one.
fn mapping<'m>(
    of: &'m mut Map<String, Value>,
    key: &str,
    path: &str,
) -> Result<&'m mut Map<String, Value>, Conflict> {
    let value = of.entry(key).or_insert(Value::Null);
    if value.is_null() {
        *value = json!({});
    }
    as_mapping(value, path)
}

fn as_mapping<'m>(
    value: &'m mut Value,
    path: &str,
) -> Result<&'m mut Map<String, Value>, Conflict> {
    let other = || Conflict::new(path, "ParallelCluster has a mapping here");
    value.as_object_mut().ok_or_else(other)
}

/// A member that is a list, or becomes one.
fn list<'m>(
    of: &'m mut Map<String, Value>,
    key: &str,
    path: &str,
) -> Result<&'m mut Vec<Value>, Conflict> {
    let value = of.entry(key).or_insert(Value::Null);
    if value.is_null() {
        *value = json!([]);
    }
    let other = || Conflict::new(path, "ParallelCluster has a list here");
    value.as_array_mut().ok_or_else(other)
}

/// Adds what is not there yet.
fn add(to: &mut Vec<Value>, items: impl IntoIterator<Item = Value>) {
    for item in items {
        if !to.contains(&item) {
            to.push(item);
        }
    }
}

/// Whether a pattern with stars matches a bucket's name.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(name) = name.strip_prefix(first) else {
        return false;
    };
    let Some(mut name) = name.strip_suffix(last) else {
        return false;
    };
    // Taking each part where it first occurs leaves the most for the others.
    between.split('*').all(|part| {
        let found = name.find(part);
        name = found.map_or("", |at| &name[at + part.len()..]);
        found.is_some()
    })
}

/// Whether CloudFormation takes a text as a tag's value: up to 256 letters, digits, spaces and
/// `_.:/=+-@` (AWS's tag naming limits).
fn is_tag_value(text: &str) -> bool {
    let legal = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    text.chars().count() <= 256 && text.chars().all(legal)
}
