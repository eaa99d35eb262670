//! Connects a command to its database, and names the environments that it is about.

use std::time::Duration;

use streamkeeper_state::{ConnectOptions, StatusFilter, StatusRow, Store, StoreError};

use super::GlobalOptions;
use super::closest::closest;
use super::failure::{CliError, Missing, StoreFailure};
use super::selector::Selector;
use crate::config::DatabaseUrl;

/// A person waits: a server that takes longer is as good as down.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// A command does one thing after the other; the second is for a pool that replaces a lost one.
const MAX_CONNECTIONS: u32 = 2;

impl GlobalOptions {
    /// Where the database is; `None` when nobody said.
    ///
    /// # Errors
    ///
    /// Fails when what was said is no URL.
    pub(crate) fn database_url(&self) -> Result<Option<DatabaseUrl>, CliError> {
        // A variable that is set to nothing, as container platforms do, is not set.
        match self.database_url.as_deref() {
            None | Some("") => Ok(None),
            Some(url) => url.parse().map(Some).map_err(CliError::BadDatabaseUrl),
        }
    }

    /// Connects to the database.
    ///
    /// # Errors
    ///
    /// Fails when nobody said where it is, or it does not answer.
    pub(crate) async fn connect(&self) -> anyhow::Result<Store> {
        let url = self.database_url()?.ok_or(CliError::NoDatabaseUrl)?;
        let options = ConnectOptions {
            application_name: "streamkeeper-cli".to_owned(),
            max_connections: MAX_CONNECTIONS,
            acquire_timeout: ACQUIRE_TIMEOUT,
        };
        let connected = Store::connect_now(url.expose(), &options).await;
        connected.map_err(|source| {
            StoreFailure {
                source,
                place: None,
                hint: Some(format!(
                    "the database is {url}, by --database-url or DATABASE_URL"
                )),
            }
            .into()
        })
    }
}

/// Environments by name or by label, at least one of them.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Targets {
    /// Names of environments
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,

    /// Environments with these labels: key=value, key!=value, key or !key, several with commas
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub(crate) selector: Option<Selector>,

    /// All environments
    #[arg(long)]
    pub(crate) all: bool,
}

impl Targets {
    /// The environments' lines of `status`, at least one.
    ///
    /// # Errors
    ///
    /// Fails when one that was named does not exist, or none matches.
    pub(crate) async fn resolve(&self, store: &Store) -> anyhow::Result<Vec<StatusRow>> {
        let found = select(store, &self.names, self.selector.as_ref()).await?;
        found.refuse_missing()?;
        if found.rows.is_empty() {
            return Err(CliError::NothingMatches.into());
        }
        Ok(found.rows)
    }

    /// The environments' names, at least one.
    ///
    /// # Errors
    ///
    /// As [`Targets::resolve`].
    pub(crate) async fn resolve_names(&self, store: &Store) -> anyhow::Result<Vec<String>> {
        let rows = self.resolve(store).await?;
        Ok(rows.into_iter().map(|row| row.name).collect())
    }
}

/// What was found of what was asked for.
#[derive(Debug)]
pub(crate) struct Found {
    /// Environments, in the order in which they were named, else by name.
    pub(crate) rows: Vec<StatusRow>,
    /// Names that nothing has.
    pub(crate) missing: Vec<Missing>,
}

impl Found {
    /// Fails when a name that was asked for is missing.
    pub(crate) fn refuse_missing(&self) -> Result<(), CliError> {
        if self.missing.is_empty() {
            Ok(())
        } else {
            Err(CliError::NotFound(self.missing.clone()))
        }
    }
}

/// Looks for environments by name, else by label, else for all.
///
/// # Errors
///
/// Fails when the database does; that a name is missing is told in what is returned.
pub(crate) async fn select(
    store: &Store,
    names: &[String],
    selector: Option<&Selector>,
) -> anyhow::Result<Found> {
    let mut filter = selector.map(Selector::to_filter).unwrap_or_default();
    filter.names = names.to_vec();
    let mut rows = store.status(&filter).await?;
    // As they were named, each once.
    let mut missing = Vec::new();
    if !names.is_empty() {
        let mut ordered = Vec::new();
        for name in names {
            if let Some(position) = rows.iter().position(|row| row.name == *name) {
                ordered.push(rows.swap_remove(position));
            } else if !ordered.iter().any(|row: &StatusRow| row.name == *name) {
                missing.push(name.as_str());
            }
        }
        rows = ordered;
    }
    let missing = describe_missing(store, &missing).await?;
    Ok(Found { rows, missing })
}

/// Names that do not exist, each with those that look alike.
///
/// # Errors
///
/// Fails when the database does.
pub(crate) async fn describe_missing(
    store: &Store,
    names: &[&str],
) -> Result<Vec<Missing>, StoreError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let known = store.status(&StatusFilter::default()).await?;
    Ok(names
        .iter()
        .map(|name| Missing {
            name: (*name).to_owned(),
            closest: closest(name, known.iter().map(|row| row.name.as_str())),
        })
        .collect())
}
