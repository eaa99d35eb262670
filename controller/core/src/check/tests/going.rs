//! What goes, goes in order, and only on request.

use super::*;

#[test]
fn what_a_row_owns_stays_its_own_when_the_row_no_longer_names_it() {
    let mut case = leaving();
    case.environment.spec.fleet = None;
    case.observed.fleet = Observed::Present(fleet(FleetState::Stopped, json!({})));
    assert!(broken(&case, vec![disassociate(), delete_fleet()]).is_empty());
}

/// Stopped and parted, so that it could be deleted.
fn free(mut case: Case) -> Case {
    case.observed.stack_fleets = Observed::Present(BTreeSet::new());
    case.observed.fleet_stacks = Observed::Present(BTreeSet::new());
    case.observed.fleet = Observed::Present(fleet(FleetState::Stopped, json!({})));
    case
}

#[test]
fn what_the_row_asks_for_or_leaves_behind_is_not_deleted() {
    let mut retained = free(leaving());
    retained.environment.deletion_policy = DeletionPolicy::Retain;
    for (case, rule) in [
        (free(complete()), "nothing is deleted that the row asks for"),
        (
            retained,
            "nothing is deleted that the row's deletion leaves behind",
        ),
    ] {
        assert_eq!(broken(&case, vec![delete_stack()]), [rule]);
        assert_eq!(broken(&case, vec![delete_fleet()]), [rule]);
    }
}

#[test]
fn what_the_row_has_no_use_for_is_deleted_when_it_allows_that() {
    let rule = "nothing is deleted that the row does not allow to be deleted";
    let allow = |case: &mut Case, allowed: bool| {
        let fleet = case.environment.spec.fleet.as_mut().unwrap();
        fleet.disruption.allow_replacement = allowed;
    };
    for (allowed, rules) in [(false, vec![rule]), (true, vec![])] {
        let mut typed = free(complete());
        allow(&mut typed, allowed);
        let spec = typed.environment.spec.fleet.as_mut().unwrap();
        spec.fleet_type = Some(crate::spec::FleetType::AlwaysOn);
        assert_eq!(broken(&typed, vec![delete_fleet()]), rules);

        let mut renamed = free(complete());
        allow(&mut renamed, allowed);
        let spec = &mut renamed.environment.spec;
        spec.fleet.as_mut().unwrap().name = Some("other".to_owned());
        spec.stack.as_mut().unwrap().name = Some("other".to_owned());
        assert_eq!(broken(&renamed, vec![delete_fleet()]), rules);
        assert_eq!(broken(&renamed, vec![delete_stack()]), rules);

        let mut left_out = free(complete());
        left_out.environment.spec.fleet = None;
        let said = json!({"policy": "WhenIdle", "allowReplacement": allowed});
        left_out.held("fleet.disruption", said);
        assert_eq!(broken(&left_out, vec![delete_fleet()]), rules);
    }
}

#[test]
fn what_the_row_said_last_of_interruptions_counts_when_it_has_no_fleet() {
    let mut case = complete();
    case.environment.spec.fleet = None;
    assert!(broken(&case, vec![stop()]).is_empty());
    case.held("fleet.disruption", json!({"policy": "Never"}));
    assert_eq!(
        broken(&case, vec![stop()]),
        ["the row forbids to interrupt anybody"]
    );
    case.held("fleet.disruption", json!({"policy": "Sometimes"}));
    assert_eq!(
        broken(&case, vec![stop()]),
        ["nobody is interrupted when it is not known what the row said of it"]
    );
}

