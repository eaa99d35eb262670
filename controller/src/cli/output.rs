//! Writes data to stdout and remarks to stderr.
//!
//! Colour codes are taken out again where nobody sees them: not on a terminal, with `--no-color`,
//! or with `NO_COLOR` set.

use std::io::{self, Write};

use anyhow::Context;
use serde::Serialize;

use super::failure::CliError;

/// Writes data.
///
/// # Errors
///
/// Fails when stdout cannot be written to; with [`CliError::OutputClosed`] when its reader has
/// gone, as `head` does, which is nobody's fault.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = anstream::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Err(CliError::OutputClosed.into())
        }
        Err(error) => Err(error).context("failed to write to stdout"),
    }
}

/// Writes one line of data.
///
/// # Errors
///
/// As [`print`].
pub(crate) fn print_line(line: &str) -> anyhow::Result<()> {
    print(&format!("{line}\n"))
}

/// Writes a value as JSON for people and programs.
///
/// # Errors
///
/// As [`print`].
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value).context("failed to write JSON")?;
    print_line(&text)
}

/// Writes a remark. That nobody can read it is no reason to fail.
pub(crate) fn remark(line: &str) {
    let mut stderr = anstream::stderr().lock();
    drop(writeln!(stderr, "{line}"));
}
