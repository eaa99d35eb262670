//! Tabulates the members of inputs with their limits, as AWS's service models declare them.
//!
//! Source: botocore 1.44.5, `appstream/2016-12-01`, `resourcegroupstaggingapi/2017-01-26` and
//! `s3/2006-03-01`. Where AWS's documentation gives a range that the model leaves out, the range
//! stands with the handler, not here.

pub(crate) mod access;
pub(crate) mod theme;

use super::{Kind, Member, optional, required};

const ANY: usize = usize::MAX;
const ANY_NUMBER: Kind = Kind::Integer(i64::MIN, i64::MAX);

/// AppStream's `String`.
pub(crate) const STRING: Kind = Kind::Text(1, ANY, None);
/// A string without limits of its own.
const FREE: Kind = Kind::Text(0, ANY, None);
const NAME: Kind = Kind::Text(0, ANY, Some("^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}$"));
const ARN: Kind = Kind::Text(
    0,
    ANY,
    Some(
        "^arn:aws(?:\\-cn|\\-iso\\-b|\\-iso|\\-us\\-gov)?:[A-Za-z0-9][A-Za-z0-9_/.-]{0,62}:\
         [A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9][A-Za-z0-9:_/+=,@.\\\\-]{0,1023}$",
    ),
);

/// The pattern of tag keys.
pub(crate) const TAG_KEY_PATTERN: &str = "^(^(?!aws:).[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$";
const TAG_KEY: Kind = Kind::Text(1, 128, Some(TAG_KEY_PATTERN));
const TAG_VALUE: Kind = Kind::Text(0, 256, Some("^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$"));
const TAGS: Kind = Kind::Map(&TAG_KEY, &TAG_VALUE, 1, 50);
const STRINGS: Kind = Kind::List(&STRING, 0, ANY);

const PLATFORM: Kind = Kind::Choice(&[
    "WINDOWS",
    "WINDOWS_SERVER_2016",
    "WINDOWS_SERVER_2019",
    "WINDOWS_SERVER_2022",
    "WINDOWS_SERVER_2025",
    "WINDOWS_11",
    "AMAZON_LINUX2",
    "RHEL8",
    "ROCKY_LINUX8",
    "UBUNTU_PRO_2404",
]);
const PERMISSION: Kind = Kind::Choice(&["ENABLED", "DISABLED"]);

pub(crate) const GET_ROLE: &[Member] = &[required(
    "RoleName",
    Kind::Text(1, 64, Some("[\\w+=,.@-]+")),
)];

/// `GetUser`, of somebody and not of oneself.
pub(crate) const GET_USER: &[Member] = &[required(
    "UserName",
    Kind::Text(1, 128, Some("[\\w+=,.@-]+")),
)];

/// `AssumeRole`, without what narrows a session down.
pub(crate) const ASSUME_ROLE: &[Member] = &[
    required(
        "RoleArn",
        Kind::Text(
            20,
            2048,
            Some(
                "[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\
                 \\u10000-\\u10FFFF]+",
            ),
        ),
    ),
    required("RoleSessionName", Kind::Text(2, 64, Some("[\\w+=,.@-]*"))),
    optional("DurationSeconds", Kind::Integer(900, 43_200)),
    optional("ExternalId", Kind::Text(2, 1224, Some("[\\w+=,.@:\\/-]*"))),
];

/// What Create and Update of a fleet have in common, and a fleet returns.
pub(crate) const FLEET_SETTINGS: &[Member] = &[
    optional("ImageArn", ARN),
    optional("ComputeCapacity", Kind::Structure(COMPUTE_CAPACITY)),
    optional("VpcConfig", Kind::Structure(VPC_CONFIG)),
    optional("MaxUserDurationInSeconds", ANY_NUMBER),
    optional("DisconnectTimeoutInSeconds", ANY_NUMBER),
    optional("Description", Kind::Text(0, 256, None)),
    optional("DisplayName", Kind::Text(0, 100, None)),
    optional("EnableDefaultInternetAccess", Kind::Boolean),
    optional("DomainJoinInfo", Kind::Structure(DOMAIN_JOIN_INFO)),
    optional("IdleDisconnectTimeoutInSeconds", ANY_NUMBER),
    optional("IamRoleArn", ARN),
    optional("StreamView", Kind::Choice(&["APP", "DESKTOP"])),
    optional("Platform", PLATFORM),
    optional("MaxConcurrentSessions", ANY_NUMBER),
    optional("UsbDeviceFilterStrings", Kind::List(&USB_FILTER, 0, ANY)),
    optional("SessionScriptS3Location", Kind::Structure(S3_LOCATION)),
    optional("MaxSessionsPerInstance", ANY_NUMBER),
    optional("RootVolumeConfig", Kind::Structure(VOLUME_CONFIG)),
    optional("DisableIMDSV1", Kind::Boolean),
];

