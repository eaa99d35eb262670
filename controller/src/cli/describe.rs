//! Shows everything about environments.

mod folders;
mod sections;

use std::process::ExitCode;

use streamkeeper_core::environment::Timestamp;
use streamkeeper_state::{EventFilter, Store};

use self::sections::{Story, render};
use super::connect::Targets;
use super::{GlobalOptions, output};
use crate::clock::{Clock as _, SystemClock};

/// Newest events that are shown.
const EVENTS: i64 = 20;

/// The options of `describe`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    targets: Targets,
}

pub(super) async fn run(global: &GlobalOptions, args: Args) -> anyhow::Result<ExitCode> {
    let Args { targets } = args;
    let store = global.connect().await?;
    let now = SystemClock::new().now();
    let mut first = true;
    for name in targets.resolve_names(&store).await? {
        // A row that has gone since is as if it had gone before.
        if let Some(text) = describe(&store, &name, now).await? {
            let separator = if first { "" } else { "\n\n" };
            output::print(&format!("{separator}{text}"))?;
            first = false;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn describe(store: &Store, name: &str, now: Timestamp) -> anyhow::Result<Option<String>> {
    let Some(details) = store.environment(name).await? else {
        return Ok(None);
    };
    let filter = EventFilter {
        environment: Some(name.to_owned()),
        after_change_id: None,
        limit: EVENTS,
    };
    let story = Story {
        drift: store.drift(name, false).await?,
        events: store.events(&filter).await?,
        clusters: store.clusters_of(name).await?,
        details,
    };
    render(&story, now).map(Some)
}
