//! Who is let in, and what everybody else is told.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Closed, Entrance, UserId, Validity, has_home_folders};
use crate::environment::{Environment, Mode};
use crate::neighbours::{FleetReference, Named, follow};
use crate::observed::{FleetState, Observed, ObservedFleet, ObservedStack, ObservedTags};
use crate::plan::tests::harness::{environment, fleet, minute, our_tags, small, stack, tags};
use crate::plan::{ENVIRONMENT_TAG, UID_TAG};

/// A lender of fleets beside the environment `cfd`.
fn lender() -> Environment {
    Environment {
        name: "lender".to_owned(),
        uid: uuid::Uuid::from_u128(7),
        ..environment(&small())
    }
}

fn running() -> ObservedFleet {
    fleet(FleetState::Running, json!({}))
}

/// What is said to whoever asks, or nothing when they are let in.
fn said(
    environment: &Environment,
    stack: Observed<ObservedStack>,
    fleet: Observed<ObservedFleet>,
) -> String {
    let entrance = match Entrance::of(environment, &FleetReference::None) {
        Ok(entrance) => entrance,
        Err(closed) => return closed.why,
    };
    entrance.judge(&stack, &fleet).map_or_else(
        |Closed { why, hint }| format!("{why} // {hint}"),
        |_| String::new(),
    )
}

fn present() -> (Observed<ObservedStack>, Observed<ObservedFleet>) {
    (
        Observed::Present(stack(json!({}))),
        Observed::Present(running()),
    )
}

#[test]
fn people_get_onto_the_running_fleet_of_an_environment_through_its_stack() {
    let (stack, fleet) = present();
    assert_eq!(said(&environment(&small()), stack, fleet), "");
}

#[test]
fn nobody_gets_onto_a_fleet_that_does_not_run() {
    for (state, hint) in [
        (FleetState::Starting, "wait cfd --for=condition=Ready"),
        (FleetState::Stopping, "plan cfd"),
        (FleetState::Stopped, "plan cfd"),
        (FleetState::Other("NEW".to_owned()), "plan cfd"),
    ] {
        let word = format!("fleet/cfd is {}", state.as_str());
        let (stack, _) = present();
        let stopped = Observed::Present(fleet(state, json!({})));
        let text = said(&environment(&small()), stack, stopped);
        assert!(text.contains(&word) && text.contains(hint), "{text}");
    }
}

#[test]
fn nobody_gets_in_through_what_is_not_the_environments_own() {
    let cfd = environment(&small());
    let theirs = tags(&[
        (UID_TAG, "9b1f6e0a-0000-4000-8000-000000000000"),
        (ENVIRONMENT_TAG, "other"),
    ]);
    for (tags, word) in [
        (theirs, "of another, of other"),
        (tags(&[]), "carries no streamkeeper:uid"),
        (
            ObservedTags::Listed(our_tags()),
            "its tags were only listed",
        ),
        (
            ObservedTags::Unknown("AccessDenied".to_owned()),
            "AccessDenied",
        ),
    ] {
        let (there, runs) = present();
        let mut other = stack(json!({}));
        other.tags = tags.clone();
        let text = said(&cfd, Observed::Present(other), runs);
        assert!(text.contains("stack/cfd") && text.contains(word), "{text}");
        let mut other = running();
        other.tags = tags;
        let text = said(&cfd, there, Observed::Present(other));
        assert!(text.contains("fleet/cfd") && text.contains(word), "{text}");
    }
}

#[test]
fn a_row_that_only_watches_is_told_how_its_stack_becomes_its_own() {
    let cfd = Environment {
        mode: Mode::Observe,
        ..environment(&small())
    };
    let mut untagged = stack(json!({}));
    untagged.tags = tags(&[]);
    let text = said(&cfd, Observed::Present(untagged), present().1);
    assert!(text.contains("enforce"), "{text}");
}

