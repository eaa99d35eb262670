//! A stack has the theme that its row gives it.

use super::*;
use crate::access::ObservedTheme;
use crate::action::{AccessCall, ThemeSettings};

const THEMES: &str = "a stack has the theme that the row gives it, and loses none but that";
const UNSEEN: &str = "who may use what changes only on the ground of what was seen";

fn case(theme: &Value, has: Option<Observed<ObservedTheme>>) -> Case {
    let mut case = complete();
    let mut spec = json!({"stack": {}});
    if *theme != json!("left out") {
        spec["stack"]["theme"] = theme.clone();
    }
    case.environment.spec = serde_json::from_value(spec).unwrap();
    case.observed.access.theme = has;
    case
}

fn wanted() -> Value {
    let picture = json!({"s3Bucket": "branding", "s3Key": "a.png"});
    json!({"titleText": "CFD", "themeStyling": "BLUE",
           "organizationLogoS3Location": picture, "faviconS3Location": picture})
}

fn there() -> Option<Observed<ObservedTheme>> {
    Some(Observed::Present(ObservedTheme {
        title_text: "CFD".to_owned(),
        theme_styling: "BLUE".to_owned(),
        footer_links: BTreeSet::new(),
        state: "ENABLED".to_owned(),
        organization_logo_url: None,
        favicon_url: None,
    }))
}

fn create() -> AccessCall {
    AccessCall::CreateThemeForStack {
        stack: name(),
        settings: ThemeSettings::default(),
    }
}

fn update() -> AccessCall {
    AccessCall::UpdateThemeForStack {
        stack: name(),
        set: ThemeSettings::default(),
        delete: Vec::new(),
    }
}

fn delete() -> AccessCall {
    AccessCall::DeleteThemeForStack { stack: name() }
}

fn notes(case: &Case, call: AccessCall) -> Vec<&'static str> {
    broken(case, vec![Action::Access(call)])
}

#[test]
fn a_theme_is_made_and_changed_only_where_the_row_has_one() {
    let absent = || Some(Observed::Absent);
    assert!(notes(&case(&wanted(), absent()), create()).is_empty());
    assert!(notes(&case(&wanted(), there()), update()).is_empty());
    for theme in [json!(null), json!("left out")] {
        assert_eq!(notes(&case(&theme, absent()), create()), [THEMES]);
        assert_eq!(notes(&case(&theme, there()), update()), [THEMES]);
    }
}

#[test]
fn a_theme_goes_only_where_the_row_says_so_or_once_gave_it() {
    assert_eq!(notes(&case(&wanted(), there()), delete()), [THEMES]);
    assert!(notes(&case(&json!(null), there()), delete()).is_empty());
    let mut left_out = case(&json!("left out"), there());
    assert_eq!(notes(&left_out, delete()), [THEMES]);
    left_out.held("stack.theme.titleText", json!("CFD"));
    assert!(notes(&left_out, delete()).is_empty());
    left_out.environment.deletion_requested_at = Some(minute(0));
    assert!(notes(&left_out, delete()).is_empty());
    left_out.environment.deletion_policy = DeletionPolicy::Retain;
    assert_eq!(notes(&left_out, delete()), [THEMES]);
}

#[test]
fn nothing_is_done_to_a_theme_that_was_not_seen() {
    for blind in [None, Some(Observed::Unknown("denied".to_owned()))] {
        assert_eq!(notes(&case(&wanted(), blind.clone()), create()), [UNSEEN]);
        assert_eq!(notes(&case(&wanted(), blind.clone()), update()), [UNSEEN]);
        assert_eq!(notes(&case(&json!(null), blind), delete()), [UNSEEN]);
    }
    assert_eq!(notes(&case(&wanted(), there()), create()), [UNSEEN]);
    let absent = Some(Observed::Absent);
    assert_eq!(notes(&case(&json!(null), absent), delete()), [UNSEEN]);
}
