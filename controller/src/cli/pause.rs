//! Pauses environments and takes them up again.

use std::process::ExitCode;

use super::connect::{Targets, describe_missing};
use super::failure::CliError;
use super::{GlobalOptions, output};

/// The options of `pause` and `resume`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    targets: Targets,
}

pub(super) async fn run(
    global: &GlobalOptions,
    args: Args,
    paused: bool,
) -> anyhow::Result<ExitCode> {
    let Args { targets } = args;
    let store = global.connect().await?;
    let names = targets.resolve_names(&store).await?;
    let done = store.set_paused(&names, paused).await?;
    let verb = if paused { "paused" } else { "resumed" };
    for name in &done {
        output::print_line(&format!("environment/{name} {verb}"))?;
    }
    // Rows may have gone since they were looked for.
    let gone: Vec<&str> = names
        .iter()
        .filter(|name| !done.contains(name))
        .map(String::as_str)
        .collect();
    if gone.is_empty() {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(CliError::NotFound(describe_missing(&store, &gone).await?).into())
    }
}
