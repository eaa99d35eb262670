//! Runs one scope in process: real PostgreSQL, the simulated AWS behind the port, virtual time.
//!
//! A fleet that takes twelve minutes to start takes none here: between rounds the clock jumps to
//! the moment the keeper asked to be woken.
//!
//! A daemon dies by [`World::crash`], [`World::kill_at_call`] or [`World::kill_at_commit`]: what
//! it remembered is gone, what it wrote stays, and the next round begins a new life, which takes
//! the lease over with a higher epoch.

mod mortal;
mod seen;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use streamkeeper_controller::clock::Clock;
use streamkeeper_controller::keeper::{Keeper, Parts, Round, Settings};
use streamkeeper_controller::lease::HeldLease;
use streamkeeper_controller::metrics::Metrics;
use streamkeeper_core::cloud::Cloud;
use streamkeeper_core::environment::{Scope, Timestamp};
use streamkeeper_core::plan::WaitReason;
use streamkeeper_simulator::{
    Call, Caller, Config, Delays, JournalEntry, SimClock, SimulatedCloud, Simulator,
};
use streamkeeper_state::{ConnectOptions, Store};
use tokio_util::sync::CancellationToken;

pub use self::mortal::Death;
use self::mortal::{Hand, MortalCloud};
pub use self::seen::{End, differences};
use crate::{Fault, Moment, PostgresProxy, TestDatabase};

/// The region of every world.
pub const REGION: &str = "eu-west-1";

/// More rounds than any scenario needs; a world that is not quiet by then never will be.
const MOST_ROUNDS: usize = 400;

/// Long enough that no test outlives it: expiry is the business of other tests.
const LEASE: Duration = Duration::from_secs(3600);

