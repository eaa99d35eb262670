//! Reads whether images are there, and in which state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_appstream::types::{Image, ImageStateChangeReason};
use streamkeeper_core::cloud::ApplyError;
use streamkeeper_core::observed::{Observed, ObservedImage};

use super::reader::{Reader, ours};
use super::{Page, known};
use crate::error;

const OPERATION: &str = "DescribeImages";

/// Reads each name. One name a call: with several, one that is missing fails them all.
pub(super) async fn by_name(
    reader: &Arc<Reader>,
    names: &BTreeSet<String>,
) -> BTreeMap<String, Observed<ObservedImage>> {
    reader
        .each(names, |reader, name| async move {
            let object = format!("image/{name}");
            known(read(&reader, &name).await, OPERATION, &object)
        })
        .await
}

async fn read(reader: &Reader, name: &str) -> Result<Observed<ObservedImage>, ApplyError> {
    let mut found = None;
    let collect = |page: Vec<Image>| {
        let named = page
            .into_iter()
            .find(|image| image.name.as_deref() == Some(name));
        found = named.or(found.take());
        Ok(())
    };
    match reader
        .pages(|token| page(reader, name, token), collect)
        .await
    {
        Ok(()) => {}
        Err(error) if error.code == error::NOT_FOUND => return Ok(Observed::Absent),
        Err(error) => return Err(error),
    }
    // An answer without the name and without "not found" proves nothing.
    found.map(observed).ok_or_else(|| {
        ours(
            "IncompleteAnswer",
            "the answer neither has it nor says that it was not found".to_owned(),
        )
    })
}

fn observed(image: Image) -> Observed<ObservedImage> {
    Observed::Present(ObservedImage {
        // AppStream's model lets the state be missing; it has never been seen so.
        state: image
            .state
            .map_or_else(|| "UNKNOWN".to_owned(), |state| state.as_str().to_owned()),
        reason: image.state_change_reason.and_then(words),
    })
}

fn words(reason: ImageStateChangeReason) -> Option<String> {
    let code = reason.code.map(|code| code.as_str().to_owned());
    match (code, reason.message) {
        (Some(code), Some(message)) => Some(format!("{code}: {message}")),
        (code, message) => code.or(message),
    }
}

async fn page(
    reader: &Reader,
    name: &str,
    token: Option<String>,
) -> Result<Page<Image>, ApplyError> {
    let request = reader.clients.appstream.describe_images();
    let request = request.names(name).set_next_token(token);
    let answer = reader.call(OPERATION, || request.clone().send()).await?;
    Ok(Page {
        items: answer.images.unwrap_or_default(),
        next: answer.next_token,
    })
}
