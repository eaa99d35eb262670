//! Runs a command with a migrated, empty database of its own.
//!
//! ```sh
//! cargo run -p streamkeeper-tests --bin with-database -- state/prepare.sh --check
//! ```
//!
//! The command finds the database's URL in `DATABASE_URL` and, for sqlx's macros, in
//! `STREAMKEEPER_BUILD_DATABASE_URL`.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use streamkeeper_tests::TestDatabase;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().context("usage: with-database COMMAND…")?;
    let database = TestDatabase::create().await;
    let status = Command::new(&program)
        .args(arguments)
        .env("DATABASE_URL", &database.url)
        .env("STREAMKEEPER_BUILD_DATABASE_URL", &database.url)
        .status()
        .with_context(|| format!("failed to run {}", program.display()))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
