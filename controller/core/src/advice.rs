//! Says what to do about the troubles that AWS names by a code.
//!
//! Codes are those of AWS's service model (API version 2016-12-01). One that AWS adds since is
//! shown with AWS's own words alone.

/// A code, and what to do about it.
pub type Advice = (&'static str, &'static str);

/// Every `FleetErrorCode`.
pub const FLEET_ERRORS: &[Advice] = &[
    (
        "DOMAIN_JOIN_ERROR_ACCESS_DENIED",
        "let the directory's service account join computers to the organizational unit",
    ),
    (
        "DOMAIN_JOIN_ERROR_DS_MACHINE_ACCOUNT_QUOTA_EXCEEDED",
        "raise the number of computers that the directory's service account may join",
    ),
    (
        "DOMAIN_JOIN_ERROR_FILE_NOT_FOUND",
        "correct the organizational unit's distinguished name; it does not exist",
    ),
    (
        "DOMAIN_JOIN_ERROR_INVALID_PARAMETER",
        "correct the directory's name and the organizational unit in the row",
    ),
    (
        "DOMAIN_JOIN_ERROR_LOGON_FAILURE",
        "correct the service account's name or password in the directory configuration",
    ),
    (
        "DOMAIN_JOIN_ERROR_MORE_DATA",
        "look into the domain controllers' logs; the directory's answer was too long",
    ),
    (
        "DOMAIN_JOIN_ERROR_NOT_SUPPORTED",
        "use an image whose operating system can join the domain",
    ),
    (
        "DOMAIN_JOIN_ERROR_NO_SUCH_DOMAIN",
        "make the domain's name resolve from the fleet's subnets, and its controllers reachable",
    ),
    (
        "DOMAIN_JOIN_INTERNAL_SERVICE_ERROR",
        "stop and start the fleet; if it stays, ask AWS support",
    ),
    (
        "DOMAIN_JOIN_NERR_INVALID_WORKGROUP_NAME",
        "correct the directory's name; it must be the fully qualified one",
    ),
    (
        "DOMAIN_JOIN_NERR_PASSWORD_EXPIRED",
        "renew the service account's password, in the directory and in its configuration",
    ),
    (
        "DOMAIN_JOIN_NERR_WORKSTATION_NOT_STARTED",
        "enable the Workstation service in the image",
    ),
    (
        "FLEET_INSTANCE_PROVISIONING_FAILURE",
        "try another instance type or subnet; AWS may have no capacity there",
    ),
    (
        "FLEET_STOPPED",
        "see why it stopped: the other errors and AWS's words tell",
    ),
    (
        "IAM_SERVICE_ROLE_IS_MISSING",
        "create the service role AmazonAppStreamServiceAccess in the account",
    ),
    (
        "IAM_SERVICE_ROLE_MISSING_DESCRIBE_SECURITY_GROUPS_ACTION",
        "allow ec2:DescribeSecurityGroups to AmazonAppStreamServiceAccess",
    ),
    (
        "IAM_SERVICE_ROLE_MISSING_DESCRIBE_SUBNET_ACTION",
        "allow ec2:DescribeSubnets to AmazonAppStreamServiceAccess",
    ),
    (
        "IAM_SERVICE_ROLE_MISSING_ENI_CREATE_ACTION",
        "allow ec2:CreateNetworkInterface to AmazonAppStreamServiceAccess",
    ),
    (
        "IAM_SERVICE_ROLE_MISSING_ENI_DELETE_ACTION",
        "allow ec2:DeleteNetworkInterface to AmazonAppStreamServiceAccess",
    ),
    (
        "IAM_SERVICE_ROLE_MISSING_ENI_DESCRIBE_ACTION",
        "allow ec2:DescribeNetworkInterfaces to AmazonAppStreamServiceAccess",
    ),
    (
        "IGW_NOT_ATTACHED",
        "attach an internet gateway to the VPC, or use subnets that need none",
    ),
    (
        "IMAGE_NOT_FOUND",
        "name an image that exists in the region and is shared with the account",
    ),
    (
        "INTERNAL_SERVICE_ERROR",
        "wait; if it stays, ask AWS support",
    ),
    (
        "INVALID_SUBNET_CONFIGURATION",
        "name subnets that exist, in one VPC and in supported availability zones",
    ),
    (
        "MACHINE_ROLE_IS_MISSING",
        "create the role that iamRoleArn names, or name another",
    ),
    (
        "NETWORK_INTERFACE_LIMIT_EXCEEDED",
        "raise the account's quota of network interfaces, or delete some",
    ),
    (
        "SECURITY_GROUPS_NOT_FOUND",
        "name security groups that exist in the subnets' VPC",
    ),
    (
        "STS_DISABLED_IN_REGION",
        "activate STS for the region in the account's settings",
    ),
    (
        "SUBNET_HAS_INSUFFICIENT_IP_ADDRESSES",
        "name larger or further subnets, or keep fewer instances",
    ),
    ("SUBNET_NOT_FOUND", "name subnets that exist in the region"),
    (
        "VALIDATION_ERROR",
        "correct in the row what AWS's words name",
    ),
];

