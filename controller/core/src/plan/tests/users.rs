//! Users: accounts are made and switched, never deleted; associations are ours, in batches of 25.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::harness::{Case, check, minute, stack};
use super::world::World;
use crate::access::{ObservedUser, Users};
use crate::action::{AccessCall, Action};
use crate::cloud::ErrorClass;
use crate::environment::{DeletionPolicy, Mode};
use crate::observed::Observed;
use crate::plan::{CallFailure, WaitReason};
use crate::record::Resolution;

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

fn row(users: Value) -> Value {
    json!({"stack": {}, "users": users})
}

fn numbered(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("user{number:02}@example.com"))
        .collect()
}

fn listing(names: &[String]) -> Value {
    let users = names.iter().map(|name| json!({"userName": name}));
    row(users.collect())
}

fn user(enabled: bool) -> ObservedUser {
    ObservedUser {
        enabled,
        first_name: None,
        last_name: None,
    }
}

fn pool(users: &[(&str, ObservedUser)]) -> Option<Observed<Arc<Users>>> {
    let users: BTreeMap<_, _> = users
        .iter()
        .map(|(name, user)| ((*name).to_owned(), user.clone()))
        .collect();
    Some(Observed::Present(Arc::new(users)))
}

fn on_stack(names: &[&str]) -> Option<Observed<BTreeSet<String>>> {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Some(Observed::Present(names))
}

/// A stack of ours, and a region's users.
fn case(users: Value, pool: Option<Observed<Arc<Users>>>, there: &[&str]) -> Case {
    let mut case = Case::new(&row(users));
    case.observed.stack = Observed::Present(stack(json!({})));
    case.observed.access.users = pool;
    case.observed.access.stack_users = on_stack(there);
    case.owned.insert("stack/cfd".to_owned());
    case
}

fn failed(case: &mut Case, user: &str, class: ErrorClass, until: i64) {
    let key = format!("BatchAssociateUserStack stack/cfd {user}");
    let failure = CallFailure {
        class,
        attempt: 1,
        message: "USER_NAME_NOT_FOUND: there is no such user".to_owned(),
        not_before: minute(until),
    };
    case.failures.insert(key, failure);
}

#[test]
fn whoever_has_no_account_gets_one_and_is_put_on_the_stack_afterwards() {
    let ada = json!([{"userName": ADA, "firstName": "Ada", "messageAction": "SUPPRESS"}]);
    let case = case(ada, pool(&[]), &[]);
    check(
        &case,
        r#"
        do CreateUser user/ada@example.com
        hold BatchAssociateUserStack stack/cfd ada@example.com (EarlierStep)
        diff user/ada@example.com users.ada@example.com.enabled: null -> true
        diff stack/cfd users.ada@example.com.association: null -> "cfd"
        "#,
    );
    let created = AccessCall::CreateUser {
        user_name: ADA.to_owned(),
        first_name: Some("Ada".to_owned()),
        last_name: None,
        message_action: Some("SUPPRESS".to_owned()),
    };
    assert_eq!(case.plan().steps[0].action, Action::Access(created));
}

#[test]
fn whoever_is_listed_is_enabled_and_on_the_stack() {
    let case = case(
        json!([{"userName": ADA}, {"userName": BOB, "enabled": false}]),
        pool(&[(ADA, user(false)), (BOB, user(true))]),
        &[BOB, "stranger@example.com"],
    );
    check(
        &case,
        r#"
        do EnableUser user/ada@example.com
        do DisableUser user/bob@example.com
        do BatchAssociateUserStack stack/cfd ada@example.com
        diff user/ada@example.com users.ada@example.com.enabled: false -> true
        diff user/bob@example.com users.bob@example.com.enabled: true -> false
        diff stack/cfd users.ada@example.com.association: null -> "cfd"
        "#,
    );
}

#[test]
fn names_are_told_apart_by_their_capitals() {
    let case = case(
        json!([{"userName": "Ada@example.com"}]),
        pool(&[(ADA, user(true))]),
        &[ADA],
    );
    check(
        &case,
        r#"
        do CreateUser user/Ada@example.com
        hold BatchAssociateUserStack stack/cfd Ada@example.com (EarlierStep)
        diff user/Ada@example.com users.Ada@example.com.enabled: null -> true
        diff stack/cfd users.Ada@example.com.association: null -> "cfd"
        "#,
    );
}