#[test]
fn what_is_gone_and_what_is_not_known_are_told_apart() {
    let cfd = environment(&small());
    let (there, runs) = present();
    let text = said(&cfd, Observed::Absent, runs);
    assert!(text.starts_with("stack/cfd does not exist"), "{text}");
    let text = said(&cfd, there, Observed::Unknown("throttled".to_owned()));
    assert!(
        text.starts_with("it is not known whose fleet/cfd is: throttled"),
        "{text}"
    );
}

#[test]
fn a_row_without_a_stack_or_a_fleet_or_on_its_way_out_lets_nobody_in() {
    let leaving = Environment {
        deletion_requested_at: Some(minute(0)),
        ..environment(&small())
    };
    let bare = |spec: &Value| environment(spec);
    let mut no_stack = small();
    no_stack.as_object_mut().unwrap().remove("stack");
    for (row, word) in [
        (leaving, "is being deleted"),
        (bare(&no_stack), "has no stack"),
        (bare(&json!({"stack": {}})), "has no fleet"),
    ] {
        let closed = Entrance::of(&row, &FleetReference::None).unwrap_err();
        assert!(closed.why.contains(word), "{closed}");
    }
}

#[test]
fn a_fleet_that_is_referred_to_has_to_be_its_own_environments() {
    let viewers = Environment {
        name: "viewers".to_owned(),
        ..environment(&json!({"fleetRef": "lender", "stack": {"name": "cfd"}}))
    };
    let reference = follow(&viewers, Named::Environment(&lender()));
    let entrance = Entrance::of(&viewers, &reference).unwrap();
    assert_eq!((&*entrance.stack, &*entrance.fleet), ("cfd", "lender"));
    let (stack, ours) = present();
    let closed = entrance.judge(&stack, &ours).unwrap_err();
    assert!(closed.why.contains("environment \"lender\"'s"), "{closed}");
    let mut theirs = running();
    theirs.tags = tags(&[(UID_TAG, &lender().uid_tag())]);
    assert!(entrance.judge(&stack, &Observed::Present(theirs)).is_ok());

    let nowhere = follow(&viewers, Named::Nothing);
    let closed = Entrance::of(&viewers, &nowhere).unwrap_err();
    assert!(
        closed.why.contains("there is no environment \"lender\""),
        "{closed}"
    );
}

#[test]
fn a_users_id_is_what_appstream_takes() {
    for id in ["ab", "Ada", "a_b+c=d,e.f@g-h", &"x".repeat(32)] {
        assert_eq!(id.parse::<UserId>().unwrap().as_str(), id);
    }
    for (id, word) in [
        ("", "has 2 to 32 characters, and this has 0"),
        ("a", "this has 1"),
        (&*"x".repeat(33), "this has 33"),
        ("ada lovelace", "' ' cannot be"),
        ("ada\n", "'\\n' cannot be"),
        ("zoë", "'ë' cannot be"),
        ("a/b", "'/' cannot be"),
    ] {
        let error = id.parse::<UserId>().unwrap_err();
        assert!(error.contains(word), "{id}: {error}");
    }
}

#[test]
fn a_url_is_valid_for_whole_seconds_up_to_a_week() {
    for seconds in [1, 28_800, 604_800] {
        let validity = Validity::new(Duration::from_secs(seconds)).unwrap();
        assert_eq!(u64::from(validity.seconds()), seconds);
    }
    for wrong in [
        Duration::ZERO,
        Duration::from_millis(500),
        Duration::from_millis(1500),
        Duration::from_secs(604_801),
        Duration::MAX,
    ] {
        assert!(Validity::new(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_stack_gives_folders_only_by_its_home_connector() {
    assert!(!has_home_folders(&stack(json!({}))));
    let other = stack(json!({"storageConnectors": [{"connectorType": "ONE_DRIVE"}]}));
    assert!(!has_home_folders(&other));
    let home = stack(json!({"storageConnectors": [{"connectorType": "HOMEFOLDERS"}]}));
    assert!(has_home_folders(&home));
}
