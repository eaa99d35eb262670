//! Lists what happened, and goes on as it happens.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use streamkeeper_core::environment::Timestamp;
use streamkeeper_state::{EventFilter, EventRow, Store};

use super::document::to_yaml;
use super::table::{CAUTION, Cell, Table, render_row};
use super::until::{Connection, interruptible};
use super::{GlobalOptions, age, output};
use crate::clock::{Clock as _, SystemClock};

/// How often new events are looked for.
const FOLLOW_INTERVAL: Duration = Duration::from_secs(1);

/// Events that are read in one go while following; the rest is read right after.
const PAGE: i64 = 500;

/// Widths of the columns of `-f`, whose later rows nobody knows yet: `Warning`, the longest reason
/// of ours, and names as people choose them.
const FOLLOW_WIDTHS: [usize; 5] = [20, 12, 7, 17, 16];

/// The options of `events`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
An event that repeats is one line whose count rises; -f prints it again each time. -o json prints \
one object in a line. Events outlive their environment.")]
pub(super) struct Args {
    /// Only events of this environment
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Go on printing events as they happen, until Ctrl-C
    #[arg(short, long)]
    follow: bool,

    /// Print at most so many of those that happened before
    #[arg(long, value_name = "COUNT", default_value_t = 100,
          value_parser = clap::value_parser!(i64).range(0..=100_000))]
    limit: i64,

    /// What to print
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns
    Table,
    /// One JSON object in a line
    Json,
    /// YAML documents
    Yaml,
}

