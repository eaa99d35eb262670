//! Who is let in.

use serde_json::json;

use super::*;

/// An Allow to everybody under a condition.
fn everybody_if(condition: Value) -> Value {
    json!({"Principal": "*", "Condition": condition})
}

#[test]
fn an_ordinary_grant_passes() {
    passes("another account", json!({}));
    passes(
        "a role",
        json!({"Principal": {"AWS": "arn:aws:iam::210987654321:role/x"}}),
    );
    passes(
        "a service",
        json!({"Principal": {"Service": "appstream.amazonaws.com"}}),
    );
    passes(
        "nodes of another account, as documented",
        json!({"Action": ["s3:ListBucket", "s3:GetBucketLocation"],
               "Resource": format!("arn:aws:s3:::{HOME}"),
               "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::210987654321:role/parallelcluster/*"}}}),
    );
    assert_eq!(
        guard(
            None,
            &policy(vec![statement(HOME, json!({}))]),
            &context(HOME)
        ),
        []
    );
}

#[test]
fn everybody_is_refused_in_every_spelling() {
    for (name, elements) in [
        ("star", json!({"Principal": "*"})),
        ("AWS star", json!({"Principal": {"AWS": "*"}})),
        (
            "among others",
            json!({"Principal": {"AWS": ["210987654321", "*"]}}),
        ),
        (
            "a pattern",
            json!({"Principal": {"AWS": "arn:aws:iam::*:root"}}),
        ),
        ("every service", json!({"Principal": {"Service": "*"}})),
        (
            "all but one",
            json!({"Principal": null, "NotPrincipal": {"AWS": "210987654321"}}),
        ),
        ("an empty condition", everybody_if(json!({}))),
        (
            "an operator without keys",
            everybody_if(json!({"StringEquals": {}})),
        ),
        (
            "a key without values",
            everybody_if(json!({"StringEquals": {"aws:PrincipalOrgID": []}})),
        ),
    ] {
        fails(name, Rule::Public, elements);
    }
}

#[test]
fn a_condition_that_names_somebody_narrows() {
    for (operator, key, value) in [
        ("StringEquals", "aws:PrincipalOrgID", json!("o-abcdefghij")),
        (
            "StringLike",
            "AWS:principalorgid",
            json!(["o-abcdefghij", "o-klmnopqrst"]),
        ),
        (
            "ForAnyValue:StringLike",
            "aws:PrincipalOrgPaths",
            json!("o-abcdefghij/r-ab12/ou-1/*"),
        ),
        (
            "StringEquals",
            "aws:PrincipalAccount",
            json!("210987654321"),
        ),
        (
            "ArnLike",
            "aws:PrincipalArn",
            json!("arn:aws:iam::210987654321:role/parallelcluster/*"),
        ),
        ("ArnEquals", "aws:SourceArn", json!("arn:aws:s3:::source")),
        ("StringEquals", "aws:SourceAccount", json!("210987654321")),
        ("StringEquals", "aws:SourceVpc", json!("vpc-1")),
        (
            "StringEqualsIgnoreCase",
            "aws:SourceVpce",
            json!(["vpce-1", "vpce-2"]),
        ),
        ("StringLike", "aws:userid", json!("AROAEXAMPLEID1234567:*")),
        (
            "StringLike",
            "s3:DataAccessPointArn",
            json!("arn:aws:s3:eu-west-1:123456789012:accesspoint/*"),
        ),
        (
            "IpAddress",
            "aws:SourceIp",
            json!(["192.0.2.0/24", "2001:db8::/32", "203.0.113.7"]),
        ),
        (
            "IpAddress",
            "aws:SourceIp",
            json!([
                "10.0.0.0/8",
                "172.16.0.0/12",
                "192.168.0.0/16",
                "12.0.0.0/8"
            ]),
        ),
    ] {
        passes(key, everybody_if(json!({operator: {key: value}})));
    }
    passes(
        "one that narrows beside one that does not",
        everybody_if(json!({"Bool": {"aws:SecureTransport": "true"},
                            "StringEquals": {"s3:prefix": "x", "aws:SourceVpc": "vpc-1"}})),
    );
}

