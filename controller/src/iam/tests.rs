//! What the documents allow, and what they never do.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Place, Session, daemon, import, url};

fn place() -> Place {
    Place {
        partition: "aws".to_owned(),
        region: "eu-west-1".to_owned(),
        account: "111122223333".to_owned(),
    }
}

fn session(folders: &[&str]) -> Session {
    Session {
        place: place(),
        fleet: "cfd".to_owned(),
        boundary: Session::default_boundary(&place()),
        bucket: None,
        folders: folders.iter().map(|folder| (*folder).to_owned()).collect(),
    }
}

fn statements(policy: &Value) -> &Vec<Value> {
    policy["Statement"].as_array().unwrap()
}

fn by_sid<'a>(policy: &'a Value, sid: &str) -> Option<&'a Value> {
    statements(policy)
        .iter()
        .find(|statement| statement["Sid"] == sid)
}

/// The texts of a member that is a text or a list of texts.
fn texts(value: &Value) -> BTreeSet<&str> {
    let one = value.as_str();
    let several = value.as_array().into_iter().flatten();
    several.filter_map(Value::as_str).chain(one).collect()
}

/// What is allowed, without what is denied.
fn allowed(policy: &Value) -> BTreeSet<&str> {
    let granted = statements(policy).iter();
    granted
        .filter(|statement| statement["Effect"] == "Allow")
        .flat_map(|statement| texts(&statement["Action"]))
        .collect()
}

#[test]
fn nothing_that_is_made_for_us_allows_more_than_it_names() {
    for policy in [
        daemon(&place(), Some("desktops-*"), &["shared".to_owned()]),
        import(),
        url(&place()),
    ] {
        for action in allowed(&policy) {
            assert!(!action.contains('*'), "{action}");
            let (service, name) = action.split_once(':').unwrap();
            assert!(!["ec2", "batch"].contains(&service), "{action}");
            let reads = ["DescribeStacks", "ListStacks", "GetTemplate"];
            assert!(
                service != "cloudformation" || reads.contains(&name),
                "{action}"
            );
            assert!(
                !name.contains("Object") && name != "DeleteBucket",
                "{action}"
            );
        }
    }
}

#[test]
fn import_only_reads() {
    for action in allowed(&import()) {
        let (_, name) = action.split_once(':').unwrap();
        let reads = ["Describe", "List", "Get"];
        assert!(reads.iter().any(|verb| name.starts_with(verb)), "{action}");
    }
}

#[test]
fn the_daemon_gives_fleets_only_roles_that_were_named_and_keeps_named_policies() {
    assert_eq!(by_sid(&daemon(&place(), None, &[]), "PassRole"), None);
    let policy = daemon(&place(), Some("desktops-*"), &["shared".to_owned()]);
    let pass = by_sid(&policy, "PassRole").unwrap();
    assert_eq!(
        pass["Resource"],
        "arn:aws:iam::111122223333:role/desktops-*"
    );
    let policies = by_sid(&policy, "Policies").unwrap();
    let kept = [
        "arn:aws:s3:::appstream2-36fb080bb8-*",
        "arn:aws:s3:::shared",
    ];
    assert_eq!(texts(&policies["Resource"]), BTreeSet::from(kept));
    let owner = &policies["Condition"]["StringEquals"]["aws:ResourceAccount"];
    assert_eq!(owner, "111122223333");
}

#[test]
fn only_appstream_becomes_the_role_and_for_this_fleet_alone() {
    let trust = session(&[]).trust();
    let [statement] = statements(&trust).as_slice() else {
        panic!("{trust}");
    };
    let expected = json!({
        "Effect": "Allow",
        "Principal": {"Service": "appstream.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "111122223333"},
            "ArnLike": {"aws:SourceArn": "arn:aws:appstream:eu-west-1:111122223333:fleet/cfd"},
        },
    });
    assert_eq!(*statement, expected);
}

