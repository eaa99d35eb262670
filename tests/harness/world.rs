//! Runs one scope in process: real PostgreSQL, the simulated AWS behind the port, virtual time.
//!
//! A fleet that takes twelve minutes to start takes none here: between rounds the clock jumps to
//! the moment the keeper asked to be woken.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::Row;
use streamkeeper_controller::clock::Clock;
use streamkeeper_controller::keeper::{Keeper, Parts, Round, Settings};
use streamkeeper_controller::lease::HeldLease;
use streamkeeper_controller::metrics::Metrics;
use streamkeeper_core::cloud::Cloud;
use streamkeeper_core::environment::{Scope, Timestamp};
use streamkeeper_simulator::{Call, Config, JournalEntry, SimClock, SimulatedCloud, Simulator};
use streamkeeper_state::{ConnectOptions, Store};
use tokio_util::sync::CancellationToken;

use crate::TestDatabase;

/// The region of every world.
pub const REGION: &str = "eu-west-1";

/// More rounds than any scenario needs; a world that is not quiet by then never will be.
const MOST_ROUNDS: usize = 400;

/// Long enough that no test outlives it: expiry is the business of other tests.
const LEASE: Duration = Duration::from_secs(3600);

/// Tables whose content must not change while nothing happens. Leases carry the freshness.
const QUIET_TABLES: [&str; 11] = [
    "environments",
    "revisions",
    "conditions",
    "events",
    "drift",
    "intents",
    "managed_paths",
    "owned_objects",
    "debts",
    "environment_state",
    "scope_fences",
];

/// One scope with everything around it.
#[derive(Debug)]
pub struct World {
    /// The database, dropped at the end.
    pub database: TestDatabase,
    /// The store over it.
    pub store: Store,
    /// The simulated AWS.
    pub simulator: Simulator,
    keeper: Option<Keeper<SimulatedCloud>>,
    lives: usize,
}

/// The simulator's clock as the daemon's.
#[derive(Debug)]
struct WorldClock(SimClock);

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn jitter(&self) -> f64 {
        0.5
    }
}

impl World {
    /// A world with nothing in it.
    ///
    /// # Panics
    ///
    /// Panics when the database cannot be had.
    pub async fn new() -> Self {
        Self::with(Config::default()).await
    }

    /// A world on a chosen AWS.
    ///
    /// # Panics
    ///
    /// Panics when the database cannot be had.
    pub async fn with(config: Config) -> Self {
        let database = TestDatabase::create().await;
        let store = Store::connect(&database.url, &ConnectOptions::default())
            .await
            .expect("the test database answers");
        let simulator = Simulator::new(config);
        Self {
            database,
            store,
            simulator,
            keeper: None,
            lives: 0,
        }
    }

    /// Inserts an environment.
    ///
    /// # Panics
    ///
    /// Panics when PostgreSQL refuses the row.
    pub async fn insert(&self, name: &str, spec: &Value) {
        sqlx::query(
            "INSERT INTO streamkeeper.environments (name, region, spec) VALUES ($1, $2, $3)",
        )
        .bind(name)
        .bind(REGION)
        .bind(spec)
        .execute(&self.database.pool)
        .await
        .unwrap_or_else(|error| panic!("the row {name} is refused: {error:?}"));
    }

    /// Runs a statement as a user would.
    ///
    /// # Panics
    ///
    /// Panics when PostgreSQL refuses it.
    pub async fn sql(&self, statement: &'static str) {
        sqlx::query(statement)
            .execute(&self.database.pool)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }

    /// One value of one row.
    ///
    /// # Panics
    ///
    /// Panics when there is no such row or the value has another type.
    pub async fn value<T>(&self, query: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        sqlx::query(query)
            .fetch_one(&self.database.pool)
            .await
            .unwrap_or_else(|error| panic!("{query}: {error:?}"))
            .get(0)
    }

    /// Runs one round; the daemon comes to life first if it is dead.
    ///
    /// # Panics
    ///
    /// Panics when the round fails.
    pub async fn round(&mut self) -> Round {
        if self.keeper.is_none() {
            self.keeper = Some(self.come_to_life().await);
        }
        let keeper = self.keeper.as_mut().expect("it just came to life");
        keeper.round().await.expect("the round succeeds")
    }

