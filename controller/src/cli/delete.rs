//! Asks for environments to be deleted, and waits for it where that is wanted.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use streamkeeper_state::DeletionOutcome;

use super::connect::{describe_missing, select};
use super::document::read_documents;
use super::failure::CliError;
use super::selector::Selector;
use super::until::interruptible;
use super::wait::until_deleted;
use super::{GlobalOptions, output};
use crate::config::parse_duration;

/// The options of `delete`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Deletion is a request: the row goes once everything that it owns in AWS has gone, by its \
`deletionPolicy`. Nobody's session is interrupted unless `fleet.disruption` allows it. Buckets, \
files and clusters are never deleted.")]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,

    /// Wait until they are gone
    #[arg(long)]
    wait: bool,

    /// How long to wait, such as 30s or 1h
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse_duration)]
    timeout: Duration,

    /// Take an environment that does not exist for a deleted one
    #[arg(long)]
    ignore_not_found: bool,
}

#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Names of environments
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// The environments of these files or folders; - is stdin
    #[arg(short = 'f', long = "filename", value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Environments with these labels: key=value, key!=value, key or !key, several with commas
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<Selector>,
}

pub(super) async fn run(global: &GlobalOptions, args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        which,
        wait,
        timeout,
        ignore_not_found,
    } = args;
    let Which {
        names,
        files,
        selector,
    } = which;
    let mut names = names;
    if !files.is_empty() {
        let declared = read_documents(&files)?;
        names.extend(
            declared
                .into_iter()
                .map(|declared| declared.declaration.name),
        );
    }
    let store = global.connect().await?;
    if selector.is_some() {
        let found = select(&store, &[], selector.as_ref()).await?;
        if found.rows.is_empty() {
            return Err(CliError::NothingMatches.into());
        }
        names.extend(found.rows.into_iter().map(|row| row.name));
    }
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));

    let mut missing = Vec::new();
    let mut pending = Vec::new();
    for (name, outcome) in store.request_delete(&names).await? {
        match outcome {
            DeletionOutcome::Gone => output::print_line(&format!("environment/{name} deleted"))?,
            DeletionOutcome::Requested => {
                output::print_line(&format!("environment/{name} deletion requested"))?;
                pending.push(name);
            }
            DeletionOutcome::AlreadyRequested => {
                output::print_line(&format!("environment/{name} deletion already requested"))?;
                pending.push(name);
            }
            DeletionOutcome::NotFound => missing.push(name),
        }
    }
    if wait {
        interruptible(until_deleted(&store, &pending, timeout)).await?;
    }
    if missing.is_empty() || ignore_not_found {
        return Ok(ExitCode::SUCCESS);
    }
    let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
    Err(CliError::NotFound(describe_missing(&store, &missing).await?).into())
}
