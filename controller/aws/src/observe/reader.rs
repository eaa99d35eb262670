//! Makes one read call after another within bounds: counted, retried when transient, never for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_appstream::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use streamkeeper_core::cloud::{ApplyError, ErrorClass};
use streamkeeper_core::observed::Observed;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

use super::Page;
use crate::client::{AwsSettings, Clients};
use crate::error;

/// The longest list that is read. AppStream's page size is not documented; even if it were ten,
/// this would be twice the 10 000 environments of one scope that we are made for.
const MAX_PAGES: usize = 2_000;

/// One look: its clients, its bounds and its count of calls.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) clients: Arc<Clients>,
    settings: AwsSettings,
    deadline: Instant,
    permits: Semaphore,
    calls: Mutex<BTreeMap<&'static str, u64>>,
}

impl Reader {
    /// A look that begins now.
    pub(crate) fn new(clients: &Arc<Clients>, settings: AwsSettings) -> Arc<Self> {
        Arc::new(Self {
            clients: Arc::clone(clients),
            settings,
            deadline: Instant::now() + settings.observe_timeout,
            permits: Semaphore::new(settings.read_concurrency.max(1)),
            calls: Mutex::new(BTreeMap::new()),
        })
    }

    /// Calls made so far, attempts included: each of them counts against AWS's rates.
    pub(crate) fn calls(&self) -> BTreeMap<String, u64> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls
            .iter()
            .map(|(operation, count)| ((*operation).to_owned(), *count))
            .collect()
    }

    /// Makes one read, and repeats it while the error is one that passes by itself.
    pub(crate) async fn call<T, E, F>(
        &self,
        operation: &'static str,
        send: impl Fn() -> F + Send,
    ) -> Result<T, ApplyError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let mut backoff = self.settings.read_backoff;
        for attempt in 1.. {
            let error = match self.attempt(operation, send()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if attempt >= self.settings.read_attempts || !passes_by_itself(&error) {
                return Err(error);
            }
            tracing::debug!(operation, attempt, %error, "read failed, trying again");
            tokio::time::sleep_until((Instant::now() + jittered(backoff)).min(self.deadline)).await;
            backoff *= 2;
        }
        unreachable!("the number of attempts is finite")
    }

    async fn attempt<T, E>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    ) -> Result<T, ApplyError>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let _permit = self.permits.acquire().await.expect("never closed");
        if Instant::now() >= self.deadline {
            return Err(ours(
                "LookTooLong",
                format!("not read within {:?}", self.settings.observe_timeout),
            ));
        }
        *self
            .calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(operation)
            .or_default() += 1;
        match tokio::time::timeout(self.settings.read_timeout, call).await {
            Ok(outcome) => outcome.map_err(|error| {
                let error = error::from_sdk(&error);
                self.clients.changes.note_refusal(&error);
                error
            }),
            Err(_elapsed) => Err(ours(
                "Timeout",
                format!("no answer within {:?}", self.settings.read_timeout),
            )),
        }
    }

    /// Reads a list page by page into `sink`, until it ends. On a failure the sink has what came
    /// before it.
    ///
    /// # Errors
    ///
    /// Fails with the page's error; when a token comes twice, which would read in circles; and
    /// when the list is longer than anything we expect.
    pub(crate) async fn pages<T, F>(
        &self,
        page: impl Fn(Option<String>) -> F + Send,
        mut sink: impl FnMut(Vec<T>) -> Result<(), ApplyError> + Send,
    ) -> Result<(), ApplyError>
    where
        F: Future<Output = Result<Page<T>, ApplyError>> + Send,
        T: Send,
    {
        let mut seen = BTreeSet::new();
        let mut token = None;
        for _ in 0..MAX_PAGES {
            let Page { items, next } = page(token).await?;
            sink(items)?;
            // Some services end with an empty token.
            let Some(next) = next.filter(|next| !next.is_empty()) else {
                return Ok(());
            };
            if !seen.insert(next.clone()) {
                return Err(ours(
                    "RepeatedToken",
                    "the list's next token came a second time".to_owned(),
                ));
            }
            token = Some(next);
        }
        Err(ours(
            "ListTooLong",
            format!("the list did not end within {MAX_PAGES} pages"),
        ))
    }

    /// Everything on a list, or nothing: half a list proves nothing.
    ///
    /// # Errors
    ///
    /// Fails as [`Reader::pages`] does.
    pub(crate) async fn whole<T, F, C>(
        &self,
        page: impl Fn(Option<String>) -> F + Send,
    ) -> Result<C, ApplyError>
    where
        F: Future<Output = Result<Page<T>, ApplyError>> + Send,
        T: Send,
        C: Default + Extend<T> + Send,
    {
        let mut found = C::default();
        let extend = |page| {
            found.extend(page);
            Ok(())
        };
        self.pages(page, extend).await?;
        Ok(found)
    }

    /// Reads each name by itself, a few at a time.
    pub(crate) async fn each<T, F>(
        self: &Arc<Self>,
        names: &BTreeSet<String>,
        read: impl Fn(Arc<Self>, String) -> F,
    ) -> BTreeMap<String, Observed<T>>
    where
        F: Future<Output = Observed<T>> + Send + 'static,
        T: Send + 'static,
    {
        // A read that panics leaves its name as it is here.
        let mut observed: BTreeMap<_, _> = names
            .iter()
            .map(|name| {
                (
                    name.clone(),
                    Observed::Unknown("the read failed".to_owned()),
                )
            })
            .collect();
        let mut names = names.iter();
        let mut running = JoinSet::new();
        loop {
            while running.len() < self.settings.read_concurrency.max(1) {
                let Some(name) = names.next() else { break };
                let read = read(Arc::clone(self), name.clone());
                let name = name.clone();
                running.spawn(async move { (name, read.await) }.in_current_span());
            }
            match running.join_next().await {
                Some(Ok((name, value))) => {
                    observed.insert(name, value);
                }
                Some(Err(error)) => tracing::error!(%error, "a read panicked"),
                None => return observed,
            }
        }
    }
}

/// An error of our own making, of a read.
pub(crate) fn ours(code: &str, message: String) -> ApplyError {
    ApplyError {
        class: ErrorClass::Unknown,
        code: code.to_owned(),
        message,
        request_id: None,
    }
}

/// Whether a read may be repeated at once. A quota and a denial stay; "look too long" is over.
fn passes_by_itself(error: &ApplyError) -> bool {
    match error.class {
        ErrorClass::Throttled | ErrorClass::NotReady => true,
        ErrorClass::Unknown => error.code != "LookTooLong",
        ErrorClass::Gone
        | ErrorClass::AlreadyThere
        | ErrorClass::Limit
        | ErrorClass::Denied
        | ErrorClass::Invalid
        | ErrorClass::Unexpected => false,
    }
}

/// Between three and five quarters, so that replicas that were throttled together do not come
/// back together.
fn jittered(pause: Duration) -> Duration {
    let [random, ..] = *Uuid::new_v4().as_bytes();
    pause * 3 / 4 + pause * u32::from(random) / (2 * u32::from(u8::MAX))
}

#[cfg(test)]
mod tests;
