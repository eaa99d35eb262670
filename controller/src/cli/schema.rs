//! Prints the JSON Schema of what an environment may ask for.

use std::process::ExitCode;

use streamkeeper_core::spec::schema::spec_schema;

use super::output;

/// The options of `schema`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args {} = args;
    output::print_json(&spec_schema())?;
    Ok(ExitCode::SUCCESS)
}
