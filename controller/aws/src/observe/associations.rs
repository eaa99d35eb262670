//! Reads which fleets and stacks belong together, and who is on a fleet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_appstream::types::{ComputeCapacityStatus, InstanceDrainStatus, Session, SessionState};
use streamkeeper_core::action::ObjectRef;
use streamkeeper_core::cloud::ApplyError;
use streamkeeper_core::observed::{Inventory, Observed, ObservedFleet, OccupiedInstance};

use super::reader::{Reader, ours};
use super::{Described, Page, known};

/// `DescribeSessions`' own maximum.
const SESSIONS_PER_PAGE: i32 = 50;

/// Fleets by stack.
pub(super) async fn fleets_of_stacks(
    reader: &Arc<Reader>,
    stacks: &BTreeSet<String>,
) -> BTreeMap<String, Observed<BTreeSet<String>>> {
    reader
        .each(stacks, |reader, stack| async move {
            let object = ObjectRef::stack(&stack).to_string();
            let fleets = fleets_of(&reader, &stack).await.map(Observed::Present);
            known(fleets, "ListAssociatedFleets", &object)
        })
        .await
}

/// Stacks by fleet.
pub(super) async fn stacks_of_fleets(
    reader: &Arc<Reader>,
    fleets: &BTreeSet<String>,
) -> BTreeMap<String, Observed<BTreeSet<String>>> {
    reader
        .each(fleets, |reader, fleet| async move {
            let object = ObjectRef::fleet(&fleet).to_string();
            let stacks = stacks_of(&reader, &fleet).await.map(Observed::Present);
            known(stacks, "ListAssociatedStacks", &object)
        })
        .await
}

/// AWS answers an empty list, not an error, about something that does not exist. Where this look
/// knows that it does not, the list says so too.
pub(super) fn of_existing<T: Clone>(
    mut lists: BTreeMap<String, Observed<BTreeSet<String>>>,
    inventory: &Inventory<T>,
) -> BTreeMap<String, Observed<BTreeSet<String>>> {
    for (name, list) in &mut lists {
        let is_empty = list.present().is_some_and(BTreeSet::is_empty);
        if is_empty && inventory.items.get(name).is_some_and(Observed::is_absent) {
            *list = Observed::Absent;
        }
    }
    lists
}

/// Who is on a fleet.
pub(super) struct People {
    sessions: u32,
    instances: Instances,
}

/// Instances with people on them, by id.
type Instances = BTreeMap<String, OccupiedInstance>;

/// People on each fleet, over all its stacks.
pub(super) async fn people_on_fleets(
    reader: &Arc<Reader>,
    fleets: &BTreeSet<String>,
) -> BTreeMap<String, Observed<People>> {
    reader
        .each(fleets, |reader, fleet| async move {
            let object = ObjectRef::fleet(&fleet).to_string();
            let people = people_on(&reader, &fleet).await.map(Observed::Present);
            known(people, "count sessions on", &object)
        })
        .await
}

/// How many they are, and on which instances: of one look, known or unknown together.
pub(super) fn counted(
    people: BTreeMap<String, Observed<People>>,
) -> (
    BTreeMap<String, Observed<u32>>,
    BTreeMap<String, Observed<Instances>>,
) {
    let both = people.into_iter().map(|(fleet, people)| {
        let (sessions, instances) = match people {
            Observed::Present(People {
                sessions,
                instances,
            }) => (Observed::Present(sessions), Observed::Present(instances)),
            Observed::Absent => (Observed::Absent, Observed::Absent),
            Observed::Unknown(why) => (Observed::Unknown(why.clone()), Observed::Unknown(why)),
        };
        ((fleet.clone(), sessions), (fleet, instances))
    });
    both.unzip()
}

async fn fleets_of(reader: &Reader, stack: &str) -> Result<BTreeSet<String>, ApplyError> {
    reader.whole(|token| fleet_page(reader, stack, token)).await
}

