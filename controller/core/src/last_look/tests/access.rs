//! The last look before somebody loses what they may use.

use std::sync::Arc;

use super::*;
use crate::access::{AccessRequest, ObservedEntitlement, ObservedTheme, ObservedUser};
use crate::action::AccessCall;

fn text(text: &str) -> String {
    text.to_owned()
}

fn takers() -> Vec<Action> {
    let calls = [
        AccessCall::DisableUser {
            user_name: text("ada"),
        },
        AccessCall::BatchDisassociateUserStack {
            stack: name(),
            users: vec![text("ada")],
        },
        AccessCall::DeleteEntitlement {
            stack: name(),
            name: text("viewers"),
        },
        AccessCall::DisassociateApplicationFromEntitlement {
            stack: name(),
            entitlement: text("viewers"),
            application: text("putty"),
        },
        AccessCall::DisassociateApplicationFleet {
            fleet: name(),
            application: text("putty"),
        },
        AccessCall::DeleteThemeForStack { stack: name() },
    ];
    calls.map(Action::Access).into()
}

fn seen() -> Case {
    let mut case = in_order();
    let access = &mut case.observed.access;
    let ada = ObservedUser {
        enabled: true,
        first_name: None,
        last_name: None,
    };
    let users = BTreeMap::from([(text("ada"), ada)]);
    access.users = Some(Observed::Present(Arc::new(users)));
    access.stack_users = Some(Observed::Present(BTreeSet::from([text("ada")])));
    let viewers = ObservedEntitlement {
        description: None,
        app_visibility: text("ALL"),
        attributes: BTreeSet::new(),
        applications: BTreeSet::from([text("putty")]),
    };
    let entitlements = BTreeMap::from([(text("viewers"), viewers)]);
    access.entitlements = Some(Observed::Present(entitlements));
    access.applications = Some(Observed::Present(BTreeSet::from([text("putty")])));
    access.theme = Some(Observed::Present(ObservedTheme {
        title_text: text("CFD"),
        theme_styling: text("BLUE"),
        footer_links: BTreeSet::new(),
        state: text("ENABLED"),
        organization_logo_url: None,
        favicon_url: None,
    }));
    case
}

#[test]
fn each_reads_its_own_list_and_whose_the_object_is() {
    for action in takers() {
        let request = request(&action, minute(3)).unwrap_or_else(|| panic!("{action}"));
        assert_ne!(request.access, AccessRequest::default(), "{action}");
        let by_name = request.stacks.len() + request.fleets.len();
        let is_nobodys = action.operation() == "DisableUser";
        assert_eq!(by_name, usize::from(!is_nobodys), "{action}");
        assert!(ok(&seen(), &action), "{action}");
    }
}

#[test]
fn a_list_that_cannot_be_read_stops_the_call() {
    for action in takers() {
        for blind in [None, Some(text("denied"))] {
            let mut case = seen();
            let access = &mut case.observed.access;
            access.users = blind.clone().map(Observed::Unknown);
            access.stack_users = blind.clone().map(Observed::Unknown);
            access.entitlements = blind.clone().map(Observed::Unknown);
            access.applications = blind.clone().map(Observed::Unknown);
            access.theme = blind.map(Observed::Unknown);
            assert!(!ok(&case, &action), "{action}");
        }
    }
}

#[test]
fn what_hangs_on_somebody_elses_object_is_left_alone() {
    for action in takers() {
        let mut case = seen();
        let (mut theirs_fleet, mut theirs_stack) =
            (fleet(FleetState::Stopped, json!({})), stack(json!({})));
        theirs_fleet.tags = tags(&[("streamkeeper:uid", "theirs")]);
        theirs_stack.tags = tags(&[("streamkeeper:uid", "theirs")]);
        case.observed.fleet = Observed::Present(theirs_fleet);
        case.observed.stack = Observed::Present(theirs_stack);
        let is_nobodys = action.operation() == "DisableUser";
        assert_eq!(ok(&case, &action), is_nobodys, "{action}");
    }
}

#[test]
fn what_is_gone_already_is_not_taken_again() {
    let mut case = seen();
    let access = &mut case.observed.access;
    access.users = Some(Observed::Present(Arc::default()));
    access.entitlements = Some(Observed::Present(BTreeMap::new()));
    access.applications = Some(Observed::Present(BTreeSet::new()));
    access.theme = Some(Observed::Absent);
    for action in takers() {
        // A batch names many, and AWS answers for each.
        let is_batch = action.operation() == "BatchDisassociateUserStack";
        assert_eq!(ok(&case, &action), is_batch, "{action}");
    }
}
