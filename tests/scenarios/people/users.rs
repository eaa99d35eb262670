//! Users are made, switched and put on the stack in batches; each answers for itself alone.

use std::time::Duration;

use serde_json::{Value, json};
use streamkeeper_simulator::{Config, Delays, Face, Fault, Matcher, Quotas};
use streamkeeper_tests::{Death, World, brisk};

use super::{accounts, edit, users_of};
use crate::lifecycle::CONVERGED;

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

fn row(users: &[Value]) -> Value {
    json!({"stack": {}, "users": users})
}

fn two() -> Value {
    row(&[
        json!({"userName": ADA}),
        json!({"userName": BOB, "enabled": false}),
    ])
}

fn numbered(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("user{number:02}@example.com"))
        .collect()
}

fn sixty() -> Value {
    let users = numbered(60)
        .into_iter()
        .map(|name| json!({"userName": name}));
    row(&users.collect::<Vec<_>>())
}

/// An AWS that knows a new account at once, and takes as many as a big group needs.
fn roomy() -> Config {
    Config {
        quotas: Quotas::unlimited(),
        delays: Delays {
            user: Duration::ZERO,
            ..brisk().delays
        },
        ..brisk()
    }
}

async fn converged(spec: &Value) -> World {
    let mut world = World::with(roomy()).await;
    world.insert("cfd", spec).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world
}

fn count(world: &World, operation: &str) -> usize {
    let tried = world.tried();
    tried
        .iter()
        .filter(|call| call.operation == operation)
        .count()
}

fn pair(user: &str) -> Value {
    json!({"UserStackAssociations": [
        {"StackName": "cfd", "UserName": user, "AuthenticationType": "USERPOOL"}
    ]})
}

fn account(user: &str) -> Value {
    json!({"UserName": user, "AuthenticationType": "USERPOOL"})
}

#[tokio::test]
async fn sixty_users_take_three_calls() {
    let mut world = converged(&sixty()).await;
    assert_eq!(users_of(&world, "cfd"), numbered(60));
    assert_eq!(count(&world, "CreateUser"), 60);
    assert_eq!(count(&world, "BatchAssociateUserStack"), 3);
    world.assert_quiet().await;
}

#[tokio::test]
async fn one_user_whom_aws_refuses_holds_up_nobody_else_and_is_named() {
    let mut world = World::with(roomy()).await;
    let bad = "user07@example.com";
    world
        .simulator
        .refuse_user(bad, Some("DIRECTORY_NOT_FOUND"));
    world.insert("cfd", &sixty()).await;
    world.run_for(Duration::from_secs(90)).await;

    let others: Vec<String> = numbered(60)
        .into_iter()
        .filter(|name| name != bad)
        .collect();
    assert_eq!(users_of(&world, "cfd"), others);
    let said = world.ready("cfd").await;
    let expected = format!("False CallRefused: user/{bad}: DIRECTORY_NOT_FOUND: ");
    assert!(said.starts_with(&expected), "{said}");
    let events = world.events("CallRefused").await;
    assert_eq!(events.len(), 1, "{events:?}");
    let expected = format!("user/{bad}: BatchAssociateUserStack stack/cfd: DIRECTORY_NOT_FOUND");
    assert!(events[0].starts_with(&expected), "{events:?}");
    // It is tried again by itself, and slowly: three batches, and since then nobody else's.
    let calls = count(&world, "BatchAssociateUserStack");
    assert_eq!(calls, 3);

    world.simulator.refuse_user(bad, None);
    world.run_for(Duration::from_secs(11 * 60)).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(users_of(&world, "cfd"), numbered(60));
    assert_eq!(count(&world, "BatchAssociateUserStack"), calls + 1);
    world.assert_quiet().await;
}