/// What only `CreateFleet` takes.
pub(crate) const CREATE_FLEET: &[Member] = &[
    required("Name", NAME),
    optional("ImageName", NAME),
    required("InstanceType", STRING),
    optional("FleetType", Kind::Choice(FLEET_TYPES)),
    optional("Tags", TAGS),
];

/// The types of fleets.
pub(crate) const FLEET_TYPES: &[&str] = &["ALWAYS_ON", "ON_DEMAND", "ELASTIC"];

/// What only `UpdateFleet` takes. The model does not require the name; the service cannot do
/// without it.
pub(crate) const UPDATE_FLEET: &[Member] = &[
    optional("Name", NAME),
    optional("ImageName", STRING),
    optional("InstanceType", STRING),
    optional("DeleteVpcConfig", Kind::Boolean),
    optional(
        "AttributesToDelete",
        Kind::List(&Kind::Choice(FLEET_ATTRIBUTES), 0, ANY),
    ),
];

/// What `AttributesToDelete` of a fleet may name.
pub(crate) const FLEET_ATTRIBUTES: &[&str] = &[
    "VPC_CONFIGURATION",
    "VPC_CONFIGURATION_SECURITY_GROUP_IDS",
    "DOMAIN_JOIN_INFO",
    "IAM_ROLE_ARN",
    "USB_DEVICE_FILTER_STRINGS",
    "SESSION_SCRIPT_S3_LOCATION",
    "MAX_SESSIONS_PER_INSTANCE",
    "VOLUME_CONFIGURATION",
];

const COMPUTE_CAPACITY: &[Member] = &[
    optional("DesiredInstances", ANY_NUMBER),
    optional("DesiredSessions", ANY_NUMBER),
];
const VPC_CONFIG: &[Member] = &[
    optional("SubnetIds", STRINGS),
    optional("SecurityGroupIds", Kind::List(&STRING, 0, 5)),
];
const DOMAIN_JOIN_INFO: &[Member] = &[
    optional("DirectoryName", FREE),
    optional(
        "OrganizationalUnitDistinguishedName",
        Kind::Text(0, 2000, None),
    ),
];
const USB_FILTER: Kind = Kind::Text(
    0,
    100,
    Some(
        "^((\\w*)\\s*(\\w*)\\s*\\,\\s*(\\w*)\\s*\\,\\s*\\*?(\\w*)\\s*\\,\\s*\\*?(\\w*)\\s*\\,\
         \\s*\\*?\\d*\\s*\\,\\s*\\*?\\d*\\s*\\,\\s*[0-1]\\s*\\,\\s*[0-1]\\s*)$",
    ),
);
const S3_LOCATION: &[Member] = &[
    required(
        "S3Bucket",
        Kind::Text(3, 63, Some("^[0-9a-z\\.\\-]*(?<!\\.)$")),
    ),
    optional("S3Key", Kind::Text(1, 1024, None)),
];
const VOLUME_CONFIG: &[Member] = &[optional("VolumeSizeInGb", ANY_NUMBER)];

/// What Create and Update of a stack have in common, and a stack returns.
pub(crate) const STACK_SETTINGS: &[Member] = &[
    optional("Description", Kind::Text(0, 256, None)),
    optional("DisplayName", Kind::Text(0, 100, None)),
    optional(
        "StorageConnectors",
        Kind::List(&Kind::Structure(STORAGE_CONNECTOR), 0, ANY),
    ),
    optional("RedirectURL", Kind::Text(0, 1000, None)),
    optional("FeedbackURL", Kind::Text(0, 1000, None)),
    optional(
        "UserSettings",
        Kind::List(&Kind::Structure(USER_SETTING), 1, ANY),
    ),
    optional("ApplicationSettings", Kind::Structure(APPLICATION_SETTINGS)),
    optional(
        "AccessEndpoints",
        Kind::List(&Kind::Structure(ACCESS_ENDPOINT), 1, 4),
    ),
    optional("EmbedHostDomains", Kind::List(&EMBED_HOST_DOMAIN, 1, 20)),
    optional(
        "StreamingExperienceSettings",
        Kind::Structure(STREAMING_EXPERIENCE),
    ),
    optional("ContentRedirection", Kind::Structure(CONTENT_REDIRECTION)),
    optional(
        "StorageConnectorAuthentication",
        Kind::Choice(&["FORCE_REAUTHENTICATION", "REUSE_CREDENTIALS"]),
    ),
];

