//! Nothing is touched that is not ours, and what is made is ours from the first moment on.

use super::*;

#[test]
fn only_the_environments_own_objects_are_touched() {
    let other = || "other".to_owned();
    let settings = FleetSettings::default();
    let actions = [
        Action::UpdateFleet {
            name: other(),
            set: settings,
            delete: Vec::new(),
        },
        Action::StartFleet { name: other() },
        Action::UpdateStack {
            name: other(),
            set: StackSettings::default(),
            delete: Vec::new(),
        },
        Action::DisassociateFleet {
            fleet: name(),
            stack: other(),
            only_when_idle: true,
        },
        Action::UntagResource {
            object: ObjectRef::stack("other"),
            arn: arn("stack/other"),
            keys: vec!["team".to_owned()],
        },
    ];
    for action in actions {
        assert_eq!(
            broken(&complete(), vec![action.clone()]),
            [ONLY_OWN_OBJECTS],
            "{action}"
        );
    }
    let mut case = complete();
    case.observed.stack_fleets = Observed::Present(BTreeSet::new());
    let action = Action::AssociateFleet {
        fleet: other(),
        stack: name(),
    };
    assert_eq!(broken(&case, vec![action]), [ONLY_OWN_OBJECTS]);
}

#[test]
fn both_sides_of_an_association_are_ours() {
    for on_the_fleet in [true, false] {
        let mut case = complete();
        case.observed.stack_fleets = Observed::Present(BTreeSet::new());
        let theirs = tags(&[("streamkeeper:uid", "theirs")]);
        if on_the_fleet {
            let mut fleet = fleet(FleetState::Running, json!({}));
            fleet.tags = theirs;
            case.observed.fleet = Observed::Present(fleet);
        } else {
            let mut stack = stack(json!({}));
            stack.tags = theirs;
            case.observed.stack = Observed::Present(stack);
        }
        assert_eq!(broken(&case, vec![associate()]), [ANOTHER_UID]);
    }
}

fn tagged(found: ObservedTags) -> Case {
    let mut case = complete();
    let mut fleet = fleet(FleetState::Running, json!({}));
    fleet.tags = found;
    case.observed.fleet = Observed::Present(fleet);
    case
}

#[test]
fn what_carries_another_uid_is_never_touched() {
    let theirs = [("streamkeeper:uid", "theirs".to_owned())]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
    for found in [
        ObservedTags::Known(theirs),
        tags(&[("streamkeeper:uid", "theirs")]),
    ] {
        let mut case = tagged(found);
        case.environment.spec.adoption = Adoption::IfUnowned;
        for action in [start(), stop(), tag("fleet"), untag("team")] {
            assert_eq!(
                broken(&case, vec![action.clone()]),
                [ANOTHER_UID],
                "{action}"
            );
        }
    }
}

#[test]
fn what_carries_no_uid_is_touched_only_after_a_take_over_that_the_row_allows() {
    let mut case = tagged(tags(&[]));
    assert_eq!(broken(&case, vec![stop()]), [NOT_WITHOUT_UID]);
    assert_eq!(broken(&case, vec![tag("fleet")]), [NOT_WITHOUT_UID]);
    case.environment.spec.adoption = Adoption::IfUnowned;
    assert!(broken(&case, vec![tag("fleet"), stop()]).is_empty());
    // Another object's take-over is no proof, nor is a tag that is not the uid.
    assert_eq!(broken(&case, vec![tag("stack"), stop()]), [NOT_WITHOUT_UID]);
    let Action::TagResource { object, arn, .. } = tag("fleet") else {
        panic!("a tag is a tag")
    };
    let team = Action::TagResource {
        object,
        arn,
        tags: [("team".to_owned(), name())].into(),
    };
    assert_eq!(broken(&case, vec![team, stop()]), [NOT_WITHOUT_UID]);
}

#[test]
fn nothing_is_taken_over_on_the_word_of_a_list() {
    for found in [
        ObservedTags::Listed(BTreeMap::new()),
        ObservedTags::Unknown("denied".to_owned()),
    ] {
        let mut case = tagged(found);
        case.environment.spec.adoption = Adoption::IfUnowned;
        assert_eq!(broken(&case, vec![tag("fleet")]), [NOT_WITHOUT_UID]);
    }
}

#[test]
fn a_creation_that_waits_proves_nothing() {
    let mut plan = Plan {
        steps: vec![step(create_fleet()), step(start())],
        ..Plan::default()
    };
    assert!(rules(&empty(), &plan).is_empty());
    plan.steps[0].waiting_for = Some(WaitReason::BackingOff);
    assert_eq!(rules(&empty(), &plan), [NOT_WITHOUT_UID]);
}

#[test]
fn what_is_created_carries_both_our_tags() {
    let rule = "what is created carries both our tags from the first moment on";
    for key in ["streamkeeper:uid", "streamkeeper:environment"] {
        let mut tags = our_tags();
        tags.remove(key);
        let fleet = Action::CreateFleet {
            name: name(),
            settings: FleetSettings::default(),
            tags: tags.clone(),
        };
        let stack = Action::CreateStack {
            name: name(),
            settings: StackSettings::default(),
            tags,
        };
        assert_eq!(broken(&empty(), vec![fleet]), [rule], "{key}");
        assert_eq!(broken(&empty(), vec![stack]), [rule], "{key}");
    }
}