/// How the daemon of every world keeps time.
const SETTINGS: Settings = Settings {
    sweep_interval: Duration::from_secs(60),
    transition_interval: Duration::from_secs(15),
    call_timeout: Duration::from_secs(10),
};

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
    /// The store over it, for looking; each life of the daemon has one of its own.
    pub store: Store,
    /// The simulated AWS.
    pub simulator: Simulator,
    /// Between the daemon and PostgreSQL, where a test wants to break something there.
    pub proxy: Option<PostgresProxy>,
    keeper: Option<Keeper<MortalCloud>>,
    hand: Hand,
    caller: Caller,
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
        let store = connect(&database.url).await;
        let simulator = Simulator::new(config);
        // What the simulator's own account gives to keys it does not know: its own role.
        let caller = simulator.caller_of("");
        Self {
            database,
            store,
            simulator,
            proxy: None,
            keeper: None,
            hand: Hand::default(),
            caller,
            lives: 0,
        }
    }

    /// A world in which fleets start within half a minute: for tests that run it many times.
    ///
    /// # Panics
    ///
    /// Panics when the database cannot be had.
    pub async fn brisk() -> Self {
        Self::with(brisk()).await
    }

    /// Puts a proxy between the daemon's next life and PostgreSQL.
    ///
    /// # Panics
    ///
    /// Panics when no port can be had.
    pub async fn through_proxy(&mut self) -> &PostgresProxy {
        self.crash();
        let proxy = PostgresProxy::start(&self.database.url).await;
        self.proxy.insert(proxy)
    }

    /// Gives the daemon's next life other credentials.
    pub fn change_credentials(&mut self, caller: Caller) {
        self.crash();
        self.caller = caller;
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
    pub async fn sql(&self, statement: &str) {
        sqlx::query(AssertSqlSafe(statement.to_owned()))
            .execute(&self.database.pool)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }

    /// Runs a statement that PostgreSQL refuses; what it says.
    ///
    /// # Panics
    ///
    /// Panics when it does not refuse.
    pub async fn refusal(&self, statement: &str) -> String {
        sqlx::query(AssertSqlSafe(statement.to_owned()))
            .execute(&self.database.pool)
            .await
            .map(|done| panic!("{statement}: {done:?}"))
            .unwrap_or_else(|error| error.to_string())
    }

    /// One value of one row.
    ///
    /// # Panics
    ///
    /// Panics when there is no such row or the value has another type.
    pub async fn value<T>(&self, query: &str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
            .fetch_one(&self.database.pool)
            .await
            .unwrap_or_else(|error| panic!("{query}: {error:?}"))
    }

    /// Runs one round; the daemon comes to life first if it is dead.
    ///
    /// # Panics
    ///
    /// Panics when the round fails.
    pub async fn round(&mut self) -> Round {
        loop {
            let mut keeper = match self.keeper.take() {
                Some(keeper) => keeper,
                None => self.come_to_life().await,
            };
            let hand = self.hand.clone();
            tokio::select! {
                biased;
                // Everything the dead daemon had under way is dropped with its round.
                () = hand.died() => continue,
                round = keeper.round() => {
                    let round = round.expect("the round succeeds");
                    self.keeper = Some(keeper);
                    return round;
                }
            }
        }
    }

    /// Runs one round and jumps to the next.
    ///
    /// # Panics
    ///
    /// Panics when the round fails.
    pub async fn next_round(&mut self) -> Round {
        let round = self.round().await;
        let wait = round.next_wake - self.simulator.clock().now();
        self.simulator
            .clock()
            .advance(wait.to_std().unwrap_or_default());
        round
    }

    /// Runs rounds for so long, by the world's clock.
    ///
    /// # Panics
    ///
    /// Panics when a round fails.
    pub async fn run_for(&mut self, duration: Duration) {
        let end = self.simulator.clock().now() + duration;
        while self.simulator.clock().now() < end {
            self.next_round().await;
        }
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

    /// Runs rounds until every environment but one is Ready.
    ///
    /// # Panics
    ///
    /// Panics when that never happens.
    pub async fn settle_but_for(&mut self, name: &str) {
        let open = format!(
            "SELECT count(*) FROM streamkeeper.status WHERE name <> '{name}' AND ready <> 'True'"
        );
        for _ in 0..MOST_ROUNDS {
            self.next_round().await;
            if self.value::<i64>(&open).await == 0 {
                return;
            }
        }
        panic!(
            "not Ready after {MOST_ROUNDS} rounds:\n{}",
            self.report().await
        );
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
            sweeps += usize::from(self.next_round().await.swept);
        }
        let journal = self.simulator.journal();
        let mutating: Vec<&JournalEntry> = journal
            .iter()
            .skip(calls)
            .filter(|entry| entry.mutating)
            .collect();
        assert!(mutating.is_empty(), "another pass calls {mutating:#?}");
        let after = self.tables().await;
        for ((table, before), (_, after)) in before.iter().zip(&after) {
            assert_eq!(before, after, "another pass writes {table}");
        }
    }

    /// Kills the daemon between two rounds.
    pub fn crash(&mut self) {
        self.keeper = None;
    }

    /// Kills the daemon at its n-th mutating call from now on, counted from 1.
    pub fn kill_at_call(&self, nth: u64, death: Death) {
        self.hand.kill_at(nth, death);
    }

    /// Kills the daemon at a commit, by the proxy's number.
    ///
    /// # Panics
    ///
    /// Panics when there is no proxy or that commit is past.
    pub fn kill_at_commit(&self, number: usize, moment: Moment) {
        let hand = self.hand.clone();
        let proxy = self.proxy.as_ref().expect("the world has a proxy");
        proxy.at_commit(number, moment, Fault::Call(Box::new(move || hand.kill())));
    }

    /// Lets every mutating call about an object of that name panic.
    pub fn panic_at(&self, name: &str) {
        self.hand.panic_at(name);
    }

    /// How often the daemon came to life.
    #[must_use]
    pub const fn lives(&self) -> usize {
        self.lives
    }

    /// Whether every death and every fault that was asked for has happened.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.hand.is_spent()
            && self.simulator.faults().is_spent()
            && self.proxy.as_ref().is_none_or(PostgresProxy::has_struck)
    }

    /// The daemon as AWS's journal names it.
    #[must_use]
    pub fn daemon_arn(&self) -> &str {
        &self.caller.arn
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
            .call(&call.by(self.admin_role()))
            .unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    fn admin_role(&self) -> Caller {
        Caller::role(&self.simulator.caller_of("").account, "Admin", "grace")
    }

    async fn come_to_life(&mut self) -> Keeper<MortalCloud> {
        self.lives += 1;
        let url = self
            .proxy
            .as_ref()
            .map_or(self.database.url.as_str(), PostgresProxy::url);
        let store = connect(url).await;
        store.ensure_scopes().await.expect("scopes can be made");
        let scopes = store.list_scopes().await.expect("scopes can be listed");
        let scope = scopes
            .first()
            .expect("a row was inserted before the first round");
        // A killed daemon's lease runs out by the database's clock; no test waits for that.
        self.sql(
            "UPDATE streamkeeper.scope_leases SET expires_at = clock_timestamp()
             WHERE holder IS NOT NULL",
        )
        .await;
        let holder = format!("life-{}", self.lives);
        let lease = store
            .acquire_lease(scope.id, &holder, LEASE)
            .await
            .expect("the lease can be asked for")
            .expect("nobody else holds the lease");
        let cloud = MortalCloud {
            inner: SimulatedCloud::new(self.simulator.clone(), REGION).by(self.caller.clone()),
            hand: self.hand.clone(),
            clock: self.simulator.clock().clone(),
            call_timeout: SETTINGS.call_timeout,
        };
        let identity = cloud.identity().await.expect("STS answers");
        let pinned = store
            .pin_account(scope.id, &identity.account)
            .await
            .expect("the account can be pinned");
        let refused = (pinned != identity.account).then(|| {
            (
                WaitReason::WrongAccount,
                format!("these are for {}", identity.account),
            )
        });
        Keeper::new(Parts {
            store,
            cloud,
            clock: Arc::new(WorldClock(self.simulator.clock().clone())),
            lease: HeldLease::new(lease, Instant::now(), LEASE),
            scope: Scope {
                account: pinned,
                region: REGION.to_owned(),
            },
            caller_arn: identity.arn,
            refused,
            metrics: Arc::new(Metrics::new()),
            draining: CancellationToken::new(),
            settings: SETTINGS,
        })
    }

    /// Everything stored, for comparing.
    async fn tables(&self) -> Vec<(&'static str, Vec<String>)> {
        let mut tables = Vec::new();
        for table in QUIET_TABLES {
            let query = format!("SELECT t::text FROM streamkeeper.{table} AS t ORDER BY 1");
            tables.push((table, self.lines(&query).await));
        }
        tables
    }

    /// What a failing test wants to see.
    pub async fn report(&self) -> String {
        let mut report = String::new();
        for (table, rows) in self.tables().await {
            if !["environments", "revisions", "managed_paths", "scope_fences"].contains(&table) {
                report.extend([table, ":\n  ", &rows.join("\n  "), "\n"]);
            }
        }
        let journal = self.simulator.journal();
        for entry in journal.iter().rev().take(40).rev() {
            let JournalEntry {
                at,
                operation,
                target,
                outcome,
                ..
            } = entry;
            let line = format!("{at} {operation} {target} {outcome:?}\n");
            report.push_str(&line);
        }
        report
    }
}

/// An AWS in which nothing takes long, but nothing is done at once either.
#[must_use]
fn brisk() -> Config {
    Config {
        delays: Delays {
            starting: Duration::from_secs(20),
            stopping: Duration::from_secs(20),
            provisioning: Duration::from_secs(20),
            home_bucket: Duration::from_secs(10),
            settings_bucket: Duration::from_secs(10),
        },
        ..Config::default()
    }
}

async fn connect(url: &str) -> Store {
    Store::connect(url, &ConnectOptions::default())
        .await
        .expect("the test database answers")
}
