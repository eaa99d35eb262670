//! Kills the real daemon with SIGKILL after each AWS call and at each commit, and starts it again;
//! loses the answer of each mutating call.
//!
//! The boundaries are not written down: a first life without a crash is listened to, and each call
//! and each commit it made is one. The daemon is the real program over real HTTP and a real
//! PostgreSQL connection; it knows neither the simulator nor the proxy.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use streamkeeper_simulator::http::{Server, serve};
use streamkeeper_simulator::{
    Config, Delays, Face, Fault as AwsFault, JournalEntry, Matcher, Simulator,
};
use streamkeeper_tests::{Daemon, Fault, Moment, PostgresProxy, REGION, TestDatabase, wait_until};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::converge::blog;

/// The whole story of one environment has to end in this time; it takes three seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// Lives that run side by side: they mostly wait.
const SIDE_BY_SIDE: usize = 6;

/// The fewest boundaries the story has; fewer means that the harness no longer sees them.
const FEWEST_CALLS: usize = 40;
const FEWEST_COMMITS: usize = 30;
const FEWEST_MUTATING: u64 = 12;

/// Where to strike.
#[derive(Debug, Clone)]
enum Strike {
    /// After an AWS call was executed, before its answer.
    Call(Boundary),
    /// At the n-th commit.
    Commit(usize, Moment),
    /// The n-th mutating call's answer is lost; nobody dies.
    Lost(u64, AwsFault),
}

/// An AWS call by what was changed before it. How often something is looked at meanwhile depends on
/// time; that it is looked at does not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Boundary {
    /// How many mutating calls came before it.
    changes: u64,
    operation: String,
    target: String,
}

/// Each call that a life made between two changes, once.
fn boundaries(journal: &[JournalEntry]) -> BTreeSet<Boundary> {
    let mut changes = 0;
    let mut boundaries = BTreeSet::new();
    for entry in journal {
        boundaries.insert(Boundary {
            changes,
            operation: entry.operation.clone(),
            target: entry.target.clone(),
        });
        changes += u64::from(entry.mutating);
    }
    boundaries
}

/// What is left at the end of each chapter.
type Ends = Vec<BTreeMap<&'static str, Value>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_after_any_aws_call_or_commit_ends_in_the_same_state() {
    let reference = live(None).await;
    let calls = reference.calls.len();
    let (commits, requests) = (reference.commits, reference.requests);
    println!(
        "boundaries: {calls} AWS calls, {commits} commits, {requests} commits that never arrive"
    );
    assert!(calls >= FEWEST_CALLS, "only {calls} AWS calls were seen");
    assert!(
        commits >= FEWEST_COMMITS,
        "only {commits} commits were seen"
    );
    let strikes = (reference.calls.into_iter())
        .map(Strike::Call)
        .chain((1..=commits).map(|n| Strike::Commit(n, Moment::Unheard)))
        .chain((1..=requests).map(|n| Strike::Commit(n, Moment::Before)))
        .collect();
    let struck = strike_all(&reference.ends, strikes).await;
    println!("killed and restarted at {struck} boundaries: same AWS state, same rows, no orphan");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_of_any_mutating_call_ends_in_the_same_state() {
    let reference = live(None).await;
    let mutating = u64::try_from(reference.mutating).unwrap();
    assert!(
        mutating >= FEWEST_MUTATING,
        "only {mutating} mutating calls were seen"
    );
    let strikes = (1..=mutating)
        .flat_map(|n| {
            Face::ALL.into_iter().flat_map(move |face| {
                [AwsFault::LostAfter(face), AwsFault::LostBefore(face)]
                    .map(|fault| Strike::Lost(n, fault))
            })
        })
        .collect();
    let struck = strike_all(&reference.ends, strikes).await;
    println!(
        "{struck} answers of {mutating} mutating calls were lost, executed or not: \
         same AWS state, same rows, no orphan"
    );
}

/// Lives one life for each strike, a few side by side; how many strikes hit.
async fn strike_all(reference: &Ends, strikes: Vec<Strike>) -> usize {
    let places = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let mut lives = JoinSet::new();
    let total = strikes.len();
    for strike in strikes {
        let place = Arc::clone(&places).acquire_owned().await.unwrap();
        let runtime = Handle::current();
        lives.spawn_blocking(move || {
            let _place = place;
            (strike.clone(), runtime.block_on(live(Some(strike))))
        });
    }
    let mut struck = 0;
    while let Some(life) = lives.join_next().await {
        let (strike, lived) = life.unwrap_or_else(|error| panic!("a life failed: {error}"));
        struck += usize::from(lived.struck);
        for (chapter, (end, expected)) in lived.ends.iter().zip(reference).enumerate() {
            for (what, value) in expected {
                assert_eq!(
                    Some(value),
                    end.get(what),
                    "{what} after chapter {chapter} differs after {strike:?}"
                );
            }
        }
    }
    // What is written while something is in flight depends on time, so a life may have fewer
    // commits than the first one and end before its strike. Most must not.
    assert!(
        struck * 10 >= total * 8,
        "only {struck} of {total} strikes hit"
    );
    struck
}

