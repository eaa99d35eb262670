//! Looks at what a request names, and never fails: what could not be read is Unknown.
//!
//! ```text
//!   walk   DescribeFleets ┐
//!          DescribeStacks ├─► items seen; a name not seen is Unknown, whatever the reason
//!          GetResources   ┘   (tags in bulk)
//!   names  DescribeX(one) + ListTagsForResource ─► overrides the walk; "not found" = Absent
//!   then   associations, sessions, what scales fleets, buckets, clusters
//! ```
//!
//! # Invariants
//!
//! - Only "not found" for that very name is Absent. A list proves presence, never absence.
//! - Results are maps by name: the order in which answers came does not leak.
//! - A look ends: each call has a time-out, lists have a bound on pages, and the whole has a
//!   deadline, beyond which what is left is Unknown.

mod access;
mod associations;
mod buckets;
mod clusters;
mod entitlements;
mod images;
mod names;
mod principals;
mod reader;
mod scaling;
mod themes;
mod walk;

use std::sync::Arc;

use aws_sdk_appstream::types as sdk;
use streamkeeper_core::action::ObjectKind;
use streamkeeper_core::cloud::{ApplyError, ErrorClass, Identity, ObserveRequest};
use streamkeeper_core::observed::{
    Inventory, Observed, ObservedFleet, ObservedStack, ObservedTags, ObservedWorld,
};

use crate::convert;
pub(crate) use buckets::find_home;
pub(crate) use reader::Reader;

/// A page of a list, and the token of the next one.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// What fleets and stacks have in common for a look: they are listed and described alike.
pub(crate) trait Described: Clone + Send + Sync + 'static {
    /// The SDK's type.
    type Sdk: Send;
    /// What it is, for reasons.
    const KIND: ObjectKind;
    /// The operation that lists and describes it.
    const OPERATION: &'static str;

    /// One page: of the whole list, or of the one name.
    fn page(
        reader: &Reader,
        name: Option<String>,
        token: Option<String>,
    ) -> impl Future<Output = Result<Page<Self::Sdk>, ApplyError>> + Send;

    /// Translates one; `None` if it came without a name or an ARN.
    fn convert(described: &Self::Sdk, tags: ObservedTags) -> Option<Self>;

    /// Its name, its ARN, and a place for its tags.
    fn parts(&mut self) -> (&str, &str, &mut ObservedTags);
}

impl Described for ObservedFleet {
    type Sdk = sdk::Fleet;
    const KIND: ObjectKind = ObjectKind::Fleet;
    const OPERATION: &'static str = "DescribeFleets";

    async fn page(
        reader: &Reader,
        name: Option<String>,
        token: Option<String>,
    ) -> Result<Page<sdk::Fleet>, ApplyError> {
        let request = reader.clients.appstream.describe_fleets();
        let request = request
            .set_names(name.map(|name| vec![name]))
            .set_next_token(token);
        let answer = reader
            .call(Self::OPERATION, || request.clone().send())
            .await?;
        Ok(Page {
            items: answer.fleets.unwrap_or_default(),
            next: answer.next_token,
        })
    }

    fn convert(described: &sdk::Fleet, tags: ObservedTags) -> Option<Self> {
        convert::observed_fleet(described, tags)
    }

    fn parts(&mut self) -> (&str, &str, &mut ObservedTags) {
        (&self.name, &self.arn, &mut self.tags)
    }
}

impl Described for ObservedStack {
    type Sdk = sdk::Stack;
    const KIND: ObjectKind = ObjectKind::Stack;
    const OPERATION: &'static str = "DescribeStacks";

    async fn page(
        reader: &Reader,
        name: Option<String>,
        token: Option<String>,
    ) -> Result<Page<sdk::Stack>, ApplyError> {
        let request = reader.clients.appstream.describe_stacks();
        let request = request
            .set_names(name.map(|name| vec![name]))
            .set_next_token(token);
        let answer = reader
            .call(Self::OPERATION, || request.clone().send())
            .await?;
        Ok(Page {
            items: answer.stacks.unwrap_or_default(),
            next: answer.next_token,
        })
    }

    fn convert(described: &sdk::Stack, tags: ObservedTags) -> Option<Self> {
        convert::observed_stack(described, tags)
    }

    fn parts(&mut self) -> (&str, &str, &mut ObservedTags) {
        (&self.name, &self.arn, &mut self.tags)
    }
}

/// Looks at what the request names.
pub(crate) async fn observe(reader: &Arc<Reader>, request: &ObserveRequest) -> ObservedWorld {
    let (fleets, stacks) = inventories(reader, request).await;
    let (
        stack_fleets,
        fleet_stacks,
        people,
        scaling,
        principals,
        buckets,
        access,
        clusters,
        images,
    ) = tokio::join!(
        associations::fleets_of_stacks(reader, &request.associations_of_stacks),
        associations::stacks_of_fleets(reader, &request.associations_of_fleets),
        associations::people_on_fleets(reader, &request.sessions),
        scaling::of_fleets(reader, &request.scaling),
        principals::unique_ids(reader, &request.principals),
        buckets::read(reader, &request.buckets),
        access::observe(reader, &request.access),
        clusters::observe(reader, &request.clusters),
        images::by_name(reader, &request.images),
    );
    let (sessions, instances) = associations::counted(people);
    ObservedWorld {
        observed_at: request.now,
        associations: associations::of_existing(stack_fleets, &stacks),
        fleet_stacks: associations::of_existing(fleet_stacks, &fleets),
        fleets,
        stacks,
        buckets,
        sessions,
        instances,
        access,
        scaling,
        clusters,
        principals,
        images,
        calls: reader.calls(),
    }
}

/// Fleets and stacks, from the walk if one is wanted, and by name.
async fn inventories(
    reader: &Arc<Reader>,
    request: &ObserveRequest,
) -> (Inventory<ObservedFleet>, Inventory<ObservedStack>) {
    let walk = async {
        if request.walk {
            walk::walk(reader).await
        } else {
            (Inventory::default(), Inventory::default())
        }
    };
    let ((mut fleets, mut stacks), named_fleets, named_stacks) = tokio::join!(
        walk,
        names::read::<ObservedFleet>(reader, &request.fleets),
        names::read::<ObservedStack>(reader, &request.stacks),
    );
    // An answer about the very name is worth more than a list, also when it is "unknown": whoever
    // asks by name does so because the list is not good enough.
    fleets.items.extend(named_fleets);
    stacks.items.extend(named_stacks);
    (fleets, stacks)
}

/// Asks STS who we are.
///
/// # Errors
///
/// Fails when there are no credentials or STS does not answer.
pub(crate) async fn identity(reader: &Reader) -> Result<Identity, ApplyError> {
    let request = reader.clients.sts.get_caller_identity();
    let answer = reader
        .call("GetCallerIdentity", || request.clone().send())
        .await?;
    match (answer.account, answer.arn) {
        (Some(account), Some(arn)) => Ok(Identity { account, arn }),
        _ => Err(ApplyError {
            class: ErrorClass::Unexpected,
            code: "IncompleteAnswer".to_owned(),
            message: "GetCallerIdentity answered without an account or an ARN".to_owned(),
            request_id: None,
        }),
    }
}

/// Turns the outcome of a read into knowledge: a failure is Unknown, with what failed on what.
fn known<T>(
    outcome: Result<Observed<T>, ApplyError>,
    operation: &str,
    object: &str,
) -> Observed<T> {
    outcome
        .unwrap_or_else(|error| Observed::Unknown(crate::error::reason(operation, object, &error)))
}
