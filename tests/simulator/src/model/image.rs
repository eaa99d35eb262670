//! Models images: there from the start or put there by hand, looked up by fleets.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::page::Pager;
use super::settings::{Settings, text};
use super::state::{State, rows_in, seconds};
use super::{Answer, Place, Request, errors};
use crate::call::ServiceError;
use crate::config::ImageSeed;

/// An image, as `DescribeImages` shows it.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) arn: String,
    pub(crate) document: Settings,
}

/// The state AWS gives public images that it retires; the SDK's enumeration lacks it
/// (terraform-provider-aws issues 25590 and 32958).
pub(crate) const DEPRECATED: &str = "DEPRECATED";

impl Image {
    pub(crate) fn from_seed(seed: &ImageSeed, place: &Place) -> Self {
        let ImageSeed {
            name,
            platform,
            public,
            families,
        } = seed;
        // The account field of a public image's ARN is empty.
        let owner = if *public { "" } else { place.account.as_str() };
        let arn = format!("arn:aws:appstream:{}:{owner}:image/{name}", place.region);
        let document = json!({
            "Name": name,
            "Arn": arn,
            "DisplayName": name,
            "State": "AVAILABLE",
            "Visibility": if *public { "PUBLIC" } else { "PRIVATE" },
            "ImageBuilderSupported": true,
            "Platform": platform,
            "Applications": [],
            "AppstreamAgentVersion": "10-01-2026",
            "ImageErrors": [],
            "LatestAppstreamAgentVersion": "TRUE",
            "SupportedInstanceFamilies": families,
            "DynamicAppProvidersEnabled": "DISABLED",
            "ImageSharedWithOthers": "FALSE",
            "ManagedSoftwareIncluded": false,
            "ImageType": "NATIVE",
            "CreatedTime": seconds(DateTime::<Utc>::UNIX_EPOCH),
        });
        Self {
            arn,
            document: document.as_object().cloned().unwrap_or_default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        text(&self.document, "Name").unwrap_or_default()
    }

    pub(crate) fn platform(&self) -> &str {
        text(&self.document, "Platform").unwrap_or_default()
    }

    /// Refuses an image that no fleet can run now.
    fn check_available(&self) -> Result<(), ServiceError> {
        let state = text(&self.document, "State").unwrap_or_default();
        if state == "AVAILABLE" {
            return Ok(());
        }
        Err(errors::not_available(format!(
            "The image {} is {state}. The image must be in an AVAILABLE state for this action \
             to succeed.",
            self.name()
        )))
    }

    /// Refuses an instance type of a family that the image does not run on. The text is public,
    /// its code is not (aws-virtual-application-management issue 15).
    fn check_family(&self, instance_type: &str) -> Result<(), ServiceError> {
        let family = instance_type.split('.').nth(1).unwrap_or_default();
        let supported = self
            .document
            .get("SupportedInstanceFamilies")
            .and_then(Value::as_array)
            .map(|families| {
                families
                    .iter()
                    .filter_map(Value::as_str)
                    .collect::<Vec<_>>()
            })
            .unwrap_or_default();
        if supported.is_empty() || supported.contains(&family) {
            return Ok(());
        }
        Err(errors::combination(format!(
            "The combination of instance type {instance_type} and image instance family {} is \
             not supported.",
            supported.join(", ")
        )))
    }
}

/// The image that a request names, by name or ARN but not both; nothing when it names none.
pub(crate) fn named<'a>(
    state: &'a State,
    request: &Request<'_>,
) -> Result<Option<&'a Image>, ServiceError> {
    let (name, arn) = (request.text("ImageName"), request.text("ImageArn"));
    let find = |name: &str| state.images.get(&(request.place.clone(), name.to_owned()));
    let image = match (name, arn) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(errors::combination(
                "Specify either ImageName or ImageArn, not both.",
            ));
        }
        (Some(name), None) => find(name),
        (None, Some(arn)) => arn
            .rsplit_once('/')
            .and_then(|(_, name)| find(name))
            .filter(|image| image.arn == arn),
    };
    let image =
        image.ok_or_else(|| errors::not_found("image", name.or(arn).unwrap_or_default()))?;
    image.check_available()?;
    Ok(Some(image))
}

/// Refuses an image that the instance type cannot run.
pub(crate) fn check_family(image: &Image, instance_type: &str) -> Result<(), ServiceError> {
    image.check_family(instance_type)
}

/// `DescribeImages`.
pub(crate) fn describe(state: &State, request: &Request<'_>) -> Answer {
    let names = request.texts("Names");
    let arns = request.texts("Arns");
    if !names.is_empty() && !arns.is_empty() {
        return Err(errors::combination(
            "Specify either Names or Arns, not both.",
        ));
    }
    let visibility = request.text("Type");
    let matches = |image: &Image| {
        (names.is_empty() || names.contains(&image.name()))
            && (arns.is_empty() || arns.contains(&image.arn.as_str()))
            && visibility.is_none_or(|wanted| text(&image.document, "Visibility") == Some(wanted))
    };
    for wanted in names.iter().chain(&arns) {
        let mut images = rows_in(&state.images, &request.place, None);
        if !images.any(|(name, image)| name == *wanted || image.arn == *wanted) {
            return Err(errors::not_found("image", wanted));
        }
    }
    let size = request
        .integer("MaxResults")
        .and_then(|size| usize::try_from(size).ok())
        .filter(|size| *size > 0)
        .unwrap_or(25);
    let pager = Pager {
        seed: state.config.seed,
        list: "DescribeImages",
        place: &request.place,
        size,
    };
    let after = pager.start(request.text("NextToken"))?;
    let page = pager.cut(
        rows_in(&state.images, &request.place, after.as_deref())
            .filter(|(_, image)| matches(image))
            .map(|(name, image)| (name.to_owned(), json!(image.document))),
    );
    Ok(page.into_answer("Images"))
}
