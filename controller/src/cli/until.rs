//! Waits: until something holds, until a deadline, until Ctrl-C.

use std::time::Duration;

use streamkeeper_state::StoreError;
use tokio::time::Instant;

use super::failure::CliError;
use super::output;
use crate::telemetry::Chain;

/// How often the database is asked. A person does not notice it and a database neither.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Runs until it is done or the user presses Ctrl-C.
///
/// # Errors
///
/// Fails as the work does, and with [`CliError::Interrupted`].
pub(crate) async fn interruptible<T>(
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    // The work is dropped on Ctrl-C; the process ends right after.
    tokio::select! {
        result = work => result,
        _ = tokio::signal::ctrl_c() => Err(CliError::Interrupted.into()),
    }
}

/// What a look at something that is waited for found.
#[derive(Debug)]
pub(crate) enum Progress {
    /// It is there; a line to print.
    Done(String),
    /// It is not, and why.
    NotYet(String),
}

/// Looks at everything again and again until all of it is done.
///
/// A database that is away for a while is waited for too.
///
/// # Errors
///
/// Fails when a look does, and with [`CliError::TimedOut`] after the time-out; zero is one look.
pub(crate) async fn until_all_done<T>(
    mut pending: Vec<T>,
    timeout: Duration,
    look: impl AsyncFn(&T) -> anyhow::Result<Progress>,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut connection = Connection::default();
    loop {
        let mut reasons = Vec::new();
        let mut left = Vec::new();
        for item in pending {
            match connection.take(look(&item).await)? {
                Some(Progress::Done(line)) => {
                    output::print_line(&line)?;
                    continue;
                }
                Some(Progress::NotYet(reason)) => reasons.push(reason),
                None => reasons.push("an answer of the database".to_owned()),
            }
            left.push(item);
        }
        pending = left;
        if pending.is_empty() {
            return Ok(());
        }
        let rest = timeout.saturating_sub(begun.elapsed());
        if rest.is_zero() {
            return Err(CliError::TimedOut(reasons.join(", ")).into());
        }
        tokio::time::sleep(rest.min(POLL_INTERVAL)).await;
    }
}

/// Whether the database answers; said once when it stops to, and once when it does again.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    lost: bool,
}

impl Connection {
    /// The answer, or nothing when the same question may well be answered a little later.
    ///
    /// # Errors
    ///
    /// Fails when asking again would not help.
    pub(crate) fn take<T>(&mut self, answer: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
        match answer {
            Ok(answer) => {
                if std::mem::take(&mut self.lost) {
                    output::remark("the database answers again");
                }
                Ok(Some(answer))
            }
            Err(error) if is_transient(&error) => {
                if !std::mem::replace(&mut self.lost, true) {
                    let error = Chain(error.as_ref());
                    output::remark(&format!("warning: {error}; trying again"));
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

fn is_transient(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(StoreError::is_transient)
}
