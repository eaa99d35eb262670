//! Names what the API has and the spec has elsewhere or not at all, and why.
//!
//! `streamkeeper-aws` has a test that walks the SDK's inputs: a member that AWS adds is in the
//! spec, or here, or the test fails.

/// A member of the API that is not a field of `fleet` or `stack` of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// The member, such as `UpdateFleet.DeleteVpcConfig`, or `UpdateStack.AttributesToDelete` and
    /// one of its names.
    pub member: &'static str,
    /// Where it is instead, or why it is not.
    pub reason: &'static str,
}

const fn left_out(member: &'static str, reason: &'static str) -> LeftOut {
    LeftOut { member, reason }
}

const IMAGE: &str = "`image`, beside `fleet`, because an image can also be built";
const TAGS: &str =
    "`tags`, which are for everything; changed through TagResource and UntagResource";
const DELETES: &str = "how `null`, and what is left out again, is sent";

/// Every such member.
pub const LEFT_OUT: &[LeftOut] = &[
    left_out("CreateFleet.ImageName", IMAGE),
    left_out("CreateFleet.ImageArn", IMAGE),
    left_out("CreateFleet.Tags", TAGS),
    left_out("UpdateFleet.ImageName", IMAGE),
    left_out("UpdateFleet.ImageArn", IMAGE),
    left_out("UpdateFleet.AttributesToDelete", DELETES),
    left_out(
        "UpdateFleet.DeleteVpcConfig",
        "deprecated by AWS for `VPC_CONFIGURATION` in AttributesToDelete",
    ),
    left_out("CreateStack.Tags", TAGS),
    left_out("UpdateStack.AttributesToDelete", DELETES),
    left_out(
        "UpdateStack.DeleteStorageConnectors",
        "deprecated by AWS for `STORAGE_CONNECTORS` in AttributesToDelete",
    ),
    left_out(
        "UpdateStack.AttributesToDelete.USER_SETTINGS",
        "would take away what others set; each action goes back by itself",
    ),
    left_out(
        "UpdateStack.AttributesToDelete.THEME_NAME",
        "`stack.theme` is an object of its own, made and deleted by calls of its own",
    ),
    left_out(
        "UpdateStack.AttributesToDelete.IAM_ROLE_ARN",
        "no call gives a stack a role",
    ),
];
