//! Has environments looked at now.

use std::process::ExitCode;
use std::time::Duration;

use streamkeeper_core::environment::Timestamp;
use streamkeeper_state::{StatusFilter, Store};

use super::connect::Targets;
use super::until::{Progress, interruptible, until_all_done};
use super::{GlobalOptions, output};
use crate::config::parse_duration;

/// The options of `reconcile`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    targets: Targets,

    /// Wait until they were looked at
    #[arg(long)]
    wait: bool,

    /// How long to wait, such as 30s or 1h
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    timeout: Duration,
}

pub(super) async fn run(global: &GlobalOptions, args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        targets,
        wait,
        timeout,
    } = args;
    let store = global.connect().await?;
    let mut asked = Vec::new();
    for name in targets.resolve_names(&store).await? {
        let after = store.reconcile_now(&name).await?;
        output::print_line(&format!("environment/{name} look requested"))?;
        asked.push((name, after));
    }
    if wait {
        interruptible(until_all_done(
            asked,
            timeout,
            async |(name, after): &(String, Timestamp)| look(&store, name, *after).await,
        ))
        .await?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn look(store: &Store, name: &str, after: Timestamp) -> anyhow::Result<Progress> {
    let filter = StatusFilter {
        names: vec![name.to_owned()],
        ..StatusFilter::default()
    };
    let Some(status) = store.status(&filter).await?.pop() else {
        anyhow::bail!("environment \"{name}\" was deleted meanwhile");
    };
    Ok(match status.last_verified_at {
        Some(verified) if verified >= after => {
            Progress::Done(format!("environment/{name} looked at"))
        }
        Some(_) | None => Progress::NotYet(format!("a look at environment/{name}")),
    })
}
