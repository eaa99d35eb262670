//! Lays out what `describe` prints, section by section.

use streamkeeper_core::environment::Timestamp;
use streamkeeper_state::{
    ClusterRow, DriftRow, EnvironmentDetails, EnvironmentRow, EventRow, StoredCondition,
};

use super::folders::folders;
use crate::cli::age;
use crate::cli::document::to_yaml;
use crate::cli::events::event_table;
use crate::cli::get::verified;
use crate::cli::plan::plan_table;
use crate::cli::table::{Cell, NONE, Table, one_line, ready};

/// Newest drift that has ended and is shown.
const ENDED_DRIFT: usize = 10;

/// Longest value that is shown whole; a bucket policy would hide everything else.
const VALUE_WIDTH: usize = 60;

/// Where the values of the head begin.
const HEAD_WIDTH: usize = 18;

/// Everything there is to say about one environment.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) details: EnvironmentDetails,
    pub(super) drift: Vec<DriftRow>,
    pub(super) events: Vec<EventRow>,
    pub(super) clusters: Vec<ClusterRow>,
}

/// The text of `describe`.
///
/// # Errors
///
/// Fails when the spec cannot be written as YAML.
pub(super) fn render(story: &Story, now: Timestamp) -> anyhow::Result<String> {
    let Story {
        details,
        drift,
        events,
        clusters: seen,
    } = story;
    let row = &details.row;
    let mut text = head(details, now);
    let known = (!row.conditions.is_empty()).then(|| conditions(&row.conditions, now));
    section(&mut text, "Conditions", known);
    let plan = (!row.plan.is_empty()).then(|| plan_table(&row.plan, now));
    section(&mut text, "Plan", plan);
    let (open, ended): (Vec<&DriftRow>, Vec<&DriftRow>) =
        drift.iter().partition(|drift| drift.resolved_at.is_none());
    section(
        &mut text,
        "Drift",
        (!open.is_empty()).then(|| open_drift(&open, now)),
    );
    if !ended.is_empty() {
        section(&mut text, "Ended drift", Some(ended_drift(&ended, now)));
    }
    if !seen.is_empty() {
        section(&mut text, "Clusters", Some(clusters(seen, now)));
    }
    let table = (!events.is_empty()).then(|| event_table(events, false, now));
    section(&mut text, "Events", table);
    if let Some(folders) = folders(row) {
        section(&mut text, "Folders", Some(folders));
    }
    list(&mut text, "Owned objects", row.owned.iter());
    list(&mut text, "Managed fields", row.managed.keys());
    text.push_str("Spec:\n");
    for line in to_yaml(&row.spec)?.lines() {
        text.extend(["  ", line, "\n"]);
    }
    Ok(text)
}

fn head(details: &EnvironmentDetails, now: Timestamp) -> String {
    let EnvironmentDetails { status, row } = details;
    let EnvironmentRow {
        name,
        uid,
        region,
        account_id,
        labels,
        mode,
        paused,
        deletion_policy,
        generation,
        deletion_requested_at,
        created_at,
        updated_at,
        debts,
        observed_generation,
        approved_generation,
        faults,
        ..
    } = row;
    let ago = |at: Timestamp| format!("{} ({} ago)", age::moment(at), age::since(at, now));
    let mut text = String::new();
    let mut field = |name: &str, value: &str| {
        let label = if name.is_empty() {
            String::new()
        } else {
            format!("{name}:")
        };
        text.extend([format!("{label:<HEAD_WIDTH$}{}\n", one_line(value))]);
    };
    field("Name", name);
    field("Region", region);
    field(
        "Account",
        account_id.as_deref().unwrap_or("the daemon's own"),
    );
    field("Uid", &uid.to_string());
    let mut label = "Labels";
    for (key, value) in labels {
        field(label, &format!("{key}={value}"));
        label = "";
    }
    if labels.is_empty() {
        field(label, NONE);
    }
    field("Mode", mode);
    field("Paused", if *paused { "yes" } else { "no" });
    field("Deletion policy", deletion_policy);
    let planned = observed_generation.map_or_else(
        || "not planned yet".to_owned(),
        |observed| format!("planned: {observed}"),
    );
    field("Generation", &format!("{generation} ({planned})"));
    if let Some(approved) = approved_generation {
        field("Approved", &format!("generation {approved}"));
    }
    field("Created", &ago(*created_at));
    field("Changed", &ago(*updated_at));
    if let Some(at) = deletion_requested_at {
        field("Deletion", &format!("requested {}", ago(*at)));
    }
    field("Fleet", status.fleet_state.as_deref().unwrap_or(NONE));
    for fleet in debts {
        field("Start owed", fleet);
    }
    field("Verified", &verified(status.last_verified_at, now));
    field(
        "Association",
        &verified(status.associations_verified_at, now),
    );
    for fault in faults {
        field("Unreadable", fault);
    }
    text
}

