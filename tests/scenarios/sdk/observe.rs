//! Looks at a populated AWS over the wire: whole lists, names, tags, people and buckets.

use streamkeeper_core::action::Action;
use streamkeeper_core::cloud::{Cloud, ErrorClass, Identity, ObserveRequest};
use streamkeeper_core::observed::{
    BucketEncryption, ObjectOwnership, Observed, ObservedTags, ObservedWorld, Scaling,
};
use streamkeeper_simulator::{
    Fault, HomeBucketNaming, Matcher, Quotas, SessionSeed, SimulatedCloud,
};

use super::*;

/// Everything at once.
fn everything() -> ObserveRequest {
    ObserveRequest {
        walk: true,
        fleets: names(["f1", "nobody"]),
        stacks: names(["s1", "nobody"]),
        associations_of_stacks: names(["s1", "s2", "nobody"]),
        associations_of_fleets: names(["f1", "f2", "nobody"]),
        buckets: names(["home", "shared", "nobody"]),
        sessions: names(["f1", "f2"]),
        scaling: names(["f1", "f2", "nobody"]),
        ..ObserveRequest::default()
    }
}

/// Three fleets and stacks, one fleet on two stacks with people on it, and two buckets.
async fn populated() -> Front {
    let front = Front::with(Config {
        page_size: 2,
        ..instant()
    })
    .await;
    for number in 1..=3 {
        front.create_fleet(&format!("f{number}"));
        front.create_stack_with_home(&format!("s{number}"));
    }
    front.associate("f1", "s1");
    front.associate("f1", "s2");
    front.call("StartFleet", json!({"Name": "f1"}));
    front.simulator.add_bucket(REGION, "shared");
    front.register_target("f1", 1, 5);
    let people = |who: &[SessionSeed], stack| {
        front.simulator.set_sessions(REGION, stack, "f1", who);
    };
    people(&[SessionSeed::active("a"), SessionSeed::expired("b")], "s1");
    people(&[SessionSeed::disconnected("c")], "s2");
    front
}

