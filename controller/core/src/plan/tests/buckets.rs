//! Our statements in a policy that others write too.

use serde_json::{Value, json};

use super::harness::{Case, bucket, check, environment, sid};
use super::world::aws::HOME_BUCKET;
use super::world::{World, is_quiet};
use crate::observed::{Observed, ObservedBucket};
use crate::plan::WaitReason;

fn statement(sid: &str, action: &str) -> Value {
    json!({
        "Sid": sid, "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:role/n"},
        "Action": action, "Resource": "arn:aws:s3:::{bucket}/*"
    })
}

fn row(buckets: Value) -> Value {
    let connectors = json!([{"connectorType": "HOMEFOLDERS"}]);
    json!({"stack": {"storageConnectors": connectors}, "buckets": buckets})
}

fn on(bucket: &str, statements: &[Value]) -> Value {
    row(json!([{"bucket": bucket, "statements": statements}]))
}

fn theirs() -> Value {
    json!({
        "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::shared-data", "arn:aws:s3:::shared-data/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}
    })
}

fn shared(spec: &Value) -> World {
    let mut world = World::new(spec);
    let policy = json!({"Version": "2012-10-17", "Id": "theirs", "Statement": [theirs()]});
    world
        .aws
        .buckets
        .insert("shared-data".to_owned(), Some(policy));
    world.converge();
    world
}

fn statements(world: &World, bucket: &str) -> Vec<Value> {
    let policy = world.aws.buckets[bucket].as_ref();
    policy
        .map(|policy| policy["Statement"].as_array().unwrap().clone())
        .unwrap_or_default()
}

