//! Tabulates the members of inputs about who may use what, as AWS's service model declares them.

use super::{ANY, ANY_NUMBER, ARN, NAME, STRING};
use crate::model::shape::{Kind, Member, optional, required};

/// The pattern of user names: it needs to match somewhere only, and has letters of every language.
const USER_NAME: Kind = Kind::Text(1, 128, Some("[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+"));
const PERSONS_NAME: Kind = Kind::Text(0, 2048, Some("^[A-Za-z0-9_\\-\\s]+$"));
const AUTHENTICATION: Kind = Kind::Choice(&["API", "SAML", "USERPOOL", "AWS_AD"]);

/// `CreateUser`.
pub(crate) const CREATE_USER: &[Member] = &[
    required("UserName", USER_NAME),
    optional("MessageAction", Kind::Choice(&["SUPPRESS", "RESEND"])),
    optional("FirstName", PERSONS_NAME),
    optional("LastName", PERSONS_NAME),
    required("AuthenticationType", AUTHENTICATION),
];

/// A user by name.
pub(crate) const USER: &[Member] = &[
    required("UserName", USER_NAME),
    required("AuthenticationType", AUTHENTICATION),
];

/// `DescribeUsers`.
pub(crate) const DESCRIBE_USERS: &[Member] = &[
    required("AuthenticationType", AUTHENTICATION),
    optional("MaxResults", ANY_NUMBER),
    optional("NextToken", STRING),
];

/// A batch of users and stacks.
pub(crate) const USER_STACKS: &[Member] = &[required(
    "UserStackAssociations",
    Kind::List(&Kind::Structure(USER_STACK), 1, 25),
)];

const USER_STACK: &[Member] = &[
    required("StackName", STRING),
    required("UserName", USER_NAME),
    required("AuthenticationType", AUTHENTICATION),
    optional("SendEmailNotification", Kind::Boolean),
];

/// `DescribeUserStackAssociations`.
pub(crate) const DESCRIBE_USER_STACKS: &[Member] = &[
    optional("StackName", STRING),
    optional("UserName", USER_NAME),
    optional("AuthenticationType", AUTHENTICATION),
    optional("MaxResults", Kind::Integer(0, 500)),
    optional("NextToken", STRING),
];

const VISIBILITY: Kind = Kind::Choice(&["ALL", "ASSOCIATED"]);
const ATTRIBUTES: Kind = Kind::List(
    &Kind::Structure(&[required("Name", STRING), required("Value", STRING)]),
    1,
    ANY,
);

/// `CreateEntitlement`.
pub(crate) const CREATE_ENTITLEMENT: &[Member] = &[
    required("Name", NAME),
    required("StackName", NAME),
    optional("Description", Kind::Text(0, 256, None)),
    required("AppVisibility", VISIBILITY),
    required("Attributes", ATTRIBUTES),
];

/// `UpdateEntitlement`.
pub(crate) const UPDATE_ENTITLEMENT: &[Member] = &[
    required("Name", NAME),
    required("StackName", NAME),
    optional("Description", Kind::Text(0, 256, None)),
    optional("AppVisibility", VISIBILITY),
    optional("Attributes", ATTRIBUTES),
];

/// An entitlement by its stack and name.
pub(crate) const ENTITLEMENT: &[Member] = &[required("Name", NAME), required("StackName", NAME)];

/// `DescribeEntitlements`.
pub(crate) const DESCRIBE_ENTITLEMENTS: &[Member] = &[
    optional("Name", NAME),
    required("StackName", NAME),
    optional("NextToken", STRING),
    optional("MaxResults", ANY_NUMBER),
];

/// An application and an entitlement.
pub(crate) const ENTITLED_APPLICATION: &[Member] = &[
    required("StackName", NAME),
    required("EntitlementName", NAME),
    required("ApplicationIdentifier", STRING),
];

/// `ListEntitledApplications`.
pub(crate) const LIST_ENTITLED: &[Member] = &[
    required("StackName", NAME),
    required("EntitlementName", NAME),
    optional("NextToken", STRING),
    optional("MaxResults", ANY_NUMBER),
];

/// An application and a fleet.
pub(crate) const FLEET_APPLICATION: &[Member] =
    &[required("FleetName", NAME), required("ApplicationArn", ARN)];

/// `DescribeApplicationFleetAssociations`.
pub(crate) const DESCRIBE_FLEET_APPLICATIONS: &[Member] = &[
    optional("FleetName", NAME),
    optional("ApplicationArn", ARN),
    optional("MaxResults", ANY_NUMBER),
    optional("NextToken", STRING),
];
