//! Lets somebody in: prints a streaming URL, and where that person's files are.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Context;
use clap::ValueEnum;
use serde_json::json;
use streamkeeper_aws::{AwsCloud, AwsConfig, AwsSettings, StreamingRequest, StreamingUrl};
use streamkeeper_core::cloud::{ApplyError, Cloud as _, ErrorClass, ObserveRequest};
use streamkeeper_core::environment::{Environment, Scope, Timestamp};
use streamkeeper_core::folder::{self, AuthenticationType};
use streamkeeper_core::neighbours::{FleetReference, Named, follow};
use streamkeeper_core::observed::{Observed, ObservedStack};
use streamkeeper_core::streaming::{Closed, Entrance, UserId, Validity, has_home_folders};
use streamkeeper_state::{EnvironmentRow, Store};

use super::connect::describe_missing;
use super::failure::CliError;
use super::reach::reach;
use super::{GlobalOptions, age, output};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{AccountArgs, parse_duration};

/// The options of `url`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
The URL alone goes to stdout; until when it can be opened, and where the person's files are, to \
stderr. Whoever has the URL is in as that person, without a password: it is not kept anywhere, and \
not written into any log. A session that began in time goes on after the URL has expired.

The fleet has to run, and stack and fleet have to carry the environment's own tag. AWS is asked \
with the standard variables; the credentials have to be for the environment's account.")]
pub(super) struct Args {
    /// The environment
    #[arg(value_name = "NAME")]
    name: String,

    /// Who gets in, by 2 to 32 letters, digits and _+=,.@-; capitals count, and the name leads to
    /// the person's folder
    #[arg(long, value_name = "ID")]
    user: UserId,

    /// How long the URL can be opened, from 1s to 168h
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = validity)]
    validity: Validity,

    /// The application to start, by its name in the image
    #[arg(long, value_name = "NAME")]
    app: Option<String>,

    /// What the session's applications are told
    #[arg(long, value_name = "TEXT")]
    session_context: Option<String>,

    #[command(flatten)]
    accounts: AccountArgs,

    /// What to print instead of the URL alone
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// An object with the URL, its end, the person and their folder
    Json,
}

fn validity(text: &str) -> Result<Validity, String> {
    Validity::new(parse_duration(text)?)
}

pub(super) async fn run(global: &GlobalOptions, args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        name,
        user,
        validity,
        app,
        session_context,
        accounts,
        output: format,
    } = args;
    let how = accounts.assume_role().map_err(CliError::Config)?;
    let store = global.connect().await?;
    let Some(row) = store.load_environment(&name).await? else {
        let missing = describe_missing(&store, &[&name]).await?;
        return Err(CliError::NotFound(missing).into());
    };
    let config = AwsConfig::load(AwsSettings::default()).await.with_role(how);
    let (cloud, environment, entrance) = find(&store, config, &row).await?;

    let now = SystemClock::new().now();
    let (stack, bucket) = look(&cloud, &entrance, now).await?;
    let request = StreamingRequest {
        stack: &entrance.stack,
        fleet: &entrance.fleet,
        user: &user,
        validity,
        application: app.as_deref(),
        session_context: session_context.as_deref(),
    };
    let url = cloud.streaming_url(&request).await;
    let url = url.map_err(|error| CliError::Closed(refused(&entrance, &error)))?;
    let folder = folder_of(&stack, &bucket, &user);
    match format {
        None => output::print_line(url.expose())?,
        Some(Format::Json) => output::print_json(&json!({
            "streamingURL": url.expose(),
            "expires": age::moment(url.expires),
            "environment": environment.name,
            "stack": entrance.stack,
            "fleet": entrance.fleet,
            "userId": user.as_str(),
            "folder": folder.as_ref().ok(),
        }))?,
    }
    explain(&url, &folder, now);
    Ok(ExitCode::SUCCESS)
}

/// The way in that a row says, and credentials of its account, as the daemon would have them.
async fn find(
    store: &Store,
    config: AwsConfig,
    row: &EnvironmentRow,
) -> anyhow::Result<(AwsCloud, Environment, Entrance)> {
    let declared = row.account_id.as_deref();
    let (config, identity) = reach(config, &row.region, declared).await?;
    let pinned = pinned_account(store, &row.region).await?;
    if let (None, Some(pinned)) = (declared, &pinned)
        && *pinned != identity.account
    {
        anyhow::bail!(
            "environment \"{}\" is kept in account {pinned}, and the credentials are for {}",
            row.name,
            identity.account
        );
    }
    let account = &identity.account;
    let readable = |row: &EnvironmentRow| {
        let read = row.desired(account);
        read.with_context(|| format!("failed to read environment \"{}\"", row.name))
    };
    let environment = readable(row)?;
    let reference = reference(store, &environment, pinned.as_deref()).await?;
    let entrance = Entrance::of(&environment, &reference).map_err(CliError::Closed)?;
    Ok((config.cloud(&row.region, account), environment, entrance))
}

