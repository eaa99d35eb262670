//! Puts a bucket's encryption and ownership into `s3s`'s words and back.

use s3s::dto::{
    GetBucketEncryptionOutput, GetBucketOwnershipControlsOutput, ObjectOwnership,
    OwnershipControls, OwnershipControlsRule, PutBucketEncryptionInput,
    PutBucketOwnershipControlsInput, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use serde_json::{Value, json};

use super::{about, given, text};

pub(super) fn encryption(output: &Value) -> GetBucketEncryptionOutput {
    let rules = output["ServerSideEncryptionConfiguration"]["Rules"].as_array();
    let rules = rules.into_iter().flatten().map(|rule| {
        let default = &rule["ApplyServerSideEncryptionByDefault"];
        ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: text(default, "SSEAlgorithm").map(
                |algorithm| ServerSideEncryptionByDefault {
                    sse_algorithm: ServerSideEncryption::from(algorithm),
                    kms_master_key_id: text(default, "KMSMasterKeyID"),
                },
            ),
            bucket_key_enabled: rule["BucketKeyEnabled"].as_bool(),
        }
    });
    GetBucketEncryptionOutput {
        server_side_encryption_configuration: Some(ServerSideEncryptionConfiguration {
            rules: rules.collect(),
        }),
    }
}

pub(super) fn put_encryption(input: &PutBucketEncryptionInput) -> Value {
    let rules = input.server_side_encryption_configuration.rules.iter();
    let rules: Vec<Value> = rules
        .map(|rule| {
            let default = rule.apply_server_side_encryption_by_default.as_ref();
            given(json!({
                "ApplyServerSideEncryptionByDefault": default.map(|default| given(json!({
                    "SSEAlgorithm": default.sse_algorithm.as_str(),
                    "KMSMasterKeyID": default.kms_master_key_id,
                }))),
                "BucketKeyEnabled": rule.bucket_key_enabled,
            }))
        })
        .collect();
    let mut document = about(&input.bucket, input.expected_bucket_owner.as_deref());
    document["ServerSideEncryptionConfiguration"] = json!({"Rules": rules});
    document
}

pub(super) fn ownership(output: &Value) -> GetBucketOwnershipControlsOutput {
    let rules = output["OwnershipControls"]["Rules"].as_array();
    let rules = rules.into_iter().flatten().filter_map(|rule| {
        Some(OwnershipControlsRule {
            object_ownership: ObjectOwnership::from(text(rule, "ObjectOwnership")?),
        })
    });
    GetBucketOwnershipControlsOutput {
        ownership_controls: Some(OwnershipControls {
            rules: rules.collect(),
        }),
    }
}

pub(super) fn put_ownership(input: &PutBucketOwnershipControlsInput) -> Value {
    let rules = input.ownership_controls.rules.iter();
    let rules: Vec<Value> = rules
        .map(|rule| json!({"ObjectOwnership": rule.object_ownership.as_str()}))
        .collect();
    let mut document = about(&input.bucket, input.expected_bucket_owner.as_deref());
    document["OwnershipControls"] = json!({"Rules": rules});
    document
}
