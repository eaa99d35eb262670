//! The fields of a fleet.
//!
//! What changes in place are exactly the members that `UpdateFleet`'s documentation names for a
//! running fleet, and it names others for an Elastic one; all others need it stopped,
//! `description` included. The image is apart: it is named in two ways.

use serde_json::json;

use super::Change::{InPlace, NeedsReplacement, NeedsStoppedFleet};
use super::Compare::{Set, Whole};
use super::{FieldRule, Reset};

/// The service model's documentation of `UpdateFleet` and of the member.
const MODEL: &str = "AWS's service model";
/// Terraform's and a second provider's acceptance tests, run against AWS.
const TESTS: &str = "other providers' acceptance tests";
/// Nothing but the model's shape; the planner is right with either.
const SHAPE: &str = "shape of AWS's model only";

const UNSET: &str = "nothing when unset";

/// Fields of a fleet.
pub const FLEET: &[FieldRule] = &[
    FieldRule::new("instanceType", NeedsStoppedFleet, Reset::Unmanage)
        .returned("as it was sent", MODEL),
    // UpdateFleet has no such member.
    FieldRule::new("fleetType", NeedsReplacement, Reset::Unmanage).returned(
        "always; what it is when nobody says is not documented",
        MODEL,
    ),
    // AWS infers it from the image and returns it; there is no way to take a value back.
    FieldRule::new("platform", NeedsStoppedFleet, Reset::Unmanage)
        .together_with(&["image"])
        .returned(
            "always: what the image says when nobody does",
            "another provider's documentation",
        ),
    FieldRule::new("computeCapacity.desiredInstances", InPlace, Reset::Unmanage)
        .not_on_elastic()
        .returned(
            "as `ComputeCapacityStatus.Desired`; on a multi-session fleet that is derived and not compared",
            MODEL,
        ),
    FieldRule::new("computeCapacity.desiredSessions", InPlace, Reset::Unmanage)
        .not_on_elastic()
        .returned("as `ComputeCapacityStatus.DesiredUserSessions`", MODEL),
    FieldRule::new(
        "maxUserDurationInSeconds",
        NeedsStoppedFleet,
        Reset::Default(|| json!(57_600)),
    )
    .returned("always, and not rounded", TESTS),
    FieldRule::new(
        "disconnectTimeoutInSeconds",
        InPlace,
        Reset::Default(|| json!(900)),
    )
    .returned("always, and not rounded", TESTS),
    // 0 for a fleet made through the API; the console sends 900.
    FieldRule::new(
        "idleDisconnectTimeoutInSeconds",
        InPlace,
        Reset::Default(|| json!(0)),
    )
    .returned("always, and not rounded", TESTS),
    FieldRule::new("displayName", InPlace, Reset::EmptyString).returned(UNSET, TESTS),
    FieldRule::new("description", NeedsStoppedFleet, Reset::EmptyString).returned(UNSET, TESTS),
    FieldRule::new(
        "enableDefaultInternetAccess",
        NeedsStoppedFleet,
        Reset::Default(|| json!(false)),
    )
    .returned("always", TESTS),
    // Whether AWS keeps the unit of a directory that is sent without one is not established; a
    // whole directory goes out.
    FieldRule::new(
        "domainJoinInfo",
        NeedsStoppedFleet,
        Reset::Delete("DOMAIN_JOIN_INFO"),
    )
    .compared(Whole)
    .not_on_elastic()
    .returned("nothing, or an empty object, when unset", TESTS),
    FieldRule::new(
        "iamRoleArn",
        NeedsStoppedFleet,
        Reset::Delete("IAM_ROLE_ARN"),
    )
    .returned(UNSET, TESTS),
    FieldRule::new(
        "streamView",
        NeedsStoppedFleet,
        Reset::Default(|| json!("APP")),
    )
    .returned("always", MODEL),
    FieldRule::new(
        "vpcConfig.subnetIds",
        NeedsStoppedFleet,
        Reset::Delete("VPC_CONFIGURATION"),
    )
    .compared(Set)
    .returned("in any order; nothing when unset", TESTS),
    FieldRule::new(
        "vpcConfig.securityGroupIds",
        NeedsStoppedFleet,
        Reset::Delete("VPC_CONFIGURATION_SECURITY_GROUP_IDS"),
    )
    .compared(Set)
    .returned("in any order; nothing when unset", TESTS),
    FieldRule::new("maxConcurrentSessions", InPlace, Reset::Unmanage)
        .on_elastic_only()
        .returned("as it was sent", MODEL),
    FieldRule::new(
        "maxSessionsPerInstance",
        NeedsStoppedFleet,
        Reset::Delete("MAX_SESSIONS_PER_INSTANCE"),
    )
    .not_on_elastic()
    // Instances count on a single-session fleet, sessions on a multi-session one.
    .together_with(&[
        "computeCapacity.desiredInstances",
        "computeCapacity.desiredSessions",
    ])
    .returned(UNSET, MODEL),
    FieldRule::new(
        "usbDeviceFilterStrings",
        NeedsStoppedFleet,
        Reset::Delete("USB_DEVICE_FILTER_STRINGS"),
    )
    .on_elastic(InPlace)
    .compared(Set)
    .returned("in any order; nothing or an empty list when unset", SHAPE),
    FieldRule::new(
        "sessionScriptS3Location",
        NeedsStoppedFleet,
        Reset::Delete("SESSION_SCRIPT_S3_LOCATION"),
    )
    .on_elastic(InPlace)
    .compared(Whole)
    .returned(UNSET, SHAPE),
    // A size below the image's is refused by AWS.
    FieldRule::new(
        "rootVolumeConfig.volumeSizeInGb",
        NeedsStoppedFleet,
        Reset::DeleteToDefault("VOLUME_CONFIGURATION", || json!(200)),
    )
    .returned(
        "nothing when unset, though an image builder returns the default",
        TESTS,
    ),
    FieldRule::new(
        "disableIMDSV1",
        NeedsStoppedFleet,
        Reset::Default(|| json!(false)),
    )
    .returned("nothing or `false` when nobody set it", SHAPE),
];
