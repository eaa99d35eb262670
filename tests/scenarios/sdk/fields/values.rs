//! Holds a value for every field of the tables, another one for somebody else, and rows for them.

use serde_json::{Value, json};
use streamkeeper_core::fields::{FLEET, FieldRule, STACK};
use streamkeeper_core::spec::Spec;

/// A kind of object with a table of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Fleet,
    ElasticFleet,
    Stack,
}

impl Kind {
    pub(super) const fn object(self) -> &'static str {
        match self {
            Self::Fleet | Self::ElasticFleet => "fleet",
            Self::Stack => "stack",
        }
    }

    /// The smallest row with such an object.
    pub(super) fn row(self) -> Value {
        let fleet = match self {
            Self::Fleet | Self::Stack => json!({
                "instanceType": "stream.standard.medium",
                "computeCapacity": {"desiredInstances": 1}
            }),
            Self::ElasticFleet => json!({
                "instanceType": "stream.standard.medium", "fleetType": "ELASTIC",
                "platform": "AMAZON_LINUX2", "maxConcurrentSessions": 9,
                "vpcConfig": {"subnetIds": ["subnet-m", "subnet-n"]}
            }),
        };
        let mut row = json!({"fleet": fleet, "stack": {}});
        // An Elastic fleet can do without.
        if self != Self::ElasticFleet {
            row["image"] = json!({"name": "pcluster-2026-11"});
        }
        row
    }
}

/// A row of a table with what the row asks for, and what somebody else makes of it.
pub(super) struct Sample {
    pub(super) kind: Kind,
    pub(super) rule: &'static FieldRule,
    pub(super) asked: Value,
    pub(super) theirs: Value,
}

impl Sample {
    /// The path as in `ignore`.
    pub(super) fn path(&self) -> String {
        format!("{}.{}", self.kind.object(), self.rule.path)
    }

    /// Whether the row cannot do without the field: AWS refuses the fleet, or the row has another
    /// field in its place.
    pub(super) fn is_required(&self) -> bool {
        let always = [
            "instanceType",
            "computeCapacity.desiredInstances",
            "computeCapacity.desiredSessions",
        ];
        let on_elastic = [
            "fleetType",
            "platform",
            "maxConcurrentSessions",
            "vpcConfig.subnetIds",
        ];
        always.contains(&self.rule.path)
            || (self.kind == Kind::ElasticFleet && on_elastic.contains(&self.rule.path))
    }

    /// The row with the field left out.
    pub(super) fn left_out(&self) -> Value {
        let mut row = self.kind.row();
        match self.rule.path {
            "vpcConfig.securityGroupIds" => {
                row["fleet"]["vpcConfig"] = json!({"subnetIds": ["subnet-m", "subnet-n"]});
            }
            // A multi-session fleet, whose capacity nobody says.
            "computeCapacity.desiredSessions" => {
                row["fleet"]["computeCapacity"] = json!({"desiredSessions": 2});
                row["fleet"]["maxSessionsPerInstance"] = json!(2);
            }
            _ => {}
        }
        row
    }

    /// The row with the field as it is asked for.
    pub(super) fn set(&self) -> Value {
        let mut row = self.left_out();
        if self.rule.path == "maxSessionsPerInstance" {
            row["fleet"]["computeCapacity"] = json!({"desiredSessions": 4});
        }
        put(&mut row, &self.path(), &self.asked);
        row
    }

    /// The row in which the field must be unset, if it can be.
    pub(super) fn unset(&self) -> Option<Value> {
        let parent = self.rule.path.split_once('.').map(|(parent, _)| parent);
        let places = std::iter::once(self.rule.path).chain(parent);
        places
            .filter(|_| !self.is_required())
            .map(|place| {
                let mut row = self.left_out();
                put(
                    &mut row,
                    &format!("{}.{place}", self.kind.object()),
                    &Value::Null,
                );
                row
            })
            .find(|row| serde_json::from_value::<Spec>(row.clone()).is_ok())
    }
}

/// The node at a path.
pub(super) fn at<'a>(tree: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(tree, |node, key| node.get(key))
}

/// Puts a value at a path, making the objects above it.
pub(super) fn put(tree: &mut Value, path: &str, value: &Value) {
    let place = path.split('.').fold(tree, |node, key| &mut node[key]);
    *place = value.clone();
}

/// Every row of every table, with its values.
pub(super) fn samples() -> Vec<Sample> {
    let of = |kind: Kind, rules: &'static [FieldRule], values: Vec<(&str, Value, Value)>| {
        let paths: Vec<&str> = rules.iter().map(|rule| rule.path).collect();
        let valued: Vec<&str> = values.iter().map(|(path, ..)| *path).collect();
        assert_eq!(paths, valued, "every field has values");
        let all = rules
            .iter()
            .zip(values)
            .map(move |(rule, (_, asked, theirs))| Sample {
                kind,
                rule,
                asked,
                theirs,
            });
        all.filter(|sample| match sample.kind {
            Kind::Fleet | Kind::Stack => sample.rule.change.is_some(),
            Kind::ElasticFleet => sample.rule.elastic.is_some(),
        })
        .collect::<Vec<_>>()
    };
    let mut elastic = fleet_values();
    for (path, asked, _) in &mut elastic {
        if *path == "fleetType" {
            *asked = json!("ELASTIC");
        }
    }
    let mut all = of(Kind::Fleet, FLEET, fleet_values());
    all.extend(of(Kind::ElasticFleet, FLEET, elastic));
    all.extend(of(Kind::Stack, STACK, stack_values()));
    all
}

