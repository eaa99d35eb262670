//! `events -f` goes on: through repeats, through a lost database, until Ctrl-C.

use streamkeeper_tests::{DEADLINE, Daemon, PostgresProxy, wait_until};

use super::Desk;

/// Waits for a line of data with this in it.
async fn printed(follower: &Daemon, part: &str) -> String {
    let find = || {
        follower
            .output()
            .into_iter()
            .find(|line| line.contains(part))
    };
    wait_until(&format!("{part:?} is printed"), DEADLINE, async || {
        find().is_some()
    })
    .await;
    find().unwrap()
}

/// Presses Ctrl-C: it ends quietly, with what shells report for that.
async fn interrupt(follower: &Daemon) {
    follower.interrupt();
    let status = follower.wait(DEADLINE).await;
    assert_eq!(status.code(), Some(130));
}

async fn happen(desk: &Desk, message: &str) {
    desk.execute(&format!(
        "INSERT INTO streamkeeper.events (environment, type, reason, object, message)
         VALUES ('cfd', 'Normal', 'Started', 'fleet/cfd', '{message}')"
    ))
    .await;
}

#[tokio::test]
async fn events_are_listed_and_followed() {
    let desk = Desk::furnished().await;
    let answer = desk.run(&["events"]);
    assert_eq!(
        (answer.code, answer.stderr.as_str()),
        (Some(0), "No events found.\n")
    );
    happen(&desk, "one").await;
    happen(&desk, "two").await;
    let table = desk.run(&["events", "cfd"]).succeeds();
    let messages: Vec<&str> = table
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .collect();
    assert_eq!(messages, ["MESSAGE", "one", "two"]);
    let newest = desk
        .run(&["events", "--limit", "1", "-o", "json"])
        .succeeds();
    let event: serde_json::Value = serde_json::from_str(&newest).unwrap();
    assert_eq!(event["message"], "two");
    assert_eq!(desk.run(&["events", "crash"]).stdout, "");

    let follower = Daemon::spawn(desk.command(&["events", "-f", "--limit", "1"]));
    printed(&follower, "two").await;
    happen(&desk, "three").await;
    let line = printed(&follower, "three").await;
    assert!(line.contains("fleet/cfd"), "{line}");
    desk.execute(
        "UPDATE streamkeeper.events
         SET count = 2, change_id = nextval('streamkeeper.event_changes'),
             change_xid = pg_current_xact_id(), last_seen_at = clock_timestamp()
         WHERE message = 'one'",
    )
    .await;
    printed(&follower, "one (x2)").await;
    interrupt(&follower).await;
}

#[tokio::test]
async fn following_survives_a_lost_database() {
    let desk = Desk::furnished().await;
    let proxy = PostgresProxy::start(&desk.database.url).await;
    let mut command = desk.command(&["events", "-f"]);
    command.env("DATABASE_URL", proxy.url());
    let follower = Daemon::spawn(command);
    happen(&desk, "before").await;
    printed(&follower, "before").await;
    proxy.go_down();
    happen(&desk, "meanwhile").await;
    proxy.restore();
    printed(&follower, "meanwhile").await;
    interrupt(&follower).await;
}