#[test]
fn a_condition_that_strangers_can_meet_does_not_narrow() {
    for (operator, key, value) in [
        ("Bool", "aws:SecureTransport", json!("true")),
        ("StringLike", "aws:Referer", json!("https://example.com/*")),
        ("StringEquals", "aws:PrincipalTag/team", json!("hpc")),
        ("StringEquals", "aws:username", json!("alice")),
        ("StringEquals", "s3:prefix", json!("public/")),
        ("StringEquals", "aws:ResourceAccount", json!("123456789012")),
        ("StringEquals", "aws:ResourceOrgID", json!("o-abcdefghij")),
        (
            "DateLessThan",
            "aws:CurrentTime",
            json!("2030-01-01T00:00:00Z"),
        ),
        ("Null", "aws:PrincipalArn", json!("false")),
        // Holds when the key is missing.
        (
            "StringEqualsIfExists",
            "aws:PrincipalOrgID",
            json!("o-abcdefghij"),
        ),
        (
            "ForAllValues:StringEquals",
            "aws:PrincipalOrgID",
            json!("o-abcdefghij"),
        ),
        // Holds for everybody else.
        (
            "StringNotEquals",
            "aws:PrincipalOrgID",
            json!("o-abcdefghij"),
        ),
        ("NotIpAddress", "aws:SourceIp", json!("192.0.2.0/24")),
        (
            "ArnNotLike",
            "aws:PrincipalArn",
            json!("arn:aws:iam::210987654321:role/x"),
        ),
        // Is not fixed.
        ("StringLike", "aws:PrincipalOrgID", json!("o-*")),
        (
            "StringLike",
            "aws:PrincipalOrgID",
            json!(["o-abcdefghij", "*"]),
        ),
        ("StringLike", "aws:PrincipalAccount", json!("21098765432?")),
        (
            "StringEquals",
            "aws:PrincipalAccount",
            json!("${aws:PrincipalAccount}"),
        ),
        ("StringEquals", "aws:PrincipalAccount", json!("")),
        (
            "ForAnyValue:StringLike",
            "aws:PrincipalOrgPaths",
            json!("*/r-ab12/*"),
        ),
        (
            "ArnLike",
            "aws:PrincipalArn",
            json!("arn:aws:iam::*:role/parallelcluster/*"),
        ),
        ("ArnLike", "aws:SourceArn", json!("arn:aws:s3:::logs-*")),
        (
            "StringLike",
            "aws:PrincipalArn",
            json!("arn:*:210987654321:role/x"),
        ),
        ("StringLike", "aws:PrincipalArn", json!("*")),
        (
            "ArnLike",
            "aws:PrincipalArn",
            json!("arn:aws:iam::210987654321:role/${aws:username}"),
        ),
        ("StringLike", "aws:userid", json!("*:session")),
        // Is the internet.
        ("IpAddress", "aws:SourceIp", json!("0.0.0.0/0")),
        (
            "IpAddress",
            "aws:SourceIp",
            json!(["0.0.0.0/1", "128.0.0.0/1"]),
        ),
        (
            "IpAddress",
            "aws:SourceIp",
            json!(["12.0.0.0/8", "13.0.0.0/8"]),
        ),
        ("IpAddress", "aws:SourceIp", json!("8.0.0.0/7")),
        ("IpAddress", "aws:SourceIp", json!("::/0")),
        (
            "IpAddress",
            "aws:SourceIp",
            json!(["2001:db8::/32", "::/1"]),
        ),
        ("IpAddress", "aws:SourceIp", json!("everywhere")),
        ("IpAddress", "aws:SourceIp", json!("10.0.0.0/7")),
        ("IpAddress", "aws:SourceIp", json!("192.0.2.0/33")),
        ("StringEquals", "aws:SourceIp", json!("192.0.2.0/24")),
    ] {
        fails(
            key,
            Rule::Public,
            everybody_if(json!({operator: {key: value}})),
        );
    }
}
