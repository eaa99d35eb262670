//! Holds a fleet back from an image that is made from a recipe until that image can be used.
//!
//! It is asked about only when the fleet is not on it: in the steady state it costs no call.

use super::WaitReason;
use super::draft::Draft;
use crate::action::ObjectRef;
use crate::observed::{Observed, ObservedImage};
use crate::spec::ImageBuild;

/// Why the fleet cannot have the image of the row's recipe now, said to people; nothing when it can,
/// or when the row names an image that somebody else makes.
pub(super) fn hold(draft: &mut Draft<'_>, fleet: &ObjectRef) -> Option<WaitReason> {
    let build = draft
        .input
        .environment
        .spec
        .image
        .as_ref()?
        .build
        .as_ref()?;
    let name = build.image_name();
    let (reason, message) = match draft.input.observed.image(&name) {
        Observed::Present(image) => judge(&name, &image)?,
        Observed::Absent => (
            WaitReason::ImageMissing,
            how_to_make(&name, build, &draft.input.environment.name),
        ),
        Observed::Unknown(why) => {
            draft.plan.needs.images.insert(name.clone());
            let message = format!("whether there is an image {name}: {why}");
            (WaitReason::NotObserved, message)
        }
    };
    draft.wait(fleet, reason, message);
    Some(reason)
}

/// States are those of AppStream's service model; one that it does not list yet passes or is told
/// by AWS when the fleet is changed.
fn judge(name: &str, image: &ObservedImage) -> Option<(WaitReason, String)> {
    let ObservedImage { state, reason } = image;
    let because = reason
        .as_ref()
        .map_or_else(String::new, |reason| format!(": {reason}"));
    match state.as_str() {
        "PENDING" | "CREATING" | "COPYING" | "IMPORTING" | "VALIDATING" => {
            let message = format!("image {name} is {state}; this takes up to an hour");
            Some((WaitReason::ImagePending, message))
        }
        "FAILED" | "DELETING" => {
            let message = format!(
                "image {name} is {state}{because}; delete it and make it anew, or change the recipe"
            );
            Some((WaitReason::ImageMissing, message))
        }
        _ => None,
    }
}

fn how_to_make(name: &str, build: &ImageBuild, environment: &str) -> String {
    format!(
        "image {name} does not exist: on an image builder of {}, run what `streamkeeper \
         image-script {environment}` prints",
        build.base.named()
    )
}
