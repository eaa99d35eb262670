//! Serves the page, health, readiness and metrics. Read-only: nothing here changes anything.

mod list;
mod page;
mod story;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use streamkeeper_state::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
/// Whether the daemon can do its work: each flag is kept by whoever knows.
#[derive(Debug, Default)]
pub struct Readiness {
    migrated: AtomicBool,
    connected: AtomicBool,
    leasing: AtomicBool,
    draining: AtomicBool,
}

impl Readiness {
    /// The schema is the one this version needs.
    pub fn set_migrated(&self, yes: bool) {
        self.migrated.store(yes, Ordering::SeqCst);
    }

    /// The database answers.
    pub fn set_connected(&self, yes: bool) {
        self.connected.store(yes, Ordering::SeqCst);
    }

    /// Leases are held, or waited for.
    pub fn set_leasing(&self, yes: bool) {
        self.leasing.store(yes, Ordering::SeqCst);
    }

    /// The daemon is stopping.
    pub fn set_draining(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Why it is not ready; `None` when it is.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        if self.draining.load(Ordering::SeqCst) {
            Some("stopping")
        } else if !self.migrated.load(Ordering::SeqCst) {
            Some("the schema is not migrated")
        } else if !self.connected.load(Ordering::SeqCst) {
            Some("the database does not answer")
        } else if !self.leasing.load(Ordering::SeqCst) {
            Some("no lease is held or waited for yet")
        } else {
            None
        }
    }
}

/// What is served.
#[derive(Debug, Clone)]
pub struct Site {
    /// Whether the daemon can do its work.
    pub readiness: Arc<Readiness>,
    /// What it has counted.
    pub metrics: Arc<Metrics>,
    /// Where the page reads from.
    pub store: Store,
}

/// Serves until `stop` is cancelled.
///
/// # Errors
///
/// Fails when the listener does.
pub async fn serve(
    listener: TcpListener,
    site: Site,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let page = page::router(site.store.clone(), listener.local_addr()?.ip());
    let router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render_metrics))
        .with_state(site)
        .merge(page);
    axum::serve(listener, router)
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await
}

async fn readyz(State(site): State<Site>) -> Response {
    match site.readiness.problem() {
        None => (StatusCode::OK, "ready\n").into_response(),
        Some(problem) => (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")).into_response(),
    }
}

async fn render_metrics(State(site): State<Site>) -> Response {
    const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match site.metrics.render() {
        Ok(text) => ([(header::CONTENT_TYPE, FORMAT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}
