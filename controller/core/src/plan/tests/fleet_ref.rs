//! A stack uses another environment's fleet: it owns the association and nothing of the fleet.

use serde_json::json;
use uuid::Uuid;

use super::harness::{Case, check, fleet, stack, tags};
use crate::environment::Mode;
use crate::neighbours::{FleetReference, ReferredFleet, Referrer};
use crate::observed::{FleetState, Observed, ObservedFleet, ObservedTags};
use crate::plan::{UID_TAG, WaitReason};

const OWNER: Uuid = Uuid::from_u128(7);

fn owners_fleet() -> ObservedFleet {
    ObservedFleet {
        name: "shared".to_owned(),
        tags: tags(&[(UID_TAG, &OWNER.hyphenated().to_string())]),
        ..fleet(FleetState::Running, json!({}))
    }
}

fn referred() -> ReferredFleet {
    ReferredFleet {
        environment: "lab".to_owned(),
        uid: OWNER,
        fleet: "shared".to_owned(),
        idle: None,
        is_leaving: false,
        observed: Observed::Present(owners_fleet()),
    }
}

/// Our stack is there, and has these fleets; `lab`'s fleet is there and running.
fn case(fleets: &[&str]) -> Case {
    let mut case = Case::new(&json!({"fleetRef": "lab", "stack": {}}));
    case.observed.stack = Observed::Present(stack(json!({})));
    case.observed.stack_fleets =
        Observed::Present(fleets.iter().map(|name| (*name).to_owned()).collect());
    case.owned = ["stack/cfd".to_owned()].into();
    case.neighbours.reference = FleetReference::Fleet(Box::new(referred()));
    case
}

fn referring(referred: ReferredFleet, fleets: &[&str]) -> Case {
    let mut case = case(fleets);
    case.neighbours.reference = FleetReference::Fleet(Box::new(referred));
    case
}

#[test]
fn a_stack_gets_the_fleet_it_refers_to() {
    check(
        &case(&[]),
        r#"
        do AssociateFleet fleet/shared stack/cfd
        diff stack/cfd association: [] -> "shared"
        "#,
    );
}

#[test]
fn a_new_stack_is_made_and_associated_in_one_plan() {
    let mut case = case(&[]);
    case.observed.stack = Observed::Absent;
    case.owned.clear();
    check(
        &case,
        r#"
        do CreateStack stack/cfd {} tags ours
        do AssociateFleet fleet/shared stack/cfd
        diff stack/cfd stack: null -> "cfd"
        diff stack/cfd association: [] -> "shared"
        "#,
    );
}

#[test]
fn the_association_holds_whoever_looks_after_the_fleet() {
    let standings = [
        referred(),
        ReferredFleet {
            is_leaving: true,
            ..referred()
        },
        ReferredFleet {
            idle: Some("it is paused"),
            ..referred()
        },
        ReferredFleet {
            observed: Observed::Unknown("not looked at".to_owned()),
            ..referred()
        },
        ReferredFleet {
            observed: Observed::Present(ObservedFleet {
                tags: tags(&[]),
                ..owners_fleet()
            }),
            ..referred()
        },
    ];
    for standing in standings {
        let case = referring(standing, &["shared"]);
        check(&case, "");
        assert_eq!(case.plan().holds["association"], json!("shared"));
    }
}

#[test]
fn what_held_is_believed_without_a_look_at_the_fleet() {
    let mut case = referring(
        ReferredFleet {
            observed: Observed::Unknown("not looked at".to_owned()),
            ..referred()
        },
        &[],
    );
    case.observed.stack_fleets = Observed::Unknown("not looked at".to_owned());
    case.held("association", json!("shared"));
    check(&case, "");
    // It does not outlive its fleet.
    if let FleetReference::Fleet(referred) = &mut case.neighbours.reference {
        referred.observed = Observed::Absent;
    }
    check(
        &case,
        r"
        why stack/cfd NotObserved
        ask fleets of stacks cfd
        ",
    );
}

/// What is missing, and what the wait says.
fn not_ready() -> Vec<(ReferredFleet, &'static str)> {
    let tagged = |tags| ReferredFleet {
        observed: Observed::Present(ObservedFleet {
            tags,
            ..owners_fleet()
        }),
        ..referred()
    };
    vec![
        (
            ReferredFleet {
                observed: Observed::Absent,
                ..referred()
            },
            "environment lab has no fleet yet",
        ),
        (
            ReferredFleet {
                observed: Observed::Absent,
                idle: Some("its mode is observe"),
                ..referred()
            },
            "environment lab has no fleet yet: its mode is observe",
        ),
        (
            ReferredFleet {
                is_leaving: true,
                ..referred()
            },
            "environment lab is being deleted, and its fleet with it",
        ),
        (
            ReferredFleet {
                idle: Some("it is paused"),
                ..tagged(tags(&[("team", "aero")]))
            },
            "environment lab has not taken over fleet/shared yet: it is paused",
        ),
        (
            tagged(tags(&[(UID_TAG, "another")])),
            "fleet/shared carries streamkeeper:uid=another: it is not that of environment lab",
        ),
    ]
}

