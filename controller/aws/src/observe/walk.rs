//! Walks the lists of fleets and stacks, with tags in bulk.

use std::collections::BTreeMap;

use streamkeeper_core::cloud::ApplyError;
use streamkeeper_core::observed::{
    Inventory, Observed, ObservedFleet, ObservedStack, ObservedTags,
};

use super::reader::{Reader, ours};
use super::{Described, Page};
use crate::{convert, error};

/// The Tagging API's own maximum.
const RESOURCES_PER_PAGE: i32 = 100;

/// Tags by ARN, and why an ARN that is not among them has unknown ones.
struct BulkTags {
    by_arn: BTreeMap<String, BTreeMap<String, String>>,
    otherwise: String,
}

/// Walks all three lists at the same time.
pub(super) async fn walk(reader: &Reader) -> (Inventory<ObservedFleet>, Inventory<ObservedStack>) {
    let (mut fleets, mut stacks, tags) = tokio::join!(
        list::<ObservedFleet>(reader),
        list(reader),
        bulk_tags(reader)
    );
    attach(&mut fleets, &tags);
    attach(&mut stacks, &tags);
    (fleets, stacks)
}

/// One list to its end, or as far as it could be read: what was seen is there, and everything
/// else is unknown because of the failure.
async fn list<T: Described>(reader: &Reader) -> Inventory<T> {
    let mut items = BTreeMap::new();
    let outcome = reader
        .pages(
            |token| T::page(reader, None, token),
            |page| {
                for described in page {
                    let mut item = T::convert(&described, ObservedTags::Unknown(String::new()))
                        .ok_or_else(nameless)?;
                    let name = item.parts().0.to_owned();
                    items.insert(name, Observed::Present(item));
                }
                Ok(())
            },
        )
        .await;
    match outcome {
        Ok(()) => Inventory {
            items,
            otherwise: format!("not listed by {}", T::OPERATION),
            walked: true,
        },
        Err(error) => Inventory {
            items,
            otherwise: error::reason(T::OPERATION, "", &error),
            walked: false,
        },
    }
}

fn nameless() -> ApplyError {
    ours(
        "IncompleteAnswer",
        "an entry of the list has no name or no ARN".to_owned(),
    )
}

/// The Tagging API lists only what has or had tags, and lags behind: an ARN that is not there may
/// well be tagged.
async fn bulk_tags(reader: &Reader) -> BulkTags {
    let mut by_arn: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let outcome = reader
        .pages(
            |token| tag_page(reader, token),
            |page| {
                by_arn.extend(page);
                Ok(())
            },
        )
        .await;
    let otherwise = match outcome {
        Ok(()) => "not listed by GetResources".to_owned(),
        Err(error) => error::reason("GetResources", "", &error),
    };
    BulkTags { by_arn, otherwise }
}

async fn tag_page(
    reader: &Reader,
    token: Option<String>,
) -> Result<Page<(String, BTreeMap<String, String>)>, ApplyError> {
    let request = reader
        .clients
        .tagging
        .get_resources()
        .resource_type_filters("appstream:fleet")
        .resource_type_filters("appstream:stack")
        .resources_per_page(RESOURCES_PER_PAGE)
        .set_pagination_token(token);
    let answer = reader
        .call("GetResources", || request.clone().send())
        .await?;
    let items = answer
        .resource_tag_mapping_list
        .unwrap_or_default()
        .into_iter()
        .filter_map(|mapping| {
            let tags = mapping.tags.unwrap_or_default().into_iter();
            let tags = convert::own_tags(tags.map(|tag| (tag.key, tag.value)));
            Some((mapping.resource_arn?, tags))
        })
        .collect();
    Ok(Page {
        items,
        next: answer.pagination_token,
    })
}

fn attach<T: Described>(inventory: &mut Inventory<T>, bulk: &BulkTags) {
    for item in inventory.items.values_mut() {
        let Observed::Present(item) = item else {
            continue;
        };
        let (_, arn, tags) = item.parts();
        *tags = bulk.by_arn.get(arn).map_or_else(
            || ObservedTags::Unknown(bulk.otherwise.clone()),
            |tags| ObservedTags::Listed(tags.clone()),
        );
    }
}
