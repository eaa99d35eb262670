//! Holds every option of `run` and `demo`, and refuses what cannot work, all of it at once.
//!
//! ```text
//!   flags and variables ─► RunArgs (text) ─► RunOptions (plain data) ─► daemon
//!                              └─► ConfigFaults: every fault, not the first
//! ```

mod accounts;
mod database_url;
mod duration;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use streamkeeper_aws::AssumeRole;
use tracing_subscriber::EnvFilter;

pub use self::accounts::AccountArgs;
pub use self::database_url::DatabaseUrl;
pub use self::duration::{format_duration, parse_duration};

/// Shortest lease: below it a holder could not renew before the lease runs out.
const SHORTEST_LEASE: Duration = Duration::from_millis(500);

/// Longest lease: a scope whose daemon was killed waits that long for another one.
const LONGEST_LEASE: Duration = Duration::from_secs(60 * 60);

/// Longest interval: whoever wants fewer looks than one a day wants `paused`.
const LONGEST_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// What the daemon needs to know.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Where PostgreSQL is.
    pub database_url: DatabaseUrl,
    /// Whether to bring an older schema up to date instead of refusing to start.
    pub migrate: bool,
    /// How often the whole scope is looked at.
    pub sweep_interval: Duration,
    /// How often something in flight is looked at.
    pub transition_interval: Duration,
    /// How long a lease lasts without being renewed.
    pub lease_duration: Duration,
    /// How accounts other than the daemon's own are reached; `None`: not at all.
    pub assume_role: Option<AssumeRole>,
    /// Where the page, `/metrics`, `/healthz` and `/readyz` are served.
    pub listen: SocketAddr,
    /// What log lines look like.
    pub log_format: LogFormat,
    /// Which log lines there are, in `tracing`'s notation, such as `info` or `warn,streamkeeper=debug`.
    pub log_level: String,
}

/// What the demonstration needs to know.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// Whether it ends by itself, with a failure if anything did not converge.
    pub once: bool,
    /// A server to create a database of its own on; without one it finds or starts a server.
    pub database_url: Option<DatabaseUrl>,
}

/// What log lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `Text` on a terminal, else `Json`.
    Auto,
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The options of `run` as they were written.
///
/// Texts rather than values: what is wrong with them is found in one go, by
/// [`RunArgs::validate`], instead of one at a time by the parser.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct RunArgs {
    /// Bring an older schema up to date first, instead of refusing to start
    #[arg(
        long,
        env = "STREAMKEEPER_MIGRATE",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        hide_possible_values = true
    )]
    pub migrate: String,

    /// How often everything is looked at
    #[arg(
        long,
        env = "STREAMKEEPER_SWEEP_INTERVAL",
        value_name = "DURATION",
        default_value = "60s"
    )]
    pub sweep_interval: String,

    /// How often a fleet that is starting or stopping is looked at
    #[arg(
        long,
        env = "STREAMKEEPER_TRANSITION_INTERVAL",
        value_name = "DURATION",
        default_value = "15s"
    )]
    pub transition_interval: String,

    /// How long a scope stays this daemon's own after its last sign of life
    #[arg(
        long,
        env = "STREAMKEEPER_LEASE_DURATION",
        value_name = "DURATION",
        default_value = "30s"
    )]
    pub lease_duration: String,

    /// How other accounts are reached.
    #[command(flatten)]
    pub accounts: AccountArgs,

    /// Address of the page, /metrics, /healthz and /readyz
    #[arg(
        long,
        env = "STREAMKEEPER_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8420"
    )]
    pub listen: String,

    /// What log lines look like: text, json, or auto: text on a terminal, else json
    #[arg(
        long,
        env = "STREAMKEEPER_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "auto"
    )]
    pub log_format: String,

    /// Which log lines there are: error, warn, info, debug or trace, also by module as in
    /// `info,streamkeeper_aws=debug`
    #[arg(
        long,
        env = "STREAMKEEPER_LOG",
        value_name = "LEVEL",
        default_value = "info"
    )]
    pub log_level: String,
}

