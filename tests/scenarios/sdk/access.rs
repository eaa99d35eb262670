//! Who may use what over the wire: batches that answer item by item, and lists to their end.

use streamkeeper_core::access::AccessRequest;
use streamkeeper_core::action::{AccessCall, Action, StackUser};
use streamkeeper_core::cloud::{Cloud, ErrorClass, ObserveRequest};
use streamkeeper_core::observed::Observed;
use streamkeeper_simulator::{Fault, Matcher};

use super::*;

const ADA: &str = "ada@example.com";

fn create(name: &str) -> AccessCall {
    AccessCall::CreateUser {
        user_name: name.to_owned(),
        first_name: Some("Ada".to_owned()),
        last_name: None,
        message_action: Some("SUPPRESS".to_owned()),
    }
}

fn join(names: &[&str]) -> AccessCall {
    let user = |name: &&str| StackUser {
        user_name: (*name).to_owned(),
        send_email_notification: Some(false),
    };
    AccessCall::BatchAssociateUserStack {
        stack: "cfd".to_owned(),
        users: names.iter().map(user).collect(),
    }
}

fn everything() -> ObserveRequest {
    let access = AccessRequest {
        users: true,
        users_of_stacks: names(["cfd"]),
    };
    ObserveRequest {
        access,
        ..ObserveRequest::default()
    }
}

#[tokio::test]
async fn users_are_made_switched_and_put_on_a_stack() {
    let front = Front::new().await;
    front.create_stack("cfd");
    let cloud = front.cloud();
    let name = || ADA.to_owned();
    for call in [
        create(ADA),
        AccessCall::DisableUser { user_name: name() },
        AccessCall::EnableUser { user_name: name() },
        join(&[ADA]),
    ] {
        let operation = call.operation();
        let applied = cloud.apply(&Action::Access(call)).await.unwrap();
        assert!(applied.refused.is_empty(), "{operation}");
        let journal = front.simulator.journal();
        let last = journal.last().unwrap();
        assert_eq!(last.operation, operation);
        assert_eq!(applied.request_id.as_ref(), Some(&last.request_id));
    }
    let seen = front.observe(&everything()).await.access;
    let users = seen.users.unwrap();
    let ada = &users.present().unwrap()[ADA];
    assert!(ada.enabled);
    assert_eq!(ada.first_name.as_deref(), Some("Ada"));
    assert_eq!(ada.last_name, None);
    assert_eq!(seen.stack_users["cfd"], Observed::Present(names([ADA])));

    let off = AccessCall::BatchDisassociateUserStack {
        stack: "cfd".to_owned(),
        users: vec![name()],
    };
    cloud.apply(&Action::Access(off)).await.unwrap();
    let seen = front.observe(&everything()).await.access;
    assert_eq!(seen.stack_users["cfd"], Observed::Present(names([])));
}

#[tokio::test]
async fn a_batch_says_of_each_user_what_became_of_it() {
    let front = Front::new().await;
    front.create_stack("cfd");
    let cloud = front.cloud();
    for name in [ADA, "odd@example.com"] {
        cloud.apply(&Action::Access(create(name))).await.unwrap();
    }
    front
        .simulator
        .refuse_user("odd@example.com", Some("SOMETHING_NEW"));
    let batch = join(&["nobody@example.com", ADA, "odd@example.com"]);
    let applied = cloud.apply(&Action::Access(batch)).await.unwrap();
    let refused: Vec<_> = applied
        .refused
        .iter()
        .map(|one| (one.item.as_str(), one.code.as_str(), one.class))
        .collect();
    assert_eq!(
        refused,
        [
            (
                "nobody@example.com",
                "USER_NAME_NOT_FOUND",
                ErrorClass::NotReady
            ),
            ("odd@example.com", "SOMETHING_NEW", ErrorClass::Unexpected),
        ]
    );
    let seen = front.observe(&everything()).await.access;
    assert_eq!(seen.stack_users["cfd"], Observed::Present(names([ADA])));
}

#[tokio::test]
async fn lists_are_read_to_their_end_or_not_at_all() {
    let config = Config {
        page_size: 2,
        ..instant()
    };
    let front = Front::with(config).await;
    front.create_stack("cfd");
    let cloud = front.cloud();
    let people = ["a@x.org", "b@x.org", "c@x.org", "d@x.org", "e@x.org"];
    for name in people {
        cloud.apply(&Action::Access(create(name))).await.unwrap();
    }
    cloud.apply(&Action::Access(join(&people))).await.unwrap();
    let seen = front.observe(&everything()).await.access;
    assert_eq!(seen.users.unwrap().present().unwrap().len(), 5);
    assert_eq!(seen.stack_users["cfd"], Observed::Present(names(people)));

    for operation in ["DescribeUsers", "DescribeUserStackAssociations"] {
        let denied = Fault::refuse("AccessDeniedException", "no");
        let second_page = Matcher::operation(operation).nth(2);
        front.simulator.faults().add(second_page, denied);
    }
    let seen = front.observe(&everything()).await.access;
    let Some(Observed::Unknown(why)) = seen.users else {
        panic!("{:?}", seen.users);
    };
    assert!(
        why.starts_with("DescribeUsers users: AccessDenied"),
        "{why}"
    );
    assert!(seen.stack_users["cfd"].is_unknown());
}

#[tokio::test]
async fn who_is_not_asked_for_is_not_read() {
    let front = Front::new().await;
    front.create_stack("cfd");
    let before = front.last_seq();
    let request = ObserveRequest {
        walk: true,
        ..ObserveRequest::default()
    };
    let seen = front.observe(&request).await.access;
    assert!(seen.users.is_none() && seen.stack_users.is_empty());
    let calls = front.journal_since(before);
    let about_users = calls.iter().filter(|call| call.operation.contains("User"));
    assert_eq!(about_users.count(), 0);
}
