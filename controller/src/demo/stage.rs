//! Sets the stage: PostgreSQL, the simulated AWS, the daemon; and watches what happens on it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use streamkeeper_aws::AwsConfig;
use streamkeeper_simulator::http::{Server, serve};
use streamkeeper_simulator::{Call, Config, Simulator};
use streamkeeper_state::scratch::ScratchDatabase;
use streamkeeper_state::{ConnectOptions, EventFilter, EventRow, StatusFilter, Store};
use tokio::net::TcpListener;

use super::screen::Screen;
use crate::config::{DatabaseUrl, DemoOptions, LogFormat, RunOptions};
use crate::daemon::{Daemon, Start, aws_settings};
use crate::lifecycle::Lifecycle;
use crate::postgres::{PrivatePostgres, PrivatePostgresOptions};

/// Where the demonstration plays.
pub(super) const REGION: &str = "eu-west-1";
/// Its environment.
pub(super) const NAME: &str = "cfd";

/// Simulated time runs this much faster: a fleet's start of 12 minutes takes 6 seconds.
const TIME_SCALE: f64 = 120.0;

/// The row, as a user would type it.
pub(super) const INSERT: &str = r#"INSERT INTO streamkeeper.environments (name, region, spec) VALUES ('cfd', 'eu-west-1', '{
  "image":    {"name": "pcluster-2026-11"},
  "fleet":    {"instanceType": "stream.standard.medium",
               "computeCapacity": {"desiredInstances": 2},
               "maxUserDurationInSeconds": 345600, "disconnectTimeoutInSeconds": 900,
               "idleDisconnectTimeoutInSeconds": 0, "enableDefaultInternetAccess": true},
  "stack":    {"storageConnectors": [{"connectorType": "HOMEFOLDERS"}],
               "userSettings": [{"action": "FILE_DOWNLOAD", "permission": "ENABLED"}]},
  "buckets":  [{"bucket": "home", "statements": [
                {"Sid": "DenyInsecureTransport", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                 "Resource": ["arn:aws:s3:::{bucket}", "arn:aws:s3:::{bucket}/*"],
                 "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}],
  "clusters": [{"name": "cfd", "access": "READ_WRITE"}]}');"#;

/// Everything that runs.
pub(super) struct Stage {
    postgres: Option<PrivatePostgres>,
    scratch: Option<ScratchDatabase>,
    url: String,
    store: Store,
    simulator: Simulator,
    front: Server,
    daemon: Daemon,
    lifecycle: Lifecycle,
    cursor: AtomicI64,
}

impl Stage {
    /// Starts everything.
    pub(super) async fn set(options: &DemoOptions, screen: &Screen) -> anyhow::Result<Self> {
        let (postgres, scratch, url) = database(options, screen).await?;
        let store = Store::connect(&url, &ConnectOptions::default()).await?;
        store.migrate().await?;
        screen.done("schema", "migrated; the JSON Schema of the rows is stored");

        let simulator = Simulator::new(Config {
            time_scale: Some(TIME_SCALE),
            ..Config::default()
        });
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let front = serve(simulator.clone(), any_port)
            .await
            .context("serve the simulated AWS")?;
        screen.done(
            "simulated AWS",
            &format!("{} (time runs {TIME_SCALE} times as fast)", front.url()),
        );

        let listener = TcpListener::bind(any_port)
            .await
            .context("listen on a free port")?;
        let options = RunOptions {
            database_url: url.parse::<DatabaseUrl>().map_err(anyhow::Error::msg)?,
            migrate: false,
            sweep_interval: Duration::from_secs(2),
            transition_interval: Duration::from_millis(250),
            lease_duration: Duration::from_secs(10),
            assume_role: None,
            listen: any_port,
            log_format: LogFormat::Auto,
            log_level: "off".to_owned(),
        };
        let aws = AwsConfig::fixed(&front.url(), REGION, "AKIADEMO", "demo")
            .with_settings(aws_settings(options.lease_duration));
        let lifecycle = Lifecycle::new();
        let start = Start {
            store: store.clone(),
            aws,
            listener,
            options,
            lifecycle: lifecycle.clone(),
        };
        let daemon = Daemon::start(start).await?;
        screen.done("daemon", &format!("http://{}", daemon.address));
        let cursor = AtomicI64::new(0);
        Ok(Self {
            postgres,
            scratch,
            url,
            store,
            simulator,
            front,
            daemon,
            lifecycle,
            cursor,
        })
    }

    pub(super) fn database_url(&self) -> &str {
        &self.url
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.daemon.address
    }

    pub(super) fn endpoint(&self) -> String {
        self.front.url()
    }

    pub(super) const fn store(&self) -> &Store {
        &self.store
    }

    /// Inserts the row.
    pub(super) async fn insert(&self) -> anyhow::Result<()> {
        self.store
            .execute_as_user(INSERT)
            .await
            .context("insert the row")
    }

    /// What another administrator does, by the AWS console or the CLI.
    pub(super) fn admin(&self, operation: &str, input: Value) -> anyhow::Result<Value> {
        let call = if operation.contains("Bucket") {
            Call::s3(REGION, operation, input)
        } else {
            Call::appstream(REGION, operation, input)
        };
        self.simulator
            .call(&call)
            .map_err(|error| anyhow::anyhow!("{operation}: {}: {}", error.code, error.message))
    }

    /// Shows events until the environment is Ready in its newest generation.
    pub(super) async fn until_ready(
        &self,
        screen: &Screen,
        patience: Duration,
    ) -> anyhow::Result<()> {
        self.until(
            screen,
            patience,
            "the environment to be Ready",
            async || {
                let row = self.status().await?;
                if row.ready != "True" {
                    screen.waiting(row.message.as_deref().unwrap_or_default());
                }
                Ok(row.ready == "True" && row.observed_generation == Some(row.generation))
            },
        )
        .await
    }

    /// Shows events until something holds.
    pub(super) async fn until(
        &self,
        screen: &Screen,
        patience: Duration,
        what: &str,
        holds: impl AsyncFn() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let deadline = crate::lease::now() + patience;
        loop {
            self.show_events(screen).await?;
            if holds().await? {
                self.show_events(screen).await?;
                screen.waiting("");
                return Ok(());
            }
            if crate::lease::now() > deadline {
                bail!("waited {} s in vain for {what}", patience.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Shows events until the task is dropped.
    pub(super) async fn follow(&self, screen: &Screen) -> anyhow::Result<()> {
        loop {
            self.show_events(screen).await?;
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    async fn status(&self) -> anyhow::Result<streamkeeper_state::StatusRow> {
        let filter = StatusFilter {
            names: vec![NAME.to_owned()],
            ..StatusFilter::default()
        };
        let rows = self.store.status(&filter).await?;
        rows.into_iter().next().context("the environment is gone")
    }

    /// Shows what happened since the last time.
    async fn show_events(&self, screen: &Screen) -> anyhow::Result<()> {
        for event in self.new_events().await? {
            let text = format!("{}: {}", event.object, event.message);
            if event.event_type == "Warning" {
                screen.warning(&event.reason, &text);
            } else {
                screen.done(&event.reason, &text);
            }
        }
        Ok(())
    }

    async fn new_events(&self) -> anyhow::Result<Vec<EventRow>> {
        let filter = EventFilter {
            environment: None,
            after_change_id: Some(self.cursor.load(Ordering::SeqCst)),
            limit: 1000,
        };
        let events = self.store.events(&filter).await?;
        if let Some(last) = events.last() {
            self.cursor.store(last.change_id, Ordering::SeqCst);
        }
        Ok(events)
    }

    /// Says what is there at the end, and fails if it is not what was promised.
    pub(super) async fn summary(&self, screen: &Screen) -> anyhow::Result<()> {
        let row = self.status().await?;
        screen.note(&format!(
            "{}  ready={}  fleet={}  open drift={}",
            row.name,
            row.ready,
            row.fleet_state.as_deref().unwrap_or("-"),
            row.drift_count
        ));
        let drift = self.store.drift(NAME, false).await?;
        for one in &drift {
            let how = one.resolution.as_deref().unwrap_or("open");
            screen.note(&format!("{how:<10} {:<12} {}", one.object, one.path));
        }
        let fleets = self.admin("DescribeFleets", json!({"Names": [NAME]}))?;
        let associated = self.admin("ListAssociatedFleets", json!({"StackName": NAME}))?;
        if fleets["Fleets"][0]["State"] != "RUNNING" || associated["Names"] != json!([NAME]) {
            bail!("AWS does not have what the row asks: {fleets} {associated}");
        }
        if row.ready != "True" || row.drift_count != 0 {
            bail!("the environment is not Ready without drift");
        }
        Ok(())
    }

    /// Takes everything down again.
    pub(super) async fn strike(self, screen: &Screen) {
        screen.chapter("Cleaning up");
        self.lifecycle.stop().await;
        self.daemon.close().await;
        self.front.shutdown().await;
        if let Some(scratch) = self.scratch
            && let Err(error) = scratch.drop_now().await
        {
            screen.warning("database", &error.to_string());
        }
        if let Some(postgres) = self.postgres {
            postgres.stop().await;
        }
        screen.done("cleaned up", "daemon, simulated AWS and database are gone");
    }
}

/// A database of our own: on the server that was named, or on one started for it.
async fn database(
    options: &DemoOptions,
    screen: &Screen,
) -> anyhow::Result<(Option<PrivatePostgres>, Option<ScratchDatabase>, String)> {
    if let Some(server) = &options.database_url {
        let scratch = ScratchDatabase::create(server.expose(), "streamkeeper_demo_").await?;
        let url = scratch.url();
        screen.done(
            "PostgreSQL",
            &format!("database {} on {server}", scratch.name()),
        );
        return Ok((None, Some(scratch), url));
    }
    screen.waiting("a private PostgreSQL");
    let postgres = match PrivatePostgres::start(PrivatePostgresOptions::default()).await {
        Ok(postgres) => postgres,
        Err(error) => {
            let hint = error.hint();
            return Err(anyhow::Error::new(error).context(format!(
                "no private PostgreSQL could be started (hint: {hint})"
            )));
        }
    };
    screen.done("PostgreSQL", &format!("{}, private", postgres.version()));
    // The superuser's own database is fine: the whole server is ours and goes with us.
    let url = postgres.url("postgres");
    Ok((Some(postgres), None, url))
}
