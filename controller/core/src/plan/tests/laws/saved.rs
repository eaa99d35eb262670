//! Replays pairs of rows that are easy to get wrong, under every switch of the world.
//!
//! Each breaks when the rule it names is taken out of the planner. A case that a generated run
//! finds is added here, as small as it shrank: seeds mean something only as long as nobody changes
//! a generator.

use serde_json::{Value, json};

use super::super::world::aws::Unknowns;
use super::compare::assert_same_where_managed;
use super::generate::Pair;
use super::{begin, nothing_was_taken_away};

/// What was wrong, the row before and the row after.
fn saved() -> Vec<(&'static str, Value, Value)> {
    let fleet = |fleet: Value| {
        let mut all = json!({"instanceType": "stream.standard.medium"});
        all.as_object_mut()
            .unwrap()
            .extend(fleet.as_object().unwrap().clone());
        json!({"image": {"name": "pcluster-2026-11"}, "fleet": all})
    };
    let stack = |stack: Value| json!({"stack": stack});
    let links = |links: Value| stack(json!({"contentRedirection": {"hostToClient": links}}));
    let agents = |actions: &[&str], uploads: bool| {
        let settings: Value = actions
            .iter()
            .map(|action| json!({"agentAction": action, "permission": "ENABLED"}))
            .collect();
        let mut config = json!({
            "settings": settings, "screenResolution": "W_1280xH_720", "screenImageFormat": "PNG"
        });
        if uploads {
            config["screenshotsUploadEnabled"] = json!(true);
            config["s3BucketArn"] = json!("arn:aws:s3:::shots");
        }
        stack(json!({"agentAccessConfig": config}))
    };
    let several = json!({"computeCapacity": {"desiredSessions": 4}, "maxSessionsPerInstance": 2});
    let single = json!({"computeCapacity": {"desiredInstances": 1}});
    vec![
        (
            "instances become sessions in one call",
            fleet(single.clone()),
            fleet(several.clone()),
        ),
        (
            "sessions become instances in one call",
            fleet(several),
            fleet(single),
        ),
        (
            "a list of links that is left out stays where AWS merges",
            links(
                json!({"enabled": true, "allowedUrls": ["https://a"], "deniedUrls": ["https://b"]}),
            ),
            links(json!({"enabled": true, "deniedUrls": ["https://b"]})),
        ),
        (
            "an action that is left out stays enabled where AWS merges",
            agents(&["COMPUTER_INPUT", "COMPUTER_VISION"], false),
            agents(&["COMPUTER_VISION"], false),
        ),
        (
            "screenshots are still uploaded when the row no longer says so",
            agents(&["COMPUTER_VISION"], true),
            agents(&["COMPUTER_VISION"], false),
        ),
        (
            "a volume that is shown at its default is deleted for ever",
            fleet(json!({"rootVolumeConfig": {"volumeSizeInGb": 300}})),
            fleet(json!({"rootVolumeConfig": null})),
        ),
        (
            "a protocol that is shown at its default is deleted for ever",
            stack(json!({"streamingExperienceSettings": {"preferredProtocol": "UDP"}})),
            stack(json!({"streamingExperienceSettings": null})),
        ),
        (
            "an administrator's consent that is left out stays",
            stack(json!({"storageConnectors": [{"connectorType": "ONE_DRIVE",
                "domains": ["a.example"], "domainsRequireAdminConsent": ["a.example"]}]})),
            stack(json!({"storageConnectors": [{"connectorType": "ONE_DRIVE",
                "domains": ["a.example"]}]})),
        ),
    ]
}

/// The world with nothing of what nobody has established, with each of it, and with all.
fn worlds() -> impl Iterator<Item = Unknowns> {
    [0_u8, 1, 2, 4, 8, 16, 32, 63]
        .into_iter()
        .map(|bits| Unknowns {
            user_settings_merge: bits & 1 != 0,
            length_is_echoed: bits & 2 != 0,
            identifier_is_arn: bits & 4 != 0,
            network_merges: bits & 8 != 0,
            shows_defaults: bits & 16 != 0,
            permissions_merge: bits & 32 != 0,
        })
}

#[test]
fn what_was_once_wrong_stays_right() {
    for (why, a, b) in saved() {
        println!("{why}");
        for unknowns in worlds() {
            let pair = Pair {
                a: a.clone(),
                b: b.clone(),
                ignore: Vec::new(),
                unknowns,
                walks: false,
            };
            let mut world = begin(&pair, &pair.a);
            world.converge();
            world.edit(&pair.b);
            world.converge();
            nothing_was_taken_away(&world);
            let mut fresh = begin(&pair, &pair.b);
            fresh.converge();
            assert_same_where_managed(&world, &fresh, &pair);
        }
    }
}
