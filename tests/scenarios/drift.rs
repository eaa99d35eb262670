//! What differs without anybody having changed the row is found, written down and put right.

mod contested;
mod fields;
mod ledger;
mod objects;

use std::time::Duration;

use serde_json::{Value, json};
use streamkeeper_tests::World;

use crate::converge::blog;
use crate::lifecycle::CONVERGED;

/// The blog's environment with every kind of field that can drift.
pub(crate) fn full() -> Value {
    let mut spec = blog();
    spec["tags"] = json!({"team": "cfd"});
    let fleet = spec["fleet"].as_object_mut().unwrap();
    fleet.insert("fleetType".to_owned(), json!("ON_DEMAND"));
    fleet.insert("disconnectTimeoutInSeconds".to_owned(), json!(600));
    fleet.insert("idleDisconnectTimeoutInSeconds".to_owned(), json!(1200));
    fleet.insert("displayName".to_owned(), json!("CFD"));
    fleet.insert("description".to_owned(), json!("for cfd"));
    fleet.insert("streamView".to_owned(), json!("DESKTOP"));
    let role = "arn:aws:iam::111122223333:role/pcluster";
    fleet.insert("iamRoleArn".to_owned(), json!(role));
    fleet.insert("platform".to_owned(), json!("WINDOWS_SERVER_2019"));
    fleet.insert(
        "domainJoinInfo".to_owned(),
        json!({"directoryName": "corp.example"}),
    );
    fleet.insert(
        "usbDeviceFilterStrings".to_owned(),
        json!(["Mouse,046d,c52b,3,1,2,1,0"]),
    );
    fleet.insert(
        "rootVolumeConfig".to_owned(),
        json!({"volumeSizeInGb": 300}),
    );
    fleet.insert("disableIMDSV1".to_owned(), json!(true));
    spec["stack"] = json!({
        "storageConnectors": [{"connectorType": "HOMEFOLDERS"}],
        "displayName": "CFD",
        "description": "for cfd",
        "redirectURL": "https://example.org/bye",
        "feedbackURL": "https://example.org/feedback",
        "userSettings": [
            {"action": "FILE_UPLOAD", "permission": "DISABLED"},
            {"action": "CLIPBOARD_COPY_TO_LOCAL_DEVICE", "permission": "ENABLED",
             "maximumLength": 100}
        ],
        "applicationSettings": {"enabled": true, "settingsGroup": "cfd"},
        "accessEndpoints": [{"endpointType": "STREAMING", "vpceId": "vpce-1"}],
        "embedHostDomains": ["portal.example"],
        "streamingExperienceSettings": {"preferredProtocol": "UDP"},
        "contentRedirection": {"hostToClient": {"enabled": true, "deniedUrls": ["https://a"]}},
        "agentAccessConfig": {
            "settings": [{"agentAction": "COMPUTER_VISION", "permission": "ENABLED"}],
            "screenResolution": "W_1280xH_720", "screenImageFormat": "PNG",
            "screenshotsUploadEnabled": false, "s3BucketArn": "arn:aws:s3:::shots"
        },
        "storageConnectorAuthentication": "FORCE_REAUTHENTICATION"
    });
    spec
}

/// That environment, running and quiet.
pub(crate) async fn converged() -> World {
    let mut world = World::brisk().await;
    world.insert("cfd", &full()).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world
}

/// Somebody stops the fleet, changes it and starts it again, faster than the daemon looks.
pub(crate) fn change_stopped_fleet(world: &World, change: &Value) {
    let clock = world.simulator.clock();
    world.admin("StopFleet", json!({"Name": "cfd"}));
    clock.advance(Duration::from_secs(25));
    let mut input = json!({"Name": "cfd"});
    input
        .as_object_mut()
        .unwrap()
        .extend(change.as_object().unwrap().clone());
    world.admin("UpdateFleet", input);
    world.admin("StartFleet", json!({"Name": "cfd"}));
    clock.advance(Duration::from_secs(25));
}

/// A fleet without how far its instances have come.
pub(crate) fn still(mut thing: Value) -> Value {
    if let Some(status) = thing.get_mut("ComputeCapacityStatus") {
        status
            .as_object_mut()
            .unwrap()
            .retain(|key, _| key == "Desired");
    }
    thing
}
