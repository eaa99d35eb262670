//! The page: what it shows, to whom, and that it changes nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::json;
use streamkeeper_controller::metrics::Metrics;
use streamkeeper_controller::web::{Readiness, Site, serve};
use streamkeeper_state::{ConnectOptions, Store};
use streamkeeper_tests::{REGION, TestDatabase};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A database and the page over it.
struct Stage {
    database: TestDatabase,
    store: Store,
    address: SocketAddr,
    _served: DropGuard,
}

impl Stage {
    async fn set() -> Self {
        let database = TestDatabase::create().await;
        let store = Store::connect(&database.url, &ConnectOptions::default())
            .await
            .unwrap();
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(any_port).await.unwrap();
        let address = listener.local_addr().unwrap();
        let site = Site {
            readiness: Arc::new(Readiness::default()),
            metrics: Arc::new(Metrics::new()),
            store: store.clone(),
        };
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, site, stop.clone()));
        Self {
            database,
            store,
            address,
            _served: stop.drop_guard(),
        }
    }

    async fn insert(&self, first: u16, last: u16) {
        sqlx::query(
            "INSERT INTO streamkeeper.environments (name, region, spec)
             SELECT 'env-' || lpad(number::text, 4, '0'), $1, $2
             FROM generate_series($3::int, $4::int) AS number",
        )
        .bind(REGION)
        .bind(json!({"stack": {"description": "Fluids & <solids>"}}))
        .bind(i32::from(first))
        .bind(i32::from(last))
        .execute(&self.database.pool)
        .await
        .unwrap();
    }

    /// The whole answer to one request, head and body.
    async fn ask(&self, method: &str, path: &str, host: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request =
            format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn show(&self, path: &str) -> String {
        let answer = self.ask("GET", path, "localhost:8420").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        answer
    }
}

#[tokio::test]
async fn the_list_links_every_environment_in_parts_that_follow_each_other() {
    let stage = Stage::set().await;
    assert!(stage.show("/").await.contains("No environments yet"));
    stage.insert(1, 201).await;

    let first = stage.show("/").await;
    assert!(first.contains("all <b>201</b>"), "{first}");
    assert_eq!(first.matches("href=\"/environments/").count(), 200);
    assert!(first.contains("href=\"/?after=env-0200\""), "{first}");

    let second = stage.show("/?after=env-0200").await;
    assert_eq!(second.matches("href=\"/environments/").count(), 1);
    assert!(second.contains("href=\"/environments/env-0201\""));
    assert!(!second.contains("rel=\"next\""), "{second}");

    let ready = stage.show("/?ready=True").await;
    assert!(ready.contains("None here."), "{ready}");
    let unknown = stage.show("/?ready=Unknown").await;
    assert_eq!(unknown.matches("href=\"/environments/").count(), 200);
}

#[tokio::test]
async fn an_environment_has_a_page_on_which_nothing_is_markup_but_ours() {
    let stage = Stage::set().await;
    stage.insert(1, 1).await;
    let story = stage.show("/environments/env-0001").await;
    assert!(story.contains("<h1>env-0001</h1>"), "{story}");
    assert!(story.contains("Fluids &amp; &lt;solids&gt;"), "{story}");
    for section in ["Conditions", "Plan", "Drift", "Clusters", "Events", "Spec"] {
        assert!(story.contains(&format!("<h2>{section}</h2>")), "{story}");
    }
    let policy = "content-security-policy: default-src 'none';";
    assert!(story.contains(policy), "{story}");
    let missing = stage.ask("GET", "/environments/no%3Cb%3E", "localhost");
    let missing = missing.await;
    assert!(missing.starts_with("HTTP/1.1 404 "), "{missing}");
    assert!(missing.contains("no&lt;b&gt;"), "{missing}");
}

#[tokio::test]
async fn the_clusters_of_an_environment_are_on_its_page() {
    let stage = Stage::set().await;
    stage.insert(1, 2).await;
    stage.store.ensure_scopes().await.unwrap();
    sqlx::query(
        "INSERT INTO streamkeeper.seen_clusters
             (scope_id, name, arn, status, version, environment, \"user\")
         SELECT id, 'mesh', 'arn:aws:cloudformation:eu-west-1:123456789012:stack/mesh/1',
             'CREATE_COMPLETE', '3.16.1', 'env-0001', 'ada <b>'
         FROM streamkeeper.scope_fences",
    )
    .execute(&stage.database.pool)
    .await
    .unwrap();
    let story = stage.show("/environments/env-0001").await;
    assert!(
        story.contains("<td>mesh</td><td>CREATE_COMPLETE</td>"),
        "{story}"
    );
    assert!(story.contains("ada &lt;b&gt;"), "{story}");
    let other = stage.show("/environments/env-0002").await;
    assert!(!other.contains("mesh"), "{other}");
}

#[tokio::test]
async fn neither_another_sites_name_nor_a_change_is_answered() {
    let stage = Stage::set().await;
    stage.insert(1, 1).await;
    let rebound = stage.ask("GET", "/", "evil.example:8420").await;
    assert!(rebound.starts_with("HTTP/1.1 421 "), "{rebound}");
    assert!(!rebound.contains("env-0001"), "{rebound}");
    for path in ["/", "/environments/env-0001"] {
        let posted = stage.ask("POST", path, "localhost").await;
        assert!(posted.starts_with("HTTP/1.1 405 "), "{posted}");
    }
    let style = stage.show("/style.css").await;
    assert!(style.contains("content-type: text/css"), "{style}");
}

#[tokio::test]
async fn a_lost_database_is_said_and_its_words_are_kept_from_the_page() {
    let stage = Stage::set().await;
    sqlx::query("DROP VIEW streamkeeper.status CASCADE")
        .execute(&stage.database.pool)
        .await
        .unwrap();
    let answer = stage.ask("GET", "/", "localhost").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("The database did not answer"), "{answer}");
    assert!(!answer.contains("relation"), "{answer}");
}