    /// Runs rounds, jumping to each next wake-up, until a sweep does nothing and nothing is due
    /// before the next one.
    ///
    /// # Panics
    ///
    /// Panics when that never happens.
    pub async fn settle(&mut self) {
        for _ in 0..MOST_ROUNDS {
            let round = self.round().await;
            let wait = round.next_wake - self.simulator.clock().now();
            if round.swept && round.acted == 0 && wait > TimeDelta::seconds(50) {
                return;
            }
            self.simulator
                .clock()
                .advance(wait.to_std().unwrap_or_default());
        }
        panic!(
            "not quiet after {MOST_ROUNDS} rounds:\n{}",
            self.report().await
        );
    }

    /// Runs one round and jumps to the next.
    ///
    /// # Panics
    ///
    /// Panics when the round fails.
    pub async fn next_round(&mut self) -> Round {
        let round = self.round().await;
        let wait = round.next_wake - self.simulator.clock().now();
        self.simulator.clock().advance(wait.to_std().unwrap_or_default());
        round
    }

    /// Runs rounds until every environment but one is Ready.
    ///
    /// # Panics
    ///
    /// Panics when that never happens.
    pub async fn settle_but_for(&mut self, name: &str) {
        for _ in 0..MOST_ROUNDS {
            self.next_round().await;
            let open: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM streamkeeper.status WHERE name <> $1 AND ready <> 'True'",
            )
            .bind(name)
            .fetch_one(&self.database.pool)
            .await
            .expect("the status can be read");
            if open == 0 {
                return;
            }
        }
        panic!("not Ready after {MOST_ROUNDS} rounds:\n{}", self.report().await);
    }

    /// A fleet as AWS describes it; `Null` when there is none.
    #[must_use]
    pub fn fleet(&self, name: &str) -> Value {
        let call = Call::appstream(REGION, "DescribeFleets", json!({"Names": [name]}));
        self.simulator.call(&call).map_or(Value::Null, |answer| answer["Fleets"][0].clone())
    }

    /// A stack as AWS describes it; `Null` when there is none.
    #[must_use]
    pub fn stack(&self, name: &str) -> Value {
        let call = Call::appstream(REGION, "DescribeStacks", json!({"Names": [name]}));
        self.simulator.call(&call).map_or(Value::Null, |answer| answer["Stacks"][0].clone())
    }

    /// The home bucket's real name.
    ///
    /// # Panics
    ///
    /// Panics when AWS has made none.
    #[must_use]
    pub fn home_bucket(&self) -> String {
        let answer = self.admin("ListBuckets", json!({"Prefix": "appstream2-36fb080bb8-"}));
        answer["Buckets"][0]["Name"].as_str().expect("AWS made a home bucket").to_owned()
    }

    /// A bucket's policy.
    ///
    /// # Panics
    ///
    /// Panics when the bucket has none.
    #[must_use]
    pub fn policy(&self, bucket: &str) -> Value {
        let answer = self.admin("GetBucketPolicy", json!({"Bucket": bucket}));
        let text = answer["Policy"].as_str().expect("the bucket has a policy");
        serde_json::from_str(text).expect("a policy is JSON")
    }

    /// The drift ledger as `object path resolution`, in order of opening.
    ///
    /// # Panics
    ///
    /// Panics when the database fails.
    pub async fn drift(&self) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT object || ' ' || path || ' ' || coalesce(resolution, 'open')
             FROM streamkeeper.drift ORDER BY id",
        )
        .fetch_all(&self.database.pool)
        .await
        .expect("the drift ledger can be read")
    }

    /// Runs three more sweeps and demands that nothing happens but freshness.
    ///
    /// # Panics
    ///
    /// Panics when a mutating call is made or a row is written.
    pub async fn assert_quiet(&mut self) {
        let before = self.tables().await;
        let calls = self.simulator.journal().len();
        let mut sweeps = 0;
        while sweeps < 3 {
            let round = self.round().await;
            sweeps += usize::from(round.swept);
            let wait = round.next_wake - self.simulator.clock().now();
            self.simulator
                .clock()
                .advance(wait.to_std().unwrap_or_default());
        }
        let journal = self.simulator.journal();
        let mutating: Vec<&JournalEntry> = journal
            .iter()
            .skip(calls)
            .filter(|entry| entry.mutating)
            .collect();
        assert!(mutating.is_empty(), "another pass calls {mutating:#?}");
        let after = self.tables().await;
        for (table, rows) in &before {
            let now = after
                .iter()
                .find(|(name, _)| name == table)
                .map(|(_, rows)| rows);
            assert_eq!(Some(rows), now, "another pass writes {table}");
        }
    }

    /// Kills the daemon: what it remembered is gone, what it wrote stays.
    pub fn crash(&mut self) {
        self.keeper = None;
    }

    /// What another administrator does.
    ///
    /// # Panics
    ///
    /// Panics when AWS refuses.
    pub fn admin(&self, operation: &str, input: Value) -> Value {
        let call = if operation.contains("Bucket") {
            Call::s3(REGION, operation, input)
        } else {
            Call::appstream(REGION, operation, input)
        };
        self.simulator
            .call(&call)
            .unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    /// The mutating calls that changed AWS, as `operation target`.
    #[must_use]
    pub fn changes(&self) -> Vec<String> {
        self.simulator
            .journal()
            .iter()
            .filter(|entry| entry.mutating && entry.changed())
            .map(|entry| format!("{} {}", entry.operation, entry.target))
            .collect()
    }

    /// The environment's Ready condition as `True Converged: message`.
    ///
    /// # Panics
    ///
    /// Panics when the environment has none.
    pub async fn ready(&self, name: &str) -> String {
        let row =
            sqlx::query("SELECT ready, reason, message FROM streamkeeper.status WHERE name = $1")
                .bind(name)
                .fetch_one(&self.database.pool)
                .await
                .unwrap_or_else(|error| panic!("the status of {name}: {error:?}"));
        let column = |index: usize| row.get::<Option<String>, _>(index).unwrap_or_default();
        format!("{} {}: {}", column(0), column(1), column(2))
    }

    async fn come_to_life(&mut self) -> Keeper<SimulatedCloud> {
        self.lives += 1;
        self.store
            .ensure_scopes()
            .await
            .expect("scopes can be made");
        let scopes = self
            .store
            .list_scopes()
            .await
            .expect("scopes can be listed");
        let scope = scopes
            .first()
            .expect("a row was inserted before the first round");
        // A killed daemon's lease runs out by the database's clock; no test waits for that.
        sqlx::query("UPDATE streamkeeper.scope_leases SET expires_at = clock_timestamp() WHERE holder IS NOT NULL")
            .execute(&self.database.pool)
            .await
            .expect("the old lease can be ended");
        let holder = format!("life-{}", self.lives);
        let lease = self
            .store
            .acquire_lease(scope.id, &holder, LEASE)
            .await
            .expect("the lease can be asked for")
            .expect("nobody else holds the lease");
        let cloud = SimulatedCloud::new(self.simulator.clone(), REGION);
        let identity = cloud.identity().await.expect("STS answers");
        let pinned = self
            .store
            .pin_account(scope.id, &identity.account)
            .await
            .expect("the account can be pinned");
        Keeper::new(Parts {
            store: self.store.clone(),
            cloud,
            clock: Arc::new(WorldClock(self.simulator.clock().clone())),
            lease: HeldLease::new(lease, Instant::now(), LEASE),
            scope: Scope {
                account: pinned,
                region: REGION.to_owned(),
            },
            caller_arn: identity.arn,
            refused: None,
            metrics: Arc::new(Metrics::new()),
            draining: CancellationToken::new(),
            settings: Settings {
                sweep_interval: Duration::from_secs(60),
                transition_interval: Duration::from_secs(15),
                call_timeout: Duration::from_secs(10),
            },
        })
    }

    /// Everything stored, for comparing.
    async fn tables(&self) -> Vec<(String, Vec<String>)> {
        let mut tables = Vec::new();
        for table in self.existing(&QUIET_TABLES).await {
            let query = format!("SELECT t::text FROM streamkeeper.{table} AS t ORDER BY 1");
            let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
                .fetch_all(&self.database.pool)
                .await
                .unwrap_or_else(|error| panic!("reading {table}: {error:?}"));
            tables.push((table, rows));
        }
        tables
    }

    async fn existing(&self, wanted: &[&str]) -> Vec<String> {
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'streamkeeper' ORDER BY 1",
        )
        .fetch_all(&self.database.pool)
        .await
        .expect("the catalogue can be read");
        tables
            .into_iter()
            .filter(|table| wanted.contains(&table.as_str()))
            .collect()
    }

    /// What a failing test wants to see.
    async fn report(&self) -> String {
        let mut report = String::new();
        for (table, rows) in self.tables().await {
            if [
                "conditions",
                "events",
                "drift",
                "intents",
                "environment_state",
            ]
            .contains(&table.as_str())
            {
                report.push_str(&format!("{table}:\n  {}\n", rows.join("\n  ")));
            }
        }
        let journal = self.simulator.journal();
        let tail = journal.iter().rev().take(30).rev();
        for entry in tail {
            report.push_str(&format!(
                "{} {} {:?}\n",
                entry.operation, entry.target, entry.outcome
            ));
        }
        report
    }
}
