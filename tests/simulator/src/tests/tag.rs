//! Tags: on the objects at once, in the tagging API later.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Aws, code};
use crate::Service;

const FLEET: &str = "arn:aws:appstream:eu-west-1:111122223333:fleet/cfd";

fn resources(aws: &Aws, input: Value) -> BTreeMap<String, Value> {
    let answer = aws.send(Service::Tagging, "GetResources", input).unwrap();
    let list = answer["ResourceTagMappingList"].as_array().unwrap().clone();
    list.into_iter()
        .map(|entry| {
            let arn = entry["ResourceARN"].as_str().unwrap().to_owned();
            (arn, entry["Tags"].clone())
        })
        .collect()
}

#[test]
fn tags_come_with_creation_and_change_by_arn() {
    let aws = Aws::new();
    aws.create_fleet("cfd", json!({"Tags": {"a": "1"}}));
    assert!(aws.fleet("cfd").get("Tags").is_none());
    aws.ok(
        "TagResource",
        json!({"ResourceArn": FLEET, "Tags": {"a": "2", "b": "3"}}),
    );
    let list = || aws.ok("ListTagsForResource", json!({"ResourceArn": FLEET}))["Tags"].clone();
    assert_eq!(list(), json!({"a": "2", "b": "3"}));
    aws.ok(
        "UntagResource",
        json!({"ResourceArn": FLEET, "TagKeys": ["a", "zz"]}),
    );
    assert_eq!(list(), json!({"b": "3"}));
}

#[test]
fn an_arn_of_nothing_or_elsewhere_is_not_found() {
    let aws = Aws::new();
    for arn in [
        FLEET,
        "arn:aws:appstream:eu-west-1:999999999999:fleet/cfd",
        "arn:aws:appstream:eu-west-1:111122223333:moon/cfd",
    ] {
        let error = aws.refused("ListTagsForResource", json!({"ResourceArn": arn}));
        assert_eq!(code(&error), "ResourceNotFoundException", "{arn}");
    }
}

#[test]
fn a_resource_has_fifty_tags_at_most() {
    let aws = Aws::new();
    let tags = |from: i32| -> Value {
        (from..from + 30)
            .map(|number| (format!("k{number}"), json!("v")))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    aws.create_fleet("cfd", json!({"Tags": tags(0)}));
    let more = json!({"ResourceArn": FLEET, "Tags": tags(30)});
    let error = aws.refused("TagResource", more);
    assert_eq!(code(&error), "LimitExceededException");
}

#[test]
fn the_tagging_api_lags_and_lists_only_what_has_or_had_tags() {
    let aws = Aws::new();
    aws.create_fleet("cfd", json!({"Tags": {"a": "1"}}));
    aws.create_stack("plain", json!({}));
    assert_eq!(resources(&aws, json!({})), BTreeMap::new());
    aws.0.clock().advance(Duration::from_secs(5));
    let tags = json!([{"Key": "a", "Value": "1"}]);
    assert_eq!(
        resources(&aws, json!({})),
        [(FLEET.to_owned(), tags.clone())].into()
    );
    aws.ok(
        "UntagResource",
        json!({"ResourceArn": FLEET, "TagKeys": ["a"]}),
    );
    assert_eq!(resources(&aws, json!({}))[FLEET], tags);
    aws.0.clock().advance(Duration::from_secs(5));
    assert_eq!(resources(&aws, json!({}))[FLEET], json!([]));
    aws.ok("DeleteFleet", json!({"Name": "cfd"}));
    assert_eq!(resources(&aws, json!({})).len(), 1);
    aws.0.clock().advance(Duration::from_secs(5));
    assert_eq!(resources(&aws, json!({})), BTreeMap::new());
}

#[test]
fn resources_are_filtered_by_type_and_tag() {
    let aws = Aws::instant();
    aws.create_fleet("cfd", json!({"Tags": {"env": "a"}}));
    aws.create_stack("cfd", json!({"Tags": {"env": "b"}}));
    let instance = "arn:aws:ec2:eu-west-1:111122223333:instance/i-1";
    let tags = [("parallelcluster:cluster-name".to_owned(), "c".to_owned())];
    aws.0.put_foreign_tag("eu-west-1", instance, &tags.into());
    for (input, count) in [
        (json!({}), 3),
        (json!({"ResourceTypeFilters": ["appstream"]}), 2),
        (
            json!({"ResourceTypeFilters": ["appstream:stack", "ec2:instance"]}),
            2,
        ),
        (json!({"TagFilters": [{"Key": "env"}]}), 2),
        (
            json!({"TagFilters": [{"Key": "env", "Values": ["b", "c"]}]}),
            1,
        ),
        (
            json!({"TagFilters": [{"Key": "env", "Values": []}, {"Key": "x"}]}),
            0,
        ),
        (json!({"ResourceARNList": [FLEET]}), 1),
    ] {
        assert_eq!(resources(&aws, input.clone()).len(), count, "{input}");
    }
}

#[test]
fn the_tagging_api_pages_by_a_token_that_ends_empty() {
    let aws = Aws::instant();
    for number in 0..5 {
        aws.create_stack(&format!("s{number}"), json!({"Tags": {"a": "1"}}));
    }
    let page = |token: &Value| {
        let input = json!({"ResourcesPerPage": 3, "PaginationToken": token});
        aws.send(Service::Tagging, "GetResources", input).unwrap()
    };
    let first = page(&json!(""));
    let second = page(&first["PaginationToken"]);
    let count = |page: &Value| page["ResourceTagMappingList"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&second)), (3, 2));
    assert_eq!(second["PaginationToken"], "");
    for wrong in [
        json!({"ResourcesPerPage": 101}),
        json!({"PaginationToken": "x"}),
    ] {
        let error = aws
            .send(Service::Tagging, "GetResources", wrong)
            .unwrap_err();
        assert_eq!(code(&error), "InvalidParameterException");
    }
}
