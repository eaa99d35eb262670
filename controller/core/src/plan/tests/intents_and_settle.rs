//! A call whose answer was lost is found out by looking, and until then its object is left alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::harness::{Case, arn, blog, check, fleet, our_tags, small, stack, tags, with};
use super::world::{Fault, World};
use crate::action::{Action, ObjectRef};
use crate::observed::{FleetState, Observed, ObservedBucket, ObservedTags};
use crate::plan::settle;
use crate::record::Outcome;
use crate::settings::{FleetSettings, StackSettings};

/// What a look makes of one open intent; `None` while it does not say.
fn settled(case: &Case, action: Action) -> Option<Outcome> {
    let mut case = case.clone();
    case.open(action);
    let (settled, open) = settle(&case.environment, &case.intents, &case.observed);
    assert_eq!(settled.len() + open.len(), 1);
    settled.first().map(|(_, outcome)| *outcome)
}

fn name() -> String {
    "cfd".to_owned()
}

fn both() -> Case {
    let mut case = Case::new(&small());
    case.observed.fleet = Observed::Present(fleet(FleetState::Running, json!({})));
    case.observed.stack = Observed::Present(stack(json!({})));
    case
}

fn denied<T>() -> Observed<T> {
    Observed::Unknown("denied".to_owned())
}

#[test]
fn a_creation_is_found_out_by_name_and_tag() {
    let create = || Action::CreateFleet {
        name: name(),
        settings: FleetSettings::default(),
        tags: our_tags(),
    };
    let mut case = both();
    assert_eq!(settled(&case, create()), Some(Outcome::Ok));
    for (found, outcome) in [
        (
            tags(&[("streamkeeper:uid", "theirs")]),
            Some(Outcome::Refused),
        ),
        (tags(&[]), Some(Outcome::Refused)),
        (ObservedTags::Listed(our_tags()), Some(Outcome::Ok)),
        (ObservedTags::Listed(BTreeMap::new()), None),
        (ObservedTags::Unknown("denied".to_owned()), None),
    ] {
        let mut fleet = fleet(FleetState::Stopped, json!({}));
        fleet.tags = found.clone();
        case.observed.fleet = Observed::Present(fleet);
        assert_eq!(settled(&case, create()), outcome, "{found:?}");
    }
    case.observed.fleet = Observed::Absent;
    assert_eq!(settled(&case, create()), Some(Outcome::Refused));
    case.observed.fleet = denied();
    assert_eq!(settled(&case, create()), None);
}

#[test]
fn a_start_and_a_stop_are_found_out_by_the_state() {
    let start = || Action::StartFleet { name: name() };
    let stop = || Action::StopFleet {
        name: name(),
        only_when_idle: true,
    };
    for (state, started, stopped) in [
        (FleetState::Starting, Outcome::Ok, Outcome::Refused),
        (FleetState::Running, Outcome::Ok, Outcome::Refused),
        (FleetState::Stopping, Outcome::Refused, Outcome::Ok),
        (FleetState::Stopped, Outcome::Refused, Outcome::Ok),
    ] {
        let mut case = both();
        case.observed.fleet = Observed::Present(fleet(state, json!({})));
        assert_eq!(settled(&case, start()), Some(started));
        assert_eq!(settled(&case, stop()), Some(stopped));
    }
}

#[test]
fn an_update_is_done_when_all_of_it_is_there_and_what_it_removes_is_gone() {
    let update = || Action::UpdateStack {
        name: name(),
        set: StackSettings {
            display_name: Some("CFD".to_owned()),
            description: Some(String::new()),
            ..StackSettings::default()
        },
        delete: vec![
            "REDIRECT_URL".to_owned(),
            "STORAGE_CONNECTOR_ONE_DRIVE".to_owned(),
        ],
    };
    let mut case = both();
    for (settings, outcome) in [
        (json!({"displayName": "CFD"}), Outcome::Ok),
        (json!({}), Outcome::Refused),
        (
            json!({"displayName": "CFD", "description": "x"}),
            Outcome::Refused,
        ),
        (
            json!({"displayName": "CFD", "redirectURL": "https://x.example"}),
            Outcome::Refused,
        ),
        (
            json!({"displayName": "CFD", "storageConnectors": [{"connectorType": "ONE_DRIVE"}]}),
            Outcome::Refused,
        ),
        (
            json!({"displayName": "CFD", "storageConnectors": [{"connectorType": "HOMEFOLDERS"}]}),
            Outcome::Ok,
        ),
    ] {
        case.observed.stack = Observed::Present(stack(settings.clone()));
        assert_eq!(settled(&case, update()), Some(outcome), "{settings}");
    }
    case.observed.stack = denied();
    assert_eq!(settled(&case, update()), None);
    case.observed.stack = Observed::Absent;
    assert_eq!(settled(&case, update()), Some(Outcome::Refused));
}

#[test]
fn a_deletion_is_done_when_the_name_is_gone() {
    let mut case = both();
    let fleet = || Action::DeleteFleet { name: name() };
    let stack = || Action::DeleteStack { name: name() };
    assert_eq!(settled(&case, fleet()), Some(Outcome::Refused));
    assert_eq!(settled(&case, stack()), Some(Outcome::Refused));
    case.observed.fleet = Observed::Absent;
    case.observed.stack = Observed::Absent;
    assert_eq!(settled(&case, fleet()), Some(Outcome::Ok));
    assert_eq!(settled(&case, stack()), Some(Outcome::Ok));
    case.observed.fleet = denied();
    assert_eq!(settled(&case, fleet()), None);
}

