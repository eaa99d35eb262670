//! Themes of stacks: made, kept, left out, deleted, and their pictures sent until AWS took them.

use std::time::Duration;

use serde_json::{Value, json};
use streamkeeper_simulator::{Face, Fault, Matcher};
use streamkeeper_tests::{Death, REGION, World, brisk, differences};

use crate::lifecycle::CONVERGED;

fn row(logo: &str) -> Value {
    json!({"stack": {"theme": {
        "titleText": "CFD", "themeStyling": "BLUE",
        "footerLinks": [{"displayName": "Help", "footerLinkURL": "https://help.example"}],
        "organizationLogoS3Location": {"s3Bucket": "branding", "s3Key": logo},
        "faviconS3Location": {"s3Bucket": "branding", "s3Key": "icon.png"},
        "state": "DISABLED"
    }}})
}

/// The same, as the simulator keeps it.
fn wanted(logo: &str) -> Value {
    json!({
        "ThemeTitleText": "CFD", "ThemeStyling": "BLUE", "State": "DISABLED",
        "ThemeFooterLinks": [{"DisplayName": "Help", "FooterLinkURL": "https://help.example"}],
        "OrganizationLogoS3Location": {"S3Bucket": "branding", "S3Key": logo},
        "FaviconS3Location": {"S3Bucket": "branding", "S3Key": "icon.png"}
    })
}

async fn converged(spec: &Value) -> World {
    let mut world = World::with(brisk()).await;
    world.insert("cfd", spec).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
    world
}

async fn edit(world: &mut World, spec: &Value) {
    write(world, spec).await;
    world.settle().await;
    assert_eq!(world.ready("cfd").await, CONVERGED);
}

async fn write(world: &World, spec: &Value) {
    sqlx::query("UPDATE streamkeeper.environments SET spec = $1 WHERE name = 'cfd'")
        .bind(spec)
        .execute(&world.database.pool)
        .await
        .unwrap();
}

/// The theme, with what AWS does not tell.
fn theme(world: &World) -> Value {
    let place = &world.simulator.snapshot()["places"][format!("111122223333/{REGION}")];
    place["themes"]["cfd"].clone()
}

#[tokio::test]
async fn a_theme_is_made_and_kept() {
    let mut world = converged(&row("logo.png")).await;
    assert_eq!(theme(&world), wanted("logo.png"));
    world.assert_quiet().await;

    let theirs = json!({
        "StackName": "cfd", "TitleText": "theirs", "State": "ENABLED",
        "AttributesToDelete": ["FOOTER_LINKS"]
    });
    world.admin("UpdateThemeForStack", theirs);
    world.run_for(Duration::from_secs(120)).await;
    world.settle().await;
    assert_eq!(theme(&world), wanted("logo.png"));

    world.admin("DeleteThemeForStack", json!({"StackName": "cfd"}));
    world.run_for(Duration::from_secs(120)).await;
    world.settle().await;
    assert_eq!(theme(&world), wanted("logo.png"));
    let mut drift = world.drift().await;
    drift.sort();
    assert_eq!(
        drift,
        [
            "stack/cfd stack.theme repaired",
            "stack/cfd stack.theme.footerLinks repaired",
            "stack/cfd stack.theme.state repaired",
            "stack/cfd stack.theme.titleText repaired",
        ]
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn another_logo_is_sent_once_and_nothing_beside_it() {
    let mut world = converged(&row("logo.png")).await;
    let before = world.changes().len();
    edit(&mut world, &row("other.png")).await;
    assert_eq!(theme(&world), wanted("other.png"));
    assert_eq!(world.changes()[before..], ["UpdateThemeForStack stack/cfd"]);
    assert!(world.drift().await.is_empty());
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_theme_that_is_left_out_goes_and_one_that_was_never_ours_stays() {
    let mut world = converged(&row("logo.png")).await;
    edit(&mut world, &json!({"stack": {}})).await;
    assert_eq!(theme(&world), Value::Null);
    world.assert_quiet().await;

    let picture = json!({"S3Bucket": "theirs", "S3Key": "a.png"});
    let theirs = json!({
        "StackName": "cfd", "TitleText": "theirs", "ThemeStyling": "RED",
        "OrganizationLogoS3Location": picture, "FaviconS3Location": picture
    });
    world.admin("CreateThemeForStack", theirs);
    world.run_for(Duration::from_secs(120)).await;
    assert_eq!(theme(&world)["ThemeTitleText"], "theirs");
    world.assert_quiet().await;

    edit(&mut world, &json!({"stack": {"theme": null}})).await;
    assert_eq!(theme(&world), Value::Null);
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_deleted_row_deletes_its_theme_first() {
    let mut world = converged(&row("logo.png")).await;
    let before = world.changes().len();
    world.sql("DELETE FROM streamkeeper.environments").await;
    world.settle().await;
    assert!(!world.exists("cfd").await);
    assert_eq!(
        world.changes()[before..],
        ["DeleteThemeForStack stack/cfd", "DeleteStack stack/cfd"]
    );
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_stack_without_a_theme_in_its_row_is_not_asked_for_one() {
    let mut world = converged(&json!({"stack": {}})).await;
    world.run_for(Duration::from_secs(900)).await;
    let asked = world.simulator.journal();
    let mut asked = asked.iter().map(|call| call.operation.as_str());
    assert!(!asked.any(|operation| operation == "DescribeThemeForStack"));
    world.assert_quiet().await;
}

#[tokio::test]
async fn a_theme_that_cannot_be_read_is_neither_made_nor_deleted() {
    let mut world = converged(&json!({"stack": {}})).await;
    let denied = Fault::refuse("AccessDeniedException", "no");
    let describe = Matcher::operation("DescribeThemeForStack").always();
    world.simulator.faults().add(describe, denied);
    let before = world.changes().len();
    let spec = json!({"stack": {"theme": null}});
    write(&world, &spec).await;
    world.run_for(Duration::from_secs(120)).await;
    assert!(world.changes()[before..].is_empty());
    let ready = world.ready("cfd").await;
    assert!(ready.contains("NotObserved"), "{ready}");
    assert!(ready.contains("DescribeThemeForStack"), "{ready}");
}

#[tokio::test]
async fn a_lost_answer_or_a_death_at_any_call_changes_nothing_in_the_end() {
    let mut straight = converged(&row("logo.png")).await;
    edit(&mut straight, &row("other.png")).await;
    let calls = straight.tried().len() as u64;
    assert_eq!(calls, 4);
    let end = straight.end().await;
    let mut world = straight;
    for nth in 2..=calls {
        for death in [Some(Death::BeforeCall), Some(Death::AfterCall), None] {
            world = world.again(brisk()).await;
            match death {
                Some(death) => world.kill_at_call(nth, death),
                None => {
                    let lost = Fault::LostAfter(Face::Timeout);
                    let matcher = Matcher::mutating().nth(nth);
                    world.simulator.faults().add(matcher, lost);
                }
            }
            world.insert("cfd", &row("logo.png")).await;
            world.settle().await;
            edit(&mut world, &row("other.png")).await;
            let found = differences(&end, &world.end().await);
            assert!(found.is_empty(), "{nth} {death:?}: {found:#?}");
            assert_eq!(theme(&world), wanted("other.png"), "{nth} {death:?}");
        }
    }
    world.assert_quiet().await;
}
