//! Tests that the proxy counts what was committed, and breaks exactly what it was told to.

use std::time::Duration;

use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection as _, Executor as _};

use super::*;
use crate::{DEADLINE, TestDatabase, wait_until};

struct Bench {
    database: TestDatabase,
    proxy: PostgresProxy,
    pool: PgPool,
}

impl Bench {
    /// An empty table `t (n integer)`, a proxy, and a pool through it.
    async fn new() -> Self {
        let database = TestDatabase::create_empty().await;
        database
            .pool
            .execute("CREATE TABLE t (n integer PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)")
            .await
            .unwrap();
        let proxy = PostgresProxy::start(&database.url).await;
        let pool = PgPoolOptions::new()
            .max_connections(3)
            .acquire_timeout(Duration::from_millis(500))
            .connect(proxy.url())
            .await
            .unwrap();
        Self {
            database,
            proxy,
            pool,
        }
    }

    /// Inserts a number in a transaction of its own.
    async fn insert(&self, number: i32) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("INSERT INTO t VALUES ($1)")
            .bind(number)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    /// What the server has, asked past the proxy.
    async fn numbers(&self) -> Vec<i32> {
        sqlx::query_scalar("SELECT n FROM t ORDER BY n")
            .fetch_all(&self.database.pool)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn commits_are_counted_with_their_statements() {
    let bench = Bench::new().await;
    bench.insert(1).await.unwrap();
    bench.insert(2).await.unwrap();
    let commits = bench.proxy.commits();
    assert_eq!(commits.len(), 2, "{commits:#?}");
    assert_eq!(commits[1].number, 2);
    assert_eq!(
        commits[1].statements,
        ["BEGIN", "INSERT INTO t VALUES ($1)", "COMMIT"]
    );
    assert_eq!(bench.proxy.commit_requests(), 2);
}

#[tokio::test]
async fn a_write_outside_a_transaction_is_a_commit_too() {
    let bench = Bench::new().await;
    sqlx::query("INSERT INTO t VALUES ($1)")
        .bind(1)
        .execute(&bench.pool)
        .await
        .unwrap();
    bench
        .pool
        .execute("INSERT INTO t VALUES (2)")
        .await
        .unwrap();
    sqlx::query("WITH gone AS (DELETE FROM t WHERE n = 2 RETURNING n) SELECT n FROM gone")
        .fetch_one(&bench.pool)
        .await
        .unwrap();
    assert_eq!(
        bench.proxy.commits().len(),
        3,
        "{:#?}",
        bench.proxy.commits()
    );
    assert_eq!(bench.proxy.commit_requests(), 0);
}

#[tokio::test]
async fn what_reads_or_rolls_back_or_fails_is_no_commit() {
    let bench = Bench::new().await;
    sqlx::query("SELECT n FROM t")
        .fetch_all(&bench.pool)
        .await
        .unwrap();
    sqlx::query("DELETE FROM t WHERE n = $1")
        .bind(7)
        .execute(&bench.pool)
        .await
        .unwrap();
    let mut transaction = bench.pool.begin().await.unwrap();
    transaction
        .execute("INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    // Refused by a constraint that is checked at the end, when the row already counted.
    for _ in 0..2 {
        sqlx::query("INSERT INTO t SELECT 1 FROM generate_series(1, $1)")
            .bind(2)
            .execute(&bench.pool)
            .await
            .unwrap_err();
    }
    assert_eq!(bench.proxy.commits(), []);
    assert_eq!(bench.numbers().await, [0; 0]);
}

#[tokio::test]
async fn a_commit_that_never_arrives_is_rolled_back() {
    let bench = Bench::new().await;
    bench.proxy.at_commit(2, Moment::Before, Fault::Cut);
    bench.insert(1).await.unwrap();
    bench.insert(2).await.unwrap_err();
    bench.insert(3).await.unwrap();
    assert!(bench.proxy.has_struck());
    assert_eq!(bench.numbers().await, [1, 3]);
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_done_all_the_same() {
    let bench = Bench::new().await;
    bench.proxy.at_commit(2, Moment::Unheard, Fault::Cut);
    bench.insert(1).await.unwrap();
    bench.insert(2).await.unwrap_err();
    bench.insert(3).await.unwrap();
    assert_eq!(bench.numbers().await, [1, 2, 3]);
}

#[tokio::test]
async fn an_unheard_write_outside_a_transaction_is_done_all_the_same() {
    let bench = Bench::new().await;
    bench.proxy.at_commit(1, Moment::Unheard, Fault::Cut);
    let insert = sqlx::query("INSERT INTO t VALUES ($1) RETURNING n").bind(1);
    insert.fetch_one(&bench.pool).await.unwrap_err();
    assert_eq!(bench.numbers().await, [1]);
}

#[tokio::test]
async fn a_commit_that_was_heard_succeeds_before_the_fault_strikes() {
    let bench = Bench::new().await;
    bench.proxy.at_commit(1, Moment::Heard, Fault::GoDown);
    bench.insert(1).await.unwrap();
    wait_until("the fault has struck", DEADLINE, async || {
        bench.proxy.has_struck()
    })
    .await;
    bench.insert(2).await.unwrap_err();
    bench.proxy.restore();
    bench.insert(3).await.unwrap();
    assert_eq!(bench.numbers().await, [1, 3]);
}

#[tokio::test]
async fn a_call_is_made_while_the_client_still_waits() {
    let bench = Bench::new().await;
    let (called, call) = tokio::sync::oneshot::channel();
    let seen = Fault::Call(Box::new(move || called.send("called").unwrap()));
    bench.proxy.at_commit(1, Moment::Unheard, seen);
    bench.insert(1).await.unwrap_err();
    assert_eq!(call.await.unwrap(), "called");
}

#[tokio::test]
async fn commits_that_are_left_out_neither_count_nor_strike() {
    let bench = Bench::new().await;
    bench.proxy.leave_out(|commit| commit.mentions("DELETE"));
    bench.proxy.at_commit(1, Moment::Unheard, Fault::Cut);
    sqlx::query("WITH gone AS (DELETE FROM t RETURNING n) SELECT n FROM gone")
        .fetch_all(&bench.pool)
        .await
        .unwrap();
    assert_eq!(bench.proxy.commits(), []);
    bench.insert(1).await.unwrap_err();
    assert_eq!(bench.proxy.commits().len(), 1);
}

#[tokio::test]
async fn an_outage_cuts_everybody_until_it_ends() {
    let bench = Bench::new().await;
    let mut open = PgConnection::connect(bench.proxy.url()).await.unwrap();
    bench.proxy.go_down();
    open.execute("SELECT 1").await.unwrap_err();
    PgConnection::connect(bench.proxy.url()).await.unwrap_err();
    bench.proxy.restore();
    PgConnection::connect(bench.proxy.url()).await.unwrap();
    bench.insert(1).await.unwrap();
}

#[tokio::test]
async fn a_cut_ends_the_connections_there_are_and_no_others() {
    let bench = Bench::new().await;
    let mut open = PgConnection::connect(bench.proxy.url()).await.unwrap();
    bench.proxy.cut();
    open.execute("SELECT 1").await.unwrap_err();
    bench.insert(1).await.unwrap();
}

#[tokio::test]
async fn a_stall_answers_nobody_and_loses_nothing() {
    let bench = Bench::new().await;
    let mut open = PgConnection::connect(bench.proxy.url()).await.unwrap();
    bench.proxy.stall();
    let mut statement = std::pin::pin!(open.execute("INSERT INTO t VALUES (1)"));
    // Time passes here on purpose: that nothing happens can only be seen by waiting.
    let answer = tokio::time::timeout(Duration::from_millis(200), &mut statement).await;
    assert!(answer.is_err());
    assert_eq!(bench.numbers().await, [0; 0]);
    bench.proxy.restore();
    statement.await.unwrap();
    assert_eq!(bench.numbers().await, [1]);
}

#[tokio::test]
async fn connections_are_counted_while_they_last() {
    let database = TestDatabase::create_empty().await;
    let proxy = PostgresProxy::start(&database.url).await;
    let one = PgConnection::connect(proxy.url()).await.unwrap();
    assert_eq!(proxy.connections(), 1);
    one.close().await.unwrap();
    wait_until("nobody is connected", DEADLINE, async || {
        proxy.connections() == 0
    })
    .await;
}
