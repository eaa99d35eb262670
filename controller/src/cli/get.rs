//! Lists environments.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::ValueEnum;
use streamkeeper_core::environment::Timestamp;
use streamkeeper_state::{EnvironmentDetails, StatusFilter, StatusRow, Store};

use super::connect::{Found, select};
use super::document::{Document, DocumentList, to_yaml_documents};
use super::selector::Selector;
use super::table::{CAUTION, Cell, NONE, Table, ready};
use super::{GlobalOptions, age, output};
use crate::clock::{Clock as _, SystemClock};

/// The options of `get`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
With -o yaml or json the environments are printed as documents that `apply -f` takes; their status \
and what else `apply` does not need is ignored by it. A single NAME gives one JSON document, \
anything else an EnvironmentList.")]
pub(super) struct Args {
    /// Names of environments; all of them without
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Environments with these labels: key=value, key!=value, key or !key, several with commas
    #[arg(short = 'l', long, value_name = "SELECTOR", conflicts_with = "names")]
    selector: Option<Selector>,

    /// What to print
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns
    Table,
    /// More columns: observed generation, account and message
    Wide,
    /// Documents as JSON
    Json,
    /// Documents as YAML
    Yaml,
    /// Names only, as environment/NAME
    Name,
}

pub(super) async fn run(global: &GlobalOptions, args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        names,
        selector,
        output: format,
    } = args;
    let store = global.connect().await?;
    let found = select(&store, &names, selector.as_ref()).await?;
    let single = names.len() == 1;
    match format {
        Format::Table | Format::Wide => print_table(&found, format == Format::Wide)?,
        Format::Name => {
            for row in &found.rows {
                output::print_line(&format!("environment/{}", row.name))?;
            }
        }
        Format::Json => print_json(load(&store, &found.rows).await?, single)?,
        Format::Yaml => {
            let documents = load(&store, &found.rows).await?;
            output::print(&to_yaml_documents(&documents)?)?;
        }
    }
    // After what there is, as kubectl does.
    found.refuse_missing()?;
    Ok(ExitCode::SUCCESS)
}

fn print_json(mut documents: Vec<Document>, single: bool) -> anyhow::Result<()> {
    if !single {
        return output::print_json(&DocumentList::new(documents));
    }
    // None when the name is missing, which is said later.
    documents
        .pop()
        .map_or(Ok(()), |document| output::print_json(&document))
}

/// Documents in the order of the rows; a row that has gone since is as if it had gone before.
async fn load(store: &Store, rows: &[StatusRow]) -> anyhow::Result<Vec<Document>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let filter = StatusFilter {
        names: rows.iter().map(|row| row.name.clone()).collect(),
        ..StatusFilter::default()
    };
    let mut found: BTreeMap<String, EnvironmentDetails> = store
        .environments(&filter)
        .await?
        .into_iter()
        .map(|details| (details.row.name.clone(), details))
        .collect();
    rows.iter()
        .filter_map(|row| found.remove(&row.name))
        .map(|details| Document::of(&details))
        .collect()
}

fn print_table(found: &Found, wide: bool) -> anyhow::Result<()> {
    if found.rows.is_empty() {
        if found.missing.is_empty() {
            output::remark("No environments found.");
        }
        return Ok(());
    }
    let now = SystemClock::new().now();
    output::print(&status_table(&found.rows, wide, now).render(0))
}

fn status_table(rows: &[StatusRow], wide: bool, now: Timestamp) -> Table {
    let mut table = if wide {
        Table::new([
            "NAME",
            "REGION",
            "READY",
            "REASON",
            "GENERATION",
            "FLEET",
            "DRIFT",
            "VERIFIED",
            "AGE",
            "OBSERVED",
            "ACCOUNT",
            "MESSAGE",
        ])
    } else {
        Table::new([
            "NAME",
            "REGION",
            "READY",
            "REASON",
            "GENERATION",
            "FLEET",
            "DRIFT",
            "VERIFIED",
            "AGE",
        ])
    };
    for row in rows {
        let StatusRow {
            name,
            region,
            account_id,
            ready: status,
            reason,
            message,
            generation,
            observed_generation,
            fleet_state,
            drift_count,
            last_verified_at,
            associations_verified_at: _,
            age_s,
        } = row;
        let drift = Cell::new(drift_count.to_string());
        let mut cells = vec![
            name.into(),
            region.into(),
            ready(status),
            Cell::optional(reason.as_ref()),
            generation.to_string().into(),
            Cell::optional(fleet_state.as_ref()),
            if *drift_count > 0 {
                drift.styled(CAUTION)
            } else {
                drift
            },
            verified(*last_verified_at, now).into(),
            age::span(*age_s).into(),
        ];
        if wide {
            cells.extend([
                Cell::optional(observed_generation.map(|generation| generation.to_string())),
                Cell::optional(account_id.as_ref()),
                Cell::optional(message.as_ref().filter(|message| !message.is_empty())),
            ]);
        }
        table.row(cells);
    }
    table
}

/// How long ago AWS was looked at, such as `12s ago`.
pub(super) fn verified(at: Option<Timestamp>, now: Timestamp) -> String {
    at.map_or_else(
        || NONE.to_owned(),
        |at| format!("{} ago", age::since(at, now)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> (Vec<StatusRow>, Timestamp) {
        let at = |seconds| Timestamp::from_timestamp(seconds, 0).unwrap();
        let row = StatusRow {
            name: "cfd".to_owned(),
            region: "eu-west-1".to_owned(),
            account_id: None,
            ready: "False".to_owned(),
            reason: Some("FleetStarting".to_owned()),
            message: Some("fleet/cfd: AWS starts it".to_owned()),
            generation: 3,
            observed_generation: Some(2),
            fleet_state: Some("STARTING".to_owned()),
            drift_count: 0,
            last_verified_at: Some(at(988)),
            associations_verified_at: None,
            age_s: 312,
        };
        let fresh = StatusRow {
            name: "crash-sim".to_owned(),
            account_id: Some("123456789012".to_owned()),
            ready: "Unknown".to_owned(),
            reason: None,
            message: None,
            generation: 1,
            observed_generation: None,
            fleet_state: None,
            drift_count: 2,
            last_verified_at: None,
            age_s: 1,
            ..row.clone()
        };
        (vec![row, fresh], at(1_000))
    }

    fn plain(wide: bool) -> String {
        let (rows, now) = rows();
        let text = status_table(&rows, wide, now).render(0);
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn the_table_is_what_kubectl_would_print() {
        assert_eq!(
            plain(false),
            "NAME        REGION      READY     REASON          GENERATION   FLEET      DRIFT   VERIFIED   AGE\n\
             cfd         eu-west-1   False     FleetStarting   3            STARTING   0       12s ago    5m12s\n\
             crash-sim   eu-west-1   Unknown   <none>          1            <none>     2       <none>     1s\n"
        );
    }

    #[test]
    fn the_wide_table_ends_with_what_is_long() {
        let text = plain(true);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].ends_with("AGE     OBSERVED   ACCOUNT        MESSAGE"),
            "{text}"
        );
        assert!(
            lines[1].ends_with("5m12s   2          <none>         fleet/cfd: AWS starts it"),
            "{text}"
        );
        assert!(
            lines[2].ends_with("1s      <none>     123456789012   <none>"),
            "{text}"
        );
    }
}