pub(super) async fn run(global: &GlobalOptions, args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        name,
        follow,
        limit,
        output: format,
    } = args;
    let store = global.connect().await?;
    let filter = EventFilter {
        environment: name,
        after_change_id: None,
        limit,
    };
    let events = store.events(&filter).await?;
    if follow {
        print_following(&events, format, true)?;
        interruptible(follow_events(&store, filter, &events, format)).await?;
    } else if events.is_empty() {
        output::remark("No events found.");
    } else {
        print_listed(&events, filter.environment.is_none(), format)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints events as they come. Ends only with an error.
async fn follow_events(
    store: &Store,
    mut filter: EventFilter,
    shown: &[EventRow],
    format: Format,
) -> anyhow::Result<()> {
    // The first reading may lack a change that was still under way and has a lower number, so the
    // second begins where the first did and passes over what was shown.
    let passed: BTreeSet<i64> = shown.iter().map(|event| event.change_id).collect();
    let mut cursor = match (passed.first(), filter.limit) {
        (Some(lowest), _) => *lowest,
        (None, 0) => newest_change(store, &filter).await?,
        (None, _) => 0,
    };
    let mut connection = Connection::default();
    filter.limit = PAGE;
    loop {
        filter.after_change_id = Some(cursor);
        let answer = store.events(&filter).await.map_err(anyhow::Error::from);
        let events = connection.take(answer)?.unwrap_or_default();
        if let Some(last) = events.last() {
            cursor = last.change_id;
        }
        let full = i64::try_from(events.len()) == Ok(PAGE);
        let new: Vec<EventRow> = events
            .into_iter()
            .filter(|event| !passed.contains(&event.change_id))
            .collect();
        print_following(&new, format, false)?;
        if !full {
            tokio::time::sleep(FOLLOW_INTERVAL).await;
        }
    }
}

/// Where to begin when nothing of before is wanted.
async fn newest_change(store: &Store, filter: &EventFilter) -> anyhow::Result<i64> {
    let newest = EventFilter {
        limit: 1,
        ..filter.clone()
    };
    let events = store.events(&newest).await?;
    Ok(events.last().map_or(0, |event| event.change_id))
}

fn print_listed(events: &[EventRow], of_all: bool, format: Format) -> anyhow::Result<()> {
    match format {
        Format::Table => {
            let now = SystemClock::new().now();
            output::print(&event_table(events, of_all, now).render(0))
        }
        Format::Json | Format::Yaml => print_objects(events, format),
    }
}

/// Lines that later ones may follow: moments instead of ages, and columns of fixed widths.
fn print_following(events: &[EventRow], format: Format, first: bool) -> anyhow::Result<()> {
    match format {
        Format::Table => {
            let mut text = String::new();
            if first {
                let headers = [
                    "LAST SEEN",
                    "ENVIRONMENT",
                    "TYPE",
                    "REASON",
                    "OBJECT",
                    "MESSAGE",
                ];
                text = render_row(&headers.map(Cell::new), &FOLLOW_WIDTHS, 0);
            }
            for event in events {
                let cells = [
                    age::moment(event.last_seen_at).into(),
                    Cell::optional(event.environment.as_ref()),
                    event_type(event),
                    Cell::new(&event.reason),
                    Cell::new(&event.object),
                    counted(event).into(),
                ];
                text.push_str(&render_row(&cells, &FOLLOW_WIDTHS, 0));
            }
            output::print(&text)
        }
        Format::Json | Format::Yaml => print_objects(events, format),
    }
}

fn print_objects(events: &[EventRow], format: Format) -> anyhow::Result<()> {
    for event in events {
        if format == Format::Json {
            output::print_line(&serde_json::to_string(event)?)?;
        } else {
            output::print(&format!("---\n{}", to_yaml(event)?))?;
        }
    }
    Ok(())
}

/// Events, oldest first.
pub(super) fn event_table(events: &[EventRow], of_all: bool, now: Timestamp) -> Table {
    let mut table = if of_all {
        Table::new([
            "LAST SEEN",
            "ENVIRONMENT",
            "TYPE",
            "REASON",
            "OBJECT",
            "MESSAGE",
        ])
    } else {
        Table::new(["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"])
    };
    for event in events {
        let mut cells = vec![seen(event, now).into()];
        if of_all {
            cells.push(Cell::optional(event.environment.as_ref()));
        }
        cells.extend([
            event_type(event),
            Cell::new(&event.reason),
            Cell::new(&event.object),
            Cell::new(&event.message),
        ]);
        table.row(cells);
    }
    table
}

/// `12s`, or `12s (x3 over 5m)` of what happened more than once.
fn seen(event: &EventRow, now: Timestamp) -> String {
    let last = age::since(event.last_seen_at, now);
    if event.count > 1 {
        let first = age::since(event.first_seen_at, now);
        format!("{last} (x{} over {first})", event.count)
    } else {
        last
    }
}

fn counted(event: &EventRow) -> String {
    if event.count > 1 {
        format!("{} (x{})", event.message, event.count)
    } else {
        event.message.clone()
    }
}

fn event_type(event: &EventRow) -> Cell {
    let cell = Cell::new(&event.event_type);
    if event.event_type == "Normal" {
        cell
    } else {
        cell.styled(CAUTION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_counted_and_dated() {
        let at = |seconds| Timestamp::from_timestamp(seconds, 0).unwrap();
        let once = EventRow {
            id: 1,
            environment: Some("cfd".to_owned()),
            uid: None,
            event_type: "Normal".to_owned(),
            reason: "Started".to_owned(),
            object: "fleet/cfd".to_owned(),
            message: "told to start".to_owned(),
            count: 1,
            first_seen_at: at(958),
            last_seen_at: at(958),
            generation: Some(1),
            details: serde_json::Value::Null,
            change_id: 1,
        };
        let often = EventRow {
            event_type: "Warning".to_owned(),
            reason: "CallRefused".to_owned(),
            count: 3,
            first_seen_at: at(700),
            last_seen_at: at(990),
            ..once.clone()
        };
        let table = |of_all| {
            let text = event_table(&[once.clone(), often.clone()], of_all, at(1_000)).render(0);
            anstream::adapter::strip_str(&text).to_string()
        };
        assert_eq!(
            table(false),
            "LAST SEEN          TYPE      REASON        OBJECT      MESSAGE\n\
             42s                Normal    Started       fleet/cfd   told to start\n\
             10s (x3 over 5m)   Warning   CallRefused   fleet/cfd   told to start\n"
        );
        assert!(table(true).starts_with("LAST SEEN          ENVIRONMENT   TYPE"));
    }
}
