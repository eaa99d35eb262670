//! Tabulates bad specs and the path and rule with which each is refused.

/// A valid spec with one value put in: path in it, value as JSON text, the whole message.
pub(super) const BAD_SPECS: &[(&str, &str, &str)] = &[
    // Keys.
    ("colour", "1", "spec.colour: unknown key"),
    ("fleet,colour", "1", "spec.fleet.colour: unknown key"),
    (
        "fleet,instance_type",
        r#""x""#,
        r#"spec.fleet.instance_type: unknown key; did you mean "instanceType"?"#,
    ),
    (
        "stack,redirectUrl",
        r#""x""#,
        r#"spec.stack.redirectUrl: unknown key; did you mean "redirectURL"?"#,
    ),
    (
        "fleet,computeCapacity",
        r#"{"desiredInstance": 1, "desiredInstances": 1}"#,
        r#"spec.fleet.computeCapacity.desiredInstance: unknown key; did you mean "desiredInstances"?"#,
    ),
    (
        "fleet,two words",
        "1",
        r#"spec.fleet["two words"]: unknown key"#,
    ),
    ("fleet", "{}", "spec.fleet.instanceType: is required"),
    (
        "clusters",
        r#"[{"name": "cfd"}]"#,
        "spec.clusters[0].access: is required",
    ),
    // Keys that depend on each other.
    (
        "fleetRef",
        r#""fem""#,
        r#"spec.fleet: is not allowed with "fleetRef""#,
    ),
    (
        "image",
        "{}",
        r#"spec.image: exactly one of "name", "arn", "build" is required, not none"#,
    ),
    (
        "image",
        r#"{"name": "i", "arn": "arn:aws:appstream:eu-west-1::image/i"}"#,
        r#"spec.image: exactly one of "name", "arn", "build" is required, not both"#,
    ),
    (
        "fleet,computeCapacity",
        "{}",
        r#"spec.fleet.computeCapacity: exactly one of "desiredInstances", "desiredSessions" is required, not none"#,
    ),
    (
        "stack,applicationSettings",
        r#"{"enabled": true}"#,
        r#"spec.stack.applicationSettings.settingsGroup: is required when "enabled" is true"#,
    ),
    (
        "stack,userSettings",
        r#"[{"action": "FILE_UPLOAD", "permission": "ENABLED", "maximumLength": 5}]"#,
        r#"spec.stack.userSettings[0].maximumLength: is not allowed when "action" is "FILE_UPLOAD""#,
    ),
    (
        "fleet,computeCapacity",
        r#"{"desiredSessions": 4}"#,
        r#"spec.fleet.maxSessionsPerInstance: is required with "computeCapacity.desiredSessions""#,
    ),
    (
        "fleet,maxSessionsPerInstance",
        "2",
        r#"spec.fleet.computeCapacity: is required with "maxSessionsPerInstance""#,
    ),
    (
        "fleet",
        r#"{"instanceType": "x", "fleetType": "ELASTIC", "maxConcurrentSessions": 1}"#,
        r#"spec.fleet.vpcConfig: is required when "fleetType" is "ELASTIC""#,
    ),
    (
        "fleet",
        r#"{"instanceType": "x", "fleetType": "ELASTIC", "vpcConfig": {"subnetIds": ["a", "b"]}}"#,
        r#"spec.fleet.maxConcurrentSessions: is required when "fleetType" is "ELASTIC""#,
    ),
    (
        "fleet",
        r#"{"instanceType": "x", "fleetType": "ELASTIC", "vpcConfig": {"subnetIds": ["a", "b"]},
            "maxConcurrentSessions": 1, "computeCapacity": {"desiredInstances": 1}}"#,
        r#"spec.fleet.computeCapacity: is not allowed when "fleetType" is "ELASTIC""#,
    ),
    (
        "fleet",
        r#"{"instanceType": "x", "fleetType": "ELASTIC", "vpcConfig": {"subnetIds": ["a", "b"]},
            "maxConcurrentSessions": 1, "domainJoinInfo": {"directoryName": "a"}}"#,
        r#"spec.fleet.domainJoinInfo: is not allowed when "fleetType" is "ELASTIC""#,
    ),
    (
        "fleet",
        r#"{"instanceType": "x", "platform": "RHEL8", "maxConcurrentSessions": 1}"#,
        r#"spec.fleet.maxConcurrentSessions: is not allowed when "platform" is "RHEL8""#,
    ),
    (
        "fleet",
        r#"{"instanceType": "x", "fleetType": "ON_DEMAND", "maxConcurrentSessions": 1}"#,
        r#"spec.fleet.maxConcurrentSessions: is not allowed when "fleetType" is "ON_DEMAND""#,
    ),
    (
        "fleet,domainJoinInfo",
        "{}",
        r#"spec.fleet.domainJoinInfo: at least one of "directoryName", "organizationalUnitDistinguishedName" is required"#,
    ),
    (
        "stack,storageConnectors",
        r#"[{"connectorType": "GOOGLE_DRIVE", "domainsRequireAdminConsent": ["a"]}]"#,
        r#"spec.stack.storageConnectors[0].domainsRequireAdminConsent: is not allowed when "connectorType" is "GOOGLE_DRIVE""#,
    ),
    (
        "stack,agentAccessConfig",
        r#"{"settings": [{"agentAction": "COMPUTER_VISION", "permission": "ENABLED"}],
            "screenResolution": "W_1280xH_720", "screenImageFormat": "PNG",
            "screenshotsUploadEnabled": true}"#,
        r#"spec.stack.agentAccessConfig.s3BucketArn: is required when "screenshotsUploadEnabled" is true"#,
    ),
    // Types, and null.
    (
        "fleet,platform",
        "null",
        "spec.fleet.platform: null is not one of \"WINDOWS\", \"WINDOWS_SERVER_2016\", \"WINDOWS_SERVER_2019\", \"WINDOWS_SERVER_2022\", \"WINDOWS_SERVER_2025\", \"WINDOWS_11\", \"AMAZON_LINUX2\", \"RHEL8\", \"ROCKY_LINUX8\", \"UBUNTU_PRO_2404\"",
    ),
    (
        "fleet,rootVolumeConfig",
        r#"{"volumeSizeInGb": 199}"#,
        "spec.fleet.rootVolumeConfig.volumeSizeInGb: 199 is below the minimum 200",
    ),
    (
        "stack,accessEndpoints",
        "[]",
        "spec.stack.accessEndpoints: must not be empty",
    ),
    (
        "stack,embedHostDomains",
        r#"["Example.com"]"#,
        r#"spec.stack.embedHostDomains[0]: "Example.com" does not match ^(([a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9])\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$"#,
    ),
    ("fleet", "[]", "spec.fleet: expected an object, not a list"),
    (
        "clusters",
        "{}",
        "spec.clusters: expected a list, not an object",
    ),
    (
        "fleet,streamView",
        "1",
        r#"spec.fleet.streamView: 1 is not one of "APP", "DESKTOP""#,
    ),
    (
        "fleet,enableDefaultInternetAccess",
        r#""true""#,
        r#"spec.fleet.enableDefaultInternetAccess: expected true or false, not "true""#,
    ),
    (
        "fleet,name",
        "null",
        "spec.fleet.name: expected a string, not null",
    ),
    ("buckets", "null", "spec.buckets: expected a list, not null"),
    (
        "fleet,description",
        "5",
        "spec.fleet.description: expected a string, not 5",
    ),
    (
        "fleet,vpcConfig",
        "5",
        "spec.fleet.vpcConfig: expected an object, not 5",
    ),
    (
        "fleet,vpcConfig",
        r#"{"subnetIds": ["subnet-1"], "securityGroupIds": [7]}"#,
        "spec.fleet.vpcConfig.securityGroupIds[0]: expected a string, not 7",
    ),
    (
        "fleet,vpcConfig",
        r#"{"subnetIds": ["subnet-1"], "securityGroupIds": []}"#,
        "spec.fleet.vpcConfig.securityGroupIds: must not be empty",
    ),
    (
        "stack,storageConnectors",
        r#"[{"connectorType": "DROPBOX"}]"#,
        r#"spec.stack.storageConnectors[0].connectorType: "DROPBOX" is not one of "HOMEFOLDERS", "GOOGLE_DRIVE", "ONE_DRIVE""#,
    ),
    // Numbers.
    (
        "fleet,maxUserDurationInSeconds",
        "999999",
        "spec.fleet.maxUserDurationInSeconds: 999999 is above the maximum 432000",
    ),
    (
        "fleet,disconnectTimeoutInSeconds",
        "59",
        "spec.fleet.disconnectTimeoutInSeconds: 59 is below the minimum 60",
    ),
    (
        "fleet,idleDisconnectTimeoutInSeconds",
        "5",
        "spec.fleet.idleDisconnectTimeoutInSeconds: 5 is not 0 and 5 is below the minimum 60",
    ),
    (
        "fleet,idleDisconnectTimeoutInSeconds",
        "0.0",
        "spec.fleet.idleDisconnectTimeoutInSeconds: 0.0 is not a whole number written without a point",
    ),
    (
        "fleet,maxUserDurationInSeconds",
        "3600.0",
        "spec.fleet.maxUserDurationInSeconds: 3600.0 is not a whole number written without a point",
    ),
    (
        "fleet,maxUserDurationInSeconds",
        "1e400",
        "spec.fleet.maxUserDurationInSeconds: 10000000000000000000000000000000000000000000000000000000000000000000000000000000… cannot be held: whole numbers have 64 bits, others double precision",
    ),
    (
        "clusters",
        r#"[{"name": "cfd", "access": "READ_ONLY", "config": {"a b": [1, 9223372036854775808]}}]"#,
        r#"spec.clusters[0].config["a b"][1]: 9223372036854775808 cannot be held: whole numbers have 64 bits, others double precision"#,
    ),
    (
        "clusters",
        r#"[{"name": "cfd", "access": "READ_ONLY", "config": {"tiny": 1e-400}}]"#,
        "spec.clusters[0].config.tiny: 0.000000000000000000000000000000000000000000000000000000000000000000000000000000… cannot be held: whole numbers have 64 bits, others double precision",
    ),
    // Strings.
    (
        "fleet,name",
        r#""-x""#,
        r#"spec.fleet.name: "-x" does not match ^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}$"#,
    ),
    (
        "fleet,name",
        r#""x\n""#,
        r#"spec.fleet.name: "x\n" does not match ^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}$"#,
    ),
    (
        "fleet,description",
        r#""""#,
        "spec.fleet.description: must not be empty",
    ),
    (
        "fleet,iamRoleArn",
        r#""appstream""#,
        r#"spec.fleet.iamRoleArn: "appstream" does not match ^arn:aws(-cn|-iso|-iso-b|-us-gov)?:[A-Za-z0-9][A-Za-z0-9_/.-]{0,62}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]*$"#,
    ),
    (
        "tags",
        r#"{"AWS:team": "x"}"#,
        r#"spec.tags["AWS:team"]: "AWS:team" begins with the reserved "aws:""#,
    ),
    (
        "tags",
        r#"{"": "x"}"#,
        r#"spec.tags[""]: must not be empty"#,
    ),
    (
        "tags",
        r#"{"team": 1}"#,
        "spec.tags.team: expected a string, not 1",
    ),
    // Lists.
    (
        "clusters",
        r#"[{"name": "a", "access": "READ_ONLY"}, {"name": "a", "access": "READ_WRITE"}]"#,
        r#"spec.clusters[1].name: "a" is already taken by [0]"#,
    ),
    (
        "stack,userSettings",
        r#"[{"action": "FILE_UPLOAD", "permission": "ENABLED"}, {"action": "FILE_UPLOAD", "permission": "DISABLED"}]"#,
        r#"spec.stack.userSettings[1].action: "FILE_UPLOAD" is already taken by [0]"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "*", "access": "READ_ONLY"}]}]"#,
        r#"spec.buckets[0].grants[0].principal: "*" does not match ^([0-9]{12}|arn:aws(-cn|-iso|-iso-b|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/*?-]+)$"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "arn:aws:iam::210987654321:user/ada", "access": "READ_ONLY"}]}]"#,
        r#"spec.buckets[0].grants[0].principal: "arn:aws:iam::210987654321:user/ada" does not match ^([0-9]{12}|arn:aws(-cn|-iso|-iso-b|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/*?-]+)$"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "arn:aws:sts::210987654321:assumed-role/n/s", "access": "READ_ONLY"}]}]"#,
        r#"spec.buckets[0].grants[0].principal: "arn:aws:sts::210987654321:assumed-role/n/s" does not match ^([0-9]{12}|arn:aws(-cn|-iso|-iso-b|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/*?-]+)$"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "ec2.amazonaws.com", "access": "READ_ONLY"}]}]"#,
        r#"spec.buckets[0].grants[0].principal: "ec2.amazonaws.com" does not match ^([0-9]{12}|arn:aws(-cn|-iso|-iso-b|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/*?-]+)$"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "arn:aws:iam::210987654321:root", "access": "READ_ONLY"}]}]"#,
        r#"spec.buckets[0].grants[0].principal: "arn:aws:iam::210987654321:root" does not match ^([0-9]{12}|arn:aws(-cn|-iso|-iso-b|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/*?-]+)$"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "arn:aws:iam::*:role/n", "access": "READ_ONLY"}]}]"#,
        r#"spec.buckets[0].grants[0].principal: "arn:aws:iam::*:role/n" does not match ^([0-9]{12}|arn:aws(-cn|-iso|-iso-b|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/*?-]+)$"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "210987654321", "access": "ALL"}]}]"#,
        r#"spec.buckets[0].grants[0].access: "ALL" is not one of "READ_ONLY", "READ_WRITE""#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "210987654321", "access": "READ_ONLY", "prefix": "a/*"}]}]"#,
        r#"spec.buckets[0].grants[0].prefix: "a/*" does not match ^[^/*?${}][^*?${}]*$"#,
    ),
    (
        "buckets",
        r#"[{"bucket": "home", "grants": [{"principal": "210987654321", "access": "READ_ONLY", "prefix": "a"}, {"principal": "210987654321", "access": "READ_WRITE"}, {"principal": "210987654321", "access": "READ_ONLY"}]}]"#,
        r#"spec.buckets[0].grants[2]: has the same "principal", "prefix" as [1]"#,
    ),
    (
        "clusters",
        r#"[{"name": "a", "access": "READ_ONLY", "users": []}]"#,
        "spec.clusters[0].users: must not be empty",
    ),
];
