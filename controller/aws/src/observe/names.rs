//! Reads fleets and stacks by name, tags included: the only source of "it is not there".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use streamkeeper_core::action::ObjectRef;
use streamkeeper_core::cloud::ApplyError;
use streamkeeper_core::observed::{Observed, ObservedTags};

use super::reader::{Reader, ours};
use super::{Described, known};
use crate::{convert, error};

/// Reads each name. One name a call: with several, one that is missing fails them all.
pub(super) async fn read<T: Described>(
    reader: &Arc<Reader>,
    names: &BTreeSet<String>,
) -> BTreeMap<String, Observed<T>> {
    reader
        .each(names, |reader, name| async move {
            let object = object::<T>(&name).to_string();
            known(read_one::<T>(&reader, &name).await, T::OPERATION, &object)
        })
        .await
}

async fn read_one<T: Described>(reader: &Reader, name: &str) -> Result<Observed<T>, ApplyError> {
    let described = match describe::<T>(reader, name).await {
        Ok(described) => described,
        Err(error) if error.code == error::NOT_FOUND => return Ok(Observed::Absent),
        Err(error) => return Err(error),
    };
    // An answer without the name and without "not found" proves nothing.
    let Some(mut item) = described else {
        return Err(ours(
            "IncompleteAnswer",
            "the answer neither has it nor says that it was not found".to_owned(),
        ));
    };
    let (_, arn, tags) = item.parts();
    *tags = tags_of(reader, arn).await;
    Ok(Observed::Present(item))
}

async fn describe<T: Described>(reader: &Reader, name: &str) -> Result<Option<T>, ApplyError> {
    let mut found = None;
    reader
        .pages(
            |token| T::page(reader, Some(name.to_owned()), token),
            |page| {
                for described in page {
                    let item = T::convert(&described, ObservedTags::Unknown(String::new()));
                    found = item
                        .filter(|item| item.clone().parts().0 == name)
                        .or(found.take());
                }
                Ok(())
            },
        )
        .await?;
    Ok(found)
}

/// A denied or failed read of tags leaves the object known and its owner not.
async fn tags_of(reader: &Reader, arn: &str) -> ObservedTags {
    let request = reader
        .clients
        .appstream
        .list_tags_for_resource()
        .resource_arn(arn);
    match reader
        .call("ListTagsForResource", || request.clone().send())
        .await
    {
        Ok(answer) => ObservedTags::Known(convert::own_tags(answer.tags.unwrap_or_default())),
        Err(error) => ObservedTags::Unknown(error::reason("ListTagsForResource", arn, &error)),
    }
}

fn object<T: Described>(name: &str) -> ObjectRef {
    ObjectRef {
        kind: T::KIND,
        name: name.to_owned(),
    }
}
