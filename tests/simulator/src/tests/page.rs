//! Lists: pages, tokens, names.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Aws, code};
use crate::{Call, Config, Quotas, Simulator};

fn with_stacks(count: usize) -> Aws {
    let aws = Aws::with(|config| {
        config.page_size = 10;
        config.quotas = Quotas::unlimited();
    });
    for number in 0..count {
        aws.create_stack(&format!("s{number:03}"), json!({}));
    }
    aws
}

fn names(page: &Value) -> Vec<String> {
    let stacks = page["Stacks"].as_array().unwrap();
    stacks
        .iter()
        .map(|stack| stack["Name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn pages_hold_everything_once() {
    let aws = with_stacks(25);
    let mut seen = Vec::new();
    let mut token = None;
    let mut pages = 0;
    loop {
        let input = token.map_or_else(|| json!({}), |token: Value| json!({"NextToken": token}));
        let page = aws.ok("DescribeStacks", input);
        seen.extend(names(&page));
        pages += 1;
        match page.get("NextToken") {
            Some(next) => token = Some(next.clone()),
            None => break,
        }
    }
    assert_eq!((pages, seen.len()), (3, 25));
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 25);
}

#[test]
fn a_full_last_page_has_no_successor() {
    let page = with_stacks(10).ok("DescribeStacks", json!({}));
    assert_eq!(names(&page).len(), 10);
    assert!(page.get("NextToken").is_none());
}

#[test]
fn a_page_is_in_no_order() {
    let listed = names(&with_stacks(10).ok("DescribeStacks", json!({})));
    let mut sorted = listed.clone();
    sorted.sort();
    assert_ne!(listed, sorted);
}

#[test]
fn what_is_deleted_between_pages_hides_nothing_else() {
    let aws = with_stacks(15);
    let first = aws.ok("DescribeStacks", json!({}));
    for name in names(&first) {
        aws.ok("DeleteStack", json!({"Name": name}));
    }
    let rest = aws.ok("DescribeStacks", json!({"NextToken": first["NextToken"]}));
    assert_eq!(names(&rest).len(), 5);
}

#[test]
fn a_token_of_another_list_or_place_is_refused() {
    let aws = with_stacks(15);
    let token = aws.ok("DescribeStacks", json!({}))["NextToken"].clone();
    for (region, operation) in [
        ("eu-west-1", "DescribeFleets"),
        ("us-east-1", "DescribeStacks"),
    ] {
        let call = Call::appstream(region, operation, json!({"NextToken": token}));
        assert_eq!(aws.0.call(&call).unwrap_err().code, "ValidationException");
    }
    let error = aws.refused("DescribeStacks", json!({"NextToken": "made-up"}));
    assert_eq!(code(&error), "ValidationException");
}

#[test]
fn one_missing_name_fails_the_whole_look() {
    let aws = with_stacks(2);
    let both = aws.ok("DescribeStacks", json!({"Names": ["s001", "s000"]}));
    assert_eq!(names(&both), ["s001", "s000"]);
    let error = aws.refused("DescribeStacks", json!({"Names": ["s000", "gone"]}));
    assert_eq!(code(&error), "ResourceNotFoundException");
    let call = Call::appstream("eu-west-1", "DescribeStacks", json!({"Names": ["gone"]}));
    assert_eq!(aws.0.call(&call).unwrap_err().status, 404);
}

#[test]
fn images_are_listed_by_kind_and_name() {
    let aws = Aws(Simulator::new(Config::default()));
    let public = aws.ok("DescribeImages", json!({"Type": "PUBLIC"}));
    assert_eq!(public["Images"].as_array().unwrap().len(), 1);
    let named = aws.ok("DescribeImages", json!({"Names": ["pcluster-2026-11"]}));
    assert_eq!(named["Images"][0]["State"], "AVAILABLE");
    let error = aws.refused("DescribeImages", json!({"Names": ["gone"]}));
    assert_eq!(code(&error), "ResourceNotFoundException");
    let one = aws.ok("DescribeImages", json!({"MaxResults": 1}));
    assert!(one.get("NextToken").is_some());
}