#[test]
fn another_name_of_a_person_is_left_to_a_human() {
    let has = ObservedUser {
        first_name: Some("Augusta".to_owned()),
        ..user(true)
    };
    let case = case(
        json!([{"userName": ADA, "firstName": "Ada"}]),
        pool(&[(ADA, has)]),
        &[ADA],
    );
    check(
        &case,
        r#"
        why user/ada@example.com ReplacementNeeded
        diff user/ada@example.com users.ada@example.com.firstName: "Augusta" -> "Ada"
        "#,
    );
}

#[test]
fn sixty_users_are_three_batches() {
    let mut world = World::new(&listing(&numbered(60)));
    world.converge();
    let batches: Vec<usize> = world
        .calls
        .iter()
        .filter(|call| call.operation() == "BatchAssociateUserStack")
        .map(|call| call.keys().len())
        .collect();
    assert_eq!(batches, [25, 25, 10]);
    assert_eq!(world.aws.access.stack_users.len(), 60);
}

#[test]
fn whoever_failed_waits_alone_and_is_named() {
    let names = numbered(27);
    let pool: Vec<(&str, ObservedUser)> = names
        .iter()
        .map(|name| (name.as_str(), user(true)))
        .collect();
    let mut case = case(listing(&names)["users"].clone(), self::pool(&pool), &[]);
    failed(&mut case, &names[0], ErrorClass::NotReady, 1);
    failed(&mut case, &names[1], ErrorClass::Denied, 1);
    let plan = case.plan();
    let sizes: Vec<_> = plan
        .steps
        .iter()
        .map(|step| (step.action.keys().len(), step.waiting_for))
        .collect();
    assert_eq!(
        sizes,
        [
            (25, None),
            (1, Some(WaitReason::BackingOff)),
            (1, Some(WaitReason::CallRefused)),
        ]
    );
    let said: Vec<_> = plan
        .waiting
        .iter()
        .map(|one| (one.object.as_str(), one.reason))
        .collect();
    assert_eq!(
        said,
        [
            ("user/user00@example.com", WaitReason::BackingOff),
            ("user/user01@example.com", WaitReason::CallRefused),
        ]
    );
    assert!(plan.waiting[0].message.contains("USER_NAME_NOT_FOUND"));
}

#[test]
fn whoever_may_have_spoilt_a_call_is_tried_again_alone() {
    let names = ["a@x.org", "b@x.org", "c@x.org", "d@x.org"];
    let pool: Vec<(&str, ObservedUser)> = names.iter().map(|name| (*name, user(true))).collect();
    let users = names.iter().map(|name| json!({"userName": name})).collect();
    let mut case = case(users, self::pool(&pool), &[]);
    failed(&mut case, "a@x.org", ErrorClass::Invalid, -1);
    failed(&mut case, "b@x.org", ErrorClass::Invalid, -1);
    failed(&mut case, "c@x.org", ErrorClass::Throttled, -1);
    let plan = case.plan();
    let calls: Vec<String> = plan.steps.iter().map(|s| s.action.to_string()).collect();
    let call = |users: &str| format!("BatchAssociateUserStack stack/cfd {users}");
    let expected = ["d@x.org", "c@x.org", "a@x.org", "b@x.org"].map(call);
    assert_eq!(calls, expected);
}

#[test]
fn whoever_is_left_out_is_taken_off_the_stack_and_keeps_the_account() {
    let mut world = World::new(&listing(&[ADA.to_owned(), BOB.to_owned()]));
    world.aws.access.add(ADA, true);
    world.converge();
    let stranger = ("cfd".to_owned(), "stranger@example.com".to_owned());
    world.aws.access.stack_users.insert(stranger.clone());
    world.edit(&listing(&[BOB.to_owned()]));
    world.converge();
    let there = &world.aws.access.stack_users;
    let bob = ("cfd".to_owned(), BOB.to_owned());
    assert_eq!(*there, BTreeSet::from([bob, stranger]));
    assert!(world.aws.access.users[ADA].enabled);
    assert!(!world.managed.keys().any(|path| path.contains(ADA)));
}

#[test]
fn whoever_was_never_seen_on_the_stack_by_us_is_not_taken_off() {
    let case = case(json!([]), pool(&[(ADA, user(true))]), &[ADA]);
    check(&case, "");
}

#[test]
fn drift_is_found_once_it_is_looked_for_and_put_right() {
    let mut world = World::converged(&listing(&[ADA.to_owned()]));
    world.aws.access.stack_users.clear();
    world.aws.access.users.get_mut(ADA).unwrap().enabled = false;
    world.walks = true;
    // What held is believed until its turn comes.
    assert_eq!(world.pass().made, 0);
    world.reads_association = true;
    let opened: Vec<String> = world
        .pass()
        .drift
        .opened
        .iter()
        .map(|drift| format!("{} {}", drift.object, drift.path))
        .collect();
    assert_eq!(
        opened,
        [
            "user/ada@example.com users.ada@example.com.enabled",
            "stack/cfd users.ada@example.com.association"
        ]
    );
    let closed = world.pass().drift.closed;
    assert!(closed.iter().all(|(_, how)| *how == Resolution::Repaired));
    assert_eq!(closed.len(), 2);
    world.converge();
}

