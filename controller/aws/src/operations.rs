//! Lists every AWS operation that is called anywhere here, and the IAM action that allows it.
//!
//! Policies are made from this list, and from nothing else. A test reads the sources and fails when
//! a call is missing here, or is not made any more. Actions come from AWS's service authorization
//! reference.

/// What an operation is for: operations of one purpose share a statement of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Who we are. AWS lets everybody ask.
    Identity,
    /// To go into other accounts, which the roles there allow.
    OtherAccounts,
    /// To look at what there is.
    Look,
    /// To see clusters, which is all that can be done about them.
    Clusters,
    /// To take a fleet out of the hands of Application Auto Scaling.
    Scaling,
    /// To change fleets, stacks and what is on them.
    Change,
    /// To keep newcomers off instances that have to go.
    Drain,
    /// To let people of the user pool in.
    Users,
    /// To say who uses which application.
    Applications,
    /// To keep the looks of stacks.
    Themes,
    /// To keep bucket policies.
    Policies,
    /// To learn who is behind the unique ids that S3 shows in policies.
    UniqueIds,
    /// To let one person in by a streaming URL; only `streamkeeper url` does.
    Entrance,
}

/// One AWS operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The service, as its client is called.
    pub service: &'static str,
    /// The operation, as AWS spells it.
    pub name: &'static str,
    /// The IAM action that allows it.
    pub action: &'static str,
    /// What it is for.
    pub purpose: Purpose,
}

/// An operation that is called as its action is.
macro_rules! same {
    ($service:literal, $name:literal, $purpose:ident) => {
        named!($service, $name, concat!($service, ":", $name), $purpose)
    };
}

/// An operation whose action has another name.
macro_rules! named {
    ($service:literal, $name:literal, $action:expr, $purpose:ident) => {
        Operation {
            service: $service,
            name: $name,
            action: $action,
            purpose: Purpose::$purpose,
        }
    };
}

/// Every operation there is, in the order of policies.
#[rustfmt::skip]
pub const OPERATIONS: &[Operation] = &[
    same!("sts", "GetCallerIdentity", Identity),
    same!("sts", "AssumeRole", OtherAccounts),
    same!("appstream", "DescribeFleets", Look),
    same!("appstream", "DescribeStacks", Look),
    same!("appstream", "DescribeSessions", Look),
    same!("appstream", "ListAssociatedFleets", Look),
    same!("appstream", "ListAssociatedStacks", Look),
    same!("appstream", "ListTagsForResource", Look),
    same!("appstream", "DescribeUsers", Look),
    same!("appstream", "DescribeUserStackAssociations", Look),
    same!("appstream", "DescribeEntitlements", Look),
    same!("appstream", "ListEntitledApplications", Look),
    same!("appstream", "DescribeApplicationFleetAssociations", Look),
    same!("appstream", "DescribeThemeForStack", Look),
    same!("appstream", "DescribeImages", Look),
    same!("tag", "GetResources", Look),
    named!("s3", "ListBuckets", "s3:ListAllMyBuckets", Look),
    same!("application-autoscaling", "DescribeScalableTargets", Look),
    same!("cloudformation", "DescribeStacks", Clusters),
    same!("cloudformation", "GetTemplate", Clusters),
    same!("application-autoscaling", "DeregisterScalableTarget", Scaling),
    same!("appstream", "CreateFleet", Change),
    same!("appstream", "UpdateFleet", Change),
    same!("appstream", "StartFleet", Change),
    same!("appstream", "StopFleet", Change),
    same!("appstream", "DeleteFleet", Change),
    same!("appstream", "CreateStack", Change),
    same!("appstream", "UpdateStack", Change),
    same!("appstream", "DeleteStack", Change),
    same!("appstream", "AssociateFleet", Change),
    same!("appstream", "DisassociateFleet", Change),
    same!("appstream", "TagResource", Change),
    same!("appstream", "UntagResource", Change),
    same!("appstream", "DrainSessionInstance", Drain),
    same!("appstream", "CreateUser", Users),
    same!("appstream", "EnableUser", Users),
    same!("appstream", "DisableUser", Users),
    same!("appstream", "BatchAssociateUserStack", Users),
    same!("appstream", "BatchDisassociateUserStack", Users),
    same!("appstream", "CreateEntitlement", Applications),
    same!("appstream", "UpdateEntitlement", Applications),
    same!("appstream", "DeleteEntitlement", Applications),
    same!("appstream", "AssociateApplicationToEntitlement", Applications),
    same!("appstream", "DisassociateApplicationFromEntitlement", Applications),
    same!("appstream", "AssociateApplicationFleet", Applications),
    same!("appstream", "DisassociateApplicationFleet", Applications),
    same!("appstream", "CreateThemeForStack", Themes),
    same!("appstream", "UpdateThemeForStack", Themes),
    same!("appstream", "DeleteThemeForStack", Themes),
    same!("s3", "GetBucketPolicy", Policies),
    same!("s3", "PutBucketPolicy", Policies),
    same!("s3", "DeleteBucketPolicy", Policies),
    named!("s3", "GetBucketEncryption", "s3:GetEncryptionConfiguration", Policies),
    same!("s3", "GetBucketOwnershipControls", Policies),
    same!("iam", "GetRole", UniqueIds),
    same!("iam", "GetUser", UniqueIds),
    same!("appstream", "CreateStreamingURL", Entrance),
];

/// What `streamkeeper import` asks for beside its own identity: services and operations.
pub const OF_IMPORT: &[&str] = &[
    "appstream:DescribeFleets",
    "appstream:DescribeStacks",
    "appstream:ListAssociatedFleets",
    "appstream:ListTagsForResource",
    "appstream:DescribeThemeForStack",
    "tag:GetResources",
    "application-autoscaling:DescribeScalableTargets",
];

/// What `streamkeeper url` asks for beside its own identity: services and operations.
pub const OF_URL: &[&str] = &[
    "appstream:DescribeFleets",
    "appstream:DescribeStacks",
    "appstream:ListTagsForResource",
    "s3:ListBuckets",
    "appstream:CreateStreamingURL",
];

/// The IAM actions of a purpose.
pub fn actions_for(purpose: Purpose) -> impl Iterator<Item = &'static str> {
    let operations = OPERATIONS.iter();
    operations
        .filter(move |operation| operation.purpose == purpose)
        .map(|operation| operation.action)
}

/// The IAM actions of operations, such as `appstream:DescribeFleets`.
pub fn actions_of<'a>(operations: &'a [&'a str]) -> impl Iterator<Item = &'static str> + 'a {
    let is_wanted = |operation: &&Operation| {
        let Operation { service, name, .. } = operation;
        operations.contains(&format!("{service}:{name}").as_str())
    };
    OPERATIONS
        .iter()
        .filter(is_wanted)
        .map(|operation| operation.action)
}

#[cfg(test)]
mod tests;
