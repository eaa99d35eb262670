//! The user pool: accounts, and batches that answer pair by pair.

use serde_json::{Value, json};

use super::{Aws, code};

fn account(name: &str) -> Value {
    json!({"UserName": name, "AuthenticationType": "USERPOOL"})
}

fn batch(pairs: &[(&str, &str)]) -> Value {
    let pairs = pairs.iter().map(|(stack, user)| {
        json!({"StackName": stack, "UserName": user, "AuthenticationType": "USERPOOL"})
    });
    json!({"UserStackAssociations": pairs.collect::<Value>()})
}

fn enabled(aws: &Aws) -> Vec<(String, bool)> {
    let answer = aws.ok("DescribeUsers", json!({"AuthenticationType": "USERPOOL"}));
    let users = answer["Users"].as_array().unwrap().iter();
    let mut users: Vec<_> = users
        .map(|user| {
            let name = user["UserName"].as_str().unwrap().to_owned();
            (name, user["Enabled"].as_bool().unwrap())
        })
        .collect();
    users.sort();
    users
}

#[test]
fn an_account_is_enabled_until_it_is_disabled() {
    let aws = Aws::new();
    aws.ok("CreateUser", account("Ada@x.org"));
    aws.ok("CreateUser", account("ada@x.org"));
    aws.ok("DisableUser", account("ada@x.org"));
    let expected = [
        ("Ada@x.org".to_owned(), true),
        ("ada@x.org".to_owned(), false),
    ];
    assert_eq!(enabled(&aws), expected);
    let refusal = aws.refused("CreateUser", account("ada@x.org"));
    assert_eq!(code(&refusal), "ResourceAlreadyExistsException");
    let refusal = aws.refused("EnableUser", account("bob@x.org"));
    assert_eq!(code(&refusal), "ResourceNotFoundException");
    let other = json!({"UserName": "bob@x.org", "AuthenticationType": "SAML"});
    let refusal = aws.refused("CreateUser", other);
    assert_eq!(code(&refusal), "InvalidParameterCombinationException");
}

#[test]
fn there_are_fifty_accounts_at_most() {
    let aws = Aws::new();
    for number in 0..50 {
        aws.ok("CreateUser", account(&format!("{number}@x.org")));
    }
    let refusal = aws.refused("CreateUser", account("one-more@x.org"));
    assert_eq!(code(&refusal), "LimitExceededException");
}

#[test]
fn a_batch_answers_pair_by_pair_and_does_what_it_can() {
    let aws = Aws::new();
    aws.create_stack("cfd", json!({}));
    aws.ok("CreateUser", account("ada@x.org"));
    aws.wait(1);
    let pairs = batch(&[
        ("cfd", "ada@x.org"),
        ("none", "ada@x.org"),
        ("cfd", "bob@x.org"),
    ]);
    let answer = aws.ok("BatchAssociateUserStack", pairs);
    let codes: Vec<_> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["ErrorCode"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["STACK_NOT_FOUND", "USER_NAME_NOT_FOUND"]);
    let of_stack = json!({"StackName": "cfd"});
    let there = aws.ok("DescribeUserStackAssociations", of_stack.clone());
    assert_eq!(there["UserStackAssociations"].as_array().unwrap().len(), 1);
    aws.ok("DeleteUser", account("ada@x.org"));
    let there = aws.ok("DescribeUserStackAssociations", of_stack);
    assert_eq!(there, json!({}));
}

#[test]
fn a_new_account_is_known_to_batches_a_little_later() {
    let aws = Aws::new();
    aws.create_stack("cfd", json!({}));
    aws.ok("CreateUser", account("ada@x.org"));
    let pair = batch(&[("cfd", "ada@x.org")]);
    let answer = aws.ok("BatchAssociateUserStack", pair.clone());
    assert_eq!(answer["errors"][0]["ErrorCode"], "USER_NAME_NOT_FOUND");
    aws.wait(1);
    let answer = aws.ok("BatchAssociateUserStack", pair);
    assert_eq!(answer, json!({"errors": []}));
}

#[test]
fn a_batch_has_at_most_25_pairs() {
    let aws = Aws::new();
    let refusal = aws.refused("BatchAssociateUserStack", batch(&[("cfd", "a@x.org"); 26]));
    assert_eq!(code(&refusal), "ValidationException");
}

#[test]
fn nobody_of_the_user_pool_uses_a_stack_of_a_domain() {
    let aws = Aws::new();
    aws.create_stack("cfd", json!({}));
    let domain = json!({"DomainJoinInfo": {"DirectoryName": "corp.example.com"}});
    aws.create_fleet("cfd", domain);
    aws.associate("cfd", "cfd");
    aws.ok("CreateUser", account("ada@x.org"));
    aws.wait(1);
    let refusal = aws.refused("BatchAssociateUserStack", batch(&[("cfd", "ada@x.org")]));
    assert_eq!(code(&refusal), "OperationNotPermittedException");
}
