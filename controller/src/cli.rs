//! Reads the command line and runs one command.
//!
//! stdout is for data, stderr for the rest. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 there
//! are differences, 130 interrupted.

pub(crate) mod age;
mod apply;
mod approve;
mod closest;
mod cluster_config;
mod connect;
mod delete;
mod describe;
mod diff;
pub(crate) mod document;
mod events;
mod export;
mod failure;
mod get;
mod iam_policy;
mod image_script;
mod import;
mod migrate;
mod output;
mod pause;
mod plan;
mod reach;
mod reconcile;
#[cfg(test)]
mod reference;
mod schema;
mod selector;
mod table;
mod until;
mod url;
mod wait;

use std::process::ExitCode;

use anstream::ColorChoice;
use clap::{Parser, Subcommand};

use self::failure::CliError;
#[cfg(feature = "demo")]
use crate::config::DemoOptions;
use crate::config::RunArgs;
use crate::telemetry;

/// Keeps AppStream environments the way they were declared.
#[derive(Debug, Parser)]
#[command(name = "streamkeeper", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct GlobalOptions {
    /// The database
    #[arg(
        long,
        help = "The database, such as postgres://user@host:5432/database",
        env = "DATABASE_URL",
        hide_env_values = true,
        value_name = "URL",
        global = true,
        help_heading = "Global options"
    )]
    pub(crate) database_url: Option<String>,

    /// Print without colours
    #[arg(
        long,
        help = "Print without colours, as with NO_COLOR set",
        global = true,
        help_heading = "Global options"
    )]
    no_color: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show all of it on this machine, without an AWS account or a database
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
    /// Keep environments until told to stop
    Run(RunArgs),
    /// Bring the database's schema up to date
    Migrate(migrate::Args),
    /// Create or change environments as files say
    Apply(apply::Args),
    /// Show what apply would change, and change nothing
    Diff(diff::Args),
    /// Print environments as documents that apply takes
    Export(export::Args),
    /// Make environments of what an account has, watched and not touched
    Import(import::Args),
    /// List environments
    Get(get::Args),
    /// Show everything about environments
    Describe(describe::Args),
    /// List what happened
    Events(events::Args),
    /// Show what will be done, and what it waits for
    Plan(plan::Args),
    /// Wait until environments are as they should be, or gone
    Wait(wait::Args),
    /// Have environments looked at now
    Reconcile(reconcile::Args),
    /// Let environments exceed the hourly budget of deletions and stops, for this generation
    Approve(approve::Args),
    /// Neither look at environments nor touch them
    Pause(pause::Args),
    /// Take up paused environments again
    Resume(pause::Args),
    /// Ask for environments to be deleted
    Delete(delete::Args),
    /// Let somebody in: print a streaming URL of theirs
    Url(url::Args),
    /// Print the ParallelCluster configuration of a cluster
    ClusterConfig(cluster_config::Args),
    /// Print the script that makes an environment's image
    ImageScript(image_script::Args),
    /// Print an IAM policy for the daemon, a command, or people in their sessions
    IamPolicy(iam_policy::Args),
    /// Print the JSON Schema of an environment's spec
    Schema(schema::Args),
}

/// The options of `demo`.
#[cfg(feature = "demo")]
#[derive(Debug, Clone, clap::Args)]
struct DemoArgs {
    /// End when everything was shown, with 1 if anything did not converge
    #[arg(long)]
    once: bool,
}

/// Reads the command line. What cannot be read ends the process with 2, and help with 0.
#[must_use]
pub fn parse() -> Cli {
    // Before clap: it prints its own errors and help.
    if std::env::args_os().any(|argument| argument == "--no-color") {
        ColorChoice::Never.write_global();
    }
    Cli::parse()
}

/// Runs the command, writes what went wrong to stderr, and says how the process ends.
pub async fn run(cli: Cli) -> ExitCode {
    let Cli { global, command } = cli;
    let GlobalOptions { no_color, .. } = global;
    if no_color {
        ColorChoice::Never.write_global();
    }
    dispatch(&global, command)
        .await
        .unwrap_or_else(|error| failure::report(&error))
}

async fn dispatch(global: &GlobalOptions, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        #[cfg(feature = "demo")]
        Command::Demo(DemoArgs { once }) => {
            let database_url = global.database_url()?;
            crate::demo::run(DemoOptions { once, database_url }).await
        }
        Command::Run(args) => {
            let url = global.database_url.as_deref();
            let options = args
                .validate(url.filter(|url| !url.is_empty()))
                .map_err(CliError::Config)?;
            telemetry::init(options.log_format, &options.log_level)?;
            crate::daemon::run(options).await
        }
        Command::Migrate(args) => migrate::run(global, args).await,
        Command::Apply(args) => apply::run(global, args).await,
        Command::Diff(args) => diff::run(global, args).await,
        Command::Export(args) => export::run(global, args).await,
        Command::Import(args) => import::run(global, args).await,
        Command::Get(args) => get::run(global, args).await,
        Command::Describe(args) => describe::run(global, args).await,
        Command::Events(args) => events::run(global, args).await,
        Command::Plan(args) => plan::run(global, args).await,
        Command::Wait(args) => wait::run(global, args).await,
        Command::Reconcile(args) => reconcile::run(global, args).await,
        Command::Approve(args) => approve::run(global, args).await,
        Command::Pause(args) => pause::run(global, args, true).await,
        Command::Resume(args) => pause::run(global, args, false).await,
        Command::Delete(args) => delete::run(global, args).await,
        Command::Url(args) => url::run(global, args).await,
        Command::ClusterConfig(args) => cluster_config::run(global, args).await,
        Command::ImageScript(args) => image_script::run(global, args).await,
        Command::IamPolicy(args) => iam_policy::run(args),
        Command::Schema(args) => schema::run(args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
