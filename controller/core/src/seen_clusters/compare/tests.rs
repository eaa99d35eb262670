use super::*;

fn cluster(name: &str, status: &str) -> SeenCluster {
    SeenCluster {
        name: name.to_owned(),
        arn: format!("arn:{name}/1"),
        status: status.to_owned(),
        version: "3.16.1".to_owned(),
        environment: Some("lab".to_owned()),
        user: Some("ada".to_owned()),
        changed_at: None,
    }
}

fn stored(cluster: &SeenCluster) -> StoredCluster {
    StoredCluster::new(cluster.clone())
}

fn told(changes: &ClusterChanges) -> Vec<String> {
    let events = changes.events.iter();
    events
        .map(|(environment, _, event)| format!("{environment} {}: {}", event.reason, event.message))
        .collect()
}

fn after(
    known: &[StoredCluster],
    listed: &[SeenCluster],
    asked: &[(&SeenCluster, Observed<SeenCluster>)],
) -> ClusterChanges {
    let asked = asked.iter();
    let asked = asked.map(|(cluster, found)| (cluster.arn.clone(), found.clone()));
    let environments = BTreeMap::from([("lab", Uuid::nil())]);
    compare(known, listed, &asked.collect(), &environments)
}

/// What is stored after the changes were recorded.
fn applied(known: &[StoredCluster], changes: &ClusterChanges) -> Vec<StoredCluster> {
    let mut rows: BTreeMap<String, StoredCluster> = known
        .iter()
        .filter(|known| !changes.removed.contains(&known.cluster.arn))
        .map(|known| (known.cluster.name.clone(), known.clone()))
        .collect();
    let written = changes.written.iter();
    rows.extend(written.map(|row| (row.cluster.name.clone(), row.clone())));
    rows.into_values().collect()
}

#[test]
fn a_cluster_is_told_of_once_and_then_only_when_its_status_changes() {
    let creating = cluster("cfd", "CREATE_IN_PROGRESS");
    let first = after(&[], std::slice::from_ref(&creating), &[]);
    assert_eq!(
        told(&first),
        [
            "lab ClusterSeen: cluster cfd of ada is there: CREATE_IN_PROGRESS, ParallelCluster 3.16.1"
        ]
    );
    let known = applied(&[], &first);
    assert!(after(&known, &[creating], &[]).is_empty());

    let failed = cluster("cfd", "CREATE_FAILED");
    let second = after(&known, std::slice::from_ref(&failed), &[]);
    assert_eq!(
        told(&second),
        ["lab ClusterStatusChanged: cluster cfd: CREATE_IN_PROGRESS → CREATE_FAILED"]
    );
    assert_eq!(second.events[0].2.event_type, EventType::Warning);
    assert!(after(&applied(&known, &second), &[failed], &[]).is_empty());
}

#[test]
fn only_an_answer_about_the_very_stack_makes_a_cluster_gone() {
    let there = cluster("cfd", "CREATE_COMPLETE");
    let known = [stored(&there)];
    assert_eq!(unlisted(&known, &[]), BTreeSet::from([there.arn.clone()]));
    assert!(unlisted(&known, std::slice::from_ref(&there)).is_empty());

    // Neither silence nor a failure is absence: the row stays, and says since when.
    for asked in [
        vec![],
        vec![(&there, Observed::Unknown("throttled".to_owned()))],
    ] {
        let lost = after(&known, &[], &asked);
        assert_eq!((lost.removed.len(), told(&lost).len()), (0, 0));
        let lost = applied(&known, &lost);
        assert!(lost[0].is_lost);
        assert!(after(&lost, &[], &asked).is_empty(), "it is noted once");
        let back = after(&lost, std::slice::from_ref(&there), &[]);
        assert!(told(&back).is_empty());
        assert_eq!(applied(&lost, &back), known);
    }
    let unlisted = [(&there, Observed::Present(there.clone()))];
    assert!(after(&known, &[], &unlisted).is_empty());

    let gone = after(&known, &[], &[(&there, Observed::Absent)]);
    assert_eq!(told(&gone).len(), 1);
    assert!(
        told(&gone)[0].starts_with("lab ClusterGone"),
        "{:?}",
        told(&gone)
    );
    assert_eq!(applied(&known, &gone), []);
}

#[test]
fn a_namesake_is_another_cluster() {
    let old = cluster("cfd", "CREATE_COMPLETE");
    let new = SeenCluster {
        arn: "arn:cfd/2".to_owned(),
        ..cluster("cfd", "CREATE_IN_PROGRESS")
    };
    let changes = after(&[stored(&old)], std::slice::from_ref(&new), &[]);
    let told = told(&changes);
    assert!(told[0].starts_with("lab ClusterGone") && told[1].starts_with("lab ClusterSeen"));
    assert_eq!(applied(&[stored(&old)], &changes), [stored(&new)]);
}

#[test]
fn of_strangers_clusters_nothing_is_told() {
    for environment in [None, Some("nobody".to_owned())] {
        let strange = SeenCluster {
            environment,
            ..cluster("cfd", "CREATE_COMPLETE")
        };
        let changes = after(&[], std::slice::from_ref(&strange), &[]);
        assert_eq!((changes.written.len(), changes.events.len()), (1, 0));
        let gone = after(&[stored(&strange)], &[], &[(&strange, Observed::Absent)]);
        assert_eq!((gone.removed.len(), gone.events.len()), (1, 0));
    }
}

#[test]
fn a_cluster_that_gets_its_tag_later_is_told_of_then() {
    let before = SeenCluster {
        environment: None,
        ..cluster("cfd", "CREATE_COMPLETE")
    };
    let after = after(
        &[stored(&before)],
        &[cluster("cfd", "UPDATE_COMPLETE")],
        &[],
    );
    assert_eq!(told(&after).len(), 1);
    assert!(told(&after)[0].contains("ClusterSeen"));
}

#[test]
fn questions_about_single_stacks_are_bounded() {
    let many: Vec<_> = (0..50)
        .map(|number| stored(&cluster(&format!("c{number}"), "CREATE_COMPLETE")))
        .collect();
    assert_eq!(unlisted(&many, &[]).len(), ASKED_AT_ONCE);
}