/// What only `CreateStack` takes.
pub(crate) const CREATE_STACK: &[Member] = &[
    required("Name", NAME),
    optional("Tags", TAGS),
    optional("AgentAccessConfig", Kind::Structure(AGENT_ACCESS)),
];

/// What only `UpdateStack` takes.
pub(crate) const UPDATE_STACK: &[Member] = &[
    required("Name", STRING),
    optional("DeleteStorageConnectors", Kind::Boolean),
    optional(
        "AttributesToDelete",
        Kind::List(&Kind::Choice(STACK_ATTRIBUTES), 0, ANY),
    ),
    optional("AgentAccessConfig", Kind::Structure(AGENT_ACCESS_UPDATE)),
];

/// What `AttributesToDelete` of a stack may name.
pub(crate) const STACK_ATTRIBUTES: &[&str] = &[
    "STORAGE_CONNECTORS",
    "STORAGE_CONNECTOR_HOMEFOLDERS",
    "STORAGE_CONNECTOR_GOOGLE_DRIVE",
    "STORAGE_CONNECTOR_ONE_DRIVE",
    "REDIRECT_URL",
    "FEEDBACK_URL",
    "THEME_NAME",
    "USER_SETTINGS",
    "EMBED_HOST_DOMAINS",
    "IAM_ROLE_ARN",
    "ACCESS_ENDPOINTS",
    "STREAMING_EXPERIENCE_SETTINGS",
    "CONTENT_REDIRECTION",
    "AGENT_ACCESS_CONFIG",
    "STORAGE_CONNECTOR_AUTHENTICATION",
    "AGENT_ACCESS_CONFIG_KMS_KEY_ARN",
];

/// The actions of user settings.
pub(crate) const USER_ACTIONS: &[&str] = &[
    "CLIPBOARD_COPY_FROM_LOCAL_DEVICE",
    "CLIPBOARD_COPY_TO_LOCAL_DEVICE",
    "FILE_UPLOAD",
    "FILE_DOWNLOAD",
    "PRINTING_TO_LOCAL_DEVICE",
    "DOMAIN_PASSWORD_SIGNIN",
    "DOMAIN_SMART_CARD_SIGNIN",
    "AUTO_TIME_ZONE_REDIRECTION",
    "SMART_CARD_REDIRECTION",
];

const DOMAINS: Kind = Kind::List(&Kind::Text(1, 64, None), 0, 50);
const STORAGE_CONNECTOR: &[Member] = &[
    required(
        "ConnectorType",
        Kind::Choice(&["HOMEFOLDERS", "GOOGLE_DRIVE", "ONE_DRIVE"]),
    ),
    optional("ResourceIdentifier", Kind::Text(1, 2048, None)),
    optional("Domains", DOMAINS),
    optional("DomainsRequireAdminConsent", DOMAINS),
];
const USER_SETTING: &[Member] = &[
    required("Action", Kind::Choice(USER_ACTIONS)),
    required("Permission", PERMISSION),
    optional("MaximumLength", ANY_NUMBER),
];
const APPLICATION_SETTINGS: &[Member] = &[
    required("Enabled", Kind::Boolean),
    optional("SettingsGroup", Kind::Text(0, 100, None)),
];
const ACCESS_ENDPOINT: &[Member] = &[
    required("EndpointType", Kind::Choice(&["STREAMING"])),
    optional("VpceId", STRING),
];
const EMBED_HOST_DOMAIN: Kind = Kind::Text(
    0,
    128,
    Some("(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]"),
);
const STREAMING_EXPERIENCE: &[Member] =
    &[optional("PreferredProtocol", Kind::Choice(&["TCP", "UDP"]))];
