//! Prints the ParallelCluster configuration of one cluster.

use std::process::ExitCode;

use anyhow::bail;
use serde_json::Value;
use streamkeeper_state::EnvironmentRow;

use super::connect::describe_missing;
use super::failure::CliError;
use super::{GlobalOptions, output};

/// The options of `cluster-config`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
It is the text in streamkeeper.cluster_configs, rendered by the daemon once it has seen the \
bucket. Comments at its top name what is missing and which IAM policies it refers to.")]
pub(super) struct Args {
    /// The environment
    #[arg(value_name = "ENVIRONMENT")]
    environment: String,

    /// The cluster, by its name in the spec
    #[arg(value_name = "CLUSTER")]
    cluster: String,

    /// Print the keys that ParallelCluster 2 takes instead
    #[arg(long)]
    v2: bool,

    /// Print the IAM policy documents that the configuration refers to, as JSON by name
    #[arg(long, conflicts_with = "v2")]
    policies: bool,
}

pub(super) async fn run(global: &GlobalOptions, args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        environment,
        cluster,
        v2,
        policies,
    } = args;
    let store = global.connect().await?;
    if let Some(found) = store.cluster_config(&environment, &cluster).await? {
        if policies {
            output::print_json(&found.policies)?;
        } else {
            output::print(if v2 { &found.version2 } else { &found.config })?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let Some(row) = store.load_environment(&environment).await? else {
        let missing = describe_missing(&store, &[&environment]).await?;
        return Err(CliError::NotFound(missing).into());
    };
    bail!(
        "cluster \"{cluster}\" of environment \"{environment}\" has no configuration: {}",
        why(&row, &cluster)
    );
}

/// Why a cluster has none.
fn why(row: &EnvironmentRow, cluster: &str) -> String {
    let clusters = row.spec.get("clusters").and_then(Value::as_array);
    let names: Vec<&str> = clusters
        .into_iter()
        .flatten()
        .filter_map(|one| one.get("name")?.as_str())
        .collect();
    if !names.contains(&cluster) {
        return match names.as_slice() {
            [] => "the environment names no clusters".to_owned(),
            names => format!("the environment's clusters are {}", names.join(", ")),
        };
    }
    let object = format!("cluster/{cluster}");
    let line = row.plan.iter().find(|line| line.object == object);
    match line {
        Some(line) if row.observed_generation == Some(row.generation) => line.reason.clone(),
        Some(_) | None => "the daemon has not looked at it yet".to_owned(),
    }
}
