//! The daemon as a process: leases, several of them, signals, a lost database, missing credentials.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::json;
use sqlx::PgPool;
use streamkeeper_simulator::http::{Server, serve};
use streamkeeper_simulator::{Config, Delays, Simulator};
use streamkeeper_tests::{DEADLINE, Daemon, PostgresProxy, REGION, TestDatabase, wait_until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::converge::blog;

/// A database, an AWS, and daemons to start over them.
struct Stage {
    database: TestDatabase,
    simulator: Simulator,
    front: Server,
}

impl Stage {
    async fn set() -> Self {
        let delays = Delays {
            starting: Duration::from_millis(200),
            ..Delays::none()
        };
        let config = Config {
            delays,
            time_scale: Some(1.0),
            ..Config::default()
        };
        let simulator = Simulator::new(config);
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let front = serve(simulator.clone(), any_port).await.unwrap();
        Self {
            database: TestDatabase::create().await,
            simulator,
            front,
        }
    }

    fn start(&self, database_url: &str, lease: &str, key: Option<&str>) -> Daemon {
        let mut command = Daemon::command([
            "run",
            "--sweep-interval=1s",
            "--transition-interval=100ms",
            &format!("--lease-duration={lease}"),
            "--listen=127.0.0.1:0",
            "--log-format=text",
        ]);
        command
            .env("DATABASE_URL", database_url)
            .env("AWS_ENDPOINT_URL", self.front.url())
            .env("AWS_REGION", REGION);
        if let Some(key) = key {
            command
                .env("AWS_ACCESS_KEY_ID", key)
                .env("AWS_SECRET_ACCESS_KEY", "secret");
        }
        Daemon::spawn(command)
    }

    async fn insert(&self, name: &str) {
        insert(&self.database.pool, name).await;
    }

    async fn until(&self, query: &'static str) {
        wait_until(query, DEADLINE, async || {
            sqlx::query_scalar::<_, bool>(query)
                .fetch_one(&self.database.pool)
                .await
                .unwrap()
        })
        .await;
    }

    fn creations(&self) -> usize {
        let journal = self.simulator.journal();
        journal
            .iter()
            .filter(|entry| entry.operation.starts_with("Create"))
            .count()
    }
}

async fn insert(pool: &PgPool, name: &str) {
    let mut spec = blog();
    spec["buckets"] = json!([]);
    sqlx::query("INSERT INTO streamkeeper.environments (name, region, spec) VALUES ($1, $2, $3)")
        .bind(name)
        .bind(REGION)
        .bind(spec)
        .execute(pool)
        .await
        .unwrap();
}

const READY: &str = "SELECT count(*) > 0 AND bool_and(ready = 'True') FROM streamkeeper.status";

/// Where a daemon listens, as it says itself.
pub(crate) async fn address(daemon: &Daemon) -> SocketAddr {
    let line = daemon.until_logged("listen=").await;
    let text = line.split("listen=").nth(1).unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

/// One HTTP request, by hand: its status and its body.
pub(crate) async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split_whitespace().nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, body.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_daemons_scope_is_taken_over_when_its_lease_runs_out() {
    let stage = Stage::set().await;
    let first = stage.start(&stage.database.url, "1500ms", Some("AKIDEXAMPLE"));
    stage.insert("cfd").await;
    stage.until(READY).await;
    let epoch = "SELECT max(epoch) FROM streamkeeper.scopes";
    let before: i64 = sqlx::query_scalar(epoch)
        .fetch_one(&stage.database.pool)
        .await
        .unwrap();
    first.kill();
    let _second = stage.start(&stage.database.url, "1500ms", Some("AKIDEXAMPLE"));
    stage.insert("cfd2").await;
    stage
        .until("SELECT count(*) = 2 FROM streamkeeper.status WHERE ready = 'True'")
        .await;
    let after: i64 = sqlx::query_scalar(epoch)
        .fetch_one(&stage.database.pool)
        .await
        .unwrap();
    assert!(after > before, "the epoch stayed at {before}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halted_daemon_that_wakes_up_writes_nothing() {
    let stage = Stage::set().await;
    let first = stage.start(&stage.database.url, "1500ms", Some("AKIDEXAMPLE"));
    stage.insert("cfd").await;
    stage.until(READY).await;
    first.pause();
    let _second = stage.start(&stage.database.url, "1500ms", Some("AKIDEXAMPLE"));
    stage
        .until("SELECT max(epoch) > 1 FROM streamkeeper.scopes")
        .await;
    first.resume();
    stage.insert("cfd2").await;
    stage
        .until("SELECT count(*) = 2 FROM streamkeeper.status WHERE ready = 'True'")
        .await;
    assert_eq!(
        stage.creations(),
        4,
        "two fleets and two stacks, each created once"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_daemons_do_the_work_of_one() {
    let stage = Stage::set().await;
    let daemons: Vec<Daemon> = (0..3)
        .map(|_| stage.start(&stage.database.url, "3s", Some("AKIDEXAMPLE")))
        .collect();
    for name in ["a", "b", "c"] {
        stage.insert(name).await;
    }
    stage
        .until("SELECT count(*) = 3 FROM streamkeeper.status WHERE ready = 'True'")
        .await;
    assert_eq!(stage.creations(), 6);
    let holders: i64 = sqlx::query_scalar(
        "SELECT count(DISTINCT holder) FROM streamkeeper.scopes WHERE holder IS NOT NULL",
    )
    .fetch_one(&stage.database.pool)
    .await
    .unwrap();
    assert_eq!(holders, 1);
    for daemon in &daemons {
        assert!(daemon.is_running());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_gives_the_lease_back_and_ends_well() {
    let stage = Stage::set().await;
    let daemon = stage.start(&stage.database.url, "30s", Some("AKIDEXAMPLE"));
    stage.insert("cfd").await;
    stage.until(READY).await;
    daemon.terminate();
    let status = daemon.wait(DEADLINE).await;
    assert!(status.success(), "{status}: {}", daemon.log().join("\n"));
    // Nobody has to wait for the thirty seconds of its lease.
    let next = stage.start(&stage.database.url, "30s", Some("AKIDEXAMPLE"));
    stage.insert("cfd2").await;
    stage
        .until("SELECT count(*) = 2 FROM streamkeeper.status WHERE ready = 'True'")
        .await;
    next.terminate();
    assert!(next.wait(DEADLINE).await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_database_shows_in_readiness_and_ends_nothing() {
    let stage = Stage::set().await;
    let proxy = PostgresProxy::start(&stage.database.url).await;
    let daemon = stage.start(proxy.url(), "2s", Some("AKIDEXAMPLE"));
    let address = address(&daemon).await;
    stage.insert("cfd").await;
    stage.until(READY).await;
    wait_until("the daemon is ready", DEADLINE, async || {
        get(address, "/readyz").await.0 == 200
    })
    .await;

    proxy.go_down();
    wait_until("readiness turns false", DEADLINE, async || {
        get(address, "/readyz").await == (503, "the database does not answer\n".to_owned())
    })
    .await;
    assert_eq!(get(address, "/healthz").await.0, 200);
    let calls = stage
        .simulator
        .journal()
        .iter()
        .filter(|entry| entry.mutating)
        .count();

    proxy.restore();
    wait_until("the daemon is ready again", DEADLINE, async || {
        get(address, "/readyz").await.0 == 200
    })
    .await;
    let during = stage
        .simulator
        .journal()
        .iter()
        .filter(|entry| entry.mutating)
        .count();
    assert_eq!(
        calls, during,
        "AWS was changed while no lease could be proven"
    );
    stage.insert("cfd2").await;
    stage
        .until("SELECT count(*) = 2 FROM streamkeeper.status WHERE ready = 'True'")
        .await;
    assert!(daemon.is_running());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_count_what_was_done() {
    let stage = Stage::set().await;
    let daemon = stage.start(&stage.database.url, "30s", Some("AKIDEXAMPLE"));
    let address = address(&daemon).await;
    stage.insert("cfd").await;
    stage.until(READY).await;
    let (status, metrics) = get(address, "/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "streamkeeper_actions_total{action=\"CreateFleet\",outcome=\"ok\"} 1",
        "streamkeeper_actions_total{action=\"DeleteFleet\",outcome=\"ok\"} 0",
        "streamkeeper_leases_held 1",
        "streamkeeper_passes_total{outcome=\"panicked\"} 0",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_credentials_people_are_told_and_nothing_is_touched() {
    let stage = Stage::set().await;
    let _daemon = stage.start(&stage.database.url, "3s", None);
    stage.insert("cfd").await;
    stage
        .until(
            "SELECT count(*) = 1 FROM streamkeeper.conditions
             WHERE type = 'Stalled' AND status = 'True' AND reason = 'NoCredentials'",
        )
        .await;
    assert_eq!(stage.simulator.journal().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_accounts_rows_are_told_that_there_are_no_credentials() {
    let stage = Stage::set().await;
    let _daemon = stage.start(&stage.database.url, "3s", Some("AKIDEXAMPLE"));
    sqlx::query(
        "INSERT INTO streamkeeper.environments (name, region, account_id, spec)
         VALUES ('far', $1, '999999999999', $2)",
    )
    .bind(REGION)
    .bind(blog())
    .execute(&stage.database.pool)
    .await
    .unwrap();
    stage.insert("near").await;
    stage
        .until(
            "SELECT coalesce(bool_or(environment = 'far' AND type = 'Stalled' AND reason = 'NoCredentials'), false)
                AND coalesce(bool_or(environment = 'near' AND type = 'Ready' AND status = 'True'), false)
             FROM streamkeeper.conditions",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_schema_is_refused_with_a_hint() {
    let database = TestDatabase::create_empty().await;
    let mut command = Daemon::command(["run", "--listen=127.0.0.1:0", "--log-format=text"]);
    command.env("DATABASE_URL", &database.url);
    let daemon = Daemon::spawn(command);
    let status = daemon.wait(DEADLINE).await;
    assert_eq!(status.code(), Some(1));
    let log = daemon.log().join("\n");
    assert!(log.contains("streamkeeper migrate"), "{log}");
}
