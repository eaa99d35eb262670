//! Lives: the daemon comes to life, runs rounds, and what a round leaves behind is judged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use streamkeeper_controller::clock::Clock;
use streamkeeper_controller::keeper::{Keeper, Parts, Round, Settings};
use streamkeeper_controller::lease::HeldLease;
use streamkeeper_controller::metrics::Metrics;
use streamkeeper_core::cloud::Cloud;
use streamkeeper_core::environment::{Scope, Timestamp};
use streamkeeper_core::plan::WaitReason;
use streamkeeper_simulator::{JournalEntry, SimClock, SimulatedCloud};
use tokio_util::sync::CancellationToken;

use super::mortal::MortalCloud;
use super::{REGION, World, connect};

/// More rounds than any scenario needs; a world that is not quiet by then never will be.
const MOST_ROUNDS: usize = 400;

/// A connection that was cut fails a round or two; more means that nobody reconnects.
const MOST_FAILURES: usize = 5;

/// Long enough that no test outlives it: expiry is the business of other tests.
const LEASE: Duration = Duration::from_secs(3600);

/// How the daemon of every world keeps time.
const SETTINGS: Settings = Settings {
    sweep_interval: Duration::from_secs(60),
    transition_interval: Duration::from_secs(15),
    call_timeout: Duration::from_secs(10),
};

/// Tables whose content must not change while nothing happens. Leases carry the freshness.
const QUIET_TABLES: [&str; 12] = [
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
    "seen_clusters",
];

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
    /// Runs one round; the daemon comes to life first if it is dead.
    ///
    /// Behind a proxy a round may fail, and is tried again as the daemon would.
    ///
    /// # Panics
    ///
    /// Panics when the round fails.
    pub async fn round(&mut self) -> Round {
        let mut failures = 0;
        loop {
            let mut keeper = match self.keeper.take() {
                Some(keeper) => keeper,
                None => self.come_to_life().await,
            };
            let hand = self.hand.clone();
            let round = tokio::select! {
                biased;
                // Everything the dead daemon had under way is dropped with its round.
                () = hand.died() => continue,
                round = keeper.round() => round,
            };
            self.keeper = Some(keeper);
            match round {
                Ok(round) => return round,
                Err(error) => {
                    failures += 1;
                    let cut = self.proxy.is_some() && failures <= MOST_FAILURES;
                    assert!(cut, "the round fails: {error:?}");
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

    /// Runs rounds, jumping to each next wake-up, until two sweeps in a row do nothing and nothing is
    /// due between them: what is believed only a minute later comes with the second.
    ///
    /// # Panics
    ///
    /// Panics when that never happens.
    pub async fn settle(&mut self) {
        let mut quiet = 0;
        for _ in 0..MOST_ROUNDS {
            let round = self.round().await;
            let wait = round.next_wake - self.simulator.clock().now();
            if round.swept && round.acted == 0 && wait > TimeDelta::seconds(50) {
                quiet += 1;
                if quiet == 2 {
                    return;
                }
            } else {
                quiet = 0;
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
        for table in QUIET_TABLES {
            assert_eq!(
                before.get(table),
                after.get(table),
                "another pass writes {table}"
            );
        }
    }

    async fn come_to_life(&mut self) -> Keeper<MortalCloud> {
        self.lives += 1;
        // What a dead daemon had under way died with its connections.
        let store = match &self.proxy {
            Some(proxy) => connect(proxy.url()).await,
            None if self.lives > 1 => connect(&self.database.url).await,
            None => self.store.clone(),
        };
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

    /// Everything stored, for comparing: lines by table, in one query.
    async fn tables(&self) -> BTreeMap<String, Vec<String>> {
        let of = |table| format!("SELECT '{table}', t::text FROM streamkeeper.{table} AS t");
        let queries: Vec<String> = QUIET_TABLES.into_iter().map(of).collect();
        let query = format!("{} ORDER BY 1, 2", queries.join(" UNION ALL "));
        let lines: Vec<(String, String)> = sqlx::query_as(sqlx::AssertSqlSafe(query))
            .fetch_all(&self.database.pool)
            .await
            .unwrap_or_else(|error| panic!("reading all tables: {error:?}"));
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (table, line) in lines {
            tables.entry(table).or_default().push(line);
        }
        tables
    }

    /// What a failing test wants to see.
    pub async fn report(&self) -> String {
        let mut report = String::new();
        for (table, rows) in self.tables().await {
            let dull = ["environments", "revisions", "managed_paths", "scope_fences"];
            if !dull.contains(&table.as_str()) {
                report.extend([&table, ":\n  ", &rows.join("\n  "), "\n"]);
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
