//! Shows the list of environments: what `get` prints.

use maud::{Markup, html};
use serde::Deserialize;
use streamkeeper_core::environment::Timestamp;
use streamkeeper_state::{Overview, OverviewFilter, StatusRow, Store, StoreError};

use super::page::frame;
use crate::cli::age;

/// Lines of one page: what a person looks through, and little to send every ten seconds.
const LINES: u16 = 200;

/// What the address asks for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Wish {
    ready: Option<String>,
    after: Option<String>,
}

/// The page with the part of the list that is wished for.
///
/// # Errors
///
/// Fails when the database does.
pub(super) async fn render(
    store: &Store,
    wish: &Wish,
    now: Timestamp,
) -> Result<Markup, StoreError> {
    let filter = OverviewFilter {
        ready: wish.ready.clone(),
        after: wish.after.clone(),
        limit: LINES,
    };
    let overview = store.overview(&filter).await?;
    Ok(frame("Environments", &body(&overview, wish, now)))
}

fn body(overview: &Overview, wish: &Wish, now: Timestamp) -> Markup {
    let Overview { counts, rows, more } = overview;
    let all: i64 = counts.values().sum();
    html! {
        h1 { "Environments" }
        nav {
            (choice("all", all, "/", wish.ready.is_none()))
            @for (status, text) in [("True", "ready"), ("False", "not ready"), ("Unknown", "unknown")] {
                @let count = counts.get(status).copied().unwrap_or(0);
                @let chosen = wish.ready.as_deref() == Some(status);
                (choice(text, count, &format!("/?ready={status}"), chosen))
            }
        }
        @if rows.is_empty() {
            p { @if all == 0 { "No environments yet: insert a row." } @else { "None here." } }
        } @else {
            table {
                thead { tr {
                    th { "Name" } th { "Account/region" } th { "Ready" } th { "Reason" } th { "Fleet" }
                    th { "Drift" } th { "Verified" } th { "Age" } th { "Message" }
                } }
                tbody { @for row in rows { (line(row, now)) } }
            }
        }
        @if let (true, Some(last)) = (more, rows.last()) {
            p { a rel="next" href=(next(wish, &last.name)) { "More" } }
        }
    }
}

fn choice(text: &str, count: i64, address: &str, chosen: bool) -> Markup {
    html! {
        a href=(address) aria-current=[chosen.then_some("page")] { (text) " " b { (count) } }
    }
}

/// Names and statuses need no escaping: AppStream's name pattern has nothing an address knows.
fn next(wish: &Wish, last: &str) -> String {
    match wish.ready.as_deref() {
        Some(status @ ("True" | "False" | "Unknown")) => format!("/?ready={status}&after={last}"),
        _ => format!("/?after={last}"),
    }
}

fn line(row: &StatusRow, now: Timestamp) -> Markup {
    let StatusRow {
        name,
        region,
        account_id,
        ready,
        reason,
        message,
        generation: _,
        observed_generation: _,
        fleet_state,
        drift_count,
        last_verified_at,
        associations_verified_at: _,
        age_s,
    } = row;
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    html! {
        tr {
            td { a href=(format!("/environments/{name}")) { (name) } }
            td { (account_id.as_deref().unwrap_or("own")) "/" (region) }
            td.(status_class(ready)) { (ready) }
            td { (or_dash(reason)) }
            td { (or_dash(fleet_state)) }
            td { (drift_count) }
            td { (last_verified_at.map_or_else(|| "never".to_owned(), |at| age::since(at, now))) }
            td { (age::span(*age_s)) }
            td.message { (or_dash(message)) }
        }
    }
}

/// The style of a condition's status.
pub(super) fn status_class(status: &str) -> &'static str {
    match status {
        "True" => "good",
        "False" => "bad",
        _ => "unsure",
    }
}

#[cfg(test)]
mod tests;