impl RunArgs {
    /// Reads every option.
    ///
    /// # Errors
    ///
    /// Fails with every fault there is, in the order of the options.
    pub fn validate(&self, database_url: Option<&str>) -> Result<RunOptions, ConfigFaults> {
        let Self {
            migrate,
            sweep_interval,
            transition_interval,
            lease_duration,
            accounts,
            listen,
            log_format,
            log_level,
        } = self;
        let interval = Duration::from_millis(1)..=LONGEST_INTERVAL;
        let lease = SHORTEST_LEASE..=LONGEST_LEASE;
        let mut faults = Vec::new();
        let database_url = faulty(&mut faults, "--database-url", read_url(database_url));
        let migrate = faulty(&mut faults, "--migrate", read_bool(migrate));
        let sweep_interval = faulty(
            &mut faults,
            "--sweep-interval",
            read_duration(sweep_interval, &interval),
        );
        let transition_interval = faulty(
            &mut faults,
            "--transition-interval",
            read_duration(transition_interval, &interval),
        );
        let lease_duration = faulty(
            &mut faults,
            "--lease-duration",
            read_duration(lease_duration, &lease),
        );
        let assume_role = accounts.validate(&mut faults);
        let listen = faulty(&mut faults, "--listen", read_address(listen));
        let log_format = faulty(&mut faults, "--log-format", log_format.parse());
        let log_level = faulty(&mut faults, "--log-level", read_log_level(log_level));
        // Every value is there exactly when nothing was found wrong.
        let options = (|| {
            Some(RunOptions {
                database_url: database_url?,
                migrate: migrate?,
                sweep_interval: sweep_interval?,
                transition_interval: transition_interval?,
                lease_duration: lease_duration?,
                assume_role: assume_role?,
                listen: listen?,
                log_format: log_format?,
                log_level: log_level?,
            })
        })();
        options.ok_or(ConfigFaults { faults })
    }
}

/// Everything that is wrong with the options of `run`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigFaults {
    /// One for each option, in their order, such as `--listen: "x" is not …`.
    pub faults: Vec<String>,
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.faults.join("\n"))
    }
}

impl std::str::FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("\"{text}\" is not auto, text or json")),
        }
    }
}

/// Notes what is wrong under the option's name.
fn faulty<T>(faults: &mut Vec<String>, option: &str, read: Result<T, String>) -> Option<T> {
    read.map_err(|fault| faults.push(format!("{option}: {fault}")))
        .ok()
}

fn read_url(url: Option<&str>) -> Result<DatabaseUrl, String> {
    match url {
        Some(url) => url.parse(),
        None => Err("is missing, and DATABASE_URL is not set".to_owned()),
    }
}

fn read_bool(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        // A variable that is set to nothing, as container platforms do, is not set.
        "false" | "0" | "no" | "off" | "" => Ok(false),
        _ => Err(format!("\"{text}\" is not true or false")),
    }
}

fn read_duration(
    text: &str,
    allowed: &std::ops::RangeInclusive<Duration>,
) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration < *allowed.start() {
        Err(format!(
            "{text} is below the minimum {}",
            format_duration(*allowed.start())
        ))
    } else if duration > *allowed.end() {
        Err(format!(
            "{text} is above the maximum {}",
            format_duration(*allowed.end())
        ))
    } else {
        Ok(duration)
    }
}

fn read_address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("\"{text}\" is not an address and a port, such as 127.0.0.1:8420"))
}

fn read_log_level(text: &str) -> Result<String, String> {
    EnvFilter::builder()
        .parse(text)
        .map(|_| text.to_owned())
        .map_err(|error| {
            format!(
                "\"{text}\" is not a level such as info or warn,streamkeeper_aws=debug: {error}"
            )
        })
}
