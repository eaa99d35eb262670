//! Shows one environment: what `describe` prints.

use maud::{Markup, PreEscaped, html};
use streamkeeper_core::environment::Timestamp;
use streamkeeper_core::plan::PlanRow;
use streamkeeper_state::{
    ClusterRow, DriftRow, EnvironmentDetails, EventFilter, EventRow, Store, StoreError,
    StoredCondition,
};

use super::list::status_class;
use super::page::frame;
use crate::cli::age;
use crate::cli::document::to_yaml;

/// Newest events that are shown.
const EVENTS: i64 = 50;

/// The page of an environment; `None` when there is none of that name.
///
/// # Errors
///
/// Fails when the database does.
pub(super) async fn render(
    store: &Store,
    name: &str,
    now: Timestamp,
) -> Result<Option<Markup>, StoreError> {
    let Some(details) = store.environment(name).await? else {
        return Ok(None);
    };
    let filter = EventFilter {
        environment: Some(name.to_owned()),
        after_change_id: None,
        limit: EVENTS,
    };
    let drift = store.drift(name, true).await?;
    let events = store.events(&filter).await?;
    let clusters = store.clusters_of(name).await?;
    let body = html! {
        (head(&details, now))
        (conditions(&details.row.conditions, now))
        (plan(&details.row.plan, now))
        (open_drift(&drift, now))
        (seen(&clusters, now))
        (happened(&events, now))
        (section("Spec", &html! {
            pre { (to_yaml(&details.row.spec).unwrap_or_else(|error| error.to_string())) }
        }))
    };
    Ok(Some(frame(name, &body)))
}

fn head(details: &EnvironmentDetails, now: Timestamp) -> Markup {
    let EnvironmentDetails { status, row } = details;
    html! {
        h1 { (row.name) }
        dl {
            dt { "Ready" }
            dd { span.(status_class(&status.ready)) { (status.ready) }
                @if let Some(reason) = &status.reason { " · " (reason) } }
            @if let Some(message) = &status.message { dt { "Message" } dd { (message) } }
            dt { "Scope" }
            dd { (row.account_id.as_deref().unwrap_or("the daemon's own account")) "/" (row.region) }
            dt { "Mode" } dd { (row.mode) @if row.paused { ", paused" } }
            dt { "Generation" }
            dd { (row.generation) @if let Some(planned) = row.observed_generation { " (planned: " (planned) ")" } }
            dt { "Fleet" } dd { (status.fleet_state.as_deref().unwrap_or("–")) }
            dt { "Verified" }
            dd { (status.last_verified_at.map_or_else(|| "never".to_owned(), |at| format!("{} ago", age::since(at, now)))) }
            @if let Some(at) = row.deletion_requested_at {
                dt { "Deletion" } dd { "requested " (age::since(at, now)) " ago" }
            }
            @for fault in &row.faults { dt { "Unreadable" } dd { (fault) } }
        }
    }
}

fn conditions(conditions: &[StoredCondition], now: Timestamp) -> Markup {
    let rows = conditions.iter().map(|stored| {
        let condition = &stored.condition;
        let status = condition.status.as_str();
        html! { tr {
            td { (condition.condition_type.as_str()) }
            td { (status) }
            td { (condition.reason) }
            td { (age::since(stored.last_transition_at, now)) }
            td.message { (condition.message) }
        } }
    });
    let names = ["Type", "Status", "Reason", "Since", "Message"];
    table("Conditions", &names, rows)
}

fn plan(plan: &[PlanRow], now: Timestamp) -> Markup {
    let rows = plan.iter().map(|row| {
        html! { tr {
            td { (row.position) }
            td { (row.action) @if row.disruptive { " (disruptive)" } }
            td { (row.object) }
            td.message { (row.reason) }
            td.message { (row.waiting_for.as_deref().unwrap_or("–")) }
            td { (age::since(row.since, now)) }
        } }
    });
    let names = ["#", "Action", "Object", "Reason", "Waiting for", "Since"];
    table("Plan", &names, rows)
}

fn open_drift(drift: &[DriftRow], now: Timestamp) -> Markup {
    let rows = drift.iter().map(|row| {
        html! { tr {
            td { (row.object) }
            td { (row.path) }
            td.message { (row.desired) }
            td.message { (row.observed) }
            td { (age::since(row.first_seen_at, now)) }
        } }
    });
    let names = ["Object", "Field", "Desired", "Observed", "Since"];
    table("Drift", &names, rows)
}

fn seen(clusters: &[ClusterRow], now: Timestamp) -> Markup {
    let rows = clusters.iter().map(|row| {
        html! { tr {
            td { (row.name) }
            td { (row.status) }
            td { (row.version) }
            td { (row.user.as_deref().unwrap_or("–")) }
            td { (row.access.as_deref().unwrap_or("–")) }
            td { (row.seen_at.map_or_else(|| "–".to_owned(), |at| age::since(at, now))) }
            td.message { (row.access_message.as_deref().unwrap_or("–")) }
        } }
    });
    let names = [
        "Name", "Status", "Version", "User", "Access", "Seen", "Message",
    ];
    table("Clusters", &names, rows)
}

fn happened(events: &[EventRow], now: Timestamp) -> Markup {
    let rows = events.iter().rev().map(|row| {
        html! { tr {
            td { (age::since(row.last_seen_at, now)) }
            td.(if row.event_type == "Warning" { "bad" } else { "" }) { (row.event_type) }
            td { (row.reason) }
            td { (row.object) }
            td { (row.count) "×" }
            td.message { (row.message) }
        } }
    });
    let names = ["Ago", "Type", "Reason", "Object", "Count", "Message"];
    table("Events", &names, rows)
}

fn table(name: &str, columns: &[&str], rows: impl ExactSizeIterator<Item = Markup>) -> Markup {
    let body = if rows.len() == 0 {
        html! { p { "None." } }
    } else {
        html! { table {
            thead { tr { @for column in columns { th { (column) } } } }
            tbody { @for row in rows { (row) } }
        } }
    };
    section(name, &body)
}

fn section(name: &str, body: &Markup) -> Markup {
    html! { section { h2 { (name) } (PreEscaped(&body.0)) } }
}
