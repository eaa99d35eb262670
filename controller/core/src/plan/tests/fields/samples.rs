//! Holds values for every field of the tables, and rows to put them in.

use serde_json::{Value, json};

use super::super::harness::{small, with};
use crate::fields::{FLEET, FieldRule, STACK};
use crate::plan::diff;
use crate::spec::Spec;

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
    fn row(self) -> Value {
        match self {
            Self::Fleet | Self::Stack => small(),
            Self::ElasticFleet => with(
                small(),
                &[(
                    "/fleet",
                    json!({
                        "instanceType": "stream.standard.medium", "fleetType": "ELASTIC",
                        "maxConcurrentSessions": 9,
                        "vpcConfig": {"subnetIds": ["subnet-m", "subnet-n"]}
                    }),
                )],
            ),
        }
    }

    /// Whether the row cannot do without the field.
    fn requires(self, path: &str) -> bool {
        match self {
            Self::Fleet => path == "instanceType",
            Self::ElasticFleet => [
                "instanceType",
                "fleetType",
                "maxConcurrentSessions",
                "vpcConfig.subnetIds",
            ]
            .contains(&path),
            Self::Stack => false,
        }
    }
}

/// A row of a table with values to try: one, another, and one that somebody else sets.
pub(super) struct Sample {
    pub(super) kind: Kind,
    pub(super) rule: &'static FieldRule,
    pub(super) values: [Value; 3],
}

impl Sample {
    /// The path as in `ignore`.
    pub(super) fn path(&self) -> String {
        format!("{}.{}", self.kind.object(), self.rule.path)
    }

    pub(super) fn is_required(&self) -> bool {
        self.kind.requires(self.rule.path)
    }

    /// The row with the field left out.
    pub(super) fn left_out(&self) -> Value {
        let mut row = self.kind.row();
        if self.rule.path == "computeCapacity.desiredSessions" {
            row["fleet"]["maxSessionsPerInstance"] = json!(2);
        }
        if self.rule.path == "maxSessionsPerInstance" {
            row["fleet"]["computeCapacity"] = json!({"desiredInstances": 1});
        }
        if self.rule.path == "vpcConfig.securityGroupIds" {
            row["fleet"]["vpcConfig"] = json!({"subnetIds": ["subnet-m", "subnet-n"]});
        }
        row
    }

    /// The row with the field at a value.
    pub(super) fn set(&self, value: &Value) -> Value {
        let mut row = self.left_out();
        diff::put(&mut row, &self.path(), value.clone());
        // Of a multi-session fleet the capacity is in sessions.
        if self.rule.path == "maxSessionsPerInstance" && value.is_number() {
            row["fleet"]["computeCapacity"] = json!({"desiredSessions": 4});
        }
        row
    }

    /// The row in which the field must be unset: `null` at it, or above it; `None` where neither is
    /// allowed.
    pub(super) fn unset(&self) -> Option<Value> {
        let parent = self.rule.path.split_once('.').map(|(parent, _)| parent);
        let places = std::iter::once(self.rule.path).chain(parent);
        places
            .filter(|_| !self.is_required())
            .map(|place| {
                let mut row = self.left_out();
                diff::put(
                    &mut row,
                    &format!("{}.{place}", self.kind.object()),
                    Value::Null,
                );
                row
            })
            .find(|row| serde_json::from_value::<Spec>(row.clone()).is_ok())
    }
}

/// Every row of every table, with its values.
pub(super) fn samples() -> Vec<Sample> {
    let of = |kind: Kind, rules: &'static [FieldRule], values: Vec<(&str, [Value; 3])>| {
        let paths: Vec<&str> = rules.iter().map(|rule| rule.path).collect();
        let sampled: Vec<&str> = values.iter().map(|(path, _)| *path).collect();
        assert_eq!(paths, sampled, "every field has values");
        let all = rules
            .iter()
            .zip(values)
            .map(move |(rule, (_, values))| Sample { kind, rule, values });
        all.filter(|sample| match sample.kind {
            Kind::Fleet | Kind::Stack => sample.rule.change.is_some(),
            Kind::ElasticFleet => sample.rule.elastic.is_some(),
        })
        .collect::<Vec<_>>()
    };
    let mut elastic = fleet_values();
    for (path, values) in &mut elastic {
        if *path == "fleetType" {
            *values = [json!("ELASTIC"), json!("ELASTIC"), json!("ON_DEMAND")];
        }
    }
    let mut all = of(Kind::Fleet, FLEET, fleet_values());
    all.extend(of(Kind::ElasticFleet, FLEET, elastic));
    all.extend(of(Kind::Stack, STACK, stack_values()));
    all
}

fn fleet_values() -> Vec<(&'static str, [Value; 3])> {
    let mut values = vec![
        (
            "instanceType",
            [
                "stream.standard.large",
                "stream.standard.xlarge",
                "stream.memory.large",
            ]
            .map(Value::from),
        ),
        (
            "fleetType",
            ["ON_DEMAND", "ON_DEMAND", "ALWAYS_ON"].map(Value::from),
        ),
        (
            "platform",
            ["AMAZON_LINUX2", "WINDOWS_SERVER_2019", "UBUNTU_PRO_2404"].map(Value::from),
        ),
        (
            "computeCapacity.desiredInstances",
            [2, 0, 9].map(Value::from),
        ),
        (
            "computeCapacity.desiredSessions",
            [2, 0, 9].map(Value::from),
        ),
        (
            "maxUserDurationInSeconds",
            [345_600, 600, 1200].map(Value::from),
        ),
        (
            "disconnectTimeoutInSeconds",
            [60, 120, 180].map(Value::from),
        ),
        (
            "idleDisconnectTimeoutInSeconds",
            [60, 120, 180].map(Value::from),
        ),
        ("displayName", ["CFD", "Flows", "theirs"].map(Value::from)),
        ("description", ["CFD", "Flows", "theirs"].map(Value::from)),
        (
            "enableDefaultInternetAccess",
            [true, false, true].map(Value::from),
        ),
    ];
    values.extend(values_of_surroundings());
    values.extend(values_of_sessions());
    values
}

