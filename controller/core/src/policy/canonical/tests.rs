//! Pairs of policies, and whether they mean the same.

use serde_json::{Value, json};

use super::*;
use crate::policy::Identities;

/// Checks both directions, and that each side is equivalent to itself.
#[track_caller]
fn check(name: &str, a: &Value, b: &Value, equal: bool) {
    assert_eq!(equivalent(a, b), equal, "{name}: {a} and {b}");
    assert_eq!(equivalent(b, a), equal, "{name}, swapped: {b} and {a}");
    assert!(equivalent(a, a) && equivalent(b, b), "{name}: to itself");
}

/// A policy of one statement, an ordinary one but for the given elements (`null` leaves one out).
fn policy(elements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [statement(elements)]})
}

fn statement(elements: Value) -> Value {
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": {"AWS": "111122223333"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*",
    });
    let object = statement.as_object_mut().unwrap();
    for (key, value) in elements.as_object().unwrap() {
        if value.is_null() {
            object.remove(key);
        } else {
            object.insert(key.clone(), value.clone());
        }
    }
    statement
}

#[track_caller]
fn same(name: &str, a: Value, b: Value) {
    check(name, &policy(a), &policy(b), true);
}

#[track_caller]
fn differ(name: &str, a: Value, b: Value) {
    check(name, &policy(a), &policy(b), false);
}

#[test]
fn what_s3_rewrites_is_no_difference() {
    same(
        "a list of one comes back as a string",
        json!({"Action": ["s3:GetObject"], "Resource": ["r"]}),
        json!({"Action": "s3:GetObject", "Resource": "r"}),
    );
    same(
        "lists come back in another order",
        json!({"Action": ["s3:GetObject", "s3:PutObject"], "Principal": {"AWS": ["x", "y"]}}),
        json!({"Action": ["s3:PutObject", "s3:GetObject"], "Principal": {"AWS": ["y", "x"]}}),
    );
    same(
        "an account id comes back as its root",
        json!({"Principal": {"AWS": "111122223333"}}),
        json!({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}),
    );
    same(
        "an account id in a list",
        json!({"Principal": {"AWS": ["arn:aws:iam::222233334444:role/x", "111122223333"]}}),
        json!({"Principal": {"AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::222233334444:role/x"]}}),
    );
}

#[test]
fn names_that_iam_reads_without_case_are_no_difference() {
    same(
        "action",
        json!({"Action": "s3:GetObject"}),
        json!({"Action": "S3:getobject"}),
    );
    same(
        "everything but an action",
        json!({"Action": null, "NotAction": "s3:GetObject"}),
        json!({"Action": null, "NotAction": ["S3:GETOBJECT"]}),
    );
    same(
        "condition operator and key",
        json!({"Condition": {"StringEquals": {"aws:PrincipalTag/Dept": "X"}}}),
        json!({"Condition": {"stringequals": {"AWS:principaltag/dept": ["X"]}}}),
    );
}

#[test]
fn case_counts_where_aws_reads_it() {
    differ(
        "resource",
        json!({"Resource": "arn:aws:s3:::b/User/*"}),
        json!({"Resource": "arn:aws:s3:::b/user/*"}),
    );
    differ(
        "principal",
        json!({"Principal": {"AWS": "arn:aws:iam::111122223333:role/X"}}),
        json!({"Principal": {"AWS": "arn:aws:iam::111122223333:role/x"}}),
    );
    differ(
        "condition value",
        json!({"Condition": {"StringEquals": {"k": "X"}}}),
        json!({"Condition": {"StringEquals": {"k": "x"}}}),
    );
    differ(
        "tag key of an S3 object",
        json!({"Condition": {"StringEquals": {"s3:ExistingObjectTag/Dept": "x"}}}),
        json!({"Condition": {"StringEquals": {"s3:ExistingObjectTag/dept": "x"}}}),
    );
    differ("Sid", json!({"Sid": "A"}), json!({"Sid": "a"}));
    // S3 takes "Allow" and "Deny" only: another spelling is not read at all.
    differ(
        "effect",
        json!({"Effect": "Allow"}),
        json!({"Effect": "allow"}),
    );
}

#[test]
fn everybody_is_everybody_in_both_spellings() {
    same(
        "principal",
        json!({"Principal": "*"}),
        json!({"Principal": {"AWS": "*"}}),
    );
    same(
        "not principal",
        json!({"Principal": null, "NotPrincipal": "*"}),
        json!({"Principal": null, "NotPrincipal": {"AWS": ["*"]}}),
    );
}

