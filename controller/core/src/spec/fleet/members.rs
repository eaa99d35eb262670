//! Describes what single members of a fleet are made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::field::value_or_missing;

/// The operating system of a fleet's instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PlatformType {
    /// Windows Server of a version that is not named.
    #[serde(rename = "WINDOWS")]
    Windows,
    /// Windows Server 2016.
    #[serde(rename = "WINDOWS_SERVER_2016")]
    WindowsServer2016,
    /// Windows Server 2019.
    #[serde(rename = "WINDOWS_SERVER_2019")]
    WindowsServer2019,
    /// Windows Server 2022.
    #[serde(rename = "WINDOWS_SERVER_2022")]
    WindowsServer2022,
    /// Windows Server 2025.
    #[serde(rename = "WINDOWS_SERVER_2025")]
    WindowsServer2025,
    /// Windows 11, by a licence of one's own.
    #[serde(rename = "WINDOWS_11")]
    Windows11,
    /// Amazon Linux 2.
    #[serde(rename = "AMAZON_LINUX2")]
    AmazonLinux2,
    /// Red Hat Enterprise Linux 8.
    #[serde(rename = "RHEL8")]
    Rhel8,
    /// Rocky Linux 8.
    #[serde(rename = "ROCKY_LINUX8")]
    RockyLinux8,
    /// Ubuntu Pro 24.04.
    #[serde(rename = "UBUNTU_PRO_2404")]
    UbuntuPro2404,
}

/// The Active Directory domain that a fleet's instances join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-atLeastOneOf" = [["directoryName", "organizationalUnitDistinguishedName"]]))]
pub struct DomainJoinInfoSpec {
    /// The directory's full name, such as `corp.example.com`.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", length(min = 1))]
    pub directory_name: Option<String>,
    /// Where in the directory computers go.
    #[serde(
        default,
        deserialize_with = "value_or_missing",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "String", length(min = 1, max = 2000))]
    pub organizational_unit_distinguished_name: Option<String>,
}

/// An object in S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct S3LocationSpec {
    /// The bucket.
    #[schemars(regex(pattern = r"^[0-9a-z.-]*[0-9a-z-]$"), length(min = 3, max = 63))]
    pub s3_bucket: String,
    /// The key: AWS's documentation requires it for session scripts, and a picture has one.
    #[schemars(length(min = 1, max = 1024))]
    pub s3_key: String,
}

/// The root volume of a fleet's instances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VolumeConfigSpec {
    /// Its size in GB; AWS charges what is beyond 200.
    #[schemars(range(min = 200, max = 500))]
    pub volume_size_in_gb: i32,
}
