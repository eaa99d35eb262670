//! Puts facts into the world that no modelled call can: the hands of users, of AWS, of time.
//!
//! What another administrator could do through the API, tests do through
//! [`Simulator::call`](crate::Simulator::call) with another [`Caller`](crate::Caller).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::config::ImageSeed;
use crate::model::hands;
use crate::{Call, Caller, Simulator};

/// The region that requests to IAM are signed for, wherever they come from.
const IAM_REGION: &str = "us-east-1";

/// A session to put into the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSeed {
    /// Who streams.
    pub user: String,
    /// `ACTIVE`, `PENDING` or `EXPIRED`.
    pub state: String,
    /// Whether the user is connected; one who is not may come back.
    pub connected: bool,
    /// The id of the instance that the session is on; without one it is on one of its own.
    pub instance: Option<String>,
}

impl SessionSeed {
    /// Somebody who is streaming.
    #[must_use]
    pub fn active(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            state: "ACTIVE".to_owned(),
            connected: true,
            instance: None,
        }
    }

    /// The same session on this instance.
    #[must_use]
    pub fn on(self, instance: &str) -> Self {
        Self {
            instance: Some(instance.to_owned()),
            ..self
        }
    }

    /// Somebody whose session waits for them.
    #[must_use]
    pub fn disconnected(user: &str) -> Self {
        Self {
            connected: false,
            ..Self::active(user)
        }
    }

    /// Somebody who has gone.
    #[must_use]
    pub fn expired(user: &str) -> Self {
        Self {
            state: "EXPIRED".to_owned(),
            connected: false,
            ..Self::active(user)
        }
    }
}

/// A stack of CloudFormation's to put into the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudStackSeed {
    /// Its name.
    pub name: String,
    /// CloudFormation's own word, such as `CREATE_COMPLETE`.
    pub status: String,
    /// The ARN of the stack it is nested in.
    pub parent: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The text of its template.
    pub template: String,
}

impl CloudStackSeed {
    /// Somebody's stack that has nothing to do with clusters.
    #[must_use]
    pub fn foreign(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            status: "CREATE_COMPLETE".to_owned(),
            parent: None,
            tags: BTreeMap::new(),
            template: "{\"Resources\": {}}".to_owned(),
        }
    }

    /// A cluster's root stack, with the tags that `pcluster` puts on it.
    #[must_use]
    pub fn cluster(name: &str, version: &str) -> Self {
        Self::foreign(name)
            .tag("parallelcluster:version", version)
            .tag("parallelcluster:cluster-name", name)
    }

    /// A stack nested in another one, such as a cluster's queues: it has the same tags.
    #[must_use]
    pub fn within(self, parent: &str, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            parent: Some(parent.to_owned()),
            ..self
        }
    }

    /// The stack that `pcluster build-image` makes.
    #[must_use]
    pub fn image_build(name: &str, version: &str) -> Self {
        Self::foreign(name)
            .tag("parallelcluster:version", version)
            .tag("parallelcluster:image_id", name)
    }

    /// The same stack with a tag.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The same stack in another state.
    #[must_use]
    pub fn status(self, status: &str) -> Self {
        Self {
            status: status.to_owned(),
            ..self
        }
    }

    /// The same stack made of this template.
    #[must_use]
    pub fn template(self, template: impl Into<String>) -> Self {
        Self {
            template: template.into(),
            ..self
        }
    }
}

impl Simulator {
    /// Makes a stack of CloudFormation's, or changes the one of that name; its ARN.
    pub fn put_cloud_stack(&self, region: &str, stack: &CloudStackSeed) -> String {
        self.touch(region, |hand| hand.put_cloud_stack(stack))
    }

    /// Ends a stack of CloudFormation's; false when there is none of that name.
    pub fn delete_cloud_stack(&self, region: &str, name: &str) -> bool {
        self.touch(region, |hand| hand.delete_cloud_stack(name))
    }

    /// Makes these the sessions of a fleet through a stack.
    pub fn set_sessions(&self, region: &str, stack: &str, fleet: &str, sessions: &[SessionSeed]) {
        self.touch(region, |hand| hand.set_sessions(stack, fleet, sessions));
    }

    /// How many live sessions stops have ended so far.
    #[must_use]
    pub fn sessions_cut(&self) -> u64 {
        self.world().sessions_cut()
    }

    /// Makes these a fleet's errors, as code and message; false when there is no such fleet.
    pub fn set_fleet_errors(&self, region: &str, fleet: &str, errors: &[(&str, &str)]) -> bool {
        let errors = errors
            .iter()
            .map(|(code, message)| json!({"ErrorCode": code, "ErrorMessage": message}))
            .collect();
        self.touch(region, |hand| {
            hand.edit_fleet(fleet, |fleet| fleet.errors = errors)
        })
    }