#[test]
fn people_make_bounded_roles_only_and_cannot_loosen_the_bounds() {
    let policy = session(&[]).permissions();
    let boundary = "arn:aws:iam::111122223333:policy/parallelcluster-boundary";
    let gives = [
        "iam:CreateRole",
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
    ];
    for statement in statements(&policy) {
        let actions = texts(&statement["Action"]);
        if statement["Effect"] == "Allow" && gives.iter().any(|action| actions.contains(action)) {
            let bound = &statement["Condition"]["StringEquals"]["iam:PermissionsBoundary"];
            assert_eq!(bound, boundary, "{statement}");
            let role = "arn:aws:iam::111122223333:role/parallelcluster/*";
            assert_eq!(statement["Resource"], role);
        }
    }
    let kept = by_sid(&policy, "KeepBounds").unwrap();
    assert_eq!(
        (&kept["Effect"], &kept["Resource"]),
        (&json!("Deny"), &json!("*"))
    );
    assert!(texts(&kept["Action"]).contains("iam:DeleteRolePermissionsBoundary"));
    let fixed = by_sid(&policy, "KeepBoundary").unwrap();
    assert_eq!(
        (&fixed["Effect"], &fixed["Resource"]),
        (&json!("Deny"), &json!(boundary))
    );
    assert!(texts(&fixed["Action"]).contains("iam:SetDefaultPolicyVersion"));
}

#[test]
fn sessions_reach_no_folder_but_those_that_were_named() {
    let none = session(&[]).permissions();
    assert!(
        allowed(&none)
            .iter()
            .all(|action| !action.starts_with("s3:"))
    );
    let some = session(&["user/custom/ab/"]).permissions();
    let bucket = "arn:aws:s3:::appstream2-36fb080bb8-eu-west-1-111122223333*";
    let files = by_sid(&some, "Files").unwrap();
    let folder = format!("{bucket}/user/custom/ab/*");
    assert_eq!(texts(&files["Resource"]), BTreeSet::from([folder.as_str()]));
    let list = by_sid(&some, "ListFiles").unwrap();
    assert_eq!(list["Resource"], bucket);
    let prefixes = &list["Condition"]["StringLike"]["s3:prefix"];
    assert_eq!(*prefixes, json!(["user/custom/ab/*"]));
}

#[test]
fn no_role_of_a_cluster_can_change_the_shared_bucket_or_become_somebody_else() {
    for folders in [&[][..], &["user/custom/ab/"]] {
        let boundary = session(folders).boundary();
        for statement in statements(&boundary) {
            assert_eq!(statement["Effect"], "Allow");
            let actions = texts(&statement["Action"]);
            let own = texts(&statement["Resource"]);
            let own = own.iter().all(|arn| arn.contains(":::parallelcluster-*"));
            for action in actions {
                let (service, name) = action.split_once(':').unwrap();
                assert!(
                    !["sts", "appstream", "organizations"].contains(&service),
                    "{action}"
                );
                assert!(
                    service != "iam" || ["PassRole", "GetRole"].contains(&name),
                    "{action}"
                );
                assert!(service != "s3" || name != "*" || own, "{statement}");
                assert!(!name.contains("BucketPolicy"), "{action}");
            }
        }
        let objects = by_sid(&boundary, "Files").unwrap();
        let below = texts(&objects["Resource"]);
        assert!(below.iter().all(|arn| arn.contains("/user/")), "{below:?}");
    }
}

#[test]
fn policies_fit_into_what_iam_takes() {
    let folders: Vec<String> = (0..5).map(|n| format!("user/custom/{n:064}/")).collect();
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    let session = session(&folders);
    for policy in [
        daemon(&place(), Some("desktops-*"), &[]),
        session.permissions(),
        session.boundary(),
    ] {
        // A managed policy has at most 6144 characters, spaces not counted.
        let length = policy.to_string().len();
        assert!(length < 6144, "{length}");
    }
}
