//! Stacks: defaults, merging, deletion of attributes, associations.

use serde_json::{Value, json};

use super::{Aws, code};

const ORDER: [&str; 9] = [
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

fn permission(stack: &Value, action: &str) -> String {
    let settings = stack["UserSettings"].as_array().unwrap();
    let setting = settings.iter().find(|setting| setting["Action"] == action);
    setting.unwrap()["Permission"].as_str().unwrap().to_owned()
}

fn update(aws: &Aws, more: Value) -> Value {
    let input = super::merged(json!({"Name": "cfd"}), more);
    aws.ok("UpdateStack", input)["Stack"].clone()
}

#[test]
fn a_new_stack_has_all_defaults() {
    let stack = Aws::new().create_stack("cfd", json!({}));
    let actions: Vec<_> = stack["UserSettings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|setting| setting["Action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ORDER);
    assert_eq!(permission(&stack, "FILE_UPLOAD"), "ENABLED");
    assert_eq!(permission(&stack, "DOMAIN_SMART_CARD_SIGNIN"), "DISABLED");
    assert_eq!(permission(&stack, "AUTO_TIME_ZONE_REDIRECTION"), "DISABLED");
    for (member, value) in [
        ("ApplicationSettings", json!({"Enabled": false})),
        (
            "StreamingExperienceSettings",
            json!({"PreferredProtocol": "TCP"}),
        ),
        ("StorageConnectorAuthentication", json!("REUSE_CREDENTIALS")),
        ("StorageConnectors", json!([])),
        ("AccessEndpoints", json!([])),
        ("StackErrors", json!([])),
    ] {
        assert_eq!(stack[member], value, "{member}");
    }
    for absent in [
        "Description",
        "RedirectURL",
        "EmbedHostDomains",
        "ContentRedirection",
    ] {
        assert!(stack.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn every_member_is_stored_and_returned() {
    let settings = json!({
        "Description": "d",
        "DisplayName": "n",
        "RedirectURL": "https://example.com/r",
        "FeedbackURL": "https://example.com/f",
        "AccessEndpoints": [{"EndpointType": "STREAMING", "VpceId": "vpce-1"}],
        "EmbedHostDomains": ["example.com"],
        "StreamingExperienceSettings": {"PreferredProtocol": "UDP"},
        "ContentRedirection": {"HostToClient": {
            "Enabled": true, "AllowedUrls": ["https://example.com"], "DeniedUrls": [],
        }},
        "AgentAccessConfig": {
            "Settings": [{"AgentAction": "COMPUTER_VISION", "Permission": "ENABLED"}],
            "ScreenResolution": "W_1280xH_720",
            "ScreenImageFormat": "PNG",
            "KmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k",
        },
        "StorageConnectorAuthentication": "FORCE_REAUTHENTICATION",
    });
    let aws = Aws::new();
    let created = aws.create_stack("cfd", settings.clone());
    aws.create_stack("other", json!({}));
    let updated = aws.ok(
        "UpdateStack",
        super::merged(settings.clone(), json!({"Name": "other"})),
    );
    for (member, value) in settings.as_object().unwrap() {
        assert_eq!(&created[member], value, "{member} created");
        assert_eq!(&updated["Stack"][member], value, "{member} updated");
    }
    let attributes = json!([
        "REDIRECT_URL",
        "FEEDBACK_URL",
        "EMBED_HOST_DOMAINS",
        "ACCESS_ENDPOINTS",
        "STREAMING_EXPERIENCE_SETTINGS",
        "CONTENT_REDIRECTION",
        "STORAGE_CONNECTOR_AUTHENTICATION",
        "AGENT_ACCESS_CONFIG_KMS_KEY_ARN",
    ]);
    let stack = update(&aws, json!({"AttributesToDelete": attributes}));
    assert_eq!(
        stack["StreamingExperienceSettings"]["PreferredProtocol"],
        "TCP"
    );
    assert_eq!(stack["StorageConnectorAuthentication"], "REUSE_CREDENTIALS");
    assert_eq!(stack["AccessEndpoints"], json!([]));
    assert!(stack["AgentAccessConfig"].get("KmsKeyArn").is_none());
    for absent in [
        "RedirectURL",
        "FeedbackURL",
        "EmbedHostDomains",
        "ContentRedirection",
    ] {
        assert!(stack.get(absent).is_none(), "{absent}");
    }
    let stack = update(
        &aws,
        json!({"AttributesToDelete": ["AGENT_ACCESS_CONFIG"], "Description": ""}),
    );
    assert!(stack.get("AgentAccessConfig").is_none());
    assert!(stack.get("Description").is_none());
    assert_eq!(stack["DisplayName"], "n");
}

#[test]
fn a_partial_list_of_user_settings_replaces_or_merges_as_configured() {
    let off = |action: &str| json!([{"Action": action, "Permission": "DISABLED"}]);
    for replaces in [true, false] {
        let aws = Aws::with(|config| config.unknowns.user_settings_replace = replaces);
        let created = aws.create_stack("cfd", json!({"UserSettings": off("FILE_UPLOAD")}));
        assert_eq!(permission(&created, "FILE_UPLOAD"), "DISABLED");
        assert_eq!(permission(&created, "FILE_DOWNLOAD"), "ENABLED");
        let stack = update(&aws, json!({"UserSettings": off("FILE_DOWNLOAD")}));
        assert_eq!(permission(&stack, "FILE_DOWNLOAD"), "DISABLED");
        let kept = if replaces { "ENABLED" } else { "DISABLED" };
        assert_eq!(permission(&stack, "FILE_UPLOAD"), kept);
        let stack = update(&aws, json!({"AttributesToDelete": ["USER_SETTINGS"]}));
        assert_eq!(permission(&stack, "FILE_DOWNLOAD"), "ENABLED");
    }
}

#[test]
fn a_maximum_length_belongs_to_an_enabled_clipboard() {
    let aws = Aws::new();
    let with = |action: &str, permission: &str, length: i64| {
        json!({"Name": "cfd", "UserSettings": [
            {"Action": action, "Permission": permission, "MaximumLength": length},
        ]})
    };
    let clipboard = "CLIPBOARD_COPY_TO_LOCAL_DEVICE";
    for wrong in [
        with("FILE_UPLOAD", "ENABLED", 5),
        with(clipboard, "DISABLED", 5),
        with(clipboard, "ENABLED", 0),
        with(clipboard, "ENABLED", 20_971_521),
    ] {
        let error = aws.refused("CreateStack", wrong);
        assert_eq!(code(&error), "InvalidParameterCombinationException");
    }
    let stack = aws.ok("CreateStack", with(clipboard, "ENABLED", 5));
    assert_eq!(stack["Stack"]["UserSettings"][1]["MaximumLength"], 5);
}

#[test]
fn leaving_a_connector_out_does_not_remove_it() {
    let aws = Aws::new();
    let connectors = json!([
        {"ConnectorType": "HOMEFOLDERS"},
        {"ConnectorType": "GOOGLE_DRIVE", "Domains": ["example.com"]},
    ]);
    aws.create_stack("cfd", json!({"StorageConnectors": connectors}));
    let one = json!([{"ConnectorType": "ONE_DRIVE", "Domains": ["example.com"]}]);
    let types = |stack: &Value| -> Vec<String> {
        let connectors = stack["StorageConnectors"].as_array().unwrap();
        connectors
            .iter()
            .map(|connector| connector["ConnectorType"].as_str().unwrap().to_owned())
            .collect()
    };
    let stack = update(&aws, json!({"StorageConnectors": one}));
    assert_eq!(types(&stack), ["HOMEFOLDERS", "GOOGLE_DRIVE", "ONE_DRIVE"]);
    let stack = update(
        &aws,
        json!({"AttributesToDelete": ["STORAGE_CONNECTOR_GOOGLE_DRIVE"]}),
    );
    assert_eq!(types(&stack), ["HOMEFOLDERS", "ONE_DRIVE"]);
    let stack = update(&aws, json!({"StorageConnectors": []}));
    assert_eq!(types(&stack), ["HOMEFOLDERS", "ONE_DRIVE"]);
    let stack = update(&aws, json!({"AttributesToDelete": ["STORAGE_CONNECTORS"]}));
    assert_eq!(types(&stack), Vec::<String>::new());
}

#[test]
fn enabled_application_settings_need_a_group_and_show_their_bucket() {
    let aws = Aws::instant();
    let enabled = json!({"Name": "cfd", "ApplicationSettings": {"Enabled": true}});
    let error = aws.refused("CreateStack", enabled);
    assert_eq!(code(&error), "InvalidParameterCombinationException");
    let settings = json!({"Enabled": true, "SettingsGroup": "cfd"});
    let stack = aws.create_stack("cfd", json!({"ApplicationSettings": settings}));
    let bucket = stack["ApplicationSettings"]["S3BucketName"]
        .as_str()
        .unwrap();
    assert!(bucket.starts_with("appstream-app-settings-eu-west-1-111122223333-"));
    let stack = update(&aws, json!({"ApplicationSettings": {"Enabled": false}}));
    assert_eq!(stack["ApplicationSettings"], json!({"Enabled": false}));
}

#[test]
fn a_stack_takes_one_fleet_and_a_fleet_several_stacks() {
    let aws = Aws::instant();
    aws.create_fleet("one", json!({}));
    aws.create_fleet("two", json!({}));
    for stack in ["a", "b"] {
        aws.create_stack(stack, json!({}));
        aws.associate(stack, "one");
    }
    let error = aws.refused(
        "AssociateFleet",
        json!({"StackName": "a", "FleetName": "two"}),
    );
    assert_eq!(code(&error), "OperationNotPermittedException");
    let stacks = aws.ok("ListAssociatedStacks", json!({"FleetName": "one"}));
    let mut names = stacks["Names"].as_array().unwrap().clone();
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, [json!("a"), json!("b")]);
    let fleets = aws.ok("ListAssociatedFleets", json!({"StackName": "a"}));
    assert_eq!(fleets["Names"], json!(["one"]));
    // An empty list proves nothing: a fleet that does not exist has one, too.
    let nobody = aws.ok("ListAssociatedStacks", json!({"FleetName": "nowhere"}));
    assert_eq!(nobody["Names"], json!([]));
    assert_eq!(
        aws.refused("DeleteStack", json!({"Name": "a"})),
        "ResourceInUseException: Cannot delete stack a. This stack has fleets associated with it."
    );
    aws.ok(
        "DisassociateFleet",
        json!({"StackName": "a", "FleetName": "one"}),
    );
    aws.ok("DeleteStack", json!({"Name": "a"}));
    let error = aws.refused("DescribeStacks", json!({"Names": ["a"]}));
    assert_eq!(code(&error), "ResourceNotFoundException");
}

#[test]
fn what_is_not_associated_cannot_be_dissociated() {
    let aws = Aws::instant();
    aws.create_fleet("cfd", json!({}));
    aws.create_stack("cfd", json!({}));
    let pair = json!({"StackName": "cfd", "FleetName": "cfd"});
    let error = aws.refused("DisassociateFleet", pair.clone());
    assert_eq!(code(&error), "ResourceNotFoundException");
    let wrong = json!({"StackName": "cfd", "FleetName": "nowhere"});
    let error = aws.refused("AssociateFleet", wrong);
    assert_eq!(code(&error), "ResourceNotFoundException");
}

#[test]
fn what_a_repeated_association_says_can_be_chosen() {
    for refused in [true, false] {
        let aws = Aws::with(|config| config.unknowns.associate_again_is_refused = refused);
        aws.create_fleet("cfd", json!({}));
        aws.create_stack("cfd", json!({}));
        aws.associate("cfd", "cfd");
        let pair = json!({"StackName": "cfd", "FleetName": "cfd"});
        assert_eq!(aws.call("AssociateFleet", pair).is_err(), refused);
    }
}

#[test]
fn drive_connectors_are_for_windows_fleets() {
    let aws = Aws::instant();
    let mut linux = crate::ImageSeed::private("linux");
    linux.platform = "ROCKY_LINUX8".to_owned();
    aws.0.add_image("eu-west-1", &linux);
    aws.create_fleet("cfd", json!({"ImageName": "linux"}));
    let connectors = json!([{"ConnectorType": "ONE_DRIVE", "Domains": ["example.com"]}]);
    aws.create_stack("cfd", json!({"StorageConnectors": connectors}));
    let pair = json!({"StackName": "cfd", "FleetName": "cfd"});
    let error = aws.refused("AssociateFleet", pair);
    assert_eq!(code(&error), "IncompatibleImageException");
}

#[test]
fn agents_need_what_the_documentation_says() {
    let aws = Aws::new();
    aws.create_stack("cfd", json!({}));
    let access = |settings: Value, more: Value| {
        let whole = json!({
            "Settings": settings, "ScreenResolution": "W_1280xH_720", "ScreenImageFormat": "PNG"
        });
        let config = super::merged(whole, more);
        json!({"Name": "cfd", "AgentAccessConfig": config})
    };
    let enabled = |action: &str| json!({"AgentAction": action, "Permission": "ENABLED"});
    let refused = [
        json!({"Name": "cfd", "AgentAccessConfig": {"UserControlMode": "VIEW_ONLY"}}),
        access(json!([enabled("COMPUTER_INPUT")]), json!({})),
        access(
            json!([enabled("COMPUTER_VISION")]),
            json!({"ScreenshotsUploadEnabled": true}),
        ),
    ];
    for input in refused {
        let error = aws.call("UpdateStack", input.clone()).unwrap_err();
        assert_eq!(
            code(&error),
            "InvalidParameterCombinationException",
            "{input}"
        );
    }
    let both = json!([enabled("COMPUTER_INPUT"), enabled("COMPUTER_VISION")]);
    let bucket = json!({
        "ScreenshotsUploadEnabled": true, "S3BucketArn": "arn:aws:s3:::shots"
    });
    aws.ok("UpdateStack", access(both, bucket));
    // What an update does not send stays.
    let mode = json!({"Name": "cfd", "AgentAccessConfig": {"UserControlMode": "VIEW_ONLY"}});
    let stack = aws.ok("UpdateStack", mode)["Stack"].clone();
    assert_eq!(stack["AgentAccessConfig"]["ScreenImageFormat"], "PNG");
    let gone = json!({"Name": "cfd", "AttributesToDelete": ["AGENT_ACCESS_CONFIG"]});
    let stack = aws.ok("UpdateStack", gone)["Stack"].clone();
    assert!(stack.get("AgentAccessConfig").is_none());
}
