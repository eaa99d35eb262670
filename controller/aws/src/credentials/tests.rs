//! Checks what may name a role, and what becomes of a refusal.

use super::*;
use crate::stub::Stub;
use crate::{AwsConfig, AwsSettings};

fn how(external_id: Option<&str>) -> AssumeRole {
    AssumeRole {
        template: "arn:aws:iam::{account}:role/streamkeeper".parse().unwrap(),
        external_id: external_id.map(|id| id.parse().unwrap()),
    }
}

#[test]
fn a_template_has_the_account_where_iam_reads_it() {
    for (template, role) in [
        (
            "arn:aws:iam::{account}:role/streamkeeper",
            "arn:aws:iam::444455556666:role/streamkeeper",
        ),
        (
            "arn:aws-us-gov:iam::{account}:role/hpc/keeper-{account}",
            "arn:aws-us-gov:iam::444455556666:role/hpc/keeper-444455556666",
        ),
        (
            "arn:aws-cn:iam::{account}:role/a_+=,.@-1",
            "arn:aws-cn:iam::444455556666:role/a_+=,.@-1",
        ),
    ] {
        let parsed: RoleTemplate = template.parse().unwrap();
        assert_eq!(parsed.role_in("444455556666"), role);
    }
    for template in [
        "",
        "streamkeeper",
        "arn:aws:iam::111122223333:role/streamkeeper",
        "arn:aws:iam::111122223333:role/{account}",
        "arn:aws:iam::{account}:user/streamkeeper",
        "arn:aws:iam::{account}:role/",
        "arn:aws:iam::{account}:role/path/",
        "arn:aws:iam::{account}:role/{region}",
        "arn:aws:sts::{account}:role/streamkeeper",
        "arn:awsome:iam::{account}:role/streamkeeper",
        "arn:aws:iam::{account}:role/stream keeper",
    ] {
        let parsed = template.parse::<RoleTemplate>();
        assert!(parsed.is_err(), "{template:?} was accepted");
    }
    let long = format!("arn:aws:iam::{{account}}:role/{}", "x".repeat(LONGEST_ARN));
    assert!(long.parse::<RoleTemplate>().is_err());
}

#[test]
fn an_external_id_is_never_printed() {
    let how = how(Some("hush-hush"));
    let config = AwsConfig::fixed("http://127.0.0.1:9", "eu-west-1", "key", "s3cr3t");
    let config = config.with_role(Some(how.clone()));
    let assuming = config.assuming("eu-west-1", "444455556666").unwrap();
    for printed in [format!("{how:?}"), format!("{config:?}{assuming:?}")] {
        assert!(!printed.contains("hush"), "{printed}");
    }
    for refused in ["", "x", "with space", "ünicode", &"x".repeat(1225)] {
        let error = refused.parse::<ExternalId>().unwrap_err();
        assert!(refused.len() < 2 || !error.contains(refused), "{error}");
    }
}

async fn refused(answer: &'static str) -> (ApplyError, usize) {
    let stub = Stub::answering(answer).await;
    let config = AwsConfig::fixed(&stub.url, "eu-west-1", "key", "secret")
        .with_settings(AwsSettings {
            read_attempts: 1,
            ..AwsSettings::default()
        })
        .with_role(Some(how(None)));
    let config = config.assuming("eu-west-1", "444455556666").unwrap();
    let error = config.identity("eu-west-1").await.unwrap_err();
    (error, stub.requests())
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_a_definite_no_in_awss_words() {
    let (error, requests) = refused(
        "HTTP/1.1 403 Forbidden\r\ncontent-type: text/xml\r\ncontent-length: 133\r\n\
         connection: close\r\n\r\n<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied\
         </Code><Message>not authorized here</Message></Error></ErrorResponse>     ",
    )
    .await;
    assert_eq!(error.class, ErrorClass::Denied, "{error}");
    assert_eq!(error.code, "AccessDenied");
    let words = "AssumeRole arn:aws:iam::444455556666:role/streamkeeper: not authorized here";
    assert_eq!(error.message, words);
    assert_eq!(requests, 1, "nothing but AssumeRole was asked");
}

#[tokio::test]
async fn an_sts_in_trouble_passes_and_is_no_refusal() {
    let (error, _) = refused(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert_eq!(error.class, ErrorClass::NotReady, "{error}");
}

#[test]
fn only_errors_about_credentials_count_as_a_change() {
    let changes = Changes::default();
    let error = |code: &str| ApplyError {
        class: ErrorClass::Denied,
        code: code.to_owned(),
        message: String::new(),
        request_id: None,
    };
    changes.note_refusal(&error("AccessDeniedException"));
    assert_eq!(changes.count(), 0);
    changes.note_refusal(&error("ExpiredTokenException"));
    changes.note_refusal(&error("UnrecognizedClientException"));
    assert_eq!(changes.count(), 2);
}