const URL_PATTERN: Kind = Kind::Text(1, 2048, Some("^((https?|ftp|sftp)://|mailto:)[^\\s,;<>]+$"));
const URLS: Kind = Kind::List(&URL_PATTERN, 0, 100);
const CONTENT_REDIRECTION: &[Member] = &[optional(
    "HostToClient",
    Kind::Structure(&[
        required("Enabled", Kind::Boolean),
        optional("AllowedUrls", URLS),
        optional("DeniedUrls", URLS),
    ]),
)];

const AGENT_SETTINGS: Kind = Kind::List(
    &Kind::Structure(&[
        required(
            "AgentAction",
            Kind::Choice(&["COMPUTER_VISION", "COMPUTER_INPUT", "FORWARD_MCP_TOOLS"]),
        ),
        required("Permission", PERMISSION),
    ]),
    1,
    ANY,
);
const SCREEN_RESOLUTION: Kind = Kind::Choice(&["W_1280xH_720"]);
const SCREEN_IMAGE_FORMAT: Kind = Kind::Choice(&["PNG", "JPEG"]);
const USER_CONTROL_MODE: Kind = Kind::Choice(&["VIEW_ONLY", "VIEW_STOP", "DISABLED"]);
const S3_BUCKET_ARN: Kind = Kind::Text(
    0,
    ANY,
    Some(
        "^arn:aws(?:\\-cn|\\-iso\\-b|\\-iso|\\-us\\-gov)?:s3:::\
         [a-z0-9][a-z0-9.\\-]{1,61}[a-z0-9]$",
    ),
);
const KMS_KEY_ARN: Kind = Kind::Text(
    0,
    ANY,
    Some(
        "^arn:aws(?:\\-cn|\\-iso\\-b|\\-iso|\\-us\\-gov)?:kms:[a-z0-9\\-]+:\\d{12}:key/\
         [A-Za-z0-9\\-]+$",
    ),
);
const AGENT_ACCESS: &[Member] = &[
    required("Settings", AGENT_SETTINGS),
    optional("S3BucketArn", S3_BUCKET_ARN),
    optional("ScreenshotsUploadEnabled", Kind::Boolean),
    optional("ReplaySessionEnabled", Kind::Boolean),
    optional("KmsKeyArn", KMS_KEY_ARN),
    required("ScreenResolution", SCREEN_RESOLUTION),
    required("ScreenImageFormat", SCREEN_IMAGE_FORMAT),
    optional("UserControlMode", USER_CONTROL_MODE),
];
const AGENT_ACCESS_UPDATE: &[Member] = &[
    optional("Settings", AGENT_SETTINGS),
    optional("S3BucketArn", S3_BUCKET_ARN),
    optional("ScreenshotsUploadEnabled", Kind::Boolean),
    optional("ReplaySessionEnabled", Kind::Boolean),
    optional("KmsKeyArn", KMS_KEY_ARN),
    optional("ScreenResolution", SCREEN_RESOLUTION),
    optional("ScreenImageFormat", SCREEN_IMAGE_FORMAT),
    optional("UserControlMode", USER_CONTROL_MODE),
];

/// An object by its name alone.
pub(crate) const BY_NAME: &[Member] = &[required("Name", STRING)];
/// A list of objects, whole or by name.
pub(crate) const DESCRIBE: &[Member] = &[optional("Names", STRINGS), optional("NextToken", STRING)];
/// A fleet and a stack.
pub(crate) const ASSOCIATION: &[Member] =
    &[required("FleetName", STRING), required("StackName", STRING)];
/// `ListAssociatedFleets`.
pub(crate) const FLEETS_OF_STACK: &[Member] =
    &[required("StackName", STRING), optional("NextToken", STRING)];
/// `ListAssociatedStacks`.
pub(crate) const STACKS_OF_FLEET: &[Member] =
    &[required("FleetName", STRING), optional("NextToken", STRING)];
