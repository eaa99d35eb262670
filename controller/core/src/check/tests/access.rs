//! Who may use what is the row's list, and changes only on the ground of what was seen.

use std::sync::Arc;

use super::*;
use crate::access::{ObservedEntitlement, ObservedUser};
use crate::action::{AccessCall, BATCH, EntitlementSettings, StackUser};

const USERS: &str = "only users whom the row lists, or listed, are touched";
const ENTITLEMENTS: &str = "only entitlements that the row lists, or listed, are touched";
const APPLICATIONS: &str = "a fleet has the applications that the row lists";
const UNSEEN: &str = "who may use what changes only on the ground of what was seen";
const LISTED: &str = "arn:aws:appstream:eu-west-1:123456789012:application/listed";

/// `ada` is listed, `bob` was, and nobody knows `carl`; all are on the stack that `seen` says.
fn case(accounts: &[(&str, bool)], on_stack: &[&str]) -> Case {
    let mut case = complete();
    case.environment.spec = serde_json::from_value(json!({
        "image": {"name": "pcluster-2026-11"},
        "fleet": {"instanceType": "stream.standard.medium", "applications": [LISTED]},
        "stack": {}, "users": [{"userName": "ada"}],
        "entitlements": [{
            "name": "listed", "appVisibility": "ALL", "applications": ["listed"],
            "attributes": [{"name": "roles", "value": "cfd"}]
        }]
    }))
    .unwrap();
    case.held("users.bob.association", json!("cfd"));
    case.held("entitlements.was.appVisibility", json!("ALL"));
    let user = |enabled| ObservedUser {
        enabled,
        first_name: None,
        last_name: None,
    };
    let users: BTreeMap<String, ObservedUser> = accounts
        .iter()
        .map(|(name, enabled)| ((*name).to_owned(), user(*enabled)))
        .collect();
    let access = &mut case.observed.access;
    access.users = Some(Observed::Present(Arc::new(users)));
    let names = on_stack.iter().map(|name| (*name).to_owned());
    access.stack_users = Some(Observed::Present(names.collect()));
    let entitlement = ObservedEntitlement {
        description: None,
        app_visibility: "ALL".to_owned(),
        attributes: BTreeSet::new(),
        applications: BTreeSet::from(["other".to_owned()]),
    };
    let entitlements =
        ["was", "listed", "theirs"].map(|name| (name.to_owned(), entitlement.clone()));
    access.entitlements = Some(Observed::Present(entitlements.into()));
    access.applications = Some(Observed::Present(BTreeSet::from(["other".to_owned()])));
    case
}

fn create(user: &str) -> AccessCall {
    AccessCall::CreateUser {
        user_name: user.to_owned(),
        first_name: None,
        last_name: None,
        message_action: None,
    }
}

fn enable(user: &str) -> AccessCall {
    AccessCall::EnableUser {
        user_name: user.to_owned(),
    }
}

fn disable(user: &str) -> AccessCall {
    AccessCall::DisableUser {
        user_name: user.to_owned(),
    }
}

fn join(users: &[&str]) -> AccessCall {
    let user = |name: &&str| StackUser {
        user_name: (*name).to_owned(),
        send_email_notification: None,
    };
    AccessCall::BatchAssociateUserStack {
        stack: name(),
        users: users.iter().map(user).collect(),
    }
}

