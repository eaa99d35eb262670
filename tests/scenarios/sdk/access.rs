//! Who may use what over the wire: batches that answer item by item, and lists to their end.

use streamkeeper_core::access::AccessRequest;
use streamkeeper_core::action::{AccessCall, Action, EntitlementSettings, StackUser};
use streamkeeper_core::cloud::{Cloud, ErrorClass, ObserveRequest};
use streamkeeper_core::observed::Observed;
use streamkeeper_core::spec::EntitlementAttribute;
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
        entitlements: BTreeMap::from([("cfd".to_owned(), names(["viewers"]))]),
        applications_of_fleets: names(["cfd"]),
        themes_of_stacks: BTreeSet::new(),
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

fn roles(value: &str) -> EntitlementAttribute {
    EntitlementAttribute {
        name: "roles".to_owned(),
        value: value.to_owned(),
    }
}

/// Every call about an entitlement and its applications but the last, in AWS's order.
fn entitling() -> [AccessCall; 5] {
    let stack = || "cfd".to_owned();
    let name = || "viewers".to_owned();
    let associate = |application: &str| AccessCall::AssociateApplicationToEntitlement {
        stack: stack(),
        entitlement: name(),
        application: application.to_owned(),
    };
    [
        AccessCall::CreateEntitlement {
            stack: stack(),
            name: name(),
            settings: EntitlementSettings {
                description: Some("for viewers".to_owned()),
                app_visibility: Some("ALL".to_owned()),
                attributes: Some(BTreeSet::from([roles("cfd")])),
            },
        },
        associate("paraview"),
        associate("putty"),
        AccessCall::DisassociateApplicationFromEntitlement {
            stack: stack(),
            entitlement: name(),
            application: "putty".to_owned(),
        },
        AccessCall::UpdateEntitlement {
            stack: stack(),
            name: name(),
            set: EntitlementSettings {
                description: Some(String::new()),
                app_visibility: Some("ASSOCIATED".to_owned()),
                attributes: None,
            },
        },
    ]
}

#[tokio::test]
async fn an_entitlement_is_made_changed_read_and_deleted() {
    let front = Front::new().await;
    front.create_stack("cfd");
    let cloud = front.cloud();
    for call in entitling() {
        let operation = call.operation();
        cloud.apply(&Action::Access(call)).await.unwrap();
        assert_eq!(
            front.simulator.journal().last().unwrap().operation,
            operation
        );
    }
    let seen = front.observe(&everything()).await.access;
    let viewers = &seen.entitlements["cfd"].present().unwrap()["viewers"];
    assert_eq!(viewers.description, None);
    assert_eq!(viewers.app_visibility, "ASSOCIATED");
    assert_eq!(viewers.attributes, BTreeSet::from([roles("cfd")]));
    assert_eq!(viewers.applications, names(["paraview"]));

    let delete = AccessCall::DeleteEntitlement {
        stack: "cfd".to_owned(),
        name: "viewers".to_owned(),
    };
    cloud.apply(&Action::Access(delete.clone())).await.unwrap();
    let again = cloud.apply(&Action::Access(delete)).await.unwrap_err();
    assert_eq!(again.class, ErrorClass::Gone, "{again}");
    let seen = front.observe(&everything()).await.access;
    assert!(seen.entitlements["cfd"].present().unwrap().is_empty());
}

#[tokio::test]
async fn an_entitlement_whose_applications_cannot_be_read_is_unknown() {
    let front = Front::new().await;
    front.create_stack("cfd");
    let cloud = front.cloud();
    for call in entitling() {
        cloud.apply(&Action::Access(call)).await.unwrap();
    }
    let denied = Fault::refuse("AccessDeniedException", "no");
    let applications = Matcher::operation("ListEntitledApplications");
    front.simulator.faults().add(applications, denied);
    let seen = front.observe(&everything()).await.access;
    assert!(seen.entitlements["cfd"].is_unknown());
}

#[tokio::test]
async fn an_elastic_fleet_has_applications() {
    let front = Front::new().await;
    let input = json!({
        "Name": "cfd", "ImageName": "pcluster-2026-11", "InstanceType": "stream.standard.small",
        "FleetType": "ELASTIC", "MaxConcurrentSessions": 2,
        "VpcConfig": {"SubnetIds": ["subnet-a", "subnet-b"]}
    });
    front.call("CreateFleet", input);
    let arn = front.simulator.add_application(REGION, "paraview");
    let cloud = front.cloud();
    let fleet = || "cfd".to_owned();
    let associate = AccessCall::AssociateApplicationFleet {
        fleet: fleet(),
        application: arn.clone(),
    };
    cloud.apply(&Action::Access(associate)).await.unwrap();
    let seen = front.observe(&everything()).await.access;
    let expected = BTreeSet::from([arn.clone()]);
    assert_eq!(seen.applications["cfd"], Observed::Present(expected));
    let disassociate = AccessCall::DisassociateApplicationFleet {
        fleet: fleet(),
        application: arn,
    };
    cloud.apply(&Action::Access(disassociate)).await.unwrap();
    let seen = front.observe(&everything()).await.access;
    assert_eq!(seen.applications["cfd"], Observed::Present(names([])));
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
    assert!(seen.entitlements.is_empty() && seen.applications.is_empty());
    let calls = front.journal_since(before);
    let words = ["User", "Entitle", "Application"];
    let about_access = calls
        .iter()
        .filter(|call| words.iter().any(|word| call.operation.contains(word)));
    assert_eq!(about_access.count(), 0);
}