#[tokio::test]
async fn an_internal_error_about_one_user_is_settled_by_looking() {
    let mut world = World::with(roomy()).await;
    world.simulator.refuse_user(ADA, Some("INTERNAL_ERROR"));
    world.insert("cfd", &two()).await;
    world.run_for(Duration::from_secs(90)).await;
    assert_eq!(users_of(&world, "cfd"), [BOB]);
    let outcomes = "SELECT DISTINCT outcome FROM streamkeeper.intents
                    WHERE operation = 'BatchAssociateUserStack'";
    assert_eq!(world.lines(outcomes).await, ["refused"]);
    assert!(!world.events("OutcomeResolved").await.is_empty());

    world.simulator.refuse_user(ADA, None);
    world.run_for(Duration::from_secs(11 * 60)).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(users_of(&world, "cfd"), [ADA, BOB]);

    // Nor does one user keep a row from going.
    world.simulator.refuse_user(ADA, Some("INTERNAL_ERROR"));
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert_eq!(world.stack("cfd"), Value::Null);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_new_account_that_is_not_known_everywhere_yet_is_waited_for() {
    let mut world = World::brisk().await;
    world.insert("cfd", &two()).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(users_of(&world, "cfd"), [ADA, BOB]);
    assert_eq!(
        accounts(&world),
        [(ADA.to_owned(), true), (BOB.to_owned(), false)]
    );
    let refused = world.events("CallRefused").await;
    assert!(refused[0].contains("USER_NAME_NOT_FOUND"), "{refused:?}");
    world.assert_quiet().await;
}

#[tokio::test]
async fn what_another_administrator_does_to_users_is_found_and_put_right() {
    let mut world = converged(&two()).await;
    world.admin("BatchDisassociateUserStack", pair(ADA));
    world.admin("DisableUser", account(ADA));
    world.admin("EnableUser", account(BOB));
    world.admin("CreateUser", account("stranger@example.com"));
    world.admin("BatchAssociateUserStack", pair("stranger@example.com"));
    world.run_for(Duration::from_secs(120)).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(users_of(&world, "cfd"), [ADA, BOB, "stranger@example.com"]);
    let stranger = ("stranger@example.com".to_owned(), true);
    let expected = [(ADA.to_owned(), true), (BOB.to_owned(), false), stranger];
    assert_eq!(accounts(&world), expected);
    let mut drift = world.drift().await;
    drift.sort();
    assert_eq!(
        drift,
        [
            "stack/cfd users.ada@example.com.association repaired",
            "user/ada@example.com users.ada@example.com.enabled repaired",
            "user/bob@example.com users.bob@example.com.enabled repaired",
        ]
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn whoever_asks_for_a_look_gets_all_of_it() {
    let mut world = converged(&two()).await;
    world.admin("BatchDisassociateUserStack", pair(ADA));
    world.sql("SELECT streamkeeper.reconcile_now('cfd')").await;
    // No sweep is due yet.
    assert!(!world.round().await.swept);
    assert_eq!(
        world.drift().await,
        ["stack/cfd users.ada@example.com.association open"]
    );
    world.settle().await;
    assert_eq!(users_of(&world, "cfd"), [ADA, BOB]);
    world.assert_quiet().await;
}

#[tokio::test]
async fn two_rows_may_list_the_same_person() {
    let mut world = converged(&two()).await;
    world.insert("other", &two()).await;
    world.settle().await;
    assert_eq!(world.ready("other").await, CONVERGED);
    for stack in ["cfd", "other"] {
        assert_eq!(users_of(&world, stack), [ADA, BOB]);
    }
    world
        .sql("DELETE FROM streamkeeper.environments WHERE name = 'cfd'")
        .await;
    world.settle().await;
    assert_eq!(users_of(&world, "other"), [ADA, BOB]);
    assert_eq!(count(&world, "CreateUser"), 2);
    world.assert_quiet().await;
}

#[tokio::test]
async fn an_account_that_is_deleted_by_hand_is_made_anew() {
    let mut world = converged(&two()).await;
    world.admin("DeleteUser", account(ADA));
    world.run_for(Duration::from_secs(120)).await;
    world.settle().await;
    assert_eq!(users_of(&world, "cfd"), [ADA, BOB]);
    assert_eq!(count(&world, "CreateUser"), 3);
    world.assert_quiet().await;
}

#[tokio::test]
async fn whoever_is_left_out_leaves_the_stack_and_keeps_the_account() {
    let mut world = converged(&two()).await;
    edit(&world, &row(&[json!({"userName": BOB, "enabled": false})])).await;
    world.settle().await;
    assert_eq!(users_of(&world, "cfd"), [BOB]);
    edit(&world, &json!({"stack": {}})).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert!(users_of(&world, "cfd").is_empty());
    assert_eq!(
        accounts(&world),
        [(ADA.to_owned(), true), (BOB.to_owned(), false)]
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_deleted_row_leaves_every_account_where_it_is() {
    let mut world = converged(&sixty()).await;
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert_eq!(world.stack("cfd"), Value::Null);
    assert_eq!(accounts(&world).len(), 60);
    assert_eq!(count(&world, "BatchDisassociateUserStack"), 3);
    assert_eq!(count(&world, "DeleteUser"), 0);
    world.assert_quiet().await;
}

#[tokio::test]
async fn what_is_retained_keeps_its_users() {
    let mut world = converged(&two()).await;
    world
        .sql("UPDATE streamkeeper.environments SET deletion_policy = 'retain'")
        .await;
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert_eq!(users_of(&world, "cfd"), [ADA, BOB]);
    world.assert_quiet().await;
}

#[tokio::test]
async fn observing_says_what_differs_and_touches_nobody() {
    let mut world = converged(&two()).await;
    world
        .sql("UPDATE streamkeeper.environments SET mode = 'observe'")
        .await;
    world.settle().await;
    let before = world.tried().len();
    world.admin("BatchDisassociateUserStack", pair(ADA));
    world.admin("DisableUser", account(ADA));
    world.run_for(Duration::from_secs(180)).await;
    let synced = world.condition("cfd", "Synced").await;
    let paths = "users.ada@example.com.enabled, users.ada@example.com.association";
    assert_eq!(synced, format!("False Differences: {paths}"));
    assert_eq!(world.tried().len(), before);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_lost_answer_or_a_death_at_any_call_changes_nothing_in_the_end() {
    let straight = converged(&two()).await;
    let calls = straight.tried().len() as u64;
    let end = straight.end().await;
    let mut world = straight;
    for nth in 1..=calls {
        for death in [Death::BeforeCall, Death::AfterCall] {
            world = world.again(roomy()).await;
            world.insert("cfd", &two()).await;
            world.kill_at_call(nth, death);
            world.settle().await;
            assert!(world.is_spent(), "{nth} {death:?}");
            let found = streamkeeper_tests::differences(&end, &world.end().await);
            assert!(found.is_empty(), "{nth} {death:?}: {found:#?}");
        }
        world = world.again(roomy()).await;
        world.insert("cfd", &two()).await;
        let lost = Fault::LostAfter(Face::Timeout);
        world
            .simulator
            .faults()
            .add(Matcher::mutating().nth(nth), lost);
        world.settle().await;
        assert!(world.is_spent(), "{nth}");
        let found = streamkeeper_tests::differences(&end, &world.end().await);
        assert!(found.is_empty(), "{nth}: {found:#?}");
    }
    world.assert_quiet().await;
}

#[tokio::test]
async fn whoever_names_no_users_costs_no_look_at_them() {
    let mut world = World::with(roomy()).await;
    world.insert("cfd", &json!({"stack": {}})).await;
    world.settle().await;
    world.run_for(Duration::from_secs(300)).await;
    let journal = world.simulator.journal();
    let reads = journal
        .iter()
        .filter(|call| call.operation.contains("User"));
    assert_eq!(reads.count(), 0);

    world.insert("other", &two()).await;
    world.settle().await;
    let before = world.simulator.journal().len();
    world.run_for(Duration::from_secs(300)).await;
    let journal = world.simulator.journal();
    let after = &journal[before..];
    let count = |name: &str| after.iter().filter(|call| call.operation == name).count();
    // One list for each of five sweeps or so, whoever names users, and one stack's association.
    let sweeps = count("GetResources");
    assert_eq!(count("DescribeUsers"), sweeps);
    assert!(count("DescribeUserStackAssociations") <= sweeps);
}
