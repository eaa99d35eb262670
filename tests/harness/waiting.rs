//! Waits for what a test expects, never for an amount of time.

use std::time::{Duration, Instant};

/// Far longer than anything takes on a loaded machine: reaching it means that it never happens.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How often a predicate is asked: often beside what tests wait for, seldom beside a query.
const POLL: Duration = Duration::from_millis(20);

/// Waits until the predicate holds.
///
/// # Panics
///
/// Panics with `what` when the deadline passes first.
#[expect(clippy::disallowed_methods, reason = "the pause between two looks")]
pub async fn wait_until(what: &str, deadline: Duration, mut predicate: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !predicate().await {
        assert!(
            started.elapsed() < deadline,
            "after {deadline:?} it still does not hold that {what}"
        );
        tokio::time::sleep(POLL).await;
    }
}