#[test]
fn a_list_that_failed_is_no_answer() {
    let mut case = case(json!([{"userName": ADA}]), None, &[]);
    case.observed.access.users = Some(Observed::Unknown("denied".to_owned()));
    case.observed.access.stack_users = Some(Observed::Unknown("denied".to_owned()));
    let nothing = r"
        why users NotObserved
        why stack/cfd NotObserved
        ask users
        ask users of stacks cfd
    ";
    check(&case, nothing);
    // Nor is it when everything held before.
    case.held("users.ada@example.com.enabled", json!(true));
    case.held("users.ada@example.com.association", json!("cfd"));
    check(&case, nothing);
}

#[test]
fn what_held_is_not_asked_for_out_of_its_turn() {
    let mut case = case(json!([{"userName": ADA}]), None, &[]);
    case.observed.access.stack_users = None;
    case.held("users.ada@example.com.enabled", json!(true));
    case.held("users.ada@example.com.association", json!("cfd"));
    check(&case, "");
    case.environment = super::harness::environment(&row(json!([])));
    check(
        &case,
        r"
        why stack/cfd NotObserved
        release users.ada@example.com.enabled
        ask users of stacks cfd
        ",
    );
}

#[test]
fn an_ignored_name_is_not_the_beginning_of_a_longer_one() {
    let users = json!([{"userName": ADA}, {"userName": "ada@example.com.au"}]);
    let mut case = case(users, pool(&[]), &[]);
    case.environment.spec.ignore = vec![format!("users.{ADA}")];
    check(
        &case,
        r#"
        do CreateUser user/ada@example.com.au
        hold BatchAssociateUserStack stack/cfd ada@example.com.au (EarlierStep)
        diff user/ada@example.com.au users.ada@example.com.au.enabled: null -> true
        diff stack/cfd users.ada@example.com.au.association: null -> "cfd"
        "#,
    );
}

#[test]
fn observing_says_what_differs_and_calls_nothing() {
    let mut case = case(json!([{"userName": ADA}]), pool(&[(ADA, user(false))]), &[]);
    case.environment.mode = Mode::Observe;
    check(
        &case,
        r#"
        hold EnableUser user/ada@example.com (ObserveOnly)
        hold BatchAssociateUserStack stack/cfd ada@example.com (ObserveOnly)
        diff user/ada@example.com users.ada@example.com.enabled: false -> true
        diff stack/cfd users.ada@example.com.association: null -> "cfd"
        "#,
    );
}

#[test]
fn a_row_that_goes_takes_its_users_off_the_stack_and_deletes_no_account() {
    let names = numbered(30);
    for policy in [DeletionPolicy::Delete, DeletionPolicy::Retain] {
        let mut world = World::converged(&listing(&names));
        world.environment.deletion_policy = policy;
        let before = world.calls.len();
        world.delete();
        world.converge();
        assert!(world.gone);
        assert_eq!(world.aws.access.users.len(), 30);
        let calls: Vec<_> = world.calls[before..]
            .iter()
            .map(Action::operation)
            .collect();
        match policy {
            DeletionPolicy::Delete => {
                let off = "BatchDisassociateUserStack";
                assert_eq!(calls, [off, off, "DeleteStack"]);
            }
            DeletionPolicy::Retain | DeletionPolicy::Forget => {
                assert_eq!(calls, ["UntagResource"]);
                assert_eq!(world.aws.access.stack_users.len(), 30);
            }
        }
    }
}

#[test]
fn a_stack_that_is_not_ours_gets_no_users() {
    let mut case = case(json!([{"userName": ADA}]), pool(&[(ADA, user(true))]), &[]);
    let mut theirs = stack(json!({}));
    theirs.tags = super::harness::tags(&[]);
    case.observed.stack = Observed::Present(theirs);
    case.owned.clear();
    check(&case, "why stack/cfd Conflict");
}

#[test]
fn no_call_deletes_a_user() {
    let made_by = |name: &str| {
        let call = json!({"action": name, "userName": ADA});
        serde_json::from_value::<Action>(call).is_ok()
    };
    assert!(made_by("DisableUser"));
    assert!(!made_by("DeleteUser"));
}