/// The two implementations of the port must not part: what is tested in process holds for AWS.
#[tokio::test]
async fn the_sdk_and_the_port_in_process_see_the_same_world() {
    let front = populated().await;
    let request = everything();
    let ours = front.observe(&request).await;
    let theirs = SimulatedCloud::new(front.simulator.clone(), REGION)
        .observe(&request)
        .await;
    for name in ["f1", "f2", "f3", "nobody"] {
        let (mut ours, mut theirs) = (ours.fleets.get(name), theirs.fleets.get(name));
        // Floating-point seconds on the wire.
        for side in [&mut ours, &mut theirs] {
            if let Observed::Present(fleet) = side {
                assert!(fleet.created_at.take().is_some());
            }
        }
        assert_eq!(ours, theirs, "{name}");
    }
    for name in ["s1", "s2", "s3", "nobody"] {
        let (mut ours, mut theirs) = (ours.stacks.get(name), theirs.stacks.get(name));
        for side in [&mut ours, &mut theirs] {
            if let Observed::Present(stack) = side {
                assert!(stack.created_at.take().is_some());
            }
        }
        assert_eq!(ours, theirs, "{name}");
    }
    assert_eq!(ours.fleets.walked, theirs.fleets.walked);
    assert_eq!(ours.associations, theirs.associations);
    assert_eq!(ours.fleet_stacks, theirs.fleet_stacks);
    assert_eq!(ours.buckets, theirs.buckets);
    assert_eq!(ours.sessions, theirs.sessions);
    assert_eq!(ours.instances, theirs.instances);
    let on = ours.instances["f1"].present().unwrap();
    assert_eq!(on.len(), 2, "one for each of two people");
    assert_eq!(ours.scaling, theirs.scaling);
    assert_eq!(
        ours.calls.keys().collect::<Vec<_>>(),
        theirs.calls.keys().collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_walk_turns_every_page_and_counts_it() {
    let front = populated().await;
    let request = ObserveRequest {
        walk: true,
        ..ObserveRequest::default()
    };
    let world = front.observe(&request).await;
    assert!(world.fleets.walked && world.stacks.walked);
    let fleets: Vec<_> = world.fleets.items.keys().collect();
    assert_eq!(fleets, ["f1", "f2", "f3"]);
    assert_eq!(world.stacks.items.len(), 3);
    assert_eq!(world.calls["DescribeFleets"], 2, "two on a page");
    assert_eq!(world.calls["DescribeStacks"], 2);
    assert!(!world.calls.contains_key("ListTagsForResource"));
    assert_eq!(world.calls.len(), 3, "{:?}", world.calls);

    let f1 = world.fleets.get("f1");
    assert_eq!(
        f1.present().unwrap().tags,
        ObservedTags::Listed(tags([("made-by", "hand")]))
    );
    // Stacks were made without tags: the Tagging API says nothing about them.
    let s1 = world.stacks.get("s1");
    assert!(matches!(
        &s1.present().unwrap().tags,
        ObservedTags::Unknown(_)
    ));
}

#[tokio::test]
async fn only_not_found_by_name_is_absence() {
    let front = populated().await;
    let world = front.observe(&everything()).await;
    assert_eq!(world.fleets.get("nobody"), Observed::Absent);
    assert_eq!(world.stacks.get("nobody"), Observed::Absent);
    // Not listed, and not asked for by name.
    assert_eq!(
        world.fleets.get("other"),
        Observed::Unknown("not listed by DescribeFleets".to_owned())
    );

    let world = front.observe(&ObserveRequest::default()).await;
    assert!(world.fleets.get("f1").is_unknown(), "nobody looked");
    assert!(world.calls.is_empty());
}

#[tokio::test]
async fn a_name_answers_for_itself_with_tags_of_its_own() {
    let front = Front::with(Config {
        tag_lag: Duration::from_secs(3600),
        ..instant()
    })
    .await;
    front.create_fleet("f1");
    let request = ObserveRequest {
        walk: true,
        fleets: names(["f1"]),
        ..ObserveRequest::default()
    };
    let walk_only = ObserveRequest {
        walk: true,
        ..ObserveRequest::default()
    };
    let tags_in = async |request| {
        let world = front.observe(request).await;
        world.fleets.get("f1").present().unwrap().tags.clone()
    };
    // The Tagging API lags; the name does not.
    assert!(matches!(
        tags_in(&walk_only).await,
        ObservedTags::Unknown(_)
    ));
    assert_eq!(
        tags_in(&request).await,
        ObservedTags::Known(tags([("made-by", "hand")]))
    );

    let denied = Matcher::operation("ListTagsForResource").always();
    let refusal = Fault::refuse("AccessDeniedException", "no");
    front.simulator.faults().add(denied, refusal);
    let ObservedTags::Unknown(reason) = tags_in(&request).await else {
        panic!("a denied read of tags is no tags");
    };
    assert!(reason.contains("ListTagsForResource"), "{reason}");
    assert!(reason.contains("AccessDeniedException"), "{reason}");
}

#[tokio::test]
async fn a_walk_that_breaks_off_keeps_what_it_saw_and_knows_nothing_else() {
    let front = populated().await;
    let second = Matcher::operation("DescribeFleets").nth(2).always();
    let refusal = Fault::refuse("AccessDeniedException", "no more");
    front.simulator.faults().add(second, refusal);
    let request = ObserveRequest {
        walk: true,
        ..ObserveRequest::default()
    };
    let world = front.observe(&request).await;
    assert!(!world.fleets.walked);
    let seen: Vec<_> = world.fleets.items.keys().collect();
    assert_eq!(seen, ["f1", "f2"]);
    assert!(world.fleets.get("f1").present().is_some());
    let Observed::Unknown(reason) = world.fleets.get("f3") else {
        panic!("{:?}", world.fleets.get("f3"));
    };
    assert!(
        reason.contains("DescribeFleets: AccessDeniedException: no more"),
        "{reason}"
    );
    assert!(world.stacks.walked, "the other list is whole");
}

#[tokio::test]
async fn tags_that_cannot_be_listed_are_unknown_and_the_walk_stands() {
    let front = populated().await;
    let matcher = Matcher::operation("GetResources").always();
    let refusal = Fault::refuse("AccessDeniedException", "no");
    front.simulator.faults().add(matcher, refusal);
    let request = ObserveRequest {
        walk: true,
        ..ObserveRequest::default()
    };
    let world = front.observe(&request).await;
    assert!(world.fleets.walked);
    let f1 = world.fleets.get("f1");
    let ObservedTags::Unknown(reason) = &f1.present().unwrap().tags else {
        panic!("{f1:?}");
    };
    assert!(
        reason.contains("GetResources: AccessDeniedException"),
        "{reason}"
    );
}

#[tokio::test]
async fn an_item_that_a_list_leaves_out_is_unknown_and_not_absent() {
    let front = populated().await;
    let matcher = Matcher::operation("DescribeFleets").always();
    front
        .simulator
        .faults()
        .add(matcher, Fault::OmitItem("f2".to_owned()));
    let request = ObserveRequest {
        walk: true,
        ..ObserveRequest::default()
    };
    let world = front.observe(&request).await;
    assert!(world.fleets.walked);
    assert_eq!(
        world.fleets.get("f2"),
        Observed::Unknown("not listed by DescribeFleets".to_owned())
    );
}

#[tokio::test]
async fn associations_are_read_from_both_sides_and_over_pages() {
    let front = populated().await;
    front.associate("f1", "s3");
    let world = front.observe(&everything()).await;
    assert_eq!(world.associations["s1"], Observed::Present(names(["f1"])));
    assert_eq!(
        world.fleet_stacks["f1"],
        Observed::Present(names(["s1", "s2", "s3"]))
    );
    assert_eq!(world.fleet_stacks["f2"], Observed::Present(names([])));
    // AWS answers an empty list about what does not exist; that it does not is known by name.
    assert_eq!(world.associations["nobody"], Observed::Absent);
    assert_eq!(world.fleet_stacks["nobody"], Observed::Absent);

    let matcher = Matcher::operation("ListAssociatedFleets").always();
    let refusal = Fault::refuse("AccessDeniedException", "no");
    front.simulator.faults().add(matcher, refusal);
    let world = front.observe(&everything()).await;
    assert!(world.associations["s1"].is_unknown());
    assert!(world.fleet_stacks["f1"].present().is_some());
}

#[tokio::test]
async fn people_are_counted_over_all_stacks_connected_or_not() {
    let front = populated().await;
    let request = ObserveRequest {
        sessions: names(["f1", "f2", "nobody"]),
        ..ObserveRequest::default()
    };
    let world = front.observe(&request).await;
    assert_eq!(world.sessions["f1"], Observed::Present(2));
    assert_eq!(world.sessions["f2"], Observed::Present(0));
    assert!(world.sessions["nobody"].is_unknown());

    let crowd: Vec<_> = (0..101)
        .map(|user| SessionSeed::active(&format!("user{user}")))
        .collect();
    front.simulator.set_sessions(REGION, "s1", "f1", &crowd);
    let world = front.observe(&request).await;
    assert_eq!(world.sessions["f1"], Observed::Present(102));
    assert_eq!(world.calls["DescribeSessions"], 4, "three pages and one");
}

#[tokio::test]
async fn people_that_cannot_be_counted_are_unknown_and_not_none() {
    let request = ObserveRequest {
        sessions: names(["f1"]),
        ..ObserveRequest::default()
    };
    for operation in ["ListAssociatedStacks", "DescribeSessions", "DescribeFleets"] {
        let front = populated().await;
        let matcher = Matcher::operation(operation).always();
        let refusal = Fault::refuse("AccessDeniedException", "no");
        front.simulator.faults().add(matcher, refusal);
        let world = front.observe(&request).await;
        assert!(world.sessions["f1"].is_unknown(), "{operation}");
        assert!(world.instances["f1"].is_unknown(), "{operation}");
    }
}

/// A list of sessions that says "nobody" does not stand against a fleet that is in use.
#[tokio::test]
async fn a_fleet_in_use_has_people_even_if_no_session_is_listed() {
    let front = populated().await;
    let matcher = Matcher::operation("DescribeSessions").always();
    front.simulator.faults().add(matcher, Fault::EmptyPage);
    let request = ObserveRequest {
        sessions: names(["f1"]),
        ..ObserveRequest::default()
    };
    let world = front.observe(&request).await;
    let in_use = *world.sessions["f1"].present().unwrap();
    assert!(in_use > 0, "{in_use}");
}

/// Both implementations of the port, one after the other.
#[tokio::test]
async fn instances_are_told_with_whether_they_take_others() {
    let front = populated().await;
    let mut fleet = json!({"Name": "f4", "ImageName": "pcluster-2026-11"});
    fleet["InstanceType"] = json!("stream.standard.medium");
    fleet["ComputeCapacity"] = json!({"DesiredSessions": 4});
    fleet["MaxSessionsPerInstance"] = json!(2);
    front.call("CreateFleet", fleet);
    front.associate("f4", "s3");
    front.call("StartFleet", json!({"Name": "f4"}));
    let people = [
        SessionSeed::active("ann").on("i-1"),
        SessionSeed::disconnected("ben").on("i-1"),
        SessionSeed::active("cy").on("i-2"),
        SessionSeed::expired("dee").on("i-3"),
    ];
    front.simulator.set_sessions(REGION, "s3", "f4", &people);
    let request = ObserveRequest {
        sessions: names(["f1", "f4"]),
        ..ObserveRequest::default()
    };
    let statuses = |world: &ObservedWorld, fleet: &str| -> Vec<(String, Option<bool>)> {
        let instances = world.instances[fleet].present().unwrap().iter();
        let told = instances.map(|(id, seen)| (id.clone(), seen.is_draining));
        told.collect()
    };
    let seen = |i_1: Option<bool>, i_2| vec![("i-1".to_owned(), i_1), ("i-2".to_owned(), i_2)];
    let world = front.observe(&request).await;
    assert_eq!(statuses(&world, "f4"), seen(Some(false), Some(false)));
    assert_eq!(world.sessions["f4"], Observed::Present(3));
    let of_one = statuses(&world, "f1");
    assert!(
        of_one.iter().all(|(_, drains)| drains.is_none()),
        "{of_one:?}"
    );

    let cloud = front.cloud();
    let drain = |session: &str| Action::DrainSessionInstance {
        fleet: "f4".to_owned(),
        instance: "i-1".to_owned(),
        session: session.to_owned(),
    };
    let first = world.instances["f4"].present().unwrap()["i-1"]
        .session
        .clone();
    cloud.apply(&drain(&first)).await.unwrap();
    let world = front.observe(&request).await;
    assert_eq!(statuses(&world, "f4"), seen(Some(true), Some(false)));
    let in_process = SimulatedCloud::new(front.simulator.clone(), REGION);
    assert_eq!(
        in_process.observe(&request).await.instances,
        world.instances
    );
    // AWS takes it twice, does not know a session that nobody has, and drains nobody's own.
    in_process.apply(&drain(&first)).await.unwrap();
    let of_one = world.instances["f1"].present().unwrap().values();
    let alone = of_one.map(|seen| seen.session.clone()).next().unwrap();
    for (session, class) in [("nobody", ErrorClass::Gone), (&alone, ErrorClass::NotReady)] {
        for error in [
            cloud.apply(&drain(session)).await.unwrap_err(),
            in_process.apply(&drain(session)).await.unwrap_err(),
        ] {
            assert_eq!(error.class, class, "{error}");
        }
    }
}

#[tokio::test]
async fn the_home_bucket_is_found_in_both_namings() {
    let base = format!("appstream2-36fb080bb8-{REGION}-{ACCOUNT}");
    for naming in [HomeBucketNaming::V1, HomeBucketNaming::V2] {
        let front = Front::with(Config {
            naming,
            ..instant()
        })
        .await;
        let request = ObserveRequest {
            buckets: names(["home"]),
            ..ObserveRequest::default()
        };
        let world = front.observe(&request).await;
        assert_eq!(
            world.buckets["home"],
            Observed::Absent,
            "no stack asked for one"
        );

        front.create_stack_with_home("s1");
        let world = front.observe(&request).await;
        let home = world.buckets["home"].present().unwrap();
        match naming {
            HomeBucketNaming::V1 => assert_eq!(home.name, base),
            HomeBucketNaming::V2 => assert_eq!(home.name.len(), base.len() + 9),
        }
        let policy = home.policy.as_ref().unwrap();
        assert!(
            policy
                .to_string()
                .contains("PreventAccidentalDeletionOfBucket"),
            "{policy}"
        );
        assert_eq!(world.calls["ListBuckets"], 1);
        assert_eq!(world.calls["GetBucketPolicy"], 1);

        // Somebody else's bucket of a similar name changes nothing; a second real one does.
        front
            .simulator
            .add_bucket(REGION, &format!("{base}-my.logs"));
        let world = front.observe(&request).await;
        assert!(world.buckets["home"].present().is_some());
        front
            .simulator
            .add_bucket(REGION, &format!("{base}-0000test"));
        let world = front.observe(&request).await;
        let Observed::Unknown(reason) = &world.buckets["home"] else {
            panic!("{:?}", world.buckets["home"]);
        };
        assert!(reason.contains(&format!("{base}-0000test")), "{reason}");
    }
}

#[tokio::test]
async fn a_bucket_without_a_policy_is_there_and_a_bucket_that_is_not_is_absent() {
    let front = populated().await;
    let request = ObserveRequest {
        buckets: names(["shared", "nobody"]),
        ..ObserveRequest::default()
    };
    let world = front.observe(&request).await;
    assert_eq!(world.buckets["shared"].present().unwrap().policy, None);
    assert_eq!(world.buckets["nobody"], Observed::Absent);

    let matcher = Matcher::operation("GetBucketPolicy").always();
    let refusal = Fault::refuse("AccessDenied", "no");
    front.simulator.faults().add(matcher, refusal);
    let world = front.observe(&request).await;
    assert!(world.buckets["shared"].is_unknown());
    assert!(world.buckets["nobody"].is_unknown());
}

#[tokio::test]
async fn a_buckets_encryption_and_ownership_are_read_and_fail_by_themselves() {
    let front = populated().await;
    let request = ObserveRequest {
        buckets: names(["shared"]),
        ..ObserveRequest::default()
    };
    let seen = async || {
        let world = front.observe(&request).await;
        world.buckets["shared"].present().unwrap().clone()
    };
    let bucket = seen().await;
    let encryption = |algorithm: &str, key: Option<&str>| {
        Observed::Present(BucketEncryption {
            algorithm: algorithm.to_owned(),
            kms_key: key.map(str::to_owned),
        })
    };
    assert_eq!(bucket.encryption, encryption("AES256", None));
    let enforced = Observed::Present(ObjectOwnership::BucketOwnerEnforced);
    assert_eq!(bucket.ownership, enforced);

    let key = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd");
    let change = |operation: &str, mut more: Value| {
        more["Bucket"] = json!("shared");
        let call = Call::s3(REGION, operation, more);
        front.simulator.call(&call).unwrap();
    };
    let by_key = json!({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key});
    let rules = json!({"Rules": [{"ApplyServerSideEncryptionByDefault": by_key}]});
    let input = json!({"ServerSideEncryptionConfiguration": rules});
    change("PutBucketEncryption", input);
    change("DeleteBucketOwnershipControls", json!({}));
    let bucket = seen().await;
    assert_eq!(bucket.encryption, encryption("aws:kms", Some(&key)));
    assert_eq!(bucket.ownership, Observed::Absent);

    for (operation, spoils_encryption) in [
        ("GetBucketEncryption", true),
        ("GetBucketOwnershipControls", false),
    ] {
        let matcher = Matcher::operation(operation);
        let refusal = Fault::refuse("AccessDenied", "no");
        front.simulator.faults().add(matcher, refusal);
        let bucket = seen().await;
        assert_eq!(bucket.encryption.is_unknown(), spoils_encryption);
        assert_eq!(bucket.ownership.is_unknown(), !spoils_encryption);
        assert_eq!(bucket.policy, None, "the policy is known all the same");
    }
}

#[tokio::test]
async fn sts_says_who_we_are() {
    let front = Front::new().await;
    let Identity { account, arn } = front.cloud().identity().await.unwrap();
    assert_eq!(account, ACCOUNT);
    assert!(
        arn.starts_with(&format!("arn:aws:sts::{ACCOUNT}:")),
        "{arn}"
    );
    let same = front.config().identity(REGION).await.unwrap();
    assert_eq!(same.arn, arn);
}

#[tokio::test]
async fn targets_are_asked_for_fifty_at_a_time_and_read_to_the_last_page() {
    let front = Front::with(Config {
        page_size: 20,
        quotas: Quotas::unlimited(),
        ..instant()
    })
    .await;
    let fleets: Vec<String> = (0..60).map(|number| format!("f{number:02}")).collect();
    for fleet in &fleets[..55] {
        front.create_fleet(fleet);
        front.register_target(fleet, 2, 8);
    }
    let request = ObserveRequest {
        scaling: fleets.iter().cloned().collect(),
        ..ObserveRequest::default()
    };
    let world = front.observe(&request).await;
    let target = Observed::Present(Scaling::Target { min: 2, max: 8 });
    for (number, fleet) in fleets.iter().enumerate() {
        let expected = if number < 55 {
            target.clone()
        } else {
            Observed::Absent
        };
        assert_eq!(world.scaling[fleet], expected, "{fleet}");
    }
    // Fifty names on three pages, and ten names on one.
    assert_eq!(world.calls["DescribeScalableTargets"], 4);
}

#[tokio::test]
async fn only_a_denial_of_the_right_hides_targets() {
    let front = populated().await;
    let request = ObserveRequest {
        scaling: names(["f1"]),
        ..ObserveRequest::default()
    };
    for (code, is_hidden) in [
        ("AccessDeniedException", true),
        ("ExpiredTokenException", false),
        ("ThrottlingException", false),
        ("InternalServiceException", false),
    ] {
        let faults = front.simulator.faults();
        faults.add(Matcher::any().always(), Fault::refuse(code, "no"));
        let world = front.observe(&request).await;
        match &world.scaling["f1"] {
            Observed::Present(Scaling::Hidden) => assert!(is_hidden, "{code}"),
            Observed::Unknown(why) => assert!(!is_hidden && why.contains(code), "{why}"),
            other @ (Observed::Present(_) | Observed::Absent) => panic!("{code}: {other:?}"),
        }
        faults.clear();
    }
}
