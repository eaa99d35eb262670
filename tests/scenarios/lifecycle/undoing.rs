//! Doing and undoing a change ends where it began: what is left out again is unset again.

use serde_json::json;
use streamkeeper_tests::{End, World, differences};

use super::{CONVERGED, converged};
use crate::converge::blog;

/// Goes to a spec and back, and demands that AWS and the tables are as they were before, but for
/// the generation.
async fn there_and_back(there: &str) {
    let mut world = converged().await;
    let before = without_generations(world.end().await);
    world
        .sql(&format!(
            "UPDATE streamkeeper.environments SET spec = {there}"
        ))
        .await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    assert_ne!(
        before["AWS"],
        world.end().await["AWS"],
        "{there} changes nothing"
    );
    sqlx::query("UPDATE streamkeeper.environments SET spec = $1")
        .bind(blog())
        .execute(&world.database.pool)
        .await
        .unwrap();
    world.settle().await;
    let after = without_generations(world.end().await);
    assert_eq!(
        differences(&before, &after),
        Vec::<String>::new(),
        "{there} and back"
    );
    assert_eq!(
        world.drift().await,
        Vec::<String>::new(),
        "{there} and back"
    );
    world.assert_quiet().await;
}

fn without_generations(mut end: End) -> End {
    end.retain(|query, _| !query.contains("revisions"));
    for text in end.values_mut() {
        for generation in 1..=3 {
            *text = text.replace(&format!("generation\":{generation}"), "generation\":_");
        }
    }
    end
}

#[tokio::test]
async fn capacity_up_and_down_again() {
    there_and_back("jsonb_set(spec, '{fleet,computeCapacity,desiredInstances}', '3')").await;
}

#[tokio::test]
async fn a_field_set_and_left_out_again() {
    there_and_back("jsonb_set(spec, '{fleet,displayName}', '\"CFD\"')").await;
    there_and_back("jsonb_set(spec, '{fleet,disconnectTimeoutInSeconds}', '60')").await;
    there_and_back("jsonb_set(spec, '{fleet,idleDisconnectTimeoutInSeconds}', '600')").await;
    there_and_back("jsonb_set(spec, '{stack,redirectURL}', '\"https://example.org\"')").await;
}

#[tokio::test]
async fn a_field_that_needs_a_stop_set_and_left_out_again() {
    there_and_back("jsonb_set(spec, '{fleet,description}', '\"for cfd\"')").await;
    there_and_back("jsonb_set(spec, '{fleet,streamView}', '\"DESKTOP\"')").await;
    there_and_back(
        "jsonb_set(spec, '{fleet,iamRoleArn}', '\"arn:aws:iam::111122223333:role/pcluster\"')",
    )
    .await;
}

#[tokio::test]
async fn a_field_left_out_and_set_again() {
    there_and_back("spec #- '{fleet,maxUserDurationInSeconds}'").await;
    there_and_back("spec #- '{fleet,enableDefaultInternetAccess}'").await;
    there_and_back("spec #- '{stack,storageConnectors}' #- '{buckets}'").await;
}

#[tokio::test]
async fn a_user_setting_and_a_tag_set_and_left_out_again() {
    there_and_back(
        "jsonb_set(spec, '{stack,userSettings}',
                   '[{\"action\": \"FILE_UPLOAD\", \"permission\": \"DISABLED\"}]')",
    )
    .await;
    there_and_back("jsonb_set(spec, '{tags}', '{\"team\": \"cfd\"}')").await;
}

#[tokio::test]
async fn application_settings_switched_on_and_off_again_leave_their_bucket() {
    let mut world = converged().await;
    let before = world.stack("cfd");
    for enabled in [true, false] {
        let settings = json!({"enabled": enabled, "settingsGroup": "cfd"});
        let spec = if enabled {
            "spec ||"
        } else {
            "spec #- '{stack,applicationSettings}' ||"
        };
        let stack = if enabled {
            json!({"stack": {"storageConnectors": [{"connectorType": "HOMEFOLDERS"}],
                             "applicationSettings": settings}})
        } else {
            json!({})
        };
        world
            .sql(&format!(
                "UPDATE streamkeeper.environments SET spec = {spec} '{stack}'"
            ))
            .await;
        world.settle().await;
        assert_eq!(
            world.stack("cfd")["ApplicationSettings"]["Enabled"],
            enabled
        );
    }
    assert_eq!(world.stack("cfd"), before);
    let buckets = world.admin("ListBuckets", json!({"Prefix": "appstream-app-settings"}));
    assert_eq!(
        buckets["Buckets"].as_array().map(Vec::len),
        Some(1),
        "users' data stays"
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_statement_added_and_taken_out_again() {
    there_and_back(
        "jsonb_set(spec, '{buckets,0,statements,1}',
            '{\"Sid\": \"NodesRead\", \"Effect\": \"Allow\",
              \"Principal\": {\"AWS\": \"arn:aws:iam::111122223333:role/nodes\"},
              \"Action\": \"s3:GetObject\", \"Resource\": \"arn:aws:s3:::{bucket}/*\"}')",
    )
    .await;
}

#[tokio::test]
async fn a_fleet_stopped_and_started_again() {
    there_and_back("jsonb_set(spec, '{fleet,state}', '\"STOPPED\"')").await;
}

#[tokio::test]
async fn a_fresh_environment_ends_where_a_changed_one_does() {
    let mut changed = converged().await;
    let mut other = blog();
    other["fleet"] = json!({
        "instanceType": "stream.standard.large",
        "computeCapacity": {"desiredInstances": 1},
        "displayName": "Other",
        "disconnectTimeoutInSeconds": 300
    });
    other["stack"] = json!({
        "storageConnectors": [{"connectorType": "HOMEFOLDERS"}],
        "description": "other"
    });
    sqlx::query("UPDATE streamkeeper.environments SET spec = $1")
        .bind(&other)
        .execute(&changed.database.pool)
        .await
        .unwrap();
    changed.settle().await;

    let mut fresh = World::brisk().await;
    fresh.insert("cfd", &other).await;
    fresh.settle().await;
    let only_aws = |mut end: End| {
        end.retain(|part, _| part == "AWS");
        end
    };
    let (changed_end, fresh_end) = (only_aws(changed.end().await), only_aws(fresh.end().await));
    assert_eq!(differences(&fresh_end, &changed_end), Vec::<String>::new());
    changed.assert_quiet().await;
}