fn leave(users: &[&str]) -> AccessCall {
    AccessCall::BatchDisassociateUserStack {
        stack: name(),
        users: users.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn delete(entitlement: &str) -> AccessCall {
    AccessCall::DeleteEntitlement {
        stack: name(),
        name: entitlement.to_owned(),
    }
}

fn update(entitlement: &str) -> AccessCall {
    AccessCall::UpdateEntitlement {
        stack: name(),
        name: entitlement.to_owned(),
        set: EntitlementSettings::default(),
    }
}

fn entitle(application: &str) -> AccessCall {
    AccessCall::AssociateApplicationToEntitlement {
        stack: name(),
        entitlement: "listed".to_owned(),
        application: application.to_owned(),
    }
}

fn add(application: &str) -> AccessCall {
    AccessCall::AssociateApplicationFleet {
        fleet: name(),
        application: application.to_owned(),
    }
}

fn remove(application: &str) -> AccessCall {
    AccessCall::DisassociateApplicationFleet {
        fleet: name(),
        application: application.to_owned(),
    }
}

fn notes(case: &Case, call: AccessCall) -> Vec<&'static str> {
    broken(case, vec![Action::Access(call)])
}

#[test]
fn what_the_row_lists_and_a_look_grounds_breaks_no_rule() {
    for (accounts, on_stack, call) in [
        (&[][..], &[][..], create("ada")),
        (&[("ada", false)], &[], enable("ada")),
        (&[("ada", true)], &[], join(&["ada"])),
        (&[("bob", true)], &["bob"], leave(&["bob"])),
        (&[], &[], update("listed")),
        (&[], &[], delete("was")),
        (&[], &[], entitle("listed")),
        (&[], &[], add(LISTED)),
        (&[], &[], remove("other")),
    ] {
        let said = notes(&case(accounts, on_stack), call.clone());
        assert!(said.is_empty(), "{call}: {said:?}");
    }
}

#[test]
fn nobody_is_touched_whom_the_row_does_not_name() {
    let accounts = [("bob", false), ("carl", false), ("ada", true)];
    for call in [
        create("dora"),
        enable("carl"),
        enable("bob"),
        disable("ada"),
        join(&["bob"]),
        join(&["dora"]),
    ] {
        assert_eq!(
            notes(&case(&accounts, &[]), call.clone()),
            [USERS],
            "{call}"
        );
    }
    let all = ["ada", "bob", "carl"];
    for call in [leave(&["ada"]), leave(&["bob", "carl"])] {
        assert_eq!(
            notes(&case(&accounts, &all), call.clone()),
            [USERS],
            "{call}"
        );
    }
    for call in [
        update("theirs"),
        delete("theirs"),
        delete("listed"),
        entitle("other"),
    ] {
        assert_eq!(
            notes(&case(&[], &[]), call.clone()),
            [ENTITLEMENTS],
            "{call}"
        );
    }
    for call in [add("other"), remove(LISTED)] {
        assert_eq!(
            notes(&case(&[], &[]), call.clone()),
            [APPLICATIONS],
            "{call}"
        );
    }
}

#[test]
fn nothing_is_done_on_the_ground_of_what_was_not_seen() {
    for call in [
        create("ada"),
        enable("ada"),
        join(&["ada"]),
        leave(&["bob"]),
        update("listed"),
        delete("was"),
        entitle("listed"),
        add(LISTED),
        remove("other"),
    ] {
        let mut case = case(&[], &[]);
        for blind in [None, Some("denied".to_owned())] {
            let access = &mut case.observed.access;
            access.users = blind.clone().map(Observed::Unknown);
            access.stack_users = blind.clone().map(Observed::Unknown);
            access.entitlements = blind.clone().map(Observed::Unknown);
            access.applications = blind.map(Observed::Unknown);
            assert_eq!(notes(&case, call.clone()), [UNSEEN], "{call}");
        }
    }
    // Nor against what was seen.
    let there = case(&[("ada", true)], &["ada"]);
    for call in [
        create("ada"),
        enable("ada"),
        join(&["ada"]),
        leave(&["bob"]),
    ] {
        assert_eq!(notes(&there, call.clone()), [UNSEEN], "{call}");
    }
}

#[test]
fn a_batch_is_as_big_as_aws_takes_it() {
    let many = vec!["ada"; BATCH + 1];
    for users in [&many[..], &[]] {
        let said = notes(&case(&[("ada", true)], &[]), join(users));
        assert_eq!(said, ["a batch has 1 to 25 users"]);
    }
}

#[test]
fn a_row_that_goes_makes_nobody_and_a_retained_stack_keeps_its_users() {
    let mut going = case(&[], &["bob"]);
    going.environment.deletion_requested_at = Some(minute(0));
    assert_eq!(notes(&going, create("ada")), [USERS]);
    assert!(notes(&going, leave(&["bob"])).is_empty());
    going.environment.deletion_policy = DeletionPolicy::Retain;
    assert_eq!(notes(&going, leave(&["bob"])), [USERS]);
    assert_eq!(notes(&going, delete("was")), [ENTITLEMENTS]);
}

#[test]
fn users_are_put_on_our_own_stack_alone() {
    let mut case = case(&[("ada", true)], &[]);
    let mut theirs = stack(json!({}));
    theirs.tags = tags(&[("streamkeeper:uid", "theirs")]);
    case.observed.stack = Observed::Present(theirs);
    let said = notes(&case, join(&["ada"]));
    assert_eq!(said, ["what carries another uid is never touched"]);
    // An account is nobody's.
    assert!(notes(&case, create("bob")).contains(&USERS));
}
