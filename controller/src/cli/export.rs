//! Prints environments as documents that `apply -f` takes.

use std::process::ExitCode;

use clap::ValueEnum;

use super::connect::select;
use super::document::{Document, DocumentList, declaration_of, to_yaml_documents};
use super::selector::Selector;
use super::{GlobalOptions, output};

/// The options of `export`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
What a user decides of each row and nothing else: applied here, the documents change nothing; \
applied to another database, they make the same rows. A row that is being deleted is left out, and \
said on stderr.")]
pub(super) struct Args {
    /// Names of environments; all of them without
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Environments with these labels: key=value, key!=value, key or !key, several with commas
    #[arg(short = 'l', long, value_name = "SELECTOR", conflicts_with = "names")]
    selector: Option<Selector>,

    /// What to print
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    output: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Documents with --- between them
    Yaml,
    /// An `EnvironmentList`
    Json,
}

pub(super) async fn run(global: &GlobalOptions, args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        names,
        selector,
        output: format,
    } = args;
    let store = global.connect().await?;
    let found = select(&store, &names, selector.as_ref()).await?;
    let wanted: Vec<String> = found.rows.iter().map(|row| row.name.clone()).collect();
    let mut rows = store.load_environments(&wanted).await?;
    rows.sort_by_key(|row| wanted.iter().position(|name| *name == row.name));
    let mut documents = Vec::new();
    for row in &rows {
        if row.deletion_requested_at.is_some() {
            output::remark(&format!(
                "environment/{} is being deleted and is left out",
                row.name
            ));
        } else {
            documents.push(Document::asking(declaration_of(row))?);
        }
    }
    match format {
        Format::Yaml => output::print(&to_yaml_documents(&documents)?)?,
        Format::Json => output::print_json(&DocumentList::new(documents))?,
    }
    // After what there is, as kubectl does.
    found.refuse_missing()?;
    Ok(ExitCode::SUCCESS)
}