#[test]
fn an_association_is_found_out_from_the_stack() {
    let mut case = both();
    let on = || Action::AssociateFleet {
        fleet: name(),
        stack: name(),
    };
    let off = || Action::DisassociateFleet {
        fleet: name(),
        stack: name(),
        only_when_idle: true,
    };
    case.observed.stack_fleets = Observed::Present([name()].into());
    assert_eq!(settled(&case, on()), Some(Outcome::Ok));
    assert_eq!(settled(&case, off()), Some(Outcome::Refused));
    case.observed.stack_fleets = denied();
    assert_eq!(settled(&case, on()), None);
    case.observed.stack = Observed::Absent;
    assert_eq!(settled(&case, on()), Some(Outcome::Refused));
    assert_eq!(settled(&case, off()), Some(Outcome::Ok));
}

#[test]
fn tags_are_found_out_only_from_what_was_read_by_name() {
    let object = ObjectRef::fleet("cfd");
    let tag = || Action::TagResource {
        object: object.clone(),
        arn: arn("fleet/cfd"),
        tags: our_tags(),
    };
    let untag = || Action::UntagResource {
        object: object.clone(),
        arn: arn("fleet/cfd"),
        keys: vec!["streamkeeper:uid".to_owned()],
    };
    let mut case = both();
    assert_eq!(settled(&case, tag()), Some(Outcome::Ok));
    assert_eq!(settled(&case, untag()), Some(Outcome::Refused));
    let mut listed = fleet(FleetState::Running, json!({}));
    listed.tags = ObservedTags::Listed(BTreeMap::new());
    case.observed.fleet = Observed::Present(listed);
    assert_eq!(settled(&case, tag()), None);
    assert_eq!(settled(&case, untag()), None);
}

#[test]
fn a_policy_is_found_out_by_what_it_means() {
    let statement = |action: Value| {
        json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "A", "Effect": "Allow", "Principal": {"AWS": "123456789012"},
            "Action": action, "Resource": "arn:aws:s3:::shared-data/*"
        }]})
    };
    let put = || Action::PutBucketPolicy {
        bucket: "shared-data".to_owned(),
        base: None,
        document: statement(json!(["s3:GetObject"])),
    };
    let remove = || Action::DeleteBucketPolicy {
        bucket: "shared-data".to_owned(),
        base: None,
    };
    let mut case = both();
    let see = |case: &mut Case, word: &str, policy: Option<Value>| {
        let bucket = ObservedBucket::with_policy("shared-data", policy);
        case.observed
            .buckets
            .insert(word.to_owned(), Observed::Present(bucket));
    };
    assert_eq!(settled(&case, put()), None);
    see(&mut case, "home", Some(statement(json!("s3:getobject"))));
    assert_eq!(settled(&case, put()), Some(Outcome::Ok));
    assert_eq!(settled(&case, remove()), Some(Outcome::Refused));
    see(&mut case, "home", None);
    assert_eq!(settled(&case, put()), Some(Outcome::Refused));
    assert_eq!(settled(&case, remove()), Some(Outcome::Ok));
}

#[test]
fn an_object_is_left_alone_while_a_calls_outcome_is_not_known() {
    let mut case = Case::new(&with(
        with(small(), &[("/fleet/displayName", json!("CFD"))]),
        &[("/stack/displayName", json!("CFD"))],
    ));
    case.observed = both().observed;
    case.observed.stack_fleets = Observed::Present([name()].into());
    case.open(Action::UpdateFleet {
        name: name(),
        set: FleetSettings::default(),
        delete: Vec::new(),
    });
    check(
        &case,
        r#"
        hold UpdateFleet fleet/cfd {"displayName":"CFD"} (OutcomeUnknown)
        do UpdateStack stack/cfd {"displayName":"CFD"}
        why fleet/cfd OutcomeUnknown
        diff fleet/cfd fleet.displayName: null -> "CFD"
        diff stack/cfd stack.displayName: null -> "CFD"
        ask fleets cfd
        "#,
    );
}

#[test]
fn every_call_of_the_blogs_life_may_be_lost_or_lose_its_answer() {
    let statement = json!({
        "Sid": "A", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:role/n"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::{bucket}/*"
    });
    let mut spec = blog();
    spec["buckets"] = json!([{"bucket": "home", "statements": [statement]}]);
    let edited = with(spec.clone(), &[("/fleet/description", json!("for CFD"))]);
    let live = |world: &mut World| {
        world.converge();
        world.edit(&edited);
        world.converge();
        world.delete();
        world.converge();
    };
    let mut undisturbed = World::new(&spec);
    live(&mut undisturbed);
    let calls = undisturbed.calls.len();
    assert_eq!(calls, 13, "{:?}", undisturbed.operations());
    for fault in [Fault::Lost, Fault::AnswerLost] {
        for at in 0..calls {
            let mut world = World::new(&spec);
            world.faults = vec![Fault::None; at + 1];
            world.faults[0] = fault;
            live(&mut world);
            assert!(world.gone, "{fault:?} at call {at}");
            assert!(world.intents.is_empty());
            assert_eq!(world.aws.fleets, undisturbed.aws.fleets);
            assert_eq!(world.aws.stacks, undisturbed.aws.stacks);
            assert_eq!(world.aws.buckets, undisturbed.aws.buckets);
        }
    }
}