#[test]
fn everybody_is_not_somebody_nobody_or_the_opposite() {
    let everybody = json!({"Principal": "*"});
    for (name, other) in [
        ("another bare string", json!({"Principal": "x"})),
        (
            "all but everybody",
            json!({"Principal": null, "NotPrincipal": "*"}),
        ),
        ("left out", json!({"Principal": null})),
        ("an empty object", json!({"Principal": {}})),
        ("an empty list", json!({"Principal": {"AWS": []}})),
        ("every service", json!({"Principal": {"Service": "*"}})),
        (
            "a list with everybody in it",
            json!({"Principal": {"AWS": ["*", "x"]}}),
        ),
    ] {
        differ(name, everybody.clone(), other);
    }
}

#[test]
fn absent_is_not_empty() {
    differ(
        "principal",
        json!({"Principal": null}),
        json!({"Principal": {}}),
    );
    differ(
        "principal kind",
        json!({"Principal": {}}),
        json!({"Principal": {"AWS": []}}),
    );
    differ("action", json!({"Action": null}), json!({"Action": []}));
    differ(
        "resource",
        json!({"Resource": null}),
        json!({"Resource": []}),
    );
    differ(
        "condition values",
        json!({"Condition": {"StringEquals": {"k": []}}}),
        json!({"Condition": {"StringEquals": {}}}),
    );
    differ(
        "condition key",
        json!({"Condition": {"StringEquals": {}}}),
        json!({"Condition": null}),
    );
}

