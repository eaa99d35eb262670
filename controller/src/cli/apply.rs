//! Creates and changes environments as files say, all of them or none.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use streamkeeper_state::{Declaration, StoreError};

use super::document::{Declared, read_documents};
use super::failure::StoreFailure;
use super::{GlobalOptions, output};

/// The options of `apply`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
A document (YAML or JSON, several in a file with --- between them):

  apiVersion: streamkeeper.dev/v1
  kind: Environment
  metadata:
    name: cfd
    labels: {team: aero}        # for selection with -l
  region: eu-west-1
  accountId: \"123456789012\"     # default: the daemon's own account
  mode: enforce                 # or observe: report differences, change nothing
  paused: false                 # true: neither look nor touch
  deletionPolicy: delete        # or retain, forget
  spec:                         # `streamkeeper schema` prints what it may say
    image: {name: pcluster-2026-11}
    fleet: {instanceType: stream.standard.medium, computeCapacity: {desiredInstances: 2}}
    stack: {storageConnectors: [{connectorType: HOMEFOLDERS}]}

Of spec, what is left out is not managed, and null means that it must be unset. Of the rest, what \
is left out stays as it is. All documents of one call are applied, or none.")]
pub(super) struct Args {
    /// A file, a folder of .yaml, .yml and .json files, or - for stdin; may be repeated
    #[arg(short = 'f', long = "filename", value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// What to print
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Names only
    Name,
    /// What was done to each, and its generation
    Json,
}

pub(super) async fn run(global: &GlobalOptions, args: Args) -> anyhow::Result<ExitCode> {
    let Args { files, output } = args;
    let declared = read_documents(&files)?;
    let store = global.connect().await?;
    let declarations: Vec<Declaration> = declared
        .iter()
        .map(|declared| declared.declaration.clone())
        .collect();
    let applied = store
        .apply(&declarations)
        .await
        .map_err(|error| place(error, &declared))?;
    match output {
        Some(Format::Json) => output::print_json(&applied)?,
        Some(Format::Name) => {
            for row in &applied {
                output::print_line(&format!("environment/{}", row.name))?;
            }
        }
        None => {
            for row in &applied {
                let outcome = row.outcome.as_str();
                output::print_line(&format!("environment/{} {outcome}", row.name))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Says in which document the environment stands that was refused.
pub(super) fn place(source: StoreError, declared: &[Declared]) -> StoreFailure {
    // All of them go in one transaction; only its words tell which one failed.
    let said = source.to_string();
    let refused = declared
        .iter()
        .find(|declared| said.contains(&format!("environment \"{}\"", declared.declaration.name)));
    let name = refused.map(|refused| &refused.declaration.name);
    let hint = match (&source, name) {
        (StoreError::Conflict(_), Some(name)) => Some(format!(
            "`streamkeeper wait {name} --for=delete` returns when it is gone"
        )),
        _ => None,
    };
    StoreFailure {
        source,
        place: refused.map(|refused| refused.place.to_string()),
        hint,
    }
}
