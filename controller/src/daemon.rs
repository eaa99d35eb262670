//! Runs the daemon: takes the leases of scopes and keeps each of them.
//!
//! ```text
//!   steward ── every third of a lease ──► which scopes are free? ──► lease ──► keeper (one task each)
//!   listener ── NOTIFY ──► wakes every keeper of that scope
//!   pulse ── every second ──► is the database there? (readiness)
//!   web ── health, readiness, metrics
//! ```

mod access;
mod scope;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use streamkeeper_aws::{AwsConfig, AwsSettings};
use streamkeeper_state::{ConnectOptions, Notifications, SchemaStatus, Store};
use tokio::net::TcpListener;
use tokio::sync::broadcast;

use self::scope::Kept;
use crate::clock::{Clock, SystemClock};
use crate::config::RunOptions;
use crate::keeper::Settings;
use crate::lifecycle::Lifecycle;
use crate::metrics::Metrics;
use crate::telemetry::Chain;
use crate::web::{self, Readiness, Site};

/// Announcements that a slow keeper may fall behind; if it falls further, it simply wakes.
const ANNOUNCEMENTS: usize = 64;

/// How often the database is asked for a sign of life: readiness turns false within five seconds.
const PULSE: Duration = Duration::from_secs(1);

/// Longest mutating call. A lease must outlast it, so it shrinks with short leases.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs until a signal.
///
/// # Errors
///
/// Fails when the daemon cannot start: no database, an older schema, a taken address.
pub async fn run(options: RunOptions) -> anyhow::Result<ExitCode> {
    let store = connect(&options).await?;
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("listen on {}", options.listen))?;
    let aws = AwsConfig::load(aws_settings(options.lease_duration))
        .await
        .with_role(options.assume_role.clone());
    let lifecycle = Lifecycle::new();
    let daemon = Daemon::start(Start {
        store,
        aws,
        listener,
        options,
        lifecycle: lifecycle.clone(),
    })
    .await?;
    tracing::info!(listen = %daemon.address, "streamkeeper {} runs", env!("CARGO_PKG_VERSION"));
    let well = lifecycle.run().await.context("listen for signals")?;
    daemon.close().await;
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The longest mutating call under a lease: a third of it, so that a call begun right after a
/// renewal ends long before the lease does.
#[must_use]
pub fn call_timeout(lease: Duration) -> Duration {
    CALL_TIMEOUT.min(lease / 3)
}

/// Bounds of AWS calls under a lease.
#[must_use]
pub fn aws_settings(lease: Duration) -> AwsSettings {
    AwsSettings {
        mutation_timeout: call_timeout(lease),
        ..AwsSettings::default()
    }
}

async fn connect(options: &RunOptions) -> anyhow::Result<Store> {
    let url = options.database_url.expose();
    let store = Store::connect(url, &ConnectOptions::default()).await?;
    if options.migrate {
        store.migrate().await?;
    }
    match store.schema_status().await? {
        SchemaStatus::Current | SchemaStatus::Ahead => Ok(store),
        SchemaStatus::Missing | SchemaStatus::Behind { .. } => Err(anyhow::anyhow!(
            "the database's schema is older than this version; \
             run `streamkeeper migrate`, or start with --migrate"
        )),
    }
}

/// What a daemon is started from.
#[derive(Debug)]
pub struct Start {
    /// A store whose schema is current.
    pub store: Store,
    /// How to reach AWS.
    pub aws: AwsConfig,
    /// Where to serve the page, health and metrics.
    pub listener: TcpListener,
    /// Intervals, lease and database.
    pub options: RunOptions,
    /// What ends it.
    pub lifecycle: Lifecycle,
}

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    /// Where it serves the page, health and metrics.
    pub address: std::net::SocketAddr,
    store: Store,
}

impl Daemon {
    /// Starts every task.
    ///
    /// # Errors
    ///
    /// Fails when the database cannot be listened to.
    pub async fn start(start: Start) -> anyhow::Result<Self> {
        let Start {
            store,
            aws,
            listener,
            options,
            lifecycle,
        } = start;
        let address = listener
            .local_addr()
            .context("read the address listened on")?;
        let readiness = Arc::new(Readiness::default());
        let metrics = Arc::new(Metrics::new());
        readiness.set_migrated(true);
        readiness.set_connected(true);

        // Listening begins before the first query, so that a row that changes in between wakes.
        let notifications = Notifications::listen(options.database_url.expose()).await?;
        let (announce, _) = broadcast::channel(ANNOUNCEMENTS);
        lifecycle.spawn(
            "listener",
            listen(notifications, announce.clone(), lifecycle.clone()),
        );
        let pulse = pulse(store.clone(), Arc::clone(&readiness), lifecycle.clone());
        lifecycle.spawn("pulse", pulse);
        lifecycle.spawn("janitor", tidy(store.clone(), lifecycle.clone()));
        let site = Site {
            readiness: Arc::clone(&readiness),
            metrics: Arc::clone(&metrics),
            store: store.clone(),
        };
        let served = web::serve(listener, site, lifecycle.draining().clone());
        lifecycle.spawn("web", async move {
            if let Err(error) = served.await {
                tracing::error!(error = %Chain(&error), "serving the page, health and metrics failed");
            }
        });
        let steward = Steward {
            store: store.clone(),
            aws,
            clock: Arc::new(SystemClock::new()),
            settings: Settings {
                sweep_interval: options.sweep_interval,
                transition_interval: options.transition_interval,
                call_timeout: call_timeout(options.lease_duration),
            },
            lease_duration: options.lease_duration,
            holder: holder(),
            metrics,
            readiness,
            announce,
            lifecycle: lifecycle.clone(),
        };
        lifecycle.spawn("steward", steward.run());
        Ok(Self { address, store })
    }

