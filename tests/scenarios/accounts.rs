//! Many accounts and regions in one daemon: each by its own role, none in another's way.

mod changing_hands;
mod isolation;
mod roles;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use streamkeeper_simulator::http::{Server, serve};
use streamkeeper_simulator::{Caller, Config, Delays, Simulator, Trust};
use streamkeeper_tests::{DEADLINE, Daemon, REGION, TestDatabase, wait_until};

/// The daemon's own account.
const HOME: &str = "111122223333";
/// Another one, with a role that trusts the daemon's.
const AWAY: &str = "444455556666";
/// One whose role trusts nobody here.
const CLOSED: &str = "777788889999";

const TEMPLATE: &str = "arn:aws:iam::{account}:role/hpc/streamkeeper";
const EXTERNAL_ID: &str = "handed-out-by:away/1";

/// An access key of the other account's own.
const AWAY_KEY: &str = "AKIDAWAY";

/// How long a role's credentials last unless a test says otherwise.
const AN_HOUR: Duration = Duration::from_secs(3600);

/// A database and an AWS of several accounts.
struct Stage {
    database: TestDatabase,
    simulator: Simulator,
    front: Server,
}

impl Stage {
    async fn set(longest_session: Duration) -> Self {
        let trust = |account: &str| Trust {
            accounts: vec![account.to_owned()],
            external_id: Some(EXTERNAL_ID.to_owned()),
            longest_session,
        };
        let roles = BTreeMap::from([
            (TEMPLATE.replace("{account}", AWAY), trust(HOME)),
            (TEMPLATE.replace("{account}", CLOSED), trust(CLOSED)),
        ]);
        let simulator = Simulator::new(Config {
            account: HOME.to_owned(),
            regions: vec![REGION.to_owned(), "us-east-1".to_owned()],
            delays: Delays::none(),
            time_scale: Some(1.0),
            roles,
            credentials: BTreeMap::from([(
                AWAY_KEY.to_owned(),
                Caller::role(AWAY, "Streamkeeper", "daemon"),
            )]),
            ..Config::default()
        });
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let front = serve(simulator.clone(), any_port).await.unwrap();
        Self {
            database: TestDatabase::create().await,
            simulator,
            front,
        }
    }

    /// A daemon's command, without credentials.
    fn command(&self, options: &[&str]) -> Command {
        let fixed = [
            "run",
            "--sweep-interval=1s",
            "--transition-interval=100ms",
            "--lease-duration=5s",
            "--listen=127.0.0.1:0",
            "--log-format=text",
        ];
        let mut command = Daemon::command(fixed.iter().chain(options));
        command
            .env("DATABASE_URL", &self.database.url)
            .env("AWS_ENDPOINT_URL", self.front.url())
            .env("AWS_REGION", REGION);
        command
    }

    fn start(&self, options: &[&str]) -> Daemon {
        let mut command = self.command(options);
        command
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret");
        Daemon::spawn(command)
    }

    /// Starts a daemon that knows the roles and what they ask for.
    fn start_with_roles(&self) -> Daemon {
        let role = format!("--assume-role={TEMPLATE}");
        self.start(&[&role, &format!("--external-id={EXTERNAL_ID}")])
    }

    async fn insert(&self, name: &str, region: &str, account: Option<&str>) {
        sqlx::query(
            "INSERT INTO streamkeeper.environments (name, region, account_id, spec)
             VALUES ($1, $2, $3, $4)",
        )
        .bind(name)
        .bind(region)
        .bind(account)
        .bind(spec())
        .execute(&self.database.pool)
        .await
        .unwrap();
    }

    /// Waits until a query says true.
    async fn until(&self, query: &'static str) {
        wait_until(query, DEADLINE, async || self.says(query).await).await;
    }

    async fn says(&self, query: &'static str) -> bool {
        // Null, as before there is anything to compare, is no.
        let answer: Option<bool> = sqlx::query_scalar(query)
            .fetch_one(&self.database.pool)
            .await
            .unwrap();
        answer.unwrap_or_default()
    }

    async fn text(&self, query: &'static str) -> String {
        sqlx::query_scalar(query)
            .fetch_one(&self.database.pool)
            .await
            .unwrap()
    }

    /// Every call in an account, as its operation.
    fn calls_in(&self, account: &str) -> Vec<String> {
        let journal = self.simulator.journal().into_iter();
        journal
            .filter(|entry| entry.account == account)
            .map(|entry| entry.operation)
            .collect()
    }

    fn count(&self, account: &str, operation: &str) -> usize {
        let calls = self.calls_in(account).into_iter();
        calls.filter(|call| call == operation).count()
    }
}

/// A fleet and its stack, without what would need a bucket.
fn spec() -> Value {
    serde_json::json!({
        "image": {"name": "pcluster-2026-11"},
        "fleet": {
            "instanceType": "stream.standard.medium",
            "computeCapacity": {"desiredInstances": 1},
        },
        "stack": {},
    })
}
