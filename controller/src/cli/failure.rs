//! Says what went wrong, once, and what to do about it.
//!
//! ```text
//! error: failed to apply environment "cfd": spec.fleet.name: 7 is not a string
//!   also: spec.fleet.colour: unknown key
//!   in: cfd.yaml: document 2
//! hint: `streamkeeper schema` prints what a spec may say
//! ```

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use streamkeeper_core::streaming::Closed;
use streamkeeper_state::{Refusal, StoreError};

use super::output;
use crate::config::ConfigFaults;
use crate::telemetry::Chain;

/// Something failed.
const FAILED: u8 = 1;
/// The command line, a variable or the options as a whole make no sense.
const USAGE: u8 = 2;
/// What shells report for a command that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();

/// There are differences, or a problem was diagnosed.
pub(crate) const DIFFERENCES: u8 = 3;

/// What commands themselves find wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// Nobody said where the database is.
    #[error("there is no database: DATABASE_URL is not set")]
    NoDatabaseUrl,
    /// What was said is no database.
    #[error("--database-url {0}")]
    BadDatabaseUrl(String),
    /// Nobody said which region.
    #[error(
        "there is no region: AWS_REGION is not set, and neither the profile nor --region names one"
    )]
    NoRegion,
    /// Environments that do not exist, each with names that look alike.
    #[error("{}", not_found(.0))]
    NotFound(Vec<Missing>),
    /// No environment carries such labels.
    #[error("no environments match")]
    NothingMatches,
    /// Documents that cannot be read, each with its place.
    #[error("the documents are not valid")]
    Documents(Vec<String>),
    /// The options of `run` are wrong.
    #[error("the options of run are not valid")]
    Config(#[source] ConfigFaults),
    /// Nobody is let in.
    #[error(transparent)]
    Closed(Closed),
    /// An environment whose image is not made from a recipe.
    #[error("environment \"{0}\" has no image that is made from a recipe")]
    NoRecipe(String),
    /// What was waited for did not come.
    #[error("timed out waiting for {0}")]
    TimedOut(String),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Whoever read stdout has gone.
    #[error("stdout is closed")]
    OutputClosed,
}

/// A failure of the store, with what only the command knows about it.
#[derive(Debug)]
pub(crate) struct StoreFailure {
    /// The failure.
    pub(crate) source: StoreError,
    /// Where it happened, such as `cfd.yaml: document 2`.
    pub(crate) place: Option<String>,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl fmt::Display for StoreFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for StoreFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

/// An environment that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// What was asked for.
    pub(crate) name: String,
    /// What may have been meant.
    pub(crate) closest: Vec<String>,
}

fn not_found(missing: &[Missing]) -> String {
    let names: Vec<String> = missing
        .iter()
        .map(|missing| format!("\"{}\"", missing.name))
        .collect();
    match names.as_slice() {
        [name] => format!("environment {name} does not exist"),
        _ => format!("environments {} do not exist", names.join(", ")),
    }
}

/// Writes an error to stderr and says how the process ends.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    let code = exit_code(error);
    if let Some(text) = render(error) {
        output::remark(text.trim_end());
    }
    ExitCode::from(code)
}

fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<CliError>() {
        Some(CliError::OutputClosed) => 0,
        Some(CliError::Interrupted) => INTERRUPTED,
        Some(
            CliError::NoDatabaseUrl
            | CliError::BadDatabaseUrl(_)
            | CliError::NoRegion
            | CliError::Config(_),
        ) => USAGE,
        Some(
            CliError::NotFound(_)
            | CliError::NothingMatches
            | CliError::Documents(_)
            | CliError::Closed(_)
            | CliError::NoRecipe(_)
            | CliError::TimedOut(_),
        )
        | None => FAILED,
    }
}

/// What is said about an error; nothing about what the user did on purpose.
fn render(error: &anyhow::Error) -> Option<String> {
    let own = error.downcast_ref::<CliError>();
    if matches!(own, Some(CliError::OutputClosed | CliError::Interrupted)) {
        return None;
    }
    let mut lines = Lines::default();
    if let Some(CliError::Config(ConfigFaults { faults }) | CliError::Documents(faults)) = own {
        faults.iter().for_each(|fault| lines.error(fault));
    } else if let Some((message, refusal)) = refused(error) {
        lines.error(&message);
        for detail in refusal.detail.into_iter().flat_map(str::lines) {
            let label = if refusal.code == CHECK_VIOLATION {
                "also"
            } else {
                "detail"
            };
            lines.push(&format!("  {label}: {detail}"));
        }
    } else {
        lines.error(&Chain(error.as_ref()).to_string());
    }
    let annotated = error.downcast_ref::<StoreFailure>();
    if let Some(place) = annotated.and_then(|failure| failure.place.as_deref()) {
        lines.push(&format!("  in: {place}"));
    }
    if let Some((_, refusal)) = refused(error) {
        refusal
            .hint
            .into_iter()
            .for_each(|hint| lines.hint(&as_ours(hint)));
        database_hint(refusal.code)
            .into_iter()
            .for_each(|hint| lines.hint(hint));
    }
    if let Some(hint) = annotated.and_then(|failure| failure.hint.as_deref()) {
        lines.hint(hint);
    }
    own.map(own_hints)
        .into_iter()
        .flatten()
        .for_each(|hint| lines.hint(&hint));
    Some(lines.0)
}

/// SQLSTATE of a row that breaks a rule.
const CHECK_VIOLATION: &str = "23514";