#[test]
fn an_account_is_of_one_partition() {
    differ(
        "root of another partition",
        json!({"Principal": {"AWS": "111122223333"}}),
        json!({"Principal": {"AWS": "arn:aws-cn:iam::111122223333:root"}}),
    );
    same(
        "the resources say which partition",
        json!({"Principal": {"AWS": "111122223333"}, "Resource": "arn:aws-cn:s3:::b"}),
        json!({"Principal": {"AWS": "arn:aws-cn:iam::111122223333:root"}, "Resource": "arn:aws-cn:s3:::b"}),
    );
    differ(
        "and not another",
        json!({"Principal": {"AWS": "111122223333"}, "Resource": "arn:aws-cn:s3:::b"}),
        json!({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Resource": "arn:aws-cn:s3:::b"}),
    );
    differ(
        "a service of that name is not an account",
        json!({"Principal": {"Service": "111122223333"}}),
        json!({"Principal": {"Service": "arn:aws:iam::111122223333:root"}}),
    );
}

#[test]
fn an_account_is_of_the_bucket_s_partition_when_no_resource_says() {
    let by_id = policy(json!({"Resource": "*", "Principal": {"AWS": "111122223333"}}));
    let by_arn = policy(json!({
        "Resource": "*", "Principal": {"AWS": "arn:aws-cn:iam::111122223333:root"}
    }));
    check("of the partition aws", &by_id, &by_arn, false);
    let in_china = Names {
        partition: "aws-cn",
        ..Names::default()
    };
    assert!(equivalent_with(&by_id, &by_arn, in_china));
    assert!(equivalent_with(&by_arn, &by_id, in_china));
}

fn names(identities: &Identities) -> Names<'_> {
    Names {
        identities,
        ..Names::default()
    }
}

#[test]
fn a_unique_id_is_an_arn_only_with_proof() {
    let role = "arn:aws:iam::111122223333:role/x";
    let by_id = policy(json!({"Principal": {"AWS": "AROAEXAMPLEID1234567"}}));
    let by_arn = policy(json!({"Principal": {"AWS": role}}));
    check("no proof", &by_id, &by_arn, false);

    let proof = Identities::new([("AROAEXAMPLEID1234567".to_owned(), role.to_owned())]);
    assert!(equivalent_with(&by_id, &by_arn, names(&proof)));
    assert!(statements_equivalent_with(
        &by_id["Statement"][0],
        &by_arn["Statement"][0],
        names(&proof)
    ));
    let another = Identities::new([(
        "AROAEXAMPLEID1234567".to_owned(),
        "arn:aws:iam::111122223333:role/y".to_owned(),
    )]);
    assert!(!equivalent_with(&by_id, &by_arn, names(&another)));
}

#[test]
fn repetition_means_nothing() {
    same(
        "action",
        json!({"Action": ["s3:GetObject", "s3:PutObject", "S3:getobject"]}),
        json!({"Action": ["s3:PutObject", "s3:GetObject"]}),
    );
    let once = statement(json!({}));
    check(
        "statement",
        &json!({"Statement": [once, once]}),
        &json!({"Statement": once}),
        true,
    );
    let other = statement(json!({"Effect": "Deny"}));
    check(
        "which of two is repeated",
        &json!({"Statement": [once, once, other]}),
        &json!({"Statement": [once, other, other]}),
        true,
    );
}

#[test]
fn statements_are_a_set() {
    let a = statement(json!({"Sid": "A"}));
    let b = statement(json!({"Sid": "B"}));
    check(
        "order",
        &json!({"Statement": [a, b]}),
        &json!({"Statement": [b, a]}),
        true,
    );
    check(
        "an object",
        &json!({"Statement": a}),
        &json!({"Statement": [a]}),
        true,
    );
    check(
        "one more",
        &json!({"Statement": [a]}),
        &json!({"Statement": [a, b]}),
        false,
    );
    check(
        "none",
        &json!({"Statement": []}),
        &json!({"Statement": [a]}),
        false,
    );
}

#[test]
fn condition_values_are_sets_of_strings() {
    let check = |operator: &str, a: Value, b: Value, equal: bool| {
        let with = |value| policy(json!({"Condition": {operator: {"k": value}}}));
        check(operator, &with(a), &with(b), equal);
    };
    check(
        "StringEquals",
        json!(["x", "y"]),
        json!(["y", "x", "y"]),
        true,
    );
    check("StringEquals", json!(["x", "y"]), json!(["x"]), false);
    check("Bool", json!(true), json!(["true"]), true);
    check("Bool", json!(true), json!("false"), false);
    check("StringEquals", json!(3600), json!("3600"), true);
    check("StringEquals", json!(1.0), json!("1.0"), true);
    check("StringEquals", json!("1.0"), json!("1"), false);
}

#[test]
fn numbers_are_equal_as_numbers_under_a_numeric_operator() {
    let check = |a: Value, b: Value, equal: bool| {
        for operator in ["NumericLessThan", "ForAnyValue:NumericEqualsIfExists"] {
            let with = |value: &Value| policy(json!({"Condition": {operator: {"k": value}}}));
            check(operator, &with(&a), &with(&b), equal);
        }
    };
    check(json!(1.0), json!("1"), true);
    check(json!("01.50"), json!(1.5), true);
    check(json!("-0.0"), json!(0), true);
    check(json!("-1"), json!("1"), false);
    check(json!("1.2"), json!("1.20001"), false);
    check(json!("100"), json!("1"), false);
    check(json!("1."), json!("1"), false);
    check(json!(""), json!("0"), false);
}

#[test]
fn minus_zero_is_zero_wherever_it_is() {
    let with =
        |operator: &str, value: Value| policy(json!({"Condition": {operator: {"k": value}}}));
    for operator in ["StringEquals", "NumericEquals"] {
        let minus = with(operator, json!(-0.0));
        check(operator, &minus, &with(operator, json!(0.0)), true);
        check(operator, &minus, &with(operator, json!("0.0")), true);
    }
    // JSON compares the two as equal, so the text of a strange statement must not tell them apart.
    let strange = |value: Value| json!({"Statement": [{"x": value}, statement(json!({"Action": ["s3:GetObject"]}))]});
    let mut other = strange(json!(0.0));
    other["Statement"][1]["Action"] = json!("s3:GetObject");
    check("strange", &strange(json!(-0.0)), &other, true);
}

#[test]
fn a_number_that_stands_for_several_is_equal_only_to_itself() {
    let with = |value: Value| policy(json!({"Condition": {"StringEquals": {"k": value}}}));
    let large = with(serde_json::from_str("18446744073709551616").unwrap());
    check(
        "the text",
        &large,
        &with(json!("1.8446744073709552e19")),
        false,
    );
    check(
        "the digits",
        &large,
        &with(json!("18446744073709551616")),
        false,
    );
    check(
        "the last that is exact",
        &with(json!(u64::MAX)),
        &with(json!("18446744073709551615")),
        true,
    );
}

#[test]
fn a_condition_that_is_empty_is_none() {
    same(
        "condition",
        json!({"Condition": {}}),
        json!({"Condition": null}),
    );
}

#[test]
fn a_condition_is_compared_by_operator_key_and_value() {
    let one = json!({"Condition": {"StringEquals": {"k": "x"}}});
    for (name, other) in [
        ("none", json!({})),
        ("operator", json!({"Condition": {"StringLike": {"k": "x"}}})),
        (
            "operator that lets a missing key pass",
            json!({"Condition": {"StringEqualsIfExists": {"k": "x"}}}),
        ),
        (
            "set operator",
            json!({"Condition": {"ForAllValues:StringEquals": {"k": "x"}}}),
        ),
        ("key", json!({"Condition": {"StringEquals": {"l": "x"}}})),
        (
            "one key more",
            json!({"Condition": {"StringEquals": {"k": "x", "l": "x"}}}),
        ),
        (
            "one operator more",
            json!({"Condition": {"StringEquals": {"k": "x"}, "Bool": {"k": "x"}}}),
        ),
        (
            "two spellings of one key",
            json!({"Condition": {"StringEquals": {"k": "x", "K": "x"}}}),
        ),
        (
            "two spellings of one operator",
            json!({"Condition": {"StringEquals": {"k": "x"}, "stringEquals": {"k": "x"}}}),
        ),
        (
            "null",
            json!({"Condition": {"StringEquals": {"k": ["x", null]}}}),
        ),
        (
            "a list in a list",
            json!({"Condition": {"StringEquals": {"k": [["x"]]}}}),
        ),
    ] {
        differ(name, one.clone(), other);
    }
}

#[test]
fn a_wildcard_is_only_itself() {
    differ(
        "action",
        json!({"Action": ["s3:*", "s3:GetObject"]}),
        json!({"Action": "s3:*"}),
    );
    differ(
        "all actions",
        json!({"Action": "*"}),
        json!({"Action": "s3:*"}),
    );
    differ(
        "resource",
        json!({"Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}),
        json!({"Resource": "arn:aws:s3:::b*"}),
    );
}

#[test]
fn an_element_is_not_its_opposite() {
    differ(
        "action",
        json!({"Action": "s3:*"}),
        json!({"Action": null, "NotAction": "s3:*"}),
    );
    differ(
        "resource",
        json!({"Resource": "r"}),
        json!({"Resource": null, "NotResource": "r"}),
    );
    differ(
        "effect",
        json!({"Effect": "Allow"}),
        json!({"Effect": "Deny"}),
    );
    differ(
        "the kind of a principal",
        json!({"Principal": {"AWS": "x"}}),
        json!({"Principal": {"Federated": "x"}}),
    );
}

#[test]
fn an_empty_sid_is_none_and_any_other_counts() {
    same("empty", json!({"Sid": ""}), json!({}));
    differ("one more", json!({"Sid": "x"}), json!({}));
    differ("another", json!({"Sid": "x"}), json!({"Sid": "y"}));
}

#[test]
fn the_header_counts() {
    let with = |header: Value| {
        let mut policy = header;
        policy["Statement"] = json!([statement(json!({}))]);
        policy
    };
    let old = json!({"Version": "2008-10-17"});
    let new = json!({"Version": "2012-10-17"});
    check(
        "absent is the old version",
        &with(json!({})),
        &with(old.clone()),
        true,
    );
    check(
        "absent is not the new one",
        &with(json!({})),
        &with(new.clone()),
        false,
    );
    check("versions", &with(old), &with(new), false);
    check(
        "id",
        &with(json!({"Id": "x"})),
        &with(json!({"Id": "y"})),
        false,
    );
    check(
        "id or none",
        &with(json!({"Id": "x"})),
        &with(json!({})),
        false,
    );
}

#[test]
fn what_is_not_understood_is_equal_only_to_itself() {
    for strange in [
        json!({"Conditions": {"StringEquals": {"k": "x"}}}),
        json!({"action": "s3:GetObject"}),
        json!({"Effect": null}),
        json!({"Effect": "Permit"}),
        json!({"Sid": 1}),
        json!({"Action": {"s3": "GetObject"}}),
        json!({"Action": ["s3:GetObject", 1]}),
        json!({"NotAction": "s3:GetObject"}),
        json!({"Principal": ["*"]}),
        json!({"Principal": {"Aws": "*"}}),
        json!({"Condition": []}),
        json!({"Condition": {"StringEquals": "x"}}),
    ] {
        differ("and an ordinary statement", strange.clone(), json!({}));
        let list = policy(json!({"Action": ["s3:GetObject"]}));
        let mut both = policy(strange.clone());
        both["Statement"] = json!([list["Statement"][0], statement(strange.clone())]);
        let mut swapped = both.clone();
        swapped["Statement"].as_array_mut().unwrap().reverse();
        check("beside one that is understood", &both, &swapped, true);
        assert!(!statements_equivalent(
            &statement(strange),
            &statement(json!({}))
        ));
    }
}

#[test]
fn documents_that_are_not_policies_are_equal_only_to_themselves() {
    let ordinary = policy(json!({}));
    let mut unknown_key = ordinary.clone();
    unknown_key["Statements"] = json!([]);
    for strange in [
        json!(null),
        json!("*"),
        json!({}),
        json!({"Version": "2012-10-17"}),
        json!({"Version": 2012, "Statement": ordinary["Statement"]}),
        json!({"Version": "2012-10-17", "Id": 1, "Statement": ordinary["Statement"]}),
        json!({"Version": "2012-10-17", "Statement": "none"}),
        json!([ordinary]),
        unknown_key,
    ] {
        check("strange", &strange, &ordinary, false);
    }
}

#[test]
fn the_text_of_a_strange_statement_does_not_depend_on_the_order_of_its_keys() {
    let a: Value = serde_json::from_str(r#"{"b":[1,{"d":null,"c":"\""}],"a":1.0}"#).unwrap();
    assert_eq!(sorted_json(&a), r#"{"a":1.0,"b":[1,{"c":"\"","d":null}]}"#);
}
