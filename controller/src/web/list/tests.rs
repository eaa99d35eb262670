use std::collections::BTreeMap;

use chrono::{TimeZone as _, Utc};
use streamkeeper_state::{Overview, StatusRow};

use super::{Wish, body};

fn row(name: &str, message: &str) -> StatusRow {
    StatusRow {
        name: name.to_owned(),
        region: "eu-west-1".to_owned(),
        account_id: None,
        ready: "False".to_owned(),
        reason: Some("Stalled".to_owned()),
        message: Some(message.to_owned()),
        generation: 1,
        observed_generation: None,
        fleet_state: None,
        drift_count: 0,
        last_verified_at: None,
        associations_verified_at: None,
        age_s: 61,
    }
}

fn page(rows: Vec<StatusRow>, wish: &Wish, more: bool) -> String {
    let overview = Overview {
        counts: BTreeMap::from([("False".to_owned(), 3)]),
        rows,
        more,
    };
    let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
    body(&overview, wish, now).into_string()
}

#[test]
fn what_aws_said_cannot_become_markup() {
    let page = page(
        vec![row("cfd", "<script>alert(1)</script>")],
        &Wish::default(),
        false,
    );
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
        "{page}"
    );
    assert!(!page.contains("<script"), "{page}");
}

#[test]
fn the_next_part_keeps_the_choice_and_begins_after_the_last_name() {
    let wish = Wish {
        ready: Some("False".to_owned()),
        after: Some("a".to_owned()),
    };
    let rows = || vec![row("b", ""), row("c", "")];
    let more = page(rows(), &wish, true);
    assert!(
        more.contains("href=\"/?ready=False&amp;after=c\""),
        "{more}"
    );
    let last = page(rows(), &wish, false);
    assert!(!last.contains("after="), "{last}");
}

#[test]
fn a_made_up_choice_is_not_carried_on() {
    let wish = Wish {
        ready: Some("\"><b>".to_owned()),
        after: None,
    };
    let page = page(vec![row("b", "")], &wish, true);
    assert!(page.contains("href=\"/?after=b\""), "{page}");
    assert!(!page.contains("<b>\""), "{page}");
}

#[test]
fn nothing_at_all_and_nothing_here_are_told_apart() {
    let here = page(vec![], &Wish::default(), false);
    assert!(here.contains("None here."), "{here}");
    let overview = Overview {
        counts: BTreeMap::new(),
        rows: vec![],
        more: false,
    };
    let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
    let none = body(&overview, &Wish::default(), now).into_string();
    assert!(none.contains("insert a row"), "{none}");
}