/// The account in which rows of a region are kept that name none, if a daemon has been there.
async fn pinned_account(store: &Store, region: &str) -> anyhow::Result<Option<String>> {
    let scopes = store.list_scopes().await?;
    let scope = scopes
        .into_iter()
        .find(|scope| scope.account_id.is_none() && scope.region == region);
    Ok(scope.and_then(|scope| scope.pinned_account))
}

/// Where the row's `fleetRef` leads.
async fn reference(
    store: &Store,
    environment: &Environment,
    pinned: Option<&str>,
) -> anyhow::Result<FleetReference> {
    let Some(name) = environment.fleet_ref() else {
        return Ok(FleetReference::None);
    };
    let Some(row) = store.load_environment(name).await? else {
        return Ok(follow(environment, Named::Nothing));
    };
    let own = &environment.scope;
    let account = row.account_id.as_deref().or(pinned);
    let scope = Scope {
        account: account.unwrap_or(&own.account).to_owned(),
        region: row.region.clone(),
    };
    if scope != *own {
        return Ok(follow(environment, Named::Elsewhere(&scope.to_string())));
    }
    Ok(match row.desired(&own.account) {
        Ok(other) => follow(environment, Named::Environment(&other)),
        Err(_) => follow(environment, Named::Unreadable),
    })
}

/// Reads stack and fleet by name, and judges whether somebody may be let in; with the home bucket.
async fn look(
    cloud: &AwsCloud,
    entrance: &Entrance,
    now: Timestamp,
) -> anyhow::Result<(ObservedStack, Observed<String>)> {
    let request = ObserveRequest {
        now,
        fleets: BTreeSet::from([entrance.fleet.clone()]),
        stacks: BTreeSet::from([entrance.stack.clone()]),
        ..ObserveRequest::default()
    };
    let (world, bucket) = tokio::join!(cloud.observe(&request), cloud.home_bucket());
    let stack = world.stacks.get(&entrance.stack);
    let fleet = world.fleets.get(&entrance.fleet);
    let stack = entrance.judge(&stack, &fleet).map_err(CliError::Closed)?;
    Ok((stack.clone(), bucket))
}

/// What AWS's refusal means. Stack and fleet were in order a moment ago.
fn refused(entrance: &Entrance, error: &ApplyError) -> Closed {
    let Entrance {
        environment,
        stack,
        fleet,
        ..
    } = entrance;
    let hint = match error.class {
        ErrorClass::NotReady | ErrorClass::Gone => format!(
            "`streamkeeper plan {environment}` says whether the fleet is on the stack and runs"
        ),
        ErrorClass::Denied => {
            "the credentials need appstream:CreateStreamingURL on the stack and the fleet"
                .to_owned()
        }
        ErrorClass::Throttled | ErrorClass::Unknown => "ask again in a moment".to_owned(),
        ErrorClass::AlreadyThere
        | ErrorClass::Limit
        | ErrorClass::Invalid
        | ErrorClass::Unexpected => "AWS's words say what it does not take".to_owned(),
    };
    Closed {
        why: format!(
            "failed to create a streaming URL for stack/{stack} and fleet/{fleet}: {error}"
        ),
        hint,
    }
}

/// Where the person's files are, or why nobody knows.
fn folder_of(
    stack: &ObservedStack,
    bucket: &Observed<String>,
    user: &UserId,
) -> Result<String, String> {
    if !has_home_folders(stack) {
        return Err("none: the stack has no home folders".to_owned());
    }
    match bucket {
        Observed::Present(bucket) => {
            Ok(folder::uri(bucket, AuthenticationType::Api, user.as_str()))
        }
        Observed::Absent => Err(
            "not there yet: AppStream makes the bucket soon after a stack first has home folders"
                .to_owned(),
        ),
        Observed::Unknown(why) => Err(format!("not known: {why}")),
    }
}

fn explain(url: &StreamingUrl, folder: &Result<String, String>, now: Timestamp) {
    let left = age::span((url.expires - now).num_seconds());
    output::remark(&format!(
        "expires: {} (in {left})",
        age::moment(url.expires)
    ));
    let (Ok(text) | Err(text)) = folder;
    output::remark(&format!("folder: {text}"));
}