/// A life that was lived.
struct Lived {
    ends: Ends,
    calls: BTreeSet<Boundary>,
    commits: usize,
    requests: usize,
    mutating: usize,
    struck: bool,
}

/// Everything around one daemon.
struct Life {
    database: TestDatabase,
    proxy: PostgresProxy,
    simulator: Simulator,
    front: Server,
    daemon: Daemon,
    strike: Option<Strike>,
    killed: bool,
}

/// Lives the whole story, with at most one death.
async fn live(strike: Option<Strike>) -> Lived {
    let mut life = Life::begin(strike).await;
    let mut ends = Vec::new();

    life.insert().await;
    life.until("SELECT count(*) = 1 FROM streamkeeper.status WHERE ready = 'True'")
        .await;
    ends.push(life.end().await);

    // A change in place beside one that needs a stop.
    life.sql(
        "UPDATE streamkeeper.environments
            SET spec = jsonb_set(jsonb_set(spec, '{fleet,description}', '\"x\"'),
                                 '{fleet,displayName}', '\"y\"')",
    )
    .await;
    life.until(
        "SELECT count(*) = 1 FROM streamkeeper.status
         WHERE ready = 'True' AND generation = 2 AND observed_generation = 2",
    )
    .await;
    ends.push(life.end().await);

    life.sql("DELETE FROM streamkeeper.environments").await;
    life.until("SELECT count(*) = 0 FROM streamkeeper.environments")
        .await;
    ends.push(life.end().await);
    life.over(ends).await
}

impl Life {
    async fn begin(strike: Option<Strike>) -> Self {
        let database = TestDatabase::create().await;
        let proxy = PostgresProxy::start(&database.url).await;
        // Renewals, sweeps and the search for scopes come as often as time passes, and are left out
        // of the count.
        proxy.leave_out(|commit| {
            commit.mentions("SET expires_at = clock_timestamp() + $4")
                || commit.mentions("SET fresh_at")
                || commit.mentions("INSERT INTO streamkeeper.scope_fences")
        });
        let delays = Delays {
            starting: Duration::from_millis(200),
            stopping: Duration::from_millis(100),
            provisioning: Duration::ZERO,
            home_bucket: Duration::from_millis(50),
            settings_bucket: Duration::ZERO,
            user: Duration::ZERO,
        };
        let config = Config {
            delays,
            time_scale: Some(1.0),
            tag_lag: Duration::from_millis(50),
            ..Config::default()
        };
        let simulator = Simulator::new(config);
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let front = serve(simulator.clone(), any_port).await.unwrap();
        match &strike {
            // The call is executed and its answer held back until the daemon is dead.
            Some(Strike::Call(boundary)) => {
                let call = Matcher::operation(&boundary.operation)
                    .target(&boundary.target)
                    .after_changes(boundary.changes);
                simulator.faults().add(call, AwsFault::Hang(PATIENCE));
            }
            Some(Strike::Lost(n, fault)) => {
                simulator
                    .faults()
                    .add(Matcher::mutating().nth(*n), fault.clone());
            }
            Some(Strike::Commit(..)) | None => {}
        }
        let daemon = start(&proxy, &front);
        if let Some(Strike::Commit(n, moment)) = &strike {
            proxy.at_commit(*n, *moment, Fault::Call(Box::new(daemon.killer())));
        }
        Self {
            database,
            proxy,
            simulator,
            front,
            daemon,
            strike,
            killed: false,
        }
    }

    async fn insert(&self) {
        sqlx::query(
            "INSERT INTO streamkeeper.environments (name, region, spec) VALUES ('cfd', $1, $2)",
        )
        .bind(REGION)
        .bind(blog())
        .execute(&self.database.pool)
        .await
        .unwrap();
    }

    async fn sql(&self, statement: &'static str) {
        sqlx::query(statement)
            .execute(&self.database.pool)
            .await
            .unwrap();
    }

    /// Waits until a query says true, killing and restarting the daemon when its time has come.
    async fn until(&mut self, query: &'static str) {
        wait_until(query, PATIENCE, async || {
            self.strike().await;
            sqlx::query_scalar::<_, bool>(query)
                .fetch_one(&self.database.pool)
                .await
                .unwrap()
        })
        .await;
    }

