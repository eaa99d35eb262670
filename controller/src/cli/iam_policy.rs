//! Prints IAM policies that are ready for use.

use std::process::ExitCode;

use clap::ValueEnum;
use streamkeeper_core::environment::Scope;
use streamkeeper_core::folder::{self, AuthenticationType};

use super::output;
use super::reach::account_id;
use crate::iam::{self, Place, Session};

/// The options of `iam-policy`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Neither AWS nor the database is asked. Each policy is one document for `aws iam create-policy \
--policy-document` or `aws iam create-role --assume-role-policy-document`.

For users there are three: the role's permissions, its trust policy, and the boundary that its \
permissions demand of every role of a cluster. Beside them the role needs \
ParallelClusterClusterPolicy1 and ParallelClusterClusterPolicy2 of ParallelCluster's own template, \
which are different for each of its versions.")]
pub(super) struct Args {
    /// Who it is for
    #[arg(long = "for", value_name = "WHO")]
    who: Who,

    /// The account
    #[arg(long, value_name = "ID", value_parser = account_id)]
    account: String,

    /// The region; every region without
    #[arg(long, value_name = "REGION", default_value = "*", value_parser = region)]
    region: String,

    /// The partition; by default that of the region
    #[arg(long, value_name = "PARTITION")]
    partition: Option<Partition>,

    /// Of the daemon: roles that rows give to fleets, such as desktops-*; none without
    #[arg(long, value_name = "ROLE", value_parser = role)]
    fleet_role: Option<String>,

    /// Of the daemon: a further bucket whose policy is kept; of users: the home bucket, when its
    /// name is known
    #[arg(long, value_name = "BUCKET", value_parser = bucket)]
    bucket: Vec<String>,

    /// Of users: which of the three documents
    #[arg(long, value_name = "DOCUMENT", default_value = "permissions")]
    document: Document,

    /// Of users: the fleet whose role it is; every fleet of the account without
    #[arg(long, value_name = "FLEET", default_value = "*", value_parser = fleet)]
    fleet: String,

    /// Of users: the boundary's policy; policy/parallelcluster-boundary of the account without
    #[arg(long, value_name = "ARN", value_parser = policy_arn)]
    boundary_arn: Option<String>,

    /// Of users: a user of streaming URLs whose folder sessions and nodes may reach; without any,
    /// sessions reach none and nodes all
    #[arg(long, value_name = "ID")]
    user: Vec<streamkeeper_core::streaming::UserId>,

    /// What to print
    #[arg(short, long, value_name = "FORMAT", default_value = "json")]
    output: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Who {
    /// People who run pcluster in their sessions, by their fleet's role
    Users,
    /// The daemon
    Daemon,
    /// Whoever runs `import`
    Import,
    /// Whoever runs `url`
    Url,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Document {
    /// What the role may do
    Permissions,
    /// Who may become the role
    Trust,
    /// What no role of a cluster can exceed
    Boundary,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Partition {
    /// The commercial regions
    Aws,
    /// China
    AwsCn,
    /// The US government's
    AwsUsGov,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One document
    Json,
}

/// A value of certain characters only: policies have wildcards, and nobody should write one, or an
/// ARN, by accident.
fn of(text: &str, extra: &str, what: &str) -> Result<String, String> {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || extra.contains(letter);
    if !text.is_empty() && text.chars().all(is_allowed) {
        Ok(text.to_owned())
    } else {
        Err(format!("{what} is letters, digits and {extra}"))
    }
}

fn region(text: &str) -> Result<String, String> {
    if text == "*" {
        return Ok(text.to_owned());
    }
    of(text, "-", "a region")
}

fn role(text: &str) -> Result<String, String> {
    if text == "*" {
        return Err("every role is too many; name one, or what their names begin with".to_owned());
    }
    of(text, "_+=,.@-/*", "a role")
}

fn bucket(text: &str) -> Result<String, String> {
    of(text, ".-", "a bucket")
}

fn fleet(text: &str) -> Result<String, String> {
    of(text, "_.-*", "a fleet")
}

fn policy_arn(text: &str) -> Result<String, String> {
    if text.starts_with("arn:aws") && text.contains(":policy/") && !text.contains('*') {
        Ok(text.to_owned())
    } else {
        Err("it is not the ARN of one policy".to_owned())
    }
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        who,
        account,
        region,
        partition,
        fleet_role,
        bucket,
        document,
        fleet,
        boundary_arn,
        user,
        output: Format::Json,
    } = args;
    let place = Place {
        partition: partition_of(partition, &region).to_owned(),
        region,
        account,
    };
    let policy = match who {
        Who::Daemon => iam::daemon(&place, fleet_role.as_deref(), &bucket),
        Who::Import => iam::import(),
        Who::Url => iam::url(&place),
        Who::Users => {
            let folders = user
                .iter()
                .map(|user| folder::key_prefix(AuthenticationType::Api, user.as_str()));
            let session = Session {
                boundary: boundary_arn.unwrap_or_else(|| Session::default_boundary(&place)),
                place,
                fleet,
                bucket: bucket.into_iter().next(),
                folders: folders.collect(),
            };
            match document {
                Document::Permissions => session.permissions(),
                Document::Trust => session.trust(),
                Document::Boundary => session.boundary(),
            }
        }
    };
    output::print_json(&policy)?;
    Ok(ExitCode::SUCCESS)
}

fn partition_of(asked: Option<Partition>, region: &str) -> &'static str {
    match asked {
        Some(Partition::Aws) => "aws",
        Some(Partition::AwsCn) => "aws-cn",
        Some(Partition::AwsUsGov) => "aws-us-gov",
        None => Scope {
            account: String::new(),
            region: region.to_owned(),
        }
        .partition(),
    }
}