    /// Makes these a stack's errors, as code and message; false when there is no such stack.
    pub fn set_stack_errors(&self, region: &str, stack: &str, errors: &[(&str, &str)]) -> bool {
        let errors = errors
            .iter()
            .map(|(code, message)| json!({"ErrorCode": code, "ErrorMessage": message}))
            .collect();
        self.touch(region, |hand| {
            hand.edit_stack(stack, |stack| stack.errors = errors)
        })
    }

    /// Keeps a fleet from ever leaving STARTING or STOPPING, or lets it go on; false when there is
    /// no such fleet.
    pub fn hold_fleet(&self, region: &str, fleet: &str, held: bool) -> bool {
        self.touch(region, |hand| {
            hand.edit_fleet(fleet, |fleet| fleet.power.held = held)
        })
    }

    /// Scales a fleet as Application Auto Scaling does: through `UpdateFleet`, with its own role, and
    /// within the bounds of the fleet's target. False when it has none, or AppStream refuses.
    pub fn scale_fleet(&self, region: &str, fleet: &str, desired: i64) -> bool {
        let bounds = self.touch(region, |hand| hand.bounds_of(fleet));
        let Some((min, max)) = bounds else {
            return false;
        };
        let capacity = json!({"DesiredInstances": desired.clamp(min, max)});
        let input = json!({"Name": fleet, "ComputeCapacity": capacity});
        let role = "AWSServiceRoleForApplicationAutoScaling_AppStreamFleet";
        let service = Caller::role(
            &self.caller_of("").account,
            role,
            "AutoScaling-ManageFleets",
        );
        let call = Call::appstream(region, "UpdateFleet", input).by(service);
        self.call(&call).is_ok()
    }

    /// Adds an image.
    pub fn add_image(&self, region: &str, image: &ImageSeed) {
        self.touch(region, |hand| hand.add_image(image));
    }

    /// Retires an image: fleets keep running on it, no fleet can be made of it any more.
    pub fn deprecate_image(&self, region: &str, image: &str) -> bool {
        self.touch(region, |hand| hand.deprecate_image(image))
    }

    /// Deletes an image, whatever uses it.
    pub fn remove_image(&self, region: &str, image: &str) -> bool {
        self.touch(region, |hand| hand.remove_image(image))
    }

    /// Adds a bucket of the account's without a policy.
    pub fn add_bucket(&self, region: &str, bucket: &str) {
        self.touch(region, |hand| hand.add_bucket(bucket));
    }

    /// Makes the tagging API know a resource that nothing here models, such as a cluster's
    /// instance; no tags at all make it forget it.
    pub fn put_foreign_tag(&self, region: &str, arn: &str, tags: &BTreeMap<String, String>) {
        self.touch(region, |hand| hand.put_foreign_tags(arn, tags));
    }

    /// Keeps AppStream from seeing a role until a moment, as with one that was just made.
    pub fn hide_role(&self, arn: &str, until: DateTime<Utc>) {
        self.world().surroundings(|surroundings| {
            surroundings.hidden_roles.insert(arn.to_owned(), until);
        });
    }

    /// Adds an application of an Elastic fleet, with the app block it stands on; its ARN.
    pub fn add_application(&self, region: &str, name: &str) -> String {
        self.touch(region, |hand| hand.add_application(name))
    }

    /// Has batches of users and stacks answer this code about a user; `None` lifts it.
    pub fn refuse_user(&self, user: &str, code: Option<&str>) {
        self.world().surroundings(|surroundings| {
            let refused = &mut surroundings.refused_users;
            match code {
                Some(code) => refused.insert(user.to_owned(), code.to_owned()),
                None => refused.remove(user),
            };
        });
    }

    /// Takes the account's `AmazonAppStreamServiceAccess` away, or gives it back.
    pub fn lose_service_role(&self, lost: bool) {
        self.world()
            .surroundings(|surroundings| surroundings.service_role_is_missing = lost);
    }

    /// Deletes a role or user: bucket policies show its unique id from now on.
    pub fn retire_principal(&self, arn: &str) {
        self.world()
            .surroundings(|surroundings| surroundings.principals.delete(arn));
    }

    /// Makes a role or user. If there was one of that ARN, this one has another unique id, and
    /// bucket policies keep the old one.
    pub fn make_principal_anew(&self, arn: &str) {
        self.touch(IAM_REGION, |hand| hand.make_principal_anew(arn));
    }

    /// Has S3 show a role or user by its unique id although it is there, or by its ARN again.
    pub fn leave_principal_unresolved(&self, arn: &str, unresolved: bool) {
        self.world().surroundings(|surroundings| {
            surroundings.principals.leave_unresolved(arn, unresolved);
        });
    }

    fn touch<T>(&self, region: &str, touch: impl FnOnce(&mut hands::Hand<'_>) -> T) -> T {
        self.world().touch(region, self.clock().now(), touch)
    }
}
