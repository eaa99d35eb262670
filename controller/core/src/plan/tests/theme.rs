//! The theme of a stack: what shows is compared, pictures are sent until AWS takes them.

use serde_json::{Value, json};

use super::harness::{Case, LEFT_OUT, check, stack, with};
use super::world::{Fault, World};
use crate::access::ObservedTheme;
use crate::action::{AccessCall, Action, ThemeSettings};
use crate::observed::Observed;
use crate::spec::{S3LocationSpec, ThemeFooterLinkSpec};

fn picture(key: &str) -> Value {
    json!({"s3Bucket": "branding", "s3Key": key})
}

fn row() -> Value {
    json!({"stack": {"theme": {
        "titleText": "CFD", "themeStyling": "BLUE",
        "footerLinks": [{"displayName": "Help", "footerLinkURL": "https://help"}],
        "organizationLogoS3Location": picture("logo.png"), "faviconS3Location": picture("icon.png")
    }}})
}

/// What AWS shows of it.
fn theme() -> ObservedTheme {
    let help = ThemeFooterLinkSpec {
        display_name: "Help".to_owned(),
        footer_link_url: "https://help".to_owned(),
    };
    ObservedTheme {
        title_text: "CFD".to_owned(),
        theme_styling: "BLUE".to_owned(),
        footer_links: [help].into(),
        state: "ENABLED".to_owned(),
        organization_logo_url: Some("https://logo".to_owned()),
        favicon_url: Some("https://icon".to_owned()),
    }
}

/// A stack of ours with this theme, or without one.
fn case(spec: &Value, theme: Option<ObservedTheme>) -> Case {
    let mut case = Case::new(spec);
    case.observed.stack = Observed::Present(stack(json!({})));
    case.owned.insert("stack/cfd".to_owned());
    let theme = theme.map_or(Observed::Absent, Observed::Present);
    case.observed.access.theme = Some(theme);
    case
}

fn held(case: &mut Case) {
    case.held("stack.theme", json!("cfd"));
    let theme = row()["stack"]["theme"].clone();
    for (leaf, value) in theme.as_object().unwrap() {
        case.held(&format!("stack.theme.{leaf}"), value.clone());
    }
}

#[test]
fn a_theme_that_is_not_there_is_made() {
    check(
        &case(&row(), None),
        r#"
        do CreateThemeForStack stack/cfd {"faviconS3Location":{"s3Bucket":"branding","s3Key":"icon.png"},"footerLinks":[{"displayName":"Help","footerLinkURL":"https://help"}],"organizationLogoS3Location":{"s3Bucket":"branding","s3Key":"logo.png"},"themeStyling":"BLUE","titleText":"CFD"}
        diff stack/cfd stack.theme: null -> "cfd"
        "#,
    );
}

#[test]
fn not_found_says_nothing_of_the_theme_of_a_stack_that_was_not_seen() {
    let mut case = case(&row(), None);
    case.observed.stack = Observed::Unknown("denied".to_owned());
    let plan = case.plan();
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
}

#[test]
fn a_new_theme_that_is_to_be_disabled_is_so_by_the_next_call() {
    let spec = with(row(), &[("/stack/theme/state", json!("DISABLED"))]);
    let world = World::converged(&spec);
    assert_eq!(
        world.operations(),
        ["CreateStack", "CreateThemeForStack", "UpdateThemeForStack"]
    );
    assert_eq!(world.aws.access.themes["cfd"].state, "DISABLED");
}

#[test]
fn a_theme_as_the_row_says_holds_and_its_pictures_do_if_they_were_taken() {
    let mut taken = case(&row(), Some(theme()));
    held(&mut taken);
    check(&taken, "");
    taken
        .managed
        .insert("stack.theme.faviconS3Location".to_owned(), None);
    check(
        &taken,
        r#"
        do UpdateThemeForStack stack/cfd {"faviconS3Location":{"s3Bucket":"branding","s3Key":"icon.png"}}
        diff stack/cfd stack.theme.faviconS3Location: "https://icon" -> {"s3Bucket":"branding","s3Key":"icon.png"}
        "#,
    );
}

#[test]
fn what_shows_is_put_right_and_nothing_else_is_sent() {
    let has = ObservedTheme {
        title_text: "theirs".to_owned(),
        footer_links: [].into(),
        state: "DISABLED".to_owned(),
        ..theme()
    };
    let mut case = case(&row(), Some(has));
    held(&mut case);
    check(
        &case,
        r#"
        do UpdateThemeForStack stack/cfd {"footerLinks":[{"displayName":"Help","footerLinkURL":"https://help"}],"titleText":"CFD"}
        drift stack/cfd stack.theme.footerLinks: null -> [{"displayName":"Help","footerLinkURL":"https://help"}]
        drift stack/cfd stack.theme.titleText: "theirs" -> "CFD"
        "#,
    );
}

#[test]
fn links_and_state_that_are_left_out_go_back() {
    let spec = with(row(), &[("/stack/theme/footerLinks", json!(LEFT_OUT))]);
    let has = ObservedTheme {
        state: "DISABLED".to_owned(),
        ..theme()
    };
    let mut case = case(&spec, Some(has));
    held(&mut case);
    case.held("stack.theme.state", json!("DISABLED"));
    check(
        &case,
        r#"
        do UpdateThemeForStack stack/cfd {"state":"ENABLED"} minus FOOTER_LINKS
        diff stack/cfd stack.theme.footerLinks: [{"displayName":"Help","footerLinkURL":"https://help"}] -> null
        diff stack/cfd stack.theme.state: "DISABLED" -> "ENABLED"
        "#,
    );
}

