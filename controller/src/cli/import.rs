//! Makes environments of what an account has: watched, and touched only once somebody says so.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use streamkeeper_aws::{AwsCloud, AwsConfig, AwsSettings};
use streamkeeper_core::access::AccessRequest;
use streamkeeper_core::cloud::{Cloud as _, ObserveRequest};
use streamkeeper_core::environment::Timestamp;
use streamkeeper_core::import::{Import, NewRow, Remark, Surroundings, import};
use streamkeeper_core::observed::ObservedWorld;
use streamkeeper_state::{Declaration, Store};

use super::document::{Document, DocumentList, to_yaml_documents};
use super::failure::{CliError, DIFFERENCES};
use super::reach::{account_id, reach};
use super::{GlobalOptions, output};
use crate::clock::{Clock as _, SystemClock};
use crate::config::AccountArgs;

/// The options of `import`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Reads the fleets and stacks of one account and region with the standard AWS variables, and inserts \
a row for each fleet and for each stack that does not go with one, all of them or none. AWS is only \
read. The rows come with mode observe and adoption IfUnowned: differences are reported, and nothing \
is touched until somebody says `enforce`, which puts our tags on and changes nothing else.

What rows keep already, and what is left out and why, is said on stderr. With -o nothing is \
inserted; then a database is not needed either, and where there is one its rows are heeded.

Exit codes: 0 everything has a row, 3 something was left out, 1 failed.")]
pub(super) struct Args {
    /// Names of fleets and stacks; all of them without
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// The region; by default that of the environment or the profile
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// The account, reached by --assume-role; by default that of the credentials
    #[arg(long, value_name = "ID", value_parser = account_id)]
    account: Option<String>,

    #[command(flatten)]
    accounts: AccountArgs,

    /// Print documents that `apply -f` takes, and insert nothing
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Format>,
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
        region,
        account,
        accounts,
        output: format,
    } = args;
    let how = accounts.assume_role().map_err(CliError::Config)?;
    let store = match (format, global.database_url()?) {
        (Some(_), None) => None,
        (Some(_) | None, _) => Some(global.connect().await?),
    };
    let config = AwsConfig::load(patient()).await.with_role(how);
    let region = region
        .or_else(|| config.default_region())
        .ok_or(CliError::NoRegion)?;
    let (config, identity) = reach(config, &region, account.as_deref()).await?;
    let cloud = config.cloud(&region, &identity.account);
    let world = look(&cloud, SystemClock::new().now()).await?;
    let only: BTreeSet<String> = names.into_iter().collect();
    refuse_unknown(&only, &world)?;
    let rows = match &store {
        Some(store) => store.existing_rows(&region, &identity.account).await?,
        None => Vec::new(),
    };
    let surroundings = Surroundings {
        account: &identity.account,
        rows: &rows,
        only: &only,
    };
    let mut import = import(&world, surroundings);
    if let Some(store) = &store {
        import = judged(import, store).await?;
    }
    let declarations: Vec<Declaration> = import
        .rows
        .iter()
        .map(|row| declaration(row, &region, &identity.account))
        .collect();
    match (format, &store) {
        (Some(format), _) => print_documents(declarations, format)?,
        (None, Some(store)) => {
            store.insert_rows(&declarations).await?;
            for row in &import.rows {
                output::print_line(&format!("environment/{} created{}", row.name, made_of(row)))?;
            }
        }
        (None, None) => {}
    }
    Ok(conclude(&import))
}

/// A daemon looks again in a minute, an import is for once: it takes the time that a large account
/// needs, at some five calls for each fleet and stack, and tries again where AWS throttles.
fn patient() -> AwsSettings {
    AwsSettings {
        observe_timeout: Duration::from_secs(3600),
        read_attempts: 8,
        ..AwsSettings::default()
    }
}

/// Reads every fleet and stack of the scope: the lists first, then each by name, because only that
/// tells who owns it.
async fn look(cloud: &AwsCloud, now: Timestamp) -> anyhow::Result<ObservedWorld> {
    let walk = ObserveRequest {
        now,
        walk: true,
        ..ObserveRequest::default()
    };
    let listed = cloud.observe(&walk).await;
    anyhow::ensure!(
        listed.fleets.walked,
        "failed to list the fleets: {}",
        listed.fleets.otherwise
    );
    anyhow::ensure!(
        listed.stacks.walked,
        "failed to list the stacks: {}",
        listed.stacks.otherwise
    );
    let stacks: BTreeSet<String> = listed.stacks.items.into_keys().collect();
    let fleets: BTreeSet<String> = listed.fleets.items.into_keys().collect();
    let each = ObserveRequest {
        now,
        scaling: fleets.clone(),
        fleets,
        associations_of_stacks: stacks.clone(),
        access: AccessRequest {
            themes_of_stacks: stacks.clone(),
            ..AccessRequest::default()
        },
        stacks,
        ..ObserveRequest::default()
    };
    Ok(cloud.observe(&each).await)
}

/// A name that was asked for and that nothing has is a mistake.
fn refuse_unknown(only: &BTreeSet<String>, world: &ObservedWorld) -> anyhow::Result<()> {
    let is_there = |name: &String| {
        world.fleets.items.contains_key(name) || world.stacks.items.contains_key(name)
    };
    let unknown: Vec<String> = only
        .iter()
        .filter(|name| !is_there(name))
        .map(|name| format!("\"{name}\""))
        .collect();
    anyhow::ensure!(
        unknown.is_empty(),
        "there is no fleet or stack {}",
        unknown.join(", ")
    );
    Ok(())
}

/// Leaves out what PostgreSQL would refuse, and says why.
async fn judged(import: Import, store: &Store) -> anyhow::Result<Import> {
    let specs: Vec<_> = import.rows.iter().map(|row| row.spec.clone()).collect();
    let faults = store.spec_faults(&specs).await?;
    let refused: BTreeMap<String, Vec<String>> = import
        .rows
        .iter()
        .zip(faults)
        .filter(|(_, faults)| !faults.is_empty())
        .map(|(row, faults)| (row.name.clone(), faults))
        .collect();
    Ok(import.without(&refused))
}

fn declaration(row: &NewRow, region: &str, account: &str) -> Declaration {
    Declaration {
        name: row.name.clone(),
        region: region.to_owned(),
        // What was read is of this account, whoever's the daemon is.
        account_id: Some(account.to_owned()),
        spec: row.spec.clone(),
        labels: None,
        mode: Some("observe".to_owned()),
        paused: None,
        deletion_policy: None,
    }
}

fn print_documents(declarations: Vec<Declaration>, format: Format) -> anyhow::Result<()> {
    let documents = declarations
        .into_iter()
        .map(Document::asking)
        .collect::<anyhow::Result<Vec<Document>>>()?;
    match format {
        Format::Yaml => output::print(&to_yaml_documents(&documents)?),
        Format::Json => output::print_json(&DocumentList::new(documents)),
    }
}

/// Of what a row is made, where its name does not say so.
fn made_of(row: &NewRow) -> String {
    let objects: Vec<String> = row.objects.iter().map(ToString::to_string).collect();
    format!(" ({})", objects.join(", "))
}

/// Says what has no row of this import.
fn conclude(import: &Import) -> ExitCode {
    let Import {
        rows,
        kept,
        left_out,
    } = import;
    for Remark { object, why } in kept {
        output::remark(&format!("{object}: {why}"));
    }
    for Remark { object, why } in left_out {
        output::remark(&format!("warning: {object}: {why}"));
    }
    if rows.is_empty() {
        output::remark("No environments to import.");
    }
    if left_out.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DIFFERENCES)
    }
}