#[test]
fn what_is_not_there_yet_is_waited_for_and_pushes_nothing_off() {
    for (referred, why) in not_ready() {
        let case = referring(referred.clone(), &[]);
        check(
            &case,
            r#"
            hold AssociateFleet fleet/shared stack/cfd (WaitingForFleet)
            why stack/cfd WaitingForFleet
            diff stack/cfd association: [] -> "shared"
            "#,
        );
        assert_eq!(case.plan().waiting[0].message, why);
        assert!(!WaitReason::WaitingForFleet.needs_human());
        check(
            &referring(referred, &["old"]),
            r#"
            hold DisassociateFleet fleet/old stack/cfd (WaitingForFleet)
            hold AssociateFleet fleet/shared stack/cfd (WaitingForFleet)
            why stack/cfd WaitingForFleet
            diff stack/cfd association: ["old"] -> "shared"
            "#,
        );
    }
}

#[test]
fn a_fleet_or_a_tag_that_is_not_known_is_asked_for() {
    let listed = ObservedTags::Listed([("team".to_owned(), "aero".to_owned())].into());
    let unseen = [
        Observed::Unknown("denied".to_owned()),
        Observed::Present(ObservedFleet {
            tags: listed,
            ..owners_fleet()
        }),
        Observed::Present(ObservedFleet {
            tags: ObservedTags::Unknown("denied".to_owned()),
            ..owners_fleet()
        }),
    ];
    for observed in unseen {
        let referred = ReferredFleet {
            observed,
            ..referred()
        };
        check(
            &referring(referred, &[]),
            r#"
            hold AssociateFleet fleet/shared stack/cfd (NotObserved)
            why stack/cfd NotObserved
            diff stack/cfd association: [] -> "shared"
            ask fleets shared
            "#,
        );
    }
}

#[test]
fn a_listed_tag_that_proves_the_owner_is_enough() {
    let tags = ObservedTags::Listed([(UID_TAG.to_owned(), OWNER.hyphenated().to_string())].into());
    let referred = ReferredFleet {
        observed: Observed::Present(ObservedFleet {
            tags,
            ..owners_fleet()
        }),
        ..referred()
    };
    let plan = referring(referred, &[]).plan();
    assert_eq!(plan.steps[0].waiting_for, None);
}

#[test]
fn a_reference_that_leads_nowhere_leaves_the_stack_as_it_is() {
    for (reference, reason) in [
        (
            FleetReference::Missing("there is no environment \"lab\"".to_owned()),
            WaitReason::WaitingForFleet,
        ),
        (
            FleetReference::Wrong("it names itself".to_owned()),
            WaitReason::WrongFleetRef,
        ),
    ] {
        let mut case = case(&["old"]);
        case.environment.spec.tags = [("team".to_owned(), "aero".to_owned())].into();
        case.held("association", json!("old"));
        case.neighbours.reference = reference;
        // The rest of the row is converged all the same.
        check(
            &case,
            &format!(
                r#"
                do TagResource stack/cfd team=aero
                why stack/cfd {reason}
                diff stack/cfd tags.team: null -> "aero"
                "#
            ),
        );
    }
    assert!(WaitReason::WrongFleetRef.needs_human());
}

#[test]
fn another_reference_moves_the_stack_when_nobody_is_on_it() {
    let mut case = case(&["old"]);
    case.held("association", json!("old"));
    for (sessions, expected) in [
        (
            0,
            r#"
            do DisassociateFleet fleet/old stack/cfd
            hold AssociateFleet fleet/shared stack/cfd (EarlierStep)
            diff stack/cfd association: ["old"] -> "shared"
            "#,
        ),
        (
            2,
            r#"
            hold DisassociateFleet fleet/old stack/cfd (WaitingForSessions)
            hold AssociateFleet fleet/shared stack/cfd (EarlierStep)
            why stack/cfd WaitingForSessions
            diff stack/cfd association: ["old"] -> "shared"
            "#,
        ),
    ] {
        let seen = Observed::Present(sessions);
        case.observed.sessions.insert("old".to_owned(), seen);
        check(&case, expected);
    }
}