#[test]
fn a_theme_that_is_left_out_goes_if_it_was_ours_and_null_means_none_at_all() {
    let without = json!({"stack": {}});
    let mut case = case(&without, Some(theme()));
    check(&case, "");
    held(&mut case);
    check(
        &case,
        r#"
        do DeleteThemeForStack stack/cfd
        diff stack/cfd stack.theme: "cfd" -> null
        "#,
    );
    let none = json!({"stack": {"theme": null}});
    check(
        &self::case(&none, Some(theme())),
        r#"
        do DeleteThemeForStack stack/cfd
        diff stack/cfd stack.theme: "cfd" -> null
        "#,
    );
    check(&self::case(&none, None), "");
}

#[test]
fn the_theme_of_somebody_elses_stack_is_not_touched() {
    let mut case = case(&row(), None);
    let mut theirs = stack(json!({}));
    theirs.tags = super::harness::tags(&[("streamkeeper:uid", "theirs")]);
    case.observed.stack = Observed::Present(theirs);
    case.owned.clear();
    let plan = case.plan();
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
}

#[test]
fn what_held_is_believed_until_its_turn_comes_and_pictures_are_not_if_they_were_not_taken() {
    let mut case = case(&row(), None);
    held(&mut case);
    case.observed.access.theme = None;
    check(&case, "");
    case.managed
        .insert("stack.theme.faviconS3Location".to_owned(), None);
    check(
        &case,
        r"
        why stack/cfd NotObserved
        ask themes of stacks cfd
        ",
    );
}

#[test]
fn an_ignored_theme_is_made_with_its_stack_and_then_left_alone() {
    let mut spec = row();
    spec["ignore"] = json!(["stack.theme"]);
    let mut world = World::converged(&spec);
    assert_eq!(world.operations(), ["CreateStack", "CreateThemeForStack"]);
    world.aws.access.themes.clear();
    world.reads_association = true;
    world.converge();
    assert_eq!(world.operations().len(), 2);
    let managed = world.managed.keys();
    assert!(
        !managed
            .into_iter()
            .any(|path| path.starts_with("stack.theme"))
    );
}

#[test]
fn a_lost_answer_about_pictures_has_them_sent_once_more() {
    for fault in [Fault::Lost, Fault::AnswerLost] {
        let mut world = World::converged(&row());
        let other = (
            "/stack/theme/organizationLogoS3Location",
            picture("other.png"),
        );
        world.edit(&with(row(), &[other]));
        world.faults = vec![fault];
        let calls = world.calls.len();
        world.converge();
        let made = &world.operations()[calls..];
        assert_eq!(made, ["UpdateThemeForStack", "UpdateThemeForStack"]);
        let logo = world.aws.access.themes["cfd"].organization_logo_url.clone();
        assert_eq!(logo.as_deref(), Some("branding/other.png"));
    }
}

#[test]
fn pictures_that_may_have_been_replaced_are_not_taken_for_the_old_ones() {
    let mut world = World::converged(&row());
    let other = (
        "/stack/theme/organizationLogoS3Location",
        picture("other.png"),
    );
    world.edit(&with(row(), &[other]));
    world.faults = vec![Fault::AnswerLost];
    world.pass();
    world.edit(&row());
    world.converge();
    let logo = world.aws.access.themes["cfd"].organization_logo_url.clone();
    assert_eq!(logo.as_deref(), Some("branding/logo.png"));
}

#[test]
fn a_stack_of_another_name_gets_the_theme_with_its_pictures() {
    let mut world = World::converged(&row());
    let mut renamed = row();
    renamed["stack"]["name"] = json!("other");
    renamed["fleet"] = json!({
        "instanceType": "stream.standard.medium", "disruption": {"allowReplacement": true}
    });
    renamed["image"] = json!({"name": "pcluster-2026-11"});
    world.edit(&renamed);
    world.converge();
    let operations = world.operations();
    let gone = operations
        .iter()
        .position(|one| *one == "DeleteThemeForStack");
    let stack = operations.iter().position(|one| *one == "DeleteStack");
    assert!(gone.is_some() && gone < stack, "{operations:?}");
    let logo = world.aws.access.themes["other"]
        .organization_logo_url
        .clone();
    assert_eq!(logo.as_deref(), Some("branding/logo.png"));
}

#[test]
fn what_does_not_show_settles_no_intent_as_done() {
    let location = S3LocationSpec {
        s3_bucket: "branding".to_owned(),
        s3_key: "logo.png".to_owned(),
    };
    let pictures = ThemeSettings {
        organization_logo_s3_location: Some(location),
        ..ThemeSettings::default()
    };
    let title = ThemeSettings {
        title_text: Some("CFD".to_owned()),
        ..pictures.clone()
    };
    let settled = |set: &ThemeSettings, theme: Observed<ObservedTheme>| {
        let mut case = case(&row(), None);
        case.observed.access.theme = Some(theme);
        let call = AccessCall::UpdateThemeForStack {
            stack: "cfd".to_owned(),
            set: set.clone(),
            delete: Vec::new(),
        };
        case.open(Action::Access(call));
        let (settled, _) = crate::plan::settle(&case.environment, &case.intents, &case.observed);
        settled.first().map(|(_, outcome)| outcome.as_str())
    };
    let there = || Observed::Present(theme());
    assert_eq!(settled(&title, there()), Some("ok"));
    assert_eq!(settled(&pictures, there()), Some("refused"));
    assert_eq!(settled(&title, Observed::Absent), Some("refused"));
    assert_eq!(settled(&title, Observed::Unknown(String::new())), None);
}