#[test]
fn nothing_is_deleted_that_may_still_be_associated() {
    let mut case = leaving();
    case.observed.fleet = Observed::Present(fleet(FleetState::Stopped, json!({})));
    assert_eq!(broken(&case, vec![delete_fleet()]), [PARTED]);
    assert_eq!(broken(&case, vec![delete_stack()]), [PARTED]);
    // Parting them afterwards is too late.
    assert_eq!(
        broken(&case, vec![delete_stack(), disassociate()]),
        [PARTED]
    );
    // Nor does another call part them, or one that waits.
    assert_eq!(
        broken(&case, vec![update_stack(), delete_stack()]),
        [PARTED]
    );
    let mut plan = Plan {
        steps: vec![step(disassociate()), step(delete_stack())],
        ..Plan::default()
    };
    assert!(rules(&case, &plan).is_empty());
    plan.steps[0].waiting_for = Some(WaitReason::WaitingForSessions);
    assert_eq!(rules(&case, &plan), [PARTED]);
    case.observed.stack_fleets = Observed::Unknown("not looked at".to_owned());
    case.observed.fleet_stacks = Observed::Unknown("not looked at".to_owned());
    assert_eq!(
        broken(&case, vec![disassociate(), delete_fleet()]),
        [PARTED]
    );
    assert_eq!(
        broken(&case, vec![disassociate(), delete_stack()]),
        [PARTED]
    );
}

#[test]
fn only_a_stopped_fleet_is_deleted() {
    for state in [
        FleetState::Running,
        FleetState::Starting,
        FleetState::Stopping,
        FleetState::Other("REBOOTING".to_owned()),
    ] {
        let mut case = leaving();
        case.observed.fleet = Observed::Present(fleet(state, json!({})));
        case.observed.fleet_stacks = Observed::Present(BTreeSet::new());
        assert_eq!(
            broken(&case, vec![delete_fleet()]),
            ["only a stopped fleet is deleted"]
        );
    }
}

#[test]
fn our_tags_come_off_only_what_is_left_behind() {
    let rule = "our tags come off only when the row goes and its objects stay";
    for key in ["streamkeeper:uid", "streamkeeper:environment"] {
        assert_eq!(broken(&complete(), vec![untag(key)]), [rule]);
        assert_eq!(broken(&leaving(), vec![untag(key)]), [rule]);
        let mut case = leaving();
        case.environment.deletion_policy = DeletionPolicy::Retain;
        assert!(broken(&case, vec![untag(key)]).is_empty());
    }
    assert!(broken(&complete(), vec![untag("team")]).is_empty());
}

fn finished(case: &Case) -> Vec<&'static str> {
    let plan = Plan {
        finished: true,
        disowned: case.owned.clone(),
        ..Plan::default()
    };
    rules(case, &plan)
}

#[test]
fn a_row_goes_only_when_it_is_asked_to_and_owns_nothing() {
    let mut gone = leaving();
    gone.observed.fleet = Observed::Absent;
    gone.observed.stack = Observed::Absent;
    assert!(finished(&gone).is_empty());

    let mut kept = gone.clone();
    kept.environment.deletion_requested_at = None;
    assert_eq!(finished(&kept), ["only a row that is being deleted may go"]);

    let owning = Plan {
        finished: true,
        ..Plan::default()
    };
    assert_eq!(
        rules(&gone, &owning),
        ["no row goes while it owns anything"]
    );

    let mut open = gone.clone();
    open.open(stop());
    assert_eq!(
        finished(&open),
        ["no row goes while the outcome of a call is not known"]
    );
}

#[test]
fn a_row_goes_only_when_what_it_owned_was_seen_to_be_gone() {
    let rule = "no row goes before what it owned was seen to be gone";
    let mut theirs = fleet(FleetState::Running, json!({}));
    theirs.tags = tags(&[("streamkeeper:uid", "theirs")]);
    let mut listed = theirs.clone();
    listed.tags = ObservedTags::Listed(BTreeMap::new());
    let ours = fleet(FleetState::Stopped, json!({}));
    for (seen, expected) in [
        (Observed::Absent, None),
        (Observed::Present(theirs), None),
        (Observed::Present(listed), Some(rule)),
        (Observed::Present(ours), Some(rule)),
        (Observed::Unknown("denied".to_owned()), Some(rule)),
    ] {
        let mut case = leaving();
        case.observed.fleet = seen.clone();
        case.observed.stack = Observed::Absent;
        let expected: Vec<&str> = expected.into_iter().collect();
        assert_eq!(finished(&case), expected, "{seen:?}");
        case.environment.deletion_policy = DeletionPolicy::Forget;
        assert!(finished(&case).is_empty(), "{seen:?}");
    }
}
