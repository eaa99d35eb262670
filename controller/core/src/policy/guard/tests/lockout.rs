//! Who is locked out.

use serde_json::json;

use super::*;

/// Exempts everybody who must get in, as the messages advise.
const EXEMPT: [&str; 4] = [
    "arn:aws:iam::123456789012:role/Keeper",
    "arn:aws:iam::123456789012:root",
    "arn:aws:iam::123456789012:role/service-role/AmazonAppStreamServiceAccess",
    "arn:aws:iam::123456789012:role/parallelcluster/*",
];

/// A Deny of everything to everybody under a condition, on the bucket and all in it.
fn nobody_if(condition: Value) -> Value {
    json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": condition,
           "Resource": [format!("arn:aws:s3:::{HOME}"), format!("arn:aws:s3:::{HOME}/*")]})
}

#[test]
fn denying_everybody_without_exemption_locks_out_all_who_must_get_in() {
    let refusals = faults_of(nobody_if(json!({})));
    assert!(refusals.iter().all(|refusal| refusal.rule == Rule::LockOut));
    let text: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    let who = [
        "Keeper/i-0abc",
        ":root",
        "/PhotonSession",
        "/AppStream2.0",
        "role/parallelcluster/*",
    ];
    assert_eq!(text.len(), who.len(), "{text:#?}");
    for (text, who) in text.iter().zip(who) {
        assert!(text.contains(who), "{text} should name {who}");
    }
    assert_eq!(
        text[1],
        "statement A: it denies or may deny s3:getbucketpolicy and 2 more to the account's root \
         (arn:aws:iam::123456789012:root); exempt them by the condition ArnNotLike \
         aws:PrincipalArn"
    );
}