#[test]
fn a_reference_left_out_takes_the_fleet_off_again() {
    let mut case = case(&["shared"]);
    case.environment.spec.fleet_ref = None;
    case.neighbours.reference = FleetReference::None;
    check(&case, "");
    case.held("association", json!("shared"));
    case.observed
        .sessions
        .insert("shared".to_owned(), Observed::Present(0));
    check(
        &case,
        r#"
        do DisassociateFleet fleet/shared stack/cfd
        diff stack/cfd association: ["shared"] -> null
        "#,
    );
    case.observed.stack_fleets = Observed::Present([].into());
    check(&case, "release association");
    case.observed.stack_fleets = Observed::Unknown("not looked at".to_owned());
    check(
        &case,
        r"
        why stack/cfd NotObserved
        ask fleets of stacks cfd
        ",
    );
    // What was only watched is left as it is.
    case.owned.clear();
    check(&case, "release association");
}

#[test]
fn an_observed_row_reports_and_asks_nothing_of_the_owner() {
    let mut case = case(&["other"]);
    case.environment.mode = Mode::Observe;
    check(
        &case,
        r#"
        hold DisassociateFleet fleet/other stack/cfd (ObserveOnly)
        hold AssociateFleet fleet/shared stack/cfd (ObserveOnly)
        why stack/cfd NotObserved
        diff stack/cfd association: ["other"] -> "shared"
        ask sessions other
        "#,
    );
}

/// An environment with a fleet that `viewers` refers to, on its way out.
fn owner_leaving(stacks: &[&str], referrer_leaves: bool) -> Case {
    let mut case = Case::new(&super::harness::small());
    case.observed.fleet = Observed::Present(fleet(FleetState::Stopped, json!({})));
    case.observed.fleet_stacks =
        Observed::Present(stacks.iter().map(|name| (*name).to_owned()).collect());
    case.owned = ["fleet/cfd".to_owned()].into();
    case.environment.deletion_requested_at = Some(super::harness::minute(0));
    case.neighbours.referrers = vec![Referrer {
        environment: "viewers".to_owned(),
        uid: Uuid::from_u128(8),
        stack: "viewers-stack".to_owned(),
        is_leaving: referrer_leaves,
    }];
    case
}

#[test]
fn a_fleet_stays_while_others_refer_to_it() {
    for (stacks, leaves) in [
        (&["viewers-stack"][..], false),
        (&["viewers-stack"][..], true),
        (&[][..], false),
    ] {
        let case = owner_leaving(stacks, leaves);
        check(&case, "why fleet/cfd FleetInUse");
        let plan = case.plan();
        assert!(plan.waiting[0].message.contains("fleetRef of viewers"));
    }
    assert!(!WaitReason::FleetInUse.needs_human());
}

#[test]
fn a_fleet_goes_when_its_last_referrer_has_let_go() {
    check(&owner_leaving(&[], true), "do DeleteFleet fleet/cfd");
}

#[test]
fn a_strangers_stack_is_still_a_conflict() {
    let mut case = owner_leaving(&["strange"], true);
    check(&case, "why fleet/cfd Conflict");
    case.neighbours.referrers.clear();
    check(&case, "why fleet/cfd Conflict");
}

#[test]
fn a_referrer_takes_only_its_own_stack_away() {
    let mut case = case(&["shared"]);
    case.environment.deletion_requested_at = Some(super::harness::minute(0));
    case.observed
        .sessions
        .insert("shared".to_owned(), Observed::Present(0));
    check(
        &case,
        r"
        do DisassociateFleet fleet/shared stack/cfd
        do DeleteStack stack/cfd
        ",
    );
}

#[test]
fn a_fleet_that_others_refer_to_is_not_replaced_and_kept_otherwise() {
    let mut spec = super::harness::small();
    spec["fleet"]["fleetType"] = json!("ALWAYS_ON");
    spec["fleet"]["displayName"] = json!("CFD");
    spec["fleet"]["disruption"] = json!({"allowReplacement": true});
    let mut case = Case::new(&spec);
    case.observed.fleet = Observed::Present(fleet(FleetState::Stopped, json!({})));
    case.observed.stack = Observed::Present(stack(json!({})));
    case.observed.stack_fleets = Observed::Present(["cfd".to_owned()].into());
    case.owned = ["fleet/cfd", "stack/cfd"].map(str::to_owned).into();
    case.neighbours.referrers = owner_leaving(&[], false).neighbours.referrers;
    check(
        &case,
        r#"
        do UpdateFleet fleet/cfd {"displayName":"CFD"}
        do StartFleet fleet/cfd
        why fleet/cfd FleetInUse
        diff fleet/cfd fleet.fleetType: "ON_DEMAND" -> "ALWAYS_ON"
        diff fleet/cfd fleet.displayName: null -> "CFD"
        diff fleet/cfd fleet.state: "STOPPED" -> "RUNNING"
        "#,
    );
}
