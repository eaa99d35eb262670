//! Checks what every client is built with.

use aws_types::service_config::LoadServiceConfig;

use super::*;

/// What `AWS_ENDPOINT_URL_S3` or a profile's `services` section becomes.
#[derive(Debug)]
struct OnlyFor(&'static str);

impl LoadServiceConfig for OnlyFor {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        (key.service_id() == self.0 && key.env() == "AWS_ENDPOINT_URL")
            .then(|| "http://127.0.0.1:9000".to_owned())
    }
}

#[test]
fn buckets_are_in_the_path_whenever_s3_has_an_endpoint() {
    let none = SdkConfig::builder().build();
    let global = SdkConfig::builder()
        .endpoint_url("http://127.0.0.1:9000")
        .build();
    let for_s3 = SdkConfig::builder().service_config(OnlyFor("S3")).build();
    let for_sts = SdkConfig::builder().service_config(OnlyFor("STS")).build();
    assert!(!has_s3_endpoint(&none));
    assert!(has_s3_endpoint(&global));
    assert!(has_s3_endpoint(&for_s3));
    assert!(!has_s3_endpoint(&for_sts));
}

#[test]
fn fixed_configuration_has_what_it_was_given() {
    let config = AwsConfig::fixed("http://127.0.0.1:9", "eu-west-1", "key", "secret");
    assert_eq!(config.default_region().as_deref(), Some("eu-west-1"));
    assert_eq!(config.sdk.endpoint_url(), Some("http://127.0.0.1:9"));
    let cloud = config.cloud("us-east-1", "123456789012");
    assert_eq!(
        (cloud.region(), cloud.account()),
        ("us-east-1", "123456789012")
    );
}

#[test]
fn no_client_retries_by_itself() {
    let config = AwsConfig::fixed("http://127.0.0.1:9", "eu-west-1", "key", "secret");
    let Clients {
        appstream,
        tagging,
        scaling,
        s3,
        iam,
        sts,
        ..
    } = config.clients("eu-west-1", "123456789012");
    for retry in [
        appstream.config().retry_config(),
        tagging.config().retry_config(),
        scaling.config().retry_config(),
        s3.config().retry_config(),
        iam.config().retry_config(),
        sts.config().retry_config(),
    ] {
        assert_eq!(retry.map(RetryConfig::max_attempts), Some(1));
    }
}

#[test]
fn secrets_do_not_appear_in_debug_output() {
    let config = AwsConfig::fixed("http://127.0.0.1:9", "eu-west-1", "key", "s3cr3t");
    let cloud = config.cloud("eu-west-1", "123456789012");
    assert!(!format!("{config:?}{cloud:?}").contains("s3cr3t"));
}