/// `ListTagsForResource`.
pub(crate) const LIST_TAGS: &[Member] = &[required("ResourceArn", ARN)];
/// `TagResource`.
pub(crate) const TAG: &[Member] = &[required("ResourceArn", ARN), required("Tags", TAGS)];
/// `UntagResource`.
pub(crate) const UNTAG: &[Member] = &[
    required("ResourceArn", ARN),
    required("TagKeys", Kind::List(&TAG_KEY, 1, 50)),
];
/// `DescribeSessions`.
pub(crate) const DESCRIBE_SESSIONS: &[Member] = &[
    required("StackName", NAME),
    required("FleetName", NAME),
    optional("UserId", Kind::Text(2, 128, None)),
    optional("NextToken", STRING),
    optional("Limit", ANY_NUMBER),
    optional(
        "AuthenticationType",
        Kind::Choice(&["API", "SAML", "USERPOOL", "AWS_AD"]),
    ),
    optional("InstanceId", STRING),
];
/// `ExpireSession`.
pub(crate) const EXPIRE_SESSION: &[Member] = &[required("SessionId", STRING)];
/// `DrainSessionInstance`.
pub(crate) const DRAIN_SESSION_INSTANCE: &[Member] = &[required("SessionId", STRING)];
/// `DescribeImages`.
pub(crate) const DESCRIBE_IMAGES: &[Member] = &[
    optional("Names", STRINGS),
    optional("Arns", Kind::List(&ARN, 0, ANY)),
    optional("Type", Kind::Choice(&["PUBLIC", "PRIVATE", "SHARED"])),
    optional("NextToken", STRING),
    optional("MaxResults", Kind::Integer(0, 25)),
];
/// `CreateStreamingURL`.
pub(crate) const CREATE_STREAMING_URL: &[Member] = &[
    required("StackName", STRING),
    required("FleetName", STRING),
    required("UserId", Kind::Text(2, 32, Some("[\\w+=,.@-]*"))),
    optional("ApplicationId", STRING),
    optional("Validity", ANY_NUMBER),
    optional("SessionContext", STRING),
];

/// The tagging API's `GetResources`.
pub(crate) const GET_RESOURCES: &[Member] = &[
    optional("PaginationToken", Kind::Text(0, 2048, None)),
    optional(
        "TagFilters",
        Kind::List(
            &Kind::Structure(&[
                optional("Key", Kind::Text(1, 128, None)),
                optional("Values", Kind::List(&Kind::Text(0, 256, None), 0, 20)),
            ]),
            0,
            50,
        ),
    ),
    optional("ResourcesPerPage", ANY_NUMBER),
    optional("TagsPerPage", ANY_NUMBER),
    optional(
        "ResourceTypeFilters",
        Kind::List(&Kind::Text(0, 256, None), 0, ANY),
    ),
    optional("IncludeComplianceDetails", Kind::Boolean),
    optional("ExcludeCompliantResources", Kind::Boolean),
    optional(
        "ResourceARNList",
        Kind::List(&Kind::Text(1, 1011, None), 1, 100),
    ),
];

/// S3's bucket and, on every operation, who must own it.
pub(crate) const BUCKET: &[Member] = &[
    required("Bucket", FREE),
    optional("ExpectedBucketOwner", FREE),
];
/// `PutBucketPolicy`.
pub(crate) const PUT_BUCKET_POLICY: &[Member] = &[
    required("Policy", FREE),
    optional("ConfirmRemoveSelfBucketAccess", Kind::Boolean),
];
/// `PutBucketEncryption`.
pub(crate) const PUT_BUCKET_ENCRYPTION: &[Member] = &[required(
    "ServerSideEncryptionConfiguration",
    Kind::Structure(&[required(
        "Rules",
        Kind::List(
            &Kind::Structure(&[
                optional(
                    "ApplyServerSideEncryptionByDefault",
                    Kind::Structure(&[
                        required(
                            "SSEAlgorithm",
                            Kind::Choice(&[
                                "AES256",
                                "aws:kms",
                                "aws:kms:dsse",
                                "aws:fsx",
                                "aws:backup",
                            ]),
                        ),
                        optional("KMSMasterKeyID", FREE),
                    ]),
                ),
                optional("BucketKeyEnabled", Kind::Boolean),
            ]),
            0,
            ANY,
        ),
    )]),
)];
/// `PutBucketOwnershipControls`.
pub(crate) const PUT_BUCKET_OWNERSHIP: &[Member] = &[required(
    "OwnershipControls",
    Kind::Structure(&[required(
        "Rules",
        Kind::List(
            &Kind::Structure(&[required(
                "ObjectOwnership",
                Kind::Choice(&[
                    "BucketOwnerPreferred",
                    "ObjectWriter",
                    "BucketOwnerEnforced",
                ]),
            )]),
            0,
            ANY,
        ),
    )]),
)];
/// `ListBuckets`.
pub(crate) const LIST_BUCKETS: &[Member] = &[
    optional("MaxBuckets", Kind::Integer(1, 10_000)),
    optional("ContinuationToken", FREE),
    optional("Prefix", FREE),
    optional("BucketRegion", FREE),
];
