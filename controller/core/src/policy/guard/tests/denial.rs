//! Who is kept out by statements of others, and who must not be by ours.

use serde_json::json;

use super::*;

const GUEST: &str = "arn:aws:iam::210987654321:role/parallelcluster/*";

fn shared(clusters: Option<&str>, grants: Value) -> GuardContext {
    GuardContext {
        clusters: clusters.map(|access| serde_json::from_value(json!(access)).unwrap()),
        grants: serde_json::from_value(grants).unwrap(),
        ..context("cluster-data")
    }
}

/// A Deny of an action to everybody but the account's own administrators.
fn deny(action: &str, resource: &str) -> Value {
    json!({
        "Sid": owned_sid(UID, "A"), "Effect": "Deny", "Principal": "*", "Action": action,
        "Resource": format!("arn:aws:s3:::cluster-data{resource}"),
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": [
            "arn:aws:iam::123456789012:role/Keeper", "arn:aws:iam::123456789012:root"
        ]}}
    })
}

fn refused(statement: Value, context: &GuardContext) -> Vec<String> {
    let refusals = guard(None, &policy(vec![statement]), context);
    assert!(refusals.iter().all(|refusal| refusal.rule == Rule::LockOut));
    refusals.iter().map(ToString::to_string).collect()
}

#[test]
fn clusters_keep_what_their_access_needs_on_every_bucket() {
    let all = [
        "s3:ListBucket",
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
    ];
    for (clusters, kept) in [(None, 0), (Some("READ_ONLY"), 2), (Some("READ_WRITE"), 4)] {
        let context = shared(clusters, json!([]));
        for (position, action) in all.iter().enumerate() {
            let resource = if position == 0 { "" } else { "/*" };
            let refusals = refused(deny(action, resource), &context);
            let is_kept = position < kept;
            assert_eq!(
                refusals.len(),
                usize::from(is_kept),
                "{clusters:?} {action}"
            );
            if is_kept {
                assert!(
                    refusals[0].contains("the nodes of clusters"),
                    "{refusals:?}"
                );
            }
        }
    }
}

#[test]
fn whoever_a_grant_names_keeps_what_it_grants_and_no_more() {
    for principal in [GUEST, "210987654321", "arn:aws:iam::210987654321:role/n"] {
        let grants = json!([{"principal": principal, "access": "READ_ONLY", "prefix": "a"}]);
        let context = shared(None, grants);
        for (action, resource, is_kept) in [
            ("s3:GetObject", "/a/*", true),
            ("s3:ListBucket", "", true),
            ("s3:GetObject", "/b/*", false),
            ("s3:PutObject", "/a/*", false),
        ] {
            let refusals = refused(deny(action, resource), &context);
            assert_eq!(
                refusals.len(),
                usize::from(is_kept),
                "{principal} {action} {resource}"
            );
            if is_kept {
                assert!(refusals[0].contains(principal), "{refusals:?}");
            }
        }
    }
}

/// AWS's template as its page prints it.
fn restricted_access(exempt: &[&str]) -> Value {
    let mut names = vec![
        "arn:aws:iam::123456789012:role/service-role/AmazonAppStreamServiceAccess",
        "arn:aws:sts::123456789012:assumed-role/AmazonAppStreamServiceAccess/PhotonSession",
        "arn:aws:iam::123456789012:user/administrator",
    ];
    names.extend(exempt);
    json!({
        "Sid": "RestrictedAccess", "Effect": "Deny", "NotPrincipal": {"AWS": names},
        "Action": "s3:*", "Resource": format!("arn:aws:s3:::{HOME}")
    })
}

#[test]
fn awss_template_is_recognised_and_what_it_does_to_clusters_is_said() {
    let role = "arn:aws:iam::123456789012:role/parallelcluster/cfd/node";
    for exempt in [&[][..], &[role][..]] {
        let before = policy(vec![prevent_deletion(), restricted_access(exempt)]);
        let found = denials(Some(&before), &context(HOME));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].is_template);
        assert_eq!(found[0].sid.as_deref(), Some("RestrictedAccess"));
        assert!(
            found[0].message.starts_with(
                "statement RestrictedAccess (AWS's template for restricting administrators) denies \
                 or may deny s3:listbucket to the nodes of clusters"
            ),
            "{}",
            found[0].message
        );
    }
}

#[test]
fn the_template_rewritten_as_advised_keeps_nobody_out() {
    let mut rewritten = restricted_access(&[]);
    let object = rewritten.as_object_mut().unwrap();
    object.remove("NotPrincipal");
    object.insert("Principal".to_owned(), json!("*"));
    let exempt = json!([
        "arn:aws:iam::123456789012:role/service-role/AmazonAppStreamServiceAccess",
        "arn:aws:iam::123456789012:role/parallelcluster/*"
    ]);
    let condition = json!({"ArnNotLike": {"aws:PrincipalArn": exempt}});
    object.insert("Condition".to_owned(), condition);
    assert_eq!(denials(Some(&policy(vec![rewritten])), &context(HOME)), []);
}

#[test]
fn other_denials_are_told_and_are_not_taken_for_the_template() {
    let mut objects_too = restricted_access(&[]);
    objects_too["Resource"] = json!([
        format!("arn:aws:s3:::{HOME}"),
        format!("arn:aws:s3:::{HOME}/*")
    ]);
    let found = denials(Some(&policy(vec![objects_too])), &context(HOME));
    assert_eq!(found.len(), 1);
    assert!(!found[0].is_template);
    let harmless = json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": format!("arn:aws:s3:::{HOME}/*"),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}
    });
    let before = policy(vec![prevent_deletion(), harmless]);
    assert_eq!(denials(Some(&before), &context(HOME)), []);
    assert_eq!(denials(None, &context(HOME)), []);
}

#[test]
fn a_deny_of_ours_is_the_guards_business() {
    let ours = deny("s3:ListBucket", "");
    let context = shared(Some("READ_ONLY"), json!([]));
    assert_eq!(denials(Some(&policy(vec![ours.clone()])), &context), []);
    assert_eq!(refused(ours, &context).len(), 1);
}
