use std::time::Duration;

use streamkeeper_state::Notifications;
use streamkeeper_tests::DEADLINE;

use super::World;

async fn next(notifications: &mut Notifications) -> String {
    tokio::time::timeout(DEADLINE, notifications.next())
        .await
        .expect("an announcement arrives")
}

#[tokio::test]
async fn changed_rows_and_requests_are_announced_by_scope() {
    let world = World::create().await;
    let mut notifications = Notifications::listen(&world.database.url).await.unwrap();
    world.insert("cfd").await;
    assert_eq!(next(&mut notifications).await, "/eu-west-1");
    let scope_id = world.scope().await;
    world
        .store
        .pin_account(scope_id, "111122223333")
        .await
        .unwrap();
    world.store.reconcile_now("cfd").await.unwrap();
    assert_eq!(next(&mut notifications).await, "111122223333/eu-west-1");
    world.store.approve("cfd").await.unwrap();
    assert_eq!(next(&mut notifications).await, "111122223333/eu-west-1");
}

#[tokio::test]
async fn a_lost_connection_is_made_again_and_announced() {
    let world = World::create().await;
    let mut notifications = Notifications::listen(&world.database.url).await.unwrap();
    world
        .execute(
            "SELECT pg_terminate_backend(pid)
             FROM pg_stat_activity
             WHERE datname = current_database()
               AND application_name = 'streamkeeper listen'",
        )
        .await;
    assert_eq!(
        next(&mut notifications).await,
        "",
        "anything may have changed"
    );
    world.insert("cfd").await;
    assert_eq!(next(&mut notifications).await, "/eu-west-1");
}

#[tokio::test]
async fn a_cancelled_wait_loses_no_announcement() {
    let world = World::create().await;
    let mut notifications = Notifications::listen(&world.database.url).await.unwrap();
    for _ in 0..3 {
        let cancelled = tokio::time::timeout(Duration::from_millis(1), notifications.next()).await;
        assert!(cancelled.is_err());
    }
    world.insert("cfd").await;
    assert_eq!(next(&mut notifications).await, "/eu-west-1");
}