#[test]
fn a_deny_that_ordinary_requests_do_not_meet_passes() {
    for (name, elements) in [
        (
            "plain HTTP",
            nobody_if(json!({"Bool": {"aws:SecureTransport": "false"}})),
        ),
        (
            "old TLS",
            nobody_if(json!({"NumericLessThan": {"s3:TlsVersion": 1.2}})),
        ),
        (
            "the old signature",
            nobody_if(json!({"StringEquals": {"s3:signatureversion": "AWS"}})),
        ),
        (
            "old signatures",
            nobody_if(json!({"NumericGreaterThan": {"s3:signatureAge": "600000"}})),
        ),
        (
            "public ACLs",
            nobody_if(
                json!({"StringEquals": {"s3:x-amz-acl": ["public-read", "public-read-write"]}}),
            ),
        ),
        (
            "tagged objects",
            nobody_if(json!({"StringEquals": {"s3:ExistingObjectTag/secret": "yes"}})),
        ),
        (
            "another account",
            nobody_if(json!({"StringEquals": {"aws:PrincipalAccount": "210987654321"}})),
        ),
        (
            "listing outside users' folders",
            json!({"Effect": "Deny", "Principal": "*",
            "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{HOME}"),
            "Condition": {"StringNotLike": {"s3:prefix": "user/*"}}}),
        ),
        (
            "one person's folder",
            json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": format!("arn:aws:s3:::{HOME}/user/custom/a0bcb1da11f480d9b5b3e90f91243143eac04cfccfbdc777e740fab628a1cd13/*")}),
        ),
        (
            "what nobody needs",
            json!({"Effect": "Deny", "Principal": "*",
            "Action": ["s3:PutObjectAcl", "s3:PutBucketAcl", "s3:DeleteBucket"]}),
        ),
        (
            "all but reading and AppStream's work",
            json!({"Effect": "Deny", "Principal": "*", "Action": null,
            "NotAction": ["s3:Get*", "s3:List*", "s3:*Object", "s3:*ObjectVersion", "s3:*BucketPolicy", "s3:PutEncryptionConfiguration"]}),
        ),
        (
            "one role",
            json!({"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::123456789012:role/Intern"}, "Action": "s3:*"}),
        ),
        (
            "another account's principals",
            json!({"Effect": "Deny", "Principal": {"AWS": "210987654321"}, "Action": "s3:*"}),
        ),
        (
            "a service",
            json!({"Effect": "Deny", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:*"}),
        ),
        (
            "one cluster's nodes",
            nobody_if(
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/parallelcluster/old/*"}}),
            ),
        ),
    ] {
        passes(name, elements);
    }
}

#[test]
fn a_deny_that_exempts_all_who_must_get_in_passes() {
    for operator in [
        "ArnNotLike",
        "ArnNotEquals",
        "StringNotLike",
        "ArnNotLikeIfExists",
    ] {
        passes(
            operator,
            nobody_if(json!({operator: {"aws:PrincipalArn": EXEMPT}})),
        );
    }
    passes(
        "the caller's role with its path",
        nobody_if(json!({"ArnNotLike": {"aws:PrincipalArn": [
            "arn:aws:iam::123456789012:role/ops/eu/Keeper", EXEMPT[1], EXEMPT[2], EXEMPT[3]]}})),
    );
    passes(
        "everybody of AWS",
        nobody_if(json!({"StringNotLike": {"aws:PrincipalArn": "arn:aws:*"}})),
    );
    passes(
        "the whole account",
        nobody_if(json!({"StringNotEquals": {"aws:PrincipalAccount": "123456789012"}})),
    );
}

#[test]
fn an_exemption_that_misses_somebody_is_refused() {
    for (missing, name) in EXEMPT.iter().enumerate() {
        let mut exempt = EXEMPT.to_vec();
        exempt.remove(missing);
        let refusals = faults_of(nobody_if(
            json!({"ArnNotLike": {"aws:PrincipalArn": exempt}}),
        ));
        // The service role has two sessions.
        let expected = if missing == 2 { 2 } else { 1 };
        assert_eq!(rules(&refusals), vec![Rule::LockOut; expected], "{name}");
    }
}

#[test]
fn what_cannot_be_known_counts_as_locked_out() {
    for condition in [
        json!({"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
        json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}),
        json!({"StringNotEquals": {"aws:PrincipalTag/team": "hpc"}}),
        json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}),
        json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
        json!({"DateGreaterThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}),
        json!({"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}}),
        json!({"StringUnheardOf": {"aws:PrincipalAccount": "210987654321"}}),
        json!({"Null": {"aws:SourceVpce": "true"}}),
        json!({"StringEquals": {"s3:x-amz-server-side-encryption": "AES256"}}),
        json!({"StringEquals": {"s3:ResourceAccount": "123456789012"}}),
        json!({"Null": {"aws:PrincipalArn": "False"}}),
        json!({"Null": {"s3:x-amz-acl": true}}),
        // A pattern of an ARN does not run over its colons; one of a text does.
        json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:*"}}),
        json!({"ArnNotLike": {"aws:PrincipalArn": "*"}}),
        json!({"ArnNotLike": {"aws:PrincipalArn": ["arn:aws:iam::123456789012:role/ops/*", EXEMPT[1], EXEMPT[2], EXEMPT[3]]}}),
    ] {
        fails(&condition.to_string(), Rule::LockOut, nobody_if(condition));
    }
    fails(
        "a unique id",
        Rule::LockOut,
        json!({"Effect": "Deny", "Principal": {"AWS": "AROAEXAMPLEID1234567"}, "Action": "s3:*"}),
    );
    fails(
        "a canonical user",
        Rule::LockOut,
        json!({"Effect": "Deny", "Principal": {"CanonicalUser": "79a59df900b949e5"}, "Action": "s3:*"}),
    );
    fails(
        "a folder named by a variable",
        Rule::LockOut,
        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
               "Resource": format!("arn:aws:s3:::{HOME}/user/${{aws:username}}/*")}),
    );
}

#[test]
fn a_deny_of_everybodys_files_locks_out_appstream() {
    let service_only = |elements: Value| {
        let refusals = faults_of(elements);
        assert_eq!(rules(&refusals), [Rule::LockOut; 2], "{refusals:?}");
        assert!(
            refusals
                .iter()
                .all(|r| r.message.contains("AppStream's service role"))
        );
    };
    service_only(json!({"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject"}));
    service_only(
        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
        "Resource": format!("arn:aws:s3:::{HOME}/user/custom/*")}),
    );
    service_only(
        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": null,
        "NotResource": format!("arn:aws:s3:::{HOME}/shared/*")}),
    );
    service_only(
        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
        "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}}),
    );
    service_only(json!({"Effect": "Deny", "Action": "s3:PutObject",
        "Principal": {"AWS": "arn:aws:iam::123456789012:role/service-role/AmazonAppStreamServiceAccess"}}));
}

#[test]
fn a_missing_key_meets_the_operators_that_iam_says_it_meets() {
    // An ordinary request sets no ACL.
    for operator in [
        "StringEqualsIfExists",
        "ForAllValues:StringEquals",
        "StringNotEquals",
        "StringNotLike",
    ] {
        let condition = json!({operator: {"s3:x-amz-acl": "public-read"}});
        fails(operator, Rule::LockOut, nobody_if(condition));
    }
    for operator in [
        "StringEquals",
        "ForAnyValue:StringEquals",
        "ForAnyValue:StringNotEquals",
    ] {
        let condition = json!({operator: {"s3:x-amz-acl": "public-read"}});
        passes(operator, nobody_if(condition));
    }
}

#[test]
fn numbers_are_compared_as_numbers() {
    for (operator, value, meets) in [
        ("NumericLessThan", "1.3", false),
        ("NumericLessThan", "1.30001", true),
        ("NumericLessThanEquals", "1.3", true),
        ("NumericGreaterThan", "1.3", false),
        ("NumericGreaterThanEquals", "1.30", true),
        ("NumericEquals", "1.30", true),
        ("NumericNotEquals", "1.3", false),
        ("NumericEquals", "all", true),
    ] {
        let elements = nobody_if(json!({operator: {"s3:TlsVersion": value}}));
        if meets {
            fails(operator, Rule::LockOut, elements);
        } else {
            passes(operator, elements);
        }
    }
}

#[test]
fn an_account_means_all_in_it_and_a_namesake_elsewhere_is_somebody_else() {
    let deny = |principal: &str| {
        json!({"Effect": "Deny", "Principal": {"AWS": principal}, "Action": "s3:*",
               "Resource": [format!("arn:aws:s3:::{HOME}"), format!("arn:aws:s3:::{HOME}/*")]})
    };
    assert_eq!(faults_of(deny("123456789012")).len(), 5);
    assert_eq!(
        faults_of(deny("arn:aws:iam::123456789012:role/ops/Keeper")).len(),
        1
    );
    passes("a namesake", deny("arn:aws:iam::210987654321:role/Keeper"));
}

#[test]
fn one_session_of_the_service_role_is_protected_as_the_other() {
    for session in ["PhotonSession", "AppStream2.0"] {
        fails(
            session,
            Rule::LockOut,
            json!({"Effect": "Deny", "Action": "s3:PutObject", "Principal": {"AWS":
                format!("arn:aws:sts::123456789012:assumed-role/AmazonAppStreamServiceAccess/{session}")}}),
        );
    }
}

#[test]
fn a_not_principal_must_name_roles_and_sessions() {
    let service = "arn:aws:sts::123456789012:assumed-role/AmazonAppStreamServiceAccess";
    let all = [
        "arn:aws:iam::123456789012:root".to_owned(),
        "arn:aws:iam::123456789012:role/Keeper".to_owned(),
        "arn:aws:sts::123456789012:assumed-role/Keeper/i-0abc".to_owned(),
        EXEMPT[2].to_owned(),
        format!("{service}/PhotonSession"),
        format!("{service}/AppStream2.0"),
    ];
    let deny = |listed: &[String]| {
        json!({"Effect": "Deny", "Principal": null, "NotPrincipal": {"AWS": listed},
               "Action": ["s3:PutObject", "s3:*BucketPolicy"],
               "Resource": [format!("arn:aws:s3:::{HOME}"), format!("arn:aws:s3:::{HOME}/*")]})
    };
    passes("all", deny(&all));
    for missing in 0..all.len() {
        let mut listed = all.to_vec();
        let name = listed.remove(missing);
        fails(&name, Rule::LockOut, deny(&listed));
    }
}

#[test]
fn the_documented_way_to_restrict_administrators_would_lock_us_out() {
    // AWS's own template names one session only, and no cluster or daemon at all.
    let elements = json!({"Effect": "Deny", "Principal": null, "Action": "s3:*",
        "NotPrincipal": {"AWS": [EXEMPT[2], "arn:aws:sts::123456789012:assumed-role/AmazonAppStreamServiceAccess/PhotonSession"]},
        "Resource": format!("arn:aws:s3:::{HOME}")});
    let who: Vec<String> = faults_of(elements).into_iter().map(|r| r.message).collect();
    assert_eq!(who.len(), 4, "{who:#?}");
    assert!(!who.iter().any(|message| message.contains("PhotonSession")));
}

#[test]
fn other_buckets_are_guarded_for_us_and_the_account_only() {
    let deny = |action: &str, resource: &str| {
        let elements =
            json!({"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource});
        let after = policy(vec![statement("scratch", elements)]);
        rules(&guard(None, &after, &context("scratch")))
    };
    assert_eq!(deny("s3:GetObject", "arn:aws:s3:::scratch/*"), []);
    assert_eq!(deny("s3:*", "arn:aws:s3:::scratch"), [Rule::LockOut; 2]);
}

#[test]
fn a_caller_of_any_kind_is_protected() {
    for (caller, exemption) in [
        (
            "arn:aws:iam::123456789012:user/ops/keeper",
            "arn:aws:iam::123456789012:user/ops/keeper",
        ),
        (
            "arn:aws:iam::123456789012:root",
            "arn:aws:iam::123456789012:root",
        ),
    ] {
        let mut context = context("scratch");
        context.caller_arn = caller.to_owned();
        let deny = |exempt: Value| {
            let elements = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*",
                "Resource": "arn:aws:s3:::scratch", "Condition": {"ArnNotLike": {"aws:PrincipalArn": exempt}}});
            guard(
                None,
                &policy(vec![statement("scratch", elements)]),
                &context,
            )
        };
        assert_eq!(
            deny(json!([exemption, "arn:aws:iam::123456789012:root"])),
            []
        );
        assert_ne!(deny(json!("arn:aws:iam::123456789012:user/keeper")), []);
    }
    // Of somebody we cannot read, only the account is known.
    for unreadable in [
        "",
        "keeper",
        "arn:aws:sts::123456789012:federated-user/keeper",
    ] {
        let mut context = context("scratch");
        context.caller_arn = unreadable.to_owned();
        let elements = |condition: Value| {
            json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": "arn:aws:s3:::scratch", "Condition": condition})
        };
        let faults = |condition| {
            guard(
                None,
                &policy(vec![statement("scratch", elements(condition))]),
                &context,
            )
            .len()
        };
        assert_eq!(
            faults(json!({"ArnNotLike": {"aws:PrincipalArn": EXEMPT}})),
            1,
            "{unreadable}"
        );
        assert_eq!(
            faults(json!({"StringNotEquals": {"aws:PrincipalAccount": "123456789012"}})),
            0
        );
    }
}
