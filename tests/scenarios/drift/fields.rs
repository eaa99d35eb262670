//! Every managed field, one after the other.

use serde_json::{Value, json};

use super::{change_stopped_fleet, converged, full, still};
use crate::lifecycle::CONVERGED;

/// Changes one thing after the other and demands each time that exactly these paths drift, are
/// said, and are put right.
macro_rules! each_drifts {
    ($world:ident, $changes:expr, |$change:ident| $make:expr) => {
        let (fleet, stack) = (still($world.fleet("cfd")), $world.stack("cfd"));
        for ($change, path) in $changes {
            let said = $world.events("DriftDetected").await.len();
            let before = $world.drift().await.len();
            $make;
            $world.settle().await;
            let drift = $world.drift().await;
            assert_eq!(drift[before..], [format!("{path} repaired")], "{}", $change);
            let detected = $world.events("DriftDetected").await;
            assert_eq!(detected.len(), said + 1, "{}: {detected:#?}", $change);
            assert_eq!(still($world.fleet("cfd")), fleet, "{}", $change);
            assert_eq!($world.stack("cfd"), stack, "{}", $change);
            assert_eq!($world.ready("cfd").await, CONVERGED, "{}", $change);
        }
        let repaired: i64 = $world
            .value(
                "SELECT sum(count)::bigint FROM streamkeeper.events WHERE reason = 'DriftRepaired'",
            )
            .await;
        assert_eq!(
            usize::try_from(repaired).unwrap(),
            $world.drift().await.len()
        );
        $world.assert_quiet().await;
    };
}

#[tokio::test]
async fn what_can_change_on_a_running_fleet_is_put_right_without_a_stop() {
    let mut world = converged().await;
    let changes = [
        (
            json!({"DisconnectTimeoutInSeconds": 60}),
            "fleet/cfd fleet.disconnectTimeoutInSeconds",
        ),
        (
            json!({"IdleDisconnectTimeoutInSeconds": 0}),
            "fleet/cfd fleet.idleDisconnectTimeoutInSeconds",
        ),
        (
            json!({"DisplayName": "theirs"}),
            "fleet/cfd fleet.displayName",
        ),
        (
            json!({"ComputeCapacity": {"DesiredInstances": 1}}),
            "fleet/cfd fleet.computeCapacity.desiredInstances",
        ),
        (
            json!({"ImageName": "AppStream-WinServer2019-10-01-2026"}),
            "fleet/cfd image",
        ),
    ];
    each_drifts!(world, changes, |change| {
        let mut input: Value = json!({"Name": "cfd"});
        input
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        world.admin("UpdateFleet", input);
    });
    assert!(
        !world
            .changes()
            .iter()
            .any(|change| change.starts_with("StopFleet"))
    );
}

#[tokio::test]
async fn what_needs_a_stopped_fleet_is_put_right_through_a_stop() {
    let mut world = converged().await;
    let changes = [
        (
            json!({"MaxUserDurationInSeconds": 600}),
            "fleet/cfd fleet.maxUserDurationInSeconds",
        ),
        (
            json!({"EnableDefaultInternetAccess": false}),
            "fleet/cfd fleet.enableDefaultInternetAccess",
        ),
        (
            json!({"Description": "theirs"}),
            "fleet/cfd fleet.description",
        ),
        (json!({"StreamView": "APP"}), "fleet/cfd fleet.streamView"),
        (
            json!({"InstanceType": "stream.standard.large"}),
            "fleet/cfd fleet.instanceType",
        ),
        (
            json!({"AttributesToDelete": ["IAM_ROLE_ARN"]}),
            "fleet/cfd fleet.iamRoleArn",
        ),
    ];
    each_drifts!(world, changes, |change| change_stopped_fleet(
        &world, &change
    ));
    assert_eq!(stops(&world), 6, "one each");
}