fn values_of_surroundings() -> Vec<(&'static str, [Value; 3])> {
    let role = |name: &str| json!(format!("arn:aws:iam::123456789012:role/{name}"));
    let subnets = |names: [&str; 2]| json!(names);
    vec![
        (
            "domainJoinInfo",
            [
                json!({"directoryName": "a.example", "organizationalUnitDistinguishedName": "OU=a"}),
                json!({"directoryName": "a.example"}),
                json!({"directoryName": "theirs.example"}),
            ],
        ),
        ("iamRoleArn", ["a", "b", "theirs"].map(role)),
        ("streamView", ["DESKTOP", "APP", "DESKTOP"].map(Value::from)),
        (
            "vpcConfig.subnetIds",
            [
                ["subnet-a", "subnet-b"],
                ["subnet-b", "subnet-c"],
                ["subnet-y", "subnet-z"],
            ]
            .map(subnets),
        ),
        (
            "vpcConfig.securityGroupIds",
            [json!(["sg-1"]), json!(["sg-2", "sg-3"]), json!(["sg-9"])],
        ),
    ]
}

fn values_of_sessions() -> Vec<(&'static str, [Value; 3])> {
    let usb = |vendor: &str| json!([format!("HID,{vendor},0,3,0,0,1,0")]);
    let script = |key: &str| json!({"s3Bucket": "scripts", "s3Key": key});
    vec![
        ("maxConcurrentSessions", [3, 5, 7].map(Value::from)),
        ("maxSessionsPerInstance", [2, 4, 8].map(Value::from)),
        ("usbDeviceFilterStrings", ["1", "2", "9"].map(usb)),
        (
            "sessionScriptS3Location",
            ["a.zip", "b.zip", "theirs.zip"].map(script),
        ),
        (
            "rootVolumeConfig.volumeSizeInGb",
            [300, 400, 500].map(Value::from),
        ),
        ("disableIMDSV1", [true, false, true].map(Value::from)),
    ]
}

fn stack_values() -> Vec<(&'static str, [Value; 3])> {
    let urls = |name: &str| json!(format!("https://{name}.example/"));
    let group = |name: &str| json!({"enabled": true, "settingsGroup": name});
    let drive = |domain: &str| json!([{"connectorType": "ONE_DRIVE", "domains": [domain]}]);
    let endpoint = |id: &str| json!([{"endpointType": "STREAMING", "vpceId": id}]);
    vec![
        ("displayName", ["CFD", "Flows", "theirs"].map(Value::from)),
        ("description", ["CFD", "Flows", "theirs"].map(Value::from)),
        ("redirectURL", ["a", "b", "theirs"].map(urls)),
        ("feedbackURL", ["a", "b", "theirs"].map(urls)),
        (
            "storageConnectors",
            ["a.example", "b.example", "theirs.example"].map(drive),
        ),
        (
            "storageConnectorAuthentication",
            [
                "FORCE_REAUTHENTICATION",
                "REUSE_CREDENTIALS",
                "FORCE_REAUTHENTICATION",
            ]
            .map(Value::from),
        ),
        ("applicationSettings", ["a", "b", "theirs"].map(group)),
        (
            "accessEndpoints",
            ["vpce-1", "vpce-2", "vpce-9"].map(endpoint),
        ),
        (
            "embedHostDomains",
            [
                json!(["a.example", "b.example"]),
                json!(["b.example"]),
                json!(["theirs.example"]),
            ],
        ),
        (
            "streamingExperienceSettings.preferredProtocol",
            ["UDP", "TCP", "UDP"].map(Value::from),
        ),
        (
            "contentRedirection",
            [
                json!({"hostToClient": {"enabled": true, "allowedUrls": ["https://a"],
                                        "deniedUrls": ["https://b"]}}),
                json!({"hostToClient": {"enabled": true, "deniedUrls": ["https://c"]}}),
                json!({"hostToClient": {"enabled": false}}),
            ],
        ),
        ("agentAccessConfig", agent_access_values()),
    ]
}

fn agent_access_values() -> [Value; 3] {
    let access = |settings: Value, uploads: bool| {
        json!({
            "settings": settings, "screenResolution": "W_1280xH_720", "screenImageFormat": "PNG",
            "screenshotsUploadEnabled": uploads, "s3BucketArn": "arn:aws:s3:::shots",
            "userControlMode": "VIEW_STOP"
        })
    };
    let one =
        |action: &str, permission: &str| json!({"agentAction": action, "permission": permission});
    [
        access(
            json!([
                one("COMPUTER_INPUT", "ENABLED"),
                one("COMPUTER_VISION", "ENABLED")
            ]),
            true,
        ),
        access(
            json!([
                one("COMPUTER_INPUT", "DISABLED"),
                one("COMPUTER_VISION", "ENABLED")
            ]),
            false,
        ),
        access(
            json!([
                one("COMPUTER_VISION", "ENABLED"),
                one("FORWARD_MCP_TOOLS", "ENABLED")
            ]),
            false,
        ),
    ]
}