/// Every `StackErrorCode`.
pub const STACK_ERRORS: &[Advice] = &[
    (
        "INTERNAL_SERVICE_ERROR",
        "wait; if it stays, ask AWS support",
    ),
    (
        "STORAGE_CONNECTOR_ERROR",
        "let the storage provider's administrator approve the connector, and check its domains",
    ),
];

/// Refusals of calls that a human has to see to.
pub const REFUSALS: &[Advice] = &[
    (
        "IncompatibleImageException",
        "name an image that supports the instance type, the platform and the stack's features",
    ),
    (
        "InvalidAccountStatusException",
        "settle the account's state with AWS",
    ),
    (
        "InvalidParameterCombinationException",
        "change in the row what does not go together",
    ),
    (
        "InvalidRoleException",
        "create the role, or let appstream.amazonaws.com assume it",
    ),
    (
        "LimitExceededException",
        "raise the quota in Service Quotas, or need less",
    ),
    (
        "MalformedPolicy",
        "name principals that exist; if another statement shows a unique id (AROA or AIDA), whoever \
         it stood for was deleted, and S3 takes no policy that repeats it: remove it there",
    ),
    (
        "ResourceNotAvailableException",
        "if the image is retired, name another; if it is still being made or copied, wait",
    ),
    (
        "ResourceNotFoundException",
        "name what exists: the image, the subnets, the security groups",
    ),
];

/// What to do about a code of a table.
#[must_use]
pub fn on(table: &[Advice], code: &str) -> Option<&'static str> {
    let found = table.iter().find(|(known, _)| *known == code);
    found.map(|(_, advice)| *advice)
}

/// AWS's words with what to do about them, where that is known.
#[must_use]
pub fn with_advice(words: String, table: &[Advice], code: &str) -> String {
    match on(table, code) {
        Some(advice) => format!("{words} (what to do: {advice})"),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_one_advice_and_stands_in_its_place() {
        for table in [FLEET_ERRORS, STACK_ERRORS, REFUSALS] {
            assert!(table.is_sorted_by(|(a, _), (b, _)| a < b), "{table:?}");
            for (code, advice) in table {
                assert!(
                    advice.len() > 10 && !advice.ends_with('.') && !advice.contains('\n'),
                    "{code}: {advice}"
                );
            }
        }
    }

    #[test]
    fn a_code_that_nobody_knows_is_shown_as_it_is() {
        let words = || "NEW_TROUBLE: words".to_owned();
        assert_eq!(with_advice(words(), FLEET_ERRORS, "NEW_TROUBLE"), words());
        assert_eq!(
            with_advice(words(), FLEET_ERRORS, "VALIDATION_ERROR"),
            "NEW_TROUBLE: words (what to do: correct in the row what AWS's words name)"
        );
    }
}