/// Apart from those above: more than ten stops an hour that nobody asked for are held back.
#[tokio::test]
async fn what_instances_are_made_of_is_put_right_through_a_stop() {
    let mut world = converged().await;
    let changes = [
        (
            json!({"Platform": "WINDOWS_SERVER_2022"}),
            "fleet/cfd fleet.platform",
        ),
        (
            json!({"DomainJoinInfo": {"DirectoryName": "corp.example",
                                      "OrganizationalUnitDistinguishedName": "OU=theirs"}}),
            "fleet/cfd fleet.domainJoinInfo",
        ),
        (
            json!({"AttributesToDelete": ["USB_DEVICE_FILTER_STRINGS"]}),
            "fleet/cfd fleet.usbDeviceFilterStrings",
        ),
        (
            json!({"AttributesToDelete": ["VOLUME_CONFIGURATION"]}),
            "fleet/cfd fleet.rootVolumeConfig.volumeSizeInGb",
        ),
        (
            json!({"DisableIMDSV1": false}),
            "fleet/cfd fleet.disableIMDSV1",
        ),
    ];
    each_drifts!(world, changes, |change| change_stopped_fleet(
        &world, &change
    ));
    assert_eq!(stops(&world), 5, "one each");
}

fn stops(world: &streamkeeper_tests::World) -> usize {
    let changes = world.changes().into_iter();
    changes
        .filter(|change| change.starts_with("StopFleet"))
        .count()
}

#[tokio::test]
async fn every_setting_of_a_stack_is_put_right() {
    let mut world = converged().await;
    let changes = [
        (
            json!({"DisplayName": "theirs"}),
            "stack/cfd stack.displayName",
        ),
        (
            json!({"Description": "theirs"}),
            "stack/cfd stack.description",
        ),
        (
            json!({"AttributesToDelete": ["REDIRECT_URL"]}),
            "stack/cfd stack.redirectURL",
        ),
        (
            json!({"FeedbackURL": "https://example.com"}),
            "stack/cfd stack.feedbackURL",
        ),
        (
            json!({"StorageConnectors": [], "AttributesToDelete": ["STORAGE_CONNECTORS"]}),
            "stack/cfd stack.storageConnectors",
        ),
        (
            json!({"StorageConnectors": [
                {"ConnectorType": "HOMEFOLDERS"},
                {"ConnectorType": "GOOGLE_DRIVE", "Domains": ["example.org"]}
            ]}),
            "stack/cfd stack.storageConnectors",
        ),
        (
            json!({"UserSettings": [
                {"Action": "FILE_UPLOAD", "Permission": "ENABLED"},
                {"Action": "CLIPBOARD_COPY_TO_LOCAL_DEVICE", "Permission": "ENABLED",
                 "MaximumLength": 100}
            ]}),
            "stack/cfd stack.userSettings.FILE_UPLOAD",
        ),
        (
            json!({"UserSettings": [
                {"Action": "FILE_UPLOAD", "Permission": "DISABLED"},
                {"Action": "CLIPBOARD_COPY_TO_LOCAL_DEVICE", "Permission": "ENABLED",
                 "MaximumLength": 5}
            ]}),
            "stack/cfd stack.userSettings.CLIPBOARD_COPY_TO_LOCAL_DEVICE",
        ),
        (
            json!({"ApplicationSettings": {"Enabled": false}}),
            "stack/cfd stack.applicationSettings",
        ),
    ];
    each_drifts!(world, changes, |change| change_stack(&world, &change));
}

fn change_stack(world: &streamkeeper_tests::World, change: &Value) {
    let mut input: Value = json!({"Name": "cfd"});
    let members = change.as_object().unwrap().clone();
    input.as_object_mut().unwrap().extend(members);
    world.admin("UpdateStack", input);
}

