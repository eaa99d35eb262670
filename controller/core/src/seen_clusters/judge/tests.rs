use super::*;
use crate::spec::ClusterAccess;

const HOME: &str = "appstream2-36fb080bb8-eu-west-1-111122223333";

fn cluster(name: &str, status: &str) -> SeenCluster {
    SeenCluster {
        name: name.to_owned(),
        arn: format!("arn:{name}/1"),
        status: status.to_owned(),
        version: "3.16.1".to_owned(),
        environment: Some("lab".to_owned()),
        user: None,
        changed_at: None,
    }
}

fn specs(names: &[&str], access: ClusterAccess) -> Vec<ClusterSpec> {
    let spec = |name: &&str| json!({"name": name, "access": access});
    names
        .iter()
        .map(|name| serde_json::from_value(spec(name)).expect("a cluster"))
        .collect()
}

fn lab(specs: &[ClusterSpec]) -> Asked<'_> {
    Asked {
        specs: BTreeMap::from([("lab", (Uuid::nil(), specs))]),
        home: HOME.to_owned(),
    }
}

fn template(sid: &str) -> String {
    json!({"Resources": {
        "RoleHeadNode": {"Type": "AWS::IAM::Role"},
        "S3AccessPoliciesHeadNode": {"Type": "AWS::IAM::Policy", "Properties": {
            "Roles": [{"Ref": "RoleHeadNode"}],
            "PolicyDocument": {"Statement": [{"Sid": sid, "Resource": [
                format!("arn:aws:s3:::{HOME}"), format!("arn:aws:s3:::{HOME}/*")]}]}}},
    }})
    .to_string()
}

/// What a look at one cluster changes.
fn looked(
    stored: &[StoredCluster],
    seen: &SeenCluster,
    template: Option<Observed<String>>,
    specs: &[ClusterSpec],
) -> ClusterChanges {
    let mut changes = ClusterChanges::default();
    let templates = template.map(|text| (seen.arn.clone(), text)).into_iter();
    let listed = std::slice::from_ref(seen);
    judge(
        stored,
        listed,
        &templates.collect(),
        &lab(specs),
        &mut changes,
    );
    changes
}

fn reasons(changes: &ClusterChanges) -> Vec<EventReason> {
    changes
        .events
        .iter()
        .map(|(_, _, event)| event.reason)
        .collect()
}

#[test]
fn a_template_is_read_once_for_each_state_of_a_cluster_that_a_row_names() {
    let specs = specs(&["mesh"], ClusterAccess::ReadOnly);
    let asked = lab(&specs);
    let mesh = cluster("mesh", "CREATE_COMPLETE");
    let of = |seen: &SeenCluster| unread(&[], std::slice::from_ref(seen), &asked).len();
    assert_eq!(of(&mesh), 1);
    assert_eq!(
        of(&cluster("mesh", "UPDATE_IN_PROGRESS")),
        0,
        "not what will be"
    );
    assert_eq!(
        of(&cluster("other", "CREATE_COMPLETE")),
        0,
        "no row names it"
    );
    let strange = SeenCluster {
        environment: Some("nobody".to_owned()),
        ..mesh.clone()
    };
    assert_eq!(of(&strange), 0);

    let text = Observed::Present(template("S3Read"));
    let stored = looked(&[], &mesh, Some(text), &specs).written;
    assert_eq!(
        unread(&stored, std::slice::from_ref(&mesh), &asked).len(),
        0
    );
    let updated = cluster("mesh", "UPDATE_COMPLETE");
    assert_eq!(unread(&stored, &[updated], &asked).len(), 1);

    let many: Vec<String> = (0..30).map(|number| format!("c{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let seen: Vec<_> = many
        .iter()
        .map(|name| cluster(name, "CREATE_COMPLETE"))
        .collect();
    let specs = self::specs(&many, ClusterAccess::ReadOnly);
    assert_eq!(unread(&[], &seen, &lab(&specs)).len(), READ_AT_ONCE);
}

#[test]
fn a_difference_is_told_once_and_again_when_it_is_over() {
    let mesh = cluster("mesh", "CREATE_COMPLETE");
    let read = specs(&["mesh"], ClusterAccess::ReadOnly);
    let write = specs(&["mesh"], ClusterAccess::ReadWrite);
    let text = Observed::Present(template("S3Read"));
    let first = looked(&[], &mesh, Some(text), &write);
    assert_eq!(reasons(&first), [EventReason::ClusterAccessDiffers]);
    let known = first.written;
    assert!(looked(&known, &mesh, None, &write).is_empty());

    // The row changes, and no template is read.
    let second = looked(&known, &mesh, None, &read);
    assert_eq!(reasons(&second), [EventReason::ClusterAccessSettled]);
    let known = second.written;
    assert!(looked(&known, &mesh, None, &read).is_empty());
}

#[test]
fn a_template_that_cannot_be_read_is_no_answer() {
    let mesh = cluster("mesh", "CREATE_COMPLETE");
    let write = specs(&["mesh"], ClusterAccess::ReadWrite);
    let failed = || Some(Observed::Unknown("throttled".to_owned()));
    let unread = looked(&[], &mesh, failed(), &write);
    let check = unread.written[0].check.as_ref().expect("the reason shows");
    assert_eq!(
        (check.verdict, check.message.as_str()),
        (Verdict::Unknown, "throttled")
    );
    assert!(unread.events.is_empty());
    assert!(looked(&unread.written, &mesh, failed(), &write).is_empty());
    let text = Observed::Present(template("S3Read"));
    let known = looked(&[], &mesh, Some(text.clone()), &write).written;
    // Its stack was updated: what it granted before says nothing.
    let updated = cluster("mesh", "UPDATE_COMPLETE");
    let stale = looked(&known, &updated, failed(), &write);
    let check = stale.written[0].check.as_ref().expect("the reason shows");
    assert_eq!(check.verdict, Verdict::Unknown);
    assert_eq!(reasons(&stale), [EventReason::ClusterAccessSettled]);
    assert!(looked(&stale.written, &updated, failed(), &write).is_empty());
    let again = looked(&stale.written, &updated, Some(text), &write);
    assert_eq!(reasons(&again), [EventReason::ClusterAccessDiffers]);

    let strange = looked(&[], &mesh, Some(Observed::Present("{".to_owned())), &write);
    let check = strange.written[0].check.as_ref().expect("it is compared");
    assert_eq!(check.verdict, Verdict::Unknown);
    assert!(strange.events.is_empty());
}