fn conditions(conditions: &[StoredCondition], now: Timestamp) -> Table {
    let mut table = Table::new(["TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"]);
    for stored in conditions {
        let condition = &stored.condition;
        let status = condition.status.as_str();
        table.row(vec![
            condition.condition_type.as_str().into(),
            if condition.condition_type.as_str() == "Ready" {
                ready(status)
            } else {
                status.into()
            },
            Cell::new(&condition.reason),
            age::since(stored.last_transition_at, now).into(),
            Cell::new(&condition.message),
        ]);
    }
    table
}

fn open_drift(drift: &[&DriftRow], now: Timestamp) -> Table {
    let mut table = Table::new(["OBJECT", "FIELD", "DESIRED", "OBSERVED", "SINCE"]);
    for row in drift {
        table.row(vec![
            Cell::new(&row.object),
            Cell::new(&row.path),
            value(&row.desired),
            value(&row.observed),
            age::since(row.first_seen_at, now).into(),
        ]);
    }
    table
}

fn ended_drift(drift: &[&DriftRow], now: Timestamp) -> Table {
    let mut table = Table::new(["ENDED", "OBJECT", "FIELD", "DESIRED", "OBSERVED", "HOW"]);
    for row in drift.iter().take(ENDED_DRIFT) {
        table.row(vec![
            verified(row.resolved_at, now).into(),
            Cell::new(&row.object),
            Cell::new(&row.path),
            value(&row.desired),
            value(&row.observed),
            Cell::optional(row.resolution.as_ref()),
        ]);
    }
    table
}

fn clusters(clusters: &[ClusterRow], now: Timestamp) -> Table {
    let mut table = Table::new(["NAME", "STATUS", "VERSION", "USER", "SEEN", "ACCESS"]);
    for row in clusters {
        table.row(vec![
            Cell::new(&row.name),
            Cell::new(&row.status),
            Cell::new(&row.version),
            Cell::optional(row.user.as_ref()),
            verified(row.seen_at, now).into(),
            access(row),
        ]);
    }
    table
}

/// How a cluster's access compares, with the reason unless all is well.
fn access(row: &ClusterRow) -> Cell {
    match (row.access.as_deref(), row.access_message.as_deref()) {
        (Some(access @ ("differs" | "unknown")), Some(why)) => {
            Cell::new(format!("{access}: {why}"))
        }
        (access, _) => Cell::new(access.unwrap_or(NONE)),
    }
}

/// A value in one line, its middle left out when it is long.
fn value(value: &serde_json::Value) -> Cell {
    let text = value.to_string();
    if text.chars().count() <= VALUE_WIDTH {
        return Cell::new(text);
    }
    let begin: String = text.chars().take(VALUE_WIDTH - 1).collect();
    Cell::new(format!("{begin}…"))
}

fn section(text: &mut String, name: &str, table: Option<Table>) {
    match table {
        Some(table) => {
            text.extend([name, ":\n", &table.render(2)]);
        }
        None => text.extend([format!("{:<HEAD_WIDTH$}{NONE}\n", format!("{name}:"))]),
    }
}

fn list<'a>(text: &mut String, name: &str, items: impl Iterator<Item = &'a String>) {
    let items: Vec<String> = items.map(|item| one_line(item)).collect();
    if items.is_empty() {
        section(text, name, None);
    } else {
        text.extend([name, ":\n"]);
        for item in items {
            text.extend(["  ", &item, "\n"]);
        }
    }
}

#[cfg(test)]
mod tests;
