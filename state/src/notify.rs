//! Listens for rows that changed, and never stops listening.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tracing::warn;

use crate::error::StoreError;

/// The channel rows are announced on; the payload is `account/region`.
const CHANNEL: &str = "streamkeeper_environments";

/// Longest wait for one connection; then the backoff goes on.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// First wait before a lost connection is made again.
const MIN_BACKOFF: Duration = Duration::from_millis(100);
/// Longest wait: sweeps go on meanwhile, so being late costs no more than a sweep's interval.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// A connection of its own that listens.
#[derive(Debug)]
pub struct Notifications {
    url: String,
    listener: Option<PgListener>,
    backoff: Duration,
}

impl Notifications {
    /// Connects and listens.
    ///
    /// # Errors
    ///
    /// Fails when the first connection cannot be made.
    pub async fn listen(url: &str) -> Result<Self, StoreError> {
        let listener = connect(url)
            .await
            .map_err(|error| StoreError::database("listen for changed rows", error))?;
        Ok(Self {
            url: url.to_owned(),
            listener: Some(listener),
            backoff: MIN_BACKOFF,
        })
    }

    /// Waits for the next announcement: `account/region`, or an empty string after the connection
    /// was lost and made again, when anything may have changed.
    ///
    /// # Cancellation
    ///
    /// Safe: a cancelled wait loses no announcement; it may shorten a backoff.
    pub async fn next(&mut self) -> String {
        loop {
            let Some(listener) = &mut self.listener else {
                tokio::time::sleep(self.backoff).await;
                self.backoff = (self.backoff * 2).min(MAX_BACKOFF);
                match connect(&self.url).await {
                    Ok(listener) => {
                        self.listener = Some(listener);
                        self.backoff = MIN_BACKOFF;
                        return String::new();
                    }
                    Err(error) => {
                        warn!(error = %error, "cannot listen for changed rows; sweeps go on");
                        continue;
                    }
                }
            };
            match listener.try_recv().await {
                Ok(Some(notification)) => return notification.payload().to_owned(),
                Ok(None) => {}
                Err(error) => warn!(error = %error, "lost the connection that listens"),
            }
            // Made anew, whatever was wrong with it: a connection in an unknown state is not read.
            self.listener = None;
        }
    }
}

async fn connect(url: &str) -> Result<PgListener, sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    // Of one connection that nobody else uses and nothing recycles.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECT_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.application_name("streamkeeper listen"))
        .await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