/// The chain up to what PostgreSQL refused, and its own words.
fn refused(error: &anyhow::Error) -> Option<(String, Refusal<'_>)> {
    let mut said: Vec<String> = Vec::new();
    for link in error.chain() {
        said.push(link.to_string());
        let annotated = link.downcast_ref::<StoreFailure>();
        let refusal = annotated
            .map(|failure| &failure.source)
            .or_else(|| link.downcast_ref())
            .and_then(StoreError::refusal);
        if let Some(refusal) = refusal {
            said.push(refusal.message.to_owned());
            return Some((said.join(": "), refusal));
        }
    }
    None
}

/// What to do about an SQLSTATE.
fn database_hint(code: &str) -> Option<&'static str> {
    match code {
        // A schema, table, function or column that is missing.
        "3F000" | "42P01" | "42883" | "42703" => Some(
            "the database does not have Streamkeeper's schema, or an older one; \
             `streamkeeper migrate` brings it up to date",
        ),
        "3D000" => Some("`createdb` creates a database; DATABASE_URL names it"),
        "42501" => Some(
            "ask the owner of the schema for rights, or connect as another role by DATABASE_URL",
        ),
        _ => None,
    }
}

/// PostgreSQL's sentence as a fragment, like our own hints.
fn as_ours(hint: &str) -> String {
    let hint = hint.trim_end_matches('.');
    let mut chars = hint.chars();
    match (chars.next(), chars.clone().next()) {
        // Not of `UPDATE …`.
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => hint.to_owned(),
    }
}

fn own_hints(error: &CliError) -> Vec<String> {
    match error {
        CliError::NoDatabaseUrl => vec![
            "set DATABASE_URL, or give --database-url postgres://user@host:5432/database"
                .to_owned(),
            "`streamkeeper demo` needs neither a database nor an AWS account".to_owned(),
        ],
        CliError::NotFound(missing) => missing
            .iter()
            .filter(|missing| !missing.closest.is_empty())
            .map(|missing| format!("did you mean {}?", any_of(&missing.closest)))
            .chain(["`streamkeeper get` lists all environments".to_owned()])
            .collect(),
        CliError::Config(_) => {
            vec!["`streamkeeper run --help` lists options, variables and defaults".to_owned()]
        }
        CliError::Documents(_) => {
            vec!["`streamkeeper apply --help` shows what a document looks like".to_owned()]
        }
        CliError::Closed(Closed { why: _, hint }) => vec![hint.clone()],
        CliError::NoRecipe(_) => vec!["spec.image.build declares one".to_owned()],
        CliError::BadDatabaseUrl(_)
        | CliError::NoRegion
        | CliError::NothingMatches
        | CliError::TimedOut(_)
        | CliError::Interrupted
        | CliError::OutputClosed => Vec::new(),
    }
}

fn any_of(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    quoted.join(" or ")
}

#[derive(Debug, Default)]
struct Lines(String);

impl Lines {
    fn push(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn error(&mut self, message: &str) {
        self.push(&format!("{ERROR}error:{ERROR:#} {message}"));
    }

    fn hint(&mut self, message: &str) {
        self.push(&format!("{HINT}hint:{HINT:#} {message}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(error: impl Into<anyhow::Error>) -> String {
        let text = render(&error.into()).unwrap();
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn every_fault_of_the_options_is_an_error_of_its_own() {
        let faults = vec!["--listen: a".to_owned(), "--migrate: b".to_owned()];
        let text = plain(CliError::Config(ConfigFaults { faults }));
        assert!(text.starts_with("error: --listen: a\nerror: --migrate: b\nhint: "));
    }

    #[test]
    fn names_that_look_alike_are_offered() {
        let missing = Missing {
            name: "cdf".to_owned(),
            closest: vec!["cfd".to_owned(), "cad".to_owned()],
        };
        let text = plain(CliError::NotFound(vec![missing]));
        assert!(
            text.starts_with("error: environment \"cdf\" does not exist\n"),
            "{text}"
        );
        assert!(
            text.contains("hint: did you mean \"cfd\" or \"cad\"?\n"),
            "{text}"
        );
    }

    #[test]
    fn a_chain_is_printed_once() {
        let error = anyhow::anyhow!("no such file").context("failed to read cfd.yaml");
        assert_eq!(
            plain(error),
            "error: failed to read cfd.yaml: no such file\n"
        );
    }

    #[test]
    fn a_failure_of_the_store_is_told_with_what_the_command_knows() {
        let failure = StoreFailure {
            source: StoreError::Conflict("environment \"cfd\" is being deleted".to_owned()),
            place: Some("cfd.yaml: document 2".to_owned()),
            hint: Some("wait".to_owned()),
        };
        assert_eq!(
            plain(failure),
            "error: environment \"cfd\" is being deleted\n  in: cfd.yaml: document 2\nhint: wait\n"
        );
    }

    #[test]
    fn hints_of_the_database_read_like_ours() {
        assert_eq!(
            as_ours("Environment \"a\" is bad."),
            "environment \"a\" is bad"
        );
        assert_eq!(as_ours("UPDATE it."), "UPDATE it");
        assert_eq!(as_ours(""), "");
    }

    #[test]
    fn what_the_user_did_is_no_error() {
        assert_eq!(render(&CliError::Interrupted.into()), None);
        assert_eq!(exit_code(&CliError::Interrupted.into()), 130);
        assert_eq!(render(&CliError::OutputClosed.into()), None);
        assert_eq!(exit_code(&CliError::OutputClosed.into()), 0);
    }
}
