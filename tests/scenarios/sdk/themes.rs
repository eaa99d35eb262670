//! Themes of stacks over the wire.

use streamkeeper_core::access::{AccessRequest, ObservedTheme};
use streamkeeper_core::action::{AccessCall, Action, ThemeSettings};
use streamkeeper_core::cloud::{Cloud, ErrorClass, ObserveRequest};
use streamkeeper_core::observed::Observed;
use streamkeeper_core::spec::{S3LocationSpec, ThemeFooterLinkSpec};
use streamkeeper_simulator::{Fault, Matcher};

use super::*;

fn picture(key: &str) -> S3LocationSpec {
    S3LocationSpec {
        s3_bucket: "branding".to_owned(),
        s3_key: key.to_owned(),
    }
}

fn help() -> ThemeFooterLinkSpec {
    ThemeFooterLinkSpec {
        display_name: "Help".to_owned(),
        footer_link_url: "https://help.example".to_owned(),
    }
}

fn create() -> Action {
    Action::Access(AccessCall::CreateThemeForStack {
        stack: "cfd".to_owned(),
        settings: ThemeSettings {
            title_text: Some("CFD".to_owned()),
            theme_styling: Some("LIGHT_BLUE".to_owned()),
            footer_links: Some(BTreeSet::from([help()])),
            organization_logo_s3_location: Some(picture("logo.png")),
            favicon_s3_location: Some(picture("icon.png")),
            state: None,
        },
    })
}

async fn seen(front: &Front, stack: &str) -> Observed<ObservedTheme> {
    let access = AccessRequest {
        themes_of_stacks: BTreeSet::from([stack.to_owned()]),
        ..AccessRequest::default()
    };
    let request = ObserveRequest {
        access,
        ..ObserveRequest::default()
    };
    let mut themes = front.observe(&request).await.access.themes;
    themes.remove(stack).unwrap()
}

/// The theme with all that no answer tells.
fn stored(front: &Front) -> Value {
    let snapshot = front.simulator.snapshot();
    snapshot["places"][format!("{ACCOUNT}/{REGION}")]["themes"]["cfd"].clone()
}

#[tokio::test]
async fn a_theme_is_made_changed_read_and_deleted() {
    let front = Front::new().await;
    front.create_stack("cfd");
    let cloud = front.cloud();
    assert_eq!(seen(&front, "cfd").await, Observed::Absent);
    cloud.apply(&create()).await.unwrap();
    let Observed::Present(theme) = seen(&front, "cfd").await else {
        panic!("the theme is there");
    };
    assert_eq!(theme.title_text, "CFD");
    assert_eq!(theme.theme_styling, "LIGHT_BLUE");
    assert_eq!(theme.footer_links, BTreeSet::from([help()]));
    assert_eq!(theme.state, "ENABLED");
    assert!(theme.organization_logo_url.is_some() && theme.favicon_url.is_some());
    let logo = json!({"S3Bucket": "branding", "S3Key": "logo.png"});
    assert_eq!(stored(&front)["OrganizationLogoS3Location"], logo);

    let update = AccessCall::UpdateThemeForStack {
        stack: "cfd".to_owned(),
        set: ThemeSettings {
            title_text: Some("Flows".to_owned()),
            theme_styling: Some("PINK".to_owned()),
            favicon_s3_location: Some(picture("other.png")),
            state: Some("DISABLED".to_owned()),
            ..ThemeSettings::default()
        },
        delete: vec!["FOOTER_LINKS".to_owned()],
    };
    cloud.apply(&Action::Access(update)).await.unwrap();
    let expected = json!({
        "ThemeTitleText": "Flows", "ThemeStyling": "PINK", "State": "DISABLED",
        "OrganizationLogoS3Location": logo,
        "FaviconS3Location": {"S3Bucket": "branding", "S3Key": "other.png"}
    });
    assert_eq!(stored(&front), expected);

    let delete = Action::Access(AccessCall::DeleteThemeForStack {
        stack: "cfd".to_owned(),
    });
    cloud.apply(&delete).await.unwrap();
    assert_eq!(stored(&front), Value::Null);
    let again = cloud.apply(&delete).await.unwrap_err();
    assert_eq!(again.class, ErrorClass::Gone, "{again}");
}

#[tokio::test]
async fn only_not_found_says_that_there_is_no_theme() {
    let front = Front::new().await;
    front.create_stack("cfd");
    front.cloud().apply(&create()).await.unwrap();
    let denied = Fault::refuse("AccessDeniedException", "no");
    let describe = Matcher::operation("DescribeThemeForStack");
    front.simulator.faults().add(describe, denied);
    let found = seen(&front, "cfd").await;
    let Observed::Unknown(why) = found else {
        panic!("{found:?}");
    };
    let begins = "DescribeThemeForStack stack/cfd: AccessDenied";
    assert!(why.starts_with(begins), "{why}");
}
