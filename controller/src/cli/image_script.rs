//! Prints the script that makes an environment's image.

use std::process::ExitCode;

use anyhow::Context;
use streamkeeper_core::image::powershell;
use streamkeeper_core::spec::Spec;

use super::connect::describe_missing;
use super::failure::CliError;
use super::{GlobalOptions, output};

/// The options of `image-script`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
For an administrator on an image builder of the base image that the row names: save it there as \
image.ps1, and run it in Windows PowerShell as administrator. It installs what the recipe says, \
publishes its applications and has the image created under the name that the daemon waits for. It \
leaves alone what is there, so it may be run again after any interruption.

  powershell -ExecutionPolicy Bypass -File image.ps1 -DryRun

does everything but create the image.")]
pub(super) struct Args {
    /// The environment, whose image is made from a recipe
    #[arg(value_name = "NAME")]
    name: String,
}

pub(super) async fn run(global: &GlobalOptions, args: Args) -> anyhow::Result<ExitCode> {
    let Args { name } = args;
    let store = global.connect().await?;
    let Some(row) = store.load_environment(&name).await? else {
        let missing = describe_missing(&store, &[&name]).await?;
        return Err(CliError::NotFound(missing).into());
    };
    let spec: Spec = serde_json::from_value(row.spec)
        .with_context(|| format!("failed to read the spec of environment \"{name}\""))?;
    let image = spec.image.as_ref();
    let Some(build) = image.and_then(|image| image.build.as_ref()) else {
        return Err(CliError::NoRecipe(name).into());
    };
    output::print(&powershell(&build.recipe, &build.image_name()))?;
    Ok(ExitCode::SUCCESS)
}
