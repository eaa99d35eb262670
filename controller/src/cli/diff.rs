//! Shows what `apply` would change, and changes nothing.

mod unified;

use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde::Serialize;
use streamkeeper_state::{ApplyOutcome, Declaration, Preview};

use self::unified::{Line, unified};
use super::document::{Declared, Document, read_documents, to_yaml};
use super::failure::DIFFERENCES;
use super::{GlobalOptions, apply, output};

const REMOVED: Style = AnsiColor::Red.on_default();
const ADDED: Style = AnsiColor::Green.on_default();
const PLACE: Style = AnsiColor::Cyan.on_default();

/// The options of `diff`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Each row as it is and as `apply -f` would leave it, as a unified diff of documents. PostgreSQL \
itself says so, in a transaction that is taken back; what it refuses is an error here too.

Exit codes: 0 nothing would change, 3 something would, 1 failed.")]
pub(super) struct Args {
    /// A file, a folder of .yaml, .yml and .json files, or - for stdin; may be repeated
    #[arg(short = 'f', long = "filename", value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// What to print instead
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Names of what would change
    Name,
    /// Each document's outcome, and the row before and after
    Json,
}

pub(super) async fn run(global: &GlobalOptions, args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        files,
        output: format,
    } = args;
    let declared = read_documents(&files)?;
    let store = global.connect().await?;
    let declarations: Vec<Declaration> = declared
        .iter()
        .map(|declared| declared.declaration.clone())
        .collect();
    let previews = store
        .preview(&declarations)
        .await
        .map_err(|error| apply::place(error, &declared))?;
    let differs = previews.iter().any(changes);
    match format {
        None => {
            for (preview, declared) in previews.into_iter().zip(&declared) {
                output::print(&text_of(preview, declared)?)?;
            }
        }
        Some(Format::Name) => {
            for preview in previews.iter().filter(|preview| changes(preview)) {
                output::print_line(&format!("environment/{}", preview.after.name))?;
            }
        }
        Some(Format::Json) => {
            let compared = previews
                .into_iter()
                .map(Compared::of)
                .collect::<anyhow::Result<Vec<Compared>>>()?;
            output::print_json(&compared)?;
        }
    }
    Ok(if differs {
        ExitCode::from(DIFFERENCES)
    } else {
        ExitCode::SUCCESS
    })
}

fn changes(preview: &Preview) -> bool {
    preview.outcome != ApplyOutcome::Unchanged
}

/// What one document would change, for programs.
#[derive(Debug, Serialize)]
struct Compared {
    name: String,
    outcome: ApplyOutcome,
    before: Option<Document>,
    after: Document,
}

impl Compared {
    fn of(preview: Preview) -> anyhow::Result<Self> {
        let Preview {
            outcome,
            before,
            after,
        } = preview;
        Ok(Self {
            name: after.name.clone(),
            outcome,
            before: before.map(Document::asking).transpose()?,
            after: Document::asking(after)?,
        })
    }
}

/// What one document would change, for people; empty when nothing.
fn text_of(preview: Preview, declared: &Declared) -> anyhow::Result<String> {
    if !changes(&preview) {
        return Ok(String::new());
    }
    let name = preview.after.name.clone();
    let is_new = preview.before.is_none();
    let before = match preview.before {
        Some(before) => to_yaml(&Document::asking(before)?)?,
        None => String::new(),
    };
    let after = to_yaml(&Document::asking(preview.after)?)?;
    let old = if is_new {
        "/dev/null".to_owned()
    } else {
        format!("environment/{name}")
    };
    let mut text = format!(
        "{REMOVED}--- {old}{REMOVED:#}\n{ADDED}+++ environment/{name} ({}){ADDED:#}\n",
        declared.place
    );
    for line in unified(&before, &after) {
        let (style, line) = match line {
            Line::Place(line) => (PLACE, line),
            Line::Same(line) => (Style::new(), format!(" {line}")),
            Line::Removed(line) => (REMOVED, format!("-{line}")),
            Line::Added(line) => (ADDED, format!("+{line}")),
        };
        text.extend([format!("{style}{line}{style:#}\n")]);
    }
    Ok(text)
}