#[tokio::test]
async fn what_a_session_is_like_is_put_right() {
    let mut world = converged().await;
    let changes = [
        (
            json!({"AttributesToDelete": ["ACCESS_ENDPOINTS"]}),
            "stack/cfd stack.accessEndpoints",
        ),
        (
            json!({"EmbedHostDomains": ["portal.example", "theirs.example"]}),
            "stack/cfd stack.embedHostDomains",
        ),
        (
            json!({"AttributesToDelete": ["STREAMING_EXPERIENCE_SETTINGS"]}),
            "stack/cfd stack.streamingExperienceSettings.preferredProtocol",
        ),
        (
            json!({"ContentRedirection": {"HostToClient": {"Enabled": true}}}),
            "stack/cfd stack.contentRedirection",
        ),
        (
            json!({"AgentAccessConfig": {"ScreenshotsUploadEnabled": true,
                                         "S3BucketArn": "arn:aws:s3:::theirs"}}),
            "stack/cfd stack.agentAccessConfig",
        ),
        (
            json!({"AttributesToDelete": ["STORAGE_CONNECTOR_AUTHENTICATION"]}),
            "stack/cfd stack.storageConnectorAuthentication",
        ),
    ];
    each_drifts!(world, changes, |change| change_stack(&world, &change));
}

#[tokio::test]
async fn what_the_row_leaves_out_may_be_anything() {
    let mut world = crate::lifecycle::converged().await;
    let before = world.tried().len();
    world.admin(
        "UpdateStack",
        json!({
            "Name": "cfd",
            "DisplayName": "theirs",
            "RedirectURL": "https://example.com",
            "UserSettings": [{"Action": "FILE_DOWNLOAD", "Permission": "DISABLED"}]
        }),
    );
    world.admin(
        "UpdateFleet",
        json!({"Name": "cfd", "DisplayName": "theirs"}),
    );
    change_stopped_fleet(&world, &json!({"Description": "theirs"}));
    world.settle().await;
    assert_eq!(world.drift().await, Vec::<String>::new());
    assert_eq!(world.tried().len(), before);
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}

#[tokio::test]
async fn ignored_paths_are_set_at_creation_and_never_compared_again() {
    let mut world = streamkeeper_tests::World::brisk().await;
    let mut spec = full();
    spec["ignore"] = json!([
        "fleet.computeCapacity",
        "fleet.state",
        "fleet.description",
        "image",
        "stack.displayName",
        "stack.userSettings.FILE_UPLOAD",
        "tags.team",
        "association",
        "buckets.home.DenyInsecureTransport"
    ]);
    world.insert("cfd", &spec).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_eq!(
        world.fleet("cfd")["ComputeCapacityStatus"]["Desired"],
        2,
        "used at creation"
    );
    assert_eq!(world.fleet("cfd")["Description"], "for cfd");

    let before = world.tried().len();
    let arn = world.fleet("cfd")["Arn"].clone();
    world.admin(
        "UpdateFleet",
        json!({"Name": "cfd", "ComputeCapacity": {"DesiredInstances": 5}}),
    );
    world.admin(
        "UpdateFleet",
        json!({"Name": "cfd", "ImageName": "AppStream-WinServer2019-10-01-2026"}),
    );
    change_stopped_fleet(&world, &json!({"Description": "theirs"}));
    world.admin("UpdateStack", json!({"Name": "cfd", "DisplayName": "theirs", "UserSettings": [
        {"Action": "FILE_UPLOAD", "Permission": "ENABLED"},
        {"Action": "CLIPBOARD_COPY_TO_LOCAL_DEVICE", "Permission": "ENABLED", "MaximumLength": 100}
    ]}));
    world.admin(
        "TagResource",
        json!({"ResourceArn": arn, "Tags": {"team": "theirs"}}),
    );
    world.admin("StopFleet", json!({"Name": "cfd"}));
    world.run_for(std::time::Duration::from_secs(120)).await;
    assert_eq!(world.drift().await, Vec::<String>::new());
    let tried = world.tried();
    assert_eq!(tried.len(), before, "{:?}", &tried[before..]);
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world.assert_quiet().await;
}