async fn fleet_page(
    reader: &Reader,
    stack: &str,
    token: Option<String>,
) -> Result<Page<String>, ApplyError> {
    let request = reader.clients.appstream.list_associated_fleets();
    let request = request.stack_name(stack).set_next_token(token);
    let answer = reader
        .call("ListAssociatedFleets", || request.clone().send())
        .await?;
    Ok(Page {
        items: answer.names.unwrap_or_default(),
        next: answer.next_token,
    })
}

async fn stacks_of(reader: &Reader, fleet: &str) -> Result<BTreeSet<String>, ApplyError> {
    reader.whole(|token| stack_page(reader, fleet, token)).await
}

async fn stack_page(
    reader: &Reader,
    fleet: &str,
    token: Option<String>,
) -> Result<Page<String>, ApplyError> {
    let request = reader.clients.appstream.list_associated_stacks();
    let request = request.fleet_name(fleet).set_next_token(token);
    let answer = reader
        .call("ListAssociatedStacks", || request.clone().send())
        .await?;
    Ok(Page {
        items: answer.names.unwrap_or_default(),
        next: answer.next_token,
    })
}

/// Sessions on a fleet that are not EXPIRED, by two witnesses, of which the higher count stands.
///
/// `DescribeSessions`' documentation says that without an authentication type it takes "users
/// authenticated using a streaming URL" for granted, and does not say whether SAML users are then
/// left out of the list. The fleet's own count of what is in use knows no such difference. It
/// lags a little behind the end of a session, which at worst makes us wait.
async fn people_on(reader: &Reader, fleet: &str) -> Result<People, ApplyError> {
    let mut listed: u32 = 0;
    let mut instances = Instances::new();
    for stack in stacks_of(reader, fleet).await? {
        reader
            .pages(
                |token| session_page(reader, &stack, fleet, token),
                |page| {
                    // A session whose state is missing or new to us is a person too.
                    let live = page
                        .into_iter()
                        .filter(|session| session.state != Some(SessionState::Expired));
                    for session in live {
                        listed += 1;
                        place(&mut instances, session);
                    }
                    Ok(())
                },
            )
            .await?;
    }
    let in_use = in_use(reader, fleet).await?;
    Ok(People {
        sessions: listed.max(in_use),
        instances,
    })
}

/// Notes which instance a session is on, if AWS names one.
fn place(instances: &mut Instances, session: Session) {
    let is_draining = match session.instance_drain_status {
        Some(InstanceDrainStatus::Draining) => Some(true),
        Some(InstanceDrainStatus::Active) => Some(false),
        // Not applicable, missing, or new to us.
        Some(_) | None => None,
    };
    if let (Some(instance), Some(id)) = (session.instance_id, session.id) {
        OccupiedInstance::add(instances, instance, id, is_draining);
    }
}

async fn session_page(
    reader: &Reader,
    stack: &str,
    fleet: &str,
    token: Option<String>,
) -> Result<Page<Session>, ApplyError> {
    let request = reader.clients.appstream.describe_sessions();
    let request = request
        .stack_name(stack)
        .fleet_name(fleet)
        .limit(SESSIONS_PER_PAGE)
        .set_next_token(token);
    let answer = reader
        .call("DescribeSessions", || request.clone().send())
        .await?;
    Ok(Page {
        items: answer.sessions.unwrap_or_default(),
        next: answer.next_token,
    })
}

/// What the fleet itself says is in use: instances, or sessions on a multi-session fleet.
async fn in_use(reader: &Reader, fleet: &str) -> Result<u32, ApplyError> {
    let page = ObservedFleet::page(reader, Some(fleet.to_owned()), None).await?;
    let described = page.items.iter().find(|item| item.name() == Some(fleet));
    let described = described.ok_or_else(|| {
        ours(
            "IncompleteAnswer",
            "DescribeFleets neither has it nor says that it was not found".to_owned(),
        )
    })?;
    let used = |status: &ComputeCapacityStatus| {
        status
            .in_use()
            .max(status.active_user_sessions())
            .unwrap_or_default()
    };
    let used = described.compute_capacity_status().map_or(0, used);
    Ok(u32::try_from(used).unwrap_or_default())
}
