//! Lets environments exceed the hourly budget of deletions and stops.

use std::process::ExitCode;

use super::connect::Targets;
use super::{GlobalOptions, output};

/// The options of `approve`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    targets: Targets,
}

pub(super) async fn run(global: &GlobalOptions, args: Args) -> anyhow::Result<ExitCode> {
    let Args { targets } = args;
    let store = global.connect().await?;
    for name in targets.resolve_names(&store).await? {
        let generation = store.approve(&name).await?;
        output::print_line(&format!(
            "environment/{name} generation {generation} approved"
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