fn sids(world: &World, bucket: &str) -> Vec<String> {
    statements(world, bucket)
        .iter()
        .map(|one| one["Sid"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_home_bucket_is_waited_for_and_found_by_name() {
    let spec = on("home", &[statement("Nodes", "s3:GetObject")]);
    let mut case = Case::new(&spec);
    case.observed.stack = Observed::Present(super::harness::stack(json!({
        "storageConnectors": [{"connectorType": "HOMEFOLDERS"}]
    })));
    case.observed
        .buckets
        .insert("home".to_owned(), Observed::Absent);
    check(&case, "why bucket/home HomeBucketMissing");
    let world = World::converged(&spec);
    assert_eq!(
        sids(&world, HOME_BUCKET),
        ["PreventAccidentalDeletionOfBucket".to_owned(), sid("Nodes")]
    );
    let resource = &statements(&world, HOME_BUCKET)[1]["Resource"];
    assert_eq!(*resource, json!(format!("arn:aws:s3:::{HOME_BUCKET}/*")));
}

#[test]
fn a_bucket_that_is_not_there_needs_a_human() {
    let spec = on("shared-data", &[statement("A", "s3:GetObject")]);
    let mut case = Case::new(&spec);
    case.observed
        .buckets
        .insert("shared-data".to_owned(), Observed::Absent);
    let reasons: Vec<WaitReason> = case.plan().waiting.iter().map(|one| one.reason).collect();
    assert_eq!(reasons, [WaitReason::BucketMissing]);
    let mut without_home_folders = Case::new(&json!({
        "stack": {}, "buckets": [{"bucket": "home", "statements": [statement("A", "s3:GetObject")]}]
    }));
    without_home_folders
        .observed
        .buckets
        .insert("home".to_owned(), Observed::Absent);
    let plan = without_home_folders.plan();
    assert_eq!(plan.waiting[0].reason, WaitReason::BucketMissing);
}

#[test]
fn statements_come_change_and_go_and_theirs_stay() {
    let mut world = shared(&on("shared-data", &[]));
    for asked in [
        vec![statement("A", "s3:GetObject")],
        vec![
            statement("A", "s3:PutObject"),
            statement("B", "s3:GetObject"),
        ],
        vec![statement("B", "s3:GetObject")],
        vec![],
    ] {
        world.edit(&on("shared-data", &asked));
        world.converge();
        let mut expected = vec!["Theirs".to_owned()];
        expected.extend(asked.iter().map(|one| sid(one["Sid"].as_str().unwrap())));
        assert_eq!(sids(&world, "shared-data"), expected);
        assert_eq!(statements(&world, "shared-data")[0], theirs());
    }
    let policy = world.aws.buckets["shared-data"].as_ref().unwrap();
    assert_eq!(policy["Id"], json!("theirs"));
    assert!(
        world
            .managed
            .keys()
            .all(|path| !path.starts_with("buckets."))
    );
}

#[test]
fn a_policy_in_which_nothing_would_remain_is_deleted() {
    let mut world = World::new(&on("empty-data", &[statement("A", "s3:GetObject")]));
    world.aws.buckets.insert("empty-data".to_owned(), None);
    world.converge();
    world.edit(&row(json!([])));
    world.converge();
    assert_eq!(world.operations().last(), Some(&"DeleteBucketPolicy"));
    assert_eq!(world.aws.buckets["empty-data"], None);
}

#[test]
fn what_s3_says_in_other_words_is_no_difference() {
    let spec = on("shared-data", &[statement("A", "s3:GetObject")]);
    let mut case = Case::new(&spec);
    case.observed.stack = Observed::Present(super::harness::stack(json!({
        "storageConnectors": [{"connectorType": "HOMEFOLDERS"}]
    })));
    let seen = bucket(
        "shared-data",
        json!([{
            "Sid": sid("A"), "Effect": "Allow", "Action": ["s3:getobject"],
            "Principal": {"AWS": ["arn:aws:iam::123456789012:role/n"]},
            "Resource": ["arn:aws:s3:::shared-data/*"]
        }]),
    );
    case.observed.buckets.insert("shared-data".to_owned(), seen);
    check(&case, "");
}

#[test]
fn an_edited_statement_is_drift_and_is_put_right() {
    let mut world = shared(&on("shared-data", &[statement("A", "s3:GetObject")]));
    let policy = world.aws.buckets.get_mut("shared-data").unwrap();
    policy.as_mut().unwrap()["Statement"][1]["Action"] = json!("s3:PutObject");
    let pass = world.pass();
    let step = &pass.plan.steps[0];
    assert_eq!(
        step.reason,
        r#"drift of buckets.shared-data.A: Action "s3:GetObject" -> "s3:PutObject""#
    );
    world.converge();
    assert_eq!(
        statements(&world, "shared-data")[1]["Action"],
        json!("s3:GetObject")
    );
}

#[test]
fn a_statement_with_our_prefix_that_nobody_asked_for_goes() {
    let mut world = shared(&on("shared-data", &[statement("A", "s3:GetObject")]));
    let policy = world.aws.buckets.get_mut("shared-data").unwrap();
    let all = policy.as_mut().unwrap()["Statement"]
        .as_array_mut()
        .unwrap();
    let mut stray = all[1].clone();
    stray["Sid"] = json!(sid("Stray"));
    all.push(stray);
    world.converge();
    assert_eq!(sids(&world, "shared-data"), ["Theirs".to_owned(), sid("A")]);
}

#[test]
fn one_bucket_by_two_names_is_one_bucket() {
    let a = statement("A", "s3:GetObject");
    let b = statement("B", "s3:PutObject");
    let both = row(json!([
        {"bucket": "home", "statements": [a]},
        {"bucket": HOME_BUCKET, "statements": [b]}
    ]));
    let mut world = World::new(&both);
    world.aws.make_home_bucket();
    world.converge();
    let ours = [sid("B"), sid("A")];
    assert_eq!(sids(&world, HOME_BUCKET)[1..], ours);
    assert_eq!(world.operations().last(), Some(&"PutBucketPolicy"));
    world.quiet();
}

#[test]
fn a_statement_moves_to_its_buckets_other_name_without_a_call() {
    let a = statement("A", "s3:GetObject");
    let mut world = World::new(&on("home", std::slice::from_ref(&a)));
    world.aws.make_home_bucket();
    world.converge();
    world.edit(&on(HOME_BUCKET, &[a]));
    assert_eq!(world.converge(), 0);
    let managed: Vec<&String> = world
        .managed
        .keys()
        .filter(|path| path.starts_with("buckets."))
        .collect();
    assert_eq!(managed, [&format!("buckets.{HOME_BUCKET}.A")]);
}

#[test]
fn a_policy_that_would_be_refused_waits_and_says_why() {
    let everybody = json!({
        "Sid": "Open", "Effect": "Allow", "Principal": {"AWS": "*"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::{bucket}/*",
        "Condition": {"StringLike": {"aws:UserAgent": "*"}}
    });
    let spec = on("shared-data", &[everybody]);
    assert_eq!(environment(&spec).spec.buckets.len(), 1);
    let mut case = Case::new(&spec);
    case.observed.stack = Observed::Present(super::harness::stack(json!({
        "storageConnectors": [{"connectorType": "HOMEFOLDERS"}]
    })));
    let empty = ObservedBucket::with_policy("shared-data", None);
    case.observed
        .buckets
        .insert("shared-data".to_owned(), Observed::Present(empty));
    let plan = case.plan();
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.steps[0].waiting_for, Some(WaitReason::PolicyRefused));
    assert_eq!(plan.waiting[0].reason, WaitReason::PolicyRefused);
}

#[test]
fn an_ignored_statement_stays_until_its_row_goes() {
    let mut spec = on("shared-data", &[statement("A", "s3:GetObject")]);
    let mut world = shared(&spec);
    spec["ignore"] = json!(["buckets.shared-data.A"]);
    let policy = world.aws.buckets.get_mut("shared-data").unwrap();
    policy.as_mut().unwrap()["Statement"][1]["Action"] = json!("s3:PutObject");
    world.edit(&spec);
    assert_eq!(world.converge(), 0);
    spec["buckets"] = json!([]);
    world.edit(&spec);
    assert_eq!(world.converge(), 0);
    assert_eq!(sids(&world, "shared-data").len(), 2);
    world.delete();
    world.converge();
    assert!(world.gone);
    assert_eq!(sids(&world, "shared-data"), ["Theirs"]);
}

#[test]
fn a_home_bucket_that_was_not_listed_is_asked_for_by_its_name() {
    let spec = on("home", &[statement("A", "s3:GetObject")]);
    let mut world = World::new(&spec);
    world.aws.make_home_bucket();
    world.converge();
    // No stack shows it any more, and the bucket is still there.
    world.aws.home = None;
    world.edit(&row(json!([])));
    world.converge();
    assert_eq!(
        sids(&world, HOME_BUCKET),
        ["PreventAccidentalDeletionOfBucket"]
    );
}

#[test]
fn a_bucket_that_is_gone_takes_our_statements_with_it() {
    let mut world = shared(&on("shared-data", &[statement("A", "s3:GetObject")]));
    world.aws.buckets.remove("shared-data");
    world.edit(&row(json!([])));
    assert_eq!(world.converge(), 0);
    assert!(!world.managed.contains_key("buckets.shared-data.A"));
}

#[test]
fn an_ignored_statement_is_neither_held_nor_managed() {
    let mut spec = on(
        "shared-data",
        &[
            statement("A", "s3:GetObject"),
            statement("B", "s3:GetObject"),
        ],
    );
    spec["ignore"] = json!(["buckets.shared-data.A"]);
    let world = shared(&spec);
    // It is not even made: unlike a fleet's field, no call makes the bucket.
    assert_eq!(sids(&world, "shared-data"), ["Theirs".to_owned(), sid("B")]);
    let plan = world.plan();
    assert!(plan.holds.contains_key("buckets.shared-data.B"));
    assert!(!plan.holds.contains_key("buckets.shared-data.A"));
    assert!(!world.managed.contains_key("buckets.shared-data.A"));
}

/// Each of them may read a folder of their own.
fn own_folders() -> Value {
    let mut statement = statement("Own", "s3:GetObject");
    statement["Resource"] = json!("arn:aws:s3:::{bucket}/${aws:username}/*");
    statement
}

#[test]
fn a_version_in_which_our_variables_are_text_is_noticed_and_not_written_against() {
    let spec = on(
        "shared-data",
        &[own_folders(), statement("A", "s3:GetObject")],
    );
    let mut world = shared(&spec);
    assert!(is_quiet(&world.plan()), "{:?}", world.plan());
    let policy = world.aws.buckets.get_mut("shared-data").unwrap();
    policy.as_mut().unwrap()["Version"] = json!("2008-10-17");

    for _ in 0..3 {
        assert_eq!(world.pass().made, 0);
    }
    let plan = world.plan();
    let [waiting] = &plan.waiting[..] else {
        panic!("{:?}", plan.waiting);
    };
    assert_eq!(waiting.reason, WaitReason::PolicyRefused);
    assert!(
        waiting
            .message
            .contains("statement Own: it uses a policy variable"),
        "{waiting:?}"
    );
    let [difference] = &plan.differences[..] else {
        panic!("{:?}", plan.differences);
    };
    assert_eq!(difference.path, "buckets.shared-data.Own");
    assert!(difference.is_drift);
    assert!(plan.holds.contains_key("buckets.shared-data.A"));
    assert!(!plan.holds.contains_key("buckets.shared-data.Own"));

    // What can be done beside it is done.
    world.edit(&on(
        "shared-data",
        &[own_folders(), statement("B", "s3:GetObject")],
    ));
    let made: Vec<usize> = (0..3).map(|_| world.pass().made).collect();
    assert_eq!(made, [1, 0, 0]);
    assert_eq!(
        sids(&world, "shared-data"),
        ["Theirs".to_owned(), sid("Own"), sid("B")]
    );

    let policy = world.aws.buckets.get_mut("shared-data").unwrap();
    policy.as_mut().unwrap()["Version"] = json!("2012-10-17");
    assert!(is_quiet(&world.plan()), "{:?}", world.plan());
}