    /// Closes the pool, once every task has ended.
    pub async fn close(self) {
        self.store.close().await;
    }
}

/// Who holds a lease: host and process for people, and a number no other process has.
fn holder() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "host".to_owned());
    let number = uuid::Uuid::new_v4().simple().to_string();
    format!("{host}:{}:{}", std::process::id(), &number[..8])
}

async fn listen(
    mut notifications: Notifications,
    announce: broadcast::Sender<String>,
    lifecycle: Lifecycle,
) {
    loop {
        tokio::select! {
            () = lifecycle.draining().cancelled() => return,
            payload = notifications.next() => {
                // Nobody listening means no keeper yet: its first round looks at everything.
                drop(announce.send(payload));
            }
        }
    }
}

async fn pulse(store: Store, readiness: Arc<Readiness>, lifecycle: Lifecycle) {
    let mut there = true;
    loop {
        tokio::select! {
            () = lifecycle.draining().cancelled() => {
                readiness.set_draining();
                return;
            }
            () = tokio::time::sleep(PULSE) => {}
        }
        let ping = tokio::time::timeout(PULSE * 3, store.ping()).await;
        let answers = matches!(ping, Ok(Ok(())));
        readiness.set_connected(answers);
        if there && !answers {
            tracing::warn!("the database does not answer; nothing is touched until it does");
        } else if !there && answers {
            tracing::info!("the database answers again");
        }
        there = answers;
    }
}

/// How often old events and intents are looked for.
const TIDY_INTERVAL: Duration = Duration::from_secs(600);
/// How long events are kept (design: 30 days), and settled intents with them.
const RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);
/// Rows removed by one statement: few enough that nobody waits for its locks.
const TIDY_BATCH: i32 = 1000;

/// Removes what is older than the retention, in batches.
async fn tidy(store: Store, lifecycle: Lifecycle) {
    loop {
        tokio::select! {
            () = lifecycle.draining().cancelled() => return,
            () = tokio::time::sleep(TIDY_INTERVAL) => {}
        }
        for _ in 0..100 {
            let events = store.prune_events(RETENTION, TIDY_BATCH).await;
            let intents = store.prune_intents(RETENTION, TIDY_BATCH).await;
            let removed = match (events, intents) {
                (Ok(events), Ok(intents)) => events + intents,
                (Err(error), _) | (_, Err(error)) => {
                    tracing::debug!(error = %Chain(&error), "removing old events failed");
                    break;
                }
            };
            if removed == 0 || lifecycle.draining().is_cancelled() {
                break;
            }
        }
    }
}

/// Finds scopes nobody keeps, and keeps them.
struct Steward {
    store: Store,
    aws: AwsConfig,
    clock: Arc<dyn Clock>,
    settings: Settings,
    lease_duration: Duration,
    holder: String,
    metrics: Arc<Metrics>,
    readiness: Arc<Readiness>,
    announce: broadcast::Sender<String>,
    lifecycle: Lifecycle,
}

impl Steward {
    async fn run(self) {
        let mut kept: BTreeMap<i64, Kept> = BTreeMap::new();
        let mut wakes = self.announce.subscribe();
        loop {
            kept.retain(|_, scope| !scope.is_over());
            match self.look_around(&mut kept).await {
                Ok(()) => self.readiness.set_leasing(true),
                Err(error) => {
                    tracing::debug!(error = %Chain(error.as_ref()), "looking for scopes failed");
                }
            }
            self.metrics.leases(kept.len());
            // A third of the lease: an abandoned scope is found soon after it runs out. A row in a
            // scope that nobody keeps yet is announced, and found at once.
            tokio::select! {
                () = self.lifecycle.draining().cancelled() => break,
                () = tokio::time::sleep(self.lease_duration / 3) => {}
                _ = wakes.recv() => {}
            }
        }
        for (_, scope) in kept {
            scope.ended().await;
        }
    }

    async fn look_around(&self, kept: &mut BTreeMap<i64, Kept>) -> anyhow::Result<()> {
        self.store.ensure_scopes().await?;
        for scope in self.store.list_scopes().await? {
            let taken = scope.holder.is_some() || kept.contains_key(&scope.id);
            if taken || scope.environments == 0 || self.lifecycle.draining().is_cancelled() {
                continue;
            }
            let asked_at = crate::lease::now();
            let lease = self
                .store
                .acquire_lease(scope.id, &self.holder, self.lease_duration)
                .await?;
            if let Some(lease) = lease {
                let id = scope.id;
                kept.insert(id, Kept::begin(self, scope, lease, asked_at));
            }
        }
        Ok(())
    }
}
