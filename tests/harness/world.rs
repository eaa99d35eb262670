//! Runs one scope in process: real PostgreSQL, the simulated AWS behind the port, virtual time.
//!
//! A fleet that takes twelve minutes to start takes none here: between rounds the clock jumps to
//! the moment the keeper asked to be woken.
//!
//! A daemon dies by [`World::crash`], [`World::kill_at_call`] or [`World::kill_at_commit`]: what
//! it remembered is gone, what it wrote stays, and the next round begins a new life, which takes
//! the lease over with a higher epoch.

mod life;
mod mortal;
mod seen;

use std::time::Duration;

use serde_json::Value;
use sqlx::AssertSqlSafe;
use streamkeeper_controller::keeper::Keeper;
use streamkeeper_simulator::{Call, Caller, Config, Delays, Service, Simulator};
use streamkeeper_state::{ConnectOptions, Store};

pub use self::mortal::{Death, Intrusion};
use self::mortal::{Hand, MortalCloud};
pub use self::seen::{End, differences};
use crate::{Fault, Moment, PostgresProxy, TestDatabase};

/// The region of every world.
pub const REGION: &str = "eu-west-1";

/// Empties a database. Triggers would turn the deletion of an environment into a request.
const EMPTY: [&str; 14] = [
    "DELETE FROM streamkeeper.environment_state",
    "DELETE FROM streamkeeper.conditions",
    "DELETE FROM streamkeeper.managed_paths",
    "DELETE FROM streamkeeper.owned_objects",
    "DELETE FROM streamkeeper.debts",
    "DELETE FROM streamkeeper.revisions",
    "DELETE FROM streamkeeper.intents",
    "DELETE FROM streamkeeper.events",
    "DELETE FROM streamkeeper.drift",
    "ALTER TABLE streamkeeper.environments DISABLE TRIGGER USER",
    "DELETE FROM streamkeeper.environments",
    "ALTER TABLE streamkeeper.environments ENABLE TRIGGER USER",
    "DELETE FROM streamkeeper.scope_leases",
    "DELETE FROM streamkeeper.scope_fences",
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
        Self::on(database, store, config)
    }

    /// The same database, emptied, with a new AWS: a fraction of the time that another world takes.
    ///
    /// # Panics
    ///
    /// Panics when the database cannot be emptied.
    pub async fn again(self, config: Config) -> Self {
        let Self {
            database, store, ..
        } = self;
        let mut transaction = database.pool.begin().await.expect("the database answers");
        for statement in EMPTY {
            sqlx::query(statement)
                .execute(&mut *transaction)
                .await
                .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        }
        transaction.commit().await.expect("nothing is in the way");
        Self::on(database, store, config)
    }

    fn on(database: TestDatabase, store: Store, config: Config) -> Self {
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

    /// Lets somebody else do something between our reads and our write of a bucket's policy.
    pub fn intrude(&self, when: Intrusion, deed: impl FnOnce() + Send + 'static) {
        self.hand.intrude(when, deed);
    }

    /// Whether every death, every intrusion and every fault that was asked for has happened.
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
        } else if operation.contains("ScalableTarget") {
            Call::new(Service::AutoScaling, REGION, operation, input)
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
}

/// An AWS in which nothing takes long, but nothing is done at once either.
#[must_use]
pub fn brisk() -> Config {
    Config {
        delays: Delays {
            starting: Duration::from_secs(20),
            stopping: Duration::from_secs(20),
            provisioning: Duration::from_secs(20),
            home_bucket: Duration::from_secs(10),
            settings_bucket: Duration::from_secs(10),
            user: Duration::from_secs(3),
        },
        ..Config::default()
    }
}

async fn connect(url: &str) -> Store {
    Store::connect(url, &ConnectOptions::default())
        .await
        .expect("the test database answers")
}
