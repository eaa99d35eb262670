//! Brings the database's schema up to date.

use std::process::ExitCode;

use streamkeeper_state::MigrateReport;

use super::{GlobalOptions, output};

/// The options of `migrate`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {}

pub(super) async fn run(global: &GlobalOptions, args: Args) -> anyhow::Result<ExitCode> {
    let Args {} = args;
    let store = global.connect().await?;
    let MigrateReport {
        applied,
        spec_schema_changed,
    } = store.migrate().await?;
    for migration in &applied {
        output::print_line(&format!("migration/{migration} applied"))?;
    }
    if spec_schema_changed {
        output::print_line("schema of spec stored")?;
    }
    if applied.is_empty() && !spec_schema_changed {
        output::print_line("schema unchanged")?;
    }
    Ok(ExitCode::SUCCESS)
}