fn fleet_values() -> Vec<(&'static str, Value, Value)> {
    let role = |name: &str| json!(format!("arn:aws:iam::111122223333:role/{name}"));
    let script = |key: &str| json!({"s3Bucket": "scripts", "s3Key": key});
    let large = "stream.standard.large";
    vec![
        ("instanceType", json!(large), json!("stream.standard.small")),
        ("fleetType", json!("ON_DEMAND"), Value::Null),
        (
            "platform",
            json!("UBUNTU_PRO_2404"),
            json!("WINDOWS_SERVER_2019"),
        ),
        ("computeCapacity.desiredInstances", json!(2), json!(3)),
        ("computeCapacity.desiredSessions", json!(6), json!(8)),
        ("maxUserDurationInSeconds", json!(345_600), json!(600)),
        ("disconnectTimeoutInSeconds", json!(60), json!(120)),
        ("idleDisconnectTimeoutInSeconds", json!(60), json!(120)),
        ("displayName", json!("CFD"), json!("theirs")),
        ("description", json!("CFD"), json!("theirs")),
        ("enableDefaultInternetAccess", json!(true), json!(false)),
        (
            "domainJoinInfo",
            json!({"directoryName": "corp.example"}),
            json!({"directoryName": "theirs.example",
                   "organizationalUnitDistinguishedName": "OU=theirs"}),
        ),
        ("iamRoleArn", role("a"), role("theirs")),
        ("streamView", json!("DESKTOP"), json!("APP")),
        (
            "vpcConfig.subnetIds",
            json!(["subnet-a", "subnet-b"]),
            json!(["subnet-y", "subnet-z"]),
        ),
        (
            "vpcConfig.securityGroupIds",
            json!(["sg-1", "sg-2"]),
            json!(["sg-9"]),
        ),
        ("maxConcurrentSessions", json!(3), json!(7)),
        ("maxSessionsPerInstance", json!(4), json!(2)),
        (
            "usbDeviceFilterStrings",
            json!(["Mouse,046d,c52b,3,1,2,1,0"]),
            json!(["Mouse,046d,c52b,3,1,2,0,0"]),
        ),
        (
            "sessionScriptS3Location",
            script("a.zip"),
            script("theirs.zip"),
        ),
        ("rootVolumeConfig.volumeSizeInGb", json!(300), json!(400)),
        ("disableIMDSV1", json!(true), json!(false)),
    ]
}

fn stack_values() -> Vec<(&'static str, Value, Value)> {
    let url = |name: &str| json!(format!("https://{name}.example/"));
    let group = |name: &str| json!({"enabled": true, "settingsGroup": name});
    let drive = |domain: &str| {
        json!([{"connectorType": "ONE_DRIVE", "domains": [domain],
                "domainsRequireAdminConsent": [domain]}])
    };
    let endpoint = |id: &str| json!([{"endpointType": "STREAMING", "vpceId": id}]);
    vec![
        ("displayName", json!("CFD"), json!("theirs")),
        ("description", json!("CFD"), json!("theirs")),
        ("redirectURL", url("a"), url("theirs")),
        ("feedbackURL", url("a"), url("theirs")),
        (
            "storageConnectors",
            drive("a.example"),
            drive("theirs.example"),
        ),
        (
            "storageConnectorAuthentication",
            json!("FORCE_REAUTHENTICATION"),
            json!("REUSE_CREDENTIALS"),
        ),
        ("applicationSettings", group("a"), group("theirs")),
        ("accessEndpoints", endpoint("vpce-1"), endpoint("vpce-9")),
        (
            "embedHostDomains",
            json!(["a.example", "b.example"]),
            json!(["theirs.example"]),
        ),
        (
            "streamingExperienceSettings.preferredProtocol",
            json!("UDP"),
            json!("TCP"),
        ),
        (
            "contentRedirection",
            json!({"hostToClient": {"enabled": true, "deniedUrls": ["https://b"]}}),
            json!({"hostToClient": {"enabled": true, "allowedUrls": ["https://theirs"],
                                    "deniedUrls": ["https://c"]}}),
        ),
        (
            "agentAccessConfig",
            access("ENABLED", true),
            access("DISABLED", false),
        ),
    ]
}

fn access(permission: &str, uploads: bool) -> Value {
    json!({
        "settings": [{"agentAction": "COMPUTER_VISION", "permission": permission}],
        "screenResolution": "W_1280xH_720", "screenImageFormat": "PNG",
        "screenshotsUploadEnabled": uploads, "s3BucketArn": "arn:aws:s3:::shots",
        "userControlMode": "VIEW_STOP"
    })
}