    /// Ends the life and says how it was.
    async fn over(self, ends: Ends) -> Lived {
        let journal = self.simulator.journal();
        let struck = match &self.strike {
            Some(Strike::Lost(..)) => self.simulator.faults().fired() > 0,
            Some(Strike::Call(_) | Strike::Commit(..)) => self.killed || !self.daemon.is_running(),
            None => false,
        };
        if self.daemon.is_running() {
            self.daemon.terminate();
        }
        self.daemon.wait(PATIENCE).await;
        self.front.shutdown().await;
        Lived {
            ends,
            calls: boundaries(&journal),
            commits: self.proxy.commits().len(),
            requests: self.proxy.commit_requests(),
            mutating: journal.iter().filter(|entry| entry.mutating).count(),
            struck,
        }
    }

    async fn strike(&mut self) {
        if self.killed {
            return;
        }
        if let Some(Strike::Call(_)) = &self.strike
            && self.simulator.faults().fired() > 0
        {
            self.daemon.kill();
        }
        if self.daemon.is_running() {
            return;
        }
        self.killed = true;
        self.simulator.faults().clear();
        // The dead daemon's lease would run out by itself; nobody waits for that here. Taking over
        // after a real expiry has a test of its own.
        sqlx::query(
            "UPDATE streamkeeper.scope_leases SET expires_at = clock_timestamp() WHERE holder IS NOT NULL",
        )
        .execute(&self.database.pool)
        .await
        .unwrap();
        self.daemon = start(&self.proxy, &self.front);
    }

    /// What is there: AWS, rows, calls that may be made only once.
    async fn end(&self) -> BTreeMap<&'static str, Value> {
        let uids: Vec<String> =
            sqlx::query_scalar("SELECT DISTINCT uid::text FROM streamkeeper.revisions")
                .fetch_all(&self.database.pool)
                .await
                .unwrap();
        let mut end = BTreeMap::new();
        end.insert("AWS", anonymous(&self.simulator.snapshot(), &uids));
        for (what, query) in ROWS {
            let rows: Value = sqlx::query_scalar(AssertSqlSafe(format!(
                "SELECT coalesce(jsonb_agg(t ORDER BY t::text), '[]') FROM ({query}) AS t"
            )))
            .fetch_one(&self.database.pool)
            .await
            .unwrap();
            end.insert(what, anonymous(&rows, &uids));
        }
        let mut creations: Vec<String> = self
            .simulator
            .journal()
            .iter()
            .filter(|entry| entry.operation.starts_with("Create") && entry.changed())
            .map(|entry| format!("{} {}", entry.operation, entry.target))
            .collect();
        // A refused fleet lets the stack go first; how often is what counts.
        creations.sort();
        end.insert("creations", json!(creations));
        end
    }
}

/// Rows that must be the same, whatever happened on the way.
const ROWS: [(&str, &str); 6] = [
    (
        "status",
        "SELECT name, ready, reason, generation, observed_generation, fleet_state, drift_count FROM streamkeeper.status",
    ),
    (
        "conditions",
        "SELECT type, status, reason, observed_generation FROM streamkeeper.conditions",
    ),
    (
        "owned objects",
        "SELECT object FROM streamkeeper.owned_objects",
    ),
    (
        "open intents",
        "SELECT id FROM streamkeeper.intents WHERE outcome IS NULL OR outcome = 'unknown'",
    ),
    (
        "drift",
        "SELECT object, path, resolution FROM streamkeeper.drift",
    ),
    (
        "revisions",
        "SELECT environment, generation, spec FROM streamkeeper.revisions",
    ),
];

fn start(proxy: &PostgresProxy, front: &Server) -> Daemon {
    let mut command = Daemon::command([
        "run",
        "--sweep-interval=60s",
        "--transition-interval=150ms",
        "--lease-duration=6s",
        "--listen=127.0.0.1:0",
        "--log-format=text",
    ]);
    command
        .env("DATABASE_URL", proxy.url())
        .env("AWS_ENDPOINT_URL", front.url())
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret");
    Daemon::spawn(command)
}

/// The value without what is different in every life: uids and the Sids made of them.
fn anonymous(value: &Value, uids: &[String]) -> Value {
    let mut text = value.to_string();
    for uid in uids {
        let digits: String = uid.chars().filter(|c| *c != '-').take(16).collect();
        text = text.replace(uid, "<uid>").replace(&digits, "<uid>");
    }
    serde_json::from_str(&text).unwrap()
}
