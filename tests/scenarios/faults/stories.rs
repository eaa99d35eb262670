//! What an environment lives through while something goes wrong.

use serde_json::json;
use streamkeeper_tests::World;

use crate::converge::blog;
use crate::drift::{change_stopped_fleet, full};
use crate::lifecycle::CONVERGED;
use crate::ownership::made_by_hand;

/// One story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Story {
    /// It is created.
    Create,
    /// It is changed: one field in place, one that needs a stop, a statement, a tag.
    Change,
    /// Somebody breaks fleet, stack, association and policy, and all of it is repaired.
    Repair,
    /// It is deleted.
    Delete,
    /// It is deleted, and made again under the same name.
    Recreate,
    /// Fleet and stack exist and are taken over.
    Adopt,
    /// Its row goes and its fleet and stack are retained.
    Retain,
}

impl Story {
    pub(super) const ALL: [Self; 7] = [
        Self::Create,
        Self::Change,
        Self::Repair,
        Self::Delete,
        Self::Recreate,
        Self::Adopt,
        Self::Retain,
    ];

    /// What was before the trouble.
    pub(super) async fn prepare(self, world: &mut World) {
        match self {
            // A world without any row has no scope.
            Self::Create => world.insert("neighbour", &json!({"stack": {}})).await,
            Self::Change | Self::Delete | Self::Recreate => world.insert("cfd", &blog()).await,
            Self::Repair => world.insert("cfd", &full()).await,
            Self::Retain => {
                world.insert("cfd", &full()).await;
                world
                    .sql("UPDATE streamkeeper.environments SET deletion_policy = 'retain'")
                    .await;
            }
            Self::Adopt => {
                made_by_hand(world, "cfd");
                world.insert("neighbour", &json!({"stack": {}})).await;
            }
        }
        world.settle().await;
    }

    /// The story itself, to its end.
    pub(super) async fn happen(self, world: &mut World) {
        match self {
            Self::Create => world.insert("cfd", &blog()).await,
            Self::Change => change(world).await,
            Self::Repair => sabotage(world),
            Self::Delete | Self::Retain => world.sql("DELETE FROM streamkeeper.environments").await,
            Self::Recreate => {
                world.sql("DELETE FROM streamkeeper.environments").await;
                world.settle().await;
                world.insert("cfd", &blog()).await;
            }
            Self::Adopt => {
                let mut spec = blog();
                spec["adoption"] = json!("IfUnowned");
                world.insert("cfd", &spec).await;
            }
        }
        world.settle().await;
        let stays = !matches!(self, Self::Delete | Self::Retain);
        assert_eq!(world.exists("cfd").await, stays);
        if stays {
            assert_eq!(world.ready("cfd").await, CONVERGED);
        }
    }
}

async fn change(world: &World) {
    let mut spec = blog();
    spec["fleet"]["description"] = json!("for cfd");
    spec["fleet"]["displayName"] = json!("CFD");
    spec["stack"]["description"] = json!("for cfd");
    spec["tags"] = json!({"team": "cfd"});
    spec["buckets"][0]["statements"][0]["Action"] = json!("s3:PutObject");
    sqlx::query("UPDATE streamkeeper.environments SET spec = $1")
        .bind(spec)
        .execute(&world.database.pool)
        .await
        .unwrap();
}

/// Another administrator, on a bad day.
fn sabotage(world: &World) {
    let bucket = world.home_bucket();
    let mut policy = world.policy(&bucket);
    policy["Statement"].as_array_mut().unwrap().truncate(1);
    world.admin(
        "PutBucketPolicy",
        json!({"Bucket": bucket, "Policy": policy.to_string()}),
    );
    world.admin(
        "DisassociateFleet",
        json!({"FleetName": "cfd", "StackName": "cfd"}),
    );
    world.admin(
        "UpdateStack",
        json!({"Name": "cfd", "Description": "theirs"}),
    );
    world.admin(
        "UpdateFleet",
        json!({"Name": "cfd", "DisplayName": "theirs"}),
    );
    let arn = world.fleet("cfd")["Arn"].clone();
    world.admin(
        "TagResource",
        json!({"ResourceArn": arn, "Tags": {"team": "theirs"}}),
    );
    change_stopped_fleet(world, &json!({"Description": "theirs"}));
    world.admin("StopFleet", json!({"Name": "cfd"}));
}
