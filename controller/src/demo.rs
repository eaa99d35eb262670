//! Shows the whole of it on one machine: no AWS account, no database set up beforehand.
//!
//! ```text
//!   private PostgreSQL ◄─ the blog's row ─ the real daemon ─ the real SDK ─► simulated AWS
//!                                                                              ▲
//!                                                    another administrator ────┘  breaks three things
//! ```
//!
//! Nothing here is staged: the daemon is the one that `run` starts, and does not know that the AWS
//! it talks to is simulated. Whatever `AWS_*` says, no real AWS is reached.

mod acts;
mod screen;
mod stage;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tokio::signal;

use self::screen::Screen;
use self::stage::Stage;
use crate::config::DemoOptions;

/// How long anything may take to converge. Sped up, a fleet's start and stop take 8 s together; a
/// loaded machine needs several times as much.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs the demonstration.
///
/// # Errors
///
/// Fails when there is no PostgreSQL, or a port cannot be had.
pub async fn run(options: DemoOptions) -> anyhow::Result<ExitCode> {
    let screen = Screen::new();
    screen.title("Streamkeeper keeps AppStream environments the way they were declared");
    let stage = tokio::select! {
        stage = Stage::set(&options, &screen) => stage?,
        stopped = signal::ctrl_c() => {
            stopped.context("listen for Ctrl-C")?;
            return Ok(ExitCode::from(130));
        }
    };
    let played = tokio::select! {
        played = play(&stage, &screen) => played,
        stopped = signal::ctrl_c() => {
            stopped.context("listen for Ctrl-C")?;
            stage.strike(&screen).await;
            return Ok(ExitCode::from(130));
        }
    };
    let well = match played {
        Ok(()) => true,
        Err(error) => {
            screen.failure(&format!("{error:#}"));
            false
        }
    };
    if !options.once {
        stay(&stage, &screen).await?;
    }
    stage.strike(&screen).await;
    if well {
        screen.title("Everything that was broken was found and repaired.");
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}

async fn play(stage: &Stage, screen: &Screen) -> anyhow::Result<()> {
    screen.chapter("A row is inserted");
    screen.code(stage::INSERT);
    stage.insert().await?;
    stage.until_ready(screen, PATIENCE).await?;
    acts::play(stage, screen, PATIENCE).await?;
    screen.chapter("What is left of it");
    stage.summary(screen).await
}

async fn stay(stage: &Stage, screen: &Screen) -> anyhow::Result<()> {
    screen.chapter("It goes on until Ctrl-C");
    screen.note("look around, change the row, break AWS:");
    screen.code(&format!("psql '{}'", stage.database_url()));
    screen.note("or with the command line:");
    screen.code(&format!(
        "export DATABASE_URL='{}'\nstreamkeeper describe cfd\nstreamkeeper events -f",
        stage.database_url()
    ));
    screen.note(&format!("the page: http://{}/", stage.address()));
    screen.note(&format!(
        "the simulated AWS: AWS_ENDPOINT_URL={} (any access key, region {})",
        stage.endpoint(),
        stage::REGION
    ));
    tokio::select! {
        stopped = signal::ctrl_c() => stopped.context("listen for Ctrl-C"),
        followed = stage.follow(screen) => followed,
    }
}
